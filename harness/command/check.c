/* check: the language and the meaning of scenarios, without playing them. Needs no privileges. */
#include "command/command.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
	"usage: tcpscen check [OPTION...] PATH...\n\n"
	"Checks files, or all *.scn of folders, and reports every error with its place.\n\n"
	"  -D NAME=VALUE    give a parameter this value\n"
	"  --ip 4|6|mapped|all\n"
	"  -q               say nothing about files without errors\n"
	"  --color auto|always|never\n\n"
	"Exit status: 0 no errors; 2 errors.\n\n"
	"  tcpscen check scenarios\n";

struct check_options {
	struct common_options common;
	bool quiet;
};

static int check_option(void *context, int opt, const char *value)
{
	struct check_options *options = context;

	if (opt != 'q')
		return common_option(&options->common, opt, value);
	options->quiet = true;
	return 0;
}

static void print_good(const struct loaded *loaded)
{
	for (size_t i = 0; i < loaded->count; i++) {
		print_clean(stdout, "%s: ok, %zu variant%s", loaded->scenarios[i]->source->name,
			    loaded->scenarios[i]->n_plans,
			    loaded->scenarios[i]->n_plans == 1 ? "" : "s");
		putchar('\n');
	}
}

int command_check(int argc, char **argv)
{
	static const struct option longs[] = {
		COMMON_LONG,
		{ "quiet", no_argument, NULL, 'q' },
		{ NULL, 0, NULL, 0 },
	};
	static const struct option_set set = { help, "D:hq", longs, check_option };
	struct check_options options = { .quiet = false };
	struct loaded loaded;

	common_init(&options.common, argv[0]);

	int rc = read_options(&set, &options, argc, argv);

	if (rc < 0) {
		rc = load_all(&loaded, &options.common, argv + optind, argc - optind);
		if (!options.quiet)
			print_good(&loaded);
		loaded_free(&loaded);
	}
	common_free(&options.common);
	return rc;
}
