/* stage: see stage.h. */
#include "run/stage.h"

#include "base/clock.h"
#include "wire/decode.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUT_FLUSH = 64 << 10 };

static const int64_t own_frame_patience = 2 * NS_PER_S;

struct seen *stage_arrived(struct stage *stage, size_t index)
{
	return index < stage->arrived.count ? *seen_at(&stage->arrived, index) : NULL;
}

void stage_arrived_done(struct stage *stage)
{
	free(seen_pop(&stage->arrived));
}

/* ---- the record ---- */

void stage_emit(struct stage *stage, const struct event *event, const void *blob)
{
	if (record_pack(&stage->out, event, blob) < 0)
		stage->unrecorded_size = event->blob_len;
	if (stage->out.len - stage->out_done > OUT_FLUSH) /* an error shows at the next flush */
		record_offer(stage->events, &stage->out, &stage->out_done);
}

/* What came of writing: @rc, or an event that could not be packed. */
static int written(struct stage *stage, int rc)
{
	char why[64];

	if (rc < 0)
		return stage_fail(stage, rc, "cannot write the record", strerror(-rc));
	if (!stage->unrecorded_size)
		return 0;
	snprintf(why, sizeof(why), "an event has %u bytes, more than %d", stage->unrecorded_size,
		 RECORD_BLOB_MAX);
	stage->unrecorded_size = 0; /* told once: the verdict can still be written */
	return stage_fail(stage, -EMSGSIZE, "cannot write the record", why);
}

int stage_flush(struct stage *stage)
{
	return written(stage, record_write(stage->events, &stage->out, &stage->out_done));
}

/* Write what the suite takes now. Return: 0 or -errno. */
static int tell(struct stage *stage)
{
	int rc = record_offer(stage->events, &stage->out, &stage->out_done);

	return written(stage, rc == -EAGAIN ? 0 : rc);
}

/* ---- what arrives ---- */

static int host_of(const struct stage *stage, const struct packet *packet)
{
	for (int i = 0; i < stage->plan->n_hosts; i++) {
		const struct world_host *host = &stage->world.hosts[i];

		if (packet->ip == 4 && memcmp(packet->src.bytes, host->ip4, 4) == 0)
			return i;
		if (packet->ip == 6 && memcmp(packet->src.bytes, host->ip6, 16) == 0)
			return i;
	}
	return NO_INDEX;
}

/* Something has come that had been due since @time. */
static void note_due(struct stage *stage, int64_t time)
{
	if (!stage->earliest || time < stage->earliest)
		stage->earliest = time;
}

/* Is it the oldest of the frames we sent there? Then it gets its timestamp. The wire keeps
 * their order, so only the oldest can be next. */
static bool take_own(struct port *port, const uint8_t *bytes, size_t len, int64_t time)
{
	if (!port->unseen.count)
		return false;

	const struct seen *oldest = *seen_at(&port->unseen, 0);

	if (oldest->len != len || memcmp(oldest->frame, bytes, len) != 0)
		return false;
	free(port->last_sent);
	port->last_sent = seen_pop(&port->unseen);
	port->last_sent->packet.time = time;
	return true;
}

/* Put the newest in its place by time: two captures are read one after the other. What the
 * relay has settled is not overtaken. */
static void sort_newest(struct seen_queue *queue)
{
	for (size_t i = queue->count - 1; i > 0; i--) {
		struct seen **newer = seen_at(queue, i), **older = seen_at(queue, i - 1);
		struct seen *swap = *newer;

		if ((*older)->packet.time <= swap->packet.time || (*older)->tracked)
			return;
		*newer = *older;
		*older = swap;
	}
}

/* Between two kernels nobody but us sends in the other host's name here. */
static bool is_passed(const struct stage *stage, int host, const uint8_t *bytes, size_t len)
{
	enum { ETH_SRC_AT = 6 };

	return stage->ports[1 - host].capture && len >= ETH_HEADER &&
	       memcmp(bytes + ETH_SRC_AT, stage->world.hosts[1 - host].mac, 6) == 0;
}

