/* call_text: see call_text.h. */
#include "run/call_text.h"

#include "base/clock.h"
#include "base/strbuf.h"
#include "plan/names.h"
#include "run/constants.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

/* A read without a number asks for this many bytes: not worth saying. */
enum { READ_DEFAULT = 65536 };

const struct plan_step *step_at(const struct plan *plan, int step)
{
	return step >= 0 && step < plan->n_steps ? &plan->steps[step] : NULL;
}

const struct plan_call *step_call(const struct plan *plan, int step)
{
	const struct plan_step *at = step_at(plan, step);

	if (!at)
		return NULL;
	if (at->kind == STEP_CALL)
		return at->call;
	if (at->kind != STEP_ANSWER)
		return NULL;
	while (--step >= 0)
		if (plan->steps[step].kind == STEP_CALL && plan->steps[step].caller == at->caller)
			return plan->steps[step].call;
	return NULL;
}

/* ---- addresses ---- */

static const char *host_name(const struct plan *plan, int host)
{
	return host >= 0 && host < PLAN_HOSTS && plan->hosts[host].name ? plan->hosts[host].name
									: "?";
}

void plan_address_text(const struct plan *plan, const struct plan_address *address,
		       struct strbuf *out)
{
	const char *host = address->host == NO_INDEX ? "any" : host_name(plan, address->host);

	strbuf_printf(out, "%s:%u", host, address->port);
}

/* Whose address it is (plan.h tells them), NO_INDEX: no host's. */
static int address_host(const struct probe_address *address)
{
	static const uint8_t net4[4] = { 192, 0, 2, 0 };
	static const uint8_t net6[16] = { 0x20, 0x01, 0x0d, 0xb8 };
	const uint8_t *net = address->family == 4 ? net4 : net6;
	size_t last = address->family == 4 ? 3 : 15;
	int host = address->bytes[last] - 1;

	return memcmp(address->bytes, net, last) == 0 && host >= 0 && host < PLAN_HOSTS ? host
											: NO_INDEX;
}

void endpoint_text(const struct plan *plan, const struct probe_address *address,
		   struct strbuf *out)
{
	static const uint8_t zero[16];
	char text[INET6_ADDRSTRLEN] = "?";
	bool six = address->family == 6;
	int host = address_host(address);

	if (address->family == 0) {
		strbuf_puts(out, "no address");
	} else if (host != NO_INDEX) {
		strbuf_printf(out, "%s:%u", host_name(plan, host), address->port);
	} else if (memcmp(address->bytes, zero, six ? 16 : 4) == 0) {
		strbuf_printf(out, "any:%u", address->port);
	} else {
		inet_ntop(six ? AF_INET6 : AF_INET, address->bytes, text, sizeof(text));
		strbuf_printf(out, six ? "[%s]:%u" : "%s:%u", text, address->port);
	}
}

void caller_text(const struct plan *plan, int caller, struct strbuf *out)
{
	if (caller < 0 || caller >= plan->n_callers) {
		strbuf_puts(out, "?");
		return;
	}
	strbuf_puts(out, host_name(plan, plan->callers[caller].host));
	if (plan->callers[caller].name)
		strbuf_printf(out, "/%s", plan->callers[caller].name);
}

void compared_text(const struct plan_result *expected, struct strbuf *out)
{
	static const char *const signs[] = { "", "!= ", ">= ", "<= ", "> ", "< " };

	strbuf_printf(out, "%s%" PRId64, signs[expected->compare], expected->number);
}

/* ---- calls ---- */

static void name_or_number(const char *name, int64_t number, struct strbuf *out)
{
	if (name)
		strbuf_printf(out, " %s", name);
	else
		strbuf_printf(out, " %" PRId64, number);
}

static void add_flags(int64_t flags, struct strbuf *out)
{
	if (flags == 0)
		return;
	strbuf_puts(out, " flags ");
	msg_flags_text(flags, out);
}

static void read_text(const struct plan_call *call, struct strbuf *out)
{
	if (call->args[0] != READ_DEFAULT)
		strbuf_printf(out, " %" PRId64, call->args[0]);
	add_flags(call->args[1], out);
}

static void write_text(const struct plan_call *call, struct strbuf *out)
{
	strbuf_addch(out, ' ');
	if (call->data)
		strbuf_quote(out, call->data, call->data_len, CALL_TEXT_DATA);
	else
		strbuf_printf(out, "%" PRId64 " bytes", call->args[0]);
	add_flags(call->args[1], out);
}

static bool is_timeout(const struct plan_call *call)
{
	return call->args[0] == SOL_SOCKET &&
	       (call->args[1] == SO_RCVTIMEO || call->args[1] == SO_SNDTIMEO) &&
	       call->data_len == sizeof(struct timeval);
}

static void setsockopt_text(const struct plan_call *call, struct strbuf *out)
{
	int64_t value = call->args[2];

	if (call->data && is_timeout(call)) {
		const struct timeval *time = (const void *)call->data;
		int64_t ns = time->tv_sec * NS_PER_S + time->tv_usec * NS_PER_US;
		char duration[DURATION_LEN];

		strbuf_printf(out, " %s", format_duration(ns, duration));
	} else if (call->data) {
		strbuf_addch(out, ' ');
		strbuf_quote(out, call->data, call->data_len, CALL_TEXT_DATA);
	} else if (call->args[0] == SOL_SOCKET && call->args[1] == SO_LINGER) {
		strbuf_printf(out, " %" PRId64 " %" PRId64, value >> 32, value & 0xffffffff);
	} else {
		strbuf_printf(out, " %" PRId64, value);
	}
}

