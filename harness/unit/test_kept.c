/* Tests of run/kept: what counts as having been kept from running, and what that excuses. */
#include "run/kept.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { LINE = 5 };

static const int64_t zero = INT64_C(1700000000) * NS_PER_S;
static const int64_t limit = 40 * NS_PER_MS;

static int64_t at(int64_t ms)
{
	return zero + ms * NS_PER_MS;
}

static struct kept fresh(void)
{
	return (struct kept){ .step = LINE };
}

static void what_is_short_does_not_count(void **state)
{
	struct kept kept = fresh();

	(void)state;
	kept_news(&kept, at(1));
	kept_add(&kept, KEPT_FROM_WORK, NO_INDEX, at(0), at(1), 0);
	assert_int_equal(kept.longest.length, 0);
	assert_null(kept_excuse(&kept, limit));
}

static void computing_does_not_count(void **state)
{
	struct kept kept = fresh();

	(void)state;
	kept_news(&kept, at(80));
	kept_add(&kept, KEPT_FROM_WORK, NO_INDEX, at(0), at(100), 99 * NS_PER_MS);
	assert_null(kept_excuse(&kept, limit));
	kept_add(&kept, KEPT_FROM_WORK, NO_INDEX, at(200), at(300), 50 * NS_PER_MS);
	assert_int_equal(kept.longest.length, 50 * NS_PER_MS);
	assert_int_equal(kept.longest.step, LINE);
	assert_ptr_equal(kept_excuse(&kept, limit), &kept.longest);
}

static void a_kernel_that_goes_on_is_an_excuse(void **state)
{
	struct kept kept = fresh();

	(void)state;
	kept_add(&kept, KEPT_FROM_WORK, NO_INDEX, at(0), at(20), 0);
	assert_null(kept_excuse(&kept, limit)); /* nothing happened meanwhile */
	kept_news(&kept, at(100)); /* what was due */
	kept_news(&kept, at(101)); /* … and came with it */
	kept_add(&kept, KEPT_FROM_WORK, 1, at(100), at(120), 0);
	assert_null(kept_excuse(&kept, limit));
	kept_news(&kept, at(121)); /* after we were back */
	assert_null(kept_excuse(&kept, limit));
	kept_news(&kept, at(110)); /* of the other capture, which is read later */
	assert_non_null(kept_excuse(&kept, limit));
	assert_int_equal(kept_excuse(&kept, limit)->host, 1);
	assert_int_equal(kept_excuse(&kept, limit)->length, 20 * NS_PER_MS);
}

static void news_may_be_many(void **state)
{
	struct kept kept = fresh();

	(void)state;
	for (int i = 0; i < 1000; i++)
		kept_news(&kept, at(100 + i / 100));
	kept_add(&kept, KEPT_FROM_WORK, NO_INDEX, at(100), at(109), 0);
	assert_int_equal(kept.overtaken.length, 9 * NS_PER_MS);
}

static void spans_add_up(void **state)
{
	struct kept kept = fresh();

	(void)state;
	for (int i = 0; i < 3; i++)
		kept_add(&kept, KEPT_FROM_WORK, NO_INDEX, at(100 * i), at(100 * i + 10), 0);
	assert_int_equal(kept_between(&kept, at(0), at(500)), 30 * NS_PER_MS);
	assert_int_equal(kept_between(&kept, at(50), at(150)), 10 * NS_PER_MS);
	assert_int_equal(kept_between(&kept, at(20), at(90)), 0);
	for (int i = 3; i < 3 + KEPT_RECENT; i++)
		kept_add(&kept, KEPT_FROM_WORK, NO_INDEX, at(100 * i), at(100 * i + 10), 0);
	assert_int_equal(kept_between(&kept, at(0), at(100000)), KEPT_RECENT * 10 * NS_PER_MS);
}

/* Woken late, and kept again before anything was done: the kernel had waited since it was due. */
static void waking_and_working_are_one_piece(void **state)
{
	struct kept kept = fresh();

	(void)state;
	kept_woke(&kept, TIME_NEVER, at(100), at(101)); /* too short to count by itself */
	kept_news(&kept, at(103));
	kept_worked(&kept, at(101), at(105), NS_PER_MS);
	assert_int_equal(kept.overtaken.length, 4 * NS_PER_MS);
	kept = fresh();
	kept_woke(&kept, TIME_NEVER, at(100), at(103));
	kept_worked(&kept, at(103), at(107), 0);
	assert_int_equal(kept_between(&kept, at(0), at(200)), 7 * NS_PER_MS); /* nothing counts twice */
	kept_worked(&kept, at(107), at(110), 0); /* work goes on: that is something else */
	assert_int_equal(kept.longest.length, 7 * NS_PER_MS);
	assert_int_equal(kept_between(&kept, at(0), at(200)), 10 * NS_PER_MS);
}

