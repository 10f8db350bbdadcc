/* blame: see blame.h. */
#include "run/blame.h"

#include "base/clock.h"
#include "plan/names.h"
#include "run/busy.h"
#include "run/call_text.h"
#include "run/program_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a failure in the making ---- */

enum { ROWS_MAX = MISMATCH_MAX, NOTES_MAX = 8, COMPLAINT = 200 };

struct blame {
	struct engine *engine;
	int step;
	struct failure failure;
	struct failure_row rows[ROWS_MAX];
	const char *notes[NOTES_MAX];
	struct off off;
};

static void blame_begin(struct blame *blame, struct engine *engine, int step, struct span span)
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

__attribute__((format(printf, 2, 3)))
static void message(struct blame *blame, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	blame->failure.message = vtext(blame->engine->arena, format, args);
	va_end(args);
}

__attribute__((format(printf, 2, 3)))
static void note(struct blame *blame, const char *format, ...)
{
	va_list args;

	if (blame->failure.n_notes == NOTES_MAX)
		return;
	va_start(args, format);
	blame->notes[blame->failure.n_notes++] = vtext(blame->engine->arena, format, args);
	va_end(args);
}

static void row(struct blame *blame, const char *field, const char *expected, const char *saw)
{
	struct arena *arena = blame->engine->arena;

	if (blame->failure.n_rows == ROWS_MAX)
		return;
	blame->rows[blame->failure.n_rows++] = (struct failure_row){
		arena_strdup(arena, field), arena_strdup(arena, expected), arena_strdup(arena, saw),
	};
}

static enum play blame_end(struct blame *blame)
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

static const char *host_name(const struct engine *engine, int host)
{
	return host == NO_INDEX ? "an unknown host" : engine->plan->hosts[host].name;
}

static int step_line(const struct engine *engine, int step)
{
	return source_line(engine->plan->source, engine->plan->steps[step].span.start);
}

/* ---- what the kernel was doing ---- */

/* When it was, by the line before. */
static void note_when(struct blame *blame, int64_t time)
{
	const struct engine *engine = blame->engine;
	char text[DURATION_LEN];
	int64_t since = time - engine->event_before;

	format_duration(llabs(since), text);
	if (engine->event_step == NO_INDEX)
		note(blame, "seen %s after the beginning", text);
	else
		note(blame, "seen %s %s line %d", text, since < 0 ? "before" : "after",
		     step_line(engine, engine->event_step));
}

/* A packet that brings nothing new is most often what the reader did not think of. */
static void note_repetition(struct blame *blame, const struct seen *seen)
{
	const struct flow *flow = seen->connection ? &seen->connection->told : NULL;
	int64_t seq;

	if (!flow || !packet_seq_len(&seen->packet) || !flow->stream[seen->from].known)
		return;
	seq = flow_seq(flow, seen->from, &seen->packet);
	if (seq < flow->stream[seen->from].next)
		note(blame, "it is a retransmission: %s has sent seq %lld before",
		     host_name(blame->engine, seen->from), (long long)seq);
}

/* A probe is no retransmission, though it comes again and again: it has the number before the next,
 * and takes up none. */
static void note_probe(struct blame *blame, const struct plan_packet *expected,
		       const struct seen *seen)
{
	const struct flow *flow = seen->connection ? &seen->connection->told : NULL;
	const struct plan_step *step = &blame->engine->plan->steps[blame->step];
	bool again = expected->again || step->time.kind == TIME_GAPS;

	if (!again || expected->set & FIELD_SEQ || seen->packet.class != PACKET_TCP ||
	    seen->from != expected->from || packet_seq_len(&seen->packet) || !flow ||
	    !connection_may_take(&blame->engine->connections, expected->flow, seen) ||
	    !flow->stream[seen->from].known)
		return;
	if (flow_seq(flow, seen->from, &seen->packet) == flow->stream[seen->from].next - 1)
		note(blame, "it looks like a keepalive or window probe: write 'seq next-1'");
}

/* The connection's socket at each kernel host, as `ss` would show it. */
static void note_socket(struct blame *blame, int index)
{
	struct engine *engine = blame->engine;
	const struct flow *flow = &connection_meant(&engine->connections, index)->told;

	if (!flow->begun)
		return;
	for (int host = 0; host < engine->plan->n_hosts; host++) {
		struct sock_info info;

		if (engine->plan->hosts[host].kind != HOST_KERNEL)
			continue;
		if (stage_connection(&engine->stage, host, flow->port, &info) > 0)
			note(blame, "the socket of %s was in %s, receive queue %u, send queue %u",
			     engine->plan->hosts[host].name, state_name((int)info.state),
			     info.recv_queue, info.send_queue);
		else
			note(blame, "%s has no socket for this connection",
			     engine->plan->hosts[host].name);
	}
}

