/* program: an unmodified program in a kernel host.
 *
 * Each program has a keeper: process 1 of a PID namespace of its own, so that whatever the
 * program becomes (forks, daemons, new sessions) ends with the keeper, and the keeper with the
 * engine. The keeper has a mount namespace of its own, too, where /etc/hosts names
 * both hosts and nothing leads to a name server. It tells the engine when the program
 * executes, when it exits, and (if asked to) which socket calls it makes.
 *
 * Standard input, output and error are pipes; the engine's ends never block.
 */
#ifndef TCPSCEN_PEER_PROGRAM_H
#define TCPSCEN_PEER_PROGRAM_H

#include "peer/program_msg.h"
#include "world/world.h"

enum { PROGRAM_ERROR_LEN = 256 };

struct program {
	pid_t keeper;            /* 0: none */
	int control;             /* (owned) to the keeper, -1: none */
	int input;               /* (owned) its standard input, -1: closed */
	int outputs[N_OUTPUTS];  /* (owned) -1: at their end */
};

#define PROGRAM_NONE { 0, -1, -1, { -1, -1 } }

/* Is there a file to be executed by this word? */
bool program_installed(const char *word);

/* Start program @index of @plan; it tells by program_news() how that went.
 * Return: 0, or -errno with the reason in @error. */
int program_start(struct program *program, const struct plan *plan, const struct world *world,
		  int index, char error[PROGRAM_ERROR_LEN]);

/* Kill it and all that it has started. */
void program_stop(struct program *program);

/* Send it a signal. Return: 0, -EPIPE when its keeper is gone, -errno. */
int program_signal(struct program *program, int signal);

/* Take the next news, without waiting.
 * Return: 1 with @news; 0 when there is none; -EPIPE when the keeper is gone. */
int program_news(struct program *program, struct program_news *news);

#endif
