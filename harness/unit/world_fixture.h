/* world_fixture: a world, a probe and a raw socket on the wire, for unit tests.
 *
 * Entering a world cannot be undone, so each test that needs one runs in a forked child
 * (in_child). A machine that forbids namespaces makes these tests fail, not pass.
 */
#ifndef TCPSCEN_UNIT_WORLD_FIXTURE_H
#define TCPSCEN_UNIT_WORLD_FIXTURE_H

#include "peer/probe.h"
#include "world/world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

/* In a child there is no cmocka to report to: say what is wrong and end. */
#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: not true: %s (errno %s)\n", __FILE__, __LINE__, \
				#condition, strerror(errno)); \
			_exit(1); \
		} \
	} while (0)

enum { FRAME_MAX = 66000, PATIENCE_MS = 2000 };

struct stage {
	struct plan plan;
	struct world_home home;
	struct world world;
	struct probe probe; /* of host 0 */
	int wire;           /* packet socket on wire0 */
};

static const struct plan_caller stage_callers[] = { { 0, NULL }, { 0, "other" } };

/* Run @main(@stage) in a child. Return: its wait status. */
static UNUSED int in_child(void (*main)(struct stage *stage), struct stage *stage)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		alarm(30);
		main(stage);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

static UNUSED struct stage stage_for(enum ip_version ip, enum host_kind second)
{
	return (struct stage){
		.plan = {
			.ip = ip,
			.hosts = { { .name = "client", .kind = HOST_KERNEL },
				   { .name = "server", .kind = second } },
			.n_hosts = PLAN_HOSTS,
			.link_mtu = DEFAULT_MTU,
			.callers = stage_callers,
			.n_callers = 2,
		},
		.home = WORLD_HOME_NONE,
		.wire = -1,
	};
}

static UNUSED int packet_socket(const char *interface)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(interface),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0); /* with a protocol, bind() would take 10 ms */

	CHECK(fd >= 0);
	CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	return fd;
}

static UNUSED void stage_enter(struct stage *stage)
{
	char error[WORLD_ERROR_LEN] = "";

	if (world_enter(&stage->world, &stage->plan, &stage->home, error) < 0) {
		fprintf(stderr, "no world: %s\n", error);
		_exit(1);
	}
	stage->wire = packet_socket(stage->world.hosts[0].interface);
}

static UNUSED void stage_enter_with_probe(struct stage *stage)
{
	char error[PROBE_ERROR_LEN] = "";

	stage_enter(stage);
	probe_init(&stage->probe);
	if (probe_start(&stage->probe, &stage->plan, &stage->home, &stage->world, 0, error) < 0 ||
	    probe_await(&stage->probe, error) < 0) {
		fprintf(stderr, "no probe: %s\n", error);
		_exit(1);
	}
}

/* Next frame that came in at a packet socket. Return: its length; 0: none within @ms. */
static UNUSED size_t next_frame(int fd, uint8_t *frame, int ms)
{
	struct sockaddr_ll from;
	struct pollfd item = { .fd = fd, .events = POLLIN };
	socklen_t len;
	ssize_t n;

	while (poll(&item, 1, ms) > 0) {
		len = sizeof(from);
		n = recvfrom(fd, frame, FRAME_MAX, 0, (struct sockaddr *)&from, &len);
		CHECK(n > 0);
		if (from.sll_pkttype != PACKET_OUTGOING)
			return (size_t)n;
	}
	return 0;
}

/* ---- calls ---- */

static UNUSED struct plan_call call_of(enum call_id id, int socket)
{
	return (struct plan_call){ .id = id, .socket = socket, .makes = NO_INDEX };
}

/* Wait for a caller's next message of this kind. */
static UNUSED struct probe_reply take_reply(struct stage *stage, int caller,
					    enum probe_reply_kind kind)
{
	struct pollfd item = { .fd = stage->probe.fds[caller], .events = POLLIN };
	struct probe_reply reply;

	for (;;) {
		CHECK(poll(&item, 1, 10 * PATIENCE_MS) == 1);
		CHECK(probe_reply(&stage->probe, caller, &reply) == 1);
		if (reply.kind == kind)
			return reply;
	}
}

