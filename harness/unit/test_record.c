/* test_record: collecting events, failures as bytes, the pipe. */
#include "base/strbuf.h"
#include "run/record.h"
#include "unit/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct event blank_event(enum event_kind kind, int64_t time)
{
	struct event event;

	memset(&event, 0, sizeof(event));
	event.kind = kind;
	event.step = NO_INDEX;
	event.time = time;
	return event;
}

static void keeps_what_reports_ask_for(void **state)
{
	struct record record;
	struct event begin = blank_event(EVENT_BEGIN, 1000),
		     packet = blank_event(EVENT_PACKET, 1500);
	struct event earlier = blank_event(EVENT_PACKET, 1400), end = blank_event(EVENT_END, 4000);

	(void)state;
	record_init(&record);
	packet.blob_len = 3;
	end.u.end.verdict = VERDICT_FAILED;
	record_add(&record, &begin, NULL);
	record_add(&record, &packet, "abc");
	record_add(&record, &earlier, NULL);
	record_add(&record, &end, NULL);
	assert_int_equal(record.count, 4);
	assert_int_equal(record.begin, 1000);
	assert_int_equal(record.first_packet, 1400);
	assert_int_equal(record.verdict, VERDICT_FAILED);
	assert_int_equal(record.duration, 3000);
	assert_string_equal((char *)record.blobs[1], "abc");
	assert_null(record.blobs[0]);
	record_free(&record);
	assert_int_equal(record.count, 0);
}

/* Whoever ends a record for an engine that cannot knows no line: the record does. */
static void error_happens_where_the_record_has_got_to(void **state)
{
	struct record record;
	struct event step = blank_event(EVENT_STEP, 1000), end = blank_event(EVENT_END, 4000);

	(void)state;
	record_init(&record);
	assert_int_equal(record.step, NO_INDEX);
	step.step = 3;
	record_add(&record, &step, NULL);
	step.step = 4;
	record_add(&record, &step, NULL);
	end.u.end.verdict = VERDICT_ERROR;
	record_add(&record, &end, NULL);
	assert_int_equal(record.count, 1);
	assert_int_equal(record.events[0].step, 4);
	end.u.end.verdict = VERDICT_PASSED;
	record_add(&record, &end, NULL);
	assert_int_equal(record.events[1].step, NO_INDEX);
	record_free(&record);
}

/* ---- failures ---- */

static struct failure_row rows[] = { { "flags", "RST", "FIN-ACK" }, { "seq", "6", NULL } };
static const char *notes[] = { "one note", "" };
static const struct failure failure = {
	.span = { 7, 3 }, .message = "expected RST", .rows = rows, .n_rows = 2, .notes = notes,
	.n_notes = 2,
};

static void add_failure(struct record *record, const uint8_t *blob, size_t len)
{
	struct event event = blank_event(EVENT_FAILURE, 1);

	event.blob_len = (uint32_t)len;
	record_add(record, &event, blob);
}

static void failure_comes_back(void **state)
{
	struct arena *arena = arena_new();
	struct record record;
	struct failure back;
	size_t len;
	uint8_t *blob = failure_pack(&failure, &len);

	(void)state;
	record_init(&record);
	add_failure(&record, blob, len);
	free(blob);
	assert_true(record_failure(&record, 0, arena, &back));
	assert_int_equal(back.span.start, 7);
	assert_int_equal(back.span.len, 3);
	assert_string_equal(back.message, "expected RST");
	assert_int_equal(back.n_rows, 2);
	assert_string_equal(back.rows[0].saw, "FIN-ACK");
	assert_string_equal(back.rows[1].field, "seq");
	assert_string_equal(back.rows[1].saw, "");
	assert_int_equal(back.n_notes, 2);
	assert_string_equal(back.notes[0], "one note");
	assert_false(record_failure(&record, 1, arena, &back));
	record_free(&record);
	arena_free(arena);
}

static void damaged_failure_is_refused(void **state)
{
	struct arena *arena = arena_new();
	struct failure back;
	size_t len;
	uint8_t *blob = failure_pack(&failure, &len);

	(void)state;
	for (size_t cut = 0; cut < len; cut++) { /* cut short */
		struct record record;

		record_init(&record);
		add_failure(&record, blob, cut);
		assert_false(record_failure(&record, 0, arena, &back));
		record_free(&record);
	}
	for (size_t i = 0; i < len; i++) { /* any byte wrong: refused or read, never a crash */
		struct record record;

		record_init(&record);
		blob[i] ^= 0xff;
		add_failure(&record, blob, len);
		record_failure(&record, 0, arena, &back);
		blob[i] ^= 0xff;
		record_free(&record);
	}
	free(blob);
	arena_free(arena);
}

