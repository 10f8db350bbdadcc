/* resolve_result: what stands behind '->'.
 *
 * Each call and question has a set of results it may have (calls.c). A word is
 * tried as each of them in turn; what is known but impossible here is told
 * apart from what nobody knows.
 */
#include "plan/resolve_internal.h"

#include "base/strbuf.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

/* One answer while it is read. */
struct reading {
	struct resolver *r;
	const struct ast_answer *answer;
	unsigned results;
	const char *name; /* of the call or question */
	size_t next;
	struct plan_result *out;
};

/* "'close' returns ok or an errno" */
static void help_results(const struct reading *reading)
{
	static const struct {
		unsigned result;
		const char *text;
	} texts[] = {
		{ MAY_OK, "ok" }, { MAY_NUMBER, "a number" }, { MAY_ZERO, "0" },
		{ MAY_DATA, "a payload" }, { MAY_EVENTS, "events (POLLIN|POLLHUP)" },
		{ MAY_FLAGS, "flags (O_RDWR|O_NONBLOCK)" },
		{ MAY_ADDRESS, "an address (HOST:PORT)" },
		{ MAY_STATE, "a state (ESTABLISHED, CLOSE-WAIT …)" },
		{ MAY_YES_NO, "yes or no" }, { MAY_ERRNO, "an errno" },
	};
	struct strbuf list = STRBUF_INIT;
	unsigned left = reading->results & ~(unsigned)(MAY_SIGPIPE | MAY_QUEUED);

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!(left & texts[i].result))
			continue;
		left &= ~texts[i].result;
		strbuf_printf(&list, "%s%s", !list.len ? "" : left ? ", " : " or ", texts[i].text);
	}
	HELP(reading->r, "'%s' returns %s", reading->name, strbuf_text(&list));
	strbuf_free(&list);
}

static bool impossible(const struct reading *reading, struct span span)
{
	FAIL(reading->r, span, "no '%s' has such a result", reading->name);
	help_results(reading);
	return false;
}

static const struct ast_value *peek(const struct reading *reading)
{
	return reading->next < reading->answer->n_values ? &reading->answer->values[reading->next]
							 : NULL;
}

static bool is_word(const struct ast_value *value, const char *text)
{
	return value && value->kind == VAL_WORD && strcmp(value->word.text, text) == 0;
}

/* ---- words ---- */

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

#define ANY_ERRNO "write the errno: ECONNREFUSED, say"

/* What other tools call a result, and what it may be here; each is said only of a call that may
 * have it. The first row that fits counts. */
static const struct {
	const char *word;
	unsigned results;
	const char *remedy;
} foreign_results[] = {
	{ "success", MAY_OK, "did you mean 'ok'?" },
	{ "succeeds", MAY_OK, "did you mean 'ok'?" },
	{ "okay", MAY_OK, "did you mean 'ok'?" },
	{ "fails", MAY_ERRNO, ANY_ERRNO },
	{ "failure", MAY_ERRNO, ANY_ERRNO },
	{ "error", MAY_EVENTS, "did you mean 'POLLERR'?" },
	{ "error", MAY_ERRNO, ANY_ERRNO },
	{ "reset", MAY_ERRNO, "write the errno: ECONNRESET" },
	{ "refused", MAY_ERRNO, "write the errno: ECONNREFUSED" },
	{ "timeout", MAY_EVENTS, "poll returns 0 then: -> 0" },
	{ "timeout", MAY_ERRNO, "write the errno: ETIMEDOUT" },
	{ "eof", MAY_DATA, "the end of the stream is a read of 0 bytes: -> 0" },
	{ "ESTAB", MAY_STATE | MAY_SOCKETS, "did you mean 'ESTABLISHED'?" },
	{ "UNCONN", MAY_STATE, "did you mean 'CLOSED'?" },
	{ "CLOSE", MAY_STATE, "did you mean 'CLOSED'?" },
	{ "true", MAY_YES_NO, "did you mean 'yes'?" },
	{ "false", MAY_YES_NO, "did you mean 'no'?" },
};

const char *foreign_result(const char *word, unsigned results)
{
	for (size_t i = 0; i < sizeof(foreign_results) / sizeof(foreign_results[0]); i++)
		if ((foreign_results[i].results & results) &&
		    strcasecmp(foreign_results[i].word, word) == 0)
			return foreign_results[i].remedy;
	return NULL;
}

/* Then no word that is near by its letters is meant. */
static bool is_foreign(const char *word)
{
	return foreign_result(word, UINT_MAX) != NULL;
}

/* The nearest of the constants with @prefix. */
static const char *nearest_constant(const char *prefix, const char *text)
{
	const char *known[CONSTANTS_MAX];

	constant_words(prefix, known, CONSTANTS_MAX);
	return nearest_word(text, known);
}

