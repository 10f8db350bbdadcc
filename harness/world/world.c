/* world: see world.h.
 *
 * The order is the theory. While the process is in a host's new namespace it opens two
 * sockets there, one for rtnetlink and one for ioctls; a socket stays with its namespace, so
 * from then on each end is configured without another setns(2):
 *
 *   each kernel host: unshare, veth (far end in the wire's namespace), eth0 up, sysctls
 *   the wire:         wireN up: now both ends have carrier
 *   each kernel host: offloads off, addresses, neighbours; wait for what the kernel defers
 *
 * Two things the kernel puts off to a work queue would lose the first packet now and then: a
 * link's queue is attached some time after its carrier came (ethtool_settle), and an
 * IPv6 address is not delivered to at once (netlink_await_local6). When world_enter() returns
 * both have happened.
 *
 * Links do no ARP and no multicast listener reports (IFF_NOARP): the wire is silent until a
 * host speaks TCP.
 */
#include "world/world.h"

#include "world/ethtool.h"
#include "world/namespace.h"
#include "world/netlink.h"
#include "world/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Interface indices, above those of the fallback tunnels some kernels put in each namespace. */
enum { INDEX_LO = 1, INDEX_ETH = 100, INDEX_WIRE = 100, WORLDS_MAX = 1000000 };

/* What is needed only while the world is built. */
struct builder {
	struct world *world;
	const struct plan *plan;
	struct {
		struct netlink netlink;
		struct netlink routes; /* hears of new IPv6 routes */
		int ctl;               /* (owned) for ioctls, -1: none */
	} hosts[PLAN_HOSTS];
	bool has_ip6; /* the kernel, not the scenario */
	char *error;
};

static int fail(char *error, int rc, const char *what)
{
	snprintf(error, WORLD_ERROR_LEN, "cannot %s: %s", what, strerror(-rc));
	return rc;
}

static bool is_kernel(const struct builder *builder, int host)
{
	return host < builder->plan->n_hosts &&
	       builder->plan->hosts[host].kind == HOST_KERNEL;
}

/* A crafted host whose address the wire's own stack has too. */
static bool is_owned(const struct builder *builder, int host)
{
	return host < builder->plan->n_hosts && builder->plan->hosts[host].owned;
}

void world_addresses(int index, struct world_host *host)
{
	static const uint8_t mac[6] = { 0x02, 0, 0, 0, 0, 0 };
	static const uint8_t ip4[4] = { 192, 0, 2, 0 };
	static const uint8_t ip6[16] = { 0x20, 0x01, 0x0d, 0xb8 };
	const uint8_t number = (uint8_t)(index + 1);

	memcpy(host->mac, mac, sizeof(mac));
	memcpy(host->ip4, ip4, sizeof(ip4));
	memcpy(host->ip6, ip6, sizeof(ip6));
	host->mac[5] = host->ip4[3] = host->ip6[15] = number;
}

static int set_sysctls(const struct builder *builder, int host)
{
	const struct plan *plan = builder->plan;

	for (size_t i = 0; i < plan->n_sysctls; i++) {
		const struct plan_sysctl *sysctl = &plan->sysctls[i];
		int rc = sysctl->host != host ? 0
					      : sysctl_set(sysctl->key, sysctl->value,
							   builder->error, WORLD_ERROR_LEN);

		if (rc < 0) {
			builder->world->refused = sysctl;
			return rc;
		}
	}
	return 0;
}

/* ---- building ---- */

static int new_net(char *error)
{
	int netns = namespace_new_net();

	if (netns < 0)
		fail(error, netns,
		     netns == -ENOSPC ? "make a network namespace (there are too many: raise "
					"user.max_net_namespaces with sysctl as root)"
				      : "make a network namespace");
	return netns;
}

static int open_sockets(struct builder *builder, int host)
{
	int rc = netlink_open(&builder->hosts[host].netlink, 0);

	if (rc == 0 && builder->plan->ip == IP_V6)
		rc = netlink_open(&builder->hosts[host].routes, RTMGRP_IPV6_ROUTE);
	if (rc < 0)
		return fail(builder->error, rc, "open an rtnetlink socket");
	builder->hosts[host].ctl = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return builder->hosts[host].ctl < 0 ? fail(builder->error, -errno, "open a socket") : 0;
}

/* A host's namespace, its end of the wire and its sysctls. The process is in that
 * namespace afterwards. */
