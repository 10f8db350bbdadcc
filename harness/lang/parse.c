/* parse: see parse.h.
 *
 * Recursive descent, one token ahead (two where a word alone does not tell). Here
 * are the table of verbs, the lines and the blocks they make; what follows a verb
 * is read by parse_scene, parse_wire and parse_probe. Only blocks recurse, at most
 * NESTING_MAX deep, and each token is looked at a bounded number of times.
 */
#include "lang/parse_internal.h"

#include <stdlib.h>
#include <string.h>

enum { FOR_LINES_MAX = 32 };

static bool parse_end(struct parser *parser, struct ast_line *line);
static bool parse_else(struct parser *parser, struct ast_line *line);

#define PACKET "FLAGS from HOST [field ...] [time]"

static const struct verb verbs[] = {
	{ "scenario", LINE_SCENARIO, parse_title, EXTRA_TOP, "scenario \"what is shown\"" },
	{ "about", LINE_ABOUT, parse_title, 0, "about \"what happens, and why\"" },
	{ "rfc", LINE_RFC, parse_rfc, 0, "rfc NUMBER [SECTION]" },
	{ "tags", LINE_TAGS, parse_tags, 0, "tags WORD ..." },
	{ "host", LINE_HOST, parse_host, EXTRA_TOP, "host NAME kernel, or host NAME crafted" },
	{ "ip", LINE_IP, parse_ip, EXTRA_TOP, "ip both, or a list of 4, 6 and mapped" },
	{ "sysctl", LINE_SYSCTL, parse_sysctl, 0, "sysctl HOST KEY = VALUE" },
	{ "link", LINE_LINK, parse_link, 0, "link [mtu N] [delay DURATION] [offload on]" },
	{ "tolerance", LINE_TOLERANCE, parse_tolerance, 0,
	  "tolerance DURATION, or tolerance exact" },
	{ "patience", LINE_PATIENCE, parse_one_duration, 0, "patience DURATION" },
	{ "needs", LINE_NEEDS, parse_needs, 0, "needs kernel >= 6.5" },
	{ "for", LINE_FOR, parse_for, EXTRA_TOP, "for NAME in VALUE, VALUE" },
	{ "kernel", LINE_KERNEL, parse_kernel, 0, "kernel >= 6.5, lines, else, lines, end" },

	{ "send", LINE_SEND, parse_packet_line, 0, "send " PACKET },
	{ "inject", LINE_INJECT, parse_packet_line, EXTRA_TRIGGER,
	  "inject FLAGS from HOST [field ...] [after FLAGS from HOST]" },
	{ "expect", LINE_EXPECT, parse_packet_line, 0, "expect " PACKET },
	{ "drop", LINE_DROP, parse_packet_line, EXTRA_ALL,
	  "drop " PACKET ", or drop all packets [from HOST]" },
	{ "delay", LINE_DELAY, parse_packet_line, EXTRA_BY | EXTRA_ALL,
	  "delay FLAGS from HOST by DURATION, or delay all packets by DURATION" },
	{ "duplicate", LINE_DUPLICATE, parse_packet_line, 0, "duplicate " PACKET },
	{ "hold", LINE_HOLD, parse_packet_line, EXTRA_AS, "hold FLAGS from HOST as NAME" },
	{ "release", LINE_RELEASE, parse_release, 0, "release NAME" },
	{ "corrupt", LINE_CORRUPT, parse_packet_line, 0, "corrupt " PACKET },
	{ "rewrite", LINE_REWRITE, parse_packet_line, EXTRA_CHANGE,
	  "rewrite FLAGS from HOST win 0" },
	{ "ignore", LINE_IGNORE, parse_rule_line, 0, "ignore FLAGS [from HOST]" },
	{ "end", LINE_END_RULE, parse_end, 0, "end rule, or 'end' below a 'kernel' line" },
	{ "else", LINE_END_RULE, parse_else, 0, "else, below a 'kernel' line" },
	{ "cut", LINE_CUT, parse_cut, 0, "cut wire, or cut HOST to HOST" },
	{ "mend", LINE_MEND, parse_mend, 0, "mend wire" },
	{ "establish", LINE_ESTABLISH, parse_establish, 0,
	  "establish HOST to HOST:PORT [on NAME] [options ...]" },
	{ "wait", LINE_WAIT, parse_one_duration, 0, "wait DURATION" },
	{ NULL, 0, NULL, 0, NULL },
};

/* A probe line has no verb, but a remedy. */
static const struct verb probe_verb = {
	.usage = "HOST: call arguments -> result",
};

static const struct verb *verb_named(const char *word)
{
	for (const struct verb *verb = verbs; verb->word; verb++)
		if (strcmp(verb->word, word) == 0)
			return verb;
	return NULL;
}

/* ---- lines ---- */

/* Does the line begin with this verb? `kernel: …` begins with a host. */
static bool at_verb(const struct parser *parser, const char *word)
{
	return at_word(parser, word) && parser->next[1].kind != TOK_COLON &&
	       parser->next[1].kind != TOK_SLASH;
}

