/* Tests of plan/tcp_info: fields by their names, and values from bytes of any kernel. */
#include "plan/tcp_info.h"

#include <linux/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static int64_t read_of(const char *name, int major, const void *bytes, size_t len)
{
	int64_t value = -1;

	return tcp_info_read(tcp_info_by_name(name), major, bytes, len, &value) ? value : -1;
}

static void names_with_and_without_prefix(void **state)
{
	(void)state;
	assert_true(tcp_info_by_name("rto") >= 0);
	assert_int_equal(tcp_info_by_name("tcpi_rto"), tcp_info_by_name("rto"));
	assert_int_equal(tcp_info_by_name("tcpi_"), -1);
	assert_int_equal(tcp_info_by_name("RTO"), -1);
	for (int i = 0; tcp_info_words()[i]; i++) {
		assert_int_equal(tcp_info_by_name(tcp_info_words()[i]), i);
		assert_string_equal(tcp_info_name(i), tcp_info_words()[i]);
		assert_true(tcp_info_limit(i) > 0);
	}
	assert_null(tcp_info_name(-1));
	assert_null(tcp_info_name(1000));
}

static void limits_and_units(void **state)
{
	(void)state;
	assert_int_equal(tcp_info_limit(tcp_info_by_name("retransmits")), 255);
	assert_int_equal(tcp_info_limit(tcp_info_by_name("snd_wscale")), 15);
	assert_int_equal(tcp_info_limit(tcp_info_by_name("snd_cwnd")), UINT32_MAX);
	assert_true(tcp_info_limit(tcp_info_by_name("pacing_rate")) == INT64_MAX);
	assert_int_equal(tcp_info_unit(tcp_info_by_name("rto")), 1000);
	assert_int_equal(tcp_info_unit(tcp_info_by_name("last_data_recv")), 1000000);
	assert_int_equal(tcp_info_unit(tcp_info_by_name("snd_cwnd")), 0);
	assert_int_equal(tcp_info_kind(tcp_info_by_name("ca_state")), INFO_CA_STATE);
}

/* The header of this machine says the same. */
static void values_of_the_kernels_struct(void **state)
{
	struct tcp_info info;

	(void)state;
	memset(&info, 0, sizeof(info));
	info.tcpi_state = 1;
	info.tcpi_ca_state = 4;
	info.tcpi_snd_wscale = 7;
	info.tcpi_rcv_wscale = 10;
	info.tcpi_delivery_rate_app_limited = 1;
	info.tcpi_fastopen_client_fail = 2;
	info.tcpi_rto = 204000;
	info.tcpi_max_pacing_rate = UINT64_MAX;
	info.tcpi_bytes_retrans = 5000000000;
	info.tcpi_snd_wnd = 65535;
	assert_int_equal(read_of("state", 6, &info, sizeof(info)), 1);
	assert_int_equal(read_of("ca_state", 6, &info, sizeof(info)), 4);
	assert_int_equal(read_of("snd_wscale", 6, &info, sizeof(info)), 7);
	assert_int_equal(read_of("rcv_wscale", 6, &info, sizeof(info)), 10);
	assert_int_equal(read_of("delivery_rate_app_limited", 6, &info, sizeof(info)), 1);
	assert_int_equal(read_of("fastopen_client_fail", 6, &info, sizeof(info)), 2);
	assert_int_equal(read_of("rto", 6, &info, sizeof(info)), 204000);
	assert_true(read_of("max_pacing_rate", 6, &info, sizeof(info)) == INT64_MAX);
	assert_true(read_of("bytes_retrans", 6, &info, sizeof(info)) == INT64_C(5000000000));
	assert_int_equal(read_of("snd_wnd", 6, &info, sizeof(info)), 65535);
}

/* A kernel that gives fewer bytes has no such field; half a field is none. */
static void older_kernels(void **state)
{
	uint8_t bytes[TCP_INFO_MAX] = { 0 };

	(void)state;
	assert_int_equal(read_of("snd_wnd", 6, bytes, 232), 0);
	assert_int_equal(read_of("rcv_wnd", 6, bytes, 232), -1);
	assert_int_equal(read_of("rcv_wnd", 6, bytes, 235), -1);
	assert_int_equal(read_of("rcv_wnd", 6, bytes, 236), 0);
	assert_int_equal(read_of("state", 6, bytes, 0), -1);
	assert_int_equal(read_of("accecn_opt_seen", 6, bytes, 276), -1);
	assert_int_equal(read_of("nonsense", 6, bytes, sizeof(bytes)), -1);
}

/* The last four bytes are two numbers in Linux 6.18, bit-fields in 7.0. */
static void accurate_ecn(void **state)
{
	const uint16_t numbers[2] = { 3, 2 };
	uint8_t bytes[TCP_INFO_MAX] = { 0 };

	(void)state;
	memcpy(bytes + 276, numbers, sizeof(numbers));
	assert_int_equal(read_of("accecn_fail_mode", 6, bytes, sizeof(bytes)), 3);
	assert_int_equal(read_of("accecn_opt_seen", 6, bytes, sizeof(bytes)), 2);
	assert_int_equal(read_of("ecn_mode", 6, bytes, sizeof(bytes)), -1);
	assert_true(read_of("ecn_mode", 7, bytes, sizeof(bytes)) >= 0);
	assert_true(read_of("options2", 7, bytes, sizeof(bytes)) >= 0);
}

static void states_of_congestion_avoidance(void **state)
{
	int64_t number;

	(void)state;
	assert_true(ca_state_by_name("Recovery", &number));
	assert_int_equal(number, 3);
	assert_false(ca_state_by_name("recovery", &number));
	assert_string_equal(ca_state_name(4), "Loss");
	assert_null(ca_state_name(5));
	assert_null(ca_state_name(-1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_with_and_without_prefix),
		cmocka_unit_test(limits_and_units),
		cmocka_unit_test(values_of_the_kernels_struct),
		cmocka_unit_test(older_kernels),
		cmocka_unit_test(accurate_ecn),
		cmocka_unit_test(states_of_congestion_avoidance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
