/* bill: see bill.h. */
#include "run/bill.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct ordering {
	const struct plan *const *plans;
	bill_cost *cost;
};

static int costliest_first(const void *left, const void *right, void *context)
{
	const struct ordering *ordering = context;
	size_t a = *(const size_t *)left, b = *(const size_t *)right;
	int64_t cost_a = ordering->cost(ordering->plans[a]);
	int64_t cost_b = ordering->cost(ordering->plans[b]);

	if (cost_a != cost_b)
		return cost_a < cost_b ? 1 : -1;
	return a < b ? -1 : a > b;
}

static int rounds(const struct suite_options *options)
{
	return options->rounds ? options->rounds : 1;
}

int bill_open(struct bill *bill, const struct plan *const *plans, size_t count,
	      const struct suite_options *options, const struct suite_watch *watch,
	      bill_cost *cost)
{
	struct ordering ordering = { plans, cost };

	*bill = (struct bill){
		.plans = plans, .count = count, .plays = count * (size_t)rounds(options),
		.options = options, .watch = watch, .cost = cost, .began = clock_mono_ns(),
		.order = calloc(count + 1, sizeof(*bill->order)),
	};
	if (!bill->order)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		bill->order[i] = i;
		bill->work += (double)cost(plans[i]) * rounds(options);
	}
	qsort_r(bill->order, count, sizeof(*bill->order), costliest_first, &ordering);
	return 0;
}

void bill_free(struct bill *bill)
{
	while (bill->newest) {
		struct suite_job *job = bill->newest;

		bill->newest = job->older;
		record_free(&job->record);
		free(job);
	}
	free(bill->order);
	bill->order = NULL;
}

/* ---- jobs ---- */

static struct suite_job *idle_job(struct bill *bill)
{
	struct suite_job *job = bill->idle;

	if (job) {
		bill->idle = job->next;
		return job;
	}
	job = malloc(sizeof(*job));
	if (!job)
		abort(); /* out of memory: as everywhere */
	job->older = bill->newest;
	bill->newest = job;
	return job;
}

/* The next play of all, which has not been started yet. There is one. */
static size_t next_variant(const struct bill *bill)
{
	return bill->order[bill->started % bill->count];
}

static int next_round(const struct bill *bill)
{
	return (int)(bill->started / bill->count) + 1;
}

static struct suite_job *make_job(struct bill *bill)
{
	struct suite_job *job = idle_job(bill);

	job->variant = next_variant(bill);
	job->plan = bill->plans[job->variant];
	job->round = next_round(bill);
	job->next = NULL;
	job->wall = 0;
	record_init(&job->record);
	job->record.round = rounds(bill->options) > 1 ? job->round : 0;
	bill->started++;
	return job;
}

static void retire(struct bill *bill, struct suite_job *job)
{
	record_free(&job->record);
	job->next = bill->idle;
	bill->idle = job;
}

/* ---- what is played next ---- */

/* Of two that are to be played again: the earlier round, then what costs more, then who was first. */
static bool goes_before(const struct bill *bill, const struct suite_job *one,
			const struct suite_job *other)
{
	if (one->round != other->round)
		return one->round < other->round;
	return bill->cost(one->plan) > bill->cost(other->plan);
}

static void put_again(struct bill *bill, struct suite_job *job)
{
	struct suite_job **place = &bill->again;

	while (*place && !goes_before(bill, job, *place))
		place = &(*place)->next;
	job->next = *place;
	*place = job;
}

/* Is it the turn of one that was played before? Only before what is cheaper: the machine was too busy for it
 * among those as costly as itself, and may have time for it after them. And before a further round,
 * so that there are never many. */
static bool is_turn_of_again(const struct bill *bill)
{
	const struct suite_job *again = bill->again;

	if (!again || bill->started == bill->plays)
		return again != NULL;
	return again->round < next_round(bill) ||
	       bill->cost(again->plan) > bill->cost(bill->plans[next_variant(bill)]);
}

static struct suite_job *take_again(struct bill *bill)
{
	struct suite_job *job = bill->again;

	bill->again = job->next;
	return job;
}

static struct suite_job *choose(struct bill *bill)
{
	while (!bill->stopping) {
		struct suite_job *job;

		if (is_turn_of_again(bill))
			return take_again(bill);
		if (bill->started == bill->plays)
			return NULL;
		job = make_job(bill);
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
	const int before = job->record.played_before, round = job->record.round;

	if (!job->record.too_busy || before >= bill->options->replays || bill->stopping)
		return false;
	record_free(&job->record);
	job->record.played_before = before + 1;
	job->record.round = round;
	put_again(bill, job);
	return true;
}

void bill_finish(struct bill *bill, struct suite_job *job)
{
	enum verdict verdict;

	if (bill->aborted || play_again(bill, job))
		return;
	if (job->record.verdict == VERDICT_PASSED && bill->watch->passed)
		bill->watch->passed(bill->watch->context, job);
	verdict = job->record.verdict;
	bill->finished++;
	bill->work_done += (double)bill->cost(job->plan);
	if (bill->options->stop && verdict != VERDICT_PASSED && verdict != VERDICT_SKIPPED)
		bill->stopping = true;
	if (!bill->watch->finished(bill->watch->context, job))
		bill->stopping = bill->aborted = true;
	retire(bill, job);
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

	double share = bill->work > 0 ? bill->work_done / bill->work
				      : (double)bill->finished / (double)bill->plays;

	return share > 0.01 ? (int64_t)((double)elapsed * (1 - share) / share) : -1;
}

void bill_progress(const struct bill *bill, int running)
{
	int64_t elapsed = clock_mono_ns() - bill->began;

	if (bill->watch->progress)
		bill->watch->progress(bill->watch->context, running, elapsed,
				      estimate_left(bill, elapsed));
}
