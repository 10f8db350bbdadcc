/* blame: see blame.h. */
#include "run/blame_internal.h"

#include "base/clock.h"
#include "plan/names.h"
#include "run/call_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a failure in the making ---- */

void blame_begin(struct blame *blame, struct engine *engine, int step, struct span span)
{
	*blame = (struct blame){ .engine = engine, .step = step };
	blame->failure.span = span;
	blame->failure.rows = blame->rows;
	blame->failure.notes = blame->notes;
}

static char *vtext(struct arena *arena, const char *format, va_list args)
{
	char buf[1024];

	vsnprintf(buf, sizeof(buf), format, args);
	return arena_strdup(arena, buf);
}

void blame_message(struct blame *blame, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	blame->failure.message = vtext(blame->engine->arena, format, args);
	va_end(args);
}

void blame_note(struct blame *blame, const char *format, ...)
{
	va_list args;

	if (blame->failure.n_notes == NOTES_MAX)
		return;
	va_start(args, format);
	blame->notes[blame->failure.n_notes++] = vtext(blame->engine->arena, format, args);
	va_end(args);
}

void blame_row(struct blame *blame, const char *field, const char *expected, const char *saw)
{
	struct arena *arena = blame->engine->arena;

	if (blame->failure.n_rows == ROWS_MAX)
		return;
	blame->rows[blame->failure.n_rows++] = (struct failure_row){
		arena_strdup(arena, field), arena_strdup(arena, expected), arena_strdup(arena, saw),
	};
}

enum play blame_end(struct blame *blame)
{
	if (stage_probe_lost(&blame->engine->stage) ||
	    busy_excuses(blame->engine, blame->step, &blame->off, blame->failure.message))
		return PLAY_BROKEN;

	size_t len;
	uint8_t *blob = failure_pack(&blame->failure, &len);
	struct event event = {
		.kind = EVENT_FAILURE, .step = blame->step, .time = clock_real_ns(),
		.blob_len = (uint32_t)len,
	};

	stage_emit(&blame->engine->stage, &event, blob);
	free(blob);
	return PLAY_FAILED;
}

/* ---- words ---- */

void packet_kind_text(const struct packet *packet, struct strbuf *out)
{
	char flags[FLAGS_LEN];

	switch (packet->class) {
	case PACKET_TCP:
		strbuf_puts(out, flags_name(packet->flags, flags));
		return;
	case PACKET_ICMP:
		strbuf_printf(out, "icmp type %d code %d", packet->icmp_type, packet->icmp_code);
		return;
	case PACKET_MALFORMED:
		strbuf_printf(out, "a malformed packet (%s)", packet_fault_text(packet->fault));
		return;
	case PACKET_OTHER:
	case PACKET_NOISE:
		strbuf_printf(out, "a packet of IP protocol %d", packet->protocol);
		return;
	}
}

void expected_text(const struct plan_packet *packet, struct strbuf *out)
{
	uint16_t all = packet->flags;
	char flags[FLAGS_LEN];

	if (packet->set & FIELD_RESERVED)
		all |= (uint16_t)((packet->reserved & 15) << 8);

	if (packet->icmp)
		strbuf_printf(out, "icmp %s", icmp_name(packet->icmp_kind));
	else
		strbuf_puts(out, packet->any_data ? "DATA" : flags_name(all, flags));
}

const char *blame_host(const struct engine *engine, int host)
{
	return host == NO_INDEX ? "an unknown host" : engine->plan->hosts[host].name;
}

int blame_line(const struct engine *engine, int step)
{
	return source_line(engine->plan->source, engine->plan->steps[step].span.start);
}

/* Of a line that stands for several packets: when each was expected, and when it came. The last
 * few that came, and those that are due next. */
