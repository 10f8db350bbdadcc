/* test_resolve_ask: questions, and what is expected of their answers. */
#include "plan/counters.h"
#include "unit/resolve_helpers.h"

static void questions(void **state)
{
	const struct plan *plan = plan_of(state, CLIENT_KERNEL
		"client: socket as s\nclient: state -> CLOSED\n"
		"establish client to server:80 on c\nexpect SYN from client\n"
		"client: state -> ESTABLISHED\nclient: state on c -> FIN-WAIT-1\n"
		"client: state on s -> LISTEN\nclient: error -> 0\nclient: error -> ECONNRESET\n"
		"client: readable -> yes within 5s\n");
	const struct plan_step *steps = plan->steps + plan->n_steps - 6;

	assert_int_equal(plan->steps[1].question->flow, NO_INDEX); /* none has begun */
	assert_int_equal(plan->steps[1].question->socket, 0);
	assert_int_equal(steps[0].question->flow, 0);
	assert_false(steps[0].question->named);
	assert_int_equal(steps[0].result.number, STATE_ESTABLISHED);
	assert_int_equal(steps[1].question->flow, 1);
	assert_true(steps[1].question->named);
	assert_int_equal(steps[2].question->socket, 0);
	assert_int_equal(steps[2].question->flow, NO_INDEX);
	assert_int_equal(steps[2].caller, NO_INDEX); /* the kernel is asked, not the host */
	assert_string_equal(plan->callers[steps[3].caller].name, "?"); /* one for questions */
	assert_int_equal(steps[3].result.kind, RESULT_NUMBER);
	assert_int_equal(steps[4].result.kind, RESULT_ERRNO);
	assert_int_equal(steps[5].result.kind, RESULT_YES_NO);
	assert_int_equal(steps[5].result.number, 1);
}

static const struct plan_step *ask_of(void **state, const char *line)
{
	call_of(state, line);
	return last_step(((struct fixture *)*state)->plan);
}

static void assert_range(const struct plan_range *range, int64_t low, int64_t high)
{
	assert_true(range->written && !range->not);
	assert_true(range->low == low && range->high == high);
}

static void answers_in_ranges(void **state)
{
	const struct plan_result *result;

	result = &ask_of(state, "queues -> 0 >= 1000")->result;
	assert_int_equal(result->kind, RESULT_QUEUES);
	assert_range(&result->ranges[0], 0, 0);
	assert_range(&result->ranges[1], 1000, INT64_MAX);
	result = &ask_of(state, "queues -> 1..600 < 5")->result;
	assert_range(&result->ranges[0], 1, 600);
	assert_range(&result->ranges[1], INT64_MIN, 4);
	result = &ask_of(state, "info tcpi_rto -> 200ms")->result;
	assert_range(&result->ranges[0], 200000, 200000);
	result = &ask_of(state, "info rto -> 200.9ms")->result;
	assert_range(&result->ranges[0], 200900, 200900);
	result = &ask_of(state, "info last_data_sent -> >= 1ms")->result;
	assert_range(&result->ranges[0], 1, INT64_MAX);
	result = &ask_of(state, "info ca_state -> != Loss")->result;
	assert_true(result->ranges[0].not && result->ranges[0].low == 4);
	result = &ask_of(state, "info pacing_rate -> >= 9223372036854775807")->result;
	assert_range(&result->ranges[0], INT64_MAX, INT64_MAX);
	assert_non_null(strstr(error_of(state, CLIENT_KERNEL ESTABLISH
					"client: info pacing_rate -> > 9223372036854775807\n"),
			       "no answer can be like that"));
	result = &ask_of(state, "info state -> CLOSE-WAIT")->result;
	assert_range(&result->ranges[0], STATE_CLOSE_WAIT, STATE_CLOSE_WAIT);
}

static void answers_of_timers(void **state)
{
	const struct plan_result *result = &ask_of(state, "timer -> keepalive")->result;

	assert_int_equal(result->kind, RESULT_TIMER);
	assert_int_equal(result->number, TIMER_KEEPALIVE);
	assert_false(result->ranges[0].written || result->ranges[1].written);
	result = &ask_of(state, "timer -> on 200ms +-20ms 1 retransmission")->result;
	assert_range(&result->ranges[0], 180 * MS, 220 * MS);
	assert_range(&result->ranges[1], 1, 1);
	result = &ask_of(state, "timer -> on 200ms")->result;
	assert_range(&result->ranges[0], 90 * MS, 210 * MS);
	((struct fixture *)*state)->virtual_time = true;
	result = &ask_of(state, "timer -> on 200ms")->result;
	assert_range(&result->ranges[0], 199 * MS, 201 * MS);
	result = &ask_of(state, "timer -> persist <= 1s > 2 retransmissions")->result;
	assert_range(&result->ranges[0], INT64_MIN, 1000 * MS);
	assert_range(&result->ranges[1], 3, INT64_MAX);
}

