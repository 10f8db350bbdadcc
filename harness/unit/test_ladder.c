/* test_ladder: the ladder diagram, to the column. */
#include "report/ladder.h"
#include "report/term.h"
#include "unit/sample.h"

#include "base/clock.h"
#include "base/strbuf.h"
#include "base/utf8.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct report_style wide = { .unicode = true, .width = 80 };
static const struct report_style narrow = { .unicode = false, .width = 60 };

/* Print @sample's ladder and compare. */
static void assert_ladder(const struct sample *sample, const struct report_style *style,
			  const char *expected)
{
	struct capture_text capture;

	capture_begin(&capture);
	ladder_print(capture.out, &sample->plan, &sample->record, style);
	assert_string_equal(capture_end(&capture), expected);
	capture_free(&capture);
}

static void draws_a_scenario_that_passes(void **state)
{
	struct sample sample;

	(void)state;
	sample_rst_after_fin(&sample, false);
	assert_ladder(&sample, &wide,
"time      client (kernel)                              server (crafted)\n"
"0.000012  │ connect server:8080 …                                     │  line 4\n"
"0.000041  │──── SYN seq 0 win 64240 <mss 1460,sackok,ts 100 0,…> ────▶│  line 5\n"
"0.000102  │◀─── SYN-ACK seq 0 ack 1 win 65535 <mss 1460> ─────────────│  line 6\n"
"0.000131  │──── ACK seq 1 ack 1 ─────────────────────────────────────▶│  line 7\n"
"0.000140  │ connect = 0                                               │  line 4\n"
"0.000200  │◀─── FIN-ACK seq 1 ack 1 ──────────────────────────────────│  line 9\n"
"0.000260  │──── ACK seq 1 ack 2 ─────────────────────────────────────▶│  line 10\n"
"0.000400  │ state = CLOSE-WAIT                                        │  line 11\n"
"0.000500  │ write \"one\" …                                             │  line 12\n"
"0.000520  │──── PSH-ACK seq 1 ack 2 len 3 \"one\" ─────────────────────▶│  line 13\n"
"0.000530  │ write = 3                                                 │  line 12\n"
"0.000600  │ write \"two\" = -1 EPIPE SIGPIPE                            │  line 15\n"
"          ⋮ 3 s                                                       ⋮  line 16\n"
"3.000800  │ reader: read = 0                                          │  line 17\n"
"3.000900  │──── ACK seq 4 ack 2 ──────────────────✗ (dropped)         │  line 18\n");
	sample_close(&sample);
}

static void draws_a_failure_in_ascii(void **state)
{
	struct sample sample;

	(void)state;
	sample_rst_after_fin(&sample, true);
	assert_ladder(&sample, &narrow,
"time      client (kernel)       server (crafted)\n"
"0.000012  | connect server:8080 ...            |  line 4\n"
"0.000041  |---- SYN seq 0 win 64240 ---------->|  line 5\n"
"0.000102  |<--- SYN-ACK seq 0 ack 1 -----------|  line 6\n"
"0.000131  |---- ACK seq 1 ack 1 -------------->|  line 7\n"
"0.000140  | connect = 0                        |  line 4\n"
"0.000200  |<--- FIN-ACK seq 1 ack 1 -----------|  line 9\n"
"0.000260  |---- ACK seq 1 ack 2 -------------->|  line 10\n"
"0.000400  | state = CLOSE-WAIT                 |  line 11\n"
"0.000500  | write \"one\" ...                    |  line 12\n"
"0.000520  |---- PSH-ACK seq 1 ack 2 len 3 ---->|  line 13\n"
"0.000530  | write = 3                          |  line 12\n"
"0.000733  |---- FIN-ACK seq 4 ack 2 ---------->|  unexpected\n"
"FAIL at line 14: expected RST from client, saw FIN-ACK\n");
	sample_close(&sample);
}

/* ---- two kernels, and what seldom happens ---- */

static const char two_kernels[] =
	"scenario \"Retransmissions\"\n"
	"expect PSH-ACK from client again 2 times doubling from 200ms up to 120s\n" /* 2 */
	"drop ACK from server\n"
	"server: accept\n" /* 4 */
	"server: read -> \"h\"\n";

