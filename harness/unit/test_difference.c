/* test_difference: where two ladders first differ, and what is no difference. */
#include "report/difference.h"
#include "report/ladder.h"
#include "unit/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* @one, @other: the rows, NULL: the ladder has come to its end. */
static void assert_differ(const char *left, const char *right, bool timed, const char *one,
			  const char *other)
{
	struct difference difference;

	assert_true(ladders_differ(left, right, timed, &difference));
	if (one)
		assert_string_equal(difference.one, one);
	else
		assert_null(difference.one);
	if (other)
		assert_string_equal(difference.other, other);
	else
		assert_null(difference.other);
	difference_free(&difference);
}

static void assert_alike(const char *left, const char *right, bool timed)
{
	struct difference difference;

	assert_false(ladders_differ(left, right, timed, &difference));
}

static void what_differs_in_every_run_is_alike(void **state)
{
	static const char *const pairs[][2] = {
		{ "1\t0\t│──── SYN <ts 3581875488 0,nop> ─────▶│\n",
		  "1\t0\t│──── SYN <ts 7 0,nop> ───────────────▶│\n" },
		{ "1\t0\t│ getsockname = client:40123 │\n", "1\t0\t│ getsockname = client:60999 │\n" },
		{ "1\t0\t│ SYN-ACK <fastopen hex 7d 00,nop> │\n",
		  "1\t0\t│ SYN-ACK <fastopen hex 11 ff,nop> │\n" },
		{ "1\t0\t│ recvmsg = 4 \"\\x97\\x8a\" queued EACCES icmp 1 1 │\n",
		  "1\t0\t│ recvmsg = 4 \"\\x01\\x02\" queued EACCES icmp 1 1 │\n" },
		{ "1\t1000000\t│ a │\n", "1\t1499999\t│ a │\n" },
		{ "1\t0\t│ a │  line 5 1/2\n", "1\t0\t│ a │  unexpected\n" },
		{ "0\t0\t⋮  ⋮  line 5\n", "0\t0\t⋮  ⋮  line 6\n" },
		{ "9\t1\tFAIL at line 5: 1.2 ms too late\n", "9\t1\tFAIL at line 5: 1.3 ms too late\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_alike(pairs[i][0], pairs[i][1], true);
		assert_alike(pairs[i][1], pairs[i][0], false);
	}
	assert_alike("", "", true);
}

static void what_a_kernel_did_is_not(void **state)
{
	static const char *const pairs[][2] = {
		{ "1\t0\t│ SYN <ts 3581875488 0,nop> │\n", "1\t0\t│ SYN <ts 3581875488 9,nop> │\n" },
		{ "1\t0\t│ getsockname = client:8080 │\n", "1\t0\t│ getsockname = client:8081 │\n" },
		{ "1\t0\t│ SYN <fastopen hex 7d 00,nop> │\n", "1\t0\t│ SYN <fastopen,nop> │\n" },
		{ "1\t0\t│ read = 4 \"abcd\" │\n", "1\t0\t│ read = 4 \"abce\" │\n" },
		{ "1\t0\t│ left │\n", "1\t0\t│                left │\n" },
		{ "9\t1\tFAIL at line 5: x\n", "9\t1\tFAIL at line 6: x\n" },
		{ "9\t1\tFAIL at line 5: x\n", "9\t1\tERROR: x\n" },
		{ "0\t0\t⋮  ⋮  line 5\n", "0\t0\t│  │  line 5\n" },
		{ "1\t0\t│ a │\n", "2\t0\t│ a │\n" },
		{ "1\t0\t│ a │\n", "" },
	};
	struct difference difference;

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		for (int timed = 0; timed < 2; timed++) {
			assert_true(ladders_differ(pairs[i][0], pairs[i][1], timed, &difference));
			difference_free(&difference);
		}
}

static void times_count_where_both_are_virtual(void **state)
{
	const char *early = "1\t1000000000\t│──── SYN ────▶│  line 4\n"
			    "7\t1000000000\t│ timer = on 1 s, 0 retransmissions │\n";
	const char *late = "1\t1001000000\t│──── SYN ────▶│  line 4\n"
			   "7\t1001000000\t│ timer = on 1.2 s, 0 retransmissions │\n";

	(void)state;
	assert_differ(early, late, true, "1.000000  │──── SYN ────▶│  line 4",
		      "1.001000  │──── SYN ────▶│  line 4");
	assert_alike(early, late, false);
	assert_alike("1\t0\t│ SYN win 64240 <wscale 7> │\n", "1\t0\t│ SYN win 65 <wscale 10> │\n",
		     false);
	assert_differ("1\t0\t│ ACK win 0 │\n", "1\t0\t│ ACK win 5 │\n", false,
		      "0.000000  │ ACK win 0 │", "0.000000  │ ACK win 5 │");
	assert_differ("1\t0\t│ ACK win 4 │\n", "1\t0\t│ ACK win 5 │\n", true,
		      "0.000000  │ ACK win 4 │", "0.000000  │ ACK win 5 │");
	assert_differ("7\t0\t│ timer = on 1 s │\n", "7\t0\t│ timer = off │\n", false,
		      "0.000000  │ timer = on 1 s │", "0.000000  │ timer = off │");
}

static void the_earliest_difference_is_told(void **state)
{
	const char *left = "1\t5000\t│ a │\n1\t9000\t│ b │\n2\t7000\t│ c │\n2\t8000\t│ d │\n";

	(void)state;
	assert_differ(left, "1\t5000\t│ a │\n1\t9000\t│ x │\n2\t7000\t│ y │\n", true,
		      "0.000007  │ c │", "0.000007  │ y │");
	assert_differ(left, "1\t5000\t│ a │\n2\t7000\t│ c │\n2\t8000\t│ d │\n2\t8500\t│ e │\n", true,
		      NULL, "0.000008  │ e │"); /* at 8.5 us, before the b that is missing */
	assert_differ(left, "2\t7000\t│ c │\n2\t8000\t│ d │\n", true, "0.000005  │ a │", NULL);
}

static void strings_are_cut_where_they_are_alike(void **state)
{
	const char *one = "1\t0\t│ seq 1 \"abcdefghijklmnopqrstuvwxyz\\\"0123\" x │\n";
	const char *other = "1\t0\t│ seq 2 \"abcdefghijklmnopqrstuvwxyz\\\"0123\" x │\n";
	const char *inside = "1\t0\t│ seq 1 \"abcdefghijklmnopqrstuvwxyz\\\"0124\" x │\n";

	(void)state;
	assert_differ(one, other, true, "0.000000  │ seq 1 \"abcdefghijklmnopqrstuvw…\" x │",
		      "0.000000  │ seq 2 \"abcdefghijklmnopqrstuvw…\" x │");
	assert_differ(one, inside, true,
		      "0.000000  │ seq 1 \"abcdefghijklmnopqrstuvwxyz\\\"0123\" x │",
		      "0.000000  │ seq 1 \"abcdefghijklmnopqrstuvwxyz\\\"0124\" x │");
}

static void a_ladder_is_like_itself(void **state)
{
	struct sample passes, fails;
	struct capture_text one, other;
	struct difference difference;

	(void)state;
	sample_rst_after_fin(&passes, false);
	sample_rst_after_fin(&fails, true);
	capture_begin(&one);
	ladder_print_bare(one.out, &passes.plan, &passes.record);
	capture_end(&one);
	capture_begin(&other);
	ladder_print_bare(other.out, &fails.plan, &fails.record);
	capture_end(&other);
	assert_alike(one.text, one.text, true);
	assert_non_null(strstr(one.text, "\t12000\t│ connect server:8080 …"));
	assert_null(strstr(one.text, "\n\n"));
	assert_true(ladders_differ(one.text, other.text, true, &difference));
	difference_free(&difference);
	capture_free(&one);
	capture_free(&other);
	sample_close(&passes);
	sample_close(&fails);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_differs_in_every_run_is_alike),
		cmocka_unit_test(what_a_kernel_did_is_not),
		cmocka_unit_test(times_count_where_both_are_virtual),
		cmocka_unit_test(the_earliest_difference_is_told),
		cmocka_unit_test(strings_are_cut_where_they_are_alike),
		cmocka_unit_test(a_ladder_is_like_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
