/* json_event: see json_event.h. */
#include "report/json_event.h"

#include "base/strbuf.h"
#include "plan/counters.h"
#include "plan/names.h"
#include "plan/tcp_info.h"
#include "report/json_call.h"
#include "report/json_program.h"
#include "report/order.h"
#include "report/packet_text.h"
#include "run/call_text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* ---- packets ---- */

static const char *class_name(enum packet_class class)
{
	switch (class) {
	case PACKET_TCP:       return "tcp";
	case PACKET_ICMP:      return "icmp";
	case PACKET_NOISE:     return "noise";
	case PACKET_OTHER:     return "other";
	case PACKET_MALFORMED: return "malformed";
	}
	return NULL;
}

static const char *fate_name(enum packet_fate fate)
{
	switch (fate) {
	case FATE_SENT:       return "sent";
	case FATE_EXPECTED:   return "expected";
	case FATE_DROPPED:    return "dropped";
	case FATE_DELAYED:    return "delayed";
	case FATE_DUPLICATED: return "duplicated";
	case FATE_HELD:       return "held";
	case FATE_CORRUPTED:  return "corrupted";
	case FATE_REWRITTEN:  return "rewritten";
	case FATE_IGNORED:    return "ignored";
	case FATE_DELIVERED:  return "delivered";
	case FATE_LOST:       return "lost";
	case FATE_UNEXPECTED: return "unexpected";
	}
	return NULL;
}

static void put_mac(struct json_maker *maker, json_t *object, const char *key,
		    const uint8_t mac[6])
{
	char text[sizeof("00:00:00:00:00:00")];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	put_text(maker, object, key, text);
}

static void put_ip_address(struct json_maker *maker, json_t *object, const char *key, uint8_t ip,
			   const struct packet_address *address)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(ip == 6 ? AF_INET6 : AF_INET, address->bytes, text, sizeof(text));
	put_text(maker, object, key, text);
}

static void put_ip(struct json_maker *maker, json_t *object, const struct packet *packet)
{
	put_number(maker, object, "ip", packet->ip);
	put_ip_address(maker, object, "src", packet->ip, &packet->src);
	put_ip_address(maker, object, "dst", packet->ip, &packet->dst);
	put_number(maker, object, "ttl", packet->ttl);
	put_number(maker, object, "dscp", packet->dscp);
	put_number(maker, object, "ecn", packet->ecn);
	if (packet->ip == 4) {
		put_bool(maker, object, "df", packet->df);
		put_number(maker, object, "id", packet->id);
		put_bool(maker, object, "ip_checksum_ok", packet->ip_checksum_ok);
	} else {
		put_number(maker, object, "flowlabel", packet->flowlabel);
	}
	put_number(maker, object, "protocol", packet->protocol);
}

static json_t *option_object(struct json_maker *maker, const struct option_view *option)
{
	json_t *object = json_object();
	json_t *numbers = json_array();

	put_text(maker, object, "name", option->name);
	put_number(maker, object, "kind", option->kind);
	for (int i = 0; i < option->n_numbers; i++)
		put_item(maker, numbers, json_integer(option->numbers[i]));
	put(maker, object, "numbers", numbers);
	put_hex(maker, object, "hex", option->bytes, option->len);
	return object;
}

static void put_options(struct json_maker *maker, json_t *object, const struct event *event,
			const uint8_t *frame)
{
	const struct packet *packet = &event->u.packet.packet;
	json_t *options = json_array();
	struct strbuf text = STRBUF_INIT;

	for (int i = 0; i < packet->n_options; i++) {
		struct option_view option = option_read(packet, frame, event->blob_len, i);

		put_item(maker, options, option_object(maker, &option));
	}
	put(maker, object, "options", options);
	packet_options(event, frame, &text);
	put_strbuf(maker, object, "options_text", &text);
	put_bool(maker, object, "options_bad", packet->options_bad);
}

static void put_tcp(struct json_maker *maker, json_t *object, const struct event *event,
		    const uint8_t *frame)
{
	const struct packet *packet = &event->u.packet.packet;
	const uint8_t *data = NULL;
	size_t len = packet_payload(event, frame, &data);
	char flags[FLAGS_LEN];

	put_number(maker, object, "sport", packet->sport);
	put_number(maker, object, "dport", packet->dport);
	put_number(maker, object, "seq", packet->seq);
	put_number(maker, object, "ack", packet->ack);
	put_number(maker, object, "offset", packet->offset);
	put_text(maker, object, "flags", flags_name(packet->flags, flags));
	put_number(maker, object, "flags_bits", packet->flags);
	put_number(maker, object, "win", packet->win);
	put_number(maker, object, "checksum", packet->checksum);
	put_bool(maker, object, "checksum_ok", packet->checksum_ok);
	put_number(maker, object, "urgent", packet->urgent);
	put_options(maker, object, event, frame);
	put_number(maker, object, "len", packet->payload_len);
	put_bytes(maker, object, "payload", data, len);
}

