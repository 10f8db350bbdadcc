/* flow: one connection as the wire sees it: what each side has sent, and what
 * of it the other side has got.
 *
 * All relative numbers come from here, and the defaults of docs/language.md
 * section 4: what a host would send next, and what it would acknowledge.
 */
#ifndef TCPSCEN_WIRE_FLOW_H
#define TCPSCEN_WIRE_FLOW_H

#include "plan/plan.h"
#include "wire/segment.h"

enum { FLOW_HOLES_MAX = 64 };

/* One direction: what host i has sent. Numbers are 64-bit offsets from the
 * initial sequence number, so that they never wrap. */
struct stream {
	bool known;          /* a packet of it has been seen or sent */
	bool syn;            /* … and its SYN among them */
	bool answers;        /* … which acknowledged the other side's, */
	uint32_t answered;   /* with this number */
	bool closed;         /* its FIN has been sent */
	uint32_t isn;        /* 0 when the SYN was never seen */
	int64_t next;        /* highest sequence number sent, plus one */
	int64_t last_start, last_len; /* the last packet that took up sequence space, */
	int64_t last_payload;         /* and its payload */
	int64_t got;         /* up to here without a hole, the other side has it */
	struct { int64_t start, end; } beyond[FLOW_HOLES_MAX]; /* what it has beyond, sorted */
	int n_beyond;
	bool ts_offered;     /* its SYN carried the timestamps option */
	uint32_t ts_last;    /* latest TSval of it that arrived */
	bool ts_seen;        /* there was one */
};

struct flow {
	bool begun;
	bool reset;          /* a RST has arrived */
	uint16_t port[PLAN_HOSTS]; /* 0 before the first packet: any */
	struct stream stream[PLAN_HOSTS]; /* by sender */
};

/* A packet of @from has been sent; @arrives: the other side gets it. Updates ports
 * and both directions. Packets of other classes than PACKET_TCP change nothing. */
void flow_saw(struct flow *flow, int from, const struct packet *packet,
	      const uint8_t *frame, bool arrives);

/* Does the packet begin another connection on the same ports? A SYN with another initial sequence number
 * does when this one is over (reset, or both FINs sent) or was never answered; and one that is not
 * what the other side's SYN-ACK has answered. */
bool flow_is_another(const struct flow *flow, int from, const struct packet *packet);

/* A packet that flow_saw() was told of with @arrives false has arrived after all: it was
 * delayed, or held. */
void flow_arrived(struct flow *flow, int from, const struct packet *packet,
		  const uint8_t *frame);

/* Does the packet, sent by host @from, belong to this connection? An ICMP error does when
 * it quotes a packet of either direction. */
bool flow_owns(const struct flow *flow, int from, const struct packet *packet);

/* Absolute to relative, near the stream's present place (wraps are undone). Of a stream
 * that is not known: the number itself. */
int64_t flow_relative(const struct stream *stream, uint32_t absolute);

/* The sequence and acknowledgement numbers of a packet that the flow has not been told of
 * yet, as the scenario speaks of them; an ICMP error's is that of the packet it quotes.
 * Without the ACK flag the acknowledgement number acknowledges nothing and is the one on
 * the wire. */
int64_t flow_seq(const struct flow *flow, int from, const struct packet *packet);
int64_t flow_ack(const struct flow *flow, int from, const struct packet *packet);

/* What @from's packet would carry if nothing is written. */
int64_t flow_default_seq(const struct flow *flow, int from, const struct plan_packet *packet);
int64_t flow_default_ack(const struct flow *flow, int from);

/* A written sequence number of stream @stream as it goes on the wire.
 * @next: what SEQ_NEXT counts from, and what SEQ_ANY stands for. */
uint32_t flow_absolute(const struct stream *stream, const struct plan_seq *seq, int64_t next);

#endif
