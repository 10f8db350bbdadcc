/* bill: what a suite is to play, in which order, and how far it has got.
 *
 * Variants are played in rounds, all of them once and then again: what becomes rarer or more frequent
 * with time does so for all of them. A round does not wait for the one before to end. A job
 * is made when its turn has come, and used anew once it is over, so that there are about as many as
 * play, however many rounds there are.
 *
 * The bookkeeping that does not depend on where the variants are played: in processes on this
 * kernel (run/suite) or in guest kernels (run/guests). Nothing here waits.
 */
#ifndef TCPSCEN_RUN_BILL_H
#define TCPSCEN_RUN_BILL_H

#include "run/suite.h"

/* How long a variant keeps its place, in any unit. */
typedef int64_t bill_cost(const struct plan *plan);

struct bill {
	const struct plan *const *plans;
	size_t count;       /* variants */
	size_t plays;       /* of all rounds */
	const struct suite_options *options;
	const struct suite_watch *watch;
	bill_cost *cost;
	size_t *order;      /* (owned) variants in the order they start in, in each round */
	size_t started;     /* plays; those skipped too */
	struct suite_job *again; /* jobs to be played again, the next one first */
	struct suite_job *next; /* has been chosen, but not started yet */
	struct suite_job *idle; /* nobody's */
	struct suite_job *newest; /* (owned) and by `older` all that were made */
	size_t finished;    /* plays */
	bool stopping;      /* start nothing more, */
	bool aborted;       /* and end what is under way */
	int64_t began;      /* CLOCK_MONOTONIC */
	double work, work_done; /* costs */
};

/* All variants, in each round the costliest first: it must not be left alone at the end.
 * Return: 0 or -ENOMEM. Free it in both cases. */
int bill_open(struct bill *bill, const struct plan *const *plans, size_t count,
	      const struct suite_options *options, const struct suite_watch *watch,
	      bill_cost *cost);
void bill_free(struct bill *bill);

/* The job that starts next; NULL: there is none, or nothing may start any more. What needs no
 * stage is skipped on the way. It stays the next until bill_start(). */
struct suite_job *bill_next(struct bill *bill);
void bill_start(struct bill *bill);

/* A job's record is complete. If it says that the machine was too busy, the job may become one that
 * is still to be started; else it is the caller's no more. */
void bill_finish(struct bill *bill, struct suite_job *job);

/* End a record that its engine did not end. @time: when, on the clock of where it was played */
void bill_end_record(struct suite_job *job, enum verdict verdict, const char *why, int64_t time);

/* Tell who watches. @running: variants that play */
void bill_progress(const struct bill *bill, int running);

#endif
