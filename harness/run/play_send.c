/* play_send: packets of the scenario's own making: sent by a crafted host, or forged in
 * anybody's name.
 */
#include "run/blame.h"
#include "run/busy.h"
#include "run/play.h"

#include "base/clock.h"
#include "wire/compose.h"
#include "wire/decode.h"

static const uint32_t first_isn = 1000000000; /* of crafted streams: easy to know in a dump */
static const uint32_t first_ts = 1000;        /* of crafted timestamp clocks, in milliseconds */

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
 * is too late for us no line can say: its tolerance is the kernel's. In virtual time it is a
 * jiffy: our own timers are none of the wheel's, and nothing keeps us from running. */
static enum play left_in_time(struct engine *engine, int64_t time, const struct window *window)
{
	const struct plan_clock *clock = &engine->plan->clock;
	int64_t allowed = clock->is_virtual
		? clock->jiffy : timeline_lateness(engine->plan, window->due - window->base);
	char late[DURATION_LEN];

	if (!window->due || time <= window->due + allowed)
		return PLAY_ON;
	return too_busy(engine, "a packet left %s after its time",
			format_duration(time - window->due, late));
}

static enum play make_icmp(struct engine *engine, int step, const struct surroundings *around,
			   struct frame *frame)
{
	const struct plan_packet *packet = engine->plan->steps[step].packet;
	const struct quote *quote = connection_quote(&engine->connections, packet->flow,
						     packet->about_from, packet->about_any,
						     packet->about_data, packet->about_flags);
	struct icmp_error icmp;
	char why[CRAFT_ERROR_LEN];

	if (!quote)
		return blame_nothing_to_quote(engine, step);
	compose_icmp(packet, around, quote->frame + ETH_HEADER, quote->len - ETH_HEADER, &icmp);
	if (craft_icmp(engine->stage.crafter, &icmp, frame, why) < 0)
		return broken(engine, "cannot craft the packet: %s", why);
	return PLAY_ON;
}

/* The connection's numbers: of all that has passed, while lines may lag behind. */
static const struct flow *numbers_of(const struct engine *engine, const struct plan_packet *packet)
{
	return &connection_meant(&engine->connections, packet->flow)->wire;
}

/* What a retransmission repeats if no payload is written. */
static void find_resent(const struct engine *engine, const struct plan_packet *packet,
			struct surroundings *around)
{
	const struct quote *quote =
		packet->again ? connection_quote(&engine->connections, packet->flow, packet->from,
						 false, true, 0)
			      : NULL;
	const struct stream *stream = &numbers_of(engine, packet)->stream[packet->from];
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
	if (compose_tcp(packet, numbers_of(engine, packet), around, options, &segment) < 0)
		return broken(engine, "the packet's options do not fit into its header");
	if (craft_tcp(engine->stage.crafter, &segment, frame, why) < 0)
		return broken(engine, "cannot craft the packet: %s", why);
	return PLAY_ON;
}

/* A crafted host has a clock of its own. Whoever forges a kernel's packet takes the latest value that has
 * arrived from it: its clock begins anywhere, and what is older than that is refused (RFC 7323, PAWS). */
static uint32_t timestamp_clock(const struct engine *engine, const struct plan_packet *packet)
{
	const struct stream *stream = &numbers_of(engine, packet)->stream[packet->from];
	const int64_t milliseconds = (clock_real_ns() - engine->begun) / NS_PER_MS;

	if (engine->plan->hosts[packet->from].kind == HOST_KERNEL && stream->ts_seen)
		return stream->ts_last;
	return first_ts + (uint32_t)milliseconds;
}

static enum play make_frame(struct engine *engine, int step, struct frame *frame)
{
	const struct plan_packet *packet = engine->plan->steps[step].packet;
	struct surroundings around = {
		.route = stage_route(&engine->stage, packet->from),
		.link_mtu = engine->plan->link_mtu,
		.ts_now = packet->icmp ? 0 : timestamp_clock(engine, packet),
		.isn = first_isn + (uint32_t)packet->flow * 1000000,
	};

	return packet->icmp ? make_icmp(engine, step, &around, frame)
			    : make_tcp(engine, packet, &around, frame);
}

/* Craft the step's packet, send it, and put it on record. */
static enum play send_step(struct engine *engine, int step)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];
	const struct plan_packet *packet = plan_step->packet;
	uint8_t bytes[FRAME_MAX];
	struct frame frame = { bytes, 0 };
	enum play play = make_frame(engine, step, &frame);
	bool counts = plan_step->kind == STEP_SEND;
	struct seen sent;

	if (play != PLAY_ON)
		return play;
	if (stage_send(&engine->stage, packet->from, frame.bytes, frame.len) < 0)
		return PLAY_BROKEN;
	sent = *stage_last_sent(&engine->stage, packet->from);
	if (counts)
		connection_take(&engine->connections, packet->flow, &sent);
	else /* a forged packet begins nothing and belongs to nobody */
		sent.connection = connection_meant(&engine->connections, packet->flow);
	note_packet(engine, step, packet->flow, &sent, FATE_SENT, counts,
		    !(packet->set & FIELD_CHECKSUM));
	if (step == engine->step) /* an armed packet is no event of a line */
		mark_event(engine, step, sent.packet.time);
	return PLAY_ON;
}

/* What rules have let pass by now counts, whether a line has looked at it or not. */
static enum play hear_rules(struct engine *engine)
{
	if (!engine->relay.n_rules)
		return PLAY_ON;
	if (stage_collect(&engine->stage) < 0 || relay_turn(engine, NO_INDEX) < 0)
		return PLAY_BROKEN;
	return PLAY_ON;
}

enum play play_send(struct engine *engine, int step)
{
	struct window window = step_window(engine, step, 0);
	enum play play = wait_for_turn(engine, step);

	if (play == PLAY_ON)
		play = hear_rules(engine);
	if (play == PLAY_ON)
		play = send_step(engine, step);
	if (play == PLAY_ON)
		play = left_in_time(engine, engine->event_before, &window);
	return play == PLAY_ON ? check_callers(engine) : play;
}

enum play play_injection(struct engine *engine, int step)
{
	return send_step(engine, step);
}
