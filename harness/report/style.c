/* style: see style.h. */
#include "report/style.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_MAX = 1000 };

static bool color_for(bool terminal, const char *option)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	if (option && strcmp(option, "always") == 0)
		return true;
	if (option && strcmp(option, "never") == 0)
		return false;
	return terminal && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

/* POSIX: the first of these that is set and not empty decides. */
static bool locale_is_utf8(void)
{
	static const char *const variables[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *locale = getenv(variables[i]);

		if (locale && *locale)
			return strcasestr(locale, "UTF-8") || strcasestr(locale, "UTF8");
	}
	return false;
}

static int width_for(int fd, bool terminal)
{
	struct winsize size;
	const char *columns = getenv("COLUMNS");
	long width = 0;

	if (terminal && ioctl(fd, TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	if (width <= 0 && columns)
		width = strtol(columns, NULL, 10);
	if (width <= 0)
		width = STYLE_WIDTH_DEFAULT;
	if (width > WIDTH_MAX)
		return WIDTH_MAX;
	return width < STYLE_WIDTH_MIN ? STYLE_WIDTH_MIN : (int)width;
}

struct report_style report_style_for(FILE *out, const char *color_option)
{
	int fd = fileno(out);
	bool terminal = fd >= 0 && isatty(fd);

	return (struct report_style){
		.color = color_for(terminal, color_option),
		.unicode = locale_is_utf8(),
		.width = width_for(fd, terminal),
	};
}
