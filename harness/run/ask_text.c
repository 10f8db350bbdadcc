/* ask_text: questions and answers in words, see call_text.h. */
#include "run/call_text.h"

#include "base/clock.h"
#include "base/strbuf.h"
#include "plan/counters.h"
#include "plan/names.h"
#include "plan/tcp_info.h"

#include <inttypes.h>

/* ---- parts ---- */

static void state_text(int64_t state, struct strbuf *out)
{
	const char *name = state >= 0 && state < N_STATES ? state_name((int)state) : NULL;

	if (name)
		strbuf_puts(out, name);
	else
		strbuf_printf(out, "state %" PRId64, state);
}

static void field_text(int field, int64_t value, struct strbuf *out)
{
	enum tcp_info_words kind = tcp_info_kind(field);

	if (kind == INFO_STATE)
		state_text(value, out);
	else if (kind == INFO_CA_STATE && ca_state_name(value))
		strbuf_puts(out, ca_state_name(value));
	else if (value == INT64_MAX) /* all bits of a rate set: not limited */
		strbuf_puts(out, "2^63 or more");
	else
		strbuf_printf(out, "%" PRId64, value);
}

static void timer_text(const struct sock_info *socket, struct strbuf *out)
{
	const char *name = timer_name(socket->timer);
	char left[DURATION_LEN];

	if (name)
		strbuf_puts(out, name);
	else
		strbuf_printf(out, "timer %u", socket->timer);
	if (socket->timer == TIMER_OFF)
		return;
	strbuf_printf(out, " %s, %u retransmission%s",
		      format_duration(socket->timer_ms * NS_PER_MS, left), socket->retransmits,
		      socket->retransmits == 1 ? "" : "s");
}

/* ---- answers ---- */

static const struct plan_question *question_of(const struct plan *plan, const struct event *asked)
{
	const struct plan_step *step = step_at(plan, asked->step);

	return step && step->kind == STEP_ASK ? step->question : NULL;
}

static void nothing_text(const struct event *asked, struct strbuf *out)
{
	if (asked->u.ask.id == ASK_INFO && asked->u.ask.socket.state)
		strbuf_printf(out, "not told of a socket in %s",
			      state_name((int)asked->u.ask.socket.state));
	else
		strbuf_puts(out, "not told: there is no such socket");
}

void ask_text(const struct plan *plan, const struct event *asked, struct strbuf *out)
{
	const struct plan_question *question = question_of(plan, asked);
	const struct sock_info *socket = &asked->u.ask.socket;
	int64_t answer = asked->u.ask.answer;

	switch (asked->u.ask.id) {
	case ASK_STATE:
		state_text(answer, out);
		return;
	case ASK_ERROR:
	case ASK_READABLE:
		if (answer < 0) /* the call that asked has failed */
			errno_text(-answer, out);
		else if (asked->u.ask.id == ASK_READABLE)
			strbuf_puts(out, answer ? "yes" : "no");
		else if (answer == 0)
			strbuf_puts(out, "0");
		else
			errno_text(answer, out);
		return;
	case ASK_SOCKETS:
	case ASK_COUNTER:
		strbuf_printf(out, "%" PRId64, answer);
		return;
	case ASK_TIMER:
	case ASK_QUEUES:
	case ASK_INFO:
	case N_QUESTIONS:
		break;
	}
	if (!asked->u.ask.found)
		nothing_text(asked, out);
	else if (asked->u.ask.id == ASK_TIMER)
		timer_text(socket, out);
	else if (asked->u.ask.id == ASK_QUEUES)
		strbuf_printf(out, "%u %u", socket->recv_queue, socket->send_queue);
	else
		field_text(question ? question->field : NO_INDEX, answer, out);
}

/* ---- what is expected ---- */

static void duration_text(int64_t ns, struct strbuf *out)
{
	char text[DURATION_LEN];

	strbuf_puts(out, format_duration(ns, text));
}

/* A number in words of its kind. */
struct wording {
	enum { AS_NUMBER, AS_TIME, AS_FIELD } kind;
	int field;
};

static void one_text(const struct wording *wording, int64_t number, struct strbuf *out)
{
	if (wording->kind == AS_TIME)
		duration_text(number, out);
	else if (wording->kind == AS_FIELD)
		field_text(wording->field, number, out);
	else
		strbuf_printf(out, "%" PRId64, number);
}

static void range_text(const struct plan_range *range, const struct wording *wording,
		       struct strbuf *out)
{
	bool has_low = range->low != INT64_MIN, has_high = range->high != INT64_MAX;

