/* probe: socket calls in a kernel host, made by real callers.
 *
 * The probe of a host is one child process; each caller is a thread of it, in the host's network
 * namespace, with a socketpair to the engine: a request goes in, the call is made, a reply comes
 * out. The process is sent from one world to the next: to make one costs as much as all its calls.
 * A call may block for as long as it likes; only its own caller waits. SIGPIPE is blocked and
 * collected after each call with sigtimedwait(2): the signal goes to the thread that wrote.
 *
 * Descriptors: socket slot i of the plan is descriptor PROBE_FD_BASE+i and is never used again in
 * that world, so that a call on a closed socket gets the kernel's true EBADF.
 */
#ifndef TCPSCEN_PEER_PROBE_H
#define TCPSCEN_PEER_PROBE_H

#include "peer/probe_msg.h"
#include "plan/plan.h"
#include "world/child.h"
#include "world/world.h"

enum { PROBE_FD_BASE = 512, PROBE_ERROR_LEN = 256 };

struct probe {
	struct child child;             /* none, if there were no callers yet */
	int n;                          /* callers it has */
	int ends[PLAN_CALLERS_MAX];     /* (owned) the engine's end for each of them, else -1 */
	uint8_t *data;                  /* (owned) PROBE_DATA_MAX bytes of the latest reply */
	bool leaving[PLAN_CALLERS_MAX]; /* that caller was told to leave, and has not answered yet */
	/* where it is now */
	int host;
	bool visiting;                  /* it is in a world */
	int fds[PLAN_CALLERS_MAX];      /* the engine's end for each caller of the plan, -1: not this
	                                   host's */
	pid_t tids[PLAN_CALLERS_MAX];   /* the callers' threads */
	bool entered[PLAN_CALLERS_MAX]; /* a PROBE_ENTERED was taken, PROBE_DONE not yet */
};

void probe_init(struct probe *probe);

/* Send the probe to kernel host @host; it gets ready for calls while this returns. There is a process
 * afterwards, if the plan has callers of that host.
 * Return: 0, or -errno with the reason in @error. */
int probe_start(struct probe *probe, const struct plan *plan, const struct world_home *home,
		const struct world *world, int host, char error[PROBE_ERROR_LEN]);

/* Wait until a started probe is ready for calls.
 * Return: 0, or -errno with the reason in @error. */
int probe_await(struct probe *probe, char error[PROBE_ERROR_LEN]);

/* Have it close its sockets and go home, while this returns. No caller may be making a call, and no
 * socket may linger. */
void probe_leave(struct probe *probe);

void probe_stop(struct probe *probe); /* kills it */

/* Ask a caller to make a call. Never blocks. @call may be made up by the engine. Each call is
 * answered by one PROBE_ENTERED (which has the socket's inode and addresses, if these were not all
 * told before) and one PROBE_DONE.
 * Return: 0, or -errno (-EPIPE: the probe is gone). */
int probe_call(struct probe *probe, const struct plan *plan, const struct plan_call *call,
	       int step);

/* Take a reply of @caller, without waiting.
 * @reply: its data points into @probe's memory until the next call
 * Return: 1 with @reply; 0 when there is none; -EPIPE when the probe is gone. */
int probe_reply(struct probe *probe, int caller, struct probe_reply *reply);

/* What a caller's thread is doing, by /proc/PID/task/TID/stat (proc(5)): 'R', 'S', 'D', 'T' …
 * Return: '\0' when there is no such thread. */
char probe_state(const struct probe *probe, int caller);

/* Is the probe that is in a world stopped, by a signal or a debugger? What it does not do then is not
 * the kernel's fault. */
bool probe_stopped(const struct probe *probe);

/* Has the probe that is in a world died, or is it about to? What its sockets do now is not the scenario's doing. */
bool probe_dying(const struct probe *probe);

/* Is the caller asleep in the kernel (a blocked call)?
 * False until its PROBE_ENTERED was taken. It may also sleep because its reply is already
 * waiting to be taken. */
bool probe_asleep(const struct probe *probe, int caller);

#endif
