/* test_scenario: from a file to its variants. */
#include "plan/scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HOSTS "host client kernel\nhost server crafted\n"

struct fixture {
	struct arena *arena;
	struct diags diags;
	struct load_options options;
	struct scenario *scenario;
	char path[64];
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	int fd;

	fixture->arena = arena_new();
	fixture->options.kernel = (struct kernel_version){ 6, 12 };
	diags_init(&fixture->diags, fixture->arena);
	strcpy(fixture->path, "/tmp/test_scenario.XXXXXX");
	fd = mkstemp(fixture->path);
	if (fd >= 0)
		close(fd);
	*state = fixture;
	return fd < 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	unlink(fixture->path);
	scenario_free(fixture->scenario);
	arena_free(fixture->arena);
	free(fixture);
	return 0;
}

/* Load a file of these bytes. */
static struct scenario *load(struct fixture *fixture, const char *text, size_t len)
{
	FILE *file = fopen(fixture->path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	fixture->scenario = scenario_load(fixture->path, &fixture->options, fixture->arena,
					  &fixture->diags);
	return fixture->scenario;
}

static void load_ok(struct fixture *fixture, const char *text)
{
	assert_non_null(load(fixture, text, strlen(text)));
	assert_int_equal(fixture->diags.count, 0);
}

static void load_fails(struct fixture *fixture, const char *text, const char *message)
{
	assert_null(load(fixture, text, strlen(text)));
	assert_int_equal(fixture->diags.count, 1);
	assert_string_equal(fixture->diags.items[0].message, message);
}

static const char *variant(const struct fixture *fixture, size_t index)
{
	assert_in_range(index, 0, fixture->scenario->n_plans - 1);
	return fixture->scenario->plans[index]->variant;
}

static void both_ip_versions(void **state)
{
	struct fixture *fixture = *state;

	load_ok(fixture, "scenario \"x\"\n" HOSTS "client: socket\n");
	assert_int_equal(fixture->scenario->n_plans, 2);
	assert_string_equal(variant(fixture, 0), "4");
	assert_string_equal(variant(fixture, 1), "6");
}

static void ip_line_and_command_line(void **state)
{
	struct fixture *fixture = *state;

	fixture->options.ip_given = true;
	fixture->options.ip.wanted[IP_V6] = true;
	fixture->options.ip.wanted[IP_MAPPED] = true;
	load_ok(fixture, "scenario \"x\"\nip 4, mapped\n" HOSTS "client: socket\n");
	assert_int_equal(fixture->scenario->n_plans, 1);
	assert_string_equal(variant(fixture, 0), "mapped");
}

static void nothing_left_of_the_ip_versions(void **state)
{
	struct fixture *fixture = *state;

	fixture->options.ip_given = true;
	fixture->options.ip.wanted[IP_V6] = true;
	load_ok(fixture, "scenario \"x\"\nip 4\n" HOSTS "client: socket\n");
	assert_int_equal(fixture->scenario->n_plans, 0);
}

static const char parameters[] =
	"scenario \"x\"\nfor how in SHUT_WR, SHUT_RDWR\nfor win in 1, 2, -3\n" HOSTS
	"establish client to server:80\nclient: shutdown $how\nclient: setsockopt SO_MARK $win\n";

static void every_combination(void **state)
{
	struct fixture *fixture = *state;
	const struct plan *plan;

	load_ok(fixture, parameters);
	assert_int_equal(fixture->scenario->n_plans, 12);
	assert_string_equal(variant(fixture, 0), "4,how=SHUT_WR,win=1");
	assert_string_equal(variant(fixture, 1), "4,how=SHUT_WR,win=2");
	assert_string_equal(variant(fixture, 5), "4,how=SHUT_RDWR,win=-3");
	assert_string_equal(variant(fixture, 6), "6,how=SHUT_WR,win=1");
	plan = fixture->scenario->plans[5];
	assert_int_equal(plan->n_bindings, 2);
	assert_string_equal(plan->bindings[0].name, "how");
	assert_string_equal(plan->bindings[1].value, "-3");
	assert_int_equal(plan->steps[plan->n_steps - 1].call->args[2], -3);
}

static void defines_replace_the_values(void **state)
{
	struct fixture *fixture = *state;
	struct define defines[] = {
		{ "how", "SHUT_RD", false }, { "other", "1", false }, { "win", "7", false },
	};

	fixture->options.defines = defines;
	fixture->options.n_defines = 3;
	load_ok(fixture, parameters);
	assert_int_equal(fixture->scenario->n_plans, 2);
	assert_string_equal(variant(fixture, 0), "4,how=SHUT_RD,win=7");
	assert_true(defines[0].used);
	assert_false(defines[1].used);
	assert_true(defines[2].used);
}

static void a_define_must_be_a_value(void **state)
{
	struct fixture *fixture = *state;
	struct define define = { "how", "two words", false };

	fixture->options.defines = &define;
	fixture->options.n_defines = 1;
	load_fails(fixture, parameters, "-D how=two words: this is not one value");
}

/* A string's quotes keep a variant's name in one piece. */
static void strings_keep_their_quotes(void **state)
{
	struct fixture *fixture = *state;

	load_ok(fixture, "scenario \"x\"\nip 4\nfor t in \"a b\", \"\\n\"\n" HOSTS
			 "establish client to server:80\nclient: write $t\n");
	assert_string_equal(variant(fixture, 0), "4,t=\"a b\"");
	assert_string_equal(variant(fixture, 1), "4,t=\"\\n\"");
}

static void errors_of_all_variants_are_told_once(void **state)
{
	struct fixture *fixture = *state;

	load_fails(fixture, "scenario \"x\"\nfor a in 1, 2, 3\n" HOSTS "client: sockt\n",
		   "unknown call 'sockt'");
	assert_int_equal(fixture->diags.dropped, 0);
}

static void too_many_variants(void **state)
{
	struct fixture *fixture = *state;
	char text[4096];
	size_t len = (size_t)snprintf(text, sizeof(text), "scenario \"x\"\n");

	for (int line = 0; line < 4; line++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "for p%d in 0", line);
		for (int value = 1; value < 10; value++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, ", %d", value);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "\n");
	}
	snprintf(text + len, sizeof(text) - len, "%s", HOSTS "client: socket\n");
	load_fails(fixture, text, "more than 1365 combinations of parameters");
}

