/* play_probe: the lines of the peer probe: calls and their results.
 *
 * Invariant: every call's result is judged exactly once: by the line that writes it, by the
 * caller's next line, or by the end of the scenario. Nothing fails in silence.
 */
#include "run/blame.h"
#include "run/busy.h"
#include "run/patience.h"

#include "base/clock.h"
#include "plan/names.h"
#include "run/call_text.h"
#include "run/constants.h"

#include <errno.h>
#include <poll.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const int64_t look_again_first = 50 * NS_PER_US;
static const int64_t look_again_last = 10 * NS_PER_MS;

/* ---- results ---- */

/* fcntl F_GETFL: at least these flags; the access mode, when one is written, is exact. O_RDONLY
 * is no bit, and alone it stands for no flag at all. */
static bool has_flags(int64_t value, int64_t expected)
{
	if (expected == 0)
		return value == 0;
	if (expected & O_ACCMODE && (value & O_ACCMODE) != (expected & O_ACCMODE))
		return false;
	return (value & expected) == expected;
}

static bool gives_value(enum call_id id)
{
	return id == CALL_GETSOCKOPT || id == CALL_IOCTL;
}

static bool right_address(const struct engine *engine, const struct plan_address *expected,
			  const struct probe_address *saw)
{
	struct strbuf left = STRBUF_INIT, right = STRBUF_INIT;

	plan_address_text(engine->plan, expected, &left);
	endpoint_text(engine->plan, saw, &right);

	bool same = strcmp(strbuf_text(&left), strbuf_text(&right)) == 0;

	strbuf_free(&left);
	strbuf_free(&right);
	return same;
}

/* MSG_NOSIGNAL: this call may raise no signal, whatever it returns. */
static bool wants_no_signal(const struct plan_call *call)
{
	return call->id == CALL_SEND && (call->args[1] & MSG_NOSIGNAL);
}

/* Is @reply what @expected says of @call? */
static bool right_result(const struct engine *engine, const struct plan_call *call,
			 const struct plan_result *expected, const struct probe_reply *reply)
{
	bool failed = reply->ret < 0;

	if (expected->sigpipe && !reply->sigpipe)
		return false;
	if (reply->sigpipe && wants_no_signal(call))
		return false;
	if (expected->queued_errno &&
	    (reply->queued_errno != expected->queued_errno ||
	     (expected->icmp_type >= 0 && reply->icmp_type != expected->icmp_type) ||
	     (expected->icmp_code >= 0 && reply->icmp_code != expected->icmp_code)))
		return false;
	switch (expected->kind) {
	case RESULT_ERRNO:
		return failed && reply->err == expected->number;
	case RESULT_SUCCESS:
		return !failed;
	case RESULT_NUMBER:
		return !failed && compare_holds(expected->compare,
					   gives_value(call->id) ? reply->value : reply->ret,
					   expected->number);
	case RESULT_DATA:
		return !failed && (size_t)reply->ret == expected->data_len &&
		       reply->data_len == expected->data_len &&
		       (!expected->data_len ||
			memcmp(reply->data, expected->data, expected->data_len) == 0);
	case RESULT_EVENTS:
		return !failed && (call->id == CALL_POLL
					   ? reply->value == expected->number
					   : has_flags(reply->value, expected->number));
	case RESULT_ADDRESS:
		return !failed && right_address(engine, &expected->address, &reply->answer);
	case RESULT_STATE:
	case RESULT_YES_NO:
	case RESULT_TIMER:
	case RESULT_QUEUES:
	case RESULT_INFO:
	case RESULT_SOCKETS:
	case RESULT_COUNTER:
	case RESULT_CONTAINS:
	case RESULT_OUTPUT_END:
	case RESULT_SIGNAL:
		break; /* of questions and programs */
	}
	return false;
}

