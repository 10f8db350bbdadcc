/* utf8: characters in bytes that may be anything, and which of them may be shown. */
#ifndef TCPSCEN_BASE_UTF8_H
#define TCPSCEN_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf;

/* The character at @text. Return: its bytes (1 to 4), 0 when they are no UTF-8. */
size_t utf8_next(const char *text, size_t len, uint32_t *code);
bool utf8_valid(const char *text, size_t len);

/* May a terminal get it? Not controls, nor what turns the direction of writing. */
bool utf8_printable(uint32_t code);

/* Add @text as one line of printable characters: white space becomes blanks, what may not be
 * printed '?'. */
void utf8_clean(struct strbuf *out, const char *text);

#endif
