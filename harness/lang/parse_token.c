/* parse_token: taking tokens, and saying what stands there instead. */
#include "lang/parse_internal.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 40 }; /* bytes of a token that a message repeats */
enum { ROWS_MAX = 64 }; /* of a table of words */
enum { DAYS_MAX = 30 }; /* of a duration: docs/language.md, 1 */

#define DURATION_HELP "a duration has a unit: ns, us, ms, s, min or h"

/* ---- looking and taking ---- */

bool token_is_word(const struct token *token, const char *word)
{
	return token->kind == TOK_WORD && strcmp(token->text, word) == 0;
}

bool at_word(const struct parser *parser, const char *word)
{
	return token_is_word(parser->next, word);
}

bool take_word(struct parser *parser, const char *word)
{
	if (!at_word(parser, word))
		return false;
	take(parser);
	return true;
}

bool take_kind(struct parser *parser, enum token_kind kind)
{
	if (parser->next->kind != kind)
		return false;
	take(parser);
	return true;
}

struct span span_since(const struct parser *parser, const struct token *start)
{
	const struct token *last = parser->next > start ? parser->next - 1 : start;

	return (struct span){ start->span.start,
			      last->span.start + last->span.len - start->span.start };
}

/* ---- errors ---- */

const char *token_shown(struct parser *parser, const struct token *token)
{
	const char *text = parser->source->text + token->span.start;
	size_t len = token->span.len;

	switch (token->kind) {
	case TOK_NEWLINE:
	case TOK_END:
		return "the end of the line";
	case TOK_STRING:
		return "the string";
	case TOK_WORD:
	case TOK_NUMBER:
	case TOK_DURATION: /* a parameter's value is shown, not its name */
		text = token->text;
		len = token->len;
		break;
	case TOK_PARAM:
	case TOK_ARROW:
	case TOK_COLON:
	case TOK_COMMA:
	case TOK_SLASH:
	case TOK_PLUS:
	case TOK_MINUS:
	case TOK_PLUS_MINUS:
	case TOK_PIPE:
	case TOK_EQUALS:
	case TOK_COMPARE:
	case TOK_RANGE:
	case TOK_ELLIPSIS:
	case TOK_BAD:
		break;
	}
	return arena_printf(parser->arena, "'%.*s%s'", len > SHOWN ? SHOWN : (int)len, text,
			    len > SHOWN ? "..." : "");
}

/* A comma and the end of its line stand between these two tokens. */
static bool goes_on(const struct parser *parser, const struct token *comma)
{
	return comma->kind == TOK_COMMA && source_line(parser->source, comma->span.start) !=
						   source_line(parser->source, comma[1].span.start);
}

/* A list goes on behind its last comma, on the next line too. By mistake, perhaps: then
 * the error is in that line's first words. */
static bool behind_last_comma(const struct parser *parser, const struct token *at)
{
	return (at >= parser->first + 1 && goes_on(parser, at - 1)) ||
	       (at >= parser->first + 2 && goes_on(parser, at - 2));
}

static void report(struct parser *parser, struct span span, const char *help, const char *format,
		   va_list args)
{
	char message[256];

	parser->failed = true;
	vsnprintf(message, sizeof(message), format, args);
	diag_error(parser->diags, parser->source, span, "%s", message);
	if (help)
		diag_help(parser->diags, "%s", help);
	else if (parser->verb)
		diag_help(parser->diags, "write: %s", parser->verb->usage);
}

bool parse_fail_span(struct parser *parser, struct span span, const char *help,
		     const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(parser, span, help, format, args);
	va_end(args);
	return false;
}

bool parse_fail(struct parser *parser, const struct token *at, const char *help,
		const char *format, ...)
{
	va_list args;

	if (at->kind == TOK_BAD) {
		parser->failed = true;
		return false;
	}
	if (behind_last_comma(parser, at))
		help = "a line that ends with ',' goes on in the next";
	va_start(args, format);
	report(parser, at->span, help, format, args);
	va_end(args);
	return false;
}

bool parse_expected(struct parser *parser, const char *what, const char *help)
{
	const struct token *at = parser->next;

	if (at == parser->first)
		return parse_fail(parser, at, help, "expected %s", what);
	return parse_fail(parser, at, help, "expected %s after %s", what,
			  token_shown(parser, at - 1));
}

const char *did_you_mean(struct parser *parser, const char *word, const char *const *known)
{
	const char *nearest = strlen(word) <= SHOWN ? nearest_word(word, known) : NULL;

	return nearest ? arena_printf(parser->arena, "did you mean '%s'?", nearest) : NULL;
}

const char *nearest_row(struct parser *parser, const struct token *token, const void *rows,
			size_t size)
{
	const char *words[ROWS_MAX + 1] = { NULL };
	const char *row = rows;

	if (token->kind != TOK_WORD)
		return NULL;
	for (int i = 0; i < ROWS_MAX; i++, row += size) {
		words[i] = *(const char *const *)row;
		if (!words[i])
			break;
	}
	return did_you_mean(parser, token->text, words);
}

const char *foreign_or_nearest(struct parser *parser, enum foreign_place place,
			       const struct token *token, const void *rows, size_t size)
{
	const char *foreign =
		token->kind == TOK_WORD ? foreign_remedy(place, token->text) : NULL;

	return foreign ? foreign : nearest_row(parser, token, rows, size);
}

bool parse_line_end(struct parser *parser)
{
	if (at_line_end(parser))
		return true;
	return parse_fail(parser, parser->next, NULL, "unexpected %s after the end of the sentence",
			  token_shown(parser, parser->next));
}

