/* test_json: one line of JSON, and everything in it. */
#include "report/json.h"
#include "unit/sample.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

static const struct json_kernel guest = { "6.12", "6.12.94", true };

/* Print and read back. */
static json_t *json_of(const struct sample *sample, const char *capture_path)
{
	struct capture_text capture;
	json_error_t error;

	capture_begin(&capture);
	assert_int_equal(json_print(capture.out, &sample->plan, &sample->record, &guest,
				    capture_path), 0);
	capture_end(&capture);
	assert_ptr_equal(strchr(capture.text, '\n'), capture.text + capture.len - 1);

	json_t *json = json_loads(capture.text, JSON_REJECT_DUPLICATES, &error);

	assert_non_null(json);
	capture_free(&capture);
	return json;
}

static const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	assert_non_null(text);
	return text;
}

static json_int_t number_at(const json_t *object, const char *key)
{
	assert_true(json_is_integer(json_object_get(object, key)));
	return json_integer_value(json_object_get(object, key));
}

/* The @nth (from 0) event of this kind. */
static json_t *event_of_kind(const json_t *json, const char *kind, int nth)
{
	size_t i;
	json_t *event;

	json_array_foreach(json_object_get(json, "events"), i, event)
		if (strcmp(text_at(event, "event"), kind) == 0 && nth-- == 0)
			return event;
	fail_msg("no such event");
	return NULL;
}

static void holds_the_plan_and_the_verdict(void **state)
{
	static const struct plan_binding bindings[] = { { "how", "SHUT_WR" } };
	static const char *const rfcs[] = { "9293 3.10.7.4" };
	struct sample sample;
	json_t *json;

	(void)state;
	sample_rst_after_fin(&sample, false);
	sample.plan.bindings = bindings;
	sample.plan.n_bindings = 1;
	sample.plan.rfcs = rfcs;
	sample.plan.n_rfcs = 1;
	sample.plan.ip = IP_MAPPED;
	sample.plan.variant = "mapped,how=SHUT_WR";
	json = json_of(&sample, "captures/run/x.pcapng");
	assert_string_equal(text_at(json, "scenario"), "scenarios/rst_after_fin.scn");
	assert_string_equal(text_at(json, "title"),
			    "A write after FIN and RST fails with EPIPE, not ECONNRESET");
	assert_string_equal(text_at(json, "variant"), "mapped,how=SHUT_WR");
	assert_string_equal(text_at(json, "ip"), "mapped");
	assert_string_equal(text_at(json_object_get(json, "bindings"), "how"), "SHUT_WR");
	assert_string_equal(json_string_value(json_array_get(json_object_get(json, "rfcs"), 0)),
			    "9293 3.10.7.4");
	assert_string_equal(text_at(json, "verdict"), "passed");
	assert_int_equal(number_at(json, "round"), 1); /* even if nobody counts */
	assert_true(json_is_null(json_object_get(json, "failure")));
	assert_int_equal(number_at(json, "duration_ns"), 3001000000);
	assert_int_equal(number_at(json, "begin_ns"), SAMPLE_BEGIN_S * NS_PER_S);
	assert_string_equal(text_at(json, "capture"), "captures/run/x.pcapng");
	assert_int_equal(json_array_size(json_object_get(json, "events")), sample.record.count);
	json_decref(json);
	sample_close(&sample);
}

