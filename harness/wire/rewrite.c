/* rewrite: see rewrite.h. Offsets are those of RFC 791, RFC 8200 and RFC 9293 3.1; options
 * and payload stand where decode found them. */
#include "wire/rewrite.h"

#include "wire/bytes.h"
#include "wire/compose.h"
#include "wire/decode.h"

#include <string.h>

enum { TCP_SEQ_AT = 4, TCP_ACK_AT = 8, TCP_OFFSET_AT = 12, TCP_WIN_AT = 14, TCP_SUM_AT = 16,
       TCP_URGENT_AT = 18, ICMP_SUM_AT = 2 };
enum { IP4_TOS_AT = 1, IP4_ID_AT = 4, IP4_FLAGS_AT = 6, IP4_TTL_AT = 8, IP4_SUM_AT = 10,
       IP4_DF = 0x40 };
enum { IP6_HOPS_AT = 7 };

void rewrite_corrupt(const struct packet *packet, uint8_t *frame)
{
	uint8_t *header = frame + packet->transport;

	if (packet->class == PACKET_ICMP)
		put16(header + ICMP_SUM_AT, (uint16_t)(packet->checksum + 1));
	else
		put16(header + TCP_SUM_AT, (uint16_t)(packet_right_checksum(packet, frame) + 1));
}

static void set_numbers(const struct plan_packet *fields, const struct flow *flow, int from,
			const struct packet *packet, uint8_t *tcp)
{
	const struct stream *own = &flow->stream[from], *other = &flow->stream[1 - from];

	if (fields->set & FIELD_SEQ)
		put32(tcp + TCP_SEQ_AT,
		      flow_absolute(own, &fields->seq, flow_seq(flow, from, packet)));
	if (fields->set & FIELD_ACK)
		put32(tcp + TCP_ACK_AT,
		      flow_absolute(other, &fields->ack, flow_ack(flow, from, packet)));
}

static void set_tcp(const struct plan_packet *fields, uint8_t *tcp)
{
	if (fields->set & FIELD_WIN)
		put16(tcp + TCP_WIN_AT, fields->win);
	if (fields->set & FIELD_URGENT)
		put16(tcp + TCP_URGENT_AT, fields->urgent);
	if (fields->set & FIELD_RESERVED)
		tcp[TCP_OFFSET_AT] = (uint8_t)((tcp[TCP_OFFSET_AT] & 0xf0) |
					       (fields->reserved & 0x0f));
	if (fields->set & FIELD_OFFSET)
		tcp[TCP_OFFSET_AT] = (uint8_t)((tcp[TCP_OFFSET_AT] & 0x0f) |
					       (fields->offset << 4));
}

static void set_data(const struct plan_packet *fields, const struct packet *packet,
		     uint8_t *frame)
{
	size_t len = fields->data_len < packet->payload_len ? fields->data_len
							    : packet->payload_len;

	if (fields->set & FIELD_DATA && len)
		memcpy(frame + packet->payload, fields->data, len);
}

/* The header keeps its length: what is left of its options becomes EOL, which is 0. */
static void set_options(const struct plan_packet *fields, const struct flow *flow,
			const struct packet *packet, uint8_t *tcp)
{
	const struct surroundings around = {
		.route.ip = packet->ip, .link_mtu = DEFAULT_MTU, /* of `mss` without a number */
	};
	size_t room = (size_t)packet->offset * 4 - TCP_HEADER;
	uint8_t bytes[PACKET_OPTIONS_MAX];
	struct segment made;

	if (!(fields->set & FIELD_OPTIONS) || compose_tcp(fields, flow, &around, bytes, &made) < 0)
		return;
	memset(tcp + TCP_HEADER, 0, room);
	memcpy(tcp + TCP_HEADER, bytes, made.options_len < room ? made.options_len : room);
}

static void set_ip4(const struct plan_packet *fields, uint8_t *ip)
{
	if (fields->set & FIELD_TTL)
		ip[IP4_TTL_AT] = fields->ttl;
	if (fields->set & FIELD_DSCP)
		ip[IP4_TOS_AT] = (uint8_t)((fields->dscp << 2) | (ip[IP4_TOS_AT] & 3));
	if (fields->set & FIELD_ECN)
		ip[IP4_TOS_AT] = (uint8_t)((ip[IP4_TOS_AT] & ~3) | fields->ecn);
	if (fields->set & FIELD_ID)
		put16(ip + IP4_ID_AT, fields->id);
	if (fields->set & FIELD_DF)
		ip[IP4_FLAGS_AT] = (uint8_t)((ip[IP4_FLAGS_AT] & ~IP4_DF) |
					     (fields->df ? IP4_DF : 0));
	put16(ip + IP4_SUM_AT, 0);
	put16(ip + IP4_SUM_AT, inet_checksum(ip, (size_t)(ip[0] & 15) * 4, 0));
}

static void set_ip6(const struct plan_packet *fields, uint8_t *ip)
{
	uint8_t class = (uint8_t)((ip[0] << 4) | (ip[1] >> 4));

	if (fields->set & FIELD_TTL)
		ip[IP6_HOPS_AT] = fields->ttl;
	if (fields->set & FIELD_DSCP)
		class = (uint8_t)((fields->dscp << 2) | (class & 3));
	if (fields->set & FIELD_ECN)
		class = (uint8_t)((class & ~3) | fields->ecn);
	ip[0] = (uint8_t)((ip[0] & 0xf0) | (class >> 4));
	ip[1] = (uint8_t)((ip[1] & 0x0f) | (class << 4));
	if (fields->set & FIELD_FLOWLABEL) {
		ip[1] = (uint8_t)((ip[1] & 0xf0) | ((fields->flowlabel >> 16) & 0x0f));
		put16(ip + 2, (uint16_t)fields->flowlabel);
	}
}

void rewrite_fields(const struct plan_packet *fields, const struct flow *flow, int from,
		    const struct packet *packet, uint8_t *frame)
{
	uint8_t *tcp = frame + packet->transport;
	struct packet changed;

	set_numbers(fields, flow, from, packet, tcp);
	set_tcp(fields, tcp);
	set_options(fields, flow, packet, tcp);
	set_data(fields, packet, frame);
	if (packet->ip == 4)
		set_ip4(fields, frame + ETH_HEADER);
	else
		set_ip6(fields, frame + ETH_HEADER);

	put16(tcp + TCP_SUM_AT, 0);
	changed = *packet; /* addresses, lengths and places stay; the bytes are the new ones */
	changed.checksum = 0;

	uint16_t right = packet_right_checksum(&changed, frame);

	if (!(fields->set & FIELD_CHECKSUM))
		put16(tcp + TCP_SUM_AT, right);
	else
		put16(tcp + TCP_SUM_AT,
		      fields->checksum_bad ? (uint16_t)(right + 1) : fields->checksum);
}
