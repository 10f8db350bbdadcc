/* netlink: see netlink.h.
 *
 * libmnl writes and reads the messages. Interface indices are chosen by the caller, so that
 * requests about a link can stand in the same batch as the one that makes it.
 */
#include "world/netlink.h"

#include <assert.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { NEW = NLM_F_CREATE | NLM_F_EXCL };

static size_t address_size(int family)
{
	return family == AF_INET ? 4 : 16;
}

int netlink_open(struct netlink *netlink, unsigned int groups)
{
	/* Long: beside many worlds that come and go the kernel's one queue for IPv6
	 * addresses, and its one lock for links, may be seconds behind. */
	const struct timeval patience = { .tv_sec = 60 };
	int rc;

	netlink->count = 0;
	netlink->len = 0;
	netlink->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!netlink->socket)
		return -errno;
	if (mnl_socket_bind(netlink->socket, groups, MNL_SOCKET_AUTOPID) < 0 ||
	    setsockopt(mnl_socket_get_fd(netlink->socket), SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) < 0) {
		rc = -errno;
		netlink_close(netlink);
		return rc;
	}
	return 0;
}

void netlink_close(struct netlink *netlink)
{
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	netlink->socket = NULL;
}

/* Begin a request; its sequence number is its place in the batch. */
static struct nlmsghdr *begin(struct netlink *netlink, const char *what, uint16_t type,
			      uint16_t flags)
{
	struct nlmsghdr *request;

	assert(netlink->count < NETLINK_BATCH_MAX);
	netlink->what[netlink->count] = what;
	memset(netlink->bytes + netlink->len, 0, NETLINK_REQUEST_MAX); /* padding too */
	request = mnl_nlmsg_put_header(netlink->bytes + netlink->len);
	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | flags;
	request->nlmsg_seq = (uint32_t)netlink->count++;
	return request;
}

static void end(struct netlink *netlink, const struct nlmsghdr *request)
{
	assert(request->nlmsg_len <= NETLINK_REQUEST_MAX);
	netlink->last = netlink->len;
	netlink->len += MNL_ALIGN(request->nlmsg_len);
}

static struct ifinfomsg *put_link(struct nlmsghdr *request, int index)
{
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof(*link));

	link->ifi_family = AF_UNSPEC;
	link->ifi_index = index;
	return link;
}

static void put_veth_end(struct nlmsghdr *request, const struct veth_end *veth, int mtu)
{
	mnl_attr_put_strz(request, IFLA_IFNAME, veth->name);
	mnl_attr_put(request, IFLA_ADDRESS, 6, veth->mac);
	mnl_attr_put_u32(request, IFLA_MTU, (uint32_t)mtu);
	/* one for each processor is what the kernel makes otherwise, and lays idle again */
	mnl_attr_put_u32(request, IFLA_NUM_TX_QUEUES, 1);
	mnl_attr_put_u32(request, IFLA_NUM_RX_QUEUES, 1);
}

/* Neither end may be created up: the peer's would fail with ENOTCONN, since its
 * other half is not there yet. */
