/* constants: the numbers of a call's arguments back to their names.
 *
 * The other direction (name to number) is plan/names.
 */
#ifndef TCPSCEN_RUN_CONSTANTS_H
#define TCPSCEN_RUN_CONSTANTS_H

#include <stdint.h>

struct strbuf;

/* NULL when the number has no name here. */
const char *shutdown_name(int64_t how);       /* "SHUT_WR" */
const char *fcntl_name(int64_t command);      /* "F_SETFL" */
const char *ioctl_name(int64_t request);      /* "SIOCOUTQ" */
const char *sockopt_name(int64_t level, int64_t option); /* "TCP_NODELAY" */

/* "A|B"; what has no name follows in hexadecimal; "0" when no bit is set. */
void msg_flags_text(int64_t flags, struct strbuf *out);  /* MSG_NOSIGNAL|MSG_PEEK */
void poll_events_text(int64_t events, struct strbuf *out); /* POLLIN|POLLHUP */
void open_flags_text(int64_t flags, struct strbuf *out); /* O_RDWR|O_NONBLOCK */

#endif
