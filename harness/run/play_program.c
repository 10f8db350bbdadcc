/* play_program: the lines about programs.
 *
 * Invariant: nothing fails in silence. A program that exits with an error, or by a signal that no
 * line sent, fails the play unless some line takes its exit.
 */
#include "run/blame.h"
#include "run/busy.h"
#include "run/call_text.h"
#include "run/patience.h"

#include "base/clock.h"
#include "plan/names.h"
#include "plan/program_names.h"
#include "run/program_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

static const int64_t start_patience = 10 * NS_PER_S;
static const int64_t look_again_first = 500 * NS_PER_US;
static const int64_t look_again_last = 10 * NS_PER_MS;

enum { SHOWN = 200 /* bytes of output in a failure */ };

static const struct plan_deed *deed_of(const struct engine *engine, int step)
{
	return engine->plan->steps[step].deed;
}

static struct program_view *view_of(struct engine *engine, int step)
{
	return &engine->stage.programs[deed_of(engine, step)->program];
}

static const char *name_of(const struct engine *engine, int step)
{
	return program_name(engine->plan, deed_of(engine, step)->program);
}

/* Wait a little for news of programs: as long as there is @patience. Of news without end it may come
 * to its end, too. */
static enum play wait_for_news(struct engine *engine, struct patience *patience, bool *at_end)
{
	bool timed_out;
	enum play play;

	engine->stage.programs_wanted = true;
	play = play_until(engine, patience->until, &timed_out);
	engine->stage.programs_wanted = false;
	*at_end = patience_ends(engine, patience);
	return play;
}

/* What the line @step did. */
static void note_deed(struct engine *engine, int step, enum program_event what, int number,
		      const void *blob, size_t len)
{
	const struct plan_deed *deed = deed_of(engine, step);
	struct event event = {
		.kind = EVENT_PROGRAM, .step = step, .time = clock_real_ns(),
		.blob_len = (uint32_t)(len < OUTPUT_RECORDED ? len : OUTPUT_RECORDED),
		.u.program = { .what = what, .program = deed->program, .host = deed->host,
			       .serial = ++engine->stage.serial, .number = number },
	};

	stage_emit(&engine->stage, &event, blob);
	mark_event(engine, step, event.time);
}

/* The line @step has found what it waits for: it came at @time, told by event @serial. */
static enum play found(struct engine *engine, int step, uint64_t serial, int64_t time,
		       const char *what)
{
	struct window window = step_window(engine, step, 0);
	int base_step = engine->event_step;
	struct event event = {
		.kind = EVENT_CHECKED, .step = step, .time = time,
		.u.program = { .program = deed_of(engine, step)->program, .serial = serial },
	};

	stage_emit(&engine->stage, &event, NULL);
	mark_event(engine, step, time);
	if (time < window.low || time > window.high)
		return blame_time(engine, step, what, time, &window, base_step);
	return PLAY_ON;
}

/* Something else came than what was wanted, in these words, which are freed. */
static enum play blame_texts(struct engine *engine, int step, struct program_blame *what,
			     struct strbuf *text, struct strbuf *wanted, struct strbuf *saw)
{
	enum play play;

	what->text = strbuf_text(text);
	what->expected = strbuf_text(wanted);
	what->saw = strbuf_text(saw);
	play = blame_program(engine, step, what);
	strbuf_free(text);
	strbuf_free(wanted);
	strbuf_free(saw);
	return play;
}

/* ---- run ---- */

enum play check_installed(struct engine *engine)
{
	const struct plan *plan = engine->plan;

	for (int i = 0; i < plan->n_programs; i++) {
		const char *word = plan->programs[i].argv[0];

		if (program_installed(word))
			continue;
		snprintf(engine->stage.error, sizeof(engine->stage.error),
			 "needs %s, which is not installed", word);
		return PLAY_LACKING;
	}
	return PLAY_ON;
}

static enum play play_run(struct engine *engine, int step)
{
	const struct plan_deed *deed = deed_of(engine, step);
	struct program_view *view = view_of(engine, step);
	struct patience patience = patience_until(clock_real_ns() + start_patience);
	bool timed_out = false;
	enum play play = PLAY_ON;

