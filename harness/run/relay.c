/* relay: see relay.h.
 *
 * With one crafted host the other end is the scenario itself: nothing is passed on, and what a
 * rule does is only whether the crafted host gets the packet.
 */
#include "run/relay.h"

#include "base/clock.h"
#include "run/play.h"
#include "wire/pattern.h"
#include "wire/rewrite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool passes_frames(const struct engine *engine)
{
	return engine->plan->hosts[0].kind == HOST_KERNEL &&
	       engine->plan->hosts[1].kind == HOST_KERNEL;
}

/* The account of the packet's connection; NULL: it is none of TCP's. */
static struct flow *wire_of(struct engine *engine, struct seen *seen)
{
	struct connection *connection = connection_of(&engine->connections, seen);

	return connection && seen->packet.class == PACKET_TCP ? &connection->wire : NULL;
}

/* ---- patterns ---- */

/* Does the packet fit, whatever connection it is of, and but for the pattern's nth? */
static bool is_like(struct engine *engine, const struct plan_packet *pattern, struct seen *seen)
{
	const struct flow *wire = wire_of(engine, seen);

	if (seen->from == NO_INDEX || (pattern->from != NO_INDEX && pattern->from != seen->from))
		return false;
	return pattern_fits(pattern, wire, seen->from, &seen->packet, seen->frame);
}

/* Does a rule or a trigger speak of the packet? */
static bool speaks_of(struct engine *engine, const struct plan_packet *pattern, struct seen *seen)
{
	return is_like(engine, pattern, seen) &&
	       (pattern->flow == NO_INDEX ||
		connection_is_its(&engine->connections, pattern->flow, seen));
}

/* The newest rule that covers the packet; each that speaks of it counts it, once. A packet
 * that still waits is looked at by rules that begin meanwhile. */
static struct standing *covering_rule(struct engine *engine, struct seen *seen)
{
	uint64_t considered = seen->considered;
	struct standing *covering = NULL;

	seen->considered = engine->relay.serial;

	for (int i = engine->relay.n_rules - 1; i >= 0; i--) {
		struct standing *standing = &engine->relay.rules[i];
		const struct plan_packet *pattern = standing->rule->pattern;

		if (standing->serial <= considered || !speaks_of(engine, pattern, seen))
			continue;
		standing->matched++;
		if (!covering && (!pattern->nth || standing->matched == pattern->nth))
			covering = standing;
	}
	return covering;
}

/* ---- frames on their way ---- */

/* Which armed injections wait for a packet like this? Return: a bit for each. */
static uint32_t triggered(struct engine *engine, struct seen *passed)
{
	uint32_t due = 0;

	for (int i = 0; i < engine->relay.n_armed; i++) {
		struct armed *armed = &engine->relay.armed[i];
		const struct plan_packet *trigger = engine->plan->steps[armed->step].trigger;

		if (armed->fired || !speaks_of(engine, trigger, passed))
			continue;
		if (trigger->nth && ++armed->matched != trigger->nth)
			continue;
		armed->fired = true;
		due |= UINT32_C(1) << i;
	}
	return due;
}

static int inject(struct engine *engine, uint32_t due)
{
	for (int i = 0; i < engine->relay.n_armed; i++)
		if (due & (UINT32_C(1) << i) &&
		    play_injection(engine, engine->relay.armed[i].step) != PLAY_ON)
			return -EIO;
	return 0;
}

/* Put the frame on the other host's wire. */
static int deliver(struct engine *engine, int from, const uint8_t *frame, size_t len, bool twice)
{
	int rc = stage_pass(&engine->stage, from, frame, len);

	if (rc == 0 && twice)
		rc = stage_pass(&engine->stage, from, frame, len);
	return rc;
}

/* Keep a copy of the frame until @due, or (TIME_NEVER) until place @held is released. */
static void keep(struct engine *engine, struct seen *seen, int64_t due, int held, int step,
		 bool twice)
{
	struct relay *relay = &engine->relay;

	if (relay->n_later == relay->room_later) {
		relay->room_later = relay->room_later ? 2 * relay->room_later : 16;
		relay->later = realloc(relay->later, relay->room_later * sizeof(*relay->later));
		if (!relay->later)
			abort();
	}

	struct later *later = &relay->later[relay->n_later++];

	seen->later = ++relay->order;
	*later = (struct later){ .due = due, .held = held, .order = seen->later, .step = step,
				 .from = seen->from, .connection = seen->connection,
				 .twice = twice, .spoilt = seen->spoilt, .len = seen->len,
				 .packet = seen->packet };
	later->frame = malloc(seen->len);
	if (!later->frame)
		abort();
	memcpy(later->frame, seen->frame, seen->len);
}

