/* compose: defaults, relative numbers and options of sent packets.
 *
 * Written fields go out as written, right or wrong; the others take the
 * defaults of docs/language.md section 4. Written options go out exactly in the order
 * they are written, without padding between them; only the default ones are
 * aligned with NOPs, as usual stacks do (RFC 7323 appendix A).
 */
#include "wire/compose.h"

#include <errno.h>
#include <string.h>

enum { DEFAULT_TTL = 64, DEFAULT_WIN = 65535, DEFAULT_WSCALE = 7 };
enum { HEADERS_V4 = 40, HEADERS_V6 = 60 };

/* Options being written. Once one did not fit, no more are. */
struct writer {
	uint8_t *bytes;
	size_t len;
	bool full;
};

static void put(struct writer *writer, const void *bytes, size_t len)
{
	if (len > PACKET_OPTIONS_MAX - writer->len || writer->full) {
		writer->full = true;
		return;
	}
	if (len)
		memcpy(writer->bytes + writer->len, bytes, len);
	writer->len += len;
}

static void put8(struct writer *writer, uint8_t value)
{
	put(writer, &value, 1);
}

static void put16(struct writer *writer, uint16_t value)
{
	put8(writer, (uint8_t)(value >> 8));
	put8(writer, (uint8_t)value);
}

static void put32(struct writer *writer, uint32_t value)
{
	put16(writer, (uint16_t)(value >> 16));
	put16(writer, (uint16_t)value);
}

static void put_head(struct writer *writer, uint8_t kind, size_t len)
{
	put8(writer, kind);
	put8(writer, (uint8_t)len);
}

static void put_mss(struct writer *writer, uint16_t mss)
{
	put_head(writer, KIND_MSS, 4);
	put16(writer, mss);
}

static void put_ts(struct writer *writer, uint32_t value, uint32_t echo)
{
	put_head(writer, KIND_TS, 10);
	put32(writer, value);
	put32(writer, echo);
}

static void put_sack(struct writer *writer, const struct plan_option *option, uint32_t isn)
{
	size_t i;

	put_head(writer, KIND_SACK, 2 + 8 * option->n_blocks);
	for (i = 0; i < option->n_blocks && !writer->full; i++) {
		put32(writer, isn + (uint32_t)option->blocks[i][0]);
		put32(writer, isn + (uint32_t)option->blocks[i][1]);
	}
}

static uint16_t default_mss(const struct surroundings *around)
{
	return (uint16_t)(around->link_mtu - (around->route.ip == 4 ? HEADERS_V4 : HEADERS_V6));
}

/* @other: the stream of the host it is sent to */
static void put_option(struct writer *writer, const struct plan_option *option,
		       const struct stream *other, const struct surroundings *around)
{
	bool written = option->a_kind == NUM_VALUE;

	switch (option->kind) {
	case OPT_EOL:
		put8(writer, KIND_EOL);
		break;
	case OPT_NOP:
		put8(writer, KIND_NOP);
		break;
	case OPT_MSS:
		put_mss(writer, written ? (uint16_t)option->a : default_mss(around));
		break;
	case OPT_WSCALE:
		put_head(writer, KIND_WSCALE, 3);
		put8(writer, written ? (uint8_t)option->a : DEFAULT_WSCALE);
		break;
	case OPT_SACKOK:
		put_head(writer, KIND_SACKOK, 2);
		break;
	case OPT_SACK:
		put_sack(writer, option, other->isn);
		break;
	case OPT_TS:
		put_ts(writer, written ? option->a : around->ts_now,
		       option->b_kind == NUM_VALUE ? option->b : other->ts_last);
		break;
	case OPT_FASTOPEN:
		put_head(writer, KIND_FASTOPEN, 2 + option->len);
		put(writer, option->bytes, option->len);
		break;
	case OPT_MD5:
		put_head(writer, KIND_MD5, 2 + option->len);
		put(writer, option->bytes, option->len);
		break;
	case OPT_RAW:
		put(writer, option->bytes, option->len);
		break;
	}
}

static void put_default_options(struct writer *writer, const struct plan_packet *packet,
				const struct flow *flow, const struct surroundings *around)
{
	const struct stream *other = &flow->stream[1 - packet->from];

	if (packet->flags & TCP_SYN) {
		put_mss(writer, default_mss(around));
	} else if (flow->stream[packet->from].ts_offered && other->ts_offered) {
		put8(writer, KIND_NOP);
		put8(writer, KIND_NOP);
		put_ts(writer, around->ts_now, other->ts_last);
	}
}

