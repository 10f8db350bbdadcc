/* probe: socket calls in a kernel host, made by real callers.
 *
 * The probe of a host is one child process in the host's network namespace; each
 * caller is a thread of it with a socketpair to the engine: a request goes in, the
 * call is made, a reply comes out. A call may block for as long as it likes; only
 * its own caller waits. SIGPIPE is blocked and collected after each call
 * with sigtimedwait(2): the signal goes to the thread that wrote.
 *
 * Descriptors: socket slot i of the plan is descriptor PROBE_FD_BASE+i and
 * is never used again, so that a call on a closed socket gets the kernel's true EBADF.
 */
#ifndef TCPSCEN_PEER_PROBE_H
#define TCPSCEN_PEER_PROBE_H

#include "peer/probe_msg.h"
#include "plan/plan.h"
#include "world/child.h"
#include "world/world.h"

enum { PROBE_FD_BASE = 512, PROBE_ERROR_LEN = 256 };

struct probe {
	struct child child;
	int host;
	int fds[PLAN_CALLERS_MAX]; /* (owned) the engine's end for each caller of the plan, -1: not this host's */
};

/* Start the probe of kernel host @host.
 * Return: 0, or -errno with the reason in @error. */
int probe_start(struct probe *probe, const struct plan *plan, const struct world *world, int host,
		char error[PROBE_ERROR_LEN]);
void probe_stop(struct probe *probe); /* kills it */

/* Ask a caller to make a call. Never blocks.
 * Return: 0, or -errno (-EPIPE: the probe is gone). */
int probe_call(struct probe *probe, const struct plan *plan, const struct plan_call *call, int step);

/* Take a reply of @caller, without waiting.
 * @reply: its data points into @probe's memory until the next call
 * Return: 1 with @reply; 0 when there is none; -EPIPE when the probe is gone. */
int probe_reply(struct probe *probe, int caller, struct probe_reply *reply);

/* Is the caller asleep in the kernel (a blocked call), by /proc/PID/task/TID/stat? */
bool probe_asleep(const struct probe *probe, int caller);

#endif