static void files_that_are_no_scenarios(void **state)
{
	struct fixture *fixture = *state;

	load_fails(fixture, "", "the scenario has no lines");
	diags_init(&fixture->diags, fixture->arena);
	assert_null(load(fixture, "\x7f" "ELF\0\0\0\xff\xfe\n", 10));
	assert_int_equal(fixture->diags.count, 1);
	assert_string_equal(fixture->diags.items[0].message, "NUL byte");
}

static void files_that_cannot_be_read(void **state)
{
	struct fixture *fixture = *state;

	assert_null(scenario_load("/nonexistent.scn", &fixture->options, fixture->arena,
				  &fixture->diags));
	assert_null(scenario_load("/tmp", &fixture->options, fixture->arena, &fixture->diags));
	assert_int_equal(fixture->diags.count, 2);
	assert_string_equal(fixture->diags.items[0].message,
			    "cannot read this file: No such file or directory");
	assert_string_equal(fixture->diags.items[1].message,
			    "cannot read this file: it is a directory");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_ip_versions),
		TEST(ip_line_and_command_line),
		TEST(nothing_left_of_the_ip_versions),
		TEST(every_combination),
		TEST(defines_replace_the_values),
		TEST(a_define_must_be_a_value),
		TEST(strings_keep_their_quotes),
		TEST(errors_of_all_variants_are_told_once),
		TEST(too_many_variants),
		TEST(files_that_are_no_scenarios),
		TEST(files_that_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
