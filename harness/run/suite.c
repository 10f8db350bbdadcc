/* suite: see suite.h. One poll() loop over the event pipes of all variants under way.
 *
 * What a variant takes of the suite is two descriptors and a process, and a third descriptor to
 * watch it. When there are no more of these, the suite goes on with those it has.
 */
#include "run/suite.h"

#include "base/clock.h"
#include "run/bill.h"
#include "run/timeline.h"
#include "world/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SET_AHEAD = 3 /* for each place */, SET_AHEAD_MAX = 16 };
enum { DYING_MAX = 64, PROGRESS_MS = 200 };
enum { SPARE_FILES = 16 /* descriptors left to the reports */, LAST_BREATH_MS = 1000 };

enum phase { PHASE_FREE, PHASE_SETTING, PHASE_READY, PHASE_PLAYING };

/* A variant under way. */
struct player {
	enum phase phase;
	struct suite_job *job;
	size_t turn;     /* how many were started before it */
	struct child child;
	int events;      /* (owned) we read */
	int gate;        /* (owned) we write the word to go */
	bool readable;
	int64_t deadline; /* CLOCK_MONOTONIC: of setting, then of playing */
	struct record_reader reader;
};

struct suite {
	struct bill bill;
	const struct suite_options *options;
	struct player *players; /* (owned) @n_players places */
	size_t n_players;
	struct child dying[DYING_MAX]; /* their variants are over, their worlds are not yet */
	size_t n_dying;
	bool short_of;      /* descriptors or processes: start nothing until somebody has ended */
	struct rlimit files; /* as we found it */
};

static size_t in_phase(const struct suite *suite, enum phase phase)
{
	size_t n = 0;

	for (size_t i = 0; i < suite->n_players; i++)
		n += suite->players[i].phase == phase;
	return n;
}

/* ---- descriptors ---- */

/* Three for each player are many: take all that we may have. */
static void raise_file_limit(struct suite *suite)
{
	struct rlimit most;

	if (getrlimit(RLIMIT_NOFILE, &suite->files) < 0)
		return;
	most = (struct rlimit){ suite->files.rlim_max, suite->files.rlim_max };
	setrlimit(RLIMIT_NOFILE, &most);
}

static void restore_file_limit(const struct suite *suite)
{
	if (suite->files.rlim_max)
		setrlimit(RLIMIT_NOFILE, &suite->files);
}

/* ---- one player ---- */

struct player_args {
	const struct suite *suite;
	const struct plan *plan;
	struct engine_pipes pipes;
};

/* The other players' pipes, inherited by fork, would keep them from ever ending. */
static void close_all_but(int first, int second)
{
	int low = first < second ? first : second;
	int high = first < second ? second : first;

	close_range(3, (unsigned int)low - 1, 0);
	if (low + 1 < high)
		close_range((unsigned int)low + 1, (unsigned int)high - 1, 0);
	close_range((unsigned int)high + 1, ~0U, 0);
}

static int player_main(void *arg)
{
	const struct player_args *args = arg;

	signal(SIGPIPE, SIG_IGN); /* a suite that is gone kills us anyway */
	signal(SIGINT, SIG_IGN);  /* the terminal's ^C is the suite's affair: we die with it */
	close_all_but(args->pipes.events, args->pipes.gate);
	restore_file_limit(args->suite); /* for the programs of the scenario */
	return args->suite->options->play(args->plan, &args->pipes);
}

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

static void close_pair(const int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

/* The pipe of events and the gate, which is a socket so that the word to one who has died is an
 * error and no SIGPIPE. Return: 0 or -errno. */
static int open_pipes(const struct suite *suite, int events[2], int gate[2])
{
	struct rlimit files;
	int rc;

	if (pipe2(events, O_CLOEXEC) < 0)
		return -errno;
	fcntl(events[1], F_SETFL, O_NONBLOCK); /* we hold no engine up: see record_offer() */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gate) < 0) {
		rc = -errno;
		close_pair(events);
		return rc;
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && in_phase(suite, PHASE_FREE) < suite->n_players &&
	    (rlim_t)gate[1] + SPARE_FILES >= files.rlim_cur) {
		close_pair(events);
		close_pair(gate);
		return -EMFILE;
	}
	return 0;
}

