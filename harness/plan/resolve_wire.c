/* resolve_wire: the lines that begin with a verb.
 *
 * With one kernel host the scenario itself is the other end: what the wire could
 * do to a packet on its way (delay it, duplicate it, hold it back …) nobody
 * would notice. Those lines are parsed and refused then. Between two kernel hosts there
 * is nobody to send: what the scenario writes itself is forged, by 'inject'.
 *
 * Lines that speak of the next packet are played here, those that speak of packets yet to
 * come in resolve_rule.c.
 */
#include "plan/resolve_internal.h"

#include <string.h>

/* ---- who sends ---- */

/* send: a crafted host. */
static bool sends_by_itself(struct resolver *r, const struct ast_word *from, int host)
{
	if (!is_kernel(r, host))
		return true;
	FAIL(r, from->span, "%s is a kernel host: it sends what its stack sends", from->text);
	if (two_kernels(r))
		HELP(r, "'inject … from %s' forges a packet in its name", from->text);
	else
		HELP(r, "'expect … from %s' waits for a packet of it; 'send … from %s' writes one",
		     from->text, host_name(r, 1 - host));
	return false;
}

/* inject: whose packets a kernel host receives. */
static bool somebody_notices(struct resolver *r, const struct ast_word *from, int host)
{
	if (is_kernel(r, 1 - host))
		return true;
	FAIL(r, from->span, "nobody would notice: %s is a crafted host", host_name(r, 1 - host));
	HELP(r, "'inject … from %s' forges a packet to %s", host_name(r, 1 - host), from->text);
	return false;
}

/* send, inject. Return: the host, or NO_INDEX with an error. */
static int writing_sender(struct resolver *r, const struct ast_line *line)
{
	const struct ast_word *from = &line->packet->from;
	int host = find_host(r, from);

	if (host == NO_INDEX)
		return NO_INDEX;
	if (line->kind == LINE_SEND ? sends_by_itself(r, from, host)
				    : somebody_notices(r, from, host))
		return host;
	return NO_INDEX;
}

/* expect, drop, delay …: a host with a stack. Return: the host, or NO_INDEX with an error. */
static int stack_sender(struct resolver *r, const struct ast_line *line)
{
	const struct ast_word *from = &line->packet->from;
	int host = find_host(r, from);

	if (host == NO_INDEX || is_kernel(r, host) || r->plan->hosts[host].owned)
		return host;
	FAIL(r, from->span, "%s is a crafted host: its packets are written, not waited for",
	     from->text);
	if (line->kind == LINE_EXPECT)
		HELP(r, "write 'send … from %s'", from->text);
	else
		HELP(r, "leave the line out: a packet that is not sent is lost already");
	return NO_INDEX;
}

/* ---- packets that are written ---- */

/* A 'send' or 'inject' line's packet and time. */
static bool written_packet(struct resolver *r, const struct ast_line *line,
			   struct plan_step *step, struct plan_packet *packet)
{
	int from = writing_sender(r, line);
	bool ok = resolve_time_of_send(r, line->kind == LINE_INJECT ? "an 'inject'" : "a 'send'",
				       &line->time, &step->time);

	if (from == NO_INDEX || !resolve_packet(r, line->packet, from, PACKET_SENT, packet) || !ok)
		return false;
	note_timestamps(r, packet);
	step->packet = packet;
	return true;
}

static void wire_send(struct resolver *r, const struct ast_line *line)
{
	struct plan_step step =
		new_step(line->kind == LINE_INJECT ? STEP_INJECT : STEP_SEND, line->span);

	if (written_packet(r, line, &step, arena_alloc(r->arena, sizeof(struct plan_packet))))
		add_step(r, &step);
}

/* inject P after Q from HOST: Q is of the same connection, unless it says otherwise */
static void wire_arm(struct resolver *r, const struct ast_line *line)
{
	struct plan_step step = new_step(STEP_ARM, line->span);
	struct plan_packet *packet = arena_alloc(r->arena, sizeof(*packet));
	struct plan_packet *trigger = arena_alloc(r->arena, sizeof(*trigger));
	bool ok = written_packet(r, line, &step, packet);

	ok &= resolve_rule_pattern(r, line->trigger, ok ? packet->flow : NO_INDEX, trigger);
	if (ok && r->scope.n_armed++ == PLAN_ARMED_MAX) {
		FAIL(r, line->verb, "a scenario has at most %d packets that wait for another",
		     PLAN_ARMED_MAX);
		ok = false;
	}
	step.trigger = trigger;
	if (ok)
		add_step(r, &step);
}

/* ---- the next packet ---- */

