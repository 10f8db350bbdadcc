/* Tests of command/select (-k) and command/files. */
#include "command/files.h"
#include "command/select.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const tags[] = { "rst", "errno" };
static const struct plan plan = { .tags = tags, .n_tags = 2 };
static const char *const other_tags[] = { "after", "fin" };
static const struct plan other = { .tags = other_tags, .n_tags = 2 };
static const char id[] = "scenarios/reset/rst_after_fin_slow.scn[6]";

static bool takes(const char *text)
{
	struct arena *arena = arena_new();
	const char *error = NULL;
	struct selection *selection = selection_parse(arena, text, &error);
	struct plan *plans[] = { (struct plan *)(uintptr_t)&plan, (struct plan *)(uintptr_t)&other };

	assert_non_null(selection);
	selection_know(selection, plans, 2);

	bool taken = selection_takes(selection, &plan, id);

	arena_free(arena);
	return taken;
}

static void test_expressions(void **state)
{
	(void)state;
	assert_true(takes("errno"));
	assert_true(takes("RESET"));
	assert_true(takes("[6]"));
	assert_false(takes("[4]"));
	assert_false(takes("errn0"));
	assert_false(takes("not rst"));
	assert_true(takes("rst and errno"));
	assert_false(takes("rst and slow"));
	assert_true(takes("slow or rst and errno"));
	assert_false(takes("(slow or rst) and not errno"));
	assert_true(takes("not (slow or timers)"));
	assert_true(takes("not not rst"));
	assert_true(selection_takes(NULL, &plan, id));
	selection_know(NULL, NULL, 0);
	assert_true(takes("rst_after"));  /* a part of its name */
	assert_false(takes("after"));     /* a tag of another one */
	assert_true(takes("not FIN"));
	assert_true(takes("not slow"));
	assert_true(takes("scen"));
	assert_false(takes("slow"));
}

static void test_faulty_expressions(void **state)
{
	(void)state;
	static const char *const faulty[] = { "", "(rst", "rst)", "rst errno", "not", "rst or" };
	static char deep[400];
	struct arena *arena = arena_new();

	for (size_t i = 0; i < sizeof(faulty) / sizeof(faulty[0]); i++) {
		const char *error = NULL;

		assert_null(selection_parse(arena, faulty[i], &error));
		assert_non_null(error);
	}
	memset(deep, '(', sizeof(deep) - 1);

	const char *error = NULL;

	assert_null(selection_parse(arena, deep, &error));
	assert_string_equal(error, "nested too deep");
	arena_free(arena);
}

static void touch(const char *folder, const char *name)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
}

static void test_files(void **state)
{
	(void)state;
	char folder[] = "/tmp/tcpscen-files-XXXXXX", again[64], command[64];
	struct arena *arena = arena_new();
	struct files files = { .count = 0 };

	assert_non_null(mkdtemp(folder));
	assert_non_null(files_add(&files, arena, folder)); /* no scenarios in it */
	touch(folder, "b.scn");
	touch(folder, "a.scn");
	touch(folder, "notes.txt");
	touch(folder, ".scn");
	snprintf(again, sizeof(again), "%s/", folder);
	assert_null(files_add(&files, arena, folder));
	assert_null(files_add(&files, arena, again)); /* the same files once more */
	assert_int_equal(files.count, 2);
	assert_non_null(strstr(files.paths[0], "/a.scn"));
	assert_non_null(files_add(&files, arena, "/nonexistent"));
	arena_free(arena);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_faulty_expressions),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests_name("select", tests, NULL, NULL);
}
