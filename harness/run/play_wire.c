/* play_wire: the lines that speak of packets, and of their absence.
 *
 * Invariant: a packet of a kernel host leaves the queue only by a line that speaks of
 * it, or as a failure. Nothing is skipped.
 */
#include "run/blame.h"
#include "run/play.h"

#include "base/clock.h"
#include "plan/names.h"
#include "wire/compose.h"
#include "wire/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t first_isn = 1000000000; /* of crafted streams: easy to know in a dump */
static const int64_t lateness_allowed = 110 * NS_PER_MS;
static const uint32_t first_ts = 1000;        /* of crafted timestamp clocks, in milliseconds */

/* ---- what every packet leaves behind ---- */

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
	return timeline_window(&plan_step->time, occurrence, engine->plan->tolerance, &reference);
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

static void note_stream(struct engine *engine, int flow, const struct seen *seen, bool arrives)
{
	struct connection *connection = &engine->connections[flow];
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

void note_packet(struct engine *engine, int step, int flow, const struct seen *seen,
		 enum packet_fate fate, bool counts, bool arrives)
{
	const struct packet *packet = &seen->packet;
	struct event event = {
		.kind = EVENT_PACKET, .step = step, .time = packet->time,
		.blob_len = (uint32_t)seen->len,
		.u.packet = { .from = seen->from, .flow = flow, .fate = fate, .packet = *packet },
	};

	engine->packets++;
	if (!engine->first_packet)
		engine->first_packet = packet->time;
	keep_quote(engine, flow, seen);
	if (flow != NO_INDEX && packet->class == PACKET_ICMP && seen->from != NO_INDEX)
		event.u.packet.seq =
			flow_seq(&engine->connections[flow].flow, seen->from, packet);
	if (flow != NO_INDEX && packet->class == PACKET_TCP && seen->from != NO_INDEX) {
		const struct flow *known = &engine->connections[flow].flow;

		event.u.packet.seq = flow_seq(known, seen->from, packet);
		event.u.packet.ack = flow_ack(known, seen->from, packet);
		event.u.packet.ack_valid = packet->flags & TCP_ACK;
		if (counts)
			note_stream(engine, flow, seen, arrives);
	}
	stage_emit(&engine->stage, &event, seen->frame);
	if (fate != FATE_UNEXPECTED)
		mark_event(engine, step, packet->time);
}

/* ---- waiting ---- */

enum play play_until(struct engine *engine, int64_t deadline, bool *timed_out)
{
	int rc = stage_wait(&engine->stage, deadline);

	*timed_out = rc == 0;
	if (rc < 0)
		return PLAY_BROKEN;
	return check_callers(engine);
}

/* Which connection a packet nobody expected belongs to. */
static int flow_of_packet(const struct engine *engine, const struct seen *seen)
{
	if (seen->from == NO_INDEX || seen->packet.class != PACKET_TCP)
		return NO_INDEX;
	for (int i = 0; i < engine->plan->n_flows; i++)
		if (engine->connections[i].flow.begun &&
		    flow_owns(&engine->connections[i].flow, seen->from, &seen->packet))
			return i;
	return NO_INDEX;
}

static enum play unexpected(struct engine *engine, int step, struct seen *seen, const char *doing)
{
	note_packet(engine, NO_INDEX, flow_of_packet(engine, seen), seen, FATE_UNEXPECTED, false,
		    false);
	return blame_unexpected(engine, step, seen, doing);
}

/* Wait until @when; a packet that comes meanwhile is unexpected. */
static enum play quiet_until(struct engine *engine, int step, int64_t when, const char *doing)
{
	bool timed_out = false;

	for (;;) {
		struct seen *seen = stage_arrived(&engine->stage);

		if (seen && seen->packet.time < when)
			return unexpected(engine, step, seen, doing);
		if (timed_out || clock_real_ns() >= when)
			return PLAY_ON;

		enum play play = play_until(engine, when, &timed_out);

		if (play != PLAY_ON)
			return play;
	}
}

enum play play_wait(struct engine *engine, int step)
{
	int64_t end = engine->event_before + engine->plan->steps[step].time.ns[0];
	enum play play = quiet_until(engine, step, end, "during the wait");

	if (play == PLAY_ON) {
		struct event event = { .kind = EVENT_WAIT, .step = step, .time = end };

		stage_emit(&engine->stage, &event, NULL);
		mark_event(engine, step, end);
	}
	return play;
}

/* How long the scenario must stay quiet after its last line: as long as a live socket may still
 * owe a delayed ACK (40 ms, TCP_DELACK_MIN of net/tcp.h), or just long enough for what is on
 * its way through the kernel. */
static int64_t drain_time(struct engine *engine)
{
	for (int i = 0; i < engine->plan->n_flows; i++)
		for (int host = 0; host < engine->plan->n_hosts; host++) {
			const struct flow *flow = &engine->connections[i].flow;
			struct sock_info info;

			if (!flow->begun || engine->plan->hosts[host].kind != HOST_KERNEL)
				continue;
			if (stage_connection(&engine->stage, host, flow->port, &info) > 0 &&
			    info.state != STATE_TIME_WAIT && info.state != STATE_LISTEN)
				return 60 * NS_PER_MS;
		}
	return 2 * NS_PER_MS;
}

enum play play_drain(struct engine *engine)
{
	int last = engine->plan->n_steps - 1;
	int64_t end = clock_real_ns() + drain_time(engine);

	return quiet_until(engine, last, end, "after the last line");
}

/* ---- sending ---- */

/* Wait for the time a send is due: its own, and the wire's delay there and back. */
static enum play wait_for_turn(struct engine *engine, int step)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];
	struct window window = step_window(engine, step, 0);
	int64_t reached = engine->received ? engine->received + 2 * engine->plan->link_delay : 0;
	bool timed_out = false;

	if (plan_step->time.kind != TIME_NONE && window.due)
		return quiet_until(engine, step, window.due, "before it was time to send");
	while (engine->plan->link_delay && !timed_out && clock_real_ns() < reached) {
		enum play play = play_until(engine, reached, &timed_out);

		if (play != PLAY_ON)
			return play;
	}
	return PLAY_ON;
}

