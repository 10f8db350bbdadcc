/* guest_player: see guest.h. */
#include "command/guest.h"

#include "run/engine.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct guest_player {
	struct guest_side *side;
	int curtain;
	struct engine *engine;
	struct loaded loaded;      /* the scenario played last */
	const char *path;          /* its file, NULL: none */
};

/* Memory that was touched once stays: a page that is touched for the first time stops the guest
 * three times. */
static void keep_memory(void)
{
	enum { KEPT = 256 << 20 };

	mallopt(M_MMAP_THRESHOLD, KEPT);
	mallopt(M_TRIM_THRESHOLD, KEPT);
}

/* The plans of @path, read once for all its variants that follow one another. */
static bool load(struct guest_player *self, const char *path)
{
	char *paths[] = { (char *)(uintptr_t)path };

	if (self->path && strcmp(path, self->path) == 0)
		return true;
	if (self->path)
		loaded_free(&self->loaded);
	self->path = NULL;
	if (load_all(&self->loaded, &self->side->options, paths, 1) != 0) {
		loaded_free(&self->loaded);
		return false;
	}
	self->path = self->loaded.scenarios[0]->source->name;
	return true;
}

static const struct plan *find_variant(const struct guest_player *self, const char *variant)
{
	const struct scenario *scenario = self->loaded.scenarios[0];

	for (size_t i = 0; i < scenario->n_plans; i++)
		if (strcmp(scenario->plans[i]->variant, variant) == 0)
			return scenario->plans[i];
	return NULL;
}

/* Have process 1 set the date at a good moment. It gives the word then, which the engine takes.
 * Only when the stage is set: whatever the kernel's threads have to do for it, and for the one
 * before, they do until then. */
static bool await_the_word(const struct guest_player *self, const struct plan *plan)
{
	char word = plan->n_programs ? GRAIN_BOTH : GRAIN_WHEEL;

	return send(self->curtain, &word, 1, MSG_NOSIGNAL) == 1 &&
	       recv(self->curtain, &word, 1, MSG_PEEK) == 1;
}

/* Return: false when this process cannot go on. */
static bool play(struct guest_player *self, const struct plan *plan)
{
	struct engine *engine = self->engine;
	bool told = false;

	engine_open(engine, plan, self->side->line);
	if (await_the_word(self, plan) && engine_wait(engine, self->curtain)) {
		told = engine_perform(engine) == 0;
		self->side->orders->playing = false; /* what goes wrong now is no part of it */
	}
	engine_close(engine);
	return told;
}

/* Return: as play(). */
static bool play_order(struct guest_player *self, const char *path, const char *variant)
{
	const struct plan *plan = load(self, path) ? find_variant(self, variant) : NULL;

	if (plan)
		return play(self, plan);
	guest_emit(self->side, EVENT_READY, "");
	guest_emit(self->side, EVENT_END,
		   "the guest cannot read this scenario as its host did: "
		   "was it changed just now, or is it out of the guest's reach?");
	self->side->orders->playing = false;
	return true;
}

int guest_player(struct guest_side *side, int curtain)
{
	struct guest_player self = { .side = side, .curtain = curtain, .engine = engine_new() };
	struct guest_orders *orders = side->orders;

	guest_must(self.engine, "get memory");
	keep_memory();
	for (;;) {
		const char *path;

		guest_forget(side);
		if (strcmp(guest_word(side), "play") != 0)
			break;
		path = guest_word(side);
		orders->playing = true;
		if (!play_order(&self, path, guest_word(side)))
			return 1;
	}
	orders->at = 0;
	return 0;
}
