/* Tests of world/: real namespaces, real packets. */
#include "unit/world_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>

static void test_addresses(void **state)
{
	static const uint8_t mac[] = { 2, 0, 0, 0, 0, 2 };
	static const uint8_t ip4[] = { 192, 0, 2, 2 };
	static const uint8_t ip6[] = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2 };
	struct world_host host;

	(void)state;
	world_addresses(1, &host);
	assert_memory_equal(host.mac, mac, sizeof(mac));
	assert_memory_equal(host.ip4, ip4, sizeof(ip4));
	assert_memory_equal(host.ip6, ip6, sizeof(ip6));
}

static void test_probe_says_yes(void **state)
{
	char error[WORLD_ERROR_LEN] = "";

	(void)state;
	if (world_probe(error) < 0)
		fail_msg("%s", error);
}

/* The first frame sent is answered, with right checksums: a SYN to a closed port, by RST-ACK. */
static void play_refused(struct stage *stage)
{
	const bool v4 = stage->plan.ip != IP_V6;
	const size_t segment = v4 ? 34 : 54;
	uint8_t frame[FRAME_MAX];
	size_t len;

	stage_enter(stage);
	len = make_syn(&stage->world, v4, 40000, 8080, frame);
	CHECK(send(stage->wire, frame, len, 0) == (ssize_t)len);
	len = next_frame(stage->wire, frame, PATIENCE_MS);
	CHECK(len == segment + 20);
	CHECK(frame[segment + 13] == (TCP_RST | TCP_ACK));
	CHECK(memcmp(frame, stage->world.hosts[1].mac, 6) == 0);
	CHECK(memcmp(frame + 6, stage->world.hosts[0].mac, 6) == 0);
	CHECK(tcp_sum(frame, len) == 0xffff);
}

static void test_refused(void **state)
{
	struct stage v4 = stage_for(IP_V4, HOST_CRAFTED), v6 = stage_for(IP_V6, HOST_CRAFTED);

	(void)state;
	for (int i = 0; i < 10; i++) { /* whatever the kernel defers, it never shows */
		assert_int_equal(in_child(play_refused, &v4), 0);
		assert_int_equal(in_child(play_refused, &v6), 0);
	}
}

/* A damaged checksum is the kernel's to find. */
static void play_bad_checksum(struct stage *stage)
{
	uint8_t frame[FRAME_MAX];
	size_t len;

	stage_enter(stage);
	len = make_syn(&stage->world, true, 40000, 8080, frame);
	frame[34 + 17] ^= 1;
	CHECK(send(stage->wire, frame, len, 0) == (ssize_t)len);
	CHECK(next_frame(stage->wire, frame, 50) == 0);
}

static void test_bad_checksum(void **state)
{
	struct stage stage = stage_for(IP_V4, HOST_CRAFTED);

	(void)state;
	assert_int_equal(in_child(play_bad_checksum, &stage), 0);
}

/* No ARP, no neighbour discovery, no listener reports, no router solicitations. */
static void play_silence(struct stage *stage)
{
	uint8_t frame[FRAME_MAX];

	stage_enter(stage);
	CHECK(next_frame(stage->wire, frame, 1500) == 0);
}

static void test_silence(void **state)
{
	struct stage stage = stage_for(IP_V6, HOST_KERNEL);

	(void)state;
	assert_int_equal(in_child(play_silence, &stage), 0);
}

static void play_interfaces(struct stage *stage)
{
	stage_enter(stage);
	CHECK(strcmp(stage->world.hosts[0].interface, "wire0") == 0);
	CHECK(if_nametoindex("wire0") != 0);
	if (stage->plan.hosts[1].kind == HOST_KERNEL) {
		CHECK(strcmp(stage->world.hosts[1].interface, "wire1") == 0);
		CHECK(if_nametoindex("wire1") != 0);
	} else {
		CHECK(strcmp(stage->world.hosts[1].interface, "wire0") == 0);
		CHECK(stage->world.hosts[1].netns == -1);
	}
	CHECK(world_visit(&stage->world, 0) == 0);
	CHECK(if_nametoindex("eth0") != 0);
	CHECK(if_nametoindex("wire0") == 0);
	CHECK(world_visit(&stage->world, NO_INDEX) == 0);
	CHECK(if_nametoindex("wire0") != 0);
	world_leave(&stage->world, &stage->home);
	CHECK(stage->world.wire == -1);
}

