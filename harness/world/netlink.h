/* netlink: rtnetlink requests of one network namespace, in batches.
 *
 * A request is only written down; netlink_commit() sends all of them in one message. The kernel
 * carries all of them out in their order, and acknowledges the last. A socket belongs for life to
 * the namespace it was opened in, so the process can go elsewhere and still configure this one.
 */
#ifndef TCPSCEN_WORLD_NETLINK_H
#define TCPSCEN_WORLD_NETLINK_H

#include <stddef.h>
#include <stdint.h>

struct mnl_socket;

enum { NETLINK_BATCH_MAX = 16, NETLINK_REQUEST_MAX = 512 };

struct netlink {
	struct mnl_socket *socket;           /* (owned) NULL: closed */
	int count;                           /* requests written down */
	size_t len, last;                    /* bytes of them; where the last begins */
	const char *what[NETLINK_BATCH_MAX]; /* each request, for error messages */
	_Alignas(8) char bytes[NETLINK_BATCH_MAX * NETLINK_REQUEST_MAX];
};

/* One end of a veth pair. */
struct veth_end {
	const char *name;
	int index;              /* chosen by us: no need to ask the kernel for it */
	const uint8_t *mac;     /* 6 bytes */
};

/* An address or neighbour on a link. */
struct netlink_ip {
	int family;             /* AF_INET, AF_INET6 */
	const uint8_t *bytes;   /* 4 or 16 */
	int prefix;             /* address: length of the network's part */
};

/* Open a socket for the namespace the process is in. @groups: RTMGRP_ bits.
 * Return: 0, or -errno. */
int netlink_open(struct netlink *netlink, unsigned int groups);
void netlink_close(struct netlink *netlink); /* a closed one is allowed */

/* Create a veth pair, both ends down: @near here, @far in the namespace @far_netns. */
void netlink_veth(struct netlink *netlink, const struct veth_end *near,
		  const struct veth_end *far, int far_netns, int mtu);

/* No link-local IPv6 address on this link: nobody asked for its packets. */
void netlink_no_link_local(struct netlink *netlink, int index);

/* Set a link up; @no_arp: it never asks for or announces addresses (IFF_NOARP). */
enum netlink_arp { LINK_ARP, LINK_NO_ARP };
void netlink_up(struct netlink *netlink, int index, enum netlink_arp arp);

void netlink_address(struct netlink *netlink, int index, const struct netlink_ip *ip);
void netlink_neighbour(struct netlink *netlink, int index, const struct netlink_ip *ip,
		       const uint8_t mac[6]);

/* Send what is written down: at least one request.
 * @what: set to the first request that failed, for people
 * Return: 0, or that request's -errno. */
int netlink_commit(struct netlink *netlink, const char **what);

/* Wait until @ip6 is a local address that packets are delivered to. The kernel does that in a
 * work queue, some time after the request was acknowledged. @netlink: opened with
 * RTMGRP_IPV6_ROUTE before the address was added.
 * Return: 0, or -errno (-EAGAIN: not within a minute). */
int netlink_await_local6(struct netlink *netlink, const uint8_t ip6[16]);

#endif