static UNUSED struct probe_reply make(struct stage *stage, struct plan_call call)
{
	CHECK(probe_call(&stage->probe, &stage->plan, &call, 7) == 0);
	return take_reply(stage, call.caller, PROBE_DONE);
}

static UNUSED struct probe_reply make_listener(struct stage *stage, int socket, uint16_t port,
					       int backlog)
{
	struct plan_call call = call_of(CALL_LISTEN, socket);

	call.makes = socket;
	call.address = (struct plan_address){ 0, port };
	call.args[0] = backlog;
	return make(stage, call);
}

/* Start a connect that makes socket @socket, by caller @caller. */
static UNUSED void start_connect(struct stage *stage, int caller, int socket, int host,
				 uint16_t port)
{
	struct plan_call call = call_of(CALL_CONNECT, socket);

	call.makes = socket;
	call.caller = caller;
	call.address = (struct plan_address){ host, port };
	CHECK(probe_call(&stage->probe, &stage->plan, &call, 8) == 0);
}

static UNUSED struct probe_reply make_accept(struct stage *stage, int listener, int socket)
{
	struct plan_call call = call_of(CALL_ACCEPT, listener);

	call.makes = socket;
	return make(stage, call);
}

/* A connection of host 0 with itself: 0 listens, 1 connects, 2 is accepted. */
static UNUSED void connect_to_self(struct stage *stage, struct probe_reply *client,
				   struct probe_reply *server)
{
	CHECK(make_listener(stage, 0, 8080, 16).ret == 0);
	start_connect(stage, 1, 1, 0, 8080);
	*server = make_accept(stage, 0, 2);
	CHECK(server->ret == PROBE_FD_BASE + 2);
	*client = take_reply(stage, 1, PROBE_DONE);
	CHECK(client->ret == 0);
}

/* ---- a SYN, by hand ---- */

static UNUSED uint32_t sum16(uint32_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static UNUSED uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static UNUSED void put16(uint8_t *at, uint16_t number)
{
	at[0] = (uint8_t)(number >> 8);
	at[1] = (uint8_t)number;
}

/* Sum over the pseudo header and the TCP segment of an Ethernet frame; 0xffff when the
 * checksum is right. */
static UNUSED uint16_t tcp_sum(const uint8_t *frame, size_t len)
{
	const bool v4 = frame[14] >> 4 == 4;
	const uint8_t *addresses = frame + 14 + (v4 ? 12 : 8);
	const size_t segment = v4 ? 34 : 54;
	uint32_t sum = sum16(0, addresses, v4 ? 8 : 32) + IPPROTO_TCP + (uint32_t)(len - segment);

	return fold(sum16(sum, frame + segment, len - segment));
}

/* A frame with a SYN from host 1 to host 0. Return: its length. */
static UNUSED size_t make_syn(const struct world *world, bool v4, uint16_t from, uint16_t to,
			      uint8_t *frame)
{
	const struct world_host *source = &world->hosts[1], *target = &world->hosts[0];
	const size_t segment = v4 ? 34 : 54, len = segment + 20;
	uint8_t *ip = frame + 14, *tcp = frame + segment;

	memset(frame, 0, len);
	memcpy(frame, target->mac, 6);
	memcpy(frame + 6, source->mac, 6);
	put16(frame + 12, v4 ? ETH_P_IP : ETH_P_IPV6);
	if (v4) {
		ip[0] = 0x45;
		put16(ip + 2, 40);
		ip[8] = 64;
		ip[9] = IPPROTO_TCP;
		memcpy(ip + 12, source->ip4, 4);
		memcpy(ip + 16, target->ip4, 4);
		put16(ip + 10, (uint16_t)~fold(sum16(0, ip, 20)));
	} else {
		ip[0] = 0x60;
		put16(ip + 4, 20);
		ip[6] = IPPROTO_TCP;
		ip[7] = 64;
		memcpy(ip + 8, source->ip6, 16);
		memcpy(ip + 24, target->ip6, 16);
	}
	put16(tcp, from);
	put16(tcp + 2, to);
	tcp[7] = 100;   /* sequence number */
	tcp[12] = 0x50; /* data offset */
	tcp[13] = TCP_SYN;
	put16(tcp + 14, 65535);
	put16(tcp + 16, (uint16_t)~tcp_sum(frame, len));
	return len;
}

#endif
