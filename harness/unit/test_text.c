/* test_text: verdicts, failures, calls in words, styles and the progress line. */
#include "report/progress.h"
#include "report/term.h"
#include "report/text.h"
#include "run/call_text.h"
#include "unit/sample.h"

#include "base/clock.h"
#include "base/strbuf.h"
#include "plan/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const struct report_style plain = { .unicode = true, .width = 100 };
static const struct report_style ascii = { .width = 70 };

typedef void report(FILE *, const struct plan *, const struct record *,
		    const struct report_style *);

static void assert_prints(report *print, const struct sample *sample,
			  const struct report_style *style, const char *expected)
{
	struct capture_text capture;

	capture_begin(&capture);
	print(capture.out, &sample->plan, &sample->record, style);
	assert_string_equal(capture_end(&capture), expected);
	capture_free(&capture);
}

static void failure_has_place_table_and_notes(void **state)
{
	struct sample sample;

	(void)state;
	sample_rst_after_fin(&sample, true);
	assert_prints(text_failure, &sample, &plain,
"scenarios/rst_after_fin.scn:14:8: error: expected RST from client, saw FIN-ACK\n"
"   14 | expect RST from client\n"
"      |        ^~~\n"
"        field    expected   saw\n"
"        flags    RST        FIN-ACK\n"
"        seq      6          4\n"
"   seen 0.213 ms after line 13; the socket was in LAST-ACK\n");
	sample_close(&sample);
	sample_rst_after_fin(&sample, false);
	assert_prints(text_failure, &sample, &plain, "");
	sample_close(&sample);
}

static void table_fits_its_widest_cell(void **state)
{
	struct failure_row rows[] = {
		{ "tcp checksum", "right", "wrong (0x1234)" },
		{ "data", "\"日本\"", "\033[31m\n" },
		{ "x", "mss 1460, sackok, ts any any", "none" },
	};
	struct failure failure = { .span = { 99999, 99999 }, .message = "m\ne\tss\007age",
				   .rows = rows, .n_rows = 3 };
	struct sample sample;
	struct capture_text capture;

	(void)state;
	sample_open(&sample, "expect SYN from client\n", "x");
	sample_failed(&sample, NO_INDEX, &failure);
	sample_end(&sample, 1, VERDICT_FAILED, NULL);
	capture_begin(&capture);
	text_failure(capture.out, &sample.plan, &sample.record, &plain);
	assert_non_null(strstr(capture_end(&capture), "error: m e ss?age\n"));
	assert_non_null(strstr(capture.text,
"        field          expected                       saw\n"
"        tcp checksum   right                          wrong (0x1234)\n"
"        data           \"日本\"                         ?[31m \n"
"        x              mss 1460, sackok, ts any any   none\n"));
	capture_free(&capture);
	sample_close(&sample);
}

static void each_verdict_has_a_line(void **state)
{
	struct sample sample;

	(void)state;
	sample_rst_after_fin(&sample, false);
	assert_prints(text_verdict, &sample, &plain,
"PASS  scenarios/rst_after_fin.scn [4]  A write after FIN and RST fails with EPIPE, not ECONNRE…  "
"3 s\n");
	assert_prints(text_verdict, &sample, &ascii,
		      "PASS  scenarios/rst_after_fin.scn [4]  A write after FIN and R...  3 s\n");
	sample_close(&sample);

	sample_rst_after_fin(&sample, true);
	sample.plan.title = "Short";
	assert_prints(text_verdict, &sample, &plain,
		      "FAIL  scenarios/rst_after_fin.scn [4]  Short  900 us\n");
	sample_close(&sample);

	sample_open(&sample, "scenario \"x\"\n", "x");
	sample.plan.skip = "needs kernel >= 6.5, this is 6.1";
	sample.record.verdict = VERDICT_SKIPPED;
	assert_prints(text_verdict, &sample, &plain,
		      "SKIP  scenarios/rst_after_fin.scn [4]  needs kernel >= 6.5, this is 6.1\n");
	assert_prints(text_failure, &sample, &plain, "");
	sample_end(&sample, 5, VERDICT_ERROR, "no user namespaces");
	assert_prints(text_verdict, &sample, &plain,
		      "ERROR scenarios/rst_after_fin.scn [4]  no user namespaces\n");
	assert_prints(text_failure, &sample, &plain, "");
	sample_close(&sample);

	sample_open(&sample, "scenario \"x\"\n", "x");
	assert_prints(text_verdict, &sample, &plain,
"ERROR scenarios/rst_after_fin.scn [4]  the process that played the scenario ended "
"before it was over\n");
	sample_close(&sample);
}

