/* flow: one connection as the wire sees it.
 *
 * Each direction is a stream of numbers that begin at 0 with its SYN and never
 * wrap: an absolute number is read as the one nearest to what was sent last. Of what
 * was sent, the other side has all up to `got`, and the ranges in `beyond` after a hole.
 *
 * Invariants: got <= next; the ranges of `beyond` are sorted, lie above got and do
 * not touch one another. When there are more than FLOW_HOLES_MAX, the highest is
 * forgotten, which a selective acknowledgement may do as well (RFC 2018 8).
 *
 * Windows, validity and states are the kernels' business: nothing is refused here.
 */
#include "wire/flow.h"

#include "wire/bytes.h"

#include <string.h>

enum { TIMESTAMPS_LEN = 10 };

int64_t flow_relative(const struct stream *stream, uint32_t absolute)
{
	uint32_t here = stream->isn + (uint32_t)stream->next;

	if (!stream->known)
		return absolute;
	return stream->next + (int32_t)(absolute - here);
}

/* Is @packet the first of its stream to tell the initial sequence number? */
static bool first_syn(const struct flow *flow, int from, const struct packet *packet)
{
	return packet->flags & TCP_SYN && !flow->stream[from].syn;
}

bool flow_is_another(const struct flow *flow, int from, const struct packet *packet)
{
	const struct stream *stream = &flow->stream[from];
	const struct stream *other = &flow->stream[1 - from];
	bool over = flow->reset || !other->known || (stream->closed && other->closed);

	if ((packet->flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
		return false;
	if (!stream->syn)
		return flow->reset || (other->answers && other->answered != packet->seq + 1);
	return packet->seq != stream->isn && over;
}

static bool ports_are(const struct flow *flow, int from, const struct packet *packet)
{
	uint16_t src = flow->port[from], dst = flow->port[1 - from];

	if (!flow->begun)
		return (!src || src == packet->sport) && (!dst || dst == packet->dport);
	return src == packet->sport && dst == packet->dport;
}

int64_t flow_seq(const struct flow *flow, int from, const struct packet *packet)
{
	if (packet->class == PACKET_ICMP) { /* the number of the packet that it quotes */
		int quoted = ports_are(flow, from, packet) ? from : 1 - from;

		return flow_relative(&flow->stream[quoted], packet->seq);
	}
	if (first_syn(flow, from, packet))
		return 0;
	return flow_relative(&flow->stream[from], packet->seq);
}

int64_t flow_ack(const struct flow *flow, int from, const struct packet *packet)
{
	if (!(packet->flags & TCP_ACK))
		return packet->ack;
	return flow_relative(&flow->stream[1 - from], packet->ack);
}

int64_t flow_default_seq(const struct flow *flow, int from, const struct plan_packet *packet)
{
	const struct stream *stream = &flow->stream[from];

	if (packet->flags & TCP_SYN || !stream->known)
		return 0;
	return packet->again ? stream->last_start : stream->next;
}

int64_t flow_default_ack(const struct flow *flow, int from)
{
	return flow->stream[1 - from].got;
}

uint32_t flow_absolute(const struct stream *stream, const struct plan_seq *seq, int64_t next)
{
	switch (seq->kind) {
	case SEQ_RELATIVE:
		return stream->isn + (uint32_t)seq->value;
	case SEQ_NEXT:
		return stream->isn + (uint32_t)(next + seq->value);
	case SEQ_ABSOLUTE:
		return (uint32_t)seq->value;
	case SEQ_ANY:
		break;
	}
	return stream->isn + (uint32_t)next;
}

bool flow_owns(const struct flow *flow, int from, const struct packet *packet)
{
	switch (packet->class) {
	case PACKET_TCP:
	case PACKET_MALFORMED:
		return ports_are(flow, from, packet);
	case PACKET_ICMP:
		return ports_are(flow, 1 - from, packet) || ports_are(flow, from, packet);
	case PACKET_NOISE:
	case PACKET_OTHER:
		break;
	}
	return false;
}

/* ---- what has been sent, what has arrived ---- */

static void remove_ranges(struct stream *stream, int first, int count)
{
	memmove(stream->beyond + first, stream->beyond + first + count,
		(size_t)(stream->n_beyond - first - count) * sizeof(stream->beyond[0]));
	stream->n_beyond -= count;
}

/* Make room for a range at index @at, if need be by forgetting the highest. */
static void insert_range(struct stream *stream, int at, int64_t start, int64_t end)
{
	if (at == FLOW_HOLES_MAX)
		return;
	if (stream->n_beyond == FLOW_HOLES_MAX)
		stream->n_beyond--;
	memmove(stream->beyond + at + 1, stream->beyond + at,
		(size_t)(stream->n_beyond - at) * sizeof(stream->beyond[0]));
	stream->beyond[at].start = start;
	stream->beyond[at].end = end;
	stream->n_beyond++;
}

/* [start, end) has arrived behind a hole: join it with the ranges that it touches. */
static void add_beyond(struct stream *stream, int64_t start, int64_t end)
{
	int first = 0, last;

	while (first < stream->n_beyond && stream->beyond[first].end < start)
		first++;
	for (last = first; last < stream->n_beyond && stream->beyond[last].start <= end; last++) {
		if (stream->beyond[last].start < start)
			start = stream->beyond[last].start;
		if (stream->beyond[last].end > end)
			end = stream->beyond[last].end;
	}
	remove_ranges(stream, first, last - first);
	insert_range(stream, first, start, end);
}

static void arrive(struct stream *stream, int64_t start, int64_t end)
{
	int filled = 0;

	if (end <= stream->got)
		return;
	if (start > stream->got) {
		add_beyond(stream, start, end);
		return;
	}
	stream->got = end;
	while (filled < stream->n_beyond && stream->beyond[filled].start <= stream->got) {
		if (stream->beyond[filled].end > stream->got)
			stream->got = stream->beyond[filled].end;
		filled++;
	}
	remove_ranges(stream, 0, filled);
}

/* Read the timestamps option. Return: true with @value set, or false. */
static bool timestamp_of(const struct packet *packet, const uint8_t *frame, uint32_t *value)
{
	int i;

	for (i = 0; i < packet->n_options; i++) {
		const struct packet_option *option = &packet->options[i];
		const uint8_t *ts = frame + option->offset + 2;

		if (option->kind == KIND_TS && option->len == TIMESTAMPS_LEN) {
			*value = get32(ts);
			return true;
		}
	}
	return false;
}

static void saw_timestamps(struct stream *stream, const struct packet *packet,
			   const uint8_t *frame, bool arrives)
{
	uint32_t value = 0;
	bool there = timestamp_of(packet, frame, &value);

	if (packet->flags & TCP_SYN)
		stream->ts_offered = there;
	if (there && arrives) {
		stream->ts_last = value;
		stream->ts_seen = true;
	}
}

/* Begin what the packet begins: the connection, or its stream. */
static void begin(struct flow *flow, int from, const struct packet *packet)
{
	struct stream *stream = &flow->stream[from];

	if (!flow->begun) {
		flow->begun = true;
		flow->port[from] = packet->sport;
		flow->port[1 - from] = packet->dport;
	}
	if (first_syn(flow, from, packet)) {
		*stream = (struct stream){
			.known = true, .syn = true, .isn = packet->seq,
			.answers = packet->flags & TCP_ACK, .answered = packet->ack,
		};
	} else if (!stream->known) {
		stream->known = true;
		stream->next = stream->got = packet->seq;
	}
}

void flow_saw(struct flow *flow, int from, const struct packet *packet,
	      const uint8_t *frame, bool arrives)
{
	struct stream *stream = &flow->stream[from];
	int64_t first, len = packet_seq_len(packet);

	if (packet->class != PACKET_TCP)
		return;
	begin(flow, from, packet);
	first = flow_relative(stream, packet->seq);
	if (len > 0) {
		stream->last_start = first;
		stream->last_len = len;
		stream->last_payload = packet->payload_len;
		if (first + len > stream->next)
			stream->next = first + len;
		if (arrives)
			arrive(stream, first, first + len);
	}
	if (packet->flags & TCP_FIN)
		stream->closed = true;
	if (packet->flags & TCP_RST && arrives)
		flow->reset = true;
	saw_timestamps(stream, packet, frame, arrives);
}

void flow_arrived(struct flow *flow, int from, const struct packet *packet, const uint8_t *frame)
{
	struct stream *stream = &flow->stream[from];
	int64_t first = flow_relative(stream, packet->seq);

	if (packet->class != PACKET_TCP || !stream->known)
		return;
	arrive(stream, first, first + packet_seq_len(packet));
	if (packet->flags & TCP_RST)
		flow->reset = true;
	saw_timestamps(stream, packet, frame, true);
}
