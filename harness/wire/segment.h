/* segment: everything that is to be written into a frame, as plain numbers.
 *
 * What flow/timeline reckon out and craft writes. No defaults and no relative
 * numbers here: each field is what goes on the wire.
 */
#ifndef TCPSCEN_WIRE_SEGMENT_H
#define TCPSCEN_WIRE_SEGMENT_H

#include "plan/plan.h"
#include "wire/packet.h"

/* Who sends to whom. */
struct route {
	uint8_t ip; /* 4 or 6 */
	uint8_t eth_src[6], eth_dst[6];
	struct packet_address src, dst;
};

struct segment {
	struct route route;
	uint8_t ttl, dscp, ecn;
	bool df;
	uint16_t id;
	uint32_t flowlabel;

	uint16_t sport, dport;
	uint32_t seq, ack;
	uint16_t flags;        /* twelve bits */
	uint16_t win, urgent;
	const uint8_t *options; /* as bytes, padded to a multiple of 4 by craft with EOL (0) */
	size_t options_len;    /* at most 40 */
	const uint8_t *data;
	size_t data_len;

	bool has_offset;       /* write @offset (words) instead of the true one */
	uint8_t offset;
	enum {
		CHECKSUM_RIGHT,
		CHECKSUM_BAD,  /* the right one plus one */
		CHECKSUM_VALUE,
	} checksum_mode;
	uint16_t checksum;
};

/* An ICMP or ICMPv6 error that quotes a packet. */
struct icmp_error {
	struct route route;
	uint8_t ttl;
	enum icmp_kind kind;
	uint32_t mtu;          /* frag-needed only */
	const uint8_t *quoted; /* the quoted packet from its IP header on */
	size_t quoted_len;     /* craft cuts it to what the RFCs say (RFC 792: IP header + 8 …
	                          RFC 1812: up to 576 in all; RFC 4443: up to 1280 in all) */
};

#endif
