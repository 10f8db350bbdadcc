/* doctor: what this machine allows, and the remedy for what it does not.
 *
 * Every finding is tried out, not read off a setting: the last one builds a whole stage, with
 * namespaces, wire, capture, sender and probe, just as a scenario does.
 */
#include "command/command.h"

#include "base/clock.h"
#include "report/style.h"
#include "run/stage.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static const char help[] =
	"usage: tcpscen doctor [--color auto|always|never]\n\n"
	"Tries what playing a scenario needs, and says what is missing and how to get it.\n\n"
	"Exit status: 0 all is there; 3 something is missing.\n";

struct doctor {
	struct report_style style;
	bool ill;
};

static void say(struct doctor *doctor, bool well, const char *what, const char *text)
{
	const char *green = doctor->style.color ? "\033[32m" : "";
	const char *red = doctor->style.color ? "\033[1;31m" : "";
	const char *plain = doctor->style.color ? "\033[0m" : "";

	printf("%s%-4s%s %-16s %s\n", well ? green : red, well ? "ok" : "NO", plain, what, text);
	if (!well)
		doctor->ill = true;
}

static void look_at_kernel(struct doctor *doctor)
{
	struct utsname name;
	char text[160];

	uname(&name);
	snprintf(text, sizeof(text), "%s %s, the TCP stack under test", name.sysname, name.release);
	say(doctor, strcmp(name.sysname, "Linux") == 0, "kernel", text);
}

static void look_at_clock(struct doctor *doctor)
{
	struct timespec resolution;
	char text[96];

	clock_getres(CLOCK_REALTIME, &resolution);
	snprintf(text, sizeof(text), "resolution %ld ns",
		 resolution.tv_sec ? 1000000000L : resolution.tv_nsec);
	say(doctor, resolution.tv_sec == 0 && resolution.tv_nsec <= 1000, "clock", text);
}

static void look_at_namespaces(struct doctor *doctor)
{
	char error[WORLD_ERROR_LEN];
	int rc = world_probe(error);

	say(doctor, rc == 0, "namespaces",
	    rc ? error : geteuid() == 0 ? "user and network namespaces can be made"
					: "user and network namespaces can be made, without root");
}

/* ---- a whole stage, in a child ---- */

static const struct plan_caller trial_caller = { .host = 0 };

static const struct plan trial_plan = {
	.title = "trial",
	.hosts = { { .name = "client", .kind = HOST_KERNEL },
		   { .name = "server", .kind = HOST_CRAFTED } },
	.n_hosts = 2,
	.link_mtu = DEFAULT_MTU,
	.callers = &trial_caller,
	.n_callers = 1,
};

/* @arg: where to write the reason of a failure. */
static int try_stage(void *arg)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	const int *out = arg;

	if (!stage || stage_open(stage, &trial_plan, *out) == 0)
		return stage ? 0 : 2;
	return write(*out, stage->error, strlen(stage->error)) < 0 ? 2 : 1;
}

static void look_at_stage(struct doctor *doctor)
{
	char error[STAGE_ERROR_LEN] = "";
	struct child child;
	int pipes[2];

	if (pipe2(pipes, O_CLOEXEC) < 0 || child_start(&child, try_stage, &pipes[1]) < 0) {
		say(doctor, false, "wire", "no process could be started");
		return;
	}

	int status = child_reap(&child);

	close(pipes[1]);
	if (status != 0 && read(pipes[0], error, sizeof(error) - 1) <= 0)
		snprintf(error, sizeof(error), "the trial ended with status %d", status);
	close(pipes[0]);
	say(doctor, status == 0, "wire",
	    status ? error : "veth, packet capture, raw frames, socket diagnosis and probe work");
}

static int doctor_option(void *context, int opt, const char *value)
{
	return common_option(context, opt, value);
}

static int examine(struct doctor *doctor)
{
	look_at_kernel(doctor);
	look_at_clock(doctor);
	look_at_namespaces(doctor);
	look_at_stage(doctor);
	say(doctor, true, "netfilter", "not needed: no stack owns a crafted host's address");
	return doctor->ill ? EXIT_MACHINE : EXIT_PASSED;
}

int command_doctor(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "color", required_argument, NULL, OPT_COLOR },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static const struct option_set set = { help, "h", longs, doctor_option };
	struct common_options options;
	struct doctor doctor = { .ill = false };

	common_init(&options, argv[0]);

	int rc = read_options(&set, &options, argc, argv);

	doctor.style = report_style_for(stdout, options.color);
	common_free(&options);
	if (rc >= 0)
		return rc;
	if (optind < argc) {
		complain("doctor takes no argument '%s'", argv[optind]);
		return EXIT_USAGE;
	}
	return examine(&doctor);
}
