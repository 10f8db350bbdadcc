/* Tests of peer/sockdiag: what the kernel says of sockets whose state we know. */
#include "peer/sockdiag.h"

#include "plan/tcp_info.h"
#include "unit/world_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>

static struct sockdiag *open_diag(struct stage *stage)
{
	struct sockdiag *diag;

	CHECK(world_visit(&stage->world, 0) == 0);
	diag = sockdiag_open();
	CHECK(diag);
	CHECK(world_visit(&stage->world, NO_INDEX) == 0);
	return diag;
}

/* How many sockets of the host are in @state. */
static int count_state(struct sockdiag *diag, enum tcp_state state)
{
	struct sock_list list = { 0 };
	int count = 0;

	CHECK(sockdiag_list(diag, &list) == 0);
	for (size_t i = 0; i < list.count; i++)
		count += list.items[i].state == state;
	sock_list_free(&list);
	return count;
}

/* The socket found last is established and has a rto. */
static void check_tcp_info(const struct sockdiag *diag)
{
	int64_t number = 0;
	size_t len;
	const void *bytes = sockdiag_tcp_info(diag, &len);

	CHECK(tcp_info_read(tcp_info_by_name("state"), 6, bytes, len, &number));
	CHECK(number == STATE_ESTABLISHED);
	CHECK(tcp_info_read(tcp_info_by_name("rto"), 6, bytes, len, &number) && number > 100000);
}

static void play_connection(struct stage *stage)
{
	struct probe_reply client, server, listener;
	struct plan_call call = call_of(CALL_WRITE, 1);
	struct probe_address stranger;
	struct sock_info info;
	struct sockdiag *diag;

	stage_enter_with_probe(stage);
	diag = open_diag(stage);
	connect_to_self(stage, &client, &server);
	listener = make(stage, call_of(CALL_GETSOCKNAME, 0));
	CHECK(sockdiag_find_inode(diag, listener.inode, &info) == 1);
	CHECK(info.state == STATE_LISTEN && info.recv_queue == 0 && info.send_queue == 16);
	CHECK(info.inode == listener.inode);

	CHECK(sockdiag_find(diag, &client.local, &client.remote, &info) == 1);
	CHECK(info.state == STATE_ESTABLISHED && info.inode == client.inode);
	CHECK(info.local.port == client.local.port && info.remote.port == client.remote.port);
	check_tcp_info(diag);
	CHECK(count_state(diag, STATE_ESTABLISHED) == 2 && count_state(diag, STATE_LISTEN) == 1);
	CHECK(sockdiag_find(diag, &server.local, &server.remote, &info) == 1);
	CHECK(info.state == STATE_ESTABLISHED && info.inode == server.inode);
	CHECK(sockdiag_find_inode(diag, client.inode, &info) == 1);
	CHECK(info.state == STATE_ESTABLISHED && info.inode == client.inode);

	call.args[0] = 100;
	CHECK(make(stage, call).ret == 100);
	CHECK(sockdiag_find(diag, &server.local, &server.remote, &info) == 1);
	CHECK(info.recv_queue == 100);

	stranger = client.remote; /* the lookup of a stranger finds the listener: no answer */
	stranger.port = 9;
	CHECK(sockdiag_find(diag, &server.local, &stranger, &info) == 0);
	CHECK(sockdiag_find_inode(diag, 1, &info) == 0);
	sockdiag_close(diag);
}

static void test_connection(void **state)
{
	(void)state;
	for (int ip = IP_V4; ip <= IP_MAPPED; ip++) {
		struct stage stage = stage_for((enum ip_version)ip, HOST_CRAFTED);

		assert_int_equal(in_child(play_connection, &stage), 0);
	}
}

/* Wait for a state: the acknowledgement that brings it may be delayed. */
static void await_state(struct sockdiag *diag, const struct probe_reply *end, enum tcp_state state)
{
	struct sock_info info;

	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		CHECK(sockdiag_find(diag, &end->local, &end->remote, &info) == 1);
		if (info.state == state)
			return;
		poll(NULL, 0, 1);
	}
	fprintf(stderr, "state %d, not %d\n", (int)info.state, (int)state);
	_exit(1);
}

