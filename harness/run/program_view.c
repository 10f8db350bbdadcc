/* program_view: see program_view.h. */
#include "run/program_view.h"

#include "base/clock.h"
#include "plan/program_names.h"
#include "run/stage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	READ_SIZE = 16 << 10,
	READS_AT_ONCE = 16, /* then the wire gets its turn */
	NEWS_AT_ONCE = 256,
};

/* ---- beginning and end ---- */

void programs_init(struct stage *stage)
{
	for (int i = 0; i < stage->plan->n_programs; i++) {
		stage->programs[i].program = (struct program)PROGRAM_NONE;
		stage->programs[i].step = stage->programs[i].signal_step = NO_INDEX;
	}
}

void programs_close(struct stage *stage)
{
	for (int i = 0; i < stage->plan->n_programs; i++) {
		struct program_view *view = &stage->programs[i];

		program_stop(&view->program);
		strbuf_free(&view->input);
		for (int k = 0; k < N_OUTPUTS; k++) {
			strbuf_free(&view->outputs[k].unread);
			strbuf_free(&view->outputs[k].telling);
		}
		free(view->calls);
		view->calls = NULL;
	}
}

int programs_start(struct stage *stage, int program, int step)
{
	struct program_view *view = &stage->programs[program];
	char why[PROGRAM_ERROR_LEN];
	int rc;

	for (int i = 0; i < PLAN_HOSTS; i++)
		if (stage->ports[i].capture)
			capture_keep_from_children(stage->ports[i].capture);
	rc = program_start(&view->program, stage->plan, &stage->world, program, why);

	view->step = step;
	if (rc < 0)
		snprintf(stage->error, sizeof(stage->error), "cannot run %s: %s",
			 stage->plan->programs[program].argv[0], why);
	return rc;
}

/* ---- the record ---- */

static struct event event_of(struct stage *stage, int program, enum program_event what,
			     int64_t time)
{
	return (struct event){
		.kind = EVENT_PROGRAM, .step = NO_INDEX, .time = time,
		.u.program = { .what = what, .program = program,
			       .host = stage->plan->programs[program].host,
			       .serial = ++stage->serial },
	};
}

/* ---- output ---- */

const struct output_mark *output_mark(const struct output_view *view, size_t len)
{
	for (size_t i = 0; i < view->n_marks; i++)
		if (view->marks[i].end >= len)
			return &view->marks[i];
	return &view->marks[view->n_marks ? view->n_marks - 1 : 0];
}

void output_take(struct output_view *view, size_t len)
{
	size_t kept = 0;
	struct strbuf rest = STRBUF_INIT;

	strbuf_add(&rest, view->unread.text + len, view->unread.len - len);
	strbuf_free(&view->unread);
	view->unread = rest;
	for (size_t i = 0; i < view->n_marks; i++) {
		if (view->marks[i].end <= len)
			continue;
		view->marks[kept] = view->marks[i];
		view->marks[kept++].end -= len;
	}
	view->n_marks = kept;
}

/* Keep what has come. */
static void keep_output(struct output_view *view, const char *bytes, size_t len, int64_t time,
			uint64_t serial)
{
	strbuf_add(&view->unread, bytes, len);
	if (view->unread.len > 2 * OUTPUT_KEPT) { /* not each time: moving it costs */
		view->lost += view->unread.len - OUTPUT_KEPT;
		output_take(view, view->unread.len - OUTPUT_KEPT);
	}
	if (view->n_marks == OUTPUT_MARKS)
		view->n_marks--;
	view->marks[view->n_marks++] = (struct output_mark){ view->unread.len, time, serial };
}

static void tell(struct stage *stage, int program, enum output output, size_t len)
{
	struct output_view *view = &stage->programs[program].outputs[output];
	struct event event = event_of(stage, program, PROGRAM_WROTE, view->telling_since);
	struct strbuf rest = STRBUF_INIT;

	if (!len)
		return;
	event.u.program.output = output;
	event.u.program.serial = view->serial;
	event.blob_len = (uint32_t)len;
	stage_emit(stage, &event, view->telling.text);
	strbuf_add(&rest, view->telling.text + len, view->telling.len - len);
	strbuf_free(&view->telling);
	view->telling = rest;
}

