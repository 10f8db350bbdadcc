/* counters: the kernel's SNMP counters by the names that `nstat -az` shows.
 *
 * Those of /proc/net/snmp (Ip, Icmp, Tcp) and /proc/net/netstat (TcpExt, IpExt), of Linux 6.1 to
 * 6.18, whatever kernel plays. A name is that of its group and its own, "TcpExtListenOverflows";
 * where no other group has a counter of that name the latter will do, "ListenOverflows". What
 * the two files show besides, settings and CurrEstab, nstat leaves out: it does not count.
 */
#ifndef TCPSCEN_PLAN_COUNTERS_H
#define TCPSCEN_PLAN_COUNTERS_H

/* The first counter behind @after (-1: of all) that may be called @text; -1: there is none. More
 * than one: the name alone does not tell which. */
int counter_by_name(const char *text, int after);

/* All of these return NULL for a number out of range. */
const char *counter_name(int counter);      /* the shortest that is of it alone */
const char *counter_full_name(int counter); /* "TcpExtListenOverflows" */
const char *counter_group(int counter);     /* "TcpExt" */
const char *counter_own_name(int counter);  /* "ListenOverflows" */
const char *counter_since(int counter);     /* the Linux that has it first, "6.15"; NULL: 6.1 has it */

/* Every name that is of one counter alone, NULL-terminated, for nearest_word(). */
const char *const *counter_words(void);

#endif
