/* resolve_probe: the lines that begin with a host's name and a colon.
 *
 * Keeps book of the sockets each host has and of the calls whose answers are not
 * written yet. Every line that makes a socket has a slot of its own; a line that
 * names none acts on the newest.
 */
#include "plan/resolve_internal.h"

#include <string.h>

/* ---- sockets ---- */

int find_socket(const struct resolver *r, int host, const char *name)
{
	const struct scope *scope = &r->scope;

	for (int i = 0; i < scope->n_sockets; i++)
		if (scope->sockets[i].host == host && scope->sockets[i].name &&
		    strcmp(scope->sockets[i].name, name) == 0)
			return i;
	return NO_INDEX;
}

void socket_words(const struct resolver *r, int host, const char *words[PLAN_SOCKETS_MAX + 1])
{
	int n = 0;

	for (int i = 0; i < r->scope.n_sockets; i++)
		if (r->scope.sockets[i].host == host && r->scope.sockets[i].name)
			words[n++] = r->scope.sockets[i].name;
	words[n] = NULL;
}

int add_socket(struct resolver *r, int host, const char *name, struct span span)
{
	struct scope *scope = &r->scope;

	if (scope->n_sockets == PLAN_SOCKETS_MAX) {
		FAIL(r, span, "a scenario has at most %d sockets", PLAN_SOCKETS_MAX);
		return NO_INDEX;
	}
	scope->sockets[scope->n_sockets] = (struct plan_socket){
		.host = host,
		.name = name ? arena_strdup(r->arena, name) : NULL,
		.span = span,
	};
	scope->socket_notes[scope->n_sockets] = (struct socket_notes){ 0 };
	scope->newest_socket[host] = scope->n_sockets;
	return scope->n_sockets++;
}

/* A socket made by @line, `as NAME` or without a name. Return: NO_INDEX after an error. */
static int make_socket(struct resolver *r, const struct ast_line *line, int host)
{
	const struct ast_word *as = &line->as;

	if (as->text && find_socket(r, host, as->text) != NO_INDEX) {
		FAIL(r, as->span, "%s has a socket '%s' already", host_name(r, host), as->text);
		HELP(r, "give this one another name");
		return NO_INDEX;
	}
	if (as->text && find_flow(r, as->text) != NO_INDEX) {
		FAIL(r, as->span, "'%s' is a connection already", as->text);
		HELP(r, "give the socket another name");
		return NO_INDEX;
	}
	return add_socket(r, host, as->text, line->span);
}

int named_socket(struct resolver *r, const struct ast_word *on, int host)
{
	const char *known[PLAN_SOCKETS_MAX + 1];
	int found = find_socket(r, host, on->text);

	if (found != NO_INDEX)
		return found;
	if (find_flow(r, on->text) != NO_INDEX) {
		FAIL(r, on->span, "'%s' is a connection, a call acts on a socket", on->text);
		HELP(r, "a socket is named where it is made: 'as NAME'");
		return NO_INDEX;
	}
	if (r->scope.unsure[host])
		return NO_INDEX;
	socket_words(r, host, known);

	const char *nearest = nearest_word(on->text, known);

	FAIL(r, on->span, "%s has no socket '%s'", host_name(r, host), on->text);
	if (nearest)
		HELP(r, "did you mean '%s'?", nearest);
	else
		HELP(r, "name it where it is made: 'as %s'", on->text);
	return NO_INDEX;
}

int no_socket(struct resolver *r, const struct ast_line *line, int host)
{
	if (r->scope.unsure[host])
		return NO_INDEX;
	FAIL(r, line->key.span, "%s has no socket yet", host_name(r, host));
	HELP(r, "begin with '%s: socket'", host_name(r, host));
	return NO_INDEX;
}

/* The socket a call acts on: `on NAME`, or by what the call says of itself. */
static int acting_socket(struct resolver *r, const struct ast_line *line, int host, bool listener)
{
	int newest = r->scope.newest_socket[host];

	if (line->on.text)
		return named_socket(r, &line->on, host);
	if (listener && r->scope.newest_listener[host] != NO_INDEX)
		return r->scope.newest_listener[host];
	if (listener && newest == NO_INDEX && !r->scope.unsure[host]) {
		FAIL(r, line->key.span, "%s has no listener yet", host_name(r, host));
		HELP(r, "begin with '%s: listen 8080'", host_name(r, host));
		return NO_INDEX;
	}
	return newest != NO_INDEX ? newest : no_socket(r, line, host);
}

/* ---- callers ---- */

