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
#include <sys/mman.h>
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

static int count_callers(const struct plan *plan, int host)
{
	int count = 0;

	for (int i = 0; i < plan->n_callers; i++)
		count += plan->callers[i].host == host;
	return count;
}

/* ---- the process ---- */

void probe_init(struct probe *probe)
{
	*probe = (struct probe){ .child = CHILD_NONE };
	for (int i = 0; i < PLAN_CALLERS_MAX; i++)
		probe->ends[i] = probe->fds[i] = -1;
}

void probe_stop(struct probe *probe)
{
	if (probe->child.pid > 0)
		child_kill(&probe->child);
	close_all(probe->ends);
	free(probe->data);
	probe_init(probe);
}

static int open_pairs(struct probe *probe, struct probe_scene *scene)
{
	int pair[2];

	for (int i = 0; i < scene->n; i++) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
			return -errno;
		probe->ends[i] = pair[0];
		scene->ends[i] = pair[1];
	}
	return 0;
}

/* A process with @n callers. */
static int start_process(struct probe *probe, int n, int home)
{
	struct probe_scene scene = { .n = n, .home = home };
	int rc;

	for (int i = 0; i < PLAN_CALLERS_MAX; i++)
		scene.ends[i] = -1;
	probe->n = n;
	probe->data = malloc(PROBE_DATA_MAX);
	rc = probe->data ? open_pairs(probe, &scene) : -ENOMEM;
	if (rc == 0)
		rc = child_start(&probe->child, probe_main, &scene);
	close_all(scene.ends); /* or its death would not be an end of file */
	return rc;
}

/* ---- requests ---- */

