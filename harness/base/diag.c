/* diag: see diag.h. Printing is in diag_print.c. */
#include "base/diag.h"

#include "base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- sources ---- */

struct source *source_new(struct arena *arena, const char *name, const char *text, size_t len)
{
	struct source *source = arena_alloc(arena, sizeof(*source));
	size_t n_lines = 1;

	source->name = arena_strdup(arena, name);
	source->text = arena_strndup(arena, text, len);
	source->len = len;
	for (size_t i = 0; i < len; i++)
		n_lines += text[i] == '\n';

	size_t *starts = arena_alloc(arena, n_lines * sizeof(*starts));
	size_t line = 1; /* the first starts at 0 */

	for (size_t i = 0; i < len; i++)
		if (text[i] == '\n')
			starts[line++] = i + 1;
	source->starts = starts;
	source->n_lines = (int)n_lines;
	return source;
}

/* Read all of @fd, at most @max bytes. Return: malloc'ed bytes, or NULL with *@why. */
static char *read_all(int fd, size_t max, size_t *len, const char **why)
{
	size_t room = 1 << 16;
	char *text = malloc(room);

	*len = 0;
	while (text) {
		ssize_t n = read(fd, text + *len, room - *len);

		if (n == 0)
			return text;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			*why = strerror(errno);
			break;
		}
		*len += (size_t)n;
		if (*len > max) {
			*why = "the file is too large";
			break;
		}
		if (*len == room) {
			char *more = realloc(text, room *= 2);

			if (!more)
				break;
			text = more;
		}
	}
	free(text);
	return NULL;
}

struct source *source_read(struct arena *arena, const char *path, size_t max, const char **why)
{
	/* O_NONBLOCK: a FIFO without a writer must not hang us */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	*why = "out of memory";
	if (fd < 0) {
		*why = strerror(errno);
		return NULL;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		*why = S_ISDIR(st.st_mode) ? "it is a directory" : "it is not a regular file";
		close(fd);
		return NULL;
	}

	size_t len;
	char *text = read_all(fd, max, &len, why);

	close(fd);
	if (!text)
		return NULL;

	struct source *source = source_new(arena, path, text, len);

	free(text);
	return source;
}

int source_line(const struct source *source, size_t offset)
{
	int low = 0, high = source->n_lines - 1; /* the last line that starts at or before @offset */

	while (low < high) {
		int middle = low + (high - low + 1) / 2;

		if (source->starts[middle] <= offset)
			low = middle;
		else
			high = middle - 1;
	}
	return low + 1;
}

int source_column(const struct source *source, size_t offset)
{
	return (int)(offset - source->starts[source_line(source, offset) - 1]) + 1;
}

/* ---- collecting ---- */

void diags_init(struct diags *diags, struct arena *arena)
{
	*diags = (struct diags){ .arena = arena, .limit = DIAGS_LIMIT };
}

static bool known_already(const struct diags *diags, const struct diag *diag)
{
	for (size_t i = 0; i < diags->count; i++) {
		const struct diag *other = &diags->items[i];

		if (other->source == diag->source && other->span.start == diag->span.start &&
		    strcmp(other->message, diag->message) == 0)
			return true;
	}
	return false;
}

void diag_error(struct diags *diags, const struct source *source, struct span span,
		const char *format, ...)
{
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);

	struct diag diag = { .source = source, .span = span, .message = message };

	diags->refused = true; /* until proved otherwise: diag_help() must not hit another's error */
	if (known_already(diags, &diag))
		return;
	if (diags->count >= diags->limit) {
		diags->dropped++;
		return;
	}
	diag.message = arena_strdup(diags->arena, message);
	diags->items = arena_grow(diags->arena, diags->items, diags->count, sizeof(diag));
	diags->items[diags->count++] = diag;
	diags->refused = false;
}

void diag_help(struct diags *diags, const char *format, ...)
{
	char help[512];
	va_list args;

	if (diags->refused || !diags->count)
		return;
	va_start(args, format);
	vsnprintf(help, sizeof(help), format, args);
	va_end(args);
	diags->items[diags->count - 1].help = arena_strdup(diags->arena, help);
}

static int by_place(const void *left, const void *right)
{
	const struct diag *a = left, *b = right;

	if (a->source != b->source)
		return strcmp(a->source->name, b->source->name);
	return (a->span.start > b->span.start) - (a->span.start < b->span.start);
}

void diags_sort(struct diags *diags)
{
	if (diags->count)
		qsort(diags->items, diags->count, sizeof(*diags->items), by_place);
}

/* ---- slips of the finger ---- */

enum { WORD_LONGEST = 48 };

/* Damerau-Levenshtein distance (optimal string alignment), case counting for nothing. */
static int distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	int rows[3][WORD_LONGEST + 1];

	if (n > WORD_LONGEST || m > WORD_LONGEST)
		return WORD_LONGEST;
	for (size_t j = 0; j <= m; j++)
		rows[0][j] = (int)j;
	for (size_t i = 1; i <= n; i++) {
		int *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

		now[0] = (int)i;
		for (size_t j = 1; j <= m; j++) {
			int cost = (a[i - 1] | 0x20) != (b[j - 1] | 0x20);
			int best = last[j - 1] + cost;

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
	}
	return rows[n % 3][m];
}

const char *nearest_word(const char *word, const char *const *known)
{
	int best = 1 + (int)strlen(word) / 3; /* one slip in three letters, and one more */
	const char *nearest = NULL;

	if (strlen(word) > WORD_LONGEST)
		return NULL;
	for (; *known; known++) {
		int d = distance(word, *known);

		if (d < best || (d == best && !nearest && d < (int)strlen(*known))) {
			best = d;
			nearest = *known;
		}
	}
	return nearest;
}
