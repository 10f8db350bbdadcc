/* decode: bytes to struct packet, trusting none of them.
 *
 * Each layer is a function that is given the bytes its header may stand in (a
 * struct view), takes what it knows, and hands the rest to the next one. A
 * layer's length field may only make the view smaller: so Ethernet's padding
 * is cut off by IP's length, and nothing is ever read behind the frame's end.
 *
 * Invariants: offsets in the packet lie within the frame; a packet of class
 * PACKET_TCP has a whole header, and payload + payload_len ends within IP's length.
 * The first thing that is wrong decides the class; what was read before it stays.
 *
 * It does not reassemble fragments, and does not look behind VLAN tags.
 */
#include "wire/decode.h"

#include "plan/plan.h"
#include "wire/bytes.h"

#include <arpa/inet.h>
#include <string.h>

enum { ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_IPV6 = 0x86dd };
enum { IPV4_HEADER = 20, IPV6_HEADER = 40, ICMP_HEADER = 8, TCP_QUOTED = 8 };
enum { PROTO_HOPOPTS = 0, PROTO_ICMP = 1, PROTO_IGMP = 2, PROTO_TCP = 6, PROTO_ROUTING = 43,
       PROTO_FRAGMENT = 44, PROTO_ICMPV6 = 58, PROTO_DSTOPTS = 60 };
enum { IPV4_DF = 0x4000, IPV4_MF = 0x2000, IPV4_FRAGMENT_OFFSET = 0x1fff };

/* Bytes [at, end) of a frame. */
struct view {
	const uint8_t *frame;
	size_t at, end;
};

static const uint8_t *start(const struct view *view)
{
	return view->frame + view->at;
}

static size_t left(const struct view *view)
{
	return view->end - view->at;
}

static void malformed(struct packet *out, enum packet_fault fault)
{
	out->class = PACKET_MALFORMED;
	out->fault = fault;
}

uint16_t inet_checksum(const uint8_t *bytes, size_t len, uint32_t sum)
{
	uint64_t total = 0;
	uint8_t rest[4] = { 0 };
	uint32_t word;

	/* The sum does not depend on the order of bytes (RFC 1071 2 B): add words as this
	 * machine reads them, and turn the result around once. */
	for (; len >= sizeof(word); len -= sizeof(word), bytes += sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		total += word;
	}
	if (len)
		memcpy(rest, bytes, len);
	memcpy(&word, rest, sizeof(word));
	total += word;
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	total = ntohs((uint16_t)total) + (uint64_t)sum;
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (uint16_t)~total;
}

uint32_t pseudo_sum(uint8_t ip, const struct packet_address *src,
		    const struct packet_address *dst, uint8_t protocol, size_t len)
{
	uint32_t sum = protocol + (uint32_t)(len >> 16) + (uint32_t)(len & 0xffff);
	size_t i, size = ip == 4 ? 4 : 16;

	for (i = 0; i < size; i += 2)
		sum += (uint32_t)get16(src->bytes + i) + get16(dst->bytes + i);
	return sum;
}

uint32_t packet_seq_len(const struct packet *packet)
{
	return packet->payload_len + !!(packet->flags & TCP_SYN) + !!(packet->flags & TCP_FIN);
}

uint16_t packet_unfinished_checksum(const struct packet *packet)
{
	uint32_t len = packet->offset * 4u + packet->payload_len;

	return (uint16_t)~inet_checksum(
		NULL, 0, pseudo_sum(packet->ip, &packet->src, &packet->dst, PROTO_TCP, len));
}

uint16_t packet_right_checksum(const struct packet *packet, const uint8_t *frame)
{
	uint32_t header = packet->offset * 4u, len = header + packet->payload_len;
	const uint8_t *segment = frame + packet->payload - header;
	uint32_t sum = pseudo_sum(packet->ip, &packet->src, &packet->dst, PROTO_TCP, len);

	/* Taking the header's own checksum away is adding its complement (RFC 1624). */
	return inet_checksum(segment, len, sum + (uint16_t)~packet->checksum);
}

static bool transport_checksum_ok(const struct packet *packet, const struct view *view,
				  uint8_t protocol)
{
	uint32_t sum = pseudo_sum(packet->ip, &packet->src, &packet->dst, protocol, left(view));

	return inet_checksum(start(view), left(view), sum) == 0;
}

/* ---- TCP ---- */

/* Find the options in [view->at, view->end): the TCP header behind its 20 bytes. */
static void decode_options(struct view view, struct packet *out)
{
	while (view.at < view.end) {
		struct packet_option option = { .kind = *start(&view), .len = 1 };

		option.offset = (uint16_t)view.at;
		if (option.kind > KIND_NOP) {
			if (left(&view) < 2 || start(&view)[1] < 2 ||
			    start(&view)[1] > left(&view)) {
				out->options_bad = true;
				return;
			}
			option.len = start(&view)[1];
		}
		out->options[out->n_options++] = option;
		if (option.kind == KIND_EOL)
			return;
		view.at += option.len;
	}
}