static void holds_packets(void **state)
{
	struct sample sample;
	json_t *json, *event, *packet, *options, *payload;

	(void)state;
	sample_rst_after_fin(&sample, false);
	json = json_of(&sample, NULL);
	assert_true(json_is_null(json_object_get(json, "capture")));

	event = event_of_kind(json, "packet", 0);
	assert_int_equal(number_at(event, "time_ns"), 41000);
	assert_int_equal(number_at(event, "line"), 5);
	assert_string_equal(text_at(event, "from"), "client");
	assert_string_equal(text_at(event, "fate"), "expected");
	assert_int_equal(number_at(event, "seq"), 0);
	assert_null(json_object_get(event, "ack"));
	assert_int_equal(strlen(text_at(event, "bytes")), 2 * 74);
	packet = json_object_get(event, "packet");
	assert_string_equal(text_at(packet, "src"), "192.0.2.1");
	assert_int_equal(number_at(packet, "seq"), 3000000000);
	assert_string_equal(text_at(packet, "flags"), "SYN");
	assert_true(json_is_true(json_object_get(packet, "checksum_ok")));
	options = json_object_get(packet, "options");
	assert_int_equal(json_array_size(options), 5);
	assert_string_equal(text_at(json_array_get(options, 2), "name"), "ts");
	assert_string_equal(text_at(packet, "options_text"),
			    "mss 1460, sackok, ts 100 0, nop, wscale 7");

	payload = json_object_get(json_object_get(event_of_kind(json, "packet", 5), "packet"),
				  "payload");
	assert_string_equal(text_at(payload, "text"), "one");
	assert_string_equal(text_at(payload, "hex"), "6f6e65");
	assert_int_equal(number_at(event_of_kind(json, "packet", 5), "ack"), 2);
	json_decref(json);
	sample_close(&sample);
}

static void holds_calls_and_answers(void **state)
{
	struct sample sample;
	json_t *json, *event;

	(void)state;
	sample_rst_after_fin(&sample, false);
	json = json_of(&sample, NULL);

	event = event_of_kind(json, "call", 0);
	assert_string_equal(text_at(event, "call"), "connect");
	assert_string_equal(text_at(json_object_get(event, "args"), "address"), "server:8080");
	assert_string_equal(text_at(event, "text"), "connect server:8080");
	assert_string_equal(text_at(event, "caller"), "client");

	event = event_of_kind(json, "result", 2);
	assert_int_equal(number_at(event, "ret"), -1);
	assert_string_equal(text_at(event, "errno"), "EPIPE");
	assert_true(json_is_true(json_object_get(event, "sigpipe")));
	assert_string_equal(text_at(event, "result"), "= -1 EPIPE SIGPIPE");
	assert_string_equal(
		text_at(json_object_get(json_object_get(event, "args"), "data"), "text"), "two");

	event = event_of_kind(json, "result", 3);
	assert_string_equal(text_at(event, "caller"), "client/reader");
	assert_null(json_object_get(event, "errno"));

	event = event_of_kind(json, "ask", 0);
	assert_string_equal(text_at(event, "question"), "state");
	assert_string_equal(text_at(event, "answer"), "CLOSE-WAIT");
	assert_string_equal(text_at(event, "host"), "client");
	json_decref(json);
	sample_close(&sample);
}