/* The capture that is being read, and how many frames of it were news. */
struct collecting {
	struct stage *stage;
	int host;
	int count;
};

static void collect_frame(void *context, const uint8_t *bytes, size_t len, int64_t time)
{
	struct collecting *collecting = context;
	struct stage *stage = collecting->stage;
	struct port *port = &stage->ports[collecting->host];
	struct packet packet;
	struct seen *seen;

	note_due(stage, time);
	if (take_own(port, bytes, len, time)) {
		collecting->count++;
		return;
	}
	if (is_passed(stage, collecting->host, bytes, len)) {
		port->passed = time;
		return;
	}
	decode(bytes, len, time, &packet);
	if (packet.class == PACKET_NOISE)
		return;
	seen = seen_push(&stage->arrived, bytes, len);
	seen->packet = packet;
	seen->from = host_of(stage, &packet);
	kept_packet(&stage->kept, seen->from, &packet);
	sort_newest(&stage->arrived);
	collecting->count++;
}

int stage_collect_port(struct stage *stage, int host)
{
	struct collecting collecting = { .stage = stage, .host = host };
	char why[CAPTURE_ERROR_LEN];

	if (capture_read(stage->ports[host].capture, collect_frame, &collecting, why) < 0)
		return stage_fail(stage, -EIO, "cannot capture on the wire", why);
	return collecting.count;
}

static int collect_frames(struct stage *stage, const struct pollfd fds[PLAN_HOSTS])
{
	int count = 0;

	for (int i = 0; i < PLAN_HOSTS; i++) {
		int rc = fds[i].revents ? stage_collect_port(stage, i) : 0;

		if (rc < 0)
			return rc;
		count += rc;
	}
	return count;
}

int64_t stage_lost(const struct stage *stage)
{
	int64_t lost = 0;

	for (int i = 0; i < PLAN_HOSTS; i++)
		if (stage->ports[i].capture)
			lost += capture_lost(stage->ports[i].capture);
	return lost;
}

static void note_socket(struct stage *stage, int socket, const struct probe_reply *reply)
{
	if (socket == NO_INDEX)
		return;

	struct socket_view *view = &stage->sockets[socket];

	if (reply->inode)
		view->inode = reply->inode;
	if (reply->local.family)
		view->local = reply->local;
	if (reply->remote.family)
		view->remote = reply->remote;
}

/* The reply's data are the probe's until the next one. */
static void keep_reply(struct caller *caller, const struct probe_reply *reply)
{
	uint8_t *data = malloc(reply->data_len + 1);

	if (!data)
		abort();
	if (reply->data_len)
		memcpy(data, reply->data, reply->data_len);
	free(caller->data);
	caller->data = data;
	caller->reply = *reply;
	caller->reply.data = data;
}

/* A caller was to do something from @since on, and did it at the time @at. It told us after we had last
 * gone to sleep: if that was later, it did not get to tell. @own: how much of that it has worked itself */
static void note_caller(struct stage *stage, int index, int64_t since, int64_t at, int64_t own)
{
	kept_add(&stage->kept, KEPT_FROM_WORK, stage->plan->callers[index].host, since,
		 (stage->slept > at ? stage->slept : at) - own, 0);
}

/* Keep a reply with its caller, and in the record. */
static void note_reply(struct stage *stage, int index, const struct probe_reply *reply)
{
	struct caller *caller = &stage->callers[index];
	int64_t woken;

	if (reply->step >= 0) {
		const struct plan_call *call = stage->plan->steps[reply->step].call;

		note_socket(stage, call->makes != NO_INDEX ? call->makes : call->socket, reply);
	}
	if (reply->kind == PROBE_ENTERED) {
		caller->entered = true;
		note_caller(stage, index, caller->given, reply->started, reply->prepared);
		return;
	}
	note_due(stage, reply->returned);
	woken = reply->returned - reply->run_delay;
	note_caller(stage, index, woken, reply->returned, 0);
	if (reply->ret < 0 && (reply->err == EAGAIN || reply->err == ETIMEDOUT))
		kept_news(&stage->kept, woken); /* somebody's time was up */
	caller->running = false;
	caller->unclaimed = true;
	keep_reply(caller, reply);

	if (reply->step < 0) /* a question of ours: the asker records it */
		return;

	struct event event = {
		.kind = EVENT_RESULT,
		.step = reply->step,
		.time = reply->returned,
		.blob_len = (uint32_t)reply->data_len,
		.u.result = {
			.caller = index, .started = reply->started, .ret = reply->ret,
			.value = reply->value, .err = reply->err, .sigpipe = reply->sigpipe,
			.queued_errno = reply->queued_errno, .icmp_type = reply->icmp_type,
			.icmp_code = reply->icmp_code, .answer = reply->answer,
		},
	};

	stage_emit(stage, &event, reply->data);
}

