/* play_wire: the lines that wait for packets, for their absence, or change the wire.
 *
 * Invariant: a packet of a kernel host leaves the queue by a line that speaks of it, covered by
 * a rule, or as a failure. Nothing is skipped.
 */
#include "run/blame.h"
#include "run/patience.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>

enum { PORT_TEXT = 16 };

/* ---- waiting ---- */

static void done_with_oldest(struct engine *engine)
{
	stage_arrived_done(&engine->stage);
	if (engine->relay.settled)
		engine->relay.settled--;
}

/* The oldest packet is covered by a rule, and no line wants it: put it on record. */
static void dispose(struct engine *engine, struct seen *oldest)
{
	note_packet(engine, oldest->rule_step, flow_of_packet(engine, oldest), oldest, oldest->fate,
		    true, oldest->arrived);
	done_with_oldest(engine);
}

void play_dispose_all(struct engine *engine)
{
	struct seen *oldest;

	while ((oldest = stage_arrived(&engine->stage, 0)))
		if (oldest->settled)
			dispose(engine, oldest);
		else
			done_with_oldest(engine);
}

/* Keep the wire going: rules, delayed frames, and not too many packets for lines to come. */
static enum play keep_going(struct engine *engine, int line)
{
	struct seen *oldest;

	if (relay_turn(engine, line) < 0)
		return PLAY_BROKEN;
	while (engine->relay.settled > COVERED_MAX &&
	       (oldest = stage_arrived(&engine->stage, 0)) && oldest->settled)
		dispose(engine, oldest);
	return PLAY_ON;
}

enum play play_until_line(struct engine *engine, int line, int64_t deadline, bool *timed_out)
{
	/* what was collected while we sent, say, must not wait for the next thing to arrive */
	enum play play = keep_going(engine, line);
	int64_t due = relay_next_due(engine);
	int rc;

	*timed_out = false;
	if (play != PLAY_ON)
		return play;
	engine->stage.work_due = due;
	rc = stage_wait(&engine->stage, due < deadline ? due : deadline);
	engine->stage.work_due = TIME_NEVER;
	*timed_out = rc == 0 && deadline <= due;
	if (rc < 0)
		return PLAY_BROKEN;
	play = keep_going(engine, line);
	return play == PLAY_ON ? check_callers(engine) : play;
}

enum play play_until(struct engine *engine, int64_t deadline, bool *timed_out)
{
	return play_until_line(engine, NO_INDEX, deadline, timed_out);
}

static enum play unexpected(struct engine *engine, int step, struct seen *seen, const char *doing)
{
	note_packet(engine, NO_INDEX, flow_of_packet(engine, seen), seen, FATE_UNEXPECTED, false,
		    false);
	return blame_unexpected(engine, step, seen, doing);
}

enum play quiet_until(struct engine *engine, int step, int64_t when, const char *doing)
{
	bool over = false, timed_out = false;
	enum play play = keep_going(engine, NO_INDEX);

	while (play == PLAY_ON) {
		struct seen *seen = stage_arrived(&engine->stage, 0);

		if (seen && seen->settled) {
			dispose(engine, seen);
			continue;
		}
		if (seen && seen->packet.time < when)
			return unexpected(engine, step, seen, doing);
		if (over)
			return PLAY_ON;
		over = timed_out || clock_real_ns() >= when;
		if (!over)
			play = play_until(engine, when, &timed_out);
		else if (stage_collect(&engine->stage) < 0) /* what came in time, but unseen */
			play = PLAY_BROKEN;
		else
			play = keep_going(engine, NO_INDEX);
	}
	return play;
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
	const struct connections *all = &engine->connections;

	for (size_t i = 0; i < all->n_known; i++)
		for (int host = 0; host < engine->plan->n_hosts; host++) {
			struct sock_info info;

			if (engine->plan->hosts[host].kind != HOST_KERNEL)
				continue;
			if (stage_connection(&engine->stage, host, all->known[i]->wire.port, &info) > 0 &&
			    info.state != STATE_TIME_WAIT && info.state != STATE_LISTEN)
				return 60 * NS_PER_MS;
		}
	return 2 * NS_PER_MS;
}

