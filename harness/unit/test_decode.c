/* test_decode: what the decoder reads, and that it reads nothing else.
 *
 * Frames are crafted, then damaged. Each is decoded from memory of exactly its length, so
 * that the sanitizers see a step over the end. */
#include "unit/wire_helpers.h"

#include <stdlib.h>

static uint8_t bytes[FRAME_MAX];

/* Decode the first @len bytes from memory of their own. */
static void decode_exactly(const uint8_t *frame, size_t len, struct packet *packet)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (len)
		memcpy(copy, frame, len);
	decode(copy, len, 5, packet);
	free(copy);
}

static size_t data_frame(uint8_t ip, struct packet *packet)
{
	static const uint8_t options[] = { 1, 3, 3, 7, 2, 4, 5, 0xb4 };
	struct segment segment = wire_segment(0, ip, TCP_PSH | TCP_ACK);

	segment.options = options;
	segment.options_len = sizeof(options);
	segment.data = (const uint8_t *)"hello";
	segment.data_len = 5;
	return wire_packet(&segment, bytes, packet);
}

static void all_fields(void **state)
{
	struct packet packet;
	uint8_t ip;

	(void)state;
	for (ip = 4; ip <= 6; ip += 2) {
		size_t len = data_frame(ip, &packet);

		decode_exactly(bytes, len, &packet);
		assert_int_equal(packet.class, PACKET_TCP);
		assert_int_equal(packet.fault, FAULT_NONE);
		assert_int_equal(packet.time, 5);
		assert_int_equal(packet.ip, ip);
		assert_int_equal(packet.eth_src[5], 1);
		assert_int_equal(packet.src.bytes[ip == 4 ? 3 : 15], 1);
		assert_int_equal(packet.dst.bytes[ip == 4 ? 3 : 15], 2);
		assert_int_equal(packet.protocol, 6);
		assert_int_equal(packet.n_options, 3);
		assert_int_equal(packet.options[1].kind, 3);
		assert_int_equal(packet.options[2].len, 4);
		assert_int_equal(packet.payload_len, 5);
		assert_memory_equal(bytes + packet.payload, "hello", 5);
		assert_int_equal(packet_seq_len(&packet), 5);
		assert_true(packet.checksum_ok && packet.ip_checksum_ok);
	}
}

static void ethernet_padding(void **state)
{
	struct segment segment = wire_segment(0, 4, TCP_SYN);
	struct packet packet;

	(void)state;
	wire_packet(&segment, bytes, &packet);
	memset(bytes + 54, 0xaa, 6);
	decode_exactly(bytes, 60, &packet);
	assert_int_equal(packet.class, PACKET_TCP);
	assert_int_equal(packet.payload_len, 0);
	assert_int_equal(packet_seq_len(&packet), 1);
	assert_true(packet.checksum_ok);
}

/* Cut anywhere: malformed, and never a byte too far. */
static void truncated(void **state)
{
	struct packet packet;
	size_t len, cut;
	uint8_t ip;

	(void)state;
	for (ip = 4; ip <= 6; ip += 2) {
		len = data_frame(ip, &packet);
		for (cut = 0; cut < len; cut++) {
			decode_exactly(bytes, cut, &packet);
			assert_int_equal(packet.class, PACKET_MALFORMED);
			assert_non_null(packet_fault_text(packet.fault));
		}
	}
}

/* Each byte with each value: whatever comes out lies within the frame. */
static void damaged(void **state)
{
	struct packet packet;
	size_t len, i;
	int value;

	(void)state;
	len = data_frame(4, &packet);
	for (i = 0; i < len; i++) {
		uint8_t kept = bytes[i];

		for (value = 0; value < 256; value++) {
			bytes[i] = (uint8_t)value;
			decode_exactly(bytes, len, &packet);
			assert_true(packet.payload + packet.payload_len <= len);
			assert_true(packet.class != PACKET_MALFORMED || packet.fault);
		}
		bytes[i] = kept;
	}
}

static void wrong_checksums(void **state)
{
	struct packet packet;
	size_t len = data_frame(4, &packet);

	(void)state;
	bytes[len - 1] ^= 1;
	decode_exactly(bytes, len, &packet);
	assert_false(packet.checksum_ok);
	assert_true(packet.ip_checksum_ok);
	bytes[ETH_HEADER + 8]--;
	decode_exactly(bytes, len, &packet);
	assert_false(packet.ip_checksum_ok);
	len = data_frame(6, &packet);
	bytes[len - 1] ^= 1;
	decode_exactly(bytes, len, &packet);
	assert_false(packet.checksum_ok);
	assert_true(packet.ip_checksum_ok);
}

static void bad_options(void **state)
{
	static const uint8_t over[] = { 1, 2, 4, 5, 0xb4, 8, 10, 0 }, zero[] = { 1, 1, 5, 0 };
	struct segment segment = wire_segment(0, 4, TCP_ACK);
	struct packet packet;

	(void)state;
	segment.options = over;
	segment.options_len = sizeof(over);
	wire_packet(&segment, bytes, &packet);
	assert_int_equal(packet.class, PACKET_TCP);
	assert_true(packet.options_bad);
	assert_int_equal(packet.n_options, 2);
	segment.options = zero;
	segment.options_len = sizeof(zero);
	wire_packet(&segment, bytes, &packet);
	assert_true(packet.options_bad);
	assert_int_equal(packet.n_options, 2);
}

