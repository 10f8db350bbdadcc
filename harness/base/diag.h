/* diag: source texts, places in them, and what is wrong there.
 *
 * Every error a user can cause is one struct diag: a place (span), a message
 * that says what is wrong, and a remedy. They are collected, not printed, so
 * that one run reports all of a file's errors, and the printer is the same for
 * faulty scenarios and for failed ones:
 *
 *   scenarios/x.scn:14:8: error: unknown verb 'expct'
 *      14 | expct RST from client
 *         | ^~~~~
 *      help: did you mean 'expect'?
 */
#ifndef TCPSCEN_BASE_DIAG_H
#define TCPSCEN_BASE_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct arena;
struct strbuf;

/* A file's text. Lines count from 1; columns count bytes from 1. */
struct source {
	const char *name;     /* as the user gave it */
	const char *text;     /* @len bytes, then a NUL; may hold NUL bytes */
	size_t len;
	const size_t *starts; /* offset of the first byte of each line */
	int n_lines;
};

/* Bytes [start, start+len) of a source. Line and column are derived. */
struct span {
	size_t start;
	size_t len;
};

struct diag {
	const struct source *source;
	struct span span;
	const char *message;
	const char *help; /* the remedy, or NULL */
};

struct diags {
	struct arena *arena; /* owns the messages */
	struct diag *items;
	size_t count;
	size_t limit; /* errors kept of one file; further ones are only counted */
	size_t dropped;
	bool refused; /* the error reported last was a repetition or beyond the limit */
};

enum { DIAGS_LIMIT = 50 };

/* Copy @text into @arena and find its lines ("\n" or "\r\n"). */
struct source *source_new(struct arena *arena, const char *name, const char *text, size_t len);

/* Read a file.
 * @why: set to a message without place when NULL is returned
 * Return: the source, or NULL (no such file, a directory, over @max bytes …)
 */
struct source *source_read(struct arena *arena, const char *path, size_t max, const char **why);

int source_line(const struct source *source, size_t offset);   /* from 1 */
int source_column(const struct source *source, size_t offset); /* bytes, from 1 */

void diags_init(struct diags *diags, struct arena *arena);

/* Report an error at @span. A second report of the same message at the same
 * place is dropped (a scenario is read once for each of its variants). */
void diag_error(struct diags *diags, const struct source *source, struct span span,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Add a remedy to the error reported last. */
void diag_help(struct diags *diags, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Order by place, as a reader meets them. */
void diags_sort(struct diags *diags);

/* "file:line:col: error: message" and the line with a caret under the span.
 * Tabs stay tabs in the caret's line; long lines are cut around the span;
 * bytes that are no printable UTF-8 are shown as '?'. */
void diag_print_place(FILE *out, const struct source *source, struct span span,
		      const char *severity, const char *message, bool color);
void diags_print(FILE *out, const struct diags *diags, bool color);

/* The word of @known (NULL-terminated) nearest to @word, or NULL when none is
 * near enough to be a slip of the finger (Damerau-Levenshtein). */
const char *nearest_word(const char *word, const char *const *known);

#endif
