/* captures: where a run puts its capture files.
 *
 * "DIR/reset-rst_only-6-how=SHUT_WR.pcapng": the scenario's path with its slashes as dashes, and
 * the variant. Paths that differ may look the same then ("a/b.scn" and "a-b.scn"): a name that is
 * taken gets a number, "-2" and so on, so that no variant's capture is lost to another's. Names
 * are given in the order of the command line, hence they are the same in each run of it.
 */
#ifndef TCPSCEN_COMMAND_CAPTURES_H
#define TCPSCEN_COMMAND_CAPTURES_H

#include "plan/plan.h"

struct captures {
	struct arena *arena; /* the names live here */
	const char *folder;
	void *taken;         /* (owned) tree of tsearch(3) */
};

void captures_free(struct captures *captures);

/* A path for the variant's capture that no other has got. Return: in the arena. */
const char *capture_path(struct captures *captures, const struct plan *plan);

/* Make the folder, and those above it, like mkdir -p.
 * Return: 0, or -errno: -ENOTDIR when it is something else, -EACCES when it takes no files. */
int captures_folder(const char *path);

#endif
