/* world: two hosts and a wire between them, made of namespaces.
 *
 * The engine's process moves into a user namespace and a network namespace of its own, its home,
 * where the wire's ends are. Each kernel host is one more network namespace, held by a file
 * descriptor alone, joined by a veth pair: "eth0" at the host, "wire0" (host 0) or "wire1" (host 1)
 * at the wire; the process's next world has "wire0-1", since the last one's may still be there. A
 * host's namespace takes its end of the wire along when it ends. A crafted host has no namespace
 * and no address in any stack: nothing of the kernel's can answer for it.
 *
 * Nothing is ever named, so all of it is gone with the process, even after kill -9.
 */
#ifndef TCPSCEN_WORLD_WORLD_H
#define TCPSCEN_WORLD_WORLD_H

#include "plan/plan.h"

#include <sys/types.h>

enum { WORLD_ERROR_LEN = 512, ADDRESS_TEXT = 46 };

struct world_host {
	int netns;              /* (owned) fd, -1 for a crafted host */
	char interface[16];     /* the wire's end: "wire0"; of a crafted host: its peer's */
	uint8_t mac[6];         /* 02:00:00:00:00:01, :02 */
	uint8_t ip4[4];         /* 192.0.2.1, .2 */
	uint8_t ip6[16];        /* 2001:db8::1, ::2 */
};

/* Where a process is that makes one world after the other: in a user namespace and a network
 * namespace of its own. */
struct world_home {
	int netns;       /* (owned) fd of the latter, -1: not entered yet */
	unsigned worlds; /* that there were */
};

#define WORLD_HOME_NONE { .netns = -1 }

struct world {
	int wire;               /* (owned) fd of the wire's network namespace: home's, or one of its own
	                           where its stack gets an address */
	int index;              /* of wire0's interface; wire1 has the next */
	struct world_host hosts[PLAN_HOSTS];
	const struct plan_sysctl *refused; /* what world_enter() failed at, NULL: no sysctl */
};

/* Fill in the addresses of host @index, which depend on nothing else. */
void world_addresses(int index, struct world_host *host);

/* Build the world of @plan: the calling process (single-threaded) enters its
 * namespaces and stays in the wire's. Sysctls are set, offloads are off, neighbours are
 * permanent, duplicate address detection is off.
 * @home: of the process; entered with its first world
 *
 * Return: 0, or -errno with what failed and the remedy in @error. What was made
 *         dies with the process.
 */
int world_enter(struct world *world, const struct plan *plan, struct world_home *home,
		char error[WORLD_ERROR_LEN]);

/* Go home; what nobody else holds of the world ends. */
void world_leave(struct world *world, const struct world_home *home);

/* Enter a kernel host's network namespace, or (host NO_INDEX) go back to the wire's.
 * Return: 0 or -errno. */
int world_visit(const struct world *world, int host);

/* Can this process make namespaces? For `doctor`. Runs in a child.
 * Return: 0, or -errno with the reason and remedy in @error. */
int world_probe(char error[WORLD_ERROR_LEN]);

#endif
