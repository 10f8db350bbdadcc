/* term: text for a terminal: what it may hold, how wide it is, in which colour.
 *
 * Private to report/. Nothing that came from outside (titles, payloads, file names) is printed
 * but through term_clean or term_quote: no byte of it can move the cursor.
 */
#ifndef TCPSCEN_REPORT_TERM_H
#define TCPSCEN_REPORT_TERM_H

#include "report/style.h"

#include <stdint.h>

struct strbuf;

enum paint { PAINT_NONE, PAINT_DIM, PAINT_BOLD, PAINT_GOOD, PAINT_BAD, PAINT_WARN, PAINT_CALL };

/* The sequence that begins a colour, and the one that ends it; "" without colours. */
const char *term_paint(const struct report_style *style, enum paint paint);
const char *term_plain(const struct report_style *style, enum paint paint);

/* Columns that clean text takes up. */
int term_width(const char *text);

/* Shorten @text to @columns, the last ones an ellipsis. */
void term_cut(struct strbuf *text, int columns, const struct report_style *style);

/* Add blanks until @text is @columns wide. */
void term_pad(struct strbuf *text, int columns);

/* Add @text as one line of printable characters: white space becomes blanks, what may not be
 * printed '?'; without @style->unicode all that is not ASCII too. */
void term_clean(struct strbuf *out, const char *text, size_t len, const struct report_style *style);
void term_puts(struct strbuf *out, const char *text, const struct report_style *style);

/* Add the bytes in quotes with the scenario's escapes, in at most @columns (at least 5): what
 * does not fit is cut, and an ellipsis follows the closing quote. */
void term_quote(struct strbuf *out, const void *data, size_t len, int columns,
		const struct report_style *style);

const char *term_ellipsis(const struct report_style *style);

#endif
