/* program_names: the words of a program's lines and their numbers. */
#ifndef TCPSCEN_PLAN_PROGRAM_NAMES_H
#define TCPSCEN_PLAN_PROGRAM_NAMES_H

#include "plan/plan.h"

/* "connect"; also names of variants: accept4 is accept, sendto is send. */
bool syscall_by_name(const char *text, enum syscall_id *id);
const char *syscall_name(enum syscall_id id);
const char *const *syscall_words(void); /* for nearest_word() */

bool signal_by_name(const char *text, int *signal); /* "SIGTERM" */
/* "SIGTERM", "SIGRTMIN+2"; @buf: at least SIGNAL_LEN. Return: @buf. */
enum { SIGNAL_LEN = 24 };
const char *signal_name(int signal, char buf[SIGNAL_LEN]);

const char *output_name(enum output output); /* "stdout" */

#endif
