/* probe_child: the probe's own side: its process and threads.
 *
 * The process is forked from the engine after the plan was made, so it has the plan, and
 * a request's pointers (the payload of a write) mean the same in both.
 */
#ifndef TCPSCEN_PEER_PROBE_CHILD_H
#define TCPSCEN_PEER_PROBE_CHILD_H

#include "plan/plan.h"
#include "world/world.h"

#include <sys/types.h>

/* What a probe process is told at its start. */
struct probe_scene {
	const struct plan *plan;
	struct world world;
	int host;
	int engine_ends[PLAN_CALLERS_MAX]; /* to be closed, -1: not this host's */
	int ends[PLAN_CALLERS_MAX];        /* the probe's own */
};

/* The first message of each caller. */
struct probe_hello {
	pid_t tid;
	int err; /* 0, or why the probe cannot work */
};

struct probe_request {
	int step;
	struct plan_call call;
};

/* The main function of the process; @arg is the struct probe_scene. Ends with the engine. */
int probe_main(void *arg);

#endif
