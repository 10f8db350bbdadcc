/* test_craft: golden bytes. The frames below were read with tshark, checksums verified. */
#include "unit/wire_helpers.h"

#include <stdio.h>
#include <stdlib.h>

static const uint8_t syn_options[] = { 2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 100, 0, 0, 0, 0,
				       1, 3, 3, 7 };

enum { IP_LARGEST = 1 << 16 };

struct fixture {
	struct crafter *crafter;
	struct frame frame;
	char error[CRAFT_ERROR_LEN];
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->crafter = crafter_new(fixture->error);
	fixture->frame.bytes = malloc(FRAME_MAX);
	*state = fixture;
	return fixture->crafter ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	crafter_free(fixture->crafter);
	free(fixture->frame.bytes);
	free(fixture);
	return 0;
}

static void craft(struct fixture *fixture, const struct segment *segment)
{
	if (craft_tcp(fixture->crafter, segment, &fixture->frame, fixture->error) < 0)
		fail_msg("%s", fixture->error);
}

static const uint8_t *tcp_of(const struct fixture *fixture, uint8_t ip)
{
	return fixture->frame.bytes + ETH_HEADER + (ip == 4 ? 20 : 40);
}

/* @golden: hexadecimal digits, spaces between them */
static void is_golden(const struct fixture *fixture, const char *golden)
{
	uint8_t want[256];
	size_t len = 0;
	unsigned int byte;
	int used;

	for (; sscanf(golden, " %2x%n", &byte, &used) == 1; golden += used)
		want[len++] = (uint8_t)byte;
	assert_int_equal(fixture->frame.len, len);
	assert_memory_equal(fixture->frame.bytes, want, len);
}

static void syn_with_options(void **state)
{
	struct fixture *fixture = *state;
	struct segment segment = wire_segment(0, 4, TCP_SYN);

	segment.seq = 4294967290u;
	segment.win = 8192;
	segment.options = syn_options;
	segment.options_len = sizeof(syn_options);
	craft(fixture, &segment);
	is_golden(fixture,
		  "02 00 00 00 00 02 02 00 00 00 00 01 08 00 "
		  "45 00 00 3c 00 00 40 00 40 06 b6 b8 c0 00 02 01 c0 00 02 02 "
		  "9c 40 1f 90 ff ff ff fa 00 00 00 00 a0 02 20 00 e7 cc 00 00 "
		  "02 04 05 b4 04 02 08 0a 00 00 00 64 00 00 00 00 01 03 03 07 ");
}

static void data_over_ipv6(void **state)
{
	struct fixture *fixture = *state;
	struct segment segment = wire_segment(1, 6, TCP_PSH | TCP_ACK);

	segment.seq = 1;
	segment.ack = 4294967291u;
	segment.flowlabel = 0xabcde;
	segment.dscp = 46;
	segment.ecn = 3;
	segment.data = (const uint8_t *)"hello";
	segment.data_len = 5;
	craft(fixture, &segment);
	is_golden(fixture,
		  "02 00 00 00 00 01 02 00 00 00 00 02 86 dd "
		  "6b ba bc de 00 19 06 40 20 01 0d b8 00 00 00 00 00 00 00 00 "
		  "00 00 00 02 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 "
		  "1f 90 9c 40 00 00 00 01 ff ff ff fb 50 18 ff ff 54 b3 00 00 "
		  "68 65 6c 6c 6f ");
}

static void death_flag(void **state)
{
	static const uint8_t ts[] = { 1, 1, 8, 10, 0, 0, 4, 0, 0, 0, 0, 100 };
	static const uint8_t mss[] = { 2, 4, 5, 0xb4 };
	struct fixture *fixture = *state;
	struct segment segment = wire_segment(0, 4, TCP_PSH | TCP_ACK | TCP_DTH);

	segment.data = (const uint8_t *)"this is my last fight";
	segment.data_len = 21;
	craft(fixture, &segment);
	assert_int_equal(tcp_of(fixture, 4)[12], 0x58);
	is_golden(fixture,
		  "02 00 00 00 00 02 02 00 00 00 00 01 08 00 "
		  "45 00 00 3d 00 00 40 00 40 06 b6 b7 c0 00 02 01 c0 00 02 02 "
		  "9c 40 1f 90 00 00 00 00 00 00 00 00 58 18 ff ff 51 32 00 00 "
		  "74 68 69 73 20 69 73 20 6d 79 20 6c 61 73 74 20 66 69 67 68 "
		  "74 ");
	segment.options = ts;
	segment.options_len = sizeof(ts);
	craft(fixture, &segment);
	assert_int_equal(tcp_of(fixture, 4)[12], 0x88);
	segment.options = mss;
	segment.options_len = sizeof(mss);
	segment.flags = TCP_SYN | TCP_AE | TCP_CWR | TCP_ECE;
	craft(fixture, &segment);
	assert_int_equal(tcp_of(fixture, 4)[12], 0x61);
	assert_int_equal(tcp_of(fixture, 4)[13], 0xc2);
}

