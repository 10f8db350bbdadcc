/* engine: see engine.h. The order of a play: set the stage, wait for the word, play each
 * step, let the calls come to their end, listen a little longer, say the verdict. */
#include "run/engine.h"

#include "base/clock.h"
#include "base/processor.h"
#include "run/blame.h"
#include "run/busy.h"
#include "run/play.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static enum play play_step(struct engine *engine, int step)
{
	const struct event begins = { .kind = EVENT_STEP, .step = step, .time = clock_real_ns() };

	engine->step = step;
	kept_step(&engine->stage.kept, step);
	busy_begins(engine, step);
	stage_emit(&engine->stage, &begins, NULL); /* whoever ends the record knows the line */
	switch (engine->plan->steps[step].kind) {
	case STEP_SEND:
	case STEP_INJECT:
		return play_send(engine, step);
	case STEP_EXPECT:
	case STEP_DROP:
	case STEP_DELAY:
	case STEP_DUPLICATE:
	case STEP_HOLD:
	case STEP_CORRUPT:
	case STEP_REWRITE:
		return play_expect(engine, step);
	case STEP_RULE:
	case STEP_END_RULE:
	case STEP_CUT:
	case STEP_MEND:
	case STEP_ARM:
	case STEP_RELEASE:
		return play_wire_change(engine, step);
	case STEP_CALL:
		return play_call(engine, step);
	case STEP_ANSWER:
		return play_answer(engine, step);
	case STEP_ASK:
		return play_ask(engine, step);
	case STEP_RUN:
	case STEP_STDIN:
	case STEP_OUTPUT:
	case STEP_EXIT:
	case STEP_KILL:
	case STEP_LISTENING:
	case STEP_SYSCALL:
		return play_program(engine, step);
	case STEP_WAIT:
		return play_wait(engine, step);
	}
	return broken(engine, "a step nobody can play");
}

static enum play play_all(struct engine *engine)
{
	enum play play = check_installed(engine);

	if (play == PLAY_ON)
		play = check_counters(engine);
	for (int step = 0; step < engine->plan->n_steps && play == PLAY_ON; step++)
		play = play_step(engine, step);
	kept_step(&engine->stage.kept, engine->step);
	if (play == PLAY_ON)
		play = play_out_calls(engine);
	if (play == PLAY_ON)
		play = play_drain(engine);
	if (play == PLAY_ON)
		play = play_check_idle(engine);
	return play;
}

static int64_t frames_lost(struct engine *engine)
{
	return stage_lost(&engine->stage);
}

/* The machine's own faults outweigh any verdict: what was seen cannot be trusted. */
static enum play trust(struct engine *engine, enum play play)
{
	if (frames_lost(engine))
		return too_busy(engine, "the capture lost %lld frames",
				(long long)frames_lost(engine));
	if (clock_stepped(engine->clock_offset, clock_real_ns() - engine->begun))
		return broken(engine, "this machine's clock was set while the scenario played");
	return play;
}

static void end(struct engine *engine, enum play play)
{
	static const enum verdict verdicts[] = {
		[PLAY_ON] = VERDICT_PASSED,
		[PLAY_FAILED] = VERDICT_FAILED,
		[PLAY_BROKEN] = VERDICT_ERROR,
		[PLAY_LACKING] = VERDICT_SKIPPED,
	};
	struct event event = {
		.kind = EVENT_END, .time = clock_real_ns(),
		.step = play == PLAY_BROKEN ? engine->step : NO_INDEX,
		.u.end = { .verdict = verdicts[play], .frames_lost = frames_lost(engine),
			    .unrecorded = engine->ignored > IGNORED_RECORDED
						  ? (int64_t)(engine->ignored - IGNORED_RECORDED)
						  : 0,
			   .kept = engine->stage.kept.longest.length,
			   .too_busy = play == PLAY_BROKEN && engine->too_busy,
			   .lacking = play == PLAY_LACKING },
	};
	const struct plan_sysctl *refused = engine->stage.world.refused;
	bool told = play == PLAY_BROKEN || play == PLAY_LACKING;
	const char *why = told ? engine->stage.error : "";

	for (int i = 0; i < engine->plan->n_programs; i++)
		programs_tell(&engine->stage, i);
	if (refused)
		event.u.end.span = refused->span;
	event.blob_len = (uint32_t)strlen(why);
	stage_emit(&engine->stage, &event, why);
}

