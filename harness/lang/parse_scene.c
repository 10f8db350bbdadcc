/* parse_scene: the lines that set the stage, behind their first word. */
#include "lang/parse_internal.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static struct ast_value *line_value(struct parser *parser, struct ast_line *line)
{
	return add_value(parser, &line->values, &line->n_values);
}

/* "scenario" STRING | "about" STRING */
bool parse_title(struct parser *parser, struct ast_line *line)
{
	if (parser->next->kind != TOK_STRING)
		return parse_expected(parser, "a string", NULL);
	*line_value(parser, line) = value_of_token(take(parser));
	return true;
}

/* "rfc" NUMBER [ SECTION ]; a section is a word even where it looks like a number */
bool parse_rfc(struct parser *parser, struct ast_line *line)
{
	if (parser->next->kind != TOK_NUMBER)
		return parse_expected(parser, "the number of an RFC", NULL);
	*line_value(parser, line) = value_of_token(take(parser));
	if (parser->next->kind == TOK_NUMBER || parser->next->kind == TOK_WORD) {
		struct ast_value *section = line_value(parser, line);

		*section = value_of_token(take(parser));
		section->kind = VAL_WORD;
	}
	return true;
}

/* "tags" WORD { WORD } */
bool parse_tags(struct parser *parser, struct ast_line *line)
{
	if (parser->next->kind != TOK_WORD)
		return parse_expected(parser, "a tag", NULL);
	while (parser->next->kind == TOK_WORD)
		*line_value(parser, line) = value_of_token(take(parser));
	return true;
}

/* "host" NAME ( "kernel" | "crafted" [ "owned" ] ) */
bool parse_host(struct parser *parser, struct ast_line *line)
{
	static const char *const kinds[] = { "kernel", "crafted", NULL };

	if (!parse_name(parser, "a host's name", &line->word))
		return false;
	for (int i = 0; i < 2; i++) {
		if (parser->hosts[i].text)
			continue;
		parser->hosts[i] = line->word;
		break;
	}
	if (!parse_choice(parser, kinds, &line->other))
		return false;
	if (!parser->kernel && strcmp(line->other.text, "kernel") == 0)
		parser->kernel = line->word.text;
	if (line->other.text && strcmp(line->other.text, "crafted") == 0 &&
	    at_word(parser, "owned"))
		line->key = word_of(take(parser));
	return true;
}

/* ipversion = "4" | "6" | "mapped" */
static bool parse_ip_version(struct parser *parser, struct ast_line *line)
{
	const struct token *token = parser->next;
	bool number = token->kind == TOK_NUMBER && (token->number == 4 || token->number == 6);

	if (!number && !at_word(parser, "mapped"))
		return parse_expected(parser, line->n_values ? "4, 6 or mapped"
							     : "both, 4, 6 or mapped", NULL);
	*line_value(parser, line) = value_of_token(take(parser));
	return true;
}

/* "ip" ( "both" | ipversion { "," ipversion } ) */
bool parse_ip(struct parser *parser, struct ast_line *line)
{
	if (at_word(parser, "both")) {
		*line_value(parser, line) = value_of_token(take(parser));
		return true;
	}
	do {
		if (!parse_ip_version(parser, line))
			return false;
	} while (take_kind(parser, TOK_COMMA));
	return true;
}

/* "sysctl net.ipv4.tcp_ecn = 1", as sysctl(8) has it */
static bool sysctl_of_whom(struct parser *parser)
{
	const struct token *key = parser->next;
	const char *host = parser->kernel ? parser->kernel : "HOST";

	return parse_fail(parser, key,
			  arena_printf(parser->arena, "its host stands before it: sysctl %.40s %.80s = ...",
				       host, key->text),
			  "expected a host after 'sysctl'");
}

/* "sysctl" HOST KEY "=" value { value } */
bool parse_sysctl(struct parser *parser, struct ast_line *line)
{
	if (parser->next->kind == TOK_WORD && parser->next[1].kind == TOK_EQUALS)
		return sysctl_of_whom(parser);
	if (!parse_name(parser, "a host", &line->word) ||
	    !parse_name(parser, "a sysctl's key", &line->key))
		return false;
	if (!take_kind(parser, TOK_EQUALS))
		return parse_expected(parser, "'='", NULL);
	do {
		if (!parse_value(parser, line_value(parser, line)))
			return false;
	} while (!at_line_end(parser));
	return true;
}

