/* namespace: entering user and network namespaces without being root. */
#ifndef TCPSCEN_WORLD_NAMESPACE_H
#define TCPSCEN_WORLD_NAMESPACE_H

#include <stddef.h>

/* Move the calling process (single-threaded) into a user namespace, in which it is root, and
 * a network namespace of its own; where user namespaces are refused, into the
 * network namespace alone, which takes CAP_SYS_ADMIN.
 *
 * Return: 0, or -errno with what is in the way and the remedy in @error[@len].
 */
int namespace_enter(char *error, size_t len);

/* One more network namespace in the same user namespace; the process is in it.
 * Return: an fd that holds it, or -errno. */
int namespace_new_net(void);

/* Return: an fd that holds the process's present network namespace, or -errno. */
int namespace_hold_net(void);

/* Write @text into the file @path in one write(2).
 * Return: 0, or -errno (-EINVAL, too, when only a part was taken). */
int write_file(const char *path, const char *text);

#endif
