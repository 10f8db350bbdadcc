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

/* { value } [ "on" NAME ] [ "as" NAME ] */
static bool parse_arguments(struct parser *parser, struct ast_line *line)
{
	while (!at_line_end(parser) && parser->next->kind != TOK_ARROW && !at_time(parser)) {
		bool ok;

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

/* result = [ COMPARE ] value { value }; '->' is taken */
static bool parse_answer(struct parser *parser, struct ast_answer *out)
{
	const struct token *start = parser->next;

	out->written = true;
	if (start->kind == TOK_EQUALS)
		return parse_fail(parser, start, "equality is '=='", "unexpected '='");
	if (take_kind(parser, TOK_COMPARE)) {
		out->has_compare = true;
		out->compare = start->compare;
	}
	while (!at_line_end(parser) && !(out->n_values && at_time(parser))) {
		if (is_misplaced(parser, out))
			return parse_fail(parser, parser->next, NULL,
					  "%s stands before '->'",
					  token_shown(parser, parser->next));
		if (!parse_value(parser, add_value(parser, &out->values, &out->n_values)))
			return false;
	}
	if (out->n_values == 0)
		return parse_expected(parser, "a result",
				      "ok, a number, a payload, an errno or a state");
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
