/* text: verdicts and failures for people. */
#ifndef TCPSCEN_REPORT_TEXT_H
#define TCPSCEN_REPORT_TEXT_H

#include "report/style.h"
#include "run/record.h"

/* What a whole run came to. */
struct tally {
	int passed, failed, skipped, errors;
	int64_t wall_ns;
};

/* Why it is not PASS: each failure's place with its caret, the table of fields and the notes; the
 * reason of a skip or an error. Prints nothing for a variant that passed. */
void text_failure(FILE *out, const struct plan *plan, const struct record *record,
		  const struct report_style *style);

/* One line: "PASS  scenarios/rst_after_fin.scn [4]  A write after…  3.1 ms". */
void text_verdict(FILE *out, const struct plan *plan, const struct record *record,
		  const struct report_style *style);

/* "12 passed, 1 failed, 2 skipped in 3.2 s" */
void text_summary(FILE *out, const struct tally *tally, const struct report_style *style);

#endif
