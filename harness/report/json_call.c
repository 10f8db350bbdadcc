/* json_call: see json_call.h. Numbers that have names are names; -1, the return value, is not. */
#include "report/json_call.h"

#include "base/strbuf.h"
#include "plan/names.h"
#include "run/call_text.h"
#include "run/constants.h"

#include <fcntl.h>
#include <sys/socket.h>

static void put_bits(struct json_maker *maker, json_t *object, const char *key, int64_t bits,
		     void (*text)(int64_t, struct strbuf *))
{
	struct strbuf names = STRBUF_INIT;

	text(bits, &names);
	put_strbuf(maker, object, key, &names);
}

/* ---- arguments ---- */

static void put_payload(struct json_maker *maker, json_t *args, const struct plan_call *call)
{
	if (call->data)
		put_bytes(maker, args, "data", call->data, call->data_len);
	else
		put_number(maker, args, "count", call->args[0]);
	put_bits(maker, args, "flags", call->args[1], msg_flags_text);
}

static void put_option(struct json_maker *maker, json_t *args, const struct plan_call *call)
{
	put_name(maker, args, "option", sockopt_name(call->args[0], call->args[1]), call->args[1]);
	put_number(maker, args, "level", call->args[0]);
	if (call->id == CALL_GETSOCKOPT)
		return;
	if (call->data) {
		put_bytes(maker, args, "value", call->data, call->data_len);
	} else if (call->args[0] == SOL_SOCKET && call->args[1] == SO_LINGER) {
		put_number(maker, args, "onoff", call->args[2] >> 32);
		put_number(maker, args, "linger", call->args[2] & 0xffffffff);
	} else {
		put_number(maker, args, "value", call->args[2]);
	}
}

static void put_address(struct json_maker *maker, json_t *args, const struct plan *plan,
			const struct plan_call *call)
{
	struct strbuf address = STRBUF_INIT;

	plan_address_text(plan, &call->address, &address);
	put_strbuf(maker, args, "address", &address);
}

static void put_fcntl(struct json_maker *maker, json_t *args, const struct plan_call *call)
{
	put_name(maker, args, "command", fcntl_name(call->args[0]), call->args[0]);
	if (call->args[0] == F_SETFL)
		put_bits(maker, args, "flags", call->args[1], open_flags_text);
}

static void put_args(struct json_maker *maker, json_t *args, const struct plan *plan,
		     const struct plan_call *call)
{
	switch (call->id) {
	case CALL_SOCKET:
	case CALL_ACCEPT:
		put_bool(maker, args, "nonblocking", call->nonblocking);
		break;
	case CALL_BIND:
	case CALL_CONNECT:
		put_address(maker, args, plan, call);
		break;
	case CALL_LISTEN:
		if (call->makes != NO_INDEX)
			put_number(maker, args, "port", call->address.port);
		put_number(maker, args, "backlog", call->args[0]);
		break;
	case CALL_READ:
	case CALL_RECV:
	case CALL_RECVMSG:
		put_number(maker, args, "count", call->args[0]);
		put_bits(maker, args, "flags", call->args[1], msg_flags_text);
		break;
	case CALL_WRITE:
	case CALL_SEND:
	case CALL_SENDFILE:
		put_payload(maker, args, call);
		break;
	case CALL_SHUTDOWN:
		put_name(maker, args, "how", shutdown_name(call->args[0]), call->args[0]);
		break;
	case CALL_SETSOCKOPT:
	case CALL_GETSOCKOPT:
		put_option(maker, args, call);
		break;
	case CALL_POLL:
		put_bits(maker, args, "events", call->args[0], poll_events_text);
		put_number(maker, args, "timeout_ms", call->args[1]);
		break;
	case CALL_FCNTL:
		put_fcntl(maker, args, call);
		break;
	case CALL_IOCTL:
		put_name(maker, args, "request", ioctl_name(call->args[0]), call->args[0]);
		break;
	case CALL_CLOSE:
	case CALL_NONBLOCKING:
	case CALL_GETSOCKNAME:
	case CALL_GETPEERNAME:
	case N_CALLS:
		break;
	}
}

static const char *socket_name(const struct plan *plan, int socket)
{
	return socket >= 0 && socket < plan->n_sockets ? plan->sockets[socket].name : NULL;
}

void json_add_call(struct json_maker *maker, json_t *object, const struct plan *plan, int step,
		   int caller)
{
	const struct plan_call *call = step_call(plan, step);
	struct strbuf who = STRBUF_INIT, text = STRBUF_INIT;

	if (caller >= 0 && caller < plan->n_callers)
		put_text(maker, object, "host", plan->hosts[plan->callers[caller].host].name);
	caller_text(plan, caller, &who);
	put_strbuf(maker, object, "caller", &who);
	if (!call)
		return;
	put_text(maker, object, "call", call_name(call->id));
	call_text(plan, call, &text);
	put_strbuf(maker, object, "text", &text);
	if (socket_name(plan, call->socket))
		put_text(maker, object, "socket", socket_name(plan, call->socket));
	if (socket_name(plan, call->makes))
		put_text(maker, object, "makes", socket_name(plan, call->makes));

	json_t *args = json_object();

	put_args(maker, args, plan, call);
	put(maker, object, "args", args);
}

/* ---- results ---- */

static void put_queued(struct json_maker *maker, json_t *object, const struct event *event)
{
	json_t *queued = json_object();

	put_name(maker, queued, "errno", errno_name(event->u.result.queued_errno),
		 event->u.result.queued_errno);
	put_number(maker, queued, "icmp_type", event->u.result.icmp_type);
	put_number(maker, queued, "icmp_code", event->u.result.icmp_code);
	put(maker, object, "queued", queued);
}

/* What the call gave besides its return value. */
static void put_value(struct json_maker *maker, json_t *object, const struct plan *plan,
		      const struct plan_call *call, const struct event *event)
{
	struct strbuf address = STRBUF_INIT;

	if (call->id == CALL_POLL)
		put_bits(maker, object, "revents", event->u.result.value, poll_events_text);
	else if (call->id == CALL_FCNTL && call->args[0] == F_GETFL)
		put_bits(maker, object, "flags", event->u.result.value, open_flags_text);
	else if (call->id == CALL_GETSOCKOPT || call->id == CALL_IOCTL)
		put_number(maker, object, "value", event->u.result.value);
	if (event->u.result.answer.family) {
		endpoint_text(plan, &event->u.result.answer, &address);
		put_strbuf(maker, object, "address", &address);
	}
}

void json_add_result(struct json_maker *maker, json_t *object, const struct plan *plan,
		     const struct record *record, size_t index)
{
	const struct event *event = &record->events[index];
	const void *data = record->blobs[index];
	const struct plan_call *call = step_call(plan, event->step);
	struct strbuf text = STRBUF_INIT;

	put_number(maker, object, "started_ns", event->u.result.started - record->begin);
	put_number(maker, object, "ret", event->u.result.ret);
	if (event->u.result.ret < 0)
		put_name(maker, object, "errno", errno_name(event->u.result.err),
			 event->u.result.err);
	put_bool(maker, object, "sigpipe", event->u.result.sigpipe);
	if (call && event->u.result.ret >= 0)
		put_value(maker, object, plan, call, event);
	if (event->u.result.queued_errno > 0)
		put_queued(maker, object, event);
	if (event->blob_len > 0)
		put_bytes(maker, object, "data", data, event->blob_len);
	result_text(plan, call, event, data, &text);
	put_strbuf(maker, object, "result", &text);
}
