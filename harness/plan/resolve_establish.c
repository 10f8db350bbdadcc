/* resolve_establish: a handshake in one line.
 *
 * "establish client to server:8080" is a shorthand for the lines that anybody
 * would write for it; each becomes a step with the span of the one line.
 *
 *   client crafted: server: listen 8080 (unless it listens there)   client kernel:
 *                   send   SYN     from client                       client: connect server:8080
 *                   expect SYN-ACK from server                       expect SYN     from client
 *                   send   ACK     from client                       send   SYN-ACK from server
 *                   server: accept -> ok                             expect ACK     from client
 *                                                                    client: -> ok
 *
 * Between two kernel hosts it is the calls of both columns, and three packets to expect.
 */
#include "plan/resolve_internal.h"

struct handshake {
	struct resolver *r;
	const struct ast_line *line;
	int client, server, flow;
	uint16_t port;
	struct plan_packet *syn, *syn_ack, *ack;
	int caller[PLAN_HOSTS]; /* of the kernel hosts */
};

static bool read_ends(struct resolver *r, const struct ast_line *line, struct handshake *shake)
{
	const struct ast_value *to = &line->values[0];

	shake->client = find_host(r, &line->word);
	if (!to->word.text) {
		FAIL(r, to->span, "to which host?");
		HELP(r, "write 'establish client to server:8080'");
		return false;
	}
	shake->server = find_host(r, &to->word);
	shake->port = (uint16_t)to->number;
	if (!check_port(r, to, 1) || shake->client == NO_INDEX || shake->server == NO_INDEX)
		return false;
	if (shake->client != shake->server)
		return true;
	FAIL(r, to->word.span, "%s cannot be both ends", to->word.text);
	HELP(r, "the other host is '%s'", host_name(r, 1 - shake->server));
	return false;
}

/* A connection of its own. */
static bool begin_connection(struct handshake *shake)
{
	struct resolver *r = shake->r;
	const struct ast_word *on = &shake->line->on;
	int known = on->text ? find_flow(r, on->text) : r->scope.main_flow;

	if (known != NO_INDEX) {
		FAIL(r, on->text ? on->span : shake->line->verb,
		     "the connection%s%s%s has begun already", on->text ? " '" : "",
		     on->text ? on->text : "", on->text ? "'" : "");
		HELP(r, "another one has %s: 'on second', say",
		     on->text ? "another name" : "a name");
		return false;
	}
	for (int host = 0; on->text && host < PLAN_HOSTS; host++) {
		if (find_socket(r, host, on->text) == NO_INDEX)
			continue;
		FAIL(r, on->span, "'%s' is a socket already", on->text);
		HELP(r, "give the connection another name");
		return false;
	}
	shake->flow = add_flow(r, on->text, on->text ? on->span : shake->line->verb);
	if (shake->flow == NO_INDEX)
		return false;

	uint16_t *ports = r->scope.flows[shake->flow].port;

	ports[shake->server] = shake->port;
	if (!is_kernel(r, shake->client)) /* a kernel's port is learned */
		ports[shake->client] = crafted_port(r, shake->client, shake->flow);
	return true;
}

static struct plan_packet *new_packet(struct handshake *shake, int from, uint16_t flags)
{
	struct plan_packet *packet = arena_alloc(shake->r->arena, sizeof(*packet));

	packet->from = from;
	packet->flow = shake->flow;
	packet->span = shake->line->verb;
	packet->flags = flags;
	return packet;
}

/* The three packets; the options are those of the crafted host's first. */
static bool make_packets(struct handshake *shake)
{
	struct resolver *r = shake->r;
	const struct ast_packet *written = shake->line->packet;
	const struct ast_clause *options = written ? find_clause(written, CL_OPTIONS) : NULL;

	if (options && two_kernels(r)) {
		FAIL(r, options->span, "both hosts are kernels: their stacks choose the options");
		HELP(r, "leave 'options' out; 'expect SYN from %s options …' checks them",
		     host_name(r, shake->client));
		return false;
	}
	shake->syn = new_packet(shake, shake->client, TCP_SYN);
	shake->syn_ack = new_packet(shake, shake->server, TCP_SYN | TCP_ACK);
	shake->ack = new_packet(shake, shake->client, TCP_ACK);
	if (!options)
		return true;

	struct plan_packet *crafted = is_kernel(r, shake->client) ? shake->syn_ack : shake->syn;

	if (!resolve_options(r, options, PACKET_SENT, crafted))
		return false;
	note_timestamps(r, crafted);
	return true;
}

/* ---- the steps ---- */

static struct plan_step shorthand(const struct handshake *shake, enum step_kind kind)
{
	struct plan_step step = new_step(kind, shake->line->span);

	step.shorthand = true;
	step.result.span = shake->line->span;
	return step;
}

static void play_packet(struct handshake *shake, const struct plan_packet *packet)
{
	bool expected = is_kernel(shake->r, packet->from);
	struct plan_step step = shorthand(shake, expected ? STEP_EXPECT : STEP_SEND);

	step.packet = packet;
	add_step(shake->r, &step);
}

