/* progress: one line at the foot of the terminal, rewritten in place. */
#ifndef TCPSCEN_REPORT_PROGRESS_H
#define TCPSCEN_REPORT_PROGRESS_H

#include "report/text.h"

/* Draw it anew; the cursor stays on the line.
 * @total: plays in all   @left_ns: estimate of the time left, negative: unknown */
void progress_show(FILE *err, const struct tally *done, int running, int total, int64_t elapsed_ns,
		   int64_t left_ns, const struct report_style *style);

/* Wipe it, before anything else is printed. */
void progress_clear(FILE *err);

#endif
