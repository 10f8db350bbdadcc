/* Tests of wire/pattern and wire/rewrite: what rules speak of, and what they do to frames. */
#include "wire/craft.h"
#include "wire/decode.h"
#include "wire/pattern.h"
#include "wire/rewrite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct sample {
	uint8_t bytes[FRAME_MAX];
	struct frame frame;
	struct packet packet;
};

/* A segment from host 0 to host 1 with @data, its sequence number @seq. */
static void make(struct sample *sample, uint8_t ip, uint16_t flags, uint32_t seq, const char *data)
{
	char error[CRAFT_ERROR_LEN];
	struct crafter *crafter = crafter_new(error);
	struct segment segment = {
		.route = { .ip = ip, .src = { { 192, 0, 2, 1 } }, .dst = { { 192, 0, 2, 2 } } },
		.ttl = 64, .df = true, .sport = 40000, .dport = 8080, .seq = seq, .ack = 500,
		.flags = flags, .win = 1000, .data = (const uint8_t *)data,
		.data_len = strlen(data),
	};

	assert_non_null(crafter);
	sample->frame = (struct frame){ sample->bytes, 0 };
	assert_int_equal(craft_tcp(crafter, &segment, &sample->frame, error), 0);
	crafter_free(crafter);
	decode(sample->bytes, sample->frame.len, 0, &sample->packet);
	assert_int_equal(sample->packet.class, PACKET_TCP);
}

static struct plan_packet pattern_of(uint16_t flags)
{
	return (struct plan_packet){ .flags = flags, .flow = NO_INDEX };
}

static bool fits(const struct plan_packet *pattern, const struct flow *flow,
		 const struct sample *sample)
{
	return pattern_fits(pattern, flow, 0, &sample->packet, sample->bytes);
}

static void test_patterns_check_what_is_written(void **state)
{
	(void)state;
	struct sample *sample = calloc(1, sizeof(*sample));
	struct plan_packet pattern = pattern_of(TCP_PSH | TCP_ACK);
	struct flow flow = { .begun = false };

	make(sample, 4, TCP_PSH | TCP_ACK, 77, "abc");
	assert_true(fits(&pattern, &flow, sample)); /* whatever its numbers */
	assert_true(fits(&pattern, NULL, sample));
	pattern.flags = TCP_ACK; /* without a payload, that is */
	assert_false(fits(&pattern, &flow, sample));
	pattern.any_data = true;
	assert_true(fits(&pattern, &flow, sample));
	pattern.set = FIELD_LEN;
	pattern.len_low = pattern.len_high = 4;
	assert_false(fits(&pattern, &flow, sample));
	pattern = (struct plan_packet){ .any_packet = true, .flow = NO_INDEX };
	assert_true(fits(&pattern, &flow, sample));
	pattern.set = FIELD_WIN;
	pattern.win = 1000;
	assert_true(fits(&pattern, &flow, sample));
	pattern.win = 1001;
	assert_false(fits(&pattern, &flow, sample));
	pattern.win = 900;
	assert_false(fits(&pattern, &flow, sample));
	pattern.win_beyond = 100; /* up to 1000 */
	assert_true(fits(&pattern, &flow, sample));
	free(sample);
}

static void test_patterns_of_any_packet(void **state)
{
	(void)state;
	struct sample *sample = calloc(1, sizeof(*sample));
	struct plan_packet pattern = pattern_of(0);
	struct flow flow = { .begun = false };

	pattern.any_packet = true;
	make(sample, 4, TCP_ACK | 0x200, 77, "abc");
	assert_true(fits(&pattern, &flow, sample));
	pattern.set = FIELD_RESERVED;
	assert_false(fits(&pattern, &flow, sample));
	pattern.reserved = 2;
	assert_true(fits(&pattern, &flow, sample));
	pattern.reserved = 3;
	assert_false(fits(&pattern, &flow, sample));
	free(sample);
}

static void test_patterns_know_repetitions(void **state)
{
	(void)state;
	struct sample *sample = calloc(1, sizeof(*sample));
	struct plan_packet pattern = pattern_of(TCP_PSH | TCP_ACK);
	struct flow flow = { .begun = false };

	pattern.again = true;
	make(sample, 4, TCP_PSH | TCP_ACK, 77, "abc");
	assert_false(fits(&pattern, &flow, sample));
	flow_saw(&flow, 0, &sample->packet, sample->bytes, false);
	assert_true(fits(&pattern, &flow, sample));
	make(sample, 4, TCP_PSH | TCP_ACK, 80, "def");
	assert_false(fits(&pattern, &flow, sample));
	free(sample);
}

