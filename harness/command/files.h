/* files: from the paths of a command line to scenario files. */
#ifndef TCPSCEN_COMMAND_FILES_H
#define TCPSCEN_COMMAND_FILES_H

#include "base/arena.h"

#include <stddef.h>

struct files {
	const char **paths;
	size_t count;
};

/* Add @path: a file as it is, a folder with all *.scn below it, sorted. What is already there
 * is not added twice.
 * Return: NULL, or what is wrong with @path (in @arena). */
const char *files_add(struct files *files, struct arena *arena, const char *path);

#endif