/* What is patched keeps its checksum right, in both versions. */
static void patched_checksums(void **state)
{
	struct fixture *fixture = *state;
	uint8_t ip;

	for (ip = 4; ip <= 6; ip += 2) {
		struct segment segment = wire_segment(0, ip, TCP_ACK | TCP_DTH | TCP_URG);
		struct packet packet;

		segment.urgent = 3;
		segment.data = syn_options;
		segment.data_len = sizeof(syn_options) - 1;
		craft(fixture, &segment);
		decode(fixture->frame.bytes, fixture->frame.len, 0, &packet);
		assert_int_equal(packet.class, PACKET_TCP);
		assert_true(packet.checksum_ok && packet.ip_checksum_ok);
		assert_int_equal(packet.flags, segment.flags);
		assert_int_equal(packet.urgent, 3);
		segment.has_offset = true;
		segment.offset = 15;
		craft(fixture, &segment);
		decode(fixture->frame.bytes, fixture->frame.len, 0, &packet);
		assert_int_equal(packet.offset, 15);
		assert_int_equal(packet.class, PACKET_MALFORMED);
		assert_true(packet.checksum_ok);
	}
}

static void wrong_checksums(void **state)
{
	struct fixture *fixture = *state;
	struct segment segment = wire_segment(0, 4, TCP_SYN | TCP_FIN);
	struct packet right, packet;

	craft(fixture, &segment);
	decode(fixture->frame.bytes, fixture->frame.len, 0, &right);
	assert_int_equal(right.flags, TCP_SYN | TCP_FIN);
	segment.checksum_mode = CHECKSUM_BAD;
	craft(fixture, &segment);
	decode(fixture->frame.bytes, fixture->frame.len, 0, &packet);
	assert_int_equal(packet.checksum, (uint16_t)(right.checksum + 1));
	assert_false(packet.checksum_ok);
	assert_true(packet.ip_checksum_ok);
	assert_int_equal(packet_right_checksum(&packet, fixture->frame.bytes), right.checksum);
	segment.checksum_mode = CHECKSUM_VALUE;
	segment.checksum = 0;
	craft(fixture, &segment);
	decode(fixture->frame.bytes, fixture->frame.len, 0, &packet);
	assert_int_equal(packet.checksum, 0);
}

static void every_ip_field(void **state)
{
	struct fixture *fixture = *state;
	struct segment segment = wire_segment(0, 4, TCP_ACK);
	struct packet packet;

	segment.ttl = 1;
	segment.dscp = 46;
	segment.ecn = 3;
	segment.df = false;
	segment.id = 0xbeef;
	craft(fixture, &segment);
	assert_int_equal(fixture->frame.bytes[ETH_HEADER + 1], 46 << 2 | 3);
	decode(fixture->frame.bytes, fixture->frame.len, 0, &packet);
	assert_true(packet.ip_checksum_ok);
	assert_int_equal(packet.ttl, 1);
	assert_int_equal(packet.dscp, 46);
	assert_int_equal(packet.ecn, 3);
	assert_false(packet.df);
	assert_int_equal(packet.id, 0xbeef);
}

/* Forty bytes of options, an odd number of them, and the largest payloads. */
static void the_largest(void **state)
{
	struct fixture *fixture = *state;
	uint8_t options[41], *data = malloc(IP_LARGEST);
	uint8_t ip;

	memset(options, 1, sizeof(options));
	memset(data, 0xff, IP_LARGEST);
	for (ip = 4; ip <= 6; ip += 2) {
		struct segment segment = wire_segment(0, ip, TCP_ACK);
		struct packet packet;

		segment.options = options;
		segment.options_len = 37;
		segment.data = data;
		segment.data_len = 65535 - 60 - (ip == 4 ? 20 : 40);
		craft(fixture, &segment);
		decode(fixture->frame.bytes, fixture->frame.len, 0, &packet);
		assert_int_equal(packet.class, PACKET_TCP);
		assert_true(packet.checksum_ok);
		assert_int_equal(packet.payload_len, segment.data_len);
		assert_int_equal(packet.n_options, 38);
		assert_int_equal(packet.options[37].kind, 0);
		segment.data_len++;
		assert_int_equal(craft_tcp(fixture->crafter, &segment, &fixture->frame,
					   fixture->error), -1);
		segment.options_len = 41;
		assert_int_equal(craft_tcp(fixture->crafter, &segment, &fixture->frame,
					   fixture->error), -1);
	}
	free(data);
}

