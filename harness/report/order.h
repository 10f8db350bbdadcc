/* order: the events that have a place in time, in the order of time.
 *
 * Private to report/. The engine notes an event when it learns of it; a packet's time is the
 * kernel's, so events of a record are nearly sorted, not sorted.
 */
#ifndef TCPSCEN_REPORT_ORDER_H
#define TCPSCEN_REPORT_ORDER_H

#include "run/record.h"

/* Indices of all packets, calls, results, answers and waits, oldest first; those of equal time
 * as they stand in the record. Return: @count of them, in @arena. */
size_t *events_in_time(const struct record *record, struct arena *arena, size_t *count);

/* The source line of a step, 0: none. */
int step_line(const struct plan *plan, int step);

/* The step that has found in EVENT_PROGRAM number @serial what it waits for, NO_INDEX: none. */
int checked_by(const struct record *record, uint64_t serial);

/* The text of a step's line, as one line: "expect ACK from client". */
struct strbuf;
void step_text(const struct plan *plan, int step, struct strbuf *out);

/* What VERDICT_NONE means once nobody plays any more. */
#define NO_END "the process that played the scenario ended before it was over"

/* The line that was being played when an error of the machine stopped it, or that this machine
 * refuses. Return: false when it stopped at none. */
bool error_place(const struct plan *plan, const struct record *record, struct span *span);

/* The reason of a skip or an error, NULL when none is known. */
const char *record_reason(const struct plan *plan, const struct record *record);

/* The same, lane by lane; a lane is what one sender sends, one caller or one program does. */
size_t *events_by_lane(const struct record *record, struct arena *arena, size_t *count);

/* The lane of an event that has a place in time. Return: 0 to LANE_OF_THE_END - 1. */
enum { LANE_OF_THE_END = 1 << 20 };
int lane_of(const struct event *event);

#endif
