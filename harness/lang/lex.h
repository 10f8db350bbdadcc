/* lex: bytes to tokens.
 *
 * A scenario is lines of tokens. '#' starts a comment. Newlines are tokens,
 * since a line is a sentence. A line is continued on the next one by a comma
 * or a '\' at its end. The lexer accepts any bytes: what is no token becomes an
 * error with its place, and lexing goes on after it.
 *
 * Parameters ($how) are replaced here, before anybody reads the line: the token
 * of the parameter's value stands in their place, with the span of the '$how'.
 * In a "string" the value's text does.
 */
#ifndef TCPSCEN_LANG_LEX_H
#define TCPSCEN_LANG_LEX_H

#include "base/arena.h"
#include "base/compare.h"
#include "base/diag.h"

#include <stdbool.h>
#include <stdint.h>

enum token_kind {
	TOK_NEWLINE,
	TOK_END,      /* end of the file */
	TOK_WORD,     /* SYN-ACK, client, net.ipv4.tcp_fin_timeout, SHUT_WR; of those that begin
	                 with a digit: 3rd, 6.5, 3.10.7.4 and hexadecimal digits, 0a */
	TOK_NUMBER,   /* 1, 0xfff0 */
	TOK_DURATION, /* 20ms, 1.5s, 2h; also +-20ms as TOK_PLUS_MINUS then this */
	TOK_STRING,   /* "…" with C escapes, or """ … """ verbatim */
	TOK_PARAM,    /* $how; never left over after substitution */
	TOK_ARROW,    /* -> */
	TOK_COLON,
	TOK_COMMA,
	TOK_SLASH,
	TOK_PLUS,
	TOK_MINUS,
	TOK_PLUS_MINUS, /* +- */
	TOK_PIPE,     /* | */
	TOK_EQUALS,   /* = */
	TOK_COMPARE,  /* >= <= > < == != */
	TOK_RANGE,    /* .. */
	TOK_ELLIPSIS, /* ... */
	TOK_BAD,      /* no token; its error was reported when it was read */
};

struct token {
	enum token_kind kind;
	bool spaced;         /* white space stands before it */
	struct span span;
	const char *text;    /* words, numbers, durations: as written; strings: the decoded bytes;
	                        parameters: the name. NUL-terminated. Others: NULL */
	size_t len;          /* bytes of text */
	const size_t *names; /* TOK_STRING: where in text a '$' and a name stand, unescaped */
	size_t n_names;
	int64_t number;      /* TOK_NUMBER: 0 … 2^63-1, below 0 only as a parameter's value;
	                        TOK_DURATION: ns */
	enum compare compare; /* TOK_COMPARE */
};

struct tokens {
	struct token *items; /* ends with TOK_NEWLINE, TOK_END */
	size_t count;
};

/* A parameter and the token it stands for. */
struct binding {
	const char *name;
	struct token value;
};

/* The whole source as tokens; errors go to @diags. */
struct tokens lex(struct arena *arena, const struct source *source, struct diags *diags);

/* Lex @text (a command line's -D value, say) as one value token.
 * Return: false when it is not exactly one word, number, duration or string. */
bool lex_value(struct arena *arena, const char *text, struct token *out);

/* @tokens with each $name replaced; a copy where there are any. An unknown $name is
 * an error; in a string it stays, for it may be a shell's. */
struct tokens lex_substitute(struct arena *arena, const struct source *source,
			     const struct tokens *tokens, const struct binding *bindings,
			     size_t n_bindings, struct diags *diags);

#endif
