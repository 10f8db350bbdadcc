/* clock: see clock.h. */
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

static int64_t read_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t clock_real_ns(void)
{
	return read_ns(CLOCK_REALTIME);
}

int64_t clock_mono_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_cpu_ns(void)
{
	return read_ns(CLOCK_THREAD_CPUTIME_ID);
}

int64_t clock_offset_ns(void)
{
	/* The smallest gap of a few readings: a preemption between the two
	 * clock readings must not look like a step. */
	int64_t best = 0, best_cost = INT64_MAX;

	for (int i = 0; i < 3; i++) {
		int64_t before = clock_mono_ns();
		int64_t real = clock_real_ns();
		int64_t cost = clock_mono_ns() - before;

		if (cost < best_cost) {
			best_cost = cost;
			best = real - before;
		}
		if (cost < 10 * NS_PER_US)
			break;
	}
	return best;
}

bool clock_stepped(int64_t offset, int64_t elapsed_ns)
{
	int64_t allowed = 5 * NS_PER_MS + elapsed_ns / 2000; /* adjtimex slews 500 ppm at most */

	return llabs(clock_offset_ns() - offset) > allowed;
}

struct timespec ns_to_timespec(int64_t ns)
{
	if (ns < 0)
		ns = 0;
	return (struct timespec){ .tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S };
}

/* "1.5 s": @value in units of @unit with at most three decimals, no trailing zeros. */
static void format_unit(int64_t ns, int64_t unit, const char *name, char buf[DURATION_LEN])
{
	int len = snprintf(buf, DURATION_LEN, "%.3f", (double)ns / (double)unit);

	while (len > 0 && buf[len - 1] == '0')
		len--;
	if (len > 0 && buf[len - 1] == '.')
		len--;
	snprintf(buf + len, (size_t)(DURATION_LEN - len), " %s", name);
}

const char *format_duration(int64_t ns, char buf[DURATION_LEN])
{
	int64_t size = ns < 0 ? (ns == INT64_MIN ? INT64_MAX : -ns) : ns;
	long long s = size / NS_PER_S;

	if (size == 0)
		snprintf(buf, DURATION_LEN, "0 s");
	else if (size < NS_PER_US)
		snprintf(buf, DURATION_LEN, "%lld ns", (long long)ns);
	else if (size < NS_PER_MS)
		format_unit(ns, NS_PER_US, "us", buf);
	else if (size < NS_PER_S)
		format_unit(ns, NS_PER_MS, "ms", buf);
	else if (s < 600)
		format_unit(ns, NS_PER_S, "s", buf);
	else if (s < 3600)
		snprintf(buf, DURATION_LEN, "%s%lld min %lld s", ns < 0 ? "-" : "", s / 60, s % 60);
	else
		snprintf(buf, DURATION_LEN, "%s%lld h %lld min %lld s", ns < 0 ? "-" : "", s / 3600,
			 s / 60 % 60, s % 60);
	return buf;
}
