/* guests: see guests.h. One poll() loop over the guests' event pipes and consoles.
 *
 * A guest has two orders at a time, so that it need not wait for the next. What a
 * guest leaves unplayed when it is lost, the next guest in its place gets; the variant it was lost
 * in has its verdict, which is an error.
 */
#include "run/guests.h"

#include "base/clock.h"
#include "base/processor.h"
#include "base/strbuf.h"
#include "run/bill.h"
#include "run/guest.h"
#include "run/program_text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { AHEAD = 2, PROGRESS_MS = 200, LAST_WORDS = 400 };
enum { CONSOLE, EVENTS, GUEST_FDS };

static const int64_t usual_patience = 10 * NS_PER_S;

/* A place where a guest may be. */
struct place {
	struct guest guest;
	bool booted;              /* there is one */
	bool spoken;              /* and it has taken an order */
	struct suite_job *queue[AHEAD]; /* what it has been given, the first is being played */
	size_t n_queue, n_told;   /* and how many of these it has been told of */
	int64_t began;            /* with the first, CLOCK_MONOTONIC */
};

struct guests {
	struct bill bill;
	const struct guest_setup *setup;
	struct place *places;     /* (owned) */
	size_t n_places;
	size_t first_processor;   /* where the first guest goes */
	char *why;                /* of a guest that never spoke */
	struct warden warden;
	int killed_at_boot;       /* how many guests */
};

/* ---- orders ---- */

/* "play", the file, the variant: what command/guest reads. */
static int tell_of(struct place *place, const struct suite_job *job)
{
	struct strbuf words = STRBUF_INIT;
	int rc;

	strbuf_add(&words, "play", sizeof("play"));
	strbuf_add(&words, job->plan->source->name, strlen(job->plan->source->name) + 1);
	strbuf_add(&words, job->plan->variant, strlen(job->plan->variant) + 1);
	rc = guest_tell(&place->guest, words.text, words.len);
	strbuf_free(&words);
	return rc;
}

static int boot(struct guests *guests, struct place *place)
{
	int rc = guest_boot(&place->guest, guests->setup, &guests->warden,
			    (int)(guests->first_processor + (size_t)(place - guests->places)));

	place->booted = rc == 0;
	place->spoken = false;
	place->n_told = 0;
	place->began = clock_mono_ns();
	return rc;
}

/* Does a place need one more? The last ones are for whoever is free first. */
static bool has_room(const struct guests *guests, const struct place *place)
{
	const struct bill *bill = &guests->bill;
	bool plenty = bill->plays - bill->started > guests->n_places;

	return place->n_queue < (plenty ? AHEAD : 1);
}

/* Give a place what it has room for, and the guest it needs. */
static int supply(struct guests *guests, struct place *place)
{
	struct suite_job *job;

	while (has_room(guests, place) && (job = bill_next(&guests->bill))) {
		place->queue[place->n_queue++] = job;
		bill_start(&guests->bill);
	}
	return place->n_queue && !place->booted ? boot(guests, place) : 0;
}

/* The guest's line is open once it has said so; a word before that would be lost. */
static void greet(const struct guests *guests, struct place *place)
{
	place->spoken = true;
	guest_forget_words(&place->guest);
	guest_tell(&place->guest, guests->setup->greeting, guests->setup->greeting_len);
}

static int tell_orders(struct place *place)
{
	int rc = 0;

	if (!place->spoken)
		return 0;
	while (rc == 0 && place->n_told < place->n_queue) {
		rc = tell_of(place, place->queue[place->n_told]);
		place->n_told++;
	}
	return rc;
}

/* ---- ends ---- */

static void finish_first(struct guests *guests, struct place *place)
{
	struct suite_job *job = place->queue[0];

	int64_t now = clock_mono_ns();

	job->wall = now - place->began;
	place->n_queue--;
	place->n_told -= place->n_told > 0;
	memmove(place->queue, place->queue + 1, place->n_queue * sizeof(place->queue[0]));
	place->began = now;
	bill_finish(&guests->bill, job);
}

