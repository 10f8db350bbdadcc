/* play_ask: questions: what the kernel knows of a host's sockets.
 *
 * Nothing tells when an answer changes, so a question is asked again: at once after anything
 * that happens on the wire, else at intervals that grow to 10 ms. An answer is judged by the
 * times between which it must have changed: the last question before and the first one after.
 *
 * Netlink answers without the host's help, and counters are read off files of its namespace.
 * SO_ERROR and readability take a call, which a caller of the questions' own makes, whatever the
 * others are sleeping in.
 */
#include "run/blame.h"
#include "run/patience.h"

#include "base/clock.h"
#include "plan/counters.h"
#include "plan/names.h"
#include "plan/tcp_info.h"
#include "run/call_text.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>

enum { SOCKETS_SHOWN = 4096 }; /* of the answer to `sockets`: what fits into a blob */

static const int64_t look_again_first = 50 * NS_PER_US;
static const int64_t look_again_last = 10 * NS_PER_MS;

/* What came of asking. */
struct answer {
	struct event event;    /* EVENT_ASK, without its blob */
	struct sock_list list; /* (owned) sockets */
	int64_t asked, told;   /* it was so at some time between */
};

/* ---- asking ---- */

/* The socket that @question is about. Return: 1, 0 when there is none, -errno. */
static int find_socket(struct engine *engine, const struct plan_question *question,
		       struct sock_info *info)
{
	int main_flow = engine->plan->n_flows ? 0 : NO_INDEX;
	int flow = question->named ? question->flow : main_flow;

	if (flow != NO_INDEX && engine->connections.of_plan[flow]->begun)
		return stage_connection(&engine->stage, question->host,
					connection_meant(&engine->connections, flow)->wire.port, info);
	if (question->socket != NO_INDEX)
		return stage_socket(&engine->stage, question->socket, info);
	return 0;
}

static int kernel_major(void)
{
	struct utsname name;

	return uname(&name) == 0 ? (int)strtol(name.release, NULL, 10) : 0;
}

/* A field of the socket that was found last. */
static enum play ask_info(struct engine *engine, int step, struct answer *answer)
{
	const struct plan_question *question = engine->plan->steps[step].question;
	size_t len;
	const void *bytes = sockdiag_tcp_info(engine->stage.diags[question->host], &len);

	answer->event.u.ask.found = len > 0;
	if (!len || tcp_info_read(question->field, kernel_major(), bytes, len,
				  &answer->event.u.ask.answer))
		return PLAY_ON;
	return broken(engine,
		      "line %d: this kernel's struct tcp_info has %zu bytes, and no field '%s'",
		      source_line(engine->plan->source, engine->plan->steps[step].span.start), len,
		      tcp_info_name(question->field));
}

static enum play ask_kernel(struct engine *engine, int step, struct answer *answer)
{
	const struct plan_question *question = engine->plan->steps[step].question;
	struct sock_info info;
	int rc = find_socket(engine, question, &info);

	if (rc < 0)
		return broken(engine, "the kernel does not tell its sockets: %s", strerror(-rc));
	answer->event.u.ask.found = rc > 0;
	if (rc > 0)
		answer->event.u.ask.socket = info;
	if (question->id == ASK_STATE)
		answer->event.u.ask.answer = rc > 0 ? (int64_t)info.state : STATE_CLOSED;
	return rc > 0 && question->id == ASK_INFO ? ask_info(engine, step, answer) : PLAY_ON;
}

static enum play ask_sockets(struct engine *engine, int host, struct answer *answer)
{
	int rc = sockdiag_list(engine->stage.diags[host], &answer->list);

	if (rc < 0)
		return broken(engine, "the kernel does not tell its sockets: %s", strerror(-rc));
	answer->event.u.ask.answer = (int64_t)answer->list.count;
	answer->event.u.ask.found = true;
	return PLAY_ON;
}