static void put_icmp(struct json_maker *maker, json_t *object, const struct packet *packet)
{
	enum icmp_kind kind;

	put_text(maker, object, "kind", packet_icmp_kind(packet, &kind) ? icmp_name(kind) : NULL);
	put_number(maker, object, "type", packet->icmp_type);
	put_number(maker, object, "code", packet->icmp_code);
	put_number(maker, object, "mtu", packet->icmp_mtu);
	put_bool(maker, object, "checksum_ok", packet->checksum_ok);
	put_number(maker, object, "about_sport", packet->sport);
	put_number(maker, object, "about_dport", packet->dport);
	put_number(maker, object, "about_seq", packet->seq);
}

static json_t *packet_object(struct json_maker *maker, const struct event *event,
			     const uint8_t *frame)
{
	const struct packet *packet = &event->u.packet.packet;
	json_t *object = json_object();

	put_text(maker, object, "class", class_name(packet->class));
	if (packet->class == PACKET_MALFORMED)
		put_text(maker, object, "why", packet_fault_text(packet->fault));
	put_number(maker, object, "frame_len", packet->len);
	put_mac(maker, object, "eth_src", packet->eth_src);
	put_mac(maker, object, "eth_dst", packet->eth_dst);
	if (packet->ip)
		put_ip(maker, object, packet);
	if (packet->class == PACKET_TCP)
		put_tcp(maker, object, event, frame);
	if (packet->class == PACKET_ICMP)
		put_icmp(maker, object, packet);
	return object;
}

static void add_packet(struct json_maker *maker, json_t *object, const struct plan *plan,
		       const struct event *event, const uint8_t *frame)
{
	int from = event->u.packet.from, flow = event->u.packet.flow;
	bool tcp = event->u.packet.packet.class == PACKET_TCP;

	put_text(maker, object, "from", from == NO_INDEX ? NULL : plan->hosts[from].name);
	put_text(maker, object, "fate", fate_name(event->u.packet.fate));
	if (flow >= 0 && flow < plan->n_flows)
		put_text(maker, object, "flow", plan->flows[flow].name);
	if (tcp)
		put_number(maker, object, "seq", event->u.packet.seq);
	if (tcp && event->u.packet.ack_valid)
		put_number(maker, object, "ack", event->u.packet.ack);
	put(maker, object, "packet", packet_object(maker, event, frame));
	put_hex(maker, object, "bytes", frame, event->blob_len);
}

/* ---- questions, failures, the end ---- */

static void put_endpoint(struct json_maker *maker, json_t *object, const char *key,
			 const struct plan *plan, const struct probe_address *address)
{
	struct strbuf text = STRBUF_INIT;

	endpoint_text(plan, address, &text);
	put_strbuf(maker, object, key, &text);
}

static json_t *socket_object(struct json_maker *maker, const struct plan *plan,
			     const struct sock_info *socket)
{
	json_t *object = json_object(), *timer = json_object();

	put_text(maker, object, "state", state_name((int)socket->state));
	put_number(maker, object, "recv_queue", socket->recv_queue);
	put_number(maker, object, "send_queue", socket->send_queue);
	put_endpoint(maker, object, "local", plan, &socket->local);
	put_endpoint(maker, object, "remote", plan, &socket->remote);
	put_number(maker, object, "inode", (int64_t)socket->inode);
	put_text(maker, timer, "kind", timer_name(socket->timer));
	put_number(maker, timer, "left_ms", socket->timer_ms);
	put_number(maker, timer, "retransmissions", socket->retransmits);
	put(maker, object, "timer", timer);
	return object;
}

static json_t *socket_array(struct json_maker *maker, const struct plan *plan,
			    const struct event *event, const uint8_t *blob)
{
	json_t *array = json_array();
	struct sock_info socket;

	for (size_t i = 0; i < event->blob_len / sizeof(socket); i++) {
		memcpy(&socket, blob + i * sizeof(socket), sizeof(socket));
		put_item(maker, array, socket_object(maker, plan, &socket));
	}
	return array;
}

static void add_answer(struct json_maker *maker, json_t *object, const struct plan *plan,
		       const struct event *event, const uint8_t *blob)
{
	const struct plan_step *step = step_at(plan, event->step);
	struct strbuf answer = STRBUF_INIT;
	int host = event->u.ask.host;

	ask_text(plan, event, &answer);
	put_text(maker, object, "host", host == NO_INDEX ? NULL : plan->hosts[host].name);
	put_text(maker, object, "question", question_name(event->u.ask.id));
	if (event->u.ask.id == ASK_INFO && step && step->question)
		put_text(maker, object, "field", tcp_info_name(step->question->field));
	if (event->u.ask.id == ASK_COUNTER && step && step->question)
		put_text(maker, object, "counter", counter_full_name(step->question->counter));
	put_strbuf(maker, object, "answer", &answer);
	put_number(maker, object, "number", event->u.ask.answer);
	if (event->u.ask.id == ASK_SOCKETS)
		put(maker, object, "sockets", socket_array(maker, plan, event, blob));
	else if (event->u.ask.socket.state)
		put(maker, object, "socket", socket_object(maker, plan, &event->u.ask.socket));
}

