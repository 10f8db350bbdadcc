/* busy: see busy.h. */
#include "run/busy.h"

#include "base/clock.h"
#include "run/blame.h"
#include "run/patience.h"

#include <stdarg.h>
#include <stdio.h>

/* How long the engine may run late before what the kernel has measured of it is worth nothing: as
 * long as a kernel waits to acknowledge (TCP_DELACK_MIN of net/tcp.h), on a wire with a length a
 * quarter of the round trip (tcp_rack_reo_wnd()), or what the scenario tolerates. */
static int64_t lateness_allowed(const struct engine *engine, int step)
{
	const int64_t least = 10 * NS_PER_MS, delayed_ack = 40 * NS_PER_MS;
	const int64_t quarter = 2 * engine->plan->link_delay / 4;
	const struct plan_time *time = &engine->plan->steps[step].time;
	int64_t allowed = delayed_ack;

	if (quarter && quarter < allowed)
		allowed = quarter;
	if (engine->plan->tolerance != NO_TOLERANCE && engine->plan->tolerance < allowed)
		allowed = engine->plan->tolerance;
	if (time->kind != TIME_NONE && time->tolerance != NO_TOLERANCE && time->tolerance < allowed)
		allowed = time->tolerance;
	return allowed > least ? allowed : least;
}

static const struct kept_span *find_excuse(const struct engine *engine, int step,
					   const struct off *off)
{
	const struct kept *kept = &engine->stage.kept;
	const struct kept_span *span = kept_excuse(kept, lateness_allowed(engine, step));

	if (!span && off->by > 0 && kept_between(kept, off->from, off->until) >= off->by)
		return &kept->longest;
	return span;
}

static bool runs_programs(const struct plan *plan, int host)
{
	for (int i = 0; i < plan->n_programs; i++)
		if (plan->programs[i].host == host)
			return true;
	return false;
}

/* Can a program have to do with what @step waits for? */
static bool depends_on_programs(const struct plan *plan, const struct plan_step *step)
{
	return step->deed || (step->packet && runs_programs(plan, step->packet->from));
}

void busy_begins(struct engine *engine, int step)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];

	if (plan_step->time.kind != TIME_NONE && depends_on_programs(engine->plan, plan_step))
		engine->kept_before = programs_kept(engine);
}

/* What a program brings about may be late, or early after something else of its, because it was kept
 * from running since the line began. */
static bool excuses_programs(struct engine *engine, int step, const struct off *off,
			     const char *failure)
{
	char length[DURATION_LEN];
	int64_t kept;

	if (off->by <= 0 || !depends_on_programs(engine->plan, &engine->plan->steps[step]))
		return false;
	kept = programs_kept(engine) - engine->kept_before;
	if (kept > off->until - off->from)
		kept = off->until - off->from;
	if (kept < off->by)
		return false;
	too_busy(engine, "a program was kept from running for %s, and then: %s",
		 format_duration(kept, length), failure);
	return true;
}

bool busy_excuses(struct engine *engine, int step, const struct off *off, const char *failure)
{
	const struct plan *plan = engine->plan;
	const struct kept_span *span;
	char length[DURATION_LEN], where[32] = "the beginning";

	if (plan->clock.is_virtual) /* where the clock stands, nobody is kept from anything */
		return false;
	stage_account(&engine->stage); /* we may have been kept since the last wait */
	span = find_excuse(engine, step, off);
	if (!span)
		return excuses_programs(engine, step, off, failure);
	if (span->step != NO_INDEX)
		snprintf(where, sizeof(where), "line %d",
			 source_line(plan->source, plan->steps[span->step].span.start));
	too_busy(engine, "%s%s was kept from running for %s at %s, and then: %s",
		 span->host == NO_INDEX ? "the engine" : "the probe of ",
		 span->host == NO_INDEX ? "" : plan->hosts[span->host].name,
		 format_duration(span->length, length), where, failure);
	return true;
}

enum play too_busy(struct engine *engine, const char *format, ...)
{
	char what[STAGE_ERROR_LEN / 2];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (engine->plan->clock.is_virtual)
		return broken(engine, "%s", what);
	engine->too_busy = true;
	return broken(engine, "this machine was too busy: %s", what);
}
