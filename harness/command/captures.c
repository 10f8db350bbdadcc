/* captures: see captures.h. */
#include "command/captures.h"

#include "base/arena.h"

#include <errno.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char ending[] = ".pcapng";

static int by_text(const void *left, const void *right)
{
	return strcmp(left, right);
}

static void leave(void *name)
{
	(void)name; /* the arena's */
}

void captures_free(struct captures *captures)
{
	tdestroy(captures->taken, leave);
	captures->taken = NULL;
}

/* The path without its end. */
static char *stem(struct captures *captures, const struct plan *plan)
{
	const char *name = plan->source->name;
	size_t len;

	while (*name == '.' || *name == '/')
		name++;
	len = strlen(name);
	if (len > 4 && strcmp(name + len - 4, ".scn") == 0)
		len -= 4;

	char *path = arena_printf(captures->arena, "%s/%.*s-%s", captures->folder, (int)len, name,
				  plan->variant);

	for (char *at = path + strlen(captures->folder) + 1; *at; at++)
		if (*at == '/' || *at == ',' || *at == ' ')
			*at = '-';
	return path;
}

/* Return: true if nobody had this name. */
static bool take(struct captures *captures, const char *path)
{
	char **found = tsearch(path, &captures->taken, by_text);

	if (!found)
		abort(); /* out of memory: as everywhere */
	return *found == path;
}

const char *capture_path(struct captures *captures, const struct plan *plan)
{
	const char *start = stem(captures, plan);
	const char *path = arena_printf(captures->arena, "%s%s", start, ending);

	for (int n = 2; !take(captures, path); n++)
		path = arena_printf(captures->arena, "%s-%d%s", start, n, ending);
	return path;
}

int capture_round_path(char *out, size_t size, const char *path, int round)
{
	int stem_len = (int)(strlen(path) - strlen(ending));
	int len = snprintf(out, size, "%.*s-round=%d%s", stem_len, path, round, ending);

	return (size_t)len < size ? 0 : -ENAMETOOLONG;
}

int captures_folder(const char *path)
{
	char part[PATH_MAX];
	struct stat st;

	if (strlen(path) >= sizeof(part))
		return -ENAMETOOLONG;
	for (size_t i = 1; i <= strlen(path); i++) {
		if (path[i] && path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0777) < 0 && errno != EEXIST)
			return -errno;
	}
	if (stat(path, &st) < 0) /* "" does not exist either */
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return access(path, W_OK | X_OK) < 0 ? -errno : 0;
}
