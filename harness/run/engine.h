/* engine: plays one plan and tells the record what happened.
 *
 * Runs in a process of its own (run/player), which moves into namespaces. First
 * everything is set up; then it says that it is ready and waits for the word to go, so that the
 * slow part of making a world (the kernel's grace periods) overlaps with scenarios that play.
 *
 * engine_play() is all of it; a player in a guest kernel, who is given the word otherwise, calls
 * what it is made of.
 */
#ifndef TCPSCEN_RUN_ENGINE_H
#define TCPSCEN_RUN_ENGINE_H

#include "run/record.h"

struct engine;

struct engine_pipes {
	int events; /* out: the record's events (stage_emit, record_write) */
	int gate;   /* in: one byte is the word to go; end of file: nobody waits for us any more */
	struct engine *engine; /* of the process: see engine_new() */
};

/* Play @plan from beginning to end, and tear its world down. The last event is EVENT_END with the
 * verdict. Return: 0, or the process's exit status: it cannot play again. */
int engine_play(const struct plan *plan, const struct engine_pipes *pipes);

/* An engine for the plays of this process, one after the other. Children do not inherit it.
 * Return: NULL: no memory. */
struct engine *engine_new(void);

/* Set the stage for @plan. What cannot be set is told by the play's verdict.
 * @events: as in struct engine_pipes */
void engine_open(struct engine *engine, const struct plan *plan, int events);

/* Say that the stage is set, and wait for the word.
 * @gate: as in struct engine_pipes. Return: false when nobody waits any more. */
bool engine_wait(struct engine *engine, int gate);

/* Play, and tell the verdict. Once. Return: 0, or -errno: the record is not complete. */
int engine_perform(struct engine *engine);

/* Tear the world down. The process goes home; its probes, too, if they can be sent on. */
void engine_close(struct engine *engine);

#endif
