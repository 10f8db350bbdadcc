/* patience: how long a line waits for what does not come.
 *
 * What a program is to bring about may come later by as long as this machine has kept that program from
 * running: a wait is too long only if it had the time. Only what comes to nothing waits that long, and
 * only then is anybody asked. A play grants each delay once, and a line waits for ten times its patience
 * at most: a program may also keep itself from running.
 */
#ifndef TCPSCEN_RUN_PATIENCE_H
#define TCPSCEN_RUN_PATIENCE_H

#include "run/play.h"

struct patience {
	int64_t until;  /* ns, CLOCK_REALTIME */
	int64_t latest; /* whatever is granted */
};

/* The scenario's patience, from the end of @window, or from now if that has none. */
struct patience patience_beyond(const struct engine *engine, const struct window *window);

/* … from now. */
struct patience patience_from_now(const struct engine *engine);

/* Until @when, whoever was kept from running. */
struct patience patience_until(int64_t when);

/* Is it at its end? It may be given more time first. */
bool patience_ends(struct engine *engine, struct patience *patience);

/* How long the program that was kept longest has been kept from running since the play began; ns. 0 in
 * virtual time, where nobody is kept from anything. */
int64_t programs_kept(const struct engine *engine);

#endif