static int start_player(struct suite *suite, struct player *player,
			struct suite_job *job)
{
	int events[2] = { -1, -1 }, gate[2] = { -1, -1 }, rc;
	struct player_args args = { .suite = suite, .plan = job->plan };

	rc = open_pipes(suite, events, gate);
	if (rc < 0)
		return rc;
	args.pipes = (struct engine_pipes){
		.events = events[1], .gate = gate[0], .turn = (int)suite->bill.started,
	};
	rc = child_start(&player->child, player_main, &args);
	close(events[1]);
	close(gate[0]);
	if (rc < 0) {
		close(events[0]);
		close(gate[1]);
		return rc;
	}
	player->phase = PHASE_SETTING;
	player->job = job;
	player->turn = suite->bill.started;
	player->events = events[0];
	player->gate = gate[1];
	player->deadline = clock_mono_ns() + stage_limit(suite);
	player->reader = (struct record_reader)RECORD_READER_INIT;
	return 0;
}

static void release(struct suite *suite, struct player *player, bool kill_it)
{
	close(player->events);
	close(player->gate);
	record_reader_free(&player->reader);
	if (kill_it || suite->n_dying == DYING_MAX)
		child_kill(&player->child);
	else
		suite->dying[suite->n_dying++] = player->child;
	player->phase = PHASE_FREE;
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
	return player->phase == PHASE_SETTING || player->phase == PHASE_PLAYING;
}

static void time_out(struct suite *suite, struct player *player)
{
	bool setting = player->phase == PHASE_SETTING;
	int64_t limit = setting ? stage_limit(suite)
				: time_limit(suite, player->job->plan);
	char why[128], text[DURATION_LEN];

	snprintf(why, sizeof(why), "no %s after %s: stopped", setting ? "stage" : "end",
		 format_duration(limit, text));
	bill_end_record(player->job, VERDICT_ERROR, why, clock_real_ns());
	release(suite, player, true);
	bill_finish(&suite->bill, player->job);
}

/* ---- the loop ---- */

static struct player *free_place(struct suite *suite)
{
	for (size_t i = 0; i < suite->n_players; i++)
		if (suite->players[i].phase == PHASE_FREE)
			return &suite->players[i];
	return NULL;
}

static bool is_shortage(int rc)
{
	return rc == -EMFILE || rc == -ENFILE || rc == -EAGAIN || rc == -ENOMEM;
}

/* Nothing could be started: is it enough to wait until somebody has ended? Whose variants are
 * over already are not waited for. */
static bool can_wait(struct suite *suite, int rc)
{
	if (!is_shortage(rc))
		return false;
	if (in_phase(suite, PHASE_FREE) < suite->n_players) {
		suite->short_of = true;
		return true;
	}
	if (suite->n_dying == 0)
		return false;
	while (suite->n_dying)
		child_kill(&suite->dying[--suite->n_dying]);
	return true;
}

/* Start setting stages as long as there are places. */
static int start_some(struct suite *suite)
{
	struct suite_job *job;

	while (!suite->short_of && (job = bill_next(&suite->bill))) {
		struct player *player = free_place(suite);

		if (!player)
			break;

		int rc = start_player(suite, player, job);

		if (rc == 0)
			bill_start(&suite->bill);
		else if (!can_wait(suite, rc))
			return rc;
	}
	return 0;
}

/* Let those that are ready play, in the order they were started in. */
static void raise_curtains(struct suite *suite)
{
	size_t playing = in_phase(suite, PHASE_PLAYING);

	while (playing < (size_t)suite->options->jobs && !suite->bill.stopping) {
		struct player *next = NULL;

		for (size_t i = 0; i < suite->n_players; i++) {
			struct player *player = &suite->players[i];

			if (player->phase == PHASE_READY && (!next || player->turn < next->turn))
				next = player;
		}
		if (!next)
			return;
		next->phase = PHASE_PLAYING;
		next->deadline = clock_mono_ns() +
				 time_limit(suite, next->job->plan);
		send(next->gate, "g", 1, MSG_NOSIGNAL); /* it has died? its pipe will say so */
		playing++;
	}
}

