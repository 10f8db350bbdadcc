/* fuzz_parse: any bytes through the whole language, from source to plan.
 *
 * Parameters take the first value of their `for` line. What is checked is what the
 * sanitizers see, and that nothing is given up, nor accepted, without a reason.
 */
#include "lang/lex.h"
#include "lang/parse.h"
#include "plan/resolve.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tokens substitute_first(struct arena *arena, const struct source *source,
				      const struct tokens *tokens, struct diags *diags)
{
	size_t count;
	struct for_line *lines = parse_for_lines(arena, source, tokens, &count, diags);
	struct binding *bindings = arena_alloc(arena, (count + 1) * sizeof(*bindings));

	for (size_t i = 0; i < count; i++) {
		bindings[i].name = lines[i].name.text;
		bindings[i].value = lines[i].values[0];
	}
	return lex_substitute(arena, source, tokens, bindings, count, diags);
}

/* A tree with errors is not resolved; a plan is refused if, and only if, an error says why. */
static void resolve_for(const struct ast *ast, enum ip_version ip, struct diags *diags)
{
	struct target target = { .ip = ip, .kernel = { 6, 1 } };
	struct plan *plan;

	if (diags->count)
		return;
	resolve_ip(ast, diags);
	plan = resolve(ast, &target, diags);
	if (!plan != (diags->count > 0))
		abort();
	plan_free(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct source *source = source_new(arena, "fuzz.scn", (const char *)data, size);
	struct diags diags;
	struct token value;

	diags_init(&diags, arena);

	struct tokens tokens = lex(arena, source, &diags);
	struct tokens substituted = substitute_first(arena, source, &tokens, &diags);
	struct ast *ast = parse(arena, source, &substituted, &diags);

	lex_value(arena, source->text, &value);
	if (ast->n_lines == 0 && diags.count == 0)
		abort(); /* nothing read and nothing wrong with it */
	for (enum ip_version ip = IP_V4; ip <= IP_MAPPED; ip++)
		resolve_for(ast, ip, &diags);
	arena_free(arena);
	return 0;
}
