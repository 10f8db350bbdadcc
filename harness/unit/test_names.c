/* test_names: words to numbers and back. */
#include "plan/names.h"
#include "plan/resolve_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cmocka.h>

static void errnos_go_both_ways(void **state)
{
	int number;

	(void)state;
	for (const char *const *word = errno_words(); *word; word++) {
		int back;

		assert_true(errno_by_name(*word, &number));
		assert_true(errno_by_name(errno_name(number), &back));
		assert_int_equal(back, number);
	}
	assert_true(errno_by_name("EPIPE", &number));
	assert_int_equal(number, EPIPE);
	assert_true(errno_by_name("EWOULDBLOCK", &number));
	assert_string_equal(errno_name(number), "EAGAIN");
	assert_true(errno_by_name("EHWPOISON", &number));
	assert_false(errno_by_name("epipe", &number));
	assert_null(errno_name(0));
	assert_null(errno_name(999));
}

/* Every errno the C library has a text for has a name here. */
static void no_errno_is_missing(void **state)
{
	(void)state;
	for (int number = 1; number < 200; number++)
		if (strerrordesc_np(number))
			assert_non_null(errno_name(number));
}

static void states_are_those_of_ss(void **state)
{
	int number;

	(void)state;
	assert_true(state_by_name("ESTABLISHED", &number));
	assert_int_equal(number, TCP_ESTABLISHED);
	assert_true(state_by_name("FIN-WAIT-2", &number));
	assert_int_equal(number, TCP_FIN_WAIT2);
	assert_true(state_by_name("CLOSING", &number));
	assert_int_equal(number, TCP_CLOSING);
	assert_true(state_by_name("CLOSED", &number));
	assert_int_equal(number, TCP_CLOSE);
	assert_false(state_by_name("SYN_RECV", &number));
	for (int i = STATE_ESTABLISHED; i < N_STATES; i++) {
		assert_true(state_by_name(state_name(i), &number));
		assert_int_equal(number, i);
	}
	assert_null(state_name(0));
	assert_null(state_name(N_STATES));
}

static void flags_in_any_order(void **state)
{
	char buf[FLAGS_LEN];
	uint16_t flags;

	(void)state;
	assert_true(flags_by_name("ACK-SYN", &flags));
	assert_int_equal(flags, TCP_SYN | TCP_ACK);
	assert_string_equal(flags_name(flags, buf), "SYN-ACK");
	assert_true(flags_by_name("PSH-ACK-DTH", &flags));
	assert_string_equal(flags_name(flags, buf), "PSH-ACK-DTH");
	assert_true(flags_by_name("SYN-ECE-CWR-AE", &flags));
	assert_int_equal(flags, TCP_SYN | TCP_ECE | TCP_CWR | TCP_AE);
	assert_true(flags_by_name("none", &flags));
	assert_int_equal(flags, 0);
	assert_string_equal(flags_name(0, buf), "none");
	assert_string_equal(flags_name(0x600, buf), "0x600");
	assert_true(strlen(flags_name(0xfff, buf)) < FLAGS_LEN - 1);
}

static void wrong_flags(void **state)
{
	static const char *const wrong[] = {
		"", "-", "SYN-", "-SYN", "SYN--ACK", "syn", "SYN-SYN", "SYNACK", "SYN-ACKS", "DATA",
	};
	uint16_t flags;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(flags_by_name(wrong[i], &flags));
}

static void every_list_of_words_is_known(void **state)
{
	int level, name;
	enum icmp_kind kind;
	uint16_t flags;

	(void)state;
	for (const char *const *word = sockopt_words(); *word; word++)
		assert_true(sockopt_by_name(*word, &level, &name));
	for (const char *const *word = icmp_words(); *word; word++) {
		assert_true(icmp_by_name(*word, &kind));
		assert_string_equal(icmp_name(kind), *word);
	}
	for (const char *const *word = flag_words(); *word; word++)
		assert_true(flags_by_name(*word, &flags));
	assert_false(icmp_by_name("port", &kind));
}

static void constants_by_prefix(void **state)
{
	const char *words[64];
	int64_t number;
	int level, name;

	(void)state;
	assert_true(constant_by_name("SHUT_", "SHUT_RDWR", &number));
	assert_int_equal(number, SHUT_RDWR);
	assert_true(constant_by_name("MSG_", "MSG_ERRQUEUE", &number));
	assert_int_equal(number, MSG_ERRQUEUE);
	assert_true(constant_by_name("POLL", "POLLRDHUP", &number));
	assert_int_equal(number, POLLRDHUP);
	assert_true(constant_by_name("O_", "O_NONBLOCK", &number));
	assert_int_equal(number, O_NONBLOCK);
	assert_true(constant_by_name("SIO", "SIOCINQ", &number));
	assert_int_equal(number, SIOCINQ);
	assert_false(constant_by_name("MSG_", "SHUT_RD", &number));
	assert_int_equal(constant_words("SHUT_", words, 64), 3);
	assert_null(words[3]);
	assert_int_equal(constant_words("MSG_", words, 3), 2);
	assert_null(words[2]);
	assert_true(sockopt_by_name("TCP_USER_TIMEOUT", &level, &name));
	assert_int_equal(level, IPPROTO_TCP);
	assert_int_equal(name, TCP_USER_TIMEOUT);
	assert_false(sockopt_by_name("TCP_NODELY", &level, &name));
}

/* The table of calls and the list of its words say the same. */
static void calls_and_questions(void **state)
{
	enum question_id question;
	enum call_id call;
	int n = 0;

	(void)state;
	for (const char *const *word = call_words(); *word; word++, n++)
		assert_true(call_by_name(*word, &call) || question_by_name(*word, &question) ||
			    is_program_word(*word));
	assert_int_equal(n, N_CALLS + N_QUESTIONS + 8);
	for (int i = 0; i < N_CALLS; i++) {
		assert_true(call_by_name(call_name((enum call_id)i), &call));
		assert_int_equal(call, i);
		assert_non_null(call_row(call)->read);
		assert_true(call_row(call)->results & MAY_ERRNO);
	}
	for (int i = 0; i < N_QUESTIONS; i++) {
		assert_true(question_by_name(question_name((enum question_id)i), &question));
		assert_int_equal(question, i);
	}
	assert_false(call_by_name("timer", &call));
	assert_true(is_program_word("stdout"));
	assert_false(is_program_word("read"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errnos_go_both_ways),
		cmocka_unit_test(no_errno_is_missing),
		cmocka_unit_test(states_are_those_of_ss),
		cmocka_unit_test(flags_in_any_order),
		cmocka_unit_test(wrong_flags),
		cmocka_unit_test(every_list_of_words_is_known),
		cmocka_unit_test(constants_by_prefix),
		cmocka_unit_test(calls_and_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
