/* patience: see patience.h. */
#include "run/patience.h"

#include "base/clock.h"
#include "peer/run_delay.h"

struct patience patience_until(int64_t when)
{
	return (struct patience){ .until = when, .latest = when };
}

static struct patience patience_from(const struct engine *engine, int64_t from)
{
	enum { MORE = 10 };
	const int64_t patience = engine->plan->patience;

	return (struct patience){ .until = from + patience, .latest = from + MORE * patience };
}

struct patience patience_from_now(const struct engine *engine)
{
	return patience_from(engine, clock_real_ns());
}

struct patience patience_beyond(const struct engine *engine, const struct window *window)
{
	return patience_from(engine,
			     window->high == INT64_MAX ? clock_real_ns() : window->high);
}

/* Its keeper, and what is left of it once it has exited, may be kept still. */
static int64_t program_kept(const struct program_view *view)
{
	return view->run_delay +
	       (view->program.keeper > 0 ? run_delay(view->program.keeper) : 0);
}

int64_t programs_kept(const struct engine *engine)
{
	int64_t longest = 0;

	if (engine->plan->clock.is_virtual)
		return 0;
	for (int i = 0; i < engine->plan->n_programs; i++) {
		const int64_t kept = program_kept(&engine->stage.programs[i]);

		longest = kept > longest ? kept : longest;
	}
	return longest;
}

bool patience_ends(struct engine *engine, struct patience *patience)
{
	const int64_t now = clock_real_ns();
	int64_t kept;

	if (now < patience->until)
		return false;
	if (patience->until >= patience->latest)
		return true;
	kept = programs_kept(engine);
	if (kept > engine->granted) { /* less, if one of their processes has ended */
		patience->until += kept - engine->granted;
		engine->granted = kept;
	}
	if (patience->until > patience->latest)
		patience->until = patience->latest;
	return now >= patience->until;
}
