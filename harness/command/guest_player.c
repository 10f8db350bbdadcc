/* guest_player: see guest.h. */
#include "command/guest.h"

#include "run/engine.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct player {
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
static bool load(struct player *player, const char *path)
{
	char *paths[] = { (char *)(uintptr_t)path };

	if (player->path && strcmp(path, player->path) == 0)
		return true;
	if (player->path)
		loaded_free(&player->loaded);
	player->path = NULL;
	if (load_all(&player->loaded, &player->side->options, paths, 1) != 0) {
		loaded_free(&player->loaded);
		return false;
	}
	player->path = player->loaded.scenarios[0]->source->name;
	return true;
}

static const struct plan *find_variant(const struct player *player, const char *variant)
{
	const struct scenario *scenario = player->loaded.scenarios[0];

	for (size_t i = 0; i < scenario->n_plans; i++)
		if (strcmp(scenario->plans[i]->variant, variant) == 0)
			return scenario->plans[i];
	return NULL;
}

/* Have process 1 set the date at a good moment. It gives the word then, which the engine takes.
 * Only when the stage is set: whatever the kernel's threads have to do for it, and for the one
 * before, they do until then. */
static bool await_the_word(const struct player *player, const struct plan *plan)
{
	char word = plan->n_programs ? GRAIN_BOTH : GRAIN_WHEEL;

	return send(player->curtain, &word, 1, MSG_NOSIGNAL) == 1 &&
	       recv(player->curtain, &word, 1, MSG_PEEK) == 1;
}

static int play(struct player *player, const struct plan *plan)
{
	struct engine *engine = player->engine;
	int rc = -EPIPE;

	engine_open(engine, plan, player->side->line);
	if (await_the_word(player, plan) && engine_wait(engine, player->curtain))
		rc = engine_perform(engine);
	engine_close(engine);
	return rc;
}

static void fail(const struct player *player, const char *why)
{
	guest_emit(player->side, EVENT_READY, "");
	guest_emit(player->side, EVENT_END, why);
}

/* Return: false when this process cannot go on. */
static bool play_order(struct player *player, const char *path, const char *variant)
{
	const struct plan *plan = load(player, path) ? find_variant(player, variant) : NULL;

	if (plan)
		return play(player, plan) == 0;
	fail(player, "the guest cannot read this scenario as its host did: "
		     "was it changed just now, or is it out of the guest's reach?");
	return true;
}

int guest_player(struct guest_side *side, int curtain)
{
	struct player player = { .side = side, .curtain = curtain, .engine = engine_new() };
	struct guest_orders *orders = side->orders;

	guest_must(player.engine, "get memory");
	keep_memory();
	for (;;) {
		const char *path;

		guest_forget(side);
		if (strcmp(guest_word(side), "play") != 0)
			break;
		path = guest_word(side);
		orders->playing = true;
		if (!play_order(&player, path, guest_word(side)))
			return 1;
		orders->playing = false;
	}
	orders->at = 0;
	return 0;
}
