/* program_child: see program_child.h.
 *
 * The keeper is the program's parent, its tracer, and the init process of its
 * namespace: it reaps what is orphaned. It waits in one poll(): for children
 * (signalfd), for orders, and for the end of the status pipe, which closes when
 * the program executes.
 */
#include "peer/program_child.h"

#include "base/clock.h"
#include "peer/program.h"
#include "peer/run_delay.h"
#include "peer/trace.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILE_TEXT = 512, DEFAULT_SLACK_NS = 50000 };

struct keeper {
	const struct program_scene *scene;
	struct tracer *tracer; /* NULL: the program is not traced */
	pid_t pid;             /* of the program */
	int64_t ended_at;      /* when it was found to have; 0: it was not, or in virtual time */
	int64_t run_delay;     /* its, then; ns */
	int children;          /* signalfd */
	int status;            /* of its start: ends when it executes; -1: it has */
	int gate;              /* it waits there until it is traced */
};

/* ---- telling the engine ---- */

static void tell(const struct keeper *keeper, const struct program_news *news)
{
	if (send(keeper->scene->control, news, sizeof(*news), MSG_NOSIGNAL) < 0)
		_exit(1); /* the engine is gone */
}

static struct program_news news_of(enum program_news_kind kind)
{
	struct program_news news;

	memset(&news, 0, sizeof(news)); /* padding travels too */
	news.kind = kind;
	news.time = clock_real_ns();
	return news;
}

static _Noreturn void refuse(const struct keeper *keeper, int rc, const char *what)
{
	struct program_news news = news_of(PROGRAM_REFUSED);

	news.err = -rc;
	snprintf(news.what, sizeof(news.what), "%s", what);
	tell(keeper, &news);
	_exit(1);
}

static void tell_call(void *context, const struct traced_call *call)
{
	struct program_news news = news_of(PROGRAM_CALL);

	news.call = *call;
	tell(context, &news);
}

/* ---- its view of the files ---- */

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644), rc = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

/* Both hosts, by the addresses of the scenario's IP version alone: a program that takes
 * whatever the name gives it takes the right one. */
static void hosts_text(const struct program_scene *scene, char text[FILE_TEXT])
{
	bool six = scene->plan->ip == IP_V6;
	size_t len = (size_t)snprintf(text, FILE_TEXT, "127.0.0.1 localhost\n%s",
				      six ? "::1 localhost\n" : "");

	for (int i = 0; i < scene->plan->n_hosts && len < FILE_TEXT; i++) {
		const struct world_host *host = &scene->world.hosts[i];
		char address[ADDRESS_TEXT];

		inet_ntop(six ? AF_INET6 : AF_INET, six ? host->ip6 : host->ip4, address,
			  sizeof(address));
		len += (size_t)snprintf(text + len, FILE_TEXT - len, "%s %s\n", address,
					scene->plan->hosts[i].name);
	}
}

/* Put a file of ours over @path, where there is such a file. The folder it is made in is /proc,
 * which every system has, and which is covered for as long as that takes. */