static void retire(struct place *place)
{
	guest_kill(&place->guest);
	place->booted = false;
	place->n_told = 0;
}

/* The guest's clock cannot be asked any more. */
static int64_t last_time(const struct record *record)
{
	return record->count ? record->events[record->count - 1].time : clock_real_ns();
}

/* The variant that was played ends with its guest. */
static void end_first(struct guests *guests, struct place *place, const char *what,
		      const char *words)
{
	struct suite_job *job = place->queue[0];
	struct strbuf why = STRBUF_INIT, running = STRBUF_INIT;

	strbuf_printf(&why, "the guest kernel %s", what);
	if (running_text(job->plan, &job->record, &running))
		strbuf_printf(&why, "; what ran: %s", strbuf_text(&running));
	if (*words)
		strbuf_printf(&why, "; its last words: %s", words);
	bill_end_record(job, VERDICT_ERROR, strbuf_text(&why), last_time(&job->record));
	strbuf_free(&running);
	strbuf_free(&why);
	finish_first(guests, place);
}

/* Somebody kills a guest that boots: another one will do, but not for ever. */
static bool killed_at_boot(struct guests *guests, const struct place *place, int status)
{
	enum { ENOUGH = 5 };

	return !place->spoken && status >= 0 && WIFSIGNALED(status) &&
	       WTERMSIG(status) == SIGKILL && ++guests->killed_at_boot < ENOUGH;
}

/* The guest has ended (@what is NULL), or must. Return: 0 or -ENOEXEC when it has never spoken, which
 * another one would not, either. */
static int lose(struct guests *guests, struct place *place, const char *what)
{
	char words[LAST_WORDS], how[GUEST_HOW_LEN];
	int status = 0;

	guest_last_words(&place->guest, words, sizeof(words));
	if (!what)
		status = guest_bury(&place->guest, how);
	retire(place);
	if (killed_at_boot(guests, place, status))
		return 0;
	if (!place->spoken) {
		snprintf(guests->why, GUEST_WHY_LEN, "the guest kernel %s does not boot: it %s%s%s",
			 guests->setup->kernel, what ? what : how, *words ? ": " : "", words);
		return -ENOEXEC;
	}
	if (place->n_queue)
		end_first(guests, place, what ? what : how, words);
	return 0;
}

/* ---- events ---- */

/* An event belongs to the variant that is played; what comes before its first, EVENT_READY, is an
 * afterthought of the one before. Return: has the variant ended? */
static bool take_event(struct place *place, const struct event *event, const void *blob)
{
	struct record *record = &place->queue[0]->record;

	if (record->count == 0 ? event->kind != EVENT_READY : event->kind == EVENT_READY)
		return false;
	record_add(record, event, blob);
	return event->kind == EVENT_END;
}

static int hear(struct guests *guests, struct place *place)
{
	struct event event;
	const void *blob;
	int rc = guest_hear(&place->guest);

	if (rc == -EAGAIN)
		return 0;
	if (rc <= 0)
		return lose(guests, place, NULL);
	while ((rc = record_reader_take(&place->guest.reader, &event, &blob)) > 0) {
		if (!place->spoken)
			greet(guests, place);
		if (place->n_told && take_event(place, &event, blob))
			finish_first(guests, place);
	}
	return rc < 0 ? lose(guests, place, "sent what is no record") : tell_orders(place);
}

