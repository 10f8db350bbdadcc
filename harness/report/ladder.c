/* ladder: see ladder.h.
 *
 *   time      client (kernel)                     server (crafted)
 *   0.000000  │ connect server:8080 …                            │  line 5
 *   0.000041  │──── SYN seq 0 win 64240 <mss 1460,…> ───────────▶│  line 6
 *
 * A row is four columns: the time, the left lifeline, what is between the lifelines, the
 * right lifeline, a note. Their widths are reckoned once, from all the rows there will be.
 * Packets are arrows between the lifelines; what a host did stands at its own. A call that
 * returned before anything else happened is one row with its result, else it is two. A
 * silence of GAP_NS or more is a row of its own, so that the eye does not take neighbours
 * for contemporaries.
 */
#include "report/ladder.h"

#include "base/clock.h"
#include "base/strbuf.h"
#include "plan/names.h"
#include "report/order.h"
#include "report/packet_text.h"
#include "report/term.h"
#include "run/call_text.h"
#include "run/program_text.h"

#include <inttypes.h>
#include <string.h>

#define GAP_NS (100 * NS_PER_MS)

enum {
	LEAD = 4,        /* dashes before an arrow's label */
	MIDDLE_MIN = 24, /* columns between the lifelines, whatever the width says */
	NOTE_GAP = 2,    /* blanks before the note */
};

struct glyphs {
	const char *line, *gap, *dash, *right, *left, *lost;
};

static const struct glyphs unicode_glyphs = { "│", "⋮", "─", "▶", "◀", "✗" };
static const struct glyphs ascii_glyphs = { "|", ":", "-", ">", "<", "X" };

struct ladder {
	FILE *out;
	const struct plan *plan;
	const struct record *record;
	const struct report_style *style;
	const struct glyphs *glyphs;
	struct arena *arena;
	size_t *order;      /* events as they are drawn */
	size_t n_order;
	int *seen;          /* packets seen so far, by step */
	int time_width;     /* columns, with the blanks behind it */
	int middle;         /* columns between the lifelines */
	int64_t last;       /* time of the row before */
	int window[PLAN_HOSTS]; /* shown last, by sender; -1: none */
};

static const struct event *event_at(const struct ladder *ladder, size_t place)
{
	return &ladder->record->events[ladder->order[place]];
}

static const void *blob_at(const struct ladder *ladder, size_t place)
{
	return ladder->record->blobs[ladder->order[place]];
}

/* ---- rows ---- */

static void repeat(struct strbuf *out, const char *text, int times)
{
	for (int i = 0; i < times; i++)
		strbuf_puts(out, text);
}

/* "0.000213"; the record's begin is 0. */
static void format_time(int64_t ns, char buf[32])
{
	int64_t size = ns < 0 ? -ns : ns;

	snprintf(buf, 32, "%s%" PRId64 ".%06" PRId64, ns < 0 ? "-" : "", size / NS_PER_S,
		 size % NS_PER_S / NS_PER_US);
}

/* @time: of the row, or NULL   @line: glyph of both lifelines
 * @middle: between them, made @ladder->middle columns wide here   @note: or "" */
static void print_row(struct ladder *ladder, const int64_t *time, const char *line,
		      struct strbuf *middle, enum paint paint, const char *note)
{
	const struct report_style *style = ladder->style;
	char text[32] = "";
	enum paint note_paint = paint == PAINT_BAD ? PAINT_BAD : PAINT_DIM;

	if (time)
		format_time(*time - ladder->record->begin, text);
	term_cut(middle, ladder->middle, style);
	term_pad(middle, ladder->middle);
	fprintf(ladder->out, "%s%-*s%s%s%s%s%s%s", term_paint(style, PAINT_DIM), ladder->time_width,
		text, term_plain(style, PAINT_DIM), line, term_paint(style, paint),
		strbuf_text(middle), term_plain(style, paint), line);
	if (*note)
		fprintf(ladder->out, "%*s%s%s%s", NOTE_GAP, "", term_paint(style, note_paint), note,
			term_plain(style, note_paint));
	fputc('\n', ladder->out);
	strbuf_clear(middle);
}

static const char *host_name(const struct plan *plan, int host)
{
	return plan->hosts[host].name ? plan->hosts[host].name : "?";
}

