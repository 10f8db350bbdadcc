/* probe: see probe.h. The engine's side.
 *
 * One SOCK_SEQPACKET pair for each caller: a message is a request or a reply, whole. When the probe
 * dies, the kernel closes its ends, and the next read here is an end of file.
 */
#include "peer/probe.h"

#include "peer/probe_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STAT_LEN = 512 };

enum { HELLO_PATIENCE_MS = 10000 };

static void close_all(int fds[PLAN_CALLERS_MAX])
{
	for (int i = 0; i < PLAN_CALLERS_MAX; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

static int fail(char *error, int rc, const char *what)
{
	snprintf(error, PROBE_ERROR_LEN, "cannot %s: %s", what, strerror(-rc));
	return rc;
}

/* A pair of sockets for each caller of the host. Return: how many, or -errno. */
static int make_pairs(struct probe *probe, struct probe_scene *scene)
{
	const struct plan *plan = scene->plan;
	int pair[2], count = 0;

	for (int i = 0; i < plan->n_callers; i++) {
		if (plan->callers[i].host != probe->host)
			continue;
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
			return -errno;
		probe->fds[i] = pair[0];
		scene->ends[i] = pair[1];
		count++;
	}
	memcpy(scene->engine_ends, probe->fds, sizeof(probe->fds));
	return count;
}

static int take_hello(struct probe *probe, int caller)
{
	struct pollfd item = { .fd = probe->fds[caller], .events = POLLIN };
	struct probe_hello hello;
	ssize_t len;

	if (poll(&item, 1, HELLO_PATIENCE_MS) == 0)
		return -ETIMEDOUT;
	len = recv(probe->fds[caller], &hello, sizeof(hello), MSG_DONTWAIT);
	if (len < 0)
		return -errno;
	if (len != sizeof(hello))
		return -EPIPE;
	probe->tids[caller] = hello.tid;
	return -hello.err;
}

int probe_await(struct probe *probe, char error[PROBE_ERROR_LEN])
{
	int rc = 0;

	for (int i = 0; i < PLAN_CALLERS_MAX && rc == 0; i++)
		if (probe->fds[i] >= 0)
			rc = take_hello(probe, i);
	return rc < 0 ? fail(error, rc, "start the probe in its host") : 0;
}

static int start_child(struct probe *probe, struct probe_scene *scene, char *error)
{
	int rc;

	probe->data = malloc(PROBE_DATA_MAX);
	if (!probe->data)
		return fail(error, -ENOMEM, "start the probe");
	rc = child_start(&probe->child, probe_main, scene);
	if (rc < 0)
		return fail(error, rc, "fork the probe");
	close_all(scene->ends); /* or its death would not be an end of file */
	return 0;
}

int probe_start(struct probe *probe, const struct plan *plan, const struct world *world, int host,
		char error[PROBE_ERROR_LEN])
{
	struct probe_scene scene = { .plan = plan, .world = *world, .host = host };
	int rc;

	*probe = (struct probe){ .child = CHILD_NONE, .host = host };
	for (int i = 0; i < PLAN_CALLERS_MAX; i++)
		probe->fds[i] = scene.ends[i] = -1;
	rc = make_pairs(probe, &scene);
	if (rc < 0)
		fail(error, rc, "make a socket pair");
	else if (rc > 0)
		rc = start_child(probe, &scene, error);
	close_all(scene.ends);
	if (rc < 0)
		probe_stop(probe);
	return rc;
}

void probe_stop(struct probe *probe)
{
	if (probe->child.pid > 0)
		child_kill(&probe->child);
	close_all(probe->fds);
	free(probe->data);
	probe->data = NULL;
}

/* Return: the engine's end for @caller, -1 if it is not this host's. */
static int end_of(const struct probe *probe, int caller)
{
	return caller >= 0 && caller < PLAN_CALLERS_MAX ? probe->fds[caller] : -1;
}

/* Field by field into zeroes: padding would carry the engine's stack into another process. */
static void fill_request(struct probe_request *request, const struct plan_call *call, int step)
{
	memset(request, 0, sizeof(*request));
	request->step = step;
	request->call.id = call->id;
	request->call.caller = call->caller;
	request->call.socket = call->socket;
	request->call.makes = call->makes;
	request->call.nonblocking = call->nonblocking;
	request->call.address.host = call->address.host;
	request->call.address.port = call->address.port;
	memcpy(request->call.args, call->args, sizeof(call->args));
	request->call.data = call->data;
	request->call.data_len = call->data_len;
}

int probe_call(struct probe *probe, const struct plan *plan, const struct plan_call *call, int step)
{
	struct probe_request request;

	if (call->caller < 0 || call->caller >= plan->n_callers)
		return -EINVAL;
	if (end_of(probe, call->caller) < 0)
		return -EPIPE;
	fill_request(&request, call, step);
	if (send(probe->fds[call->caller], &request, sizeof(request),
		 MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	probe->entered[call->caller] = false;
	return 0;
}

int probe_reply(struct probe *probe, int caller, struct probe_reply *reply)
{
	struct iovec parts[] = {
		{ .iov_base = reply, .iov_len = sizeof(*reply) },
		{ .iov_base = probe->data, .iov_len = PROBE_DATA_MAX },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t len;

	if (end_of(probe, caller) < 0)
		return -EPIPE;
	len = recvmsg(probe->fds[caller], &message, MSG_DONTWAIT);
	if (len < 0 && errno == EAGAIN)
		return 0;
	if (len < (ssize_t)sizeof(*reply))
		return -EPIPE;
	reply->data = probe->data;
	reply->data_len = (size_t)len - sizeof(*reply);
	probe->entered[caller] = reply->kind == PROBE_ENTERED;
	return 1;
}

/* Read the line of /proc/TID/stat (proc(5)), which every thread has, though no listing shows it.
 * Not that of /proc/PID/task/TID: at their end both PID and TID take such entries away, and while
 * one is at it the other looks again and again (shrink_dcache_parent()); in virtual time, where no
 * tick makes it give way, for ever.
 * Return: what follows the name in it, "S 1 …", in @text; NULL when there is no such thread. */
static const char *thread_stat(pid_t tid, char text[STAT_LEN])
{
	char path[64], *name_end;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	len = read(fd, text, STAT_LEN - 1);
	close(fd);
	if (len <= 0)
		return NULL;
	text[len] = '\0';
	name_end = strrchr(text, ')'); /* the name before it may hold anything */
	return name_end && name_end[1] == ' ' ? name_end + 2 : NULL;
}

char probe_state(const struct probe *probe, int caller)
{
	char text[STAT_LEN];
	const char *stat;

	if (end_of(probe, caller) < 0)
		return '\0';
	stat = thread_stat(probe->tids[caller], text);
	return stat ? stat[0] : '\0';
}

bool probe_asleep(const struct probe *probe, int caller)
{
	return end_of(probe, caller) >= 0 && probe->entered[caller] &&
	       probe_state(probe, caller) == 'S';
}

/* A stop is one of the whole process: its first thread tells. */
bool probe_stopped(const struct probe *probe)
{
	char text[STAT_LEN];
	const char *stat;

	if (probe->child.pid <= 0)
		return false;
	stat = thread_stat(probe->child.pid, text);
	return stat && (stat[0] == 'T' || stat[0] == 't');
}

bool probe_dying(const struct probe *probe)
{
	enum { PF_EXITING = 0x4 }; /* include/linux/sched.h: set before the sockets are closed */
	char text[STAT_LEN];
	const char *stat;
	unsigned int flags;
	char state;

	if (probe->child.pid <= 0)
		return false;
	stat = thread_stat(probe->child.pid, text);
	/* NOLINTNEXTLINE(cert-err34-c): the kernel writes numbers */
	if (!stat || sscanf(stat, "%c %*d %*d %*d %*d %*d %u", &state, &flags) != 2)
		return true;
	return state == 'Z' || state == 'X' || flags & PF_EXITING;
}
