/* files: see files.h. */
#include "command/files.h"

#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

/* Hidden files are an editor's. */
static bool is_scenario(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && name[0] != '.' && strcmp(name + len - 4, ".scn") == 0;
}

static void add_file(struct files *files, struct arena *arena, const char *path,
		     const struct stat *st)
{
	for (size_t i = 0; i < files->count; i++)
		if (files->ids[i].inode == st->st_ino && files->ids[i].device == st->st_dev)
			return;
	files->paths = arena_grow(arena, files->paths, files->count, sizeof(*files->paths));
	files->ids = arena_grow(arena, files->ids, files->count, sizeof(*files->ids));
	files->ids[files->count] = (struct file_id){ st->st_dev, st->st_ino };
	files->paths[files->count++] = arena_strdup(arena, path);
}

static int by_name(const FTSENT **left, const FTSENT **right)
{
	return strcmp((*left)->fts_name, (*right)->fts_name);
}

static const char *add_folder(struct files *files, struct arena *arena, const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/') /* "scenarios/" names the same files */
		len--;

	char *roots[] = { arena_strndup(arena, path, len), NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	const char *error = NULL;
	bool any = false;

	if (!tree)
		return arena_printf(arena, "%s: %s", path, strerror(errno));
	for (FTSENT *entry; (entry = fts_read(tree));) {
		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR)
			error = arena_printf(arena, "%s: %s", entry->fts_path,
					     strerror(entry->fts_errno));
		if (entry->fts_info == FTS_F && is_scenario(entry->fts_name)) {
			add_file(files, arena, entry->fts_path, entry->fts_statp);
			any = true;
		}
	}
	fts_close(tree);
	if (!error && !any)
		error = arena_printf(arena, "%s: no scenarios (*.scn) in this folder", path);
	return error;
}

const char *files_add(struct files *files, struct arena *arena, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return arena_printf(arena, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return add_folder(files, arena, path);
	add_file(files, arena, path, &st);
	return NULL;
}
