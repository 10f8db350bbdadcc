/* decode: bytes to struct packet, trusting none of them. */
#ifndef TCPSCEN_WIRE_DECODE_H
#define TCPSCEN_WIRE_DECODE_H

#include "wire/packet.h"

/* Take an Ethernet frame of @len bytes apart: IPv4 (with options), IPv6 (with
 * hop-by-hop, routing and destination headers; a fragment is PACKET_OTHER), TCP
 * and ICMP errors with the packet they quote. Both checksums are verified.
 * Never reads beyond @len and never fails: what it cannot read is
 * PACKET_MALFORMED with the reason, with as many fields filled as were there. */
void decode(const uint8_t *frame, size_t len, int64_t time, struct packet *out);

/* Internet checksum of RFC 1071, folded and inverted; @sum: what to start with. */
uint16_t inet_checksum(const uint8_t *bytes, size_t len, uint32_t sum);

/* The pseudo-header's part of a TCP or ICMPv6 checksum (RFC 9293 3.1, RFC 8200 8.1), to
 * begin inet_checksum with. @ip: 4 or 6; @len: of the segment, header included. */
uint32_t pseudo_sum(uint8_t ip, const struct packet_address *src,
		    const struct packet_address *dst, uint8_t protocol, size_t len);

/* The checksum of a packet of class PACKET_TCP that a network card was to finish: the sum of
 * the pseudo-header alone, not inverted (CHECKSUM_PARTIAL of include/linux/skbuff.h). */
uint16_t packet_unfinished_checksum(const struct packet *packet);

/* The checksum that a packet of class PACKET_TCP ought to carry. */
uint16_t packet_right_checksum(const struct packet *packet, const uint8_t *frame);

#endif