enum play play_drain(struct engine *engine)
{
	int last = engine->plan->n_steps - 1;
	int64_t silence = drain_time(engine); /* asks the kernel: that is no part of it */
	int64_t end = clock_real_ns() + silence;

	return quiet_until(engine, last, end, "after the last line");
}

/* ---- expecting ---- */

static void add_mismatch(struct mismatches *mismatches, const char *field)
{
	struct mismatch *item = &mismatches->items[mismatches->count++];

	item->field = field;
	item->expected[0] = item->saw[0] = '\0';
}

/* 0: not known yet */
static const char *port_text(uint16_t port, char text[PORT_TEXT])
{
	if (port)
		snprintf(text, PORT_TEXT, "port %u", port);
	else
		snprintf(text, PORT_TEXT, "any port");
	return text;
}

/* A connection's name and a colon, if it has one; NO_INDEX: it is none of the plan's. */
static const char *name_before(const struct engine *engine, int flow)
{
	const char *name = flow == NO_INDEX ? NULL : engine->plan->flows[flow].name;

	return name ? arena_printf(engine->arena, "%s: ", name) : "";
}

static void other_connection(const struct engine *engine, int flow, const struct seen *seen,
			     struct mismatches *out)
{
	const struct flow *known = &connection_meant(&engine->connections, flow)->wire;
	const struct packet *packet = &seen->packet;
	struct mismatch *item = &out->items[0];
	char from[PORT_TEXT], to[PORT_TEXT];

	out->count = 0;
	add_mismatch(out, "connection");
	if (seen->from == NO_INDEX) {
		snprintf(item->expected, MISMATCH_TEXT, "between the two hosts");
		snprintf(item->saw, MISMATCH_TEXT, "from neither host's address");
		return;
	}
	if (known->begun || seen->connection->number == NO_INDEX)
		snprintf(item->expected, MISMATCH_TEXT, "%s%s to %s", name_before(engine, flow),
			 port_text(known->port[seen->from], from),
			 port_text(known->port[1 - seen->from], to));
	else
		snprintf(item->expected, MISMATCH_TEXT, "%sone that begins",
			 name_before(engine, flow));
	snprintf(item->saw, MISMATCH_TEXT, "%sport %u to port %u",
		 name_before(engine, seen->connection->number), packet->sport, packet->dport);
}

/* The wrong packet: on record, then blamed. */
static enum play refuse(struct engine *engine, int step, struct seen *seen,
			const struct mismatches *mismatches)
{
	note_packet(engine, NO_INDEX, flow_of_packet(engine, seen), seen, FATE_UNEXPECTED, false,
		    false);
	return blame_mismatch(engine, step, seen, mismatches);
}

static bool both_kernels(const struct engine *engine)
{
	return engine->plan->hosts[0].kind == HOST_KERNEL &&
	       engine->plan->hosts[1].kind == HOST_KERNEL;
}

/* What the line expects of this very packet. Two things depend on it: a list of times speaks of
 * one packet's retransmissions; and a kernel that answers another kernel may have
 * got more meanwhile than when it sent, so what it acknowledges must lie between. */
static struct plan_packet expected_of(const struct engine *engine, int step, size_t occurrence,
				      const struct seen *seen)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];
	struct plan_packet expected = *plan_step->packet;
	const struct connection *connection =
		connection_meant_with(&engine->connections, expected.flow, seen);
	int64_t ack;

	if ((occurrence || plan_step->time.kind == TIME_GAPS) && !(expected.set & FIELD_SEQ))
		expected.again = true;
	if (!both_kernels(engine) || seen->from == NO_INDEX || expected.set & FIELD_ACK ||
	    seen->packet.class != PACKET_TCP)
		return expected;
	ack = flow_ack(&connection->told, seen->from, &seen->packet);
	if (ack >= connection->acked[1 - seen->from] &&
	    ack <= flow_default_ack(&connection->told, seen->from)) {
		expected.set |= FIELD_ACK;
		expected.ack.kind = SEQ_RELATIVE;
		expected.ack.value = ack;
	}
	return expected;
}

