/* parse_option: the TCP options of a packet, in the order they are written. */
#include "lang/parse_internal.h"

#include <string.h>

/* num = N | "any" | "last"; absent where something else stands */
static bool parse_num(struct parser *parser, bool last_allowed, struct ast_optnum *out)
{
	const struct token *token = parser->next;

	out->span = token->span;
	if (take_word(parser, "any")) {
		out->kind = OPTNUM_ANY;
	} else if (at_word(parser, "last")) {
		if (!last_allowed)
			return parse_fail(parser, token,
					  "'last' is the echo of a timestamp: ts 100 last",
					  "'last' is no value here");
		take(parser);
		out->kind = OPTNUM_LAST;
	} else if (token->kind == TOK_NUMBER) {
		out->kind = OPTNUM_VALUE;
		return parse_number(parser, "a number", &out->value);
	}
	return true;
}

static bool parse_nothing(struct parser *parser, struct ast_option *option)
{
	(void)parser;
	(void)option;
	return true;
}

/* "mss" [ num ] | "wscale" [ num ] */
static bool parse_one_num(struct parser *parser, struct ast_option *option)
{
	return parse_num(parser, false, &option->a);
}

/* "ts" [ num [ num ] ] */
static bool parse_ts(struct parser *parser, struct ast_option *option)
{
	if (!parse_num(parser, true, &option->a))
		return false;
	return option->a.kind == OPTNUM_ABSENT || parse_num(parser, true, &option->b);
}

/* "sack" [ N "-" N { N "-" N } ] */
static bool parse_sack(struct parser *parser, struct ast_option *option)
{
	while (parser->next->kind == TOK_NUMBER) {
		option->blocks = arena_grow(parser->arena, option->blocks, option->n_blocks,
					    sizeof(*option->blocks));

		int64_t *block = option->blocks[option->n_blocks++];

		if (!parse_number(parser, "a number", &block[0]))
			return false;
		if (!take_kind(parser, TOK_MINUS))
			return parse_expected(parser, "'-' and the right edge",
					      "a block is left-right: sack 1001-2001");
		if (!parse_number(parser, "the right edge", &block[1]))
			return false;
	}
	return true;
}

/* "fastopen" [ "hex" BYTE { BYTE } ] */
static bool parse_fastopen(struct parser *parser, struct ast_option *option)
{
	return !take_word(parser, "hex") || parse_hex(parser, &option->data, &option->len);
}

/* "md5" "hex" BYTE { BYTE } */
static bool parse_md5(struct parser *parser, struct ast_option *option)
{
	return parse_keyword(parser, "hex") && parse_hex(parser, &option->data, &option->len);
}

/* "hex" BYTE { BYTE } */
static bool parse_raw(struct parser *parser, struct ast_option *option)
{
	return parse_hex(parser, &option->data, &option->len);
}

static const struct option_word {
	const char *word; /* first: see nearest_row() */
	enum ast_option_kind kind;
	bool (*parse)(struct parser *parser, struct ast_option *option);
} option_words[] = {
	{ "mss", AST_OPT_MSS, parse_one_num },
	{ "sackok", AST_OPT_SACKOK, parse_nothing },
	{ "wscale", AST_OPT_WSCALE, parse_one_num },
	{ "ts", AST_OPT_TS, parse_ts },
	{ "nop", AST_OPT_NOP, parse_nothing },
	{ "eol", AST_OPT_EOL, parse_nothing },
	{ "sack", AST_OPT_SACK, parse_sack },
	{ "fastopen", AST_OPT_FASTOPEN, parse_fastopen },
	{ "md5", AST_OPT_MD5, parse_md5 },
	{ "hex", AST_OPT_HEX, parse_raw },
	{ NULL, 0, NULL },
};

/* option, see the table above */
static bool parse_option(struct parser *parser, struct ast_option *option)
{
	const struct token *start = parser->next;
	const struct option_word *row = option_words;

	if (start->kind != TOK_WORD)
		return parse_expected(parser, "an option",
				      arena_printf(parser->arena, "as in: %s",
						   options_example(parser->place)));
	while (row->word && strcmp(row->word, start->text) != 0)
		row++;
	if (!row->word) {
		const char *help = foreign_or_nearest(parser, FOREIGN_OPTION, start, option_words,
						      sizeof(*row));

		return parse_fail(parser, start,
				  help ? help : "any other option is written as bytes: hex fd 04",
				  "unknown option %s", token_shown(parser, start));
	}
	take(parser);
	if (parser->next->kind == TOK_EQUALS)
		return refuse_equals(parser, row->parse == parse_one_num || row->parse == parse_ts);
	option->kind = row->kind;
	if (!row->parse(parser, option))
		return false;
	option->span = span_since(parser, start);
	return true;
}

/* options = "none" | option { "," option } [ "," "..." ] */
bool parse_options(struct parser *parser, struct ast_clause *out)
{
	if (take_word(parser, "none"))
		return true;
	do {
		if (out->n_options && take_kind(parser, TOK_ELLIPSIS)) {
			out->more = true;
			return true;
		}
		out->options = arena_grow(parser->arena, out->options, out->n_options,
					  sizeof(*out->options));

		struct ast_option *option = &out->options[out->n_options++];

		*option = (struct ast_option){ 0 };
		if (!parse_option(parser, option))
			return false;
	} while (take_kind(parser, TOK_COMMA));
	return true;
}
