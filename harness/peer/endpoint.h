/* endpoint: IP addresses with ports, between a plan, the socket calls and a reply. */
#ifndef TCPSCEN_PEER_ENDPOINT_H
#define TCPSCEN_PEER_ENDPOINT_H

#include "peer/probe_msg.h"
#include "plan/plan.h"
#include "world/world.h"

#include <sys/socket.h>

/* What a socket of a plan for @ip is bound or connected to for @address (world_addresses());
 * IP_MAPPED gives ::ffff:192.0.2.x. Return: the length of @out. */
socklen_t endpoint_to_sockaddr(enum ip_version ip, const struct plan_address *address,
			       struct sockaddr_storage *out);

/* A mapped address becomes the IPv4 one it stands for; neither AF_INET nor AF_INET6: none. */
void endpoint_from_sockaddr(const struct sockaddr_storage *in, struct probe_address *out);

/* The same for an address as @family and bytes in network order. */
void endpoint_from_bytes(int family, const void *bytes, uint16_t port,
			 struct probe_address *out);

/* Same family, address and port? */
bool endpoint_equal(const struct probe_address *a, const struct probe_address *b);

/* What getsockname(2) and getpeername(2) say of @fd. Return: as they do, with errno; @end is left
 * as it is where they fail. */
int endpoint_local(int fd, struct probe_address *end);
int endpoint_remote(int fd, struct probe_address *end);

#endif
