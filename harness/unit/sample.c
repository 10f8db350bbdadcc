/* sample: see sample.h. */
#include "unit/sample.h"

#include "base/clock.h"
#include "wire/bytes.h"
#include "wire/decode.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static const int64_t begin_ns = SAMPLE_BEGIN_S * NS_PER_S;
static const uint32_t isns[PLAN_HOSTS] = { 3000000000u, 1000 };

void sample_open(struct sample *sample, const char *text, const char *title)
{
	memset(sample, 0, sizeof(*sample));
	record_init(&sample->record);
	sample->callers[0] = (struct plan_caller){ 0, NULL };
	sample->callers[1] = (struct plan_caller){ 0, "reader" };
	sample->callers[2] = (struct plan_caller){ 1, NULL };
	sample->sockets[0] = (struct plan_socket){ .host = 0 };
	sample->flows[0] = (struct plan_flow){ .port = { 40000, 8080 } };

	struct arena *arena = arena_new();

	sample->plan = (struct plan){
		.arena = arena,
		.source = source_new(arena, "scenarios/rst_after_fin.scn", text, strlen(text)),
		.title = title, .ip = IP_V4, .variant = "4",
		.hosts = { { .name = "client", .kind = HOST_KERNEL },
			   { .name = "server", .kind = HOST_CRAFTED } },
		.n_hosts = 2, .link_mtu = DEFAULT_MTU, .tolerance = NO_TOLERANCE,
		.patience = DEFAULT_PATIENCE,
		.callers = sample->callers, .n_callers = 3, .sockets = sample->sockets,
		.n_sockets = 1, .flows = sample->flows, .n_flows = 1, .steps = sample->steps,
	};
}

void sample_close(struct sample *sample)
{
	record_free(&sample->record);
	arena_free(sample->plan.arena);
}

int sample_step(struct sample *sample, enum step_kind kind, int line)
{
	const struct source *source = sample->plan.source;
	size_t start = source->starts[line - 1];
	const char *end = strchr(source->text + start, '\n');
	struct plan_step *step = &sample->steps[sample->plan.n_steps];

	*step = (struct plan_step){
		.kind = kind, .span = { start, (size_t)(end - source->text) - start },
		.caller = NO_INDEX, .answered_by = NO_INDEX,
	};
	return sample->plan.n_steps++;
}

int sample_call(struct sample *sample, int line, int caller, struct plan_call call)
{
	int step = sample_step(sample, STEP_CALL, line);

	call.caller = caller;
	sample->calls[sample->n_calls] = call;
	sample->steps[step].call = &sample->calls[sample->n_calls++];
	sample->steps[step].caller = caller;
	return step;
}

/* ---- events ---- */

static struct event event_of(enum event_kind kind, int step, int64_t us)
{
	struct event event;

	memset(&event, 0, sizeof(event)); /* the padding goes over pipes */
	event.kind = kind;
	event.step = step;
	event.time = begin_ns + us * NS_PER_US;
	return event;
}

void sample_begin(struct sample *sample)
{
	struct event event = event_of(EVENT_BEGIN, NO_INDEX, 0);

	record_add(&sample->record, &event, NULL);
}

enum { IP4_HEADER = 20 };

static void put_ip4(uint8_t *ip, int from, size_t len)
{
	ip[0] = 0x45;
	put16(ip + 2, (uint16_t)len);
	put16(ip + 6, 0x4000);
	ip[8] = 64;
	ip[9] = IPPROTO_TCP;
	put32(ip + 12, 0xc0000201u + (uint32_t)from);
	put32(ip + 16, 0xc0000201u + (uint32_t)!from);
	put16(ip + 10, inet_checksum(ip, IP4_HEADER, 0));
}

static void put_tcp(uint8_t *tcp, const struct sample_packet *packet)
{
	int from = packet->from;

	put16(tcp, from == 0 ? 40000 : 8080);
	put16(tcp + 2, from == 0 ? 8080 : 40000);
	put32(tcp + 4, isns[from] + (uint32_t)packet->seq);
	if (packet->flags & TCP_ACK)
		put32(tcp + 8, isns[!from] + (uint32_t)packet->ack);
	put16(tcp + 12,
	      (unsigned int)((TCP_HEADER + packet->options_len) / 4) << 12 | packet->flags);
	put16(tcp + 14, packet->win);
	if (packet->options_len)
		memcpy(tcp + TCP_HEADER, packet->options, packet->options_len);
	if (packet->data)
		memcpy(tcp + TCP_HEADER + packet->options_len, packet->data, strlen(packet->data));
}