static void read_player(struct suite *suite, struct player *player)
{
	struct record *record = &player->job->record;
	int rc = record_reader_feed(&player->reader, player->events, record);
	bool over = record->count && record->events[record->count - 1].kind == EVENT_END;

	if (player->phase == PHASE_SETTING && record->count)
		player->phase = PHASE_READY;
	if (rc > 0 && !over)
		return;
	if (rc == -EAGAIN || rc == -EINTR)
		return;
	if (!over)
		lost(player, rc);
	release(suite, player, !over);
	bill_finish(&suite->bill, player->job);
}

/* Wait for events of any player, or for the nearest deadline. @fds: room for all players; poll(2)
 * refuses more entries than there may be descriptors, so free places get none. */
static int wait_for_events(struct suite *suite, struct pollfd *fds)
{
	int64_t now = clock_mono_ns(), nearest = now + PROGRESS_MS * NS_PER_MS;
	nfds_t n = 0;

	for (size_t i = 0; i < suite->n_players; i++) {
		const struct player *player = &suite->players[i];

		if (player->phase != PHASE_FREE)
			fds[n++] = (struct pollfd){ .fd = player->events, .events = POLLIN };
		if (has_deadline(player) && player->deadline < nearest)
			nearest = player->deadline;
	}

	struct timespec timeout = ns_to_timespec(nearest - now);
	int rc = ppoll(fds, n, &timeout, NULL);

	if (rc < 0 && errno != EINTR)
		return -errno;
	n = 0;
	for (size_t i = 0; i < suite->n_players; i++)
		if (suite->players[i].phase != PHASE_FREE)
			suite->players[i].readable = rc > 0 && fds[n++].revents;
	return 0;
}

static int turn(struct suite *suite, struct pollfd *fds)
{
	int rc = start_some(suite);

	if (rc < 0)
		return rc;
	raise_curtains(suite);
	if (in_phase(suite, PHASE_FREE) == suite->n_players)
		return 0; /* only skips were left */
	rc = wait_for_events(suite, fds);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < suite->n_players; i++) {
		struct player *player = &suite->players[i];

		if (player->phase != PHASE_FREE && player->readable)
			read_player(suite, player);
		if (has_deadline(player) && clock_mono_ns() > player->deadline)
			time_out(suite, player);
	}
	reap_dying(suite);
	bill_progress(&suite->bill, (int)in_phase(suite, PHASE_PLAYING));
	return 0;
}

static bool over(const struct suite *suite)
{
	if (suite->bill.stopping)
		return in_phase(suite, PHASE_PLAYING) == 0;
	return suite->bill.finished == suite->bill.count;
}

static void suite_free(struct suite *suite)
{
	for (size_t i = 0; suite->players && i < suite->n_players; i++)
		if (suite->players[i].phase != PHASE_FREE)
			release(suite, &suite->players[i], true);
	for (size_t i = 0; i < suite->n_dying; i++)
		close(suite->dying[i].pidfd);
	free(suite->players);
	bill_free(&suite->bill);
}

/* For those that play, and for those that set their stages meanwhile: a few keep any number of
 * places busy, and more would keep the first from theirs. */
static size_t places(const struct suite_options *options)
{
	size_t playing = (size_t)options->jobs, ahead = playing * SET_AHEAD;

	return playing + (ahead < SET_AHEAD_MAX ? ahead : SET_AHEAD_MAX);
}

int suite_run(struct suite_job *jobs, size_t count, const struct suite_options *options,
	      const struct suite_watch *watch)
{
	struct suite suite = {
		.options = options, .n_players = places(options),
	};
	int rc = bill_open(&suite.bill, jobs, count, options, watch, timeline_estimate);

	if (suite.n_players > count)
		suite.n_players = count;

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