static void play_two_kernels(struct sample *sample)
{
	static const int64_t gaps[] = { 200000000, 400000000 };

	sample_open(sample, two_kernels, "Retransmissions");
	sample->plan.hosts[1].kind = HOST_KERNEL;
	sample_begin(sample);

	int again = sample_step(sample, STEP_EXPECT, 2), drop = sample_step(sample, STEP_DROP, 3);
	int accept = sample_call(sample, 4, 2,
				 (struct plan_call){ .id = CALL_ACCEPT, .makes = NO_INDEX });
	int read = sample_call(sample, 5, 2, (struct plan_call){
		.id = CALL_READ, .makes = NO_INDEX, .args = { 65536 } });

	sample->steps[again].time = (struct plan_time){ .kind = TIME_GAPS, .ns = gaps, .n = 2 };
	sample_started(sample, 10, accept, 2);
	sample_returned(sample, 20, accept, 2, 513, 0, NULL);
	for (int i = 0; i < 2; i++)
		sample_sent(sample, &(struct sample_packet){
			.us = 200000 + 400000 * i, .step = again, .from = 0, .fate = FATE_EXPECTED,
			.flags = TCP_PSH | TCP_ACK, .seq = 1, .ack = 1, .win = 0,
			.data = "h\303\251llo\n\033[31mred, and a good deal more than fits" });
	sample_started(sample, 600100, read, 2);
	sample_sent(sample, &(struct sample_packet){
		.us = 600150, .step = drop, .from = 1, .fate = FATE_DROPPED, .flags = TCP_ACK,
		.seq = 1, .ack = 49, .win = 500,
		.options = "\x01\x01\x05\x0a\xb2\xd0\x5e\x45\xb2\xd0\x5e\x60", .options_len = 12 });
	sample_returned(sample, 600200, read, 2, 7, 0, "h\303\251llo\n");
	sample_end(sample, 600300, VERDICT_ERROR, "this machine's clock was set\nto another time");
}

static void draws_both_sides(void **state)
{
	struct sample sample;

	(void)state;
	play_two_kernels(&sample);
	assert_ladder(&sample, &wide,
"time      client (kernel)                            server (kernel)\n"
"0.000010  │                                           accept = 513 │  line 4\n"
"          ⋮ 199.98 ms                                              ⋮\n"
"0.200000  │──── PSH-ACK seq 1 ack 1 len 47 win 0 \"h\\xc3\\xa9llo\"… ─▶│  line 2 1/2\n"
"          ⋮ 400 ms                                                 ⋮\n"
"0.600000  │──── PSH-ACK seq 1 ack 1 len 47 \"h\\xc3\\xa9llo\\n\\x1b\"… ─▶│  line 2 2/2\n"
"0.600100  │                                                 read … │  line 5\n"
"0.600150  │(dropped) ✗──── ACK seq 1 ack 49 win 500 <sack 69-96> ──│  line 3\n"
"0.600200  │                              read = 7 \"h\\xc3\\xa9llo\\n\" │  line 5\n"
"ERROR: this machine's clock was set to another time\n");
	sample_close(&sample);
}

/* Every row's width, without the colours. */
static void assert_widths(const char *text, int width)
{
	struct strbuf line = STRBUF_INIT;

	for (; *text; text++) {
		if (*text == '\033') {
			assert_int_equal(text[1], '[');
			text += strcspn(text, "m");
		} else if (*text == '\n') {
			assert_true(utf8_valid(strbuf_text(&line), line.len));
			assert_in_range(term_width(strbuf_text(&line)), 0, width);
			strbuf_clear(&line);
		} else {
			assert_true((unsigned char)*text >= ' ' && *text != 0x7f);
			strbuf_addch(&line, *text);
		}
	}
	assert_int_equal(line.len, 0);
	strbuf_free(&line);
}

static void print_at(const struct sample *sample, int width, bool unicode, bool color)
{
	struct report_style style = { .width = width, .unicode = unicode, .color = color };
	struct capture_text capture;

	capture_begin(&capture);
	ladder_print(capture.out, &sample->plan, &sample->record, &style);
	capture_end(&capture);
	assert_true(strlen(capture.text) == capture.len);
	assert_true(color == (strchr(capture.text, '\033') != NULL));
	if (!unicode)
		for (size_t i = 0; i < capture.len; i++)
			assert_true((unsigned char)capture.text[i] < 0x80);
	assert_widths(capture.text, width < STYLE_WIDTH_MIN ? STYLE_WIDTH_MIN : width);
	capture_free(&capture);
}