/* Nobody looked again when it was time to, and then something was due that was not done either. */
static void work_may_become_due_while_it_oversleeps(void **state)
{
	struct kept kept = fresh();

	(void)state;
	kept_woke(&kept, at(100), at(130), at(200));
	assert_int_equal(kept.longest.length, 100 * NS_PER_MS); /* excuses something of this line */
	assert_int_equal(kept.looking_longest.length, 0);
	kept = fresh();
	kept_woke(&kept, at(100), at(250), at(200)); /* not due yet */
	assert_int_equal(kept.longest.length, 0);
	assert_int_equal(kept.looking_longest.length, 100 * NS_PER_MS);
	kept = fresh();
	kept_woke(&kept, at(150), at(250), at(120)); /* early, for other news */
	assert_int_equal(kept.n_recent, 0);
}

/* The kernel woke a caller in time: that was before it had to wait, not meanwhile. */
static void what_woke_a_caller_did_not_overtake_it(void **state)
{
	struct kept kept = fresh();

	(void)state;
	kept_add(&kept, KEPT_FROM_WORK, 0, at(100), at(105), 0);
	kept_news(&kept, at(100));
	assert_null(kept_excuse(&kept, 40 * NS_PER_MS));
	kept_news(&kept, at(104));
	assert_non_null(kept_excuse(&kept, 40 * NS_PER_MS));
}

/* A look that comes late delays what comes after the line, and excuses nothing of the line. */
static void looking_late_concerns_later_lines(void **state)
{
	struct kept kept = fresh();

	(void)state;
	kept_news(&kept, at(150));
	kept_add(&kept, KEPT_FROM_LOOKING, NO_INDEX, at(100), at(200), 0);
	assert_null(kept_excuse(&kept, limit));
	kept_step(&kept, LINE + 1);
	assert_non_null(kept_excuse(&kept, limit));
	assert_int_equal(kept_excuse(&kept, limit)->step, LINE);
	assert_int_equal(kept.overtaken.length, 100 * NS_PER_MS);
}

static struct packet segment(int64_t ms, uint32_t seq, uint32_t len, uint16_t flags)
{
	return (struct packet){ .class = PACKET_TCP, .time = at(ms), .seq = seq, .payload_len = len,
				.flags = flags, .sport = 4000, .dport = 80 };
}

/* Is a packet of these something that the kernel did by itself? */
static bool is_news(struct kept *kept, struct packet packet)
{
	size_t before = kept->n_news;

	kept_packet(kept, 0, &packet);
	return kept->n_news > before;
}

static void what_timers_send_is_news(void **state)
{
	const uint32_t isn = UINT32_MAX - 5; /* numbers wrap */
	struct kept kept = fresh();

	(void)state;
	assert_false(is_news(&kept, segment(0, isn, 0, TCP_SYN)));
	assert_true(is_news(&kept, segment(1000, isn, 0, TCP_SYN)));
	assert_false(is_news(&kept, segment(1001, isn + 1, 0, TCP_ACK)));
	assert_false(is_news(&kept, segment(1002, isn + 1, 100, TCP_ACK)));
	assert_false(is_news(&kept, segment(1003, isn + 101, 100, TCP_ACK | TCP_PSH)));
	assert_false(is_news(&kept, segment(1004, isn + 201, 0, TCP_ACK)));
	assert_true(is_news(&kept, segment(1200, isn + 1, 100, TCP_ACK)));
	assert_false(is_news(&kept, segment(1201, isn + 201, 0, TCP_ACK | TCP_FIN)));
	assert_true(is_news(&kept, segment(1400, isn + 201, 0, TCP_ACK | TCP_FIN)));
	assert_true(is_news(&kept, segment(9000, isn + 201, 0, TCP_ACK))); /* a probe */
	assert_false(is_news(&kept, segment(9001, isn + 1, 0, TCP_RST)));
}

static void many_streams_are_kept_apart(void **state)
{
	struct kept kept = fresh();

	(void)state;
	for (uint16_t port = 0; port < 3 * KEPT_STREAMS; port++) {
		struct packet packet = segment(port, 1000U * port, 10, TCP_ACK);

		packet.sport = port;
		assert_false(is_news(&kept, packet));
		assert_true(is_news(&kept, packet));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_short_does_not_count),
		cmocka_unit_test(computing_does_not_count),
		cmocka_unit_test(a_kernel_that_goes_on_is_an_excuse),
		cmocka_unit_test(news_may_be_many),
		cmocka_unit_test(spans_add_up),
		cmocka_unit_test(what_timers_send_is_news),
		cmocka_unit_test(many_streams_are_kept_apart),
		cmocka_unit_test(work_may_become_due_while_it_oversleeps),
		cmocka_unit_test(what_woke_a_caller_did_not_overtake_it),
		cmocka_unit_test(looking_late_concerns_later_lines),
		cmocka_unit_test(waking_and_working_are_one_piece),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
