/* play_packet: what every packet leaves behind, whoever sent it: its event in the record, its
 * numbers in its connection, and a copy that an ICMP message may quote.
 */
#include "run/play.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

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

	if (plan_step->packet) {
		const struct connection *connection = &engine->connections[plan_step->packet->flow];
		int64_t last = connection->transmission[plan_step->packet->from];

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

/* Keep the packet for an ICMP message to quote, or for `again` to repeat. */
static void keep_quote(struct engine *engine, int flow, const struct seen *seen)
{
	bool has_data = seen->packet.payload_len > 0;
	struct quote *quote = NULL;

	if (seen->packet.class != PACKET_TCP)
		return;
	for (size_t i = 0; i < engine->n_quotes && !quote; i++)
		if (engine->quotes[i].flow == flow && engine->quotes[i].from == seen->from &&
		    engine->quotes[i].flags == seen->packet.flags &&
		    engine->quotes[i].has_data == has_data)
			quote = &engine->quotes[i];
	if (!quote) {
		quote = &engine->quotes[engine->n_quotes < QUOTES_MAX ? engine->n_quotes++
								      : QUOTES_MAX - 1];
		free(quote->frame);
		quote->frame = NULL;
	}

	uint8_t *copy = realloc(quote->frame, seen->len);

	if (!copy)
		abort();
	memcpy(copy, seen->frame, seen->len);
	*quote = (struct quote){ flow, seen->from, seen->packet.flags, has_data, engine->packets,
				 copy, seen->len };
}

/* ---- connections ---- */

/* Return: its index among the strangers, or NO_INDEX. */
static int find_stranger(const struct engine *engine, const struct seen *seen)
{
	if (seen->from == NO_INDEX || seen->packet.class != PACKET_TCP)
		return NO_INDEX;
	for (size_t i = 0; i < engine->n_strangers; i++)
		if (flow_owns(&engine->strangers[i].flow, seen->from, &seen->packet))
			return (int)i;
	return NO_INDEX;
}

const struct connection *connection_with(const struct engine *engine, int flow, const struct seen *seen)
{
	const struct connection *connection = &engine->connections[flow];
	int stranger = connection->flow.begun ? NO_INDEX : find_stranger(engine, seen);

	return stranger == NO_INDEX ? connection : &engine->strangers[stranger];
}

/* A line speaks of @seen: its connection is connection @flow of the plan from now on. */
static struct connection *meet(struct engine *engine, int flow, const struct seen *seen)
{
	struct connection *connection = &engine->connections[flow];
	int stranger = connection->flow.begun ? NO_INDEX : find_stranger(engine, seen);

	if (stranger != NO_INDEX) {
		*connection = engine->strangers[stranger];
		engine->strangers[stranger] = engine->strangers[--engine->n_strangers];
	}
	return connection;
}

/* Return: NULL: it is one too many. */
static struct connection *stranger_of(struct engine *engine, const struct seen *seen)
{
	int stranger = find_stranger(engine, seen);

	if (stranger != NO_INDEX)
		return &engine->strangers[stranger];
	if (engine->n_strangers == STRANGERS_MAX)
		return NULL;
	engine->strangers = arena_grow(engine->arena, engine->strangers, engine->n_strangers,
				       sizeof(*engine->strangers));
	engine->strangers[engine->n_strangers] = (struct connection){ 0 };
	return &engine->strangers[engine->n_strangers++];
}

static void note_stream(struct connection *connection, const struct seen *seen, bool arrives)
{
	const struct packet *packet = &seen->packet;

	bool probe = connection->flow.stream[seen->from].known &&
		     flow_seq(&connection->flow, seen->from, packet) <
			     connection->flow.stream[seen->from].next;

	flow_saw(&connection->flow, seen->from, packet, seen->frame, arrives);
	if (packet_seq_len(packet) || probe) /* keepalive and window probes repeat a number */
		connection->transmission[seen->from] = packet->time;
	if ((packet->flags & TCP_ACK) && arrives) {
		int to = 1 - seen->from;
		int64_t acked = flow_relative(&connection->flow.stream[to], packet->ack);

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

/* The numbers of @seen as @flow has them. NULL: nobody keeps account of it, they are those on the wire */
static void fill_numbers(const struct flow *flow, const struct seen *seen, struct event *event)
{
	static const struct flow unknown = { .begun = false };

	event->u.packet.seq = flow_seq(flow ? flow : &unknown, seen->from, &seen->packet);
	event->u.packet.ack = flow_ack(flow ? flow : &unknown, seen->from, &seen->packet);
	event->u.packet.ack_valid = seen->packet.flags & TCP_ACK;
}

/* Fill in the numbers of @seen; then they count. */
static void note_tcp(struct connection *connection, const struct seen *seen, bool counts, bool arrives,
		     struct event *event)
{
	fill_numbers(connection ? &connection->flow : NULL, seen, event);
	if (counts && connection)
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
		keep_quote(engine, flow, seen);
	if (flow != NO_INDEX && packet->class == PACKET_ICMP && seen->from != NO_INDEX)
		event.u.packet.seq =
			flow_seq(&engine->connections[flow].flow, seen->from, packet);
	if (packet->class == PACKET_TCP && seen->from != NO_INDEX)
		note_tcp(flow != NO_INDEX ? meet(engine, flow, seen) : stranger_of(engine, seen), seen,
			 counts, arrives, &event);
	if (is_recorded(engine, fate, &event))
		stage_emit(&engine->stage, &event, seen->frame);
}

void play_delivered(struct engine *engine, const struct later *later, const struct flow *track,
		    int64_t time)
{
	const struct seen seen = { .packet = later->packet, .from = later->from };
	struct event event = {
		.kind = EVENT_PACKET, .step = later->step, .time = time,
		.blob_len = (uint32_t)later->len,
		.u.packet = { .from = later->from, .flow = flow_of_packet(engine, &seen),
			      .fate = FATE_DELIVERED, .packet = later->packet },
	};

	if (later->packet.class == PACKET_TCP)
		fill_numbers(track, &seen, &event);
	event.u.packet.packet.time = time;
	stage_emit(&engine->stage, &event, later->frame);
}

const struct quote *find_quote(const struct engine *engine, int flow, int from,
				      bool any_flags, bool with_data, uint16_t flags)
{
	const struct quote *latest = NULL;

	for (size_t i = 0; i < engine->n_quotes; i++) {
		const struct quote *quote = &engine->quotes[i];
		bool matches = with_data ? quote->has_data : any_flags || quote->flags == flags;

		if (quote->flow == flow && quote->from == from && matches &&
		    (!latest || quote->order > latest->order))
			latest = quote;
	}
	return latest;
}

int flow_of_packet(const struct engine *engine, const struct seen *seen)
{
	if (seen->from == NO_INDEX || seen->packet.class != PACKET_TCP)
		return NO_INDEX;
	for (int i = engine->plan->n_flows - 1; i >= 0; i--) /* of two with the same ports, the later */
		if (engine->connections[i].flow.begun &&
		    flow_owns(&engine->connections[i].flow, seen->from, &seen->packet))
			return i;
	return NO_INDEX;
}
