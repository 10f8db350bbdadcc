/* test_lex: tokens, their values and places, and what is wrong with those that are none. */
#include "lang/lex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct arena *arena;
	struct source *source;
	struct diags diags;
	struct tokens tokens;
};

static int setup(void **state)
{
	struct fixture *fixture = test_calloc(1, sizeof(*fixture));

	fixture->arena = arena_new();
	diags_init(&fixture->diags, fixture->arena);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	arena_free(fixture->arena);
	test_free(fixture);
	return 0;
}

static void read_bytes(struct fixture *fixture, const char *text, size_t len)
{
	diags_init(&fixture->diags, fixture->arena);
	fixture->source = source_new(fixture->arena, "t.scn", text, len);
	fixture->tokens = lex(fixture->arena, fixture->source, &fixture->diags);
	assert_true(fixture->tokens.count >= 2);
	assert_int_equal(fixture->tokens.items[fixture->tokens.count - 2].kind, TOK_NEWLINE);
	assert_int_equal(fixture->tokens.items[fixture->tokens.count - 1].kind, TOK_END);
}

/* The only token of @text, which must be without errors. */
static const struct token *one(struct fixture *fixture, const char *text)
{
	read_bytes(fixture, text, strlen(text));
	assert_int_equal(fixture->diags.count, 0);
	assert_int_equal(fixture->tokens.count, 3);
	return fixture->tokens.items;
}

static void assert_kinds(struct fixture *fixture, const char *text, size_t count,
			 const enum token_kind *kinds)
{
	read_bytes(fixture, text, strlen(text));
	assert_int_equal(fixture->diags.count, 0);
	assert_int_equal(fixture->tokens.count, count + 1);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(fixture->tokens.items[i].kind, kinds[i]);
}

#define KINDS(fixture, text, ...) \
	assert_kinds(fixture, text, \
		     sizeof((enum token_kind[]){ __VA_ARGS__ }) / sizeof(enum token_kind), \
		     (enum token_kind[]){ __VA_ARGS__ })

/* @text has one error, at @start, with a remedy. */
static void assert_error(struct fixture *fixture, const char *text, size_t start,
			 const char *message)
{
	read_bytes(fixture, text, strlen(text));
	assert_int_equal(fixture->diags.count, 1);
	assert_string_equal(fixture->diags.items[0].message, message);
	assert_int_equal(fixture->diags.items[0].span.start, start);
}

static void test_words(void **state)
{
	static const char *const words[] = {
		"SYN-ACK", "net.ipv4.tcp_fin_timeout", "SHUT_WR", "3rd", "15th", "6.5", "6.12",
		"3.10.7.4", "0a", "ff", "next-1", "FIN-WAIT-1", "5e",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		const struct token *token = one(*state, words[i]);

		assert_int_equal(token->kind, TOK_WORD);
		assert_string_equal(token->text, words[i]);
		assert_int_equal(token->len, strlen(words[i]));
		assert_int_equal(token->span.len, strlen(words[i]));
	}
}

static void test_numbers(void **state)
{
	assert_int_equal(one(*state, "0")->number, 0);
	assert_int_equal(one(*state, "007")->number, 7);
	assert_string_equal(one(*state, "007")->text, "007");
	assert_int_equal(one(*state, "4294967290")->number, 4294967290);
	assert_int_equal(one(*state, "0xfffffff0")->number, 0xfffffff0);
	assert_true(one(*state, "9223372036854775807")->number == INT64_MAX);
	assert_int_equal(one(*state, "1")->kind, TOK_NUMBER);
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} rows[] = {
		{ "1ns", 1 },
		{ "7us", 7000 },
		{ "20ms", 20000000 },
		{ "1.5s", 1500000000 },
		{ "0.000000001s", 1 },
		{ "0.0010ms", 1000 },
		{ "2min", 120000000000 },
		{ "0.5h", 1800000000000 },
		{ "2h", 7200000000000 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct token *token = one(*state, rows[i].text);

		assert_int_equal(token->kind, TOK_DURATION);
		assert_true(token->number == rows[i].ns);
	}
}