void programs_tell(struct stage *stage, int program)
{
	for (int i = 0; i < N_OUTPUTS; i++)
		tell(stage, program, (enum output)i,
		     stage->programs[program].outputs[i].telling.len);
}

/* Programs write a line in many pieces; the record has it in one. */
static void note_output(struct stage *stage, int program, enum output output, const char *bytes,
			size_t len)
{
	struct output_view *view = &stage->programs[program].outputs[output];
	size_t room = OUTPUT_RECORDED - view->recorded, shown = len < room ? len : room;
	int64_t exited = stage->programs[program].exited_at;
	int64_t now = exited && !stage->programs[program].exited ? exited : clock_real_ns();
	const char *end;

	if (!view->telling.len) {
		view->serial = ++stage->serial;
		view->telling_since = now;
	}
	strbuf_add(&view->telling, bytes, shown);
	view->recorded += shown;
	keep_output(view, bytes, len, now, shown ? view->serial : 0);
	end = memrchr(strbuf_text(&view->telling), '\n', view->telling.len);
	if (end)
		tell(stage, program, output, (size_t)(end + 1 - view->telling.text));
	if (end && view->telling.len) {
		view->serial = ++stage->serial;
		view->telling_since = now;
	}
}

/* Return: how many times something came. */
static int collect_output(struct stage *stage, int program, enum output output)
{
	struct program_view *view = &stage->programs[program];
	int *fd = &view->program.outputs[output];
	char bytes[READ_SIZE];
	int count = 0;

	for (int i = 0; i < READS_AT_ONCE && *fd >= 0; i++) {
		ssize_t len = read(*fd, bytes, sizeof(bytes));

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno == EAGAIN)
			break;
		count++;
		if (len > 0) {
			note_output(stage, program, output, bytes, (size_t)len);
			continue;
		}
		close(*fd);
		*fd = -1;
		programs_tell(stage, program);
		view->outputs[output].ended = true;
		view->outputs[output].ended_at = clock_real_ns();
	}
	return count;
}

/* ---- input ---- */

static void close_input(struct program_view *view)
{
	if (view->program.input >= 0)
		close(view->program.input);
	view->program.input = -1;
}

/* Write as much as the pipe takes. */
static void push_input(struct program_view *view)
{
	size_t done = 0;

	while (view->program.input >= 0 && done < view->input.len) {
		ssize_t n = write(view->program.input, view->input.text + done,
				  view->input.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			view->input_refused = true;
			close_input(view);
			break;
		}
		done += (size_t)n;
	}
	if (done) {
		struct strbuf rest = STRBUF_INIT;

		strbuf_add(&rest, view->input.text + done, view->input.len - done);
		strbuf_free(&view->input);
		view->input = rest;
	}
	if (!view->input.len && view->input_ends)
		close_input(view);
}

void programs_write(struct stage *stage, int program, const void *data, size_t len)
{
	struct program_view *view = &stage->programs[program];

	if (data)
		strbuf_add(&view->input, data, len);
	else
		view->input_ends = true;
	push_input(view);
}

/* ---- news of the keeper ---- */

void calls_take(struct program_view *view, size_t n)
{
	view->n_calls -= n;
	memmove(view->calls, view->calls + n, view->n_calls * sizeof(*view->calls));
}

static void keep_call(struct program_view *view, const struct traced_call *call, int64_t time,
		      uint64_t serial)
{
	const char *name = syscall_name(call->id);
	size_t len = strlen(view->last_calls), more = strlen(name) + 2;

	while (len + more >= sizeof(view->last_calls)) { /* the oldest name leaves */
		const char *second = strchr(view->last_calls, ' ');

		len -= (size_t)(second + 1 - view->last_calls);
		memmove(view->last_calls, second + 1, len + 1);
	}
	snprintf(view->last_calls + len, sizeof(view->last_calls) - len, "%s%s", len ? ", " : "",
		 name);
	if (view->n_calls == CALLS_KEPT) {
		view->calls_lost = true;
		return;
	}
	if (view->n_calls == view->calls_room) {
		view->calls_room = view->calls_room ? 2 * view->calls_room : 64;
		view->calls = realloc(view->calls, view->calls_room * sizeof(*view->calls));
		if (!view->calls)
			abort();
	}
	view->calls[view->n_calls++] = (struct call_view){ *call, time, serial };
}