/* The hosts' names: the left one begins at its lifeline, the right one ends at its own. */
static void print_heads(struct ladder *ladder)
{
	static const char *const kinds[] = { [HOST_KERNEL] = "kernel", [HOST_CRAFTED] = "crafted" };
	const struct report_style *style = ladder->style;
	const struct plan_host *hosts = ladder->plan->hosts;
	struct strbuf left = STRBUF_INIT, right = STRBUF_INIT;
	int width = ladder->middle + 2;

	strbuf_printf(&left, "%s (%s%s)", host_name(ladder->plan, 0), kinds[hosts[0].kind],
		      hosts[0].owned ? ", owned" : "");
	strbuf_printf(&right, "%s (%s%s)", host_name(ladder->plan, 1), kinds[hosts[1].kind],
		      hosts[1].owned ? ", owned" : "");
	term_cut(&left, width / 2 - 1, style);
	term_cut(&right, width / 2 - 1, style);
	term_pad(&left, width - term_width(strbuf_text(&right)));
	fprintf(ladder->out, "%s%-*s%s%s%s%s%s\n", term_paint(style, PAINT_DIM), ladder->time_width,
		"time", term_plain(style, PAINT_DIM), term_paint(style, PAINT_BOLD),
		strbuf_text(&left), strbuf_text(&right), term_plain(style, PAINT_BOLD));
	strbuf_free(&left);
	strbuf_free(&right);
}

/* ---- notes ---- */

/* "line 9", "line 9 2/6" for the second of six packets a line stands for, "unexpected".
 * @nth: which packet of its step, from 1; 0: not a packet */
static void note_text(const struct ladder *ladder, const struct event *event, int nth,
		      struct strbuf *out)
{
	const struct plan_step *step = step_at(ladder->plan, event->step);

	if (event->kind == EVENT_PACKET && event->u.packet.fate == FATE_UNEXPECTED) {
		strbuf_puts(out, "unexpected");
		return;
	}
	if (event->kind == EVENT_PROGRAM && !step) {
		int checked = checked_by(ladder->record, event->u.program.serial);

		if (checked != NO_INDEX)
			strbuf_printf(out, "line %d", step_line(ladder->plan, checked));
	}
	if (!step)
		return;
	strbuf_printf(out, "line %d", step_line(ladder->plan, event->step));
	if (nth > 0 && step->time.n > 1 &&
	    (step->time.kind == TIME_AT || step->time.kind == TIME_GAPS))
		strbuf_printf(out, " %d/%zu", nth, step->time.n);
}

/* Which packet of its step this is, from 1; counts. */
static int count_packet(struct ladder *ladder, const struct event *event)
{
	if (event->kind != EVENT_PACKET || !step_at(ladder->plan, event->step))
		return 0;
	return ++ladder->seen[event->step];
}

/* ---- packets ---- */

/* "──── SYN seq 0 ─────────▶" or "◀─── SYN-ACK seq 0 ──────": from lifeline to lifeline. */
static void arrow_text(const struct ladder *ladder, bool rightward, const char *label,
		       struct strbuf *out)
{
	const struct glyphs *glyphs = ladder->glyphs;
	int fill = ladder->middle - LEAD - 3 - term_width(label);

	if (!rightward)
		strbuf_puts(out, glyphs->left);
	repeat(out, glyphs->dash, rightward ? LEAD : LEAD - 1);
	strbuf_printf(out, " %s ", label);
	repeat(out, glyphs->dash, rightward ? fill : fill + 1);
	if (rightward)
		strbuf_puts(out, glyphs->right);
}

/* Columns behind the dashes of a packet that stops on its way: cross, blank, the longest word. */
enum { LOST_TAIL = 1 + 1 + sizeof("(dropped)") - 1, LOST_FILL_MIN = 2 };

/* Why a packet does not reach the other side now; NULL: it does. */
static const char *stop_word(enum packet_fate fate)
{
	switch (fate) {
	case FATE_DROPPED:
		return "(dropped)";
	case FATE_DELAYED:
		return "(delayed)";
	case FATE_HELD:
		return "(held)";
	case FATE_SENT:
	case FATE_EXPECTED:
	case FATE_DUPLICATED:
	case FATE_CORRUPTED:
	case FATE_REWRITTEN:
	case FATE_IGNORED:
	case FATE_DELIVERED:
	case FATE_UNEXPECTED:
		break;
	}
	return NULL;
}

