/* recorded: see recorded.h.
 *
 * What is compared is what is written: a record is turned into the same lines, and lines into the
 * same fields.
 */
#include "run/recorded.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/strbuf.h"
#include "run/blame.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum field { TIME, FROM, PACKET, SEQ, LEN, FIELDS };

static const char *const field_names[FIELDS] = { "time", "from", "packet", "seq", "len" };

/* What the file says of one packet, behind the variant's id. */
struct line {
	const char *id, *text;
	int number;
};

struct recorded {
	struct arena *arena;  /* (owned) of the texts */
	const char *name;
	struct line *lines;   /* (owned) by id, as they stand in the file */
	size_t count, room;
};

/* ---- writing ---- */

/* A name that would break a line is none of ours to repeat. */
static void put_name(struct strbuf *out, const char *name)
{
	for (; *name; name++)
		strbuf_addch(out, (unsigned char)*name < ' ' ? '?' : *name);
}

/* Is it a packet that was seen, and not what becomes of one later? */
static bool has_line(const struct event *event)
{
	return event->kind == EVENT_PACKET && event->u.packet.fate != FATE_DELIVERED &&
	       event->u.packet.fate != FATE_LOST;
}

static uint32_t payload_len(const struct packet *packet)
{
	return packet->class == PACKET_TCP ? (uint32_t)packet->payload_len : 0;
}

static void line_text(const struct plan *plan, const struct record *record,
		      const struct event *event, struct strbuf *out)
{
	const int from = event->u.packet.from;

	strbuf_printf(out, "%" PRId64 "\t", event->time - record->begin);
	put_name(out, from == NO_INDEX ? "?" : plan->hosts[from].name);
	strbuf_addch(out, '\t');
	packet_kind_text(&event->u.packet.packet, out);
	strbuf_printf(out, "\t%" PRId64 "\t%" PRIu32, event->u.packet.seq,
		      payload_len(&event->u.packet.packet));
}

void recorded_begin(FILE *out)
{
	fputs("# tcpscen timeline 1: variant, ns since it began, from, packet, seq, len\n", out);
}

void recorded_write(FILE *out, const char *id, const struct plan *plan,
		    const struct record *record)
{
	struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < record->count; i++) {
		if (!has_line(&record->events[i]))
			continue;
		put_name(&text, id);
		strbuf_addch(&text, '\t');
		line_text(plan, record, &record->events[i], &text);
		strbuf_addch(&text, '\n');
	}
	fputs(strbuf_text(&text), out);
	strbuf_free(&text);
}

/* ---- reading ---- */

static bool is_number(const char *text)
{
	char *end;

	errno = 0;
	strtoll(text, &end, 10);
	return !errno && end != text && !*end;
}

/* Take a line apart, in place. Return: false when it has not these fields. */
static bool split(char *text, char *fields[FIELDS])
{
	for (int i = 0; i < FIELDS; i++) {
		char *tab = strchr(text, '\t');

		fields[i] = text;
		if ((i < FIELDS - 1) != (tab != NULL))
			return false;
		if (tab) {
			*tab = '\0';
			text = tab + 1;
		}
	}
	return is_number(fields[TIME]) && is_number(fields[SEQ]) && is_number(fields[LEN]);
}

/* The id ends at the last tab but four: a path may have one. */
static char *end_of_id(char *text)
{
	char *tab = text + strlen(text);

	for (int i = 0; i < FIELDS; i++) {
		do
			if (tab == text)
				return NULL;
		while (*--tab != '\t');
	}
	return tab;
}

static bool add_line(struct recorded *recorded, char *text, int number)
{
	char *tab = end_of_id(text), *fields[FIELDS];
	struct line *line;

	if (!tab)
		return false;
	*tab = '\0';
	if (recorded->count == recorded->room) {
		recorded->room = recorded->room ? 2 * recorded->room : 256;
		recorded->lines = realloc(recorded->lines,
					  recorded->room * sizeof(*recorded->lines));
		if (!recorded->lines)
			abort();
	}
	line = &recorded->lines[recorded->count++];
	*line = (struct line){ arena_strdup(recorded->arena, text),
			       arena_strdup(recorded->arena, tab + 1), number };
	return split(tab + 1, fields);
}

static int by_id(const void *one, const void *two)
{
	const struct line *a = one, *b = two;
	int order = strcmp(a->id, b->id);

	return order ? order : (a->number > b->number) - (a->number < b->number);
}

struct recorded *recorded_read(FILE *in, const char *name, int *line)
{
	struct recorded *recorded = calloc(1, sizeof(*recorded));
	char *text = NULL;
	size_t room = 0;
	ssize_t len;
	bool right = true;

	if (!recorded)
		abort();
	recorded->arena = arena_new();
	recorded->name = name;
	for (*line = 1; right && (len = getline(&text, &room, in)) >= 0; ++*line) {
		if (len && text[len - 1] == '\n')
			text[--len] = '\0';
		right = strlen(text) == (size_t)len &&
			(*text == '#' || !*text || add_line(recorded, text, *line));
	}
	free(text);
	if (right && feof(in) && !ferror(in)) {
		if (recorded->count)
			qsort(recorded->lines, recorded->count, sizeof(*recorded->lines), by_id);
		return recorded;
	}
	*line = right ? 0 : *line - 1;
	recorded_free(recorded);
	return NULL;
}

