/* test_resolve_probe: calls of the probe, and what is expected of them. */
#include "unit/resolve_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

static const struct plan_result *result_of(void **state, const char *line)
{
	call_of(state, line);
	return &last_step(((struct fixture *)*state)->plan)->result;
}

static void sockets_newest_and_named(void **state)
{
	const struct plan *plan = plan_of(state, CLIENT_CRAFTED
		"server: listen 8080\nserver: accept as conn\nserver: socket\n"
		"server: write \"x\" on conn\nserver: close\nserver/other: accept\n");

	assert_int_equal(plan->n_sockets, 4);
	assert_true(plan->sockets[0].listener);
	assert_false(plan->sockets[1].listener);
	assert_int_equal(plan->steps[0].call->makes, 0);
	assert_int_equal(plan->steps[0].call->socket, 0);
	assert_int_equal(plan->steps[0].call->address.host, NO_INDEX);
	assert_int_equal(plan->steps[0].call->args[0], 128);
	assert_int_equal(plan->steps[1].call->socket, 0);
	assert_int_equal(plan->steps[1].call->makes, 1);
	assert_int_equal(plan->steps[2].call->socket, NO_INDEX);
	assert_int_equal(plan->steps[3].call->socket, 1);
	assert_int_equal(plan->steps[4].call->socket, 2);
	assert_int_equal(plan->steps[5].call->socket, 0);
	assert_int_equal(plan->n_callers, 2);
	assert_string_equal(plan->callers[1].name, "other");
}

static void connect_makes_the_first_socket(void **state)
{
	const struct plan *plan = plan_of(state, CLIENT_KERNEL "client: connect server:80\n");

	assert_int_equal(plan->n_sockets, 1);
	assert_int_equal(plan->steps[0].call->makes, 0);
	assert_int_equal(plan->steps[0].call->socket, 0);
	assert_int_equal(plan->steps[0].call->address.host, SERVER);
	assert_int_equal(plan->steps[0].answered_by, NO_INDEX);
}

static void answers_find_their_calls(void **state)
{
	const struct plan *plan = plan_of(state, CLIENT_KERNEL
		"client: connect server:80\nclient/r: read\nclient: -> ETIMEDOUT within 200s\n"
		"client/r: -> 0\n");

	assert_int_equal(plan->steps[0].answered_by, 2);
	assert_int_equal(plan->steps[1].answered_by, 3);
	assert_int_equal(plan->steps[2].caller, 0);
	assert_int_equal(plan->steps[3].caller, 1);
	assert_int_equal(plan->steps[2].time.kind, TIME_WITHIN);
	assert_int_equal(plan->steps[2].result.number, ETIMEDOUT);
}

static void arguments_of_calls(void **state)
{
	const struct plan_call *call = call_of(state, "read");

	assert_int_equal(call->args[0], 65536);
	call = call_of(state, "recv 10 flags MSG_PEEK|MSG_DONTWAIT");
	assert_int_equal(call->args[0], 10);
	assert_int_equal(call->args[1], MSG_PEEK | MSG_DONTWAIT);
	call = call_of(state, "write 1000 bytes");
	assert_null(call->data);
	assert_int_equal(call->args[0], 1000);
	call = call_of(state, "send \"a\\0b\" flags MSG_NOSIGNAL");
	assert_int_equal(call->data_len, 3);
	assert_memory_equal(call->data, "a\0b", 3);
	assert_int_equal(call->args[1], MSG_NOSIGNAL);
	call = call_of(state, "shutdown SHUT_WR");
	assert_int_equal(call->args[0], SHUT_WR);
	call = call_of(state, "poll POLLIN|POLLOUT timeout 1500us");
	assert_int_equal(call->args[0], POLLIN | POLLOUT);
	assert_int_equal(call->args[1], 2); /* never shorter than written */
	assert_int_equal(call_of(state, "poll POLLIN")->args[1], -1);
	call = call_of(state, "fcntl F_SETFL O_NONBLOCK");
	assert_int_equal(call->args[0], F_SETFL);
	assert_int_equal(call->args[1], O_NONBLOCK);
	call = call_of(state, "socket nonblocking");
	assert_true(call->nonblocking);
}

static void socket_options(void **state)
{
	const struct plan_call *call = call_of(state, "setsockopt TCP_USER_TIMEOUT 5000");
	struct timeval time;

	assert_int_equal(call->args[0], IPPROTO_TCP);
	assert_int_equal(call->args[1], TCP_USER_TIMEOUT);
	assert_int_equal(call->args[2], 5000);
	call = call_of(state, "setsockopt SO_LINGER 1 30");
	assert_int_equal(call->args[2], INT64_C(1) << 32 | 30);
	call = call_of(state, "setsockopt TCP_CONGESTION \"reno\"");
	assert_int_equal(call->data_len, 4);
	call = call_of(state, "setsockopt IP_MTU_DISCOVER IP_PMTUDISC_DO");
	assert_int_equal(call->args[2], IP_PMTUDISC_DO);
	call = call_of(state, "setsockopt SO_RCVTIMEO 1500ms");
	assert_int_equal(call->data_len, sizeof(time));
	memcpy(&time, call->data, sizeof(time));
	assert_int_equal(time.tv_sec, 1);
	assert_int_equal(time.tv_usec, 500000);
}

static void results_of_calls(void **state)
{
	const struct plan_result *result = result_of(state, "write \"x\" -> EPIPE SIGPIPE");

	assert_int_equal(result->kind, RESULT_ERRNO);
	assert_int_equal(result->number, EPIPE);
	assert_true(result->sigpipe);
	result = result_of(state, "write \"x\" -> SIGPIPE");
	assert_int_equal(result->number, EPIPE);
	assert_true(result->sigpipe);
	result = result_of(state, "read -> >= 1000");
	assert_int_equal(result->kind, RESULT_NUMBER);
	assert_int_equal(result->compare, CMP_GE);
	result = result_of(state, "read -> 30 bytes");
	assert_int_equal(result->kind, RESULT_DATA);
	assert_memory_equal(result->data, "abcdefghijklmnopqrstuvwxyzabcd", 30);
	result = result_of(state, "poll POLLIN -> POLLIN|POLLHUP");
	assert_int_equal(result->kind, RESULT_EVENTS);
	assert_int_equal(result->number, POLLIN | POLLHUP);
	result = result_of(state, "poll POLLIN -> 0");
	assert_int_equal(result->kind, RESULT_NUMBER);
	result = result_of(state, "fcntl F_GETFL -> O_RDWR|O_NONBLOCK");
	assert_int_equal(result->number, O_RDWR | O_NONBLOCK);
	result = result_of(state, "getpeername -> server:8080");
	assert_int_equal(result->kind, RESULT_ADDRESS);
	assert_int_equal(result->address.host, SERVER);
	assert_int_equal(result->address.port, 8080);
	result = result_of(state, "recvmsg flags MSG_ERRQUEUE -> 4 queued ECONNREFUSED icmp 3 3");
	assert_int_equal(result->number, 4);
	assert_int_equal(result->queued_errno, ECONNREFUSED);
	assert_int_equal(result->icmp_type, 3);
	assert_int_equal(result->icmp_code, 3);
	result = result_of(state, "recvmsg flags MSG_ERRQUEUE -> queued EHOSTUNREACH");
	assert_int_equal(result->kind, RESULT_SUCCESS);
	assert_int_equal(result->icmp_type, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sockets_newest_and_named),
		TEST(connect_makes_the_first_socket),
		TEST(answers_find_their_calls),
		TEST(arguments_of_calls),
		TEST(socket_options),
		TEST(results_of_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
