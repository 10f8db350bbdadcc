/* stage: everything that is open while a plan is played, and the one place that waits.
 *
 * A stage holds the world, the capture and the sender of its wire, and for each
 * kernel host a socket-diagnosis channel and its counters; a probe is sent there for as long as it is set. stage_wait() is the only
 * function of the engine that blocks: in ppoll(), on those descriptors and a deadline.
 * What arrives is sorted there: frames of the kernel hosts go to a queue, frames
 * we sent ourselves are recognized by their bytes and get their timestamps, replies of the
 * probes go to their callers.
 */
#ifndef TCPSCEN_RUN_STAGE_H
#define TCPSCEN_RUN_STAGE_H

#include "base/strbuf.h"
#include "peer/probe.h"
#include "peer/snmp.h"
#include "peer/sockdiag.h"
#include "run/kept.h"
#include "run/program_view.h"
#include "run/record.h"
#include "run/seen.h"
#include "wire/capture.h"
#include "wire/craft.h"
#include "world/world.h"

enum { STAGE_ERROR_LEN = 1024 };

/* One kernel host's end of the wire. */
struct port {
	struct capture *capture;   /* (owned) NULL: a crafted host has none */
	struct sender *sender;     /* (owned) */
	struct seen_queue unseen;  /* sent by us, not yet seen in the capture (not decoded) */
	struct seen *last_sent;    /* (owned) ours, seen last; NULL: none yet */
	int64_t passed;            /* when the last frame that we passed on was seen */
};


/* What a caller of the plan is doing. */
struct caller {
	int step;            /* of the call it was given last, NO_INDEX: none yet */
	int64_t given;       /* when that was */
	bool running;
	bool entered;        /* it has said that it makes the call now */
	bool unclaimed;      /* it has returned, and no line has taken the result yet */
	struct probe_reply reply;
	uint8_t *data;       /* (owned) the reply's payload */
};

/* What is known of a socket of the plan. */
struct socket_view {
	uint64_t inode;
	struct probe_address local, remote;
};

/* What stays from one stage to the next. */
struct stage_home {
	struct world_home world;
	struct probe probes[PLAN_HOSTS];
};

struct stage {
	struct stage_home *home;
	const struct plan *plan;
	bool set;                  /* all of it is open */
	struct world world;
	struct port ports[PLAN_HOSTS];
	struct crafter *crafter;   /* (owned) */
	struct sockdiag *diags[PLAN_HOSTS]; /* (owned) */
	struct snmp *counters[PLAN_HOSTS];  /* (owned) NULL: no line asks for any */

	struct seen_queue arrived; /* from the kernel hosts, not yet spoken of, by time */
	struct caller callers[PLAN_CALLERS_MAX];
	struct socket_view sockets[PLAN_SOCKETS_MAX];

	struct program_view programs[PLAN_PROGRAMS_MAX];
	bool programs_wanted;      /* a line waits for what they write or call */
	uint64_t serial;           /* of the latest EVENT_PROGRAM */

	struct kept kept;          /* how late we were */
	int64_t work_due;          /* during a wait: when there is something to do without any news */
	int64_t earliest;          /* of what was collected since we woke up; 0: nothing */
	int64_t slept;             /* when we last went to sleep, and nothing was there */
	int64_t awake, awake_cpu;  /* when we did, CLOCK_REALTIME and by our own processor
	                              time */

	int events;                /* where the record goes; non-blocking, if that can hold us up */
	struct strbuf out;         /* events not yet written to it, but for the first */
	size_t out_done;           /* bytes */
	uint32_t unrecorded_size; /* of an event too long for the record; 0: none since the last flush */
	char error[STAGE_ERROR_LEN]; /* why a function returned < 0 */
};

/* Build the world of @plan and open everything in it. @stage: filled with zeros
 * Return: 0, or -errno with the reason in stage->error. Close it in both cases. */
int stage_open(struct stage *stage, const struct plan *plan, struct stage_home *home, int events);
void stage_close(struct stage *stage);
void stage_home_init(struct stage_home *home);

/* Something went wrong: put it into stage->error. Return: @rc */
int stage_fail(struct stage *stage, int rc, const char *what, const char *why);

/* The play begins: from @now on it counts when we run. */
void stage_begin(struct stage *stage, int64_t now);

/* Reckon how late we are up to now: for whoever wants to know before the next wait. */
void stage_account(struct stage *stage);

/* Take what has arrived, without waiting. Return: how many things, or -errno. */
int stage_collect(struct stage *stage);

/* The same, of the wire at kernel host @host alone. */
int stage_collect_port(struct stage *stage, int host);

/* Wait until something arrives, or for @deadline (ns, CLOCK_REALTIME).
 * Return: > 0 something arrived; 0 the deadline has passed; -errno. */
int stage_wait(struct stage *stage, int64_t deadline);

/* Put a frame on the wire in the name of host @from and wait for its timestamp.
 * Return: 0 (see stage_last_sent); -errno. */
int stage_send(struct stage *stage, int from, const uint8_t *frame, size_t len);

/* What stage_send() has sent in the name of @from last, with its timestamp. */
const struct seen *stage_last_sent(const struct stage *stage, int from);

/* The same without waiting: the timestamp is not wanted. */
int stage_pass(struct stage *stage, int from, const uint8_t *frame, size_t len);

/* The @index-th oldest frame nobody has spoken of; NULL: there are not so many. */
struct seen *stage_arrived(struct stage *stage, size_t index);

/* Drop the oldest. */
void stage_arrived_done(struct stage *stage);

/* Frames that a capture had no room for. */
int64_t stage_lost(const struct stage *stage);

/* Has a probe died, or does it stand still? Then the reason is in stage->error: what looks like
 * the kernel's doing, a FIN say, may be the death of its sockets, and what looks like a call that
 * does not return may be a caller that never made it. */
bool stage_probe_lost(struct stage *stage);

/* Make a call. Return: 0, -EPIPE when the probe is gone. */
int stage_call(struct stage *stage, const struct plan_call *call, int step);

/* Add to the record; written out before the stage waits, as far as the suite keeps up with it. What
 * the suite does meanwhile must not hold up the wire. */
void stage_emit(struct stage *stage, const struct event *event, const void *blob);

/* Write out all of it, however long that takes. Return: 0 or -errno. */
int stage_flush(struct stage *stage);

/* The socket of @host with these ports on the wire, by sock_diag. See sockdiag_find(). */
int stage_connection(struct stage *stage, int host, const uint16_t port[PLAN_HOSTS],
		     struct sock_info *info);

/* End that socket at once, if it is there: see sockdiag_abort(). */
void stage_abort(struct stage *stage, int host, const uint16_t port[PLAN_HOSTS]);

/* The socket in slot @socket of the plan. Return: 1, 0, -errno. */
int stage_socket(struct stage *stage, int socket, struct sock_info *info);

/* Does somebody of @host listen on @port? Return: 1, 0, -errno. */
int stage_listens(struct stage *stage, int host, uint16_t port);

/* Addresses for frames from one host to the other. */
struct route stage_route(const struct stage *stage, int from);

#endif
