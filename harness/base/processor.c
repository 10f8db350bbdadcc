/* processor: see processor.h. */
#include "base/processor.h"

#include "base/clock.h"

#include <linux/sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

cpu_set_t processor_allowed(void)
{
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		CPU_ZERO(&allowed);
	return allowed;
}

size_t processor_count(void)
{
	const cpu_set_t allowed = processor_allowed();
	const int n = CPU_COUNT(&allowed);

	return n > 0 ? (size_t)n : 1;
}

size_t processor_here(void)
{
	const cpu_set_t allowed = processor_allowed();
	const int here = sched_getcpu();
	size_t before = 0;

	for (int cpu = 0; cpu < here && cpu < CPU_SETSIZE; cpu++)
		before += CPU_ISSET(cpu, &allowed) != 0;
	return before < processor_count() ? before : 0; /* it may just have been moved elsewhere */
}

void processor_keep_to(const cpu_set_t *allowed, int turn)
{
	const int n = CPU_COUNT(allowed);
	int wanted = n > 0 ? turn % n : 0;
	cpu_set_t one;

	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, allowed) || wanted-- > 0)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

/* Has nobody chosen how this thread is scheduled? */
static bool is_ordinary(void)
{
	return (sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) == SCHED_OTHER;
}

/* @slice: ns; 0: the usual one */
static void ask_for_slice(uint64_t slice)
{
	struct { /* struct sched_attr of sched_setattr(2), which glibc lacks before 2.41 */
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = {
		.size = sizeof(attr), .policy = SCHED_OTHER,
		.flags = SCHED_FLAG_RESET_ON_FORK, .nice = getpriority(PRIO_PROCESS, 0),
		.runtime = slice,
	};

	if (is_ordinary())
		syscall(SYS_sched_setattr, 0, &attr, 0);
}

void processor_answer_promptly(void)
{
	ask_for_slice(100 * NS_PER_US);
}

void processor_take_time(void)
{
	ask_for_slice(0);
}

void processor_interrupt_nobody(void)
{
	const struct sched_param none = { .sched_priority = 0 };

	if (is_ordinary())
		sched_setscheduler(0, SCHED_BATCH, &none);
}