static void poll_text(const struct plan_call *call, struct strbuf *out)
{
	char duration[DURATION_LEN];

	strbuf_addch(out, ' ');
	poll_events_text(call->args[0], out);
	if (call->args[1] >= 0)
		strbuf_printf(out, " timeout %s",
			      format_duration(call->args[1] * NS_PER_MS, duration));
}

static void fcntl_text(const struct plan_call *call, struct strbuf *out)
{
	name_or_number(fcntl_name(call->args[0]), call->args[0], out);
	if (call->args[0] == F_SETFL) {
		strbuf_addch(out, ' ');
		open_flags_text(call->args[1], out);
	}
}

static void listen_text(const struct plan_call *call, struct strbuf *out)
{
	if (call->makes != NO_INDEX)
		strbuf_printf(out, " %u", call->address.port);
	strbuf_printf(out, " backlog %" PRId64, call->args[0]);
}

static void args_text(const struct plan *plan, const struct plan_call *call, struct strbuf *out)
{
	switch (call->id) {
	case CALL_SOCKET:
	case CALL_ACCEPT:
		strbuf_puts(out, call->nonblocking ? " nonblocking" : "");
		break;
	case CALL_BIND:
	case CALL_CONNECT:
		strbuf_addch(out, ' ');
		plan_address_text(plan, &call->address, out);
		break;
	case CALL_LISTEN:
		listen_text(call, out);
		break;
	case CALL_READ:
	case CALL_RECV:
	case CALL_RECVMSG:
		read_text(call, out);
		break;
	case CALL_WRITE:
	case CALL_SEND:
	case CALL_SENDFILE:
		write_text(call, out);
		break;
	case CALL_SHUTDOWN:
		name_or_number(shutdown_name(call->args[0]), call->args[0], out);
		break;
	case CALL_SETSOCKOPT:
		name_or_number(sockopt_name(call->args[0], call->args[1]), call->args[1], out);
		setsockopt_text(call, out);
		break;
	case CALL_GETSOCKOPT:
		name_or_number(sockopt_name(call->args[0], call->args[1]), call->args[1], out);
		break;
	case CALL_POLL:
		poll_text(call, out);
		break;
	case CALL_FCNTL:
		fcntl_text(call, out);
		break;
	case CALL_IOCTL:
		name_or_number(ioctl_name(call->args[0]), call->args[0], out);
		break;
	case CALL_CLOSE:
	case CALL_NONBLOCKING:
	case CALL_GETSOCKNAME:
	case CALL_GETPEERNAME:
	case N_CALLS:
		break;
	}
}

static void socket_text(const struct plan *plan, const char *word, int socket, struct strbuf *out)
{
	if (socket >= 0 && socket < plan->n_sockets && plan->sockets[socket].name)
		strbuf_printf(out, " %s %s", word, plan->sockets[socket].name);
}

void call_text(const struct plan *plan, const struct plan_call *call, struct strbuf *out)
{
	strbuf_puts(out, call_name(call->id));
	args_text(plan, call, out);
	if (call->socket != call->makes) /* `listen PORT` acts on the socket it makes */
		socket_text(plan, "on", call->socket, out);
	socket_text(plan, "as", call->makes, out);
}

/* ---- results ---- */

void errno_text(int64_t number, struct strbuf *out)
{
	const char *name = number >= 0 && number <= INT32_MAX ? errno_name((int)number) : NULL;

	if (name)
		strbuf_puts(out, name);
	else
		strbuf_printf(out, "errno %" PRId64, number);
}

/* What the call gave besides its return value, if that is what a reader wants to know. */
static void value_text(const struct plan *plan, const struct plan_call *call,
		       const struct event *result, const void *data, struct strbuf *out)
{
	enum call_id id = call ? call->id : N_CALLS;

	if (id == CALL_POLL && result->u.result.ret > 0)
		poll_events_text(result->u.result.value, out);
	else if (id == CALL_FCNTL && call->args[0] == F_GETFL)
		open_flags_text(result->u.result.value, out);
	else if (id == CALL_GETSOCKOPT || id == CALL_IOCTL)
		strbuf_printf(out, "%" PRId64, result->u.result.value);
	else if (id == CALL_GETSOCKNAME || id == CALL_GETPEERNAME)
		endpoint_text(plan, &result->u.result.answer, out);
	else
		strbuf_printf(out, "%" PRId64, result->u.result.ret);

	if (result->blob_len > 0 && data) {
		strbuf_addch(out, ' ');
		strbuf_quote(out, data, result->blob_len, CALL_TEXT_DATA);
	}
}

void result_text(const struct plan *plan, const struct plan_call *call, const struct event *result,
		 const void *data, struct strbuf *out)
{
	strbuf_puts(out, "= ");
	if (result->u.result.ret < 0) {
		strbuf_printf(out, "%" PRId64 " ", result->u.result.ret);
		errno_text(result->u.result.err, out);
	} else {
		value_text(plan, call, result, data, out);
	}
	if (result->u.result.sigpipe)
		strbuf_puts(out, " SIGPIPE");
	if (result->u.result.queued_errno > 0) {
		strbuf_puts(out, " queued ");
		errno_text(result->u.result.queued_errno, out);
		if (result->u.result.icmp_type >= 0)
			strbuf_printf(out, " icmp %d %d", result->u.result.icmp_type,
				      result->u.result.icmp_code);
	}
}
