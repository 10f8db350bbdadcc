/* match: is this the packet the scenario expects?
 *
 * Each aspect of a packet has a function that adds a row for what differs; none stops
 * at the first difference, so that the author sees them all. Only where a comparison
 * would make no sense any more (another protocol, another direction) the rest is left out.
 *
 * Sequence numbers are compared modulo 2^32 and shown relative, as scenarios write them.
 * Nothing is remembered here: what has been seen so far is the flow's.
 */
#include "wire/match.h"

#include "plan/names.h"
#include "wire/decode.h"
#include "wire/icmp.h"
#include "wire/options.h"

#include <stdio.h>
#include <string.h>

/* Everything that a comparison needs. */
struct match {
	const struct plan_packet *expected;
	const struct flow *flow;
	int from;
	const struct packet *packet;
	const uint8_t *frame;
	struct mismatches *out;
};

/* ---- rows ---- */

/* Copy @text, cut with "…" (and never within a UTF-8 character) if it is too long. */
static void set_text(char to[MISMATCH_TEXT], const char *text)
{
	static const char ellipsis[] = "…";
	size_t len = strlen(text);

	if (len < MISMATCH_TEXT) {
		memcpy(to, text, len + 1);
		return;
	}
	len = MISMATCH_TEXT - sizeof(ellipsis);
	while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	snprintf(to, MISMATCH_TEXT, "%.*s%s", (int)len, text, ellipsis);
}

static void differ(const struct match *match, const char *field, const char *expected,
		   const char *saw)
{
	struct mismatches *out = match->out;

	if (out->count == MISMATCH_MAX)
		return;
	out->items[out->count].field = field;
	set_text(out->items[out->count].expected, expected);
	set_text(out->items[out->count].saw, saw);
	out->count++;
}

/* A row of two numbers, with the same word before them. */
static void differ_numbers(const struct match *match, const char *field, const char *word,
			   long long expected, long long saw)
{
	char left[MISMATCH_TEXT], right[MISMATCH_TEXT];

	snprintf(left, sizeof(left), "%s%lld", word, expected);
	snprintf(right, sizeof(right), "%s%lld", word, saw);
	differ(match, field, left, right);
}

static void check_number(const struct match *match, const char *field, long long expected,
			 long long saw)
{
	if (expected != saw)
		differ_numbers(match, field, "", expected, saw);
}

/* A field that is checked only where it is written. */
static void check_written(const struct match *match, enum plan_field bit, const char *field,
			  long long expected, long long saw)
{
	if (match->expected->set & bit)
		check_number(match, field, expected, saw);
}

/* ---- the packet as a whole ---- */

static void check_direction(const struct match *match)
{
	if (match->expected->from != match->from)
		differ_numbers(match, "from", "host ", match->expected->from, match->from);
}

static void port_text(char text[8], uint16_t port)
{
	if (port)
		snprintf(text, 8, "%u", port);
	else
		snprintf(text, 8, "any");
}

static void check_connection(const struct match *match)
{
	const struct packet *packet = match->packet;
	char expected[24], saw[24], src[8], dst[8];

	if (match->expected->from != match->from ||
	    flow_owns(match->flow, match->from, packet))
		return;
	port_text(src, match->flow->port[match->from]);
	port_text(dst, match->flow->port[1 - match->from]);
	snprintf(expected, sizeof(expected), "%s > %s", src, dst);
	snprintf(saw, sizeof(saw), "%u > %u", packet->sport, packet->dport);
	differ(match, packet->class == PACKET_ICMP ? "quoted ports" : "ports", expected, saw);
}

/* All twelve bits: `reserved` writes those beside the data offset. DATA comes with and without PSH.
 * @saw: of the packet */
static uint16_t expected_flags(const struct plan_packet *expected, uint16_t saw)
{
	uint16_t flags = expected->any_data ? TCP_ACK | (saw & TCP_PSH) : expected->flags;

	if (expected->set & FIELD_RESERVED)
		flags |= (uint16_t)((expected->reserved & 15) << 8);
	return flags;
}

