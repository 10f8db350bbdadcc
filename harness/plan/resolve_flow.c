/* resolve_flow: which connection a packet belongs to, and between which ports.
 *
 * A connection begins with the first line that speaks of it. What the lines
 * before it have said of the ports is enough for most: a `listen` names the
 * server's; a crafted client takes 40000 and up; a kernel's own choice is
 * learned from its first packet (port 0 in the plan).
 */
#include "plan/resolve_internal.h"

#include <string.h>

int find_flow(const struct resolver *r, const char *name)
{
	const struct scope *scope = &r->scope;

	for (int i = 0; i < scope->n_flows; i++)
		if (scope->flows[i].name && strcmp(scope->flows[i].name, name) == 0)
			return i;
	return NO_INDEX;
}

void flow_words(const struct resolver *r, const char *words[PLAN_FLOWS_MAX + 1])
{
	int n = 0;

	for (int i = 0; i < r->scope.n_flows; i++)
		if (r->scope.flows[i].name)
			words[n++] = r->scope.flows[i].name;
	words[n] = NULL;
}

bool check_port(struct resolver *r, const struct ast_value *endpoint, int64_t lowest)
{
	return in_range(r, endpoint->span, "a port", endpoint->number, lowest, UINT16_MAX);
}

uint16_t crafted_port(const struct resolver *r, int host, int flow)
{
	uint16_t port = r->scope.port[host]; /* where the kernel host connects to */

	for (int i = 0; port && i < r->scope.n_flows; i++)
		if (i != flow && r->scope.flows[i].port[host] == port)
			port = 0;
	return port ? port : (uint16_t)(FIRST_CRAFTED_PORT + flow);
}

int add_flow(struct resolver *r, const char *name, struct span span)
{
	struct scope *scope = &r->scope;
	int flow = scope->n_flows;

	if (!name && r->main_flow_spoken)
		flow = 0; /* kept free for it since the beginning */
	else if (flow == PLAN_FLOWS_MAX) {
		FAIL(r, span, "a scenario has at most %d connections", PLAN_FLOWS_MAX);
		return NO_INDEX;
	} else {
		scope->n_flows++;
	}
	scope->flows[flow] = (struct plan_flow){
		.name = name ? arena_strdup(r->arena, name) : NULL,
		.span = span,
	};
	scope->flow_notes[flow] = (struct flow_notes){ false };
	if (!name)
		scope->main_flow = flow;
	return flow;
}

/* The port of a `to HOST:PORT`, whose host is the receiver. */
static bool to_port(struct resolver *r, const struct ast_clause *to, int receiver, uint16_t *port)
{
	const struct ast_value *value = &to->value;

	if (value->word.text) {
		int host = host_named(r, value->word.text);

		if (host != receiver) {
			if (host == NO_INDEX)
				FAIL(r, value->word.span, "unknown host '%s'", value->word.text);
			else
				FAIL(r, value->word.span, "a packet from %s goes to %s",
				     host_name(r, 1 - receiver), host_name(r, receiver));
			HELP(r, "write 'to %s:%lld'", host_name(r, receiver),
			     (long long)value->number);
			return false;
		}
	}
	*port = (uint16_t)value->number;
	return check_port(r, value, 1);
}

/* May this line be the first one of the connection `on NAME`? */
static bool may_begin(struct resolver *r, const struct ast_word *name, bool opens)
{
	const char *known[PLAN_FLOWS_MAX + 1];

	for (int host = 0; host < PLAN_HOSTS; host++) {
		if (find_socket(r, host, name->text) == NO_INDEX)
			continue;
		FAIL(r, name->span, "'%s' is a socket, not a connection", name->text);
		HELP(r, "give the connection another name");
		return false;
	}
	if (opens)
		return true;
	flow_words(r, known);

	const char *nearest = nearest_word(name->text, known);

	FAIL(r, name->span, "no connection '%s'", name->text);
	if (nearest)
		HELP(r, "did you mean '%s'?", nearest);
	else
		HELP(r, "its first line is a SYN, or says where it goes: 'to HOST:PORT'");
	return false;
}

/* A SYN goes to a listener. Any other packet goes to a socket, and whatever port a kernel chooses
 * for one is known only when it is too late. */
