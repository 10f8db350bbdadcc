/* resolve_ask: questions, and what stands behind their '->'.
 *
 * `state`, `error` and `readable` answer like calls (resolve_result.c). What the kernel
 * tells in numbers is held against ranges: every comparison, tolerance and range becomes
 * one here, and the engine only looks whether a number lies in it.
 */
#include "plan/resolve_internal.h"

#include "plan/counters.h"
#include "plan/tcp_info.h"

#include <string.h>

/* ---- what is asked about ---- */

/* Told by the kernel, not by a call of the host's. */
static bool is_of_connection(enum question_id id)
{
	return id == ASK_STATE || id == ASK_TIMER || id == ASK_QUEUES || id == ASK_INFO;
}

static bool is_of_host(enum question_id id)
{
	return id == ASK_SOCKETS || id == ASK_COUNTER;
}

/* What the question is about: `on` a socket or a connection; else the main connection once it
 * has begun (what the kernel tells only), else the newest socket. */
static bool question_subject(struct resolver *r, const struct ast_line *line,
			     struct plan_question *question)
{
	bool connection = is_of_connection(question->id);

	question->socket = question->flow = NO_INDEX;
	question->named = line->on.text != NULL;
	if (is_of_host(question->id)) {
		if (!question->named)
			return true;
		FAIL(r, line->on.span, "'%s' is about %s", question_name(question->id),
		     question->id == ASK_SOCKETS ? "all sockets of a host" : "a host as a whole");
		HELP(r, "write it without 'on'; of one socket, ask '%s'",
		     question->id == ASK_SOCKETS ? "state" : "info");
		return false;
	}
	if (question->named && connection)
		question->flow = find_flow(r, line->on.text);
	if (question->flow != NO_INDEX)
		return true;
	if (question->named) {
		question->socket = named_socket(r, &line->on, question->host);
		return question->socket != NO_INDEX;
	}
	question->socket = r->scope.newest_socket[question->host];
	if (connection)
		question->flow = r->scope.main_flow;
	if (question->socket == NO_INDEX && question->flow == NO_INDEX)
		no_socket(r, line, question->host);
	return question->socket != NO_INDEX || question->flow != NO_INDEX;
}

/* "did you mean 'snd_mss' or 'rcv_mss'?": the names that @part is a part of.
 * @name: of each number from 0, then NULL   @otherwise: there are none, or too many */
static const char *names_with(const struct resolver *r, const char *(*name)(int), const char *part,
			      const char *otherwise)
{
	enum { SHORTEST = 3, MOST = 4 };
	const char *help = "did you mean";
	int n = 0;

	for (int i = 0; strlen(part) >= SHORTEST && name(i); i++)
		if (strcasestr(name(i), part) && n++ < MOST)
			help = arena_printf(r->arena, "%s%s '%s'", help, n > 1 ? " or" : "", name(i));
	return n == 0 || n > MOST ? otherwise : arena_printf(r->arena, "%s?", help);
}

static bool find_field(struct resolver *r, const struct ast_word *written, int *field)
{
	struct ast_word word = *written;

	*field = tcp_info_by_name(word.text);
	if (*field != NO_INDEX)
		return true;
	if (strncmp(word.text, "tcpi_", 5) == 0)
		word.text += 5;
	return unknown_word(r, &word, "field of tcp_info", tcp_info_words(),
			    names_with(r, tcp_info_name, word.text,
				       "the names are those of struct tcp_info in linux/tcp.h"));
}

#define COUNTERS "the names are those that 'nstat -az' shows of Ip, Icmp, Tcp, TcpExt and IpExt"

/* What the kernel shows beside the counters that can be asked for: a name that is near it is not
 * meant. Return: the remedy; NULL: @text is nothing like that. */
