/* Tests of run/timeline: when a line is due, and how far from that it may be. */
#include "run/timeline.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The running kernel's time, and a guest's: see resolve.c. */
static const struct plan real = {
	.tolerance = NO_TOLERANCE,
	.clock = { .jiffy = 10 * NS_PER_MS, .noise = 100 * NS_PER_MS },
};
static const struct plan virtual = {
	.tolerance = NO_TOLERANCE, .clock = { .is_virtual = true, .jiffy = NS_PER_MS },
};
static const struct plan tolerant = { .tolerance = 3 * NS_PER_MS };

static const struct reference reference = {
	.first_packet = 100 * NS_PER_S,
	.event_before = 110 * NS_PER_S,
	.transmission = 108 * NS_PER_S,
};

static struct plan_time time_of(enum plan_time_kind kind, const int64_t *ns, size_t n)
{
	return (struct plan_time){ .kind = kind, .ns = ns, .n = n, .tolerance = NO_TOLERANCE };
}

static void test_no_time_is_no_limit(void **state)
{
	(void)state;
	struct plan_time time = time_of(TIME_NONE, NULL, 0);
	struct window window = timeline_window(&real, &time, 0, &reference);

	assert_true(window.low == INT64_MIN && window.high == INT64_MAX && window.due == 0);
}

static void test_within_has_no_tolerance(void **state)
{
	(void)state;
	const int64_t ns[] = { 50 * NS_PER_MS };
	struct plan_time time = time_of(TIME_WITHIN, ns, 1);
	struct window window = timeline_window(&tolerant, &time, 0, &reference);

	assert_true(window.low == INT64_MIN);
	assert_true(window.high == reference.event_before + 50 * NS_PER_MS);
}

/* A question is not asked before: its answer might be right too early. */
static void test_between_is_due_when_it_opens(void **state)
{
	(void)state;
	const int64_t ns[] = { NS_PER_S, 2 * NS_PER_S };
	struct plan_time time = time_of(TIME_BETWEEN, ns, 2);
	struct window window = timeline_window(&tolerant, &time, 0, &reference);

	assert_true(window.low == reference.event_before + NS_PER_S);
	assert_true(window.due == window.low);
	assert_true(window.high == reference.event_before + 2 * NS_PER_S);
}

static void test_after_has_the_wheels_tolerance(void **state)
{
	(void)state;
	const int64_t ns[] = { 63 * NS_PER_S };
	struct plan_time time = time_of(TIME_AFTER, ns, 1);
	struct window window = timeline_window(&real, &time, 0, &reference);

	assert_true(window.due == reference.event_before + 63 * NS_PER_S);
	assert_true(window.low == window.due - 10 * NS_PER_MS);
	assert_true(window.high == window.due + 8 * NS_PER_S + 110 * NS_PER_MS);
}

/* Nothing but the kernel's own: each level's first interval has its whole granularity. */
static void test_virtual_time_adds_nothing(void **state)
{
	(void)state;
	int64_t interval = 63 * NS_PER_MS, granularity = 8 * NS_PER_MS;

	for (int level = 1; level <= 6; level++, interval *= 8, granularity *= 8) {
		struct plan_time time = time_of(TIME_AFTER, &interval, 1);
		struct window window = timeline_window(&virtual, &time, 0, &reference);

		assert_true(window.low == window.due - NS_PER_MS);
		assert_true(window.high == window.due + granularity + NS_PER_MS);
		assert_true(timeline_lateness(&virtual, interval) == granularity + NS_PER_MS);
	}
}

static void test_own_tolerance_goes_before_the_scenarios(void **state)
{
	(void)state;
	const int64_t ns[] = { NS_PER_S };
	struct plan_time time = time_of(TIME_AFTER, ns, 1);
	struct window window = timeline_window(&tolerant, &time, 0, &reference);

	assert_true(window.high - window.low == 6 * NS_PER_MS);
	time.tolerance = 0;
	window = timeline_window(&tolerant, &time, 0, &reference);
	assert_true(window.high == window.low && window.low == window.due);
}

static void test_what_times_count_from(void **state)
{
	(void)state;
	const int64_t ns[] = { NS_PER_S, 3 * NS_PER_S };
	struct plan_time at = time_of(TIME_AT, ns, 2), gaps = time_of(TIME_GAPS, ns, 2);
	struct reference none = { 0, NS_PER_S, 0 };

	assert_true(timeline_window(&real, &at, 1, &reference).due == 103 * NS_PER_S);
	assert_true(timeline_window(&real, &gaps, 1, &reference).due == 111 * NS_PER_S);
	/* the first packet itself sets the clock */
	assert_true(timeline_window(&real, &at, 0, &none).high == INT64_MAX);
	assert_int_equal(timeline_occurrences(&at), 2);
	assert_int_equal(timeline_occurrences(&gaps), 2);
}

static void test_estimate(void **state)
{
	(void)state;
	const int64_t list[] = { 0, NS_PER_S, 3 * NS_PER_S }, one[] = { 2 * NS_PER_S };
	const struct plan_step steps[] = {
		{ .kind = STEP_EXPECT, .time = time_of(TIME_AT, list, 3) },
		{ .kind = STEP_WAIT, .time = time_of(TIME_NONE, one, 1) },
		{ .kind = STEP_EXPECT, .time = time_of(TIME_GAPS, list, 3) },
		{ .kind = STEP_EXPECT, .time = time_of(TIME_WITHIN, one, 1) },
	};
	const struct plan plan = { .steps = steps, .n_steps = 4 };

	assert_true(timeline_estimate(&plan) == 9 * NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_time_is_no_limit),
		cmocka_unit_test(test_within_has_no_tolerance),
		cmocka_unit_test(test_between_is_due_when_it_opens),
		cmocka_unit_test(test_after_has_the_wheels_tolerance),
		cmocka_unit_test(test_virtual_time_adds_nothing),
		cmocka_unit_test(test_own_tolerance_goes_before_the_scenarios),
		cmocka_unit_test(test_what_times_count_from),
		cmocka_unit_test(test_estimate),
	};

	return cmocka_run_group_tests_name("timeline", tests, NULL, NULL);
}