static void help_port(struct resolver *r, int receiver, const struct plan_packet *packet)
{
	const char *name = host_name(r, receiver);

	if (!is_kernel(r, receiver))
		HELP(r, "write 'to %s:8080', say", name);
	else if ((packet->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
		HELP(r, "write 'to %s:8080', say; or let it listen first: '%s: listen 8080'", name, name);
	else
		HELP(r, "bind its socket above, '%s: socket', '%s: bind :40000', and write 'to %s:40000'",
		     name, name, name);
}

/* The ports of a connection that begins with this packet. */
static bool begin_flow(struct resolver *r, const struct ast_packet *ast, enum packet_use use,
		       bool flags_known, struct plan_packet *out, uint16_t port)
{
	int from = out->from, other = 1 - from;
	struct plan_flow *flow = &r->scope.flows[out->flow];

	if (use == PACKET_EXPECTED) {
		flow->port[other] = port;
		return true;
	}
	flow->port[from] = crafted_port(r, from, out->flow);
	flow->port[other] = port ? port : r->scope.port[other];
	if (out->icmp) {
		FAIL(r, ast->span, "there is no packet yet that this message could be about");
		HELP(r, "it quotes a packet that the scenario has seen before");
		return false;
	}
	if (flow->port[other] || !flags_known)
		return true;
	FAIL(r, ast->span, "to which port of %s?", host_name(r, other));
	if ((out->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
		HELP(r, "a SYN-ACK answers a SYN, which stands before it: 'expect SYN from %s'",
		     host_name(r, other));
	else
		help_port(r, other, out);
	return false;
}

/* A `to` of a connection that has begun must not contradict it. */
static bool same_port(struct resolver *r, const struct ast_clause *to, int flow, int receiver,
		      uint16_t port)
{
	uint16_t *known = &r->scope.flows[flow].port[receiver];
	const char *name = r->scope.flows[flow].name;

	if (!*known)
		*known = port;
	if (*known == port)
		return true;
	FAIL(r, to->span, "the connection%s%s%s goes to %s:%u", name ? " '" : "", name ? name : "",
	     name ? "'" : "", host_name(r, receiver), *known);
	HELP(r, "another connection has %sname: 'on second', say", name ? "another " : "a ");
	return false;
}

/* A rule is of a connection that has begun, or of any; it begins none. */
static bool flow_of_rule(struct resolver *r, const struct ast_clause *on,
			 const struct ast_clause *to, struct plan_packet *out)
{
	out->flow = on ? find_flow(r, on->word.text) : NO_INDEX;
	if (to) {
		FAIL(r, to->span, "a rule has no 'to'");
		HELP(r, "'on NAME' says which connection; without it, a rule is of all of them");
		return false;
	}
	return !on || out->flow != NO_INDEX || may_begin(r, &on->word, false);
}

bool resolve_flow(struct resolver *r, const struct ast_packet *ast, enum packet_use use,
		  bool flags_known, struct plan_packet *out)
{
	const struct ast_clause *on = find_clause(ast, CL_ON), *to = find_clause(ast, CL_TO);
	bool opens =
		to || !flags_known || (!out->icmp && (out->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN);
	uint16_t port = 0;

	if (use == PACKET_RULE)
		return flow_of_rule(r, on, to, out);
	out->flow = on ? find_flow(r, on->word.text) : r->scope.main_flow;
	if (to && !to_port(r, to, 1 - out->from, &port))
		return false;
	if (out->flow != NO_INDEX)
		return !to || same_port(r, to, out->flow, 1 - out->from, port);
	if (on && !may_begin(r, &on->word, opens))
		return false;
	out->flow = add_flow(r, on ? on->word.text : NULL, ast->span);
	return out->flow != NO_INDEX && begin_flow(r, ast, use, flags_known, out, port);
}

void note_timestamps(struct resolver *r, const struct plan_packet *packet)
{
	if (!(packet->flags & TCP_SYN))
		return;
	for (size_t i = 0; i < packet->n_options; i++)
		if (packet->options[i].kind == OPT_TS)
			r->scope.flow_notes[packet->flow].timestamps = true;
}
