/* run_delay: how long a process has been ready to run, and had no processor. */
#ifndef TCPSCEN_PEER_RUN_DELAY_H
#define TCPSCEN_PEER_RUN_DELAY_H

#include <stdint.h>
#include <sys/types.h>

/* That of process @pid, and of all threads that descend from it and still exist the longest: threads
 * that keep one another waiting have not waited for longer than one of them
 * (/proc/PID/task/TID/schedstat, the kernel's sched_info.run_delay). A wait that is not over does not
 * count yet.
 * Return: ns; 0 where the kernel does not tell, or /proc is that of another PID namespace, in which
 * @pid is somebody else. Of very many threads, some are left out. */
int64_t run_delay(pid_t pid);

/* That of the thread that asks, as a file that is kept open: it asks often. */
struct run_delay {
	int fd; /* (owned, until the process ends) -1: none */
};

#define RUN_DELAY_NONE { -1 }

void run_delay_open(struct run_delay *delay);

/* Return: ns; 0 where it is not open. */
int64_t run_delay_own(const struct run_delay *delay);

#endif
