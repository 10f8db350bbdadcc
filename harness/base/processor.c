/* processor: see processor.h. */
#include "base/processor.h"

#include <sched.h>

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
