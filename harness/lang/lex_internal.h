/* lex_internal: what the files of the lexer share; nobody else includes it. */
#ifndef TCPSCEN_LANG_LEX_INTERNAL_H
#define TCPSCEN_LANG_LEX_INTERNAL_H

#include "lang/lex.h"

struct lexer {
	struct arena *arena;
	const struct source *source;
	struct diags *diags;
	size_t at; /* the next byte; the text ends with a NUL and holds no other */
	struct tokens tokens;
};

/* A letter, a digit or '_': what words and numerals are made of. */
bool is_word_byte(char byte);

/* The parameter in a string: "$name" or "${name}" at @text.
 * Return: its length, or 0 when there is none. @name points into @text. */
size_t lex_param_len(const char *text, const char **name, size_t *name_len);

/* Report an error at @len bytes from @start. @help may be NULL. */
void lex_fail(struct lexer *lexer, size_t start, size_t len, const char *help, const char *format,
	      ...) __attribute__((format(printf, 5, 6)));

/* Each reads the token that begins at lexer->at: kind, text, len and number are
 * set, lexer->at is moved behind it. What is wrong is reported and TOK_BAD. */
void lex_numeral(struct lexer *lexer, struct token *token);
void lex_string(struct lexer *lexer, struct token *token);

/* A character that begins no token, likewise: the rest of the line would be guesswork. */
void lex_stray(struct lexer *lexer, struct token *token);

/* Report NUL bytes and invalid UTF-8. Return: false when this is no text at all. */
bool lex_check_text(struct lexer *lexer);

/* Length of the valid UTF-8 sequence at @text (1 … 4), or 0. */
size_t lex_utf8_len(const char *text);

#endif