/* The nearest of the words that are nothing but results. */
static const char *nearest_plain(const char *text, unsigned results)
{
	static const struct {
		unsigned result;
		const char *word;
	} plain[] = {
		{ MAY_OK, "ok" }, { MAY_YES_NO, "yes" }, { MAY_YES_NO, "no" },
		{ MAY_SIGPIPE, "SIGPIPE" },
	};
	const char *known[sizeof(plain) / sizeof(plain[0]) + 1] = { NULL };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (results & plain[i].result)
			known[n++] = plain[i].word;
	return nearest_word(text, known);
}

/* The nearest result that is possible here, or NULL. */
static const char *nearest_result(const char *text, unsigned results)
{
	const char *nearest = NULL;

	if (results & MAY_STATE)
		nearest = nearest_word(text, state_words());
	if (!nearest && (results & MAY_STATE) && has_prefix(text, "SYN"))
		nearest = state_name(STATE_SYN_RECV);
	if (!nearest && (results & MAY_EVENTS))
		nearest = nearest_constant("POLL", text);
	if (!nearest && (results & MAY_FLAGS))
		nearest = nearest_constant("O_", text);
	if (!nearest && (results & MAY_ERRNO) && strlen(text) > 3)
		nearest = nearest_word(text, errno_words());
	return nearest ? nearest : nearest_plain(text, results);
}

/* A word that is no errno, state … at all. */
static bool unknown_result(const struct reading *reading, const struct ast_word *word)
{
	struct resolver *r = reading->r;
	const char *foreign = foreign_result(word->text, reading->results);
	const char *nearest = is_foreign(word->text) ? NULL
						     : nearest_result(word->text, reading->results);

	FAIL(r, word->span, "unknown result '%s'", word->text);
	if (foreign)
		HELP(r, "%s", foreign);
	else if (nearest)
		HELP(r, "did you mean '%s'?", nearest);
	else
		help_results(reading);
	return false;
}

/* A result the word stands for. Return: MAY_… and the number, or 0. */
static unsigned classify(const char *text, int64_t *number)
{
	int value = 0;
	unsigned result = 0;

	*number = 0;
	if (strcmp(text, "ok") == 0)
		return MAY_OK;
	if (strcmp(text, "yes") == 0 || strcmp(text, "no") == 0) {
		*number = text[0] == 'y';
		return MAY_YES_NO;
	}
	if (strcmp(text, "SIGPIPE") == 0) {
		*number = EPIPE;
		return MAY_SIGPIPE;
	}
	if (errno_by_name(text, &value))
		result = MAY_ERRNO;
	else if (state_by_name(text, &value))
		result = MAY_STATE;
	*number = value;
	if (!result && constant_by_name("POLL", text, number))
		result = MAY_EVENTS;
	if (!result && constant_by_name("O_", text, number))
		result = MAY_FLAGS;
	return result;
}

static bool result_word(struct reading *reading, const struct ast_value *value)
{
	struct plan_result *out = reading->out;
	unsigned result = classify(value->word.text, &out->number);

	if (!result)
		return unknown_result(reading, &value->word);
	if (!(reading->results & result))
		return impossible(reading, value->span);
	switch (result) {
	case MAY_OK: out->kind = RESULT_SUCCESS; break;
	case MAY_YES_NO: out->kind = RESULT_YES_NO; break;
	case MAY_STATE: out->kind = RESULT_STATE; break;
	case MAY_EVENTS:
	case MAY_FLAGS: out->kind = RESULT_EVENTS; break;
	default: out->kind = RESULT_ERRNO; break; /* SIGPIPE comes with EPIPE */
	}
	out->sigpipe = result == MAY_SIGPIPE;
	return true;
}

/* A|B: events or file status flags */
static bool result_flags(struct reading *reading, const struct ast_value *value)
{
	reading->out->kind = RESULT_EVENTS;
	if (reading->results & MAY_EVENTS)
		return read_flags(reading->r, value, "POLL", "event", &reading->out->number);
	if (reading->results & MAY_FLAGS)
		return read_flags(reading->r, value, "O_", "file status flag",
				  &reading->out->number);
	return impossible(reading, value->span);
}

/* ---- other values ---- */

static bool result_number(struct reading *reading, const struct ast_value *value)
{
	if (!(reading->results & MAY_NUMBER) &&
	    !((reading->results & MAY_ZERO) && value->number == 0))
		return impossible(reading, value->span);
	reading->out->kind = RESULT_NUMBER;
	reading->out->number = value->number;
	return true;
}

static bool result_data(struct reading *reading, const struct ast_value *value)
{
	struct plan_result *out = reading->out;

	if (!(reading->results & MAY_DATA))
		return impossible(reading, value->span);
	out->kind = RESULT_DATA;
	if (!resolve_payload(reading->r, value, &out->data, &out->data_len))
		return false;
	if (out->data_len <= WRITE_TEXT_MAX)
		return true;
	FAIL(reading->r, value->span, "at most %d bytes are compared", WRITE_TEXT_MAX);
	HELP(reading->r, "write the number: '-> %zu'", out->data_len);
	return false;
}

