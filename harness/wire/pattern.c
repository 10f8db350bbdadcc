/* pattern: see pattern.h. It is match with all that is not written made "any". */
#include "wire/pattern.h"

#include "wire/match.h"

/* Sent before, at least its first byte. */
static bool is_repetition(const struct flow *flow, int from, const struct packet *packet)
{
	return flow && packet_seq_len(packet) && flow->stream[from].known &&
	       flow_seq(flow, from, packet) < flow->stream[from].next;
}

bool pattern_fits(const struct plan_packet *pattern, const struct flow *flow, int from,
		  const struct packet *packet, const uint8_t *frame)
{
	static const struct flow nobody = { .begun = false };
	struct plan_packet written = *pattern;
	struct packet unspoiled = *packet;
	struct mismatches out;

	if (pattern->again && !is_repetition(flow, from, packet))
		return false;
	if (pattern->any_packet && packet->class != PACKET_TCP)
		return !pattern->set;
	if (pattern->any_packet) /* whatever its flags are, but for those that `reserved` tells */
		written.flags = packet->flags & (pattern->set & FIELD_RESERVED ? 0xff : 0xfff);
	if ((pattern->any_packet || pattern->again) &&
	    !(pattern->set & (FIELD_LEN | FIELD_DATA))) {
		written.set |= FIELD_LEN; /* of any length */
		written.len_low = written.len_high = packet->payload_len;
	}
	written.from = from;
	written.again = false;
	if (!(pattern->set & FIELD_SEQ))
		written.seq.kind = SEQ_ANY;
	if (!(pattern->set & FIELD_ACK))
		written.ack.kind = SEQ_ANY;
	written.set |= FIELD_SEQ | FIELD_ACK;
	unspoiled.ip_checksum_ok = unspoiled.checksum_ok = true;
	return match_packet(&written, flow ? flow : &nobody, from, &unspoiled, frame, &out);
}
