/* sysctl: see sysctl.h. */
#include "world/sysctl.h"

#include "base/diag.h"
#include "base/strbuf.h"
#include "world/namespace.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "net.ipv4.tcp_fin_timeout" to its file. Only net.* belongs to a namespace; a slash or an
 * empty part would lead elsewhere. */
static bool sysctl_path(const char *key, char *path, size_t len)
{
	int n = snprintf(path, len, "/proc/sys/%s", key);

	if (n < 0 || (size_t)n >= len || strncmp(key, "net.", 4) != 0 || strstr(key, "..") ||
	    key[strlen(key) - 1] == '.')
		return false;
	for (char *ch = path + strlen("/proc/sys/"); *ch; ch++) {
		if (*ch == '.')
			*ch = '/';
		else if (!isalnum((unsigned char)*ch) && *ch != '_' && *ch != '-')
			return false;
	}
	return true;
}

/* A setting that may be changed, and no folder of some. */
static bool is_setting(int folder, const char *name)
{
	struct stat status;

	return fstatat(folder, name, &status, 0) == 0 && S_ISREG(status.st_mode) &&
	       status.st_mode & S_IWUSR;
}

/* The name in the folder of @path that is nearest to its own. @nearest: empty: none is near */
static void nearest_beside(const char *path, char nearest[NAME_MAX + 1])
{
	const char *name = strrchr(path, '/') + 1;
	char folder[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	snprintf(folder, sizeof(folder), "%.*s", (int)(name - path), path);
	*nearest = '\0';
	dir = opendir(folder);
	while (dir && (entry = readdir(dir))) {
		const char *const known[] = { *nearest ? nearest : entry->d_name, entry->d_name, NULL };

		if (nearest_word(name, known) == entry->d_name && is_setting(dirfd(dir), entry->d_name))
			snprintf(nearest, NAME_MAX + 1, "%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
}

/* No such file. @key: as it is written */
static void unknown_remedy(const char *key, const char *path, struct strbuf *out)
{
	char nearest[NAME_MAX + 1];
	const char *dot = strrchr(key, '.');

	if (access(path, F_OK) == 0) { /* tcp_congestion_control = nope */
		strbuf_puts(out, "; the kernel knows nothing of this name");
		return;
	}
	strbuf_puts(out, "; this kernel has no such setting for a network namespace");
	nearest_beside(path, nearest);
	if (*nearest)
		strbuf_printf(out, "; did you mean %.*s.%s?", (int)(dot - key), key, nearest);
}

static void add_remedy(int rc, const char *key, const char *path, struct strbuf *out)
{
	switch (-rc) {
	case ENOENT:
		unknown_remedy(key, path, out);
		break;
	case EINVAL:
		strbuf_puts(out, "; the kernel refuses this value");
		break;
	case EACCES:
	case EPERM:
		strbuf_puts(out, "; it may be changed in the first network namespace only");
		break;
	case EISDIR:
		strbuf_puts(out, "; this is a folder of settings");
		break;
	case EROFS:
		strbuf_puts(out, "; /proc/sys is mounted read-only here (a container?)");
		break;
	}
}

/* The next word of a sysctl's value, whatever blanks are between. Return: its length. */
static size_t next_word(const char **text)
{
	*text += strspn(*text, " \t\n");
	return strcspn(*text, " \t\n");
}

/* @text is a list of integers; how many? Return: -1: it is not. */
static int count_numbers(const char *text)
{
	int count = 0;

	for (size_t len; (len = next_word(&text)) > 0; count++) {
		char *end;

		strtoll(text, &end, 0);
		if (end != text + len)
			return -1;
		text = end;
	}
	return count;
}

static bool same_numbers(const char *one, const char *two)
{
	int count = count_numbers(one);

	if (count != count_numbers(two))
		return false;
	while (count-- > 0) {
		char *one_end, *two_end;

		if (strtoll(one, &one_end, 0) != strtoll(two, &two_end, 0))
			return false;
		one = one_end;
		two = two_end;
	}
	return true;
}

/* The kernel may take fewer numbers than it has, or change them: then it has not been set to what
 * is written. A word (a congestion control, say) it takes or refuses.
 * Return: is it set? @now: what it is */
static bool is_set(const char *path, const char *value, char *now, size_t len)
{
	int fd;
	ssize_t n;

	if (count_numbers(value) < 0)
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true; /* write-only: net.ipv4.route.flush */
	n = read(fd, now, len - 1);
	close(fd);
	if (n <= 0)
		return true;
	now[n] = '\0';
	now[strcspn(now, "\n")] = '\0';
	return same_numbers(value, now);
}

int sysctl_set(const char *key, const char *value, char *error, size_t len)
{
	struct strbuf refused = STRBUF_INIT;
	char path[256], now[128];
	int rc;

	if (!sysctl_path(key, path, sizeof(path))) {
		snprintf(error, len, "cannot set sysctl %s: only net.* belongs to a host", key);
		return -EINVAL;
	}
	rc = write_file(path, value);
	if (rc < 0) {
		strbuf_printf(&refused, "cannot set sysctl %s = %s: %s", key, value, strerror(-rc));
		add_remedy(rc, key, path, &refused);
		snprintf(error, len, "%s", strbuf_text(&refused));
		strbuf_free(&refused);
	}
	if (rc < 0 || is_set(path, value, now, sizeof(now)))
		return rc;
	snprintf(error, len,
		 "cannot set sysctl %s = %s: the kernel has made %s of it; write that, if it is meant",
		 key, value, now);
	return -EINVAL;
}
