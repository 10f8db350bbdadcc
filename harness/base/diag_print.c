/* diag_print: an error with its line and a caret under it.
 *
 * The line is shown as it stands in the file, cut around the span when it is
 * long, with what a terminal must not get (control bytes, broken UTF-8) as '?'.
 * The caret's line repeats the tabs of the line above it, so that both align in
 * any terminal.
 */
#include "base/diag.h"

#include "base/strbuf.h"
#include "base/utf8.h"

#include <string.h>

enum { LINE_SHOWN = 160, BEFORE_SHOWN = 60 };

#define RED "\033[1;31m"
#define GREEN "\033[1;32m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

/* One character of the line to @shown, its like in width to @under.
 * Return: bytes consumed. */
static size_t show_char(const char *text, size_t room, struct strbuf *shown, struct strbuf *under,
			char mark)
{
	uint32_t code;
	size_t len = utf8_next(text, room, &code);

	if (*text == '\t') {
		strbuf_addch(shown, '\t');
		strbuf_addch(under, mark == ' ' ? '\t' : mark);
		return 1;
	}
	strbuf_addch(under, mark);
	if (len == 0 || !utf8_printable(code)) {
		strbuf_addch(shown, '?');
		return len ? len : 1;
	}
	strbuf_add(shown, text, len);
	return len;
}

struct cut {
	size_t from, to; /* offsets in the source */
	bool left, right;
};

/* Which part of the line to show. */
static struct cut cut_line(const struct source *source, size_t start, size_t end, struct span span)
{
	struct cut cut = { .from = start, .to = end };

	if (span.start - start > LINE_SHOWN - BEFORE_SHOWN && end - start > LINE_SHOWN) {
		cut.from = span.start - BEFORE_SHOWN;
		while (cut.from < span.start && (source->text[cut.from] & 0xc0) == 0x80)
			cut.from++;
		cut.left = true;
	}
	if (cut.to - cut.from > LINE_SHOWN) {
		cut.to = cut.from + LINE_SHOWN;
		while (cut.to > cut.from + 1 && (source->text[cut.to] & 0xc0) == 0x80)
			cut.to--;
		cut.right = true;
	}
	return cut;
}

static void print_excerpt(FILE *out, const struct source *source, struct span span, bool color)
{
	int line = source_line(source, span.start);
	size_t start = source->starts[line - 1];
	size_t end = line < source->n_lines ? source->starts[line] - 1 : source->len;

	if (end > start && source->text[end - 1] == '\r')
		end--;

	struct cut cut = cut_line(source, start, end, span);
	struct strbuf shown = STRBUF_INIT, under = STRBUF_INIT;
	size_t last = span.start + (span.len ? span.len : 1);

	if (cut.left) {
		strbuf_puts(&shown, "...");
		strbuf_puts(&under, "   ");
	}
	for (size_t at = cut.from; at < cut.to;) {
		char mark = at < span.start || at >= last ? ' ' : at == span.start ? '^' : '~';

		at += show_char(source->text + at, cut.to - at, &shown, &under, mark);
	}
	if (span.start >= cut.to) /* the line's end itself */
		strbuf_addch(&under, '^');
	if (cut.right)
		strbuf_puts(&shown, "...");
	while (under.len && (under.text[under.len - 1] == ' ' || under.text[under.len - 1] == '\t'))
		under.text[--under.len] = '\0';

	fprintf(out, "%5d | %s\n", line, strbuf_text(&shown));
	fprintf(out, "      | %s%s%s\n", color ? GREEN : "", strbuf_text(&under), color ? PLAIN : "");
	strbuf_free(&shown);
	strbuf_free(&under);
}

void diag_print_place(FILE *out, const struct source *source, struct span span,
		      const char *severity, const char *message, bool color)
{
	struct strbuf name = STRBUF_INIT, text = STRBUF_INIT;

	utf8_clean(&name, source->name);
	utf8_clean(&text, message);
	fprintf(out, "%s%s:%d:%d: %s%s:%s %s\n", color ? BOLD : "", strbuf_text(&name),
		source_line(source, span.start), source_column(source, span.start),
		color ? RED : "", severity, color ? PLAIN : "", strbuf_text(&text));
	strbuf_free(&name);
	strbuf_free(&text);
	print_excerpt(out, source, span, color);
}

static void print_help(FILE *out, const char *help)
{
	struct strbuf text = STRBUF_INIT;

	utf8_clean(&text, help);
	fprintf(out, "      help: %s\n", strbuf_text(&text));
	strbuf_free(&text);
}

void diags_print(FILE *out, const struct diags *diags, bool color)
{
	for (size_t i = 0; i < diags->count; i++) {
		const struct diag *diag = &diags->items[i];

		diag_print_place(out, diag->source, diag->span, "error", diag->message, color);
		if (diag->help)
			print_help(out, diag->help);
	}
	if (diags->dropped)
		fprintf(out, "%zu more errors are not shown\n", diags->dropped);
}