static void virtual_time_has_a_ratio(void **state)
{
	static const struct {
		int64_t duration, wall;
		const char *text, *ascii;
	} cases[] = {
		{ 927 * NS_PER_S, 103 * NS_PER_MS, "927 s in 0.1 s, ×9000",
		  "927 s in 0.1 s, x9000" },
		{ 62 * NS_PER_S, 30 * NS_PER_MS, "62 s in 0.03 s, ×2100", "62 s in 0.03 s, x2100" },
		{ 86400 * NS_PER_S, 12345 * NS_PER_MS, "86400 s in 12 s, ×7000",
		  "86400 s in 12 s, x7000" },
		{ 1800 * NS_PER_MS, 15 * NS_PER_MS, "1.8 s in 0.015 s, ×120",
		  "1.8 s in 0.015 s, x120" },
		{ 62 * NS_PER_S, 0, "62 s", "62 s" },                    /* real time */
		{ 62 * NS_PER_S, 7 * NS_PER_S, "62 s", "62 s" },         /* not much gained */
		{ 120 * NS_PER_MS, NS_PER_MS, "120 ms", "120 ms" },      /* not long */
	};
	struct sample sample;
	struct capture_text capture;

	(void)state;
	sample_rst_after_fin(&sample, false);
	sample.plan.title = "T";
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		char expected[128];

		snprintf(expected, sizeof(expected), "PASS  scenarios/rst_after_fin.scn [4]  T  %s\n",
			 i % 2 ? cases[i / 2].ascii : cases[i / 2].text);
		sample.record.duration = cases[i / 2].duration;
		capture_begin(&capture);
		text_virtual_verdict(capture.out, &sample.plan, &sample.record, cases[i / 2].wall,
				     i % 2 ? &ascii : &plain);
		assert_string_equal(capture_end(&capture), expected);
		capture_free(&capture);
	}
	sample_close(&sample);
}

static void verdicts_stand_in_columns(void **state)
{
	static const enum verdict verdicts[] = { VERDICT_PASSED, VERDICT_NONE, VERDICT_ERROR };
	static const int columns[] = { 5, 8, 5 };
	struct capture_text capture;

	(void)state;
	capture_begin(&capture);
	text_verdict_row(capture.out, "a\n日本[4]", 10, verdicts, columns, 3, &plain);
	assert_string_equal(capture_end(&capture), "a 日本[4]   PASS   -         ERROR\n");
	assert_int_equal(text_columns("a\n日本[4]", &plain), 9);
	capture_free(&capture);
}