static int probe_gone(struct stage *stage, int index)
{
	const struct plan_caller *caller = &stage->plan->callers[index];

	snprintf(stage->error, sizeof(stage->error), "the probe of %s died",
		 stage->plan->hosts[caller->host].name);
	return -EPIPE;
}

bool stage_probe_lost(struct stage *stage)
{
	for (int i = 0; i < stage->plan->n_hosts; i++) {
		const struct probe *probe = &stage->home->probes[i];
		const char *what = probe_dying(probe)     ? "died"
				   : probe_stopped(probe) ? "hangs: its process is stopped"
							  : NULL;

		if (!what)
			continue;
		snprintf(stage->error, sizeof(stage->error), "the probe of %s %s",
			 stage->plan->hosts[i].name, what);
		return true;
	}
	return false;
}

/* @fds: of the callers */
static int collect_replies(struct stage *stage, const struct pollfd *fds)
{
	int count = 0;

	for (int i = 0; i < stage->plan->n_callers; i++) {
		struct probe *probe = &stage->home->probes[stage->plan->callers[i].host];
		struct probe_reply reply;
		int rc = 0;

		while (fds[i].revents && stage->callers[i].running &&
		       (rc = probe_reply(probe, i, &reply)) > 0) {
			note_reply(stage, i, &reply);
			count++;
		}
		if (rc < 0)
			return probe_gone(stage, i);
	}
	return count;
}

enum { POLL_CALLERS = PLAN_HOSTS, /* where they are in the array; then the record and programs */
       POLL_MAX = PLAN_HOSTS + PLAN_CALLERS_MAX + 1 + PLAN_PROGRAMS_MAX * PROGRAM_FDS };

/* What to wait for. The record only if the suite is behind: a program's descriptors come and go
 * while nothing of interest happens. Return: how many. */
static nfds_t listen_to(const struct stage *stage, struct pollfd fds[POLL_MAX])
{
	nfds_t n = 0;

	for (int i = 0; i < PLAN_HOSTS; i++)
		fds[n++] = (struct pollfd){
			.fd = stage->ports[i].capture ? capture_fd(stage->ports[i].capture) : -1,
			.events = POLLIN,
		};
	for (int i = 0; i < stage->plan->n_callers; i++)
		fds[n++] = (struct pollfd){
			.fd = stage->home->probes[stage->plan->callers[i].host].fds[i],
			.events = stage->callers[i].running ? POLLIN : 0,
		};
	if (stage->out.len)
		fds[n++] = (struct pollfd){ .fd = stage->events, .events = POLLOUT };
	return n + programs_poll(stage, fds + n);
}

/* Take what ppoll() has found. Return: how many things, or -errno. */
static int collect(struct stage *stage, const struct pollfd *fds)
{
	int frames = collect_frames(stage, fds);

	if (frames < 0)
		return frames;

	int replies = collect_replies(stage, fds + POLL_CALLERS);

	if (replies < 0)
		return replies;

	int programs = programs_collect(stage);

	if (programs < 0 || frames + replies + programs > 0)
		return programs < 0 ? programs : frames + replies + programs;
	for (int i = 0; i < stage->plan->n_callers; i++)
		if (fds[POLL_CALLERS + i].revents & (POLLHUP | POLLERR | POLLNVAL))
			return probe_gone(stage, i);
	return 0;
}

