/* endpoint: see endpoint.h. */
#include "peer/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static socklen_t to_sockaddr4(const struct world_host *host, uint16_t port,
			      struct sockaddr_in *out)
{
	*out = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
	if (host)
		memcpy(&out->sin_addr, host->ip4, sizeof(host->ip4));
	return sizeof(*out);
}

static socklen_t to_sockaddr6(const struct world_host *host, bool mapped, uint16_t port,
			      struct sockaddr_in6 *out)
{
	*out = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
	if (host && mapped) {
		memcpy(out->sin6_addr.s6_addr, mapped_prefix, sizeof(mapped_prefix));
		memcpy(out->sin6_addr.s6_addr + 12, host->ip4, sizeof(host->ip4));
	} else if (host) {
		memcpy(out->sin6_addr.s6_addr, host->ip6, sizeof(host->ip6));
	}
	return sizeof(*out);
}

socklen_t endpoint_to_sockaddr(enum ip_version ip, const struct plan_address *address,
			       struct sockaddr_storage *out)
{
	struct world_host self = { .netns = -1 };
	const struct world_host *host = address->host == NO_INDEX ? NULL : &self;

	if (host)
		world_addresses(address->host, &self);
	if (ip == IP_V4)
		return to_sockaddr4(host, address->port, (struct sockaddr_in *)out);
	return to_sockaddr6(host, ip == IP_MAPPED, address->port, (struct sockaddr_in6 *)out);
}

void endpoint_from_bytes(int family, const void *bytes, uint16_t port,
			 struct probe_address *out)
{
	*out = (struct probe_address){ .port = port };
	if (family == AF_INET) {
		out->family = 4;
		memcpy(out->bytes, bytes, 4);
	} else if (family == AF_INET6 && memcmp(bytes, mapped_prefix, 12) == 0) {
		out->family = 4;
		memcpy(out->bytes, (const uint8_t *)bytes + 12, 4);
	} else if (family == AF_INET6) {
		out->family = 6;
		memcpy(out->bytes, bytes, 16);
	}
}

void endpoint_from_sockaddr(const struct sockaddr_storage *in, struct probe_address *out)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)in;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)in;

	*out = (struct probe_address){ 0 };
	if (in->ss_family == AF_INET)
		endpoint_from_bytes(AF_INET, &in4->sin_addr, ntohs(in4->sin_port), out);
	else if (in->ss_family == AF_INET6)
		endpoint_from_bytes(AF_INET6, &in6->sin6_addr, ntohs(in6->sin6_port), out);
}

bool endpoint_equal(const struct probe_address *a, const struct probe_address *b)
{
	return a->family == b->family && a->port == b->port &&
	       memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : 16) == 0;
}

/* getsockname(2) or getpeername(2) */
typedef int name_call(int fd, struct sockaddr *address, socklen_t *len);

static int ask_name(name_call *name, int fd, struct probe_address *end)
{
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(address);
	int rc = name(fd, (struct sockaddr *)&address, &len);

	if (rc == 0)
		endpoint_from_sockaddr(&address, end);
	return rc;
}

int endpoint_local(int fd, struct probe_address *end)
{
	return ask_name(getsockname, fd, end);
}

int endpoint_remote(int fd, struct probe_address *end)
{
	return ask_name(getpeername, fd, end);
}
