/* play: the state of a play in progress, and the functions that play each kind of line.
 *
 * A play_…() function plays one step to its end: it waits for what the step waits for, judges
 * it, and tells the record. It returns PLAY_ON, or PLAY_FAILED after it has put the failure
 * on record, or PLAY_BROKEN when the machine and not the scenario is at fault (the
 * reason is in stage.error).
 */
#ifndef TCPSCEN_RUN_PLAY_H
#define TCPSCEN_RUN_PLAY_H

#include "run/connections.h"
#include "run/relay.h"
#include "run/stage.h"
#include "run/timeline.h"
#include "wire/match.h"

enum play { PLAY_ON, PLAY_FAILED, PLAY_BROKEN,
	    PLAY_LACKING /* a program is not installed: the reason is in stage.error, too */ };

enum { QUESTION_STEP = -2 }; /* of a call that the engine makes to answer a question */

/* Packets that a rule lets pass, in the record: so many whole, so many in all, and how much of
 * those between (headers, at most 60 bytes of TCP and 40 of IPv6, and a little payload). */
enum { IGNORED_WHOLE = 1000, IGNORED_RECORDED = 10000, IGNORED_HEAD = 128 };

/* The packets of a line that stands for several, as far as they have come. */
struct schedule {
	int64_t start;   /* what the first gap counts from */
	int64_t *times;  /* in the engine's arena */
	size_t n;
};

struct engine {
	struct stage_home home; /* stays from one play to the next; all else is zero before each */
	const struct plan *plan;
	struct stage stage;
	struct relay relay;
	struct connections connections;
	int step;               /* being played, NO_INDEX: none yet */
	bool too_busy;          /* PLAY_BROKEN because the machine was: see too_busy() */
	uint64_t packets;       /* on the wire so far */
	uint64_t ignored;       /* of them, passed on by a rule and looked at by no line */
	int64_t begun;          /* when the play began, ns CLOCK_REALTIME */
	int64_t clock_offset;   /* of the two clocks at that time */
	int64_t first_packet;   /* 0: none yet */
	int64_t event_before;   /* what `after` and `within` count from */
	int event_step;         /* whose event that was, NO_INDEX: the beginning */
	struct schedule schedule; /* of the line that is being played */
	int64_t kept_before;    /* programs_kept() when this line began, if it has a time */
	int64_t granted;        /* of programs_kept(), to lines that waited: see run/patience.h */
	int64_t received;       /* when the crafted host last received something, 0: never */
	struct arena *arena;    /* texts of failures, connections */
};

enum play play_send(struct engine *engine, int step);
enum play play_expect(struct engine *engine, int step); /* expect, drop, delay … */
enum play play_wire_change(struct engine *engine, int step); /* rules, cut, arm, release … */
enum play play_wait(struct engine *engine, int step);
enum play play_call(struct engine *engine, int step);
enum play play_answer(struct engine *engine, int step);
enum play play_ask(struct engine *engine, int step);

/* Wait until the call of @caller has returned. @step: the line that waits. */
enum play await_call(struct engine *engine, int step, struct caller *caller);

enum play play_program(struct engine *engine, int step); /* run, stdin … syscall */

/* Is every program that is to be run installed? */
enum play check_installed(struct engine *engine);

/* Does this kernel have every counter that is asked for? */
enum play check_counters(struct engine *engine);

/* Has a program failed whose exit no line takes? Then the play has failed, at its `run`. */
enum play check_programs(struct engine *engine);

/* All calls still running must succeed within patience: the end of the scenario. */
enum play play_out_calls(struct engine *engine);

/* The play is over: put on record what rules have covered and no line has looked at. */
void play_dispose_all(struct engine *engine);

/* Nothing more may come. */
enum play play_drain(struct engine *engine);

/* Have the rules that still stand, and the armed injections, had the packet that they are about? A line that
 * did nothing shows nothing, so the play has failed; but `ignore` is about what may come. */
enum play play_check_idle(struct engine *engine);

/* Has a call failed whose answer no line takes? Then the play has failed, at that call. */
enum play check_callers(struct engine *engine);

/* Wait for anything until @deadline, and keep the wire going. @line: the step that waits for a
 * packet, or NO_INDEX. Return: PLAY_BROKEN when the stage breaks; else PLAY_ON, @timed_out set.
 * Calls that fail unnoticed fail the play here. */
enum play play_until_line(struct engine *engine, int line, int64_t deadline, bool *timed_out);
enum play play_until(struct engine *engine, int64_t deadline, bool *timed_out);

/* The relay's news: an armed injection goes off; a frame that was kept has gone on at @time, or was
 * lost at last (@fate). */
enum play play_injection(struct engine *engine, int step);
void play_delivered(struct engine *engine, const struct later *later, enum packet_fate fate, int64_t time);

/* Remember an event as the one `after` counts from. */
void mark_event(struct engine *engine, int step, int64_t time);

/* A packet has passed: record it and tell its connection.
 * @step: the line that it is of; NO_INDEX: none   @flow: connection of the plan, NO_INDEX: none
 * @counts: it is no forged one, nor one that nobody expected   @arrives: the other host gets it */
void note_packet(struct engine *engine, int step, int flow, const struct seen *seen,
		 enum packet_fate fate, bool counts, bool arrives);

/* Which connection of the plan the packet belongs to; NO_INDEX: none that has begun. */
int flow_of_packet(struct engine *engine, struct seen *seen);

/* Wait until @when; a packet that comes meanwhile is unexpected, unless a rule covers it. */
enum play quiet_until(struct engine *engine, int step, int64_t when, const char *doing);

struct window step_window(const struct engine *engine, int step, size_t occurrence);

#endif