/* Return: as snmp_read() */
static int read_counter(struct engine *engine, int step, int64_t *value)
{
	const struct plan_question *question = engine->plan->steps[step].question;

	return snmp_read(engine->stage.counters[question->host], counter_group(question->counter),
			 counter_own_name(question->counter), value);
}

/* What came of reading. @rc: of read_counter() */
static enum play counter_read(struct engine *engine, int step, int rc)
{
	const int counter = engine->plan->steps[step].question->counter;
	const char *name = counter_full_name(counter), *since = counter_since(counter);
	struct utsname kernel = { 0 };

	if (rc > 0)
		return PLAY_ON;
	if (rc < 0)
		return broken(engine, "the kernel does not tell its counter %s: %s", name,
			      strerror(-rc));
	uname(&kernel);
	if (!since)
		return broken(engine, "this kernel, %s, has no counter %s", kernel.release, name);
	return broken(engine, "this kernel, %s, has no counter %s: write 'needs kernel >= %s'",
		      kernel.release, name, since);
}

static enum play ask_counter(struct engine *engine, int step, struct answer *answer)
{
	const int rc = read_counter(engine, step, &answer->event.u.ask.answer);

	answer->event.u.ask.found = rc > 0;
	return counter_read(engine, step, rc);
}

/* Before anything is played: a scenario that asks for what is not there would only end later. */
enum play check_counters(struct engine *engine)
{
	const struct plan *plan = engine->plan;
	enum play play = PLAY_ON;

	for (int step = 0; step < plan->n_steps && play == PLAY_ON; step++) {
		int64_t value;

		if (plan->steps[step].kind != STEP_ASK ||
		    plan->steps[step].question->id != ASK_COUNTER)
			continue;
		play = counter_read(engine, step, read_counter(engine, step, &value));
		if (play != PLAY_ON)
			engine->step = step; /* the error's place */
	}
	return play;
}

/* SO_ERROR or poll(2), by the caller that is there for questions. */
static enum play ask_caller(struct engine *engine, int step, struct answer *answer)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];
	bool error = plan_step->question->id == ASK_ERROR;
	struct plan_call call = {
		.id = error ? CALL_GETSOCKOPT : CALL_POLL,
		.caller = plan_step->caller,
		.socket = plan_step->question->socket,
		.makes = NO_INDEX,
		.args = { error ? SOL_SOCKET : POLLIN, error ? SO_ERROR : 0 },
	};
	struct caller *caller = &engine->stage.callers[call.caller];
	enum play play;

	if (stage_call(&engine->stage, &call, QUESTION_STEP) < 0)
		return PLAY_BROKEN;
	play = await_call(engine, step, caller);
	caller->unclaimed = false;

	const struct probe_reply *reply = &caller->reply;

	answer->event.u.ask.answer = error ? reply->value : (reply->value & POLLIN) != 0;
	if (reply->ret < 0)
		answer->event.u.ask.answer = -reply->err;
	answer->event.u.ask.found = true;
	return play;
}

static enum play ask(struct engine *engine, int step, struct answer *answer)
{
	const struct plan_question *question = engine->plan->steps[step].question;
	enum play play = PLAY_ON;

	answer->event = (struct event){
		.kind = EVENT_ASK, .step = step,
		.u.ask = { .id = question->id, .host = question->host },
	};
	answer->asked = clock_real_ns();
	switch (question->id) {
	case ASK_STATE:
	case ASK_TIMER:
	case ASK_QUEUES:
	case ASK_INFO:
		play = ask_kernel(engine, step, answer);
		break;
	case ASK_SOCKETS:
		play = ask_sockets(engine, question->host, answer);
		break;
	case ASK_COUNTER:
		play = ask_counter(engine, step, answer);
		break;
	case ASK_ERROR:
	case ASK_READABLE:
		play = ask_caller(engine, step, answer);
		break;
	case N_QUESTIONS:
		break;
	}
	answer->told = answer->event.time = clock_real_ns();
	return play;
}

/* ---- judging ---- */

static bool lies_in(const struct plan_range *range, int64_t number)
{
	bool within = number >= range->low && number <= range->high;

	return !range->written || within != range->not;
}

