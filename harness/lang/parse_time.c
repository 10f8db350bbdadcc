/* parse_time: when a line's packet comes, or its answer. Meaning: docs/language.md, 6. */
#include "lang/parse_internal.h"

#include <string.h>

static bool add_duration(struct parser *parser, struct ast_time *time)
{
	time->ns = arena_grow(parser->arena, time->ns, time->n, sizeof(*time->ns));
	if (!parse_duration(parser, &time->ns[time->n]))
		return false;
	time->n++;
	return true;
}

/* tol = "+-" DURATION */
static bool parse_tolerance_of(struct parser *parser, struct ast_time *time)
{
	time->has_tolerance = take_kind(parser, TOK_PLUS_MINUS);
	return !time->has_tolerance || parse_duration(parser, &time->tolerance);
}

/* "within" DURATION */
static bool parse_within(struct parser *parser, struct ast_time *time)
{
	return add_duration(parser, time);
}

/* "after" DURATION [ tol ] | "until" DURATION [ tol ] */
static bool parse_after(struct parser *parser, struct ast_time *time)
{
	return add_duration(parser, time) && parse_tolerance_of(parser, time);
}

/* "at" DURATION { "," DURATION } [ tol ] */
static bool parse_at(struct parser *parser, struct ast_time *time)
{
	do {
		if (!add_duration(parser, time))
			return false;
	} while (take_kind(parser, TOK_COMMA));
	return parse_tolerance_of(parser, time);
}

/* "between" DURATION "and" DURATION */
static bool parse_between(struct parser *parser, struct ast_time *time)
{
	return add_duration(parser, time) && parse_keyword(parser, "and") &&
	       add_duration(parser, time);
}

/* "again" N "times" ( "doubling" "from" DURATION "up" "to" DURATION | "every" DURATION ) [ tol ] */
static bool parse_again(struct parser *parser, struct ast_time *time)
{
	static const char *const paces[] = { "doubling", "every", NULL };
	struct ast_word pace;

	if (!parse_number(parser, "a number", &time->times) || !parse_keyword(parser, "times") ||
	    !parse_choice(parser, paces, &pace))
		return false;
	if (strcmp(pace.text, "every") == 0) {
		time->kind = AST_TIME_EVERY;
		return add_duration(parser, time) && parse_tolerance_of(parser, time);
	}
	time->kind = AST_TIME_DOUBLING;
	return parse_keyword(parser, "from") && add_duration(parser, time) &&
	       parse_keyword(parser, "up") && parse_keyword(parser, "to") &&
	       add_duration(parser, time) && parse_tolerance_of(parser, time);
}

static const struct time_word {
	const char *word;
	enum ast_time_kind kind;
	bool (*parse)(struct parser *parser, struct ast_time *time);
	const char *usage;
} time_words[] = {
	{ "within", AST_TIME_WITHIN, parse_within, "within 50ms" },
	{ "after", AST_TIME_AFTER, parse_after, "after 1s, after 1s +-20ms" },
	{ "until", AST_TIME_UNTIL, parse_after, "until 60s" },
	{ "at", AST_TIME_AT, parse_at, "at 7s, or a list: at 0s, 1s, 3s" },
	{ "between", AST_TIME_BETWEEN, parse_between, "between 900ms and 1100ms" },
	{ "again", AST_TIME_DOUBLING, parse_again,
	  "again 15 times doubling from 200ms up to 120s, or again 9 times every 75s" },
	{ NULL, AST_TIME_NONE, NULL, NULL },
};

static const struct time_word *time_word_at(const struct parser *parser)
{
	for (const struct time_word *row = time_words; row->word; row++)
		if (at_word(parser, row->word))
			return row;
	return NULL;
}

/* Does a time begin here? `again` is one when a number follows, else a field. */
bool at_time(const struct parser *parser)
{
	const struct time_word *row = time_word_at(parser);

	return row && (row->kind != AST_TIME_DOUBLING || parser->next[1].kind == TOK_NUMBER);
}

/* time, see the table above. at_time() holds. */
bool parse_time(struct parser *parser, struct ast_time *out)
{
	const struct time_word *row = time_word_at(parser);
	const struct token *start = take(parser);

	if (out->kind != AST_TIME_NONE)
		return parse_fail(parser, start, "a line has one time", "a second time: %s",
				  token_shown(parser, start));
	out->kind = row->kind;
	if (!row->parse(parser, out))
		return false;
	out->span = span_since(parser, start);
	return true;
}