static void describe_expected(const struct plan_packet *expected, char text[MISMATCH_TEXT])
{
	char flags[FLAGS_LEN];

	if (expected->icmp)
		snprintf(text, MISMATCH_TEXT, "icmp %s", icmp_name(expected->icmp_kind));
	else if (expected->any_data && !(expected->set & FIELD_RESERVED))
		snprintf(text, MISMATCH_TEXT, "DATA");
	else
		snprintf(text, MISMATCH_TEXT, "%s", flags_name(expected_flags(expected, TCP_PSH), flags));
}

static void describe(const struct packet *packet, char text[MISMATCH_TEXT])
{
	char flags[FLAGS_LEN];
	enum icmp_kind kind;

	switch (packet->class) {
	case PACKET_TCP:
		snprintf(text, MISMATCH_TEXT, "%s", flags_name(packet->flags, flags));
		break;
	case PACKET_ICMP:
		if (icmp_kind_of(packet->ip, packet->icmp_type, packet->icmp_code, &kind))
			snprintf(text, MISMATCH_TEXT, "icmp %s", icmp_name(kind));
		else
			snprintf(text, MISMATCH_TEXT, "icmp type %u code %u",
				 packet->icmp_type, packet->icmp_code);
		break;
	case PACKET_MALFORMED:
		snprintf(text, MISMATCH_TEXT, "malformed: %s", packet_fault_text(packet->fault));
		break;
	case PACKET_NOISE:
	case PACKET_OTHER:
		snprintf(text, MISMATCH_TEXT, "IP protocol %u", packet->protocol);
		break;
	}
}

static void check_description(const struct match *match, const char *field, bool same)
{
	char expected[MISMATCH_TEXT], saw[MISMATCH_TEXT];

	if (same)
		return;
	describe_expected(match->expected, expected);
	describe(match->packet, saw);
	differ(match, field, expected, saw);
}

/* ---- TCP ---- */

static void check_flags(const struct match *match)
{
	uint16_t saw = match->packet->flags;

	check_description(match, "flags", expected_flags(match->expected, saw) == saw);
}

/* "5", or "5..9" with what may lie beyond it */
static void differ_range(const struct match *match, const char *field, const char *word,
			 long long expected, long long beyond, long long saw)
{
	char left[MISMATCH_TEXT], right[MISMATCH_TEXT];

	if (!beyond) {
		differ_numbers(match, field, word, expected, saw);
		return;
	}
	snprintf(left, sizeof(left), "%s%lld..%lld", word, expected, expected + beyond);
	snprintf(right, sizeof(right), "%s%lld", word, saw);
	differ(match, field, left, right);
}

/* A number that stands against a stream: relative, or as on the wire. */
static void check_sequence(const struct match *match, const char *field,
			   const struct plan_seq *written, int64_t next, int64_t saw,
			   uint32_t absolute)
{
	int64_t expected = next, beyond = written->beyond;

	switch (written->kind) {
	case SEQ_ANY:
		return;
	case SEQ_ABSOLUTE:
		if (absolute - (uint32_t)written->value > beyond)
			differ_range(match, field, "abs ", (uint32_t)written->value, beyond,
				     absolute);
		return;
	case SEQ_RELATIVE:
		expected = written->value;
		break;
	case SEQ_NEXT:
		expected = next + written->value;
		break;
	}
	if ((uint32_t)saw - (uint32_t)expected > beyond)
		differ_range(match, field, "", expected, beyond, saw);
}