/* ---- the pipe ---- */

static void assert_same(const struct record *one, const struct record *two)
{
	assert_int_equal(one->count, two->count);
	for (size_t i = 0; i < one->count; i++) {
		assert_memory_equal(&one->events[i], &two->events[i], sizeof(struct event));
		if (one->events[i].blob_len)
			assert_memory_equal(one->blobs[i], two->blobs[i], one->events[i].blob_len);
	}
}

/* Write all of @record to @fd, many times over. */
static int write_record(int fd, const struct record *record, int times)
{
	struct strbuf frames = STRBUF_INIT;
	size_t done = 0;
	int rc = 0;

	for (int n = 0; n < times; n++)
		for (size_t i = 0; i < record->count && rc == 0; i++)
			rc = record_pack(&frames, &record->events[i], record->blobs[i]);
	if (rc == 0)
		rc = record_write(fd, &frames, &done);
	strbuf_free(&frames);
	return rc;
}

static void record_crosses_a_full_pipe(void **state)
{
	enum { TIMES = 300 }; /* more than the pipe holds, so that writes are torn */
	struct sample sample;
	struct record back, all;
	struct record_reader reader = RECORD_READER_INIT;
	int fds[2], rc, status;

	(void)state;
	sample_rst_after_fin(&sample, true);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	fcntl(fds[1], F_SETPIPE_SZ, 4096);

	pid_t pid = fork();

	if (pid == 0)
		_exit(write_record(fds[1], &sample.record, TIMES) != 0);
	close(fds[1]);
	record_init(&back);
	record_init(&all);
	while ((rc = record_reader_feed(&reader, fds[0], &back)) > 0)
		;
	assert_int_equal(rc, 0);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	for (int n = 0; n < TIMES; n++)
		for (size_t i = 0; i < sample.record.count; i++)
			record_add(&all, &sample.record.events[i], sample.record.blobs[i]);
	assert_same(&back, &all);
	record_reader_free(&reader);
	record_free(&back);
	record_free(&all);
	close(fds[0]);
	sample_close(&sample);
}

static void frames_come_byte_by_byte(void **state)
{
	struct record_reader reader = RECORD_READER_INIT;
	struct record record;
	struct event event = blank_event(EVENT_PACKET, 5);
	char bytes[sizeof(event) + 4];
	int fds[2];

	(void)state;
	event.blob_len = 4;
	memcpy(bytes, &event, sizeof(event));
	memcpy(bytes + sizeof(event), "wxyz", 4);
	record_init(&record);
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	assert_int_equal(record_reader_feed(&reader, fds[0], &record), -EAGAIN);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		assert_int_equal(record.count, 0);
		assert_int_equal(write(fds[1], bytes + i, 1), 1);
		assert_int_equal(record_reader_feed(&reader, fds[0], &record), 1);
	}
	assert_int_equal(record.count, 1);
	assert_string_equal((char *)record.blobs[0], "wxyz");

	/* A writer that dies in the middle of a frame: what is whole stays, the rest is nothing. */
	assert_int_equal(write(fds[1], bytes, 10), 10);
	close(fds[1]);
	assert_int_equal(record_reader_feed(&reader, fds[0], &record), 1);
	assert_int_equal(record_reader_feed(&reader, fds[0], &record), 0);
	assert_int_equal(record.count, 1);
	assert_int_equal(record.verdict, VERDICT_NONE);
	close(fds[0]);
	record_reader_free(&reader);
	record_free(&record);
}

/* Feed one event's bytes as they are. */
static int feed_one(const struct event *event)
{
	struct record_reader reader = RECORD_READER_INIT;
	struct record record;
	int fds[2], rc;

	record_init(&record);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], event, sizeof(*event)), sizeof(*event));
	rc = record_reader_feed(&reader, fds[0], &record);
	close(fds[0]);
	close(fds[1]);
	record_reader_free(&reader);
	record_free(&record);
	return rc;
}

