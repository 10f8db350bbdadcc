/* scenario: see scenario.h.
 *
 * The text is read and lexed once. Each combination of the parameters' values is
 * substituted and parsed once, and resolved once for each IP version. Errors that
 * all variants share are reported once (base/diag sees to that), and the first
 * combination with errors is the last one tried.
 */
#include "plan/scenario.h"

#include "lang/parse.h"
#include "plan/names.h"

#include <string.h>

enum { N_IPS = IP_MAPPED + 1 };

struct loader {
	const struct load_options *options;
	const struct source *source;
	struct diags *diags;
	size_t errors_before;
	struct arena *arena; /* the scenario's */
	struct tokens tokens;
	struct for_line *params;
	size_t n_params;
	size_t n_combinations;
	struct plan **plans; /* [ip][combination], NULL: not wanted */
};

static bool failed(const struct loader *loader)
{
	return loader->diags->count + loader->diags->dropped != loader->errors_before;
}

/* ---- parameters ---- */

static struct define *find_define(const struct load_options *options, const char *name)
{
	struct define *found = NULL; /* the last one wins, as on other command lines */

	for (size_t i = 0; i < options->n_defines; i++) {
		if (strcmp(options->defines[i].name, name) != 0)
			continue;
		options->defines[i].used = true;
		found = &options->defines[i];
	}
	return found;
}

/* -D NAME=VALUE takes the place of all the values of the file. */
static void override(struct loader *loader, struct for_line *param)
{
	const struct define *define = find_define(loader->options, param->name.text);
	struct token *value;

	if (!define)
		return;
	value = arena_alloc(loader->arena, sizeof(*value));
	if (lex_value(loader->arena, define->value, value)) {
		param->values = value;
		param->n_values = 1;
		return;
	}
	diag_error(loader->diags, loader->source, param->name.span,
		   "-D %s=%s: this is not one value", define->name, define->value);
	diag_help(loader->diags, "a word, a number, a duration or a \"string\"");
}

/* How many combinations there are; each parameter has at least one value.
 * Return: false when they are too many. */
static bool count_combinations(struct loader *loader)
{
	loader->n_combinations = 1;
	for (size_t i = 0; i < loader->n_params; i++) {
		const struct for_line *param = &loader->params[i];

		if (param->n_values <= VARIANTS_MAX / N_IPS / loader->n_combinations) {
			loader->n_combinations *= param->n_values;
			continue;
		}
		diag_error(loader->diags, loader->source, param->name.span,
			   "more than %d combinations of parameters", VARIANTS_MAX / N_IPS);
		diag_help(loader->diags, "give '%s' fewer values, or choose one: -D %s=VALUE",
			  param->name.text, param->name.text);
		return false;
	}
	return true;
}

static bool read_parameters(struct loader *loader)
{
	loader->params = parse_for_lines(loader->arena, loader->source, &loader->tokens,
					 &loader->n_params, loader->diags);
	for (size_t i = 0; i < loader->n_params; i++)
		override(loader, &loader->params[i]);
	return count_combinations(loader);
}

/* The bindings of combination @index: the last parameter changes fastest. */
static void bind(const struct loader *loader, size_t index, struct binding *bindings)
{
	for (size_t i = loader->n_params; i-- > 0;) {
		const struct for_line *param = &loader->params[i];

		bindings[i].name = param->name.text;
		bindings[i].value = param->values[index % param->n_values];
		index /= param->n_values;
	}
}

/* ---- variants ---- */

/* The IP versions that both the scenario and the command line want. Whoever asks for mapped
 * gets it of every scenario of IPv4, which is what goes over the wire. */
static struct scene_ip wanted_ips(const struct loader *loader, struct scene_ip ips)
{
	if (loader->options->ip_given)
		ips.wanted[IP_MAPPED] |= ips.wanted[IP_V4];
	for (int ip = 0; ip < N_IPS; ip++)
		ips.wanted[ip] &= !loader->options->ip_given || loader->options->ip.wanted[ip];
	return ips;
}

/* Substitute, parse and resolve one combination; the tree lives in @scratch. */
static void load_combination(struct loader *loader, struct arena *scratch, size_t index)
{
	struct binding *bindings = arena_alloc(scratch, (loader->n_params + 1) * sizeof(*bindings));

	bind(loader, index, bindings);

	struct tokens tokens = lex_substitute(scratch, loader->source, &loader->tokens, bindings,
					      loader->n_params, loader->diags);
	const struct ast *ast = parse(scratch, loader->source, &tokens, loader->diags);

	if (failed(loader))
		return;

	const struct scene_ip scene = resolve_ip(ast, loader->diags);
	const struct scene_ip ips = wanted_ips(loader, scene);

	for (int ip = 0; ip < N_IPS; ip++) {
		struct target target = {
			.ip = (enum ip_version)ip,
			.ips = scene,
			.kernel = loader->options->kernel,
			.virtual_time = loader->options->virtual_time,
			.bindings = bindings,
			.n_bindings = loader->n_params,
		};

		if (ips.wanted[ip])
			loader->plans[(size_t)ip * loader->n_combinations + index] =
				resolve(ast, &target, loader->diags);
	}
}

static void load_all(struct loader *loader)
{
	size_t n = N_IPS * loader->n_combinations;

	loader->plans = arena_alloc(loader->arena, n * sizeof(struct plan *));
	for (size_t i = 0; i < loader->n_combinations; i++) {
		struct arena *scratch = arena_new();

		load_combination(loader, scratch, i);
		arena_free(scratch);
		if (failed(loader))
			return;
	}
}

/* ---- the whole ---- */

/* Read the file, or report why not at a place in an empty one. */
static const struct source *read_source(const char *path, struct arena *arena, struct diags *diags)
{
	const char *why;
	const struct source *source = source_read(arena, path, SCENARIO_BYTES_MAX, &why);

	if (source)
		return source;
	source = source_new(arena, path, "", 0);
	diag_error(diags, source, (struct span){ 0, 0 }, "cannot read this file: %s", why);
	return NULL;
}

/* The plans there are, in order. */
static void keep_plans(struct loader *loader, struct scenario *scenario)
{
	size_t n = N_IPS * loader->n_combinations;

	scenario->plans = loader->plans;
	for (size_t i = 0; i < n; i++)
		if (loader->plans[i])
			scenario->plans[scenario->n_plans++] = loader->plans[i];
}

struct scenario *scenario_load(const char *path, const struct load_options *options,
			       struct arena *source_arena, struct diags *diags)
{
	size_t errors_before = diags->count + diags->dropped;
	const struct source *source = read_source(path, source_arena, diags);

	if (!source)
		return NULL;

	struct arena *arena = arena_new();
	struct scenario *scenario = arena_alloc(arena, sizeof(*scenario));
	struct loader loader = {
		.options = options,
		.source = source,
		.diags = diags,
		.errors_before = errors_before,
		.arena = arena,
	};

	scenario->arena = arena;
	scenario->source = source;
	loader.tokens = lex(arena, source, diags);
	if (read_parameters(&loader)) {
		load_all(&loader);
		keep_plans(&loader, scenario);
	}
	if (!failed(&loader))
		return scenario;
	scenario_free(scenario);
	return NULL;
}

void scenario_free(struct scenario *scenario)
{
	if (!scenario)
		return;
	for (size_t i = 0; i < scenario->n_plans; i++)
		plan_free(scenario->plans[i]);
	arena_free(scenario->arena);
}