void recorded_free(struct recorded *recorded)
{
	if (!recorded)
		return;
	arena_free(recorded->arena);
	free(recorded->lines);
	free(recorded);
}

/* ---- comparing ---- */

/* A packet, by its line. */
struct moment {
	char *fields[FIELDS];
	int64_t time;
	int step;   /* of the scenario; NO_INDEX: it is from the file, or no line speaks of it */
	int number; /* of its line in the file */
};

/* One comparison, and the failure it may come to. */
struct meeting {
	const struct recorded *recorded;
	const struct plan *plan;
	struct arena *arena;
	struct moment *expected, *saw;
	size_t n_expected, n_saw;
	struct failure failure;
	struct failure_row rows[FIELDS];
	const char *notes[2];
};

static struct moment moment_of(struct arena *arena, const char *text, int step, int number)
{
	struct moment moment = { .step = step, .number = number };

	split(arena_strdup(arena, text), moment.fields);
	moment.time = strtoll(moment.fields[TIME], NULL, 10);
	return moment;
}

/* The lines of @id in the file. */
static void gather_expected(struct meeting *meeting, const char *id)
{
	const struct line *lines = meeting->recorded->lines;
	size_t low = 0, high = meeting->recorded->count, n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(lines[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (n = low; n < meeting->recorded->count && strcmp(lines[n].id, id) == 0; n++)
		;
	meeting->n_expected = n - low;
	meeting->expected = arena_alloc(meeting->arena, (n - low + 1) * sizeof(struct moment));
	for (size_t i = 0; i < meeting->n_expected; i++)
		meeting->expected[i] = moment_of(meeting->arena, lines[low + i].text, NO_INDEX,
						 lines[low + i].number);
}

static void gather_saw(struct meeting *meeting, const struct record *record)
{
	struct strbuf text = STRBUF_INIT;

	meeting->saw = arena_alloc(meeting->arena, (record->count + 1) * sizeof(struct moment));
	for (size_t i = 0; i < record->count; i++) {
		if (!has_line(&record->events[i]))
			continue;
		strbuf_clear(&text);
		line_text(meeting->plan, record, &record->events[i], &text);
		meeting->saw[meeting->n_saw++] = moment_of(meeting->arena, strbuf_text(&text),
							   record->events[i].step, 0);
	}
	strbuf_free(&text);
}

/* By how much it came later than it was recorded. */
static int64_t shift_of(const struct meeting *meeting, size_t index)
{
	return meeting->saw[index].time - meeting->expected[index].time;
}

static bool right_time(const struct meeting *meeting, size_t index)
{
	const int64_t written = meeting->plan->tolerance;

	return llabs(shift_of(meeting, index)) <= (written == NO_TOLERANCE ? 0 : written);
}

static bool right_packet(const struct meeting *meeting, size_t index)
{
	for (int i = TIME + 1; i < FIELDS; i++)
		if (strcmp(meeting->expected[index].fields[i], meeting->saw[index].fields[i]) != 0)
			return false;
	return true;
}

/* ---- telling ---- */

static void note(struct meeting *meeting, const char *text)
{
	meeting->notes[meeting->failure.n_notes++] = text;
}

static void add_row(struct meeting *meeting, enum field field, const char *expected,
		    const char *saw)
{
	meeting->rows[meeting->failure.n_rows++] =
		(struct failure_row){ field_names[field], expected, saw };
}

static const char *time_text(struct meeting *meeting, const struct moment *moment)
{
	return arena_printf(meeting->arena, "%" PRId64 " ns", moment->time);
}

/* "1 jiffy", "2.5 jiffies", "far less than a jiffy". */
static const char *in_jiffies(struct meeting *meeting, int64_t shift)
{
	const int64_t jiffy = meeting->plan->clock.jiffy, size = llabs(shift);

	if (size == jiffy)
		return "1 jiffy";
	if (size % jiffy == 0)
		return arena_printf(meeting->arena, "%" PRId64 " jiffies", size / jiffy);
	if (size < jiffy / 1000)
		return "far less than a jiffy";
	return arena_printf(meeting->arena, "%.4g jiffies", (double)size / (double)jiffy);
}

/* "1 ms (1 jiffy) later" */
static const char *shift_text(struct meeting *meeting, int64_t shift)
{
	char text[DURATION_LEN];

	return arena_printf(meeting->arena, "%s (%s) %s", format_duration(llabs(shift), text),
			    in_jiffies(meeting, shift), shift > 0 ? "later" : "earlier");
}

/* Of two kernels even the first packet may differ by some ns. What moved by a jiffy is what
 * somebody looks for. */
static void note_jump(struct meeting *meeting, size_t from)
{
	size_t end = meeting->n_saw < meeting->n_expected ? meeting->n_saw : meeting->n_expected;

	for (size_t i = from; i < end && right_packet(meeting, i); i++) {
		const struct moment *saw = &meeting->saw[i];
		const struct plan *plan = meeting->plan;

		if (llabs(shift_of(meeting, i)) < plan->clock.jiffy)
			continue;
		note(meeting, arena_printf(meeting->arena,
			"the first to move by a jiffy: %s from %s, %s; line %d", saw->fields[PACKET],
			saw->fields[FROM], shift_text(meeting, shift_of(meeting, i)),
			saw->step == NO_INDEX
				? 0 : source_line(plan->source, plan->steps[saw->step].span.start)));
		return;
	}
}

static void tell_difference(struct meeting *meeting, size_t index)
{
	const struct moment *expected = &meeting->expected[index], *saw = &meeting->saw[index];

	if (!right_time(meeting, index))
		add_row(meeting, TIME, time_text(meeting, expected), time_text(meeting, saw));
	for (enum field i = TIME + 1; i < FIELDS; i++)
		if (strcmp(expected->fields[i], saw->fields[i]) != 0)
			add_row(meeting, i, expected->fields[i], saw->fields[i]);
	note(meeting, arena_printf(meeting->arena, "times count from the beginning; line %d of %s",
				   expected->number, meeting->recorded->name));
	if (!right_packet(meeting, index)) {
		meeting->failure.message = arena_printf(
			meeting->arena, "%s has %s from %s here, saw %s from %s",
			meeting->recorded->name, expected->fields[PACKET], expected->fields[FROM],
			saw->fields[PACKET], saw->fields[FROM]);
		return;
	}
	meeting->failure.message = arena_printf(
		meeting->arena, "%s from %s came %s than in %s", saw->fields[PACKET],
		saw->fields[FROM], shift_text(meeting, shift_of(meeting, index)),
		meeting->recorded->name);
	if (llabs(shift_of(meeting, index)) < meeting->plan->clock.jiffy)
		note_jump(meeting, index + 1);
}

static void tell_surplus(struct meeting *meeting, const struct moment *saw)
{
	meeting->failure.message =
		arena_printf(meeting->arena, "%s has no more packets, saw %s from %s",
			     meeting->recorded->name, saw->fields[PACKET], saw->fields[FROM]);
	add_row(meeting, TIME, "–", time_text(meeting, saw));
}

static void tell_lack(struct meeting *meeting, const struct moment *expected)
{
	meeting->failure.message = arena_printf(
		meeting->arena, "%s has one more packet, %s from %s: it did not come",
		meeting->recorded->name, expected->fields[PACKET], expected->fields[FROM]);
	add_row(meeting, TIME, time_text(meeting, expected), "–");
	note(meeting, arena_printf(meeting->arena, "line %d of %s", expected->number,
				   meeting->recorded->name));
}

static void tell_unknown(struct meeting *meeting)
{
	meeting->failure.message = arena_printf(
		meeting->arena, "%s has no timeline of this variant", meeting->recorded->name);
	note(meeting, "`tcpscen run --record FILE` writes one");
}

/* ---- the whole ---- */

/* The failure is that of the line that speaks of the packet; else of the last. */
static void fail(struct meeting *meeting, struct record *record, int step)
{
	const struct plan *plan = meeting->plan;
	const int shown = step == NO_INDEX ? plan->n_steps - 1 : step;

	if (shown >= 0)
		meeting->failure.span = plan->steps[shown].span;
	meeting->failure.rows = meeting->rows;
	meeting->failure.notes = meeting->notes;
	record_fail(record, &meeting->failure, step);
}

static void meet(struct meeting *meeting, struct record *record)
{
	size_t i = 0;

	while (i < meeting->n_saw && i < meeting->n_expected && right_packet(meeting, i) &&
	       right_time(meeting, i))
		i++;
	if (i == meeting->n_saw && i == meeting->n_expected)
		return;
	if (i == meeting->n_saw)
		tell_lack(meeting, &meeting->expected[i]);
	else if (i == meeting->n_expected)
		tell_surplus(meeting, &meeting->saw[i]);
	else
		tell_difference(meeting, i);
	fail(meeting, record, i < meeting->n_saw ? meeting->saw[i].step : NO_INDEX);
}

bool recorded_compare(const struct recorded *recorded, const char *id, const struct plan *plan,
		      struct record *record)
{
	struct meeting meeting = { .recorded = recorded, .plan = plan, .arena = arena_new() };
	struct strbuf name = STRBUF_INIT;
	bool known;

	put_name(&name, id);
	gather_expected(&meeting, strbuf_text(&name));
	gather_saw(&meeting, record);
	known = meeting.n_expected > 0;
	if (known) {
		meet(&meeting, record);
	} else if (plan->tolerance == 0 && meeting.n_saw) {
		tell_unknown(&meeting);
		fail(&meeting, record, NO_INDEX);
	}
	strbuf_free(&name);
	arena_free(meeting.arena);
	return known;
}
