/* probe_child: see probe_child.h.
 *
 * Each caller is a thread that waits for a request, says that it is about to make the call,
 * makes it, and says what came of it. The first caller is the process's main thread. Threads share
 * nothing but the descriptors, which is what they are for.
 *
 * SIGPIPE is blocked in all of them. The kernel sends it to the very thread that wrote, where
 * it stays pending until sigtimedwait(2) takes it: an answer like errno.
 */
#include "peer/probe_child.h"

#include "base/clock.h"
#include "base/processor.h"
#include "peer/endpoint.h"
#include "peer/probe.h"
#include "peer/probe_calls.h"
#include "peer/run_delay.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void send_reply(int end, const struct probe_reply *reply)
{
	struct iovec parts[] = {
		{ .iov_base = (void *)(uintptr_t)reply, .iov_len = sizeof(*reply) },
		{ .iov_base = (void *)(uintptr_t)reply->data, .iov_len = reply->data_len },
	};
	const struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	if (sendmsg(end, &message, MSG_NOSIGNAL) < 0)
		_exit(1); /* the engine is gone, or must learn that we are */
}

/* What is known of the socket; what was known before stays where the kernel no longer says. A
 * connected socket changes neither name, unless it is connected again. */
static void look_at_socket(const struct probe_action *action)
{
	const int slot = action->fd - PROBE_FD_BASE;
	bool *known = action->caller->known;
	struct probe_reply *reply = action->reply;
	struct stat stat;

	if (slot < 0 || (known[slot] && action->call->id != CALL_CONNECT))
		return;
	if (fstat(action->fd, &stat) == 0 && S_ISSOCK(stat.st_mode))
		reply->inode = stat.st_ino;
	known[slot] = endpoint_local(action->fd, &reply->local) == 0 &&
		      endpoint_remote(action->fd, &reply->remote) == 0;
}

static bool take_sigpipe(void)
{
	const struct timespec now = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	return sigtimedwait(&set, NULL, &now) == SIGPIPE;
}

/* ---- requests ---- */

/* A caller, its end of the line, and room for what comes in. */
struct line {
	struct probe_caller caller;
	int end, home;
	int err;        /* why no caller of this process can work, 0: they can */
	struct run_delay delay; /* of its thread; none in virtual time */
	struct probe_request request;
	uint8_t *data;  /* (owned) PROBE_DATA_MAX bytes */
	size_t data_len; /* that came behind the request */
	int fd;         /* (owned) that came along, -1: none */
};

static void make_call(struct line *line)
{
	const struct probe_request *request = &line->request;
	const int end = line->end;
	const int64_t woken = clock_real_ns();
	int64_t delay = run_delay_own(&line->delay);
	struct probe_reply reply;
	struct probe_action action = {
		.caller = &line->caller, .call = &request->call, .reply = &reply,
	};

	memset(&reply, 0, sizeof(reply)); /* padding travels too */
	reply.kind = PROBE_ENTERED;
	reply.step = request->step;
	reply.icmp_type = reply.icmp_code = -1;
	reply.ret = probe_prepare(&action);
	reply.err = reply.ret < 0 ? errno : 0;
	look_at_socket(&action);
	reply.started = clock_real_ns();
	reply.prepared = reply.started - woken - (run_delay_own(&line->delay) - delay);
	send_reply(end, &reply);
	reply.kind = PROBE_DONE;
	if (reply.ret >= 0) {
		delay = run_delay_own(&line->delay);
		reply.started = clock_real_ns();
		reply.ret = probe_make(&action);
		reply.err = reply.ret < 0 ? errno : 0;
		reply.run_delay = run_delay_own(&line->delay) - delay;
	}
	reply.returned = clock_real_ns();
	reply.sigpipe = take_sigpipe();
	look_at_socket(&action);
	send_reply(end, &reply);
}

/* The descriptor that came along. Return: -1: none did. */
static int passed_fd(struct msghdr *message)
{
	const struct cmsghdr *item = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (item && item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(item), sizeof(fd));
	return fd;
}

/* Return: false at the end of the line: the engine has closed its end, or died. */
static bool next_request(struct line *line)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int))];
	struct iovec parts[] = {
		{ .iov_base = &line->request, .iov_len = sizeof(line->request) },
		{ .iov_base = line->data, .iov_len = PROBE_DATA_MAX },
	};
	struct msghdr message = {
		.msg_iov = parts, .msg_iovlen = 2,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t len = recvmsg(line->end, &message, MSG_CMSG_CLOEXEC);

	if (len < (ssize_t)sizeof(line->request))
		return false;
	line->data_len = (size_t)len - sizeof(line->request);
	line->fd = passed_fd(&message);
	return true;
}

static void close_passed(struct line *line)
{
	if (line->fd >= 0)
		close(line->fd);
	line->fd = -1;
}

