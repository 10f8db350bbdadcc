/* test_resolve_flow: connections: their ports, and `establish` spelled out. */
#include "unit/resolve_helpers.h"

static void ports_of_a_crafted_client(void **state)
{
	const struct plan *plan = plan_of(state, CLIENT_CRAFTED
		"server: listen 8080\nsend SYN from client\n"
		"send SYN from client to server:9090 on second\n");

	assert_int_equal(plan->n_flows, 2);
	assert_null(plan->flows[0].name);
	assert_int_equal(plan->flows[0].port[CLIENT], 40000);
	assert_int_equal(plan->flows[0].port[SERVER], 8080);
	assert_string_equal(plan->flows[1].name, "second");
	assert_int_equal(plan->flows[1].port[CLIENT], 40001);
	assert_int_equal(plan->flows[1].port[SERVER], 9090);
	assert_int_equal(last_step(plan)->packet->flow, 1);
}

static void the_main_connection_is_number_0(void **state)
{
	const struct plan *plan = plan_of(state, CLIENT_CRAFTED
		"establish client to server:8080 on first\nestablish client to server:8080\n");

	assert_int_equal(plan->n_flows, 2);
	assert_null(plan->flows[0].name);
	assert_string_equal(plan->flows[1].name, "first");
	assert_int_equal(plan->flows[1].port[CLIENT], 40001);
}

static void ports_of_a_kernel_client_are_learned(void **state)
{
	const struct plan *plan = plan_of(state, CLIENT_KERNEL
		"client: connect server:8080\nexpect SYN from client\n"
		"expect SYN from client to server:80 on x\n");

	assert_int_equal(plan->flows[0].port[CLIENT], 0);
	assert_int_equal(plan->flows[0].port[SERVER], 0);
	assert_int_equal(plan->flows[1].port[SERVER], 80);
}

/* A crafted host that sends first is where the kernel connects to. */
static void simultaneous_open(void **state)
{
	const struct plan *plan = plan_of(state, CLIENT_KERNEL
		"client: socket\nclient: bind client:5000\nclient: connect server:8080\n"
		"send SYN from server\nexpect SYN from client\n");

	assert_int_equal(plan->flows[0].port[CLIENT], 5000);
	assert_int_equal(plan->flows[0].port[SERVER], 8080);
}

static const enum step_kind from_crafted[] = {
	STEP_CALL, STEP_SEND, STEP_EXPECT, STEP_SEND, STEP_CALL,
};
static const enum step_kind from_kernel[] = {
	STEP_CALL, STEP_EXPECT, STEP_SEND, STEP_EXPECT, STEP_ANSWER,
};

static void establish_from_a_crafted_client(void **state)
{
	const struct plan *plan = plan_of(state, CLIENT_CRAFTED
		"establish client to server:8080 options mss 1460, sackok\n");

	assert_int_equal(plan->n_steps, 5);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(plan->steps[i].kind, from_crafted[i]);
		assert_true(plan->steps[i].shorthand);
	}
	assert_int_equal(plan->steps[0].call->id, CALL_LISTEN);
	assert_int_equal(plan->steps[0].call->address.port, 8080);
	assert_int_equal(plan->steps[1].packet->flags, TCP_SYN);
	assert_int_equal(plan->steps[1].packet->n_options, 2);
	assert_int_equal(plan->steps[2].packet->flags, TCP_SYN | TCP_ACK);
	assert_int_equal(plan->steps[2].packet->set, 0);
	assert_int_equal(plan->steps[4].call->id, CALL_ACCEPT);
	assert_int_equal(plan->steps[4].call->socket, 0);
	assert_int_equal(plan->steps[4].call->makes, 1);
	assert_true(plan->steps[4].answered);
}

static void establish_uses_the_listener(void **state)
{
	const struct plan *plan = plan_of(state, CLIENT_CRAFTED
		"server: listen 8080 backlog 3\nserver: accept as conn\n" ESTABLISH
		"server: write \"x\"\n");

	assert_int_equal(plan->n_steps, 7);
	assert_int_equal(plan->n_sockets, 2);
	assert_int_equal(plan->steps[0].call->args[0], 3);
	assert_int_equal(plan->steps[1].answered_by, 5); /* the accept that was running */
	assert_int_equal(plan->steps[5].kind, STEP_ANSWER);
	assert_int_equal(plan->steps[6].call->socket, 1);
}

static void establish_from_a_kernel_client(void **state)
{
	const struct plan *plan = plan_of(state, CLIENT_KERNEL
		"client: socket\n" ESTABLISH "establish client to server:80 on b\n");

	assert_int_equal(plan->n_steps, 11);
	for (int i = 0; i < 5; i++)
		assert_int_equal(plan->steps[1 + i].kind, from_kernel[i]);
	assert_int_equal(plan->steps[1].call->socket, 0);
	assert_int_equal(plan->steps[1].call->makes, NO_INDEX);
	assert_int_equal(plan->steps[1].answered_by, 5);
	assert_int_equal(plan->steps[6].call->makes, 1); /* the first one is connected */
	assert_int_equal(plan->flows[1].port[SERVER], 80);
}

static const enum step_kind between_kernels[] = {
	STEP_CALL, STEP_CALL, STEP_EXPECT, STEP_EXPECT, STEP_EXPECT, STEP_ANSWER, STEP_CALL,
};

static void establish_between_kernels(void **state)
{
	const struct plan *plan = plan_of(state, TWO_KERNELS ESTABLISH "client: close\n");

	assert_int_equal(plan->n_steps, 8);
	for (int i = 0; i < 7; i++)
		assert_int_equal(plan->steps[i].kind, between_kernels[i]);
	assert_int_equal(plan->steps[0].call->id, CALL_LISTEN);
	assert_int_equal(plan->steps[1].call->id, CALL_CONNECT);
	assert_int_equal(plan->steps[1].answered_by, 5);
	assert_int_equal(plan->callers[plan->steps[1].caller].host, CLIENT);
	assert_int_equal(plan->steps[3].packet->from, SERVER);
	assert_int_equal(plan->steps[6].call->id, CALL_ACCEPT);
	assert_int_equal(plan->callers[plan->steps[6].caller].host, SERVER);
	assert_int_equal(plan->flows[0].port[CLIENT], 0);
	assert_int_equal(plan->flows[0].port[SERVER], 8080);

	plan = plan_of(state, TWO_KERNELS "server: listen 8080 backlog 1\nserver: accept\n" ESTABLISH);
	assert_int_equal(plan->n_steps, 8);
	assert_int_equal(plan->steps[1].answered_by, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ports_of_a_crafted_client),
		TEST(the_main_connection_is_number_0),
		TEST(ports_of_a_kernel_client_are_learned),
		TEST(simultaneous_open),
		TEST(establish_from_a_crafted_client),
		TEST(establish_uses_the_listener),
		TEST(establish_from_a_kernel_client),
		TEST(establish_between_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