/* ppoll() until there is news, for @timeout at most (NULL: for ever). Return: 0 or -errno. */
static int await_news(struct stage *stage, struct pollfd fds[POLL_MAX],
		      const struct timespec *timeout)
{
	const nfds_t n = listen_to(stage, fds);

	if (ppoll(fds, n, timeout, NULL) >= 0)
		return 0;
	for (nfds_t i = 0; i < n; i++)
		fds[i].revents = 0;
	return errno == EINTR ? 0 : stage_fail(stage, -errno, "poll", strerror(errno));
}

int stage_collect(struct stage *stage)
{
	const struct timespec at_once = { 0 };
	struct pollfd fds[POLL_MAX];
	int rc = await_news(stage, fds, &at_once);

	return rc < 0 ? rc : collect(stage, fds);
}

/* ---- waiting ---- */

/* In virtual time nobody is ever late: nothing is reckoned, and no clock is read for it. */
static bool counts_lateness(const struct stage *stage)
{
	return !stage->plan->clock.is_virtual;
}

static void note_awake(struct stage *stage, int64_t now)
{
	stage->awake = now;
	stage->awake_cpu = clock_cpu_ns();
}

void stage_begin(struct stage *stage, int64_t now)
{
	stage->kept = (struct kept){ .step = NO_INDEX };
	stage->work_due = TIME_NEVER;
	if (counts_lateness(stage))
		note_awake(stage, now);
}

/* We are about to wait, after some work. Did we get to do it? */
static void note_work(struct stage *stage)
{
	int64_t now = clock_real_ns(), before = stage->awake, cpu_before = stage->awake_cpu;

	if (now - before < NS_PER_MS)
		return;
	note_awake(stage, now);
	kept_worked(&stage->kept, before, now, stage->awake_cpu - cpu_before);
}

void stage_account(struct stage *stage)
{
	if (stage->awake && counts_lateness(stage)) /* the play has begun */
		note_work(stage);
}

/* ppoll() has returned, and what has come was collected: is that later than it was due? */
static void note_wake(struct stage *stage, int64_t slept, int64_t deadline)
{
	int64_t work = stage->work_due;

	if (stage->earliest && stage->earliest < work)
		work = stage->earliest;
	kept_woke(&stage->kept, deadline, work > slept ? work : slept, stage->awake);
}

/* Sleep until @deadline or news. Return: as stage_wait(), but 0 for anything else, too. */
static int sleep_once(struct stage *stage, int64_t slept, int64_t deadline)
{
	const struct timespec timeout = ns_to_timespec(deadline - slept);
	struct pollfd fds[POLL_MAX];
	int rc = await_news(stage, fds, deadline == TIME_NEVER ? NULL : &timeout);

	if (rc < 0)
		return rc;
	if (counts_lateness(stage)) {
		stage->slept = slept;
		note_awake(stage, clock_real_ns());
	}
	stage->earliest = 0;
	rc = collect(stage, fds);
	if (counts_lateness(stage))
		note_wake(stage, slept, deadline);
	return rc;
}

int stage_wait(struct stage *stage, int64_t deadline)
{
	int rc = 0;

	if (counts_lateness(stage)) {
		rc = stage_collect(stage); /* what is there need not wait until the record is written */
		note_work(stage);
	}
	while (rc == 0) {
		int64_t now = clock_real_ns();

		if (now >= deadline)
			return stage_collect(stage);
		rc = tell(stage); /* who watches the record sees what came before the wait */
		if (rc == 0)
			rc = sleep_once(stage, now, deadline);
	}
	return rc;
}

/* ---- acting ---- */

/* In the name of host @from, to the other one. */
static int put_on_wire(struct stage *stage, int from, const uint8_t *frame, size_t len)
{
	char why[CRAFT_ERROR_LEN];
	int rc = sender_send(stage->ports[1 - from].sender, frame, len, why);

	return rc < 0 ? stage_fail(stage, rc, "cannot send on the wire", why) : 0;
}

int stage_pass(struct stage *stage, int from, const uint8_t *frame, size_t len)
{
	return put_on_wire(stage, from, frame, len);
}

const struct seen *stage_last_sent(const struct stage *stage, int from)
{
	return stage->ports[1 - from].last_sent;
}