static void row_schedule(struct blame *blame)
{
	enum { BEFORE = 8, AFTER = 2 };
	const struct engine *engine = blame->engine;
	const struct schedule *schedule = &engine->schedule;
	const struct plan_time *time = &engine->plan->steps[blame->step].time;
	size_t first = schedule->n > BEFORE ? schedule->n - BEFORE : 0;
	size_t last = schedule->n + AFTER < time->n ? schedule->n + AFTER : time->n;

	if (!schedule->times || (time->kind != TIME_AT && time->kind != TIME_GAPS))
		return;
	for (size_t i = first; i < last; i++) {
		int64_t before = i ? schedule->times[i - 1] : schedule->start;
		int64_t from = time->kind == TIME_AT ? engine->first_packet : before;
		char field[64], expected[DURATION_LEN], saw[DURATION_LEN] = "–";

		snprintf(field, sizeof(field), "%s %zu of %zu",
			 time->kind == TIME_AT ? "packet" : "gap", i + 1, time->n);
		if (i < schedule->n)
			format_duration(schedule->times[i] - from, saw);
		blame_row(blame, field, format_duration(time->ns[i], expected), saw);
	}
}

/* ---- packets ---- */

static struct span packet_span(const struct engine *engine, int step)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];

	return plan_step->packet && !plan_step->shorthand ? plan_step->packet->span : plan_step->span;
}

/* RFC 9293 3.10.7.4: a segment without ACK is dropped; see tcp_rcv_established() of net/ipv4/tcp_input.c. */
static void note_no_ack(struct blame *blame)
{
	const struct engine *engine = blame->engine;
	const struct plan_step *before =
		engine->event_step == NO_INDEX ? NULL : &engine->plan->steps[engine->event_step];

	if (before && before->kind == STEP_SEND && before->packet && !before->packet->icmp &&
	    !(before->packet->flags & (TCP_SYN | TCP_RST | TCP_ACK)))
		blame_note(blame, "line %d sends a segment without ACK, which a connection drops in silence",
			   blame_line(engine, engine->event_step));
}

enum play blame_silence(struct engine *engine, int step)
{
	const struct plan_packet *packet = engine->plan->steps[step].packet;
	struct strbuf expected = STRBUF_INIT;
	struct blame blame;
	char waited[DURATION_LEN];

	blame_begin(&blame, engine, step, packet_span(engine, step));
	expected_text(packet, &expected);
	blame_message(&blame, "expected %s from %s, but nothing came within %s", strbuf_text(&expected),
		blame_host(engine, packet->from),
		format_duration(clock_real_ns() - engine->event_before, waited));
	strbuf_free(&expected);
	row_schedule(&blame);
	note_no_ack(&blame);
	blame_note_scene(&blame);
	return blame_end(&blame);
}

static const char *ordinal_suffix(int n)
{
	if (n % 100 >= 11 && n % 100 <= 13)
		return "th";
	switch (n % 10) {
	case 1:  return "st";
	case 2:  return "nd";
	case 3:  return "rd";
	default: return "th";
	}
}

enum play blame_idle(struct engine *engine, int step, const struct plan_packet *pattern, int matched)
{
	const int nth = pattern->nth ? pattern->nth : 1;
	struct blame blame;

	blame_begin(&blame, engine, step, pattern->span);
	if (matched)
		blame_message(&blame, "there was no %d%s packet like this: only %d came", nth,
			ordinal_suffix(nth), matched);
	else
		blame_message(&blame, "there was no packet like this, and so this line has done nothing");
	blame_note_scene(&blame);
	return blame_end(&blame);
}

/* Does the difference lie in what the packet is, and not in one of its fields? */
static bool decisive(const struct mismatches *mismatches)
{
	for (int i = 0; i < mismatches->count; i++) {
		const char *field = mismatches->items[i].field;

		if (!strcmp(field, "flags") || !strcmp(field, "from") || !strcmp(field, "packet") ||
		    !strcmp(field, "connection"))
			return true;
	}
	return false;
}

