/* ladder: the record as a ladder diagram, time running down. */
#ifndef TCPSCEN_REPORT_LADDER_H
#define TCPSCEN_REPORT_LADDER_H

#include "report/style.h"
#include "run/record.h"

/* Two lifelines, the packets between them, the calls beside the host which made them. Times are
 * seconds since the record's begin. Fits in @style->width columns (at least STYLE_WIDTH_MIN). */
void ladder_print(FILE *out, const struct plan *plan, const struct record *record,
		  const struct report_style *style);

#endif
