/* probe_calls: each call of the language as the system calls it stands for.
 *
 * A call has two parts: what it takes to make it (a socket for a connect that makes one, a
 * buffer of filler), and the system call itself, which may block. The table in probe_calls.c
 * holds both for each enum call_id.
 *
 * Socket options of more than one number: SO_LINGER is onoff << 32 | seconds; a timeout is read
 * as milliseconds, and set by the bytes of its struct timeval. A count below 0 means 65536
 * bytes to read.
 */
#ifndef TCPSCEN_PEER_PROBE_CALLS_H
#define TCPSCEN_PEER_PROBE_CALLS_H

#include "peer/probe_msg.h"
#include "plan/plan.h"

/* What a caller has of its own. */
struct probe_caller {
	enum ip_version ip;
	uint8_t *buffer; /* (owned) NULL until needed */
	size_t room;
	bool known[PLAN_SOCKETS_MAX]; /* of this socket all has been told: inode and addresses */
};

/* One call on its way. */
struct probe_action {
	struct probe_caller *caller;
	const struct plan_call *call;
	struct probe_reply *reply; /* value, data, answer and the queued error go here */
	int fd;                    /* the socket acted on; after accept: the new one */
	const uint8_t *bytes;      /* to be written */
	size_t len;                /* of bytes to write, or room to read into */
	int file;                  /* (owned) sendfile's source, -1: none */
};

/* Set @action->fd and prepare. Return: 0, or -1 with errno of what failed. */
int64_t probe_prepare(struct probe_action *action);

/* The system call. Return: as it returned; -1 with errno. */
int64_t probe_make(struct probe_action *action);

#endif