/* Go to the namespace @netns, and say so. */
static void go(const struct line *line, int netns)
{
	struct probe_hello hello = { .tid = (pid_t)syscall(SYS_gettid), .err = line->err };

	if (!hello.err && setns(netns, CLONE_NEWNET) < 0)
		hello.err = errno;
	if (send(line->end, &hello, sizeof(hello), MSG_NOSIGNAL) < 0)
		_exit(1);
}

static void visit(struct line *line)
{
	line->caller.ip = line->request.ip;
	if (line->request.in_real_time)
		run_delay_open(&line->delay);
	go(line, line->fd);
}

/* No caller makes a call any more. */
static void leave(struct line *line)
{
	close_range(PROBE_FD_BASE, PROBE_FD_BASE + PLAN_SOCKETS_MAX - 1, 0);
	memset(line->caller.known, 0, sizeof(line->caller.known));
	go(line, line->home);
}

/* With its data, wherever they came. */
static void call(struct line *line)
{
	struct plan_call *made = &line->request.call;
	const size_t len = made->data_len;
	void *file = NULL;

	if (line->fd >= 0)
		file = mmap(NULL, len, PROT_READ, MAP_PRIVATE, line->fd, 0);
	if (file == MAP_FAILED || (!file && len > line->data_len))
		_exit(1); /* the engine sees a probe that died at this line */
	if (made->data)
		made->data = file ? file : line->data;
	make_call(line);
	if (file)
		munmap(file, len);
}

static _Noreturn void serve(struct line *line)
{
	line->data = malloc(PROBE_DATA_MAX);
	if (!line->data)
		_exit(1);
	while (next_request(line)) {
		switch (line->request.kind) {
		case PROBE_VISIT:
			visit(line);
			break;
		case PROBE_CALL:
			call(line);
			break;
		case PROBE_LEAVE:
			leave(line);
			break;
		}
		close_passed(line);
	}
	_exit(0);
}

static void *thread_main(void *arg)
{
	serve(arg);
}

/* ---- the process ---- */

/* Where its own descriptors are: above the plan's sockets. */
enum { OWN_BASE = PROBE_FD_BASE + PLAN_SOCKETS_MAX };

static int raise_fd_limit(void)
{
	const rlim_t needed = OWN_BASE + PLAN_CALLERS_MAX + 16;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	if (limit.rlim_cur >= needed)
		return 0;
	limit.rlim_cur = needed;
	if (limit.rlim_max < needed)
		limit.rlim_max = needed;
	return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

/* The same descriptor, above the plan's sockets. That there is a table for so many, now, has a
 * reason of its own: when a process with threads grows it, the kernel waits for a grace period of
 * its read-copy-update (expand_fdtable() of fs/file.c), and a call would take 10 ms. */
static int move_up(int *fd)
{
	int moved = fcntl(*fd, F_DUPFD_CLOEXEC, OWN_BASE);

	if (moved < 0)
		return -errno;
	*fd = moved;
	return 0;
}

/* What the engine had open is not for us: its namespaces and its other ends would never close. */
static int keep_only(struct probe_scene *scene)
{
	int rc = move_up(&scene->home);

	for (int i = 0; i < scene->n && rc == 0; i++)
		rc = move_up(&scene->ends[i]);
	if (rc < 0)
		return rc;
	close_range(STDERR_FILENO + 1, OWN_BASE - 1, 0);
	close_range((unsigned int)(OWN_BASE + scene->n) + 1, ~0U, 0);
	return 0;
}

static int settle(struct probe_scene *scene)
{
	sigset_t set;
	int rc = raise_fd_limit();

	if (rc == 0)
		rc = keep_only(scene);
	if (rc < 0)
		return rc;
	prctl(PR_SET_TIMERSLACK, 1UL);
	processor_interrupt_nobody(); /* else a read interrupts the engine at each packet that it passes on */
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	return sigprocmask(SIG_BLOCK, &set, NULL) < 0 || setns(scene->home, CLONE_NEWNET) < 0
		       ? -errno
		       : 0;
}

/* The first caller answers for all, also if there is nobody else, for want of something. */
int probe_main(void *arg)
{
	struct probe_scene *scene = arg;
	struct line *lines = calloc((size_t)scene->n, sizeof(*lines));
	pthread_t id;
	int rc;

	if (!lines)
		return 1;
	rc = settle(scene);
	for (int i = 0; i < scene->n; i++)
		lines[i] = (struct line){
			.end = scene->ends[i], .home = scene->home, .fd = -1,
			.delay = RUN_DELAY_NONE,
		};
	for (int i = 1; i < scene->n && rc == 0; i++)
		rc = -pthread_create(&id, NULL, thread_main, &lines[i]);
	lines[0].err = -rc;
	serve(&lines[0]);
}
