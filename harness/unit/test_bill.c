/* test_bill: in which order a suite's variants are played, and played again. */
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

static bool job_finished(void *context, size_t index)
{
	(void)index;
	(*(size_t *)context)++;
	return true;
}

struct trial {
	struct plan plans[JOBS];
	struct suite_job jobs[JOBS];
	size_t finished;
	struct suite_options options;
	struct suite_watch watch;
	struct bill bill;
};

static void open_trial(struct trial *trial, const int costs[JOBS])
{
	*trial = (struct trial){ .options = { .jobs = 1, .replays = 1 } };
	trial->watch = (struct suite_watch){ &trial->finished, NULL, job_finished, NULL };
	for (int i = 0; i < JOBS; i++) {
		trial->plans[i].n_flows = costs[i];
		trial->jobs[i].plan = &trial->plans[i];
		record_init(&trial->jobs[i].record);
	}
	assert_int_equal(bill_open(&trial->bill, trial->jobs, JOBS, &trial->options, &trial->watch, cost), 0);
}

static void close_trial(struct trial *trial)
{
	for (int i = 0; i < JOBS; i++)
		record_free(&trial->jobs[i].record);
	bill_free(&trial->bill);
}

/* The next job is number @expected. It is played, and finds the machine @too_busy. */
static void play(struct trial *trial, int expected, bool too_busy)
{
	struct suite_job *job = bill_next(&trial->bill);

	assert_non_null(job);
	assert_int_equal(job - trial->jobs, expected);
	assert_ptr_equal(bill_next(&trial->bill), job); /* until it is started */
	bill_start(&trial->bill);
	job->record.verdict = too_busy ? VERDICT_ERROR : VERDICT_PASSED;
	job->record.too_busy = too_busy;
	bill_finish(&trial->bill, job);
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
	assert_int_equal(trial.jobs[1].record.played_before, 1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_costliest_first),
		cmocka_unit_test(again_in_its_turn),
		cmocka_unit_test(stopped_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
