/* parse_probe: calls and questions, and what they answer.
 *
 * Which calls there are, and what they are given, is plan/resolve's business:
 * here an argument is any value, and the words `on` and `as`, '->' and a time
 * end the list.
 */
#include "lang/parse_internal.h"

#include <string.h>

static bool parse_name_once(struct parser *parser, const char *what, struct ast_word *out)
{
	const struct token *start = take(parser);

	if (out->text)
		return parse_fail(parser, start, "each may be written once", "duplicate %s",
				  token_shown(parser, start));
	return parse_name(parser, what, out);
}

/* "setsockopt TCP_NODELAY on" */
static bool is_on_as_value(const struct parser *parser, const struct ast_line *line)
{
	return at_word(parser, "on") && parser->next[1].kind != TOK_WORD &&
	       strcmp(line->key.text, "setsockopt") == 0;
}

/* `write "abc" = 3`, `info rto >= 200ms` */
static bool misses_arrow(const struct parser *parser)
{
	return parser->next->kind == TOK_EQUALS || parser->next->kind == TOK_COMPARE;
}

/* What is to stand behind the arrow: 3, >= 200ms. Return: its length, 0: nothing that is short. */
static int missed_answer(const struct parser *parser, const char **text)
{
	const struct token *sign = parser->next, *value = sign + 1;
	bool equal = sign->kind == TOK_EQUALS || sign->compare == CMP_EQ;
	size_t start = equal ? value->span.start : sign->span.start;
	size_t len = value->span.start + value->span.len - start;

	*text = parser->source->text + start;
	return value->kind == TOK_NEWLINE || value->kind == TOK_END || len > 40 ? 0 : (int)len;
}

static bool refuse_sign(struct parser *parser)
{
	const struct token *sign = parser->next;
	const char *text, *help = "a result stands behind '->'";
	int len = missed_answer(parser, &text);

	if (sign[1].kind == TOK_MINUS)
		help = "a call that fails has its errno behind '->': -> ECONNRESET";
	else if (len)
		help = arena_printf(parser->arena, "%s: -> %.*s", help, len, text);
	return parse_fail(parser, sign, help, "unexpected %s", token_shown(parser, sign));
}

/* { value } [ "on" NAME ] [ "as" NAME ] */
static bool parse_arguments(struct parser *parser, struct ast_line *line)
{
	while (!at_line_end(parser) && parser->next->kind != TOK_ARROW && !at_time(parser)) {
		bool ok;

		if (is_on_as_value(parser, line))
			return parse_fail(parser, parser->next, "of an option, 1 is on and 0 is off",
					  "'on' needs a socket's name");
		if (misses_arrow(parser))
			return refuse_sign(parser);
		if (at_word(parser, "on"))
			ok = parse_name_once(parser, "a socket's name", &line->on);
		else if (at_word(parser, "as"))
			ok = parse_name_once(parser, "a name", &line->as);
		else if (line->on.text || line->as.text)
			return parse_fail(parser, parser->next, NULL,
					  "arguments stand before 'on' and 'as'");
		else
			ok = parse_value(parser,
					 add_value(parser, &line->values, &line->n_values));
		if (!ok)
			return false;
	}
	return true;
}

/* `timer -> on` is an answer; `-> ok as conn` is in the wrong order. */
static bool is_misplaced(const struct parser *parser, const struct ast_answer *answer)
{
	return parser->next[1].kind == TOK_WORD && answer->n_values &&
	       (at_word(parser, "as") || at_word(parser, "on"));
}

/* What may follow a number or a duration ("..": up to), or a duration ("+-": its tolerance). */
static bool parse_around(struct parser *parser, struct ast_value *value)
{
	bool duration = value->kind == VAL_DURATION;

	value->has_high = (value->kind == VAL_NUMBER || duration) && take_kind(parser, TOK_RANGE);
	if (value->has_high)
		return duration ? parse_duration(parser, &value->high)
				: parse_number(parser, "a number", &value->high);
	value->has_tolerance = duration && take_kind(parser, TOK_PLUS_MINUS);
	return !value->has_tolerance || parse_duration(parser, &value->tolerance);
}

/* answer = [ COMPARE ] value [ ".." ( N | DURATION ) | "+-" DURATION ] */
static bool parse_answer_value(struct parser *parser, struct ast_answer *out)
{
	struct ast_value *value = add_value(parser, &out->values, &out->n_values);
	bool comma = out->n_values > 1 && take_kind(parser, TOK_COMMA);
	const struct token *compare = parser->next;
	bool compared = take_kind(parser, TOK_COMPARE);
	const struct token *start = parser->next;

	if (!parse_value(parser, value) || !parse_around(parser, value))
		return false;
	value->span = span_since(parser, start);
	value->comma = comma;
	value->has_compare = compared;
	value->compare = compare->compare;
	return true;
}

/* result = answer { [ "," ] answer }; '->' is taken */
static bool parse_answer(struct parser *parser, struct ast_answer *out)
{
	const struct token *start = parser->next;

	out->written = true;
	if (start->kind == TOK_EQUALS)
		return parse_fail(parser, start, "equality is '=='", "unexpected '='");
	if (at_line_end(parser))
		return parse_expected(parser, "a result",
				      "ok, a number, a payload, an errno or a state");
	do {
		if (is_misplaced(parser, out))
			return parse_fail(parser, parser->next, NULL,
					  "%s stands before '->'",
					  token_shown(parser, parser->next));
		if (!parse_answer_value(parser, out))
			return false;
	} while (!at_line_end(parser) && !at_time(parser));
	out->has_compare = out->values[0].has_compare;
	out->compare = out->values[0].compare;
	out->span = span_since(parser, start);
	return true;
}

/* [ "->" result ] [ time ] */
static bool parse_outcome(struct parser *parser, struct ast_line *line)
{
	if (take_kind(parser, TOK_ARROW) && !parse_answer(parser, &line->answer))
		return false;
	return !at_time(parser) || parse_time(parser, &line->time);
}

/* probe = HOST [ "/" CALLER ] ":" ( call | question | program ) [ "on" NAME ] [ "as" NAME ]
 *         [ "->" result ] [ time ]
 *       | HOST [ "/" CALLER ] ":" "->" result [ time ] */
bool parse_probe(struct parser *parser, struct ast_line *line)
{
	if (!parse_name(parser, "a host", &line->word))
		return false;
	if (take_kind(parser, TOK_SLASH) && !parse_name(parser, "a caller's name", &line->other))
		return false;
	if (!take_kind(parser, TOK_COLON))
		return parse_expected(parser, "':'", NULL);
	line->kind = LINE_ANSWER;
	if (parser->next->kind != TOK_ARROW) {
		line->kind = LINE_CALL;
		if (parser->next->kind != TOK_WORD)
			return parse_expected(parser, "a call, a question or '->'", NULL);
		line->key = word_of(take(parser));
		if (!parse_arguments(parser, line))
			return false;
	}
	return parse_outcome(parser, line);
}
