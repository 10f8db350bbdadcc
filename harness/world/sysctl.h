/* sysctl: settings of the kernel that belong to a network namespace. */
#ifndef TCPSCEN_WORLD_SYSCTL_H
#define TCPSCEN_WORLD_SYSCTL_H

#include <stddef.h>

/* Set @key, net.*, in the namespace where the process is.
 * @error: @len bytes: why not, and the remedy
 * Return: 0, or -errno; -EINVAL also when the kernel has made something else of @value. */
int sysctl_set(const char *key, const char *value, char *error, size_t len);

#endif
