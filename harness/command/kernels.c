/* kernels: see kernels.h. */
#include "command/kernels.h"

#include "base/arena.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

struct kernel_version kernel_version_of(const char *release)
{
	struct kernel_version version = { 0, 0 };
	char *dot;

	version.major = (int)strtol(release, &dot, 10);
	if (*dot == '.')
		version.minor = (int)strtol(dot + 1, NULL, 10);
	return version;
}

struct kernel kernel_running(struct arena *arena)
{
	struct kernel kernel = { .name = KERNEL_HOST, .release = "unknown" };
	struct utsname name;

	if (uname(&name) == 0)
		kernel.release = arena_strdup(arena, name.release);
	kernel.version = kernel_version_of(kernel.release);
	return kernel;
}

const char *kernels_folder(struct arena *arena)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (cache && *cache == '/') /* a relative one is to be ignored (XDG Base Directory) */
		return arena_printf(arena, "%s/tcpscen/kernels", cache);
	return home && *home ? arena_printf(arena, "%s/.cache/tcpscen/kernels", home) : NULL;
}

/* The value of @word in a file of lines `word value`; NULL: there is none. */
static const char *value_of(struct arena *arena, const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	const char *value = NULL;
	char line[256];

	while (file && !value && fgets(line, sizeof(line), file)) {
		size_t len = strlen(word);

		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, word, len) == 0 && line[len] == ' ')
			value = arena_strdup(arena, line + len + 1);
	}
	if (file)
		fclose(file);
	return value;
}

bool kernel_find(struct arena *arena, const char *name, struct kernel *kernel)
{
	const char *folder = kernels_folder(arena);

	if (!folder || !*name || *name == '.' || strchr(name, '/'))
		return false;
	*kernel = (struct kernel){
		.name = arena_strdup(arena, name),
		.path = arena_printf(arena, "%s/%s/linux", folder, name),
		.release = value_of(arena, arena_printf(arena, "%s/%s/about", folder, name),
				    "version"),
	};
	if (!kernel->release || access(kernel->path, X_OK) < 0)
		return false;
	kernel->version = kernel_version_of(kernel->release);
	return true;
}

static int by_name(const void *left, const void *right)
{
	return strverscmp(((const struct kernel *)left)->name, ((const struct kernel *)right)->name);
}

size_t kernels_built(struct arena *arena, struct kernel kernels[KERNELS_MAX])
{
	const char *path = kernels_folder(arena);
	DIR *folder = path ? opendir(path) : NULL;
	const struct dirent *entry;
	size_t n = 0;

	while (folder && n < KERNELS_MAX && (entry = readdir(folder)))
		n += kernel_find(arena, entry->d_name, &kernels[n]);
	if (folder)
		closedir(folder);
	qsort(kernels, n, sizeof(*kernels), by_name);
	return n;
}