static bool at_block_end(const struct parser *parser)
{
	return at_verb(parser, "else") ||
	       (at_verb(parser, "end") && !token_is_word(parser->next + 1, "rule"));
}

static void skip_line(struct parser *parser)
{
	while (!at_line_end(parser))
		take(parser);
	take_kind(parser, TOK_NEWLINE);
}

/* "end" "rule" */
static bool parse_end(struct parser *parser, struct ast_line *line)
{
	(void)line;
	if (take_word(parser, "rule"))
		return true;
	return parse_fail(parser, parser->first, "an 'end' belongs to each 'kernel' line, one only",
			  "'end' without a block");
}

static bool parse_else(struct parser *parser, struct ast_line *line)
{
	(void)line;
	return parse_fail(parser, parser->first, "'else' stands between 'kernel' and its 'end'",
			  "'else' without a block");
}

/* Does the word stand in the line, at @token or behind it? */
static bool line_has(const struct token *token, const char *word)
{
	while (token->kind != TOK_NEWLINE && token->kind != TOK_END && !token_is_word(token, word))
		token++;
	return token_is_word(token, word);
}

/* The remedy for a line that begins with @token, which is no verb. */
static const char *verb_remedy(struct parser *parser, const struct token *token)
{
	const char *help;

	if (is_host(parser, token))
		return arena_printf(parser->arena, "a probe line has a colon: %s: ...",
				    token->text);
	if (token_is_word(token, "set"))
		return line_has(token, "from") ? "did you mean 'send'?"
					       : "a sysctl is set by: sysctl HOST KEY = VALUE";
	if (token->kind == TOK_SLASH)
		return "a comment begins with '#'";
	help = foreign_or_nearest(parser, FOREIGN_VERB, token, verbs, sizeof(*verbs));
	return help ? help : "a line begins with a verb, or with a host and a colon";
}

/* Not a verb. A misspelled `kernel` opens its block all the same: its `else` and
 * `end` are no mistakes. */
static bool unknown_verb(struct parser *parser, struct ast_line *line)
{
	const struct token *token = parser->next;

	if (token->kind == TOK_WORD && token[1].kind == TOK_COMPARE)
		line->kind = LINE_KERNEL;
	if (token->kind != TOK_WORD)
		return parse_expected(parser, "a verb or a host", verb_remedy(parser, token));
	return parse_fail(parser, token, verb_remedy(parser, token), "unknown verb %s",
			  token_shown(parser, token));
}

/* line = scene | wire | probe */
static bool parse_sentence(struct parser *parser, struct ast_line *line)
{
	const struct token *first = parser->next;

	parser->verb = NULL;
	if (first->kind != TOK_WORD)
		return unknown_verb(parser, line);
	if (first[1].kind == TOK_COLON || first[1].kind == TOK_SLASH) {
		parser->verb = &probe_verb;
		return parse_probe(parser, line);
	}
	parser->verb = verb_named(first->text);
	if (!parser->verb)
		return unknown_verb(parser, line);
	line->kind = parser->verb->kind;
	if (parser->depth && parser->verb->extras & EXTRA_TOP)
		return parse_fail(parser, first, "move the line above the block",
				  "'%s' cannot stand in a block", first->text);
	take(parser);
	return parser->verb->parse(parser, line);
}

/* ---- blocks ---- */

static void parse_lines(struct parser *parser, struct ast_line **lines, size_t *count);

/* Leave out a block that is nested too deep, with all the blocks in it. */
static void skip_block(struct parser *parser)
{
	size_t depth = 1;

	while (depth && parser->next->kind != TOK_END) {
		if (at_verb(parser, "kernel"))
			depth++;
		else if (at_block_end(parser) && at_word(parser, "end"))
			depth--;
		skip_line(parser);
	}
	parser->unclosed |= depth > 0; /* reported as too deep */
}

/* "else" or "end", alone on its line */
static void parse_block_word(struct parser *parser, const char *usage)
{
	const struct verb verb = { .usage = usage };

	parser->first = take(parser);
	parser->verb = &verb;
	parse_line_end(parser);
	parser->verb = NULL;
	skip_line(parser);
}

/* [ "else" { line } ] "end"; @head: the block's first token */
static void parse_block_rest(struct parser *parser, const struct token *head,
			     struct ast_line *block)
{
	bool branched = false;

	while (at_verb(parser, "else")) {
		if (branched)
			parse_fail(parser, parser->next, "a block has two branches",
				   "a second 'else'");
		branched = true;
		parse_block_word(parser, "else, alone on its line");
		parse_lines(parser, &block->otherwise, &block->n_otherwise);
	}
	if (at_verb(parser, "end")) {
		parse_block_word(parser, "end, alone on its line");
		return;
	}
	if (!parser->unclosed && parser->next[-2].kind != TOK_BAD)
		parse_fail(parser, head, "write 'end' below the last line of the block",
			   "a block without 'end'");
	parser->unclosed = true;
}