static int cover(const char *path, const char *name, const char *text)
{
	char file[32];
	int rc;

	snprintf(file, sizeof(file), "/proc/%s", name);
	rc = write_text(file, text);
	if (rc < 0)
		return rc;
	if (mount(file, path, "none", MS_BIND, NULL) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

/* Sockets in the file system lead out of the network namespace: to caches of names, to
 * message buses. */
static void hide_services(void)
{
	static const char *const folders[] = {
		"/run/nscd", "/var/run/nscd", "/run/systemd/resolve", "/run/dbus",
		"/run/avahi-daemon",
	};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		mount("tmpfs", folders[i], "tmpfs", 0, "size=0,mode=755"); /* most are absent */
}

static int set_names(const struct program_scene *scene)
{
	char hosts[FILE_TEXT];
	int rc;

	hosts_text(scene, hosts);
	if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/proc", "tmpfs", 0, "mode=755") < 0)
		return -errno;
	rc = cover("/etc/hosts", "hosts", hosts);
	if (rc == 0)
		rc = cover("/etc/nsswitch.conf", "nsswitch.conf",
			   "passwd: files\ngroup: files\nhosts: files\nnetworks: files\n"
			   "protocols: files\nservices: files\n");
	if (rc == 0)
		rc = cover("/etc/resolv.conf", "resolv.conf", "");
	if (umount2("/proc", MNT_DETACH) < 0 && rc == 0)
		rc = -errno;
	hide_services();
	return rc;
}

/* ---- becoming the program ---- */

/* As it would find things when started from a login: no handlers, nothing blocked. */
static void plain_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Only what a program cannot do without: no proxies, no locale, nobody's configuration. */
static void plain_environment(void)
{
	const char *path = getenv("PATH");
	char *copy = strdup(path ? path : "/usr/local/bin:/usr/bin:/bin");

	clearenv();
	if (!copy || setenv("PATH", copy, 1) < 0 || setenv("LANG", "C", 1) < 0 ||
	    setenv("HOME", "/nonexistent", 1) < 0)
		_exit(1);
	free(copy);
}

static _Noreturn void give_up(int status, int err)
{
	ssize_t n = write(status, &err, sizeof(err));

	_exit(n < 0 ? 1 : 127);
}

static _Noreturn void become_program(const struct program_scene *scene, int gate, int status)
{
	const struct plan_program *program = scene->program;
	char word;

	while (read(gate, &word, 1) < 0 && errno == EINTR)
		;
	setsid();
	plain_signals();
	plain_environment();
	prctl(PR_SET_TIMERSLACK, DEFAULT_SLACK_NS);
	for (int i = 0; i < 3; i++)
		if (dup2(scene->stdio[i], i) < 0)
			give_up(status, errno);
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	if (program->traced) {
		int rc = trace_filter(program->trace_waits);

		if (rc < 0)
			give_up(status, -rc);
	}
	execvp(program->argv[0], (char *const *)(uintptr_t)program->argv);
	give_up(status, errno);
}

static int start(struct keeper *keeper)
{
	int gate[2], status[2];
	int rc = 0;

	if (pipe2(gate, O_CLOEXEC) < 0 || pipe2(status, O_CLOEXEC) < 0)
		return -errno;
	keeper->pid = fork();
	if (keeper->pid < 0)
		return -errno;
	if (keeper->pid == 0) {
		close(gate[1]);
		close(status[0]);
		become_program(keeper->scene, gate[0], status[1]);
	}
	close(gate[0]);
	close(status[1]);
	keeper->status = status[0];
	for (int i = 0; i < 3; i++)
		close(keeper->scene->stdio[i]); /* or its pipes would never end */
	if (keeper->tracer)
		rc = trace_follow(keeper->pid);
	close(gate[1]);
	return rc;
}

/* ---- keeping ---- */

/* Has it executed, or failed to? */
static void look_at_start(struct keeper *keeper)
{
	struct pollfd fd = { .fd = keeper->status, .events = POLLIN };
	struct program_news news = news_of(PROGRAM_STARTED);
	int err;

	if (keeper->status < 0 || poll(&fd, 1, 0) <= 0)
		return;
	if (read(keeper->status, &err, sizeof(err)) == sizeof(err))
		refuse(keeper, -err, "execute it");
	close(keeper->status);
	keeper->status = -1;
	tell(keeper, &news);
}

/* Has the program ended? How long it had to wait for a processor can only be asked before it is reaped.
 * In virtual time it had to wait for nobody, and looking into /proc may do harm (peer/probe.c). */
static void look_at_program(struct keeper *keeper)
{
	siginfo_t info = { 0 };

	if (keeper->pid == 0 || keeper->ended_at || keeper->scene->plan->clock.is_virtual ||
	    waitid(P_PID, (id_t)keeper->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	    info.si_pid == 0 || info.si_code == CLD_TRAPPED)
		return;
	keeper->ended_at = clock_real_ns();
	keeper->run_delay = run_delay(keeper->pid);
}

static void tell_exit(struct keeper *keeper, int status)
{
	struct program_news news = news_of(PROGRAM_EXITED);

	if (keeper->ended_at)
		news.time = keeper->ended_at;
	news.status = status;
	news.run_delay = keeper->run_delay;
	tell(keeper, &news);
	keeper->pid = 0;
}

static void look_at_children(struct keeper *keeper)
{
	struct signalfd_siginfo info;
	int status;
	pid_t tid;

	if (read(keeper->children, &info, sizeof(info)) < 0 && errno != EAGAIN)
		_exit(1);
	for (;;) {
		look_at_program(keeper);
		tid = waitpid(-1, &status, WNOHANG | __WALL);
		if (tid <= 0)
			break;
		look_at_start(keeper);
		if (WIFSTOPPED(status)) {
			if (keeper->tracer)
				trace_stopped(keeper->tracer, tid, status);
			continue;
		}
		if (keeper->tracer)
			trace_ended(keeper->tracer, tid);
		if (tid == keeper->pid)
			tell_exit(keeper, status);
	}
}

static void take_order(struct keeper *keeper)
{
	struct program_order order;
	ssize_t len = recv(keeper->scene->control, &order, sizeof(order), MSG_DONTWAIT);

	if (len < 0 && errno == EAGAIN)
		return;
	if (len != sizeof(order))
		_exit(0); /* the engine has closed its end, or died */
	if (keeper->pid > 0)
		kill(keeper->pid, order.signal);
}

static _Noreturn void keep(struct keeper *keeper)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = keeper->status, .events = POLLIN },
			{ .fd = keeper->children, .events = POLLIN },
			{ .fd = keeper->scene->control, .events = POLLIN },
		};

		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			_exit(1);
		look_at_start(keeper);
		if (fds[1].revents)
			look_at_children(keeper);
		if (fds[2].revents)
			take_order(keeper);
	}
}

