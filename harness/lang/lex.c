/* lex: see lex.h.
 *
 * One pass, one function a kind of token. Blank lines and comments leave nothing
 * behind: each TOK_NEWLINE ends a line that has tokens. An error takes the place
 * of the token it was found in (TOK_BAD), so that the parser, which accepts it
 * nowhere, gives up that line without reporting the same mistake again.
 */
#include "lang/lex_internal.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Longer signs stand before those they begin with. */
static const struct sign {
	const char *text;
	enum token_kind kind;
	enum compare compare;
} signs[] = {
	{ "...", TOK_ELLIPSIS, 0 },    { "..", TOK_RANGE, 0 },
	{ "->", TOK_ARROW, 0 },        { "+-", TOK_PLUS_MINUS, 0 },
	{ ">=", TOK_COMPARE, CMP_GE }, { "<=", TOK_COMPARE, CMP_LE },
	{ "==", TOK_COMPARE, CMP_EQ }, { "!=", TOK_COMPARE, CMP_NE },
	{ ">", TOK_COMPARE, CMP_GT },  { "<", TOK_COMPARE, CMP_LT },
	{ ":", TOK_COLON, 0 },         { ",", TOK_COMMA, 0 },
	{ "/", TOK_SLASH, 0 },         { "+", TOK_PLUS, 0 },
	{ "-", TOK_MINUS, 0 },         { "|", TOK_PIPE, 0 },
	{ "=", TOK_EQUALS, 0 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool is_word_byte(char byte)
{
	return isalnum((unsigned char)byte) || byte == '_';
}

void lex_fail(struct lexer *lexer, size_t start, size_t len, const char *help, const char *format,
	      ...)
{
	char message[256];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	diag_error(lexer->diags, lexer->source, (struct span){ start, len }, "%s", message);
	if (help)
		diag_help(lexer->diags, "%s", help);
}

/* ---- between tokens ---- */

static bool last_is(const struct lexer *lexer, enum token_kind kind)
{
	size_t count = lexer->tokens.count;

	return count && lexer->tokens.items[count - 1].kind == kind;
}

/* Length of "\" with the end of its line, or 0. A comment may stand between. */
static size_t continuation_len(const char *text)
{
	size_t len = 1 + strspn(text + 1, " \t\r");

	if (text[len] == '#')
		len += strcspn(text + len, "\n");
	return text[len] == '\n' ? len + 1 : 0;
}

/* Length of what separates tokens without being one, from lexer->at; 0 if nothing does. */
static size_t blank_len(const struct lexer *lexer)
{
	const char *text = lexer->source->text + lexer->at;

	switch (*text) {
	case ' ':
	case '\t':
		return 1;
	case '\r':
		return text[1] == '\n';
	case '#':
		return strcspn(text, "\n");
	case '\\':
		return continuation_len(text);
	case '\n': /* a list goes on; an empty line says nothing */
		return last_is(lexer, TOK_COMMA) || last_is(lexer, TOK_NEWLINE) ||
		       !lexer->tokens.count;
	}
	return 0;
}

static bool skip_blanks(struct lexer *lexer)
{
	size_t before = lexer->at;

	for (size_t len; (len = blank_len(lexer)) > 0;)
		lexer->at += len;
	return lexer->at > before;
}

/* ---- tokens ---- */

/* Length of the run of word bytes, with those of @joints that stand between two of them. */
static size_t word_len(const char *text, const char *joints)
{
	size_t len = 0;

	while (is_word_byte(text[len]) ||
	       (text[len] && strchr(joints, text[len]) && is_word_byte(text[len + 1])))
		len++;
	return len;
}

static void take_text(struct lexer *lexer, struct token *token, size_t len)
{
	token->text = arena_strndup(lexer->arena, lexer->source->text + lexer->at, len);
	token->len = len;
	lexer->at += len;
}

static void lex_word(struct lexer *lexer, struct token *token)
{
	token->kind = TOK_WORD;
	take_text(lexer, token, word_len(lexer->source->text + lexer->at, "-."));
}

/* parameter = "$" NAME; without '-' and '.', so that `$low..$high` and `$a-1` are three tokens */
static void lex_param(struct lexer *lexer, struct token *token)
{
	size_t len = word_len(lexer->source->text + lexer->at + 1, "");

	token->kind = TOK_PARAM;
	lexer->at++;
	if (len) {
		take_text(lexer, token, len);
		return;
	}
	token->kind = TOK_BAD;
	lex_fail(lexer, lexer->at - 1, 1, "a parameter is '$' and the name of a 'for' line",
		 "expected a name after '$'");
}

static bool lex_sign(struct lexer *lexer, struct token *token)
{
	const char *text = lexer->source->text + lexer->at;

	for (size_t i = 0; i < COUNT(signs); i++) {
		size_t len = strlen(signs[i].text);

		if (strncmp(text, signs[i].text, len) != 0)
			continue;
		token->kind = signs[i].kind;
		token->compare = signs[i].compare;
		lexer->at += len;
		return true;
	}
	return false;
}

static void lex_token(struct lexer *lexer, struct token *token)
{
	char first = lexer->source->text[lexer->at];

	if (first == '\n') {
		token->kind = TOK_NEWLINE;
		lexer->at++;
	} else if (isalpha((unsigned char)first)) {
		lex_word(lexer, token);
	} else if (isdigit((unsigned char)first)) {
		lex_numeral(lexer, token);
	} else if (first == '"') {
		lex_string(lexer, token);
	} else if (first == '$') {
		lex_param(lexer, token);
	} else if (!lex_sign(lexer, token)) {
		lex_stray(lexer, token);
	}
}

/* ---- the whole ---- */

static void add_token(struct lexer *lexer, const struct token *token)
{
	struct tokens *tokens = &lexer->tokens;

	tokens->items = arena_grow(lexer->arena, tokens->items, tokens->count, sizeof(*token));
	tokens->items[tokens->count++] = *token;
}

/* The line's end has its place right behind the last token, where something is missing. */
static struct span end_of_line(const struct lexer *lexer)
{
	size_t count = lexer->tokens.count;
	struct span last = count ? lexer->tokens.items[count - 1].span : (struct span){ 0, 0 };

	return (struct span){ last.start + last.len, 0 };
}

static void add_end(struct lexer *lexer)
{
	struct token newline = { .kind = TOK_NEWLINE, .span = end_of_line(lexer) };
	struct token end = { .kind = TOK_END, .span = { lexer->source->len, 0 } };

	if (!last_is(lexer, TOK_NEWLINE))
		add_token(lexer, &newline);
	add_token(lexer, &end);
}

struct tokens lex(struct arena *arena, const struct source *source, struct diags *diags)
{
	struct lexer lexer = { .arena = arena, .source = source, .diags = diags };

	if (!lex_check_text(&lexer)) {
		add_token(&lexer, &(struct token){ .kind = TOK_BAD });
		add_end(&lexer);
		return lexer.tokens;
	}
	if (strncmp(source->text, "\xef\xbb\xbf", 3) == 0)
		lexer.at = 3; /* the byte order mark of some editors */
	for (;;) {
		struct token token = { .spaced = skip_blanks(&lexer) };

		if (lexer.at >= source->len)
			break;
		token.span.start = lexer.at;
		lex_token(&lexer, &token);
		token.span.len = lexer.at - token.span.start;
		if (token.kind == TOK_NEWLINE)
			token.span = end_of_line(&lexer);
		add_token(&lexer, &token);
	}
	add_end(&lexer);
	return lexer.tokens;
}