static const char *no_counter(const char *text)
{
	static const char setting[] = "it is a setting, it does not count";
	static const char now[] = "it does not count; 'sockets' tells which connections there are";
	static const struct {
		const char *prefix, *help;
	} others[] = {
		{ "IcmpMsg", COUNTERS }, { "Icmp6", COUNTERS }, { "Ip6", COUNTERS },
		{ "Udp", COUNTERS }, { "MPTcp", COUNTERS },
		{ "IpForwarding", setting }, { "Forwarding", setting },
		{ "IpDefaultTTL", setting }, { "DefaultTTL", setting },
		{ "TcpRto", setting }, { "Rto", setting },
		{ "TcpMaxConn", setting }, { "MaxConn", setting },
		{ "TcpCurrEstab", now }, { "CurrEstab", now },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strncmp(text, others[i].prefix, strlen(others[i].prefix)) == 0)
			return others[i].help;
	return NULL;
}

/* "write 'IcmpInCsumErrors', 'TcpInCsumErrors' or …": the counters that are called @text. */
static const char *counters_called(const struct resolver *r, const char *text)
{
	int counter = counter_by_name(text, NO_INDEX), next;
	const char *help = "write", *comma = "";

	for (; counter != NO_INDEX; counter = next) {
		next = counter_by_name(text, counter);
		help = arena_printf(r->arena, "%s%s '%s'", help,
				    *comma && next == NO_INDEX ? " or" : comma,
				    counter_full_name(counter));
		comma = ",";
	}
	return help;
}

static bool find_counter(struct resolver *r, const struct ast_word *word, int *counter)
{
	const char *why = no_counter(word->text);

	*counter = counter_by_name(word->text, NO_INDEX);
	if (*counter == NO_INDEX && !why)
		return unknown_word(r, word, "counter", counter_words(),
				    names_with(r, counter_name, word->text, COUNTERS));
	if (*counter == NO_INDEX) {
		FAIL(r, word->span, "unknown counter '%s'", word->text);
		HELP(r, "%s", why);
		return false;
	}
	if (counter_by_name(word->text, *counter) == NO_INDEX)
		return true;
	FAIL(r, word->span, "there are several counters '%s'", word->text);
	HELP(r, "%s", counters_called(r, word->text));
	return false;
}

/* info FIELD, counter NAME; no other question has an argument. */
static bool question_argument(struct resolver *r, const struct ast_line *line,
			      struct plan_question *question)
{
	const struct ast_value *first = line->n_values ? &line->values[0] : NULL;
	bool info = question->id == ASK_INFO, takes = info || question->id == ASK_COUNTER;

	question->field = question->counter = NO_INDEX;
	if (line->n_values > (takes ? 1 : 0)) {
		FAIL(r, line->values[takes].span, "'%s' has no such argument",
		     question_name(question->id));
		HELP(r, "its answer stands behind '->'");
		return false;
	}
	if (!takes)
		return true;
	if (first && first->kind == VAL_WORD)
		return info ? find_field(r, &first->word, &question->field)
			    : find_counter(r, &first->word, &question->counter);
	FAIL(r, first ? first->span : line->key.span, "'%s' needs %s", question_name(question->id),
	     info ? "a field of tcp_info" : "the name of a counter");
	HELP(r, "%s", info ? "as in 'info snd_cwnd -> 10'; the names are those of linux/tcp.h"
			   : "as in 'counter ListenOverflows -> 1'; " COUNTERS);
	return false;
}

static bool may_go_unanswered(enum question_id id)
{
	return id == ASK_TIMER || id == ASK_QUEUES || id == ASK_INFO || is_of_host(id);
}

static bool check_question(struct resolver *r, const struct ast_line *line, enum question_id id)
{
	const char *name = question_name(id);
	bool ok = true;

	if (line->other.text) {
		FAIL(r, line->other.span, "'%s' is a question, it needs no caller", name);
		HELP(r, "write '%s: %s'", line->word.text, name);
		ok = false;
	}
	if (!line->answer.written && !may_go_unanswered(id)) {
		FAIL(r, line->key.span, "'%s' is a question, it needs an answer", name);
		HELP(r, "write '-> ESTABLISHED', '-> 0', '-> yes' or the like behind it");
		return false;
	}
	if (line->as.text) {
		FAIL(r, line->as.span, "'%s' makes no socket to be named", name);
		HELP(r, "'on NAME' says what is asked about");
		ok = false;
	}
	return ok;
}

/* Questions that take a call have a caller of their own, so that they can be asked while the
 * host's callers sleep in theirs. No line can name it. */
static int questioner(struct resolver *r, const struct ast_line *line, int host)
{
	return find_caller(r, host, "?", line->key.span);
}

