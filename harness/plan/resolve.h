/* resolve: tree to plan. The last place where a user's error can appear.
 *
 * Names become indices, ranges are checked, defaults filled in, shorthands
 * (establish, listen PORT, connect without socket) spelled out, `kernel`
 * branches chosen. See docs/language.md for the meaning of each line.
 */
#ifndef TCPSCEN_PLAN_RESOLVE_H
#define TCPSCEN_PLAN_RESOLVE_H

#include "lang/ast.h"
#include "plan/plan.h"

struct kernel_version {
	int major, minor;
};

/* What a scenario says of itself before it is resolved for any target. */
struct scene_ip {
	bool wanted[3]; /* by enum ip_version */
};

/* What a variant is resolved for. */
struct target {
	enum ip_version ip;
	struct scene_ip ips; /* all that the scenario is about; none: unknown */
	struct kernel_version kernel;
	bool virtual_time;    /* it is played in a guest kernel (run/guests) */
	const struct binding *bindings;
	size_t n_bindings;
};

struct scene_ip resolve_ip(const struct ast *ast, struct diags *diags);

/* Resolve @ast for @target.
 *
 * Both branches of a `kernel` block are checked, the one that holds is played.
 * Return: the plan (in an arena of its own, to be freed with plan_free), or
 *         NULL when errors went to @diags.
 */
struct plan *resolve(const struct ast *ast, const struct target *target, struct diags *diags);
void plan_free(struct plan *plan); /* NULL is allowed */

#endif
