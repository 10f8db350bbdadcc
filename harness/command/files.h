/* files: from the paths of a command line to scenario files. */
#ifndef TCPSCEN_COMMAND_FILES_H
#define TCPSCEN_COMMAND_FILES_H

#include "base/arena.h"

#include <stddef.h>
#include <sys/types.h>

/* What a file is, whatever it is called. */
struct file_id {
	dev_t device;
	ino_t inode;
};

struct files {
	const char **paths;
	struct file_id *ids; /* of each path */
	size_t count;
};

/* Add @path: a file as it is, a folder with all *.scn below it, sorted. A file that is
 * already there, by whatever name, is not added twice.
 * Return: NULL, or what is wrong with @path (in @arena). */
const char *files_add(struct files *files, struct arena *arena, const char *path);

#endif
