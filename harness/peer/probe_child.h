/* probe_child: the probe's own side: its process and threads.
 *
 * The process outlives the worlds it is sent to: it makes calls in one after the other. So it
 * has nothing of a plan, nor of a world; a request says all there is to know.
 */
#ifndef TCPSCEN_PEER_PROBE_CHILD_H
#define TCPSCEN_PEER_PROBE_CHILD_H

#include "peer/probe_msg.h"
#include "plan/plan.h"

#include <sys/types.h>

/* What a probe process is told at its start. */
struct probe_scene {
	int n;                      /* callers */
	int home;                   /* fd of the namespace to be in between two worlds */
	int ends[PLAN_CALLERS_MAX]; /* the callers' own; all other descriptors above 2 are closed */
};

enum probe_request_kind {
	PROBE_VISIT, /* go to the namespace whose fd comes along */
	PROBE_CALL,  /* make the call; its data come behind the request, or as a file: an fd */
	PROBE_LEAVE, /* close all sockets and go home */
};

/* The answer to a visit, and to a leave. */
struct probe_hello {
	pid_t tid;
	int err; /* 0, or why the caller cannot be there */
};

struct probe_request {
	enum probe_request_kind kind;
	int step;
	enum ip_version ip;      /* PROBE_VISIT: of the plan */
	bool in_real_time;       /* PROBE_VISIT */
	struct plan_call call;   /* its data's address means nothing, unless it is NULL */
};

/* The main function of the process; @arg is the struct probe_scene. Ends with the engine. */
int probe_main(void *arg);

#endif
