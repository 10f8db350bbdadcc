/* child: processes that never outlive their parent.
 *
 * A child dies with SIGKILL when its parent does (PR_SET_PDEATHSIG, checked for the race
 * with a parent that is already gone). Waiting is by pidfd, so it fits into poll(). */
#ifndef TCPSCEN_WORLD_CHILD_H
#define TCPSCEN_WORLD_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;  /* 0: none */
	int pidfd;  /* (owned) ready in poll() (POLLIN or POLLHUP) when it has ended; -1: none */
};

#define CHILD_NONE { 0, -1 }

/* fork(); the child runs main(arg) and ends with its return value as status.
 * Return: 0, or -errno. */
int child_start(struct child *child, int (*main)(void *arg), void *arg);

/* SIGKILL, wait, close the pidfd. Return: wait status, or -errno. */
int child_kill(struct child *child);

/* Has it ended? It is not reaped. */
bool child_has_ended(const struct child *child);

/* Reap one whose pidfd is readable. Return: wait status, or -errno. */
int child_reap(struct child *child);

#endif
