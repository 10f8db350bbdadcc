/* reports: what is said of a play, and in the end of all plays of a variant. See run.h.
 *
 * Of a variant that is played many times, most plays pass, and all of them alike: these are only counted.
 * Those that fail do so alike, too, more often than not: a few of their ladders are shown.
 */
#include "command/run.h"

#include "base/arena.h"
#include "command/captures.h"
#include "report/json.h"
#include "report/ladder.h"
#include "report/pcapng.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

enum { LADDERS = 3 /* of the failures of a variant, if it is played many times */ };

bool has_rounds(const struct performance *performance)
{
	return performance->options->suite.rounds > 1;
}

/* ---- one play ---- */

static bool wants_capture(const struct performance *performance, const struct record *record)
{
	if (!performance->captures || record->verdict == VERDICT_SKIPPED)
		return false;
	return !has_rounds(performance) || record->verdict != VERDICT_PASSED;
}

/* Where its capture goes. @room: for a name that is made for it */
static const char *capture_name(struct performance *performance, const struct suite_job *job,
				char room[PATH_MAX])
{
	const char *path = performance->captures[job->variant];

	if (!has_rounds(performance))
		return path;
	if (capture_round_path(room, PATH_MAX, path, job->round) == 0)
		return room;
	outputs_failed(performance->outputs, path, strerror(ENAMETOOLONG));
	return NULL;
}

/* Return: its path, perhaps in @room; NULL: there is none. */
static const char *write_capture(struct performance *performance, const struct suite_job *job,
				 char room[PATH_MAX])
{
	char why[PATH_MAX + 256];
	const char *path;

	if (!wants_capture(performance, &job->record))
		return NULL;
	path = capture_name(performance, job, room);
	if (!path)
		return NULL;
	if (pcapng_write(path, job->plan, &job->record, why, sizeof(why)) == 0)
		return path;
	outputs_failed(performance->outputs, path, why);
	return NULL;
}

/* Has this play a line, or more, of its own? */
static bool is_told(const struct performance *performance, const struct suite_job *job)
{
	const enum loudness loudness = performance->options->loudness;
	const struct outcome *outcome = &performance->outcomes[job->variant];
	const bool passed = job->record.verdict == VERDICT_PASSED;

	if (!has_rounds(performance))
		return loudness != QUIET || !passed || job->record.played_before;
	if (job->record.verdict == VERDICT_SKIPPED) /* as in every round: the first one says why */
		return outcome->plays.skipped == 1;
	return loudness == VERBOSE || !passed;
}

static bool wants_ladder(struct performance *performance, const struct suite_job *job)
{
	struct outcome *outcome = &performance->outcomes[job->variant];

	if (performance->ladders || job->record.verdict != VERDICT_FAILED)
		return performance->ladders;
	if (!has_rounds(performance) || outcome->ladders < LADDERS) {
		outcome->ladders++;
		return true;
	}
	performance->left_out++;
	return false;
}

static void print_text(struct performance *performance, const struct suite_job *job,
		       const char *capture)
{
	const struct report_style *style = &performance->outputs->out_style;
	FILE *out = performance->outputs->text;
	bool passed = job->record.verdict == VERDICT_PASSED, ladder;

	if (!is_told(performance, job))
		return;
	ladder = wants_ladder(performance, job);
	if (ladder && job->record.verdict != VERDICT_SKIPPED)
		ladder_print(out, job->plan, &job->record, style);
	text_failure(out, job->plan, &job->record, style);
	if (capture && !passed) {
		print_clean(out, "      capture: %s", capture);
		putc('\n', out);
	}
	text_virtual_verdict(out, job->plan, &job->record, job->wall, style);
	if (ladder || (has_rounds(performance) && job->record.verdict == VERDICT_FAILED))
		putc('\n', out);
}

static void compare(struct performance *performance, const struct suite_job *job)
{
	struct arena *arena = arena_new();

	performance->outcomes[job->variant].place =
		comparison_add(performance->comparison, performance->kernel,
			       variant_id(arena, job->plan), job->plan, &job->record);
	arena_free(arena);
}

static void write_timeline(struct performance *performance, const struct suite_job *job)
{
	struct arena *arena = arena_new();

	if (performance->outputs->record && job->record.verdict == VERDICT_PASSED)
		recorded_write(performance->outputs->record, variant_id(arena, job->plan),
			       job->plan, &job->record);
	arena_free(arena);
}

void report_play(struct performance *performance, const struct suite_job *job)
{
	char room[PATH_MAX];
	const char *capture = write_capture(performance, job, room);
	const struct kernel *kernel = performance->kernel;
	const struct json_kernel played_on = { kernel->name, kernel->release, kernel->path };
	FILE *json = performance->outputs->json;
	int rc = json ? json_print(json, job->plan, &job->record, &played_on, capture) : 0;

	if (rc < 0 && !performance->outputs->write_error)
		outputs_failed(performance->outputs, performance->outputs->json_name, strerror(-rc));
	print_text(performance, job, capture);
	write_timeline(performance, job);
	if (performance->comparison && job->round == 1)
		compare(performance, job);
}

/* ---- all plays of a variant ---- */

static enum verdict worst_verdict(const struct tally *plays)
{
	if (plays->failed)
		return VERDICT_FAILED;
	if (plays->errors)
		return VERDICT_ERROR;
	return plays->passed ? VERDICT_PASSED : VERDICT_SKIPPED;
}

static void report_variant(struct performance *performance, size_t variant)
{
	const struct outcome *outcome = &performance->outcomes[variant];
	struct arena *arena = arena_new();

	text_rounds(performance->outputs->text, variant_id(arena, performance->plans[variant]),
		    &outcome->plays, &performance->outputs->out_style);
	if (performance->comparison && outcome->place != NOT_COMPARED)
		comparison_settle(performance->comparison, performance->kernel, outcome->place,
				  worst_verdict(&outcome->plays));
	arena_free(arena);
}

void report_rounds(struct performance *performance)
{
	const int left_out = performance->left_out;

	if (!has_rounds(performance))
		return;
	for (size_t i = 0; i < performance->count; i++)
		report_variant(performance, i);
	if (left_out)
		fprintf(performance->outputs->text, "%d more ladder%s of failures: -v shows %s\n",
			left_out, left_out == 1 ? "" : "s", left_out == 1 ? "it" : "them");
}
