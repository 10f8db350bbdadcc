/* probe_msg: what the engine and a probe say to each other. */
#ifndef TCPSCEN_PEER_PROBE_MSG_H
#define TCPSCEN_PEER_PROBE_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROBE_DATA_MAX = 64 << 10 }; /* bytes of payload that travel in one message */

enum probe_reply_kind {
	PROBE_ENTERED, /* the caller is about to make the call */
	PROBE_DONE,    /* it has returned */
};

/* An IP address and port as getsockname(2) gave it. */
struct probe_address {
	uint8_t family; /* 0: none, 4, 6 (mapped addresses are given as 4) */
	uint8_t bytes[16];
	uint16_t port;
};

struct probe_reply {
	enum probe_reply_kind kind;
	int step;                  /* which call */
	int64_t ret;               /* as the call returned it */
	int err;                   /* errno when ret is -1 */
	bool sigpipe;              /* SIGPIPE was raised */
	int64_t started, returned; /* ns, CLOCK_REALTIME */
	int64_t prepared;          /* of PROBE_ENTERED: how long the caller took to get ready, less what
	                              others have taken of that; ns */
	int64_t run_delay;         /* of that time, how long the caller was ready to run, and had no
	                              processor; ns, 0 in virtual time */
	int64_t value;             /* getsockopt, ioctl, fcntl, poll: what it gave (revents) */
	uint64_t inode;            /* of the socket acted on, 0: none */
	struct probe_address local, remote; /* of the socket acted on, as far as known */
	struct probe_address answer; /* getsockname, getpeername */
	/* recvmsg MSG_ERRQUEUE: ee_errno, 0: none; ee_type and ee_code, -1: not from ICMP */
	int queued_errno;
	int icmp_type, icmp_code;
	const uint8_t *data;       /* bytes read, at most PROBE_DATA_MAX of them */
	size_t data_len;
};

#endif
