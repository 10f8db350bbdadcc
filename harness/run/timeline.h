/* timeline: when a line is due, and how far from that it may be.
 *
 * Pure reckoning on times in ns (CLOCK_REALTIME); nothing here waits. A time is
 * judged by the kernel's timestamp of the packet, or by the time the call returned.
 */
#ifndef TCPSCEN_RUN_TIMELINE_H
#define TCPSCEN_RUN_TIMELINE_H

#include "plan/plan.h"

/* What times count from. 0: it has not happened yet. */
struct reference {
	int64_t first_packet;  /* TIME_AT */
	int64_t event_before;  /* TIME_WITHIN, TIME_AFTER, TIME_BETWEEN, TIME_UNTIL */
	int64_t transmission;  /* TIME_GAPS: the last packet that this one repeats */
};

/* When something may happen, both ends included. */
struct window {
	int64_t low, high;  /* INT64_MIN, INT64_MAX: no limit */
	int64_t due;        /* the time that was written (the middle), 0: none was */
	int64_t base;       /* what it counts from */
};

/* The window of the @occurrence-th packet (from 0) of a line of @plan with @time. */
struct window timeline_window(const struct plan *plan, const struct plan_time *time,
			      size_t occurrence, const struct reference *reference);

/* How late after @interval a timer may fire, by the wheel and the machine. */
int64_t timeline_lateness(const struct plan *plan, int64_t interval);

/* How many packets a line stands for: 1 unless its time is a list. */
size_t timeline_occurrences(const struct plan_time *time);

/* How long a plan takes if the kernel does what it says, roughly: the sum of its times. */
int64_t timeline_estimate(const struct plan *plan);

#endif
