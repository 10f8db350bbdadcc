/* world_probe: can this machine have a world? Build one and see.
 *
 * In a child, because entering a namespace cannot be undone. What it says comes back
 * through a page of shared memory.
 */
#include "world/child.h"
#include "world/world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct attempt {
	int rc;
	char error[WORLD_ERROR_LEN];
};

static int try_world(void *arg)
{
	const struct plan plan = {
		.hosts = { { .kind = HOST_KERNEL }, { .kind = HOST_CRAFTED } },
		.n_hosts = PLAN_HOSTS,
		.link_mtu = DEFAULT_MTU,
	};
	struct attempt *attempt = arg;
	struct world_home home = WORLD_HOME_NONE;
	struct world world;

	attempt->rc = world_enter(&world, &plan, &home, attempt->error);
	if (attempt->rc == 0)
		world_leave(&world, &home);
	return 0;
}

int world_probe(char error[WORLD_ERROR_LEN])
{
	struct attempt *attempt = mmap(NULL, sizeof(*attempt), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct child child;
	int rc;

	if (attempt == MAP_FAILED) {
		rc = -errno;
		snprintf(error, WORLD_ERROR_LEN, "cannot share memory: %s", strerror(-rc));
		return rc;
	}
	rc = child_start(&child, try_world, attempt);
	if (rc < 0) {
		snprintf(error, WORLD_ERROR_LEN, "cannot fork: %s", strerror(-rc));
	} else if (child_reap(&child) != 0) {
		rc = -ECHILD;
		snprintf(error, WORLD_ERROR_LEN, "the attempt to make a namespace died");
	} else {
		rc = attempt->rc;
		memcpy(error, attempt->error, WORLD_ERROR_LEN);
	}
	munmap(attempt, sizeof(*attempt));
	return rc;
}
