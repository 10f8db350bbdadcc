/* performance: all selected variants on one kernel, and their reports. See run.h.
 *
 * Results are printed in the order of the command line, whatever order they come in: each waits
 * until all before it are printed. Its record is freed then, so that memory does not
 * grow with the number of scenarios. Played many times, they are printed as they come: nobody waits for
 * one that takes long while the others play hundreds of rounds.
 */
#include "command/run.h"

#include "base/arena.h"
#include "base/clock.h"
#include "command/captures.h"
#include "command/select.h"
#include "report/progress.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static bool has_ended(const struct performance *performance, size_t variant)
{
	return performance->ended[variant].plan != NULL;
}

static void print_next(struct performance *performance)
{
	struct suite_job *job = &performance->ended[performance->printed++];

	report_play(performance, job);
	record_free(&job->record);
}

/* Report it, and those that have waited for it; or it waits itself. */
static void report_in_turn(struct performance *performance, struct suite_job *job)
{
	performance->ended[job->variant] = *job;
	performance->ended[job->variant].record = record_take(&job->record);
	while (performance->printed < performance->count &&
	       has_ended(performance, performance->printed))
		print_next(performance);
}

static void passed(void *context, struct suite_job *job)
{
	struct performance *performance = context;
	struct arena *arena = arena_new();

	if (performance->timeline &&
	    !recorded_compare(performance->timeline, variant_id(arena, job->plan), job->plan,
			      &job->record))
		performance->unrecorded++;
	arena_free(arena);
}

/* What nobody can read need not be played: the first report that cannot be written is the last. */
static bool finished(void *context, struct suite_job *job)
{
	struct performance *performance = context;

	count(&performance->tally, job->record.verdict);
	count(&performance->outcomes[job->variant].plays, job->record.verdict);
	if (performance->kernel->path)
		performance->tally.virtual_ns += job->record.duration;
	performance->tally.replayed += job->record.played_before > 0;
	performance->lacking += lacks_program(&job->record);
	if (performance->progress_wanted)
		progress_clear(stderr);
	if (has_rounds(performance))
		report_play(performance, job);
	else
		report_in_turn(performance, job);
	return outputs_flush(performance->outputs);
}

static void progress(void *context, int running, int64_t elapsed, int64_t left)
{
	struct performance *performance = context;

	if (performance->progress_wanted)
		progress_show(stderr, &performance->tally, running, (int)performance->plays, elapsed, left,
			      &performance->outputs->err_style);
}

/* How many there will be. Return: 0, or EXIT_USAGE after a message. */
static int count_plays(struct performance *performance)
{
	const int rounds = performance->options->suite.rounds;

	performance->plays = performance->count * (size_t)rounds;
	if (performance->plays <= INT_MAX)
		return 0;
	complain("--repeat %d: with %zu variants these are %zu plays, and %d is the most", rounds,
		 performance->count, performance->plays, INT_MAX);
	return EXIT_USAGE;
}

/* The variants that are selected. Return: 0, or an exit status after a message. */
static int select_variants(struct performance *performance, const struct loaded *loaded)
{
	size_t room = 1;

	for (size_t i = 0; i < loaded->count; i++)
		room += loaded->scenarios[i]->n_plans;
	performance->plans = calloc(room, sizeof(*performance->plans));
	performance->outcomes = calloc(room, sizeof(*performance->outcomes));
	performance->ended = calloc(room, sizeof(*performance->ended));
	if (!performance->plans || !performance->outcomes || !performance->ended)
		return EXIT_MACHINE;
	for (size_t i = 0; i < room; i++)
		performance->outcomes[i].place = NOT_COMPARED;
	for (size_t i = 0; i < loaded->count; i++)
		for (size_t k = 0; k < loaded->scenarios[i]->n_plans; k++) {
			const struct plan *plan = loaded->scenarios[i]->plans[k];
			const char *id = variant_id(loaded->arena, plan);

			if (selection_takes(performance->options->common.selection, plan, id))
				performance->plans[performance->count++] = plan;
		}
	if (performance->count)
		return count_plays(performance);
	complain("nothing is selected: see -k and --ip");
	return EXIT_USAGE;
}