/* What a line expects, as it is written there. */
static void expected_result_text(const struct engine *engine, const struct plan_call *call,
				 const struct plan_result *expected, struct strbuf *out)
{
	switch (expected->kind) {
	case RESULT_SUCCESS:
		strbuf_puts(out, "ok");
		break;
	case RESULT_NUMBER:
		compared_text(expected, out);
		break;
	case RESULT_DATA:
		strbuf_quote(out, expected->data, expected->data_len, CALL_TEXT_DATA);
		break;
	case RESULT_ERRNO:
		strbuf_puts(out, errno_name((int)expected->number));
		break;
	case RESULT_EVENTS:
		if (call->id == CALL_POLL)
			poll_events_text(expected->number, out);
		else
			open_flags_text(expected->number, out);
		break;
	case RESULT_ADDRESS:
		plan_address_text(engine->plan, &expected->address, out);
		break;
	case RESULT_STATE:
	case RESULT_YES_NO:
	case RESULT_TIMER:
	case RESULT_QUEUES:
	case RESULT_INFO:
	case RESULT_SOCKETS:
	case RESULT_COUNTER:
	case RESULT_CONTAINS:
	case RESULT_OUTPUT_END:
	case RESULT_SIGNAL:
		break; /* of questions and programs */
	}
	if (expected->sigpipe)
		strbuf_puts(out, " SIGPIPE");
	if (expected->queued_errno)
		strbuf_printf(out, " queued %s", errno_name(expected->queued_errno));
	if (expected->queued_errno && expected->icmp_type >= 0)
		strbuf_printf(out, " icmp %d %d", expected->icmp_type, expected->icmp_code);
}

/* What came, in the same words. */
static void reply_text(const struct engine *engine, const struct plan_call *call,
		       const struct probe_reply *reply, struct strbuf *out)
{
	struct event event = {
		.kind = EVENT_RESULT,
		.u.result = { .ret = reply->ret, .value = reply->value, .err = reply->err,
			      .sigpipe = reply->sigpipe, .queued_errno = reply->queued_errno,
			      .icmp_type = reply->icmp_type, .icmp_code = reply->icmp_code,
			      .answer = reply->answer },
		.blob_len = (uint32_t)reply->data_len,
	};
	struct strbuf text = STRBUF_INIT;

	result_text(engine->plan, call, &event, reply->data, &text);
	strbuf_puts(out, strbuf_text(&text) + (strncmp(strbuf_text(&text), "= ", 2) ? 0 : 2));
	strbuf_free(&text);
}

/* Judge the result of the call of @call_step by what @step says of it. */
static enum play judge_result(struct engine *engine, int step, int call_step,
			      struct caller *caller)
{
	static const struct plan_result success = { .kind = RESULT_SUCCESS };
	const struct plan_step *plan_step = &engine->plan->steps[step];
	const struct plan_call *call = engine->plan->steps[call_step].call;
	const struct plan_result *expected = plan_step->answered ? &plan_step->result : &success;
	struct window window = step_window(engine, step, 0);
	int base_step = engine->event_step;
	int64_t returned = caller->reply.returned;

	caller->unclaimed = false;
	if (!right_result(engine, call, expected, &caller->reply)) {
		struct strbuf wanted = STRBUF_INIT, saw = STRBUF_INIT;

		expected_result_text(engine, call, expected, &wanted);
		reply_text(engine, call, &caller->reply, &saw);

		enum play play = blame_result(engine, step, call_step, &caller->reply,
					      strbuf_text(&wanted), strbuf_text(&saw));

		strbuf_free(&wanted);
		strbuf_free(&saw);
		return play;
	}
	if (step == engine->step) /* the result of a call that no line takes is no event of a line */
		mark_event(engine, step, returned);
	if (returned < window.low || returned > window.high)
		return blame_time(engine, step, call_name(call->id), returned, &window, base_step);
	return PLAY_ON;
}

/* Does a line of its own take this call's result? */
static bool claimed(const struct engine *engine, int call_step)
{
	return engine->plan->steps[call_step].answered ||
	       engine->plan->steps[call_step].answered_by != NO_INDEX;
}

enum play check_callers(struct engine *engine)
{
	for (int i = 0; i < engine->plan->n_callers; i++) {
		struct caller *caller = &engine->stage.callers[i];

		if (caller->unclaimed && caller->step >= 0 && !claimed(engine, caller->step) &&
		    caller->reply.ret < 0)
			return judge_result(engine, caller->step, caller->step, caller);
	}
	return check_programs(engine);
}

/* ---- calls ---- */

/* Not the kernel's fault: the probe does nothing but make calls. */
static enum play hangs(struct engine *engine, int host, const char *how)
{
	if (stage_probe_lost(&engine->stage))
		return PLAY_BROKEN;
	return too_busy(engine, "the probe of %s hangs: %s", engine->plan->hosts[host].name, how);
}

/* Patience is at its end and the call has not returned. Whose fault is it? The kernel's only if
 * the caller has made the call and sleeps in it. */
