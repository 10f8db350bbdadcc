/* suite: see suite.h. One poll() loop over all players.
 *
 * What a player takes of the suite is two descriptors and a process, and a third descriptor to
 * watch it. When there are no more of these, the suite goes on with those it has.
 */
#include "run/suite.h"

#include "base/clock.h"
#include "base/processor.h"
#include "run/bill.h"
#include "run/player.h"
#include "run/timeline.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SET_AHEAD_FIRST = 4, SET_AHEAD_FURTHER = 6, SET_AHEAD_MAX = 32 };
enum { CLEARING_MAX = 64, PROGRESS_MS = 200 };
enum { SPARE_FILES = 16 /* descriptors left to the reports */, LAST_BREATH_MS = 1000 };

static const size_t NO_PROCESSOR = SIZE_MAX;

struct suite {
	struct bill bill;
	const struct suite_options *options;
	struct player_setup setup;
	size_t places;          /* for variants under way */
	struct player *players; /* (owned) @n_players, more than places: some are clearing */
	size_t n_players;
	size_t n_processors, first_processor; /* those we may use; where players are put first */
	struct child dying[CLEARING_MAX]; /* players that have nothing to play any more */
	size_t n_dying;
	bool short_of;      /* descriptors or processes: start nothing until somebody has ended */
};

static size_t in_phase(const struct suite *suite, enum player_phase phase)
{
	size_t n = 0;

	for (size_t i = 0; i < suite->n_players; i++)
		n += suite->players[i].phase == phase;
	return n;
}

static bool is_under_way(const struct player *player)
{
	return player->phase == PLAYER_SETTING || player->phase == PLAYER_READY ||
	       player->phase == PLAYER_PLAYING;
}

static size_t under_way(const struct suite *suite)
{
	return in_phase(suite, PLAYER_SETTING) + in_phase(suite, PLAYER_READY) +
	       in_phase(suite, PLAYER_PLAYING);
}

/* ---- descriptors ---- */

/* Three for each player are many: take all that we may have. */
static void raise_file_limit(struct suite *suite)
{
	struct rlimit *files = &suite->setup.files, most;

	if (getrlimit(RLIMIT_NOFILE, files) < 0)
		return;
	most = (struct rlimit){ files->rlim_max, files->rlim_max };
	setrlimit(RLIMIT_NOFILE, &most);
}

static void restore_file_limit(const struct suite *suite)
{
	if (suite->setup.files.rlim_max)
		setrlimit(RLIMIT_NOFILE, &suite->setup.files);
}

/* Has the newest player left enough descriptors? */
static bool leaves_enough(const struct player *player)
{
	struct rlimit files;

	return getrlimit(RLIMIT_NOFILE, &files) < 0 ||
	       (rlim_t)player->child.pidfd + SPARE_FILES < files.rlim_cur;
}

/* ---- players ---- */

static int64_t time_limit(const struct suite *suite, const struct plan *plan)
{
	if (suite->options->timeout)
		return suite->options->timeout;
	return 2 * timeline_estimate(plan) + plan->n_steps * 10 * NS_PER_MS +
	       10 * plan->patience + 60 * NS_PER_S;
}

static int64_t stage_limit(const struct suite *suite)
{
	return suite->options->stage_timeout ? suite->options->stage_timeout : 60 * NS_PER_S;
}

/* The player goes; whoever goes by himself is not waited for. */
static void release(struct suite *suite, struct player *player, bool kill_it)
{
	if (kill_it || suite->n_dying == CLEARING_MAX)
		player_kill(player);
	else
		suite->dying[suite->n_dying++] = player_part(player);
	suite->short_of = false;
}

static void reap_dying(struct suite *suite)
{
	size_t kept = 0;

	for (size_t i = 0; i < suite->n_dying; i++) {
		struct pollfd fd = { .fd = suite->dying[i].pidfd, .events = POLLIN };

		if (poll(&fd, 1, 0) > 0)
			child_reap(&suite->dying[i]);
		else
			suite->dying[kept++] = suite->dying[i];
	}
	if (kept < suite->n_dying)
		suite->short_of = false;
	suite->n_dying = kept;
}

