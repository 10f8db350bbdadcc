/* processor: which one a process, and all its children, keep to. */
#ifndef TCPSCEN_BASE_PROCESSOR_H
#define TCPSCEN_BASE_PROCESSOR_H

#include <sched.h>

/* Those that the calling thread may use; none, if that cannot be told. */
cpu_set_t processor_allowed(void);

/* How many these are; at least 1. */
size_t processor_count(void);

/* Which of them, counted from 0, the calling thread is on: the scheduler has found room there. Several
 * tcpscen at once that begin with theirs do not crowd on the first. */
size_t processor_here(void);

/* Keep to one of the processors @allowed. @turn: numbers the callers, so that they
 * spread over all of them. A refusal is no error: then things are only slower, or less exact. */
void processor_keep_to(const cpu_set_t *allowed, int turn);

/* Ask for the shortest slice there is: the shorter it is, the sooner this thread runs when something
 * arrives for it (Linux 6.12), before others on its processor. Children have the usual one. An older
 * kernel takes no notice. */
void processor_answer_promptly(void);

/* … for the usual one again. */
void processor_take_time(void);

/* Interrupt nobody when something arrives for this thread or those that it starts: they wait until others
 * on the processor sleep, or have had their time (SCHED_BATCH). */
void processor_interrupt_nobody(void);

#endif
