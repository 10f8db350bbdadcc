/* parse_internal: what the files of the parser share; nobody else includes it.
 *
 * A parsing function takes the tokens of its production and returns true, or
 * reports one error and returns false; then the whole line is given up and
 * parsing goes on with the next. Thus each mistake is reported once.
 */
#ifndef TCPSCEN_LANG_PARSE_INTERNAL_H
#define TCPSCEN_LANG_PARSE_INTERNAL_H

#include "lang/foreign.h"
#include "lang/parse.h"

#include <stddef.h>

struct verb;

struct parser {
	struct arena *arena;
	const struct source *source;
	const struct token *next; /* ends with TOK_NEWLINE, TOK_END */
	const struct token *first; /* of the line */
	struct diags *diags;
	const struct verb *verb;  /* of the line; NULL: unknown */
	int depth;                /* of blocks */
	bool failed;              /* some line was in error */
	bool unclosed;            /* a block without `end` was reported */
	enum field_place place;   /* what the line's fields are of */
	const char *kernel;       /* the first host that is one, or NULL: for the remedies */
	struct ast_word hosts[2]; /* declared so far, for the remedies */
};

/* What may stand among a packet's fields, by verb. */
enum extra {
	EXTRA_BY = 1 << 0,      /* delay … by DURATION */
	EXTRA_AS = 1 << 1,      /* hold … as NAME */
	EXTRA_TRIGGER = 1 << 2, /* inject … after FIN from HOST */
	EXTRA_CHANGE = 1 << 3,  /* rewrite …: the last field is the new one */
	EXTRA_ALL = 1 << 4,     /* drop all …: a standing rule */
	EXTRA_TOP = 1 << 5,     /* a scene line that no block may hold */
};

/* A verb of the language. A new one needs a row in the table of parse.c. */
struct verb {
	const char *word;
	enum ast_line_kind kind;
	bool (*parse)(struct parser *parser, struct ast_line *line); /* what follows the word */
	unsigned extras;
	const char *usage; /* the remedy where there is no better one */
};

/* ---- tokens (parse_token.c) ---- */

static inline const struct token *take(struct parser *parser)
{
	return parser->next++;
}

bool at_word(const struct parser *parser, const char *word);
bool token_is_word(const struct token *token, const char *word);
static inline bool at_line_end(const struct parser *parser)
{
	return parser->next->kind == TOK_NEWLINE || parser->next->kind == TOK_END;
}

bool take_word(struct parser *parser, const char *word);
bool take_kind(struct parser *parser, enum token_kind kind);

/* The bytes from @start to the end of the last token taken. */
struct span span_since(const struct parser *parser, const struct token *start);

/* Report an error at @at, one of the parser's tokens; nothing when the lexer did so
 * already (TOK_BAD). @help: the remedy; NULL: the verb's usage. Return: false. */
bool parse_fail(struct parser *parser, const struct token *at, const char *help,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same at any place. */
bool parse_fail_span(struct parser *parser, struct span span, const char *help,
		     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* "expected @what after …" at the next token. Return: false. */
bool parse_expected(struct parser *parser, const char *what, const char *help);

/* How a message repeats a token: 'SYN', "the string", "the end of the line". */
const char *token_shown(struct parser *parser, const struct token *token);

/* "did you mean 'x'?", or NULL when @word is near to none of @known. */
const char *did_you_mean(struct parser *parser, const char *word, const char *const *known);

/* The same with the words of a table: @rows of @size bytes, each beginning with
 * its word, the last one with NULL. @token must be a word, else NULL. */
const char *nearest_row(struct parser *parser, const struct token *token, const void *rows,
			size_t size);

/* The same, but first the remedy for a word of other tools. */
const char *foreign_or_nearest(struct parser *parser, enum foreign_place place,
			       const struct token *token, const void *rows, size_t size);

/* Is it the name of a host that has been declared? */
bool is_host(const struct parser *parser, const struct token *token);

struct ast_word word_of(const struct token *token);
bool parse_name(struct parser *parser, const char *what, struct ast_word *out);
bool parse_keyword(struct parser *parser, const char *word);
bool parse_choice(struct parser *parser, const char *const *choices, struct ast_word *out);
bool parse_number(struct parser *parser, const char *what, int64_t *out);
bool parse_duration(struct parser *parser, int64_t *ns);
bool parse_hex(struct parser *parser, const char **data, size_t *len);
bool parse_line_end(struct parser *parser);

/* ---- values (parse_value.c) ---- */

bool parse_value(struct parser *parser, struct ast_value *out);
bool parse_endpoint(struct parser *parser, const char *what, struct ast_value *out);
bool parse_duration_value(struct parser *parser, struct ast_value *out);
bool parse_for_header(struct parser *parser, struct for_line *out);
struct ast_value value_of_token(const struct token *token);
struct ast_value *add_value(struct parser *parser, struct ast_value **values, size_t *count);

/* ---- time (parse_time.c) ---- */

bool at_time(const struct parser *parser);
bool parse_time(struct parser *parser, struct ast_time *out);

/* ---- packets (parse_packet.c, parse_clause.c, parse_option.c) ---- */

bool parse_pattern(struct parser *parser, bool rule, struct ast_packet *out);
bool parse_clause(struct parser *parser, struct ast_packet *packet);
/* '=' stands behind the word of a field or an option; @number: of one that takes a number.
 * Return: false. */
bool refuse_equals(struct parser *parser, bool number);
bool is_ordinal(const struct token *token);
bool parse_options(struct parser *parser, struct ast_clause *out);
bool check_clauses_once(struct parser *parser, const struct ast_packet *packet);

/* ---- lines (parse_scene.c, parse_wire.c, parse_probe.c) ---- */

bool parse_title(struct parser *parser, struct ast_line *line);
bool parse_rfc(struct parser *parser, struct ast_line *line);
bool parse_tags(struct parser *parser, struct ast_line *line);
bool parse_host(struct parser *parser, struct ast_line *line);
bool parse_ip(struct parser *parser, struct ast_line *line);
bool parse_sysctl(struct parser *parser, struct ast_line *line);
bool parse_link(struct parser *parser, struct ast_line *line);
bool parse_tolerance(struct parser *parser, struct ast_line *line);
bool parse_one_duration(struct parser *parser, struct ast_line *line);
bool parse_needs(struct parser *parser, struct ast_line *line);
bool parse_for(struct parser *parser, struct ast_line *line);
bool parse_kernel(struct parser *parser, struct ast_line *line);

bool parse_packet_line(struct parser *parser, struct ast_line *line);
bool parse_rule_line(struct parser *parser, struct ast_line *line);
bool parse_release(struct parser *parser, struct ast_line *line);
bool parse_cut(struct parser *parser, struct ast_line *line);
bool parse_mend(struct parser *parser, struct ast_line *line);
bool parse_establish(struct parser *parser, struct ast_line *line);

bool parse_probe(struct parser *parser, struct ast_line *line);

#endif
