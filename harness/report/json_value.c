/* json_value: see json_value.h. */
#include "report/json_value.h"

#include "base/strbuf.h"
#include "base/utf8.h"

#include <string.h>

void put(struct json_maker *maker, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) < 0)
		maker->failed = true;
}

void put_item(struct json_maker *maker, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) < 0)
		maker->failed = true;
}

void put_number(struct json_maker *maker, json_t *object, const char *key, int64_t number)
{
	put(maker, object, key, json_integer(number));
}

void put_bool(struct json_maker *maker, json_t *object, const char *key, bool value)
{
	put(maker, object, key, json_boolean(value));
}

json_t *json_text(const char *text)
{
	size_t len = strlen(text);
	struct strbuf good = STRBUF_INIT;
	uint32_t code;

	while (len > 0) {
		size_t size = utf8_next(text, len, &code);

		strbuf_add(&good, size ? text : "\xef\xbf\xbd", size ? size : 3);
		text += size ? size : 1;
		len -= size ? size : 1;
	}

	json_t *value = json_stringn(strbuf_text(&good), good.len);

	strbuf_free(&good);
	return value;
}

void put_text(struct json_maker *maker, json_t *object, const char *key, const char *text)
{
	put(maker, object, key, text ? json_text(text) : json_null());
}

void put_strbuf(struct json_maker *maker, json_t *object, const char *key, struct strbuf *text)
{
	put_text(maker, object, key, strbuf_text(text));
	strbuf_free(text);
}

void put_name(struct json_maker *maker, json_t *object, const char *key, const char *name,
	      int64_t number)
{
	if (name)
		put_text(maker, object, key, name);
	else
		put_number(maker, object, key, number);
}

void put_hex(struct json_maker *maker, json_t *object, const char *key, const void *bytes,
	     size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *from = bytes;
	struct strbuf hex = STRBUF_INIT;

	for (size_t i = 0; i < len; i++) {
		strbuf_addch(&hex, digits[from[i] >> 4]);
		strbuf_addch(&hex, digits[from[i] & 15]);
	}
	put(maker, object, key, json_stringn_nocheck(strbuf_text(&hex), hex.len));
	strbuf_free(&hex);
}

void put_bytes(struct json_maker *maker, json_t *object, const char *key, const void *bytes,
	       size_t len)
{
	json_t *value = json_object();

	put_number(maker, value, "len", (int64_t)len);
	put_hex(maker, value, "hex", bytes, len);
	if (utf8_valid(bytes, len))
		put(maker, value, "text", json_stringn(len ? bytes : "", len));
	put(maker, object, key, value);
}
