/* resolve_wire: the lines that begin with a verb.
 *
 * With one kernel host the scenario itself is the other end: what the wire could
 * do to a packet on its way (delay it, duplicate it, hold it back …) nobody
 * would notice. Those lines are parsed and refused here.
 */
#include "plan/resolve_internal.h"

/* ---- who sends ---- */

/* send, inject: a crafted host. Return: the host, or NO_INDEX with an error. */
static int crafted_sender(struct resolver *r, const struct ast_line *line)
{
	const struct ast_word *from = &line->packet->from;
	int host = find_host(r, from);

	if (host == NO_INDEX || !is_kernel(r, host))
		return host;
	if (line->kind == LINE_SEND) {
		FAIL(r, from->span, "%s is a kernel host: it sends what its stack sends",
		     from->text);
		HELP(r, "'expect … from %s' waits for a packet of it; 'send … from %s' writes one",
		     from->text, host_name(r, 1 - host));
	} else {
		FAIL(r, from->span, "nobody would notice: %s is a crafted host",
		     host_name(r, 1 - host));
		HELP(r, "'inject … from %s' forges a packet to %s", host_name(r, 1 - host),
		     from->text);
	}
	return NO_INDEX;
}

/* expect, drop: a host with a stack. Return: the host, or NO_INDEX with an error. */
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

/* ---- lines that are played ---- */

static void wire_send(struct resolver *r, const struct ast_line *line)
{
	bool inject = line->kind == LINE_INJECT;
	struct plan_step step = new_step(inject ? STEP_INJECT : STEP_SEND, line->span);
	struct plan_packet *packet = arena_alloc(r->arena, sizeof(*packet));
	int from = crafted_sender(r, line);
	bool ok = resolve_time_of_send(r, inject ? "an 'inject'" : "a 'send'", &line->time,
				       &step.time);

	if (from == NO_INDEX || !resolve_packet(r, line->packet, from, PACKET_SENT, packet) || !ok)
		return;
	note_timestamps(r, packet);
	step.packet = packet;
	add_step(r, &step);
}

static void wire_expect(struct resolver *r, const struct ast_line *line)
{
	enum step_kind kind = line->kind == LINE_DROP ? STEP_DROP : STEP_EXPECT;
	struct plan_step step = new_step(kind, line->span);
	struct plan_packet *packet = arena_alloc(r->arena, sizeof(*packet));
	int from = stack_sender(r, line);
	bool ok = resolve_time(r, &line->time, &step.time);

	if (from == NO_INDEX || !resolve_packet(r, line->packet, from, PACKET_EXPECTED, packet) ||
	    !ok)
		return;
	step.packet = packet;
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

static const struct refusal refusals[] = {
	[LINE_DELAY] = { "'delay'", UNNOTICED "'expect'" },
	[LINE_DUPLICATE] = { "'duplicate'", UNNOTICED "'expect'" },
	[LINE_HOLD] = { "'hold'", UNNOTICED "'expect'" },
	[LINE_RELEASE] = { "'release'", "there is no 'hold' with a crafted host" },
	[LINE_CORRUPT] = { "'corrupt'", UNNOTICED "'drop'" },
	[LINE_REWRITE] = { "'rewrite'", UNNOTICED "'expect'" },
	[LINE_DROP_ALL] = { "'drop all'", UNNOTICED "a 'drop' line for each packet" },
	[LINE_DELAY_ALL] = { "'delay all'", UNNOTICED "an 'expect' line for each packet" },
	[LINE_IGNORE] = { "'ignore'", UNNOTICED "an 'expect' line for each packet" },
	[LINE_END_RULE] = { "'end rule'", "there are no standing rules with a crafted host" },
	[LINE_CUT] = { "'cut'", UNNOTICED "'drop' for what comes, and send nothing" },
	[LINE_MEND] = { "'mend'", "there is no 'cut' with a crafted host" },
	[LINE_INJECT] = { "an 'inject' that waits for a packet",
			  "write 'expect' for that packet, and 'inject' on the next line" },
};

static void wire_refused(struct resolver *r, const struct ast_line *line)
{
	const struct refusal *refusal = &refusals[line->kind];

	FAIL(r, line->verb, "%s needs two kernel hosts", refusal->verb);
	HELP(r, "%s", refusal->help);
	check_refused(r, line);
}

void resolve_wire(struct resolver *r, const struct ast_line *line)
{
	if (line->kind == LINE_INJECT && line->trigger)
		wire_refused(r, line);
	else if (line->kind == LINE_SEND || line->kind == LINE_INJECT)
		wire_send(r, line);
	else if (line->kind == LINE_EXPECT || line->kind == LINE_DROP)
		wire_expect(r, line);
	else if (line->kind == LINE_WAIT)
		wire_wait(r, line);
	else
		wire_refused(r, line);
}
