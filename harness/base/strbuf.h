/* strbuf: text that grows. Always NUL-terminated; never fails (see arena.h). */
#ifndef TCPSCEN_BASE_STRBUF_H
#define TCPSCEN_BASE_STRBUF_H

#include <stddef.h>

struct strbuf {
	char *text; /* (owned) NULL until the first addition; see strbuf_text() */
	size_t len; /* bytes without the NUL */
	size_t room;
};

#define STRBUF_INIT { NULL, 0, 0 }

void strbuf_free(struct strbuf *buf);
void strbuf_clear(struct strbuf *buf);
const char *strbuf_text(const struct strbuf *buf); /* "" when empty */
void strbuf_add(struct strbuf *buf, const char *text, size_t len);
void strbuf_addch(struct strbuf *buf, char ch);
void strbuf_puts(struct strbuf *buf, const char *text);
void strbuf_printf(struct strbuf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Add the bytes as a scenario would write them: "…" with C escapes, at most
 * @max bytes of the data, then "…" and the length. */
void strbuf_quote(struct strbuf *buf, const void *data, size_t len, size_t max);

#endif