static void decode_tcp(struct view view, struct packet *out)
{
	const uint8_t *tcp = start(&view);
	struct view options = view;

	if (left(&view) < TCP_HEADER) {
		malformed(out, FAULT_TCP_SHORT);
		return;
	}
	out->sport = get16(tcp);
	out->dport = get16(tcp + 2);
	out->seq = get32(tcp + 4);
	out->ack = get32(tcp + 8);
	out->offset = tcp[12] >> 4;
	out->flags = get16(tcp + 12) & 0xfff;
	out->win = get16(tcp + 14);
	out->checksum = get16(tcp + 16);
	out->urgent = get16(tcp + 18);
	out->checksum_ok = transport_checksum_ok(out, &view, PROTO_TCP);

	if (out->offset * 4 < TCP_HEADER) {
		malformed(out, FAULT_TCP_OFFSET_SMALL);
		return;
	}
	if (out->offset * 4u > left(&view)) {
		malformed(out, FAULT_TCP_OFFSET_LARGE);
		return;
	}
	out->class = PACKET_TCP;
	out->payload = (uint32_t)view.at + out->offset * 4u;
	out->payload_len = (uint32_t)(view.end - out->payload);
	options.at += TCP_HEADER;
	options.end = out->payload;
	decode_options(options, out);
}

/* ---- ICMP ---- */

/* Skip an IPv6 packet's hop-by-hop, routing and destination headers.
 * Return: the protocol behind them; -1 when one runs over the end. */
static int skip_extensions(struct view *view, uint8_t next)
{
	while (next == PROTO_HOPOPTS || next == PROTO_ROUTING || next == PROTO_DSTOPTS) {
		size_t len;

		if (left(view) < 8)
			return -1;
		len = (start(view)[1] + (size_t)1) * 8;
		if (len > left(view))
			return -1;
		next = *start(view);
		view->at += len;
	}
	return next;
}

/* Step over the IP header of a quoted packet, which may be cut short anywhere.
 * Return: its protocol (a later fragment's: -1), or -1. */
static int skip_quoted_ip(struct view *view)
{
	const uint8_t *ip = start(view);
	size_t header;

	if (left(view) >= IPV6_HEADER && ip[0] >> 4 == 6) {
		view->at += IPV6_HEADER;
		return skip_extensions(view, ip[6]);
	}
	if (left(view) < IPV4_HEADER || ip[0] >> 4 != 4)
		return -1;
	header = (ip[0] & 15) * (size_t)4;
	if (header < IPV4_HEADER || header > left(view) || get16(ip + 6) & IPV4_FRAGMENT_OFFSET)
		return -1;
	view->at += header;
	return ip[9];
}

/* The packet that an ICMP error quotes: RFC 792 guarantees the IP header and 8 bytes. */
static void decode_quoted(struct view view, struct packet *out)
{
	int protocol = skip_quoted_ip(&view);

	if (protocol != PROTO_TCP && protocol >= 0) {
		out->class = PACKET_OTHER;
		return;
	}
	if (protocol < 0 || left(&view) < TCP_QUOTED) {
		malformed(out, FAULT_ICMP_QUOTE);
		return;
	}
	out->class = PACKET_ICMP;
	out->sport = get16(start(&view));
	out->dport = get16(start(&view) + 2);
	out->seq = get32(start(&view) + 4);
}

/* What all ICMP messages begin with. Return: false when it is not all there. */
static bool decode_icmp_header(const struct view *view, struct packet *out)
{
	if (left(view) < ICMP_HEADER) {
		malformed(out, FAULT_ICMP_SHORT);
		return false;
	}
	out->icmp_type = start(view)[0];
	out->icmp_code = start(view)[1];
	out->checksum = get16(start(view) + 2);
	return true;
}

static void decode_icmp(struct view view, struct packet *out)
{
	if (!decode_icmp_header(&view, out))
		return;
	out->checksum_ok = inet_checksum(start(&view), left(&view), 0) == 0;
	switch (out->icmp_type) {
	case 3:  /* destination unreachable */
	case 4:  /* source quench */
	case 11: /* time exceeded */
	case 12: /* parameter problem */
		if (out->icmp_type == 3 && out->icmp_code == 4)
			out->icmp_mtu = get16(start(&view) + 6);
		view.at += ICMP_HEADER;
		decode_quoted(view, out);
		break;
	default:
		out->class = PACKET_OTHER;
	}
}

