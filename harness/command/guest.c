/* guest: the first process of a guest kernel (see run/guests).
 *
 * Nobody calls it by hand. It makes the root file system, which is the caller's own and
 * read-only, usable, reads its orders from the serial line, and plays one variant after the
 * other, each in a process of its own that writes its record to the same line.
 *
 * An order is a verb and its words, each ended by NUL:
 *
 *   folder PATH        where relative paths start
 *   path LIST          where programs are looked for
 *   define NAME=VALUE  -D
 *   ip WHICH           --ip
 *   play FILE VARIANT
 *   off WHEN           power off; WHEN is "now"
 */
#include "command/command.h"

#include "base/clock.h"
#include "base/strbuf.h"
#include "run/engine.h"
#include "world/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { LINE_ROOM = 64 << 10 };

struct guest_side {
	struct common_options options;
	int line;                  /* the serial line */
	char *text;                /* (owned) what has come: words not yet taken */
	size_t at, len;
	struct loaded loaded;      /* the scenario played last */
	const char *path;          /* its file, NULL: none */
};

/* ---- a system to live in ---- */

static void must(bool done, const char *what)
{
	if (done)
		return;
	fprintf(stderr, "tcpscen guest: cannot %s: %s\n", what, strerror(errno));
	reboot(RB_POWER_OFF);
	_exit(1);
}

static void be_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	must(fd >= 0, "open the console");
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

/* Programs may write where every system lets them; all of it is gone with the guest. */
static void mount_all(void)
{
	mount("dev", "/dev", "devtmpfs", MS_NOSUID, NULL);
	be_console();
	must(mount("proc", "/proc", "proc", 0, NULL) == 0, "mount /proc");
	mount("sys", "/sys", "sysfs", 0, NULL);
	mount("tmpfs", "/run", "tmpfs", MS_NOSUID, "mode=755");
	mkdir("/dev/shm", 0755);
	mkdir("/dev/pts", 0755);
	mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID, "mode=1777");
	mount("devpts", "/dev/pts", "devpts", 0, "ptmxmode=0666");
	setenv("TMPDIR", "/dev/shm", 1);
}

/* Tables of neighbours are looked over every 5 and 15 s, and nothing is ever found: all of them
 * are permanent (world/netlink). Each time costs as much as a packet. */
static void rest_neighbours(void)
{
	static const char *const names[] = { "interval_probe_time_ms", "base_reachable_time_ms" };
	static const char days[] = "1000000000";

	for (int version = 4; version <= 6; version += 2)
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			char path[96];
			int fd;

			snprintf(path, sizeof(path), "/proc/sys/net/ipv%d/neigh/default/%s",
				 version, names[i]);
			fd = open(path, O_WRONLY | O_CLOEXEC);
			if (fd < 0 || write(fd, days, sizeof(days) - 1) < 0)
				complain("%s: %s", path, strerror(errno));
			close(fd);
		}
}

/* ---- who runs first ---- */

/* The engine and its probes run before all else that is ready, and in the order they became so.
 * The kernel's own threads have their periods: that they take turns with these would be seen in
 * the nanoseconds. Programs are none of them (peer/program_child.c). */
static int run_before(pid_t pid, int priority)
{
	const struct sched_param param = { .sched_priority = priority };

	return sched_setscheduler(pid, SCHED_FIFO, &param);
}

/* Before them the thread that handles packets when there are many: where it is to run, Linux 6.1
 * leaves all packets to it, and they would wait for us (ksoftirqd_running(), kernel/softirq.c). */
static void put_softirqs_first(void)
{
	enum { NAME_LEN = 32, LAST = 100 /* it is among the first threads there are */ };
	static const char name[] = "ksoftirqd/0\n";

	for (pid_t pid = 2; pid < LAST; pid++) {
		char path[NAME_LEN], comm[NAME_LEN];
		int fd;
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? -1 : read(fd, comm, sizeof(comm));
		if (n == (ssize_t)strlen(name) && memcmp(comm, name, (size_t)n) == 0)
			must(run_before(pid, 2) == 0, "handle packets first");
		if (fd >= 0)
			close(fd);
	}
}

static int open_line(void)
{
	struct termios raw;
	int fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY | O_CLOEXEC);

	must(fd >= 0 && tcgetattr(fd, &raw) == 0, "open the serial line");
	cfmakeraw(&raw);
	must(tcsetattr(fd, TCSANOW, &raw) == 0, "set the serial line");
	return fd;
}

/* ---- words ---- */

/* Wait for the next word. It is good until the order has been carried out. */
static const char *next_word(struct guest_side *side)
{
	for (;;) {
		char *word = side->text + side->at;
		char *end = memchr(word, '\0', side->len - side->at);
		ssize_t n;

		if (end) {
			side->at += (size_t)(end - word) + 1;
			return word;
		}
		must(side->len < LINE_ROOM, "hold an order");
		n = read(side->line, side->text + side->len, LINE_ROOM - side->len);
		must(n > 0 || (n < 0 && errno == EINTR), "read an order");
		side->len += n > 0 ? (size_t)n : 0;
	}
}

/* ---- the record ---- */

static void emit(const struct guest_side *side, enum event_kind kind, const char *why)
{
	struct strbuf frames = STRBUF_INIT;
	size_t done = 0;
	const struct event event = {
		.kind = kind, .step = NO_INDEX, .time = clock_real_ns(),
		.blob_len = (uint32_t)strlen(why),
		.u.end = { .verdict = kind == EVENT_END ? VERDICT_ERROR : VERDICT_NONE },
	};

	record_pack(&frames, &event, why);
	must(record_write(side->line, &frames, &done) == 0, "write to the serial line");
	strbuf_free(&frames);
}

