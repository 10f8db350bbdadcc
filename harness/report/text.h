/* text: verdicts and failures for people. */
#ifndef TCPSCEN_REPORT_TEXT_H
#define TCPSCEN_REPORT_TEXT_H

#include "report/style.h"
#include "run/record.h"

/* What a whole run came to, or all plays of one variant: so many. */
struct tally {
	int passed, failed, skipped, errors;
	int unplayed; /* chosen, but the run was over before */
	int replayed; /* of all these: played more than once, for the machine was too busy */
	int64_t wall_ns;
	int64_t virtual_ns; /* that passed in guests, in all; 0: time was real */
};

/* Why it is FAIL: each failure's place with its caret, the table of fields and the notes. The reason
 * of a skip or an error is in the line of its verdict. Of a variant that is played many times, both say
 * which round it was. */
void text_failure(FILE *out, const struct plan *plan, const struct record *record,
		  const struct report_style *style);

/* One line: "PASS  scenarios/rst_after_fin.scn [4]  A write after…  3.1 ms", with ", played again: the
 * machine was too busy" where it was; "SKIP  scenarios/rst.scn [4]  needs kernel >= 6.5". */
void text_verdict(FILE *out, const struct plan *plan, const struct record *record,
		  const struct report_style *style);

/* The same where time was virtual. @wall: ns it took on our clock. If much less than passed there:
 * "PASS  scenarios/timers/retries2.scn [4]  The peer is gone…  927 s in 0.1 s, ×9000" */
void text_virtual_verdict(FILE *out, const struct plan *plan, const struct record *record,
			  int64_t wall, const struct report_style *style);

/* A row of a table of verdicts: "scenarios/rst.scn[4]  PASS   FAIL". VERDICT_NONE is a dash.
 * @name_columns: at least text_columns(name); @columns: of each verdict */
void text_verdict_row(FILE *out, const char *name, int name_columns, const enum verdict *verdicts,
		      const int *columns, size_t count, const struct report_style *style);

/* Of a variant whose plays did not all end alike: "scenarios/rst.scn[4]: 3 of 200 failed". */
void text_rounds(FILE *out, const char *id, const struct tally *plays,
		 const struct report_style *style);

/* Columns that @text takes up once it is fit to be printed. */
int text_columns(const char *text, const struct report_style *style);

/* "12 passed, 1 failed, 2 skipped, 5 not played, 1 played again in 3.2 s";
 * "508 passed: 14 h 3 min in 5.2 s", where time was virtual. */
void text_summary(FILE *out, const struct tally *tally, const struct report_style *style);

#endif