/* block = "kernel" COMPARE VERSION { line } [ "else" { line } ] "end"; the first line is read */
static void parse_block(struct parser *parser, const struct token *head, struct ast_line *block)
{
	if (parser->depth == NESTING_MAX) {
		parse_fail(parser, head, "take the innermost blocks apart",
			   "blocks nested more than %d deep", NESTING_MAX);
		skip_block(parser);
		return;
	}
	parser->depth++;
	parse_lines(parser, &block->then, &block->n_then);
	parse_block_rest(parser, head, block);
	parser->depth--;
}

/* One line and the block it opens. Return: false when it was in error. */
static bool parse_line(struct parser *parser, struct ast_line *line)
{
	const struct token *first = parser->next;
	bool ok;

	parser->first = first;
	line->kind = LINE_SCENARIO;
	ok = parse_sentence(parser, line) && parse_line_end(parser);
	line->verb = first->span;
	line->span = span_since(parser, first);
	skip_line(parser);
	if (line->kind == LINE_KERNEL)
		parse_block(parser, first, line);
	return ok;
}

/* { line } to the end of the block, or of the file */
static void parse_lines(struct parser *parser, struct ast_line **lines, size_t *count)
{
	while (parser->next->kind != TOK_END && !(parser->depth && at_block_end(parser))) {
		struct ast_line line = { 0 };

		if (!parse_line(parser, &line))
			continue;
		*lines = arena_grow(parser->arena, *lines, *count, sizeof(line));
		(*lines)[(*count)++] = line;
	}
}

/* scenario = { line } */
struct ast *parse(struct arena *arena, const struct source *source, const struct tokens *tokens,
		  struct diags *diags)
{
	struct ast *ast = arena_alloc(arena, sizeof(*ast));
	struct parser parser = {
		.arena = arena,
		.source = source,
		.next = tokens->items,
		.first = tokens->items,
		.diags = diags,
	};

	ast->source = source;
	take_kind(&parser, TOK_NEWLINE); /* of an empty file */
	parse_lines(&parser, &ast->lines, &ast->n_lines);
	if (ast->n_lines == 0 && !parser.failed)
		diag_error(diags, source, (struct span){ 0, 0 }, "the scenario has no lines");
	if (ast->n_lines == 0 && !parser.failed)
		diag_help(diags, "begin with: %s", verbs[0].usage);
	return ast;
}

/* ---- for ---- */

static int by_text(const void *left, const void *right)
{
	const struct token *const *a = left, *const *b = right;
	int order = strcmp((*a)->text, (*b)->text);

	if (order)
		return order;
	return ((*a)->span.start > (*b)->span.start) - ((*a)->span.start < (*b)->span.start);
}

/* Two equal values would be two tests of one name. */
static void check_values_differ(struct parser *parser, const struct for_line *line)
{
	const struct token **sorted = arena_alloc(parser->arena, line->n_values * sizeof(*sorted));

	for (size_t i = 0; i < line->n_values; i++)
		sorted[i] = &line->values[i];
	qsort(sorted, line->n_values, sizeof(*sorted), by_text);
	for (size_t i = 1; i < line->n_values; i++)
		if (strcmp(sorted[i - 1]->text, sorted[i]->text) == 0)
			parse_fail_span(parser, sorted[i]->span,
					"each value makes a test of its own", "duplicate value %s",
					token_shown(parser, sorted[i]));
}

static void check_name_is_new(struct parser *parser, const struct for_line *lines, size_t count)
{
	const struct ast_word *name = &lines[count].name;

	for (size_t i = 0; i < count; i++)
		if (strcmp(lines[i].name.text, name->text) == 0)
			parse_fail_span(parser, name->span,
					"write all its values in one 'for' line",
					"a second parameter '%.40s'", name->text);
}

struct for_line *parse_for_lines(struct arena *arena, const struct source *source,
				 const struct tokens *tokens, size_t *count, struct diags *diags)
{
	struct parser parser = {
		.arena = arena,
		.source = source,
		.next = tokens->items,
		.diags = diags,
		.verb = verb_named("for"),
	};
	struct for_line *lines = arena_alloc(arena, FOR_LINES_MAX * sizeof(*lines));

	*count = 0;
	for (; parser.next->kind != TOK_END; skip_line(&parser)) {
		struct for_line line = { 0 };

		parser.first = parser.next;
		if (!at_verb(&parser, "for"))
			continue;
		take(&parser);
		if (!parse_for_header(&parser, &line) || !parse_line_end(&parser))
			continue;
		if (*count == FOR_LINES_MAX) {
			parse_fail(&parser, parser.first, NULL, "more than %d 'for' lines",
				   FOR_LINES_MAX);
			break;
		}
		lines[*count] = line;
		check_values_differ(&parser, &line);
		check_name_is_new(&parser, lines, *count);
		++*count;
	}
	return lines;
}