/* A timed send that left too late would make the rest of the scenario mean something else. What
 * is too late for us no line can say: its tolerance is the kernel's. */
static enum play left_in_time(struct engine *engine, int64_t time, const struct window *window)
{
	char late[DURATION_LEN];

	if (!window->due || time <= window->due + (window->due - window->base) / 8 + lateness_allowed)
		return PLAY_ON;
	return broken(engine, "this machine is too busy: a packet left %s after its time",
		      format_duration(time - window->due, late));
}

/* The latest packet of @from on @flow with these flags (any_flags: with any). */
static const struct quote *find_quote(const struct engine *engine, int flow, int from,
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

static enum play make_icmp(struct engine *engine, int step, const struct surroundings *around,
			   struct frame *frame)
{
	const struct plan_packet *packet = engine->plan->steps[step].packet;
	const struct quote *quote = find_quote(engine, packet->flow, packet->about_from,
					       packet->about_any, packet->about_data,
					       packet->about_flags);
	struct icmp_error icmp;
	char why[CRAFT_ERROR_LEN];

	if (!quote)
		return blame_nothing_to_quote(engine, step);
	compose_icmp(packet, around, quote->frame + ETH_HEADER, quote->len - ETH_HEADER, &icmp);
	if (craft_icmp(engine->stage.crafter, &icmp, frame, why) < 0)
		return broken(engine, "cannot craft the packet: %s", why);
	return PLAY_ON;
}

/* What a retransmission repeats if no payload is written. */
static void find_resent(const struct engine *engine, const struct plan_packet *packet,
			struct surroundings *around)
{
	const struct quote *quote =
		packet->again ? find_quote(engine, packet->flow, packet->from, false, true, 0)
			      : NULL;
	const struct stream *stream =
		&engine->connections[packet->flow].flow.stream[packet->from];
	struct packet decoded;

	if (!quote)
		return;
	decode(quote->frame, quote->len, 0, &decoded);
	if (flow_relative(stream, decoded.seq) != stream->last_start)
		return; /* the last packet was a SYN or FIN: there is nothing to repeat but that */
	around->resent = quote->frame + decoded.payload;
	around->resent_len = decoded.payload_len;
}

static enum play make_tcp(struct engine *engine, const struct plan_packet *packet,
			  struct surroundings *around, struct frame *frame)
{
	struct segment segment;
	uint8_t options[PACKET_OPTIONS_MAX];
	char why[CRAFT_ERROR_LEN];

	find_resent(engine, packet, around);
	if (compose_tcp(packet, &engine->connections[packet->flow].flow, around, options,
			&segment) < 0)
		return broken(engine, "the packet's options do not fit into its header");
	if (craft_tcp(engine->stage.crafter, &segment, frame, why) < 0)
		return broken(engine, "cannot craft the packet: %s", why);
	return PLAY_ON;
}

static enum play make_frame(struct engine *engine, int step, struct frame *frame)
{
	const struct plan_packet *packet = engine->plan->steps[step].packet;
	int64_t milliseconds = (clock_real_ns() - engine->begun) / NS_PER_MS;
	struct surroundings around = {
		.route = stage_route(&engine->stage, packet->from),
		.link_mtu = engine->plan->link_mtu,
		.ts_now = first_ts + (uint32_t)milliseconds,
		.isn = first_isn + (uint32_t)packet->flow * 1000000,
	};

	return packet->icmp ? make_icmp(engine, step, &around, frame)
			    : make_tcp(engine, packet, &around, frame);
}

enum play play_send(struct engine *engine, int step)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];
	const struct plan_packet *packet = plan_step->packet;
	struct window window = step_window(engine, step, 0);
	uint8_t bytes[FRAME_MAX];
	struct frame frame = { bytes, 0 };
	enum play play = wait_for_turn(engine, step);

	if (play == PLAY_ON)
		play = make_frame(engine, step, &frame);
	if (play != PLAY_ON)
		return play;
	if (stage_send(&engine->stage, packet->from, frame.bytes, frame.len) < 0)
		return PLAY_BROKEN;
	play = left_in_time(engine, engine->stage.last_sent.packet.time, &window);
	note_packet(engine, step, packet->flow, &engine->stage.last_sent, FATE_SENT,
		    plan_step->kind == STEP_SEND, !(packet->set & FIELD_CHECKSUM));
	return play == PLAY_ON ? check_callers(engine) : play;
}

