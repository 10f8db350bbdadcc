/* Tests of peer/probe: true socket calls, their errnos and signals. */
#include "unit/world_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/ioctl.h>

static void wait_asleep(struct stage *stage, int caller)
{
	for (int i = 0; i < 2000 && !probe_asleep(&stage->probe, caller); i++)
		poll(NULL, 0, 1);
	CHECK(probe_asleep(&stage->probe, caller));
}

static void wait_asleep_after_entry(struct stage *stage, int caller)
{
	take_reply(stage, caller, PROBE_ENTERED);
	wait_asleep(stage, caller);
}

/* connect() blocks, and its SYN is on the wire. */
static void play_connect(struct stage *stage)
{
	const bool v4 = stage->plan.ip != IP_V6;
	const size_t segment = v4 ? 34 : 54;
	struct probe_reply reply;
	uint8_t frame[FRAME_MAX];
	size_t len;

	stage_enter_with_probe(stage);
	CHECK(!probe_asleep(&stage->probe, 0));
	start_connect(stage, 0, 0, 1, 8080);
	reply = take_reply(stage, 0, PROBE_ENTERED);
	CHECK(reply.inode != 0 && reply.step == 8);
	len = next_frame(stage->wire, frame, PATIENCE_MS);
	CHECK(len > segment + 20);
	CHECK(frame[segment + 13] == TCP_SYN);
	CHECK(frame[segment + 2] == 8080 >> 8 && frame[segment + 3] == (8080 & 0xff));
	CHECK(memcmp(frame, stage->world.hosts[1].mac, 6) == 0);
	CHECK(tcp_sum(frame, len) == 0xffff);
	wait_asleep(stage, 0);
	CHECK(probe_reply(&stage->probe, 0, &reply) == 0);
	probe_stop(&stage->probe);
}

static void test_connect(void **state)
{
	(void)state;
	for (int ip = IP_V4; ip <= IP_MAPPED; ip++) {
		struct stage stage = stage_for((enum ip_version)ip, HOST_CRAFTED);

		assert_int_equal(in_child(play_connect, &stage), 0);
	}
}

/* A refused non-blocking connect: EINPROGRESS, POLLERR, SO_ERROR. */
static void play_options(struct stage *stage)
{
	struct plan_call call = call_of(CALL_SOCKET, NO_INDEX);
	struct probe_reply reply;

	stage_enter_with_probe(stage);
	call.makes = 3;
	call.nonblocking = true;
	CHECK(make(stage, call).ret == PROBE_FD_BASE + 3);
	call = call_of(CALL_FCNTL, 3);
	call.args[0] = F_GETFL;
	CHECK(make(stage, call).value & O_NONBLOCK);
	call = call_of(CALL_CONNECT, 3);
	call.address = (struct plan_address){ 1, 8080 };
	reply = make(stage, call);
	CHECK(reply.ret == -1 && reply.err == EINPROGRESS && !reply.sigpipe);
	CHECK(reply.local.family && reply.local.port);
	call = call_of(CALL_POLL, 3);
	call.args[0] = POLLOUT;
	call.args[1] = 10;
	reply = make(stage, call);
	CHECK(reply.ret == 0 && reply.value == 0);
	CHECK(reply.returned - reply.started >= 10 * 1000 * 1000);
	call = call_of(CALL_SETSOCKOPT, 3);
	call.args[0] = IPPROTO_TCP;
	call.args[1] = TCP_NODELAY;
	call.args[2] = 1;
	CHECK(make(stage, call).ret == 0);
	call.id = CALL_GETSOCKOPT;
	CHECK(make(stage, call).value == 1);
	call = call_of(CALL_SETSOCKOPT, 3);
	call.args[0] = SOL_SOCKET;
	call.args[1] = SO_LINGER;
	call.args[2] = INT64_C(1) << 32 | 5;
	CHECK(make(stage, call).ret == 0);
	call.id = CALL_GETSOCKOPT;
	CHECK(make(stage, call).value == (INT64_C(1) << 32 | 5));
	call = call_of(CALL_SETSOCKOPT, 3);
	call.args[0] = IPPROTO_TCP;
	call.args[1] = TCP_CONGESTION;
	call.data = (const uint8_t *)"reno";
	call.data_len = 4;
	CHECK(make(stage, call).ret == 0);
	call.id = CALL_GETSOCKOPT;
	reply = make(stage, call);
	CHECK(reply.data_len >= 5 && memcmp(reply.data, "reno", 5) == 0);
	call.args[1] = 9999;
	reply = make(stage, call);
	CHECK(reply.ret == -1 && reply.err == ENOPROTOOPT);
}

static void test_options(void **state)
{
	struct stage stage = stage_for(IP_V4, HOST_CRAFTED);

	(void)state;
	assert_int_equal(in_child(play_options, &stage), 0);
}