static void names_every_argument(void **state)
{
	static const struct {
		struct plan_call call;
		const char *key, *value;
	} cases[] = {
		{ { .id = CALL_SETSOCKOPT, .args = { SOL_SOCKET, SO_REUSEADDR, 1 } },
		  "option",
		  "\"SO_REUSEADDR\"" },
		{ { .id = CALL_SETSOCKOPT,
		    .args = { SOL_SOCKET, SO_LINGER, INT64_C(1) << 32 | 9 } },
		  "linger",
		  "9" },
		{ { .id = CALL_SHUTDOWN, .args = { SHUT_WR } }, "how", "\"SHUT_WR\"" },
		{ { .id = CALL_SEND, .args = { 1000, MSG_NOSIGNAL } },
		  "flags",
		  "\"MSG_NOSIGNAL\"" },
		{ { .id = CALL_SENDFILE, .args = { 1000 } }, "count", "1000" },
		{ { .id = CALL_POLL, .args = { 1 | 16, 250 } }, "events", "\"POLLIN|POLLHUP\"" },
		{ { .id = CALL_POLL, .args = { 1, 250 } }, "timeout_ms", "250" },
		{ { .id = CALL_FCNTL, .args = { 4, 2048 } }, "flags", "\"O_RDONLY|O_NONBLOCK\"" },
		{ { .id = CALL_IOCTL, .args = { 0x541b } }, "request", "\"SIOCINQ\"" },
		{ { .id = CALL_LISTEN, .args = { 16 } }, "backlog", "16" },
		{ { .id = CALL_ACCEPT, .nonblocking = true }, "nonblocking", "true" },
		{ { .id = CALL_BIND, .address = { NO_INDEX, 80 } }, "address", "\"any:80\"" },
		{ { .id = CALL_RECVMSG, .args = { 100, MSG_ERRQUEUE } },
		  "flags",
		  "\"MSG_ERRQUEUE\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sample sample;
		struct plan_call call = cases[i].call;

		call.makes = NO_INDEX;
		sample_open(&sample, "client: call\n", "x");
		sample_begin(&sample);
		sample_started(&sample, 1, sample_call(&sample, 1, 0, call), 0);

		json_t *json = json_of(&sample, NULL);
		json_t *args = json_object_get(event_of_kind(json, "call", 0), "args");
		char *value = json_dumps(json_object_get(args, cases[i].key), JSON_ENCODE_ANY);

		assert_non_null(value);
		assert_string_equal(value, cases[i].value);
		free(value);
		json_decref(json);
		sample_close(&sample);
	}
}

static void holds_the_failure(void **state)
{
	struct sample sample;
	json_t *json, *failure, *row;

	(void)state;
	sample_rst_after_fin(&sample, true);
	sample.record.round = 37;
	json = json_of(&sample, NULL);
	assert_string_equal(text_at(json, "verdict"), "failed");
	assert_int_equal(number_at(json, "round"), 37);
	failure = json_object_get(json, "failure");
	assert_int_equal(number_at(failure, "line"), 14);
	assert_int_equal(number_at(failure, "column"), 8);
	assert_string_equal(text_at(failure, "message"), "expected RST from client, saw FIN-ACK");
	row = json_array_get(json_object_get(failure, "rows"), 0);
	assert_string_equal(text_at(row, "field"), "flags");
	assert_string_equal(text_at(row, "expected"), "RST");
	assert_string_equal(text_at(row, "saw"), "FIN-ACK");
	assert_int_equal(json_array_size(json_object_get(failure, "notes")), 1);
	assert_string_equal(text_at(event_of_kind(json, "failure", 0), "message"),
			    "expected RST from client, saw FIN-ACK");
	assert_string_equal(text_at(event_of_kind(json, "packet", 6), "fate"), "unexpected");
	json_decref(json);
	sample_close(&sample);
}

static void survives_any_bytes(void **state)
{
	struct sample sample;
	struct sample_packet like = { .from = NO_INDEX, .fate = FATE_UNEXPECTED, .step = NO_INDEX };
	uint8_t frame[64];
	json_t *json, *data;

	(void)state;
	sample_open(&sample, "scenario \"x\"\n", "\377 no UTF-8");
	sample_begin(&sample);
	memset(frame, 0xfe, sizeof(frame));
	for (size_t len = 0; len <= sizeof(frame); len++)
		sample_frame(&sample, &like, frame, len);
	sample_returned(&sample, 5, 77, 99, 2, 0, "\xc3\x28");
	sample_end(&sample, 9, VERDICT_ERROR, "\xed\xa0\x80 is a surrogate");
	json = json_of(&sample, "\x80.pcapng");
	assert_string_equal(text_at(json, "title"), "\xef\xbf\xbd no UTF-8");
	data = json_object_get(event_of_kind(json, "result", 0), "data");
	assert_string_equal(text_at(data, "hex"), "c328");
	assert_null(json_object_get(data, "text"));
	json_decref(json);
	sample_close(&sample);
}

static void tells_write_errors(void **state)
{
	struct sample sample;
	FILE *full = fopen("/dev/full", "w");
	int fds[2];

	(void)state;
	assert_non_null(full);
	signal(SIGPIPE, SIG_IGN);
	sample_rst_after_fin(&sample, false);
	assert_int_equal(json_print(full, &sample.plan, &sample.record, NULL, NULL), -ENOSPC);
	fclose(full);

	assert_int_equal(pipe(fds), 0);
	close(fds[0]);

	FILE *closed = fdopen(fds[1], "w");

	assert_int_equal(json_print(closed, &sample.plan, &sample.record, NULL, NULL), -EPIPE);
	fclose(closed);
	sample_close(&sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_the_plan_and_the_verdict),
		cmocka_unit_test(holds_packets),
		cmocka_unit_test(holds_calls_and_answers),
		cmocka_unit_test(names_every_argument),
		cmocka_unit_test(holds_the_failure),
		cmocka_unit_test(survives_any_bytes),
		cmocka_unit_test(tells_write_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