/* Nothing was sent before that @seen could repeat. */
static bool is_first(const struct connection *connection, const struct seen *seen,
		     struct mismatches *out)
{
	if (connection->transmission[seen->from])
		return false;
	out->count = 0;
	add_mismatch(out, "again");
	snprintf(out->items[0].expected, MISMATCH_TEXT, "a retransmission");
	snprintf(out->items[0].saw, MISMATCH_TEXT, "the first");
	return true;
}

/* Is @seen what the line expects? Else the differences are in @out. */
static bool is_expected(const struct engine *engine, int step, size_t occurrence,
			const struct seen *seen, struct mismatches *out)
{
	struct plan_packet expected = expected_of(engine, step, occurrence, seen);
	const struct connection *connection =
		connection_meant_with(&engine->connections, expected.flow, seen);

	out->count = 0;
	if (seen->packet.class == PACKET_TCP &&
	    !connection_may_take(&engine->connections, expected.flow, seen)) {
		other_connection(engine, expected.flow, seen, out);
		return false;
	}
	if (!match_packet(&expected, &connection->told, seen->from, &seen->packet, seen->frame, out))
		return false;
	return !expected.again || !is_first(connection, seen, out);
}

/* A rule has decided otherwise what becomes of the packet before the line was reached. */
static bool too_late(const struct engine *engine, int step, const struct seen *seen,
		     struct mismatches *out)
{
	int kind = (int)engine->plan->steps[step].kind;

	if (!seen->settled || kind == STEP_EXPECT ||
	    (kind == STEP_DROP && seen->fate == FATE_DROPPED))
		return false;
	out->count = 0;
	add_mismatch(out, "fate");
	snprintf(out->items[0].expected, MISMATCH_TEXT, "as this line says");
	snprintf(out->items[0].saw, MISMATCH_TEXT, "the rule of line %d was faster",
		 source_line(engine->plan->source,
			     engine->plan->steps[seen->rule_step].span.start));
	return true;
}

/* Judge @seen as the @occurrence-th packet of the line; take it if it is right. */
static enum play judge(struct engine *engine, int step, size_t occurrence, struct seen *seen,
		       const struct window *window)
{
	struct mismatches mismatches;
	int flow = engine->plan->steps[step].packet->flow;
	int64_t time = seen->packet.time;
	int base_step = engine->event_step;
	struct strbuf what = STRBUF_INIT;
	enum play play = PLAY_ON;
	const struct connection *left;

	if (!is_expected(engine, step, occurrence, seen, &mismatches) ||
	    too_late(engine, step, seen, &mismatches))
		return refuse(engine, step, seen, &mismatches);
	left = connection_take(&engine->connections, flow, seen);
	if (left)
		relay_move(engine, left, seen->connection);
	if (relay_take(engine, step, seen) < 0)
		return PLAY_BROKEN;
	note_packet(engine, step, flow, seen,
		    seen->fate == FATE_IGNORED ? FATE_EXPECTED : seen->fate, true, seen->arrived);
	mark_event(engine, step, time);
	if (engine->schedule.times)
		engine->schedule.times[engine->schedule.n++] = time;
	if (seen->arrived)
		engine->received = time;
	packet_kind_text(&seen->packet, &what);
	if (time < window->low || time > window->high)
		play = blame_time(engine, step, strbuf_text(&what), time, window, base_step);
	strbuf_free(&what);
	done_with_oldest(engine);
	return play;
}

/* May the line speak of the oldest packet? Of one that a rule covers only if it fits; and what a
 * rule did that has ended is past for the lines that decide themselves what happens. */
static bool concerns(const struct engine *engine, int step, size_t occurrence,
		     const struct seen *oldest)
{
	struct mismatches unused;

	if (!oldest->settled)
		return true;
	if (engine->plan->steps[step].kind != STEP_EXPECT &&
	    !relay_rule_stands(engine, oldest->rule_step))
		return false;
	return is_expected(engine, step, occurrence, oldest, &unused);
}

