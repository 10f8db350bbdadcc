/* test_resolve_packet: packets of wire lines, and the times they come at. */
#include "unit/resolve_helpers.h"

/* ---- packets ---- */

static void numbers_of_a_packet(void **state)
{
	const struct plan_packet *packet = packet_of(state, CLIENT_KERNEL ESTABLISH
		"send PSH-ACK-URG from server seq abs 0xfffffff0 ack next+1 win 0 urgent 3 offset 15 "
		"ttl 1 dscp 46 ecn ce reserved 4 id 7 df off checksum bad data hex 00 ff\n");

	assert_int_equal(packet->from, SERVER);
	assert_int_equal(packet->flags, TCP_PSH | TCP_ACK | TCP_URG);
	assert_int_equal(packet->seq.kind, SEQ_ABSOLUTE);
	assert_int_equal(packet->seq.value, 0xfffffff0);
	assert_int_equal(packet->ack.kind, SEQ_NEXT);
	assert_int_equal(packet->ack.value, 1);
	assert_int_equal(packet->urgent, 3);
	assert_int_equal(packet->offset, 15);
	assert_int_equal(packet->ttl, 1);
	assert_int_equal(packet->dscp, 46);
	assert_int_equal(packet->ecn, 3);
	assert_int_equal(packet->reserved, 4);
	assert_int_equal(packet->id, 7);
	assert_false(packet->df);
	assert_true(packet->checksum_bad);
	assert_int_equal(packet->data_len, 2);
	assert_memory_equal(packet->data, "\0\xff", 2);
	assert_int_equal(packet->set, FIELD_SEQ | FIELD_ACK | FIELD_WIN | FIELD_URGENT |
				      FIELD_OFFSET | FIELD_TTL | FIELD_DSCP | FIELD_ECN |
				      FIELD_RESERVED | FIELD_ID | FIELD_DF | FIELD_CHECKSUM |
				      FIELD_DATA);
}

static void fields_of_the_other_ip_version_are_left_unset(void **state)
{
	const char *const text = CLIENT_KERNEL ESTABLISH
		"send ACK from server id 7 df off flowlabel 5\n";

	assert_int_equal(last_step(plan_for(state, IP_V4, 1, text))->packet->set,
			 FIELD_ID | FIELD_DF);
	assert_int_equal(last_step(plan_for(state, IP_MAPPED, 1, text))->packet->set,
			 FIELD_ID | FIELD_DF);
	assert_int_equal(last_step(plan_for(state, IP_V6, 1, text))->packet->set, FIELD_FLOWLABEL);
}

static void data_sent_and_expected(void **state)
{
	const struct plan_packet *packet;

	packet = packet_of(state, CLIENT_KERNEL ESTABLISH "send DATA from server data 30 bytes\n");
	assert_int_equal(packet->flags, TCP_PSH | TCP_ACK);
	assert_false(packet->any_data);
	assert_int_equal(packet->data_len, 30);
	assert_memory_equal(packet->data, "abcdefghijklmnopqrstuvwxyzabcd", 30);

	packet = packet_of(state, CLIENT_KERNEL ESTABLISH
			   "expect DATA from client len 1..1448 again\n");
	assert_int_equal(packet->flags, TCP_ACK);
	assert_true(packet->any_data);
	assert_true(packet->again);
	assert_int_equal(packet->len_low, 1);
	assert_int_equal(packet->len_high, 1448);
}

static void a_window_expected_may_be_a_range(void **state)
{
	const struct plan_packet *packet;

	packet = packet_of(state, CLIENT_KERNEL "expect SYN from client win 1000..65535\n");
	assert_int_equal(packet->set, FIELD_WIN);
	assert_int_equal(packet->win, 1000);
	assert_int_equal(packet->win_beyond, 64535);
	packet = packet_of(state, CLIENT_KERNEL "expect SYN from client win 1000\n");
	assert_int_equal(packet->win_beyond, 0);
}

static void options_sent_have_defaults(void **state)
{
	const struct plan_packet *packet = packet_of(state, CLIENT_CRAFTED
		"link mtu 1400\nserver: listen 80\n"
		"send SYN from client options mss, sackok, ts, nop, wscale 7\n");
	const struct plan_option *options = packet->options;

	assert_int_equal(packet->n_options, 5);
	assert_int_equal(options[0].a, 1360);
	assert_int_equal(options[2].kind, OPT_TS);
	assert_int_equal(options[2].a_kind, NUM_AUTO);
	assert_int_equal(options[2].b_kind, NUM_LAST);
	assert_int_equal(options[4].a, 7);
}