static void test_strings(void **state)
{
	const struct token *token = one(*state, "\"a\\n\\r\\t\\\\\\\"\\x41\\xfF\\0b\"");

	assert_int_equal(token->kind, TOK_STRING);
	assert_int_equal(token->len, 10);
	assert_memory_equal(token->text, "a\n\r\t\\\"A\xff\0b", 11);
	assert_int_equal(one(*state, "\"\"")->len, 0);
	assert_string_equal(one(*state, "\"\"\"a\r\n\"b\\n\"\"\"")->text, "a\n\"b\\n");
	assert_string_equal(one(*state, "\"# no comment\"")->text, "# no comment");
}

static void test_signs(void **state)
{
	KINDS(*state, "a:b", TOK_WORD, TOK_COLON, TOK_WORD, TOK_NEWLINE);
	KINDS(*state, "a-> x", TOK_WORD, TOK_ARROW, TOK_WORD, TOK_NEWLINE);
	KINDS(*state, "1001-2001", TOK_NUMBER, TOK_MINUS, TOK_NUMBER, TOK_NEWLINE);
	KINDS(*state, "1..1448", TOK_NUMBER, TOK_RANGE, TOK_NUMBER, TOK_NEWLINE);
	KINDS(*state, "$a..$b", TOK_PARAM, TOK_RANGE, TOK_PARAM, TOK_NEWLINE);
	KINDS(*state, "mss, ...", TOK_WORD, TOK_COMMA, TOK_ELLIPSIS, TOK_NEWLINE);
	KINDS(*state, "1s +-20ms", TOK_DURATION, TOK_PLUS_MINUS, TOK_DURATION, TOK_NEWLINE);
	KINDS(*state, "next+1 a/b A|B = -1", TOK_WORD, TOK_PLUS, TOK_NUMBER, TOK_WORD, TOK_SLASH,
	      TOK_WORD, TOK_WORD, TOK_PIPE, TOK_WORD, TOK_EQUALS, TOK_MINUS, TOK_NUMBER,
	      TOK_NEWLINE);
}

static void test_comparisons(void **state)
{
	assert_int_equal(one(*state, "==")->compare, CMP_EQ);
	assert_int_equal(one(*state, "!=")->compare, CMP_NE);
	assert_int_equal(one(*state, ">=")->compare, CMP_GE);
	assert_int_equal(one(*state, "<=")->compare, CMP_LE);
	assert_int_equal(one(*state, ">")->compare, CMP_GT);
	assert_int_equal(one(*state, "<")->compare, CMP_LT);
}

static void test_lines(void **state)
{
	KINDS(*state, "", TOK_NEWLINE);
	KINDS(*state, "\n\n# nothing\n\n", TOK_NEWLINE);
	KINDS(*state, "a # b\r\n\r\nc", TOK_WORD, TOK_NEWLINE, TOK_WORD, TOK_NEWLINE);
	KINDS(*state, "a,\n\n # c\nb\n", TOK_WORD, TOK_COMMA, TOK_WORD, TOK_NEWLINE);
	KINDS(*state, "a \\\nb \\ # c\r\nd", TOK_WORD, TOK_WORD, TOK_WORD, TOK_NEWLINE);
	KINDS(*state, "\xef\xbb\xbf" "a", TOK_WORD, TOK_NEWLINE);
}

static void test_places(void **state)
{
	struct fixture *fixture = *state;

	read_bytes(fixture, "ab  cd   # e\nf", 14);
	assert_int_equal(fixture->tokens.items[1].span.start, 4);
	assert_int_equal(fixture->tokens.items[1].span.len, 2);
	assert_true(fixture->tokens.items[1].spaced);
	assert_false(fixture->tokens.items[0].spaced);
	assert_int_equal(fixture->tokens.items[2].span.start, 6); /* behind "cd", not the comment */
	assert_int_equal(fixture->tokens.items[3].span.start, 13);
}

