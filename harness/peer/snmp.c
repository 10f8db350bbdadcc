/* snmp: see snmp.h.
 *
 * An open file of /proc/net stays with the namespace it was opened in, wherever its reader goes,
 * and is written anew whenever it is read from the beginning. It is opened as the thread's own
 * /proc/thread-self: whatever /proc that is, the number there is ours.
 */
#include "peer/snmp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 64 << 10 }; /* they have 2 and 5 KB */
enum snmp_file { FILE_SNMP, FILE_NETSTAT, N_FILES };

struct snmp {
	int files[N_FILES]; /* (owned) fds */
	char text[FILE_MAX];
};

/* ---- text ---- */

/* Part of a text, which need not end with a NUL. */
struct part {
	const char *at;
	size_t len;
};

/* Take the next line off @text, without its end. Return: false: there is none that ends. */
static bool take_line(struct part *text, struct part *line)
{
	const char *end = text->len ? memchr(text->at, '\n', text->len) : NULL;

	if (!end)
		return false;
	*line = (struct part){ text->at, (size_t)(end - text->at) };
	text->at += line->len + 1;
	text->len -= line->len + 1;
	return true;
}

/* Take the next word off @line; of length 0: there is none. */
static struct part take_word(struct part *line)
{
	struct part word;

	while (line->len && *line->at == ' ') {
		line->at++;
		line->len--;
	}
	word = (struct part){ line->at, 0 };
	while (word.len < line->len && word.at[word.len] != ' ')
		word.len++;
	line->at += word.len;
	line->len -= word.len;
	return word;
}

static bool is_word(struct part word, const char *text)
{
	return word.len == strlen(text) && memcmp(word.at, text, word.len) == 0;
}

/* Take the "Tcp:" off @line. Return: is it that of @group? */
static bool take_group(struct part *line, const char *group)
{
	struct part word = take_word(line);

	if (word.len == 0 || word.at[word.len - 1] != ':')
		return false;
	word.len--;
	return is_word(word, group);
}

/* An unsigned number of the kernel's; what does not fit becomes INT64_MAX. */
static bool read_count(struct part word, int64_t *value)
{
	int64_t number = 0;

	if (word.len == 0)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		const int digit = word.at[i] - '0';

		if (digit < 0 || digit > 9)
			return false;
		if (number > (INT64_MAX - digit) / 10)
			number = INT64_MAX;
		else
			number = 10 * number + digit;
	}
	*value = number;
	return true;
}

/* The number that stands under @name. Return: as snmp_find() */
static int find_under(struct part names, struct part numbers, const char *name, int64_t *value)
{
	for (;;) {
		const struct part word = take_word(&names), number = take_word(&numbers);

		if (word.len == 0)
			return 0;
		if (is_word(word, name))
			return read_count(number, value) ? 1 : -EPROTO;
	}
}

int snmp_find(const char *text, size_t len, const char *group, const char *name, int64_t *value)
{
	struct part rest = { text, len }, names, numbers;

	while (take_line(&rest, &names)) {
		if (!take_group(&names, group))
			continue;
		if (!take_line(&rest, &numbers) || !take_group(&numbers, group))
			return -EPROTO;

		const int rc = find_under(names, numbers, name, value);

		if (rc != 0)
			return rc;
	}
	return 0;
}

/* ---- files ---- */

struct snmp *snmp_open(void)
{
	static const char *const paths[N_FILES] = {
		[FILE_SNMP] = "/proc/thread-self/net/snmp",
		[FILE_NETSTAT] = "/proc/thread-self/net/netstat",
	};
	struct snmp *snmp = malloc(sizeof(*snmp));
	int err = 0;

	if (!snmp)
		abort();
	for (int i = 0; i < N_FILES; i++) {
		snmp->files[i] = open(paths[i], O_RDONLY | O_CLOEXEC);
		if (snmp->files[i] < 0)
			err = errno;
	}
	if (!err)
		return snmp;
	snmp_close(snmp);
	errno = err;
	return NULL;
}

void snmp_close(struct snmp *snmp)
{
	for (int i = 0; snmp && i < N_FILES; i++)
		if (snmp->files[i] >= 0)
			close(snmp->files[i]);
	free(snmp);
}

/* All of a file into @snmp->text. Return: its length or -errno. */
static ssize_t read_all(struct snmp *snmp, enum snmp_file file)
{
	size_t len = 0;

	while (len < FILE_MAX) {
		const ssize_t n =
			pread(snmp->files[file], snmp->text + len, FILE_MAX - len, (off_t)len);

		if (n < 0)
			return -errno;
		if (n == 0)
			return (ssize_t)len;
		len += (size_t)n;
	}
	return -EFBIG;
}

/* What SNMP itself does not know is in the other file: TcpExt, IpExt. */
static enum snmp_file file_of(const char *group)
{
	static const char suffix[] = "Ext";
	const size_t len = strlen(group), end = sizeof(suffix) - 1;

	return len > end && strcmp(group + len - end, suffix) == 0 ? FILE_NETSTAT : FILE_SNMP;
}

int snmp_read(struct snmp *snmp, const char *group, const char *name, int64_t *value)
{
	const ssize_t len = read_all(snmp, file_of(group));

	return len < 0 ? (int)len : snmp_find(snmp->text, (size_t)len, group, name, value);
}
