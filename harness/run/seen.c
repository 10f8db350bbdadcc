/* seen: see seen.h. */
#include "run/seen.h"

#include <stdlib.h>
#include <string.h>

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

struct seen **seen_at(const struct seen_queue *queue, size_t index)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): who asks for one has put one in */
	return &queue->items[(queue->first + index) % queue->room];
}

static void make_room(struct seen_queue *queue)
{
	size_t room = queue->room ? 2 * queue->room : 16;
	struct seen **items;

	if (queue->count < queue->room)
		return;
	items = must(malloc(room * sizeof(*items)));
	for (size_t i = 0; i < queue->count; i++)
		items[i] = *seen_at(queue, i);
	free(queue->items);
	queue->items = items;
	queue->first = 0;
	queue->room = room;
}

/* Frame and what is known of it are one piece. */
struct seen *seen_push(struct seen_queue *queue, const uint8_t *frame, size_t len)
{
	struct seen *seen = must(malloc(sizeof(*seen) + len));

	make_room(queue);
	memset(seen, 0, sizeof(*seen));
	seen->frame = (uint8_t *)(seen + 1);
	memcpy(seen->frame, frame, len);
	seen->len = len;
	*seen_at(queue, queue->count++) = seen;
	return seen;
}

struct seen *seen_pop(struct seen_queue *queue)
{
	struct seen *seen = *seen_at(queue, 0);

	queue->first = (queue->first + 1) % queue->room;
	queue->count--;
	return seen;
}

void seen_free(struct seen_queue *queue)
{
	while (queue->count)
		free(seen_pop(queue));
	free(queue->items);
	*queue = (struct seen_queue){ 0 };
}
