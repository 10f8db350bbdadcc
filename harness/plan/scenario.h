/* scenario: from a file to its variants, the whole way through the language.
 *
 * load = read, lex, find the parameters; then for each combination of their
 * values and each IP version: substitute, parse, resolve. The only way in for
 * every front end command (run, check, list).
 */
#ifndef TCPSCEN_PLAN_SCENARIO_H
#define TCPSCEN_PLAN_SCENARIO_H

#include "plan/resolve.h"

enum { SCENARIO_BYTES_MAX = 64 << 20, VARIANTS_MAX = 4096 };

/* -D name=value */
struct define {
	const char *name, *value;
	bool used; /* set when some scenario knows the name */
};

struct load_options {
	bool ip_given;
	struct scene_ip ip;              /* --ip: of the scenario's own, and mapped where it has 4 */
	struct kernel_version kernel;
	bool virtual_time;
	struct define *defines;
	size_t n_defines;
};

struct scenario {
	struct arena *arena;  /* owns source and variants array; the plans own themselves */
	const struct source *source;
	struct plan **plans;  /* one a variant, in the order ip, then parameters */
	size_t n_plans;
};

/* Return: the scenario (n_plans 0 when --ip left none), or NULL with errors in
 * @diags, which must outlive nothing: its messages are in @diags->arena, its
 * sources in @source_arena. */
struct scenario *scenario_load(const char *path, const struct load_options *options,
			       struct arena *source_arena, struct diags *diags);
void scenario_free(struct scenario *scenario);

#endif
