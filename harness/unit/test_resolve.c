/* test_resolve: what plans come out of which lines. Faulty scenarios are the
 * golden files' business (pytests/bad). */
#include "unit/resolve_helpers.h"

#include "plan/names.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

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

/* ---- connections ---- */

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

/* ---- packets ---- */

static void numbers_of_a_packet(void **state)
{
	const struct plan_packet *packet = packet_of(state, CLIENT_KERNEL ESTABLISH
		"send PSH-ACK-URG from server seq abs 0xfffffff0 ack next+1 win 0 urgent 3 offset 15 "
		"ttl 1 dscp 46 ecn ce reserved 4 id 7 df off checksum bad data hex 00 ff\n");

	assert_int_equal(packet->from, SERVER);
	assert_int_equal(packet->flags, TCP_PSH | TCP_ACK | TCP_URG);
	assert_int_equal(packet->seq.kind, SEQ_ABSOLUTE);
	assert_int_equal(packet->seq.value, 0xfffffff0);
	assert_int_equal(packet->ack.kind, SEQ_NEXT);
	assert_int_equal(packet->ack.value, 1);
	assert_int_equal(packet->urgent, 3);
	assert_int_equal(packet->offset, 15);
	assert_int_equal(packet->ttl, 1);
	assert_int_equal(packet->dscp, 46);
	assert_int_equal(packet->ecn, 3);
	assert_int_equal(packet->reserved, 4);
	assert_int_equal(packet->id, 7);
	assert_false(packet->df);
	assert_true(packet->checksum_bad);
	assert_int_equal(packet->data_len, 2);
	assert_memory_equal(packet->data, "\0\xff", 2);
	assert_int_equal(packet->set, FIELD_SEQ | FIELD_ACK | FIELD_WIN | FIELD_URGENT |
				      FIELD_OFFSET | FIELD_TTL | FIELD_DSCP | FIELD_ECN |
				      FIELD_RESERVED | FIELD_ID | FIELD_DF | FIELD_CHECKSUM |
				      FIELD_DATA);
}

static void fields_of_the_other_ip_version_are_left_unset(void **state)
{
	const char *const text = CLIENT_KERNEL ESTABLISH
		"send ACK from server id 7 df off flowlabel 5\n";

	assert_int_equal(last_step(plan_for(state, IP_V4, 1, text))->packet->set,
			 FIELD_ID | FIELD_DF);
	assert_int_equal(last_step(plan_for(state, IP_MAPPED, 1, text))->packet->set,
			 FIELD_ID | FIELD_DF);
	assert_int_equal(last_step(plan_for(state, IP_V6, 1, text))->packet->set, FIELD_FLOWLABEL);
}

static void data_sent_and_expected(void **state)
{
	const struct plan_packet *packet;

	packet = packet_of(state, CLIENT_KERNEL ESTABLISH "send DATA from server data 30 bytes\n");
	assert_int_equal(packet->flags, TCP_PSH | TCP_ACK);
	assert_false(packet->any_data);
	assert_int_equal(packet->data_len, 30);
	assert_memory_equal(packet->data, "abcdefghijklmnopqrstuvwxyzabcd", 30);

	packet = packet_of(state, CLIENT_KERNEL ESTABLISH
			   "expect DATA from client len 1..1448 again\n");
	assert_int_equal(packet->flags, TCP_ACK);
	assert_true(packet->any_data);
	assert_true(packet->again);
	assert_int_equal(packet->len_low, 1);
	assert_int_equal(packet->len_high, 1448);
}

static void options_sent_have_defaults(void **state)
{
	const struct plan_packet *packet = packet_of(state, CLIENT_CRAFTED
		"link mtu 1400\nserver: listen 80\n"
		"send SYN from client options mss, sackok, ts, nop, wscale 7\n");
	const struct plan_option *options = packet->options;

	assert_int_equal(packet->n_options, 5);
	assert_int_equal(options[0].a, 1360);
	assert_int_equal(options[2].kind, OPT_TS);
	assert_int_equal(options[2].a_kind, NUM_AUTO);
	assert_int_equal(options[2].b_kind, NUM_LAST);
	assert_int_equal(options[4].a, 7);
}

static void options_expected_stand_for_any(void **state)
{
	const struct plan_packet *packet = packet_of(state, CLIENT_KERNEL
		"expect SYN from client options mss, wscale any, ts 5, sack, ...\n");
	const struct plan_option *options = packet->options;

	assert_int_equal(options[0].a_kind, NUM_ANY);
	assert_int_equal(options[1].a_kind, NUM_ANY);
	assert_int_equal(options[2].a_kind, NUM_VALUE);
	assert_int_equal(options[2].b_kind, NUM_ANY);
	assert_int_equal(options[3].n_blocks, 0);
	assert_true(packet->options_more);
	packet = packet_of(state, CLIENT_KERNEL "expect SYN from client options none\n");
	assert_int_equal(packet->n_options, 0);
	assert_true(packet->set & FIELD_OPTIONS);
}

