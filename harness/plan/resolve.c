/* resolve: tree to plan, see resolve.h; how the work is shared out is in
 * resolve_internal.h.
 *
 * One walk over the lines, in order, with a scope of what they have declared.
 * Nothing is looked up across lines except in that scope, whose tables are
 * bounded: the walk is linear in the number of lines.
 */
#include "plan/resolve_internal.h"

#include "base/strbuf.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* ---- errors ---- */

bool unknown_word(struct resolver *r, const struct ast_word *word, const char *what,
		  const char *const *known, const char *otherwise)
{
	const char *nearest = nearest_word(word->text, known);

	FAIL(r, word->span, "unknown %s '%s'", what, word->text);
	if (nearest)
		HELP(r, "did you mean '%s'?", nearest);
	else if (otherwise)
		HELP(r, "%s", otherwise);
	return false;
}

bool in_range(struct resolver *r, struct span span, const char *what, int64_t number, int64_t low,
	      int64_t high)
{
	if (number >= low && number <= high)
		return true;
	FAIL(r, span, "%s is from %lld to %lld", what, (long long)low, (long long)high);
	return false;
}

bool duration_ok(struct resolver *r, struct span span, int64_t ns)
{
	if (ns >= 0 && ns <= LONGEST_NS)
		return true;
	FAIL(r, span, "a time is at most %d days", MAX_DAYS);
	return false;
}

/* ---- common steps ---- */

/* An address, or a word that stands for one elsewhere: no name that is near is meant. */
static bool is_address(const char *text)
{
	return isdigit((unsigned char)*text) || strcasecmp(text, "localhost") == 0 ||
	       strcmp(text, "any") == 0;
}

static void unknown_host(struct resolver *r, const struct ast_word *word, const char *besides)
{
	const char *known[PLAN_HOSTS + 1] = { NULL };

	for (int i = 0; i < r->plan->n_hosts; i++)
		known[i] = r->plan->hosts[i].name;

	const char *nearest = is_address(word->text) ? NULL : nearest_word(word->text, known);

	FAIL(r, word->span, "unknown host '%s'", word->text);
	if (nearest)
		HELP(r, "did you mean '%s'?", nearest);
	else if (r->plan->n_hosts == PLAN_HOSTS)
		HELP(r, "the hosts are '%s' and '%s'%s", known[0], known[1], besides);
	else
		HELP(r, "a host is declared before it is named: 'host %s kernel'", word->text);
}

int host_named(const struct resolver *r, const char *name)
{
	for (int i = 0; i < r->plan->n_hosts; i++)
		if (strcmp(r->plan->hosts[i].name, name) == 0)
			return i;
	return NO_INDEX;
}

int find_host(struct resolver *r, const struct ast_word *word)
{
	int host = host_named(r, word->text);

	if (host == NO_INDEX)
		unknown_host(r, word, "");
	return host;
}

int find_address(struct resolver *r, const struct ast_word *word)
{
	int host = host_named(r, word->text);

	if (host == NO_INDEX)
		unknown_host(r, word, ", and any address is 'any'");
	return host;
}

bool is_kernel(const struct resolver *r, int host)
{
	return r->plan->hosts[host].kind == HOST_KERNEL;
}

const char *host_name(const struct resolver *r, int host)
{
	return r->plan->hosts[host].name;
}

bool two_kernels(const struct resolver *r)
{
	return r->plan->n_hosts == PLAN_HOSTS && is_kernel(r, 0) && is_kernel(r, 1);
}

/* `at` counts from the scenario's first packet: there must be one, or the line is about it. */
static void check_clock(struct resolver *r, const struct plan_step *step)
{
	bool is_first = step->packet && step->time.kind == TIME_AT && step->time.ns[0] == 0;

	if (step->time.kind == TIME_AT && !r->scope.packets && !is_first) {
		FAIL(r, step->time.span, "'at' counts from the scenario's first packet, and %s",
		     step->packet ? "that is this one" : "none comes before this line");
		HELP(r, "'after' counts from the event before%s",
		     step->packet ? "; the first packet itself is 'at 0s'" : "");
	}
	r->scope.packets |= step->packet || step->rule;
}

int add_step(struct resolver *r, const struct plan_step *step)
{
	check_clock(r, step);
	if (!r->live)
		return r->plan->n_steps;
	r->steps = arena_grow(r->arena, r->steps, (size_t)r->plan->n_steps, sizeof(*r->steps));
	r->steps[r->plan->n_steps] = *step;
	return r->plan->n_steps++;
}

struct plan_step new_step(enum step_kind kind, struct span span)
{
	return (struct plan_step){
		.kind = kind,
		.span = span,
		.time = { .span = span, .tolerance = NO_TOLERANCE },
		.caller = NO_INDEX,
		.result = { .address = { .host = NO_INDEX }, .icmp_type = -1, .icmp_code = -1 },
		.answered_by = NO_INDEX,
		.held = NO_INDEX,
		.cut_from = NO_INDEX,
		.ends = NO_INDEX,
	};
}

