/* compare: what several kernels made of the same variants.
 *
 * Each kernel is compared with the first of the command line, variant by variant, as soon as
 * its record is there; of the first, the ladders are kept. Two kernels in virtual time
 * are compared with their times; where one of them is in real time, without. Of a variant that
 * is played many times, the ladders of the first round are compared, and the worst of the verdicts.
 */
#ifndef TCPSCEN_COMMAND_COMPARE_H
#define TCPSCEN_COMMAND_COMPARE_H

#include "command/kernels.h"
#include "report/style.h"
#include "run/record.h"

struct comparison;

/* @kernels: @count of them, to outlive the comparison. */
struct comparison *comparison_new(const struct kernel *kernels, size_t count);
void comparison_free(struct comparison *comparison); /* NULL is allowed */

/* What @kernel, one of the above, made of a variant. The kernels' variants come in the same order,
 * and the first kernel's come first; a variant may be missing. @id: see variant_id()
 * Return: the variant's place. */
size_t comparison_add(struct comparison *comparison, const struct kernel *kernel, const char *id,
		    const struct plan *plan, const struct record *record);

/* What @kernel made of it in all rounds: this is the verdict of the table. */
void comparison_settle(struct comparison *comparison, const struct kernel *kernel, size_t place,
		       enum verdict verdict);

/* Has nothing been added yet? */
bool comparison_is_empty(const struct comparison *comparison);

/* The table of verdicts: of those variants that differ, or of all if they are few; where their
 * ladders differ first; and the counts. @all: also where ladders differ whose verdicts do not. */
void comparison_print(FILE *out, const struct comparison *comparison, bool all,
		      const struct report_style *style);

#endif