/* "seq, ack and win" */
static const char *field_list(struct engine *engine, const struct mismatches *mismatches)
{
	struct strbuf list = STRBUF_INIT;

	for (int i = 0; i < mismatches->count; i++) {
		if (i)
			strbuf_puts(&list, i == mismatches->count - 1 ? " and " : ", ");
		strbuf_puts(&list, mismatches->items[i].field);
	}

	char *text = arena_strdup(engine->arena, strbuf_text(&list));

	strbuf_free(&list);
	return text;
}

/* The last segment of what was written has PSH, those before it have not. */
static void note_data(struct blame *blame, const struct plan_packet *expected, const struct seen *seen)
{
	uint16_t differing = expected->flags ^ seen->packet.flags;
	bool meant = expected->set & (FIELD_LEN | FIELD_DATA) || expected->flags & TCP_PSH;

	if (seen->packet.class == PACKET_TCP && seen->packet.payload_len && meant && !expected->icmp &&
	    !expected->any_data && differing == TCP_PSH)
		blame_note(blame, "'DATA' is a segment with data, with and without PSH");
}

enum play blame_mismatch(struct engine *engine, int step, const struct seen *seen,
			 const struct mismatches *mismatches)
{
	const struct plan_packet *packet = engine->plan->steps[step].packet;
	struct strbuf expected = STRBUF_INIT, saw = STRBUF_INIT;
	struct blame blame;

	blame_begin(&blame, engine, step, packet_span(engine, step));
	expected_text(packet, &expected);
	packet_kind_text(&seen->packet, &saw);
	if (seen->from != packet->from && decisive(mismatches))
		strbuf_printf(&saw, " from %s", blame_host(engine, seen->from));
	if (mismatches->count && strcmp(mismatches->items[0].field, "connection") == 0)
		strbuf_puts(&saw, ", of another connection");
	if (decisive(mismatches))
		blame_message(&blame, "expected %s from %s, saw %s", strbuf_text(&expected),
			blame_host(engine, packet->from), strbuf_text(&saw));
	else
		blame_message(&blame, "%s from %s differs from what is expected in %s",
			strbuf_text(&saw), blame_host(engine, packet->from),
			field_list(engine, mismatches));
	for (int i = 0; i < mismatches->count; i++) {
		const struct mismatch *item = &mismatches->items[i];
		bool from = strcmp(item->field, "from") == 0; /* match knows no names */

		blame_row(&blame, item->field, from ? blame_host(engine, packet->from) : item->expected,
		    from ? blame_host(engine, seen->from) : item->saw);
	}
	strbuf_free(&expected);
	strbuf_free(&saw);
	note_data(&blame, packet, seen);
	blame_note_when(&blame, seen->packet.time);
	blame_note_repetition(&blame, seen);
	blame_note_probe(&blame, packet, seen);
	blame_note_scene(&blame);
	return blame_end(&blame);
}

enum play blame_nothing_to_quote(struct engine *engine, int step)
{
	const struct plan_packet *packet = engine->plan->steps[step].packet;
	struct strbuf quoted = STRBUF_INIT;
	struct blame blame;
	char flags[FLAGS_LEN];

	strbuf_puts(&quoted, packet->about_any    ? "packet"
			     : packet->about_data ? "DATA"
						  : flags_name(packet->about_flags, flags));
	blame_begin(&blame, engine, step, packet_span(engine, step));
	blame_message(&blame, "no %s from %s has been seen that the ICMP message could quote",
		strbuf_text(&quoted), blame_host(engine, packet->about_from));
	strbuf_free(&quoted);
	blame_note_scene(&blame);
	return blame_end(&blame);
}