/* ---- ends that the engine did not tell ---- */

/* The status of a player whose pipe has ended: it is on its way out, if nothing holds it up. */
static int last_status(struct child *child)
{
	struct pollfd fd = { .fd = child->pidfd, .events = POLLIN };

	return poll(&fd, 1, LAST_BREATH_MS) > 0 ? child_reap(child) : child_kill(child);
}

/* The record ends before its last event. @rc: of reading it: 0 when the engine has gone */
static void lost(struct player *player, int rc)
{
	int status = rc == 0 ? last_status(&player->child) : 0;
	char why[128];

	if (rc == -EPROTO)
		snprintf(why, sizeof(why), "the record is damaged");
	else if (rc < 0)
		snprintf(why, sizeof(why), "cannot read the record: %s", strerror(-rc));
	else if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "the engine was killed by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(why, sizeof(why), "the engine ended before the scenario did");
	bill_end_record(player->job, VERDICT_ERROR, why, clock_real_ns());
}

static bool has_deadline(const struct player *player)
{
	return player->phase == PLAYER_SETTING || player->phase == PLAYER_PLAYING;
}

static void time_out(struct suite *suite, struct player *player)
{
	bool setting = player->phase == PLAYER_SETTING;
	int64_t limit = setting ? stage_limit(suite)
				: time_limit(suite, player->job->plan);
	char why[128], text[DURATION_LEN];

	snprintf(why, sizeof(why), "no %s after %s: stopped", setting ? "stage" : "end",
		 format_duration(limit, text));
	bill_end_record(player->job, VERDICT_ERROR, why, clock_real_ns());
	player->job->record.too_busy = setting; /* what takes so long is the kernel, for all who ask */
	release(suite, player, true);
	bill_finish(&suite->bill, player->job);
}

/* ---- the loop ---- */

static size_t count_on(const struct suite *suite, size_t processor, enum player_phase phase)
{
	size_t n = 0;

	for (size_t i = 0; i < suite->n_players; i++)
		n += suite->players[i].processor == processor && suite->players[i].phase == phase;
	return n;
}

/* How much a processor has to do: variants under way. */
static size_t load(const struct suite *suite, size_t processor)
{
	return count_on(suite, processor, PLAYER_SETTING) + count_on(suite, processor, PLAYER_READY) +
	       count_on(suite, processor, PLAYER_PLAYING);
}

static size_t least_loaded(const struct suite *suite)
{
	size_t least = suite->first_processor;

	for (size_t i = 1; i < suite->n_processors; i++) {
		const size_t processor = (suite->first_processor + i) % suite->n_processors;

		if (load(suite, processor) < load(suite, least))
			least = processor;
	}
	return least;
}

/* Return: NULL: there is none. @processor: NO_PROCESSOR: any */
static struct player *find_player(struct suite *suite, enum player_phase phase, size_t processor)
{
	for (size_t i = 0; i < suite->n_players; i++)
		if (suite->players[i].phase == phase &&
		    (processor == NO_PROCESSOR || suite->players[i].processor == processor))
			return &suite->players[i];
	return NULL;
}

static bool is_shortage(int rc)
{
	return rc == -EMFILE || rc == -ENFILE || rc == -EAGAIN || rc == -ENOMEM;
}

/* No player could be started: is it enough to wait until somebody has ended? Whose variants are
 * over already are not waited for. */
static bool can_wait(struct suite *suite, int rc)
{
	if (!is_shortage(rc))
		return false;
	if (in_phase(suite, PLAYER_NONE) < suite->n_players) {
		suite->short_of = true;
		return true;
	}
	if (suite->n_dying == 0)
		return false;
	while (suite->n_dying)
		child_kill(&suite->dying[--suite->n_dying]);
	return true;
}

/* Somebody who is idle, or a new one, where there is least to do; else whoever is idle. Return:
 * NULL: nobody may be had now, with @rc 0 if it is enough to wait. */