/* With @fd, if it is one. */
static int send_request(int end, const struct probe_request *request, const void *data, size_t len,
			int fd)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec parts[] = {
		{ .iov_base = (void *)(uintptr_t)request, .iov_len = sizeof(*request) },
		{ .iov_base = (void *)(uintptr_t)data, .iov_len = len },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	if (fd >= 0) {
		struct cmsghdr *item = (struct cmsghdr *)control;

		item->cmsg_level = SOL_SOCKET;
		item->cmsg_type = SCM_RIGHTS;
		item->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(item), &fd, sizeof(fd));
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
	}
	if (sendmsg(end, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	return 0;
}

/* Data that are too long for a message, as a file. Return: its fd, or -errno. */
static int make_file(const uint8_t *data, size_t len)
{
	int fd = memfd_create("probe", MFD_CLOEXEC), err;
	size_t done = 0;

	while (fd >= 0 && done < len) {
		ssize_t n = write(fd, data + done, len - done);

		if (n < 0) {
			err = errno;
			close(fd);
			return -err;
		}
		done += (size_t)n;
	}
	return fd < 0 ? -errno : fd;
}

/* ---- visits ---- */

/* The callers of the plan that are this host's get an end each. */
static void hand_out(struct probe *probe, const struct plan *plan, int host)
{
	int next = 0;

	for (int i = 0; i < PLAN_CALLERS_MAX; i++) {
		bool ours = i < plan->n_callers && plan->callers[i].host == host;

		probe->fds[i] = ours ? probe->ends[next++] : -1;
		probe->entered[i] = false;
	}
}

static int send_all(const struct probe *probe, const struct probe_request *request, int fd)
{
	int rc = 0;

	for (int i = 0; i < PLAN_CALLERS_MAX && rc == 0; i++)
		if (probe->fds[i] >= 0)
			rc = send_request(probe->fds[i], request, NULL, 0, fd);
	return rc;
}

/* The next answer at @end, which says whether the caller is where it was sent. */
static int take_hello(int end, struct probe_hello *hello)
{
	struct pollfd item = { .fd = end, .events = POLLIN };
	ssize_t len;

	if (poll(&item, 1, HELLO_PATIENCE_MS) == 0)
		return -ETIMEDOUT;
	len = recv(end, hello, sizeof(*hello), MSG_DONTWAIT);
	if (len < 0)
		return -errno;
	return len == sizeof(*hello) ? -hello->err : -EPIPE;
}

/* Those who left the last world close its sockets, whose descriptors are those of the next: not before
 * all of them have done so may one of them go there. Return: can the process go on? */
static bool has_left(struct probe *probe)
{
	struct probe_hello hello;

	for (int i = 0; i < probe->n; i++) {
		if (probe->leaving[i] && take_hello(probe->ends[i], &hello) < 0)
			return false;
		probe->leaving[i] = false;
	}
	return true;
}

/* In an older process, if there is one with enough callers; it may have died meanwhile, or stand still. */
static int go_there(struct probe *probe, const struct plan *plan, const struct world_home *home,
		    const struct world *world, int host, int n)
{
	const int netns = world->hosts[host].netns;
	struct probe_request visit;
	int rc = -EPIPE;

	memset(&visit, 0, sizeof(visit)); /* padding travels too */
	visit.kind = PROBE_VISIT;
	visit.ip = plan->ip;
	visit.in_real_time = !plan->clock.is_virtual;
	if (probe->child.pid > 0 && probe->n >= n && has_left(probe)) {
		hand_out(probe, plan, host);
		rc = send_all(probe, &visit, netns);
	}
	if (rc != -EPIPE)
		return rc;
	probe_stop(probe);
	rc = start_process(probe, n, home->netns);
	if (rc < 0)
		return rc;
	hand_out(probe, plan, host);
	return send_all(probe, &visit, netns);
}

int probe_start(struct probe *probe, const struct plan *plan, const struct world_home *home,
		const struct world *world, int host, char error[PROBE_ERROR_LEN])
{
	const int n = count_callers(plan, host);
	int rc = n > 0 ? go_there(probe, plan, home, world, host, n) : 0;

	probe->host = host;
	probe->visiting = n > 0 && rc == 0;
	if (rc < 0) {
		fail(error, rc, "start the probe");
		probe_stop(probe);
	}
	return rc;
}

int probe_await(struct probe *probe, char error[PROBE_ERROR_LEN])
{
	struct probe_hello hello = { .tid = 0 };
	int rc = 0;

	for (int i = 0; i < PLAN_CALLERS_MAX && rc == 0; i++) {
		if (probe->fds[i] < 0)
			continue;
		rc = take_hello(probe->fds[i], &hello);
		probe->tids[i] = hello.tid;
	}
	return rc < 0 ? fail(error, rc, "start the probe in its host") : 0;
}

void probe_leave(struct probe *probe)
{
	struct probe_request leave;
	int rc;

	memset(&leave, 0, sizeof(leave));
	leave.kind = PROBE_LEAVE;
	rc = send_all(probe, &leave, -1);
	if (rc < 0)
		probe_stop(probe);
	for (int i = 0, slot = 0; i < PLAN_CALLERS_MAX; i++) {
		if (probe->fds[i] >= 0)
			probe->leaving[slot++] = true;
		probe->fds[i] = -1;
	}
	probe->visiting = false;
}

/* ---- calls ---- */

/* Return: the engine's end for @caller, -1 if it is not this host's. */
static int end_of(const struct probe *probe, int caller)
{
	return caller >= 0 && caller < PLAN_CALLERS_MAX ? probe->fds[caller] : -1;
}

/* Field by field into zeroes: padding would carry the engine's stack into another process. */
static void fill_request(struct probe_request *request, const struct plan_call *call, int step)
{
	memset(request, 0, sizeof(*request));
	request->kind = PROBE_CALL;
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
	const bool fits = call->data_len <= PROBE_DATA_MAX;
	struct probe_request request;
	int fd = -1, rc;

	if (call->caller < 0 || call->caller >= plan->n_callers)
		return -EINVAL;
	if (end_of(probe, call->caller) < 0)
		return -EPIPE;
	fill_request(&request, call, step);
	if (!fits && (fd = make_file(call->data, call->data_len)) < 0)
		return fd;
	rc = send_request(probe->fds[call->caller], &request, call->data, fits ? call->data_len : 0, fd);
	if (fd >= 0)
		close(fd);
	probe->entered[call->caller] = false;
	return rc;
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

	if (!probe->visiting)
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

	if (!probe->visiting)
		return false;
	stat = thread_stat(probe->child.pid, text);
	/* NOLINTNEXTLINE(cert-err34-c): the kernel writes numbers */
	if (!stat || sscanf(stat, "%c %*d %*d %*d %*d %*d %u", &state, &flags) != 2)
		return true;
	return state == 'Z' || state == 'X' || flags & PF_EXITING;
}
