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

int command_check(int argc, char **argv)
{
	static const struct option longs[] = {
		COMMON_LONG,
		{ "quiet", no_argument, NULL, 'q' },
		{ NULL, 0, NULL, 0 },
	};
	struct common_options options;
	struct loaded loaded;
	bool quiet = false;
	int opt, rc = 0;

	common_init(&options, argv[0]);
	while (rc == 0 && (opt = getopt_long(argc, argv, "D:hq", longs, NULL)) >= 0) {
		if (opt == 'h') {
			fputs(help, stdout);
			common_free(&options);
			return EXIT_PASSED;
		}
		if (opt == 'q')
			quiet = true;
		else
			rc = common_option(&options, opt, optarg);
	}
	if (rc) {
		common_free(&options);
		return rc;
	}
	rc = load_all(&loaded, &options, argv + optind, argc - optind);
	for (size_t i = 0; i < loaded.count && !quiet; i++) {
		print_clean(stdout, "%s: ok, %zu variant%s", loaded.scenarios[i]->source->name,
			    loaded.scenarios[i]->n_plans,
			    loaded.scenarios[i]->n_plans == 1 ? "" : "s");
		putchar('\n');
	}
	loaded_free(&loaded);
	common_free(&options);
	return rc;
}
