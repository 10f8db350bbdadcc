/* patience: see patience.h. */
#include "run/patience.h"

#include "base/clock.h"
#include "peer/run_delay.h"

struct patience patience_until(int64_t when)
{
	return (struct patience){ .until = when, .exact = true };
}

static struct patience patience_from(const struct engine *engine, int64_t from)
{
	return (struct patience){ .until = from + engine->plan->patience };
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

/* What is left of one that has exited may be kept still. */
static int64_t program_kept(const struct program_view *view)
{
	const int64_t now = view->program.keeper > 0 ? run_delay(view->program.keeper) : 0;

	return now > view->run_delay ? now : view->run_delay;
}

int64_t programs_kept(const struct engine *engine)
{
	int64_t kept = 0;

	if (engine->plan->clock.is_virtual) /* there nobody is kept from anything */
		return 0;
	for (int i = 0; i < engine->plan->n_programs; i++)
		kept += program_kept(&engine->stage.programs[i]);
	return kept;
}

bool patience_ends(const struct engine *engine, struct patience *patience)
{
	int64_t now = clock_real_ns(), kept;

	if (now < patience->until)
		return false;
	if (patience->exact)
		return true;
	kept = programs_kept(engine);
	if (kept > patience->granted) { /* less, if one of their processes has ended */
		patience->until += kept - patience->granted;
		patience->granted = kept;
	}
	return now >= patience->until;
}
