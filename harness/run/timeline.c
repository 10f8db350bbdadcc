/* timeline: see timeline.h.
 *
 * The default tolerance is what the kernel itself may add. A timer of the wheel
 * (kernel/time/timer.c) never fires early, but the interval it was armed with may be a
 * jiffy short; it fires late by at most an eighth of the interval, the granularity of
 * its level. In real time a busy machine may add to that.
 */
#include "run/timeline.h"

#include "base/clock.h"

enum { WHEEL_GRANULARITY = 8 };

static const int64_t jiffy = 10 * NS_PER_MS; /* HZ=100, the coarsest in use */
static const int64_t busy_machine = 100 * NS_PER_MS;

size_t timeline_occurrences(const struct plan_time *time)
{
	switch (time->kind) {
	case TIME_AT:
	case TIME_GAPS:
		return time->n;
	case TIME_NONE:
	case TIME_WITHIN:
	case TIME_AFTER:
	case TIME_BETWEEN:
	case TIME_UNTIL:
		break;
	}
	return 1;
}

/* @interval after @base, with the line's tolerance, the scenario's, or the wheel's. */
static struct window around(int64_t base, int64_t interval, int64_t own, int64_t scenario)
{
	int64_t tolerance = own != NO_TOLERANCE ? own : scenario;
	int64_t early = tolerance, late = tolerance;

	if (tolerance == NO_TOLERANCE) {
		early = jiffy;
		late = interval / WHEEL_GRANULARITY + jiffy + busy_machine;
	}
	return (struct window){
		.low = base + interval - early,
		.high = base + interval + late,
		.due = base + interval,
		.base = base,
	};
}

struct window timeline_window(const struct plan_time *time, size_t occurrence, int64_t tolerance,
			      const struct reference *reference)
{
	struct window open = { .low = INT64_MIN, .high = INT64_MAX,
			       .base = reference->event_before };

	switch (time->kind) {
	case TIME_NONE:
		return open;
	case TIME_WITHIN:
		open.high = reference->event_before + time->ns[0];
		return open;
	case TIME_BETWEEN:
		open.low = open.due = reference->event_before + time->ns[0];
		open.high = reference->event_before + time->ns[1];
		return open;
	case TIME_AFTER:
	case TIME_UNTIL:
		return around(reference->event_before, time->ns[0], time->tolerance, tolerance);
	case TIME_GAPS:
		return around(reference->transmission, time->ns[occurrence], time->tolerance,
			      tolerance);
	case TIME_AT:
		if (!reference->first_packet)
			return open; /* it is the first packet itself: it sets the clock */
		return around(reference->first_packet, time->ns[occurrence], time->tolerance,
			      tolerance);
	}
	return open;
}

int64_t timeline_estimate(const struct plan *plan)
{
	int64_t total = 0, at = 0;

	for (int i = 0; i < plan->n_steps; i++) {
		const struct plan_time *time = &plan->steps[i].time;

		if (plan->steps[i].kind == STEP_WAIT || time->kind == TIME_AFTER ||
		    time->kind == TIME_BETWEEN || time->kind == TIME_UNTIL) {
			total += time->ns[0];
		} else if (time->kind == TIME_AT && time->ns[time->n - 1] > at) {
			total += time->ns[time->n - 1] - at;
			at = time->ns[time->n - 1];
		} else if (time->kind == TIME_GAPS) {
			for (size_t k = 0; k < time->n; k++)
				total += time->ns[k];
		}
	}
	return total;
}