/* ---- words ---- */

bool is_host(const struct parser *parser, const struct token *token)
{
	for (int i = 0; i < 2; i++)
		if (parser->hosts[i].text && token_is_word(token, parser->hosts[i].text))
			return true;
	return false;
}

struct ast_word word_of(const struct token *token)
{
	return (struct ast_word){ token->text, token->span };
}

/* Any word. @what: "a host", say, for the message. */
bool parse_name(struct parser *parser, const char *what, struct ast_word *out)
{
	if (parser->next->kind != TOK_WORD)
		return parse_expected(parser, what, NULL);
	*out = word_of(take(parser));
	return true;
}

bool parse_keyword(struct parser *parser, const char *word)
{
	if (take_word(parser, word))
		return true;
	return parse_expected(parser, arena_printf(parser->arena, "'%s'", word), NULL);
}

/* "a, b or c" */
static const char *choices_shown(struct parser *parser, const char *const *choices)
{
	const char *text = *choices;

	while (*++choices)
		text = arena_printf(parser->arena, "%s%s%s", text, choices[1] ? ", " : " or ",
				    *choices);
	return text;
}

/* One of the words @choices (NULL-terminated). */
bool parse_choice(struct parser *parser, const char *const *choices, struct ast_word *out)
{
	const struct token *token = parser->next;
	const char *help = NULL;

	if (token->kind == TOK_WORD) {
		for (const char *const *choice = choices; *choice; choice++) {
			if (strcmp(*choice, token->text) != 0)
				continue;
			*out = word_of(take(parser));
			return true;
		}
		help = did_you_mean(parser, token->text, choices);
	}
	return parse_expected(parser, choices_shown(parser, choices), help);
}

/* ---- numbers ---- */

bool parse_number(struct parser *parser, const char *what, int64_t *out)
{
	if (parser->next->kind != TOK_NUMBER || parser->next->number < 0)
		return parse_expected(parser, what, NULL);
	*out = take(parser)->number;
	return true;
}

/* Digits, or digits with a fraction: what a unit may be stuck to. */
static bool is_decimal(const char *text)
{
	static const char digits[] = "0123456789";
	size_t whole = strspn(text, digits);
	size_t fraction = text[whole] == '.' ? strspn(text + whole + 1, digits) : 0;

	return whole && whole <= SHOWN && !text[whole + (fraction ? 1 + fraction : 0)];
}

/* "30d": the lexer takes it for hexadecimal digits. Return: how many days, or 0. */
static long days(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits <= 2 && strcmp(text + digits, "d") == 0 ? strtol(text, NULL, 10) : 0;
}

static const char *unit_remedy(struct parser *parser, const struct token *number)
{
	static const char *const units[] = { "ns", "us", "ms", "s", "min", "h" };

	if (days(number->text) > 0 && days(number->text) <= DAYS_MAX)
		return arena_printf(parser->arena, "write %ldh; " DURATION_HELP,
				    24 * days(number->text));
	if (!is_decimal(number->text))
		return "a duration is decimal digits and ns, us, ms, s, min or h: 20ms, 1.5s";
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (token_is_word(number + 1, units[i]) && (i || !strchr(number->text, '.')))
			return arena_printf(parser->arena, "write %.*s%s", SHOWN, number->text,
					    units[i]);
	return arena_printf(parser->arena, "write %.*ss, %.*sms or the like", SHOWN, number->text,
			    SHOWN, number->text);
}

bool parse_duration(struct parser *parser, int64_t *ns)
{
	const struct token *token = parser->next;

	if (token->kind == TOK_DURATION) {
		*ns = take(parser)->number;
		return true;
	}
	if (token->kind == TOK_NUMBER ||
	    (token->kind == TOK_WORD && isdigit((unsigned char)*token->text)))
		return parse_fail(parser, token, unit_remedy(parser, token),
				  is_decimal(token->text) ? "duration %s has no unit"
							  : "bad duration %s",
				  token_shown(parser, token));
	return parse_expected(parser, "a duration", DURATION_HELP);
}

/* ---- hexadecimal digits ---- */

static int digit_value(char digit)
{
	return isdigit((unsigned char)digit) ? digit - '0' : (digit | 0x20) - 'a' + 10;
}

/* Is the token made of hexadecimal digits only? The lexer calls it a number or a word. */
static bool is_hex(const struct token *token)
{
	return (token->kind == TOK_NUMBER || token->kind == TOK_WORD) &&
	       strspn(token->text, "0123456789abcdefABCDEF") == token->len;
}

/* BYTE { BYTE }: all the two-digit tokens that follow. */
bool parse_hex(struct parser *parser, const char **data, size_t *len)
{
	const char *help = "two hexadecimal digits a byte: hex 0d 0a";
	char *bytes = NULL;

	*len = 0;
	while (is_hex(parser->next) || parser->next->kind == TOK_NUMBER) {
		const struct token *token = parser->next;

		if (!is_hex(token) || token->len != 2)
			return parse_fail(parser, token, help, "%s is no byte",
					  token_shown(parser, token));
		bytes = arena_grow(parser->arena, bytes, *len, 1);
		bytes[(*len)++] = (char)(digit_value(token->text[0]) << 4 |
					 digit_value(token->text[1]));
		take(parser);
	}
	if (*len == 0)
		return parse_expected(parser, "bytes", help);
	*data = bytes;
	return true;
}