static int build_host(struct builder *builder, int host)
{
	struct world_host *self = &builder->world->hosts[host];
	struct netlink *netlink = &builder->hosts[host].netlink;
	const uint8_t port_mac[6] = { 0x02, 0, 0, 0, 0x01, (uint8_t)(host + 1) };
	const uint8_t *wire_mac = is_owned(builder, 1 - host) ? builder->world->hosts[1 - host].mac
							      : port_mac;
	const struct veth_end eth = { "eth0", INDEX_ETH, self->mac };
	const struct veth_end wire = { self->interface, builder->world->index + host, wire_mac };
	const char *what;
	int rc;

	self->netns = new_net(builder->error);
	if (self->netns < 0)
		return self->netns;
	rc = open_sockets(builder, host);
	if (rc < 0)
		return rc;
	netlink_veth(netlink, &eth, &wire, builder->world->wire, builder->plan->link_mtu);
	if (builder->has_ip6)
		netlink_no_link_local(netlink, INDEX_ETH);
	netlink_up(netlink, INDEX_LO, LINK_ARP);
	netlink_up(netlink, INDEX_ETH, LINK_NO_ARP);
	rc = netlink_commit(netlink, &what);
	if (rc < 0)
		return fail(builder->error, rc, what);
	return set_sysctls(builder, host);
}

/* The wire's ends; the process is in the wire's namespace. */
static int raise_wire(const struct builder *builder)
{
	struct netlink netlink;
	const char *what = "open an rtnetlink socket";
	int rc = netlink_open(&netlink, 0);

	if (rc < 0)
		return fail(builder->error, rc, what);
	for (int host = 0; host < PLAN_HOSTS; host++) {
		if (!is_kernel(builder, host))
			continue;
		if (builder->has_ip6)
			netlink_no_link_local(&netlink, builder->world->index + host);
		netlink_up(&netlink, builder->world->index + host, LINK_NO_ARP);
	}
	rc = netlink_commit(&netlink, &what);
	netlink_close(&netlink);
	return rc < 0 ? fail(builder->error, rc, what) : 0;
}

static int plain_links(const struct builder *builder, int ctl, int host)
{
	bool plain = !builder->plan->link_offload;
	int rc = plain ? ethtool_plain(ctl, builder->world->hosts[host].interface) : 0;

	if (rc == 0 && plain)
		rc = ethtool_plain(builder->hosts[host].ctl, "eth0");
	if (rc < 0)
		return fail(builder->error, rc, "turn offloads off");
	rc = ethtool_settle(ctl, builder->world->hosts[host].interface);
	if (rc == 0)
		rc = ethtool_settle(builder->hosts[host].ctl, "eth0");
	return rc < 0 ? fail(builder->error, rc, "connect the wire") : 0;
}

/* Where an address is to be put: a link, and the netlink sockets of its namespace. */
struct place {
	struct netlink *netlink, *routes;
	int link;
};

/* Give the place @host's addresses, and tell it where the other host is. */
static int put_addresses(struct builder *builder, const struct place *place, int host)
{
	const struct world_host *self = &builder->world->hosts[host];
	const struct world_host *other = &builder->world->hosts[1 - host];
	struct netlink *netlink = place->netlink;
	const char *what;
	int rc;

	netlink_address(netlink, place->link, &(struct netlink_ip){ AF_INET, self->ip4, 24 });
	netlink_neighbour(netlink, place->link, &(struct netlink_ip){ AF_INET, other->ip4, 32 },
			  other->mac);
	if (builder->plan->ip == IP_V6) {
		netlink_address(netlink, place->link,
				&(struct netlink_ip){ AF_INET6, self->ip6, 64 });
		netlink_neighbour(netlink, place->link,
				  &(struct netlink_ip){ AF_INET6, other->ip6, 128 }, other->mac);
	}
	rc = netlink_commit(netlink, &what);
	if (rc < 0)
		return fail(builder->error, rc, what);
	if (builder->plan->ip != IP_V6)
		return 0;
	rc = netlink_await_local6(place->routes, self->ip6);
	return rc < 0 ? fail(builder->error, rc, "see the IPv6 address at work") : 0;
}

static int address_host(struct builder *builder, int host)
{
	struct place place = { &builder->hosts[host].netlink, &builder->hosts[host].routes,
			       INDEX_ETH };

	return put_addresses(builder, &place, host);
}

/* The trap of beginners, on purpose: the wire's own stack gets the address of crafted host
 * @host, and will answer for it. The process is in the wire's namespace. */
static int address_owned(struct builder *builder, int host)
{
	struct netlink netlink, routes;
	struct place place = { &netlink, &routes, builder->world->index + 1 - host };
	int rc = netlink_open(&netlink, 0);

	routes.socket = NULL;
	if (rc == 0 && builder->plan->ip == IP_V6)
		rc = netlink_open(&routes, RTMGRP_IPV6_ROUTE);
	if (rc < 0)
		fail(builder->error, rc, "open an rtnetlink socket");
	else
		rc = put_addresses(builder, &place, host);
	netlink_close(&netlink);
	netlink_close(&routes);
	return rc;
}