void resolve_question(struct resolver *r, const struct ast_line *line, int host,
		      enum question_id id)
{
	struct plan_step step = new_step(STEP_ASK, line->span);
	struct plan_question *question = arena_alloc(r->arena, sizeof(*question));
	bool ok = check_question(r, line, id);

	*question = (struct plan_question){ .id = id, .host = host };
	ok &= question_argument(r, line, question);
	if (!line->answer.written && !may_go_unanswered(id))
		return;
	ok &= resolve_time_of_answer(r, line, &step.time);
	step.answered = line->answer.written;
	if (step.answered && (ok || (id != ASK_INFO && id != ASK_COUNTER)))
		ok &= resolve_ask_result(r, &line->answer, question, &step.result);
	if (!question_subject(r, line, question) || !ok)
		return;
	if (id == ASK_ERROR || id == ASK_READABLE) {
		step.caller = questioner(r, line, host);
		if (step.caller == NO_INDEX)
			return;
	}
	step.question = question;
	add_step(r, &step);
}

/* ---- answers ---- */

/* One answer while it is read. */
struct reading {
	struct resolver *r;
	const struct ast_answer *answer;
	const char *name;
	const char *usage; /* as in '…' */
	size_t next;
	struct plan_result *out;
};

static const struct ast_value *peek(const struct reading *reading)
{
	return reading->next < reading->answer->n_values ? &reading->answer->values[reading->next]
							 : NULL;
}

static struct span here(const struct reading *reading)
{
	return peek(reading) ? peek(reading)->span : reading->answer->span;
}

static bool wrong(const struct reading *reading, const char *what)
{
	FAIL(reading->r, here(reading), "%s", what);
	HELP(reading->r, "as in '%s'", reading->usage);
	return false;
}

static bool at_end(const struct reading *reading)
{
	return !peek(reading) || wrong(reading, "nothing more belongs to this answer");
}

/* @number as it is compared: from the lowest number that holds to the highest. */
static struct plan_range compared(enum compare compare, int64_t number)
{
	struct plan_range range = { .written = true, .low = INT64_MIN, .high = INT64_MAX };

	switch (compare) {
	case CMP_EQ: range.low = range.high = number; break;
	case CMP_NE: range.not = true; range.low = range.high = number; break;
	case CMP_GE: range.low = number; break;
	case CMP_LE: range.high = number; break;
	case CMP_GT: range.low = number + 1; break;
	case CMP_LT: range.high = number - 1; break;
	}
	return range;
}

/* "write '< 1ms'": what holds of the same whole numbers, or lies nearest. */
static const char *whole_remedy(const struct reading *reading, const struct ast_value *value,
				int64_t limit, int64_t unit)
{
	static const char *const signs[] = {
		[CMP_EQ] = "== ", [CMP_NE] = "!= ", [CMP_GE] = ">= ", [CMP_LE] = "<= ",
		[CMP_GT] = "> ", [CMP_LT] = "< ",
	};
	struct arena *arena = reading->r->arena;
	enum compare compare = value->has_compare ? value->compare : CMP_EQ;
	const char *sign = value->has_compare ? signs[compare] : "";
	const char *name = unit == 1000 ? "us" : "ms";
	long long below = value->number / unit, above = below + (value->number % unit != 0);
	long long high = value->high / unit, beyond = high + (value->high % unit != 0);

	if (above > limit)
		above = below;
	if (value->has_high && above <= high)
		return arena_printf(arena, "%lld%s..%lld%s", above, name, high, name);
	if (value->has_high)
		return arena_printf(arena, "%lld%s..%lld%s", below, name,
				    beyond > limit ? high : beyond, name);
	if (compare == CMP_GE || compare == CMP_LT)
		return arena_printf(arena, "%s%lld%s", sign, above, name);
	if (compare == CMP_LE || compare == CMP_GT)
		return arena_printf(arena, "%s%lld%s", sign, below, name);
	if (above == below)
		return arena_printf(arena, "%s%lld%s", sign, below, name);
	return arena_printf(arena, "%s%lld%s' or '%s%lld%s", sign, below, name, sign, above, name);
}

