/* strbuf: see strbuf.h. */
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(struct strbuf *buf, size_t more)
{
	size_t need = buf->len + more + 1;

	if (need <= buf->room)
		return;

	size_t room = buf->room ? buf->room : 64;

	while (room < need)
		room *= 2;
	buf->text = realloc(buf->text, room);
	if (!buf->text) {
		fputs("tcpscen: out of memory\n", stderr);
		abort();
	}
	buf->room = room;
}

void strbuf_free(struct strbuf *buf)
{
	free(buf->text);
	*buf = (struct strbuf)STRBUF_INIT;
}

void strbuf_clear(struct strbuf *buf)
{
	buf->len = 0;
	if (buf->text)
		buf->text[0] = '\0';
}

const char *strbuf_text(const struct strbuf *buf)
{
	return buf->text ? buf->text : "";
}

void strbuf_add(struct strbuf *buf, const char *text, size_t len)
{
	reserve(buf, len);
	if (len)
		memcpy(buf->text + buf->len, text, len);
	buf->len += len;
	buf->text[buf->len] = '\0';
}

void strbuf_addch(struct strbuf *buf, char ch)
{
	strbuf_add(buf, &ch, 1);
}

void strbuf_puts(struct strbuf *buf, const char *text)
{
	strbuf_add(buf, text, strlen(text));
}

void strbuf_printf(struct strbuf *buf, const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);

	int len = vsnprintf(NULL, 0, format, args);

	reserve(buf, (size_t)len);
	vsnprintf(buf->text + buf->len, (size_t)len + 1, format, again);
	buf->len += (size_t)len;
	va_end(again);
	va_end(args);
}

static void quote_byte(struct strbuf *buf, unsigned char byte)
{
	switch (byte) {
	case '\n': strbuf_puts(buf, "\\n"); return;
	case '\r': strbuf_puts(buf, "\\r"); return;
	case '\t': strbuf_puts(buf, "\\t"); return;
	case '"':  strbuf_puts(buf, "\\\""); return;
	case '\\': strbuf_puts(buf, "\\\\"); return;
	}
	if (byte >= 0x20 && byte < 0x7f)
		strbuf_addch(buf, (char)byte);
	else
		strbuf_printf(buf, "\\x%02x", byte);
}

void strbuf_quote(struct strbuf *buf, const void *data, size_t len, size_t max)
{
	const unsigned char *bytes = data;
	size_t shown = len < max ? len : max;

	strbuf_addch(buf, '"');
	for (size_t i = 0; i < shown; i++)
		quote_byte(buf, bytes[i]);
	strbuf_addch(buf, '"');
	if (shown < len)
		strbuf_printf(buf, "… (%zu bytes)", len);
}