static struct player *find_idle(struct suite *suite, int *rc)
{
	const size_t processor = least_loaded(suite);
	struct player *player = find_player(suite, PLAYER_IDLE, processor);

	*rc = 0;
	if (player)
		return player;
	player = suite->short_of ? NULL : find_player(suite, PLAYER_NONE, NO_PROCESSOR);
	if (!player)
		return find_player(suite, PLAYER_IDLE, NO_PROCESSOR);
	*rc = player_start(player, &suite->setup, processor);
	if (*rc == 0 && !leaves_enough(player) && under_way(suite) > 0) {
		player_kill(player);
		*rc = -EMFILE;
	}
	if (*rc == 0)
		return player;
	if (can_wait(suite, *rc))
		*rc = 0;
	return find_player(suite, PLAYER_IDLE, NO_PROCESSOR);
}

/* Start setting stages as long as there are places. */
static int start_some(struct suite *suite)
{
	struct suite_job *job;
	int rc;

	while (under_way(suite) < suite->places && (job = bill_next(&suite->bill))) {
		struct player *player = find_idle(suite, &rc);

		if (!player)
			return rc;
		if (!player_order(player, job, suite->bill.started)) {
			release(suite, player, true); /* it has died while it was idle */
			continue;
		}
		player->deadline = clock_mono_ns() + stage_limit(suite);
		bill_start(&suite->bill);
	}
	return 0;
}

/* When all has been started, those who have nothing to do, and those who will not, go by themselves. */
static void dismiss_some(struct suite *suite)
{
	if (bill_next(&suite->bill))
		return;
	for (size_t i = 0; i < suite->n_players; i++) {
		struct player *player = &suite->players[i];

		if (player->phase == PLAYER_PLAYING && !player->last)
			player_dismiss(player);
		else if (player->phase == PLAYER_IDLE || player->phase == PLAYER_CLEARING)
			release(suite, player, false);
	}
}

/* The next to play: where it has the fewest rivals; of these, who was started first. */
static struct player *find_next(struct suite *suite)
{
	struct player *next = NULL;
	size_t least = 0;

	for (size_t i = 0; i < suite->n_players; i++) {
		struct player *player = &suite->players[i];
		size_t n;

		if (player->phase != PLAYER_READY)
			continue;
		n = count_on(suite, player->processor, PLAYER_PLAYING);
		if (next && (n > least || (n == least && player->turn > next->turn)))
			continue;
		next = player;
		least = n;
	}
	return next;
}

/* Let those that are ready play. */
static void raise_curtains(struct suite *suite)
{
	size_t playing = in_phase(suite, PLAYER_PLAYING);

	while (playing < (size_t)suite->options->jobs && !suite->bill.stopping) {
		struct player *next = find_next(suite);

		if (!next)
			return;
		player_go(next);
		next->deadline = clock_mono_ns() + time_limit(suite, next->job->plan);
		playing++;
	}
}

/* The variant is over. */
static void finish(struct suite *suite, struct player *player)
{
	struct suite_job *job = player->job;

	player->phase = PLAYER_CLEARING;
	if (player->last)
		release(suite, player, false);
	bill_finish(&suite->bill, job);
}

static void read_player(struct suite *suite, struct player *player)
{
	struct record *record = &player->job->record;
	int rc = record_reader_feed(&player->reader, player->events, record);
	bool over = record->count && record->events[record->count - 1].kind == EVENT_END;

	if (player->phase == PLAYER_SETTING && record->count)
		player->phase = PLAYER_READY;
	if (over) {
		finish(suite, player);
		return;
	}
	if (rc > 0 || rc == -EAGAIN || rc == -EINTR)
		return;
	lost(player, rc);
	release(suite, player, true);
	bill_finish(&suite->bill, player->job);
}

static void hear(struct suite *suite, struct player *player)
{
	if (is_under_way(player))
		read_player(suite, player);
	else if (player->phase != PLAYER_CLEARING || !player_cleared(player))
		release(suite, player, true); /* who is idle has nothing to say: it has died */
}