/* The kernel counts this field in whole @unit ns: what lies between two of them is never there. */
static bool is_whole(const struct reading *reading, const struct ast_value *value, int64_t limit,
		     int64_t unit)
{
	if (value->number % unit == 0 && (!value->has_high || value->high % unit == 0))
		return true;
	FAIL(reading->r, value->span, "%s is counted in whole %s", reading->name,
	     unit == 1000 ? "microseconds" : "milliseconds");
	HELP(reading->r, "write '%s'", whole_remedy(reading, value, limit, unit));
	return false;
}

/* [ COMPARE ] N | N..M, also of durations, from 0 to @limit, in units of @unit ns when it is a duration. */
static bool read_range(struct reading *reading, const char *what, int64_t limit, int64_t unit,
		       struct plan_range *out)
{
	const struct ast_value *value = peek(reading);
	bool duration = value && value->kind == VAL_DURATION && unit;
	struct resolver *r = reading->r;

	if (!value || value->comma || (value->kind != VAL_NUMBER && !duration))
		return wrong(reading, what);
	if (value->has_tolerance)
		return wrong(reading, "a tolerance is that of a timer's time");

	int64_t number = duration ? value->number / unit : value->number;
	int64_t end = duration ? value->high / unit : value->high;

	if (!in_range(r, value->span, reading->name, number, 0, limit) ||
	    (value->has_high && !in_range(r, value->span, reading->name, end, 0, limit)))
		return false;
	if (value->has_high && (value->has_compare || value->high < value->number))
		return wrong(reading, "a range is from the lowest to the highest: N..M");
	if (duration && !is_whole(reading, value, limit, unit))
		return false;
	if (value->has_compare && ((value->compare == CMP_GT && number == limit) ||
				   (value->compare == CMP_LT && number == 0))) {
		FAIL(r, value->span, "no answer can be like that");
		HELP(r, "%s is from 0 to %lld", reading->name, (long long)limit);
		return false;
	}
	*out = compared(value->has_compare ? value->compare : CMP_EQ, number);
	if (value->has_high)
		out->high = end;
	reading->next++;
	return true;
}

#define STATES "the states are LISTEN, SYN-SENT, ESTABLISHED, CLOSE-WAIT ..."

/* @results: MAY_…, for the words of other tools. @otherwise: the remedy if no word is near. */
static bool unknown_state(const struct reading *reading, const char *const *known, unsigned results,
			  const char *otherwise)
{
	const struct ast_word *word = &peek(reading)->word;
	const char *foreign = foreign_result(word->text, results);

	if (!foreign)
		return unknown_word(reading->r, word, "state", known, otherwise);
	FAIL(reading->r, word->span, "unknown state '%s'", word->text);
	HELP(reading->r, "%s", foreign);
	return false;
}

/* ---- timer -> on [COMPARE] [DURATION [+-D | ..D]] [N retransmissions] ---- */

static const char *const timers[N_TIMERS + 1] = {
	[TIMER_OFF] = "off", [TIMER_ON] = "on", [TIMER_KEEPALIVE] = "keepalive",
	[TIMER_TIMEWAIT] = "timewait", [TIMER_PERSIST] = "persist", [TIMER_DELACK] = "delack",
};

const char *timer_name(int timer)
{
	return timer >= 0 && timer < N_TIMERS ? timers[timer] : NULL;
}

/* The kernel reckons in jiffies; and on a busy machine the question may come late. */
static bool read_time_left(struct reading *reading)
{
	const struct ast_value *value = peek(reading);
	struct plan_range *out = &reading->out->ranges[0];
	const struct plan_clock *clock = &reading->r->plan->clock;
	int64_t early = clock->jiffy, late = clock->jiffy + clock->noise;

	if (!duration_ok(reading->r, value->span, value->number) ||
	    (value->has_tolerance && !duration_ok(reading->r, value->span, value->tolerance)))
		return false;
	*out = compared(value->has_compare ? value->compare : CMP_EQ, value->number);
	if (value->has_high && (value->has_compare || value->high < value->number))
		return wrong(reading, "a range is from the lowest to the highest: N..M");
	reading->next++;
	if (value->has_high) {
		out->high = value->high;
		return duration_ok(reading->r, value->span, value->high);
	}
	if (value->has_compare && !value->has_tolerance)
		return true;
	if (value->has_compare) {
		reading->next--;
		return wrong(reading, "what is compared has no tolerance");
	}
	if (value->has_tolerance || reading->r->plan->tolerance != NO_TOLERANCE)
		early = late = value->has_tolerance ? value->tolerance : reading->r->plan->tolerance;
	out->low = value->number - late; /* less is left when the question comes late */
	out->high = value->number + early;
	return true;
}

