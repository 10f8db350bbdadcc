/* ladder: the record as a ladder diagram, time running down. */
#ifndef TCPSCEN_REPORT_LADDER_H
#define TCPSCEN_REPORT_LADDER_H

#include "report/style.h"
#include "run/record.h"

/* Two lifelines, the packets between them, the calls beside the host which made them. Times are
 * seconds since the record's begin. Fits in @style->width columns (at least STYLE_WIDTH_MIN). */
void ladder_print(FILE *out, const struct plan *plan, const struct record *record,
		  const struct report_style *style);

/* The same, made to be compared with another ladder of the scenario (see difference.h). Each row
 * has its lane and its time (ns since begin) before it, each ended by a tab, and all rows of a lane
 * stand together: a lane is what one sender sends, one caller or one program does. Calls and their
 * results are apart, silences are no rows, and columns are as wide in one ladder as in the
 * other. */
void ladder_print_bare(FILE *out, const struct plan *plan, const struct record *record);

#endif
