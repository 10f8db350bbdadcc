/* world: two hosts and a wire between them, made of namespaces.
 *
 * The engine's process moves into a user namespace and a network namespace of
 * its own: the wire. Each kernel host is one more network namespace, held
 * by a file descriptor alone, joined by a veth pair: "eth0" at the host, "wire0"
 * (host 0) or "wire1" (host 1) at the wire. A crafted host has no namespace and
 * no address in any stack: nothing of the kernel's can answer for it.
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

/* What the worlds that a process makes one after the other have in common: its user namespace. */
struct world_home {
	bool entered;
};

#define WORLD_HOME_NONE { .entered = false }

struct world {
	int wire;               /* (owned) fd of the wire's network namespace */
	struct world_host hosts[PLAN_HOSTS];
	const struct plan_sysctl *refused; /* what world_enter() failed at, NULL: no sysctl */
};

/* Fill in the addresses of host @index, which depend on nothing else. */
void world_addresses(int index, struct world_host *host);

/* Build the world of @plan: the calling process (single-threaded) enters its
 * namespaces and stays in the wire's. Sysctls are set, offloads are off, neighbours are
 * permanent, duplicate address detection is off.
 * @home: of the process
 *
 * Return: 0, or -errno with what failed and the remedy in @error. What was made
 *         dies with the process.
 */
int world_enter(struct world *world, const struct plan *plan, struct world_home *home,
		char error[WORLD_ERROR_LEN]);

/* Closes the fds. The process stays in the wire's namespace until it ends, or enters another world. */
void world_leave(struct world *world);

/* Enter a kernel host's network namespace, or (host NO_INDEX) go back to the wire's.
 * Return: 0 or -errno. */
int world_visit(const struct world *world, int host);

/* Can this process make namespaces? For `doctor`. Runs in a child.
 * Return: 0, or -errno with the reason and remedy in @error. */
int world_probe(char error[WORLD_ERROR_LEN]);

#endif