static void check_sequences(const struct match *match)
{
	const struct plan_packet *expected = match->expected;
	const struct plan_seq next = { .kind = SEQ_NEXT };
	const struct packet *packet = match->packet;
	bool ack = expected->any_data || expected->flags & TCP_ACK;

	if (expected->from != match->from)
		return; /* other streams: the numbers cannot be compared */
	check_sequence(match, "seq", expected->set & FIELD_SEQ ? &expected->seq : &next,
		       flow_default_seq(match->flow, match->from, expected),
		       flow_seq(match->flow, match->from, packet), packet->seq);
	if (expected->set & FIELD_ACK || (ack && packet->flags & TCP_ACK))
		check_sequence(match, "ack", expected->set & FIELD_ACK ? &expected->ack : &next,
			       packet->flags & TCP_ACK
			       ? flow_default_ack(match->flow, match->from) : 0,
			       flow_ack(match->flow, match->from, packet), packet->ack);
}

static void check_checksum(const struct match *match)
{
	const struct plan_packet *expected = match->expected;
	const struct packet *packet = match->packet;
	uint16_t right = packet_right_checksum(packet, match->frame);
	char want[8], saw[8];

	if (expected->checksum_unfinished)
		right = packet_unfinished_checksum(packet);
	else if (expected->set & FIELD_CHECKSUM)
		right = expected->checksum_bad ? (uint16_t)(right + 1) : expected->checksum;
	else if (packet->checksum_ok)
		return;
	if (packet->checksum == right)
		return;
	snprintf(want, sizeof(want), "0x%04x", right);
	snprintf(saw, sizeof(saw), "0x%04x", packet->checksum);
	differ(match, "tcp checksum", want, saw);
}

static void check_length(const struct match *match)
{
	const struct plan_packet *expected = match->expected;
	int64_t low = 0, high = 0, saw = match->packet->payload_len;
	char text[MISMATCH_TEXT], number[24];

	if (expected->set & FIELD_LEN) {
		low = expected->len_low;
		high = expected->len_high;
	} else if (expected->set & FIELD_DATA) {
		low = high = (int64_t)expected->data_len;
	} else if (expected->any_data || expected->flags & TCP_PSH) {
		bool repeats = expected->again && expected->from == match->from;

		low = repeats ? match->flow->stream[match->from].last_payload : 1;
		high = repeats ? low : INT64_MAX;
	}
	if (saw >= low && saw <= high)
		return;
	if (high == INT64_MAX)
		snprintf(text, sizeof(text), "some");
	else if (low == high)
		snprintf(text, sizeof(text), "%lld", (long long)low);
	else
		snprintf(text, sizeof(text), "%lld..%lld", (long long)low, (long long)high);
	snprintf(number, sizeof(number), "%lld", (long long)saw);
	differ(match, "len", text, number);
}

/* The payload from @at on, as much of it as a row holds. */
static void quote_from(struct strbuf *buf, const uint8_t *data, size_t len, size_t at)
{
	enum { SHOWN = 32 };

	strbuf_clear(buf);
	if (at)
		strbuf_printf(buf, "from byte %zu: ", at);
	strbuf_quote(buf, data + at, len - at, SHOWN);
}

/* Exactly the bytes that are written; what differs is shown from a little before. */
static void check_data(const struct match *match)
{
	enum { BEFORE = 8, FROM_START = 24 };
	const struct plan_packet *expected = match->expected;
	const uint8_t *saw = match->frame + match->packet->payload;
	size_t len = match->packet->payload_len, at = 0;
	struct strbuf left = STRBUF_INIT, right = STRBUF_INIT;

	if (!(expected->set & FIELD_DATA))
		return;
	while (at < len && at < expected->data_len && saw[at] == expected->data[at])
		at++;
	if (at == len && at == expected->data_len)
		return;
	at = at < FROM_START ? 0 : at - BEFORE;
	quote_from(&left, expected->data, expected->data_len, at);
	quote_from(&right, saw, len, at);
	differ(match, "data", strbuf_text(&left), strbuf_text(&right));
	strbuf_free(&left);
	strbuf_free(&right);
}