int find_caller(struct resolver *r, int host, const char *name, struct span span)
{
	struct scope *scope = &r->scope;

	for (int i = 0; i < scope->n_callers; i++) {
		const struct plan_caller *caller = &scope->callers[i];

		if (caller->host == host && !caller->name == !name &&
		    (!name || strcmp(caller->name, name) == 0))
			return i;
	}
	if (scope->n_callers == PLAN_CALLERS_MAX) {
		FAIL(r, span, "a scenario has at most %d callers", PLAN_CALLERS_MAX);
		return NO_INDEX;
	}
	scope->callers[scope->n_callers] = (struct plan_caller){
		.host = host,
		.name = name ? arena_strdup(r->arena, name) : NULL,
	};
	scope->pending[scope->n_callers] = (struct pending){ .step = NO_INDEX };
	return scope->n_callers++;
}

/* The kernel host of a probe line. Return: NO_INDEX after an error. */
static int probe_host(struct resolver *r, const struct ast_line *line)
{
	int host = find_host(r, &line->word);

	if (host == NO_INDEX || is_kernel(r, host))
		return host;
	FAIL(r, line->word.span, "%s is a crafted host: it makes no calls", line->word.text);
	HELP(r, "write its packets: 'send … from %s'", line->word.text);
	return NO_INDEX;
}

/* ---- calls ---- */

/* Does the call wait for the other host, so that it may be meant to run beside others? */
static bool waits(enum call_id id)
{
	return id == CALL_READ || id == CALL_RECV || id == CALL_RECVMSG || id == CALL_ACCEPT ||
	       id == CALL_POLL;
}

void add_call(struct resolver *r, struct plan_step *step, const struct plan_call *call)
{
	struct plan_call *copy = arena_alloc(r->arena, sizeof(*copy));

	*copy = *call;
	step->call = copy;
	step->caller = call->caller;

	int index = add_step(r, step);
	struct pending *pending = &r->scope.pending[call->caller];

	*pending = (struct pending){
		.call = step->answered ? NULL : copy,
		.step = step->answered ? NO_INDEX : index,
		.ended = pending->call && waits(pending->call->id) ? pending->call : pending->ended,
	};
}

void add_answer(struct resolver *r, struct plan_step *step)
{
	struct pending *pending = &r->scope.pending[step->caller];
	int index = add_step(r, step);

	if (r->live)
		r->steps[pending->step].answered_by = index;
	*pending = (struct pending){ .step = NO_INDEX };
}

/* Which socket the call acts on, and which it makes. */
static bool choose_socket(struct resolver *r, const struct ast_line *line, int host,
			  struct plan_call *call)
{
	enum acts_on on = call_row(call->id)->on;
	bool makes = on == ON_NEW || on == ON_LISTENER || (on == ON_PORT && call->address.port) ||
		     (on == ON_ANY && !line->on.text &&
		      (line->as.text || r->scope.newest_socket[host] == NO_INDEX));
	bool acts = on == ON_LISTENER || !makes;

	if (line->as.text && !makes) {
		FAIL(r, line->as.span, "'%s' makes no socket to be named", line->key.text);
		HELP(r, "a line acts on a socket 'on NAME'");
		return false;
	}
	if (line->on.text && !acts) {
		FAIL(r, line->on.span, "'%s' makes a socket, it acts on none", line->key.text);
		HELP(r, "name the new socket 'as %s'", line->on.text);
		return false;
	}
	if (acts) {
		call->socket = acting_socket(r, line, host, on == ON_LISTENER);
		if (call->socket == NO_INDEX)
			return false;
	}
	if (!makes)
		return true;
	call->makes = make_socket(r, line, host);
	if (on == ON_ANY || on == ON_PORT)
		call->socket = call->makes;
	return call->makes != NO_INDEX;
}

void note_call(struct resolver *r, int host, const struct plan_call *call)
{
	struct scope *scope = &r->scope;
	struct socket_notes *notes = &scope->socket_notes[call->socket];

	if (call->id == CALL_BIND || (call->id == CALL_LISTEN && call->address.port)) {
		notes->port = call->address.port;
		scope->port[host] = call->address.port;
	}
	if (call->id == CALL_LISTEN) {
		scope->sockets[call->socket].listener = true;
		scope->newest_listener[host] = call->socket;
		notes->used = true;
	} else if (call->id == CALL_ACCEPT) {
		scope->socket_notes[call->makes].used = true;
	} else if (call->id == CALL_CONNECT) {
		notes->used = true;
		scope->port[call->address.host] = call->address.port;
	} else if (call->id == CALL_CLOSE) {
		notes->port = 0;
		notes->used = true;
	}
}

