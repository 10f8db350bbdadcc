/* resolve_helpers: from the text of a scenario to its plan, for unit tests. */
#ifndef TCPSCEN_UNIT_RESOLVE_HELPERS_H
#define TCPSCEN_UNIT_RESOLVE_HELPERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lang/parse.h"
#include "plan/resolve.h"

#define CLIENT_CRAFTED "scenario \"a title\"\nhost client crafted\nhost server kernel\n"
#define CLIENT_KERNEL "scenario \"a title\"\nhost client kernel\nhost server crafted\n"
#define TWO_KERNELS "scenario \"a title\"\nhost client kernel\nhost server kernel\n"
#define ESTABLISH "establish client to server:8080\n"
enum { CLIENT, SERVER };
#define MS INT64_C(1000000)

/* ---- from text to plan ---- */

struct fixture {
	struct arena *arena;
	struct diags diags;
	struct plan *plan;
	bool virtual_time;
};

static inline int setup(void **state)
{
	static struct fixture fixture; /* one test at a time */

	fixture.arena = arena_new();
	fixture.plan = NULL;
	fixture.virtual_time = false;
	diags_init(&fixture.diags, fixture.arena);
	*state = &fixture;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;

	plan_free(fixture->plan);
	arena_free(fixture->arena);
	return 0;
}

static inline struct plan *try_resolve(struct fixture *fixture, enum ip_version ip, int minor,
				       const char *text)
{
	struct source *source = source_new(fixture->arena, "test.scn", text, strlen(text));

	diags_init(&fixture->diags, fixture->arena);

	struct tokens tokens = lex(fixture->arena, source, &fixture->diags);
	struct ast *ast = parse(fixture->arena, source, &tokens, &fixture->diags);
	struct target target = { .ip = ip, .kernel = { 6, minor },
				 .virtual_time = fixture->virtual_time };

	plan_free(fixture->plan);
	fixture->plan = NULL;
	if (fixture->diags.count)
		return NULL;
	fixture->plan = resolve(ast, &target, &fixture->diags);
	return fixture->plan;
}

static inline const struct plan *plan_for(void **state, enum ip_version ip, int minor,
					  const char *text)
{
	struct fixture *fixture = *state;
	struct plan *plan = try_resolve(fixture, ip, minor, text);

	diags_print(stderr, &fixture->diags, false);
	assert_non_null(plan);
	return plan;
}

static inline const struct plan *plan_of(void **state, const char *text)
{
	return plan_for(state, IP_V4, 12, text);
}

/* The only error of a faulty scenario. */
static inline const char *error_of(void **state, const char *text)
{
	struct fixture *fixture = *state;

	assert_null(try_resolve(fixture, IP_V4, 12, text));
	assert_int_equal(fixture->diags.count, 1);
	return fixture->diags.items[0].message;
}

/* The packet of the last line. */
static inline const struct plan_packet *packet_of(void **state, const char *text)
{
	const struct plan *plan = plan_of(state, text);

	assert_non_null(plan->steps[plan->n_steps - 1].packet);
	return plan->steps[plan->n_steps - 1].packet;
}

static inline const struct plan_step *last_step(const struct plan *plan)
{
	return &plan->steps[plan->n_steps - 1];
}

/* The call of the last line, after a connection has been established. */
static inline const struct plan_call *call_of(void **state, const char *line)
{
	struct fixture *fixture = *state;

	return last_step(plan_of(state, arena_printf(fixture->arena, "%s%sclient: %s\n",
						     CLIENT_KERNEL, ESTABLISH, line)))->call;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

#endif