static void put_rows(struct json_maker *maker, json_t *object, const struct failure *failure)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < failure->n_rows; i++) {
		json_t *row = json_object();

		put_text(maker, row, "field", failure->rows[i].field);
		put_text(maker, row, "expected", failure->rows[i].expected);
		put_text(maker, row, "saw", failure->rows[i].saw);
		put_item(maker, rows, row);
	}
	put(maker, object, "rows", rows);
}

static void put_notes(struct json_maker *maker, json_t *object, const struct failure *failure)
{
	json_t *holder = json_object(), *notes = json_array();

	for (size_t i = 0; i < failure->n_notes; i++) {
		put_text(maker, holder, "note", failure->notes[i]); /* mends what is no UTF-8 */
		put_item(maker, notes, json_incref(json_object_get(holder, "note")));
	}
	put(maker, object, "notes", notes);
	json_decref(holder);
}

json_t *json_failure(struct json_maker *maker, const struct plan *plan,
		     const struct record *record, size_t index)
{
	struct arena *arena = arena_new();
	struct failure failure;
	json_t *object = NULL;

	if (record_failure(record, index, arena, &failure)) {
		object = json_object();
		if (plan->source) {
			put_number(maker, object, "line",
				   source_line(plan->source, failure.span.start));
			put_number(maker, object, "column",
				   source_column(plan->source, failure.span.start));
		}
		put_text(maker, object, "message", failure.message);
		put_rows(maker, object, &failure);
		put_notes(maker, object, &failure);
	}
	arena_free(arena);
	return object;
}

static const char *kind_name(enum event_kind kind)
{
	switch (kind) {
	case EVENT_READY:   return "ready";
	case EVENT_BEGIN:   return "begin";
	case EVENT_STEP:    break; /* is not kept */
	case EVENT_PACKET:  return "packet";
	case EVENT_CALL:    return "call";
	case EVENT_RESULT:  return "result";
	case EVENT_ASK:     return "ask";
	case EVENT_WIRE:    return "wire";
	case EVENT_PROGRAM: return "program";
	case EVENT_CHECKED: return "checked";
	case EVENT_WAIT:    return "wait";
	case EVENT_FAILURE: return "failure";
	case EVENT_END:     return "end";
	}
	return NULL;
}

static void add_kind(struct json_maker *maker, json_t *object, const struct plan *plan,
		     const struct record *record, size_t index)
{
	const struct event *event = &record->events[index];
	json_t *failure;

	switch (event->kind) {
	case EVENT_PACKET:
		add_packet(maker, object, plan, event, record->blobs[index]);
		if (event->u.packet.passed)
			put_number(maker, object, "passed_ns",
				   event->u.packet.passed - record->begin);
		break;
	case EVENT_CALL:
		json_add_call(maker, object, plan, event->step, event->u.call.caller);
		break;
	case EVENT_RESULT:
		json_add_call(maker, object, plan, event->step, event->u.result.caller);
		json_add_result(maker, object, plan, record, index);
		break;
	case EVENT_ASK:
		add_answer(maker, object, plan, event, record->blobs[index]);
		break;
	case EVENT_PROGRAM:
		json_add_program(maker, object, plan, event, record->blobs[index]);
		break;
	case EVENT_CHECKED:
		put_number(maker, object, "serial", (int64_t)event->u.program.serial);
		break;
	case EVENT_FAILURE:
		failure = json_failure(maker, plan, record, index);
		if (failure && json_object_update_missing(object, failure) < 0)
			maker->failed = true;
		json_decref(failure);
		break;
	case EVENT_END:
		if (event->u.end.span.len && plan->source)
			put_number(maker, object, "line",
				   source_line(plan->source, event->u.end.span.start));
		put_number(maker, object, "frames_lost", event->u.end.frames_lost);
		put_number(maker, object, "kept_ns", event->u.end.kept);
		put_number(maker, object, "unrecorded", event->u.end.unrecorded);
		break;
	case EVENT_READY:
	case EVENT_BEGIN:
	case EVENT_STEP:
	case EVENT_WIRE:
	case EVENT_WAIT:
		break;
	}
}

json_t *json_event(struct json_maker *maker, const struct plan *plan, const struct record *record,
		   size_t index)
{
	const struct event *event = &record->events[index];
	int line = step_line(plan, event->step);
	json_t *object = json_object();

	put_text(maker, object, "event", kind_name(event->kind));
	put_number(maker, object, "time_ns", event->time - record->begin);
	if (line > 0) {
		put_number(maker, object, "line", line);
		put_number(maker, object, "step", event->step);
	}
	add_kind(maker, object, plan, record, index);
	return object;
}
