/* processor: which one a process, and all its children, keep to. */
#ifndef TCPSCEN_BASE_PROCESSOR_H
#define TCPSCEN_BASE_PROCESSOR_H

/* Keep to one of the processors that the caller may use. @turn: numbers the callers, so that they
 * spread over all of them. A refusal is no error: then things are only slower, or less exact. */
void processor_keep_to(int turn);

/* Ask for the shortest slice there is: the shorter it is, the sooner this thread runs when something
 * arrives for it (Linux 6.12), before others on its processor. Children have the usual one. An older
 * kernel takes no notice. */
void processor_answer_promptly(void);

#endif
