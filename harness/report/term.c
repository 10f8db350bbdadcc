/* term: see term.h.
 *
 * Widths are of a terminal in a UTF-8 locale and do not depend on this process's locale: marks
 * that combine take no column, East Asian wide characters and emoji two (Unicode 15, in coarse
 * ranges), all others one.
 */
#include "report/term.h"

#include "base/strbuf.h"
#include "base/utf8.h"

#include <string.h>

const char *term_paint(const struct report_style *style, enum paint paint)
{
	if (!style->color)
		return "";
	switch (paint) {
	case PAINT_NONE: return "";
	case PAINT_DIM:  return "\033[2m";
	case PAINT_BOLD: return "\033[1m";
	case PAINT_GOOD: return "\033[32m";
	case PAINT_BAD:  return "\033[1;31m";
	case PAINT_WARN: return "\033[33m";
	case PAINT_CALL: return "\033[36m";
	}
	return "";
}

const char *term_plain(const struct report_style *style, enum paint paint)
{
	return style->color && paint != PAINT_NONE ? "\033[0m" : "";
}

const char *term_ellipsis(const struct report_style *style)
{
	return style->unicode ? "…" : "...";
}

/* ---- width ---- */

struct range {
	uint32_t first, last;
};

static const struct range no_column[] = {
	{ 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x0610, 0x061a },
	{ 0x064b, 0x065f }, { 0x0e34, 0x0e3a }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },
	{ 0x200b, 0x200d }, { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
	{ 0xe0100, 0xe01ef },
};

static const struct range two_columns[] = {
	{ 0x1100, 0x115f }, { 0x2e80, 0x303e }, { 0x3041, 0xa4cf }, { 0xa960, 0xa97f },
	{ 0xac00, 0xd7a3 }, { 0xf900, 0xfaff }, { 0xfe30, 0xfe6f }, { 0xff01, 0xff60 },
	{ 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff },
	{ 0x1fa70, 0x1faff }, { 0x20000, 0x3fffd },
};

static bool in_ranges(const struct range *ranges, size_t count, uint32_t code)
{
	for (size_t i = 0; i < count; i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return false;
}

#define IN(ranges, code) in_ranges(ranges, sizeof(ranges) / sizeof((ranges)[0]), code)

static int code_width(uint32_t code)
{
	if (code < 0x300)
		return 1;
	return IN(no_column, code) ? 0 : IN(two_columns, code) ? 2 : 1;
}

/* Bytes of @text that fit into @columns. @width: the columns they take. */
static size_t fit(const char *text, size_t len, int columns, int *width)
{
	size_t at = 0;
	uint32_t code;

	*width = 0;
	while (at < len) {
		size_t size = utf8_next(text + at, len - at, &code);
		int more = size ? code_width(code) : 1;

		if (*width + more > columns)
			break;
		*width += more;
		at += size ? size : 1;
	}
	return at;
}

int term_width(const char *text)
{
	int width;

	fit(text, strlen(text), INT32_MAX - 2, &width);
	return width;
}

void term_cut(struct strbuf *text, int columns, const struct report_style *style)
{
	const char *ellipsis = term_ellipsis(style);
	int width, mark = term_width(ellipsis);

	if (term_width(strbuf_text(text)) <= columns)
		return;
	if (columns < mark) {
		ellipsis = "";
		mark = 0;
	}
	text->len = fit(text->text, text->len, columns > mark ? columns - mark : 0, &width);
	text->text[text->len] = '\0';
	strbuf_puts(text, ellipsis);
}

void term_pad(struct strbuf *text, int columns)
{
	for (int width = term_width(strbuf_text(text)); width < columns; width++)
		strbuf_addch(text, ' ');
}

/* ---- clean text ---- */

/* One character, as it may be printed. */
static void clean_char(struct strbuf *out, const char *text, size_t size, uint32_t code,
		       const struct report_style *style)
{
	if (size > 0 && (code == '\n' || code == '\t' || code == '\r'))
		strbuf_addch(out, ' ');
	else if (size > 1 && !style->unicode)
		strbuf_puts(out, code == 0x2026 ? "..." : "?");
	else if (size == 0 || !utf8_printable(code))
		strbuf_addch(out, '?');
	else
		strbuf_add(out, text, size);
}

void term_clean(struct strbuf *out, const char *text, size_t len, const struct report_style *style)
{
	uint32_t code = 0;

	while (len > 0) {
		size_t size = utf8_next(text, len, &code);

		clean_char(out, text, size, code, style);
		text += size ? size : 1;
		len -= size ? size : 1;
	}
}

void term_puts(struct strbuf *out, const char *text, const struct report_style *style)
{
	term_clean(out, text, strlen(text), style);
}

/* One byte as a string in a scenario has it. Return: columns. */
static int escape_byte(struct strbuf *out, unsigned char byte)
{
	static const char escapes[] = "\nn\rr\tt\"\"\\\\";

	for (size_t i = 0; i + 1 < sizeof(escapes); i += 2) {
		if (byte == (unsigned char)escapes[i]) {
			strbuf_printf(out, "\\%c", escapes[i + 1]);
			return 2;
		}
	}
	if (byte >= 0x20 && byte < 0x7f) {
		strbuf_addch(out, (char)byte);
		return 1;
	}
	strbuf_printf(out, "\\x%02x", byte);
	return 4;
}

void term_quote(struct strbuf *out, const void *data, size_t len, int columns,
		const struct report_style *style)
{
	const unsigned char *bytes = data;
	int mark = term_width(term_ellipsis(style));
	int width = 2; /* the quotes */
	size_t at = 0;

	strbuf_addch(out, '"');
	for (; at < len; at++) {
		size_t before = out->len;

		width += escape_byte(out, bytes[at]);
		/* Only the last byte may take the ellipsis's place. */
		if (width + (at + 1 < len ? mark : 0) > columns) {
			out->len = before;
			out->text[before] = '\0';
			break;
		}
	}
	strbuf_addch(out, '"');
	if (at < len)
		strbuf_puts(out, term_ellipsis(style));
}
