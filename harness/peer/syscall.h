/* syscall: the system calls that are told of, and what their arguments point to.
 *
 * Numbers and pointers are the program's own, and may be anything: what cannot be read of its
 * memory is left out. Nothing here knows how that memory is reached.
 */
#ifndef TCPSCEN_PEER_SYSCALL_H
#define TCPSCEN_PEER_SYSCALL_H

#include "peer/program_msg.h"

#include <stddef.h>

enum { SHAPES_MAX = 32 };

/* Where a call's arguments are. */
struct shape {
	int number;             /* of the system call */
	enum syscall_id id;
	bool waits;             /* of many descriptors: told only when asked for */
	signed char address;    /* argument, -1: none */
	signed char data;       /* argument of a buffer, or of its struct iovec or msghdr */
	enum { PLAIN, VECTOR, MESSAGE } layout;
	enum { WRITES, READS } way; /* when there is something to see: before, or after */
};

/* All of them, SHAPES_MAX at most. */
const struct shape *syscall_shapes(size_t *count);

/* Return: NULL for a system call that is not told of. */
const struct shape *syscall_shape(uint64_t number);

/* A program's memory. @read: copy at most @len bytes at @from. Return: how many it were. */
struct memory {
	size_t (*read)(const struct memory *memory, uint64_t from, void *to, size_t len);
	pid_t tid;              /* for @read: whose it is */
};

/* Fill in what the pointers among @call->args point to, if this is the time there is something
 * there: before a call that writes, after one that has read. */
void syscall_look(const struct shape *shape, const struct memory *memory,
		  struct traced_call *call);

#endif