/* Pass the packet on, after the wire's own delay if it has one. @step: who delays it more. */
static int pass(struct engine *engine, struct seen *seen, int64_t delay, int step, bool twice)
{
	delay += engine->plan->link_delay;
	if (passes_frames(engine) && delay) {
		keep(engine, seen, seen->packet.time + delay, NO_INDEX, step, twice);
		return 0;
	}
	seen->arrived = !seen->spoilt;
	if (!passes_frames(engine))
		return 0;
	return deliver(engine, seen->from, seen->frame, seen->len, twice);
}

/* The same with bytes that are changed on the way; what the wire saw stays as it was. */
static int pass_changed(struct engine *engine, struct seen *seen, const struct plan_packet *fields)
{
	static const struct flow unknown = { .begun = false };
	const struct flow *wire = wire_of(engine, seen);
	struct seen changed = *seen;
	uint8_t *frame = malloc(seen->len);
	int rc;

	if (!frame)
		abort();
	memcpy(frame, seen->frame, seen->len);
	changed.frame = frame;
	changed.spoilt = !fields || fields->set & FIELD_CHECKSUM;
	if (fields)
		rewrite_fields(fields, wire ? wire : &unknown, seen->from, &seen->packet, frame);
	else
		rewrite_corrupt(&seen->packet, frame);
	rc = pass(engine, &changed, 0, NO_INDEX, false);
	seen->later = changed.later;
	seen->arrived = changed.arrived;
	free(frame);
	return rc;
}

/* ---- fates ---- */

/* Do to a packet what a rule or a line says. */
struct doing {
	enum packet_fate fate;
	int step;
	int64_t delay;
	int held;
	const struct plan_packet *rewrite;
};

static int act(struct engine *engine, const struct doing *doing, struct seen *seen)
{
	seen->fate = doing->fate;
	if (seen->from != NO_INDEX && engine->relay.cut[seen->from]) {
		seen->fate = FATE_DROPPED;
		return 0;
	}
	switch (doing->fate) {
	case FATE_EXPECTED:
	case FATE_IGNORED:
		return pass(engine, seen, 0, NO_INDEX, false);
	case FATE_DUPLICATED:
		return pass(engine, seen, 0, NO_INDEX, true);
	case FATE_DELAYED:
		return pass(engine, seen, doing->delay, doing->step, false);
	case FATE_HELD:
		keep(engine, seen, TIME_NEVER, doing->held, doing->step, false);
		return 0;
	case FATE_CORRUPTED:
		return pass_changed(engine, seen, NULL);
	case FATE_REWRITTEN:
		return pass_changed(engine, seen, doing->rewrite);
	case FATE_DROPPED:
	case FATE_SENT:
	case FATE_DELIVERED:
	case FATE_LOST:
	case FATE_UNEXPECTED:
		break;
	}
	return 0;
}

static struct doing doing_of_rule(const struct standing *standing)
{
	const struct plan_rule *rule = standing->rule;
	static const enum packet_fate fates[] = {
		[RULE_IGNORE] = FATE_IGNORED, [RULE_DROP] = FATE_DROPPED,
		[RULE_DELAY] = FATE_DELAYED, [RULE_DUPLICATE] = FATE_DUPLICATED,
		[RULE_CORRUPT] = FATE_CORRUPTED, [RULE_REWRITE] = FATE_REWRITTEN,
	};

	return (struct doing){ fates[rule->kind], standing->step, rule->delay, NO_INDEX,
			       rule->rewrite };
}

static struct doing doing_of_step(const struct plan *plan, int index)
{
	static const enum packet_fate fates[] = {
		[STEP_EXPECT] = FATE_EXPECTED,     [STEP_DROP] = FATE_DROPPED,
		[STEP_DELAY] = FATE_DELAYED,       [STEP_DUPLICATE] = FATE_DUPLICATED,
		[STEP_HOLD] = FATE_HELD,           [STEP_CORRUPT] = FATE_CORRUPTED,
		[STEP_REWRITE] = FATE_REWRITTEN,
	};
	const struct plan_step *step = &plan->steps[index];

	return (struct doing){ fates[step->kind], index, step->delay, step->held, step->rewrite };
}

/* The wire's account hears of the packet, once; then what waited for it goes off. */
static int track(struct engine *engine, struct seen *seen)
{
	struct flow *wire = wire_of(engine, seen);
	uint32_t due = seen->arrived ? triggered(engine, seen) : 0;

	if (seen->tracked)
		return 0;
	if (wire)
		flow_saw(wire, seen->from, &seen->packet, seen->frame, seen->arrived);
	seen->tracked = true;
	return due ? inject(engine, due) : 0;
}

