/* relay: the wire itself: what becomes of a packet on its way to the other host.
 *
 * Every packet waits at the wire until a line of the scenario speaks of it, or a standing rule
 * covers it. Rules are applied when packets arrive, in each direction in the order of arrival:
 * a packet never overtakes one that still waits. A covered packet stays in the queue, its fate
 * sealed, so that a line may check it afterwards; then it is disposed of.
 *
 * It keeps the wire's account of each connection (run/connections), in the order of arrival.
 */
#ifndef TCPSCEN_RUN_RELAY_H
#define TCPSCEN_RUN_RELAY_H

#include "run/connections.h"
#include "run/stage.h"

struct engine;

enum { RULES_MAX = 64, ARMED_MAX = 16, COVERED_MAX = 4096 };

/* A rule that stands. */
struct standing {
	const struct plan_rule *rule;
	int step;
	uint64_t serial; /* rules count from 1 */
	int matched;     /* packets so far */
};

/* An injection that waits for its trigger. */
struct armed {
	int step;
	int matched;
	bool fired;
};

/* A frame on its way: delayed, or held. */
struct later {
	int64_t due;    /* TIME_NEVER: held */
	int held;       /* place of a held one, NO_INDEX */
	uint64_t order; /* from 1; of frames due at the same time */
	int step;       /* whose doing it is; NO_INDEX: the wire's own delay */
	int from;
	struct connection *connection; /* NULL: of none */
	bool twice;
	bool spoilt;    /* its checksum is bad: the other host will not take it */
	uint8_t *frame; /* (owned) */
	size_t len;
	struct packet packet;
};

struct relay {
	struct standing rules[RULES_MAX];
	int n_rules;
	struct armed armed[ARMED_MAX];
	int n_armed;
	uint64_t serial;                /* of the newest rule */
	bool cut[PLAN_HOSTS];           /* by sender */
	int cut_step[PLAN_HOSTS];
	struct later *later;            /* (owned) unsorted; few */
	size_t n_later, room_later;
	uint64_t order;
	size_t settled;                 /* so many of the oldest packets are */
};

/* Apply the rules to what has arrived, and let go what is due. @line: the step that waits for a
 * packet now, NO_INDEX: none; what fits it and is to be delayed, dropped … by it is left to it.
 * Return: 0, or -errno (stage.error). */
int relay_turn(struct engine *engine, int line);

/* When the next delayed frame is due; TIME_NEVER: none is. */
int64_t relay_next_due(const struct engine *engine);

/* A line has taken the oldest packet of the queue: do with it what the line's step says,
 * unless a rule has done it. Return: 0, or -errno. Sets seen->fate and seen->arrived. */
int relay_take(struct engine *engine, int step, struct seen *seen);

/* The oldest packet, which rules may have dealt with as one of connection @from, begins connection @to: so
 * it does what has come behind it. */
void relay_move(struct engine *engine, const struct connection *from, struct connection *to);

/* Lines that change the wire. */
int relay_add_rule(struct engine *engine, int step);
void relay_end_rule(struct engine *engine, int step); /* of the rule */
void relay_cut(struct engine *engine, int step);
void relay_mend(struct engine *engine);
int relay_arm(struct engine *engine, int step);
int relay_release(struct engine *engine, int held);

/* Does the rule of @step, or the cut, still stand? */
bool relay_rule_stands(const struct engine *engine, int step);

void relay_free(struct relay *relay);

#endif