/* "mtu" NUMBER */
static bool parse_link_mtu(struct parser *parser, struct ast_value **out)
{
	if (parser->next->kind != TOK_NUMBER || parser->next->number < 0)
		return parse_expected(parser, "a number", NULL);
	*out = arena_alloc(parser->arena, sizeof(**out));
	**out = value_of_token(take(parser));
	return true;
}

/* "mtu" NUMBER | "delay" DURATION | "offload" ( "on" | "off" ) */
static bool parse_link_field(struct parser *parser, struct ast_line *line)
{
	static const char *const fields[] = { "mtu", "delay", "offload", NULL };
	static const char *const states[] = { "on", "off", NULL };
	const struct token *start = parser->next;
	struct ast_word field;

	if (start->kind == TOK_WORD && foreign_remedy(FOREIGN_LINK, start->text))
		return parse_fail(parser, start, foreign_remedy(FOREIGN_LINK, start->text),
				  "unknown part of the link: %s", token_shown(parser, start));
	if (!parse_choice(parser, fields, &field))
		return false;
	if ((*field.text == 'm' && line->mtu) || (*field.text == 'd' && line->delay) ||
	    (*field.text == 'o' && line->other.text))
		return parse_fail(parser, start, "each may be written once", "duplicate '%s'",
				  field.text);
	if (*field.text == 'm')
		return parse_link_mtu(parser, &line->mtu);
	if (*field.text == 'o')
		return parse_choice(parser, states, &line->other);
	line->delay = arena_alloc(parser->arena, sizeof(*line->delay));
	return parse_duration_value(parser, line->delay);
}

/* "link" { "mtu" NUMBER | "delay" DURATION | "offload" ( "on" | "off" ) } */
bool parse_link(struct parser *parser, struct ast_line *line)
{
	do {
		if (!parse_link_field(parser, line))
			return false;
	} while (!at_line_end(parser));
	return true;
}

/* "patience" DURATION | "wait" DURATION */
bool parse_one_duration(struct parser *parser, struct ast_line *line)
{
	return parse_duration_value(parser, line_value(parser, line));
}

/* "tolerance" ( DURATION | "exact" ) */
bool parse_tolerance(struct parser *parser, struct ast_line *line)
{
	if (!at_word(parser, "exact"))
		return parse_one_duration(parser, line);
	*line_value(parser, line) = value_of_token(take(parser));
	return true;
}

/* ---- kernel versions ---- */

/* Read "6.12" or "6" exactly: as a fraction, 6.12 would come before 6.2. */
static bool read_version(const char *text, int version[2])
{
	for (int part = 0; part < 2; part++) {
		char *end;
		long number = strtol(text, &end, 10);

		if (!isdigit((unsigned char)*text) || number > INT_MAX)
			return false;
		version[part] = (int)number;
		if (*end == '\0')
			return true;
		if (*end != '.')
			return false;
		text = end + 1;
	}
	return false;
}

/* VERSION = N [ "." N ] */
static bool parse_version(struct parser *parser, int version[2])
{
	const struct token *token = parser->next;

	if (token->kind != TOK_NUMBER && token->kind != TOK_WORD)
		return parse_expected(parser, "a kernel version", NULL);
	if (!read_version(token->text, version))
		return parse_fail(parser, token, "major.minor, as in 6.5",
				  "bad kernel version %s", token_shown(parser, token));
	take(parser);
	return true;
}

/* COMPARE VERSION */
bool parse_kernel(struct parser *parser, struct ast_line *line)
{
	if (parser->next->kind == TOK_EQUALS)
		return parse_fail(parser, parser->next, "equality is '=='", "unexpected '='");
	line->compare = parser->next->compare;
	if (!take_kind(parser, TOK_COMPARE))
		return parse_expected(parser, "a comparison", "one of: >= <= > < == !=");
	return parse_version(parser, line->version);
}

/* "needs" "kernel" COMPARE VERSION */
bool parse_needs(struct parser *parser, struct ast_line *line)
{
	return parse_keyword(parser, "kernel") && parse_kernel(parser, line);
}

/* "for" NAME "in" value { "," value } */
bool parse_for(struct parser *parser, struct ast_line *line)
{
	struct for_line header = { 0 };

	if (!parse_for_header(parser, &header))
		return false;
	line->key = header.name;
	for (size_t i = 0; i < header.n_values; i++)
		*line_value(parser, line) = value_of_token(&header.values[i]);
	return true;
}
