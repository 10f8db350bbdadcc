/* guests: many variants, played in guest kernels whose time is virtual.
 *
 * A guest is a User Mode Linux kernel, an ordinary process. Its first process is this program
 * again (command/guest), which takes orders and plays one variant after the other, each in a
 * process of its own. The guest's clock stands still while it computes and jumps when all in it
 * is idle, so nothing here can be late for it: while it waits for us, no time passes there.
 */
#ifndef TCPSCEN_RUN_GUESTS_H
#define TCPSCEN_RUN_GUESTS_H

#include "run/suite.h"

struct guest_setup {
	const char *kernel;   /* path of the kernel, an executable */
	const char *program;  /* path of this program, which the guest finds under the same name */
	const char *greeting; /* what the guest's first process is told at the beginning: */
	size_t greeting_len;  /* words, each ended by NUL */
	int64_t patience;     /* ns without a word after which a guest is looked at; 0: 10 s */
};

/* Play all, as suite_run() does, in options->jobs guests side by side.
 * Return: 0, or -errno: -ENOEXEC when a guest does not get as far as its first order; @why says
 * what its kernel said. */
enum { GUEST_WHY_LEN = 1024 };
int guests_run(const struct plan *const *plans, size_t count,
	       const struct suite_options *options, const struct suite_watch *watch,
	       const struct guest_setup *setup, char why[GUEST_WHY_LEN]);

#endif