	note_deed(engine, step, PROGRAM_RAN, 0, NULL, 0);
	if (programs_start(&engine->stage, deed->program, step) < 0)
		return PLAY_BROKEN;
	while (!view->executes && !view->err && !timed_out && play == PLAY_ON)
		play = wait_for_news(engine, &patience, &timed_out);
	if (play != PLAY_ON)
		return play;
	if (view->err)
		return broken(engine, "cannot run %s: cannot %s: %s",
			      engine->plan->programs[deed->program].argv[0], view->what,
			      strerror(view->err));
	if (!view->executes)
		return too_busy(engine, "%s does not start", name_of(engine, step));
	mark_event(engine, step, view->started_at);
	return PLAY_ON;
}

/* ---- stdin, kill ---- */

/* The program has exited, and @step wanted something of it. */
static enum play blame_exited(struct engine *engine, int step, const char *wanted)
{
	struct strbuf text = STRBUF_INIT;
	struct program_blame what = { .time = view_of(engine, step)->exited_at };
	enum play play;

	strbuf_printf(&text, "%s has exited (", name_of(engine, step));
	exit_text(view_of(engine, step)->status, &text);
	strbuf_printf(&text, ") before %s", wanted);
	what.text = strbuf_text(&text);
	play = blame_program(engine, step, &what);
	strbuf_free(&text);
	return play;
}

static enum play play_stdin(struct engine *engine, int step)
{
	const struct plan_deed *deed = deed_of(engine, step);
	struct program_view *view = view_of(engine, step);
	struct patience patience = patience_from_now(engine);
	char text[160];
	struct program_blame what = { .text = text };
	bool timed_out = false;
	enum play play = PLAY_ON;

	if (view->exited)
		return blame_exited(engine, step, "it was given this");
	snprintf(text, sizeof(text), "%s has closed its standard input", name_of(engine, step));
	if (view->input_ends) {
		snprintf(text, sizeof(text), "a line before has ended the standard input of %s",
			 name_of(engine, step));
		return blame_program(engine, step, &what);
	}
	programs_tell(&engine->stage, deed->program);
	note_deed(engine, step, deed->data ? PROGRAM_FED : PROGRAM_FED_END, 0, deed->data,
		  deed->data_len);
	programs_write(&engine->stage, deed->program, deed->data, deed->data_len);
	while (view->input.len && !view->input_refused && play == PLAY_ON) {
		if (timed_out) {
			snprintf(text, sizeof(text), "%s has left %zu bytes of its input unread",
				 name_of(engine, step), view->input.len);
			return blame_program(engine, step, &what);
		}
		play = wait_for_news(engine, &patience, &timed_out);
	}
	if (play != PLAY_ON)
		return play;
	if (view->input_refused)
		return blame_program(engine, step, &what);
	mark_event(engine, step, clock_real_ns());
	return PLAY_ON;
}

static enum play play_kill(struct engine *engine, int step)
{
	const struct plan_deed *deed = deed_of(engine, step);
	struct program_view *view = view_of(engine, step);
	int rc;

	/* of an end that nobody has waited for nothing is known before somebody asks */
	if (stage_collect(&engine->stage) < 0)
		return PLAY_BROKEN;
	if (view->exited)
		return blame_exited(engine, step, "it was sent the signal");
	view->signal_step = step;
	view->signaled_at = clock_real_ns();
	rc = program_signal(&view->program, deed->signal);
	if (rc < 0)
		return broken(engine, "cannot send a signal: %s", strerror(-rc));
	note_deed(engine, step, PROGRAM_SIGNALED, deed->signal, NULL, 0);
	return PLAY_ON;
}

/* ---- output ---- */

enum finding { NOT_YET, FOUND, DIFFERS };

/* Is what the line waits for there? @len: how much of the output it takes */
static enum finding look_at_output(const struct plan_result *expected,
				   const struct output_view *view, size_t *len)
{
	const char *text = strbuf_text(&view->unread);
	size_t have = view->unread.len, wanted = expected->data_len;
	const char *at;

	*len = 0;
	if (expected->kind == RESULT_OUTPUT_END)
		return have || view->lost ? DIFFERS : view->ended ? FOUND : NOT_YET;
	if (expected->kind == RESULT_CONTAINS) {
		at = memmem(text, have, expected->data, wanted);
		if (at)
			*len = (size_t)(at - text) + wanted;
	} else {
		*len = wanted;
		if (view->lost || memcmp(text, expected->data, have < wanted ? have : wanted) != 0)
			return DIFFERS;
		at = have >= wanted ? text : NULL;
	}
	return at ? FOUND : view->ended ? DIFFERS : NOT_YET;
}