static void note_call(struct stage *stage, int program, const struct program_news *news)
{
	struct program_view *view = &stage->programs[program];
	uint64_t serial = 0;

	if (view->calls_recorded < 2 * CALLS_RECORDED) {
		programs_tell(stage, program);

		struct event event = event_of(stage, program, PROGRAM_CALLED, news->time);

		event.u.program.call = news->call;
		serial = event.u.program.serial;
		view->calls_recorded++;
		stage_emit(stage, &event, NULL);
	}
	if (news->call.returned)
		keep_call(view, &news->call, news->time, serial);
}

static void note_exit(struct stage *stage, int program, const struct program_news *news)
{
	struct program_view *view = &stage->programs[program];
	struct event event = event_of(stage, program, PROGRAM_ENDED, news->time);

	/* what it wrote before it died came before that, though it is read now */
	view->exited_at = news->time;
	view->run_delay = news->run_delay;
	while (collect_output(stage, program, OUTPUT_STDOUT) == READS_AT_ONCE &&
	       view->outputs[OUTPUT_STDOUT].unread.len < OUTPUT_KEPT)
		;
	collect_output(stage, program, OUTPUT_STDERR);
	programs_tell(stage, program);
	view->exited = true;
	view->status = news->status;
	view->exit_serial = event.u.program.serial;
	event.u.program.number = news->status;
	stage_emit(stage, &event, NULL);
}

/* Return: is it worth waking whoever waits? */
static bool note_news(struct stage *stage, int program, const struct program_news *news)
{
	struct program_view *view = &stage->programs[program];

	switch (news->kind) {
	case PROGRAM_STARTED:
		view->executes = true;
		view->started_at = news->time;
		return true;
	case PROGRAM_REFUSED:
		view->err = news->err;
		memcpy(view->what, news->what, sizeof(view->what));
		view->what[sizeof(view->what) - 1] = '\0';
		return true;
	case PROGRAM_CALL:
		note_call(stage, program, news);
		return stage->programs_wanted;
	case PROGRAM_EXITED:
		note_exit(stage, program, news);
		return true;
	}
	return false;
}

static int keeper_gone(struct stage *stage, int program)
{
	snprintf(stage->error, sizeof(stage->error),
		 "the process that keeps '%s' (line %d) was killed from outside",
		 stage->plan->programs[program].argv[0],
		 source_line(stage->plan->source, stage->plan->programs[program].span.start));
	return -EPIPE;
}

static int collect_news(struct stage *stage, int program)
{
	struct program_view *view = &stage->programs[program];
	struct program_news news;
	int count = 0, rc = 0;

	for (int i = 0; i < NEWS_AT_ONCE; i++) {
		rc = program_news(&view->program, &news);
		if (rc <= 0)
			break;
		count += note_news(stage, program, &news);
	}
	if (rc < 0 && !view->err)
		return keeper_gone(stage, program);
	return count;
}

int programs_collect(struct stage *stage)
{
	int count = 0;

	for (int i = 0; i < stage->plan->n_programs; i++) {
		struct program_view *view = &stage->programs[i];
		int outputs, news;

		if (view->program.keeper <= 0 || view->err)
			continue;
		push_input(view);
		news = collect_news(stage, i);
		if (news < 0)
			return news;
		outputs = collect_output(stage, i, OUTPUT_STDOUT) +
			  collect_output(stage, i, OUTPUT_STDERR);
		count += news + (stage->programs_wanted ? outputs : 0);
	}
	return count;
}

nfds_t programs_poll(const struct stage *stage, struct pollfd *fds)
{
	nfds_t n = 0;

	for (int i = 0; i < stage->plan->n_programs; i++) {
		const struct program_view *view = &stage->programs[i];
		const struct program *program = &view->program;

		if (program->keeper <= 0 || view->err)
			continue;
		fds[n++] = (struct pollfd){ .fd = program->control, .events = POLLIN };
		fds[n++] = (struct pollfd){
			.fd = view->input.len ? program->input : -1, .events = POLLOUT,
		};
		for (int k = 0; k < N_OUTPUTS; k++)
			fds[n++] = (struct pollfd){ .fd = program->outputs[k], .events = POLLIN };
	}
	return n;
}
