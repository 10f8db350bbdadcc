/* ladder_internal: what the files of the ladder share: the columns, rows, and who draws what.
 *
 * ladder.c lays the page out and goes over the events, ladder_packet.c draws arrows,
 * ladder_deed.c what a host did. */
#ifndef TCPSCEN_REPORT_LADDER_INTERNAL_H
#define TCPSCEN_REPORT_LADDER_INTERNAL_H

#include "base/clock.h"
#include "base/strbuf.h"
#include "report/style.h"
#include "report/term.h"
#include "run/record.h"

#define GAP_NS (100 * NS_PER_MS)

struct glyphs {
	const char *line, *gap, *dash, *right, *left, *lost;
};

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
	bool bare;          /* see ladder_print_bare(); of these, where we are: */
	int lane;
	int64_t at;
};

/* The event, and its blob, at @place in the order of drawing. */
static inline const struct event *event_at(const struct ladder *ladder, size_t place)
{
	return &ladder->record->events[ladder->order[place]];
}

static inline const void *blob_at(const struct ladder *ladder, size_t place)
{
	return ladder->record->blobs[ladder->order[place]];
}

/* @text, @times; none when @times is negative. */
void ladder_repeat(struct strbuf *out, const char *text, int times);

/* @time: of the row, or NULL   @line: glyph of both lifelines
 * @middle: between them, made @ladder->middle columns wide here   @note: or "" */
void ladder_row(struct ladder *ladder, const int64_t *time, const char *line, struct strbuf *middle,
		enum paint paint, const char *note);

/* The event at @place, an EVENT_PACKET. */
void draw_packet(struct ladder *ladder, size_t place, const char *note);

/* The event at @place: an EVENT_CALL (return: rows' worth of events drawn, 2 when the result
 * is in it), EVENT_RESULT, EVENT_ASK, EVENT_PROGRAM. */
size_t draw_call(struct ladder *ladder, size_t place, const char *note);
void draw_result(struct ladder *ladder, size_t place, const char *note);
void draw_answer(struct ladder *ladder, size_t place, const char *note);
void draw_program(struct ladder *ladder, size_t place, const char *note);

#endif