static void summary_names_what_there_was(void **state)
{
	static const struct {
		struct tally tally;
		const char *text;
	} cases[] = {
		{ { 12, 1, 2, 0, 0, 0, 3200000000, 0 }, "12 passed, 1 failed, 2 skipped in 3.2 s\n" },
		{ { 3, 0, 0, 0, 0, 0, 5000000, 0 }, "3 passed in 5 ms\n" },
		{ { 0, 0, 0, 1, 0, 0, 1000000, 0 }, "0 passed, 1 error in 1 ms\n" },
		{ { 0, 0, 4, 2, 0, 0, 1000000, 0 }, "0 passed, 2 errors, 4 skipped in 1 ms\n" },
		{ { 1, 0, 0, 0, 0, 0, 9960000, 0 }, "1 passed in 10 ms\n" },
		{ { 1, 0, 0, 0, 0, 0, 3141592, 0 }, "1 passed in 3.1 ms\n" },
		{ { 1, 0, 0, 0, 0, 0, 145817000, 0 }, "1 passed in 146 ms\n" },
		{ { 1, 0, 0, 0, 0, 0, 999700000, 0 }, "1 passed in 1 s\n" },
		{ { 1, 0, 0, 0, 0, 0, 7, 0 }, "1 passed in 7 ns\n" },
		{ { 508, 0, 0, 0, 0, 0, 5200000000, 50580000000000 },
		  "508 passed: 14 h 3 min in 5.2 s\n" },
		{ { 2, 0, 0, 0, 0, 0, 30000000, 1854000000000 }, "2 passed: 30 min 54 s in 30 ms\n" },
		{ { 2, 0, 0, 0, 0, 1, 5000000, 0 }, "2 passed, 1 played again in 5 ms\n" },
		{ { 1, 1, 1, 1, 38, 0, 1000, 0 },
		  "1 passed, 1 failed, 1 error, 1 skipped, 38 not played in 1 us\n" },
	};
	struct report_style color = { .color = true, .width = 80 };
	struct capture_text capture;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		capture_begin(&capture);
		text_summary(capture.out, &cases[i].tally, &plain);
		assert_string_equal(capture_end(&capture), cases[i].text);
		capture_free(&capture);
	}
	capture_begin(&capture);
	text_summary(capture.out, &cases[1].tally, &color);
	assert_string_equal(capture_end(&capture), "\033[32m3 passed in 5 ms\033[0m\n");
	capture_free(&capture);
}

static void rounds_that_ended_differently(void **state)
{
	static const struct {
		struct tally plays;
		const char *text;
	} cases[] = {
		{ { .passed = 197, .failed = 3 }, "a.scn[4]: 3 of 200 failed\n" },
		{ { .passed = 1, .errors = 1 }, "a.scn[4]: 1 of 2 could not be played\n" },
		{ { .failed = 4, .errors = 5 }, "a.scn[4]: 4 of 9 failed, 5 could not be played\n" },
		{ { .passed = 1, .failed = 2, .skipped = 3, .replayed = 1 },
		  "a.scn[4]: 2 of 6 failed, 3 skipped\n" },
		{ { .passed = 200, .replayed = 7 }, "" },
		{ { .failed = 200 }, "" },
		{ { .errors = 2 }, "" },
		{ { .skipped = 2 }, "" },
		{ { .unplayed = 9 }, "" },
	};
	struct report_style color = { .color = true, .width = 80 };
	struct capture_text capture;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		capture_begin(&capture);
		text_rounds(capture.out, "a.scn[4]", &cases[i].plays, &plain);
		assert_string_equal(capture_end(&capture), cases[i].text);
		capture_free(&capture);
	}
	capture_begin(&capture);
	text_rounds(capture.out, "a\n[4]", &cases[0].plays, &color);
	assert_string_equal(capture_end(&capture), "a [4]: \033[1;31m3 of 200 failed\033[0m\n");
	capture_free(&capture);
}

static void verdicts_name_their_round(void **state)
{
	struct capture_text capture;
	struct sample sample;

	(void)state;
	sample_rst_after_fin(&sample, false);
	sample.plan.title = "T";
	sample.record.round = 37;
	sample.record.duration = 3100000;
	capture_begin(&capture);
	text_verdict(capture.out, &sample.plan, &sample.record, &plain);
	assert_string_equal(capture_end(&capture),
			    "PASS  scenarios/rst_after_fin.scn [4] round 37  T  3.1 ms\n");
	capture_free(&capture);
	sample_close(&sample);
}

