/* arena: memory that is freed all at once.
 *
 * A plan, a syntax tree and a source file live each in one arena: thousands of
 * small allocations, one free. An arena never returns NULL: when memory runs
 * out the process ends with a message (there is nothing sensible left to do).
 */
#ifndef TCPSCEN_BASE_ARENA_H
#define TCPSCEN_BASE_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena); /* NULL is allowed */

/* Return: @size zeroed bytes, aligned for any type, owned by @arena. */
void *arena_alloc(struct arena *arena, size_t size);

/* Return: a NUL-terminated copy of the @len bytes at @text. */
char *arena_strndup(struct arena *arena, const char *text, size_t len);
char *arena_strdup(struct arena *arena, const char *text);

/* printf into the arena. */
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Grow an array kept in the arena: makes room for one more element.
 *
 * @items: the array or NULL   @count: elements in use   @size: bytes of one
 * Return: the array, moved if @count was a power of two (or 0). The old memory
 *         stays in the arena until the end, which at most doubles it.
 */
void *arena_grow(struct arena *arena, void *items, size_t count, size_t size);

#endif
