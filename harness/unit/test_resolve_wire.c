/* test_resolve_wire: plans of the wire between two kernels, and of standing rules. */
#include "unit/resolve_helpers.h"

static void fates_of_the_next_packet(void **state)
{
	const struct plan *plan = plan_of(state, TWO_KERNELS ESTABLISH
		"delay ACK from server by 300ms within 1s\nduplicate DATA from client\n"
		"hold DATA from client as a\nhold ACK from server as b\ncorrupt ACK from server\n"
		"rewrite DATA from client win 5 win 0\nrelease b\nrelease a\n"
		"hold DATA from client as a\nrelease a\n");
	const struct plan_step *step = &plan->steps[7];

	assert_int_equal(step[0].kind, STEP_DELAY);
	assert_true(step[0].delay == 300 * MS);
	assert_int_equal(step[0].time.kind, TIME_WITHIN);
	assert_int_equal(step[1].kind, STEP_DUPLICATE);
	assert_int_equal(step[2].kind, STEP_HOLD);
	assert_int_equal(step[2].held, 0);
	assert_int_equal(step[3].held, 1);
	assert_int_equal(step[4].kind, STEP_CORRUPT);
	assert_int_equal(step[5].kind, STEP_REWRITE);
	assert_int_equal(step[5].packet->win, 5);
	assert_int_equal(step[5].rewrite->set, FIELD_WIN);
	assert_int_equal(step[5].rewrite->win, 0);
	assert_int_equal(step[6].kind, STEP_RELEASE);
	assert_int_equal(step[6].held, 1);
	assert_int_equal(step[7].held, 0);
	assert_int_equal(step[8].held, 0); /* the name and its place are free again */
}

/* A payload that is rewritten keeps its length, so only such packets are meant. */
static void rewritten_data(void **state)
{
	const struct plan_packet *packet = packet_of(state, TWO_KERNELS ESTABLISH
		"rewrite DATA from client data \"evil\"\n");

	assert_true(packet->set & FIELD_LEN);
	assert_int_equal(packet->len_low, 4);
	assert_int_equal(packet->len_high, 4);
}

static void standing_rules(void **state)
{
	const struct plan *plan = plan_of(state, TWO_KERNELS ESTABLISH
		"drop all DATA from client len 1..1000 seq 1..1000 again\n"
		"delay all packets win 1..9 by 40ms\nignore all from server\nend rule\n"
		"drop 3rd DATA from client\nend rule\nrewrite ACK from server 2nd ack next-1\n");
	const struct plan_step *step = &plan->steps[7];
	const struct plan_packet *pattern = step[0].rule->pattern;

	assert_int_equal(step[0].kind, STEP_RULE);
	assert_int_equal(step[0].rule->kind, RULE_DROP);
	assert_int_equal(pattern->from, CLIENT);
	assert_int_equal(pattern->flow, NO_INDEX);
	assert_true(pattern->any_data && pattern->again && !pattern->any_packet);
	assert_int_equal(pattern->set, FIELD_LEN | FIELD_SEQ);
	assert_true(pattern->seq.value == 1 && pattern->seq.beyond == 999);
	assert_int_equal(step[1].rule->kind, RULE_DELAY);
	assert_true(step[1].rule->delay == 40 * MS);
	assert_true(step[1].rule->pattern->any_packet);
	assert_true(step[1].rule->pattern->win == 1 && step[1].rule->pattern->win_beyond == 8);
	assert_int_equal(step[1].rule->pattern->from, NO_INDEX);
	assert_int_equal(step[2].rule->kind, RULE_IGNORE);
	assert_int_equal(step[2].rule->pattern->from, SERVER);
	assert_int_equal(step[3].kind, STEP_END_RULE);
	assert_int_equal(step[3].ends, 9);
	assert_int_equal(step[4].rule->pattern->nth, 3);
	assert_int_equal(step[5].ends, 8); /* not the one that ends by itself */
	assert_int_equal(step[6].rule->kind, RULE_REWRITE);
	assert_int_equal(step[6].rule->pattern->nth, 2);
	assert_int_equal(step[6].rule->rewrite->ack.kind, SEQ_NEXT);
	assert_true(step[6].rule->rewrite->ack.value == -1);
}