static void progress_is_one_line(void **state)
{
	struct tally done = { .passed = 3, .failed = 1 };
	struct capture_text capture;
	struct report_style tight = { .unicode = true, .width = 60 };

	(void)state;
	capture_begin(&capture);
	progress_show(capture.out, &done, 2, 40, 12345678901, 61000000000, &plain);
	progress_clear(capture.out);
	assert_string_equal(capture_end(&capture),
		"\r4/40 done, 2 running, 1 failed, 12 s, about 61 s left\033[K\r\033[K");
	capture_free(&capture);

	done.errors = 1000000000;
	capture_begin(&capture);
	progress_show(capture.out, &done, 1000000000, 1000000000, INT64_MAX, -1, &tight);
	assert_null(strchr(capture_end(&capture), '\n'));
	assert_in_range(term_width(capture.text), 1, 60 + 4);
	capture_free(&capture);
}

/* ---- calls ---- */

static void calls_in_words(void **state)
{
	static const struct {
		struct plan_call call;
		const char *text;
	} cases[] = {
		{ { .id = CALL_SOCKET, .nonblocking = true }, "socket nonblocking" },
		{ { .id = CALL_CONNECT, .address = { 1, 8080 } }, "connect server:8080" },
		{ { .id = CALL_BIND, .address = { NO_INDEX, 80 } }, "bind any:80" },
		{ { .id = CALL_LISTEN, .args = { 16 } }, "listen backlog 16" },
		{ { .id = CALL_WRITE, .data = (const uint8_t *)"one", .data_len = 3 },
		  "write \"one\"" },
		{ { .id = CALL_SEND, .args = { 1000, MSG_NOSIGNAL | MSG_MORE } },
		  "send 1000 bytes flags MSG_NOSIGNAL|MSG_MORE" },
		{ { .id = CALL_READ, .args = { 65536 } }, "read" },
		{ { .id = CALL_RECV, .args = { 10, MSG_PEEK } }, "recv 10 flags MSG_PEEK" },
		{ { .id = CALL_SHUTDOWN, .args = { SHUT_RDWR } }, "shutdown SHUT_RDWR" },
		{ { .id = CALL_SETSOCKOPT, .args = { IPPROTO_TCP, TCP_NODELAY, 1 } },
		  "setsockopt TCP_NODELAY 1" },
		{ { .id = CALL_SETSOCKOPT, .args = { SOL_SOCKET, SO_LINGER, INT64_C(1) << 32 } },
		  "setsockopt SO_LINGER 1 0" },
		{ { .id = CALL_GETSOCKOPT, .args = { SOL_SOCKET, SO_ERROR } },
		  "getsockopt SO_ERROR" },
		{ { .id = CALL_GETSOCKOPT, .args = { 777, 888 } }, "getsockopt 888" },
		{ { .id = CALL_POLL, .args = { POLLIN | POLLRDHUP, 1500 } },
		  "poll POLLIN|POLLRDHUP timeout 1.5 s" },
		{ { .id = CALL_POLL, .args = { POLLOUT, -1 } }, "poll POLLOUT" },
		{ { .id = CALL_FCNTL, .args = { F_SETFL, O_NONBLOCK | O_RDWR } },
		  "fcntl F_SETFL O_RDWR|O_NONBLOCK" },
		{ { .id = CALL_IOCTL, .args = { TIOCOUTQ } }, "ioctl SIOCOUTQ" },
		{ { .id = CALL_CLOSE }, "close" },
	};
	struct sample sample;
	struct strbuf text = STRBUF_INIT;

	(void)state;
	sample_open(&sample, "scenario \"x\"\n", "x");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan_call call = cases[i].call;

		call.makes = NO_INDEX;
		strbuf_clear(&text);
		call_text(&sample.plan, &call, &text);
		assert_string_equal(strbuf_text(&text), cases[i].text);
	}
	sample.sockets[0].name = "conn";
	strbuf_clear(&text);
	call_text(&sample.plan, &(struct plan_call){ .id = CALL_CLOSE, .makes = NO_INDEX }, &text);
	assert_string_equal(strbuf_text(&text), "close on conn");
	strbuf_free(&text);
	sample_close(&sample);
}

