/* processor: see processor.h. */
#include "base/processor.h"

#include "base/clock.h"

#include <linux/sched.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

void processor_keep_to(int turn)
{
	cpu_set_t allowed, one;
	int n, wanted;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return;
	n = CPU_COUNT(&allowed);
	wanted = n > 0 ? turn % n : 0;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed) || wanted-- > 0)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

void processor_answer_promptly(void)
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
		.runtime = 100 * NS_PER_US,
	};

	if (sched_getscheduler(0) == SCHED_OTHER) /* or somebody has chosen for us */
		syscall(SYS_sched_setattr, 0, &attr, 0);
}