/* The place of a packet that is held back. */
static bool take_place(struct resolver *r, const struct ast_line *line, int *place)
{
	const struct ast_word *as = &find_clause(line->packet, CL_AS)->word;
	struct scope *scope = &r->scope;
	int i;

	for (i = 0; i < scope->n_held && strcmp(scope->held[i].name, as->text) != 0; i++)
		;
	if (i == PLAN_HELD_MAX) {
		FAIL(r, as->span, "a scenario has at most %d names of held packets",
		     PLAN_HELD_MAX);
		return false;
	}
	if (i < scope->n_held && scope->held[i].held) {
		FAIL(r, as->span, "'%s' is held already, since line %d", as->text,
		     source_line(r->source, scope->held[i].span.start));
		HELP(r, "release it first, or give this one another name");
		return false;
	}
	if (i == scope->n_held)
		scope->n_held++;
	scope->held[i] = (struct held){ arena_strdup(r->arena, as->text), true, line->verb };
	*place = i;
	return true;
}

/* hold P as NAME: one packet */
static bool resolve_hold(struct resolver *r, const struct ast_line *line, struct plan_step *step)
{
	bool ok = take_place(r, line, &step->held);

	if (step->time.n <= 1 || step->time.kind == TIME_BETWEEN)
		return ok;
	FAIL(r, line->time.span, "a 'hold' is one packet: it has one time");
	HELP(r, "write a line for each, with a name for each");
	return false;
}

/* What the verb asks for besides the packet. */
static bool resolve_fate(struct resolver *r, const struct ast_line *line, struct plan_step *step,
			 struct plan_packet *packet, bool packet_ok)
{
	struct plan_packet *change;

	if (step->kind == STEP_DELAY)
		return resolve_by(r, line, &step->delay);
	if (step->kind == STEP_HOLD)
		return resolve_hold(r, line, step);
	if (step->kind != STEP_REWRITE || !packet_ok)
		return true;
	step->rewrite = change = arena_alloc(r->arena, sizeof(*change));
	return resolve_change(r, line->rewrite, packet, change);
}

/* expect, drop, delay, duplicate, hold, corrupt, rewrite */
static void wire_next(struct resolver *r, const struct ast_line *line)
{
	static const enum step_kind kinds[] = {
		[LINE_EXPECT] = STEP_EXPECT, [LINE_DROP] = STEP_DROP, [LINE_DELAY] = STEP_DELAY,
		[LINE_DUPLICATE] = STEP_DUPLICATE, [LINE_HOLD] = STEP_HOLD,
		[LINE_CORRUPT] = STEP_CORRUPT, [LINE_REWRITE] = STEP_REWRITE,
	};
	struct plan_step step = new_step(kinds[line->kind], line->span);
	struct plan_packet *packet = arena_alloc(r->arena, sizeof(*packet));
	int from = stack_sender(r, line);
	bool time_ok = resolve_time(r, &line->time, &step.time);
	bool ok = from != NO_INDEX &&
		  resolve_packet(r, line->packet, from, PACKET_EXPECTED, packet);

	if (!resolve_fate(r, line, &step, packet, ok) || !ok || !time_ok)
		return;
	step.packet = packet;
	add_step(r, &step);
}

bool resolve_by(struct resolver *r, const struct ast_line *line, int64_t *delay)
{
	*delay = line->values[0].number;
	return duration_ok(r, line->values[0].span, *delay);
}

static void wire_release(struct resolver *r, const struct ast_line *line)
{
	struct plan_step step = new_step(STEP_RELEASE, line->span);
	const char *known[PLAN_HELD_MAX + 1] = { NULL };
	int n = 0;

	for (int i = 0; i < r->scope.n_held; i++) {
		struct held *held = &r->scope.held[i];

		if (strcmp(held->name, line->word.text) == 0)
			step.held = i;
		if (held->held)
			known[n++] = held->name;
	}
	if (step.held != NO_INDEX && r->scope.held[step.held].held) {
		r->scope.held[step.held].held = false;
		add_step(r, &step);
		return;
	}

	const char *nearest = nearest_word(line->word.text, known);

	FAIL(r, line->word.span, step.held != NO_INDEX ? "'%s' has been released already"
						       : "no packet is held as '%s'",
	     line->word.text);
	if (nearest)
		HELP(r, "did you mean '%s'?", nearest);
	else
		HELP(r, "'hold … as %s' above this line holds one back", line->word.text);
}

/* ---- the cable ---- */

