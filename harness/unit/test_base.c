/* Tests of base: arenas, text, sources, diagnostics, durations. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/compare.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct span at(const struct source *source, const char *word)
{
	const char *found = strstr(source->text, word);

	assert_non_null(found);
	return (struct span){ (size_t)(found - source->text), strlen(word) };
}

/* The text that diags_print() writes. (owned by the caller) */
static char *printed(const struct diags *diags)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	diags_print(out, diags, false);
	fclose(out);
	return text;
}

static void test_arena_keeps_all(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	char *first = arena_strdup(arena, "first");
	int *numbers = NULL;

	for (int i = 0; i < 10000; i++) {
		numbers = arena_grow(arena, numbers, (size_t)i, sizeof(*numbers));
		numbers[i] = i;
	}
	for (int i = 0; i < 10000; i++)
		assert_int_equal(numbers[i], i);
	assert_string_equal(first, "first");
	assert_int_equal((uintptr_t)arena_alloc(arena, 3) % _Alignof(max_align_t), 0);
	memset(arena_alloc(arena, 5 << 20), 1, 5 << 20); /* larger than any block */
	assert_string_equal(arena_printf(arena, "%s-%d", "x", 7), "x-7");
	arena_free(arena);
	arena_free(NULL);
}

static void test_strbuf_quotes(void **state)
{
	(void)state;
	struct strbuf buf = STRBUF_INIT;

	assert_string_equal(strbuf_text(&buf), "");
	strbuf_quote(&buf, "a\n\"\\\x01\xff", 6, 10);
	assert_string_equal(strbuf_text(&buf), "\"a\\n\\\"\\\\\\x01\\xff\"");
	strbuf_clear(&buf);
	strbuf_quote(&buf, "abcdef", 6, 3);
	assert_string_equal(strbuf_text(&buf), "\"abc\"… (6 bytes)");
	strbuf_free(&buf);
}

static void test_places(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	struct source *source = source_new(arena, "x", "one\ntwo\r\n\nfour", 14);

	assert_int_equal(source->n_lines, 4);
	assert_int_equal(source_line(source, 0), 1);
	assert_int_equal(source_line(source, 3), 1); /* the newline ends its own line */
	assert_int_equal(source_line(source, 4), 2);
	assert_int_equal(source_line(source, 14), 4); /* the end of the file */
	assert_int_equal(source_column(source, 12), 3);
	arena_free(arena);
}

static void test_caret_keeps_tabs_and_hides_rubbish(void **state)
{
	(void)state;
	static const char text[] = "a\tb\xff\x1b word\r\nnext\n";
	struct arena *arena = arena_new();
	struct source *source = source_new(arena, "x.scn", text, sizeof(text) - 1);
	struct diags diags;

	diags_init(&diags, arena);
	diag_error(&diags, source, at(source, "word"), "no '%s'", "word");
	diag_help(&diags, "take %d", 2);

	char *out = printed(&diags);

	assert_string_equal(out, "x.scn:1:7: error: no 'word'\n"
				 "    1 | a\tb?? word\n"
				 "      |  \t    ^~~~\n"
				 "      help: take 2\n");
	free(out);
	arena_free(arena);
}

static void test_long_lines_are_cut_around_the_place(void **state)
{
	(void)state;
	static char text[5000];
	struct arena *arena = arena_new();
	struct diags diags;

	memset(text, 'x', sizeof(text) - 1);
	memcpy(text + 3000, "HERE", 4);

	struct source *source = source_new(arena, "x", text, sizeof(text) - 1);

	diags_init(&diags, arena);
	diag_error(&diags, source, at(source, "HERE"), "there");

	char *out = printed(&diags);

	assert_true(strlen(out) < 600);
	assert_non_null(strstr(out, "xxHERExx"));
	assert_non_null(strstr(out, "^~~~\n"));
	free(out);
	arena_free(arena);
}

static void test_diags_repeat_nothing_and_sort(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	struct source *source = source_new(arena, "x", "one two", 7);
	struct diags diags;

	diags_init(&diags, arena);
	diag_error(&diags, source, at(source, "two"), "second");
	diag_error(&diags, source, at(source, "one"), "first");
	diag_error(&diags, source, at(source, "two"), "second");
	diag_help(&diags, "not for the first: its error was a repetition");
	assert_int_equal(diags.count, 2);
	assert_null(diags.items[1].help);
	diags_sort(&diags);
	assert_string_equal(diags.items[0].message, "first");
	for (int i = 0; i < 100; i++)
		diag_error(&diags, source, at(source, "one"), "number %d", i);
	assert_int_equal(diags.count, DIAGS_LIMIT);
	assert_int_equal(diags.dropped, 100 - (DIAGS_LIMIT - 2));
	arena_free(arena);
}