static void note_in_flight(struct blame *blame, int index)
{
	const struct engine *engine = blame->engine;
	const struct connection *connection = connection_meant(&engine->connections, index);

	for (int host = 0; host < engine->plan->n_hosts; host++) {
		int64_t next = connection->told.stream[host].next;
		int64_t acked = connection->acked[host];

		if (connection->told.stream[host].known && next > acked)
			note(blame, "in flight from %s: seq %lld to %lld, not acknowledged",
			     engine->plan->hosts[host].name, (long long)acked, (long long)next);
	}
}

/* Packets that wait at the wire: only a line lets them go on, and its turn has not come. */
static void note_waiting(struct blame *blame)
{
	enum { SHOWN = 3 };
	struct engine *engine = blame->engine;
	const struct seen *seen;
	char since[DURATION_LEN];

	for (size_t i = 0; i < SHOWN && (seen = stage_arrived(&engine->stage, i)); i++) {
		struct strbuf kind = STRBUF_INIT;

		if (seen->settled)
			continue;
		packet_kind_text(&seen->packet, &kind);
		note(blame, "%s from %s has waited for %s: no line has spoken of it yet",
		     strbuf_text(&kind), host_name(engine, seen->from),
		     format_duration(clock_real_ns() - seen->packet.time, since));
		strbuf_free(&kind);
	}
}

/* What has become of the programs, and what they complain of. */
static void note_programs(struct blame *blame)
{
	const struct engine *engine = blame->engine;

	for (int i = 0; i < engine->plan->n_programs; i++) {
		const struct program_view *view = &engine->stage.programs[i];
		const struct strbuf *complaint = &view->outputs[OUTPUT_STDERR].unread;
		size_t shown = complaint->len < COMPLAINT ? complaint->len : COMPLAINT;
		struct strbuf text = STRBUF_INIT;

		if (!view->executes)
			continue;
		if (view->exited)
			exit_text(view->status, &text);
		note(blame, view->exited ? "%s (line %d) has exited: %s" : "%s (line %d) is running%s",
		     program_name(engine->plan, i), step_line(engine, view->step),
		     strbuf_text(&text));
		strbuf_clear(&text);
		if (shown) {
			strbuf_quote(&text, complaint->text + complaint->len - shown, shown, shown);
			note(blame, "its standard error: %s", strbuf_text(&text));
		}
		strbuf_free(&text);
	}
}

static void note_calls(struct blame *blame)
{
	const struct engine *engine = blame->engine;

	for (int i = 0; i < engine->plan->n_callers; i++) {
		const struct caller *caller = &engine->stage.callers[i];
		struct strbuf text = STRBUF_INIT;

		if (!caller->running || caller->step < 0)
			continue;
		caller_text(engine->plan, i, &text);
		strbuf_puts(&text, ": ");
		call_text(engine->plan, engine->plan->steps[caller->step].call, &text);
		note(blame, "still running: %s (line %d)", strbuf_text(&text),
		     step_line(engine, caller->step));
		strbuf_free(&text);
	}
}

static int flow_of(const struct engine *engine, int step)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];

	if (plan_step->packet)
		return plan_step->packet->flow;
	if (plan_step->question && plan_step->question->flow != NO_INDEX)
		return plan_step->question->flow;
	return engine->plan->n_flows ? 0 : NO_INDEX;
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
		row(blame, field, format_duration(time->ns[i], expected), saw);
	}
}

static void note_scene(struct blame *blame)
{
	int flow = flow_of(blame->engine, blame->step);

	if (flow != NO_INDEX) {
		note_socket(blame, flow);
		note_in_flight(blame, flow);
	}
	note_calls(blame);
	note_programs(blame);
}

/* ---- packets ---- */

static struct span packet_span(const struct engine *engine, int step)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];

	return plan_step->packet && !plan_step->shorthand ? plan_step->packet->span : plan_step->span;
}

enum play blame_silence(struct engine *engine, int step)
{
	const struct plan_packet *packet = engine->plan->steps[step].packet;
	struct strbuf expected = STRBUF_INIT;
	struct blame blame;
	char waited[DURATION_LEN];

