/* main: argv and the subcommand table. The only place that exits. */
#include "command/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary; /* NULL: not for people */
};

static const struct command commands[] = {
	{ "run", command_run, "play scenarios against the running kernel" },
	{ "check", command_check, "check scenarios without playing them" },
	{ "list", command_list, "list scenarios with their titles, tags and variants" },
	{ "doctor", command_doctor, "say what this machine allows, and how to get the rest" },
	{ "guest", command_guest, NULL },
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void usage(FILE *out)
{
	fputs("tcpscen reproduces TCP edge cases against a real Linux kernel.\n\n"
	      "usage: tcpscen COMMAND [OPTION...] [PATH...]\n\n", out);
	for (int i = 0; i < N_COMMANDS; i++)
		if (commands[i].summary)
			fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fputs("\n"
	      "  tcpscen run scenarios/rst_after_fin.scn   one scenario, with what happened\n"
	      "  tcpscen run -j 8 scenarios                a folder, eight at a time\n"
	      "  tcpscen COMMAND --help                    the options of a command\n\n"
	      "Exit status: 0 all passed; 1 a scenario failed; 2 wrong usage or a faulty scenario;\n"
	      "3 this machine cannot run it. See tcpscen(1), and scn(5) for the language.\n", out);
}

/* Output that is lost is no success. */
static int check_output(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "tcpscen: standard output: %s\n", strerror(errno));
	return status == EXIT_PASSED ? EXIT_MACHINE : status;
}

static int dispatch(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return EXIT_PASSED;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("tcpscen " TCPSCEN_VERSION);
		return EXIT_PASSED;
	}

	const char *names[N_COMMANDS + 1] = { NULL };
	int n_names = 0;
	char full_name[32]; /* getopt_long(3) begins its messages with it */

	for (int i = 0; i < N_COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) == 0) {
			snprintf(full_name, sizeof(full_name), "tcpscen %s", commands[i].name);
			argv[1] = full_name;
			return commands[i].run(argc - 1, argv + 1);
		}
		if (commands[i].summary)
			names[n_names++] = commands[i].name;
	}

	const char *nearest = nearest_word(argv[1], names);

	if (nearest)
		complain("unknown command '%s'; did you mean '%s'?", argv[1], nearest);
	else
		complain("unknown command '%s'; 'tcpscen --help' lists them", argv[1]);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	return check_output(dispatch(argc, argv));
}
