/* text: see text.h. */
#include "report/text.h"

#include "base/clock.h"
#include "base/strbuf.h"
#include "report/order.h"
#include "report/term.h"

#include <inttypes.h>
#include <string.h>

enum { TITLE_MIN = 16 }; /* columns; a title with fewer says nothing */

/* ---- failures ---- */

static struct span clamp(const struct source *source, struct span span)
{
	if (span.start > source->len)
		span.start = source->len;
	if (span.len > source->len - span.start)
		span.len = source->len - span.start;
	return span;
}

enum { COLUMNS = 3 };

static const char *cell(const struct failure_row *row, int column)
{
	return column == 0 ? row->field : column == 1 ? row->expected : row->saw;
}

/* One row of the table; the last column is not padded. */
static void print_cells(FILE *out, const struct failure_row *row, const int widths[COLUMNS],
			const struct report_style *style)
{
	struct strbuf line = STRBUF_INIT;
	int column_end = 8;

	term_pad(&line, column_end);
	for (int i = 0; i < COLUMNS; i++) {
		term_puts(&line, cell(row, i), style);
		column_end += widths[i] + 3;
		if (i + 1 < COLUMNS)
			term_pad(&line, column_end);
	}
	fprintf(out, "%s\n", strbuf_text(&line));
	strbuf_free(&line);
}

/*         field    expected   saw
 *         flags    RST        FIN-ACK     */
static void print_table(FILE *out, const struct failure *failure, const struct report_style *style)
{
	static const struct failure_row head = { "field", "expected", "saw" };
	struct strbuf text = STRBUF_INIT;
	int widths[COLUMNS] = { 6, 8, 3 };

	for (size_t i = 0; i < failure->n_rows; i++) {
		for (int j = 0; j < COLUMNS; j++) {
			strbuf_clear(&text);
			term_puts(&text, cell(&failure->rows[i], j), style);
			if (term_width(strbuf_text(&text)) > widths[j])
				widths[j] = term_width(strbuf_text(&text));
		}
	}
	strbuf_free(&text);
	if (failure->n_rows == 0)
		return;
	fputs(term_paint(style, PAINT_DIM), out);
	print_cells(out, &head, widths, style);
	fputs(term_plain(style, PAINT_DIM), out);
	for (size_t i = 0; i < failure->n_rows; i++)
		print_cells(out, &failure->rows[i], widths, style);
}

static void print_line(FILE *out, const char *before, const char *text,
		       const struct report_style *style)
{
	struct strbuf line = STRBUF_INIT;

	term_puts(&line, text, style);
	fprintf(out, "%s%s\n", before, strbuf_text(&line));
	strbuf_free(&line);
}

static void print_failure(FILE *out, const struct plan *plan, const struct failure *failure,
			  const struct report_style *style)
{
	struct strbuf message = STRBUF_INIT;

	term_puts(&message, failure->message, style);
	if (plan->source)
		diag_print_place(out, plan->source, clamp(plan->source, failure->span), "error",
				 strbuf_text(&message), style->color);
	else
		fprintf(out, "error: %s\n", strbuf_text(&message));
	print_table(out, failure, style);
	for (size_t i = 0; i < failure->n_notes; i++)
		print_line(out, "   ", failure->notes[i], style);
	strbuf_free(&message);
}

static const char *scenario_path(const struct plan *plan)
{
	return plan->source ? plan->source->name : "scenario";
}

/* "scenarios/x.scn [4]", "scenarios/x.scn [4] round 7" */
static void name_text(const struct plan *plan, const struct record *record,
		      const struct report_style *style, struct strbuf *out)
{
	term_puts(out, scenario_path(plan), style);
	if (plan->variant) {
		strbuf_puts(out, " [");
		term_puts(out, plan->variant, style);
		strbuf_addch(out, ']');
	}
	if (record->round)
		strbuf_printf(out, " round %d", record->round);
}

/* Why it is not PASS, where no failure says it: the line of the verdict ends with it. */
static const char *reason_of(const struct plan *plan, const struct record *record)
{
	const char *reason = record_reason(plan, record);

	if (reason)
		return reason;
	switch (record->verdict) {
	case VERDICT_PASSED:
	case VERDICT_FAILED:
		break;
	case VERDICT_SKIPPED:
		return "for no known reason";
	case VERDICT_ERROR:
		return "this machine could not play it";
	case VERDICT_NONE:
		return NO_END;
	}
	return "failed, for no known reason";
}

/* "scenarios/x.scn [4]: error: failed, for no known reason" */
static void print_reason(FILE *out, const struct plan *plan, const struct record *record,
			 const struct report_style *style)
{
	struct strbuf line = STRBUF_INIT;

	name_text(plan, record, style, &line);
	strbuf_printf(&line, ": %serror:%s ", term_paint(style, PAINT_BAD),
		      term_plain(style, PAINT_BAD));
	term_puts(&line, reason_of(plan, record), style);
	fprintf(out, "%s\n", strbuf_text(&line));
	strbuf_free(&line);
}

