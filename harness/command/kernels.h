/* kernels: the guest kernels that are built on this machine.
 *
 * `make kernel` keeps them in ${XDG_CACHE_HOME:-$HOME/.cache}/tcpscen/kernels, a folder for each
 * name, with the kernel itself (linux) and what it is (about, a word and its value on each line).
 */
#ifndef TCPSCEN_COMMAND_KERNELS_H
#define TCPSCEN_COMMAND_KERNELS_H

#include "plan/resolve.h"

enum { KERNELS_MAX = 64 };
#define KERNEL_HOST "host"     /* the running one, in real time */
#define KERNEL_DEFAULT "6.12"  /* what `make kernel` builds */

struct kernel {
	const char *name;
	const char *path;              /* the executable; NULL: the running kernel */
	const char *release;           /* "6.12.94" */
	struct kernel_version version;
};

/* "6.12.94+deb12-amd64" → 6.12; 0.0 when there are no numbers. */
struct kernel_version kernel_version_of(const char *release);

/* The running kernel, as KERNEL_HOST. */
struct kernel kernel_running(struct arena *arena);

/* The folder that `make kernel` keeps them in; NULL when neither variable is set. */
const char *kernels_folder(struct arena *arena);

/* Find one by its name. Return: is it there? */
bool kernel_find(struct arena *arena, const char *name, struct kernel *kernel);

/* All that are built, by name. Return: how many. */
size_t kernels_built(struct arena *arena, struct kernel kernels[KERNELS_MAX]);

#endif