/* What is said of a packet that reaches it, but not as it was sent, or not unnoticed. */
static const char *fate_word(enum packet_fate fate)
{
	switch (fate) {
	case FATE_DUPLICATED:
		return " (twice)";
	case FATE_CORRUPTED:
		return " (corrupted)";
	case FATE_REWRITTEN:
		return " (rewritten)";
	case FATE_DELIVERED:
		return " (at last)";
	case FATE_SENT:
	case FATE_EXPECTED:
	case FATE_IGNORED:
	case FATE_DROPPED:
	case FATE_DELAYED:
	case FATE_HELD:
	case FATE_UNEXPECTED:
		break;
	}
	return "";
}

/* "──── ACK seq 1 ─────✗ (dropped)": the arrow ends at two thirds of the way, or where its
 * label does; from the right it is "(dropped) ✗──── ACK seq 1 ────". */
static void lost_arrow_text(const struct ladder *ladder, bool rightward, const char *label,
			    const char *lost_word, struct strbuf *out)
{
	const struct glyphs *glyphs = ladder->glyphs;
	int rest = LEAD + 2 + term_width(label);
	int room = ladder->middle - LOST_TAIL - rest;
	int fill = ladder->middle * 2 / 3 - rest;

	if (fill < LOST_FILL_MIN)
		fill = LOST_FILL_MIN;
	if (fill > room)
		fill = room;
	if (!rightward) {
		repeat(out, " ", room - fill);
		strbuf_printf(out, "%s %s", lost_word, glyphs->lost);
	}
	repeat(out, glyphs->dash, LEAD);
	strbuf_printf(out, " %s ", label);
	repeat(out, glyphs->dash, fill);
	if (rightward)
		strbuf_printf(out, "%s %s", glyphs->lost, lost_word);
}

/* A window is said when it is news: a SYN's, and one that differs from the sender's last. */
static bool window_is_news(struct ladder *ladder, const struct event *event)
{
	const struct packet *packet = &event->u.packet.packet;
	int from = event->u.packet.from;

	if (packet->class != PACKET_TCP || from == NO_INDEX || (packet->flags & TCP_RST))
		return false;

	bool news = (packet->flags & TCP_SYN) || ladder->window[from] != packet->win;

	ladder->window[from] = packet->win;
	return news;
}

static enum paint fate_paint(enum packet_fate fate)
{
	switch (fate) {
	case FATE_SENT:
	case FATE_EXPECTED:
	case FATE_IGNORED:
	case FATE_DELIVERED:
		return PAINT_NONE;
	case FATE_DROPPED:
	case FATE_DELAYED:
	case FATE_DUPLICATED:
	case FATE_HELD:
	case FATE_CORRUPTED:
	case FATE_REWRITTEN:
		return PAINT_WARN;
	case FATE_UNEXPECTED:
		return PAINT_BAD;
	}
	return PAINT_NONE;
}

static void draw_packet(struct ladder *ladder, size_t place, const char *note)
{
	const struct event *event = event_at(ladder, place);
	const char *lost = stop_word(event->u.packet.fate);
	const char *word = fate_word(event->u.packet.fate);
	bool rightward = event->u.packet.from == 0;
	int room = ladder->middle - LEAD - (lost ? 2 + LOST_FILL_MIN + LOST_TAIL : 4) -
		   (int)strlen(word);
	struct strbuf raw = STRBUF_INIT, label = STRBUF_INIT, middle = STRBUF_INIT;

	packet_text(ladder->plan, event, blob_at(ladder, place), window_is_news(ladder, event),
		    room, ladder->style, &raw);
	term_puts(&label, strbuf_text(&raw), ladder->style);
	strbuf_puts(&label, word);
	if (event->u.packet.from == NO_INDEX)
		strbuf_printf(&middle, " ? %s", strbuf_text(&label));
	else if (lost)
		lost_arrow_text(ladder, rightward, strbuf_text(&label), lost, &middle);
	else
		arrow_text(ladder, rightward, strbuf_text(&label), &middle);
	print_row(ladder, &event->time, ladder->glyphs->line, &middle,
		  fate_paint(event->u.packet.fate), note);
	strbuf_free(&raw);
	strbuf_free(&label);
	strbuf_free(&middle);
}

/* ---- calls, answers, waits ---- */

