/* test_capture: the reference captures, read, decoded and followed.
 *
 * The sessions were recorded from real kernels: each of their segments must be exactly
 * what a flow has next. They are looked for from the top of the source tree. A live capture is
 * opened only to see who inherits its ring. */
#include "unit/wire_helpers.h"

#include "base/strbuf.h"
#include "wire/capture.h"
#include "wire/match.h"
#include "world/namespace.h"

#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a capture holds, by class. */
struct census {
	int of[PACKET_MALFORMED + 1];
	int total, bad_options, wrong_checksums;
};

/* Takes one packet of a capture. */
typedef void visitor(void *arg, const struct packet *packet, const uint8_t *frame);

struct visit {
	visitor *each;
	void *arg;
	int64_t last;
	int count;
};

static void visit_one(void *context, const uint8_t *bytes, size_t len, int64_t time)
{
	struct visit *visit = context;
	struct packet packet;

	decode(bytes, len, time, &packet);
	assert_true(time >= visit->last);
	visit->last = time;
	visit->count++;
	visit->each(visit->arg, &packet, bytes);
}

static void visit(const char *path, visitor *each, void *arg)
{
	char error[CAPTURE_ERROR_LEN] = "";
	struct capture *capture = capture_open_file(path, error);
	struct visit all = { .each = each, .arg = arg };
	int n;

	if (!capture)
		fail_msg("%s", error);
	n = capture_read(capture, visit_one, &all, error);
	assert_int_equal(n, all.count);
	assert_int_equal(capture_read(capture, visit_one, &all, error), 0);
	assert_int_equal(capture_fd(capture), -1);
	assert_int_equal(capture_lost(capture), 0);
	capture_close(capture);
}

static void count(void *arg, const struct packet *packet, const uint8_t *frame)
{
	struct census *census = arg;
	struct strbuf text = STRBUF_INIT;

	census->of[packet->class]++;
	census->total++;
	census->bad_options += packet->options_bad;
	if (packet->class == PACKET_TCP)
		census->wrong_checksums += !packet->checksum_ok || !packet->ip_checksum_ok;
	match_options_text(packet, frame, &text);
	assert_int_equal(packet->class == PACKET_TCP, text.len > 0);
	strbuf_free(&text);
}

struct session {
	struct flow flow;
	int segments;
};

/* The next segment of a session: nothing of it may surprise, but that an acknowledgement
 * can be on the wire later than data that follows what it acknowledges. */
static void follow(void *arg, const struct packet *packet, const uint8_t *frame)
{
	struct session *session = arg;
	struct plan_packet expected = { .flags = packet->flags };
	struct mismatches out = { .count = 0 };
	int from = packet->src.bytes[packet->ip == 4 ? 3 : 15] - 1;

	if (packet->class != PACKET_TCP)
		return;
	if (session->flow.begun && !flow_owns(&session->flow, from, packet))
		memset(&session->flow, 0, sizeof(session->flow)); /* the refused connection */
	expected.from = from;
	expected.set = FIELD_LEN | FIELD_ACK;
	expected.ack.kind = SEQ_ANY;
	expected.len_low = expected.len_high = packet->payload_len;
	if (!match_packet(&expected, &session->flow, from, packet, frame, &out))
		fail_msg("%s: expected %s, saw %s", out.items[0].field, out.items[0].expected,
			 out.items[0].saw);
	assert_true(flow_ack(&session->flow, from, packet) <=
		    flow_default_ack(&session->flow, from));
	flow_saw(&session->flow, from, packet, frame, true);
	session->segments++;
}

static void sessions(void **state)
{
	static const char *const paths[] = { "captures/session_v4.pcap",
					     "captures/session_v6.pcap" };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct session session = { 0 };
		struct census census = { 0 };

		visit(paths[i], count, &census);
		assert_int_equal(census.of[PACKET_TCP], 18);
		assert_int_equal(census.of[PACKET_NOISE], census.total - 18);
		assert_int_equal(census.wrong_checksums, 0);
		visit(paths[i], follow, &session);
		assert_int_equal(session.segments, 18);
		assert_true(session.flow.reset);
		assert_int_equal(session.flow.stream[0].next, 1);
	}
}

static void options_zoo(void **state)
{
	struct census census = { 0 };

	(void)state;
	visit("captures/options_zoo.pcap", count, &census);
	assert_int_equal(census.total, 26);
	assert_int_equal(census.of[PACKET_TCP], 26);
	assert_int_equal(census.bad_options, 0);
	assert_int_equal(census.wrong_checksums, 0);
}

static void icmp_errors(void **state)
{
	struct census census = { 0 };

	(void)state;
	visit("captures/icmp_errors.pcap", count, &census);
	assert_int_equal(census.of[PACKET_TCP], 2);
	assert_int_equal(census.of[PACKET_ICMP], 14);
}

static void malformed(void **state)
{
	struct census census = { 0 };

	(void)state;
	visit("captures/malformed.pcap", count, &census);
	assert_int_equal(census.of[PACKET_MALFORMED], 19);
	assert_int_equal(census.of[PACKET_OTHER], 2);
	assert_int_equal(census.of[PACKET_TCP], 19);
	assert_int_equal(census.bad_options, 6);
}

static void no_such_thing(void **state)
{
	char error[CAPTURE_ERROR_LEN] = "";

	(void)state;
	assert_null(capture_open_file("captures/none.pcap", error));
	assert_non_null(strstr(error, "none.pcap"));
	assert_null(capture_open_file("captures/README.md", error));
	assert_null(capture_open("no-such-if0", 1 << 20, error));
	assert_non_null(strstr(error, "no-such-if0"));
	capture_close(NULL);
}

/* Lines of /proc/self/maps that are sockets. */
static int sockets_mapped(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	int n = 0;

	while (maps && fgets(line, sizeof(line), maps))
		n += strstr(line, "socket:[") != NULL;
	if (maps)
		fclose(maps);
	return maps ? n : -1;
}

static bool set_loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool done = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;

	close(fd);
	return done;
}

/* Return: NULL, or what is wrong. The process goes to a namespace of its own. */
static const char *inherited(void)
{
	static char error[CAPTURE_ERROR_LEN];
	struct capture *capture;
	int status = 1;
	pid_t child;

	if (namespace_enter(error, sizeof(error)) < 0)
		return error;
	if (!set_loopback_up())
		return "no interface";
	capture = capture_open("lo", 1 << 20, error);
	if (!capture)
		return error;
	capture_keep_from_children(capture);
	if (sockets_mapped() != 1)
		return "there is no ring to inherit";
	child = fork();
	if (child == 0)
		_exit(sockets_mapped() != 0);
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
		return "a child has the ring";
	capture_close(capture);
	return NULL;
}

static void ring_is_not_inherited(void **state)
{
	int status = 1;
	pid_t child;

	(void)state;
	fflush(NULL);
	child = fork();
	if (child == 0) {
		const char *wrong = inherited();

		if (wrong)
			fprintf(stderr, "%s\n", wrong);
		_exit(wrong != NULL);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions), cmocka_unit_test(options_zoo),
		cmocka_unit_test(icmp_errors), cmocka_unit_test(malformed),
		cmocka_unit_test(no_such_thing), cmocka_unit_test(ring_is_not_inherited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