static void results_in_words(void **state)
{
	static const struct {
		struct plan_call call;
		struct event event;
		const char *data, *text;
	} cases[] = {
		{ { .id = CALL_WRITE }, { .u.result = { .ret = 3 } }, NULL, "= 3" },
		{ { .id = CALL_WRITE },
		  { .u.result = { .ret = -1, .err = EPIPE, .sigpipe = true } },
		  NULL,
		  "= -1 EPIPE SIGPIPE" },
		{ { .id = CALL_WRITE },
		  { .u.result = { .ret = -1, .err = 4321 } },
		  NULL,
		  "= -1 errno 4321" },
		{ { .id = CALL_READ },
		  { .blob_len = 3, .u.result = { .ret = 3 } },
		  "one",
		  "= 3 \"one\"" },
		{ { .id = CALL_POLL },
		  { .u.result = { .ret = 1, .value = POLLIN | POLLHUP } },
		  NULL,
		  "= POLLIN|POLLHUP" },
		{ { .id = CALL_POLL }, { .u.result = { .ret = 0 } }, NULL, "= 0" },
		{ { .id = CALL_GETSOCKOPT },
		  { .u.result = { .ret = 0, .value = 111 } },
		  NULL,
		  "= 111" },
		{ { .id = CALL_FCNTL, .args = { F_GETFL } },
		  { .u.result = { .ret = 2050, .value = O_RDWR | O_NONBLOCK } },
		  NULL,
		  "= O_RDWR|O_NONBLOCK" },
		{ { .id = CALL_RECVMSG },
		  { .u.result = { .ret = 0,
				  .queued_errno = ECONNREFUSED,
				  .icmp_type = 3,
				  .icmp_code = 3 } },
		  NULL,
		  "= 0 queued ECONNREFUSED icmp 3 3" },
		{ { .id = CALL_GETPEERNAME },
		  { .u.result.answer = { 4, { 192, 0, 2, 2 }, 8080 } },
		  NULL,
		  "= server:8080" },
		{ { .id = CALL_GETPEERNAME },
		  { .u.result.answer = { 6, { 0x20, 1, 0xd, 0xb8, [15] = 1 }, 1 } },
		  NULL,
		  "= client:1" },
		{ { .id = CALL_GETPEERNAME },
		  { .u.result.answer = { 6, { 0xfe, 0x80, [15] = 1 }, 1 } },
		  NULL,
		  "= [fe80::1]:1" },
		{ { .id = CALL_GETSOCKNAME },
		  { .u.result.answer = { 4, { 0 }, 80 } },
		  NULL,
		  "= any:80" },
	};
	struct sample sample;
	struct strbuf text = STRBUF_INIT;

	(void)state;
	sample_open(&sample, "scenario \"x\"\n", "x");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		strbuf_clear(&text);
		result_text(&sample.plan, &cases[i].call, &cases[i].event, cases[i].data, &text);
		assert_string_equal(strbuf_text(&text), cases[i].text);
	}
	strbuf_free(&text);
	sample_close(&sample);
}

static void answers_in_words(void **state)
{
	static const struct {
		enum question_id id;
		int64_t answer;
		const char *text;
	} cases[] = {
		{ ASK_STATE, STATE_SYN_RECV, "SYN-RECV" }, { ASK_STATE, 99, "state 99" },
		{ ASK_ERROR, 0, "0" }, { ASK_ERROR, ECONNRESET, "ECONNRESET" },
		{ ASK_READABLE, 1, "yes" }, { ASK_READABLE, 0, "no" },
		{ ASK_READABLE, -EBADF, "EBADF" }, { ASK_SOCKETS, 3, "3" },
		{ ASK_COUNTER, 0, "0" }, { ASK_COUNTER, INT64_MAX, "9223372036854775807" },
		{ ASK_TIMER, 0, "not told: there is no such socket" },
	};
	struct strbuf text = STRBUF_INIT;
	struct sample sample;

	(void)state;
	sample_open(&sample, "scenario \"x\"\n", "x");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct event event = { .kind = EVENT_ASK, .step = NO_INDEX,
				       .u.ask = { .id = cases[i].id, .answer = cases[i].answer } };

		strbuf_clear(&text);
		ask_text(&sample.plan, &event, &text);
		assert_string_equal(strbuf_text(&text), cases[i].text);
	}
	strbuf_free(&text);
	sample_close(&sample);
}

