/* test_capture: the reference captures, read, decoded and followed.
 *
 * The sessions were recorded from real kernels: each of their segments must be exactly
 * what a flow has next. They are looked for from the top of the source tree. */
#include "unit/wire_helpers.h"

#include "base/strbuf.h"
#include "wire/capture.h"
#include "wire/match.h"

#include <stdio.h>

/* What a capture holds, by class. */
struct census {
	int of[PACKET_MALFORMED + 1];
	int total, bad_options, wrong_checksums;
};

/* Takes one packet of a capture. */
typedef void visitor(void *arg, const struct packet *packet, const uint8_t *frame);

static void visit(const char *path, visitor *each, void *arg)
{
	char error[CAPTURE_ERROR_LEN] = "";
	struct capture *capture = capture_open_file(path, error);
	const uint8_t *bytes;
	struct packet packet;
	int64_t time, last = 0;
	size_t len;
	int rc;

	if (!capture)
		fail_msg("%s", error);
	while ((rc = capture_next(capture, &bytes, &len, &time, error)) == 1) {
		decode(bytes, len, time, &packet);
		assert_true(time >= last);
		last = time;
		each(arg, &packet, bytes);
	}
	assert_int_equal(rc, 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions), cmocka_unit_test(options_zoo),
		cmocka_unit_test(icmp_errors), cmocka_unit_test(malformed),
		cmocka_unit_test(no_such_thing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
