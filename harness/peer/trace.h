/* trace: the socket calls of a program, by ptrace(2).
 *
 * A seccomp filter in the program stops it at socket calls only (SECCOMP_RET_TRACE), so
 * everything else runs at full speed; threads and children are followed. Calls on
 * descriptors that are no TCP sockets are passed over: which sockets are TCP is
 * known from socket(2) and accept(2), by inode, so that duplicates and
 * inherited descriptors are recognized. A call is told twice: when it begins and when it
 * returns; one that the kernel restarts after a signal is the same call.
 *
 * All functions but trace_filter() belong to the one thread that traces.
 */
#ifndef TCPSCEN_PEER_TRACE_H
#define TCPSCEN_PEER_TRACE_H

#include "peer/program_msg.h"

struct tracer;

/* Told of each call, at once: the program stands still meanwhile. */
typedef void trace_sink(void *context, const struct traced_call *call);

/* Install the filter in the calling process, which is to become the program.
 * @waits: stop at poll, select and epoll_wait, too
 * Return: 0, or -errno. */
int trace_filter(bool waits);

/* Return: NULL when memory is out. */
struct tracer *trace_new(trace_sink *sink, void *context);

/* Follow @pid, a child that has not executed yet. Return: 0, or -errno. */
int trace_follow(pid_t pid);

/* @tid has stopped with @status (of waitpid(2) with __WALL): tell what is to be told, and let it
 * go on. */
void trace_stopped(struct tracer *tracer, pid_t tid, int status);

/* @tid has ended. */
void trace_ended(struct tracer *tracer, pid_t tid);

#endif