static void test_unreadable_files(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	const char *why = NULL;

	assert_null(source_read(arena, "/nonexistent.scn", 100, &why));
	assert_non_null(why);
	assert_null(source_read(arena, "/tmp", 100, &why));
	assert_string_equal(why, "it is a directory");
	assert_null(source_read(arena, "/dev/zero", 100, &why));
	assert_string_equal(why, "it is not a regular file");
	assert_null(source_read(arena, "/proc/self/maps", 10, &why));
	assert_string_equal(why, "the file is too large");
	arena_free(arena);
}

static void test_nearest_word(void **state)
{
	(void)state;
	static const char *const known[] = { "expect", "send", "drop", "ECONNRESET", NULL };

	assert_string_equal(nearest_word("expct", known), "expect");
	assert_string_equal(nearest_word("exepct", known), "expect");
	assert_string_equal(nearest_word("sned", known), "send");
	assert_string_equal(nearest_word("econnreset", known), "ECONNRESET");
	assert_null(nearest_word("listen", known));
	assert_null(nearest_word("x", known));

	char long_word[300];

	memset(long_word, 'e', sizeof(long_word) - 1);
	long_word[sizeof(long_word) - 1] = '\0';
	assert_null(nearest_word(long_word, known));
}

static void test_durations(void **state)
{
	(void)state;
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0 s" }, { 7, "7 ns" }, { 1500, "1.5 us" }, { 40 * NS_PER_MS, "40 ms" },
		{ -NS_PER_MS, "-1 ms" }, { 1500 * NS_PER_MS, "1.5 s" }, { 127 * NS_PER_S, "127 s" },
		{ 927 * NS_PER_S, "15 min 27 s" }, { 7875 * NS_PER_S, "2 h 11 min 15 s" },
	};
	char buf[DURATION_LEN];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(format_duration(cases[i].ns, buf), cases[i].text);
}

static void test_clock_watches_for_steps(void **state)
{
	(void)state;
	int64_t offset = clock_offset_ns();

	assert_false(clock_stepped(offset, 0));
	assert_true(clock_stepped(offset + NS_PER_S, 0));
	assert_true(clock_stepped(offset - 10 * NS_PER_MS, NS_PER_S));
}

static void test_compare(void **state)
{
	(void)state;
	assert_true(compare_holds(CMP_EQ, 3, 3) && !compare_holds(CMP_EQ, 3, 4));
	assert_true(compare_holds(CMP_NE, 3, 4) && !compare_holds(CMP_NE, 3, 3));
	assert_true(compare_holds(CMP_GE, 3, 3) && !compare_holds(CMP_GE, 2, 3));
	assert_true(compare_holds(CMP_LE, 3, 3) && !compare_holds(CMP_LE, 4, 3));
	assert_true(compare_holds(CMP_GT, 4, 3) && !compare_holds(CMP_GT, 3, 3));
	assert_true(compare_holds(CMP_LT, 2, 3) && !compare_holds(CMP_LT, 3, 3));
}

static void utf8_clean_keeps_what_may_be_shown(void **state)
{
	struct strbuf out = STRBUF_INIT;

	(void)state;
	utf8_clean(&out, "a\tb\nc \033[31m \177 \xc2\x9b \xe2\x80\xae \xff\xc3 \xc3\xa9");
	assert_string_equal(strbuf_text(&out), "a b c ?[31m ? ? ? ?? \xc3\xa9");
	strbuf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arena_keeps_all),
		cmocka_unit_test(test_strbuf_quotes),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_caret_keeps_tabs_and_hides_rubbish),
		cmocka_unit_test(test_long_lines_are_cut_around_the_place),
		cmocka_unit_test(test_diags_repeat_nothing_and_sort),
		cmocka_unit_test(test_unreadable_files),
		cmocka_unit_test(test_nearest_word),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_clock_watches_for_steps),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(utf8_clean_keeps_what_may_be_shown),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