static void begin(struct engine *engine)
{
	struct event event = { .kind = EVENT_BEGIN, .step = NO_INDEX };

	engine->begun = event.time = clock_real_ns();
	stage_begin(&engine->stage, event.time);
	engine->clock_offset = clock_offset_ns();
	mark_event(engine, NO_INDEX, event.time);
	stage_emit(&engine->stage, &event, NULL);
}

bool engine_wait(struct engine *engine, int gate)
{
	struct event ready = { .kind = EVENT_READY, .step = NO_INDEX, .time = clock_real_ns() };
	char word;
	ssize_t n;

	stage_emit(&engine->stage, &ready, NULL);
	if (stage_flush(&engine->stage) < 0)
		return false;
	do
		n = read(gate, &word, 1);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

/* The play is over, and what the kernels' connections would still do is no part of it. */
static void abort_connections(struct engine *engine)
{
	const struct connections *all = &engine->connections;

	for (size_t i = 0; i < all->n_known; i++)
		for (int host = 0; host < engine->plan->n_hosts; host++)
			stage_abort(&engine->stage, host, all->known[i]->wire.port);
}

/* Its pages are written to all the time: a child that had them, too, would cost a copy of each. */
struct engine *engine_new(void)
{
	struct engine *engine = mmap(NULL, sizeof(*engine), PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (engine == MAP_FAILED)
		return NULL;
	madvise(engine, sizeof(*engine), MADV_DONTFORK); /* refused: then it costs more */
	stage_home_init(&engine->home);
	return engine;
}

void engine_open(struct engine *engine, const struct plan *plan, int events)
{
	engine->plan = plan;
	engine->step = NO_INDEX;
	engine->arena = arena_new();
	connections_open(&engine->connections, plan, engine->arena);
	stage_open(&engine->stage, plan, &engine->home, events); /* or stage.error says why not */
}

int engine_perform(struct engine *engine)
{
	enum play play = PLAY_BROKEN;

	begin(engine);
	if (engine->stage.set)
		play = trust(engine, play_all(engine));
	play_dispose_all(engine);
	end(engine, play);
	abort_connections(engine); /* before the suite, once it has the record, may end us */
	return stage_flush(&engine->stage);
}

void engine_close(struct engine *engine)
{
	struct stage_home home;

	stage_close(&engine->stage);
	relay_free(&engine->relay);
	arena_free(engine->arena);
	home = engine->home;
	memset(engine, 0, sizeof(*engine));
	engine->home = home;
}

/* Will there be another play, or does somebody wait for our end? */
static bool is_wanted(int gate)
{
	char word;

	return recv(gate, &word, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
}

/* Who reads tcpscen's output need not wait until the world is torn down. */
static void let_readers_go(struct engine *engine)
{
	close_range(STDIN_FILENO, STDERR_FILENO, 0);
	for (int i = 0; i < PLAN_HOSTS; i++)
		probe_stop(&engine->home.probes[i]);
}

int engine_play(const struct plan *plan, const struct engine_pipes *pipes)
{
	struct engine *engine = pipes->engine;
	int rc = 0;

	engine_open(engine, plan, pipes->events);
	if (engine_wait(engine, pipes->gate)) {
		processor_answer_promptly();
		rc = engine_perform(engine);
		processor_take_time(); /* who sets a stage has time */
	}
	if (!is_wanted(pipes->gate))
		let_readers_go(engine);
	engine_close(engine);
	return rc < 0 || engine->home.world.netns < 0; /* half in a user namespace, it is of no use */
}