static bool is_retransmissions(const struct ast_value *value)
{
	return value && value->kind == VAL_WORD &&
	       (strcmp(value->word.text, "retransmissions") == 0 ||
		strcmp(value->word.text, "retransmission") == 0);
}

static bool read_timer(struct reading *reading)
{
	static const char what[] = "'timer' answers off, on, keepalive, timewait, persist or delack";
	const struct ast_value *value = peek(reading);
	int timer = 0;

	if (value->kind != VAL_WORD || value->has_compare)
		return wrong(reading, what);
	while (timer < N_TIMERS && strcmp(timers[timer], value->word.text) != 0)
		timer++;
	if (timer == N_TIMERS)
		return unknown_word(reading->r, &value->word, "timer", timers, what);
	reading->out->kind = RESULT_TIMER;
	reading->out->number = timer;
	reading->next++;
	value = peek(reading);
	if (value && timer == TIMER_OFF)
		return wrong(reading, "a timer that is off has no time left");
	if (value && value->kind == VAL_DURATION && !value->comma && !read_time_left(reading))
		return false;
	value = peek(reading);
	if (value && value->kind == VAL_NUMBER) {
		if (!read_range(reading, "", UINT8_MAX, 0, &reading->out->ranges[1]))
			return false;
		if (!is_retransmissions(peek(reading)))
			return wrong(reading, "a number is one of retransmissions, a time needs a unit");
		reading->next++;
	}
	return at_end(reading);
}

/* ---- queues -> RECVQ SENDQ ---- */

static bool read_queues(struct reading *reading)
{
	static const char what[] = "'queues' answers two numbers: Recv-Q and Send-Q";

	reading->out->kind = RESULT_QUEUES;
	for (int i = 0; i < RESULT_RANGES; i++)
		if (!read_range(reading, what, UINT32_MAX, 0, &reading->out->ranges[i]))
			return false;
	return at_end(reading);
}

/* ---- info FIELD -> N | N..M | a word ---- */

static bool read_info_word(struct reading *reading, enum tcp_info_words kind)
{
	const struct ast_value *value = peek(reading);
	int state = 0;
	int64_t number = 0;
	bool known = kind == INFO_STATE ? state_by_name(value->word.text, &state)
					: ca_state_by_name(value->word.text, &number);

	if (!known && kind == INFO_STATE)
		return unknown_state(reading, state_words(), MAY_STATE, STATES);
	if (!known)
		return unknown_state(reading, ca_state_words(), 0,
				     "Open, Disorder, CWR, Recovery or Loss");
	if (kind == INFO_STATE)
		number = state;
	if (value->has_compare && value->compare != CMP_EQ && value->compare != CMP_NE)
		return wrong(reading, "states are not compared, but with '==' and '!='");
	reading->out->ranges[0] = compared(value->has_compare ? value->compare : CMP_EQ, number);
	reading->next++;
	return true;
}

static bool read_info(struct reading *reading, int field)
{
	enum tcp_info_words kind = tcp_info_kind(field);
	const struct ast_value *value = peek(reading);
	bool ok;

	reading->out->kind = RESULT_INFO;
	reading->name = tcp_info_name(field);
	if (value->kind == VAL_WORD && kind != INFO_NUMBER)
		ok = read_info_word(reading, kind);
	else if (value->kind == VAL_DURATION && !tcp_info_unit(field))
		ok = wrong(reading, "this field is a number, no time");
	else
		ok = read_range(reading, "this field is a number", tcp_info_limit(field),
				tcp_info_unit(field), &reading->out->ranges[0]);
	return ok && at_end(reading);
}

/* ---- sockets -> N | STATE [xN], … ---- */