static void test_errors(void **state)
{
	assert_error(*state, "a \"b", 2, "string without an end");
	assert_error(*state, "a \"b\\\"", 2, "string without an end");
	assert_error(*state, "a \"\"\"b\n\"\"", 2, "string without an end");
	assert_error(*state, "\"a\\q\\z\"", 2, "unknown escape '\\q'");
	assert_error(*state, "\"\\x4\"", 1, "expected two hexadecimal digits after '\\x'");
	assert_error(*state, "99999999999999999999", 0,
		     "number too large: '99999999999999999999'");
	assert_error(*state, "0x", 0, "bad number '0x'");
	assert_error(*state, "0x1g", 0, "bad number '0x1g'");
	assert_error(*state, "6.x", 0, "bad number '6.x'");
	assert_error(*state, "5sec", 0, "unknown unit in '5sec'");
	assert_error(*state, "0.5ns", 0, "bad duration '0.5ns'");
	assert_error(*state, "9999999999h", 0, "duration too long: '9999999999h'");
	assert_error(*state, "$ a", 0, "expected a name after '$'");
	assert_error(*state, "a ; b ; c", 2, "unexpected character ';'");
	assert_error(*state, "a \\ b", 2, "unexpected character '\\'");
	assert_error(*state, "a \x01", 2, "unexpected control character 0x01");
	assert_error(*state, "\xe2\x80\x9cx\xe2\x80\x9d", 0,
		     "unexpected character '\xe2\x80\x9c'");
	assert_error(*state, "_a", 0, "unexpected character '_'");
}

/* Lexing goes on behind an error, and TOK_BAD stands where it was. */
static void test_errors_go_on(void **state)
{
	struct fixture *fixture = *state;
	const char *text = "12x\n;\nok";

	read_bytes(fixture, text, strlen(text));
	assert_int_equal(fixture->diags.count, 2);
	assert_int_equal(fixture->tokens.items[0].kind, TOK_BAD);
	assert_int_equal(fixture->tokens.items[2].kind, TOK_BAD);
	assert_string_equal(fixture->tokens.items[4].text, "ok");
}

static void test_encoding(void **state)
{
	static const char *const bad[] = {
		"\xff", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
		"\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\x80", "# \xe9t\xe9", "\"\xe2\x28\"",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		read_bytes(fixture, bad[i], strlen(bad[i]));
		assert_int_equal(fixture->diags.count, 1);
		assert_string_equal(fixture->diags.items[0].message, "invalid UTF-8");
	}
	one(*state, "\"\xc3\xa9 \xe2\x86\x92 \xf0\x9f\x98\x80\"");
	read_bytes(fixture, "a\0\xff;", 4);
	assert_int_equal(fixture->diags.count, 1);
	assert_string_equal(fixture->diags.items[0].message, "NUL byte");
	assert_int_equal(fixture->diags.items[0].span.start, 1);
}

static void test_value(void **state)
{
	struct fixture *fixture = *state;
	struct token token;

	assert_true(lex_value(fixture->arena, "SHUT_WR", &token));
	assert_string_equal(token.text, "SHUT_WR");
	assert_true(lex_value(fixture->arena, "-5", &token));
	assert_int_equal(token.kind, TOK_NUMBER);
	assert_true(token.number == -5);
	assert_string_equal(token.text, "-5");
	assert_true(lex_value(fixture->arena, "\"a b\"", &token));
	assert_int_equal(token.kind, TOK_STRING);
	assert_true(lex_value(fixture->arena, "20ms", &token));
	assert_false(lex_value(fixture->arena, "", &token));
	assert_false(lex_value(fixture->arena, "a b", &token));
	assert_false(lex_value(fixture->arena, "- 5", &token));
	assert_false(lex_value(fixture->arena, "-a", &token));
	assert_false(lex_value(fixture->arena, "$x", &token));
	assert_false(lex_value(fixture->arena, "\"a", &token));
	assert_false(lex_value(fixture->arena, "->", &token));
}