static void play_closed(struct stage *stage)
{
	struct probe_reply reply;

	stage_enter_with_probe(stage);
	reply = make_listener(stage, 0, 8080, 4);
	CHECK(reply.ret == 0 && reply.inode && reply.local.port == 8080);
	reply = make(stage, call_of(CALL_CLOSE, 0));
	CHECK(reply.ret == 0 && reply.inode);
	reply = make(stage, call_of(CALL_READ, 0));
	CHECK(reply.ret == -1 && reply.err == EBADF);
	reply = make(stage, call_of(CALL_CLOSE, 0));
	CHECK(reply.ret == -1 && reply.err == EBADF);
	CHECK(make_listener(stage, 1, 8080, 4).ret == 0);
	reply = make_listener(stage, 2, 8080, 4);
	CHECK(reply.ret == -1 && reply.err == EADDRINUSE);
	reply = make(stage, call_of(CALL_READ, 0));
	CHECK(reply.ret == -1 && reply.err == EBADF); /* the number is never used again */
}

static void test_closed(void **state)
{
	struct stage stage = stage_for(IP_V4, HOST_CRAFTED);

	(void)state;
	assert_int_equal(in_child(play_closed, &stage), 0);
}

/* Data both ways, the ends' addresses, then EPIPE: with SIGPIPE, and without. */
static void play_conversation(struct stage *stage)
{
	const int family = stage->plan.ip == IP_V6 ? 6 : 4;
	struct probe_reply client, server, reply;
	struct plan_call call;

	stage_enter_with_probe(stage);
	connect_to_self(stage, &client, &server);
	CHECK(client.remote.family == family && client.remote.port == 8080);
	CHECK(server.remote.family == family && server.remote.port == client.local.port);
	CHECK(server.inode && client.inode && server.inode != client.inode);
	reply = make(stage, call_of(CALL_GETPEERNAME, 1));
	CHECK(reply.ret == 0 && reply.answer.port == 8080);
	call = call_of(CALL_WRITE, 1);
	call.data = (const uint8_t *)"hello";
	call.data_len = 5;
	CHECK(make(stage, call).ret == 5);
	call = call_of(CALL_IOCTL, 2);
	call.args[0] = SIOCINQ;
	CHECK(make(stage, call).value == 5);
	call = call_of(CALL_RECV, 2);
	call.args[0] = 3;
	call.args[1] = MSG_PEEK;
	reply = make(stage, call);
	CHECK(reply.ret == 3 && reply.data_len == 3 && memcmp(reply.data, "hel", 3) == 0);
	call = call_of(CALL_READ, 2);
	call.args[0] = -1;
	reply = make(stage, call);
	CHECK(reply.ret == 5 && memcmp(reply.data, "hello", 5) == 0);
	call = call_of(CALL_SENDFILE, 2);
	call.args[0] = 30;
	CHECK(make(stage, call).ret == 30);
	call = call_of(CALL_RECVMSG, 1);
	call.args[0] = -1;
	reply = make(stage, call);
	CHECK(reply.ret == 30 && memcmp(reply.data + 24, "yzabcd", 6) == 0);
	CHECK(reply.queued_errno == 0 && reply.icmp_type == -1 && reply.icmp_code == -1);
	call.args[1] = MSG_ERRQUEUE;
	reply = make(stage, call);
	CHECK(reply.ret == -1 && reply.err == EAGAIN);
	call = call_of(CALL_SHUTDOWN, 1);
	call.args[0] = SHUT_WR;
	CHECK(make(stage, call).ret == 0);
	call = call_of(CALL_WRITE, 1);
	call.args[0] = 100;
	reply = make(stage, call);
	CHECK(reply.ret == -1 && reply.err == EPIPE && reply.sigpipe);
	call.id = CALL_SEND;
	call.args[1] = MSG_NOSIGNAL;
	reply = make(stage, call);
	CHECK(reply.ret == -1 && reply.err == EPIPE && !reply.sigpipe);
	reply = make(stage, call_of(CALL_READ, 2));
	CHECK(reply.ret == 0 && reply.data_len == 0);
}

static void test_conversation(void **state)
{
	(void)state;
	for (int ip = IP_V4; ip <= IP_MAPPED; ip++) {
		struct stage stage = stage_for((enum ip_version)ip, HOST_CRAFTED);

		assert_int_equal(in_child(play_conversation, &stage), 0);
	}
}