/* A call of a kernel host. @answered: it is waited for and must succeed. */
static void play_call(struct handshake *shake, int host, struct plan_call *call, bool answered)
{
	struct plan_step step = shorthand(shake, STEP_CALL);

	call->caller = shake->caller[host];
	step.answered = answered;
	add_call(shake->r, &step, call);
}

static void play_answer(struct handshake *shake, int host)
{
	struct plan_step step = shorthand(shake, STEP_ANSWER);

	step.caller = shake->caller[host];
	step.answered = true;
	add_answer(shake->r, &step);
}

static struct plan_call new_call(enum call_id id, int socket, int makes)
{
	return (struct plan_call){
		.id = id,
		.socket = socket,
		.makes = makes,
		.address = { .host = NO_INDEX },
	};
}

/* ---- a kernel server ---- */

/* The server's listener on the port, or NO_INDEX. */
static int find_listener(const struct handshake *shake)
{
	const struct scope *scope = &shake->r->scope;

	for (int i = scope->n_sockets - 1; i >= 0; i--)
		if (scope->sockets[i].host == shake->server && scope->sockets[i].listener &&
		    scope->socket_notes[i].port == shake->port)
			return i;
	return NO_INDEX;
}

static int play_listen(struct handshake *shake)
{
	struct resolver *r = shake->r;
	int listener = add_socket(r, shake->server, NULL, shake->line->span);
	struct plan_call call = new_call(CALL_LISTEN, listener, listener);

	if (listener == NO_INDEX)
		return NO_INDEX;
	call.address.port = shake->port;
	call.args[0] = DEFAULT_BACKLOG;
	play_call(shake, shake->server, &call, true);
	note_call(r, shake->server, &call);
	return listener;
}

/* Is the caller waiting in accept() on this listener already? */
static bool accept_is_running(const struct handshake *shake, int listener)
{
	const struct plan_call *call = shake->r->scope.pending[shake->caller[shake->server]].call;

	return call && call->id == CALL_ACCEPT && call->socket == listener;
}

/* The listener on the port, made if there is none. Return: NO_INDEX after an error. */
static int ready_listener(struct handshake *shake)
{
	int listener = find_listener(shake);

	return listener == NO_INDEX ? play_listen(shake) : listener;
}

static void play_accept(struct handshake *shake, int listener)
{
	struct resolver *r = shake->r;

	if (accept_is_running(shake, listener)) {
		play_answer(shake, shake->server);
		return;
	}

	int made = add_socket(r, shake->server, NULL, shake->line->span);
	struct plan_call call = new_call(CALL_ACCEPT, listener, made);

	if (made == NO_INDEX)
		return;
	play_call(shake, shake->server, &call, true);
	note_call(r, shake->server, &call);
}

/* ---- a kernel client ---- */

/* Return: false after an error. */
static bool play_connect(struct handshake *shake)
{
	struct resolver *r = shake->r;
	int socket = r->scope.newest_socket[shake->client], makes = NO_INDEX;

	if (socket == NO_INDEX || r->scope.socket_notes[socket].used)
		socket = makes = add_socket(r, shake->client, NULL, shake->line->span);
	if (socket == NO_INDEX)
		return false;

	struct plan_call call = new_call(CALL_CONNECT, socket, makes);

	call.address = (struct plan_address){ shake->server, shake->port };
	play_call(shake, shake->client, &call, false);
	note_call(r, shake->client, &call);
	return true;
}

/* ---- the line ---- */

static void play_packets(struct handshake *shake)
{
	play_packet(shake, shake->syn);
	play_packet(shake, shake->syn_ack);
	play_packet(shake, shake->ack);
}

/* Who makes the calls. */
static bool find_callers(struct handshake *shake)
{
	for (int host = 0; host < PLAN_HOSTS; host++) {
		if (!is_kernel(shake->r, host))
			continue;
		shake->caller[host] = find_caller(shake->r, host, NULL, shake->line->verb);
		if (shake->caller[host] == NO_INDEX)
			return false;
	}
	return true;
}

/* establish HOST to HOST:PORT [on NAME] [options …] */
void resolve_establish(struct resolver *r, const struct ast_line *line)
{
	struct handshake shake = { .r = r, .line = line };
	int listener = NO_INDEX;

	if (!read_ends(r, line, &shake) || !begin_connection(&shake) || !make_packets(&shake) ||
	    !find_callers(&shake))
		return;

	bool to_kernel = is_kernel(r, shake.server), from_kernel = is_kernel(r, shake.client);

	if (to_kernel) {
		listener = ready_listener(&shake);
		if (listener == NO_INDEX)
			return;
	}
	if (from_kernel && !play_connect(&shake))
		return;
	play_packets(&shake);
	if (from_kernel)
		play_answer(&shake, shake.client);
	if (to_kernel)
		play_accept(&shake, listener);
}
