/* Tests of run/recorded: timelines, written and met again. */
#include "run/recorded.h"
#include "base/arena.h"
#include "unit/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char id[] = "x.scn[4]";

/* The timeline of the sample, with the first @from in it replaced by @to; NULL: as it is. */
static struct recorded *timeline_with(const struct sample *sample, const char *from, const char *to)
{
	struct capture_text written;
	const char *text;
	char *changed = NULL;
	size_t len = 0;
	int line;

	capture_begin(&written);
	recorded_begin(written.out);
	recorded_write(written.out, id, &sample->plan, &sample->record);
	text = capture_end(&written);

	FILE *copy = open_memstream(&changed, &len);
	const char *at = from ? strstr(text, from) : NULL;

	assert_true(!from || at);
	if (at)
		fprintf(copy, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	else
		fputs(text, copy);
	fclose(copy);
	capture_free(&written);

	FILE *in = fmemopen(changed, len, "r");
	struct recorded *recorded = recorded_read(in, "FILE", &line);

	fclose(in);
	free(changed);
	assert_non_null(recorded);
	return recorded;
}

/* Meet it. Return: the failure's message, in @arena; NULL: all is as it was. */
static const char *meet(struct sample *sample, struct recorded *recorded, struct arena *arena,
			struct failure *failure)
{
	struct record *record = &sample->record;
	const int64_t duration = record->duration;

	assert_true(recorded_compare(recorded, id, &sample->plan, record));
	recorded_free(recorded);
	assert_true(record->duration == duration);
	assert_int_equal(record->events[record->count - 1].kind, EVENT_END);
	if (record->verdict == VERDICT_PASSED)
		return NULL;
	assert_int_equal(record->verdict, VERDICT_FAILED);
	assert_true(record_failure(record, record->count - 2, arena, failure));
	return failure->message;
}

static void open_sample(struct sample *sample)
{
	sample_rst_after_fin(sample, false);
	sample->plan.tolerance = NO_TOLERANCE;
	sample->plan.clock.jiffy = 1000000;
}

static void is_met_again(void **state)
{
	struct sample sample;
	struct arena *arena = arena_new();
	struct failure failure;

	(void)state;
	open_sample(&sample);
	assert_null(meet(&sample, timeline_with(&sample, NULL, NULL), arena, &failure));
	arena_free(arena);
	sample_close(&sample);
}

/* What is changed in the file, and what is said of it. */
static const struct {
	const char *from, *to, *said, *row;
	int64_t tolerance;
} changes[] = {
	{ "\t41000\t", "\t41001\t",
	  "SYN from client came 1 ns (far less than a jiffy) earlier than in FILE", "41001 ns",
	  NO_TOLERANCE },
	{ "\t41000\t", "\t41001\t",
	  "SYN from client came 1 ns (far less than a jiffy) earlier than in FILE", "41001 ns", 0 },
	{ "\t41000\t", "\t41001\t", NULL, NULL, 1 },
	{ "\t41000\t", "\t1041000\t", "SYN from client came 1 ms (1 jiffy) earlier than in FILE",
	  "1041000 ns", NO_TOLERANCE },
	{ "SYN\t0\t0", "SYN\t0\t7", "FILE has SYN from client here, saw SYN from client", "7",
	  NO_TOLERANCE },
	{ "client\tSYN\t", "server\tRST\t", "FILE has RST from server here, saw SYN from client",
	  "server", NO_TOLERANCE },
};

static void tells_what_differs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct sample sample;
		struct arena *arena = arena_new();
		struct failure failure;

		open_sample(&sample);
		sample.plan.tolerance = changes[i].tolerance;

		const char *said = meet(&sample,
					timeline_with(&sample, changes[i].from, changes[i].to),
					arena, &failure);

		assert_true(!said == !changes[i].said);
		if (said) {
			assert_string_equal(said, changes[i].said);
			assert_string_equal(failure.rows[0].expected, changes[i].row);
		}
		arena_free(arena);
		sample_close(&sample);
	}
}

static void of_few_ns_the_jiffy_is_told(void **state)
{
	struct sample sample;
	struct arena *arena = arena_new();
	struct failure failure;
	struct event *last = NULL;

	(void)state;
	open_sample(&sample);

	struct recorded *recorded = timeline_with(&sample, "\t41000\t", "\t41001\t");

	for (size_t i = 0; i < sample.record.count; i++)
		if (sample.record.events[i].kind == EVENT_PACKET)
			last = &sample.record.events[i];
	assert_non_null(last);
	last->time += 2000000;
	assert_non_null(meet(&sample, recorded, arena, &failure));
	assert_int_equal(failure.n_notes, 2);
	assert_non_null(strstr(failure.notes[1], "2 ms (2 jiffies) later"));
	arena_free(arena);
	sample_close(&sample);
}

/* Of another variant's timeline nothing is known; `tolerance exact` wants one. */
static void needs_a_timeline(void **state)
{
	(void)state;
	for (int exact = 0; exact <= 1; exact++) {
		struct sample sample;

		open_sample(&sample);

		struct recorded *recorded = timeline_with(&sample, NULL, NULL);

		if (exact)
			sample.plan.tolerance = 0;
		assert_false(recorded_compare(recorded, "y.scn[4]", &sample.plan, &sample.record));
		assert_int_equal(sample.record.verdict, exact ? VERDICT_FAILED : VERDICT_PASSED);
		recorded_free(recorded);
		sample_close(&sample);
	}
}

static void counts_packets(void **state)
{
	static const char last[] = "x.scn[4]\t3000900000\tclient\tACK\t4\t0\n";
	static const char one_more[] = "x.scn[4]\t3000900000\tclient\tACK\t4\t0\n"
				       "x.scn[4]\t3000900001\tclient\tRST\t4\t0\n";
	static const char *const said[] = {
		"FILE has no more packets, saw ACK from client",
		"FILE has one more packet, RST from client: it did not come",
	};

	(void)state;
	for (int more = 0; more <= 1; more++) {
		struct sample sample;
		struct arena *arena = arena_new();
		struct failure failure;

		open_sample(&sample);

		struct recorded *recorded = timeline_with(&sample, last, more ? one_more : "");
		const char *message = meet(&sample, recorded, arena, &failure);

		assert_non_null(message);
		assert_string_equal(message, said[more]);
		arena_free(arena);
		sample_close(&sample);
	}
}

static void refuses_what_is_none(void **state)
{
	static const struct {
		const char *text;
		int line;
	} files[] = {
		{ "nonsense\n", 1 },
		{ "# a comment\n\nx.scn[4]\t1\tclient\tSYN\t0\n", 3 },
		{ "x.scn[4]\tsoon\tclient\tSYN\t0\t0\n", 1 },
		{ "x.scn[4]\t1\tclient\tSYN\t0\t0\nx.scn[4]\t1\tclient\tSYN\t0\t-\n", 2 },
		{ "x.scn[4]\t99999999999999999999\tclient\tSYN\t0\t0\n", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *in = fmemopen((char *)(uintptr_t)files[i].text, strlen(files[i].text), "r");
		int line = 0;

		assert_null(recorded_read(in, "FILE", &line));
		assert_int_equal(line, files[i].line);
		fclose(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_met_again),
		cmocka_unit_test(tells_what_differs),
		cmocka_unit_test(of_few_ns_the_jiffy_is_told),
		cmocka_unit_test(needs_a_timeline),
		cmocka_unit_test(counts_packets),
		cmocka_unit_test(refuses_what_is_none),
	};

	return cmocka_run_group_tests_name("recorded", tests, NULL, NULL);
}
