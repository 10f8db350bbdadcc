/* timeline: see timeline.h.
 *
 * The default tolerance is what the kernel itself may add. A timer of the wheel
 * (kernel/time/timer.c) never fires early, but the interval it was armed with may be a
 * jiffy short; it fires late by at most a jiffy and the granularity of its level. A busy
 * machine may add to that, where time is real.
 */
#include "run/timeline.h"

#include "base/clock.h"

/* The granularity of the wheel's level for @interval, at most: a level has 64 buckets, and of
 * those as wide as eight of the level below it holds the 63rd and later ones (LVL_START): an eighth of
 * the interval, and a little. */
static int64_t wheel_granularity(int64_t interval)
{
	return interval / 63 * 8;
}

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
static struct window around(const struct plan *plan, const struct plan_time *time, int64_t base,
			    int64_t interval)
{
	int64_t tolerance = time->tolerance != NO_TOLERANCE ? time->tolerance : plan->tolerance;
	int64_t early = tolerance, late = tolerance;

	if (tolerance == NO_TOLERANCE) {
		early = plan->clock.jiffy;
		late = timeline_lateness(plan, interval);
	}
	return (struct window){
		.low = base + interval - early,
		.high = base + interval + late,
		.due = base + interval,
		.base = base,
	};
}

int64_t timeline_lateness(const struct plan *plan, int64_t interval)
{
	return wheel_granularity(interval) + plan->clock.jiffy + plan->clock.noise;
}

struct window timeline_window(const struct plan *plan, const struct plan_time *time,
			      size_t occurrence, const struct reference *reference)
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
		return around(plan, time, reference->event_before, time->ns[0]);
	case TIME_GAPS:
		return around(plan, time, reference->transmission, time->ns[occurrence]);
	case TIME_AT:
		if (!reference->first_packet)
			return open; /* it is the first packet itself: it sets the clock */
		return around(plan, time, reference->first_packet, time->ns[occurrence]);
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
