/* play_packet: what every packet leaves behind, whoever sent it: its event in the record, its
 * numbers in its connection, and a copy that an ICMP message may quote.
 */
#include "run/play.h"

#include "base/clock.h"

void mark_event(struct engine *engine, int step, int64_t time)
{
	engine->event_before = time;
	engine->event_step = step;
}

struct window step_window(const struct engine *engine, int step, size_t occurrence)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];
	struct reference reference = {
		.first_packet = engine->first_packet,
		.event_before = engine->event_before,
		.transmission = engine->event_before,
	};

	if (plan_step->packet && plan_step->time.kind == TIME_GAPS) {
		const struct plan_packet *packet = plan_step->packet;
		int64_t last = connection_meant(&engine->connections, packet->flow)
				       ->transmission[packet->from];

		if (last)
			reference.transmission = last;
	}
	struct window window = timeline_window(engine->plan, &plan_step->time, occurrence,
					       &reference);

	/* what answers a packet of ours cannot have come before it */
	if (plan_step->time.kind == TIME_WITHIN && engine->event_step != NO_INDEX &&
	    engine->plan->steps[engine->event_step].kind == STEP_SEND)
		window.low = engine->event_before;
	return window;
}

/* ---- connections ---- */

int flow_of_packet(struct engine *engine, struct seen *seen)
{
	const struct connection *connection = connection_of(&engine->connections, seen);

	return connection && seen->packet.class == PACKET_TCP ? connection->number : NO_INDEX;
}

static void note_stream(struct connection *connection, const struct seen *seen, bool arrives)
{
	const struct packet *packet = &seen->packet;
	struct flow *told = &connection->told;
	bool probe = told->stream[seen->from].known &&
		     flow_seq(told, seen->from, packet) < told->stream[seen->from].next;

	flow_saw(told, seen->from, packet, seen->frame, arrives);
	if (packet_seq_len(packet) || probe) /* keepalive and window probes repeat a number */
		connection->transmission[seen->from] = packet->time;
	if ((packet->flags & TCP_ACK) && arrives) {
		int to = 1 - seen->from;
		int64_t acked = flow_relative(&told->stream[to], packet->ack);

		if (acked > connection->acked[to])
			connection->acked[to] = acked;
	}
}

/* A bulk transfer that a rule lets pass would drown the record: the first packets are
 * recorded whole, more of them without most of their payload, the rest is counted. */
static bool is_recorded(struct engine *engine, enum packet_fate fate, struct event *event)
{
	if (fate != FATE_IGNORED)
		return true;
	engine->ignored++;
	if (engine->ignored > IGNORED_WHOLE && event->blob_len > IGNORED_HEAD)
		event->blob_len = IGNORED_HEAD;
	return engine->ignored <= IGNORED_RECORDED;
}

/* The numbers of @seen as its connection has them on the wire. */
static void fill_numbers(const struct seen *seen, struct event *event)
{
	static const struct flow unknown = { .begun = false };
	const struct flow *flow = seen->connection ? &seen->connection->wire : &unknown;

	event->u.packet.seq = flow_seq(flow, seen->from, &seen->packet);
	event->u.packet.ack = flow_ack(flow, seen->from, &seen->packet);
	event->u.packet.ack_valid = seen->packet.flags & TCP_ACK;
}

/* The packet counts. What a kernel sends the relay has told the wire's account of. */
static void tell(const struct seen *seen, enum packet_fate fate, bool arrives)
{
	struct connection *connection = seen->connection;

	if (fate == FATE_SENT)
		flow_saw(&connection->wire, seen->from, &seen->packet, seen->frame, arrives);
	note_stream(connection, seen, arrives);
}

void note_packet(struct engine *engine, int step, int flow, const struct seen *seen,
		 enum packet_fate fate, bool counts, bool arrives)
{
	const struct packet *packet = &seen->packet;
	struct event event = {
		.kind = EVENT_PACKET, .step = step, .time = packet->time,
		.blob_len = (uint32_t)seen->len,
		.u.packet = { .from = seen->from, .flow = flow, .fate = fate, .packet = *packet,
			      .passed = seen->passed },
	};

	engine->packets++;
	if (!engine->first_packet)
		engine->first_packet = packet->time;
	if (fate != FATE_IGNORED) /* what nobody looks at nobody quotes */
		connection_keep_quote(&engine->connections, seen, engine->packets);
	if (flow != NO_INDEX && packet->class == PACKET_ICMP && seen->from != NO_INDEX)
		event.u.packet.seq = flow_seq(&connection_meant(&engine->connections, flow)->wire,
					      seen->from, packet);
	if (packet->class == PACKET_TCP && seen->from != NO_INDEX) {
		fill_numbers(seen, &event);
		if (counts && seen->connection)
			tell(seen, fate, arrives);
	}
	if (is_recorded(engine, fate, &event))
		stage_emit(&engine->stage, &event, seen->frame);
}

void play_delivered(struct engine *engine, const struct later *later, enum packet_fate fate, int64_t time)
{
	const struct connection *connection = later->connection;
	const struct seen seen = { .packet = later->packet, .from = later->from,
				   .connection = later->connection };
	struct event event = {
		.kind = EVENT_PACKET, .step = later->step, .time = time,
		.blob_len = (uint32_t)later->len,
		.u.packet = { .from = later->from, .flow = connection ? connection->number : NO_INDEX,
			      .fate = fate, .packet = later->packet },
	};

	if (later->packet.class == PACKET_TCP)
		fill_numbers(&seen, &event);
	event.u.packet.packet.time = time;
	stage_emit(&engine->stage, &event, later->frame);
}