static enum play not_returned(struct engine *engine, int step, struct caller *caller)
{
	const int index = (int)(caller - engine->stage.callers);
	const int host = engine->plan->callers[index].host;

	if (!caller->entered)
		return hangs(engine, host, "its caller has not begun the call");
	if (probe_state(&engine->home.probes[host], index) == 'R')
		return hangs(engine, host, "its caller is neither asleep in the call nor back");
	return blame_running(engine, step, caller->step);
}

enum play await_call(struct engine *engine, int step, struct caller *caller)
{
	struct window window = step_window(engine, step, 0);
	struct patience patience = patience_beyond(engine, &window);
	bool timed_out = false;

	while (caller->running) {
		if (timed_out && patience_ends(engine, &patience))
			return not_returned(engine, step, caller);

		enum play play = play_until(engine, patience.until, &timed_out);

		if (play != PLAY_ON)
			return play;
	}
	return PLAY_ON;
}

/* Does the caller, which was given a call, sleep in it? Looking is all we can do: the kernel tells
 * nobody that a thread has gone to sleep. But a guest's time passes only while everybody in it
 * sleeps: there it is enough that some has. (And better: the names below /proc that looking leaves
 * behind are taken down by whoever buries a thread, and a guest kernel can get stuck in that:
 * shrink_dcache_parent() leaves the processor to nobody unless time passes.)
 * @waited: time has passed since it was found not to have returned */
static bool at_rest(const struct engine *engine, const struct plan_call *call, bool waited)
{
	if (!engine->stage.callers[call->caller].entered)
		return false;
	if (engine->plan->clock.is_virtual)
		return waited;
	return probe_asleep(&engine->home.probes[engine->plan->callers[call->caller].host],
			    call->caller);
}

/* Wait until the call has returned or sleeps in the kernel. It takes no time worth mentioning, or
 * the probe hangs. */
static enum play settle(struct engine *engine, const struct plan_call *call)
{
	struct caller *caller = &engine->stage.callers[call->caller];
	int64_t deadline = clock_real_ns() + 2 * NS_PER_S; /* whatever the scenario's patience is */
	int64_t pause = look_again_first;
	bool waited = false;

	while (caller->running && !at_rest(engine, call, waited)) {
		enum play play = play_until(engine, clock_real_ns() + pause, &waited);

		if (play != PLAY_ON)
			return play;
		if (caller->running && clock_real_ns() > deadline)
			return hangs(engine, engine->plan->callers[call->caller].host,
				     caller->entered ? "its caller does not come to rest in the call"
						     : "its caller has not begun the call");
		if (pause < look_again_last)
			pause *= 2;
	}
	return PLAY_ON;
}

/* A caller makes one call after the other: the one before must be over, and well. */
static enum play finish_call(struct engine *engine, struct caller *caller)
{
	if (caller->step < 0)
		return PLAY_ON;

	int before = caller->step;

	if (claimed(engine, before) && !caller->running)
		return PLAY_ON;

	enum play play = await_call(engine, before, caller);

	if (play == PLAY_ON && caller->unclaimed)
		play = judge_result(engine, before, before, caller);
	return play;
}

enum play play_call(struct engine *engine, int step)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];
	const struct plan_call *call = plan_step->call;
	struct caller *caller = &engine->stage.callers[call->caller];
	enum play play = finish_call(engine, caller);

	if (play != PLAY_ON)
		return play;

	struct event event = { .kind = EVENT_CALL, .step = step, .time = clock_real_ns(),
			       .u.call = { .caller = call->caller } };

	stage_emit(&engine->stage, &event, NULL);
	if (stage_call(&engine->stage, call, step) < 0)
		return PLAY_BROKEN;
	if (!plan_step->answered) {
		mark_event(engine, step, event.time);
		return settle(engine, call);
	}
	play = await_call(engine, step, caller);
	return play == PLAY_ON ? judge_result(engine, step, step, caller) : play;
}

enum play play_answer(struct engine *engine, int step)
{
	struct caller *caller = &engine->stage.callers[engine->plan->steps[step].caller];
	enum play play = await_call(engine, step, caller);

	return play == PLAY_ON ? judge_result(engine, step, caller->step, caller) : play;
}

enum play play_out_calls(struct engine *engine)
{
	for (int i = 0; i < engine->plan->n_callers; i++) {
		enum play play = finish_call(engine, &engine->stage.callers[i]);

		if (play != PLAY_ON)
			return play;
	}
	return PLAY_ON;
}