const uint8_t *copy_bytes(struct resolver *r, const char *bytes, size_t len)
{
	return (const uint8_t *)arena_strndup(r->arena, bytes, len);
}

const uint8_t *filler(struct resolver *r, size_t len)
{
	if (len > r->filler_len || !r->filler) {
		size_t room = len > 2 * r->filler_len ? len : 2 * r->filler_len;
		uint8_t *bytes = arena_alloc(r->arena, room + 1);

		for (size_t i = 0; i < room; i++)
			bytes[i] = (uint8_t)('a' + i % 26);
		r->filler = bytes;
		r->filler_len = room;
	}
	return r->filler;
}

bool resolve_payload(struct resolver *r, const struct ast_value *value, const uint8_t **data,
		     size_t *len)
{
	bool bytes = value->kind == VAL_BYTES;
	int64_t wanted = bytes ? value->number : (int64_t)value->len;

	if (wanted < 0 || wanted > DATA_MAX) {
		FAIL(r, value->span, "a payload has at most %d bytes", DATA_MAX);
		return false;
	}
	*len = (size_t)wanted;
	*data = bytes ? filler(r, *len) : copy_bytes(r, value->data, *len);
	return true;
}

/* ---- lines ---- */

/* The first line of the timeline: the scene must be complete. */
static void begin_timeline(struct resolver *r, const struct ast_line *line)
{
	r->scope.timeline = true;
	check_title(r, line);
	if (r->plan->n_hosts == PLAN_HOSTS || r->hosts_wrong)
		return;
	r->hosts_wrong = true;
	FAIL(r, line->verb, "a scenario has two hosts, this one has declared %s",
	     r->plan->n_hosts ? "one" : "none");
	HELP(r, "declare both before this line: 'host client kernel', 'host server crafted'");
}

/* A branch that is not played: checked like any other, and forgotten.
 * Return: does the timeline begin in it? */
static bool check_branch(struct resolver *r, const struct ast_line *lines, size_t n)
{
	struct scope saved = r->scope;
	bool was_live = r->live;

	r->live = false;
	resolve_lines(r, lines, n);
	r->live = was_live;

	bool timeline = r->scope.timeline;

	r->scope = saved;
	return timeline;
}

/* The branch that is not played comes first, so that both begin with what the lines above the
 * block have declared. */
static void resolve_kernel_block(struct resolver *r, const struct ast_line *line)
{
	bool holds = kernel_holds(r, line), timeline;

	r->depth++;
	if (holds) {
		timeline = check_branch(r, line->otherwise, line->n_otherwise);
		resolve_lines(r, line->then, line->n_then);
	} else {
		timeline = check_branch(r, line->then, line->n_then);
		resolve_lines(r, line->otherwise, line->n_otherwise);
	}
	r->scope.timeline |= timeline; /* no scene lines below it, whichever kernel it is */
	r->depth--;
}

static void resolve_timeline_line(struct resolver *r, const struct ast_line *line)
{
	if (!r->scope.timeline)
		begin_timeline(r, line);
	if (r->hosts_wrong)
		return;
	if (line->kind == LINE_CALL)
		resolve_call_line(r, line);
	else if (line->kind == LINE_ANSWER)
		resolve_answer_line(r, line);
	else if (line->kind == LINE_ESTABLISH)
		resolve_establish(r, line);
	else
		resolve_wire(r, line);
}

void resolve_lines(struct resolver *r, const struct ast_line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (lines[i].kind == LINE_KERNEL)
			resolve_kernel_block(r, &lines[i]);
		else if (lines[i].kind < LINE_KERNEL)
			resolve_scene(r, &lines[i]);
		else
			resolve_timeline_line(r, &lines[i]);
	}
}

/* ---- the connection without a name ---- */

/* Does a line that is played speak of the connection without a name? It is to be
 * connection 0 then, whenever it begins. */
static bool speaks_of_main(const struct resolver *r, const struct ast_line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct ast_line *line = &lines[i];
		bool holds = line->kind == LINE_KERNEL && kernel_holds(r, line);

		if (line->kind == LINE_KERNEL) {
			if (speaks_of_main(r, holds ? line->then : line->otherwise,
					   holds ? line->n_then : line->n_otherwise))
				return true;
		} else if (line->kind == LINE_ESTABLISH) {
			if (!line->on.text)
				return true;
		} else if (line->packet && !is_rule_line(line) &&
			   !find_clause(line->packet, CL_ON)) {
			return true;
		}
	}
	return false;
}

/* ---- the whole ---- */

/* A parameter's value as a scenario would write it. */
static const char *binding_text(const struct resolver *r, const struct token *value)
{
	struct strbuf quoted = STRBUF_INIT;

	if (value->kind != TOK_STRING)
		return arena_strdup(r->arena, value->text ? value->text : "");
	strbuf_quote(&quoted, value->text, value->len, value->len);

	const char *text = arena_strdup(r->arena, strbuf_text(&quoted));

	strbuf_free(&quoted);
	return text;
}