/* What a rule has covered may be what the line's times count from. */
static void take_window(struct engine *engine, int step, size_t occurrence, struct window *window,
			struct patience *patience)
{
	struct window now = step_window(engine, step, occurrence);

	if (now.high != window->high)
		*patience = patience_beyond(engine, &now);
	*window = now;
}

/* Wait for the packet of the line. What a rule covers is passed over, if it does not fit; but the line's
 * times may count from it. Return: PLAY_ON with *@window, and *@seen or NULL there when patience ended. */
static enum play next_packet(struct engine *engine, int step, size_t occurrence,
			     struct window *window, struct seen **seen)
{
	struct patience patience;
	bool timed_out = false;
	enum play play = keep_going(engine, step);

	*window = step_window(engine, step, occurrence);
	patience = patience_beyond(engine, window);
	while (play == PLAY_ON) {
		*seen = stage_arrived(&engine->stage, 0);
		if (*seen)
			connection_of(&engine->connections, *seen);
		if (*seen && concerns(engine, step, occurrence, *seen))
			return PLAY_ON;
		if (*seen) {
			dispose(engine, *seen);
			take_window(engine, step, occurrence, window, &patience);
			continue;
		}
		if (timed_out && patience_ends(engine, &patience))
			return PLAY_ON;
		play = play_until_line(engine, step, patience.until, &timed_out);
	}
	return play;
}

enum play play_expect(struct engine *engine, int step)
{
	size_t n = timeline_occurrences(&engine->plan->steps[step].time);

	engine->schedule = (struct schedule){
		.times = n > 1 ? arena_alloc(engine->arena, n * sizeof(int64_t)) : NULL,
	};
	for (size_t i = 0; i < n; i++) {
		struct window window;
		struct seen *seen;
		enum play play = next_packet(engine, step, i, &window, &seen);

		if (i == 0)
			engine->schedule.start = window.base;
		if (play == PLAY_ON)
			play = seen ? judge(engine, step, i, seen, &window)
				    : blame_silence(engine, step);
		if (play != PLAY_ON)
			return play;
	}
	return PLAY_ON;
}

/* ---- changing the wire ---- */

static int change(struct engine *engine, int step)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];

	switch ((int)plan_step->kind) { /* of all kinds only those that change the wire */
	case STEP_RULE:
		return relay_add_rule(engine, step);
	case STEP_ARM:
		return relay_arm(engine, step);
	case STEP_RELEASE:
		return relay_release(engine, plan_step->held);
	case STEP_END_RULE:
		relay_end_rule(engine, plan_step->ends);
		return 0;
	case STEP_CUT:
		relay_cut(engine, step);
		return 0;
	case STEP_MEND:
		relay_mend(engine);
		return 0;
	}
	return -EINVAL;
}

enum play play_wire_change(struct engine *engine, int step)
{
	struct event event = { .kind = EVENT_WIRE, .step = step, .time = clock_real_ns() };

	/* what has come before, seen by us or not, is the older rules' first; what they leave waiting, this one's */
	if (stage_collect(&engine->stage) < 0 || keep_going(engine, NO_INDEX) != PLAY_ON)
		return PLAY_BROKEN;
	stage_emit(&engine->stage, &event, NULL);
	if (change(engine, step) < 0)
		return PLAY_BROKEN;
	mark_event(engine, step, event.time);
	return keep_going(engine, NO_INDEX);
}

enum play play_check_idle(struct engine *engine)
{
	const struct relay *relay = &engine->relay;

	for (int i = 0; i < relay->n_rules; i++) {
		const struct standing *standing = &relay->rules[i];
		const struct plan_packet *pattern = standing->rule->pattern;

		if (standing->rule->kind != RULE_IGNORE && standing->matched < pattern->nth)
			return blame_idle(engine, standing->step, pattern, standing->matched);
	}
	for (int i = 0; i < relay->n_armed; i++) {
		const struct armed *armed = &relay->armed[i];

		if (!armed->fired)
			return blame_idle(engine, armed->step,
					  engine->plan->steps[armed->step].trigger, armed->matched);
	}
	return PLAY_ON;
}