static int connect_hosts(struct builder *builder)
{
	int ctl = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = 0;

	if (ctl < 0)
		return fail(builder->error, -errno, "open a socket");
	for (int host = 0; host < PLAN_HOSTS && rc == 0; host++) {
		if (!is_kernel(builder, host))
			continue;
		rc = plain_links(builder, ctl, host);
		if (rc == 0)
			rc = address_host(builder, host);
		if (rc == 0 && is_owned(builder, 1 - host))
			rc = address_owned(builder, 1 - host);
	}
	close(ctl);
	return rc;
}

static int build(struct builder *builder)
{
	int rc;

	for (int host = 0; host < PLAN_HOSTS; host++) {
		rc = is_kernel(builder, host) ? build_host(builder, host) : 0;
		if (rc < 0)
			return rc;
	}
	rc = world_visit(builder->world, NO_INDEX);
	if (rc < 0)
		return fail(builder->error, rc, "go back to the wire's namespace");
	rc = raise_wire(builder);
	return rc < 0 ? rc : connect_hosts(builder);
}

static void name_end(char name[IFNAMSIZ], int end, unsigned number)
{
	if (number)
		snprintf(name, IFNAMSIZ, "wire%d-%u", end, number % WORLDS_MAX);
	else
		snprintf(name, IFNAMSIZ, "wire%d", end);
}

/* Everything absent; names and addresses filled in. The batches' bytes, which are many, are left as
 * they are. */
static void begin(struct builder *builder, struct world *world, const struct plan *plan,
		  unsigned number, char *error)
{
	builder->world = world;
	builder->plan = plan;
	builder->error = error;
	builder->has_ip6 = access("/proc/net/if_inet6", F_OK) == 0;
	world->wire = -1;
	world->index = INDEX_WIRE + PLAN_HOSTS * (int)number;
	world->refused = NULL;
	for (int i = 0; i < PLAN_HOSTS; i++) {
		struct world_host *host = &builder->world->hosts[i];
		int end = is_kernel(builder, i) ? i : 1 - i;

		host->netns = -1;
		name_end(host->interface, end, number);
		world_addresses(i, host);
		builder->hosts[i].netlink.socket = NULL;
		builder->hosts[i].routes.socket = NULL;
		builder->hosts[i].ctl = -1;
	}
}

static int enter_home(struct world_home *home, char *error)
{
	int rc = home->netns < 0 ? namespace_enter(error, WORLD_ERROR_LEN) : 0;

	if (rc < 0 || home->netns >= 0)
		return rc;
	home->netns = namespace_hold_net();
	return home->netns < 0 ? fail(error, home->netns, "hold a namespace (is /proc mounted?)") : 0;
}

/* Where the wire's own stack has a host's address, it must not be that of the next wire. */
static int open_wire(struct builder *builder, struct world_home *home)
{
	struct world *world = builder->world;

	home->worlds++;
	if (is_owned(builder, 0) || is_owned(builder, 1))
		world->wire = new_net(builder->error);
	else if ((world->wire = fcntl(home->netns, F_DUPFD_CLOEXEC, 0)) < 0)
		world->wire = fail(builder->error, -errno, "hold the wire's namespace");
	return world->wire < 0 ? world->wire : 0;
}

int world_enter(struct world *world, const struct plan *plan, struct world_home *home,
		char error[WORLD_ERROR_LEN])
{
	struct builder builder;
	int rc;

	begin(&builder, world, plan, home->worlds % WORLDS_MAX, error);
	if (plan->ip == IP_V6 && !builder.has_ip6)
		return fail(error, -EAFNOSUPPORT, "use IPv6 (the kernel was started without it)");
	rc = enter_home(home, error);
	if (rc < 0)
		return rc;
	rc = open_wire(&builder, home);
	if (rc == 0)
		rc = build(&builder);
	for (int i = 0; i < PLAN_HOSTS; i++) {
		netlink_close(&builder.hosts[i].netlink);
		netlink_close(&builder.hosts[i].routes);
		if (builder.hosts[i].ctl >= 0)
			close(builder.hosts[i].ctl);
	}
	if (rc < 0)
		world_leave(world, home);
	return rc;
}

void world_leave(struct world *world, const struct world_home *home)
{
	if (world->wire >= 0)
		setns(home->netns, CLONE_NEWNET);
	for (int i = 0; i < PLAN_HOSTS; i++) {
		if (world->hosts[i].netns >= 0)
			close(world->hosts[i].netns);
		world->hosts[i].netns = -1;
	}
	if (world->wire >= 0)
		close(world->wire);
	world->wire = -1;
}

int world_visit(const struct world *world, int host)
{
	int fd = host == NO_INDEX ? world->wire : world->hosts[host].netns;

	return setns(fd, CLONE_NEWNET) < 0 ? -errno : 0;
}
