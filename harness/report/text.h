/* text: verdicts and failures for people. */
#ifndef TCPSCEN_REPORT_TEXT_H
#define TCPSCEN_REPORT_TEXT_H

#include "report/style.h"
#include "run/record.h"

/* What a whole run came to. */
struct tally {
	int passed, failed, skipped, errors;
	int unplayed; /* chosen, but the run was over before */
	int64_t wall_ns;
};

/* Why it is FAIL: each failure's place with its caret, the table of fields and the notes. The reason
 * of a skip or an error is in the line of its verdict. */
void text_failure(FILE *out, const struct plan *plan, const struct record *record,
		  const struct report_style *style);

/* One line: "PASS  scenarios/rst_after_fin.scn [4]  A write after…  3.1 ms";
 * "SKIP  scenarios/rst.scn [4]  needs kernel >= 6.5". */
void text_verdict(FILE *out, const struct plan *plan, const struct record *record,
		  const struct report_style *style);

/* "12 passed, 1 failed, 2 skipped, 5 not played in 3.2 s" */
void text_summary(FILE *out, const struct tally *tally, const struct report_style *style);

#endif
