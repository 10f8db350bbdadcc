/* Tests of plan/counters: the kernel's counters by their names. */
#include "plan/counters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void names_with_and_without_group(void **state)
{
	const int overflows = counter_by_name("TcpExtListenOverflows", -1);

	(void)state;
	assert_true(overflows >= 0);
	assert_int_equal(counter_by_name("ListenOverflows", -1), overflows);
	assert_int_equal(counter_by_name("ListenOverflows", overflows), -1);
	assert_string_equal(counter_name(overflows), "ListenOverflows");
	assert_string_equal(counter_full_name(overflows), "TcpExtListenOverflows");
	assert_string_equal(counter_group(overflows), "TcpExt");
	assert_string_equal(counter_own_name(overflows), "ListenOverflows");
	assert_null(counter_since(overflows));
	assert_int_equal(counter_by_name("listenoverflows", -1), -1);
	assert_int_equal(counter_by_name("TcpExt", -1), -1);
	assert_int_equal(counter_by_name("", -1), -1);
}

/* No group's name before it, none that is of no counter: those of settings. */
static void what_counts_nothing_is_none(void **state)
{
	static const char *const none[] = { "CurrEstab", "RtoMin", "TcpMaxConn", "IpDefaultTTL",
					    "Forwarding", "IpListenOverflows" };

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(counter_by_name(none[i], -1), -1);
}

/* Of several groups: the short name tells which counters there are, and is shown of none. */
static void a_name_of_several(void **state)
{
	int counter = -1, n = 0;

	(void)state;
	while ((counter = counter_by_name("InCsumErrors", counter)) >= 0) {
		assert_string_not_equal(counter_name(counter), "InCsumErrors");
		assert_int_equal(counter_by_name(counter_name(counter), -1), counter);
		n++;
	}
	assert_int_equal(n, 3);
}

/* A word leads to one counter, which is shown by such a word. */
static void every_word_is_of_one(void **state)
{
	(void)state;
	for (const char *const *word = counter_words(); *word; word++) {
		const int counter = counter_by_name(*word, -1);

		assert_true(counter >= 0);
		assert_int_equal(counter_by_name(*word, counter), -1);
		assert_int_equal(counter_by_name(counter_name(counter), -1), counter);
		assert_int_equal(counter_by_name(counter_full_name(counter), -1), counter);
	}
}

static void no_counter_at_all(void **state)
{
	(void)state;
	assert_null(counter_name(-1));
	assert_null(counter_full_name(10000));
	assert_null(counter_own_name(-1));
	assert_null(counter_group(10000));
	assert_null(counter_since(-1));
	assert_int_equal(counter_by_name("ListenOverflows", 10000), -1);
}

static void newer_than_others(void **state)
{
	(void)state;
	assert_string_equal(counter_since(counter_by_name("TSEcrRejected", -1)), "6.15");
	assert_string_equal(counter_since(counter_by_name("IpOutTransmits", -1)), "6.7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_with_and_without_group),
		cmocka_unit_test(what_counts_nothing_is_none),
		cmocka_unit_test(a_name_of_several),
		cmocka_unit_test(every_word_is_of_one),
		cmocka_unit_test(no_counter_at_all),
		cmocka_unit_test(newer_than_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