static void print_all_ways(struct sample *sample)
{
	for (int width = 40; width <= 140; width++)
		for (int i = 0; i < 4; i++)
			print_at(sample, width, i & 1, i & 2);
	sample_close(sample);
}

static void never_is_wider_than_it_may_be(void **state)
{
	struct sample sample;

	(void)state;
	sample_rst_after_fin(&sample, false);
	print_all_ways(&sample);
	sample_rst_after_fin(&sample, true);
	sample.plan.hosts[0].name =
		"a-client-whose-name-is-far-longer-than-any-ladder-has-room-for";
	print_all_ways(&sample);
	play_two_kernels(&sample);
	print_all_ways(&sample);
}

/* Frames that are no TCP, of hosts unknown, cut short; numbers out of range. */
static void draws_anything(void **state)
{
	struct sample sample;
	uint8_t frame[80] = { 0 };
	struct sample_packet like = { .step = 1234, .from = NO_INDEX, .fate = FATE_UNEXPECTED };

	(void)state;
	sample_rst_after_fin(&sample, true);
	for (size_t len = 0; len <= sizeof(frame); len++) {
		like.us = (int64_t)len * 40000000;
		like.from = (int)(len % 3) - 1;
		sample_frame(&sample, &like, frame, len);
	}
	for (size_t i = 0; i < sample.record.count; i++) {
		struct event event = sample.record.events[i];

		if (event.kind != EVENT_PACKET || event.blob_len < 50)
			continue;
		event.u.packet.packet.payload = 60000; /* beyond the frame */
		event.u.packet.packet.payload_len = UINT32_MAX;
		event.u.packet.packet.n_options = PACKET_OPTIONS_MAX;
		for (int j = 0; j < PACKET_OPTIONS_MAX; j++)
			event.u.packet.packet.options[j] = (struct packet_option){
				(uint8_t)j, (uint16_t)(j * 1000), (uint8_t)(j * 7) };
		record_add(&sample.record, &event, sample.record.blobs[i]);
		if (sample.record.count > 200)
			break;
	}
	sample_started(&sample, 5, 99, 77);
	sample_returned(&sample, 7, -5, -3, -1, 9999, "\377\376");
	print_all_ways(&sample);
}

static void draws_nothing_of_nothing(void **state)
{
	struct sample sample;

	(void)state;
	sample_open(&sample, "scenario \"x\"\n", "x");
	assert_ladder(&sample, &wide,
		      "ERROR: the process that played the scenario ended before it was over\n");
	sample_end(&sample, 0, VERDICT_SKIPPED, "needs kernel >= 6.5");
	assert_ladder(&sample, &wide, "SKIP: needs kernel >= 6.5\n");
	sample_close(&sample);
}

static void says_what_icmp_is_about(void **state)
{
	/* 192.0.2.2 to .1: fragmentation needed, MTU 1200, about a packet from port 40000 to 8080 */
	static const uint8_t frame[] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0,
		0x45, 0, 0, 56, 0, 0, 0, 0, 64, 1, 0xf6, 0xc1, 192, 0, 2, 2, 192, 0, 2, 1,
		3, 4, 0x3c, 0x7a, 0, 0, 0x04, 0xb0,
		0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0xb6, 0xcc, 192, 0, 2, 1, 192, 0, 2, 2,
		0x9c, 0x40, 0x1f, 0x90, 0, 0, 0, 1,
	};
	struct sample sample;
	struct sample_packet like = { .us = 41, .step = 0, .from = 1, .fate = FATE_SENT, .seq = 1 };

	(void)state;
	sample_open(&sample, "send icmp frag-needed mtu 1200 from server about last DATA\n", "x");
	sample_begin(&sample);
	sample_step(&sample, STEP_SEND, 1);
	sample_frame(&sample, &like, frame, sizeof(frame));
	sample_end(&sample, 50, VERDICT_PASSED, NULL);
	assert_ladder(&sample, &wide,
"time      client (kernel)                               server (crafted)\n"
"0.000041  │◀─── icmp frag-needed mtu 1200 about seq 1 ─────────────────│  line 1\n");
	sample_close(&sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws_a_scenario_that_passes),
		cmocka_unit_test(draws_a_failure_in_ascii),
		cmocka_unit_test(draws_both_sides),
		cmocka_unit_test(never_is_wider_than_it_may_be),
		cmocka_unit_test(draws_anything),
		cmocka_unit_test(draws_nothing_of_nothing),
		cmocka_unit_test(says_what_icmp_is_about),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
