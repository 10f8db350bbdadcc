/* list: scenarios with title, tags and variants; --json for programs. */
#include "command/command.h"

#include "command/select.h"
#include "plan/names.h"
#include "report/json_value.h"
#include "run/timeline.h"

#include <getopt.h>
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

/* Return: false when the line could not be made. */
static bool print_json(const struct plan *plan, const char *id)
{
	struct json_maker maker = { .failed = false };
	json_t *object = json_object(), *tags = json_array(), *bindings = json_object();

	for (size_t i = 0; i < plan->n_tags; i++)
		put_item(&maker, tags, json_text(plan->tags[i]));
	for (size_t i = 0; i < plan->n_bindings; i++)
		put_text(&maker, bindings, plan->bindings[i].name, plan->bindings[i].value);
	put_text(&maker, object, "id", id);
	put_text(&maker, object, "scenario", plan->source->name);
	put_text(&maker, object, "variant", plan->variant);
	put_text(&maker, object, "title", plan->title);
	put_text(&maker, object, "ip", ip_name(plan->ip));
	put(&maker, object, "tags", tags);
	put(&maker, object, "bindings", bindings);
	put(&maker, object, "estimate_s", json_real((double)timeline_estimate(plan) / 1e9));
	put_text(&maker, object, "skip", plan->skip);

	char *text = maker.failed ? NULL : json_dumps(object, JSON_COMPACT);

	if (text)
		puts(text);
	else
		complain("%s: cannot be written as JSON", id);
	json_decref(object);
	if (!text)
		return false;
	free(text);
	return true;
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
			print_clean(stdout, "%s", scenario->source->name);
			putchar('\n');
			print_clean(stdout, "  %s", plan->title);
			putchar('\n');
			for (size_t t = 0; t < plan->n_tags; t++)
				print_clean(stdout, "%s%s", t ? " " : "  tags: ", plan->tags[t]);
			printf("%s  variants:", plan->n_tags ? "\n" : "");
		}
		print_clean(stdout, " [%s]%s", plan->variant, plan->skip ? " (skipped here)" : "");
		titled = true;
	}
	if (titled)
		putchar('\n');
}

/* Return: false when a line could not be made. */
static bool print_all(const struct loaded *loaded, const struct common_options *options, bool json)
{
	bool good = true;

	for (size_t i = 0; i < loaded->count; i++) {
		const struct scenario *scenario = loaded->scenarios[i];

		if (!json)
			print_scenario(scenario, options->selection, options->arena);
		for (size_t k = 0; json && k < scenario->n_plans; k++) {
			const char *id = variant_id(options->arena, scenario->plans[k]);

			if (selection_takes(options->selection, scenario->plans[k], id))
				good &= print_json(scenario->plans[k], id);
		}
	}
	return good;
}

struct list_options {
	struct common_options common;
	bool json;
};

static int list_option(void *context, int opt, const char *value)
{
	struct list_options *options = context;

	if (opt != 'j')
		return common_option(&options->common, opt, value);
	options->json = true;
	return 0;
}

int command_list(int argc, char **argv)
{
	static const struct option longs[] = {
		COMMON_LONG,
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	static const struct option_set set = { help, COMMON_LETTERS, longs, list_option };
	struct list_options options = { .json = false };
	struct loaded loaded;

	common_init(&options.common, argv[0]);

	int rc = read_options(&set, &options, argc, argv);

	if (rc < 0) {
		rc = load_all(&loaded, &options.common, argv + optind, argc - optind);
		if (!print_all(&loaded, &options.common, options.json) && rc == 0)
			rc = EXIT_MACHINE;
		loaded_free(&loaded);
	}
	common_free(&options.common);
	return rc;
}
