/* match: is this the packet the scenario expects? Every difference at once. */
#ifndef TCPSCEN_WIRE_MATCH_H
#define TCPSCEN_WIRE_MATCH_H

#include "wire/flow.h"

enum { MISMATCH_MAX = 32, MISMATCH_TEXT = 96 };

struct mismatch {
	const char *field;             /* "flags", "seq", "options", "tcp checksum" … */
	char expected[MISMATCH_TEXT];
	char saw[MISMATCH_TEXT];
};

struct mismatches {
	struct mismatch items[MISMATCH_MAX]; /* only the first count are filled */
	int count;
};

/* Compare @packet (with its bytes @frame), sent by host @from on @flow, with @expected.
 * The flow must not have been told of the packet yet (flow_saw).
 * Return: true when nothing differs; else each difference is in @out, the
 *         decisive ones (direction, flags) first. */
bool match_packet(const struct plan_packet *expected, const struct flow *flow, int from,
		  const struct packet *packet, const uint8_t *frame, struct mismatches *out);

/* The options of a packet as tcpdump writes them: "mss 1460, sackok, ts 100 0, nop, wscale 7". */
struct strbuf;
void match_options_text(const struct packet *packet, const uint8_t *frame, struct strbuf *out);

#endif
