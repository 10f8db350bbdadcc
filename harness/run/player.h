/* player: a process that plays variants, one after the other.
 *
 * A variant's hosts are its own, with their namespaces; process, user namespace, the one where the
 * wires are, and probes are the player's: to start and to end these costs as much as a play. Orders
 * go in through the gate; events come out of a pipe. This is the suite's side of it, and the
 * process's main loop.
 */
#ifndef TCPSCEN_RUN_PLAYER_H
#define TCPSCEN_RUN_PLAYER_H

#include "run/suite.h"
#include "world/child.h"

#include <sys/resource.h>

enum player_phase {
	PLAYER_NONE,     /* there is no process */
	PLAYER_IDLE,     /* it waits for an order */
	PLAYER_SETTING,  /* the stage of @job */
	PLAYER_READY,    /* it waits for the word to go */
	PLAYER_PLAYING,
	PLAYER_CLEARING, /* the variant is over, its world is not yet */
};

struct player {
	enum player_phase phase;
	struct suite_job *job;
	size_t turn;          /* how many orders were given before this one, to anybody */
	size_t processor;     /* which of those we may use it keeps to, with its children */
	struct child child;
	int events;           /* (owned) we read */
	int gate;             /* (owned) orders and the word to go; "cleared" comes back */
	bool last;            /* it has been told that there is nothing more for it */
	bool readable;        /* what player_fd() says */
	int64_t deadline;     /* CLOCK_MONOTONIC: of setting, then of playing */
	struct record_reader reader;
};

/* What all players of a suite are told. */
struct player_setup {
	int (*play)(const struct plan *plan, const struct engine_pipes *pipes);
	struct rlimit files;  /* for the programs of scenarios; rlim_max 0: as it is */
};

/* Start the process on a processor. Return: 0 or -errno; then the phase is PLAYER_NONE. */
int player_start(struct player *player, const struct player_setup *setup, size_t processor);

/* Have an idle one set the stage of @job. @turn: see above. Return: false: it has died. */
bool player_order(struct player *player, struct suite_job *job, size_t turn);

/* Give the word to go. */
void player_go(struct player *player);

/* There will be no order after the present one: the player ends when its world is torn down, and
 * nobody need wait for that, nor whoever reads what tcpscen writes. */
void player_dismiss(struct player *player);

/* Where to hear of it: events, or that it has cleared. */
int player_fd(const struct player *player);

/* It is readable while PLAYER_CLEARING. Return: is the player idle now? false: it has ended. */
bool player_cleared(struct player *player);

/* The process is no longer ours to watch; it ends, sooner or later. Return: it, to be reaped. */
struct child player_part(struct player *player);

/* Kill it, and wait for that. */
void player_kill(struct player *player);

#endif
