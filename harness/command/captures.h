/* captures: where a run puts its capture files.
 *
 * "DIR/reset-rst_only-6-how=SHUT_WR.pcapng": the scenario's path with its slashes as dashes, and
 * the variant. Paths that differ may look the same then ("a/b.scn" and "a-b.scn"): a name that is
 * taken gets a number, "-2" and so on, so that no variant's capture is lost to another's. Names
 * are given in the order of the command line, hence they are the same in each run of it.
 * "…-6-round=37.pcapng" is of one round of many.
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

/* The path for one round, made from the variant's. Return: 0 or -ENAMETOOLONG. */
int capture_round_path(char *out, size_t size, const char *path, int round);

/* Make the folder, and those above it, like mkdir -p.
 * Return: 0, or -errno: -ENOTDIR when it is something else, -EACCES when it takes no files. */
int captures_folder(const char *path);

#endif