/* "x2" behind a state. Return: 0 when it is something else. */
static int64_t times(const struct ast_value *value)
{
	int64_t number = 0;

	if (!value || value->kind != VAL_WORD || value->comma || value->word.text[0] != 'x')
		return 0;
	for (const char *at = value->word.text + 1; *at; at++) {
		if (*at < '0' || *at > '9' || number > UINT16_MAX)
			return 0;
		number = 10 * number + (*at - '0');
	}
	return number;
}

/* The states that a socket may be told in: all but CLOSED. */
static const char *const *told_states(const char *words[N_STATES])
{
	int n = 0;

	for (int state = STATE_ESTABLISHED; state < N_STATES; state++)
		if (state != STATE_CLOSED)
			words[n++] = state_name(state);
	words[n] = NULL;
	return words;
}

static bool read_state_count(struct reading *reading, int counts[N_STATES])
{
	const struct ast_value *value = peek(reading);
	const char *words[N_STATES];
	int state;

	if (value->kind != VAL_WORD || value->has_compare)
		return wrong(reading, "'sockets' answers a number, or the states of all sockets");
	if (!state_by_name(value->word.text, &state))
		return unknown_state(reading, told_states(words), MAY_SOCKETS, STATES);
	if (state == STATE_CLOSED) {
		FAIL(reading->r, value->span, "a socket in CLOSED is not among them");
		HELP(reading->r, "the kernel tells connections and listeners; none is '-> 0'");
		return false;
	}
	if (counts[state]) {
		FAIL(reading->r, value->span, "%s stands here twice", value->word.text);
		HELP(reading->r, "write '%s x2'", value->word.text);
		return false;
	}
	reading->next++;
	counts[state] = (int)times(peek(reading));
	if (counts[state])
		reading->next++;
	else
		counts[state] = 1;
	if (peek(reading) && !peek(reading)->comma)
		return wrong(reading, "a comma stands between the states");
	return true;
}

static bool read_sockets(struct reading *reading)
{
	int *counts;

	reading->out->kind = RESULT_SOCKETS;
	if (peek(reading)->kind == VAL_NUMBER)
		return read_range(reading, "", UINT16_MAX, 0, &reading->out->ranges[0]) &&
		       at_end(reading);
	counts = arena_alloc(reading->r->arena, N_STATES * sizeof(*counts));
	memset(counts, 0, N_STATES * sizeof(*counts));
	reading->out->counts = counts;
	while (peek(reading))
		if (!read_state_count(reading, counts))
			return false;
	return true;
}

/* ---- counter NAME -> N | N..M ---- */

static bool read_counter(struct reading *reading, int counter)
{
	reading->out->kind = RESULT_COUNTER;
	reading->name = counter_name(counter);
	return read_range(reading, "a counter is a number", INT64_MAX, 0,
			  &reading->out->ranges[0]) &&
	       at_end(reading);
}

/* ---- the whole ---- */

bool resolve_ask_result(struct resolver *r, const struct ast_answer *answer,
			const struct plan_question *question, struct plan_result *out)
{
	static const char *const usages[N_QUESTIONS] = {
		[ASK_TIMER] = "timer -> on <= 200ms 1 retransmission",
		[ASK_QUEUES] = "queues -> 0 >= 1000",
		[ASK_INFO] = "info snd_cwnd -> 10..20",
		[ASK_SOCKETS] = "sockets -> LISTEN, ESTABLISHED x2",
		[ASK_COUNTER] = "counter ListenOverflows -> 1",
	};
	struct reading reading = {
		.r = r, .answer = answer, .name = question_name(question->id),
		.usage = usages[question->id], .out = out,
	};

	out->span = answer->span;
	switch (question->id) {
	case ASK_TIMER:
		return read_timer(&reading);
	case ASK_QUEUES:
		return read_queues(&reading);
	case ASK_INFO:
		return read_info(&reading, question->field);
	case ASK_SOCKETS:
		return read_sockets(&reading);
	case ASK_COUNTER:
		return read_counter(&reading, question->counter);
	case ASK_STATE:
	case ASK_ERROR:
	case ASK_READABLE:
	case N_QUESTIONS:
		break;
	}
	return resolve_result(r, answer, question_results(question->id), reading.name, out);
}
