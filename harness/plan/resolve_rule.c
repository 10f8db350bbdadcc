/* resolve_rule: lines that speak of packets yet to come.
 *
 * A standing rule says what becomes of all such packets; a count among the fields makes a rule
 * of one packet of `drop`, `delay`, `duplicate`, `corrupt` and `rewrite`: the third that fits,
 * from this line on. The packet that an armed injection waits for is described the same way.
 *
 * No rule may be idle by contradiction: what no packet can be is an error here, rather than
 * a scenario that passes because its rule never did anything.
 */
#include "plan/resolve_internal.h"

/* ---- the pattern ---- */

static bool never(struct resolver *r, struct span span, const char *why, const char *help)
{
	FAIL(r, span, "no packet is like this: %s", why);
	HELP(r, "%s", help);
	return false;
}

static struct span clause_span(const struct ast_packet *ast, enum ast_clause_kind kind)
{
	const struct ast_clause *clause = find_clause(ast, kind);

	return clause ? clause->span : ast->span;
}

/* The payload that the pattern asks for. Nothing written: 0 up to the most there is. */
static void payload_range(const struct plan_packet *pattern, int64_t *low, int64_t *high)
{
	*low = 0;
	*high = INT64_MAX;
	if (pattern->set & FIELD_LEN) {
		*low = pattern->len_low;
		*high = pattern->len_high;
	}
	if (pattern->set & FIELD_DATA)
		*low = *high = (int64_t)pattern->data_len;
}

static bool payload_possible(struct resolver *r, const struct ast_packet *ast,
			     const struct plan_packet *pattern)
{
	int64_t low, high, most = r->plan->link_mtu - headers_size(r);
	int64_t written = (int64_t)pattern->data_len;
	struct span data = clause_span(ast, CL_DATA);
	struct span span = pattern->set & FIELD_DATA ? data : clause_span(ast, CL_LEN);

	payload_range(pattern, &low, &high);
	if (pattern->set & FIELD_DATA && pattern->set & FIELD_LEN &&
	    (written < pattern->len_low || written > pattern->len_high))
		return never(r, data, arena_printf(r->arena, "its data has %lld bytes, not 'len'",
						   (long long)written),
			     "leave 'len' out: 'data' says it all");
	if (pattern->any_data && high == 0)
		return never(r, span, "'DATA' has a payload", "write 'ACK' for those without");
	if (low > most)
		return never(r, span, arena_printf(r->arena,
						   "at most %lld bytes of data fit into IPv%d "
						   "packets of this link's MTU, %d",
						   (long long)most, r->target->ip == IP_V6 ? 6 : 4,
						   r->plan->link_mtu),
			     "write a shorter one, or a larger 'link mtu'");
	return true;
}

/* A retransmission has something to transmit. */
static bool again_possible(struct resolver *r, const struct ast_packet *ast,
			   const struct plan_packet *pattern)
{
	int64_t low, high;

	if (!pattern->again || pattern->any_packet)
		return true;
	payload_range(pattern, &low, &high);
	if (pattern->flags & TCP_RST)
		return never(r, clause_span(ast, CL_AGAIN), "a RST is never sent again",
			     "leave 'again' out");
	if (high == 0 && !(pattern->flags & (TCP_SYN | TCP_FIN)))
		return never(r, clause_span(ast, CL_AGAIN),
			     "only SYN, FIN and data are sent 'again'", "leave 'again' out");
	return true;
}

/* What kernels do not send. */
static bool numbers_possible(struct resolver *r, const struct ast_packet *ast,
			     const struct plan_packet *pattern)
{
	bool acks = pattern->any_packet || pattern->any_data || pattern->flags & TCP_ACK;

	if (pattern->set & FIELD_ACK && pattern->ack.kind != SEQ_ANY && !acks)
		return never(r, clause_span(ast, CL_ACK),
			     "without the flag ACK it acknowledges nothing",
			     "leave 'ack' out, or write the flags with ACK");
	if (pattern->set & FIELD_CHECKSUM && pattern->checksum_bad)
		return never(r, clause_span(ast, CL_CHECKSUM),
			     "the checksums of a kernel host are right",
			     "leave 'checksum' out; 'corrupt' makes one bad");
	if (pattern->set & FIELD_OFFSET && pattern->offset < 5)
		return never(r, clause_span(ast, CL_OFFSET),
			     "a kernel host's TCP header has 5 to 15 words",
			     "write 'offset 5', say");
	return true;
}

/* Whose packets a rule may speak of: those of a stack. */
static bool pattern_sender(struct resolver *r, const struct ast_word *from, int *host)
{
	*host = NO_INDEX;
	if (!from->text)
		return true;
	*host = find_host(r, from);
	if (*host == NO_INDEX)
		return false;
	if (is_kernel(r, *host) || r->plan->hosts[*host].owned)
		return true;
	FAIL(r, from->span, "%s is a crafted host: its packets are written, no rule is for them",
	     from->text);
	HELP(r, "write 'from %s', or leave the line out", host_name(r, 1 - *host));
	return false;
}

bool resolve_rule_pattern(struct resolver *r, const struct ast_packet *ast, int flow,
			  struct plan_packet *out)
{
	int from;
	bool ok = pattern_sender(r, &ast->from, &from);