/* RFC 9293 3.1: addresses, protocol and length count, too. */
static uint32_t pseudo_header(const uint8_t *ip, size_t len)
{
	uint32_t sum = IPPROTO_TCP + (uint32_t)len;

	for (int i = 12; i < 20; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	return sum;
}

void sample_frame(struct sample *sample, const struct sample_packet *like, const uint8_t *frame,
		  size_t len)
{
	struct event event = event_of(EVENT_PACKET, like->step, like->us);

	event.blob_len = (uint32_t)len;
	event.u.packet.from = like->from;
	event.u.packet.fate = like->fate;
	event.u.packet.seq = like->seq;
	event.u.packet.ack = like->ack;
	event.u.packet.ack_valid = like->flags & TCP_ACK;
	decode(frame, len, event.time, &event.u.packet.packet);
	record_add(&sample->record, &event, frame);
}

void sample_sent(struct sample *sample, const struct sample_packet *packet)
{
	size_t data_len = packet->data ? strlen(packet->data) : 0;
	size_t tcp_len = TCP_HEADER + packet->options_len + data_len;
	size_t len = ETH_HEADER + IP4_HEADER + tcp_len;
	uint8_t *frame = calloc(1, len);
	uint8_t *ip = frame + ETH_HEADER, *tcp = ip + IP4_HEADER;

	frame[0] = frame[6] = 2;
	frame[5] = (uint8_t)(packet->from == 0 ? 2 : 1);
	frame[11] = (uint8_t)(packet->from == 0 ? 1 : 2);
	put16(frame + 12, 0x0800);
	put_ip4(ip, packet->from, IP4_HEADER + tcp_len);
	put_tcp(tcp, packet);
	put16(tcp + 16, inet_checksum(tcp, tcp_len, pseudo_header(ip, tcp_len)));
	sample_frame(sample, packet, frame, len);
	free(frame);
}

void sample_started(struct sample *sample, int64_t us, int step, int caller)
{
	struct event event = event_of(EVENT_CALL, step, us);

	event.u.call.caller = caller;
	record_add(&sample->record, &event, NULL);
}

void sample_returned(struct sample *sample, int64_t us, int step, int caller, int64_t ret, int err,
		     const char *data)
{
	struct event event = event_of(EVENT_RESULT, step, us);

	event.u.result.caller = caller;
	event.u.result.started = event.time;
	event.u.result.ret = ret;
	event.u.result.err = err;
	event.u.result.icmp_type = event.u.result.icmp_code = -1;
	event.u.result.sigpipe = err == EPIPE;
	event.blob_len = data ? (uint32_t)strlen(data) : 0;
	record_add(&sample->record, &event, data);
}

void sample_failed(struct sample *sample, int step, const struct failure *failure)
{
	struct event event = event_of(EVENT_FAILURE, step, 0);
	size_t len;
	uint8_t *blob = failure_pack(failure, &len);

	event.blob_len = (uint32_t)len;
	record_add(&sample->record, &event, blob);
	free(blob);
}

void sample_end(struct sample *sample, int64_t us, enum verdict verdict, const char *reason)
{
	struct event event = event_of(EVENT_END, NO_INDEX, us);

	event.u.end.verdict = verdict;
	event.blob_len = reason ? (uint32_t)strlen(reason) : 0;
	record_add(&sample->record, &event, reason);
}

/* ---- a whole scenario ---- */

static const char rst_after_fin[] =
	"scenario \"A write after FIN and RST fails with EPIPE, not ECONNRESET\"\n" /* 1 */
	"host client kernel\n"
	"host server crafted\n"
	"client: connect server:8080\n" /* 4 */
	"expect SYN from client\n"
	"send   SYN-ACK from server\n" /* 6 */
	"expect ACK from client\n"
	"client: -> ok\n"
	"send   FIN-ACK from server\n" /* 9 */
	"expect ACK from client\n"
	"client: state -> CLOSE-WAIT\n"
	"client: write \"one\" -> 3\n" /* 12 */
	"expect PSH-ACK from client data \"one\"\n"
	"expect RST from client\n"
	"client: write \"two\" -> EPIPE\n" /* 15 */
	"wait 3s\n"
	"client/reader: read -> 0\n" /* 17 */
	"drop   ACK from client\n";

static const char syn_options[] = "\x02\x04\x05\xb4\x04\x02\x08\x0a\x00\x00\x00\x64\x00\x00\x00\x00"
				  "\x01\x03\x03\x07";

static void play_handshake(struct sample *sample)
{
	int connect = sample_call(sample, 4, 0, (struct plan_call){
		.id = CALL_CONNECT, .makes = NO_INDEX, .address = { 1, 8080 } });
	int syn = sample_step(sample, STEP_EXPECT, 5), synack = sample_step(sample, STEP_SEND, 6);
	int ack = sample_step(sample, STEP_EXPECT, 7), answer = sample_step(sample, STEP_ANSWER, 8);

	sample->steps[answer].caller = 0;
	sample_started(sample, 12, connect, 0);
	sample_sent(sample, &(struct sample_packet){ .us = 41, .step = syn, .from = 0,
		.fate = FATE_EXPECTED, .flags = TCP_SYN, .win = 64240, .options = syn_options,
		.options_len = sizeof(syn_options) - 1 });
	sample_sent(sample, &(struct sample_packet){ .us = 102, .step = synack, .from = 1,
		.fate = FATE_SENT, .flags = TCP_SYN | TCP_ACK, .ack = 1, .win = 65535,
		.options = syn_options, .options_len = 4 });
	/* The engine learns of the call's return before it sees the packet that made it return. */
	sample_returned(sample, 140, connect, 0, 0, 0, NULL);
	sample_sent(sample, &(struct sample_packet){ .us = 131, .step = ack, .from = 0,
		.fate = FATE_EXPECTED, .flags = TCP_ACK, .seq = 1, .ack = 1, .win = 64240 });
}

static void play_close(struct sample *sample)
{
	int fin = sample_step(sample, STEP_SEND, 9), ack = sample_step(sample, STEP_EXPECT, 10);
	int state = sample_step(sample, STEP_ASK, 11);
	int write = sample_call(sample, 12, 0,
				(struct plan_call){ .id = CALL_WRITE,
						    .makes = NO_INDEX,
						    .data = (const uint8_t *)"one",
						    .data_len = 3 });
	int data = sample_step(sample, STEP_EXPECT, 13);
	struct event asked = event_of(EVENT_ASK, state, 400);

	asked.u.ask.answer = STATE_CLOSE_WAIT;
	sample_sent(sample, &(struct sample_packet){ .us = 200, .step = fin, .from = 1,
		.fate = FATE_SENT, .flags = TCP_FIN | TCP_ACK, .seq = 1, .ack = 1, .win = 65535 });
	sample_sent(sample, &(struct sample_packet){ .us = 260, .step = ack, .from = 0,
		.fate = FATE_EXPECTED, .flags = TCP_ACK, .seq = 1, .ack = 2, .win = 64240 });
	record_add(&sample->record, &asked, NULL);
	sample_started(sample, 500, write, 0);
	sample_sent(sample, &(struct sample_packet){ .us = 520, .step = data, .from = 0,
		.fate = FATE_EXPECTED, .flags = TCP_PSH | TCP_ACK, .seq = 1, .ack = 2, .win = 64240,
		.data = "one" });
	sample_returned(sample, 530, write, 0, 3, 0, NULL);
}

static void play_end(struct sample *sample)
{
	int write = sample_call(sample, 15, 0,
				(struct plan_call){ .id = CALL_WRITE,
						    .makes = NO_INDEX,
						    .data = (const uint8_t *)"two",
						    .data_len = 3 });
	int wait = sample_step(sample, STEP_WAIT, 16);
	int read = sample_call(sample, 17, 1, (struct plan_call){
		.id = CALL_READ, .makes = NO_INDEX, .args = { 65536 } });
	int drop = sample_step(sample, STEP_DROP, 18);
	struct event waited = event_of(EVENT_WAIT, wait, 3000700);

	sample_started(sample, 600, write, 0);
	sample_returned(sample, 610, write, 0, -1, EPIPE, NULL);
	record_add(&sample->record, &waited, NULL);
	sample_started(sample, 3000800, read, 1);
	sample_returned(sample, 3000810, read, 1, 0, 0, NULL);
	sample_sent(sample, &(struct sample_packet){ .us = 3000900, .step = drop, .from = 0,
		.fate = FATE_DROPPED, .flags = TCP_ACK, .seq = 4, .ack = 2, .win = 64240 });
	sample_end(sample, 3001000, VERDICT_PASSED, NULL);
}

static void play_failure(struct sample *sample)
{
	int rst = sample_step(sample, STEP_EXPECT, 14);
	struct failure_row rows[] = { { "flags", "RST", "FIN-ACK" }, { "seq", "6", "4" } };
	const char *notes[] = { "seen 0.213 ms after line 13; the socket was in LAST-ACK" };
	struct failure failure = {
		.span = { sample->steps[rst].span.start + strlen("expect "), 3 },
		.message = "expected RST from client, saw FIN-ACK",
		.rows = rows, .n_rows = 2, .notes = notes, .n_notes = 1,
	};

	sample_sent(sample, &(struct sample_packet){ .us = 733, .step = rst, .from = 0,
		.fate = FATE_UNEXPECTED, .flags = TCP_FIN | TCP_ACK, .seq = 4, .ack = 2,
		.win = 64240 });
	sample_failed(sample, rst, &failure);
	sample_end(sample, 900, VERDICT_FAILED, NULL);
}

void sample_rst_after_fin(struct sample *sample, bool fails)
{
	sample_open(sample, rst_after_fin,
		    "A write after FIN and RST fails with EPIPE, not ECONNRESET");
	sample_begin(sample);
	play_handshake(sample);
	play_close(sample);
	if (fails)
		play_failure(sample);
	else
		play_end(sample);
}

/* ---- what a report prints ---- */

void capture_begin(struct capture_text *capture)
{
	capture->out = open_memstream(&capture->text, &capture->len);
}

const char *capture_end(struct capture_text *capture)
{
	fclose(capture->out);
	return capture->text;
}

void capture_free(struct capture_text *capture)
{
	free(capture->text);
}