/* A counter as it is shortest; of a name that several have, with its group's. */
static void counters_in_words(void **state)
{
	struct plan_question question = {
		.id = ASK_COUNTER, .socket = NO_INDEX, .flow = NO_INDEX,
		.counter = counter_by_name("TcpExtListenOverflows", NO_INDEX),
	};
	struct plan_step step = {
		.kind = STEP_ASK, .question = &question, .result.ranges[0] = { true, false, 2, 4 },
	};
	struct strbuf text = STRBUF_INIT;
	struct sample sample;

	(void)state;
	sample_open(&sample, "scenario \"x\"\n", "x");
	question_text(&sample.plan, &question, &text);
	assert_string_equal(strbuf_text(&text), "counter ListenOverflows");
	strbuf_clear(&text);
	question.counter = counter_by_name("TcpInCsumErrors", NO_INDEX);
	question_text(&sample.plan, &question, &text);
	assert_string_equal(strbuf_text(&text), "counter TcpInCsumErrors");
	strbuf_clear(&text);
	ask_expected_text(&step, &text);
	assert_string_equal(strbuf_text(&text), "2..4");
	strbuf_clear(&text);
	step.result.ranges[0] = (struct plan_range){ true, false, 2, INT64_MAX };
	ask_expected_text(&step, &text);
	assert_string_equal(strbuf_text(&text), ">= 2");
	strbuf_free(&text);
	sample_close(&sample);
}

/* What netlink tells of a socket, as an answer and as ss shows it. */
static void sockets_in_words(void **state)
{
	struct event event = {
		.kind = EVENT_ASK, .step = NO_INDEX,
		.u.ask = { .id = ASK_TIMER, .found = true, .socket = {
			.state = STATE_ESTABLISHED, .recv_queue = 1, .send_queue = 5,
			.timer = TIMER_ON, .timer_ms = 200, .retransmits = 1,
			.local = { 4, { 192, 0, 2, 1 }, 40000 },
			.remote = { 4, { 192, 0, 2, 2 }, 80 } } },
	};
	const struct sock_info two[2] = { event.u.ask.socket, event.u.ask.socket };
	struct strbuf text = STRBUF_INIT;
	struct sample sample;

	(void)state;
	sample_open(&sample, "scenario \"x\"\n", "x");
	ask_text(&sample.plan, &event, &text);
	assert_string_equal(strbuf_text(&text), "on 200 ms, 1 retransmission");
	strbuf_clear(&text);
	event.u.ask.id = ASK_QUEUES;
	ask_text(&sample.plan, &event, &text);
	assert_string_equal(strbuf_text(&text), "1 5");
	strbuf_clear(&text);
	sock_text(&sample.plan, &event.u.ask.socket, &text);
	assert_string_equal(strbuf_text(&text),
			    "ESTABLISHED 1 5 client:40000 server:80 timer:(on,200 ms,1)");
	strbuf_clear(&text);
	sock_states_text(two, 2, &text);
	assert_string_equal(strbuf_text(&text), "ESTABLISHED x2");
	strbuf_clear(&text);
	sock_states_text(two, 0, &text);
	assert_string_equal(strbuf_text(&text), "none");
	strbuf_free(&text);
	sample_close(&sample);
}

/* ---- terminals ---- */