static bool right_timer(const struct plan_result *expected, const struct sock_info *socket)
{
	return socket->timer == expected->number &&
	       lies_in(&expected->ranges[0], socket->timer_ms * NS_PER_MS) &&
	       lies_in(&expected->ranges[1], socket->retransmits);
}

static bool right_sockets(const struct plan_result *expected, const struct sock_list *list)
{
	int counts[N_STATES] = { 0 };

	if (!expected->counts)
		return lies_in(&expected->ranges[0], (int64_t)list->count);
	for (size_t i = 0; i < list->count; i++)
		if ((unsigned int)list->items[i].state < N_STATES)
			counts[list->items[i].state]++;
	return memcmp(counts, expected->counts, sizeof(counts)) == 0;
}

static bool right(const struct plan_step *step, const struct answer *answer)
{
	const struct plan_result *expected = &step->result;
	const struct sock_info *socket = &answer->event.u.ask.socket;
	int64_t number = answer->event.u.ask.answer;
	bool found = answer->event.u.ask.found;

	if (!step->answered)
		return true;
	switch (step->question->id) {
	case ASK_ERROR:
	case ASK_READABLE: /* a call that has failed has told nothing: it is a negative errno */
		return number >= 0 && compare_holds(expected->compare, number, expected->number);
	case ASK_STATE:
		return compare_holds(expected->compare, number, expected->number);
	case ASK_TIMER:
		return found && right_timer(expected, socket);
	case ASK_QUEUES:
		return found && lies_in(&expected->ranges[0], socket->recv_queue) &&
		       lies_in(&expected->ranges[1], socket->send_queue);
	case ASK_INFO:
		return found && lies_in(&expected->ranges[0], number);
	case ASK_SOCKETS:
		return right_sockets(expected, &answer->list);
	case ASK_COUNTER:
		return lies_in(&expected->ranges[0], number);
	case N_QUESTIONS:
		break;
	}
	return false;
}

/* SO_ERROR is told once: asking again would find 0 and call it right. */
static bool taken_away(const struct plan_question *question, const struct answer *answer)
{
	return question->id == ASK_ERROR && answer->event.u.ask.answer != 0;
}

/* ---- on record ---- */

static void note_answer(struct engine *engine, const struct answer *answer)
{
	struct event event = answer->event;
	size_t shown = answer->list.count < SOCKETS_SHOWN ? answer->list.count : SOCKETS_SHOWN;

	event.blob_len = (uint32_t)(shown * sizeof(*answer->list.items));
	stage_emit(&engine->stage, &event, shown ? answer->list.items : NULL);
}

static enum play wrong_answer(struct engine *engine, int step, const struct answer *answer)
{
	struct strbuf wanted = STRBUF_INIT, saw = STRBUF_INIT;
	enum play play;

	note_answer(engine, answer);
	ask_expected_text(&engine->plan->steps[step], &wanted);
	if (engine->plan->steps[step].result.counts)
		sock_states_text(answer->list.items, answer->list.count, &saw);
	else
		ask_text(engine->plan, &answer->event, &saw);
	play = blame_answer(engine, step, strbuf_text(&wanted), strbuf_text(&saw), &answer->list);
	strbuf_free(&wanted);
	strbuf_free(&saw);
	return play;
}

/* ---- when ---- */

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The longest pause between two questions while the answer is not due before @due. Asking costs a
 * guest kernel more than waiting does, so there it is asked less often as long as it is early; but
 * always at @due, so that what came too early is known to have. */
static int64_t longest_pause(const struct engine *engine, int64_t now, int64_t due)
{
	enum { SHARE = 16 };

	if (due <= now)
		return look_again_last;
	if (!engine->plan->clock.is_virtual || (due - now) / SHARE <= look_again_last)
		return earlier(due - now, look_again_last);
	return (due - now) / SHARE;
}

