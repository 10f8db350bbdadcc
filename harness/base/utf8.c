/* utf8: see utf8.h. */
#include "base/utf8.h"

#include "base/strbuf.h"

#include <string.h>

size_t utf8_next(const char *text, size_t len, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *bytes = (const unsigned char *)text;

	if (len == 0)
		return 0;
	*code = bytes[0];
	if (bytes[0] < 0x80)
		return 1;

	size_t size = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;

	if (bytes[0] < 0xc2 || bytes[0] > 0xf4 || size > len)
		return 0;
	*code = bytes[0] & (0xffu >> (size + 1));
	for (size_t i = 1; i < size; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (bytes[i] & 0x3f);
	}
	if (*code < least[size] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return size;
}

bool utf8_valid(const char *text, size_t len)
{
	uint32_t code;

	while (len > 0) {
		size_t size = utf8_next(text, len, &code);

		if (size == 0)
			return false;
		text += size;
		len -= size;
	}
	return true;
}

struct range {
	uint32_t first, last;
};

/* Controls, and what turns the direction of writing: a terminal must not get them. */
static const struct range unprintable[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad }, { 0x061c, 0x061c },
	{ 0x200e, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff },
	{ 0xfff0, 0xfffb }, { 0xe0000, 0xe007f },
};

bool utf8_printable(uint32_t code)
{
	for (size_t i = 0; i < sizeof(unprintable) / sizeof(unprintable[0]); i++)
		if (code >= unprintable[i].first && code <= unprintable[i].last)
			return false;
	return true;
}

void utf8_clean(struct strbuf *out, const char *text)
{
	size_t len = strlen(text);
	uint32_t code = 0;

	while (len > 0) {
		size_t size = utf8_next(text, len, &code);

		if (size > 0 && (code == '\n' || code == '\t' || code == '\r'))
			strbuf_addch(out, ' ');
		else if (size == 0 || !utf8_printable(code))
			strbuf_addch(out, '?');
		else
			strbuf_add(out, text, size);
		text += size ? size : 1;
		len -= size ? size : 1;
	}
}
