/* parse_wire: the lines that begin with a verb, behind the verb. */
#include "lang/parse_internal.h"

#include <string.h>

/* The remedy for what stands behind the pattern in place of "from". */
static const char *from_remedy(const struct parser *parser, const struct ast_packet *packet)
{
	switch ((int)parser->next->kind) {
	case TOK_PLUS:
	case TOK_COMMA:
	case TOK_SLASH:
	case TOK_PIPE:
		return "flags are joined by '-': SYN-ACK, PSH-ACK, RST-ACK";
	}
	return packet->flags.text ? foreign_remedy(FOREIGN_FLAG, packet->flags.text) : NULL;
}

/* "from" HOST, behind the pattern */
static bool parse_from(struct parser *parser, struct ast_packet *packet)
{
	if (!take_word(parser, "from"))
		return parse_fail(parser, parser->next, from_remedy(parser, packet),
				  "expected 'from HOST' after %s",
				  packet->flags.text ? "the flags" : "the kind of ICMP message");
	return parse_name(parser, "a host", &packet->from);
}

/* "by" DURATION */
static bool parse_by(struct parser *parser, struct ast_line *line)
{
	const struct token *by = take(parser);

	if (line->n_values)
		return parse_fail(parser, by, "a packet is delayed once", "duplicate field 'by'");
	return parse_duration_value(parser, add_value(parser, &line->values, &line->n_values));
}

/* [ ORDINAL ] pattern. The ordinal is a field, which may stand here, too: 3rd DATA */
static bool parse_counted(struct parser *parser, bool rule, struct ast_packet *packet)
{
	return (!is_ordinal(parser->next) || parse_clause(parser, packet)) &&
	       parse_pattern(parser, rule, packet);
}

/* The fields of a trigger: what comes before 'after' are those of the packet. */
static bool parse_trigger_fields(struct parser *parser, struct ast_packet *trigger)
{
	while (!at_line_end(parser)) {
		if (at_time(parser))
			return parse_fail(parser, parser->next,
					  "it is sent the moment the other has passed",
					  "an armed packet has no time");
		if (!parse_clause(parser, trigger))
			return false;
	}
	return check_clauses_once(parser, trigger);
}

/* "after" [ ORDINAL ] pattern "from" HOST { field }: an armed packet */
static bool parse_trigger(struct parser *parser, struct ast_line *line)
{
	const struct token *after = take(parser);

	if (line->time.kind != AST_TIME_NONE)
		return parse_fail(parser, after,
				  "an armed packet is sent when the other has passed",
				  "a second time: 'after'");
	line->trigger = arena_alloc(parser->arena, sizeof(*line->trigger));
	parser->place = IN_COUNTED;
	return parse_counted(parser, false, line->trigger) && parse_from(parser, line->trigger) &&
	       parse_trigger_fields(parser, line->trigger);
}

/* `after` is followed by a packet, not by a time. */
static bool at_trigger(const struct parser *parser)
{
	return parser->verb->extras & EXTRA_TRIGGER && at_word(parser, "after") &&
	       parser->next[1].kind == TOK_WORD;
}

static bool is_rule(const struct ast_line *line)
{
	return line->kind == LINE_DROP_ALL || line->kind == LINE_DELAY_ALL ||
	       line->kind == LINE_IGNORE;
}

/* field | time | "by" DURATION | "after" pattern "from" HOST, as the verb allows */
static bool parse_field(struct parser *parser, struct ast_line *line)
{
	if (is_rule(line) && at_time(parser))
		return parse_fail(parser, parser->next, "it holds until 'end rule'",
				  "a standing rule has no time");
	if (at_trigger(parser))
		return parse_trigger(parser, line);
	if (at_time(parser))
		return parse_time(parser, &line->time);
	if (parser->verb->extras & EXTRA_BY && at_word(parser, "by"))
		return parse_by(parser, line);
	return parse_clause(parser, line->packet);
}

static bool parse_fields(struct parser *parser, struct ast_line *line)
{
	while (!at_line_end(parser))
		if (!parse_field(parser, line))
			return false;
	return true;
}

/* rewrite: the field written last is the new one. */
static bool split_change(struct parser *parser, struct ast_line *line)
{
	struct ast_packet *packet = line->packet;

	if (packet->n_clauses == 0)
		return parse_expected(parser, "the field to change", NULL);
	line->rewrite = &packet->clauses[--packet->n_clauses];
	return true;
}