static void text_is_cut_and_cleaned(void **state)
{
	struct strbuf text = STRBUF_INIT;

	(void)state;
	assert_int_equal(term_width("e\xcc\x81日本 │"), 7);
	term_puts(&text, "日本語", &plain);
	term_cut(&text, 5, &plain);
	assert_string_equal(strbuf_text(&text), "日本…");
	term_cut(&text, 4, &plain);
	assert_string_equal(strbuf_text(&text), "日…");
	strbuf_clear(&text);
	term_puts(&text, "a\033[2J\xc2\x9b\xe2\x80\xae\xff", &plain);
	assert_string_equal(strbuf_text(&text), "a?[2J???");
	strbuf_clear(&text);
	term_quote(&text, "a\0\"b", 4, 20, &plain);
	assert_string_equal(strbuf_text(&text), "\"a\\x00\\\"b\"");
	for (int columns = 5; columns < 40; columns++) {
		strbuf_clear(&text);
		term_quote(&text, "abc\n\1defghijklmnopqrst\r\n", 25, columns, &ascii);
		assert_in_range(term_width(strbuf_text(&text)), 5, columns);
	}
	strbuf_free(&text);
}

static void style_follows_the_environment(void **state)
{
	FILE *null = fopen("/dev/null", "w");

	(void)state;
	setenv("LC_ALL", "C", 1);
	setenv("LANG", "ja_JP.UTF-8", 1);
	unsetenv("COLUMNS");
	assert_false(report_style_for(null, "auto").unicode);
	assert_false(report_style_for(null, "auto").color);
	assert_true(report_style_for(null, "always").color);
	assert_int_equal(report_style_for(null, "auto").width, STYLE_WIDTH_DEFAULT);
	setenv("LC_ALL", "", 1);
	unsetenv("LC_CTYPE");
	assert_true(report_style_for(null, "auto").unicode);
	setenv("LC_CTYPE", "POSIX", 1);
	assert_false(report_style_for(null, "auto").unicode);
	setenv("COLUMNS", "72", 1);
	assert_int_equal(report_style_for(null, "auto").width, 72);
	setenv("COLUMNS", "7", 1);
	assert_int_equal(report_style_for(null, "auto").width, STYLE_WIDTH_MIN);
	setenv("COLUMNS", "x", 1);
	assert_int_equal(report_style_for(null, "auto").width, STYLE_WIDTH_DEFAULT);
	fclose(null);
}

static void style_follows_the_terminal(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	struct winsize size = { .ws_row = 24, .ws_col = 132 };

	(void)state;
	assert_true(master >= 0);
	assert_int_equal(grantpt(master) | unlockpt(master), 0);

	FILE *terminal = fopen(ptsname(master), "w");

	assert_non_null(terminal);
	assert_int_equal(ioctl(master, TIOCSWINSZ, &size), 0);
	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	assert_true(report_style_for(terminal, "auto").color);
	assert_false(report_style_for(terminal, "never").color);
	assert_int_equal(report_style_for(terminal, "auto").width, 132);
	setenv("TERM", "dumb", 1);
	assert_false(report_style_for(terminal, "auto").color);
	setenv("TERM", "xterm", 1);
	setenv("NO_COLOR", "1", 1);
	assert_false(report_style_for(terminal, "auto").color);
	assert_true(report_style_for(terminal, "always").color);
	fclose(terminal);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failure_has_place_table_and_notes),
		cmocka_unit_test(table_fits_its_widest_cell),
		cmocka_unit_test(each_verdict_has_a_line),
		cmocka_unit_test(virtual_time_has_a_ratio),
		cmocka_unit_test(verdicts_stand_in_columns),
		cmocka_unit_test(summary_names_what_there_was),
		cmocka_unit_test(rounds_that_ended_differently),
		cmocka_unit_test(verdicts_name_their_round),
		cmocka_unit_test(progress_is_one_line),
		cmocka_unit_test(calls_in_words),
		cmocka_unit_test(results_in_words),
		cmocka_unit_test(answers_in_words),
		cmocka_unit_test(counters_in_words),
		cmocka_unit_test(sockets_in_words),
		cmocka_unit_test(text_is_cut_and_cleaned),
		cmocka_unit_test(style_follows_the_environment),
		cmocka_unit_test(style_follows_the_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