static void check_options(const struct match *match)
{
	const struct stream *other = &match->flow->stream[1 - match->from];
	struct strbuf expected = STRBUF_INIT, saw = STRBUF_INIT;

	if (!(match->expected->set & FIELD_OPTIONS) ||
	    options_match(match->expected, match->packet, match->frame, other))
		return;
	options_expected_text(match->expected, other, &expected);
	options_text(match->packet, match->frame, other, &saw);
	differ(match, "options", strbuf_text(&expected), strbuf_text(&saw));
	strbuf_free(&expected);
	strbuf_free(&saw);
}

static void check_window(const struct match *match)
{
	const struct plan_packet *expected = match->expected;
	const int low = expected->win, high = low + expected->win_beyond;
	const int saw = match->packet->win;

	if (expected->set & FIELD_WIN && (saw < low || saw > high))
		differ_range(match, "win", "", low, high - low, saw);
}

static void check_tcp_fields(const struct match *match)
{
	const struct plan_packet *expected = match->expected;
	const struct packet *packet = match->packet;

	check_window(match);
	check_written(match, FIELD_URGENT, "urgent", expected->urgent, packet->urgent);
	check_written(match, FIELD_OFFSET, "offset", expected->offset, packet->offset);
}

/* ---- IP ---- */

static const char *ecn_name(uint8_t ecn)
{
	static const char *const names[] = { "not-ect", "ect1", "ect0", "ce" };

	return names[ecn & 3];
}

static void check_ip(const struct match *match)
{
	const struct plan_packet *expected = match->expected;
	const struct packet *packet = match->packet;
	bool v4 = packet->ip == 4;

	if (!packet->ip_checksum_ok)
		differ(match, "ip checksum", "right", "wrong");
	check_written(match, FIELD_TTL, "ttl", expected->ttl, packet->ttl);
	check_written(match, FIELD_DSCP, "dscp", expected->dscp, packet->dscp);
	if (expected->set & FIELD_ECN && expected->ecn != packet->ecn)
		differ(match, "ecn", ecn_name(expected->ecn), ecn_name(packet->ecn));
	if (v4)
		check_written(match, FIELD_ID, "id", expected->id, packet->id);
	if (v4 && expected->set & FIELD_DF && expected->df != packet->df)
		differ(match, "df", expected->df ? "on" : "off", packet->df ? "on" : "off");
	if (!v4)
		check_written(match, FIELD_FLOWLABEL, "flowlabel", expected->flowlabel,
			      packet->flowlabel);
}

/* ---- the two kinds of packet ---- */

static void match_tcp(const struct match *match)
{
	if (match->packet->class != PACKET_TCP) {
		check_description(match, "packet", false);
		return;
	}
	check_flags(match);
	check_connection(match);
	check_sequences(match);
	check_length(match);
	check_data(match);
	check_options(match);
	check_tcp_fields(match);
	check_ip(match);
	check_checksum(match);
}

static void match_icmp(const struct match *match)
{
	const struct packet *packet = match->packet;
	uint8_t type, code;

	icmp_numbers(match->expected->icmp_kind, packet->ip, &type, &code);
	if (packet->class != PACKET_ICMP || packet->icmp_type != type ||
	    packet->icmp_code != code) {
		check_description(match, "packet", false);
		return;
	}
	check_connection(match);
	if (match->expected->mtu)
		check_number(match, "mtu", match->expected->mtu, packet->icmp_mtu);
	check_ip(match);
	if (!packet->checksum_ok)
		differ(match, "icmp checksum", "right", "wrong");
}

bool match_packet(const struct plan_packet *expected, const struct flow *flow, int from,
		  const struct packet *packet, const uint8_t *frame, struct mismatches *out)
{
	struct match match = { expected, flow, from, packet, frame, out };

	out->count = 0;
	check_direction(&match);
	if (expected->icmp)
		match_icmp(&match);
	else
		match_tcp(&match);
	return out->count == 0;
}
