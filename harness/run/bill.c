/* bill: see bill.h. */
#include "run/bill.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct ordering {
	const struct suite_job *jobs;
	bill_cost *cost;
};

static int costliest_first(const void *left, const void *right, void *context)
{
	const struct ordering *ordering = context;
	size_t a = *(const size_t *)left, b = *(const size_t *)right;
	int64_t cost_a = ordering->cost(ordering->jobs[a].plan);
	int64_t cost_b = ordering->cost(ordering->jobs[b].plan);

	if (cost_a != cost_b)
		return cost_a < cost_b ? 1 : -1;
	return a < b ? -1 : a > b;
}

int bill_open(struct bill *bill, struct suite_job *jobs, size_t count,
	      const struct suite_options *options, const struct suite_watch *watch,
	      bill_cost *cost)
{
	struct ordering ordering = { jobs, cost };

	*bill = (struct bill){
		.jobs = jobs, .count = count, .options = options, .watch = watch,
		.cost = cost, .began = clock_mono_ns(),
		.order = calloc(count + 1, sizeof(*bill->order)),
		.again = calloc(count + 1, sizeof(*bill->again)),
	};
	if (!bill->order || !bill->again)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		bill->order[i] = i;
		bill->work += cost(jobs[i].plan);
	}
	qsort_r(bill->order, count, sizeof(*bill->order), costliest_first, &ordering);
	return 0;
}

void bill_free(struct bill *bill)
{
	free(bill->order);
	free(bill->again);
	bill->order = bill->again = NULL;
}

/* The costliest of those that are to be played again, its place in @again. There is one. */
static size_t costliest_again(const struct bill *bill)
{
	size_t costliest = 0;

	for (size_t i = 1; i < bill->n_again; i++)
		if (bill->cost(bill->jobs[bill->again[i]].plan) >
		    bill->cost(bill->jobs[bill->again[costliest]].plan))
			costliest = i;
	return costliest;
}

/* Is it the turn of one that was played before? Only before what is cheaper: the machine was too busy for it
 * among those as costly as itself, and may have time for it after them. */
static bool is_turn_of_again(const struct bill *bill)
{
	const struct suite_job *next, *again;

	if (!bill->n_again || bill->started == bill->count)
		return bill->n_again > 0;
	next = &bill->jobs[bill->order[bill->started]];
	again = &bill->jobs[bill->again[costliest_again(bill)]];
	return bill->cost(again->plan) > bill->cost(next->plan);
}

static struct suite_job *take_again(struct bill *bill)
{
	const size_t place = costliest_again(bill), job = bill->again[place];

	bill->again[place] = bill->again[--bill->n_again];
	return &bill->jobs[job];
}

static struct suite_job *choose(struct bill *bill)
{
	while (!bill->stopping) {
		struct suite_job *job;

		if (is_turn_of_again(bill))
			return take_again(bill);
		if (bill->started == bill->count)
			return NULL;
		job = &bill->jobs[bill->order[bill->started++]];
		if (!job->plan->skip)
			return job;
		bill_end_record(job, VERDICT_SKIPPED, job->plan->skip, clock_real_ns());
		bill_finish(bill, job);
	}
	return NULL;
}

struct suite_job *bill_next(struct bill *bill)
{
	if (!bill->next && !bill->stopping)
		bill->next = choose(bill);
	return bill->stopping ? NULL : bill->next;
}

void bill_start(struct bill *bill)
{
	bill->next = NULL;
}

/* The machine was too busy to tell what the kernel does: forget what it seemed to do. */
static bool play_again(struct bill *bill, struct suite_job *job)
{
	const int before = job->record.played_before;

	if (!job->record.too_busy || before >= bill->options->replays || bill->stopping)
		return false;
	record_free(&job->record);
	job->record.played_before = before + 1;
	bill->again[bill->n_again++] = (size_t)(job - bill->jobs);
	return true;
}

void bill_finish(struct bill *bill, struct suite_job *job)
{
	enum verdict verdict;

	if (bill->aborted || play_again(bill, job))
		return;
	if (job->record.verdict == VERDICT_PASSED && bill->watch->passed)
		bill->watch->passed(bill->watch->context, (size_t)(job - bill->jobs));
	verdict = job->record.verdict;
	bill->finished++;
	bill->work_done += bill->cost(job->plan);
	if (bill->options->stop && verdict != VERDICT_PASSED && verdict != VERDICT_SKIPPED)
		bill->stopping = true;
	if (!bill->watch->finished(bill->watch->context, (size_t)(job - bill->jobs)))
		bill->stopping = bill->aborted = true;
}

void bill_end_record(struct suite_job *job, enum verdict verdict, const char *why, int64_t time)
{
	struct event event = {
		.kind = EVENT_END, .step = NO_INDEX, .time = time,
		.blob_len = (uint32_t)strlen(why), .u.end = { .verdict = verdict },
	};

	if (!job->record.begin)
		job->record.begin = event.time;
	record_add(&job->record, &event, why);
}

static int64_t estimate_left(const struct bill *bill, int64_t elapsed)
{
	if (bill->finished == 0)
		return -1;

	double share = bill->work > 0 ? (double)bill->work_done / (double)bill->work
				      : (double)bill->finished / (double)bill->count;

	return share > 0.01 ? (int64_t)((double)elapsed * (1 - share) / share) : -1;
}

void bill_progress(const struct bill *bill, int running)
{
	int64_t elapsed = clock_mono_ns() - bill->began;

	if (bill->watch->progress)
		bill->watch->progress(bill->watch->context, running, elapsed,
				      estimate_left(bill, elapsed));
}