	blame_begin(&blame, engine, step, packet_span(engine, step));
	expected_text(packet, &expected);
	message(&blame, "expected %s from %s, but nothing came within %s", strbuf_text(&expected),
		host_name(engine, packet->from),
		format_duration(clock_real_ns() - engine->event_before, waited));
	strbuf_free(&expected);
	row_schedule(&blame);
	note_scene(&blame);
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
		message(&blame, "there was no %d%s packet like this: only %d came", nth,
			ordinal_suffix(nth), matched);
	else
		message(&blame, "there was no packet like this, and so this line has done nothing");
	note_scene(&blame);
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
		strbuf_printf(&saw, " from %s", host_name(engine, seen->from));
	if (mismatches->count && strcmp(mismatches->items[0].field, "connection") == 0)
		strbuf_puts(&saw, ", of another connection");
	if (decisive(mismatches))
		message(&blame, "expected %s from %s, saw %s", strbuf_text(&expected),
			host_name(engine, packet->from), strbuf_text(&saw));
	else
		message(&blame, "%s from %s differs from what is expected in %s",
			strbuf_text(&saw), host_name(engine, packet->from),
			field_list(engine, mismatches));
	for (int i = 0; i < mismatches->count; i++) {
		const struct mismatch *item = &mismatches->items[i];
		bool from = strcmp(item->field, "from") == 0; /* match knows no names */

		row(&blame, item->field, from ? host_name(engine, packet->from) : item->expected,
		    from ? host_name(engine, seen->from) : item->saw);
	}
	strbuf_free(&expected);
	strbuf_free(&saw);
	note_when(&blame, seen->packet.time);
	note_repetition(&blame, seen);
	note_probe(&blame, packet, seen);
	note_scene(&blame);
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
	message(&blame, "no %s from %s has been seen that the ICMP message could quote",
		strbuf_text(&quoted), host_name(engine, packet->about_from));
	strbuf_free(&quoted);
	note_scene(&blame);
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
		message(&blame, "%s from %s, which no line expects, came before line %d",
			strbuf_text(&saw), host_name(engine, seen->from),
			step_line(engine, engine->event_step));
	else
		message(&blame, "%s from %s, which no line expects, came %s", strbuf_text(&saw),
			host_name(engine, seen->from), doing);
	strbuf_free(&saw);
	note_when(&blame, seen->packet.time);
	note_repetition(&blame, seen);
	note_scene(&blame);
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
	message(&blame, "%s came %s too %s", what, off, early ? "early" : "late");
	format_duration(window->high - window->base, high);
	if (window->low == INT64_MIN)
		snprintf(expected, sizeof(expected), "within %s", high);
	else
		snprintf(expected, sizeof(expected), "%s to %s",
			 format_duration(window->low - window->base, low), high);
	row(&blame, "time", expected, format_duration(time - window->base, saw));
	row_schedule(&blame);
	if (plan_step->time.kind == TIME_AT)
		note(&blame, "times count from the scenario's first packet");
	else if (plan_step->time.kind == TIME_GAPS)
		note(&blame, "times count from the transmission before");
	else if (base_step != NO_INDEX)
		note(&blame, "times count from line %d", step_line(engine, base_step));
	note_scene(&blame);
	return blame_end(&blame);
}

/* ---- calls ---- */

enum play blame_running(struct engine *engine, int step, int call_step)
{
	struct strbuf text = STRBUF_INIT;
	struct blame blame;
	char waited[DURATION_LEN];

	blame_begin(&blame, engine, step, engine->plan->steps[step].span);
	format_duration(clock_real_ns() - engine->event_before, waited);
	if (call_step == QUESTION_STEP) {
		message(&blame, "the probe of %s did not answer this question within %s",
			host_name(engine, engine->plan->steps[step].question->host), waited);
	} else {
		call_text(engine->plan, engine->plan->steps[call_step].call, &text);
		message(&blame, "%s (line %d) has not returned within %s", strbuf_text(&text),
			step_line(engine, call_step), waited);
	}
	strbuf_free(&text);
	note_waiting(&blame);
	if (call_step == step && engine->plan->steps[step].answered && step + 1 < engine->plan->n_steps)
		note(&blame, "no line below is played before that: write the call without '->', and its "
			     "answer where it is due");
	note_scene(&blame);
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
	message(&blame, "%s returned %s, expected %s", strbuf_text(&text), saw, expected);
	strbuf_free(&text);
	row(&blame, "result", expected, saw);
	if (call_step != step)
		note(&blame, "the call is on line %d", step_line(engine, call_step));
	if (plan_step->kind == STEP_CALL && !plan_step->answered)
		note(&blame, "a call whose answer is not written must succeed");
	note_when(&blame, reply->returned);
	note_scene(&blame);
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
	message(&blame, "%s of %s is %s, expected %s", question,
		host_name(engine, plan_step->question->host), saw, expected);
	row(&blame, question, expected, saw);
	note_when(&blame, clock_real_ns());
	for (size_t i = 0; i < sockets->count && i < NOTES_MAX / 2; i++) {
		struct strbuf text = STRBUF_INIT;

		sock_text(engine->plan, &sockets->items[i], &text);
		note(&blame, "socket: %s", strbuf_text(&text));
		strbuf_free(&text);
	}
	note_scene(&blame);
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
	message(&blame, "%s of %s has not changed", question_shown(engine, step),
		host_name(engine, plan_step->question->host));
	snprintf(expected, sizeof(expected), "a change after %s to %s",
		 format_duration(window->low - window->base, low),
		 format_duration(window->high - window->base, high));
	row(&blame, "time", expected, format_duration(clock_real_ns() - window->base, now));
	if (base_step != NO_INDEX)
		note(&blame, "times count from line %d", step_line(engine, base_step));
	note_scene(&blame);
	return blame_end(&blame);
}

enum play blame_program(struct engine *engine, int step, const struct program_blame *what)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];
	struct blame blame;

	blame_begin(&blame, engine, step, answer_span(plan_step));
	message(&blame, "%s", what->text);
	if (what->field)
		row(&blame, what->field, what->expected, what->saw);
	if (what->extra)
		note(&blame, "%s", what->extra);
	if (what->time)
		note_when(&blame, what->time);
	note_scene(&blame);
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
