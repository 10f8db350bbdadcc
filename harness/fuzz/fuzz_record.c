/* fuzz_record: events with any bytes in them on the event pipe: refused, or read into a record.
 *
 * The input is a byte that says where the bytes are torn in two, and events (fuzz/events.h). In
 * whatever pieces the bytes come, the record is the same; failures are read back from it. */
#include "base/arena.h"
#include "fuzz/events.h"
#include "run/record.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Return: as record_reader_feed. */
static int feed(struct record_reader *reader, struct record *record, const int pipe_fds[2],
		const uint8_t *bytes, size_t len)
{
	if (len == 0)
		return 1;
	must(write(pipe_fds[1], bytes, len) == (ssize_t)len);
	return record_reader_feed(reader, pipe_fds[0], record);
}

/* The bytes, torn at @at, as a record. Return: 1, or what the reader had against them. */
static int read_record(struct record *record, const uint8_t *bytes, size_t len, size_t at)
{
	struct record_reader reader = RECORD_READER_INIT;
	int pipe_fds[2], rc;

	must(pipe2(pipe_fds, O_CLOEXEC) == 0);
	record_init(record);
	rc = feed(&reader, record, pipe_fds, bytes, at);
	if (rc == 1)
		rc = feed(&reader, record, pipe_fds, bytes + at, len - at);
	record_reader_free(&reader);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	return rc;
}

static void same(const struct record *left, const struct record *right)
{
	must(left->count == right->count && left->verdict == right->verdict);
	must(left->begin == right->begin && left->duration == right->duration);
	for (size_t i = 0; i < left->count; i++) {
		uint32_t len = left->events[i].blob_len;

		must(memcmp(&left->events[i], &right->events[i], sizeof(left->events[i])) == 0);
		must(len == 0 || memcmp(left->blobs[i], right->blobs[i], len) == 0);
	}
}

/* All strings of a failure are there, each with its end. */
static void read_failures(const struct record *record)
{
	struct arena *arena = arena_new();

	for (size_t i = 0; i < record->count; i++) {
		struct failure failure;
		size_t len;

		if (!record_failure(record, i, arena, &failure))
			continue;
		len = strlen(failure.message);
		for (size_t row = 0; row < failure.n_rows; row++)
			len += strlen(failure.rows[row].field) +
			       strlen(failure.rows[row].expected) + strlen(failure.rows[row].saw);
		for (size_t note = 0; note < failure.n_notes; note++)
			len += strlen(failure.notes[note]);
		must(len < record->events[i].blob_len);
	}
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct strbuf stream = STRBUF_INIT;
	struct record whole, torn;
	size_t tear = take(&input);

	add_events(&stream, &input);

	const uint8_t *bytes = (const uint8_t *)strbuf_text(&stream);
	int rc = read_record(&whole, bytes, stream.len, 0);

	must(rc == read_record(&torn, bytes, stream.len, tear * stream.len / UINT8_MAX));
	same(&whole, &torn);
	read_failures(&whole);
	record_free(&whole);
	record_free(&torn);
	strbuf_free(&stream);
	return 0;
}
