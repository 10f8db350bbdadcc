/* snmp: the counters of a host's network namespace, /proc/net/snmp and /proc/net/netstat, as
 * `nstat` shows them. */
#ifndef TCPSCEN_PEER_SNMP_H
#define TCPSCEN_PEER_SNMP_H

#include <stddef.h>
#include <stdint.h>

struct snmp;

/* Open for the network namespace the process is in now, which is kept by it.
 * Return: NULL with errno set when it cannot be. */
struct snmp *snmp_open(void);
void snmp_close(struct snmp *snmp); /* NULL is allowed */

/* Counter @name of @group, "Tcp" or "TcpExt". One beyond INT64_MAX is told as that.
 * Return: 1 with @value; 0 when this kernel has none of that name; -errno, -EPROTO: the kernel
 *         writes something else than we can read. */
int snmp_read(struct snmp *snmp, const char *group, const char *name, int64_t *value);

/* The same from the @len bytes of such a file: lines in pairs, names and numbers, each behind
 * its group's name. */
int snmp_find(const char *text, size_t len, const char *group, const char *name, int64_t *value);

#endif