static void icmp_quotes_the_other_host(void **state)
{
	const struct plan_packet *packet = packet_of(state, CLIENT_KERNEL ESTABLISH
		"send icmp frag-needed mtu 1200 from server about last PSH-ACK\n");

	assert_true(packet->icmp);
	assert_int_equal(packet->icmp_kind, ICMP_FRAG_NEEDED);
	assert_int_equal(packet->mtu, 1200);
	assert_int_equal(packet->about_flags, TCP_PSH | TCP_ACK);
	assert_int_equal(packet->about_from, CLIENT);
	assert_false(packet->about_any);
	packet = packet_of(state, CLIENT_KERNEL ESTABLISH
			   "send icmp port-unreachable from server\n");
	assert_true(packet->about_any);
}

/* What fits is the MTU less both headers less the options that will be there. */
static void payload_fits_the_link(void **state)
{
	const char *const full = CLIENT_KERNEL ESTABLISH "send DATA from server data 1460 bytes\n";
	struct fixture *fixture = *state;

	plan_for(state, IP_V4, 1, full);
	assert_null(try_resolve(fixture, IP_V6, 1, full));
	assert_string_equal(error_of(state, CLIENT_KERNEL ESTABLISH
				     "send DATA from server data 1461 bytes\n"),
			    "with 1461 bytes of data this IPv4 packet has 1501, "
			    "the link's MTU is 1500");
	plan_of(state, CLIENT_KERNEL "link mtu 9000\n" ESTABLISH
		"send DATA from server data 8960 bytes\n");
}

/* ---- time ---- */

static const struct plan_time *time_of(void **state, const char *text)
{
	return &last_step(plan_of(state, text))->time;
}

static void times_become_lists(void **state)
{
	const struct plan_time *time;

	time = time_of(state, CLIENT_KERNEL "expect SYN from client at 0s, 1s, 3s +-20ms\n");
	assert_int_equal(time->kind, TIME_AT);
	assert_int_equal(time->n, 3);
	assert_int_equal(time->ns[2], 3000 * MS);
	assert_int_equal(time->tolerance, 20 * MS);

	time = time_of(state, CLIENT_KERNEL ESTABLISH
		       "expect DATA from client again 6 times doubling from 200ms up to 3s\n");
	assert_int_equal(time->kind, TIME_GAPS);
	assert_int_equal(time->n, 6);
	assert_int_equal(time->ns[0], 200 * MS);
	assert_int_equal(time->ns[3], 1600 * MS);
	assert_int_equal(time->ns[4], 3000 * MS);
	assert_int_equal(time->ns[5], 3000 * MS);
	assert_int_equal(time->tolerance, NO_TOLERANCE);

	time = time_of(state, CLIENT_KERNEL ESTABLISH
		       "expect ACK from client again 9 times every 75s\n");
	assert_int_equal(time->n, 9);
	assert_int_equal(time->ns[8], 75000 * MS);

	time = time_of(state, CLIENT_KERNEL "wait 3s\n");
	assert_int_equal(time->ns[0], 3000 * MS);
}

/* ---- calls ---- */

/* The call of the last line, after a connection has been established. */
static const struct plan_call *call_of(void **state, const char *line)
{
	struct fixture *fixture = *state;

	return last_step(plan_of(state, arena_printf(fixture->arena, "%s%sclient: %s\n",
						     CLIENT_KERNEL, ESTABLISH, line)))->call;
}

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
	result = &ask_of(state, "info ca_state -> != Loss")->result;
	assert_true(result->ranges[0].not && result->ranges[0].low == 4);
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
		TEST(ports_of_a_crafted_client),
		TEST(the_main_connection_is_number_0),
		TEST(ports_of_a_kernel_client_are_learned),
		TEST(simultaneous_open),
		TEST(establish_from_a_crafted_client),
		TEST(establish_uses_the_listener),
		TEST(establish_from_a_kernel_client),
		TEST(establish_between_kernels),
		TEST(numbers_of_a_packet),
		TEST(fields_of_the_other_ip_version_are_left_unset),
		TEST(data_sent_and_expected),
		TEST(options_sent_have_defaults),
		TEST(options_expected_stand_for_any),
		TEST(icmp_quotes_the_other_host),
		TEST(payload_fits_the_link),
		TEST(times_become_lists),
		TEST(sockets_newest_and_named),
		TEST(connect_makes_the_first_socket),
		TEST(answers_find_their_calls),
		TEST(arguments_of_calls),
		TEST(socket_options),
		TEST(results_of_calls),
		TEST(questions),
		TEST(answers_in_ranges),
		TEST(answers_of_timers),
		TEST(answers_of_sockets),
		TEST(questions_are_asked_by_nobody),
		TEST(tables_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
