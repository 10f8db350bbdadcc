/* Tests of run/suite: what it makes of players that stall, die or talk nonsense. The players are
 * functions of this file in place of the engine. */
#include "run/suite.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOBS = 3, MANY_JOBS = 40 };

/* A job's number is its plan's number of connections, which nobody here looks at. */
static int number_of(const struct plan *plan)
{
	return plan->n_flows;
}

struct trial {
	struct plan plans[MANY_JOBS];
	struct record records[MANY_JOBS]; /* (owned) of the last round */
	size_t told;
	int rounds;  /* 0: one */
	size_t enough; /* go no further than that; 0: to the end */
	int playing; /* the most at the same time */
	bool stop;   /* options of the suite; */
	int at_once; /* 0: one */
	void (*finished)(size_t variant);
};

static bool job_finished(void *context, struct suite_job *job)
{
	struct trial *trial = context;
	struct record *record = &trial->records[job->variant];

	record_free(record);
	*record = record_take(&job->record);
	trial->told++;
	if (trial->finished)
		trial->finished(job->variant);
	return trial->told != trial->enough;
}

static void job_progress(void *context, int running, int64_t elapsed, int64_t left)
{
	struct trial *trial = context;

	(void)elapsed;
	(void)left;
	trial->playing = running > trial->playing ? running : trial->playing;
}

enum { REPLAYS = 2 };

static int play_jobs(struct trial *trial, size_t count,
		     int (*play)(const struct plan *plan, const struct engine_pipes *pipes))
{
	const struct plan *plans[MANY_JOBS];
	const struct suite_options options = {
		.rounds = trial->rounds, .jobs = trial->at_once ? trial->at_once : 1, .timeout = 2 * NS_PER_S,
		.stage_timeout = 2 * NS_PER_S, .replays = REPLAYS, .stop = trial->stop, .play = play,
	};
	const struct suite_watch watch = { trial, NULL, job_finished, job_progress };

	for (size_t i = 0; i < count; i++) {
		trial->plans[i] = (struct plan){ .n_flows = (int)i };
		plans[i] = &trial->plans[i];
		record_init(&trial->records[i]);
	}
	return suite_run(plans, count, &options, &watch);
}

static void free_jobs(struct trial *trial, size_t count)
{
	for (size_t i = 0; i < count; i++)
		record_free(&trial->records[i]);
}

/* The record ends with an error for this reason. */
static void assert_error(const struct record *record, const char *why)
{
	assert_int_equal(record->verdict, VERDICT_ERROR);
	assert_true(record->count > 0);
	assert_string_equal((const char *)record->blobs[record->count - 1], why);
}

static void tell(const struct engine_pipes *pipes, enum event_kind kind)
{
	struct event event = { .kind = kind, .step = NO_INDEX, .time = clock_real_ns() };

	if (kind == EVENT_END)
		event.u.end.verdict = VERDICT_PASSED;
	if (write(pipes->events, &event, sizeof(event)) != sizeof(event))
		_exit(9);
}

static void wait_for_word(const struct engine_pipes *pipes)
{
	char word;

	if (read(pipes->gate, &word, 1) != 1)
		_exit(9);
}

static int stall(void)
{
	while (pause() < 0)
		;
	return 0;
}

/* ---- players ---- */

static int play_well(const struct plan *plan, const struct engine_pipes *pipes)
{
	(void)plan;
	tell(pipes, EVENT_READY);
	wait_for_word(pipes);
	tell(pipes, EVENT_BEGIN);
	tell(pipes, EVENT_END);
	return 0;
}

static int stall_while_setting(const struct plan *plan, const struct engine_pipes *pipes)
{
	return number_of(plan) == 0 ? stall() : play_well(plan, pipes);
}

static int stall_while_playing(const struct plan *plan, const struct engine_pipes *pipes)
{
	(void)plan;
	tell(pipes, EVENT_READY);
	return stall();
}

static int play_second_well(const struct plan *plan, const struct engine_pipes *pipes)
{
	return number_of(plan) == 1 ? play_well(plan, pipes) : stall_while_playing(plan, pipes);
}

static int talk_nonsense(const struct plan *plan, const struct engine_pipes *pipes)
{
	char nonsense[sizeof(struct event)];

	(void)plan;
	memset(nonsense, 0x5a, sizeof(nonsense));
	if (write(pipes->events, nonsense, sizeof(nonsense)) < 0)
		return 9;
	return stall();
}

static int abort_at_once(const struct plan *plan, const struct engine_pipes *pipes)
{
	(void)plan;
	(void)pipes;
	signal(SIGABRT, SIG_DFL);
	abort();
}

static int end_at_once(const struct plan *plan, const struct engine_pipes *pipes)
{
	(void)plan;
	(void)pipes;
	return 1;
}

/* ---- tests ---- */

