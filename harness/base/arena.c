/* arena: see arena.h. Blocks are chained; a new one is at least as large as all
 * before it together up to a limit, so that the number of blocks stays small. */
#include "base/arena.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_FIRST = 4096, BLOCK_LARGEST = 1 << 20 };

struct block {
	struct block *next;
	size_t used, size;
	max_align_t bytes[];
};

struct arena {
	struct block *blocks; /* the one allocations come from is first */
	size_t next_size;
};

static void *must(void *memory)
{
	if (!memory) {
		fputs("tcpscen: out of memory\n", stderr);
		abort();
	}
	return memory;
}

struct arena *arena_new(void)
{
	struct arena *arena = must(calloc(1, sizeof(*arena)));

	arena->next_size = BLOCK_FIRST;
	return arena;
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	for (struct block *block = arena->blocks; block;) {
		struct block *next = block->next;

		free(block);
		block = next;
	}
	free(arena);
}

static struct block *add_block(struct arena *arena, size_t size)
{
	if (arena->next_size < BLOCK_LARGEST)
		arena->next_size *= 2;
	if (size < arena->next_size)
		size = arena->next_size;

	struct block *block = must(malloc(sizeof(*block) + size));

	block->used = 0;
	block->size = size;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = _Alignof(max_align_t);

	if (size > PTRDIFF_MAX / 2)
		must(NULL);
	size = (size + align - 1) & ~(align - 1);

	struct block *block = arena->blocks;

	if (!block || block->size - block->used < size)
		block = add_block(arena, size);

	void *memory = (char *)block->bytes + block->used;

	block->used += size;
	return memset(memory, 0, size); /* not the whole block: most of it may never be used */
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);

	if (len)
		memcpy(copy, text, len);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);

	int len = vsnprintf(NULL, 0, format, args);
	char *text = arena_alloc(arena, (size_t)len + 1);

	vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	va_end(args);
	return text;
}

void *arena_grow(struct arena *arena, void *items, size_t count, size_t size)
{
	if (count & (count - 1)) /* room doubles at 1, 2, 4, 8 … */
		return items;

	void *moved = arena_alloc(arena, (count ? 2 * count : 1) * size);

	if (count)
		memcpy(moved, items, count * size);
	return moved;
}
