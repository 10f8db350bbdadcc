/* warden: sees to it that no part of a guest outlives us, even if we are killed.
 *
 * A guest is a session of processes: its kernel, and one for each address space in it, which the
 * kernel traces. The kernel dies with us (PR_SET_PDEATHSIG), but older kernels do not see to
 * their own, and a traced process that loses its tracer goes on: with system calls to the
 * machine's own kernel. So there is a process beside us that does nothing but wait for our end,
 * which is the end of a socket, and then kills the sessions it knows of.
 */
#ifndef TCPSCEN_RUN_WARDEN_H
#define TCPSCEN_RUN_WARDEN_H

#include <sys/types.h>

struct warden {
	pid_t pid;  /* 0: none */
	int line;   /* (owned) what it is told goes in here; a socket */
};

#define WARDEN_NONE { 0, -1 }

/* Return: 0, or -errno. */
int warden_start(struct warden *warden);

/* The session of the calling process, its leader, is to end with us. Return: 0, or -errno. */
int warden_watch(const struct warden *warden);

/* All of that session has been killed. To be said before its leader is reaped, whose id then may
 * be another's. */
void warden_forget(const struct warden *warden, pid_t session);

/* Nothing is to be watched any more. */
void warden_end(struct warden *warden);

#endif
