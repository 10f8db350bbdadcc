/* names: the words of the field and their numbers.
 *
 * errno names, TCP states, flags, socket options and the tables of calls and
 * questions. Used by resolve (word to number) and by the reports (number to
 * word); nothing between them ever handles a name.
 */
#ifndef TCPSCEN_PLAN_NAMES_H
#define TCPSCEN_PLAN_NAMES_H

#include "plan/plan.h"

struct name {
	const char *text;
	int64_t number;
};

/* Lookups by exact text. Return: true and @number set, or false. */
bool errno_by_name(const char *text, int *number);
bool state_by_name(const char *text, int *number);        /* "CLOSE-WAIT" */
bool flags_by_name(const char *text, uint16_t *flags);    /* "PSH-ACK-DTH" */
bool icmp_by_name(const char *text, enum icmp_kind *kind); /* "frag-needed" */
/* @prefix: SHUT_, MSG_, POLL, O_, F_, SIO or IP */
bool constant_by_name(const char *prefix, const char *text, int64_t *number);
bool sockopt_by_name(const char *text, int *level, int *name); /* "TCP_NODELAY" */

/* The words constant_by_name() knows of a prefix, NULL-terminated, at most @max - 1 of them.
 * Return: how many. */
size_t constant_words(const char *prefix, const char **words, size_t max);

const char *errno_name(int number);   /* "EPIPE"; "errno 999" is NULL */
const char *state_name(int state);    /* "CLOSE-WAIT" */
const char *icmp_name(enum icmp_kind kind);
const char *call_name(enum call_id id);
const char *question_name(enum question_id id);
const char *timer_name(int timer);       /* "keepalive"; NULL: unknown */
const char *ip_name(enum ip_version ip); /* "4", "6", "mapped" */

/* "SYN-ACK"; "none" when no bit is set. @buf: at least FLAGS_LEN. Return: @buf. */
enum { FLAGS_LEN = 64 };
const char *flags_name(uint16_t flags, char buf[FLAGS_LEN]);

/* NULL-terminated lists of all words, for nearest_word(). */
const char *const *errno_words(void);
const char *const *state_words(void);
const char *const *call_words(void);     /* calls and questions */
const char *const *sockopt_words(void);
const char *const *icmp_words(void);
const char *const *flag_words(void);

#endif
