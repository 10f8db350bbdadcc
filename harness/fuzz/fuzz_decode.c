/* fuzz_decode: any bytes as a frame: decoded, shown, followed and compared.
 *
 * The expectation writes every field and one option of each kind, so that all of
 * match is reached. libFuzzer hands over memory of exactly @size bytes: a step over the
 * end is a report of AddressSanitizer. */
#include "base/strbuf.h"
#include "wire/decode.h"
#include "wire/match.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t bytes[] = { 1, 2, 3, 4 };
static const int64_t blocks[][2] = { { 11, 21 } };
static const struct plan_option options[] = {
	{ .kind = OPT_MSS, .a = 1460 }, { .kind = OPT_SACKOK },
	{ .kind = OPT_TS, .a_kind = NUM_ANY, .b_kind = NUM_LAST },
	{ .kind = OPT_WSCALE, .a = 7 }, { .kind = OPT_SACK, .blocks = blocks, .n_blocks = 1 },
	{ .kind = OPT_FASTOPEN }, { .kind = OPT_MD5, .bytes = bytes, .len = sizeof(bytes) },
	{ .kind = OPT_RAW, .bytes = bytes, .len = 2 }, { .kind = OPT_NOP }, { .kind = OPT_EOL },
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_offsets(const struct packet *packet, size_t size)
{
	int i;

	must(packet->class != PACKET_MALFORMED || packet->fault);
	must((size_t)packet->payload + packet->payload_len <= size);
	for (i = 0; i < packet->n_options; i++)
		must((size_t)packet->options[i].offset + packet->options[i].len <= size);
}

static void compare(const struct plan_packet *expected, const struct packet *packet,
		    const uint8_t *frame)
{
	struct flow flow = { 0 };
	struct mismatches out = { .count = 0 };
	int i;

	for (i = 0; i < 3; i++) {
		bool same = match_packet(expected, &flow, i & 1, packet, frame, &out);

		must(same == (out.count == 0) && out.count <= MISMATCH_MAX);
		flow_saw(&flow, i & 1, packet, frame, i != 1);
		must(flow.stream[i & 1].got <= flow.stream[i & 1].next);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct plan_packet all = { .flags = TCP_PSH | TCP_ACK, .set = ~0u, .data = bytes,
				   .data_len = sizeof(bytes), .options = options,
				   .n_options = sizeof(options) / sizeof(options[0]) };
	struct plan_packet some = { .any_data = true, .set = FIELD_OPTIONS, .options = options,
				    .n_options = 4, .options_more = true };
	struct plan_packet icmp = { .icmp = true, .icmp_kind = ICMP_FRAG_NEEDED, .mtu = 1200 };
	struct strbuf text = STRBUF_INIT;
	struct packet packet;

	if (size > FRAME_MAX)
		return 0;
	decode(data, size, 1, &packet);
	check_offsets(&packet, size);
	match_options_text(&packet, data, &text);
	strbuf_free(&text);
	compare(&all, &packet, data);
	compare(&some, &packet, data);
	compare(&icmp, &packet, data);
	return 0;
}