static void test_substitute(void **state)
{
	struct fixture *fixture = *state;
	struct binding binding = { .name = "how" };
	struct tokens out;

	assert_true(lex_value(fixture->arena, "SHUT_WR", &binding.value));
	read_bytes(fixture, "x $how", 6);
	out = lex_substitute(fixture->arena, fixture->source, &fixture->tokens, &binding, 1,
			     &fixture->diags);
	assert_int_equal(fixture->diags.count, 0);
	assert_int_equal(out.items[1].kind, TOK_WORD);
	assert_string_equal(out.items[1].text, "SHUT_WR");
	assert_int_equal(out.items[1].span.start, 2);
	assert_int_equal(out.items[1].span.len, 4);
	assert_true(out.items[1].spaced);
	assert_int_equal(fixture->tokens.items[1].kind, TOK_PARAM); /* a copy */

	read_bytes(fixture, "x $hwo", 6);
	out = lex_substitute(fixture->arena, fixture->source, &fixture->tokens, &binding, 1,
			     &fixture->diags);
	assert_int_equal(out.items[1].kind, TOK_BAD);
	assert_int_equal(fixture->diags.count, 1);
	assert_string_equal(fixture->diags.items[0].message, "unknown parameter '$hwo'");
	assert_string_equal(fixture->diags.items[0].help, "did you mean '$how'?");
}

static void test_substitute_in_string(void **state)
{
	static const struct {
		const char *written, *meant;
	} strings[] = {
		{ "\"$how\"", "SHUT_WR" },
		{ "\"<${how}x>$how\"", "<SHUT_WRx>SHUT_WR" },
		{ "\"\\n$how-\"", "\nSHUT_WR-" },
		{ "\"$howx ${how $ $$how $1\"", "$howx ${how $ $SHUT_WR $1" }, /* others' names stay */
		{ "\"\\$how \\x24how\"", "$how $how" },
		{ "\"\"\"$how\"\"\"", "$how" },
		{ "\"plain\"", "plain" },
	};
	struct fixture *fixture = *state;
	struct binding binding = { .name = "how" };

	assert_true(lex_value(fixture->arena, "SHUT_WR", &binding.value));
	for (size_t i = 0; i < sizeof(strings) / sizeof(*strings); i++) {
		read_bytes(fixture, strings[i].written, strlen(strings[i].written));

		struct tokens out = lex_substitute(fixture->arena, fixture->source, &fixture->tokens,
						   &binding, 1, &fixture->diags);

		assert_int_equal(fixture->diags.count, 0);
		assert_int_equal(out.items[0].kind, TOK_STRING);
		assert_string_equal(out.items[0].text, strings[i].meant);
		assert_int_equal(out.items[0].len, strlen(strings[i].meant));
		assert_int_equal(out.items[0].span.len, strlen(strings[i].written));
	}
}

/* A value's own '$' is a byte of it, also where the name is known. */
static void test_substitute_once(void **state)
{
	struct fixture *fixture = *state;
	struct binding binding = { .name = "how" };

	assert_true(lex_value(fixture->arena, "\"$how\"", &binding.value));
	read_bytes(fixture, "\"<$how>\" $how", 13);

	struct tokens out = lex_substitute(fixture->arena, fixture->source, &fixture->tokens,
					   &binding, 1, &fixture->diags);

	assert_string_equal(out.items[0].text, "<$how>");
	assert_string_equal(out.items[1].text, "$how");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_durations, setup, teardown),
		cmocka_unit_test_setup_teardown(test_strings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_comparisons, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_places, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors_go_on, setup, teardown),
		cmocka_unit_test_setup_teardown(test_encoding, setup, teardown),
		cmocka_unit_test_setup_teardown(test_value, setup, teardown),
		cmocka_unit_test_setup_teardown(test_substitute, setup, teardown),
		cmocka_unit_test_setup_teardown(test_substitute_in_string, setup, teardown),
		cmocka_unit_test_setup_teardown(test_substitute_once, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
