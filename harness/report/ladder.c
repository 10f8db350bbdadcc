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

#include "report/ladder_internal.h"
#include "report/order.h"
#include "run/call_text.h"

#include <inttypes.h>
#include <string.h>

enum {
	MIDDLE_MIN = 24, /* columns between the lifelines, whatever the width says */
	NOTE_GAP = 2,    /* blanks before the note */
};

static const struct glyphs unicode_glyphs = { "│", "⋮", "─", "▶", "◀", "✗" };
static const struct glyphs ascii_glyphs = { "|", ":", "-", ">", "<", "X" };

/* ---- rows ---- */

void ladder_repeat(struct strbuf *out, const char *text, int times)
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

static void begin_bare_row(const struct ladder *ladder)
{
	if (ladder->bare)
		fprintf(ladder->out, "%d\t%" PRId64 "\t", ladder->lane,
			ladder->at - ladder->record->begin);
}

void ladder_row(struct ladder *ladder, const int64_t *time, const char *line, struct strbuf *middle,
		enum paint paint, const char *note)
{
	const struct report_style *style = ladder->style;
	char text[32] = "";
	enum paint note_paint = paint == PAINT_BAD ? PAINT_BAD : PAINT_DIM;

	if (time && !ladder->bare)
		format_time(*time - ladder->record->begin, text);
	term_cut(middle, ladder->middle, style);
	term_pad(middle, ladder->middle);
	begin_bare_row(ladder);
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

/* ---- silence, and changes of the wire ---- */

/* "⋮ 3 s": the time between the row before and @until. */
static void draw_gap(struct ladder *ladder, int64_t until, const char *note)
{
	struct strbuf middle = STRBUF_INIT;
	char duration[DURATION_LEN];

	format_duration(until - ladder->last, duration);
	strbuf_printf(&middle, " %s", ladder->bare ? "" : duration);
	ladder_row(ladder, NULL, ladder->glyphs->gap, &middle, PAINT_DIM, note);
	strbuf_free(&middle);
}

/* What the scenario did to the wire, in the middle between the hosts. */
static void draw_change(struct ladder *ladder, const struct event *event, const char *note)
{
	struct strbuf line = STRBUF_INIT, text = STRBUF_INIT, middle = STRBUF_INIT;

	step_text(ladder->plan, event->step, &line);
	term_puts(&text, strbuf_text(&line), ladder->style);
	term_cut(&text, ladder->middle - 4, ladder->style);
	ladder_repeat(&middle, " ", (ladder->middle - term_width(strbuf_text(&text))) / 2);
	strbuf_puts(&middle, strbuf_text(&text));
	ladder_row(ladder, &event->time, ladder->glyphs->line, &middle, PAINT_WARN, note);
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
		draw_program(ladder, place, note);
		return 1;
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

		if (event->kind != EVENT_WAIT && !ladder->bare &&
		    event->time - ladder->last >= GAP_NS)
			draw_gap(ladder, event->time, "");
		strbuf_clear(&note);
		note_text(ladder, event, count_packet(ladder, event), &note);
		ladder->lane = lane_of(event);
		ladder->at = event->time;
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
	if (ladder->bare) {
		ladder->time_width = 0;
		ladder->middle = width;
		return;
	}
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
	begin_bare_row(ladder);
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

static void draw(struct ladder *ladder)
{
	ladder->arena = arena_new();
	ladder->glyphs = ladder->style->unicode ? &unicode_glyphs : &ascii_glyphs;
	ladder->order = ladder->bare
		? events_by_lane(ladder->record, ladder->arena, &ladder->n_order)
		: events_in_time(ladder->record, ladder->arena, &ladder->n_order);
	ladder->seen = arena_alloc(ladder->arena,
				   (size_t)ladder->plan->n_steps * sizeof(*ladder->seen));
	lay_out(ladder);
	if (ladder->n_order > 0 && !ladder->bare)
		print_heads(ladder);
	draw_events(ladder);
	ladder->lane = LANE_OF_THE_END;
	ladder->at = ladder->record->begin + ladder->record->duration;
	print_failures(ladder);
	print_verdict(ladder);
	arena_free(ladder->arena);
}

void ladder_print(FILE *out, const struct plan *plan, const struct record *record,
		  const struct report_style *style)
{
	struct ladder ladder = {
		.out = out, .plan = plan, .record = record, .style = style, .window = { -1, -1 },
	};

	draw(&ladder);
}

void ladder_print_bare(FILE *out, const struct plan *plan, const struct record *record)
{
	static const struct report_style wide = { .unicode = true, .width = 400 };
	struct ladder ladder = {
		.out = out, .plan = plan, .record = record, .style = &wide, .window = { -1, -1 },
		.bare = true,
	};

	draw(&ladder);
}