static void set_bindings(struct resolver *r)
{
	size_t n = r->target->n_bindings;
	struct plan_binding *bindings = arena_alloc(r->arena, (n + 1) * sizeof(*bindings));
	const char *variant = ip_name(r->target->ip);

	for (size_t i = 0; i < n; i++) {
		bindings[i].name = arena_strdup(r->arena, r->target->bindings[i].name);
		bindings[i].value = binding_text(r, &r->target->bindings[i].value);
		variant = arena_printf(r->arena, "%s,%s=%s", variant, bindings[i].name,
				       bindings[i].value);
	}
	r->plan->bindings = bindings;
	r->plan->n_bindings = n;
	r->plan->variant = variant;
}

/* HZ=100 is the coarsest in use; guest kernels have HZ=1000 (harness/kernel). */
static const struct plan_clock real_clock = {
	.is_virtual = false, .jiffy = INT64_C(10000000), .noise = INT64_C(100000000),
};
static const struct plan_clock virtual_clock = { .is_virtual = true, .jiffy = INT64_C(1000000) };

static struct plan *new_plan(struct arena *arena, const struct ast *ast,
			     const struct target *target)
{
	struct plan *plan = arena_alloc(arena, sizeof(*plan));

	plan->arena = arena;
	plan->source = ast->source;
	plan->ip = target->ip;
	plan->clock = target->virtual_time ? virtual_clock : real_clock;
	plan->link_mtu = DEFAULT_MTU;
	plan->tolerance = NO_TOLERANCE;
	plan->patience = DEFAULT_PATIENCE;
	return plan;
}

static void *copy_array(struct resolver *r, const void *items, int n, size_t size)
{
	return memcpy(arena_alloc(r->arena, (size_t)n * size + 1), items, (size_t)n * size);
}

/* Hand what was gathered to the plan. */
static void finish(struct resolver *r)
{
	struct plan *plan = r->plan;
	const struct scope *scope = &r->scope;

	plan->n_flows = scope->n_flows;
	plan->flows = copy_array(r, scope->flows, plan->n_flows, sizeof(scope->flows[0]));
	plan->n_sockets = scope->n_sockets;
	plan->sockets = copy_array(r, scope->sockets, plan->n_sockets, sizeof(scope->sockets[0]));
	plan->n_callers = scope->n_callers;
	plan->callers = copy_array(r, scope->callers, plan->n_callers, sizeof(scope->callers[0]));
	plan->n_programs = scope->n_programs;
	plan->programs =
		copy_array(r, scope->programs, plan->n_programs, sizeof(scope->programs[0]));
	plan->steps = r->steps;
	plan->sysctls = r->sysctls;
	plan->rfcs = r->rfcs;
	plan->tags = r->tags;
}

/* A packet that is held and never released is a dropped one. */
static void check_released(struct resolver *r)
{
	for (int i = 0; i < r->scope.n_held; i++) {
		const struct held *held = &r->scope.held[i];

		if (!held->held)
			continue;
		FAIL(r, held->span, "'%s' is held for ever", held->name);
		HELP(r, "write 'release %s' below; a packet that is to be lost is a 'drop'",
		     held->name);
	}
}

/* What only the end of the file can tell. */
static void check_whole(struct resolver *r, const struct ast *ast)
{
	struct span nowhere = { 0, 0 };

	if (!ast->n_lines) {
		FAIL(r, nowhere, "there is no scenario in this file");
		HELP(r, "begin with: scenario \"what is shown, as a sentence\"");
		return;
	}
	check_released(r);
	if (!r->scope.timeline) {
		FAIL(r, ast->lines[ast->n_lines - 1].verb, "nothing happens in this scenario");
		HELP(r, "write the timeline below the scene, beginning with 'client: socket', say");
	}
}

struct plan *resolve(const struct ast *ast, const struct target *target, struct diags *diags)
{
	struct arena *arena = arena_new();
	struct resolver state = {
		.target = target,
		.source = ast->source,
		.diags = diags,
		.arena = arena,
		.plan = new_plan(arena, ast, target),
		.live = true,
	};
	struct resolver *r = &state;

	r->scope.main_flow = NO_INDEX;
	for (int i = 0; i < PLAN_HOSTS; i++)
		r->scope.newest_socket[i] = r->scope.newest_listener[i] =
			r->scope.newest_program[i] = NO_INDEX;
	set_bindings(r);
	r->main_flow_spoken = speaks_of_main(r, ast->lines, ast->n_lines);
	r->scope.n_flows = r->main_flow_spoken ? 1 : 0;
	resolve_lines(r, ast->lines, ast->n_lines);
	check_whole(r, ast);
	if (r->failed) {
		arena_free(arena);
		return NULL;
	}
	finish(r);
	return r->plan;
}

void plan_free(struct plan *plan)
{
	if (plan)
		arena_free(plan->arena);
}
