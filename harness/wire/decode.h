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

#endif
