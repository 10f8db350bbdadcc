/* Tests of run/busy: which failures a machine is excused, and what it says. */
#include "run/busy.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static const char text[] = "one\ntwo\nthree\n";
static const int64_t zero = INT64_C(1700000000) * NS_PER_S;
static const struct off nothing = { 0, 0, 0 };

/* An engine that plays the third line of three, and what it plays. */
struct trial {
	struct arena *arena;
	struct plan plan;
	struct plan_step steps[3];
	struct engine *engine;
};

static void trial_open(struct trial *trial)
{
	trial->arena = arena_new();
	trial->plan = (struct plan){
		.source = source_new(trial->arena, "x.scn", text, strlen(text)),
		.hosts = { { .name = "client" }, { .name = "server" } },
		.steps = trial->steps, .n_steps = 3, .tolerance = NO_TOLERANCE,
	};
	for (size_t i = 0; i < 3; i++)
		trial->steps[i] = (struct plan_step){
			.span = { 4 * i, 3 }, .time = { .tolerance = NO_TOLERANCE },
		};
	trial->engine = calloc(1, sizeof(*trial->engine));
	assert_non_null(trial->engine);
	trial->engine->plan = &trial->plan;
	kept_step(&trial->engine->stage.kept, 1);
}

static void trial_close(struct trial *trial)
{
	free(trial->engine);
	arena_free(trial->arena);
}

/* The engine was late by @ms, from @from ms on. */
static void late(struct trial *trial, int64_t from, int64_t ms)
{
	kept_add(&trial->engine->stage.kept, KEPT_FROM_WORK, NO_INDEX, zero + from * NS_PER_MS,
		 zero + (from + ms) * NS_PER_MS, 0);
}

static bool excused(struct trial *trial, const struct off *off)
{
	return busy_excuses(trial->engine, 2, off, "it is wrong");
}

static void a_machine_with_time_has_no_excuse(void **state)
{
	struct trial trial;

	(void)state;
	trial_open(&trial);
	assert_false(excused(&trial, &nothing));
	late(&trial, 0, 30);
	assert_false(excused(&trial, &nothing));
	assert_false(trial.engine->too_busy);
	trial_close(&trial);
}

static void a_long_absence_is_one(void **state)
{
	struct trial trial;

	(void)state;
	trial_open(&trial);
	late(&trial, 0, 50);
	assert_true(excused(&trial, &nothing));
	assert_true(trial.engine->too_busy);
	assert_string_equal(trial.engine->stage.error,
			    "this machine was too busy: the engine was kept from running for 50 ms "
			    "at line 2, and then: it is wrong");
	trial_close(&trial);
}

static void tolerances_say_what_is_long(void **state)
{
	struct trial trial;

	(void)state;
	trial_open(&trial);
	late(&trial, 0, 30);
	trial.plan.tolerance = 20 * NS_PER_MS; /* the scenario's */
	assert_true(excused(&trial, &nothing));
	trial.plan.tolerance = 200 * NS_PER_MS;
	assert_false(excused(&trial, &nothing));
	trial.steps[2].time.tolerance = 20 * NS_PER_MS; /* the line's, but it has no time */
	assert_false(excused(&trial, &nothing));
	trial.steps[2].time.kind = TIME_AFTER;
	assert_true(excused(&trial, &nothing));
	trial_close(&trial);

	trial_open(&trial);
	late(&trial, 0, 5);
	trial.plan.tolerance = 0; /* no machine can keep that */
	assert_false(excused(&trial, &nothing));
	trial_close(&trial);
}

static void a_long_wire_has_less_patience(void **state)
{
	struct trial trial;

	(void)state;
	trial_open(&trial);
	late(&trial, 0, 25);
	trial.plan.link_delay = NS_PER_S;
	assert_false(excused(&trial, &nothing));
	trial.plan.link_delay = 40 * NS_PER_MS;
	assert_true(excused(&trial, &nothing));
	trial_close(&trial);
}

/* Something is off by 12 ms. */
static void a_time_is_excused_by_as_much(void **state)
{
	const struct off off = { zero, zero + 100 * NS_PER_MS, 12 * NS_PER_MS };
	struct trial trial;

	(void)state;
	trial_open(&trial);
	late(&trial, 10, 8);
	assert_false(excused(&trial, &off)); /* too little */
	late(&trial, 200, 8);
	assert_false(excused(&trial, &off)); /* … at that time */
	late(&trial, 50, 8);
	assert_true(excused(&trial, &off));
	assert_false(excused(&trial, &nothing)); /* of what is no matter of time it says nothing */
	trial_close(&trial);
}

static void a_probe_has_a_name(void **state)
{
	struct trial trial;

	(void)state;
	trial_open(&trial);
	kept_add(&trial.engine->stage.kept, KEPT_FROM_WORK, 1, zero, zero + NS_PER_S, 0);
	assert_true(excused(&trial, &nothing));
	assert_non_null(strstr(trial.engine->stage.error, "the probe of server was kept"));
	trial_close(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_machine_with_time_has_no_excuse),
		cmocka_unit_test(a_long_absence_is_one),
		cmocka_unit_test(tolerances_say_what_is_long),
		cmocka_unit_test(a_long_wire_has_less_patience),
		cmocka_unit_test(a_time_is_excused_by_as_much),
		cmocka_unit_test(a_probe_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