static void icmp_errors(void **state)
{
	struct fixture *fixture = *state;
	struct segment segment = wire_segment(0, 4, TCP_PSH | TCP_ACK);
	struct icmp_error icmp = { .ttl = 64, .kind = ICMP_FRAG_NEEDED, .mtu = 1200 };
	uint8_t quoted[1500];

	segment.seq = 77;
	segment.data = (const uint8_t *)"abcd";
	segment.data_len = 4;
	craft(fixture, &segment);
	memcpy(quoted, fixture->frame.bytes + ETH_HEADER, fixture->frame.len - ETH_HEADER);
	icmp.route = wire_route(1, 4);
	icmp.quoted = quoted;
	icmp.quoted_len = 44;
	assert_int_equal(craft_icmp(fixture->crafter, &icmp, &fixture->frame, fixture->error), 0);
	is_golden(fixture,
		  "02 00 00 00 00 01 02 00 00 00 00 02 08 00 "
		  "45 00 00 48 00 00 00 00 40 01 f6 b1 c0 00 02 02 c0 00 02 01 "
		  "03 04 7c 6e 00 00 04 b0 "
		  "45 00 00 2c 00 00 40 00 40 06 b6 c8 c0 00 02 01 c0 00 02 02 "
		  "9c 40 1f 90 00 00 00 4d 00 00 00 00 50 18 ff ff aa e0 00 00 "
		  "61 62 63 64 ");

	segment.route = wire_route(0, 6);
	craft(fixture, &segment);
	memcpy(quoted, fixture->frame.bytes + ETH_HEADER, fixture->frame.len - ETH_HEADER);
	icmp.route = wire_route(1, 6);
	icmp.quoted_len = 64;
	assert_int_equal(craft_icmp(fixture->crafter, &icmp, &fixture->frame, fixture->error), 0);
	is_golden(fixture,
		  "02 00 00 00 00 01 02 00 00 00 00 02 86 dd "
		  "60 00 00 00 00 48 3a 40 20 01 0d b8 00 00 00 00 00 00 00 00 "
		  "00 00 00 02 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 "
		  "02 00 37 1e 00 00 04 b0 "
		  "60 00 00 00 00 18 06 40 20 01 0d b8 00 00 00 00 00 00 00 00 "
		  "00 00 00 01 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 02 "
		  "9c 40 1f 90 00 00 00 4d 00 00 00 00 50 18 ff ff d3 6f 00 00 "
		  "61 62 63 64 ");
}

/* Each kind in each version: decoded again, and cut to what the RFCs allow. */
static void icmp_kinds(void **state)
{
	struct fixture *fixture = *state;
	static uint8_t data[1400];
	uint8_t ip, quoted[1500];
	int kind;

	for (ip = 4; ip <= 6; ip += 2) {
		struct segment segment = wire_segment(0, ip, TCP_ACK);

		segment.seq = 77;
		segment.data = data;
		segment.data_len = sizeof(data);
		craft(fixture, &segment);
		memcpy(quoted, fixture->frame.bytes + ETH_HEADER, 1420);
		for (kind = ICMP_NET_UNREACHABLE; kind <= ICMP_TIME_EXCEEDED; kind++) {
			struct icmp_error icmp = { .route = wire_route(1, ip), .ttl = 64,
						   .kind = (enum icmp_kind)kind, .mtu = 1280,
						   .quoted = quoted, .quoted_len = 1420 };
			struct packet packet;

			assert_int_equal(craft_icmp(fixture->crafter, &icmp, &fixture->frame,
						    fixture->error), 0);
			assert_int_equal(fixture->frame.len,
					 ETH_HEADER + (ip == 4 ? 576 : 1280));
			decode(fixture->frame.bytes, fixture->frame.len, 0, &packet);
			assert_int_equal(packet.class, PACKET_ICMP);
			assert_true(packet.checksum_ok && packet.ip_checksum_ok);
			assert_int_equal(packet.sport, 40000);
			assert_int_equal(packet.dport, 8080);
			assert_int_equal(packet.seq, 77);
			assert_int_equal(packet.icmp_mtu, kind == ICMP_FRAG_NEEDED ? 1280 : 0);
		}
	}
}

/* The ten-thousandth frame is the first one again (valgrind watches for leaks). */
static void reused(void **state)
{
	struct fixture *fixture = *state;
	struct segment plain = wire_segment(0, 4, TCP_ACK), full = plain;
	uint8_t first[128];
	size_t len;
	int i;

	full.options = syn_options;
	full.options_len = sizeof(syn_options);
	full.data = syn_options;
	full.data_len = sizeof(syn_options);
	craft(fixture, &plain);
	len = fixture->frame.len;
	memcpy(first, fixture->frame.bytes, len);
	for (i = 0; i < 5000; i++) {
		craft(fixture, &full);
		craft(fixture, &plain);
	}
	assert_int_equal(fixture->frame.len, len);
	assert_memory_equal(fixture->frame.bytes, first, len);
}

static void no_such_interface(void **state)
{
	char error[CRAFT_ERROR_LEN] = "";

	(void)state;
	assert_null(sender_open("no-such-if0", error));
	assert_true(strlen(error) > 0);
	sender_close(NULL);
	crafter_free(NULL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(syn_with_options), TEST(data_over_ipv6), TEST(death_flag),
		TEST(patched_checksums), TEST(wrong_checksums), TEST(every_ip_field),
		TEST(the_largest), TEST(icmp_errors), TEST(icmp_kinds), TEST(reused),
		cmocka_unit_test(no_such_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