/* Rules begin no connection; without a name they are of any. */
static void rules_and_connections(void **state)
{
	const struct plan *plan = plan_of(state, TWO_KERNELS
		"drop all SYN\nestablish client to server:80 on b\nignore packets on b\n");

	assert_int_equal(plan->n_flows, 1);
	assert_string_equal(plan->flows[0].name, "b");
	assert_int_equal(plan->steps[0].rule->pattern->flow, NO_INDEX);
	assert_int_equal(last_step(plan)->rule->pattern->flow, 0);
}

static void rules_with_a_crafted_host(void **state)
{
	const struct plan *plan = plan_of(state, CLIENT_KERNEL ESTABLISH
		"drop all DATA\nignore ACK from client\nend rule\ndrop 2nd FIN-ACK from client\n");

	assert_int_equal(plan->steps[5].rule->kind, RULE_DROP);
	assert_int_equal(plan->steps[6].rule->kind, RULE_IGNORE);
	assert_int_equal(plan->steps[7].ends, 6);
	assert_int_equal(plan->steps[8].rule->pattern->nth, 2);
}

static void armed_injections(void **state)
{
	const struct plan_step *step = last_step(plan_of(state, TWO_KERNELS
		"establish client to server:80 on b\n" ESTABLISH
		"inject RST from server seq next+5 on b after 2nd DATA from client len 7\n"));

	assert_int_equal(step->kind, STEP_ARM);
	assert_int_equal(step->packet->flags, TCP_RST);
	assert_int_equal(step->packet->flow, 1);
	assert_int_equal(step->trigger->flow, 1); /* the same, since it names none */
	assert_int_equal(step->trigger->from, CLIENT);
	assert_int_equal(step->trigger->nth, 2);
	assert_int_equal(step->trigger->len_low, 7);
}

static void forged_in_a_kernels_name(void **state)
{
	const struct plan *plan = plan_of(state, TWO_KERNELS ESTABLISH
		"inject RST from client\ninject SYN from client to server:8080 on b\n");

	assert_int_equal(plan->steps[7].packet->flow, 0);
	assert_int_equal(plan->flows[0].port[CLIENT], 0); /* known when it is played */
	assert_int_equal(plan->flows[1].port[CLIENT], 40001);
	assert_int_equal(plan->flows[1].port[SERVER], 8080);
}

static void cut_and_mend(void **state)
{
	const struct plan *plan = plan_of(state, TWO_KERNELS
		"cut server to client\ncut wire\nmend wire\ncut wire\n");

	assert_int_equal(plan->steps[0].kind, STEP_CUT);
	assert_int_equal(plan->steps[0].cut_from, SERVER);
	assert_int_equal(plan->steps[1].cut_from, NO_INDEX);
	assert_int_equal(plan->steps[2].kind, STEP_MEND);
	assert_int_equal(plan->steps[3].kind, STEP_CUT);
}

/* Packets held in a branch that is not played need no release below it. */
static void holds_of_the_other_branch_do_not_count(void **state)
{
	const struct plan *plan = plan_of(state, TWO_KERNELS ESTABLISH
		"kernel < 6.0\n hold DATA from client as a\n ignore all\n cut wire\nend\n"
		"hold ACK from server as a\nrelease a\n");

	assert_int_equal(plan->n_steps, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fates_of_the_next_packet),
		TEST(rewritten_data),
		TEST(standing_rules),
		TEST(rules_and_connections),
		TEST(rules_with_a_crafted_host),
		TEST(armed_injections),
		TEST(forged_in_a_kernels_name),
		TEST(cut_and_mend),
		TEST(holds_of_the_other_branch_do_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