static void resolve_call(struct resolver *r, const struct ast_line *line, int host, enum call_id id)
{
	struct plan_step step = new_step(STEP_CALL, line->span);
	struct plan_call call = {
		.id = id,
		.socket = NO_INDEX,
		.makes = NO_INDEX,
		.address = { .host = NO_INDEX },
	};
	bool ok = read_args(r, line, &call);

	ok &= resolve_time_of_answer(r, line, &step.time);
	step.answered = line->answer.written;
	if (step.answered && (ok || id != CALL_FCNTL))
		ok &= resolve_result(r, &line->answer, call_results(&call), call_row(id)->name,
				     &step.result);
	/* the socket is made all the same, or every later line would miss it */
	ok &= choose_socket(r, line, host, &call);
	call.caller = find_caller(r, host, line->other.text, line->other.span);
	if (call.caller == NO_INDEX)
		return;
	if (call.socket != NO_INDEX && (ok || id == CALL_LISTEN))
		note_call(r, host, &call);
	add_call(r, &step, &call);
}

/* A caller of @host, but @caller, whose call is running; or NO_INDEX. */
static int busy_caller(const struct resolver *r, int host, int caller)
{
	for (int i = 0; i < r->scope.n_callers; i++)
		if (i != caller && r->scope.callers[i].host == host && r->scope.pending[i].call)
			return i;
	return NO_INDEX;
}

/* Whose answer may be meant where @caller has no call that is running? */
static void help_answer(struct resolver *r, const struct ast_line *line, int host, int caller)
{
	const struct plan_call *ended = r->scope.pending[caller].ended;
	int busy = busy_caller(r, host, caller);
	const char *name = busy != NO_INDEX ? r->scope.callers[busy].name : NULL;

	if (busy != NO_INDEX)
		HELP(r, "'%s' of another caller is: write '%s%s%s: -> …'",
		     call_name(r->scope.pending[busy].call->id), host_name(r, host), name ? "/" : "",
		     name ? name : "");
	else if (ended)
		HELP(r, "'%s' had to end before the next call of %s began; what runs beside it has a "
		     "caller of its own: '%s/reader: %s'", call_name(ended->id), line->word.text,
		     host_name(r, host), call_name(ended->id));
	else
		HELP(r, "a call runs until its answer, which is written once: with the call or here");
}

void resolve_answer_line(struct resolver *r, const struct ast_line *line)
{
	struct plan_step step = new_step(STEP_ANSWER, line->span);
	int host = probe_host(r, line);

	if (host == NO_INDEX)
		return;
	step.caller = find_caller(r, host, line->other.text, line->other.span);
	if (step.caller == NO_INDEX)
		return;

	const struct plan_call *call = r->scope.pending[step.caller].call;

	if (!call && r->scope.unsure[host])
		return;
	if (!call) {
		FAIL(r, line->word.span, "no call of %s%s%s is running", line->word.text,
		     line->other.text ? "/" : "", line->other.text ? line->other.text : "");
		help_answer(r, line, host, step.caller);
		return;
	}
	step.answered = true;
	resolve_time_of_answer(r, line, &step.time);
	resolve_result(r, &line->answer, call_results(call), call_row(call->id)->name,
		       &step.result);
	add_answer(r, &step); /* after an error, too: the call has its answer */
}

/* ---- the line ---- */

static void unknown_call(struct resolver *r, const struct ast_word *word)
{
	const char *foreign = foreign_remedy(FOREIGN_CALL, word->text);

	if (!foreign) {
		unknown_word(r, word, "call", call_words(),
			     "the calls and questions are in section 5 of the language reference");
		return;
	}
	FAIL(r, word->span, "unknown call '%s'", word->text);
	HELP(r, "%s", foreign);
}

void resolve_call_line(struct resolver *r, const struct ast_line *line)
{
	enum call_id call;
	enum question_id question;
	int host = probe_host(r, line);

	if (is_program_word(line->key.text)) {
		if (host != NO_INDEX)
			resolve_program_line(r, line, host);
	} else if (question_by_name(line->key.text, &question)) {
		if (host != NO_INDEX)
			resolve_question(r, line, host, question);
	} else if (call_by_name(line->key.text, &call)) {
		if (host != NO_INDEX)
			resolve_call(r, line, host, call);
	} else {
		unknown_call(r, &line->key);
		if (host != NO_INDEX)
			r->scope.unsure[host] = true;
	}
}