/* What @host did, beside its lifeline: @what may be cut, @came_of_it is kept whole if it can be. */
static void draw_deed(struct ladder *ladder, int host, const struct event *event, const char *what,
		      const char *came_of_it, const char *note)
{
	const struct report_style *style = ladder->style;
	struct strbuf deed = STRBUF_INIT, outcome = STRBUF_INIT, middle = STRBUF_INIT;
	int room = ladder->middle - 2;

	term_puts(&deed, what, style);
	term_puts(&outcome, came_of_it, style);
	term_cut(&outcome, room * 2 / 3, style);
	term_cut(&deed, room - 1 - term_width(strbuf_text(&outcome)), style);
	strbuf_printf(&deed, " %s", strbuf_text(&outcome));
	if (host == 1)
		repeat(&middle, " ", room - term_width(strbuf_text(&deed)));
	strbuf_printf(&middle, " %s", strbuf_text(&deed));
	print_row(ladder, &event->time, ladder->glyphs->line, &middle, PAINT_CALL, note);
	strbuf_free(&deed);
	strbuf_free(&outcome);
	strbuf_free(&middle);
}

static const struct plan_caller *caller_at(const struct plan *plan, int caller)
{
	return caller >= 0 && caller < plan->n_callers ? &plan->callers[caller] : NULL;
}

/* "reader: " for a caller with a name. Return: the caller's host. */
static int begin_deed(const struct ladder *ladder, int caller, struct strbuf *what)
{
	const struct plan_caller *who = caller_at(ladder->plan, caller);

	if (who && who->name)
		strbuf_printf(what, "%s: ", who->name);
	return who ? who->host : 0;
}

/* Did the call at @place return before anything else happened? */
static bool returns_at_once(const struct ladder *ladder, size_t place)
{
	const struct event *event = event_at(ladder, place);

	if (place + 1 >= ladder->n_order)
		return false;

	const struct event *next = event_at(ladder, place + 1);

	return next->kind == EVENT_RESULT && next->u.result.caller == event->u.call.caller &&
	       next->time - event->time < GAP_NS;
}

/* Return: rows' worth of events drawn, 2 when the result is in it. */
static size_t draw_call(struct ladder *ladder, size_t place, const char *note)
{
	const struct event *event = event_at(ladder, place);
	const struct plan_call *call = step_call(ladder->plan, event->step);
	struct strbuf what = STRBUF_INIT, outcome = STRBUF_INIT;
	int host = begin_deed(ladder, event->u.call.caller, &what);
	bool whole = returns_at_once(ladder, place);

	if (call)
		call_text(ladder->plan, call, &what);
	if (whole)
		result_text(ladder->plan, call, event_at(ladder, place + 1),
			    blob_at(ladder, place + 1), &outcome);
	else
		strbuf_puts(&outcome, "…");
	draw_deed(ladder, host, event, strbuf_text(&what), strbuf_text(&outcome), note);
	strbuf_free(&what);
	strbuf_free(&outcome);
	return whole ? 2 : 1;
}

static void draw_result(struct ladder *ladder, size_t place, const char *note)
{
	const struct event *event = event_at(ladder, place);
	const struct plan_call *call = step_call(ladder->plan, event->step);
	struct strbuf what = STRBUF_INIT, outcome = STRBUF_INIT;
	int host = begin_deed(ladder, event->u.result.caller, &what);

	if (call)
		strbuf_puts(&what, call_name(call->id));
	result_text(ladder->plan, call, event, blob_at(ladder, place), &outcome);
	draw_deed(ladder, host, event, strbuf_text(&what), strbuf_text(&outcome), note);
	strbuf_free(&what);
	strbuf_free(&outcome);
}

/* Each socket of the answer to `sockets`, a row of its own, as `ss -tano` would list it. */
static void draw_sockets(struct ladder *ladder, size_t place)
{
	const struct event *event = event_at(ladder, place);
	const struct sock_info *sockets = blob_at(ladder, place);
	size_t count = event->blob_len / sizeof(*sockets);

	for (size_t i = 0; i < count; i++) {
		struct strbuf text = STRBUF_INIT, middle = STRBUF_INIT;
		struct sock_info one;

		memcpy(&one, &sockets[i], sizeof(one));
		sock_text(ladder->plan, &one, &text);
		strbuf_puts(&middle, "   ");
		term_puts(&middle, strbuf_text(&text), ladder->style);
		print_row(ladder, NULL, ladder->glyphs->line, &middle, PAINT_CALL, "");
		strbuf_free(&text);
		strbuf_free(&middle);
	}
}