static void decode_icmpv6(struct view view, struct packet *out)
{
	uint8_t type;

	if (!decode_icmp_header(&view, out))
		return;
	out->checksum_ok = transport_checksum_ok(out, &view, PROTO_ICMPV6);
	type = out->icmp_type;
	if (type >= 1 && type <= 4) { /* unreachable, too big, time exceeded, parameter */
		if (type == 2)
			out->icmp_mtu = get32(start(&view) + 4);
		view.at += ICMP_HEADER;
		decode_quoted(view, out);
	} else if ((type >= 130 && type <= 137) || type == 143) {
		out->class = PACKET_NOISE; /* listeners, routers, neighbours, redirects */
	} else {
		out->class = PACKET_OTHER;
	}
}

/* ---- IP ---- */

static void decode_transport(struct view view, struct packet *out)
{
	out->class = PACKET_OTHER;
	out->transport = (uint32_t)view.at;
	if (out->protocol == PROTO_TCP)
		decode_tcp(view, out);
	else if (out->protocol == PROTO_ICMP && out->ip == 4)
		decode_icmp(view, out);
	else if (out->protocol == PROTO_ICMPV6 && out->ip == 6)
		decode_icmpv6(view, out);
	else if (out->protocol == PROTO_IGMP)
		out->class = PACKET_NOISE;
}

static void decode_traffic_class(uint8_t octet, struct packet *out)
{
	out->dscp = octet >> 2;
	out->ecn = octet & 3;
}

static void take_ipv4(const uint8_t *ip, struct packet *out)
{
	out->ip = 4;
	decode_traffic_class(ip[1], out);
	out->id = get16(ip + 4);
	out->df = get16(ip + 6) & IPV4_DF;
	out->ttl = ip[8];
	out->protocol = ip[9];
	memcpy(out->src.bytes, ip + 12, 4);
	memcpy(out->dst.bytes, ip + 16, 4);
}

static void decode_ipv4(struct view view, struct packet *out)
{
	const uint8_t *ip = start(&view);
	size_t header, total;

	if (left(&view) < IPV4_HEADER) {
		malformed(out, FAULT_IP4_SHORT);
		return;
	}
	take_ipv4(ip, out);
	header = (ip[0] & 15) * (size_t)4;
	total = get16(ip + 2);
	if (ip[0] >> 4 != 4) {
		malformed(out, FAULT_IP4_VERSION);
	} else if (header < IPV4_HEADER || header > total) {
		malformed(out, FAULT_IP4_HEADER);
	} else if (total > left(&view)) {
		malformed(out, FAULT_IP4_LENGTH);
	} else {
		out->ip_checksum_ok = inet_checksum(ip, header, 0) == 0;
		view.end = view.at + total;
		view.at += header;
		if (get16(ip + 6) & (IPV4_MF | IPV4_FRAGMENT_OFFSET))
			out->class = PACKET_OTHER;
		else
			decode_transport(view, out);
	}
}

static void take_ipv6(const uint8_t *ip, struct packet *out)
{
	out->ip = 6;
	out->ip_checksum_ok = true; /* there is none */
	decode_traffic_class((uint8_t)(get16(ip) >> 4), out);
	out->flowlabel = get32(ip) & 0xfffff;
	out->protocol = ip[6];
	out->ttl = ip[7];
	memcpy(out->src.bytes, ip + 8, 16);
	memcpy(out->dst.bytes, ip + 24, 16);
}

static void decode_ipv6(struct view view, struct packet *out)
{
	const uint8_t *ip = start(&view);
	size_t len;
	int protocol;

	if (left(&view) < IPV6_HEADER) {
		malformed(out, FAULT_IP6_SHORT);
		return;
	}
	take_ipv6(ip, out);
	len = get16(ip + 4);
	view.at += IPV6_HEADER;
	if (ip[0] >> 4 != 6) {
		malformed(out, FAULT_IP6_VERSION);
	} else if (len > left(&view)) {
		malformed(out, FAULT_IP6_LENGTH);
	} else {
		view.end = view.at + len;
		protocol = skip_extensions(&view, ip[6]);
		if (protocol < 0) {
			malformed(out, FAULT_IP6_EXTENSION);
			return;
		}
		out->protocol = (uint8_t)protocol;
		decode_transport(view, out); /* PROTO_FRAGMENT among the others */
	}
}

void decode(const uint8_t *frame, size_t len, int64_t time, struct packet *out)
{
	struct view view = { frame, ETH_HEADER, len };

	memset(out, 0, sizeof(*out));
	out->time = time;
	out->len = (uint32_t)len;
	if (len < ETH_HEADER) {
		malformed(out, FAULT_ETH_SHORT);
		return;
	}
	memcpy(out->eth_dst, frame, 6);
	memcpy(out->eth_src, frame + 6, 6);
	switch (get16(frame + 12)) {
	case ETHERTYPE_IPV4:
		decode_ipv4(view, out);
		break;
	case ETHERTYPE_IPV6:
		decode_ipv6(view, out);
		break;
	default:
		out->class = PACKET_NOISE; /* ARP, LLDP, … */
	}
}
