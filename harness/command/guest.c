/* guest: the first process of a guest kernel (see guest.h, and run/guests).
 *
 * Nobody calls it by hand. It makes the root file system, which is the caller's own and
 * read-only, usable, and reads its orders from the serial line, up to the first play. Then the player
 * reads them, and writes its records to the same line.
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
#include "command/guest.h"

#include "base/clock.h"
#include "base/strbuf.h"
#include "world/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* ---- a system to live in ---- */

void guest_must(bool done, const char *what)
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

	guest_must(fd >= 0, "open the console");
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
	guest_must(mount("proc", "/proc", "proc", 0, NULL) == 0, "mount /proc");
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
			guest_must(run_before(pid, 2) == 0, "handle packets first");
		if (fd >= 0)
			close(fd);
	}
}

static int open_line(void)
{
	struct termios raw;
	int fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY | O_CLOEXEC);

	guest_must(fd >= 0 && tcgetattr(fd, &raw) == 0, "open the serial line");
	cfmakeraw(&raw);
	guest_must(tcsetattr(fd, TCSANOW, &raw) == 0, "set the serial line");
	return fd;
}

/* ---- words ---- */

const char *guest_word(struct guest_side *side)
{
	struct guest_orders *orders = side->orders;

	for (;;) {
		char *word = orders->text + orders->at;
		char *end = memchr(word, '\0', orders->len - orders->at);
		ssize_t n;

		if (end) {
			orders->at += (size_t)(end - word) + 1;
			return word;
		}
		guest_must(orders->len < ORDERS_ROOM, "hold an order");
		n = read(side->line, orders->text + orders->len, ORDERS_ROOM - orders->len);
		guest_must(n > 0 || (n < 0 && errno == EINTR), "read an order");
		orders->len += n > 0 ? (size_t)n : 0;
	}
}

void guest_forget(struct guest_side *side)
{
	struct guest_orders *orders = side->orders;

	orders->len -= orders->at;
	memmove(orders->text, orders->text + orders->at, orders->len);
	orders->at = 0;
}

/* ---- the record ---- */

void guest_emit(const struct guest_side *side, enum event_kind kind, const char *why)
{
	struct strbuf frames = STRBUF_INIT;
	size_t done = 0;
	const struct event event = {
		.kind = kind, .step = NO_INDEX, .time = clock_real_ns(),
		.blob_len = (uint32_t)strlen(why),
		.u.end = { .verdict = kind == EVENT_END ? VERDICT_ERROR : VERDICT_NONE },
	};

	record_pack(&frames, &event, why);
	guest_must(record_write(side->line, &frames, &done) == 0, "write to the serial line");
	strbuf_free(&frames);
}

/* ---- the player ---- */

/* The kernel's timer wheel rounds up to a multiple of an interval's granularity, counted from the
 * boot, not from when a timer is armed. So that a scenario finds the same wheel wherever it
 * stands in a suite, each starts at a multiple of the granularity of timers up to four and
 * a half hours: 2^18 ms at HZ=1000 (LVL_GRAN of level 6, kernel/time/timer.c). The wait costs
 * nothing, and gives the kernel's threads time for what the last world has left, and for the new
 * one: nothing passes its wire before one of them has found the link up (net/core/link_watch.c).
 *
 * Programs reckon in seconds, too (curl's progress meter moves when one is over): where they
 * play, it is a multiple of both. */
static void align_clock(enum guest_grain wanted)
{
	enum { BOTH = 125 /* 2^18 ms * 125 is 2^15 s */ };
	const int64_t wheel = (INT64_C(1) << 18) * NS_PER_MS;
	const int64_t grain = wanted == GRAIN_BOTH ? BOTH * wheel : wheel;

	struct timespec start = ns_to_timespec((clock_mono_ns() / grain + 1) * grain);

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &start, NULL);
}

/* Dates, too, are the same in each run: programs tell them. */
static void set_date(void)
{
	const struct timespec new_year = { .tv_sec = 946684800 }; /* 2000-01-01 */

	guest_must(clock_settime(CLOCK_REALTIME, &new_year) == 0, "set the clock");
}

struct player_place {
	struct guest_side *side;
	int ends[2]; /* of the curtain: ours, the player's */
};

static int player_main(void *arg)
{
	const struct player_place *place = arg;

	close(place->ends[0]);
	guest_must(run_before(0, 1) == 0, "run first");
	return guest_player(place->side, place->ends[1]);
}

/* Give the player the word whenever it asks, until it has ended. */
static void raise_curtains(int curtain)
{
	char grain;

	while (recv(curtain, &grain, 1, 0) == 1) {
		align_clock((enum guest_grain)grain);
		set_date();
		send(curtain, "g", 1, MSG_NOSIGNAL);
	}
}

/* The player has died in the middle of a play. If its stage was not set yet, nobody has heard of that;
 * if it was, that is no news. @status: of wait(2) */
static void tell_end(const struct guest_side *side, int status)
{
	char why[128];

	if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "the engine was killed by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(why, sizeof(why), "the engine ended before the scenario did");
	guest_emit(side, EVENT_READY, "");
	guest_emit(side, EVENT_END, why);
}

/* Whom the dead have left behind. */
static void reap_orphans(void)
{
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

/* Have a player play until it has ended, of itself or not. */
static void let_play(struct guest_side *side)
{
	struct player_place place = { .side = side };
	struct child child;
	int status;

	guest_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, place.ends) == 0,
		   "open a pair of sockets");
	guest_must(child_start(&child, player_main, &place) == 0, "start the player");
	close(place.ends[1]);
	raise_curtains(place.ends[0]);
	close(place.ends[0]);
	status = child_reap(&child);
	reap_orphans();
	if (side->orders->playing)
		tell_end(side, status);
	side->orders->playing = false;
}

/* ---- orders ---- */

static void take_order(struct guest_side *side)
{
	const char *verb, *word;

	guest_forget(side);
	verb = guest_word(side);
	if (strcmp(verb, "play") == 0) {
		side->orders->at = 0; /* it is the player's */
		let_play(side);
		return;
	}
	word = guest_word(side);
	if (strcmp(verb, "folder") == 0)
		guest_must(chdir(word) == 0, "enter the caller's folder");
	else if (strcmp(verb, "path") == 0)
		setenv("PATH", word, 1);
	else if (strcmp(verb, "define") == 0)
		common_option(&side->options, 'D', word);
	else if (strcmp(verb, "ip") == 0)
		common_option(&side->options, OPT_IP, word);
	else if (strcmp(verb, "off") == 0)
		reboot(RB_POWER_OFF);
}

static struct guest_orders *share_orders(void)
{
	struct guest_orders *orders = mmap(NULL, sizeof(*orders), PROT_READ | PROT_WRITE,
					   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	guest_must(orders != MAP_FAILED, "get memory");
	return orders;
}

int command_guest(int argc, char **argv)
{
	struct guest_side side = { .line = -1 };

	(void)argc;
	if (getpid() != 1) {
		complain("'guest' is what a guest kernel starts; use tcpscen run --time virtual");
		return EXIT_USAGE;
	}
	mount_all();
	rest_neighbours();
	put_softirqs_first();
	side.orders = share_orders();
	common_init(&side.options, argv[0]);
	side.options.load.virtual_time = true;
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_TIMERSLACK, 1);
	side.line = open_line();
	guest_emit(&side, EVENT_READY, ""); /* the line is open */
	for (;;)
		take_order(&side);
}
