/* doctor: what this machine allows, and the remedy for what it does not.
 *
 * Every finding is tried out, not read off a setting: the last one builds a whole stage, with
 * namespaces, wire, capture, sender and probe, just as a scenario does. Of the guest kernels each
 * is booted.
 */
#include "command/command.h"

#include "base/arena.h"
#include "base/clock.h"
#include "command/kernels.h"
#include "report/style.h"
#include "run/stage.h"
#include "run/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static const char help[] =
	"usage: tcpscen doctor [--color auto|always|never]\n\n"
	"Tries what playing a scenario needs, and says what is missing and how to get it.\n"
	"Boots each guest kernel that is built.\n\n"
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

	printf("%s%-4s%s ", well ? green : red, well ? "ok" : "NO", plain);
	print_clean(stdout, "%-16s %s", what, text);
	putchar('\n');
	if (!well)
		doctor->ill = true;
}

/* What is neither well nor ill: nobody needs it who does not ask for it. */
static void mention(const char *what, const char *text)
{
	printf("%-4s ", "-");
	print_clean(stdout, "%-16s %s", what, text);
	putchar('\n');
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
	struct stage_home home;
	const int *out = arg;

	stage_home_init(&home);
	if (!stage || stage_open(stage, &trial_plan, &home, *out) == 0)
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

/* ---- guest kernels ---- */

/* "3 h": how long ago the file was made. */
static const char *age(struct arena *arena, const char *path)
{
	struct stat st;
	long long minutes;

	if (stat(path, &st) < 0)
		return "an unknown time";
	minutes = (clock_real_ns() / NS_PER_S - st.st_mtime) / 60;
	if (minutes < 2 * 60)
		return arena_printf(arena, "%lld min", minutes > 0 ? minutes : 0);
	if (minutes < 2 * 24 * 60)
		return arena_printf(arena, "%lld h", minutes / 60);
	return arena_printf(arena, "%lld days", minutes / (24 * 60));
}

/* @program: this one's path */
static void boot_kernel(struct doctor *doctor, struct arena *arena, const struct kernel *kernel,
			const char *program)
{
	const struct guest_setup setup = { .kernel = kernel->path, .program = program };
	const char *built = arena_printf(arena, "%s, built %s ago", kernel->release,
					 age(arena, kernel->path));
	char why[GUEST_WHY_LEN];
	struct trial trial;
	int rc = guest_trial(&setup, &trial, why);

	say(doctor, rc == 0, arena_printf(arena, "guest %s", kernel->name),
	    rc == 0 ? arena_printf(arena, "%s, boots in %lld ms, is off after %lld ms: %s", built,
				   (long long)(trial.booted / NS_PER_MS),
				   (long long)(trial.ended / NS_PER_MS), kernel->path)
		    : arena_printf(arena, "%s, does not boot: %s: %s", built, kernel->path,
				   rc == -ENOEXEC ? why : strerror(-rc)));
}

static void look_at_guests(struct doctor *doctor)
{
	struct arena *arena = arena_new();
	struct kernel kernels[KERNELS_MAX];
	size_t n = kernels_built(arena, kernels);
	char program[PATH_MAX];

	if (n > 0 && own_path(program, sizeof(program)) == 0)
		for (size_t i = 0; i < n; i++)
			boot_kernel(doctor, arena, &kernels[i], program);
	if (n == 0)
		mention("guest kernels", "none is built; --time virtual needs one: make kernel");
	mention(n > 0 ? "more of them" : "",
		"make kernel KERNEL=6.1, or make kernel KERNEL_SRC=DIR NAME=mytree");
	arena_free(arena);
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
	look_at_guests(doctor);
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
