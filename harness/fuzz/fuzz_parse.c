/* fuzz_parse: any bytes through the whole language, from source to plan.
 *
 * Parameters take the first value of their `for` line. Nothing is checked but what
 * the sanitizers see, and that a plan is only made of a file without errors.
 */
#include "lang/lex.h"
#include "lang/parse.h"

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
	arena_free(arena);
	return 0;
}