int stage_send(struct stage *stage, int from, const uint8_t *frame, size_t len)
{
	struct port *port = &stage->ports[1 - from];
	int64_t deadline = clock_real_ns() + own_frame_patience;
	int rc;

	seen_push(&port->unseen, frame, len)->from = from;
	rc = put_on_wire(stage, from, frame, len);
	if (rc == 0) /* a frame is captured while it is sent */
		rc = stage_collect_port(stage, 1 - from);
	while (rc >= 0 && port->unseen.count) {
		rc = stage_wait(stage, deadline);
		if (rc == 0)
			return stage_fail(stage, -EIO, "cannot send on the wire",
				    "the packet never showed up in the capture");
	}
	if (rc >= 0)
		decode(port->last_sent->frame, port->last_sent->len, port->last_sent->packet.time,
		       &port->last_sent->packet);
	return rc < 0 ? rc : 0;
}

int stage_call(struct stage *stage, const struct plan_call *call, int step)
{
	struct caller *caller = &stage->callers[call->caller];
	struct probe *probe = &stage->home->probes[stage->plan->callers[call->caller].host];
	int64_t given = clock_real_ns();
	int rc = probe_call(probe, stage->plan, call, step);

	if (rc == -EPIPE)
		return probe_gone(stage, call->caller);
	if (rc < 0)
		return stage_fail(stage, rc, "cannot reach the probe", strerror(-rc));
	caller->step = step;
	caller->given = given;
	caller->running = true;
	caller->entered = false;
	caller->unclaimed = false;
	return 0;
}

/* ---- asking ---- */

static struct probe_address end_of(const struct stage *stage, int host, uint16_t port)
{
	const struct world_host *place = &stage->world.hosts[host];
	bool v6 = stage->plan->ip == IP_V6;
	struct probe_address end = { .family = v6 ? 6 : 4, .port = port };

	memcpy(end.bytes, v6 ? place->ip6 : place->ip4, v6 ? 16 : 4);
	return end;
}

int stage_connection(struct stage *stage, int host, const uint16_t port[PLAN_HOSTS],
		     struct sock_info *info)
{
	struct probe_address local = end_of(stage, host, port[host]);
	struct probe_address remote = end_of(stage, 1 - host, port[1 - host]);

	return sockdiag_find(stage->diags[host], &local, &remote, info);
}

void stage_abort(struct stage *stage, int host, const uint16_t port[PLAN_HOSTS])
{
	struct probe_address local = end_of(stage, host, port[host]);
	struct probe_address remote = end_of(stage, 1 - host, port[1 - host]);

	if (stage->diags[host])
		sockdiag_abort(stage->diags[host], &local, &remote);
}

int stage_socket(struct stage *stage, int socket, struct sock_info *info)
{
	const struct socket_view *view = &stage->sockets[socket];
	struct sockdiag *diag = stage->diags[stage->plan->sockets[socket].host];

	if (view->local.family && view->remote.family) {
		int rc = sockdiag_find(diag, &view->local, &view->remote, info);

		if (rc != 0)
			return rc;
	}
	return view->inode ? sockdiag_find_inode(diag, view->inode, info) : 0;
}

int stage_listens(struct stage *stage, int host, uint16_t port)
{
	const struct probe_address address = end_of(stage, host, port);

	return sockdiag_listens(stage->diags[host], &address, port);
}

struct route stage_route(const struct stage *stage, int from)
{
	const struct world_host *src = &stage->world.hosts[from];
	const struct world_host *dst = &stage->world.hosts[1 - from];
	struct route route = { .ip = stage->plan->ip == IP_V6 ? 6 : 4 };

	memcpy(route.eth_src, src->mac, 6);
	memcpy(route.eth_dst, dst->mac, 6);
	memcpy(route.src.bytes, route.ip == 6 ? src->ip6 : src->ip4, route.ip == 6 ? 16 : 4);
	memcpy(route.dst.bytes, route.ip == 6 ? dst->ip6 : dst->ip4, route.ip == 6 ? 16 : 4);
	return route;
}