static enum play blame_output(struct engine *engine, int step, const struct output_view *view)
{
	const struct plan_result *expected = &engine->plan->steps[step].result;
	const char *output = output_name(deed_of(engine, step)->output);
	struct strbuf wanted = STRBUF_INIT, saw = STRBUF_INIT, text = STRBUF_INIT;
	struct program_blame what = { .field = output };
	char lost[96];

	if (expected->kind == RESULT_CONTAINS)
		strbuf_puts(&wanted, "contains ");
	if (expected->kind == RESULT_OUTPUT_END)
		strbuf_puts(&wanted, "its end");
	else
		strbuf_quote(&wanted, expected->data, expected->data_len, SHOWN);
	if (view->unread.len)
		strbuf_quote(&saw, view->unread.text, view->unread.len, SHOWN);
	else
		strbuf_puts(&saw, "nothing");
	if (view->ended)
		strbuf_puts(&saw, ", then its end");
	strbuf_printf(&text, "the %s of %s is not what is expected", output, name_of(engine, step));
	if (view->lost) {
		snprintf(lost, sizeof(lost), "%llu bytes before these were not kept: too many",
			 (unsigned long long)view->lost);
		what.extra = lost;
	}
	return blame_texts(engine, step, &what, &text, &wanted, &saw);
}

static enum play play_output(struct engine *engine, int step)
{
	const struct plan_deed *deed = deed_of(engine, step);
	const struct plan_result *expected = &engine->plan->steps[step].result;
	struct output_view *view = &view_of(engine, step)->outputs[deed->output];
	struct window window = step_window(engine, step, 0);
	struct patience patience = patience_beyond(engine, &window);
	bool timed_out = false;
	size_t len;

	for (;;) {
		enum finding finding = look_at_output(expected, view, &len);

		if (finding == FOUND && len) {
			const struct output_mark mark = *output_mark(view, len);

			output_take(view, len);
			view->lost = 0;
			return found(engine, step, mark.serial, mark.time, output_name(deed->output));
		}
		if (finding == FOUND)
			return found(engine, step, 0, view->ended_at, "the end of the output");
		if (finding == DIFFERS || timed_out)
			return blame_output(engine, step, view);

		enum play play = wait_for_news(engine, &patience, &timed_out);

		if (play != PLAY_ON)
			return play;
	}
}

/* ---- exit ---- */

static bool right_exit(const struct plan_result *expected, int status)
{
	if (expected->kind == RESULT_SIGNAL)
		return WIFSIGNALED(status) && WTERMSIG(status) == expected->number;
	return WIFEXITED(status) &&
	       compare_holds(expected->compare, WEXITSTATUS(status), expected->number);
}

static void expected_exit_text(const struct plan_result *expected, struct strbuf *out)
{
	char name[SIGNAL_LEN];

	if (expected->kind == RESULT_SIGNAL)
		strbuf_puts(out, signal_name((int)expected->number, name));
	else
		compared_text(expected, out);
}

static enum play blame_exit(struct engine *engine, int step)
{
	struct program_view *view = view_of(engine, step);
	struct strbuf wanted = STRBUF_INIT, saw = STRBUF_INIT, text = STRBUF_INIT;
	struct program_blame what = { .field = "exit", .time = view->exited_at };

	expected_exit_text(&engine->plan->steps[step].result, &wanted);
	if (view->exited) {
		exit_text(view->status, &saw);
		strbuf_printf(&text, "%s exited with %s, expected %s", name_of(engine, step),
			      strbuf_text(&saw), strbuf_text(&wanted));
	} else {
		char waited[DURATION_LEN];

		strbuf_puts(&saw, "still running");
		strbuf_printf(&text, "%s has not exited within %s", name_of(engine, step),
			      format_duration(clock_real_ns() - engine->event_before, waited));
	}
	return blame_texts(engine, step, &what, &text, &wanted, &saw);
}

static enum play play_exit(struct engine *engine, int step)
{
	struct program_view *view = view_of(engine, step);
	struct window window = step_window(engine, step, 0);
	struct patience patience = patience_beyond(engine, &window);
	bool timed_out = false;
	enum play play = PLAY_ON;

	while (!view->exited && !timed_out && play == PLAY_ON)
		play = wait_for_news(engine, &patience, &timed_out);
	if (play != PLAY_ON)
		return play;
	if (!view->exited || !right_exit(&engine->plan->steps[step].result, view->status))
		return blame_exit(engine, step);
	return found(engine, step, view->exit_serial, view->exited_at, "the exit");
}