/* An IPv4 header with options; IPv6 with extension headers. */
static void longer_ip_headers(void **state)
{
	enum { TCP_AT = ETH_HEADER + 40, TCP_LEN = 33, EXTENSION = 16 };
	struct packet packet;
	size_t len = data_frame(6, &packet);
	uint8_t *ip = bytes + ETH_HEADER;

	(void)state;
	assert_int_equal(len, TCP_AT + TCP_LEN);
	memmove(bytes + TCP_AT + EXTENSION, bytes + TCP_AT, TCP_LEN);
	memset(bytes + TCP_AT, 0, EXTENSION);
	bytes[TCP_AT] = 6;
	bytes[TCP_AT + 1] = 1; /* 16 bytes of hop-by-hop options */
	ip[5] = TCP_LEN + EXTENSION;
	ip[6] = 0;
	decode_exactly(bytes, len + EXTENSION, &packet);
	assert_int_equal(packet.class, PACKET_TCP);
	assert_true(packet.checksum_ok);
	assert_int_equal(packet.payload_len, 5);
	ip[6] = 44;
	decode_exactly(bytes, len + EXTENSION, &packet);
	assert_int_equal(packet.class, PACKET_OTHER);
	ip[6] = 60;
	bytes[TCP_AT + 1] = 7;
	decode_exactly(bytes, len + EXTENSION, &packet);
	assert_int_equal(packet.class, PACKET_MALFORMED);
}

static void ipv4_options_and_fragments(void **state)
{
	enum { TCP_AT = ETH_HEADER + 20, TCP_LEN = 33 };
	struct packet packet;
	size_t len = data_frame(4, &packet);
	uint8_t *ip = bytes + ETH_HEADER;

	(void)state;
	memmove(bytes + TCP_AT + 4, bytes + TCP_AT, TCP_LEN);
	memset(bytes + TCP_AT, 1, 4);
	ip[0] = 0x46;
	ip[3] += 4;
	decode_exactly(bytes, len + 4, &packet);
	assert_int_equal(packet.class, PACKET_TCP);
	assert_false(packet.ip_checksum_ok);
	assert_true(packet.checksum_ok);
	ip[6] = 0x20; /* more fragments */
	decode_exactly(bytes, len + 4, &packet);
	assert_int_equal(packet.class, PACKET_OTHER);
}

static void noise(void **state)
{
	static const uint8_t types[] = { 130, 133, 135, 136, 137, 143 };
	struct packet packet;
	size_t i, len = data_frame(6, &packet);

	(void)state;
	bytes[ETH_HEADER + 6] = 58;
	for (i = 0; i < sizeof(types); i++) {
		bytes[ETH_HEADER + 40] = types[i];
		decode_exactly(bytes, len, &packet);
		assert_int_equal(packet.class, PACKET_NOISE);
	}
	bytes[ETH_HEADER + 40] = 128;
	decode_exactly(bytes, len, &packet);
	assert_int_equal(packet.class, PACKET_OTHER);
	bytes[12] = 8;
	bytes[13] = 6;
	decode_exactly(bytes, len, &packet);
	assert_int_equal(packet.class, PACKET_NOISE);
	len = data_frame(4, &packet);
	bytes[ETH_HEADER + 9] = 2;
	decode_exactly(bytes, len, &packet);
	assert_int_equal(packet.class, PACKET_NOISE);
	bytes[ETH_HEADER + 9] = 17;
	decode_exactly(bytes, len, &packet);
	assert_int_equal(packet.class, PACKET_OTHER);
}

/* An ICMP error quotes the IP header and eight bytes at least. */
static void quoted(void **state)
{
	char error[CRAFT_ERROR_LEN];
	struct crafter *crafter = crafter_new(error);
	struct icmp_error icmp = { .route = wire_route(1, 4), .kind = ICMP_PORT_UNREACHABLE };
	struct frame frame = { bytes, 0 };
	struct packet packet;
	uint8_t quote[64];

	(void)state;
	data_frame(4, &packet);
	memcpy(quote, bytes + ETH_HEADER, sizeof(quote));
	icmp.quoted = quote;
	for (icmp.quoted_len = 0; icmp.quoted_len < 30; icmp.quoted_len++) {
		assert_int_equal(craft_icmp(crafter, &icmp, &frame, error), 0);
		decode_exactly(frame.bytes, frame.len, &packet);
		assert_int_equal(packet.class,
				 icmp.quoted_len < 28 ? PACKET_MALFORMED : PACKET_ICMP);
		assert_true(packet.checksum_ok);
	}
	assert_int_equal(packet.sport, 40000);
	assert_int_equal(packet.dport, 8080);
	assert_int_equal(packet.src.bytes[3], 2);
	quote[9] = 17; /* the error speaks of UDP */
	assert_int_equal(craft_icmp(crafter, &icmp, &frame, error), 0);
	decode_exactly(frame.bytes, frame.len, &packet);
	assert_int_equal(packet.class, PACKET_OTHER);
	crafter_free(crafter);
}

static void checksum(void **state)
{
	static const uint8_t rfc1071[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

	(void)state;
	assert_int_equal(inet_checksum(rfc1071, 8, 0), (uint16_t)~0xddf2);
	assert_int_equal(inet_checksum(rfc1071, 7, 0), (uint16_t)~0xdcfb);
	assert_int_equal(inet_checksum(NULL, 0, 0x1fffe), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_fields), cmocka_unit_test(ethernet_padding),
		cmocka_unit_test(truncated), cmocka_unit_test(damaged),
		cmocka_unit_test(wrong_checksums), cmocka_unit_test(bad_options),
		cmocka_unit_test(longer_ip_headers), cmocka_unit_test(ipv4_options_and_fragments),
		cmocka_unit_test(noise), cmocka_unit_test(quoted), cmocka_unit_test(checksum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
