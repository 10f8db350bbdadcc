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
#include "peer/endpoint.h"
#include "peer/probe.h"
#include "peer/probe_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
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

static void make_call(struct probe_caller *caller, int end, const struct probe_request *request)
{
	struct probe_reply reply;
	struct probe_action action = {
		.caller = caller, .call = &request->call, .reply = &reply,
	};

	memset(&reply, 0, sizeof(reply)); /* padding travels too */
	reply.kind = PROBE_ENTERED;
	reply.step = request->step;
	reply.icmp_type = reply.icmp_code = -1;
	reply.ret = probe_prepare(&action);
	reply.err = reply.ret < 0 ? errno : 0;
	look_at_socket(&action);
	reply.started = clock_real_ns();
	send_reply(end, &reply);
	reply.kind = PROBE_DONE;
	if (reply.ret >= 0) {
		reply.started = clock_real_ns();
		reply.ret = probe_make(&action);
		reply.err = reply.ret < 0 ? errno : 0;
	}
	reply.returned = clock_real_ns();
	reply.sigpipe = take_sigpipe();
	look_at_socket(&action);
	send_reply(end, &reply);
}

static _Noreturn void serve(struct probe_caller *caller, int end)
{
	const struct probe_hello hello = { .tid = (pid_t)syscall(SYS_gettid) };
	struct probe_request request;

	if (send(end, &hello, sizeof(hello), MSG_NOSIGNAL) < 0)
		_exit(1);
	while (recv(end, &request, sizeof(request), 0) == sizeof(request))
		make_call(caller, end, &request);
	_exit(0); /* end of file: the engine has closed its end, or died */
}

struct thread_arg {
	struct probe_caller caller;
	int end;
};

static void *thread_main(void *arg)
{
	struct thread_arg *self = arg;

	serve(&self->caller, self->end);
}

/* Sockets live at PROBE_FD_BASE and up: make room for them. */
static int raise_fd_limit(void)
{
	const rlim_t needed = PROBE_FD_BASE + PLAN_SOCKETS_MAX + 16;
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

/* … and let there be a table for so many, now. When a process with threads grows it, the kernel
 * waits for a grace period of its read-copy-update (expand_fdtable() of fs/file.c): the first call
 * would take 10 ms. @fd: any that is open */
static int grow_fd_table(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, PROBE_FD_BASE + PLAN_SOCKETS_MAX);

	return high < 0 || close(high) < 0 ? -errno : 0;
}

static int settle(const struct probe_scene *scene)
{
	sigset_t set;
	int rc, fd = -1;

	for (int i = 0; i < PLAN_CALLERS_MAX; i++) {
		if (scene->engine_ends[i] >= 0)
			close(scene->engine_ends[i]);
		if (scene->ends[i] >= 0)
			fd = scene->ends[i];
	}
	rc = world_visit(&scene->world, scene->host);
	if (rc < 0)
		return rc;
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || prctl(PR_SET_TIMERSLACK, 1UL) < 0)
		return -errno;
	rc = raise_fd_limit();
	return rc < 0 ? rc : grow_fd_table(fd);
}

static void report_failure(const struct probe_scene *scene, int rc)
{
	const struct probe_hello hello = { .err = -rc };

	for (int i = 0; i < PLAN_CALLERS_MAX; i++)
		if (scene->ends[i] >= 0)
			send(scene->ends[i], &hello, sizeof(hello), MSG_NOSIGNAL);
}

int probe_main(void *arg)
{
	const struct probe_scene *scene = arg;
	struct thread_arg *threads = calloc((size_t)scene->plan->n_callers, sizeof(*threads));
	pthread_t id;
	int rc = threads ? settle(scene) : -ENOMEM;
	int first = NO_INDEX;

	for (int i = 0; i < scene->plan->n_callers && rc == 0; i++) {
		if (scene->ends[i] < 0)
			continue;
		threads[i].end = scene->ends[i];
		threads[i].caller = (struct probe_caller){
			.plan = scene->plan, .world = &scene->world,
		};
		if (first == NO_INDEX)
			first = i;
		else
			rc = -pthread_create(&id, NULL, thread_main, &threads[i]);
	}
	if (rc < 0 || first == NO_INDEX) {
		report_failure(scene, rc); /* NOLINT(clang-analyzer-unix.Malloc): see below */
		/* some threads may run already: their arguments go with the process */
		return 1;
	}
	serve(&threads[first].caller, threads[first].end);
}
