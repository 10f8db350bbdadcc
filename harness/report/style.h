/* style: how a report may look where it goes: colours, UTF-8, width.
 *
 * Asked once for a stream and handed to every report; no report asks the
 * terminal itself.
 */
#ifndef TCPSCEN_REPORT_STYLE_H
#define TCPSCEN_REPORT_STYLE_H

#include <stdbool.h>
#include <stdio.h>

enum { STYLE_WIDTH_MIN = 60, STYLE_WIDTH_DEFAULT = 100 };

struct report_style {
	bool color;
	bool unicode;
	int width; /* columns */
};

/* How to write to @out.
 *
 * @color_option: "always", "never"; anything else means "auto": colours on a terminal
 *                that knows them (TERM is not "dumb") if NO_COLOR is not set.
 * UTF-8 is what the locale's variables say (LC_ALL, LC_CTYPE, LANG: the first one set).
 * The width is the terminal's, or COLUMNS, or STYLE_WIDTH_DEFAULT.
 */
struct report_style report_style_for(FILE *out, const char *color_option);

#endif
