/* resolve_time: within, after, at, between, again, until.
 *
 * Two ways to speak of retransmissions (doubling, every) become one: a list of
 * gaps. Which kinds of time make sense depends on who waits: a packet that is
 * expected may have any, what the scenario does itself has one moment.
 */
#include "plan/resolve_internal.h"

static bool durations_ok(struct resolver *r, const struct ast_time *time)
{
	for (size_t i = 0; i < time->n; i++)
		if (!duration_ok(r, time->span, time->ns[i]))
			return false;
	return !time->has_tolerance || duration_ok(r, time->span, time->tolerance);
}

/* again N times doubling from D up to D · again N times every D */
static bool resolve_gaps(struct resolver *r, const struct ast_time *time, struct plan_time *out)
{
	bool doubling = time->kind == AST_TIME_DOUBLING;
	int64_t gap = time->ns[0], limit = doubling ? time->ns[1] : gap;

	if (!in_range(r, time->span, "a number of times", time->times, 1, REPEAT_MAX))
		return false;
	if (doubling && (gap == 0 || limit < gap)) {
		FAIL(r, time->span, "'doubling from' a time above 0 'up to' one not below it");
		HELP(r, "as in 'again 15 times doubling from 200ms up to 120s'");
		return false;
	}

	int64_t *gaps = arena_alloc(r->arena, (size_t)time->times * sizeof(*gaps));

	for (int64_t i = 0; i < time->times; i++) {
		gaps[i] = gap;
		if (doubling)
			gap = gap > limit / 2 ? limit : 2 * gap;
	}
	out->kind = TIME_GAPS;
	out->ns = gaps;
	out->n = (size_t)time->times;
	return true;
}

/* Times that are written one by one. */
static bool resolve_list(struct resolver *r, const struct ast_time *time, enum plan_time_kind kind,
			 struct plan_time *out)
{
	int64_t *ns = arena_alloc(r->arena, time->n * sizeof(*ns));

	for (size_t i = 0; i < time->n; i++) {
		ns[i] = time->ns[i];
		if (!i || ns[i] > ns[i - 1])
			continue;
		FAIL(r, time->span, kind == TIME_BETWEEN ? "the second time is not after the first"
							 : "the times must increase");
		return false;
	}
	out->kind = kind;
	out->ns = ns;
	out->n = time->n;
	return true;
}

/* Only an answer that can change holds until something. Return: false when @time is that. */
static bool refuse_until(struct resolver *r, const struct ast_time *time, const char *instead)
{
	if (time->kind != AST_TIME_UNTIL)
		return true;
	FAIL(r, time->span, "'until' is a time of questions");
	HELP(r, "%s", instead);
	return false;
}

static bool plan_time(struct resolver *r, const struct ast_time *time, struct plan_time *out)
{
	*out = (struct plan_time){ .span = time->span, .tolerance = NO_TOLERANCE };
	if (!durations_ok(r, time))
		return false;
	if (time->has_tolerance)
		out->tolerance = time->tolerance;
	switch (time->kind) {
	case AST_TIME_NONE: return true;
	case AST_TIME_WITHIN: return resolve_list(r, time, TIME_WITHIN, out);
	case AST_TIME_AFTER: return resolve_list(r, time, TIME_AFTER, out);
	case AST_TIME_AT: return resolve_list(r, time, TIME_AT, out);
	case AST_TIME_BETWEEN: return resolve_list(r, time, TIME_BETWEEN, out);
	case AST_TIME_DOUBLING:
	case AST_TIME_EVERY: return resolve_gaps(r, time, out);
	case AST_TIME_UNTIL: return resolve_list(r, time, TIME_UNTIL, out);
	}
	return false;
}

bool resolve_time(struct resolver *r, const struct ast_time *time, struct plan_time *out)
{
	return refuse_until(r, time, "a packet comes 'within' a time, or 'after' it") &&
	       plan_time(r, time, out);
}

static bool repeats(const struct ast_time *time)
{
	return time->kind == AST_TIME_DOUBLING || time->kind == AST_TIME_EVERY ||
	       (time->kind == AST_TIME_AT && time->n > 1);
}

bool resolve_time_of_send(struct resolver *r, const char *verb, const struct ast_time *time,
			  struct plan_time *out)
{
	static const char *const words[] = {
		[AST_TIME_WITHIN] = "within", [AST_TIME_BETWEEN] = "between",
		[AST_TIME_UNTIL] = "until",
	};

	if (repeats(time)) {
		FAIL(r, time->span, "%s is one packet: it has one time", verb);
		HELP(r, "write a line for each");
		return false;
	}
	if (time->kind != AST_TIME_NONE && time->kind != AST_TIME_AFTER &&
	    time->kind != AST_TIME_AT) {
		FAIL(r, time->span, "%s cannot be '%s'", verb, words[time->kind]);
		HELP(r, "say when it is to happen: 'after 50ms' or 'at 1s'");
		return false;
	}
	return resolve_time(r, time, out);
}

/* Is the line a question? */
static bool asks(const struct ast_line *line)
{
	enum question_id question;

	return line->key.text && question_by_name(line->key.text, &question);
}

bool resolve_time_of_answer(struct resolver *r, const struct ast_line *line, struct plan_time *out)
{
	const struct ast_time *time = &line->time;

	if (time->kind != AST_TIME_NONE && !line->answer.written) {
		FAIL(r, time->span, "a time is that of a result, and none is written");
		HELP(r, "write the result before it; to begin later, 'wait 1s' above this line");
		return false;
	}
	if (repeats(time)) {
		FAIL(r, time->span, "a call returns once: it has one time");
		return false;
	}
	if (!asks(line) && !refuse_until(r, time, "a call returns 'within' a time, or 'after' it"))
		return false;
	return plan_time(r, time, out);
}