	if (range->not)
		strbuf_puts(out, "!= ");
	else if (!has_high)
		strbuf_puts(out, ">= ");
	else if (!has_low)
		strbuf_puts(out, "<= ");
	one_text(wording, has_low ? range->low : range->high, out);
	if (!has_low || !has_high || range->low == range->high)
		return;
	strbuf_puts(out, wording->kind == AS_TIME ? " to " : "..");
	one_text(wording, range->high, out);
}

static void timer_expected_text(const struct plan_result *result, struct strbuf *out)
{
	static const struct wording time = { AS_TIME, NO_INDEX }, number = { AS_NUMBER, NO_INDEX };

	strbuf_puts(out, timer_name((int)result->number));
	if (result->ranges[0].written) {
		strbuf_addch(out, ' ');
		range_text(&result->ranges[0], &time, out);
	}
	if (result->ranges[1].written) {
		strbuf_puts(out, result->ranges[0].written ? ", " : " ");
		range_text(&result->ranges[1], &number, out);
		strbuf_printf(out, " retransmission%s", result->ranges[1].high == 1 ? "" : "s");
	}
}

static void counts_text(const int counts[N_STATES], struct strbuf *out)
{
	const char *comma = "";

	for (int i = 0; i < N_STATES; i++) {
		if (!counts[i])
			continue;
		strbuf_printf(out, "%s%s", comma, state_name(i));
		if (counts[i] > 1)
			strbuf_printf(out, " x%d", counts[i]);
		comma = ", ";
	}
}

void ask_expected_text(const struct plan_step *step, struct strbuf *out)
{
	const struct plan_result *result = &step->result;
	const struct wording number = { AS_NUMBER, NO_INDEX };
	const struct wording field = { AS_FIELD, step->question->field };

	switch (step->question->id) {
	case ASK_STATE:
		state_text(result->number, out);
		break;
	case ASK_ERROR:
		if (result->number)
			errno_text(result->number, out);
		else
			strbuf_puts(out, "0");
		break;
	case ASK_READABLE:
		strbuf_puts(out, result->number ? "yes" : "no");
		break;
	case ASK_TIMER:
		timer_expected_text(result, out);
		break;
	case ASK_QUEUES:
		range_text(&result->ranges[0], &number, out);
		strbuf_addch(out, ' ');
		range_text(&result->ranges[1], &number, out);
		break;
	case ASK_INFO:
		range_text(&result->ranges[0], &field, out);
		break;
	case ASK_SOCKETS:
		if (result->counts)
			counts_text(result->counts, out);
		else
			range_text(&result->ranges[0], &number, out);
		break;
	case ASK_COUNTER:
		range_text(&result->ranges[0], &number, out);
		break;
	case N_QUESTIONS:
		break;
	}
}

/* ---- questions and sockets ---- */

void question_text(const struct plan *plan, const struct plan_question *question,
		   struct strbuf *out)
{
	const char *name = NULL;

	strbuf_puts(out, question_name(question->id));
	if (question->id == ASK_INFO && tcp_info_name(question->field))
		strbuf_printf(out, " %s", tcp_info_name(question->field));
	if (question->id == ASK_COUNTER && counter_name(question->counter))
		strbuf_printf(out, " %s", counter_name(question->counter));
	if (!question->named)
		return;
	if (question->socket >= 0 && question->socket < plan->n_sockets)
		name = plan->sockets[question->socket].name;
	else if (question->flow >= 0 && question->flow < plan->n_flows)
		name = plan->flows[question->flow].name;
	if (name)
		strbuf_printf(out, " on %s", name);
}

void sock_states_text(const struct sock_info *sockets, size_t count, struct strbuf *out)
{
	int counts[N_STATES] = { 0 };

	for (size_t i = 0; i < count; i++)
		if ((unsigned int)sockets[i].state < N_STATES)
			counts[sockets[i].state]++;
	counts_text(counts, out);
	if (!count)
		strbuf_puts(out, "none");
}

void sock_text(const struct plan *plan, const struct sock_info *socket, struct strbuf *out)
{
	const char *timer = timer_name(socket->timer);
	char left[DURATION_LEN];

	state_text((int64_t)socket->state, out);
	strbuf_printf(out, " %u %u ", socket->recv_queue, socket->send_queue);
	endpoint_text(plan, &socket->local, out);
	strbuf_addch(out, ' ');
	endpoint_text(plan, &socket->remote, out);
	if (socket->timer != TIMER_OFF)
		strbuf_printf(out, " timer:(%s,%s,%u)", timer ? timer : "unknown",
			      format_duration(socket->timer_ms * NS_PER_MS, left),
			      socket->retransmits);
}
