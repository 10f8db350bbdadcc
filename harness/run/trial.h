/* trial: does a guest kernel boot on this machine? It is booted, and told to power off. */
#ifndef TCPSCEN_RUN_TRIAL_H
#define TCPSCEN_RUN_TRIAL_H

#include "run/guests.h"

struct trial {
	int64_t booted; /* ns from its start until its first process reads orders */
	int64_t ended;  /* … until nothing is left of it */
};

/* Nothing of the guest is left, whatever comes of it.
 * Return: 0; -ENOEXEC: it does not boot, @why says what its kernel said; -errno. */
int guest_trial(const struct guest_setup *setup, struct trial *trial, char why[GUEST_WHY_LEN]);

#endif
