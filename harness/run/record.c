/* record: the events of one variant, and failures as bytes.
 *
 * Events are kept in the order in which they were added. Nothing is judged here:
 * what a record says is what the engine said.
 *
 * A failure as a blob is two numbers for the span, two for the rows and the
 * notes, then the strings, each with its NUL: the message, three for each row, one for each
 * note. It is read with as much distrust as if it had come over a network.
 */
#include "run/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *memory)
{
	if (!memory) {
		fputs("tcpscen: out of memory\n", stderr);
		abort();
	}
	return memory;
}

void record_init(struct record *record)
{
	*record = (struct record){ .verdict = VERDICT_NONE, .step = NO_INDEX };
}

void record_free(struct record *record)
{
	for (size_t i = 0; i < record->count; i++)
		free(record->blobs[i]);
	free(record->blobs);
	free(record->events);
	record_init(record);
}

struct record record_take(struct record *record)
{
	struct record taken = *record;

	record_init(record);
	return taken;
}

static void make_room(struct record *record)
{
	if (record->count < record->room)
		return;

	size_t room = record->room ? 2 * record->room : 64;

	record->events = must(realloc(record->events, room * sizeof(*record->events)));
	record->blobs = must(realloc(record->blobs, room * sizeof(*record->blobs)));
	record->room = room;
}

/* Return: a NUL-terminated copy, NULL for no bytes. */
static uint8_t *copy_blob(const void *blob, size_t len)
{
	if (len == 0)
		return NULL;

	uint8_t *copy = must(malloc(len + 1));

	memcpy(copy, blob, len);
	copy[len] = '\0';
	return copy;
}

void record_add(struct record *record, const struct event *event, const void *blob)
{
	if (event->kind == EVENT_STEP) {
		record->step = event->step;
		return;
	}
	make_room(record);
	record->events[record->count] = *event;
	record->blobs[record->count] = copy_blob(blob, event->blob_len);
	record->count++;

	switch (event->kind) {
	case EVENT_BEGIN:
		record->begin = event->time;
		break;
	case EVENT_PACKET:
		if (record->first_packet == 0 || event->time < record->first_packet)
			record->first_packet = event->time;
		break;
	case EVENT_END:
		record->verdict = event->u.end.verdict;
		record->too_busy = event->u.end.too_busy;
		if (record->verdict == VERDICT_ERROR && event->step == NO_INDEX)
			record->events[record->count - 1].step = record->step;
		record->duration = event->time - record->begin;
		break;
	case EVENT_READY:
	case EVENT_STEP:
	case EVENT_CALL:
	case EVENT_RESULT:
	case EVENT_ASK:
	case EVENT_WIRE:
	case EVENT_WAIT:
	case EVENT_PROGRAM:
	case EVENT_CHECKED:
	case EVENT_FAILURE:
		break;
	}
}

/* ---- failures ---- */

struct failure_head {
	uint64_t start, len;
	uint64_t n_rows, n_notes;
};

/* Copy @text (NULL: "") with its NUL behind @at, or only reckon when @at is NULL. */
static size_t put_string(uint8_t *at, const char *text)
{
	size_t len = strlen(text ? text : "") + 1;

	if (at)
		memcpy(at, text ? text : "", len);
	return len;
}

/* All strings in their order. Return: bytes they take. */
static size_t put_strings(uint8_t *out, const struct failure *failure)
{
	size_t at = put_string(out, failure->message);

	for (size_t i = 0; i < failure->n_rows; i++) {
		const struct failure_row *row = &failure->rows[i];
		const char *const texts[] = { row->field, row->expected, row->saw };

		for (size_t j = 0; j < 3; j++)
			at += put_string(out ? out + at : NULL, texts[j]);
	}
	for (size_t i = 0; i < failure->n_notes; i++)
		at += put_string(out ? out + at : NULL, failure->notes[i]);
	return at;
}

uint8_t *failure_pack(const struct failure *failure, size_t *len)
{
	struct failure_head head = {
		.start = failure->span.start, .len = failure->span.len,
		.n_rows = failure->n_rows, .n_notes = failure->n_notes,
	};

	*len = sizeof(head) + put_strings(NULL, failure);

	uint8_t *blob = must(malloc(*len));

	memcpy(blob, &head, sizeof(head));
	put_strings(blob + sizeof(head), failure);
	return blob;
}

void record_fail(struct record *record, const struct failure *failure, int step)
{
	struct event end, event;
	size_t len;
	uint8_t *blob = failure_pack(failure, &len);

	if (record->count == 0 || record->events[record->count - 1].kind != EVENT_END)
		abort(); /* who has not ended has not passed */
	end = record->events[--record->count];
	free(record->blobs[record->count]); /* the reason of a pass: none */
	event = (struct event){ .kind = EVENT_FAILURE, .step = step, .time = end.time,
				.blob_len = (uint32_t)len };
	record_add(record, &event, blob);
	free(blob);
	end.u.end.verdict = VERDICT_FAILED;
	end.blob_len = 0;
	record_add(record, &end, NULL);
}

/* A blob being read. */
struct strings {
	const char *at, *end;
	bool damaged;
};

static const char *take_string(struct strings *strings)
{
	const char *text = strings->at;
	const char *nul = memchr(text, '\0', (size_t)(strings->end - text));

	if (!nul) {
		strings->damaged = true;
		return "";
	}
	strings->at = nul + 1;
	return text;
}

static void take_all(struct strings *strings, struct arena *arena, struct failure *out)
{
	out->message = take_string(strings);
	out->rows = arena_alloc(arena, out->n_rows * sizeof(*out->rows));
	for (size_t i = 0; i < out->n_rows; i++) {
		out->rows[i].field = take_string(strings);
		out->rows[i].expected = take_string(strings);
		out->rows[i].saw = take_string(strings);
	}
	out->notes = arena_alloc(arena, out->n_notes * sizeof(*out->notes));
	for (size_t i = 0; i < out->n_notes; i++)
		out->notes[i] = take_string(strings);
}

bool record_failure(const struct record *record, size_t index, struct arena *arena,
		    struct failure *out)
{
	struct failure_head head;

	if (index >= record->count || record->events[index].kind != EVENT_FAILURE)
		return false;

	size_t len = record->events[index].blob_len;
	const uint8_t *blob = record->blobs[index];

	if (len < sizeof(head))
		return false;
	memcpy(&head, blob, sizeof(head));

	/* Every string takes a byte at least: larger counts are damage, not work. */
	size_t room = len - sizeof(head);

	if (head.n_rows > room || head.n_notes > room)
		return false;

	struct strings strings = { (const char *)blob + sizeof(head), (const char *)blob + len,
				   false };
	struct failure failure = {
		.span = { (size_t)head.start, (size_t)head.len },
		.n_rows = (size_t)head.n_rows, .n_notes = (size_t)head.n_notes,
	};

	take_all(&strings, arena, &failure);
	if (strings.damaged || strings.at != strings.end)
		return false;
	*out = failure;
	return true;
}
