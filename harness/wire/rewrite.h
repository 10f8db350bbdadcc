/* rewrite: change finished frames on their way: header fields, payload, checksum. */
#ifndef TCPSCEN_WIRE_REWRITE_H
#define TCPSCEN_WIRE_REWRITE_H

#include "wire/flow.h"

/* Make the checksum of TCP, or ICMP, wrong by one.
 * @packet: the frame, decoded, of class PACKET_TCP or PACKET_ICMP */
void rewrite_corrupt(const struct packet *packet, uint8_t *frame);

/* Write the set fields of @fields into the frame; both checksums are mended, unless `checksum` is
 * one of the fields. Payload and options keep their lengths: of longer ones only what fits
 * is written. Relative numbers are those of @flow.
 * @packet: the frame, decoded, of class PACKET_TCP */
void rewrite_fields(const struct plan_packet *fields, const struct flow *flow, int from,
		    const struct packet *packet, uint8_t *frame);

#endif
