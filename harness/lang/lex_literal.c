/* lex_literal: numbers, durations and strings, and whether a file is text.
 *
 * Whatever begins with a digit is one run of word bytes and inner dots, and is
 * then told apart: 80, 0x1f, 20ms, 1.5s; and as words 3rd, 6.5, 3.10.7.4, 0a.
 */
#include "lang/lex_internal.h"

#include "base/clock.h"

#include <ctype.h>
#include <string.h>

enum { SHOWN = 40 }; /* bytes of a faulty token that a message repeats */

#define NUMBER_HELP "a number is decimal digits, or 0x and hexadecimal ones"
#define DURATION_HELP "a duration ends in ns, us, ms, s, min or h"
#define ESCAPE_HELP "escapes are \\n \\r \\t \\0 \\\\ \\\" \\$ and \\xHH"

/* ---- numerals ---- */

static const struct unit {
	const char *name;
	int64_t ns;
} units[] = {
	{ "ns", 1 },
	{ "us", NS_PER_US },
	{ "ms", NS_PER_MS },
	{ "s", NS_PER_S },
	{ "min", 60 * NS_PER_S },
	{ "h", 3600 * NS_PER_S },
	{ NULL, 0 },
};

static const struct unit *unit_named(const char *name)
{
	const struct unit *unit = units;

	while (unit->name && strcmp(unit->name, name) != 0)
		unit++;
	return unit->name ? unit : NULL;
}

static int digit_value(char digit)
{
	return isdigit((unsigned char)digit) ? digit - '0' : (digit | 0x20) - 'a' + 10;
}

/* Return: false when the @len digits are more than an int64_t holds. */
static bool read_digits(const char *digits, size_t len, int base, int64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < len; i++)
		if (__builtin_mul_overflow(*number, base, number) ||
		    __builtin_add_overflow(*number, digit_value(digits[i]), number))
			return false;
	return true;
}

/* Add the @len digits behind the point, in units of @unit ns.
 * Return: false when there is less than a nanosecond among them. */
static bool add_fraction(const char *digits, size_t len, int64_t unit, int64_t *number)
{
	for (size_t i = 0; i < len; i++) {
		if (unit % 10 != 0 && digits[i] != '0')
			return false;
		unit /= 10;
		if (__builtin_add_overflow(*number, digit_value(digits[i]) * unit, number))
			return false;
	}
	return true;
}

static const char *const digits10 = "0123456789";
static const char *const digits16 = "0123456789abcdefABCDEF";

/* A word that begins with a digit: 3rd; 6.5, 3.10.7.4; 0a. */
static bool is_digit_word(const char *text)
{
	size_t digits = strspn(text, digits10);
	const char *rest = text + digits;

	if (strcmp(rest, "st") == 0 || strcmp(rest, "nd") == 0 || strcmp(rest, "rd") == 0 ||
	    strcmp(rest, "th") == 0)
		return true;
	return text[strspn(text, "0123456789.")] == '\0' || text[strspn(text, digits16)] == '\0';
}

static void bad_numeral(struct lexer *lexer, struct token *token, const char *help,
			const char *what)
{
	token->kind = TOK_BAD;
	lex_fail(lexer, token->span.start, token->len, help, "%s '%.*s'%s", what, SHOWN,
		 token->text, token->len > SHOWN ? "..." : "");
}

/* number = DIGIT { DIGIT } | "0x" HEXDIGIT { HEXDIGIT } */
static void read_number(struct lexer *lexer, struct token *token, const char *digits, int base)
{
	size_t len = strlen(digits);

	token->kind = TOK_NUMBER;
	if (len == 0 || strspn(digits, base == 16 ? digits16 : digits10) != len)
		bad_numeral(lexer, token, NUMBER_HELP, "bad number");
	else if (!read_digits(digits, len, base, &token->number))
		bad_numeral(lexer, token, "the largest number is 9223372036854775807",
			    "number too large:");
}

/* duration = DIGITS [ "." DIGITS ] ( "ns" | "us" | "ms" | "s" | "min" | "h" ) */
static void read_duration(struct lexer *lexer, struct token *token)
{
	size_t whole = strspn(token->text, digits10);
	const char *point = token->text + whole;
	size_t fraction = *point == '.' ? strspn(point + 1, digits10) : 0;
	const char *suffix = point + (fraction ? fraction + 1 : 0);
	const struct unit *unit = unit_named(suffix);

	token->kind = TOK_DURATION;
	if (!unit && strpbrk(suffix, "0123456789._"))
		bad_numeral(lexer, token, NUMBER_HELP, "bad number");
	else if (!unit)
		bad_numeral(lexer, token, DURATION_HELP, "unknown unit in");
	else if (!read_digits(token->text, whole, 10, &token->number) ||
		 __builtin_mul_overflow(token->number, unit->ns, &token->number))
		bad_numeral(lexer, token, "the longest duration is 292 years",
			    "duration too long:");
	else if (!add_fraction(point + 1, fraction, unit->ns, &token->number))
		bad_numeral(lexer, token, "durations are whole nanoseconds", "bad duration");
}

void lex_numeral(struct lexer *lexer, struct token *token)
{
	const char *text = lexer->source->text + lexer->at;
	size_t len = 0;

	while (is_word_byte(text[len]) || (text[len] == '.' && is_word_byte(text[len + 1])))
		len++;
	token->text = arena_strndup(lexer->arena, text, len);
	token->len = len;
	lexer->at += len;

	if (token->text[0] == '0' && (token->text[1] | 0x20) == 'x')
		read_number(lexer, token, token->text + 2, 16);
	else if (strspn(token->text, digits10) == len)
		read_number(lexer, token, token->text, 10);
	else if (is_digit_word(token->text))
		token->kind = TOK_WORD;
	else
		read_duration(lexer, token);
}