/* close by one end, then the other: FIN-WAIT-2 and CLOSE-WAIT, TIME-WAIT and nothing. */
static void play_closing(struct stage *stage)
{
	struct probe_reply client, server;
	struct sock_info info;
	struct sockdiag *diag;
	struct plan_call call = call_of(CALL_READ, 2);

	stage_enter_with_probe(stage);
	diag = open_diag(stage);
	connect_to_self(stage, &client, &server);
	CHECK(make(stage, call_of(CALL_CLOSE, 1)).ret == 0);
	call.args[0] = -1;
	CHECK(make(stage, call).ret == 0);
	await_state(diag, &client, STATE_FIN_WAIT_2);
	await_state(diag, &server, STATE_CLOSE_WAIT);
	CHECK(make(stage, call_of(CALL_CLOSE, 2)).ret == 0);
	await_state(diag, &client, STATE_TIME_WAIT);
	CHECK(sockdiag_find(diag, &client.local, &client.remote, &info) == 1);
	CHECK(info.state == STATE_TIME_WAIT && info.timer == TIMER_TIMEWAIT);
	CHECK(info.timer_ms > 50000 && info.inode == 0);
	CHECK(count_state(diag, STATE_TIME_WAIT) == 1 && count_state(diag, STATE_ESTABLISHED) == 0);
	CHECK(sockdiag_find(diag, &server.local, &server.remote, &info) == 0);
	sockdiag_close(diag);
}

static void test_closing(void **state)
{
	(void)state;
	for (int ip = IP_V4; ip <= IP_MAPPED; ip++) {
		struct stage stage = stage_for((enum ip_version)ip, HOST_CRAFTED);

		assert_int_equal(in_child(play_closing, &stage), 0);
	}
}

/* A crafted SYN: SYN-RECV, with the SYN-ACK's timer. A connect of ours: SYN-SENT. */
static void play_half_open(struct stage *stage)
{
	const bool v4 = stage->plan.ip != IP_V6;
	struct probe_address remote = { .family = v4 ? 4 : 6, .port = 40000 };
	struct probe_reply listener, connecting;
	uint8_t frame[FRAME_MAX];
	struct sock_info info;
	struct sockdiag *diag;
	size_t len;

	stage_enter_with_probe(stage);
	diag = open_diag(stage);
	listener = make_listener(stage, 0, 8080, 4);
	memcpy(remote.bytes, v4 ? stage->world.hosts[1].ip4 : stage->world.hosts[1].ip6,
	       v4 ? 4 : 16);
	CHECK(sockdiag_find(diag, &listener.local, &remote, &info) == 0);
	len = make_syn(&stage->world, v4, 40000, 8080, frame);
	CHECK(send(stage->wire, frame, len, 0) == (ssize_t)len);
	CHECK(next_frame(stage->wire, frame, PATIENCE_MS) > 0);
	CHECK(sockdiag_find(diag, &listener.local, &remote, &info) == 1);
	CHECK(info.state == STATE_SYN_RECV && info.timer == TIMER_ON);
	CHECK(count_state(diag, STATE_SYN_RECV) == 1);

	start_connect(stage, 1, 1, 1, 9090);
	connecting = take_reply(stage, 1, PROBE_ENTERED);
	CHECK(next_frame(stage->wire, frame, PATIENCE_MS) > 0);
	CHECK(sockdiag_find_inode(diag, connecting.inode, &info) == 1);
	CHECK(info.state == STATE_SYN_SENT && info.timer == 1);
	sockdiag_close(diag);
}

static void test_half_open(void **state)
{
	(void)state;
	for (int ip = IP_V4; ip <= IP_MAPPED; ip++) {
		struct stage stage = stage_for((enum ip_version)ip, HOST_CRAFTED);

		assert_int_equal(in_child(play_half_open, &stage), 0);
	}
}

/* What close() leaves behind would retransmit for minutes; a listener on the port is spared. */
static void play_abort(struct stage *stage)
{
	struct probe_reply client, server, listener;
	struct plan_call read = call_of(CALL_READ, 2);
	struct sock_info info;
	struct sockdiag *diag;

	stage_enter_with_probe(stage);
	diag = open_diag(stage);
	connect_to_self(stage, &client, &server);
	listener = make(stage, call_of(CALL_GETSOCKNAME, 0));
	CHECK(make(stage, call_of(CALL_CLOSE, 1)).ret == 0);
	read.args[0] = -1;
	CHECK(make(stage, read).ret == 0);
	await_state(diag, &client, STATE_FIN_WAIT_2);
	sockdiag_abort(diag, &client.local, &client.remote);
	CHECK(sockdiag_find(diag, &client.local, &client.remote, &info) == 0);
	sockdiag_abort(diag, &client.local, &client.remote); /* it is gone */
	sockdiag_abort(diag, &server.local, &server.remote);
	CHECK(sockdiag_find(diag, &server.local, &server.remote, &info) == 0);
	CHECK(sockdiag_find_inode(diag, listener.inode, &info) == 1);
	sockdiag_close(diag);
}

static void test_abort(void **state)
{
	(void)state;
	for (int ip = IP_V4; ip <= IP_MAPPED; ip++) {
		struct stage stage = stage_for((enum ip_version)ip, HOST_CRAFTED);

		assert_int_equal(in_child(play_abort, &stage), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connection),
		cmocka_unit_test(test_closing),
		cmocka_unit_test(test_half_open),
		cmocka_unit_test(test_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