static void draw_answer(struct ladder *ladder, size_t place, const char *note)
{
	const struct event *event = event_at(ladder, place);
	const struct plan_step *step = step_at(ladder->plan, event->step);
	struct strbuf what = STRBUF_INIT, outcome = STRBUF_INIT;

	if (step && step->question)
		question_text(ladder->plan, step->question, &what);
	else
		strbuf_puts(&what, question_name(event->u.ask.id));
	strbuf_puts(&outcome, "= ");
	ask_text(ladder->plan, event, &outcome);
	draw_deed(ladder, event->u.ask.host, event, strbuf_text(&what), strbuf_text(&outcome),
		  note);
	draw_sockets(ladder, place);
	strbuf_free(&what);
	strbuf_free(&outcome);
}

/* Does the socket call that begins at @place return before anything else happens? */
static bool traced_at_once(const struct ladder *ladder, size_t place)
{
	const struct event *event = event_at(ladder, place);

	if (event->u.program.what != PROGRAM_CALLED || event->u.program.call.returned ||
	    place + 1 >= ladder->n_order)
		return false;

	const struct event *next = event_at(ladder, place + 1);

	return next->kind == EVENT_PROGRAM && next->u.program.what == PROGRAM_CALLED &&
	       next->u.program.program == event->u.program.program &&
	       next->u.program.call.number == event->u.program.call.number &&
	       next->time - event->time < GAP_NS;
}

/* Return: events drawn. A call that returns at once is drawn when it does. */
static size_t draw_program(struct ladder *ladder, size_t place, const char *note)
{
	const struct event *event = event_at(ladder, place);
	struct strbuf what = STRBUF_INIT, outcome = STRBUF_INIT;

	if (traced_at_once(ladder, place))
		return 1;
	for (int row = 0; program_row_text(ladder->plan, event, blob_at(ladder, place), row, &what,
					   &outcome); row++) {
		draw_deed(ladder, event->u.program.host, event, strbuf_text(&what),
			  strbuf_text(&outcome), row ? "" : note);
		strbuf_clear(&what);
		strbuf_clear(&outcome);
	}
	strbuf_free(&what);
	strbuf_free(&outcome);
	return 1;
}

/* "⋮ 3 s": the time between the row before and @until. */
static void draw_gap(struct ladder *ladder, int64_t until, const char *note)
{
	struct strbuf middle = STRBUF_INIT;
	char duration[DURATION_LEN];

	strbuf_printf(&middle, " %s", format_duration(until - ladder->last, duration));
	print_row(ladder, NULL, ladder->glyphs->gap, &middle, PAINT_DIM, note);
	strbuf_free(&middle);
}

/* What the scenario did to the wire, in the middle between the hosts. */
static void draw_change(struct ladder *ladder, const struct event *event, const char *note)
{
	struct strbuf line = STRBUF_INIT, text = STRBUF_INIT, middle = STRBUF_INIT;

	step_text(ladder->plan, event->step, &line);
	term_puts(&text, strbuf_text(&line), ladder->style);
	term_cut(&text, ladder->middle - 4, ladder->style);
	repeat(&middle, " ", (ladder->middle - term_width(strbuf_text(&text))) / 2);
	strbuf_puts(&middle, strbuf_text(&text));
	print_row(ladder, &event->time, ladder->glyphs->line, &middle, PAINT_WARN, note);
	strbuf_free(&line);
	strbuf_free(&text);
	strbuf_free(&middle);
}

/* ---- the whole ---- */

/* Return: events drawn. */
static size_t draw_event(struct ladder *ladder, size_t place, const char *note)
{
	const struct event *event = event_at(ladder, place);

	switch (event->kind) {
	case EVENT_PACKET:
		draw_packet(ladder, place, note);
		return 1;
	case EVENT_CALL:
		return draw_call(ladder, place, note);
	case EVENT_RESULT:
		draw_result(ladder, place, note);
		return 1;
	case EVENT_ASK:
		draw_answer(ladder, place, note);
		return 1;
	case EVENT_WIRE:
		draw_change(ladder, event, note);
		return 1;
	case EVENT_PROGRAM:
		return draw_program(ladder, place, note);
	case EVENT_WAIT:
		draw_gap(ladder, event->time, note);
		return 1;
	case EVENT_READY:
	case EVENT_BEGIN:
	case EVENT_STEP:
	case EVENT_CHECKED:
	case EVENT_FAILURE:
	case EVENT_END:
		break; /* have no place in time: see order */
	}
	return 1;
}