static int watch(struct guests *guests, struct place *place)
{
	int64_t patience = guests->setup->patience ? guests->setup->patience : usual_patience;
	const char *stuck = guest_stuck(&place->guest, patience);
	int64_t limit = guests->bill.options->timeout;
	char what[128], text[DURATION_LEN];

	if (guest_has_ended(&place->guest)) /* what of it is left may keep its pipes open */
		return guest_has_news(&place->guest) ? 0 : lose(guests, place, NULL);
	if (!stuck && (!limit || clock_mono_ns() - place->began < limit))
		return 0;
	if (stuck)
		snprintf(what, sizeof(what), "%s: not a word for %s", stuck,
			 format_duration((clock_mono_ns() - place->guest.heard) / NS_PER_S * NS_PER_S,
					 text));
	else
		snprintf(what, sizeof(what), "was stopped: no end after %s",
			 format_duration(limit, text));
	return lose(guests, place, what);
}

/* ---- the loop ---- */

static size_t playing(const struct guests *guests)
{
	size_t n = 0;

	for (size_t i = 0; i < guests->n_places; i++)
		n += guests->places[i].n_queue > 0;
	return n;
}

static int wait_for_events(struct guests *guests, struct pollfd *fds)
{
	for (size_t i = 0; i < guests->n_places; i++) {
		const struct place *place = &guests->places[i];
		struct pollfd *pair = fds + i * GUEST_FDS;

		pair[CONSOLE] = (struct pollfd){
			.fd = place->booted ? place->guest.console : -1, .events = POLLIN,
		};
		pair[EVENTS] = (struct pollfd){
			.fd = place->booted ? place->guest.events : -1, .events = POLLIN,
		};
	}
	if (poll(fds, guests->n_places * GUEST_FDS, PROGRESS_MS) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

static bool over(const struct guests *guests)
{
	return guests->bill.stopping || guests->bill.finished == guests->bill.plays;
}

static int turn(struct guests *guests, struct pollfd *fds)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < guests->n_places; i++) {
		rc = supply(guests, &guests->places[i]);
		if (rc == 0)
			rc = tell_orders(&guests->places[i]);
	}
	if (rc == 0 && !over(guests)) /* only skips may have been left */
		rc = wait_for_events(guests, fds);
	for (size_t i = 0; rc == 0 && i < guests->n_places && !over(guests); i++) {
		struct place *place = &guests->places[i];
		const struct pollfd *pair = fds + i * GUEST_FDS;

		if (place->booted && pair[CONSOLE].revents)
			guest_listen(&place->guest);
		if (place->booted && pair[EVENTS].revents)
			rc = hear(guests, place);
		if (rc == 0 && place->booted && place->n_queue)
			rc = watch(guests, place);
	}
	bill_progress(&guests->bill, (int)playing(guests));
	return rc;
}

/* What executes programs takes longest; time itself costs nothing. */
static int64_t cost(const struct plan *plan)
{
	enum { PROGRAM = 1000 };

	return plan->n_programs * PROGRAM + plan->n_steps;
}

int guests_run(const struct plan *const *plans, size_t count,
	       const struct suite_options *options, const struct suite_watch *watch_,
	       const struct guest_setup *setup, char why[GUEST_WHY_LEN])
{
	struct guests guests = {
		.warden = WARDEN_NONE, .setup = setup, .why = why,
		.n_places = (size_t)options->jobs, .first_processor = processor_here(),
	};
	int rc = bill_open(&guests.bill, plans, count, options, watch_, cost);

	if (guests.n_places > guests.bill.plays)
		guests.n_places = guests.bill.plays;

	struct pollfd *fds = calloc(guests.n_places * GUEST_FDS + 1, sizeof(*fds));

	*why = '\0';
	guests.places = calloc(guests.n_places + 1, sizeof(*guests.places));
	if (!fds || !guests.places)
		rc = -ENOMEM;
	if (rc == 0)
		rc = warden_start(&guests.warden);
	while (rc == 0 && !over(&guests))
		rc = turn(&guests, fds);
	for (size_t i = 0; guests.places && i < guests.n_places; i++)
		if (guests.places[i].booted)
			guest_kill(&guests.places[i].guest);
	free(guests.places);
	free(fds);
	warden_end(&guests.warden);
	bill_free(&guests.bill);
	return rc;
}
