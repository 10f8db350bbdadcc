/* suite: many variants, each once or many times, several at a time, played by processes that do nothing
 * else (run/player).
 *
 * A player first sets a variant's stage, which is mostly waiting for the kernel's grace
 * periods, then plays when a place is free. So that places do not stand empty, a few
 * variants more than play are having their stages set ahead of time. A variant's end is the
 * last event of its record; its world is torn down while others play, and then its player takes
 * another one.
 */
#ifndef TCPSCEN_RUN_SUITE_H
#define TCPSCEN_RUN_SUITE_H

#include "run/engine.h"

/* One play of a variant. There are no more of them at a time than are needed. */
struct suite_job {
	const struct plan *plan;
	size_t variant;       /* its number among the plans */
	int round;            /* for the how-manieth time it is played, from 1 */
	struct record record; /* (owned) complete when finished() is told of it */
	int64_t wall;         /* ns on our clock, if the record's time is virtual, else 0 */
	struct suite_job *next;  /* of a list in run/bill; */
	struct suite_job *older; /* of all that it has made */
};

struct suite_options {
	int jobs;             /* variants that play at the same time, at least 1 */
	bool stop;            /* start nothing more after the first that fails */
	int rounds;           /* how often each variant is played; 0: once */
	int replays;          /* how often a variant is played again that ended with an error because
	                         the machine was too busy */
	int64_t timeout;      /* ns for one variant's play; 0: reckoned from its plan */
	int64_t stage_timeout; /* ns for setting its stage; 0: a minute, as a busy kernel may take */
	/* Plays a plan in a player's process: engine_play(), but in tests of the suite. */
	int (*play)(const struct plan *plan, const struct engine_pipes *pipes);
};

/* Who wants to know. */
struct suite_watch {
	void *context;
	/* A play has passed: is that so? It may be made a failure. NULL: it is. */
	void (*passed)(void *context, struct suite_job *job);
	/* A play has ended (in any order). Those never started, after `stop`, are not told. The
	 * record is freed afterwards: whoever wants to keep it takes it with record_take().
	 * Return: false: go no further; those under way are ended and not told either. */
	bool (*finished)(void *context, struct suite_job *job);
	/* Every now and then. @left: ns, estimated, negative if unknown */
	void (*progress)(void *context, int running, int64_t elapsed, int64_t left);
};

/* Play all @plans, in rounds: all of them once, then again. Variants whose plan says skip are not
 * played: their record holds the reason. Those that are not started for want of descriptors or
 * processes wait for others to end.
 * Return: 0, or -errno when none could be started while none was under way. */
int suite_run(const struct plan *const *plans, size_t count, const struct suite_options *options,
	      const struct suite_watch *watch);

#endif