/* Does some line take the exit of this program, or end it? */
static bool exit_told(const struct engine *engine, int program)
{
	for (int i = 0; i < engine->plan->n_steps; i++)
		if (engine->plan->steps[i].kind == STEP_EXIT &&
		    engine->plan->steps[i].deed->program == program)
			return true;
	return engine->stage.programs[program].signal_step != NO_INDEX;
}

enum play check_programs(struct engine *engine)
{
	for (int i = 0; i < engine->plan->n_programs; i++) {
		const struct program_view *view = &engine->stage.programs[i];
		struct strbuf saw = STRBUF_INIT, text = STRBUF_INIT;
		struct program_blame what = {
			.field = "exit", .expected = "0", .time = view->exited_at,
			.extra = "a program whose exit is not written must not fail",
		};
		enum play play;

		if (view->exited && view->signal_step != NO_INDEX &&
		    view->exited_at < view->signaled_at)
			return blame_exited(engine, view->signal_step, "it was sent the signal");
		if (!view->exited || view->status == 0 || exit_told(engine, i))
			continue;
		exit_text(view->status, &saw);
		strbuf_printf(&text, "%s exited with %s", program_name(engine->plan, i),
			      strbuf_text(&saw));
		what.text = strbuf_text(&text);
		what.saw = strbuf_text(&saw);
		play = blame_program(engine, view->step, &what);
		strbuf_free(&saw);
		strbuf_free(&text);
		return play;
	}
	return PLAY_ON;
}

/* ---- listening ---- */

/* Nobody listens on the port at the host's address. Who does so at another is most often what was meant. */
static enum play blame_listening(struct engine *engine, int step)
{
	const struct plan_deed *deed = deed_of(engine, step);
	struct strbuf text = STRBUF_INIT, others = STRBUF_INIT;
	struct sock_list list = { 0 };
	struct program_blame what = { 0 };
	enum play play;

	strbuf_printf(&text, "nobody listens on port %u of %s", deed->port,
		      engine->plan->hosts[deed->host].name);
	if (sockdiag_list(engine->stage.diags[deed->host], &list) < 0)
		list.count = 0;
	for (size_t i = 0; i < list.count; i++) {
		if (list.items[i].state != STATE_LISTEN)
			continue;
		strbuf_puts(&others, others.len ? "; " : "who listens: ");
		sock_text(engine->plan, &list.items[i], &others);
	}
	what.text = strbuf_text(&text);
	what.extra = others.len ? strbuf_text(&others) : NULL;
	play = blame_program(engine, step, &what);
	sock_list_free(&list);
	strbuf_free(&text);
	strbuf_free(&others);
	return play;
}

static enum play play_listening(struct engine *engine, int step)
{
	const struct plan_deed *deed = deed_of(engine, step);
	struct window window = step_window(engine, step, 0);
	int base_step = engine->event_step;
	struct patience patience = patience_beyond(engine, &window);
	int64_t pause = look_again_first;
	bool timed_out = false;

	for (;;) {
		int rc = stage_listens(&engine->stage, deed->host, deed->port);
		int64_t now = clock_real_ns();
		enum play play;

		if (rc < 0)
			return broken(engine, "the kernel does not tell its sockets: %s",
				      strerror(-rc));
		if (rc > 0) {
			note_deed(engine, step, HOST_LISTENS, deed->port, NULL, 0);
			if (now >= window.low && now <= window.high)
				return PLAY_ON;
			return blame_time(engine, step, "the listener", now, &window, base_step);
		}
		if (patience_ends(engine, &patience))
			return blame_listening(engine, step);
		play = play_until(engine, now + pause < patience.until ? now + pause : patience.until,
				  &timed_out);
		if (play != PLAY_ON)
			return play;
		if (pause < look_again_last)
			pause *= 2;
	}
}

/* ---- syscall ---- */

static bool asked_for(const struct plan_deed *deed, const struct traced_call *call)
{
	return call->id == deed->syscall &&
	       (!deed->option_given ||
		(call->args[1] == deed->level && call->args[2] == deed->option));
}

/* SO_ERROR is an answer, whatever getsockopt returned. */
static bool gives_value(const struct plan_deed *deed, const struct traced_call *call)
{
	return deed->option_given && call->id == SYSCALL_GETSOCKOPT && call->has_value &&
	       call->ret == 0;
}