/* ---- expecting ---- */

/* Wait for the next packet. Return: PLAY_ON with *@seen, or NULL there when patience ended. */
static enum play next_packet(struct engine *engine, const struct window *window, struct seen **seen)
{
	int64_t from = window->high == INT64_MAX ? clock_real_ns() : window->high;
	int64_t deadline = from + engine->plan->patience;
	bool timed_out = false;

	for (;;) {
		*seen = stage_arrived(&engine->stage);
		if (*seen || timed_out)
			return PLAY_ON;

		enum play play = play_until(engine, deadline, &timed_out);

		if (play != PLAY_ON)
			return play;
	}
}

/* Does the packet belong to the connection that the line speaks of? A connection that has not
 * begun takes any packet that fits its ports and is no other connection's. */
static bool right_connection(const struct engine *engine, int flow, const struct seen *seen)
{
	const struct flow *known = &engine->connections[flow].flow;
	const struct packet *packet = &seen->packet;

	if (seen->from == NO_INDEX)
		return false;
	if (known->begun)
		return flow_owns(known, seen->from, packet);
	if (flow_of_packet(engine, seen) != NO_INDEX)
		return false;
	return (!known->port[seen->from] || known->port[seen->from] == packet->sport) &&
	       (!known->port[1 - seen->from] || known->port[1 - seen->from] == packet->dport);
}