void netlink_veth(struct netlink *netlink, const struct veth_end *near,
		  const struct veth_end *far, int far_netns, int mtu)
{
	static const char veth_pair[] = "create a veth pair (it takes the kernel's module veth)";
	struct nlmsghdr *request = begin(netlink, veth_pair, RTM_NEWLINK, NEW);
	struct nlattr *info, *data, *peer;

	put_link(request, near->index);
	put_veth_end(request, near, mtu);
	info = mnl_attr_nest_start(request, IFLA_LINKINFO);
	mnl_attr_put_strz(request, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(request, VETH_INFO_PEER);
	put_link(request, far->index);
	put_veth_end(request, far, mtu);
	mnl_attr_put_u32(request, IFLA_NET_NS_FD, (uint32_t)far_netns);
	mnl_attr_nest_end(request, peer);
	mnl_attr_nest_end(request, data);
	mnl_attr_nest_end(request, info);
	end(netlink, request);
}

void netlink_no_link_local(struct netlink *netlink, int index)
{
	struct nlmsghdr *request =
		begin(netlink, "turn link-local addresses off", RTM_SETLINK, 0);
	struct nlattr *spec, *inet6;

	put_link(request, index);
	spec = mnl_attr_nest_start(request, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(request, AF_INET6);
	mnl_attr_put_u8(request, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(request, inet6);
	mnl_attr_nest_end(request, spec);
	end(netlink, request);
}

void netlink_up(struct netlink *netlink, int index, enum netlink_arp arp)
{
	struct nlmsghdr *request = begin(netlink, "set a link up", RTM_NEWLINK, 0);
	struct ifinfomsg *link = put_link(request, index);

	link->ifi_flags = IFF_UP | (arp == LINK_NO_ARP ? IFF_NOARP : 0);
	link->ifi_change = link->ifi_flags;
	end(netlink, request);
}

void netlink_address(struct netlink *netlink, int index, const struct netlink_ip *ip)
{
	const char *what = ip->family == AF_INET6 ? "add an IPv6 address" : "add an address";
	struct nlmsghdr *request = begin(netlink, what, RTM_NEWADDR, NEW);
	struct ifaddrmsg *address = mnl_nlmsg_put_extra_header(request, sizeof(*address));

	address->ifa_family = (uint8_t)ip->family;
	address->ifa_prefixlen = (uint8_t)ip->prefix;
	address->ifa_scope = RT_SCOPE_UNIVERSE;
	address->ifa_index = (uint32_t)index;
	if (ip->family == AF_INET6)
		address->ifa_flags = IFA_F_NODAD;
	mnl_attr_put(request, IFA_LOCAL, address_size(ip->family), ip->bytes);
	mnl_attr_put(request, IFA_ADDRESS, address_size(ip->family), ip->bytes);
	end(netlink, request);
}

void netlink_neighbour(struct netlink *netlink, int index, const struct netlink_ip *ip,
		       const uint8_t mac[6])
{
	struct nlmsghdr *request = begin(netlink, "add a neighbour", RTM_NEWNEIGH, NEW);
	struct ndmsg *neighbour = mnl_nlmsg_put_extra_header(request, sizeof(*neighbour));

	neighbour->ndm_family = (uint8_t)ip->family;
	neighbour->ndm_ifindex = index;
	neighbour->ndm_state = NUD_PERMANENT;
	mnl_attr_put(request, NDA_DST, address_size(ip->family), ip->bytes);
	mnl_attr_put(request, NDA_LLADDR, 6, mac);
	end(netlink, request);
}

/* Take what is said in @bytes: errors, which nobody need ask for, and the acknowledgement of the last
 * request. Return: was that there? */
static bool take_answers(const struct netlink *netlink, const char *bytes, ssize_t len, int *rc,
			 const char **what)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)bytes;
	const uint32_t last = (uint32_t)netlink->count - 1;
	int left = (int)len;
	bool over = false;

	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		const struct nlmsgerr *ack = mnl_nlmsg_get_payload(message);

		if (message->nlmsg_type != NLMSG_ERROR)
			continue;
		over |= message->nlmsg_seq == last;
		if (!ack->error || *rc || message->nlmsg_seq > last)
			continue;
		*rc = ack->error;
		*what = netlink->what[message->nlmsg_seq];
	}
	return over;
}

int netlink_commit(struct netlink *netlink, const char **what)
{
	_Alignas(8) char bytes[8192];
	struct nlmsghdr *last = (struct nlmsghdr *)(netlink->bytes + netlink->last);
	bool over = false;
	ssize_t len;
	int rc = 0;

	*what = "speak rtnetlink";
	last->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(netlink->socket, netlink->bytes, netlink->len) < 0)
		return -errno;
	while (!over) {
		len = mnl_socket_recvfrom(netlink->socket, bytes, sizeof(bytes));
		if (len < 0)
			return -errno;
		over = take_answers(netlink, bytes, len, &rc, what);
	}
	netlink->count = 0;
	netlink->len = 0;
	return rc;
}

static int find_destination(const struct nlattr *attribute, void *arg)
{
	const struct nlattr **found = arg;

	if (mnl_attr_get_type(attribute) != RTA_DST)
		return MNL_CB_OK;
	*found = attribute;
	return MNL_CB_STOP;
}

static bool is_local_route(const struct nlmsghdr *message, const uint8_t ip6[16])
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	const struct nlattr *destination = NULL;

	if (message->nlmsg_type != RTM_NEWROUTE || route->rtm_type != RTN_LOCAL)
		return false;
	mnl_attr_parse(message, sizeof(*route), find_destination, &destination);
	return destination && mnl_attr_get_payload_len(destination) == 16 &&
	       memcmp(mnl_attr_get_payload(destination), ip6, 16) == 0;
}

int netlink_await_local6(struct netlink *netlink, const uint8_t ip6[16])
{
	_Alignas(8) char bytes[8192];
	const struct nlmsghdr *message;
	ssize_t len;
	int left;

	for (;;) {
		len = mnl_socket_recvfrom(netlink->socket, bytes, sizeof(bytes));
		if (len < 0)
			return -errno;
		left = (int)len;
		message = (const struct nlmsghdr *)bytes;
		for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
			if (is_local_route(message, ip6))
				return 0;
	}
}
