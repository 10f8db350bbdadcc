/* run: play scenarios and report.
 *
 * Results are printed in the order of the command line, whatever order they come in: each waits
 * until all before it are printed. Its record is freed then, so that memory does not
 * grow with the number of scenarios.
 */
#include "command/command.h"

#include "base/clock.h"
#include "command/captures.h"
#include "command/select.h"
#include "report/json.h"
#include "report/ladder.h"
#include "report/pcapng.h"
#include "report/progress.h"
#include "report/text.h"
#include "run/suite.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
	"usage: tcpscen run [OPTION...] PATH...\n\n"
	"Plays scenario files, or all *.scn of folders, each variant in namespaces of its own.\n"
	"One scenario alone shows its ladder; several show a line each, and what failed.\n\n"
	"  -j N             play N at a time (default: the number of processors)\n"
	"  -x               stop at the first failure\n"
	"  -k EXPR          only variants of which EXPR is true: tags and parts of names,\n"
	"                   joined by and, or, not\n"
	"  -D NAME=VALUE    give a parameter this value\n"
	"  --ip 4|6|mapped|all\n"
	"                   only these of a scenario's IP versions; mapped also where a\n"
	"                   scenario does not ask for it\n"
	"  --timeout SECONDS\n"
	"                   stop a variant that takes longer (default: by its own times)\n"
	"  --captures DIR   write a capture file (pcapng) for each variant\n"
	"  --json FILE|-    write each variant's whole record as a line of JSON\n"
	"  -v               show every ladder\n"
	"  -q               show failures and the summary only\n"
	"  --color auto|always|never\n\n"
	"Exit status: 0 all passed; 1 a scenario failed; 2 wrong usage or a faulty scenario;\n"
	"3 this machine cannot run it. A skip is printed with its reason and counted apart.\n\n"
	"  tcpscen run scenarios/rst_after_fin.scn\n"
	"  tcpscen run -j 16 -k 'timers and not slow' --json results.json scenarios\n";

enum { OPT_TIMEOUT = OPT_COMMON_LAST, OPT_CAPTURES, OPT_JSON };

enum loudness { QUIET, NORMAL, VERBOSE };

struct run_options {
	struct common_options common;
	struct suite_options suite;
	const char *captures; /* folder, or NULL */
	const char *json;     /* file, "-", or NULL */
	enum loudness loudness;
};

struct run {
	const struct run_options *options;
	struct suite_job *jobs;  /* (owned) */
	bool *ended;             /* (owned) */
	const char **captures;   /* (owned) a path for each job, or NULL */
	size_t count, printed;
	bool ladders;
	struct tally tally;
	int lacking;             /* variants that were skipped for want of a program */
	struct report_style out_style, err_style;
	bool progress_wanted;
	FILE *text;              /* verdicts go here: standard output, or error if JSON goes there */
	FILE *json;              /* or NULL */
	int write_error;         /* the first -errno of writing a report */
};

/* ---- reports of one variant ---- */

static void write_failed(struct run *run, const char *what, const char *why)
{
	complain("%s: %s", what, why);
	run->write_error = -EIO;
}

static const char *write_capture(struct run *run, const struct suite_job *job)
{
	char why[PATH_MAX + 256];

	if (!run->captures || job->record.verdict == VERDICT_SKIPPED)
		return NULL;

	const char *path = run->captures[job - run->jobs];

	if (pcapng_write(path, job->plan, &job->record, why, sizeof(why)) == 0)
		return path;
	complain("%s", why);
	run->write_error = -EIO;
	return NULL;
}

static void print_text(struct run *run, const struct suite_job *job, const char *capture)
{
	bool passed = job->record.verdict == VERDICT_PASSED;
	bool ladder = run->ladders || (!passed && job->record.verdict == VERDICT_FAILED);

	if (run->options->loudness == QUIET && passed)
		return;
	if (ladder && job->record.verdict != VERDICT_SKIPPED)
		ladder_print(run->text, job->plan, &job->record, &run->out_style);
	text_failure(run->text, job->plan, &job->record, &run->out_style);
	if (capture && !passed) {
		print_clean(run->text, "      capture: %s", capture);
		putc('\n', run->text);
	}
	text_verdict(run->text, job->plan, &job->record, &run->out_style);
	if (ladder)
		putc('\n', run->text);
}

static void report(struct run *run, struct suite_job *job)
{
	const char *capture = write_capture(run, job);
	int rc = run->json ? json_print(run->json, job->plan, &job->record, capture) : 0;

	if (rc < 0 && !run->write_error)
		write_failed(run, run->options->json, strerror(-rc));
	print_text(run, job, capture);
}

