/* parse_value: what calls are given and what they answer; addresses; `for`. */
#include "lang/parse_internal.h"

#include <stdlib.h>
#include <string.h>

struct ast_value *add_value(struct parser *parser, struct ast_value **values, size_t *count)
{
	*values = arena_grow(parser->arena, *values, *count, sizeof(**values));

	struct ast_value *value = &(*values)[(*count)++];

	*value = (struct ast_value){ 0 };
	return value;
}

/* A value of one token: a word, a number, a duration or a string. */
struct ast_value value_of_token(const struct token *token)
{
	struct ast_value value = { .kind = VAL_WORD, .span = token->span };

	if (token->kind == TOK_STRING) {
		value.kind = VAL_STRING;
		value.data = token->text;
		value.len = token->len;
		return value;
	}
	if (token->kind == TOK_NUMBER)
		value.kind = VAL_NUMBER;
	else if (token->kind == TOK_DURATION)
		value.kind = VAL_DURATION;
	value.word = word_of(token);
	value.number = token->number;
	return value;
}

/* WORD "|" WORD { "|" WORD }; the first is taken and in out->word. */
static bool parse_flag_words(struct parser *parser, struct ast_value *out)
{
	struct ast_word word = out->word;

	out->kind = VAL_FLAGS;
	for (;;) {
		out->words = arena_grow(parser->arena, out->words, out->n_words, sizeof(word));
		out->words[out->n_words++] = word;
		if (!take_kind(parser, TOK_PIPE))
			return true;
		if (!parse_name(parser, "a word", &word))
			return false;
	}
}

/* [ "-" ] N | N "bytes" */
static bool parse_number_value(struct parser *parser, struct ast_value *out)
{
	bool negative = take_kind(parser, TOK_MINUS);

	if (negative && (parser->next->kind != TOK_NUMBER || parser->next->number < 0))
		return parse_expected(parser, "a number", NULL);
	*out = value_of_token(take(parser));
	if (negative)
		out->number = -out->number;
	else if (out->number >= 0 && take_word(parser, "bytes"))
		out->kind = VAL_BYTES;
	return true;
}

/* value = WORD { "|" WORD } | [ "-" ] N | STRING | N "bytes" | "hex" BYTE { BYTE }
 *       | DURATION | [ HOST ] ":" PORT | "any" ":" PORT */
static bool parse_value_tokens(struct parser *parser, struct ast_value *out)
{
	switch (parser->next->kind) {
	case TOK_WORD:
		if (parser->next[1].kind == TOK_COLON)
			return parse_endpoint(parser, "an address", out);
		if (take_word(parser, "hex")) {
			out->kind = VAL_HEX;
			return parse_hex(parser, &out->data, &out->len);
		}
		*out = value_of_token(take(parser));
		if (parser->next->kind == TOK_PIPE)
			return parse_flag_words(parser, out);
		return true;
	case TOK_NUMBER:
	case TOK_MINUS:
		return parse_number_value(parser, out);
	case TOK_DURATION:
	case TOK_STRING:
		*out = value_of_token(take(parser));
		return true;
	case TOK_COLON:
		return parse_endpoint(parser, "an address", out);
	case TOK_NEWLINE:
	case TOK_END:
	case TOK_PARAM:
	case TOK_ARROW:
	case TOK_COMMA:
	case TOK_SLASH:
	case TOK_PLUS:
	case TOK_PLUS_MINUS:
	case TOK_PIPE:
	case TOK_EQUALS:
	case TOK_COMPARE:
	case TOK_RANGE:
	case TOK_ELLIPSIS:
	case TOK_BAD:
		break;
	}
	return parse_expected(parser, "a value", NULL);
}

bool parse_value(struct parser *parser, struct ast_value *out)
{
	const struct token *start = parser->next;

	if (!parse_value_tokens(parser, out))
		return false;
	out->span = span_since(parser, start);
	return true;
}

/* endpoint = [ HOST ] ":" PORT */
bool parse_endpoint(struct parser *parser, const char *what, struct ast_value *out)
{
	const struct token *start = parser->next;

	out->kind = VAL_ENDPOINT;
	if (start->kind != TOK_WORD && start->kind != TOK_COLON)
		return parse_expected(parser, what, NULL);
	if (start->kind == TOK_WORD)
		out->word = word_of(take(parser));
	if (!take_kind(parser, TOK_COLON))
		return parse_expected(parser, "':' and a port", "an address is HOST:PORT");
	if (parser->next->kind != TOK_NUMBER)
		return parse_expected(parser, "a port", "an address is HOST:PORT, a text stands in quotes");
	if (!parse_number(parser, "a port", &out->number))
		return false;
	out->span = span_since(parser, start);
	return true;
}

bool parse_duration_value(struct parser *parser, struct ast_value *out)
{
	const struct token *token = parser->next;

	*out = value_of_token(token);
	return parse_duration(parser, &out->number);
}

/* ---- for ---- */

/* One value of a `for` line: a token, or "-" and a number, made one. */
static bool parse_for_value(struct parser *parser, struct token *out)
{
	const struct token *start = parser->next;

	if (start->kind == TOK_MINUS && start[1].kind == TOK_NUMBER && start[1].number >= 0) {
		take(parser);
		*out = *take(parser);
		out->number = -out->number;
		out->text = arena_printf(parser->arena, "-%s", out->text);
		out->len++;
		out->span = span_since(parser, start);
		return true;
	}
	if (start->kind == TOK_PARAM)
		return parse_fail(parser, start, "write its values out",
				  "the value of a parameter cannot be a parameter");
	if (start->kind != TOK_WORD && start->kind != TOK_NUMBER && start->kind != TOK_DURATION &&
	    start->kind != TOK_STRING)
		return parse_expected(parser, "a word, a number, a duration or a string", NULL);
	*out = *take(parser);
	return true;
}

/* NAME "in" value { "," value } */
bool parse_for_header(struct parser *parser, struct for_line *out)
{
	const struct token *name = parser->next;

	if (!parse_name(parser, "a parameter's name", &out->name))
		return false;
	if (strpbrk(out->name.text, "-."))
		return parse_fail(parser, name, "letters, digits and '_'",
				  "bad name for a parameter: %s", token_shown(parser, name));
	if (!parse_keyword(parser, "in"))
		return false;
	do {
		out->values = arena_grow(parser->arena, out->values, out->n_values,
					 sizeof(*out->values));
		if (!parse_for_value(parser, &out->values[out->n_values]))
			return false;
		out->n_values++;
	} while (take_kind(parser, TOK_COMMA));
	return true;
}