/* When was it on the other host's wire? The capture has seen it by now: a frame is captured
 * while it is sent. */
static int note_passing(struct engine *engine, struct seen *seen)
{
	const struct port *port;
	int rc;

	if (!seen->arrived || !passes_frames(engine))
		return 0;
	port = &engine->stage.ports[1 - seen->from];
	rc = stage_collect_port(&engine->stage, 1 - seen->from);
	if (port->passed >= seen->packet.time)
		seen->passed = port->passed;
	return rc < 0 ? rc : 0;
}

/* ---- arrivals ---- */

/* Does the waiting line want to decide itself what becomes of this packet? */
static bool line_decides(struct engine *engine, int line, struct seen *seen)
{
	const struct plan_step *step = line == NO_INDEX ? NULL : &engine->plan->steps[line];

	return step && step->packet && step->kind != STEP_EXPECT &&
	       is_like(engine, step->packet, seen) &&
	       connection_may_take(&engine->connections, step->packet->flow, seen);
}

/* A cut wire loses all, and the newest rule that speaks of a packet decides. */
static int settle(struct engine *engine, struct seen *seen)
{
	bool cut = seen->from != NO_INDEX && engine->relay.cut[seen->from];
	const struct standing *standing = covering_rule(engine, seen);
	struct doing doing = { .fate = FATE_DROPPED };
	int rc;

	if (!standing && !cut)
		return 0;
	if (standing)
		doing = doing_of_rule(standing);
	seen->settled = true;
	seen->rule_step = cut ? engine->relay.cut_step[seen->from] : standing->step;
	rc = act(engine, &doing, seen);
	return rc < 0 ? rc : track(engine, seen);
}

/* A frame that was on its way arrives: both accounts of its connection hear of it, that of the lines when
 * one has spoken of the packet. */
static void note_arrival(struct engine *engine, const struct later *later)
{
	struct connection *connection = later->connection;
	struct seen *seen;

	if (later->spoilt)
		return;
	if (connection)
		flow_arrived(&connection->wire, later->from, &later->packet, later->frame);
	for (size_t i = 0; (seen = stage_arrived(&engine->stage, i)); i++)
		if (seen->later == later->order) {
			seen->arrived = true;
			return;
		}
	if (connection)
		flow_arrived(&connection->told, later->from, &later->packet, later->frame);
}

/* The cable was pulled while the frame was on its way, or before it was released. */
static void lose_later(struct engine *engine, struct later *later)
{
	later->step = engine->relay.cut_step[later->from];
	play_delivered(engine, later, FATE_LOST, clock_real_ns());
}

static int arrive_later(struct engine *engine, struct later *later)
{
	struct seen passed = { .packet = later->packet, .frame = later->frame, .len = later->len,
			       .from = later->from, .connection = later->connection,
			       .arrived = true };
	uint32_t due;
	int rc;

	if (engine->relay.cut[later->from]) {
		lose_later(engine, later);
		return 0;
	}
	due = later->spoilt ? 0 : triggered(engine, &passed);
	rc = deliver(engine, later->from, later->frame, later->len, later->twice);
	if (rc == 0 && later->step != NO_INDEX)
		rc = note_passing(engine, &passed);
	if (rc < 0)
		return rc;
	note_arrival(engine, later);
	if (later->step != NO_INDEX)
		play_delivered(engine, later, FATE_DELIVERED,
			       passed.passed ? passed.passed : clock_real_ns());
	return due ? inject(engine, due) : 0;
}

static struct later *next_due(struct relay *relay, int64_t now)
{
	struct later *next = NULL;

	for (size_t i = 0; i < relay->n_later; i++) {
		struct later *later = &relay->later[i];

		if (later->due > now || later->due == TIME_NEVER)
			continue;
		if (!next || later->due < next->due ||
		    (later->due == next->due && later->order < next->order))
			next = later;
	}
	return next;
}