static void count(struct tally *tally, enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_PASSED:
		tally->passed++;
		return;
	case VERDICT_FAILED:
		tally->failed++;
		return;
	case VERDICT_SKIPPED:
		tally->skipped++;
		return;
	case VERDICT_ERROR:
	case VERDICT_NONE:
		tally->errors++;
		return;
	}
}

static bool lacks_program(const struct record *record)
{
	const struct event *last = record->count ? &record->events[record->count - 1] : NULL;

	return last && last->kind == EVENT_END && last->u.end.lacking;
}

/* ---- the suite's news ---- */

static void print_next(struct run *run)
{
	report(run, &run->jobs[run->printed]);
	record_free(&run->jobs[run->printed].record);
	run->printed++;
}

static void finished(void *context, size_t index)
{
	struct run *run = context;

	count(&run->tally, run->jobs[index].record.verdict);
	run->lacking += lacks_program(&run->jobs[index].record);
	run->ended[index] = true;
	if (run->progress_wanted)
		progress_clear(stderr);
	while (run->printed < run->count && run->ended[run->printed])
		print_next(run);
	fflush(run->text);
}

static void progress(void *context, int running, int64_t elapsed, int64_t left)
{
	struct run *run = context;

	if (run->progress_wanted)
		progress_show(stderr, &run->tally, running, (int)run->count, elapsed, left,
			      &run->err_style);
}

/* ---- options ---- */

/* A whole number of @low to @high. Return: false after an error message. */
static bool read_number(const char *option, const char *text, long low, long high, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(text, &end, 10);
	if (!errno && end != text && !*end && *out >= low && *out <= high)
		return true;
	complain("%s %s: write a number from %ld to %ld", option, text, low, high);
	return false;
}

static int run_option(void *context, int opt, const char *value)
{
	struct run_options *options = context;
	long number;

	switch (opt) {
	case 'j':
		if (!read_number("-j", value, 1, 1000, &number))
			return EXIT_USAGE;
		options->suite.jobs = (int)number;
		return 0;
	case OPT_TIMEOUT:
		if (!read_number("--timeout", value, 1, 30 * 24 * 3600, &number))
			return EXIT_USAGE;
		options->suite.timeout = number * NS_PER_S;
		return 0;
	case 'x':
		options->suite.stop = true;
		return 0;
	case OPT_CAPTURES:
		options->captures = value;
		return 0;
	case OPT_JSON:
		options->json = value;
		return 0;
	case 'v':
		options->loudness = VERBOSE;
		return 0;
	case 'q':
		options->loudness = QUIET;
		return 0;
	default:
		return common_option(&options->common, opt, value);
	}
}

/* ---- the whole ---- */

/* The variants that are selected, as jobs. Return: 0, or EXIT_USAGE. */
static int make_jobs(struct run *run, const struct loaded *loaded)
{
	size_t room = 1;

	for (size_t i = 0; i < loaded->count; i++)
		room += loaded->scenarios[i]->n_plans;
	run->jobs = calloc(room, sizeof(*run->jobs));
	run->ended = calloc(room, sizeof(*run->ended));
	if (!run->jobs || !run->ended)
		return EXIT_MACHINE;
	for (size_t i = 0; i < loaded->count; i++)
		for (size_t k = 0; k < loaded->scenarios[i]->n_plans; k++) {
			const struct plan *plan = loaded->scenarios[i]->plans[k];
			const char *id = variant_id(loaded->arena, plan);

			if (!selection_takes(run->options->common.selection, plan, id))
				continue;
			run->jobs[run->count].plan = plan;
			record_init(&run->jobs[run->count++].record);
		}
	if (run->count)
		return 0;
	complain("nothing is selected: see -k and --ip");
	return EXIT_USAGE;
}

/* A folder that captures can be put into, and a name there for each variant.
 * Return: 0, or EXIT_USAGE after a message. */
static int open_captures(struct run *run, struct arena *arena)
{
	struct captures captures = { .arena = arena, .folder = run->options->captures };
	int rc = captures_folder(captures.folder);

	if (rc < 0) {
		complain("--captures '%s': %s", captures.folder, strerror(-rc));
		return EXIT_USAGE;
	}
	run->captures = calloc(run->count, sizeof(*run->captures));
	for (size_t i = 0; run->captures && i < run->count; i++)
		run->captures[i] = capture_path(&captures, run->jobs[i].plan);
	captures_free(&captures);
	return run->captures ? 0 : EXIT_MACHINE;
}

/* Is @path a scenario? A slip ("--json a.scn b.scn") must not cost anybody his work. */
static bool is_input(const char *path, const struct loaded *loaded)
{
	size_t len = strlen(path);
	struct stat target, input;

	if (len >= 4 && strcmp(path + len - 4, ".scn") == 0)
		return true;
	if (stat(path, &target) < 0 || !S_ISREG(target.st_mode))
		return false;
	for (size_t i = 0; i < loaded->count; i++)
		if (stat(loaded->scenarios[i]->source->name, &input) == 0 &&
		    input.st_dev == target.st_dev && input.st_ino == target.st_ino)
			return true;
	return false;
}