enum play blame_unexpected(struct engine *engine, int step, const struct seen *seen,
			   const char *doing)
{
	struct strbuf saw = STRBUF_INIT;
	struct blame blame;

	blame_begin(&blame, engine, step, engine->plan->steps[step].span);
	packet_kind_text(&seen->packet, &saw);
	if (seen->packet.time < engine->event_before && engine->event_step != NO_INDEX)
		blame_message(&blame, "%s from %s, which no line expects, came %s line %d%s",
			strbuf_text(&saw), blame_host(engine, seen->from),
			blame_is_within_call(engine, seen->packet.time) ? "while the call of" : "before",
			blame_line(engine, engine->event_step),
			blame_is_within_call(engine, seen->packet.time) ? " ran" : "");
	else
		blame_message(&blame, "%s from %s, which no line expects, came %s", strbuf_text(&saw),
			blame_host(engine, seen->from), doing);
	strbuf_free(&saw);
	blame_note_when(&blame, seen->packet.time);
	blame_note_repetition(&blame, seen);
	blame_note_scene(&blame);
	return blame_end(&blame);
}

/* ---- time ---- */

enum play blame_time(struct engine *engine, int step, const char *what, int64_t time,
		     const struct window *window, int base_step)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];
	char saw[DURATION_LEN], low[DURATION_LEN], high[DURATION_LEN], off[DURATION_LEN];
	char expected[2 * DURATION_LEN + 16];
	bool early = time < window->low;
	struct blame blame;

	blame_begin(&blame, engine, step, plan_step->time.span);
	blame.off = early ? (struct off){ engine->begun, window->base, window->low - time }
			  : (struct off){ window->base, time, time - window->high };
	format_duration(early ? window->low - time : time - window->high, off);
	blame_message(&blame, "%s came %s too %s", what, off, early ? "early" : "late");
	format_duration(window->high - window->base, high);
	if (window->low == INT64_MIN)
		snprintf(expected, sizeof(expected), "within %s", high);
	else
		snprintf(expected, sizeof(expected), "%s to %s",
			 format_duration(window->low - window->base, low), high);
	blame_row(&blame, "time", expected, format_duration(time - window->base, saw));
	row_schedule(&blame);
	if (plan_step->time.kind == TIME_AT)
		blame_note(&blame, "times count from the scenario's first packet");
	else if (plan_step->time.kind == TIME_GAPS)
		blame_note(&blame, "times count from the transmission before");
	else if (base_step != NO_INDEX)
		blame_note(&blame, "times count from line %d", blame_line(engine, base_step));
	blame_note_scene(&blame);
	return blame_end(&blame);
}

/* ---- calls ---- */

/* The line that is played waits for the call of @step, since both are one caller's. */
static void note_next_call(struct blame *blame, int step)
{
	const struct engine *engine = blame->engine;
	const struct plan_call *running = engine->plan->steps[step].call;
	const struct plan_call *next = engine->plan->steps[engine->step].call;

	if (engine->step == step || !running || !next || running->caller != next->caller)
		return;
	blame_note(blame, "line %d waits for it: a caller makes one call after the other; another caller is '%s/NAME: …'",
		   blame_line(engine, engine->step),
		   blame_host(engine, engine->plan->callers[next->caller].host));
}

enum play blame_running(struct engine *engine, int step, int call_step)
{
	struct strbuf text = STRBUF_INIT;
	struct blame blame;
	char waited[DURATION_LEN];

	blame_begin(&blame, engine, step, engine->plan->steps[step].span);
	format_duration(clock_real_ns() - engine->event_before, waited);
	if (call_step == QUESTION_STEP) {
		blame_message(&blame, "the probe of %s did not answer this question within %s",
			blame_host(engine, engine->plan->steps[step].question->host), waited);
	} else {
		call_text(engine->plan, engine->plan->steps[call_step].call, &text);
		blame_message(&blame, "%s (line %d) has not returned within %s", strbuf_text(&text),
			blame_line(engine, call_step), waited);
	}
	strbuf_free(&text);
	blame_note_waiting(&blame);
	if (call_step == step && engine->plan->steps[step].answered && step + 1 < engine->plan->n_steps)
		blame_note(&blame, "no line below is played before that: write the call without '->', and its "
			     "answer where it is due");
	note_next_call(&blame, step);
	blame_note_scene(&blame);
	return blame_end(&blame);
}

