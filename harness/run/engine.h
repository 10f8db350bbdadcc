/* engine: plays one plan and tells the record what happened.
 *
 * Runs in a process of its own (it moves into namespaces and dies there). First everything
 * is set up; then it says that it is ready and waits for the word to go, so that the slow part
 * of making a world (the kernel's grace periods) overlaps with scenarios that play.
 */
#ifndef TCPSCEN_RUN_ENGINE_H
#define TCPSCEN_RUN_ENGINE_H

#include "run/record.h"

struct engine_pipes {
	int events; /* out: the record's events (stage_emit, record_write) */
	int turn;   /* how many players were started before this one: chooses its processor */
	int gate;   /* in: one byte is the word to go; end of file: nobody waits for us any more */
};

/* Play @plan from beginning to end. The last event is EVENT_END with the verdict.
 * Return: exit status of the process: 0 when the record is complete. */
int engine_play(const struct plan *plan, const struct engine_pipes *pipes);

#endif