/* A write of 20 MB in one call blocks; another caller reads; it returns 20 MB. */
static void play_large_write(struct stage *stage)
{
	const int64_t count = 20 << 20;
	struct probe_reply client, server, reply;
	struct plan_call call;

	stage_enter_with_probe(stage);
	connect_to_self(stage, &client, &server);
	call = call_of(CALL_WRITE, 1);
	call.caller = 1;
	call.args[0] = count;
	CHECK(probe_call(&stage->probe, &stage->plan, &call, 9) == 0);
	wait_asleep_after_entry(stage, 1);
	call = call_of(CALL_READ, 2);
	call.args[0] = 1 << 20;
	for (int64_t got = 0; got < count; got += reply.ret) {
		reply = make(stage, call);
		CHECK(reply.ret > 0 && reply.data_len <= PROBE_DATA_MAX);
		CHECK(reply.data[0] == 'a' + got % 26);
	}
	CHECK(take_reply(stage, 1, PROBE_DONE).ret == count);
}

static void test_large_write(void **state)
{
	struct stage stage = stage_for(IP_V4, HOST_CRAFTED);

	(void)state;
	assert_int_equal(in_child(play_large_write, &stage), 0);
}

/* Data that a line wrote, too long for one message: they travel as a file. */
static void play_long_data(struct stage *stage)
{
	enum { LEN = 3 * PROBE_DATA_MAX + 1 };
	struct probe_reply client, server, reply;
	struct plan_call call;
	uint8_t *data = malloc(LEN);

	CHECK(data);
	for (size_t i = 0; i < LEN; i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	stage_enter_with_probe(stage);
	connect_to_self(stage, &client, &server);
	call = call_of(CALL_WRITE, 1);
	call.data = data;
	call.data_len = LEN;
	CHECK(make(stage, call).ret == LEN);
	call = call_of(CALL_READ, 2);
	call.args[0] = PROBE_DATA_MAX;
	for (size_t got = 0; got < LEN; got += (size_t)reply.ret) {
		reply = make(stage, call);
		CHECK(reply.ret > 0 && got + reply.data_len <= LEN);
		CHECK(memcmp(reply.data, data + got, reply.data_len) == 0);
	}
}

static void test_long_data(void **state)
{
	struct stage stage = stage_for(IP_V4, HOST_CRAFTED);

	(void)state;
	assert_int_equal(in_child(play_long_data, &stage), 0);
}

static void send_on(struct stage *stage)
{
	char error[PROBE_ERROR_LEN] = "";

	world_leave(&stage->world, &stage->home);
	stage_enter(stage);
	CHECK(probe_start(&stage->probe, &stage->plan, &stage->home, &stage->world, 0, error) == 0);
	CHECK(probe_await(&stage->probe, error) == 0);
}

/* One process in one world after the other: nothing of the first is there in the second. If it has
 * died, another goes. */
static void play_two_worlds(struct stage *stage)
{
	struct probe_reply client, server, reply;
	struct pollfd ended;
	pid_t first;

	stage_enter_with_probe(stage);
	ended = (struct pollfd){ .fd = stage->probe.child.pidfd, .events = POLLIN };
	first = stage->probe.child.pid;
	connect_to_self(stage, &client, &server);
	probe_leave(&stage->probe);
	send_on(stage);
	CHECK(stage->probe.child.pid == first);
	for (int slot = 0; slot <= 2; slot++) {
		reply = make(stage, call_of(CALL_READ, slot));
		CHECK(reply.ret == -1 && reply.err == EBADF);
	}
	connect_to_self(stage, &client, &server); /* the same ports */
	CHECK(client.local.port && client.remote.port == 8080);
	kill(first, SIGKILL);
	CHECK(poll(&ended, 1, PATIENCE_MS) == 1);
	probe_leave(&stage->probe);
	send_on(stage);
	CHECK(stage->probe.child.pid != first);
	CHECK(make_listener(stage, 0, 8080, 1).ret == 0);
}

static void test_two_worlds(void **state)
{
	(void)state;
	for (int ip = IP_V4; ip <= IP_MAPPED; ip++) {
		struct stage stage = stage_for((enum ip_version)ip, HOST_CRAFTED);

		assert_int_equal(in_child(play_two_worlds, &stage), 0);
	}
}

static void play_death(struct stage *stage)
{
	const struct plan_call call = call_of(CALL_READ, 0);
	struct pollfd item;
	struct probe_reply reply;

	stage_enter_with_probe(stage);
	kill(stage->probe.child.pid, SIGKILL);
	item = (struct pollfd){ .fd = stage->probe.child.pidfd, .events = POLLIN };
	CHECK(poll(&item, 1, PATIENCE_MS) == 1);
	for (int i = 0; i < 2; i++) {
		item = (struct pollfd){ .fd = stage->probe.fds[i], .events = POLLIN };
		CHECK(poll(&item, 1, PATIENCE_MS) == 1);
		CHECK(probe_reply(&stage->probe, i, &reply) == -EPIPE);
	}
	CHECK(probe_call(&stage->probe, &stage->plan, &call, 1) == -EPIPE);
	CHECK(!probe_asleep(&stage->probe, 0));
	probe_stop(&stage->probe);
	CHECK(probe_reply(&stage->probe, 0, &reply) == -EPIPE);
}

static void test_death(void **state)
{
	struct stage stage = stage_for(IP_V4, HOST_CRAFTED);

	(void)state;
	assert_int_equal(in_child(play_death, &stage), 0);
}

/* An engine that is killed leaves nothing: the pipe's other end is held by it and its probe
 * alone, a blocked call and all. */
static void play_until_killed(struct stage *stage, int alive)
{
	stage_enter_with_probe(stage);
	start_connect(stage, 0, 0, 1, 8080);
	wait_asleep_after_entry(stage, 0);
	CHECK(write(alive, "x", 1) == 1);
	for (;;)
		pause();
}

static void test_engine_killed(void **state)
{
	struct stage stage = stage_for(IP_V4, HOST_CRAFTED);
	struct pollfd item;
	int ends[2];
	pid_t engine;
	char byte;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	engine = fork();
	if (engine == 0)
		play_until_killed(&stage, ends[1]);
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	kill(engine, SIGKILL);
	waitpid(engine, NULL, 0);
	item = (struct pollfd){ .fd = ends[0], .events = POLLIN };
	assert_int_equal(poll(&item, 1, PATIENCE_MS), 1);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}

static void play_no_callers(struct stage *stage)
{
	const struct plan_call call = call_of(CALL_READ, 0);

	stage->plan.n_callers = 0;
	stage_enter_with_probe(stage);
	CHECK(stage->probe.child.pid == 0);
	CHECK(probe_call(&stage->probe, &stage->plan, &call, 1) == -EINVAL);
	probe_stop(&stage->probe);
}

static void test_no_callers(void **state)
{
	struct stage stage = stage_for(IP_V4, HOST_CRAFTED);

	(void)state;
	assert_int_equal(in_child(play_no_callers, &stage), 0);
}

/* Carry frames from one wire end to the other until nothing comes for a while. */
static void carry(int wire0, int wire1)
{
	struct pollfd items[] = { { .fd = wire0, .events = POLLIN },
				  { .fd = wire1, .events = POLLIN } };
	uint8_t frame[FRAME_MAX];
	size_t len;

	while (poll(items, 2, 200) > 0) {
		for (int i = 0; i < 2; i++) {
			len = next_frame(items[i].fd, frame, 0);
			if (len == 0)
				continue;
			CHECK(len <= 14 + DEFAULT_MTU);
			CHECK(tcp_sum(frame, len) == 0xffff);
			CHECK(send(items[1 - i].fd, frame, len, 0) == (ssize_t)len);
		}
	}
}

/* Two kernels: nothing passes but what we carry, in segments no larger than the link's MTU. */
static void play_two_kernels(struct stage *stage)
{
	static const struct plan_caller callers[] = { { 0, NULL }, { 1, NULL } };
	struct plan_call listen = call_of(CALL_LISTEN, 0), write = call_of(CALL_WRITE, 1);
	struct probe_reply reply;
	struct probe server;
	char error[PROBE_ERROR_LEN];
	int wire1;

	stage->plan.callers = callers;
	stage_enter_with_probe(stage);
	wire1 = packet_socket("wire1");
	probe_init(&server);
	CHECK(probe_start(&server, &stage->plan, &stage->home, &stage->world, 1, error) == 0);
	CHECK(probe_await(&server, error) == 0);
	listen.makes = 0;
	listen.caller = 1;
	listen.address = (struct plan_address){ 1, 8080 };
	listen.args[0] = 4;
	CHECK(probe_call(&server, &stage->plan, &listen, 0) == 0);
	for (int got = 0; got < 2;)
		got += probe_reply(&server, 1, &reply) == 1 ? 1 : poll(NULL, 0, 1);
	CHECK(reply.ret == 0);
	start_connect(stage, 0, 1, 1, 8080);
	carry(stage->wire, wire1);
	CHECK(take_reply(stage, 0, PROBE_DONE).ret == 0);
	write.args[0] = 60000;
	CHECK(make(stage, write).ret == 60000);
	carry(stage->wire, wire1);
	probe_stop(&server);
}

static void test_two_kernels(void **state)
{
	struct stage v4 = stage_for(IP_V4, HOST_KERNEL), v6 = stage_for(IP_V6, HOST_KERNEL);

	(void)state;
	assert_int_equal(in_child(play_two_kernels, &v4), 0);
	assert_int_equal(in_child(play_two_kernels, &v6), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_conversation),
		cmocka_unit_test(test_large_write),
		cmocka_unit_test(test_long_data),
		cmocka_unit_test(test_two_worlds),
		cmocka_unit_test(test_death),
		cmocka_unit_test(test_engine_killed),
		cmocka_unit_test(test_no_callers),
		cmocka_unit_test(test_two_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
