/* program_view: the programs of a play as the engine sees them.
 *
 * What a program writes is read at once, whether a line asks for it or not: a full pipe
 * would stop it. Of what no line has asked for, the latest OUTPUT_KEPT bytes are kept, of
 * socket calls the first CALLS_KEPT; the record holds the first OUTPUT_RECORDED bytes
 * and CALLS_RECORDED calls. So a program that writes or calls for ever costs bounded memory.
 */
#ifndef TCPSCEN_RUN_PROGRAM_VIEW_H
#define TCPSCEN_RUN_PROGRAM_VIEW_H

#include "base/strbuf.h"
#include "peer/program.h"

#include <poll.h>

struct stage;

enum { OUTPUT_KEPT = 1 << 20, OUTPUT_RECORDED = 64 << 10, CALLS_KEPT = 4096,
       CALLS_RECORDED = 10000, OUTPUT_MARKS = 64 };

/* Output that no line has asked for yet. */
struct output_view {
	struct strbuf unread;
	uint64_t lost;      /* bytes of it that were not kept */
	size_t recorded;
	struct strbuf telling; /* of the record: a line that is not complete yet */
	int64_t telling_since;
	uint64_t serial;    /* of the event that will tell it */
	bool ended;         /* nobody can write any more */
	int64_t ended_at;
	/* up to where it had come by when; beyond OUTPUT_MARKS of them times get coarser */
	struct output_mark {
		size_t end;
		int64_t time;
		uint64_t serial; /* of the event that told it, 0: not recorded */
	} marks[OUTPUT_MARKS];
	size_t n_marks;
};

/* A socket call that has returned, and no line has asked for it yet. */
struct call_view {
	struct traced_call call;
	int64_t time;
	uint64_t serial;
};

struct program_view {
	struct program program;
	int step;           /* of its `run`, NO_INDEX: not started yet */
	bool executes, exited;
	int err;            /* it could not be started: errno, and while doing what */
	char what[PROGRAM_WHAT_LEN];
	int status;         /* of wait(2), once it has exited */
	int64_t started_at, exited_at;
	int64_t run_delay;  /* once it has exited; ns */
	uint64_t exit_serial;
	int signal_step;    /* the last line that sent it a signal; NO_INDEX: none has */
	int64_t signaled_at;

	struct strbuf input;    /* not yet written */
	bool input_ends;    /* to be closed when that is done */
	bool input_refused; /* the program has closed it */

	struct output_view outputs[N_OUTPUTS];
	struct call_view *calls; /* (owned) */
	size_t n_calls, calls_room, calls_recorded;
	bool calls_lost;
	char last_calls[96];     /* the names of the latest, for a failure's notes */
};

void programs_init(struct stage *stage);
void programs_close(struct stage *stage);

/* Start a program for the line @step. What came of it is news, see programs_collect().
 * Return: 0, or -errno with the reason in stage->error. */
int programs_start(struct stage *stage, int program, int step);

/* Take what has come, and write what is to be written. Output and socket calls count only
 * while stage->programs_wanted is set: what no line waits for must not wake it.
 * Return: how many things, or -errno with stage->error. */
int programs_collect(struct stage *stage);

/* What to wait for. Return: how many of @fds (3 for each program and one more) are filled in. */
nfds_t programs_poll(const struct stage *stage, struct pollfd *fds);
enum { PROGRAM_FDS = 1 + 1 + N_OUTPUTS };

/* Give a program's input some text, or (@data NULL) its end. */
void programs_write(struct stage *stage, int program, const void *data, size_t len);

/* Put on record what has come and is no whole line yet. */
void programs_tell(struct stage *stage, int program);

/* Take the first @len bytes of what it has written. */
void output_take(struct output_view *view, size_t len);

/* The mark of the byte before @len. */
const struct output_mark *output_mark(const struct output_view *view, size_t len);

/* Forget the first @n calls. */
void calls_take(struct program_view *view, size_t n);

#endif
