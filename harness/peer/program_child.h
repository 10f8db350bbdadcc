/* program_child: the keeper of a program, see program.h. */
#ifndef TCPSCEN_PEER_PROGRAM_CHILD_H
#define TCPSCEN_PEER_PROGRAM_CHILD_H

#include "world/world.h"

struct program_scene {
	const struct plan *plan;
	const struct plan_program *program;
	struct world world;
	int control;   /* the keeper's end */
	int stdio[3];  /* the program's */
};

/* The keeper's whole life, as process 1 of a new PID namespace and in a new mount
 * namespace. Ends with the engine. */
_Noreturn void program_keep(const struct program_scene *scene);

#endif
