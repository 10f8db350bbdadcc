/* command: the subcommands of tcpscen, and what they share.
 *
 * Each takes its own part of argv and returns an exit status; none of them exits.
 */
#ifndef TCPSCEN_COMMAND_COMMAND_H
#define TCPSCEN_COMMAND_COMMAND_H

#include "plan/scenario.h"

#include <stdio.h>

enum exit_status {
	EXIT_PASSED = 0,  /* all passed, or were skipped */
	EXIT_FAILED = 1,  /* a scenario failed */
	EXIT_USAGE = 2,   /* wrong usage, or a faulty scenario */
	EXIT_MACHINE = 3, /* this machine cannot run it */
};

int command_run(int argc, char **argv);
int command_check(int argc, char **argv);
int command_list(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_guest(int argc, char **argv); /* not for people: see run/guests.h */

/* ---- what run, check and list have in common ---- */

struct selection;

struct common_options {
	const char *command;          /* "tcpscen run" */
	struct load_options load;
	const char *color;            /* "auto", "always", "never" */
	struct selection *selection;  /* -k, or NULL */
	struct arena *arena;          /* (owned) for all of these */
	const char *taken_by, *taken; /* an option and its value, which looks like a scenario; or NULL */
};

/* @command: argv[0] of the subcommand, with which getopt_long(3) begins its messages. */
void common_init(struct common_options *options, const char *command);
void common_free(struct common_options *options);

/* One of -D, -k, --ip, --color, as getopt_long(3) returns them. Errors are printed.
 * Return: 0, or EXIT_USAGE. */
int common_option(struct common_options *options, int opt, const char *value);

/* This option has taken its value: perhaps what was meant for a path. */
void common_taken(struct common_options *options, const char *option, const char *value);

enum { OPT_IP = 256, OPT_COLOR, OPT_COMMON_LAST };
#define COMMON_LETTERS "D:k:h"
#define COMMON_LONG                                                                                \
	{ "ip", required_argument, NULL, OPT_IP },                                                 \
	{ "color", required_argument, NULL, OPT_COLOR },                                           \
	{ "help", no_argument, NULL, 'h' }

/* What getopt_long(3) is to know of a subcommand. */
struct option;
struct option_set {
	const char *help;             /* of --help */
	const char *letters;
	const struct option *longs;
	/* One option other than --help; those that are not its own go to common_option(). */
	int (*take)(void *context, int opt, const char *value);
};

/* Read all options; optind tells where the arguments begin.
 * Return: -1 to go on, or an exit status. */
int read_options(const struct option_set *set, void *context, int argc, char **argv);

/* Text with names in it that came from outside: as one line, with '?' for what a terminal must
 * not get. complain() is for standard error: "tcpscen: ...", with a newline. */
void print_clean(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The path of this program's file. Return: 0, or -errno after a message. */
int own_path(char *path, size_t room);

/* All scenarios of a command line. */
struct loaded {
	struct arena *arena;          /* (owned) diagnostics and sources */
	struct scenario **scenarios;  /* (owned) those without errors */
	size_t count;
	bool failed;                  /* a path could not be read, or a file has errors */
};

/* Find, read and resolve the scenarios of @paths, printing every error to standard error.
 * @loaded: to be freed with loaded_free in any case
 * Return: 0, or EXIT_USAGE. */
int load_all(struct loaded *loaded, struct common_options *options, char **paths, int n_paths);
void loaded_free(struct loaded *loaded);

/* "scenarios/x.scn[6,how=SHUT_WR]". Return: in @arena. */
const char *variant_id(struct arena *arena, const struct plan *plan);

#endif