static void all_play(void **state)
{
	struct trial trial = { .told = 0 };

	(void)state;
	assert_int_equal(play_jobs(&trial, JOBS, play_well), 0);
	assert_int_equal(trial.told, JOBS);
	for (int i = 0; i < JOBS; i++)
		assert_int_equal(trial.records[i].verdict, VERDICT_PASSED);
	assert_true(trial.playing <= 1);
	free_jobs(&trial, JOBS);
}

static void stalled_while_setting(void **state)
{
	struct trial trial = { .told = 0 };

	(void)state;
	assert_int_equal(play_jobs(&trial, JOBS, stall_while_setting), 0);
	assert_int_equal(trial.told, JOBS);
	assert_error(&trial.records[0], "no stage after 2 s: stopped");
	assert_int_equal(trial.records[0].played_before, REPLAYS); /* the machine may have been busy */
	assert_int_equal(trial.records[1].verdict, VERDICT_PASSED);
	free_jobs(&trial, JOBS);
}

static void stalled_while_playing(void **state)
{
	struct trial trial = { .told = 0 };

	(void)state;
	assert_int_equal(play_jobs(&trial, 1, stall_while_playing), 0);
	assert_error(&trial.records[0], "no end after 2 s: stopped");
	free_jobs(&trial, 1);
}

static void damaged_record(void **state)
{
	struct trial trial = { .told = 0 };

	(void)state;
	assert_int_equal(play_jobs(&trial, 1, talk_nonsense), 0);
	assert_error(&trial.records[0], "the record is damaged");
	free_jobs(&trial, 1);
}

static void gone_too_soon(void **state)
{
	struct trial trial = { .told = 0 };

	(void)state;
	assert_int_equal(play_jobs(&trial, 1, abort_at_once), 0);
	assert_error(&trial.records[0], "the engine was killed by signal 6 (Aborted)");
	free_jobs(&trial, 1);
	assert_int_equal(play_jobs(&trial, 1, end_at_once), 0);
	assert_error(&trial.records[0], "the engine ended before the scenario did");
	free_jobs(&trial, 1);
}

/* ---- a player that dies between its being ready and the word to go ---- */

static pid_t *shared_pids; /* [JOBS], in memory that the players write to */

static int leave_pid(const struct plan *plan, const struct engine_pipes *pipes)
{
	/* who is ready first plays first: that must be the one whose end kills the second */
	while (number_of(plan) != 0 && !__atomic_load_n(&shared_pids[0], __ATOMIC_SEQ_CST))
		usleep(1000);
	tell(pipes, EVENT_READY);
	__atomic_store_n(&shared_pids[number_of(plan)], getpid(), __ATOMIC_SEQ_CST);
	wait_for_word(pipes);
	while (!__atomic_load_n(&shared_pids[1], __ATOMIC_SEQ_CST))
		usleep(1000);
	tell(pipes, EVENT_BEGIN);
	tell(pipes, EVENT_END);
	return 0;
}

static void kill_second(size_t variant)
{
	siginfo_t info;

	if (variant != 0)
		return;
	kill(shared_pids[1], SIGKILL);
	waitid(P_PID, (id_t)shared_pids[1], &info, WEXITED | WNOWAIT);
}

