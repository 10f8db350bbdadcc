/* run_delay: how long a process has been ready to run, and had no processor. */
#ifndef TCPSCEN_PEER_RUN_DELAY_H
#define TCPSCEN_PEER_RUN_DELAY_H

#include <stdint.h>
#include <sys/types.h>

/* That of process @pid, and of all threads that descend from it and still exist the longest: threads
 * that keep one another waiting have not waited for longer than one of them
 * (/proc/PID/task/TID/schedstat, the kernel's sched_info.run_delay).
 * Return: ns; 0 where the kernel does not tell. Of very many threads, some are left out. */
int64_t run_delay(pid_t pid);

#endif