/* Return: 0, or EXIT_USAGE after a message. */
static int open_json(struct run *run, const struct loaded *loaded)
{
	const char *path = run->options->json;

	if (strcmp(path, "-") == 0) {
		run->json = stdout;
		run->text = stderr;
		return 0;
	}
	if (is_input(path, loaded)) {
		complain("--json %s: this is a scenario; name another file, or -", path);
		return EXIT_USAGE;
	}
	run->json = fopen(path, "we");
	if (run->json)
		return 0;
	complain("--json %s: %s", path, strerror(errno));
	return EXIT_USAGE;
}

static int open_outputs(struct run *run, const struct loaded *loaded)
{
	const struct run_options *options = run->options;
	int rc = options->captures ? open_captures(run, loaded->arena) : 0;

	run->text = stdout;
	if (rc == 0 && options->json)
		rc = open_json(run, loaded);
	if (rc)
		return rc;
	run->out_style = report_style_for(run->text, options->common.color);
	run->err_style = report_style_for(stderr, options->common.color);
	run->progress_wanted = run->count > 1 && isatty(STDERR_FILENO);
	return 0;
}

static int close_outputs(struct run *run)
{
	if (run->json && run->json != stdout && fclose(run->json) != 0)
		write_failed(run, run->options->json, strerror(errno));
	if (fflush(stdout) != 0)
		write_failed(run, "standard output", strerror(errno));
	return run->write_error;
}

/* A run in which nothing could be played for want of programs has shown nothing. */
static int exit_status(const struct run *run)
{
	const struct tally *tally = &run->tally;

	if (tally->failed)
		return EXIT_FAILED;
	if (tally->errors || (run->lacking && !tally->passed))
		return EXIT_MACHINE;
	return EXIT_PASSED;
}

static int unplayed(const struct run *run)
{
	int n = 0;

	for (size_t i = 0; i < run->count; i++)
		n += !run->ended[i];
	return n;
}

static int play(struct run *run, const struct loaded *loaded)
{
	struct suite_watch watch = { run, finished, progress };
	int64_t began = clock_mono_ns();
	int rc = make_jobs(run, loaded);

	if (rc == 0)
		rc = open_outputs(run, loaded);
	if (rc)
		return rc;
	run->ladders = run->options->loudness == VERBOSE ||
		       (run->options->loudness == NORMAL && loaded->count == 1 && run->count <= 2);
	rc = suite_run(run->jobs, run->count, &run->options->suite, &watch);
	if (run->progress_wanted)
		progress_clear(stderr);
	for (size_t i = run->printed; i < run->count; i++)
		if (run->ended[i])
			report(run, &run->jobs[i]);
	run->tally.wall_ns = clock_mono_ns() - began;
	run->tally.unplayed = unplayed(run);
	text_summary(run->text, &run->tally, &run->out_style);
	if (rc < 0)
		complain("cannot start a process: %s", strerror(-rc));
	return close_outputs(run) < 0 || rc < 0 ? EXIT_MACHINE : exit_status(run);
}

int command_run(int argc, char **argv)
{
	static const struct option longs[] = {
		COMMON_LONG,
		{ "jobs", required_argument, NULL, 'j' },
		{ "exitfirst", no_argument, NULL, 'x' },
		{ "timeout", required_argument, NULL, OPT_TIMEOUT },
		{ "captures", required_argument, NULL, OPT_CAPTURES },
		{ "json", required_argument, NULL, OPT_JSON },
		{ "verbose", no_argument, NULL, 'v' },
		{ "quiet", no_argument, NULL, 'q' },
		{ NULL, 0, NULL, 0 },
	};
	static const struct option_set set = { help, COMMON_LETTERS "j:xvq", longs, run_option };
	struct run_options options = { .loudness = NORMAL };
	struct run run = { .options = &options };
	struct loaded loaded;

	options.suite.play = engine_play;
	options.suite.jobs = (int)sysconf(_SC_NPROCESSORS_ONLN);
	common_init(&options.common, argv[0]);

	int rc = read_options(&set, &options, argc, argv);

	if (rc < 0) {
		rc = load_all(&loaded, &options.common, argv + optind, argc - optind);
		if (rc == 0)
			rc = play(&run, &loaded);
		for (size_t i = 0; i < run.count; i++)
			record_free(&run.jobs[i].record);
		free(run.jobs);
		free(run.ended);
		free(run.captures);
		loaded_free(&loaded);
	}
	common_free(&options.common);
	return rc;
}
