/* options: the TCP options of a packet, as text and against what is expected.
 *
 * Both work on the header's bytes, so that they also show options that run over
 * the header's end. */
#ifndef TCPSCEN_WIRE_OPTIONS_H
#define TCPSCEN_WIRE_OPTIONS_H

#include "base/strbuf.h"
#include "wire/flow.h"

/* @packet: of class PACKET_TCP, here and below
 * @other: the stream that selective acknowledgements count; NULL: edges as on the wire */
void options_text(const struct packet *packet, const uint8_t *frame,
		  const struct stream *other, struct strbuf *out);

/* The options that a line has written, numbers that stand for others filled in. */
void options_expected_text(const struct plan_packet *expected, const struct stream *other,
			   struct strbuf *out);

/* Are the packet's options those that @expected lists? See docs/language.md section 4. */
bool options_match(const struct plan_packet *expected, const struct packet *packet,
		   const uint8_t *frame, const struct stream *other);

#endif