/* cut wire · cut HOST to HOST */
static void wire_cut(struct resolver *r, const struct ast_line *line)
{
	struct plan_step step = new_step(STEP_CUT, line->span);
	bool *cut = r->scope.cut;

	if (line->word.text) {
		int from = find_host(r, &line->word), to = find_host(r, &line->other);

		if (from == NO_INDEX || to == NO_INDEX)
			return;
		if (from == to) {
			FAIL(r, line->other.span, "the wire does not go from %s to itself",
			     line->other.text);
			HELP(r, "the other host is '%s'", host_name(r, 1 - from));
			return;
		}
		step.cut_from = from;
	}
	if (step.cut_from == NO_INDEX ? cut[0] && cut[1] : cut[step.cut_from]) {
		FAIL(r, line->verb, "the wire is cut already");
		HELP(r, "'mend wire' makes it whole again");
		return;
	}
	for (int host = 0; host < PLAN_HOSTS; host++)
		cut[host] |= step.cut_from == NO_INDEX || step.cut_from == host;
	add_step(r, &step);
}

static void wire_mend(struct resolver *r, const struct ast_line *line)
{
	struct plan_step step = new_step(STEP_MEND, line->span);

	if (!r->scope.cut[0] && !r->scope.cut[1]) {
		FAIL(r, line->verb, "the wire is whole: there is nothing to mend");
		HELP(r, "it is cut by 'cut wire', or 'cut %s to %s'", host_name(r, 0),
		     host_name(r, 1));
		return;
	}
	r->scope.cut[0] = r->scope.cut[1] = false;
	add_step(r, &step);
}

static void wire_wait(struct resolver *r, const struct ast_line *line)
{
	const struct ast_value *value = &line->values[0];
	struct plan_step step = new_step(STEP_WAIT, line->span);
	int64_t *ns = arena_alloc(r->arena, sizeof(*ns));

	if (!duration_ok(r, value->span, value->number))
		return;
	*ns = value->number;
	step.time.ns = ns;
	step.time.n = 1;
	add_step(r, &step);
}

/* ---- lines that are refused ---- */

/* What can be checked all the same: the hosts. */
static void check_refused(struct resolver *r, const struct ast_line *line)
{
	if (line->packet && line->packet->from.text)
		find_host(r, &line->packet->from);
	if (line->trigger && line->trigger->from.text)
		find_host(r, &line->trigger->from);
	if (line->kind == LINE_CUT && line->word.text) {
		find_host(r, &line->word);
		find_host(r, &line->other);
	}
}

struct refusal {
	const char *verb; /* as the error names it */
	const char *help; /* what to do instead */
};

#define UNNOTICED "a crafted host notices nothing: use "

/* Lines that need two kernel hosts. */
static const struct refusal refusals[] = {
	[LINE_DELAY] = { "'delay'", UNNOTICED "'expect'" },
	[LINE_DUPLICATE] = { "'duplicate'", UNNOTICED "'expect'" },
	[LINE_HOLD] = { "'hold'", UNNOTICED "'expect'" },
	[LINE_RELEASE] = { "'release'", "there is no 'hold' with a crafted host" },
	[LINE_CORRUPT] = { "'corrupt'", UNNOTICED "'drop'" },
	[LINE_REWRITE] = { "'rewrite'", UNNOTICED "'expect'" },
	[LINE_DELAY_ALL] = { "'delay all'", UNNOTICED "'ignore', which takes them unchecked" },
	[LINE_CUT] = { "'cut'", UNNOTICED "'drop all packets', and send nothing" },
	[LINE_MEND] = { "'mend'", "there is no 'cut' with a crafted host" },
	[LINE_WAIT] = { NULL, NULL }, /* the last one: all others may be looked up, too */
};

/* Return: true with the error reported when the line cannot be played with a crafted host. */
static bool needs_two_kernels(struct resolver *r, const struct ast_line *line)
{
	static const struct refusal armed = {
		"an 'inject' that waits for a packet",
		"write 'expect' for that packet, and 'inject' on the next line",
	};
	const struct refusal *refusal = line->trigger ? &armed : &refusals[line->kind];

	if (two_kernels(r) || !refusal->verb)
		return false;
	FAIL(r, line->verb, "%s needs two kernel hosts", refusal->verb);
	HELP(r, "%s", refusal->help);
	check_refused(r, line);
	return true;
}

void resolve_wire(struct resolver *r, const struct ast_line *line)
{
	if (needs_two_kernels(r, line))
		return;
	if (is_rule_line(line))
		resolve_rule(r, line);
	else if (line->kind == LINE_END_RULE)
		resolve_end_rule(r, line);
	else if (line->trigger)
		wire_arm(r, line);
	else if (line->kind == LINE_SEND || line->kind == LINE_INJECT)
		wire_send(r, line);
	else if (line->kind == LINE_WAIT)
		wire_wait(r, line);
	else if (line->kind == LINE_RELEASE)
		wire_release(r, line);
	else if (line->kind == LINE_CUT)
		wire_cut(r, line);
	else if (line->kind == LINE_MEND)
		wire_mend(r, line);
	else
		wire_next(r, line);
}