static void put_options(struct writer *writer, const struct plan_packet *packet,
			const struct flow *flow, const struct surroundings *around)
{
	size_t i;

	if (!(packet->set & FIELD_OPTIONS)) {
		put_default_options(writer, packet, flow, around);
		return;
	}
	for (i = 0; i < packet->n_options; i++)
		put_option(writer, &packet->options[i], &flow->stream[1 - packet->from], around);
}

static uint32_t sequence(const struct plan_packet *packet, const struct flow *flow,
			 const struct surroundings *around)
{
	struct stream stream = flow->stream[packet->from];
	struct plan_seq written = { .kind = SEQ_ANY };

	if (packet->set & FIELD_SEQ)
		written = packet->seq;
	if (!stream.syn && packet->flags & TCP_SYN)
		stream.isn = around->isn;
	return flow_absolute(&stream, &written, flow_default_seq(flow, packet->from, packet));
}

static uint32_t acknowledgement(const struct plan_packet *packet, uint16_t flags,
				const struct flow *flow)
{
	struct plan_seq written = { .kind = SEQ_ANY };
	static const struct stream none;

	if (packet->set & FIELD_ACK)
		written = packet->ack;
	if (!(flags & TCP_ACK)) /* acknowledges nothing: the number is what it is */
		return flow_absolute(&none, &written, 0);
	return flow_absolute(&flow->stream[1 - packet->from], &written,
			     flow_default_ack(flow, packet->from));
}

static uint16_t all_flags(const struct plan_packet *packet)
{
	uint16_t flags = packet->any_data ? TCP_PSH | TCP_ACK : packet->flags;

	if (packet->set & FIELD_RESERVED)
		flags |= (uint16_t)((packet->reserved & 15) << 8);
	return flags;
}

static void compose_ip(const struct plan_packet *packet, const struct surroundings *around,
		       struct segment *out)
{
	uint32_t set = packet->set;

	out->route = around->route;
	out->ttl = set & FIELD_TTL ? packet->ttl : DEFAULT_TTL;
	out->dscp = set & FIELD_DSCP ? packet->dscp : 0;
	out->ecn = set & FIELD_ECN ? packet->ecn : 0;
	out->df = set & FIELD_DF ? packet->df : true;
	out->id = set & FIELD_ID ? packet->id : 0;
	out->flowlabel = set & FIELD_FLOWLABEL ? packet->flowlabel : 0;
}

static void compose_payload(const struct plan_packet *packet, const struct surroundings *around,
			    struct segment *out)
{
	if (packet->again && !(packet->set & FIELD_DATA)) {
		out->data = around->resent;
		out->data_len = around->resent_len;
	} else {
		out->data = packet->data;
		out->data_len = packet->data_len;
	}
}

static void compose_checksum(const struct plan_packet *packet, struct segment *out)
{
	out->checksum_mode = CHECKSUM_RIGHT;
	if (packet->set & FIELD_CHECKSUM)
		out->checksum_mode = packet->checksum_bad ? CHECKSUM_BAD : CHECKSUM_VALUE;
	out->checksum = packet->checksum;
}

int compose_tcp(const struct plan_packet *packet, const struct flow *flow,
		const struct surroundings *around,
		uint8_t options[PACKET_OPTIONS_MAX], /* NOLINT(readability-non-const-parameter): filled */
		struct segment *out)
{
	struct writer writer = { .bytes = options };

	put_options(&writer, packet, flow, around);
	if (writer.full)
		return -E2BIG;
	memset(out, 0, sizeof(*out));
	compose_ip(packet, around, out);
	compose_payload(packet, around, out);
	compose_checksum(packet, out);
	out->options = options;
	out->options_len = writer.len;
	out->sport = flow->port[packet->from];
	out->dport = flow->port[1 - packet->from];
	out->flags = all_flags(packet);
	out->seq = sequence(packet, flow, around);
	out->ack = acknowledgement(packet, out->flags, flow);
	out->win = packet->set & FIELD_WIN ? packet->win : DEFAULT_WIN;
	out->urgent = packet->set & FIELD_URGENT ? packet->urgent : 0;
	out->has_offset = packet->set & FIELD_OFFSET;
	out->offset = packet->offset;
	return 0;
}

void compose_icmp(const struct plan_packet *packet, const struct surroundings *around,
		  const uint8_t *quoted, size_t quoted_len, struct icmp_error *out)
{
	memset(out, 0, sizeof(*out));
	out->route = around->route;
	out->ttl = packet->set & FIELD_TTL ? packet->ttl : DEFAULT_TTL;
	out->kind = packet->icmp_kind;
	out->mtu = packet->mtu;
	out->quoted = quoted;
	out->quoted_len = quoted_len;
}