static bool result_address(struct reading *reading, const struct ast_value *value)
{
	if (!(reading->results & MAY_ADDRESS))
		return impossible(reading, value->span);
	reading->out->kind = RESULT_ADDRESS;
	return read_address(reading->r, value, true, &reading->out->address);
}

static bool result_value(struct reading *reading, const struct ast_value *value)
{
	switch (value->kind) {
	case VAL_WORD: return result_word(reading, value);
	case VAL_FLAGS: return result_flags(reading, value);
	case VAL_NUMBER: return result_number(reading, value);
	case VAL_STRING:
	case VAL_BYTES:
	case VAL_HEX: return result_data(reading, value);
	case VAL_ENDPOINT: return result_address(reading, value);
	case VAL_DURATION: return impossible(reading, value->span);
	}
	return false;
}

/* ---- what may follow ---- */

/* queued ERRNO [icmp TYPE CODE] */
static bool result_queued(struct reading *reading)
{
	const struct ast_value *value = peek(reading);
	struct resolver *r = reading->r;
	struct span here = value ? value->span : reading->answer->span;

	if (!value || value->kind != VAL_WORD) {
		FAIL(r, here, "'queued' needs an errno");
		HELP(r, "as in '-> 0 queued ECONNREFUSED icmp 3 3'");
		return false;
	}
	reading->next++;
	if (!errno_by_name(value->word.text, &reading->out->queued_errno))
		return unknown_word(r, &value->word, "errno", errno_words(), NULL);
	if (!is_word(peek(reading), "icmp"))
		return true;
	here = peek(reading)->span;
	reading->next++;

	int *numbers[] = { &reading->out->icmp_type, &reading->out->icmp_code };

	for (int i = 0; i < 2; i++, reading->next++) {
		value = peek(reading);
		if (!value || value->kind != VAL_NUMBER) {
			FAIL(r, value ? value->span : here, "'icmp' needs a type and a code");
			HELP(r, "as in 'icmp 3 3'");
			return false;
		}
		if (!in_range(r, value->span, i ? "an ICMP code" : "an ICMP type", value->number, 0,
			      UINT8_MAX))
			return false;
		*numbers[i] = (int)value->number;
	}
	return true;
}

/* As strace writes a failed call: -1 ECONNRESET */
static bool begins_with_minus_one(const struct ast_answer *answer)
{
	return answer->values[0].kind == VAL_NUMBER && answer->values[0].number == -1;
}

/* SIGPIPE · queued … behind the first value */
static bool result_tail(struct reading *reading)
{
	const struct ast_value *value = peek(reading);

	if (is_word(value, "queued") && (reading->results & MAY_QUEUED)) {
		reading->next++;
		return result_queued(reading);
	}
	if (is_word(value, "SIGPIPE") && (reading->results & MAY_SIGPIPE) &&
	    reading->out->kind == RESULT_ERRNO && !reading->out->sigpipe) {
		reading->next++;
		reading->out->sigpipe = true;
		return true;
	}
	if (is_word(value, "SIGPIPE") && (reading->results & MAY_SIGPIPE)) {
		FAIL(reading->r, value->span, "SIGPIPE comes with an errno");
		HELP(reading->r, "write '-> EPIPE SIGPIPE'");
		return false;
	}
	FAIL(reading->r, value->span, "a call has one result");
	if (begins_with_minus_one(reading->answer))
		HELP(reading->r, "an errno alone says that the call fails");
	else
		help_results(reading);
	return false;
}

/* >= and the like: only of numbers */
static bool check_compare(const struct reading *reading)
{
	if (!reading->answer->has_compare || reading->out->kind == RESULT_NUMBER)
		return true;
	FAIL(reading->r, reading->answer->values[0].span, "only numbers are compared");
	HELP(reading->r, "write the result without the comparison");
	return false;
}

/* Commas, ranges and tolerances stand in answers of questions only. */
static bool check_plain(struct resolver *r, const struct ast_answer *answer)
{
	for (size_t i = 0; i < answer->n_values; i++) {
		const struct ast_value *value = &answer->values[i];
		const char *what = value->comma		 ? "a comma"
				   : value->has_high	 ? "a range"
				   : value->has_tolerance ? "a tolerance"
				   : i && value->has_compare ? "a second comparison" : NULL;

		if (!what)
			continue;
		FAIL(r, value->span, "%s does not belong to this result", what);
		return false;
	}
	return true;
}

bool resolve_result(struct resolver *r, const struct ast_answer *answer, unsigned results,
		    const char *name, struct plan_result *out)
{
	struct reading reading = { r, answer, results, name, 0, out };

	if (!check_plain(r, answer))
		return false;
	out->span = answer->span;
	out->compare = answer->has_compare ? answer->compare : CMP_EQ;
	if (is_word(peek(&reading), "queued") && (results & MAY_QUEUED)) {
		out->kind = RESULT_SUCCESS;
	} else {
		reading.next = 1;
		if (!result_value(&reading, &answer->values[0]) || !check_compare(&reading))
			return false;
	}
	while (peek(&reading))
		if (!result_tail(&reading))
			return false;
	return true;
}