/* Ask until the answer is right (@wanted) or no longer right, for the last time at the end of @patience.
 * @due: before that it would be too early
 * @got: whether it came to that   @before: when it was last seen otherwise, 0: never */
static enum play ask_until(struct engine *engine, int step, bool wanted, int64_t due,
			   struct patience patience, struct answer *answer, bool *got,
			   int64_t *before)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];
	int64_t pause = look_again_first;
	bool timed_out;

	*before = 0;
	for (;;) {
		enum play play = ask(engine, step, answer);

		if (play != PLAY_ON)
			return play;
		*got = right(plan_step, answer) == wanted;
		if (*got || (answer->asked >= patience.until && patience_ends(engine, &patience)) ||
		    (wanted && taken_away(plan_step->question, answer)))
			return PLAY_ON;
		*before = answer->told;
		play = play_until(engine, earlier(answer->told + pause, patience.until),
				  &timed_out);
		if (play != PLAY_ON)
			return play;
		pause = timed_out ? earlier(2 * pause, longest_pause(engine, answer->told, due))
				  : look_again_first;
	}
}

/* "until": so it is now, and at the end of the time that is written it changes. */
static enum play play_change(struct engine *engine, int step, const struct window *window,
			     struct answer *answer)
{
	const int base_step = engine->event_step;
	int64_t before;
	bool changed;
	enum play play = ask_until(engine, step, false, window->low,
				   patience_beyond(engine, window), answer, &changed, &before);

	if (play != PLAY_ON)
		return play;
	note_answer(engine, answer);
	if (!changed)
		return blame_unchanged(engine, step, window, base_step);
	mark_event(engine, step, answer->told);
	if (answer->told < window->low || before > window->high)
		return blame_time(engine, step, "the change", answer->told, window, base_step);
	return PLAY_ON;
}

/* The time of the line was over before it was its turn: no answer is one of that time. What is too late
 * for us no tolerance can say, see left_in_time(). */
static bool is_over(const struct engine *engine, int step, const struct window *window, int64_t now)
{
	const int kind = (int)engine->plan->steps[step].time.kind;
	const int64_t late = engine->plan->clock.is_virtual
		? engine->plan->clock.jiffy
		: timeline_lateness(engine->plan, window->due - window->base);

	if (kind != TIME_AFTER && kind != TIME_AT && kind != TIME_BETWEEN)
		return false;
	return now > window->high && now > window->due + late;
}

static enum play play_question(struct engine *engine, int step, struct answer *answer)
{
	const int base_step = engine->event_step;
	const struct plan_step *plan_step = &engine->plan->steps[step];
	const struct window window = step_window(engine, step, 0);
	const bool until = plan_step->time.kind == TIME_UNTIL;
	struct patience patience = patience_from_now(engine);
	int64_t before;
	bool is_right, timed_out;
	enum play play = PLAY_ON;

	if (until && window.low < patience.latest)
		patience.latest = window.low;
	if (patience.until > patience.latest)
		patience.until = patience.latest;
	if (!until && window.high != INT64_MAX)
		patience = patience_until(window.high);
	while (!until && window.low != INT64_MIN && clock_real_ns() < window.due &&
	       play == PLAY_ON)
		play = play_until(engine, window.due, &timed_out);
	if (play == PLAY_ON && is_over(engine, step, &window, clock_real_ns()))
		return blame_time(engine, step, "the question", clock_real_ns(), &window, base_step);
	if (play == PLAY_ON)
		play = ask_until(engine, step, true, INT64_MIN, patience, answer, &is_right,
				 &before);
	if (play != PLAY_ON)
		return play;
	if (!is_right)
		return wrong_answer(engine, step, answer);
	note_answer(engine, answer);
	if (until)
		return play_change(engine, step, &window, answer);
	mark_event(engine, step, answer->told);
	return PLAY_ON;
}

enum play play_ask(struct engine *engine, int step)
{
	struct answer answer = { 0 };
	enum play play = play_question(engine, step, &answer);

	sock_list_free(&answer.list);
	return play;
}