static void what_is_no_frame_is_refused(void **state)
{
	struct event event = blank_event(EVENT_WAIT, 1);

	(void)state;
	assert_int_equal(feed_one(&event), 1);
	event.blob_len = RECORD_BLOB_MAX + 1;
	assert_int_equal(feed_one(&event), -EPROTO);
	event.blob_len = UINT32_MAX;
	assert_int_equal(feed_one(&event), -EPROTO);
	event = blank_event((enum event_kind)99, 1);
	assert_int_equal(feed_one(&event), -EPROTO);
	event = blank_event(EVENT_PACKET, 1);
	event.u.packet.from = 7;
	assert_int_equal(feed_one(&event), -EPROTO);
	event = blank_event(EVENT_PACKET, 1);
	event.u.packet.packet.n_options = PACKET_OPTIONS_MAX + 1;
	assert_int_equal(feed_one(&event), -EPROTO);
	event = blank_event(EVENT_END, 1);
	event.u.end.verdict = (enum verdict)55;
	assert_int_equal(feed_one(&event), -EPROTO);
	event = blank_event(EVENT_WAIT, 1);
	event.time = -1;
	assert_int_equal(feed_one(&event), -EPROTO);
	event = blank_event(EVENT_PACKET, 1);
	event.u.packet.passed = INT64_MIN;
	assert_int_equal(feed_one(&event), -EPROTO);
	event = blank_event(EVENT_RESULT, 1);
	event.u.result.started = -1;
	assert_int_equal(feed_one(&event), -EPROTO);
	event = blank_event(EVENT_ASK, 1);
	event.u.ask.answer = INT64_MIN;
	assert_int_equal(feed_one(&event), -EPROTO);
}

/* A suite that does not read holds nobody up: what the pipe has no room for is kept. */
static void offering_does_not_wait(void **state)
{
	enum { TIMES = 300 };
	struct sample sample;
	struct record back, all;
	struct record_reader reader = RECORD_READER_INIT;
	struct strbuf frames = STRBUF_INIT;
	size_t done = 0, before = 0;
	int fds[2], rc;

	(void)state;
	sample_rst_after_fin(&sample, true);
	record_init(&back);
	record_init(&all);
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	for (int n = 0; n < TIMES; n++)
		for (size_t i = 0; i < sample.record.count; i++) {
			record_add(&all, &sample.record.events[i], sample.record.blobs[i]);
			assert_int_equal(record_pack(&frames, &sample.record.events[i],
						     sample.record.blobs[i]), 0);
		}
	while ((rc = record_offer(fds[1], &frames, &done)) == -EAGAIN) {
		assert_true(done > before);
		before = done;
		while (record_reader_feed(&reader, fds[0], &back) > 0)
			;
	}
	assert_int_equal(rc, 0);
	assert_int_equal(frames.len, 0);
	assert_int_equal(done, 0);
	assert_true(before > 0); /* it was too much for one time */
	while (record_reader_feed(&reader, fds[0], &back) > 0)
		;
	assert_same(&all, &back);
	close(fds[0]);
	close(fds[1]);
	record_reader_free(&reader);
	strbuf_free(&frames);
	record_free(&back);
	record_free(&all);
	sample_close(&sample);
}

static void writing_tells_its_errors(void **state)
{
	struct event event = blank_event(EVENT_WAIT, 1);
	struct strbuf frames = STRBUF_INIT;
	size_t done = 0;
	int fds[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	assert_int_equal(record_pack(&frames, &event, NULL), 0);
	assert_int_equal(record_write(fds[1], &frames, &done), -EPIPE);
	close(fds[1]);
	assert_int_equal(record_write(fds[1], &frames, &done), -EBADF);
	assert_int_equal(frames.len, sizeof(event));
	event.blob_len = RECORD_BLOB_MAX + 1;
	assert_int_equal(record_pack(&frames, &event, ""), -EMSGSIZE);
	assert_int_equal(frames.len, sizeof(event));
	strbuf_free(&frames);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_reports_ask_for),
		cmocka_unit_test(error_happens_where_the_record_has_got_to),
		cmocka_unit_test(failure_comes_back),
		cmocka_unit_test(damaged_failure_is_refused),
		cmocka_unit_test(record_crosses_a_full_pipe),
		cmocka_unit_test(frames_come_byte_by_byte),
		cmocka_unit_test(what_is_no_frame_is_refused),
		cmocka_unit_test(offering_does_not_wait),
		cmocka_unit_test(writing_tells_its_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