/* An error of the machine, at the line that was being played. Return: false: there is none. */
static bool print_error(FILE *out, const struct plan *plan, const struct record *record,
			const struct report_style *style)
{
	struct strbuf message = STRBUF_INIT;
	struct span span;

	if (!error_place(plan, record, &span))
		return false;
	term_puts(&message, reason_of(plan, record), style);
	diag_print_place(out, plan->source, clamp(plan->source, span), "error",
			 strbuf_text(&message), style->color);
	strbuf_free(&message);
	return true;
}

void text_failure(FILE *out, const struct plan *plan, const struct record *record,
		  const struct report_style *style)
{
	struct arena *arena = arena_new();
	struct failure failure;
	bool known = false;

	for (size_t i = 0; i < record->count; i++) {
		if (!record_failure(record, i, arena, &failure))
			continue;
		print_failure(out, plan, &failure, style);
		known = true;
	}
	arena_free(arena);
	if (print_error(out, plan, record, style))
		return;
	if (record->verdict == VERDICT_FAILED && !known)
		print_reason(out, plan, record, style);
}

/* ---- verdicts ---- */

/* "3.1 ms", "146 ms", "3.2 s": how long it took is of interest, not how long to the nanosecond. */
static const char *short_duration(int64_t ns, char buf[DURATION_LEN])
{
	int64_t unit = 1;

	while (unit < NS_PER_S && ns >= 1000 * unit)
		unit *= 1000;

	int64_t step = ns < 10 * unit && unit > 1 ? unit / 10 : unit;

	return format_duration((ns + step / 2) / step * step, buf);
}

struct verdict_word {
	const char *text;
	enum paint paint;
};

static struct verdict_word verdict_word(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_PASSED:  return (struct verdict_word){ "PASS ", PAINT_GOOD };
	case VERDICT_FAILED:  return (struct verdict_word){ "FAIL ", PAINT_BAD };
	case VERDICT_SKIPPED: return (struct verdict_word){ "SKIP ", PAINT_WARN };
	case VERDICT_ERROR:
	case VERDICT_NONE:    break;
	}
	return (struct verdict_word){ "ERROR", PAINT_BAD };
}

/* The title in what room the line has left; none when that is too little. */
static void add_title(struct strbuf *line, const char *title, int columns,
		      const struct report_style *style)
{
	struct strbuf text = STRBUF_INIT;

	term_puts(&text, title, style);
	if (columns >= TITLE_MIN || term_width(strbuf_text(&text)) <= columns) {
		term_cut(&text, columns, style);
		strbuf_printf(line, "  %s", strbuf_text(&text));
	}
	strbuf_free(&text);
}

/* A number's first two digits: 8973 → 9000. */
static int64_t roughly(int64_t number)
{
	int64_t unit = 1;

	while (number / unit >= 100)
		unit *= 10;
	return (number + unit / 2) / unit * unit;
}

/* "3.1 ms"; "927 s in 0.1 s, ×9000": both in the same unit. @wall: 0: time was real */
static void duration_text(struct strbuf *out, int64_t duration, int64_t wall,
			  const struct report_style *style)
{
	enum { LONG_S = 1, MUCH = 10 }; /* less is not worth a word */
	char text[DURATION_LEN];

	if (wall <= 0 || duration < LONG_S * NS_PER_S || duration / wall < MUCH) {
		strbuf_puts(out, short_duration(duration, text));
		return;
	}
	if (duration < 10 * NS_PER_S)
		strbuf_puts(out, short_duration(duration, text));
	else
		strbuf_printf(out, "%" PRId64 " s", (duration + NS_PER_S / 2) / NS_PER_S);
	strbuf_printf(out, wall < 10 * NS_PER_S ? " in %.2g s, " : " in %.0f s, ",
		      (double)wall / (double)NS_PER_S);
	strbuf_printf(out, "%s%" PRId64, style->unicode ? "×" : "x", roughly(duration / wall));
}

void text_verdict(FILE *out, const struct plan *plan, const struct record *record,
		  const struct report_style *style)
{
	text_virtual_verdict(out, plan, record, 0, style);
}

void text_virtual_verdict(FILE *out, const struct plan *plan, const struct record *record,
			  int64_t wall, const struct report_style *style)
{
	struct verdict_word word = verdict_word(record->verdict);
	const char *again = record->played_before ? ", played again: the machine was too busy" : "";
	struct strbuf line = STRBUF_INIT, duration = STRBUF_INIT;
	struct span place;

	name_text(plan, record, style, &line);
	duration_text(&duration, record->duration, wall, style);
	if (record->verdict == VERDICT_PASSED || record->verdict == VERDICT_FAILED ||
	    error_place(plan, record, &place)) {
		int taken = (int)strlen(word.text) + 1 + term_width(strbuf_text(&line)) + 2;

		add_title(&line, plan->title ? plan->title : "",
			  style->width - taken - 2 - term_width(strbuf_text(&duration)) -
				  (int)strlen(again),
			  style);
		strbuf_printf(&line, "  %s%s%s%s", term_paint(style, PAINT_DIM),
			      strbuf_text(&duration), again, term_plain(style, PAINT_DIM));
	} else {
		strbuf_puts(&line, "  ");
		term_puts(&line, reason_of(plan, record), style);
	}
	fprintf(out, "%s%s%s %s\n", term_paint(style, word.paint), word.text,
		term_plain(style, word.paint), strbuf_text(&line));
	strbuf_free(&line);
	strbuf_free(&duration);
}