static bool right_call(const struct plan_deed *deed, const struct plan_result *expected,
		       const struct traced_call *call)
{
	int64_t number = gives_value(deed, call) ? call->value : call->ret;

	if (expected->kind == RESULT_SUCCESS)
		return call->ret >= 0;
	if (expected->kind == RESULT_NUMBER)
		return call->ret >= 0 && compare_holds(expected->compare, number, expected->number);
	return gives_value(deed, call) ? call->value == expected->number
				       : call->ret < 0 && call->err == expected->number;
}

static void expected_call_text(const struct plan_result *expected, struct strbuf *out)
{
	if (expected->kind == RESULT_SUCCESS)
		strbuf_puts(out, "ok");
	else if (expected->kind == RESULT_ERRNO)
		strbuf_puts(out, errno_name((int)expected->number));
	else
		expected_exit_text(expected, out);
}

static enum play blame_call(struct engine *engine, int step, const struct call_view *seen)
{
	struct strbuf wanted = STRBUF_INIT, saw = STRBUF_INIT, text = STRBUF_INIT;
	struct strbuf result = STRBUF_INIT;
	struct program_blame what = { .field = "result", .time = seen->time };

	expected_call_text(&engine->plan->steps[step].result, &wanted);
	traced_call_text(engine->plan, &seen->call, &text);
	traced_result_text(&seen->call, &result);
	strbuf_puts(&saw, strbuf_text(&result) + strlen("= "));
	strbuf_free(&result);
	strbuf_printf(&text, " of %s returned %s, expected %s", name_of(engine, step),
		      strbuf_text(&saw), strbuf_text(&wanted));
	return blame_texts(engine, step, &what, &text, &wanted, &saw);
}

static enum play blame_no_call(struct engine *engine, int step)
{
	const struct program_view *view = view_of(engine, step);
	char text[128], waited[DURATION_LEN], calls[160];
	struct program_blame what = { .text = text, .extra = calls };

	format_duration(clock_real_ns() - engine->event_before, waited);
	snprintf(text, sizeof(text), "no call of %s returned in %s within %s",
		 syscall_name(deed_of(engine, step)->syscall), name_of(engine, step), waited);
	if (view->calls_lost)
		snprintf(calls, sizeof(calls), "%d socket calls that no line asked for were kept, "
					       "the later ones not", CALLS_KEPT);
	else
		snprintf(calls, sizeof(calls), "its last socket calls: %s",
			 view->last_calls[0] ? view->last_calls : "none");
	return blame_program(engine, step, &what);
}

static enum play judge_call(struct engine *engine, int step, size_t index)
{
	struct program_view *view = view_of(engine, step);
	const struct call_view seen = view->calls[index];
	bool right = right_call(deed_of(engine, step), &engine->plan->steps[step].result,
				&seen.call);

	calls_take(view, index + 1);
	if (!right)
		return blame_call(engine, step, &seen);
	return found(engine, step, seen.serial, seen.time, syscall_name(seen.call.id));
}

static enum play play_syscall(struct engine *engine, int step)
{
	const struct plan_deed *deed = deed_of(engine, step);
	struct program_view *view = view_of(engine, step);
	struct window window = step_window(engine, step, 0);
	struct patience patience = patience_beyond(engine, &window);
	bool timed_out = false;

	for (;;) {
		enum play play;

		for (size_t i = 0; i < view->n_calls; i++)
			if (asked_for(deed, &view->calls[i].call))
				return judge_call(engine, step, i);
		if (timed_out || view->exited || view->calls_lost)
			return blame_no_call(engine, step);
		play = wait_for_news(engine, &patience, &timed_out);
		if (play != PLAY_ON)
			return play;
	}
}

/* ---- the line ---- */

enum play play_program(struct engine *engine, int step)
{
	static const struct {
		enum step_kind kind;
		enum play (*play)(struct engine *engine, int step);
	} plays[] = {
		{ STEP_RUN, play_run },   { STEP_STDIN, play_stdin }, { STEP_OUTPUT, play_output },
		{ STEP_EXIT, play_exit }, { STEP_KILL, play_kill },
		{ STEP_LISTENING, play_listening }, { STEP_SYSCALL, play_syscall },
	};

	for (size_t i = 0; i < sizeof(plays) / sizeof(plays[0]); i++)
		if (plays[i].kind == engine->plan->steps[step].kind)
			return plays[i].play(engine, step);
	return broken(engine, "a step nobody can play");
}
