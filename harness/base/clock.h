/* clock: nanoseconds.
 *
 * Times of events are CLOCK_REALTIME, because that is what the kernel stamps
 * captured packets with; deadlines are reckoned on the same clock. A step of
 * that clock in the middle of a scenario would falsify both, so it is watched
 * for (clock_stepped) and reported, never ignored.
 */
#ifndef TCPSCEN_BASE_CLOCK_H
#define TCPSCEN_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)
#define TIME_NEVER INT64_MAX

int64_t clock_real_ns(void);
int64_t clock_mono_ns(void);
int64_t clock_cpu_ns(void); /* how long this thread has computed */

/* The distance of the two clocks, remembered at a scenario's start. */
int64_t clock_offset_ns(void);

/* Has CLOCK_REALTIME been stepped by more than 5 ms since clock_offset_ns()
 * returned @offset (slewing at 500 ppm for @elapsed_ns allowed for)? */
bool clock_stepped(int64_t offset, int64_t elapsed_ns);

struct timespec ns_to_timespec(int64_t ns);

/* "213 us", "40 ms", "1.5 s", "2 h 11 min 15 s": the shortest exact-enough way
 * to say a duration. Return: @buf. */
enum { DURATION_LEN = 48 };
const char *format_duration(int64_t ns, char buf[DURATION_LEN]);

#endif