/* ---- tables of verdicts ---- */

int text_columns(const char *text, const struct report_style *style)
{
	struct strbuf clean = STRBUF_INIT;
	int columns;

	term_puts(&clean, text, style);
	columns = term_width(strbuf_text(&clean));
	strbuf_free(&clean);
	return columns;
}

void text_verdict_row(FILE *out, const char *name, int name_columns, const enum verdict *verdicts,
		      const int *columns, size_t count, const struct report_style *style)
{
	static const struct verdict_word none = { "-", PAINT_DIM };
	struct strbuf clean = STRBUF_INIT;

	term_puts(&clean, name, style);
	term_pad(&clean, name_columns);
	fputs(strbuf_text(&clean), out);
	for (size_t i = 0; i < count; i++) {
		struct verdict_word word = verdicts[i] == VERDICT_NONE ? none
								       : verdict_word(verdicts[i]);
		int width = (int)strcspn(word.text, " ");

		fprintf(out, "  %s%.*s%s", term_paint(style, word.paint), width, word.text,
			term_plain(style, word.paint));
		if (i + 1 < count)
			fprintf(out, "%*s", columns[i] > width ? columns[i] - width : 0, "");
	}
	putc('\n', out);
	strbuf_free(&clean);
}

/* ---- summaries ---- */

static bool all_ended_alike(const struct tally *plays, int total)
{
	return plays->passed == total || plays->failed == total || plays->errors == total ||
	       plays->skipped == total;
}

/* "3 of 200 failed", and behind it ", 2 could not be played". @begin: what the line begins with */
static void add_ends(struct strbuf *line, size_t begin, int number, int total, const char *what)
{
	if (number > 0 && line->len == begin)
		strbuf_printf(line, "%d of %d %s", number, total, what);
	else if (number > 0)
		strbuf_printf(line, ", %d %s", number, what);
}

void text_rounds(FILE *out, const char *id, const struct tally *plays,
		 const struct report_style *style)
{
	const int total = plays->passed + plays->failed + plays->errors + plays->skipped;
	struct strbuf line = STRBUF_INIT;
	size_t begin;

	if (all_ended_alike(plays, total))
		return;
	term_puts(&line, id, style);
	strbuf_printf(&line, ": %s", term_paint(style, PAINT_BAD));
	begin = line.len;
	add_ends(&line, begin, plays->failed, total, "failed");
	add_ends(&line, begin, plays->errors, total, "could not be played");
	add_ends(&line, begin, plays->skipped, total, "skipped");
	fprintf(out, "%s%s\n", strbuf_text(&line), term_plain(style, PAINT_BAD));
	strbuf_free(&line);
}

/* "14 h 3 min": of hours, seconds are of no interest. */
static const char *rough_duration(int64_t ns, char buf[DURATION_LEN])
{
	const int64_t minute = 60 * NS_PER_S;
	long long minutes = (ns + minute / 2) / minute;

	if (ns < 60 * minute)
		return short_duration(ns, buf);
	snprintf(buf, DURATION_LEN, "%lld h %lld min", minutes / 60, minutes % 60);
	return buf;
}

void text_summary(FILE *out, const struct tally *tally, const struct report_style *style)
{
	bool bad = tally->failed > 0 || tally->errors > 0;
	enum paint paint = bad ? PAINT_BAD : tally->passed > 0 ? PAINT_GOOD : PAINT_WARN;
	char duration[DURATION_LEN];

	fprintf(out, "%s%d passed", term_paint(style, paint), tally->passed);
	if (tally->failed > 0)
		fprintf(out, ", %d failed", tally->failed);
	if (tally->errors > 0)
		fprintf(out, ", %d error%s", tally->errors, tally->errors == 1 ? "" : "s");
	if (tally->skipped > 0)
		fprintf(out, ", %d skipped", tally->skipped);
	if (tally->unplayed > 0)
		fprintf(out, ", %d not played", tally->unplayed);
	if (tally->replayed > 0)
		fprintf(out, ", %d played again", tally->replayed);
	if (tally->virtual_ns > 0)
		fprintf(out, ": %s", rough_duration(tally->virtual_ns, duration));
	fprintf(out, " in %s%s\n", short_duration(tally->wall_ns, duration),
		term_plain(style, paint));
}
