/* busy: when the machine, and not the kernel under test, is to blame.
 *
 * A failure that could come of the engine having been kept from running is none: it becomes an
 * error of the machine, and the suite plays the variant again. See run/kept.h for what counts.
 */
#ifndef TCPSCEN_RUN_BUSY_H
#define TCPSCEN_RUN_BUSY_H

#include "run/play.h"

/* What came too late or too early, if anything did. It is too early if what it counts from is late:
 * a line of ours between that and what the kernel counts from. */
struct off {
	int64_t from, until; /* the time in which we may have been late; ns, CLOCK_REALTIME */
	int64_t by;          /* that much too late, or too early; 0: nothing was */
};

/* The line @step begins: what programs were kept from before is no excuse of its. */
void busy_begins(struct engine *engine, int step);

/* Could the failure of @step, which would read @failure, come of the engine, a caller or a program
 * having been kept from running? Then nobody knows whether there is one.
 * Return: true, with the reason as too_busy() keeps it. */
bool busy_excuses(struct engine *engine, int step, const struct off *off, const char *failure);

/* The play is worth nothing, in real time because the machine was busy: the reason is kept for the
 * record's end. In virtual time, where nobody is kept from anything, it is a fault of its own, which a
 * second play would have too. Return: PLAY_BROKEN */
enum play too_busy(struct engine *engine, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