static void options_expected_stand_for_any(void **state)
{
	const struct plan_packet *packet = packet_of(state, CLIENT_KERNEL
		"expect SYN from client options mss, wscale any, ts 5, sack, ...\n");
	const struct plan_option *options = packet->options;

	assert_int_equal(options[0].a_kind, NUM_ANY);
	assert_int_equal(options[1].a_kind, NUM_ANY);
	assert_int_equal(options[2].a_kind, NUM_VALUE);
	assert_int_equal(options[2].b_kind, NUM_ANY);
	assert_int_equal(options[3].n_blocks, 0);
	assert_true(packet->options_more);
	packet = packet_of(state, CLIENT_KERNEL "expect SYN from client options none\n");
	assert_int_equal(packet->n_options, 0);
	assert_true(packet->set & FIELD_OPTIONS);
}

static void icmp_quotes_the_other_host(void **state)
{
	const struct plan_packet *packet = packet_of(state, CLIENT_KERNEL ESTABLISH
		"send icmp frag-needed mtu 1200 from server about last PSH-ACK\n");

	assert_true(packet->icmp);
	assert_int_equal(packet->icmp_kind, ICMP_FRAG_NEEDED);
	assert_int_equal(packet->mtu, 1200);
	assert_int_equal(packet->about_flags, TCP_PSH | TCP_ACK);
	assert_int_equal(packet->about_from, CLIENT);
	assert_false(packet->about_any);
	packet = packet_of(state, CLIENT_KERNEL ESTABLISH
			   "send icmp port-unreachable from server\n");
	assert_true(packet->about_any);
}

/* What fits is the MTU less both headers less the options that will be there. */
static void payload_fits_the_link(void **state)
{
	const char *const full = CLIENT_KERNEL ESTABLISH "send DATA from server data 1460 bytes\n";
	struct fixture *fixture = *state;

	plan_for(state, IP_V4, 1, full);
	assert_null(try_resolve(fixture, IP_V6, 1, full));
	assert_string_equal(error_of(state, CLIENT_KERNEL ESTABLISH
				     "send DATA from server data 1461 bytes\n"),
			    "with 1461 bytes of data this IPv4 packet has 1501, "
			    "the link's MTU is 1500");
	plan_of(state, CLIENT_KERNEL "link mtu 9000\n" ESTABLISH
		"send DATA from server data 8960 bytes\n");
}

/* ---- time ---- */

static const struct plan_time *time_of(void **state, const char *text)
{
	return &last_step(plan_of(state, text))->time;
}

static void times_become_lists(void **state)
{
	const struct plan_time *time;

	time = time_of(state, CLIENT_KERNEL "expect SYN from client at 0s, 1s, 3s +-20ms\n");
	assert_int_equal(time->kind, TIME_AT);
	assert_int_equal(time->n, 3);
	assert_int_equal(time->ns[2], 3000 * MS);
	assert_int_equal(time->tolerance, 20 * MS);

	time = time_of(state, CLIENT_KERNEL ESTABLISH
		       "expect DATA from client again 6 times doubling from 200ms up to 3s\n");
	assert_int_equal(time->kind, TIME_GAPS);
	assert_int_equal(time->n, 6);
	assert_int_equal(time->ns[0], 200 * MS);
	assert_int_equal(time->ns[3], 1600 * MS);
	assert_int_equal(time->ns[4], 3000 * MS);
	assert_int_equal(time->ns[5], 3000 * MS);
	assert_int_equal(time->tolerance, NO_TOLERANCE);

	time = time_of(state, CLIENT_KERNEL ESTABLISH
		       "expect ACK from client again 9 times every 75s\n");
	assert_int_equal(time->n, 9);
	assert_int_equal(time->ns[8], 75000 * MS);

	time = time_of(state, CLIENT_KERNEL "wait 3s\n");
	assert_int_equal(time->ns[0], 3000 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(numbers_of_a_packet),
		TEST(fields_of_the_other_ip_version_are_left_unset),
		TEST(data_sent_and_expected),
		TEST(a_window_expected_may_be_a_range),
		TEST(options_sent_have_defaults),
		TEST(options_expected_stand_for_any),
		TEST(icmp_quotes_the_other_host),
		TEST(payload_fits_the_link),
		TEST(times_become_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