static int watch_children(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* The engine's descriptors are none of ours: a pipe held open here would never end there. */
static void close_others(const struct program_scene *scene)
{
	int keep_open[] = { 2, scene->control, scene->stdio[0], scene->stdio[1], scene->stdio[2] };
	const size_t n = sizeof(keep_open) / sizeof(keep_open[0]);

	qsort(keep_open, n, sizeof(keep_open[0]), by_number);
	for (size_t i = 0; i < n; i++) {
		unsigned int low = (unsigned int)keep_open[i] + 1;
		unsigned int high = i + 1 < n ? (unsigned int)keep_open[i + 1] : ~0U;

		if (low < high)
			close_range(low, i + 1 < n ? high - 1 : high, 0);
	}
}

/* In a guest the engine runs before all others (command/guest.c). A program that would wait for it
 * by trying again and again must not. */
static void take_turns(void)
{
	const struct sched_param none = { .sched_priority = 0 };

	sched_setscheduler(0, SCHED_OTHER, &none);
}

void program_keep(const struct program_scene *scene)
{
	struct keeper keeper = { .scene = scene, .status = -1 };
	int rc;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (scene->plan->clock.is_virtual)
		take_turns();
	if (world_visit(&scene->world, scene->program->host) < 0)
		refuse(&keeper, -errno, "enter its host");
	close_others(scene);
	keeper.children = watch_children();
	if (keeper.children < 0)
		refuse(&keeper, -errno, "watch it");
	rc = set_names(scene);
	if (rc < 0)
		refuse(&keeper, rc, "put the hosts' names over /etc/hosts");
	if (mount("proc", "/proc", "proc", 0, NULL) < 0 && scene->program->traced)
		refuse(&keeper, -errno, "trace it: mounting /proc");
	if (scene->program->traced) {
		keeper.tracer = trace_new(tell_call, &keeper);
		if (!keeper.tracer)
			refuse(&keeper, -ENOMEM, "trace it");
	}
	rc = start(&keeper);
	if (rc < 0)
		refuse(&keeper, rc, keeper.tracer ? "trace it" : "start it");
	keep(&keeper);
}
