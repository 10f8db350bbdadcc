/* order: see order.h. */
#include "report/order.h"

#include "base/strbuf.h"
#include "run/call_text.h"

#include <stdlib.h>
#include <string.h>

static bool has_place(enum event_kind kind)
{
	switch (kind) {
	case EVENT_PACKET:
	case EVENT_CALL:
	case EVENT_RESULT:
	case EVENT_ASK:
	case EVENT_WIRE:
	case EVENT_WAIT:
	case EVENT_PROGRAM:
		return true;
	case EVENT_READY:
	case EVENT_BEGIN:
	case EVENT_STEP:
	case EVENT_CHECKED:
	case EVENT_FAILURE:
	case EVENT_END:
		return false;
	}
	return false;
}

struct placed {
	int lane;
	int64_t time;
	size_t index;
};

static int by_time(const void *a, const void *b)
{
	const struct placed *one = a, *two = b;

	if (one->time != two->time)
		return one->time < two->time ? -1 : 1;
	return one->index < two->index ? -1 : one->index > two->index;
}

static int by_lane(const void *a, const void *b)
{
	const struct placed *one = a, *two = b;

	if (one->lane != two->lane)
		return one->lane < two->lane ? -1 : 1;
	return by_time(a, b);
}

static size_t *sort_events(const struct record *record, struct arena *arena,
			   int (*compare)(const void *, const void *), size_t *count)
{
	struct placed *placed = arena_alloc(arena, record->count * sizeof(*placed));
	size_t *order = arena_alloc(arena, record->count * sizeof(*order));
	size_t n = 0;

	for (size_t i = 0; i < record->count; i++) {
		const struct event *event = &record->events[i];

		if (has_place(event->kind))
			placed[n++] = (struct placed){ lane_of(event), event->time, i };
	}
	if (n > 0)
		qsort(placed, n, sizeof(*placed), compare);
	for (size_t i = 0; i < n; i++)
		order[i] = placed[i].index;
	*count = n;
	return order;
}

size_t *events_in_time(const struct record *record, struct arena *arena, size_t *count)
{
	return sort_events(record, arena, by_time, count);
}

size_t *events_by_lane(const struct record *record, struct arena *arena, size_t *count)
{
	return sort_events(record, arena, by_lane, count);
}

int lane_of(const struct event *event)
{
	enum { WIRE, SENDERS, ASKED = SENDERS + PLAN_HOSTS + 1, PROGRAMS = ASKED + PLAN_HOSTS,
	       CALLERS = LANE_OF_THE_END / 2 };

	switch (event->kind) {
	case EVENT_PACKET:
		return SENDERS + 1 + event->u.packet.from; /* NO_INDEX is -1 */
	case EVENT_CALL:
		return CALLERS + event->u.call.caller;
	case EVENT_RESULT:
		return CALLERS + event->u.result.caller;
	case EVENT_ASK:
		return ASKED + event->u.ask.host;
	case EVENT_PROGRAM:
		return PROGRAMS + 1 + event->u.program.program;
	case EVENT_WIRE:
	case EVENT_WAIT:
	case EVENT_READY:
	case EVENT_BEGIN:
	case EVENT_STEP:
	case EVENT_CHECKED:
	case EVENT_FAILURE:
	case EVENT_END:
		break;
	}
	return WIRE;
}

int step_line(const struct plan *plan, int step)
{
	const struct plan_step *at = step_at(plan, step);

	return at && plan->source ? source_line(plan->source, at->span.start) : 0;
}

int checked_by(const struct record *record, uint64_t serial)
{
	for (size_t i = 0; i < record->count; i++)
		if (record->events[i].kind == EVENT_CHECKED &&
		    record->events[i].u.program.serial == serial)
			return record->events[i].step;
	return NO_INDEX;
}

/* Blanks between words become one, also the end of a line that goes on; strings stay as they
 * are. */
void step_text(const struct plan *plan, int step, struct strbuf *out)
{
	const struct plan_step *at = step_at(plan, step);
	bool quoted = false, blank = false;

	if (!at || !plan->source || at->span.start > plan->source->len)
		return;

	const char *text = plan->source->text + at->span.start;
	size_t room = plan->source->len - at->span.start;
	size_t len = at->span.len < room ? at->span.len : room;

	for (size_t i = 0; i < len; i++) {
		if (!quoted && strchr(" \t\r\n\\", text[i])) {
			blank = true;
			continue;
		}
		if (text[i] == '"' && !(quoted && text[i - 1] == '\\'))
			quoted = !quoted;
		if (blank && out->len > 0)
			strbuf_addch(out, ' ');
		blank = false;
		strbuf_addch(out, text[i]);
	}
}

bool error_place(const struct plan *plan, const struct record *record, struct span *span)
{
	const struct event *last = record->count ? &record->events[record->count - 1] : NULL;
	const struct plan_step *step;

	if (!plan->source || !last || last->kind != EVENT_END ||
	    last->u.end.verdict != VERDICT_ERROR)
		return false;
	step = step_at(plan, last->step);
	*span = last->u.end.span.len || !step ? last->u.end.span : step->span;
	return span->len > 0;
}

const char *record_reason(const struct plan *plan, const struct record *record)
{
	for (size_t i = record->count; i-- > 0;)
		if (record->events[i].kind == EVENT_END && record->events[i].blob_len > 0)
			return (const char *)record->blobs[i];
	return plan->skip;
}