static void add_mismatch(struct mismatches *mismatches, const char *field)
{
	struct mismatch *item = &mismatches->items[mismatches->count++];

	item->field = field;
	item->expected[0] = item->saw[0] = '\0';
}

static void other_connection(const struct engine *engine, int flow, const struct seen *seen,
			     struct mismatches *out)
{
	const struct plan_flow *plan_flow = &engine->plan->flows[flow];
	const struct flow *known = &engine->connections[flow].flow;

	out->count = 0;
	add_mismatch(out, "connection");
	if (seen->from == NO_INDEX) {
		snprintf(out->items[0].expected, MISMATCH_TEXT, "between the two hosts");
		snprintf(out->items[0].saw, MISMATCH_TEXT, "from neither host's address");
		return;
	}
	snprintf(out->items[0].expected, MISMATCH_TEXT, "%s%sport %u to port %u",
		 plan_flow->name ? plan_flow->name : "", plan_flow->name ? ": " : "",
		 known->port[seen->from], known->port[1 - seen->from]);
	snprintf(out->items[0].saw, MISMATCH_TEXT, "port %u to port %u", seen->packet.sport,
		 seen->packet.dport);
}

/* The wrong packet: on record, then blamed. */
static enum play refuse(struct engine *engine, int step, const struct seen *seen,
			const struct mismatches *mismatches)
{
	note_packet(engine, NO_INDEX, flow_of_packet(engine, seen), seen, FATE_UNEXPECTED, false,
		    false);
	return blame_mismatch(engine, step, seen, mismatches);
}

/* Judge @seen as the @occurrence-th packet of the line; take it if it is right. */
static enum play judge(struct engine *engine, int step, size_t occurrence, struct seen *seen,
		       const struct window *window)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];
	struct plan_packet expected = *plan_step->packet;
	struct flow *flow = &engine->connections[expected.flow].flow;
	bool dropped = plan_step->kind == STEP_DROP;
	struct mismatches mismatches = { .count = 0 };
	int64_t time = seen->packet.time;
	int base_step = engine->event_step;
	struct strbuf what = STRBUF_INIT;

	if ((occurrence || plan_step->time.kind == TIME_GAPS) && !(expected.set & FIELD_SEQ))
		expected.again = true; /* a list of times speaks of one packet's retransmissions */
	if (seen->packet.class == PACKET_TCP && !right_connection(engine, expected.flow, seen)) {
		other_connection(engine, expected.flow, seen, &mismatches);
		return refuse(engine, step, seen, &mismatches);
	}
	if (!match_packet(&expected, flow, seen->from, &seen->packet, seen->frame, &mismatches))
		return refuse(engine, step, seen, &mismatches);
	note_packet(engine, step, expected.flow, seen, dropped ? FATE_DROPPED : FATE_EXPECTED, true,
		    !dropped);
	if (!dropped)
		engine->received = time;
	packet_kind_text(&seen->packet, &what);

	enum play play = PLAY_ON;

	if (time < window->low || time > window->high)
		play = blame_time(engine, step, strbuf_text(&what), time, window,
				  base_step);
	strbuf_free(&what);
	stage_arrived_done(&engine->stage);
	return play;
}

enum play play_expect(struct engine *engine, int step)
{
	size_t n = timeline_occurrences(&engine->plan->steps[step].time);

	for (size_t i = 0; i < n; i++) {
		struct window window = step_window(engine, step, i);
		struct seen *seen;
		enum play play = next_packet(engine, &window, &seen);

		if (play == PLAY_ON)
			play = seen ? judge(engine, step, i, seen, &window)
				    : blame_silence(engine, step);
		if (play != PLAY_ON)
			return play;
	}
	return PLAY_ON;
}