/* What the verb asks for and only the end of the line can tell to be missing. */
static bool check_fields(struct parser *parser, struct ast_line *line)
{
	unsigned extras = parser->verb->extras;
	bool named = false;

	if (extras & EXTRA_CHANGE && !split_change(parser, line))
		return false;
	if (!check_clauses_once(parser, line->packet))
		return false;
	for (size_t i = 0; i < line->packet->n_clauses; i++)
		named |= line->packet->clauses[i].kind == CL_AS;
	if (extras & EXTRA_AS && !named)
		return parse_expected(parser, "'as NAME'", NULL);
	if (extras & EXTRA_BY && line->n_values == 0)
		return parse_expected(parser, "'by DURATION'", NULL);
	return true;
}

/* [ ORDINAL ] pattern "from" HOST; an ICMP kind may be told more of before that:
 * frag-needed mtu 1200 */
static bool parse_head(struct parser *parser, struct ast_packet *packet)
{
	if (!parse_counted(parser, false, packet))
		return false;
	if (packet->icmp.text && at_word(parser, "mtu") && !parse_clause(parser, packet))
		return false;
	return parse_from(parser, packet);
}

static enum field_place place_of(enum ast_line_kind kind)
{
	switch ((int)kind) {
	case LINE_SEND:
	case LINE_INJECT:
		return IN_SENT;
	case LINE_HOLD:
		return IN_HELD;
	case LINE_REWRITE:
		return IN_CHANGED;
	}
	return IN_EXPECTED;
}

/* packet = pattern "from" HOST { field }, and the verb's extras */
bool parse_packet_line(struct parser *parser, struct ast_line *line)
{
	if (parser->verb->extras & EXTRA_ALL && at_word(parser, "all")) {
		take(parser);
		line->kind = line->kind == LINE_DELAY ? LINE_DELAY_ALL : LINE_DROP_ALL;
		return parse_rule_line(parser, line);
	}
	line->packet = arena_alloc(parser->arena, sizeof(*line->packet));
	parser->place = place_of(line->kind);
	return parse_head(parser, line->packet) && parse_fields(parser, line) &&
	       check_fields(parser, line);
}

/* rule = [ ORDINAL ] ( pattern | "packets" | "all" ) [ "from" HOST ] { field } [ "by" DURATION ] */
bool parse_rule_line(struct parser *parser, struct ast_line *line)
{
	line->packet = arena_alloc(parser->arena, sizeof(*line->packet));
	parser->place = IN_STANDING;
	if (!parse_counted(parser, true, line->packet))
		return false;
	if (at_word(parser, "from") && !parse_from(parser, line->packet))
		return false;
	return parse_fields(parser, line) && check_fields(parser, line);
}

/* "release" NAME */
bool parse_release(struct parser *parser, struct ast_line *line)
{
	return parse_name(parser, "the name of a held packet", &line->word);
}

/* "cut" ( "wire" | HOST "to" HOST ) */
bool parse_cut(struct parser *parser, struct ast_line *line)
{
	if (at_word(parser, "wire") && !token_is_word(parser->next + 1, "to")) {
		take(parser);
		return true;
	}
	return parse_name(parser, "'wire' or a host", &line->word) &&
	       parse_keyword(parser, "to") && parse_name(parser, "a host", &line->other);
}

/* "mend" "wire" */
bool parse_mend(struct parser *parser, struct ast_line *line)
{
	(void)line;
	return parse_keyword(parser, "wire");
}

/* [ "on" NAME ] [ "options" options ] of establish */
static bool parse_establish_field(struct parser *parser, struct ast_line *line)
{
	const struct token *start = parser->next;

	if (at_word(parser, "options"))
		return parse_clause(parser, line->packet);
	if (!take_word(parser, "on"))
		return parse_fail(parser, start, NULL, "unexpected %s",
				  token_shown(parser, start));
	if (line->on.text)
		return parse_fail(parser, start, "each field may be written once",
				  "duplicate field 'on'");
	return parse_name(parser, "a connection's name", &line->on);
}

/* "establish" HOST "to" HOST ":" PORT [ "on" NAME ] [ "options" options ] */
bool parse_establish(struct parser *parser, struct ast_line *line)
{
	line->packet = arena_alloc(parser->arena, sizeof(*line->packet));
	parser->place = IN_SENT;
	if (!parse_name(parser, "a host", &line->word) || !parse_keyword(parser, "to"))
		return false;
	if (parser->next->kind != TOK_WORD)
		return parse_expected(parser, "HOST:PORT", NULL);
	if (!parse_endpoint(parser, "HOST:PORT",
			    add_value(parser, &line->values, &line->n_values)))
		return false;
	while (!at_line_end(parser))
		if (!parse_establish_field(parser, line))
			return false;
	return check_clauses_once(parser, line->packet);
}
