/* program_msg: what the engine and the keeper of a program say to each other. */
#ifndef TCPSCEN_PEER_PROGRAM_MSG_H
#define TCPSCEN_PEER_PROGRAM_MSG_H

#include "peer/probe_msg.h"
#include "plan/plan.h"

#include <sys/types.h>

enum { PROGRAM_WHAT_LEN = 64, TRACED_DATA_MAX = 64, TRACED_ARGS = 6 };

enum program_news_kind {
	PROGRAM_STARTED, /* it executes */
	PROGRAM_REFUSED, /* it could not be started: @err, @what */
	PROGRAM_CALL,    /* a socket call has begun or returned */
	PROGRAM_EXITED,  /* @status, as of wait(2), and @run_delay */
};

/* A socket call of a traced program, when it begins and when it returns. */
struct traced_call {
	enum syscall_id id;
	uint32_t number;           /* counts the program's calls, from 1 */
	pid_t tid;                 /* as the program itself would know it */
	bool returned;
	int64_t args[TRACED_ARGS];
	int64_t ret;               /* once it has returned */
	int err;                   /* errno when ret is -1 */
	bool has_value;            /* of a socket option: */
	int64_t value;
	struct probe_address address; /* the one given or answered; family 0: none */
	uint32_t data_len;         /* bytes of @data */
	uint8_t data[TRACED_DATA_MAX]; /* the beginning of what is written or was read */
};

struct program_news {
	enum program_news_kind kind;
	int64_t time;              /* ns, CLOCK_REALTIME */
	int err;
	char what[PROGRAM_WHAT_LEN];
	int status;
	int64_t run_delay;         /* ns; 0 in virtual time */
	struct traced_call call;
};

/* The engine's only order. */
struct program_order {
	int signal;
};

#endif