	if (!resolve_packet(r, ast, from, PACKET_RULE, out) || !ok)
		return false;
	if (!find_clause(ast, CL_ON))
		out->flow = flow;
	if (out->icmp)
		return true;
	ok = payload_possible(r, ast, out) && again_possible(r, ast, out);
	return numbers_possible(r, ast, out) && ok;
}

/* ---- the lines ---- */

bool is_rule_line(const struct ast_line *line)
{
	switch (line->kind) {
	case LINE_DROP_ALL:
	case LINE_DELAY_ALL:
	case LINE_IGNORE:
		return true;
	case LINE_DROP:
	case LINE_DELAY:
	case LINE_DUPLICATE:
	case LINE_CORRUPT:
	case LINE_REWRITE:
		return find_clause(line->packet, CL_NTH) != NULL;
	case LINE_SCENARIO: case LINE_ABOUT: case LINE_RFC: case LINE_TAGS: case LINE_HOST:
	case LINE_IP: case LINE_SYSCTL: case LINE_LINK: case LINE_TOLERANCE: case LINE_PATIENCE:
	case LINE_NEEDS: case LINE_FOR: case LINE_KERNEL: case LINE_SEND: case LINE_INJECT:
	case LINE_EXPECT: case LINE_HOLD: case LINE_RELEASE: case LINE_END_RULE: case LINE_CUT:
	case LINE_MEND: case LINE_ESTABLISH: case LINE_WAIT: case LINE_CALL: case LINE_ANSWER:
		break;
	}
	return false;
}

static bool is_all(const struct ast_line *line)
{
	return line->kind == LINE_DROP_ALL || line->kind == LINE_DELAY_ALL;
}

static enum rule_kind rule_kind(const struct ast_line *line)
{
	static const enum rule_kind kinds[] = {
		[LINE_DROP] = RULE_DROP, [LINE_DROP_ALL] = RULE_DROP, [LINE_DELAY] = RULE_DELAY,
		[LINE_DELAY_ALL] = RULE_DELAY, [LINE_IGNORE] = RULE_IGNORE,
		[LINE_DUPLICATE] = RULE_DUPLICATE, [LINE_CORRUPT] = RULE_CORRUPT,
		[LINE_REWRITE] = RULE_REWRITE,
	};

	return kinds[line->kind];
}

/* What a line with a count may not have. */
static bool count_fits(struct resolver *r, const struct ast_line *line)
{
	const struct ast_clause *nth = find_clause(line->packet, CL_NTH);

	if (nth && is_all(line)) {
		FAIL(r, nth->span, "a rule is for one packet or for all of them");
		HELP(r, "leave 'all' out, or the count");
		return false;
	}
	if (!nth || line->time.kind == AST_TIME_NONE)
		return true;
	FAIL(r, line->time.span, "a packet that is counted has no time: it comes when it comes");
	HELP(r, "an 'expect' line for it may have one");
	return false;
}

/* A place among the rules that stand. */
static bool rule_fits(struct resolver *r, const struct ast_line *line)
{
	if (r->scope.n_rules + r->scope.n_counted < PLAN_RULES_MAX)
		return true;
	FAIL(r, line->verb, "at most %d rules stand at the same time", PLAN_RULES_MAX);
	HELP(r, "'end rule' ends the newest; one that is for a counted packet stays");
	return false;
}

/* drop all, delay all, ignore; and what counts */
void resolve_rule(struct resolver *r, const struct ast_line *line)
{
	struct plan_step step = new_step(STEP_RULE, line->span);
	struct plan_rule *rule = arena_alloc(r->arena, sizeof(*rule));
	struct plan_packet *pattern = arena_alloc(r->arena, sizeof(*pattern));
	struct plan_packet *change = arena_alloc(r->arena, sizeof(*change));
	struct scope *scope = &r->scope;
	bool ok = resolve_rule_pattern(r, line->packet, NO_INDEX, pattern);

	if (ok && line->kind == LINE_REWRITE)
		ok = resolve_change(r, line->rewrite, pattern, change);
	rule->kind = rule_kind(line);
	rule->pattern = pattern;
	rule->rewrite = change;
	step.rule = rule;
	if (rule->kind == RULE_DELAY)
		ok &= resolve_by(r, line, &rule->delay);
	ok &= count_fits(r, line);
	if (!rule_fits(r, line))
		return;

	int index = ok ? add_step(r, &step) : NO_INDEX;

	if (find_clause(line->packet, CL_NTH))
		scope->n_counted++;
	else
		scope->rules[scope->n_rules++] = index; /* a wrong one, too: its end is none */
}

void resolve_end_rule(struct resolver *r, const struct ast_line *line)
{
	struct plan_step step = new_step(STEP_END_RULE, line->span);

	if (r->scope.n_rules) {
		step.ends = r->scope.rules[--r->scope.n_rules];
		add_step(r, &step);
		return;
	}
	FAIL(r, line->verb, "no rule stands here");
	if (r->scope.n_counted)
		HELP(r, "a rule of one packet ends by itself");
	else
		HELP(r, "'drop all', 'delay all' and 'ignore' begin one");
}
