/* recorded: timelines, which are written once and met again to the nanosecond.
 *
 * A timeline is a file of text, one line a packet, that diff(1) and people can read, too:
 *
 *   # tcpscen timeline 1: variant, ns since it began, from, packet, seq, len
 *   scenarios/rst.scn[4]	6912	client	SYN	0	0
 *
 * with a tab between two fields, and the packets of a variant in the order of its record. A packet
 * that was delayed or held has its line when it was seen, not when it went on.
 */
#ifndef TCPSCEN_RUN_RECORDED_H
#define TCPSCEN_RUN_RECORDED_H

#include "run/record.h"

#include <stdio.h>

/* The first line of the file. */
void recorded_begin(FILE *out);

/* The lines of the variant @id (variant_id()). */
void recorded_write(FILE *out, const char *id, const struct plan *plan,
		    const struct record *record);

/* The timelines of a file. */
struct recorded;

/* @name: of the file, for failures; to outlive what is returned.
 * Return: NULL, and @line set to the line that is none of a timeline's; 0: it cannot be read. */
struct recorded *recorded_read(FILE *in, const char *name, int *line);
void recorded_free(struct recorded *recorded); /* NULL is allowed */

/* Does the record of variant @id have the packets that were recorded, at their nanoseconds (or as
 * far from them as the scenario tolerates)? If not, the first that differs becomes the failure of
 * the record, which has passed.
 * Return: false when no timeline of this variant was recorded; with `tolerance exact`, that is a
 * failure as well. */
bool recorded_compare(const struct recorded *recorded, const char *id, const struct plan *plan,
		      struct record *record);

#endif
