/* test_resolve: what plans come out of which lines: the scene, its branches, what is too much.
 * The other test_resolve_… have the lines of the timeline. Faulty scenarios are the golden files'
 * business (pytests/bad). */
#include "unit/resolve_helpers.h"

/* ---- the scene ---- */

static void scene_of_defaults(void **state)
{
	const struct plan *plan = plan_of(state, CLIENT_KERNEL "client: socket\n");

	assert_string_equal(plan->title, "a title");
	assert_null(plan->about);
	assert_null(plan->skip);
	assert_int_equal(plan->n_hosts, 2);
	assert_int_equal(plan->hosts[CLIENT].kind, HOST_KERNEL);
	assert_int_equal(plan->hosts[SERVER].kind, HOST_CRAFTED);
	assert_int_equal(plan->link_mtu, 1500);
	assert_int_equal(plan->tolerance, NO_TOLERANCE);
	assert_int_equal(plan->patience, DEFAULT_PATIENCE);
	assert_string_equal(plan->variant, "4");
	assert_int_equal(plan->n_flows, 0);
}

static void scene_in_full(void **state)
{
	const struct plan *plan = plan_of(state,
		CLIENT_KERNEL "about \"\"\"why\"\"\"\nrfc 9293 3.10.7.4\nrfc 5961\ntags rst errno\n"
		"ip both\nlink mtu 9000 delay 20ms\ntolerance exact\npatience 5s\n"
		"sysctl client net.ipv4.tcp_rmem = 4096 131072 6291456\n"
		"sysctl client net.ipv4.tcp_congestion_control = reno\nclient: socket\n");

	assert_string_equal(plan->about, "why");
	assert_int_equal(plan->n_rfcs, 2);
	assert_string_equal(plan->rfcs[0], "9293 3.10.7.4");
	assert_string_equal(plan->rfcs[1], "5961");
	assert_int_equal(plan->n_tags, 2);
	assert_string_equal(plan->tags[1], "errno");
	assert_int_equal(plan->link_mtu, 9000);
	assert_int_equal(plan->link_delay, 20 * MS);
	assert_int_equal(plan->tolerance, 0);
	assert_int_equal(plan->patience, 5000 * MS);
	assert_int_equal(plan->n_sysctls, 2);
	assert_string_equal(plan->sysctls[0].key, "net.ipv4.tcp_rmem");
	assert_string_equal(plan->sysctls[0].value, "4096 131072 6291456");
	assert_string_equal(plan->sysctls[1].value, "reno");
}

static void versions_are_compared_by_parts(void **state)
{
	const char *const text = CLIENT_KERNEL "needs kernel >= 6.5\nclient: socket\n";

	assert_null(plan_for(state, IP_V4, 12, text)->skip);
	assert_null(plan_for(state, IP_V4, 5, text)->skip);
	assert_string_equal(plan_for(state, IP_V4, 1, text)->skip,
			    "needs kernel >= 6.5, this is 6.1");
}

static void only_one_branch_is_kept(void **state)
{
	const char *const text = CLIENT_KERNEL
		"kernel >= 6.5\n patience 5s\nelse\n patience 6s\nend\n"
		"kernel >= 6.5\n client: socket as new\n send RST from server to client:80 on x\n"
		"else\n client: socket as old\n client: nonblocking\nend\n";
	const struct plan *plan = plan_for(state, IP_V4, 1, text);

	assert_int_equal(plan->patience, 6000 * MS);
	assert_int_equal(plan->n_steps, 2);
	assert_int_equal(plan->n_sockets, 1);
	assert_int_equal(plan->n_flows, 0);
	assert_string_equal(plan->sockets[0].name, "old");

	plan = plan_for(state, IP_V4, 5, text);
	assert_int_equal(plan->patience, 5000 * MS);
	assert_int_equal(plan->n_flows, 1);
	assert_string_equal(plan->sockets[0].name, "new");
}

/* A call may be answered in a branch that is not played; that answer must not count. */
static void answers_of_the_other_branch_do_not_count(void **state)
{
	const struct plan *plan = plan_of(state, CLIENT_KERNEL
		"client: connect server:80\nkernel < 6.0\n client: -> ETIMEDOUT\nelse\n"
		" client: -> ok\nend\n");

	assert_int_equal(plan->n_steps, 2);
	assert_int_equal(plan->steps[0].answered_by, 1);
	assert_int_equal(plan->steps[1].result.kind, RESULT_SUCCESS);
}

/* ---- limits ---- */

static void tables_are_bounded(void **state)
{
	struct fixture *fixture = *state;
	char text[64 * 1024];
	size_t len = (size_t)snprintf(text, sizeof(text), "%s", CLIENT_KERNEL);

	for (int i = 0; i <= PLAN_SOCKETS_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "client: socket\n");
	assert_string_equal(error_of(state, text), "a scenario has at most 256 sockets");

	len = (size_t)snprintf(text, sizeof(text), "%sclient: socket\n", CLIENT_KERNEL);
	for (int i = 0; i <= PLAN_CALLERS_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "client/c%d: read\n", i);
	assert_null(try_resolve(fixture, IP_V4, 12, text));
	assert_string_equal(fixture->diags.items[0].message, "a scenario has at most 64 callers");

	len = (size_t)snprintf(text, sizeof(text), "%s", CLIENT_KERNEL);
	for (int i = 0; i <= PLAN_FLOWS_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"expect SYN from client on f%d\n", i);
	assert_string_equal(error_of(state, text), "a scenario has at most 64 connections");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(scene_of_defaults),
		TEST(scene_in_full),
		TEST(versions_are_compared_by_parts),
		TEST(only_one_branch_is_kept),
		TEST(answers_of_the_other_branch_do_not_count),
		TEST(tables_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