static void dead_at_the_gate(void **state)
{
	struct trial trial = { .finished = kill_second };

	(void)state;
	shared_pids = mmap(NULL, JOBS * sizeof(*shared_pids), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(shared_pids, MAP_FAILED);
	assert_int_equal(play_jobs(&trial, JOBS, leave_pid), 0);
	assert_int_equal(trial.records[0].verdict, VERDICT_PASSED);
	assert_error(&trial.records[1], "the engine was killed by signal 9 (Killed)");
	assert_int_equal(trial.records[2].verdict, VERDICT_PASSED);
	free_jobs(&trial, JOBS);
	munmap(shared_pids, JOBS * sizeof(*shared_pids));
}

static int keep_pid(const struct plan *plan, const struct engine_pipes *pipes)
{
	shared_pids[number_of(plan)] = getpid();
	return play_well(plan, pipes);
}

/* Nobody can read what comes: those who still play are ended. */
static void no_further(void **state)
{
	struct trial trial = { .enough = 1, .at_once = JOBS };
	int64_t began = clock_mono_ns();

	(void)state;
	assert_int_equal(play_jobs(&trial, JOBS, play_second_well), 0);
	assert_int_equal(trial.told, 1);
	assert_true(clock_mono_ns() - began < NS_PER_S);
	free_jobs(&trial, JOBS);
}

/* Who has played plays again. */
static void players_are_few(void **state)
{
	struct trial trial = { .told = 0 };
	int distinct = 0;

	(void)state;
	shared_pids = mmap(NULL, MANY_JOBS * sizeof(*shared_pids), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(shared_pids, MAP_FAILED);
	assert_int_equal(play_jobs(&trial, MANY_JOBS, keep_pid), 0);
	assert_int_equal(trial.told, MANY_JOBS);
	for (int i = 0; i < MANY_JOBS; i++) {
		bool known = false;

		assert_int_equal(trial.records[i].verdict, VERDICT_PASSED);
		assert_int_equal(trial.records[i].count, 3); /* nothing of another's */
		for (int k = 0; k < i; k++)
			known |= shared_pids[k] == shared_pids[i];
		distinct += !known;
	}
	assert_true(distinct < MANY_JOBS / 2);
	free_jobs(&trial, MANY_JOBS);
	munmap(shared_pids, MANY_JOBS * sizeof(*shared_pids));
}

/* How often each job was played, by all its players. */
static int *shared_plays;

/* The first job finds the machine too busy once, the second always. */
static int find_it_busy(const struct plan *plan, const struct engine_pipes *pipes)
{
	int plays = __atomic_add_fetch(&shared_plays[number_of(plan)], 1, __ATOMIC_SEQ_CST);
	struct event end = { .kind = EVENT_END, .step = NO_INDEX, .time = clock_real_ns(),
			     .u.end = { .verdict = VERDICT_PASSED } };

	if (number_of(plan) == 1 || (number_of(plan) == 0 && plays == 1)) {
		end.u.end.verdict = VERDICT_ERROR;
		end.u.end.too_busy = true;
	}
	tell(pipes, EVENT_READY);
	wait_for_word(pipes);
	tell(pipes, EVENT_BEGIN);
	return write(pipes->events, &end, sizeof(end)) != sizeof(end);
}

static void play_busy_jobs(struct trial *trial)
{
	shared_plays = mmap(NULL, JOBS * sizeof(*shared_plays), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(shared_plays, MAP_FAILED);
	assert_int_equal(play_jobs(trial, JOBS, find_it_busy), 0);
}

static void too_busy_is_played_again(void **state)
{
	struct trial trial = { .told = 0 };

	(void)state;
	play_busy_jobs(&trial);
	assert_int_equal(trial.told, JOBS); /* once for each */
	assert_int_equal(trial.records[0].verdict, VERDICT_PASSED);
	assert_int_equal(trial.records[0].played_before, 1);
	assert_int_equal(trial.records[1].verdict, VERDICT_ERROR);
	assert_int_equal(trial.records[1].played_before, REPLAYS);
	assert_int_equal(trial.records[2].verdict, VERDICT_PASSED);
	assert_int_equal(trial.records[2].played_before, 0);
	assert_int_equal(shared_plays[0], 2);
	assert_int_equal(shared_plays[1], 1 + REPLAYS);
	assert_int_equal(shared_plays[2], 1);
	for (size_t i = 0; i < JOBS; i++) /* of the last play only */
		assert_int_equal(trial.records[i].count, 3);
	free_jobs(&trial, JOBS);
	munmap(shared_plays, JOBS * sizeof(*shared_plays));
}

static void too_busy_stops_at_last(void **state)
{
	struct trial trial = { .stop = true };

	(void)state;
	play_busy_jobs(&trial);
	assert_int_equal(shared_plays[1], 1 + REPLAYS); /* only the last of them is the end */
	assert_int_equal(trial.records[1].verdict, VERDICT_ERROR);
	assert_true(shared_plays[0] <= 2); /* whether its stage was set in time is chance */
	free_jobs(&trial, JOBS);
	munmap(shared_plays, JOBS * sizeof(*shared_plays));
}

/* Each as often as it is to be, and what is too busy is played again in each round. */
static void in_rounds(void **state)
{
	enum { ROUNDS = 5 };
	struct trial trial = { .rounds = ROUNDS, .at_once = 2 };

	(void)state;
	play_busy_jobs(&trial);
	assert_int_equal(trial.told, ROUNDS * JOBS);
	assert_true(trial.playing <= 2);
	assert_int_equal(shared_plays[0], ROUNDS + 1);
	assert_int_equal(shared_plays[1], ROUNDS * (1 + REPLAYS));
	assert_int_equal(shared_plays[2], ROUNDS);
	assert_int_equal(trial.records[2].verdict, VERDICT_PASSED);
	assert_int_equal(trial.records[2].count, 3);
	free_jobs(&trial, JOBS);
	munmap(shared_plays, JOBS * sizeof(*shared_plays));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_play),
		cmocka_unit_test(stalled_while_setting),
		cmocka_unit_test(stalled_while_playing),
		cmocka_unit_test(damaged_record),
		cmocka_unit_test(gone_too_soon),
		cmocka_unit_test(dead_at_the_gate),
		cmocka_unit_test(no_further),
		cmocka_unit_test(players_are_few),
		cmocka_unit_test(too_busy_is_played_again),
		cmocka_unit_test(too_busy_stops_at_last),
		cmocka_unit_test(in_rounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