static void test_corrupted_is_wrong_by_one(void **state)
{
	(void)state;
	struct sample *sample = calloc(1, sizeof(*sample));
	struct packet after;

	for (uint8_t ip = 4; ip <= 6; ip += 2) {
		make(sample, ip, TCP_ACK, 77, "abc");
		rewrite_corrupt(&sample->packet, sample->bytes);
		decode(sample->bytes, sample->frame.len, 0, &after);
		assert_false(after.checksum_ok);
		assert_true(after.ip_checksum_ok);
		assert_int_equal((uint16_t)(after.checksum - 1), sample->packet.checksum);
	}
	free(sample);
}

/* An ICMP error has its checksum elsewhere. */
static void test_corrupted_errors_are_wrong_by_one(void **state)
{
	(void)state;
	struct sample *sample = calloc(1, sizeof(*sample));
	struct packet after;

	for (uint8_t ip = 4; ip <= 6; ip += 2) {
		char error[CRAFT_ERROR_LEN];
		struct crafter *crafter = crafter_new(error);
		uint8_t quoted[FRAME_MAX];

		make(sample, ip, TCP_ACK, 77, "abc");
		memcpy(quoted, sample->bytes, sample->frame.len);

		const struct icmp_error message = {
			.route = { .ip = ip, .src = { { 192, 0, 2, 2 } },
				   .dst = { { 192, 0, 2, 1 } } },
			.ttl = 64, .kind = ICMP_PORT_UNREACHABLE, .quoted = quoted + ETH_HEADER,
			.quoted_len = sample->frame.len - ETH_HEADER,
		};

		assert_non_null(crafter);
		assert_int_equal(craft_icmp(crafter, &message, &sample->frame, error), 0);
		crafter_free(crafter);
		decode(sample->bytes, sample->frame.len, 0, &sample->packet);
		assert_int_equal(sample->packet.class, PACKET_ICMP);
		assert_true(sample->packet.checksum_ok);
		rewrite_corrupt(&sample->packet, sample->bytes);
		decode(sample->bytes, sample->frame.len, 0, &after);
		assert_int_equal(after.class, PACKET_ICMP);
		assert_true(after.ip_checksum_ok && !after.checksum_ok);
		assert_int_equal((uint16_t)(after.checksum - 1), sample->packet.checksum);
	}
	free(sample);
}

static void test_rewritten_is_mended(void **state)
{
	(void)state;
	struct sample *sample = calloc(1, sizeof(*sample));
	struct flow flow = { .begun = false };
	const struct plan_packet fields = {
		.set = FIELD_WIN | FIELD_TTL | FIELD_ECN | FIELD_DSCP | FIELD_DATA | FIELD_SEQ,
		.win = 0, .ttl = 3, .ecn = 3, .dscp = 46, .data = (const uint8_t *)"XYZ",
		.data_len = 3, .seq = { .kind = SEQ_ABSOLUTE, .value = 123456 },
	};
	struct packet after;

	for (uint8_t ip = 4; ip <= 6; ip += 2) {
		make(sample, ip, TCP_ACK, 77, "abc");
		rewrite_fields(&fields, &flow, 0, &sample->packet, sample->bytes);
		decode(sample->bytes, sample->frame.len, 0, &after);
		assert_true(after.checksum_ok && after.ip_checksum_ok);
		assert_int_equal(after.win, 0);
		assert_int_equal(after.ttl, 3);
		assert_int_equal(after.ecn, 3);
		assert_int_equal(after.dscp, 46);
		assert_int_equal(after.seq, 123456);
		assert_memory_equal(sample->bytes + after.payload, "XYZ", 3);
		assert_int_equal(after.ack, 500); /* what is not written stays */
	}
	free(sample);
}

static void test_a_written_checksum_is_not_mended(void **state)
{
	(void)state;
	struct sample *sample = calloc(1, sizeof(*sample));
	struct flow flow = { .begun = false };
	const struct plan_packet fields = { .set = FIELD_CHECKSUM, .checksum = 0xbeef };
	struct packet after;

	make(sample, 4, TCP_ACK, 77, "abc");
	rewrite_fields(&fields, &flow, 0, &sample->packet, sample->bytes);
	decode(sample->bytes, sample->frame.len, 0, &after);
	assert_int_equal(after.checksum, 0xbeef);
	assert_false(after.checksum_ok);
	free(sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns_check_what_is_written),
		cmocka_unit_test(test_patterns_of_any_packet),
		cmocka_unit_test(test_patterns_know_repetitions),
		cmocka_unit_test(test_corrupted_is_wrong_by_one),
		cmocka_unit_test(test_corrupted_errors_are_wrong_by_one),
		cmocka_unit_test(test_rewritten_is_mended),
		cmocka_unit_test(test_a_written_checksum_is_not_mended),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