/* Wait for events of any player, or for the nearest deadline. @fds: room for all players; poll(2)
 * refuses more entries than there may be descriptors, so free places get none. */
static int wait_for_events(struct suite *suite, struct pollfd *fds)
{
	int64_t now = clock_mono_ns(), nearest = now + PROGRESS_MS * NS_PER_MS;
	nfds_t n = 0;

	for (size_t i = 0; i < suite->n_players; i++) {
		const struct player *player = &suite->players[i];

		if (player->phase != PLAYER_NONE)
			fds[n++] = (struct pollfd){ .fd = player_fd(player), .events = POLLIN };
		if (has_deadline(player) && player->deadline < nearest)
			nearest = player->deadline;
	}

	struct timespec timeout = ns_to_timespec(nearest - now);
	int rc = ppoll(fds, n, &timeout, NULL);

	if (rc < 0 && errno != EINTR)
		return -errno;
	n = 0;
	for (size_t i = 0; i < suite->n_players; i++)
		if (suite->players[i].phase != PLAYER_NONE)
			suite->players[i].readable = rc > 0 && fds[n++].revents;
	return 0;
}

static int turn(struct suite *suite, struct pollfd *fds)
{
	int rc = start_some(suite);

	if (rc < 0)
		return rc;
	raise_curtains(suite);
	dismiss_some(suite);
	if (under_way(suite) == 0 && !bill_next(&suite->bill))
		return 0; /* only skips were left */
	rc = wait_for_events(suite, fds);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < suite->n_players; i++) {
		struct player *player = &suite->players[i];

		if (player->phase != PLAYER_NONE && player->readable)
			hear(suite, player);
		if (has_deadline(player) && clock_mono_ns() > player->deadline)
			time_out(suite, player);
	}
	reap_dying(suite);
	bill_progress(&suite->bill, (int)in_phase(suite, PLAYER_PLAYING));
	return 0;
}

static bool over(const struct suite *suite)
{
	if (suite->bill.stopping)
		return suite->bill.aborted || in_phase(suite, PLAYER_PLAYING) == 0;
	return suite->bill.finished == suite->bill.plays;
}

static void suite_free(struct suite *suite)
{
	for (size_t i = 0; suite->players && i < suite->n_players; i++)
		if (suite->players[i].phase != PLAYER_NONE)
			release(suite, &suite->players[i], is_under_way(&suite->players[i]));
	for (size_t i = 0; i < suite->n_dying; i++)
		close(suite->dying[i].pidfd);
	free(suite->players);
	bill_free(&suite->bill);
}

/* For those that play, and for those that set their stages meanwhile: a few keep any number of
 * places busy, and more would keep the first from theirs. A further place needs more of them than the
 * first, since they take longer the more there are: the kernel has one lock for links. */
static size_t places(const struct suite_options *options)
{
	size_t playing = (size_t)options->jobs;
	size_t ahead = SET_AHEAD_FIRST + SET_AHEAD_FURTHER * (playing - 1);

	return playing + (ahead < SET_AHEAD_MAX ? ahead : SET_AHEAD_MAX);
}

int suite_run(const struct plan *const *plans, size_t count, const struct suite_options *options,
	      const struct suite_watch *watch)
{
	struct suite suite = {
		.options = options, .setup.play = options->play, .places = places(options),
	};
	int rc = bill_open(&suite.bill, plans, count, options, watch, timeline_estimate);

	suite.n_processors = processor_count();
	suite.first_processor = processor_here();
	suite.n_players = suite.places + CLEARING_MAX;
	if (suite.n_players > suite.bill.plays)
		suite.n_players = suite.bill.plays;

	struct pollfd *fds = calloc(suite.n_players + 1, sizeof(*fds));

	suite.players = calloc(suite.n_players + 1, sizeof(*suite.players));
	if (!fds || !suite.players)
		rc = -ENOMEM;
	raise_file_limit(&suite);
	while (rc == 0 && !over(&suite))
		rc = turn(&suite, fds);
	suite_free(&suite);
	restore_file_limit(&suite);
	free(fds);
	return rc;
}