static void test_interfaces(void **state)
{
	struct stage one = stage_for(IP_V4, HOST_CRAFTED), two = stage_for(IP_V4, HOST_KERNEL);

	(void)state;
	assert_int_equal(in_child(play_interfaces, &one), 0);
	assert_int_equal(in_child(play_interfaces, &two), 0);
}

static void read_sysctl(const char *path, char *text, size_t len)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	CHECK(fd >= 0);
	n = read(fd, text, len - 1);
	CHECK(n > 0);
	text[n] = '\0';
	close(fd);
}

static void play_sysctls(struct stage *stage)
{
	const struct plan_sysctl sysctls[] = {
		{ .host = 0, .key = "net.ipv4.tcp_keepalive_time", .value = "30" },
		{ .host = 1, .key = "net.ipv4.tcp_keepalive_time", .value = "40" },
		{ .host = 0, .key = "net.ipv4.conf.eth0.rp_filter", .value = "1" },
		{ .host = 0, .key = "net.ipv4.tcp_rmem", .value = "4096 8192 16384" },
	};
	char text[64];

	stage->plan.sysctls = sysctls;
	stage->plan.n_sysctls = 4;
	stage_enter(stage);
	CHECK(world_visit(&stage->world, 0) == 0);
	read_sysctl("/proc/sys/net/ipv4/tcp_keepalive_time", text, sizeof(text));
	CHECK(strcmp(text, "30\n") == 0);
	read_sysctl("/proc/sys/net/ipv4/tcp_rmem", text, sizeof(text));
	CHECK(strcmp(text, "4096\t8192\t16384\n") == 0);
	CHECK(world_visit(&stage->world, 1) == 0);
	read_sysctl("/proc/sys/net/ipv4/tcp_keepalive_time", text, sizeof(text));
	CHECK(strcmp(text, "40\n") == 0);
}

static void test_sysctls(void **state)
{
	struct stage stage = stage_for(IP_V4, HOST_KERNEL);

	(void)state;
	assert_int_equal(in_child(play_sysctls, &stage), 0);
}

static void play_bad_sysctl(struct stage *stage)
{
	const struct plan_sysctl *sysctl = stage->plan.sysctls;
	char error[WORLD_ERROR_LEN] = "";

	CHECK(world_enter(&stage->world, &stage->plan, &stage->home, error) < 0);
	CHECK(strstr(error, sysctl->key));
	CHECK(stage->world.refused == sysctl);
	CHECK(strlen(error) > strlen(sysctl->key) + 30); /* and why */
}

/* A setting that cannot be made is an error that names it. */
static void test_bad_sysctls(void **state)
{
	static const struct plan_sysctl bad[] = {
		{ .key = "net.ipv4.no_such_thing", .value = "1" },
		{ .key = "net.ipv4.tcp_keepalive_time", .value = "soon" },
		{ .key = "net.ipv4.tcp_congestion_control", .value = "no_such_thing" },
		{ .key = "net.ipv4.tcp_retries2", .value = "5 6" },
		{ .key = "net.ipv4.tcp_retries2", .value = "5x" },
		{ .key = "net.ipv4.tcp_rmem", .value = "4096 8192" },
		{ .key = "kernel.hostname", .value = "x" },
		{ .key = "net.ipv4", .value = "1" },
		{ .key = "net.", .value = "1" },
		{ .key = "net...kernel.hostname", .value = "1" },
		{ .key = "net./../kernel/hostname", .value = "1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct stage stage = stage_for(IP_V4, HOST_CRAFTED);

		stage.plan.sysctls = &bad[i];
		stage.plan.n_sysctls = 1;
		assert_int_equal(in_child(play_bad_sysctl, &stage), 0);
	}
}

static void play_mtu(struct stage *stage)
{
	char text[64];

	stage->plan.link_mtu = 1280;
	stage_enter(stage);
	CHECK(world_visit(&stage->world, 0) == 0);
	read_sysctl("/proc/sys/net/ipv6/conf/eth0/mtu", text, sizeof(text));
	CHECK(strcmp(text, "1280\n") == 0);
}

static void test_mtu(void **state)
{
	struct stage stage = stage_for(IP_V6, HOST_CRAFTED);

	(void)state;
	assert_int_equal(in_child(play_mtu, &stage), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_probe_says_yes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bad_checksum),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_sysctls),
		cmocka_unit_test(test_bad_sysctls),
		cmocka_unit_test(test_mtu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
