/* seen: frames that were seen on the wire, with what is known of them, in queues. */
#ifndef TCPSCEN_RUN_SEEN_H
#define TCPSCEN_RUN_SEEN_H

#include "run/record.h"
#include "wire/packet.h"

struct connection;

/* A frame that a kernel host put on the wire, or one of ours. */
struct seen {
	struct packet packet;
	uint8_t *frame;  /* behind the struct, in one piece with it */
	size_t len;
	int from;        /* host, NO_INDEX: neither's address */
	struct connection *connection; /* it belongs to; see connection_of() */
	/* what the relay has decided, before any line spoke of it */
	bool settled;    /* a rule has: its fate is sealed, but a line may still check it */
	bool tracked;    /* the wire's account of its connection has been told of it */
	bool arrived;    /* the other host has got it */
	bool spoilt;     /* what is passed on of it has a bad checksum: no host takes that */
	int64_t passed;  /* when it was on the other host's wire, by capture; 0: not known */
	int rule_step;   /* of the rule, if settled */
	enum packet_fate fate;
	uint64_t considered; /* the rules up to this serial have looked at it */
	uint64_t later;  /* the order of its frame that is on its way; 0: none is */
};

/* Frames, oldest first. */
struct seen_queue {
	struct seen **items; /* (owned, with what they point to) ring of @room */
	size_t first, count, room;
};

/* The @index-th oldest, which there must be. */
struct seen **seen_at(const struct seen_queue *queue, size_t index);

/* Put a copy of the frame in as the newest. All else of it is zero. */
struct seen *seen_push(struct seen_queue *queue, const uint8_t *frame, size_t len);

/* Take the oldest out; it becomes the caller's. */
struct seen *seen_pop(struct seen_queue *queue);

void seen_free(struct seen_queue *queue);

#endif
