/* pattern: does a packet fit what a standing rule speaks of?
 *
 * Unlike an expected packet (match.h) a pattern checks only what is written: no sequence
 * number, no acknowledgement number, no checksum; `packets` fits any at all. Flags and the
 * presence of a payload mean the same as for an expected packet.
 */
#ifndef TCPSCEN_WIRE_PATTERN_H
#define TCPSCEN_WIRE_PATTERN_H

#include "wire/flow.h"

/* @flow: the packet's connection before it was told of the packet (flow_saw), or NULL if it is
 * none's. The pattern's own host, connection and nth are the caller's business. */
bool pattern_fits(const struct plan_packet *pattern, const struct flow *flow, int from,
		  const struct packet *packet, const uint8_t *frame);

#endif