static void draw_events(struct ladder *ladder)
{
	struct strbuf note = STRBUF_INIT;

	ladder->last = ladder->record->begin;
	for (size_t place = 0; place < ladder->n_order;) {
		const struct event *event = event_at(ladder, place);

		if (event->kind != EVENT_WAIT && event->time - ladder->last >= GAP_NS)
			draw_gap(ladder, event->time, "");
		strbuf_clear(&note);
		note_text(ladder, event, count_packet(ladder, event), &note);
		place += draw_event(ladder, place, strbuf_text(&note));
		ladder->last = event_at(ladder, place - 1)->time;
	}
	strbuf_free(&note);
}

/* Reckon the columns' widths from all that will be drawn. */
static void lay_out(struct ladder *ladder)
{
	int width = ladder->style->width, note_width = 0;
	struct strbuf note = STRBUF_INIT;
	char time[32];

	if (width < STYLE_WIDTH_MIN)
		width = STYLE_WIDTH_MIN;
	ladder->time_width = (int)strlen("0.000000");
	for (size_t place = 0; place < ladder->n_order; place++) {
		const struct event *event = event_at(ladder, place);

		strbuf_clear(&note);
		note_text(ladder, event, count_packet(ladder, event), &note);
		if ((int)note.len > note_width)
			note_width = (int)note.len;
		format_time(event->time - ladder->record->begin, time);
		if ((int)strlen(time) > ladder->time_width)
			ladder->time_width = (int)strlen(time);
	}
	memset(ladder->seen, 0, (size_t)ladder->plan->n_steps * sizeof(*ladder->seen));
	strbuf_free(&note);
	ladder->time_width += 2;
	ladder->middle = width - ladder->time_width - 2 - (note_width ? NOTE_GAP + note_width : 0);
	if (ladder->middle < MIDDLE_MIN)
		ladder->middle = MIDDLE_MIN;
}

/* ---- how it ended ---- */

static void print_end(const struct ladder *ladder, const char *word, const char *text)
{
	const struct report_style *style = ladder->style;
	struct strbuf line = STRBUF_INIT;

	strbuf_printf(&line, "%s", word);
	term_puts(&line, text, style);
	term_cut(&line, style->width < STYLE_WIDTH_MIN ? STYLE_WIDTH_MIN : style->width, style);
	fprintf(ladder->out, "%s%s%s\n", term_paint(style, PAINT_BAD), strbuf_text(&line),
		term_plain(style, PAINT_BAD));
	strbuf_free(&line);
}

static void print_failures(const struct ladder *ladder)
{
	struct strbuf word = STRBUF_INIT;
	struct failure failure;

	for (size_t i = 0; i < ladder->record->count; i++) {
		if (!record_failure(ladder->record, i, ladder->arena, &failure))
			continue;
		strbuf_clear(&word);
		strbuf_puts(&word, "FAIL: ");
		if (ladder->plan->source) {
			strbuf_clear(&word);
			strbuf_printf(&word, "FAIL at line %d: ",
				      source_line(ladder->plan->source, failure.span.start));
		}
		print_end(ladder, strbuf_text(&word), failure.message);
	}
	strbuf_free(&word);
}

static void print_verdict(const struct ladder *ladder)
{
	const char *reason = record_reason(ladder->plan, ladder->record);

	switch (ladder->record->verdict) {
	case VERDICT_PASSED:
	case VERDICT_FAILED:
		break;
	case VERDICT_SKIPPED:
		print_end(ladder, "SKIP: ", reason ? reason : "");
		break;
	case VERDICT_ERROR:
		print_end(ladder, "ERROR: ", reason ? reason : "");
		break;
	case VERDICT_NONE:
		print_end(ladder, "ERROR: ", reason ? reason : NO_END);
		break;
	}
}

void ladder_print(FILE *out, const struct plan *plan, const struct record *record,
		  const struct report_style *style)
{
	struct ladder ladder = {
		.out = out, .plan = plan, .record = record, .style = style,
		.glyphs = style->unicode ? &unicode_glyphs : &ascii_glyphs,
		.arena = arena_new(), .window = { -1, -1 },
	};

	ladder.order = events_in_time(record, ladder.arena, &ladder.n_order);
	ladder.seen = arena_alloc(ladder.arena, (size_t)plan->n_steps * sizeof(*ladder.seen));
	lay_out(&ladder);
	if (ladder.n_order > 0) {
		print_heads(&ladder);
		draw_events(&ladder);
	}
	print_failures(&ladder);
	print_verdict(&ladder);
	arena_free(ladder.arena);
}
