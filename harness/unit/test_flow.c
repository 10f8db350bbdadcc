/* test_flow: relative numbers, holes, timestamps; and what compose makes of them. */
#include "unit/wire_helpers.h"

#include "wire/compose.h"

#include <errno.h>
#include <stdlib.h>

static const uint8_t filler[2000];
static const uint8_t ts_option[] = { 1, 1, 8, 10, 0, 0, 3, 0xe8, 0, 0, 0, 7 };

struct fixture {
	struct flow flow;
	uint8_t bytes[FRAME_MAX];
	struct packet packet;
};

static int set_up(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	return 0;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

/* Host @from sends a segment; the flow is told when @tell. */
static void say(struct fixture *fixture, int from, uint16_t flags, uint32_t seq, size_t len,
		bool arrives)
{
	struct segment segment = wire_segment(from, 4, flags);

	segment.seq = seq;
	segment.data = filler;
	segment.data_len = len;
	wire_packet(&segment, fixture->bytes, &fixture->packet);
	flow_saw(&fixture->flow, from, &fixture->packet, fixture->bytes, arrives);
}

static void handshake(struct fixture *fixture, uint32_t client, uint32_t server)
{
	say(fixture, 0, TCP_SYN, client, 0, true);
	say(fixture, 1, TCP_SYN | TCP_ACK, server, 0, true);
	say(fixture, 0, TCP_ACK, client + 1, 0, true);
}

static int64_t default_seq(const struct fixture *fixture, int from, uint16_t flags)
{
	struct plan_packet packet = { .from = from, .flags = flags };

	return flow_default_seq(&fixture->flow, from, &packet);
}

static void numbers_begin_at_the_syn(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(default_seq(fixture, 0, TCP_SYN), 0);
	assert_int_equal(default_seq(fixture, 1, TCP_RST | TCP_ACK), 0);
	assert_int_equal(flow_default_ack(&fixture->flow, 1), 0);
	handshake(fixture, 1000, 0xfffffff0);
	assert_int_equal(fixture->flow.port[0], 40000);
	assert_int_equal(fixture->flow.port[1], 8080);
	assert_int_equal(default_seq(fixture, 0, TCP_ACK), 1);
	assert_int_equal(default_seq(fixture, 0, TCP_SYN), 0);
	assert_int_equal(flow_default_ack(&fixture->flow, 0), 1);
	assert_int_equal(flow_relative(&fixture->flow.stream[0], 999), -1);
}

/* More than 4 GiB and across the wrap: numbers go on. */
static void numbers_never_wrap(void **state)
{
	struct fixture *fixture = *state;
	uint32_t seq = 0xffffff00;
	int64_t sent = 1;
	int i;

	handshake(fixture, 5, seq - 1);
	for (i = 0; i < 400; i++) {
		struct packet packet = { .class = PACKET_TCP, .flags = TCP_ACK, .sport = 8080,
					 .dport = 40000, .seq = seq, .payload_len = 1 << 24 };

		assert_int_equal(flow_seq(&fixture->flow, 1, &packet), sent);
		flow_saw(&fixture->flow, 1, &packet, NULL, true);
		seq += 1 << 24;
		sent += 1 << 24;
		assert_int_equal(flow_default_ack(&fixture->flow, 0), sent);
	}
}

static void holes(void **state)
{
	struct fixture *fixture = *state;
	const struct stream *stream = &fixture->flow.stream[0];

	handshake(fixture, 0, 0);
	say(fixture, 0, TCP_ACK, 1, 10, false); /* lost */
	assert_int_equal(stream->next, 11);
	assert_int_equal(stream->got, 1);
	say(fixture, 0, TCP_ACK, 31, 10, true);
	say(fixture, 0, TCP_ACK, 11, 10, true);
	assert_int_equal(stream->n_beyond, 2);
	assert_int_equal(stream->beyond[0].start, 11);
	assert_int_equal(stream->beyond[1].start, 31);
	say(fixture, 0, TCP_ACK, 15, 20, true); /* joins them */
	assert_int_equal(stream->n_beyond, 1);
	assert_int_equal(stream->beyond[0].start, 11);
	assert_int_equal(stream->beyond[0].end, 41);
	assert_int_equal(stream->last_start, 15);
	assert_int_equal(stream->last_len, 20);
	assert_int_equal(stream->next, 41);
	say(fixture, 0, TCP_FIN | TCP_ACK, 41, 0, true);
	say(fixture, 0, TCP_ACK, 1, 10, true);
	assert_int_equal(stream->got, 42);
	assert_int_equal(stream->n_beyond, 0);
	say(fixture, 0, TCP_ACK, 1, 5, true); /* old news */
	assert_int_equal(stream->got, 42);
}

static void more_holes_than_room(void **state)
{
	struct fixture *fixture = *state;
	const struct stream *stream = &fixture->flow.stream[0];
	uint32_t i;

	handshake(fixture, 0, 0);
	for (i = 100; i > 0; i--)
		say(fixture, 0, TCP_ACK, 10 * i, 5, true);
	assert_int_equal(stream->n_beyond, FLOW_HOLES_MAX);
	assert_int_equal(stream->beyond[0].start, 10);
	assert_int_equal(stream->beyond[FLOW_HOLES_MAX - 1].start, 10 * FLOW_HOLES_MAX);
	say(fixture, 0, TCP_ACK, 1, 700, true);
	assert_int_equal(stream->got, 701);
	assert_int_equal(stream->n_beyond, 0);
}

static void syn_again(void **state)
{
	struct fixture *fixture = *state;

	say(fixture, 0, TCP_SYN, 1000, 0, false);
	assert_int_equal(flow_default_ack(&fixture->flow, 1), 0);
	say(fixture, 0, TCP_SYN, 1000, 0, true);
	say(fixture, 1, TCP_SYN | TCP_ACK, 77, 0, true);
	say(fixture, 0, TCP_ACK, 1001, 10, true);
	say(fixture, 0, TCP_SYN, 1000, 0, true); /* late copy */
	assert_int_equal(fixture->flow.stream[0].isn, 1000);
	assert_int_equal(fixture->flow.stream[0].next, 11);
	say(fixture, 0, TCP_SYN, 9000, 0, true); /* in an established connection */
	assert_int_equal(fixture->flow.stream[0].isn, 1000);
}

/* Would a SYN (or with other @flags) of @from with this number begin another connection? */
static bool another(struct fixture *fixture, int from, uint16_t flags, uint32_t seq)
{
	fixture->packet.flags = flags;
	fixture->packet.seq = seq;
	return flow_is_another(&fixture->flow, from, &fixture->packet);
}

static void another_on_the_same_ports(void **state)
{
	struct fixture *fixture = *state;

	assert_false(another(fixture, 0, TCP_SYN, 9000)); /* the first is no other */
	say(fixture, 0, TCP_SYN, 1000, 0, true);
	assert_true(another(fixture, 0, TCP_SYN, 9000)); /* that one was never answered */
	assert_false(another(fixture, 0, TCP_SYN, 1000));
	assert_false(another(fixture, 1, TCP_SYN, 9000)); /* simultaneous open */
	say(fixture, 1, TCP_SYN | TCP_ACK, 77, 0, true);
	assert_false(another(fixture, 0, TCP_SYN, 9000));
	say(fixture, 0, TCP_FIN | TCP_ACK, 1001, 0, true);
	assert_false(another(fixture, 0, TCP_SYN, 9000));
	say(fixture, 1, TCP_FIN | TCP_ACK, 78, 0, true);
	assert_true(another(fixture, 0, TCP_SYN, 9000));
	assert_true(another(fixture, 1, TCP_SYN, 9000));
	assert_false(another(fixture, 0, TCP_SYN | TCP_ACK, 9000));
	assert_false(another(fixture, 0, TCP_SYN, 1000)); /* late copy */
}

static void another_after_reset(void **state)
{
	struct fixture *fixture = *state;

	handshake(fixture, 1000, 77);
	say(fixture, 1, TCP_RST, 78, 0, false); /* lost */
	assert_false(another(fixture, 0, TCP_SYN, 9000));
	say(fixture, 1, TCP_RST, 78, 0, true);
	assert_true(another(fixture, 0, TCP_SYN, 9000));
}

/* A SYN-ACK whose SYN nobody has told of: a forged one's, say. */
static void another_than_what_was_answered(void **state)
{
	struct fixture *fixture = *state;

	say(fixture, 1, TCP_SYN | TCP_ACK, 77, 0, true);
	assert_true(another(fixture, 0, TCP_SYN, fixture->packet.ack));
	assert_false(another(fixture, 0, TCP_SYN, fixture->packet.ack - 1));
}

static void refused(void **state)
{
	struct fixture *fixture = *state;

	say(fixture, 0, TCP_SYN, 1000, 0, true);
	assert_int_equal(flow_default_ack(&fixture->flow, 1), 1);
	say(fixture, 1, TCP_RST | TCP_ACK, 0, 0, true);
	assert_int_equal(default_seq(fixture, 1, TCP_RST | TCP_ACK), 0);
	say(fixture, 0, TCP_SYN, 5000, 0, true);
	say(fixture, 1, TCP_SYN | TCP_ACK, 600, 0, true);
	assert_int_equal(fixture->flow.stream[1].isn, 600);
	assert_int_equal(flow_default_ack(&fixture->flow, 0), 1);
}

static void no_syn_seen(void **state)
{
	struct fixture *fixture = *state;

	say(fixture, 0, TCP_PSH | TCP_ACK, 5000, 10, true);
	assert_int_equal(fixture->flow.stream[0].isn, 0);
	assert_int_equal(default_seq(fixture, 0, TCP_ACK), 5010);
	assert_int_equal(flow_default_ack(&fixture->flow, 1), 5010);
}

static void owns(void **state)
{
	struct fixture *fixture = *state;
	struct packet icmp = { .class = PACKET_ICMP, .sport = 40000, .dport = 8080 };

	fixture->flow.port[1] = 8080;
	fixture->packet = (struct packet){ .class = PACKET_TCP, .sport = 1, .dport = 8080 };
	assert_true(flow_owns(&fixture->flow, 0, &fixture->packet));
	fixture->packet.dport = 80;
	assert_false(flow_owns(&fixture->flow, 0, &fixture->packet));
	say(fixture, 0, TCP_SYN, 0, 0, true);
	assert_true(flow_owns(&fixture->flow, 0, &fixture->packet));
	assert_false(flow_owns(&fixture->flow, 1, &fixture->packet));
	assert_true(flow_owns(&fixture->flow, 1, &icmp));
	icmp.sport = 40001;
	assert_false(flow_owns(&fixture->flow, 1, &icmp));
}

static void an_icmp_error_has_the_number_it_quotes(void **state)
{
	struct fixture *fixture = *state;
	struct packet icmp = { .class = PACKET_ICMP, .sport = 40000, .dport = 8080, .seq = 1001 };

	fixture->flow.port[1] = 8080;
	say(fixture, 0, TCP_SYN, 1000, 0, true);
	assert_int_equal(flow_seq(&fixture->flow, 1, &icmp), 1); /* host 1 quotes host 0 */
	assert_int_equal(flow_seq(&fixture->flow, 0, &icmp), 1); /* so does host 0 */
}

static void absolute(void **state)
{
	const struct stream stream = { .known = true, .isn = 0xfffffff0, .next = 100 };
	struct plan_seq seq = { .kind = SEQ_RELATIVE, .value = 17 };

	(void)state;
	assert_int_equal(flow_absolute(&stream, &seq, 50), 1);
	seq.kind = SEQ_NEXT;
	assert_int_equal(flow_absolute(&stream, &seq, 50), 51);
	seq.kind = SEQ_ABSOLUTE;
	assert_int_equal(flow_absolute(&stream, &seq, 50), 17);
}

/* ---- compose ---- */

static struct surroundings surroundings(int from, uint8_t ip)
{
	struct surroundings around = { .route = wire_route(from, ip), .link_mtu = 1500,
				       .ts_now = 1000, .isn = 12345 };

	return around;
}

static void compose(const struct plan_packet *packet, const struct flow *flow, uint8_t ip,
		    uint8_t options[PACKET_OPTIONS_MAX], struct segment *out)
{
	struct surroundings around = surroundings(packet->from, ip);

	assert_int_equal(compose_tcp(packet, flow, &around, options, out), 0);
}

static void default_syn(void **state)
{
	struct fixture *fixture = *state;
	struct plan_packet packet = { .from = 0, .flags = TCP_SYN };
	uint8_t options[PACKET_OPTIONS_MAX];
	struct segment out;

	fixture->flow.port[0] = 40000;
	fixture->flow.port[1] = 8080;
	compose(&packet, &fixture->flow, 4, options, &out);
	assert_int_equal(out.seq, 12345);
	assert_int_equal(out.ack, 0);
	assert_int_equal(out.win, 65535);
	assert_int_equal(out.ttl, 64);
	assert_true(out.df);
	assert_int_equal(out.sport, 40000);
	assert_int_equal(out.dport, 8080);
	assert_int_equal(out.options_len, 4);
	assert_memory_equal(out.options, "\2\4\5\xb4", 4);
	compose(&packet, &fixture->flow, 6, options, &out);
	assert_memory_equal(out.options, "\2\4\5\xa0", 4);
	packet.set = FIELD_SEQ;
	packet.seq = (struct plan_seq){ SEQ_ABSOLUTE, 4294967290, 0 };
	compose(&packet, &fixture->flow, 6, options, &out);
	assert_int_equal(out.seq, 4294967290u);
}

static void default_data(void **state)
{
	struct fixture *fixture = *state;
	struct plan_packet packet = { .from = 1, .any_data = true, .set = FIELD_DATA,
				      .data = filler, .data_len = 100 };
	uint8_t options[PACKET_OPTIONS_MAX];
	struct segment out;

	handshake(fixture, 1000, 2000);
	compose(&packet, &fixture->flow, 4, options, &out);
	assert_int_equal(out.flags, TCP_PSH | TCP_ACK);
	assert_int_equal(out.seq, 2001);
	assert_int_equal(out.ack, 1001);
	assert_int_equal(out.options_len, 0);
	assert_int_equal(out.data_len, 100);
	fixture->flow.stream[0].ts_offered = fixture->flow.stream[1].ts_offered = true;
	fixture->flow.stream[0].ts_last = 7;
	compose(&packet, &fixture->flow, 4, options, &out);
	assert_int_equal(out.options_len, sizeof(ts_option));
	assert_memory_equal(out.options, ts_option, sizeof(ts_option));
}

static void sent_again(void **state)
{
	struct fixture *fixture = *state;
	struct surroundings around = surroundings(0, 4);
	struct plan_packet packet = { .from = 0, .flags = TCP_ACK, .again = true };
	uint8_t options[PACKET_OPTIONS_MAX];
	struct segment out;

	handshake(fixture, 1000, 2000);
	say(fixture, 0, TCP_ACK, 1001, 10, true);
	say(fixture, 0, TCP_ACK, 1011, 5, true);
	around.resent = filler;
	around.resent_len = 5;
	assert_int_equal(compose_tcp(&packet, &fixture->flow, &around, options, &out), 0);
	assert_int_equal(out.seq, 1011);
	assert_int_equal(out.data_len, 5);
}

static void every_field(void **state)
{
	struct fixture *fixture = *state;
	struct plan_packet packet = { .from = 0, .flags = TCP_RST, .set = ~0u & ~FIELD_OPTIONS,
		.seq = { SEQ_NEXT, -1 }, .ack = { SEQ_RELATIVE, 5 }, .win = 1, .urgent = 2,
		.offset = 15, .ttl = 3, .dscp = 4, .ecn = 1, .reserved = 10, .id = 6,
		.flowlabel = 7, .checksum = 8 };
	uint8_t options[PACKET_OPTIONS_MAX];
	struct segment out;

	handshake(fixture, 1000, 2000);
	compose(&packet, &fixture->flow, 4, options, &out);
	assert_int_equal(out.seq, 1000);
	assert_int_equal(out.ack, 5); /* no ACK flag: as it is */
	assert_int_equal(out.flags, TCP_RST | 0xa00);
	assert_true(out.win == 1 && out.urgent == 2 && out.has_offset && out.offset == 15);
	assert_true(out.ttl == 3 && out.dscp == 4 && out.ecn == 1 && !out.df && out.id == 6);
	assert_int_equal(out.flowlabel, 7);
	assert_int_equal(out.checksum_mode, CHECKSUM_VALUE);
	assert_int_equal(out.checksum, 8);
	packet.checksum_bad = true;
	packet.flags = TCP_ACK;
	compose(&packet, &fixture->flow, 4, options, &out);
	assert_int_equal(out.checksum_mode, CHECKSUM_BAD);
	assert_int_equal(out.ack, 2005);
}

static void written_options(void **state)
{
	static const int64_t blocks[][2] = { { 11, 21 } };
	static const uint8_t raw[] = { 0xfd, 4, 1, 2 };
	static const uint8_t want[] = { 2, 4, 0, 100, 4, 2, 3, 3, 7, 1, 8, 10, 0, 0, 0x03, 0xe8,
		0, 0, 0, 0, 5, 10, 0, 0, 7, 0xdb, 0, 0, 7, 0xe5, 34, 4, 1, 2, 0xfd, 4, 1, 2, 0 };
	const struct plan_option list[] = {
		{ .kind = OPT_MSS, .a = 100 }, { .kind = OPT_SACKOK },
		{ .kind = OPT_WSCALE, .a = 7 }, { .kind = OPT_NOP },
		{ .kind = OPT_TS, .a_kind = NUM_AUTO, .b_kind = NUM_LAST },
		{ .kind = OPT_SACK, .blocks = blocks, .n_blocks = 1 },
		{ .kind = OPT_FASTOPEN, .bytes = raw + 2, .len = 2 },
		{ .kind = OPT_RAW, .bytes = raw, .len = 4 }, { .kind = OPT_EOL },
		{ .kind = OPT_MD5, .bytes = filler, .len = 16 },
	};
	struct fixture *fixture = *state;
	struct surroundings around = surroundings(0, 4);
	struct plan_packet packet = { .flags = TCP_ACK, .set = FIELD_OPTIONS, .options = list,
				      .n_options = 9 };
	uint8_t options[PACKET_OPTIONS_MAX];
	struct segment out;

	handshake(fixture, 1000, 2000);
	assert_int_equal(compose_tcp(&packet, &fixture->flow, &around, options, &out), 0);
	assert_int_equal(out.options_len, sizeof(want));
	assert_memory_equal(out.options, want, sizeof(want));
	packet.n_options = 10;
	assert_int_equal(compose_tcp(&packet, &fixture->flow, &around, options, &out), -E2BIG);
	packet.n_options = 0;
	assert_int_equal(compose_tcp(&packet, &fixture->flow, &around, options, &out), 0);
	assert_int_equal(out.options_len, 0);
}

static void timestamps(void **state)
{
	struct fixture *fixture = *state;
	struct segment segment = wire_segment(0, 4, TCP_SYN);

	segment.options = ts_option;
	segment.options_len = sizeof(ts_option);
	wire_packet(&segment, fixture->bytes, &fixture->packet);
	flow_saw(&fixture->flow, 0, &fixture->packet, fixture->bytes, false);
	assert_true(fixture->flow.stream[0].ts_offered);
	assert_false(fixture->flow.stream[0].ts_seen);
	flow_saw(&fixture->flow, 0, &fixture->packet, fixture->bytes, true);
	assert_int_equal(fixture->flow.stream[0].ts_last, 1000);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(numbers_begin_at_the_syn), TEST(numbers_never_wrap), TEST(holes),
		TEST(more_holes_than_room), TEST(syn_again), TEST(another_on_the_same_ports),
		TEST(another_after_reset), TEST(another_than_what_was_answered), TEST(refused), TEST(no_syn_seen),
		TEST(owns), TEST(an_icmp_error_has_the_number_it_quotes),
		TEST(absolute), TEST(default_syn), TEST(default_data),
		TEST(sent_again), TEST(every_field), TEST(written_options), TEST(timestamps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
