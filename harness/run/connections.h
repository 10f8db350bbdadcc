/* connections: who talks to whom, as the wire tells.
 *
 * A connection is known from its first packet on, whoever speaks of it. It is one of the plan's as soon as a line
 * has taken a packet of it; until then, as one that only rules have spoken of, it is nobody's. A SYN on the ports of
 * one that is over, or has not come to anything, begins another.
 *
 * There are two accounts of each, because lines judge packets later than rules let them pass: `told` is what
 * the lines know, up to the packet that is judged now; `wire` is all that has passed. They differ by the packets that
 * rules have covered and that still wait in the queue.
 */
#ifndef TCPSCEN_RUN_CONNECTIONS_H
#define TCPSCEN_RUN_CONNECTIONS_H

#include "run/seen.h"
#include "wire/flow.h"

enum { CONNECTION_BUCKETS = 1024 };

/* The latest packet of a host with these flags: what an ICMP message may quote, and what a
 * retransmission repeats. */
struct quote {
	int from;
	uint16_t flags;
	bool has_data;
	uint64_t order; /* the higher, the later */
	uint8_t *frame; /* in the arena */
	size_t len, room;
};

struct connection {
	bool begun; /* there is a packet of it */
	struct flow told, wire;
	int64_t transmission[PLAN_HOSTS]; /* when that host last sent something that takes up
	                                     sequence space; 0: never. As told */
	int64_t acked[PLAN_HOSTS];        /* of what that host sent, relative; as told */
	int number;                       /* in the plan; NO_INDEX: nobody's yet */
	struct quote *quotes;             /* in the arena */
	size_t n_quotes;
	struct connection *older;         /* in the same bucket */
	struct connection *next;          /* it began on these ports when this one was over; or NULL */
};

struct connections {
	const struct plan *plan;
	struct arena *arena;
	struct connection **known; /* oldest first; in the arena */
	size_t n_known;
	struct connection *buckets[CONNECTION_BUCKETS]; /* the same by their ports, newest first */
	struct connection *of_plan[PLAN_FLOWS_MAX]; /* the latest of that number; until a line has taken a
	                                               packet of it, one that has not begun */
};

/* @arena: outlives them */
void connections_open(struct connections *all, const struct plan *plan, struct arena *arena);

/* The connection that @seen belongs to, which begins if it must (seen->connection). Return: NULL: neither TCP
 * nor about a connection that is known. */
struct connection *connection_of(struct connections *all, struct seen *seen);

/* A line takes @seen for a packet of connection @number of the plan: from now on that is what it is.
 * Return: the connection whose packet it was until now, if the line has begun another with it; NULL. */
struct connection *connection_take(struct connections *all, int number, struct seen *seen);

/* Is @seen a packet of connection @number of the plan, for who speaks of packets to come? One that has not
 * begun has what fits its ports and is no other's. connection_of() has been asked. */
bool connection_is_its(const struct connections *all, int number, const struct seen *seen);

/* May a line about connection @number of the plan take @seen? Of two on the same ports the line decides whose it
 * is; and one that has not begun may begin with another's SYN. connection_of() has been asked. */
bool connection_may_take(const struct connections *all, int number, const struct seen *seen);

/* The connection that a line about @number means: the latest on its ports, also if only rules have
 * spoken of that; of one that has not begun, nobody's newest on such ports. Never NULL. */
struct connection *connection_meant(const struct connections *all, int number);

/* … if the line is about @seen, which it may take. */
const struct connection *connection_meant_with(const struct connections *all, int number,
					       const struct seen *seen);

/* Keep the packet for an ICMP message to quote, or for `again` to repeat. @order: the higher, the later */
void connection_keep_quote(struct connections *all, const struct seen *seen, uint64_t order);

/* The latest packet of @from on connection @number with these flags (@any_flags: with any). NULL: none */
const struct quote *connection_quote(const struct connections *all, int number, int from, bool any_flags,
				     bool with_data, uint16_t flags);

#endif