/* ---- strings ---- */

static int simple_escape(char letter)
{
	static const char letters[] = "nrt0\\\"$", meant[] = "\n\r\t\0\\\"$";
	const char *found = letter ? strchr(letters, letter) : NULL;

	return found ? meant[found - letters] : -1;
}

/* Decode the escape at @text, which begins with '\'.
 * Return: its length, or 0 when there is no such escape. */
static size_t decode_escape(const char *text, char *out)
{
	int simple = simple_escape(text[1]);

	if (simple >= 0) {
		*out = (char)simple;
		return 2;
	}
	if (text[1] != 'x' || !isxdigit((unsigned char)text[2]) ||
	    !isxdigit((unsigned char)text[3]))
		return 0;
	*out = (char)(digit_value(text[2]) << 4 | digit_value(text[3]));
	return 4;
}

static size_t count_byte(const char *text, size_t len, char byte)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += text[i] == byte;
	return count;
}

/* Decode the @len bytes between the quotes at offset @start. */
static void decode_string(struct lexer *lexer, struct token *token, size_t start, size_t len)
{
	const char *text = lexer->source->text + start;
	char *out = arena_alloc(lexer->arena, len + 1);
	size_t *names = arena_alloc(lexer->arena, (count_byte(text, len, '$') + 1) * sizeof(*names));
	const char *name;
	size_t name_len;

	token->kind = TOK_STRING;
	token->text = out;
	token->names = names;
	for (size_t i = 0; i < len;) {
		size_t used = text[i] == '\\' ? decode_escape(text + i, out) : 1;

		if (used == 0) {
			size_t letter = lex_utf8_len(text + i + 1);

			lex_fail(lexer, start + i, 1 + letter, ESCAPE_HELP,
				 text[i + 1] == 'x' ? "expected two hexadecimal digits after '\\x'"
						    : "unknown escape '\\%.*s'",
				 (int)letter, text + i + 1);
			token->kind = TOK_BAD;
			return;
		}
		if (used == 1)
			*out = text[i];
		if (lex_param_len(text + i, &name, &name_len))
			names[token->n_names++] = (size_t)(out - token->text);
		out++;
		i += used;
	}
	token->len = (size_t)(out - token->text);
}

/* The bytes as they are, but a line ends with "\n" also where the file says "\r\n". */
static void take_verbatim(struct lexer *lexer, struct token *token, const char *text, size_t len)
{
	char *out = arena_alloc(lexer->arena, len + 1);

	token->kind = TOK_STRING;
	token->text = out;
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\r' || text[i + 1] != '\n')
			*out++ = text[i];
	token->len = (size_t)(out - token->text);
}

/* verbatim = '"""' { any byte } '"""' */
static void lex_verbatim(struct lexer *lexer, struct token *token)
{
	const char *text = lexer->source->text + lexer->at;
	const char *end = strstr(text + 3, "\"\"\"");

	if (end) {
		take_verbatim(lexer, token, text + 3, (size_t)(end - text) - 3);
		lexer->at += (size_t)(end - text) + 3;
		return;
	}
	lex_fail(lexer, lexer->at, 3, "close it with \"\"\"", "string without an end");
	token->kind = TOK_BAD;
	lexer->at = lexer->source->len;
}

/* string = '"' { byte | escape } '"' on one line */
void lex_string(struct lexer *lexer, struct token *token)
{
	const char *text = lexer->source->text + lexer->at;
	size_t end = 1;

	if (strncmp(text, "\"\"\"", 3) == 0) {
		lex_verbatim(lexer, token);
		return;
	}
	while (text[end] && text[end] != '\n' && text[end] != '"')
		end += text[end] == '\\' && text[end + 1] && text[end + 1] != '\n' ? 2 : 1;
	if (text[end] == '"') {
		decode_string(lexer, token, lexer->at + 1, end - 1);
		lexer->at += end + 1;
		return;
	}
	if (text[end - 1] == '\r')
		end--;
	lex_fail(lexer, lexer->at, end,
		 "close it with '\"', or write \"\"\" around text of many lines",
		 "string without an end");
	token->kind = TOK_BAD;
	lexer->at += end;
}

/* ---- text ---- */

size_t lex_utf8_len(const char *text)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *bytes = (const unsigned char *)text;

	if (bytes[0] < 0x80)
		return 1;
	if (bytes[0] < 0xc0 || bytes[0] > 0xf7)
		return 0;

	size_t len = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
	uint32_t point = bytes[0] & (0x7fu >> len);

	for (size_t i = 1; i < len; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0; /* the NUL behind the text, too */
		point = point << 6 | (bytes[i] & 0x3f);
	}
	if (point < smallest[len] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	return len;
}

bool lex_check_text(struct lexer *lexer)
{
	const struct source *source = lexer->source;
	const char *nul = source->len ? memchr(source->text, '\0', source->len) : NULL;

	if (nul) {
		lex_fail(lexer, (size_t)(nul - source->text), 1,
			 "a scenario is a text file; in a string, a NUL is written \\0",
			 "NUL byte");
		return false;
	}
	for (size_t at = 0; at < source->len;) {
		size_t len = lex_utf8_len(source->text + at);

		if (len == 0) { /* once a line: the rest of it is likely the same mistake */
			lex_fail(lexer, at, 1, "save the file as UTF-8; a byte is written \\xHH",
				 "invalid UTF-8");
			len = strcspn(source->text + at, "\n");
		}
		at += len;
	}
	return true;
}
