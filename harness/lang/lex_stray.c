/* lex_stray: characters that begin no token, and what somebody wants who writes them.
 *
 * Brackets and stars mean much elsewhere: what stands before them in the line tells what.
 */
#include "lang/foreign.h"
#include "lang/lex_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What word processors make of signs, and what was meant. */
static const struct lookalike {
	const char *text, *meant;
} lookalikes[] = {
	{ "±", "+-" },  { "→", "->" }, { "≥", ">=" }, { "≤", "<=" },
	{ "≠", "!=" },  { "…", "..." }, { "–", "-" },  { "—", "-" },
	{ "−", "-" },   { "“", "\"" },  { "”", "\"" }, { "„", "\"" },
	{ "‘", "\"" },  { "’", "\"" },  { "'", "\"" }, { "\u00a0", "a space" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FLAGS "flags are words, joined by '-': SYN-ACK, say, for tcpdump's 'S.'"
#define BESIDE "what a call is given stands behind it: client: connect server:8080"

/* The line so far: its first token (NULL: none), and the one before the stray character. */
struct before {
	const struct token *first, *last;
	bool probe; /* it begins with a host and a colon */
	char byte;
};

static struct before look_back(const struct lexer *lexer)
{
	const struct tokens *tokens = &lexer->tokens;
	size_t count = tokens->count, start = count;
	struct before before = { .byte = lexer->at ? lexer->source->text[lexer->at - 1] : '\n' };

	while (start && tokens->items[start - 1].kind != TOK_NEWLINE)
		start--;
	if (start == count)
		return before;
	before.first = &tokens->items[start];
	before.last = &tokens->items[count - 1];
	for (size_t i = start + 1; i < count && i <= start + 3; i++)
		before.probe |= tokens->items[i].kind == TOK_COLON;
	return before;
}

static bool is_one_of(const struct token *token, const char *const *words)
{
	for (; token && token->kind == TOK_WORD && *words; words++)
		if (strcasecmp(token->text, *words) == 0)
			return true;
	return false;
}

static bool is(const struct token *token, const char *word)
{
	return is_one_of(token, (const char *const[]){ word, NULL });
}

static bool begins_scene(const struct before *before)
{
	static const char *const verbs[] = { "ip", "tags", "for", "link", "needs", "sysctl",
					     "rfc", "host", NULL };

	return !before->probe && is_one_of(before->first, verbs);
}

/* "bind *:8080", "connect [::1]:8080" */
static const char *address_remedy(const struct before *before)
{
	if (is(before->last, "bind"))
		return "any address is 'any': any:8080";
	return "hosts go by their names: server:8080";
}

static bool wants_address(const struct before *before)
{
	static const char *const words[] = { "bind", "connect", "listen", "to", NULL };

	return is_one_of(before->last, words);
}

/* ( [ { around something */
static const char *bracket_remedy(const struct before *before, char bracket)
{
	static const char *const patterns[] = { "expect", "send", "inject", "drop", "flags", NULL };
	static const char *const fields[] = { "seq", "ack", "win", "len", "data", NULL };

	if (!before->last)
		return NULL;
	if (is(before->first, "for") && !before->probe)
		return before->last == before->first ? "each parameter has its 'for' line: for a in 1, 2"
						     : "its values stand side by side: for a in 1, 2";
	if (begins_scene(before))
		return "what stands in a list has no brackets around it: ip 4, 6";
	if (before->probe && bracket != '(' && wants_address(before))
		return address_remedy(before);
	if (before->probe)
		return bracket == '(' ? BESIDE : "values stand side by side: setsockopt SO_LINGER 1 5";
	if (is(before->last, "to"))
		return address_remedy(before);
	if (is_one_of(before->last, fields))
		return NULL;
	return is_one_of(before->last, patterns) ? FLAGS
						 : "options have no brackets: options mss 1460, sackok";
}

/* "10*146": nothing is computed here but by us. Return: NULL when it is not just that. */
static const char *product(const struct lexer *lexer, const struct token *factor)
{
	const char *text = lexer->source->text + lexer->at + 1;
	int64_t result;

	text += strspn(text, " \t");

	const char *end = text + strspn(text, "0123456789");

	errno = 0;
	if (factor->kind != TOK_NUMBER || end == text || is_word_byte(*end) || strchr(".*", *end) ||
	    __builtin_mul_overflow(factor->number, (int64_t)strtoll(text, NULL, 10), &result) || errno)
		return NULL;
	return arena_printf(lexer->arena, "nothing is computed here; that is %lld", (long long)result);
}

static const char *star_remedy(const struct lexer *lexer, const struct before *before)
{
	static const char *const rules[] = { "drop", "delay", "ignore", NULL };
	static const char *const numbers[] = { "seq", "ack", NULL };

	if (!before->last)
		return NULL;
	if (before->probe && is(before->last, "bind"))
		return address_remedy(before);
	if (wants_address(before))
		return address_remedy(before);
	if (is_one_of(before->last, rules) || is(before->last, "all"))
		return "any packet is 'packets': drop all packets";
	if (is_one_of(before->last, numbers) && is(before->first, "expect"))
		return "did you mean 'any'?";
	return product(lexer, before->last);
}

/* What somebody wants who writes this character there. */
static const char *stray_remedy(const struct lexer *lexer, char stray)
{
	struct before before = look_back(lexer);

	switch (stray) {
	case '\\':
		return "a '\\' may stand at the end of a line that goes on in the next";
	case ';':
		return "one line, one sentence; a comment begins with '#'";
	case '%':
		return is(before.first, "link") ? LOST_PACKETS : NULL;
	case '.':
		return strchr("SFPR", before.byte) ? FLAGS : NULL;
	case '(':
	case '[':
	case '{':
		return bracket_remedy(&before, stray);
	case '*':
		return star_remedy(lexer, &before);
	}
	return NULL;
}

static const char *meant_by(const char *text)
{
	for (size_t i = 0; i < COUNT(lookalikes); i++)
		if (strncmp(text, lookalikes[i].text, strlen(lookalikes[i].text)) == 0)
			return lookalikes[i].meant;
	return NULL;
}

void lex_stray(struct lexer *lexer, struct token *token)
{
	const char *text = lexer->source->text + lexer->at;
	size_t len = lex_utf8_len(text);
	const char *meant = meant_by(text);
	const char *help = meant ? arena_printf(lexer->arena, "write %s", meant)
				 : stray_remedy(lexer, *text);

	if (len == 1 && iscntrl((unsigned char)*text))
		lex_fail(lexer, lexer->at, 1, help, "unexpected control character 0x%02x",
			 (unsigned char)*text);
	else if (len)
		lex_fail(lexer, lexer->at, len, help, "unexpected character '%.*s'", (int)len,
			 text);
	token->kind = TOK_BAD;
	lexer->at += strcspn(text, "\n");
}
