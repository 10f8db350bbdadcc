/* difference: where two ladders of the same scenario, played on two kernels, first differ.
 *
 * Lanes are compared row by row, each with the same lane of the other ladder; so it does not matter
 * which of two things that happened at the same time comes first. Of the lanes' first
 * differences, the earliest is told. Alike is what differs in every run:
 *
 *   the values of timestamps, since a kernel adds a random offset for each connection;
 *   ephemeral ports; Fast Open cookies; the packets that an error queue quotes, which hold all
 *   these;
 *   times less than half a jiffy apart, since a guest's clock advances a little with
 *   each reading of it.
 *
 * Where one of them is the running kernel: all times and durations, and, since they depend on the
 * machine's memory, windows other than 0 and their scale.
 *
 * Sequence numbers are relative in any ladder. Which line speaks of a row is not compared, since it
 * may depend on the kernel's version. Why a ladder ends in FAIL or ERROR is not compared, only that
 * it does, and at which line.
 */
#ifndef TCPSCEN_REPORT_DIFFERENCE_H
#define TCPSCEN_REPORT_DIFFERENCE_H

#include <stdbool.h>
#include <stdint.h>

/* The rows that differ, each with its time before it, without the padding of their columns.
 * NULL: this ladder has no more rows in that lane. */
struct difference {
	char *one, *other; /* (owned) */
};

/* Compare two texts of ladder_print_bare().
 * Return: do they differ? Then @out is filled, and to be freed. */
bool ladders_differ(const char *one, const char *other, bool timed, struct difference *out);

void difference_free(struct difference *difference);

#endif
