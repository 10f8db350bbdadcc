/* guest: see guest.h. */
#include "run/guest.h"

#include "base/clock.h"
#include "base/processor.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EVENTS_ROOM = 1 << 20, CONSOLE_ROOM = 1 << 16, ARGUMENT_LEN = 4200,
       ROOM_WITHIN_MS = 5000 };

/* ---- booting ---- */

struct boot {
	const struct guest_setup *setup;
	int turn;
	const struct warden *warden;
	int orders, events, console; /* the guest's ends */
};

/* The kernel keeps its memory in a file that has no name; in main memory, if that may be. */
static void choose_memory(void)
{
	if (access("/dev/shm", W_OK | X_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
}

/* Its descriptors are 0, 1 (console), 3 (orders) and 4 (events); nothing else is open. */
static int arrange(const struct boot *boot)
{
	enum { ORDERS = 3, EVENTS = 4, SPARE = 10 };
	const int null = open("/dev/null", O_RDWR);
	const int from[] = { fcntl(null, F_DUPFD, SPARE), fcntl(boot->console, F_DUPFD, SPARE),
			     fcntl(boot->console, F_DUPFD, SPARE),
			     fcntl(boot->orders, F_DUPFD, SPARE),
			     fcntl(boot->events, F_DUPFD, SPARE) };

	for (int i = 0; i <= EVENTS; i++)
		if (from[i] < 0 || dup2(from[i], i) < 0)
			return -errno;
	_Static_assert(sizeof(from) / sizeof(from[0]) == EVENTS + 1 && ORDERS + 1 == EVENTS,
		       "one for each descriptor");
	close_range(EVENTS + 1, ~0U, 0);
	return 0;
}

static int kernel_main(void *arg)
{
	const struct rlimit no_core = { 0, 0 };
	const cpu_set_t processors = processor_allowed();
	const struct boot *boot = arg;
	char init[ARGUMENT_LEN];
	char *const argv[] = {
		(char *)(uintptr_t)boot->setup->kernel,
		"mem=1G",              /* what the buffers' default sizes are reckoned from */
		"uml_dir=/dev/null/",  /* so that it makes no folder for its control socket */
		"root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", init,
		"con=null", "con0=null,fd:1", "ssl=null", "ssl0=fd:3,fd:4",
		"quiet", "panic=-1",
		"time-travel=inf-cpu",
		"time-travel-start=946684800000000000", /* ns: 2000-01-01, the same in every run */
		"--", "guest", NULL,
	};

	/* the kernel and the processes that run its programs' code take turns: on one processor
	 * that costs least */
	processor_keep_to(&processors, boot->turn);
	/* the terminal's ^C is the suite's affair; and a guest is more than one process */
	setsid();
	setrlimit(RLIMIT_CORE, &no_core); /* a panic aborts */
	warden_watch(boot->warden); /* without one, PR_SET_PDEATHSIG must do */
	snprintf(init, sizeof(init), "init=\"%s\"", boot->setup->program);
	clearenv();
	choose_memory();
	if (arrange(boot) == 0)
		execv(argv[0], argv);
	dprintf(STDOUT_FILENO, "cannot execute %s: %s\n", argv[0], strerror(errno));
	return 1;
}

void guest_init(struct guest *guest)
{
	*guest = (struct guest){ .child = CHILD_NONE, .orders = -1, .events = -1, .console = -1,
				 .readers_end = -1, .writers_end = -1, .reader = RECORD_READER_INIT };
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A pipe of which our end does not block. @ours: 0: we read, 1: we write */
static int open_pipe(int ours, int room, int *our_end, int *guests_end)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*our_end = ends[ours];
	*guests_end = ends[1 - ours];
	fcntl(*our_end, F_SETPIPE_SZ, room); /* refused: then it is only slower */
	return fcntl(*our_end, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

int guest_boot(struct guest *guest, const struct guest_setup *setup, const struct warden *warden,
	       int turn)
{
	struct boot boot = { setup, turn, warden, -1, -1, -1 };
	int rc;

	guest_init(guest);
	guest->warden = warden;
	rc = open_pipe(1, CONSOLE_ROOM, &guest->orders, &boot.orders);
	if (rc == 0)
		rc = open_pipe(0, EVENTS_ROOM, &guest->events, &boot.events);
	if (rc == 0)
		rc = open_pipe(0, CONSOLE_ROOM, &guest->console, &boot.console);
	if (rc == 0)
		rc = child_start(&guest->child, kernel_main, &boot);
	close_one(&boot.console);
	guest->readers_end = boot.orders;
	guest->writers_end = boot.events;
	guest->heard = guest->looked = clock_mono_ns();
	if (rc < 0)
		guest_kill(guest);
	return rc;
}

/* Whatever it consists of is in its kernel's session. Return: the kernel's wait status, or -errno. */
static int kill_all(struct guest *guest)
{
	if (guest->child.pid <= 0)
		return -ESRCH;
	kill(-guest->child.pid, SIGKILL);
	kill(guest->child.pid, SIGKILL); /* if it has no session yet */
	warden_forget(guest->warden, guest->child.pid);
	return child_kill(&guest->child);
}

void guest_kill(struct guest *guest)
{
	kill_all(guest);
	close_one(&guest->orders);
	close_one(&guest->events);
	close_one(&guest->console);
	close_one(&guest->readers_end);
	close_one(&guest->writers_end);
	record_reader_free(&guest->reader);
}

bool guest_has_news(const struct guest *guest)
{
	return poll(&(struct pollfd){ .fd = guest->events, .events = POLLIN }, 1, 0) > 0;
}

bool guest_has_ended(const struct guest *guest)
{
	return child_has_ended(&guest->child);
}

int guest_bury(struct guest *guest, char how[GUEST_HOW_LEN])
{
	enum { LAST_BREATH_MS = 1000 };
	struct pollfd end = { .fd = guest->child.pidfd, .events = POLLIN };
	bool panicked = memmem(guest->words, guest->n_words, "Kernel panic", 12);
	int status;

	poll(&end, 1, LAST_BREATH_MS);
	status = kill_all(guest);
	if (panicked)
		snprintf(how, GUEST_HOW_LEN, "panicked");
	else if (status >= 0 && WIFSIGNALED(status))
		snprintf(how, GUEST_HOW_LEN, "was killed by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(how, GUEST_HOW_LEN, "ended");
	guest_kill(guest);
	return status;
}

/* ---- talking ---- */

int guest_tell(struct guest *guest, const char *words, size_t len)
{
	struct pollfd room = { .fd = guest->orders, .events = POLLOUT };

	while (len > 0) {
		ssize_t n = write(guest->orders, words, len);

		if (n < 0 && errno == EAGAIN && poll(&room, 1, ROOM_WITHIN_MS) == 0)
			return 0;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		words += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* See guest.h. From now on the end of the guest is the end of the pipe, too. */
static void let_writes_block(struct guest *guest)
{
	int flags = fcntl(guest->writers_end, F_GETFL);

	if (flags >= 0)
		fcntl(guest->writers_end, F_SETFL, flags & ~(O_NONBLOCK | O_ASYNC));
	close_one(&guest->writers_end);
}

int guest_hear(struct guest *guest)
{
	int rc = record_reader_read(&guest->reader, guest->events);

	if (rc <= 0)
		return rc;
	if (guest->writers_end >= 0)
		let_writes_block(guest);
	guest->heard = clock_mono_ns();
	return rc;
}

void guest_listen(struct guest *guest)
{
	char text[GUEST_WORDS / 2];
	ssize_t n = -1;

	while (guest->console >= 0 && (n = read(guest->console, text, sizeof(text))) > 0) {
		size_t len = (size_t)n, over = guest->n_words + len > sizeof(guest->words)
						       ? guest->n_words + len - sizeof(guest->words)
						       : 0;

		memmove(guest->words, guest->words + over, guest->n_words - over);
		memcpy(guest->words + guest->n_words - over, text, len);
		guest->n_words += len - over;
	}
	if (n == 0)
		close_one(&guest->console);
}

/* ---- watching ---- */

/* Processor time of process @pid, ns; 0 when it is gone (proc(5), /proc/PID/stat). */
static int64_t processor_time(pid_t pid)
{
	char path[64], text[1024];
	unsigned long user = 0, system = 0;
	const char *after_name;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	after_name = strrchr(text, ')');
	/* NOLINTNEXTLINE(cert-err34-c): the kernel writes numbers */
	if (!after_name || sscanf(after_name, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
				  &user, &system) != 2)
		return 0;
	return (int64_t)(user + system) * (NS_PER_S / sysconf(_SC_CLK_TCK));
}

/* The kernel's own and that of its children, in which the programs' code runs. */
static int64_t work_of(pid_t kernel)
{
	int64_t work = processor_time(kernel);
	char path[64];
	FILE *children;
	int pid;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)kernel, (int)kernel);
	children = fopen(path, "re");
	/* NOLINTNEXTLINE(cert-err34-c): the kernel writes numbers */
	while (children && fscanf(children, "%d", &pid) == 1)
		work += processor_time(pid);
	if (children)
		fclose(children);
	return work;
}

/* A guest that computes without a word for so long spins. One that does not even compute hangs, but
 * on a busy machine it may only not have had its turn: it is given more time. */
const char *guest_stuck(struct guest *guest, int64_t patience)
{
	enum { MORE = 6, LOOK_EVERY_MS = 500, IDLE_SHARE = 50 };
	int64_t now = clock_mono_ns(), work;

	if (now - guest->looked < LOOK_EVERY_MS * NS_PER_MS)
		return NULL;
	work = work_of(guest->child.pid);
	if (guest->heard > guest->looked)
		guest->work_then = work;
	guest->looked = now;
	if (now - guest->heard < patience)
		return NULL;
	work -= guest->work_then;
	if (work >= patience / 2)
		return "spins";
	if (now - guest->heard < MORE * patience)
		return NULL;
	return work >= patience / IDLE_SHARE ? "spins" : "hangs";
}

void guest_forget_words(struct guest *guest)
{
	guest_listen(guest);
	guest->n_words = 0;
}

void guest_last_words(struct guest *guest, char *text, size_t len)
{
	size_t n = 0, from;

	guest_listen(guest);
	for (from = guest->n_words > len - 1 ? guest->n_words - len + 1 : 0; from < guest->n_words;
	     from++) {
		char ch = guest->words[from];

		if (isspace((unsigned char)ch) || iscntrl((unsigned char)ch))
			ch = ' ';
		if (ch != ' ' || (n > 0 && text[n - 1] != ' '))
			text[n++] = ch;
	}
	text[n] = '\0';
}
