/* Tests of peer/snmp: counters in the text of /proc/net, and those of a namespace of our own. */
#include "peer/snmp.h"

#include "plan/counters.h"
#include "unit/world_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const char usual[] =
	"Ip: Forwarding InReceives\nIp: 2 77\n"
	"IcmpMsg: InType3\nIcmpMsg: 1\n"
	"Tcp: MaxConn InSegs RetransSegs\nTcp: -1 18446744073709551615 3\n"
	"TcpExt: InSegs SyncookiesSent\nTcpExt: 4 5\n";

/* Of the first @len bytes, with nothing behind them that could be read. */
static int find(const char *text, size_t len, const char *group, const char *name, int64_t *value)
{
	char *exact = malloc(len ? len : 1);
	int rc;

	assert_non_null(exact);
	memcpy(exact, text, len);
	rc = snmp_find(exact, len, group, name, value);
	free(exact);
	return rc;
}

static void counters_of_their_group(void **state)
{
	const size_t len = sizeof(usual) - 1;
	int64_t value = 0;

	(void)state;
	assert_int_equal(find(usual, len, "Tcp", "RetransSegs", &value), 1);
	assert_int_equal(value, 3);
	assert_int_equal(find(usual, len, "TcpExt", "InSegs", &value), 1);
	assert_int_equal(value, 4);
	assert_int_equal(find(usual, len, "TcpExt", "SyncookiesSent", &value), 1);
	assert_int_equal(value, 5);
	assert_int_equal(find(usual, len, "Ip", "InReceives", &value), 1);
	assert_int_equal(value, 77);
	assert_int_equal(find(usual, len, "Tcp", "InSegs", &value), 1);
	assert_true(value == INT64_MAX); /* of 64 bits, all set */
}

static void what_is_not_there(void **state)
{
	static const char *const absent[][2] = {
		{ "Tcp", "InSeg" }, { "Tcp", "InSegss" }, { "Tcp", "SyncookiesSent" },
		{ "Tcp", "Tcp:" }, { "Tc", "InSegs" }, { "TcpExt:", "InSegs" }, { "Udp", "InSegs" },
		{ "", "InSegs" }, { "Tcp", "" },
	};
	int64_t value = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		assert_int_equal(find(usual, sizeof(usual) - 1, absent[i][0], absent[i][1], &value),
				 0);
	assert_int_equal(find("", 0, "Tcp", "InSegs", &value), 0);
}

/* Wherever the text ends: a number is read whole or not at all. */
static void truncated_text(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(usual) - 1; len++) {
		int64_t value = 3;

		assert_true(find(usual, len, "Tcp", "RetransSegs", &value) <= 1);
		assert_int_equal(value, 3);
		assert_true(find(usual, len, "TcpExt", "SyncookiesSent", &value) < 1);
		assert_int_equal(value, 3);
	}
}

static void odd_text(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} odd[] = {
		{ "Tcp: A\nTcp: x\n", -EPROTO },  { "Tcp: A\nTcp: -1\n", -EPROTO },
		{ "Tcp: A\nTcp: 1x\n", -EPROTO }, { "Tcp: A\nTcp:\n", -EPROTO },
		{ "Tcp: B A\nTcp: 7\n", -EPROTO }, { "Tcp: A\nUdp: 7\n", -EPROTO },
		{ "Tcp: A\n7\n", -EPROTO },       { "Tcp: A\n\n", -EPROTO },
		{ "Tcp: A\n", -EPROTO },          { "Tcp: A\nTcp: 7", -EPROTO },
		{ "Tcp:\nTcp: 7\n", 0 },          { "Tcp A\nTcp 7\n", 0 },
		{ "\n\n:\n: 7\n", 0 },            { "Tcp: A 7\n", -EPROTO },
		{ "Tcp:   A   \nTcp:   7   \n", 1 }, { "\nTcp: A\nTcp: 7\n\n", 1 },
		{ "Tcp: B\nTcp: 1\nTcp: A\nTcp: 7\n", 1 }, /* as IcmpMsg has them */
	};
	static const char with_nul[] = "Tcp: A\0\nTcp: 7\n";
	int64_t value = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		assert_int_equal(find(odd[i].text, strlen(odd[i].text), "Tcp", "A", &value),
				 odd[i].rc);
		assert_int_equal(value, 7);
	}
	assert_int_equal(find(with_nul, sizeof(with_nul) - 1, "Tcp", "A", &value), 0);
}

static int64_t count_of(struct snmp *snmp, const char *group, const char *name)
{
	int64_t value = -1;

	CHECK(snmp_read(snmp, group, name, &value) == 1);
	return value;
}

/* Nothing that was done to make the world has been counted. */
static void check_zeros(struct snmp *snmp)
{
	for (int i = 0; counter_name(i); i++) {
		int64_t value = 0;
		int rc = snmp_read(snmp, counter_group(i), counter_own_name(i), &value);

		CHECK(rc == 1 || (rc == 0 && counter_since(i)));
		if (value != 0)
			fprintf(stderr, "%s = %lld\n", counter_full_name(i), (long long)value);
		CHECK(value == 0);
	}
}

/* The file is that of the host, read from the wire's namespace, and read anew each time. */
static void play_connection(struct stage *stage)
{
	struct probe_reply client, server;
	struct snmp *snmp;
	int64_t value;

	stage_enter_with_probe(stage);
	CHECK(world_visit(&stage->world, 0) == 0);
	snmp = snmp_open();
	CHECK(snmp);
	CHECK(world_visit(&stage->world, NO_INDEX) == 0);
	check_zeros(snmp);
	connect_to_self(stage, &client, &server);
	CHECK(count_of(snmp, "Tcp", "ActiveOpens") == 1);
	CHECK(count_of(snmp, "Tcp", "PassiveOpens") == 1);
	CHECK(count_of(snmp, "TcpExt", "ListenOverflows") == 0);
	CHECK(count_of(snmp, "IpExt", "InNoRoutes") == 0);
	CHECK(snmp_read(snmp, "TcpExt", "Nonsense", &value) == 0);
	snmp_close(snmp);
}

static void a_namespace_of_its_own(void **state)
{
	struct stage v4 = stage_for(IP_V4, HOST_CRAFTED), v6 = stage_for(IP_V6, HOST_KERNEL);

	(void)state;
	assert_int_equal(in_child(play_connection, &v4), 0);
	assert_int_equal(in_child(play_connection, &v6), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_of_their_group),
		cmocka_unit_test(what_is_not_there),
		cmocka_unit_test(truncated_text),
		cmocka_unit_test(odd_text),
		cmocka_unit_test(a_namespace_of_its_own),
	};

	snmp_close(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
