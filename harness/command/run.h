/* run: what the parts of `tcpscen run` share.
 *
 * A run is one performance for each kernel: all selected variants, played on it and reported.
 */
#ifndef TCPSCEN_COMMAND_RUN_H
#define TCPSCEN_COMMAND_RUN_H

#include "command/command.h"
#include "command/compare.h"
#include "report/style.h"
#include "report/text.h"
#include "run/recorded.h"
#include "run/suite.h"

enum loudness { QUIET, NORMAL, VERBOSE };

struct run_options {
	struct common_options common;
	struct suite_options suite;
	const char *captures; /* folder, or NULL */
	const char *json;     /* file, "-", or NULL */
	const char *record;   /* file for a timeline, or NULL */
	const char *timeline; /* file with one, or NULL */
	const char *time;     /* "real", "virtual", "auto", or NULL: not given */
	const char *kernels;  /* names, with commas between, or NULL */
	int64_t guest_patience; /* ns, 0: the usual one */
	enum loudness loudness;
};

/* Read the command line up to the paths, which begin at optind.
 * Return: -1 to go on, or an exit status. */
int run_read_options(struct run_options *options, int argc, char **argv);

/* Where reports go. */
struct outputs {
	FILE *text;          /* verdicts: standard output, or error if JSON goes there */
	FILE *json;          /* (owned, unless standard output) or NULL */
	const char *json_name;
	FILE *record;        /* (owned) or NULL */
	const char *record_name;
	struct report_style out_style, err_style;
	int write_error;     /* the first -errno of writing a report */
};

/* Return: 0, or EXIT_USAGE after a message. */
int outputs_open(struct outputs *outputs, const struct run_options *options,
		 const struct loaded *loaded);

/* Remember that a report could not be written, and say so. */
void outputs_failed(struct outputs *outputs, const char *what, const char *why);

/* What has been reported is there to be read. Return: false: it could not be written; said, once. */
bool outputs_flush(struct outputs *outputs);

/* Return: 0, or the first error of writing. */
int outputs_close(struct outputs *outputs);

/* What has become of a variant on one kernel, however often it is played. */
#define NOT_COMPARED SIZE_MAX
struct outcome {
	struct tally plays;
	int ladders;             /* of failures that were shown */
	size_t place;            /* in the comparison, or NOT_COMPARED */
};

/* All selected variants on one kernel. */
struct performance {
	const struct run_options *options;
	const struct kernel *kernel;
	struct comparison *comparison; /* with the other kernels, or NULL: there are none */
	const struct recorded *timeline; /* to be met, or NULL */
	struct outputs *outputs;
	const struct plan **plans; /* (owned) @count of them */
	const char **captures;   /* (owned) a path for each, or NULL */
	struct outcome *outcomes;  /* (owned) of each */
	struct suite_job *ended; /* (owned) those that have, until all before them are printed */
	size_t count, printed;
	size_t plays;            /* of all rounds */
	bool ladders;
	int left_out;            /* ladders of failures */
	bool progress_wanted;
	struct tally tally;
	int lacking;             /* plays that were skipped for want of a program */
	int unrecorded;          /* plays of which the timeline has nothing */
};

/* Is each variant played more than once? */
bool has_rounds(const struct performance *performance);

/* All that there is to say of a play that has ended, and has been counted. */
void report_play(struct performance *performance, const struct suite_job *job);

/* What there is to say of the rounds once they are over. */
void report_rounds(struct performance *performance);

/* Play and report. Return: exit status. Free it in any case. */
int perform(struct performance *performance, const struct loaded *loaded);
void performance_free(struct performance *performance);

/* Play in guests, as suite_run() does in processes. Return: 0, or -errno after a message. */
int play_virtually(struct performance *performance, const struct suite_watch *watch);

#endif