enum play blame_result(struct engine *engine, int step, int call_step,
		       const struct probe_reply *reply, const char *expected, const char *saw)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];
	struct strbuf text = STRBUF_INIT;
	struct blame blame;

	blame_begin(&blame, engine, step,
		    plan_step->answered && plan_step->result.span.len ? plan_step->result.span
								      : plan_step->span);
	call_text(engine->plan, engine->plan->steps[call_step].call, &text);
	blame_message(&blame, "%s returned %s, expected %s", strbuf_text(&text), saw, expected);
	strbuf_free(&text);
	blame_row(&blame, "result", expected, saw);
	if (call_step != step)
		blame_note(&blame, "the call is on line %d", blame_line(engine, call_step));
	if (plan_step->kind == STEP_CALL && !plan_step->answered)
		blame_note(&blame, "a call whose answer is not written must succeed");
	blame_note_when(&blame, reply->returned);
	blame_note_scene(&blame);
	return blame_end(&blame);
}

/* "state", "info rto on second" */
static const char *question_shown(struct engine *engine, int step)
{
	struct strbuf text = STRBUF_INIT;
	char *shown;

	question_text(engine->plan, engine->plan->steps[step].question, &text);
	shown = arena_strdup(engine->arena, strbuf_text(&text));
	strbuf_free(&text);
	return shown;
}

static struct span answer_span(const struct plan_step *plan_step)
{
	return plan_step->result.span.len ? plan_step->result.span : plan_step->span;
}

enum play blame_answer(struct engine *engine, int step, const char *expected, const char *saw,
		       const struct sock_list *sockets)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];
	const char *question = question_shown(engine, step);
	struct blame blame;

	blame_begin(&blame, engine, step, answer_span(plan_step));
	blame_message(&blame, "%s of %s is %s, expected %s", question,
		blame_host(engine, plan_step->question->host), saw, expected);
	blame_row(&blame, question, expected, saw);
	blame_note_when(&blame, clock_real_ns());
	for (size_t i = 0; i < sockets->count && i < NOTES_MAX / 2; i++) {
		struct strbuf text = STRBUF_INIT;

		sock_text(engine->plan, &sockets->items[i], &text);
		blame_note(&blame, "socket: %s", strbuf_text(&text));
		strbuf_free(&text);
	}
	blame_note_scene(&blame);
	return blame_end(&blame);
}

enum play blame_unchanged(struct engine *engine, int step, const struct window *window,
			  int base_step)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];
	char low[DURATION_LEN], high[DURATION_LEN], now[DURATION_LEN];
	char expected[2 * DURATION_LEN + 32];
	struct blame blame;

	blame_begin(&blame, engine, step, plan_step->time.span);
	blame_message(&blame, "%s of %s has not changed", question_shown(engine, step),
		blame_host(engine, plan_step->question->host));
	snprintf(expected, sizeof(expected), "a change after %s to %s",
		 format_duration(window->low - window->base, low),
		 format_duration(window->high - window->base, high));
	blame_row(&blame, "time", expected, format_duration(clock_real_ns() - window->base, now));
	if (base_step != NO_INDEX)
		blame_note(&blame, "times count from line %d", blame_line(engine, base_step));
	blame_note_scene(&blame);
	return blame_end(&blame);
}

enum play blame_program(struct engine *engine, int step, const struct program_blame *what)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];
	struct blame blame;

	blame_begin(&blame, engine, step, answer_span(plan_step));
	blame_message(&blame, "%s", what->text);
	if (what->field)
		blame_row(&blame, what->field, what->expected, what->saw);
	if (what->extra)
		blame_note(&blame, "%s", what->extra);
	if (what->time)
		blame_note_when(&blame, what->time);
	blame_note_scene(&blame);
	return blame_end(&blame);
}

enum play broken(struct engine *engine, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(engine->stage.error, sizeof(engine->stage.error), format, args);
	va_end(args);
	return PLAY_BROKEN;
}
