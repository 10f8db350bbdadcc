/* ladder_deed: what a host did, beside its lifeline: calls, answers, programs. See ladder.h. */
#include "report/ladder_internal.h"

#include "plan/names.h"
#include "run/call_text.h"
#include "run/program_text.h"

#include <string.h>

/* What @host did, beside its lifeline: @what may be cut, @came_of_it is kept whole if it can be. */
static void draw_deed(struct ladder *ladder, int host, const struct event *event, const char *what,
		      const char *came_of_it, const char *note)
{
	const struct report_style *style = ladder->style;
	struct strbuf deed = STRBUF_INIT, outcome = STRBUF_INIT, middle = STRBUF_INIT;
	int room = ladder->middle - 2;

	term_puts(&deed, what, style);
	term_puts(&outcome, came_of_it, style);
	term_cut(&outcome, room * 2 / 3, style);
	term_cut(&deed, room - 1 - term_width(strbuf_text(&outcome)), style);
	strbuf_printf(&deed, " %s", strbuf_text(&outcome));
	if (host == 1)
		ladder_repeat(&middle, " ", room - term_width(strbuf_text(&deed)));
	strbuf_printf(&middle, " %s", strbuf_text(&deed));
	ladder_row(ladder, &event->time, ladder->glyphs->line, &middle, PAINT_CALL, note);
	strbuf_free(&deed);
	strbuf_free(&outcome);
	strbuf_free(&middle);
}

static const struct plan_caller *caller_at(const struct plan *plan, int caller)
{
	return caller >= 0 && caller < plan->n_callers ? &plan->callers[caller] : NULL;
}

/* "reader: " for a caller with a name. Return: the caller's host. */
static int begin_deed(const struct ladder *ladder, int caller, struct strbuf *what)
{
	const struct plan_caller *who = caller_at(ladder->plan, caller);

	if (who && who->name)
		strbuf_printf(what, "%s: ", who->name);
	return who ? who->host : 0;
}

/* Did the call at @place return before anything else happened? */
static bool returns_at_once(const struct ladder *ladder, size_t place)
{
	const struct event *event = event_at(ladder, place);

	if (ladder->bare || place + 1 >= ladder->n_order)
		return false;

	const struct event *next = event_at(ladder, place + 1);

	return next->kind == EVENT_RESULT && next->u.result.caller == event->u.call.caller &&
	       next->time - event->time < GAP_NS;
}

size_t draw_call(struct ladder *ladder, size_t place, const char *note)
{
	const struct event *event = event_at(ladder, place);
	const struct plan_call *call = step_call(ladder->plan, event->step);
	struct strbuf what = STRBUF_INIT, outcome = STRBUF_INIT;
	int host = begin_deed(ladder, event->u.call.caller, &what);
	bool whole = returns_at_once(ladder, place);

	if (call)
		call_text(ladder->plan, call, &what);
	if (whole)
		result_text(ladder->plan, call, event_at(ladder, place + 1),
			    blob_at(ladder, place + 1), &outcome);
	else
		strbuf_puts(&outcome, "…");
	draw_deed(ladder, host, event, strbuf_text(&what), strbuf_text(&outcome), note);
	strbuf_free(&what);
	strbuf_free(&outcome);
	return whole ? 2 : 1;
}

void draw_result(struct ladder *ladder, size_t place, const char *note)
{
	const struct event *event = event_at(ladder, place);
	const struct plan_call *call = step_call(ladder->plan, event->step);
	struct strbuf what = STRBUF_INIT, outcome = STRBUF_INIT;
	int host = begin_deed(ladder, event->u.result.caller, &what);

	if (call)
		strbuf_puts(&what, call_name(call->id));
	result_text(ladder->plan, call, event, blob_at(ladder, place), &outcome);
	draw_deed(ladder, host, event, strbuf_text(&what), strbuf_text(&outcome), note);
	strbuf_free(&what);
	strbuf_free(&outcome);
}

/* Each socket of the answer to `sockets`, a row of its own, as `ss -tano` would list it. */
static void draw_sockets(struct ladder *ladder, size_t place)
{
	const struct event *event = event_at(ladder, place);
	const struct sock_info *sockets = blob_at(ladder, place);
	size_t count = event->blob_len / sizeof(*sockets);

	for (size_t i = 0; i < count; i++) {
		struct strbuf text = STRBUF_INIT, middle = STRBUF_INIT;
		struct sock_info one;

		memcpy(&one, &sockets[i], sizeof(one));
		sock_text(ladder->plan, &one, &text);
		strbuf_puts(&middle, "   ");
		term_puts(&middle, strbuf_text(&text), ladder->style);
		ladder_row(ladder, NULL, ladder->glyphs->line, &middle, PAINT_CALL, "");
		strbuf_free(&text);
		strbuf_free(&middle);
	}
}

void draw_answer(struct ladder *ladder, size_t place, const char *note)
{
	const struct event *event = event_at(ladder, place);
	const struct plan_step *step = step_at(ladder->plan, event->step);
	struct strbuf what = STRBUF_INIT, outcome = STRBUF_INIT;

	if (step && step->question)
		question_text(ladder->plan, step->question, &what);
	else
		strbuf_puts(&what, question_name(event->u.ask.id));
	strbuf_puts(&outcome, "= ");
	ask_text(ladder->plan, event, &outcome);
	draw_deed(ladder, event->u.ask.host, event, strbuf_text(&what), strbuf_text(&outcome),
		  note);
	draw_sockets(ladder, place);
	strbuf_free(&what);
	strbuf_free(&outcome);
}

/* Does the socket call that begins at @place return before anything else happens? */
static bool traced_at_once(const struct ladder *ladder, size_t place)
{
	const struct event *event = event_at(ladder, place);

	if (ladder->bare || event->u.program.what != PROGRAM_CALLED ||
	    event->u.program.call.returned || place + 1 >= ladder->n_order)
		return false;

	const struct event *next = event_at(ladder, place + 1);

	return next->kind == EVENT_PROGRAM && next->u.program.what == PROGRAM_CALLED &&
	       next->u.program.program == event->u.program.program &&
	       next->u.program.call.number == event->u.program.call.number &&
	       next->time - event->time < GAP_NS;
}

/* A call that returns at once is drawn when it does. */
void draw_program(struct ladder *ladder, size_t place, const char *note)
{
	const struct event *event = event_at(ladder, place);
	struct strbuf what = STRBUF_INIT, outcome = STRBUF_INIT;

	if (traced_at_once(ladder, place))
		return;
	for (int row = 0; program_row_text(ladder->plan, event, blob_at(ladder, place), row, &what,
					   &outcome); row++) {
		draw_deed(ladder, event->u.program.host, event, strbuf_text(&what),
			  strbuf_text(&outcome), row ? "" : note);
		strbuf_clear(&what);
		strbuf_clear(&outcome);
	}
	strbuf_free(&what);
	strbuf_free(&outcome);
}
