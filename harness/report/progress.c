/* progress: see progress.h. A line longer than the terminal would wrap and could not be wiped: it
 * is cut. */
#include "report/progress.h"

#include "base/clock.h"
#include "base/strbuf.h"
#include "report/term.h"

/* Whole seconds: a display that changes many times a second is not read. */
static const char *seconds(int64_t ns, char buf[DURATION_LEN])
{
	return format_duration(ns / NS_PER_S * NS_PER_S, buf);
}

void progress_show(FILE *err, const struct tally *done, int running, int total, int64_t elapsed_ns,
		   int64_t left_ns, const struct report_style *style)
{
	int finished = done->passed + done->failed + done->skipped + done->errors;
	struct strbuf line = STRBUF_INIT;
	char duration[DURATION_LEN];

	strbuf_printf(&line, "%d/%d done, %d running", finished, total, running);
	if (done->failed > 0)
		strbuf_printf(&line, ", %d failed", done->failed);
	if (done->errors > 0)
		strbuf_printf(&line, ", %d error%s", done->errors, done->errors == 1 ? "" : "s");
	strbuf_printf(&line, ", %s", seconds(elapsed_ns, duration));
	if (left_ns >= 0)
		strbuf_printf(&line, ", about %s left", seconds(left_ns, duration));
	term_cut(&line, style->width - 1, style);

	fprintf(err, "\r%s%s%s\033[K", term_paint(style, PAINT_DIM), strbuf_text(&line),
		term_plain(style, PAINT_DIM));
	fflush(err);
	strbuf_free(&line);
}

void progress_clear(FILE *err)
{
	fputs("\r\033[K", err);
	fflush(err);
}
