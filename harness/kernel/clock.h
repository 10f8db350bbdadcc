/* clock: read ahead of arch/um/kernel/time.c, see build.sh.
 *
 * User Mode Linux counts its time in ns, but tells it in steps of 256: what it is within a step nobody
 * can see, and yet each timer fires that much later, so that times differ by a step from one
 * run to the next. Told in steps of 1, time has nothing hidden: a timer that was armed for a moment
 * fires in the nanosecond after it, whatever happened before. Reading the clock, which takes one
 * step, takes 1 ns then.
 */
#ifndef __UM_HOST__ /* the part of it that runs outside, of the same name */
#include <linux/time-internal.h>
#undef TIMER_MULTIPLIER
#define TIMER_MULTIPLIER 1
#endif