/* Where captures go: of several kernels, each has a folder of its own. */
static const char *folder_of(const struct performance *performance, struct arena *arena)
{
	const char *folder = performance->options->captures;

	if (!performance->comparison || !*folder)
		return folder;
	return arena_printf(arena, "%s/%s", folder, performance->kernel->name);
}

/* A folder that captures can be put into, and a name there for each variant.
 * Return: 0, or EXIT_USAGE after a message. */
static int open_captures(struct performance *performance, struct arena *arena)
{
	struct captures captures = { .arena = arena, .folder = folder_of(performance, arena) };
	int rc = captures_folder(captures.folder);

	if (rc < 0) {
		complain("--captures '%s': %s", captures.folder, strerror(-rc));
		return EXIT_USAGE;
	}
	performance->captures = calloc(performance->count, sizeof(*performance->captures));
	for (size_t i = 0; performance->captures && i < performance->count; i++)
		performance->captures[i] = capture_path(&captures, performance->plans[i]);
	captures_free(&captures);
	return performance->captures ? 0 : EXIT_MACHINE;
}

/* A run in which nothing could be played for want of programs has shown nothing. */
static int exit_status(const struct performance *performance)
{
	const struct tally *tally = &performance->tally;

	if (tally->failed)
		return EXIT_FAILED;
	if (tally->errors || (performance->lacking && !tally->passed))
		return EXIT_MACHINE;
	return EXIT_PASSED;
}

static int unplayed(const struct performance *performance)
{
	const struct tally *tally = &performance->tally;

	return (int)performance->plays -
	       (tally->passed + tally->failed + tally->skipped + tally->errors);
}

static int play_really(struct performance *performance, const struct suite_watch *watch)
{
	int rc = suite_run(performance->plans, performance->count, &performance->options->suite,
			   watch);

	if (rc < 0)
		complain("cannot start a process: %s", strerror(-rc));
	return rc;
}

/* "kernel 6.12 (6.12.117, virtual time)": what follows was played on it. */
static void print_header(const struct performance *performance)
{
	const struct kernel *kernel = performance->kernel;
	FILE *out = performance->outputs->text;

	if (!comparison_is_empty(performance->comparison))
		putc('\n', out);
	print_clean(out, "kernel %s (%s, %s time)", kernel->name, kernel->release,
		    kernel->path ? "virtual" : "real");
	putc('\n', out);
	fflush(out);
}

/* Nobody has looked at their nanoseconds. */
static void tell_unrecorded(const struct performance *performance)
{
	if (!performance->unrecorded)
		return;
	print_clean(performance->outputs->text, "%d of them not in %s", performance->unrecorded,
		    performance->options->timeline);
	putc('\n', performance->outputs->text);
}

int perform(struct performance *performance, const struct loaded *loaded)
{
	struct suite_watch watch = { performance, passed, finished, progress };
	const struct run_options *options = performance->options;
	int64_t began = clock_mono_ns();
	int rc = select_variants(performance, loaded);

	if (rc == 0 && options->captures)
		rc = open_captures(performance, loaded->arena);
	if (rc)
		return rc;
	if (performance->comparison)
		print_header(performance);
	performance->progress_wanted = performance->plays > 1 && isatty(STDERR_FILENO);
	performance->ladders = options->loudness == VERBOSE ||
			       (options->loudness == NORMAL && loaded->count == 1 &&
				performance->count <= 2 && !has_rounds(performance));
	rc = performance->kernel->path ? play_virtually(performance, &watch)
				       : play_really(performance, &watch);
	if (performance->progress_wanted)
		progress_clear(stderr);
	for (size_t i = performance->printed; i < performance->count; i++)
		if (has_ended(performance, i))
			report_play(performance, &performance->ended[i]);
	performance->tally.wall_ns = clock_mono_ns() - began;
	performance->tally.unplayed = unplayed(performance);
	report_rounds(performance);
	text_summary(performance->outputs->text, &performance->tally,
		     &performance->outputs->out_style);
	tell_unrecorded(performance);
	return rc < 0 ? EXIT_MACHINE : exit_status(performance);
}

void performance_free(struct performance *performance)
{
	for (size_t i = 0; i < performance->count; i++)
		if (has_ended(performance, i))
			record_free(&performance->ended[i].record);
	free(performance->plans);
	free(performance->outcomes);
	free(performance->ended);
	free(performance->captures);
}