/* ---- playing ---- */

/* The kernel's timer wheel rounds up to a multiple of an interval's granularity, counted from the
 * boot, not from when a timer is armed. So that a scenario finds the same wheel wherever it
 * stands in a suite, each starts at a multiple of the granularity of timers up to four and
 * a half hours: 2^18 ms at HZ=1000 (LVL_GRAN of level 6, kernel/time/timer.c). The wait costs
 * nothing, and gives the kernel's threads time for what the last world has left, and for the new
 * one: nothing passes its wire before one of them has found the link up (net/core/link_watch.c).
 *
 * Programs reckon in seconds, too (curl's progress meter moves when one is over): where they
 * play, it is a multiple of both. */
static void align_clock(const struct plan *plan)
{
	enum { BOTH = 125 /* 2^18 ms * 125 is 2^15 s */ };
	const int64_t wheel = (INT64_C(1) << 18) * NS_PER_MS;
	const int64_t grain = plan && plan->n_programs ? BOTH * wheel : wheel;

	struct timespec start = ns_to_timespec((clock_mono_ns() / grain + 1) * grain);

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &start, NULL);
}

/* Dates, too, are the same in each run: programs tell them. */
static void set_date(void)
{
	const struct timespec new_year = { .tv_sec = 946684800 }; /* 2000-01-01 */

	must(clock_settime(CLOCK_REALTIME, &new_year) == 0, "set the clock");
}

struct player {
	const struct plan *plan;
	struct engine_pipes pipes;
};

static int play_one(void *arg)
{
	const struct player *player = arg;

	must(run_before(0, 1) == 0, "run first");
	return engine_play(player->plan, &player->pipes);
}

/* Everything that a variant has left behind ends before the next begins. */
static void reap_orphans(void)
{
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

static void play(struct guest_side *side, const struct plan *plan)
{
	struct player player = { .plan = plan, .pipes = { .events = side->line } };
	struct child child;
	char why[128];
	int gate[2], rc, status;

	must(pipe2(gate, O_CLOEXEC) == 0, "open a pipe");
	player.pipes.gate = gate[0];
	rc = child_start(&child, play_one, &player);
	close(gate[0]);
	if (rc == 0) {
		align_clock(plan); /* its stage has been set long before */
		set_date();
		must(write(gate[1], "g", 1) == 1 || errno == EPIPE, "let the engine go");
	}
	close(gate[1]);
	if (rc < 0) {
		snprintf(why, sizeof(why), "cannot start the engine: %s", strerror(-rc));
		emit(side, EVENT_END, why);
		return;
	}
	status = child_reap(&child);
	reap_orphans();
	if (status == 0)
		return;
	if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "the engine was killed by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(why, sizeof(why), "the engine ended before the scenario did");
	emit(side, EVENT_END, why);
}

/* The plans of @path, read once for all its variants that follow one another. */
static bool load(struct guest_side *side, const char *path)
{
	char *paths[] = { (char *)(uintptr_t)path };

	if (side->path && strcmp(path, side->path) == 0)
		return true;
	if (side->path)
		loaded_free(&side->loaded);
	side->path = NULL;
	if (load_all(&side->loaded, &side->options, paths, 1) != 0) {
		loaded_free(&side->loaded);
		return false;
	}
	side->path = side->loaded.scenarios[0]->source->name;
	return true;
}

static const struct plan *find_variant(const struct guest_side *side, const char *variant)
{
	const struct scenario *scenario = side->loaded.scenarios[0];

	for (size_t i = 0; i < scenario->n_plans; i++)
		if (strcmp(scenario->plans[i]->variant, variant) == 0)
			return scenario->plans[i];
	return NULL;
}

static void play_order(struct guest_side *side, const char *path, const char *variant)
{
	const struct plan *plan = load(side, path) ? find_variant(side, variant) : NULL;

	set_date();
	emit(side, EVENT_READY, "");
	if (plan)
		play(side, plan);
	else
		emit(side, EVENT_END, "the guest cannot read this scenario as its host did: "
				      "was it changed just now, or is it out of the guest's reach?");
}

static void forget_taken(struct guest_side *side)
{
	side->len -= side->at;
	memmove(side->text, side->text + side->at, side->len);
	side->at = 0;
}

static void take_order(struct guest_side *side)
{
	forget_taken(side);

	const char *verb = next_word(side), *word = next_word(side);

	if (strcmp(verb, "play") == 0)
		play_order(side, word, next_word(side));
	else if (strcmp(verb, "folder") == 0)
		must(chdir(word) == 0, "enter the caller's folder");
	else if (strcmp(verb, "path") == 0)
		setenv("PATH", word, 1);
	else if (strcmp(verb, "define") == 0)
		common_option(&side->options, 'D', word);
	else if (strcmp(verb, "ip") == 0)
		common_option(&side->options, OPT_IP, word);
	else if (strcmp(verb, "off") == 0)
		reboot(RB_POWER_OFF);
}

int command_guest(int argc, char **argv)
{
	struct guest_side side = { .text = NULL };

	(void)argc;
	if (getpid() != 1) {
		complain("'guest' is what a guest kernel starts; use tcpscen run --time virtual");
		return EXIT_USAGE;
	}
	mount_all();
	rest_neighbours();
	put_softirqs_first();
	side.text = malloc(LINE_ROOM);
	must(side.text, "get memory");
	common_init(&side.options, argv[0]);
	side.options.load.virtual_time = true;
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_TIMERSLACK, 1);
	side.line = open_line();
	emit(&side, EVENT_READY, ""); /* the line is open */
	for (;;)
		take_order(&side);
}