/* Let go what is due. */
static int release_due(struct engine *engine)
{
	struct relay *relay = &engine->relay;
	int64_t now = relay->n_later ? clock_real_ns() : 0;
	struct later *next;

	while ((next = next_due(relay, now))) {
		struct later gone = *next;
		int rc;

		*next = relay->later[--relay->n_later];
		rc = arrive_later(engine, &gone);
		free(gone.frame);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int relay_turn(struct engine *engine, int line)
{
	bool waiting[PLAN_HOSTS] = { false };
	struct seen *seen;
	int rc = release_due(engine);

	if (engine->relay.n_rules == 0 && !engine->relay.cut[0] && !engine->relay.cut[1])
		return rc;
	for (size_t i = engine->relay.settled; rc == 0; i++) {
		seen = stage_arrived(&engine->stage, i);
		if (!seen)
			break;

		bool known = seen->from != NO_INDEX;

		if (!seen->settled && !(known && waiting[seen->from]) &&
		    !line_decides(engine, line, seen))
			rc = settle(engine, seen);
		if (!seen->settled && known)
			waiting[seen->from] = true;
		if (seen->settled && i == engine->relay.settled)
			engine->relay.settled++;
	}
	return rc;
}

int64_t relay_next_due(const struct engine *engine)
{
	int64_t due = TIME_NEVER;

	for (size_t i = 0; i < engine->relay.n_later; i++)
		if (engine->relay.later[i].due < due)
			due = engine->relay.later[i].due;
	return due;
}

int relay_take(struct engine *engine, int step, struct seen *seen)
{
	struct doing doing = doing_of_step(engine->plan, step);
	int rc;

	if (seen->settled)
		return 0;
	covering_rule(engine, seen); /* what a line takes counts for the rules that speak of it */
	rc = act(engine, &doing, seen);
	if (rc == 0)
		rc = note_passing(engine, seen);
	return rc < 0 ? rc : track(engine, seen);
}

/* ---- whose packets they are ---- */

static void move_later(struct relay *relay, uint64_t order, struct connection *to)
{
	for (size_t i = 0; order && i < relay->n_later; i++)
		if (relay->later[i].order == order)
			relay->later[i].connection = to;
}

void relay_move(struct engine *engine, const struct connection *from, struct connection *to)
{
	struct seen *seen;

	for (size_t i = 0; (seen = stage_arrived(&engine->stage, i)); i++) {
		if (i > 0 && seen->connection != from)
			continue;
		seen->connection = to;
		if (seen->tracked)
			flow_saw(&to->wire, seen->from, &seen->packet, seen->frame, seen->arrived);
		move_later(&engine->relay, seen->later, to);
	}
}

/* ---- lines that change the wire ---- */

int relay_add_rule(struct engine *engine, int step)
{
	struct relay *relay = &engine->relay;

	if (relay->n_rules == RULES_MAX) {
		snprintf(engine->stage.error, sizeof(engine->stage.error),
			 "more than %d rules stand at the same time", RULES_MAX);
		return -E2BIG;
	}
	relay->rules[relay->n_rules++] = (struct standing){
		.rule = engine->plan->steps[step].rule, .step = step, .serial = ++relay->serial,
	};
	return 0;
}

void relay_end_rule(struct engine *engine, int step)
{
	struct relay *relay = &engine->relay;

	for (int i = 0; i < relay->n_rules; i++) {
		if (relay->rules[i].step != step)
			continue;
		relay->n_rules--;
		memmove(&relay->rules[i], &relay->rules[i + 1],
			(size_t)(relay->n_rules - i) * sizeof(relay->rules[0]));
		return;
	}
}

void relay_cut(struct engine *engine, int step)
{
	struct relay *relay = &engine->relay;
	int from = engine->plan->steps[step].cut_from;

	for (int host = 0; host < PLAN_HOSTS; host++) {
		if (relay->cut[host] || (from != NO_INDEX && from != host))
			continue;
		relay->cut[host] = true;
		relay->cut_step[host] = step;
	}
}

bool relay_rule_stands(const struct engine *engine, int step)
{
	const struct relay *relay = &engine->relay;

	for (int i = 0; i < relay->n_rules; i++)
		if (relay->rules[i].step == step)
			return true;
	for (int host = 0; host < PLAN_HOSTS; host++)
		if (relay->cut[host] && relay->cut_step[host] == step)
			return true;
	return false;
}

void relay_mend(struct engine *engine)
{
	memset(engine->relay.cut, 0, sizeof(engine->relay.cut));
}

int relay_arm(struct engine *engine, int step)
{
	struct relay *relay = &engine->relay;

	if (relay->n_armed == ARMED_MAX) {
		snprintf(engine->stage.error, sizeof(engine->stage.error),
			 "more than %d injections are armed", ARMED_MAX);
		return -E2BIG;
	}
	relay->armed[relay->n_armed++] = (struct armed){ .step = step };
	return 0;
}

int relay_release(struct engine *engine, int held)
{
	struct relay *relay = &engine->relay;

	for (size_t i = 0; i < relay->n_later; i++)
		if (relay->later[i].held == held) {
			relay->later[i].due = 0; /* before all that is merely delayed */
			relay->later[i].held = NO_INDEX;
		}
	return release_due(engine);
}

void relay_free(struct relay *relay)
{
	for (size_t i = 0; i < relay->n_later; i++)
		free(relay->later[i].frame);
	free(relay->later);
}
