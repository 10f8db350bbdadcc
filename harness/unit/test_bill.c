/* test_bill: in which order a suite's variants are played, played again, and in rounds. */
#include "run/bill.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { JOBS = 4 };

/* What a job costs is its plan's number of connections, which nobody here looks at. */
static int64_t cost(const struct plan *plan)
{
	return plan->n_flows;
}

struct trial {
	struct plan plans[JOBS];
	const struct plan *list[JOBS];
	size_t finished;
	int played_before; /* the last that finished */
	struct suite_options options;
	struct suite_watch watch;
	struct bill bill;
};

static bool job_finished(void *context, struct suite_job *job)
{
	struct trial *trial = context;

	trial->finished++;
	trial->played_before = job->record.played_before;
	return true;
}

static void open_rounds(struct trial *trial, const int costs[JOBS], int rounds)
{
	*trial = (struct trial){ .options = { .jobs = 1, .replays = 1, .rounds = rounds } };
	trial->watch = (struct suite_watch){ trial, NULL, job_finished, NULL };
	for (int i = 0; i < JOBS; i++) {
		trial->plans[i].n_flows = costs[i];
		trial->list[i] = &trial->plans[i];
	}
	assert_int_equal(bill_open(&trial->bill, trial->list, JOBS, &trial->options, &trial->watch, cost), 0);
}

static void open_trial(struct trial *trial, const int costs[JOBS])
{
	open_rounds(trial, costs, 0);
}

static void close_trial(struct trial *trial)
{
	bill_free(&trial->bill);
}

/* The next job is number @expected. */
static struct suite_job *start(struct trial *trial, size_t expected)
{
	struct suite_job *job = bill_next(&trial->bill);

	assert_non_null(job);
	assert_int_equal(job->variant, expected);
	assert_ptr_equal(job->plan, &trial->plans[expected]);
	assert_ptr_equal(bill_next(&trial->bill), job); /* until it is started */
	bill_start(&trial->bill);
	return job;
}

/* It is played, and finds the machine @too_busy. */
static void finish(struct trial *trial, struct suite_job *job, bool too_busy)
{
	job->record.verdict = too_busy ? VERDICT_ERROR : VERDICT_PASSED;
	job->record.too_busy = too_busy;
	bill_finish(&trial->bill, job);
}

static void play(struct trial *trial, size_t expected, bool too_busy)
{
	finish(trial, start(trial, expected), too_busy);
}

static void the_costliest_first(void **state)
{
	struct trial trial;

	(void)state;
	open_trial(&trial, (const int[JOBS]){ 1, 3, 2, 3 });
	play(&trial, 1, false);
	play(&trial, 3, false); /* as costly, and behind it */
	play(&trial, 2, false);
	play(&trial, 0, false);
	assert_null(bill_next(&trial.bill));
	assert_int_equal(trial.finished, JOBS);
	close_trial(&trial);
}

/* Before what is cheaper, which need not wait for it; behind its like, in a busy time. */
static void again_in_its_turn(void **state)
{
	struct trial trial;

	(void)state;
	open_trial(&trial, (const int[JOBS]){ 5, 1, 1, 1 });
	play(&trial, 0, true);
	play(&trial, 0, false);
	play(&trial, 1, true);
	play(&trial, 2, true);
	play(&trial, 3, false);
	play(&trial, 1, true); /* and no more: once is enough here */
	assert_int_equal(trial.played_before, 1);
	play(&trial, 2, false);
	assert_null(bill_next(&trial.bill));
	assert_int_equal(trial.finished, JOBS);
	close_trial(&trial);
}

static void stopped_for_good(void **state)
{
	struct trial trial;

	(void)state;
	open_trial(&trial, (const int[JOBS]){ 4, 3, 2, 1 });
	trial.options.stop = true;
	play(&trial, 0, true); /* no verdict yet */
	play(&trial, 0, true);
	assert_null(bill_next(&trial.bill));
	assert_int_equal(trial.finished, 1);
	close_trial(&trial);
}

/* All of them, the costliest first, then again; what is not over does not hold the next round up. */
static void in_rounds(void **state)
{
	struct trial trial;
	struct suite_job *long_one;

	(void)state;
	open_rounds(&trial, (const int[JOBS]){ 1, 3, 2, 3 }, 2);
	long_one = start(&trial, 1);
	assert_int_equal(long_one->round, 1);
	assert_int_equal(long_one->record.round, 1);
	play(&trial, 3, false);
	play(&trial, 2, false);
	play(&trial, 0, false);
	assert_int_equal(bill_next(&trial.bill)->round, 2);
	play(&trial, 1, false);
	finish(&trial, long_one, false);
	play(&trial, 3, false);
	play(&trial, 2, false);
	play(&trial, 0, false);
	assert_null(bill_next(&trial.bill));
	assert_int_equal(trial.finished, 2 * JOBS);
	close_trial(&trial);
}

/* What is played again waits for the end of its round, not of all. */
static void again_in_its_round(void **state)
{
	struct trial trial;

	(void)state;
	open_rounds(&trial, (const int[JOBS]){ 1, 1, 1, 1 }, 2);
	for (size_t i = 0; i < JOBS; i++)
		play(&trial, i, i == 1 || i == 2);
	assert_int_equal(bill_next(&trial.bill)->round, 1);
	assert_int_equal(bill_next(&trial.bill)->record.round, 1);
	play(&trial, 1, false);
	assert_int_equal(trial.played_before, 1);
	play(&trial, 2, false);
	assert_int_equal(bill_next(&trial.bill)->round, 2);
	play(&trial, 0, false);
	assert_int_equal(trial.played_before, 0);
	close_trial(&trial);
}

/* There are no more jobs than are under way. */
static void jobs_are_few(void **state)
{
	enum { ROUNDS = 1000 };
	struct suite_job *first, *second;
	struct trial trial;
	int made = 0;

	(void)state;
	open_rounds(&trial, (const int[JOBS]){ 1, 1, 1, 1 }, ROUNDS);
	for (int i = 0; i < ROUNDS * JOBS / 2; i++) {
		first = bill_next(&trial.bill);
		bill_start(&trial.bill);
		second = bill_next(&trial.bill);
		bill_start(&trial.bill);
		finish(&trial, second, false);
		finish(&trial, first, i % 7 == 0); /* now and then it is played again */
	}
	while ((first = bill_next(&trial.bill))) {
		bill_start(&trial.bill);
		finish(&trial, first, false);
	}
	assert_int_equal(trial.finished, ROUNDS * JOBS);
	for (const struct suite_job *job = trial.bill.newest; job; job = job->older)
		made++;
	assert_in_range(made, 2, 2 + JOBS);
	close_trial(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_costliest_first),
		cmocka_unit_test(again_in_its_turn),
		cmocka_unit_test(stopped_for_good),
		cmocka_unit_test(in_rounds),
		cmocka_unit_test(again_in_its_round),
		cmocka_unit_test(jobs_are_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
