/* tcp_info: the fields of the kernel's struct tcp_info (linux/tcp.h) by their names.
 *
 * A field's name is the kernel's without `tcpi_`. The struct only grows: an older kernel
 * gives fewer bytes, and what it does not give cannot be read. The table holds every
 * field up to Linux 7.0, whatever header this program was compiled with.
 */
#ifndef TCPSCEN_PLAN_TCP_INFO_H
#define TCPSCEN_PLAN_TCP_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TCP_INFO_MAX = 280 }; /* bytes of the struct that are known */

/* @text: "rto" or "tcpi_rto". Return: the field's number, from 0; -1: there is none. */
int tcp_info_by_name(const char *text);
const char *tcp_info_name(int field); /* "rto"; NULL for a number out of range */

/* All names, NULL-terminated, for nearest_word(). */
const char *const *tcp_info_words(void);

/* The largest value the field can hold (at most INT64_MAX). */
int64_t tcp_info_limit(int field);

/* What one stands for, in ns; 0: it is no time. */
int64_t tcp_info_unit(int field);

/* What the words of a field mean: an RFC 9293 state, a state of congestion avoidance, none. */
enum tcp_info_words { INFO_NUMBER, INFO_STATE, INFO_CA_STATE };
enum tcp_info_words tcp_info_kind(int field);

/* "Open", "Disorder", "CWR", "Recovery", "Loss" */
const char *ca_state_name(int64_t number); /* NULL: unknown */
bool ca_state_by_name(const char *text, int64_t *number);
const char *const *ca_state_words(void);

/* Read @field from the @len bytes that a kernel of @major version gave. What does not
 * fit into @value (only "unlimited" rates) becomes INT64_MAX.
 * Return: false when these bytes have no such field. */
bool tcp_info_read(int field, int major, const void *bytes, size_t len, int64_t *value);

#endif
