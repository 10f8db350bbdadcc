/* json_value: JSON values, and one place that knows whether any of them failed.
 *
 * jansson reports each failure (out of memory, text that is no UTF-8) by
 * NULL; a whole record is hundreds of values. They are put into their objects by these functions,
 * which remember that something went wrong and go on: it is asked once, at the end.
 */
#ifndef TCPSCEN_REPORT_JSON_VALUE_H
#define TCPSCEN_REPORT_JSON_VALUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_maker {
	bool failed;
};

/* All take the ownership of @value, as jansson's …_new functions do. */
void put(struct json_maker *maker, json_t *object, const char *key, json_t *value);
void put_item(struct json_maker *maker, json_t *array, json_t *value);

void put_number(struct json_maker *maker, json_t *object, const char *key, int64_t number);
void put_bool(struct json_maker *maker, json_t *object, const char *key, bool value);

/* A string; what is no UTF-8 is replaced, byte by byte, by U+FFFD. */
json_t *json_text(const char *text);

/* NULL becomes null. */
void put_text(struct json_maker *maker, json_t *object, const char *key, const char *text);

/* What is in @text, which is freed. */
struct strbuf;
void put_strbuf(struct json_maker *maker, json_t *object, const char *key, struct strbuf *text);

/* A number that may have a name: the name, or (NULL) the number. */
void put_name(struct json_maker *maker, json_t *object, const char *key, const char *name,
	      int64_t number);

/* Hexadecimal digits. */
void put_hex(struct json_maker *maker, json_t *object, const char *key, const void *bytes,
	     size_t len);

/* { "len": 3, "hex": "6f6e65", "text": "one" }; text only when the bytes are UTF-8. */
void put_bytes(struct json_maker *maker, json_t *object, const char *key, const void *bytes,
	       size_t len);

#endif