static void answers_of_sockets(void **state)
{
	const struct plan_step *step = ask_of(state, "sockets -> LISTEN, ESTABLISHED x2");

	assert_int_equal(step->result.counts[STATE_LISTEN], 1);
	assert_int_equal(step->result.counts[STATE_ESTABLISHED], 2);
	assert_int_equal(step->result.counts[STATE_TIME_WAIT], 0);
	step = ask_of(state, "sockets -> < 3");
	assert_null(step->result.counts);
	assert_range(&step->result.ranges[0], INT64_MIN, 2);
	step = ask_of(state, "sockets");
	assert_false(step->answered);
	assert_int_equal(step->question->socket, NO_INDEX);
}

/* With its group's name or without: the same counter. It is the host's, and no socket's. */
static void answers_of_counters(void **state)
{
	const struct plan_step *step = ask_of(state, "counter ListenOverflows -> 1 within 1s");
	const int overflows = step->question->counter;

	assert_string_equal(counter_full_name(overflows), "TcpExtListenOverflows");
	assert_int_equal(step->result.kind, RESULT_COUNTER);
	assert_int_equal(step->time.kind, TIME_WITHIN);
	assert_int_equal(step->question->socket, NO_INDEX);
	assert_int_equal(step->question->flow, NO_INDEX);
	assert_int_equal(step->caller, NO_INDEX);
	assert_range(&step->result.ranges[0], 1, 1);
	step = ask_of(state, "counter TcpExtListenOverflows -> >= 2");
	assert_int_equal(step->question->counter, overflows);
	assert_range(&step->result.ranges[0], 2, INT64_MAX);
	step = ask_of(state, "counter TcpRetransSegs -> 2..4");
	assert_string_equal(counter_name(step->question->counter), "RetransSegs");
	assert_range(&step->result.ranges[0], 2, 4);
	step = ask_of(state, "counter RetransSegs -> != 0");
	assert_true(step->result.ranges[0].not && step->result.ranges[0].low == 0);
	assert_false(ask_of(state, "counter InErrs")->answered);
	step = ask_of(state, "counter TCPTimeouts -> 0 until 200ms");
	assert_int_equal(step->time.kind, TIME_UNTIL);
}

/* A time that lies between two values of a field is no answer, whatever is compared with it. */
static void fractions_of_a_unit(void **state)
{
	static const struct {
		const char *answer, *help;
	} refused[] = {
		{ "last_data_sent -> >= 0.9ms", "write '>= 1ms'" },
		{ "last_data_sent -> < 0.9ms", "write '< 1ms'" },
		{ "last_data_sent -> <= 1.5ms", "write '<= 1ms'" },
		{ "last_data_sent -> > 1.5ms", "write '> 1ms'" },
		{ "last_data_sent -> 1.5ms", "write '1ms' or '2ms'" },
		{ "last_data_sent -> 1ms..2.5ms", "write '1ms..2ms'" },
		{ "rto -> 200.0001ms", "write '200000us' or '200001us'" },
	};
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		char text[256];

		snprintf(text, sizeof(text), CLIENT_KERNEL ESTABLISH "client: info %s\n",
			 refused[i].answer);
		assert_non_null(strstr(error_of(state, text), " is counted in whole "));
		assert_string_equal(fixture->diags.items[0].help, refused[i].help);
	}
}

/* Questions that take a call have a caller of their own; `until` is a time of theirs. */
static void questions_are_asked_by_nobody(void **state)
{
	const struct plan_step *step = ask_of(state, "error -> 0");
	const struct plan *plan = ((struct fixture *)*state)->plan;

	assert_true(step->caller != NO_INDEX && plan->callers[step->caller].name);
	assert_int_equal(ask_of(state, "timer -> off")->caller, NO_INDEX);
	step = ask_of(state, "state -> ESTABLISHED until 60s +-1s");
	assert_int_equal(step->time.kind, TIME_UNTIL);
	assert_true(step->time.ns[0] == 60000 * MS && step->time.tolerance == 1000 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(questions),
		TEST(answers_in_ranges),
		TEST(answers_of_timers),
		TEST(answers_of_sockets),
		TEST(answers_of_counters),
		TEST(fractions_of_a_unit),
		TEST(questions_are_asked_by_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
