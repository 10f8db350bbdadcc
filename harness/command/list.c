/* list: scenarios with title, tags and variants; --json for programs. */
#include "command/command.h"

#include "command/select.h"
#include "plan/names.h"
#include "run/timeline.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
	"usage: tcpscen list [OPTION...] PATH...\n\n"
	"  -D NAME=VALUE    give a parameter this value\n"
	"  -k EXPR          only variants of which EXPR is true: tags and parts of names,\n"
	"                   joined by and, or, not\n"
	"  --ip 4|6|mapped|all\n"
	"  --color auto|always|never\n"
	"  --json           one JSON object a line for each variant\n\n"
	"  tcpscen list scenarios\n"
	"  tcpscen list -k 'rst and not timers' scenarios\n";

static void print_json(const struct plan *plan, const char *id)
{
	json_t *tags = json_array(), *bindings = json_object();

	for (size_t i = 0; i < plan->n_tags; i++)
		json_array_append_new(tags, json_string(plan->tags[i]));
	for (size_t i = 0; i < plan->n_bindings; i++)
		json_object_set_new(bindings, plan->bindings[i].name,
				    json_string(plan->bindings[i].value));

	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:f, s:s?}", "id", id,
				   "scenario", plan->source->name, "variant", plan->variant, "title",
				   plan->title, "ip", ip_name(plan->ip), "tags", tags, "bindings",
				   bindings, "estimate_s", (double)timeline_estimate(plan) / 1e9,
				   "skip", plan->skip);
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	puts(text ? text : "{}");
	free(text);
	json_decref(object);
}

static void print_scenario(const struct scenario *scenario, const struct selection *selection,
			   struct arena *arena)
{
	bool titled = false;

	for (size_t i = 0; i < scenario->n_plans; i++) {
		const struct plan *plan = scenario->plans[i];

		if (!selection_takes(selection, plan, variant_id(arena, plan)))
			continue;
		if (!titled) {
			printf("%s\n  %s\n", scenario->source->name, plan->title);
			for (size_t t = 0; t < plan->n_tags; t++)
				printf("%s%s", t ? " " : "  tags: ", plan->tags[t]);
			printf("%s  variants:", plan->n_tags ? "\n" : "");
		}
		printf(" [%s]%s", plan->variant, plan->skip ? " (skipped here)" : "");
		titled = true;
	}
	if (titled)
		putchar('\n');
}

static void print_all(const struct loaded *loaded, const struct common_options *options, bool json)
{
	for (size_t i = 0; i < loaded->count; i++) {
		const struct scenario *scenario = loaded->scenarios[i];

		if (!json)
			print_scenario(scenario, options->selection, options->arena);
		for (size_t k = 0; json && k < scenario->n_plans; k++) {
			const char *id = variant_id(options->arena, scenario->plans[k]);

			if (selection_takes(options->selection, scenario->plans[k], id))
				print_json(scenario->plans[k], id);
		}
	}
}

int command_list(int argc, char **argv)
{
	static const struct option longs[] = {
		COMMON_LONG,
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	struct common_options options;
	struct loaded loaded;
	bool json = false;
	int opt, rc = 0;

	common_init(&options);
	while (rc == 0 && (opt = getopt_long(argc, argv, COMMON_LETTERS, longs, NULL)) >= 0) {
		if (opt == 'h') {
			fputs(help, stdout);
			common_free(&options);
			return EXIT_PASSED;
		}
		if (opt == 'j')
			json = true;
		else
			rc = common_option(&options, opt, optarg);
	}
	if (rc) {
		common_free(&options);
		return rc;
	}
	rc = load_all(&loaded, &options, argv + optind, argc - optind);
	print_all(&loaded, &options, json);
	loaded_free(&loaded);
	common_free(&options);
	return rc;
}
