/* resolve_program: the lines that start a program, speak to it and wait for it.
 *
 * A command is split into words like a shell does it, with quotes and backslashes, but
 * nothing is expanded; what only a shell can do is refused, for `sh -c '…'` can be written.
 */
#include "plan/resolve_internal.h"

#include "base/strbuf.h"
#include "plan/program_names.h"

#include <string.h>

/* One line while it is read. */
struct program_line {
	struct resolver *r;
	const struct ast_line *line;
	const struct program_verb *verb;
	struct plan_step *step;
	struct plan_deed *deed;
};

struct program_verb {
	const char *word;
	enum step_kind kind;
	bool answers;       /* needs a result, or takes none */
	bool (*read)(struct program_line *at);
	const char *usage;
};

static void help_usage(const struct program_line *at)
{
	HELP(at->r, "write '%s: %s'", at->line->word.text, at->verb->usage);
}

static bool is_word(const struct ast_value *value, const char *text)
{
	return value->kind == VAL_WORD && strcmp(value->word.text, text) == 0;
}

/* The line's only argument, or NULL after an error. @what: "a command" */
static const struct ast_value *only_argument(const struct program_line *at, const char *what)
{
	const struct ast_line *line = at->line;

	if (line->n_values == 1)
		return &line->values[0];
	if (line->n_values == 0)
		FAIL(at->r, line->key.span, "'%s' needs %s", line->key.text, what);
	else
		FAIL(at->r, line->values[1].span, "'%s' has no such argument", line->key.text);
	help_usage(at);
	return NULL;
}

static bool no_arguments(const struct program_line *at)
{
	if (at->line->n_values == 0)
		return true;
	FAIL(at->r, at->line->values[0].span, "'%s' has no such argument", at->line->key.text);
	help_usage(at);
	return false;
}

/* ---- commands ---- */

/* A command while it is split. */
struct splitter {
	struct resolver *r;
	const struct ast_value *value;
	const char *at, *end;
	struct strbuf word;
	bool in_word;
	const char **argv;
	size_t argc;
};

static bool split_fail(struct splitter *split, const char *message, const char *help)
{
	FAIL(split->r, split->value->span, "%s", message);
	HELP(split->r, "%s", help);
	return false;
}

static void end_word(struct splitter *split)
{
	if (!split->in_word)
		return;
	split->argv = arena_grow(split->r->arena, split->argv, split->argc, sizeof(*split->argv));
	split->argv[split->argc++] = arena_strdup(split->r->arena, strbuf_text(&split->word));
	strbuf_clear(&split->word);
	split->in_word = false;
}

/* '…' or "…"; the opening quote is taken. In double quotes a backslash saves " and \. */
static bool split_quoted(struct splitter *split, char quote)
{
	split->in_word = true;
	for (; split->at < split->end && *split->at != quote; split->at++) {
		if (quote == '"' && *split->at == '\\' && split->at + 1 < split->end &&
		    (split->at[1] == '"' || split->at[1] == '\\'))
			split->at++;
		strbuf_addch(&split->word, *split->at);
	}
	if (split->at == split->end)
		return split_fail(split, "a quote in the command is never closed",
				  "close it, or write \\' for a quote itself");
	split->at++;
	return true;
}

static bool split_shell(struct splitter *split, char ch)
{
	FAIL(split->r, split->value->span, "'%c' in a command is for a shell, and none reads it",
	     ch);
	if (ch == '$')
		HELP(split->r, "a parameter is the NAME of a line 'for NAME in VALUE, VALUE'; for a shell's "
			       "own: run \"sh -c '…'\"");
	else
		HELP(split->r, "quote it, or let a shell run: run \"sh -c '…'\"");
	return false;
}

static bool split_words(struct splitter *split)
{
	while (split->at < split->end) {
		char ch = *split->at++;

		if (ch == '\'' || ch == '"') {
			if (!split_quoted(split, ch))
				return false;
		} else if (ch == ' ' || ch == '\t' || ch == '\n') {
			end_word(split);
		} else if (ch == '\0') {
			return split_fail(split, "a command cannot hold a NUL byte",
					  "no program can be given one");
		} else if (strchr("|&;<>$`", ch)) {
			return split_shell(split, ch);
		} else {
			if (ch == '\\' && split->at < split->end)
				ch = *split->at++;
			split->in_word = true;
			strbuf_addch(&split->word, ch);
		}
	}
	end_word(split);
	return true;
}

/* Return: the words, NULL-terminated, or NULL after an error. */
static const char *const *read_command(struct resolver *r, const struct ast_value *value)
{
	struct splitter split = {
		.r = r, .value = value, .at = value->data, .end = value->data + value->len,
		.word = STRBUF_INIT,
	};
	bool ok = split_words(&split);

	if (ok && (!split.argc || !split.argv[0][0]))
		ok = split_fail(&split, "the command is empty", "as in 'run \"nc server 8080\"'");
	strbuf_free(&split.word);
	if (!ok)
		return NULL;
	split.argv = arena_grow(r->arena, split.argv, split.argc, sizeof(*split.argv));
	split.argv[split.argc] = NULL;
	return split.argv;
}

/* ---- which program ---- */

static int find_program(const struct resolver *r, int host, const char *name)
{
	for (int i = 0; i < r->scope.n_programs; i++) {
		const struct plan_program *program = &r->scope.programs[i];

		if (program->host == host && program->name && strcmp(program->name, name) == 0)
			return i;
	}
	return NO_INDEX;
}

/* `on NAME`, else the host's newest. Return: NO_INDEX after an error. */
static int acting_program(const struct program_line *at, int host)
{
	struct resolver *r = at->r;
	const struct ast_word *on = &at->line->on;
	const char *known[PLAN_PROGRAMS_MAX + 1];
	int found = r->scope.newest_program[host], n = 0;

	if (on->text)
		found = find_program(r, host, on->text);
	if (found != NO_INDEX || r->scope.program_unsure[host])
		return found;
	for (int i = 0; i < r->scope.n_programs; i++)
		if (r->scope.programs[i].host == host && r->scope.programs[i].name)
			known[n++] = r->scope.programs[i].name;
	known[n] = NULL;
	if (on->text) {
		unknown_word(r, on, "program", known,
			     "a program is named where it is run: 'run \"…\" as NAME'");
		return NO_INDEX;
	}
	FAIL(r, at->line->key.span, "%s runs no program yet", host_name(r, host));
	HELP(r, "begin with '%s: run \"nc server 8080\"', say", host_name(r, host));
	return NO_INDEX;
}

/* ---- the lines ---- */

/* run "COMMAND" [as NAME] */
static bool read_run(struct program_line *at)
{
	struct resolver *r = at->r;
	struct scope *scope = &r->scope;
	const struct ast_value *value = only_argument(at, "a command");
	const struct ast_word *as = &at->line->as;
	int host = at->deed->host;
	const char *const *argv;

	if (!value)
		return false;
	if (value->kind != VAL_STRING) {
		FAIL(r, value->span, "a command is a string");
		help_usage(at);
		return false;
	}
	if (as->text && find_program(r, host, as->text) != NO_INDEX) {
		FAIL(r, as->span, "%s has a program '%s' already", host_name(r, host), as->text);
		HELP(r, "give this one another name");
		return false;
	}
	if (scope->n_programs == PLAN_PROGRAMS_MAX) {
		FAIL(r, at->line->key.span, "a scenario runs at most %d programs",
		     PLAN_PROGRAMS_MAX);
		return false;
	}
	argv = read_command(r, value);
	if (!argv)
		return false;
	scope->programs[scope->n_programs] = (struct plan_program){
		.host = host, .name = as->text ? arena_strdup(r->arena, as->text) : NULL,
		.argv = argv, .span = value->span,
	};
	scope->newest_program[host] = scope->n_programs;
	at->deed->program = scope->n_programs++;
	return true;
}

/* stdin PAYLOAD | stdin end */
static bool read_stdin(struct program_line *at)
{
	const struct ast_value *value = only_argument(at, "a text, or 'end'");
	struct plan_deed *deed = at->deed;

	if (!value)
		return false;
	if (is_word(value, "end"))
		return true;
	if (value->kind == VAL_STRING || value->kind == VAL_HEX || value->kind == VAL_BYTES)
		return resolve_payload(at->r, value, &deed->data, &deed->data_len);
	FAIL(at->r, value->span, "standard input is given a text, bytes, or its end");
	help_usage(at);
	return false;
}

/* stdout -> PAYLOAD | contains PAYLOAD | end */
static bool read_output(struct program_line *at)
{
	const struct ast_answer *answer = &at->line->answer;
	struct plan_result *result = &at->step->result;
	const struct ast_value *value = &answer->values[0];
	bool contains = is_word(value, "contains");

	at->deed->output = strcmp(at->verb->word, "stdout") == 0 ? OUTPUT_STDOUT : OUTPUT_STDERR;
	if (!no_arguments(at))
		return false;
	if (is_word(value, "end") && answer->n_values == 1 && !answer->has_compare) {
		result->kind = RESULT_OUTPUT_END;
		return true;
	}
	if (contains && answer->n_values > 1)
		value++;

	bool text = value->kind == VAL_STRING || value->kind == VAL_HEX ||
		    value->kind == VAL_BYTES;

	if (!text || answer->n_values != (contains ? 2U : 1U) || answer->has_compare) {
		FAIL(at->r, answer->span, "no '%s' has such a result", at->verb->word);
		help_usage(at);
		return false;
	}
	result->kind = contains ? RESULT_CONTAINS : RESULT_DATA;
	if (!resolve_payload(at->r, value, &result->data, &result->data_len))
		return false;
	if (result->data_len && result->data_len <= WRITE_TEXT_MAX)
		return true;
	FAIL(at->r, value->span, "from 1 to %d bytes of output are compared", WRITE_TEXT_MAX);
	if (!result->data_len)
		HELP(at->r, "'%s -> end' says that nothing more comes", at->verb->word);
	return false;
}

/* The only result, a word or a number; NULL after an error. */
static const struct ast_value *only_result(const struct program_line *at)
{
	const struct ast_answer *answer = &at->line->answer;

	if (answer->n_values == 1)
		return &answer->values[0];
	FAIL(at->r, answer->values[1].span, "'%s' has one result", at->verb->word);
	help_usage(at);
	return NULL;
}

static bool read_signal(const struct program_line *at, const struct ast_value *value, int *signal)
{
	if (value->kind == VAL_WORD && signal_by_name(value->word.text, signal))
		return true;

	const char *longer = value->kind == VAL_WORD
				     ? arena_printf(at->r->arena, "SIG%s", value->word.text) : "";

	FAIL(at->r, value->span, at->verb->kind == STEP_KILL
					 ? "this is not the name of a signal"
					 : "a program exits with a number, or by a signal");
	if (signal_by_name(longer, signal))
		HELP(at->r, "did you mean '%s'?", longer);
	else
		HELP(at->r, at->verb->kind == STEP_KILL ? "as in SIGTERM, SIGKILL, SIGINT"
							: "as in 0, 7, SIGTERM");
	return false;
}

/* exit -> N | SIGNAL */
static bool read_exit(struct program_line *at)
{
	const struct ast_answer *answer = &at->line->answer;
	struct plan_result *result = &at->step->result;
	const struct ast_value *value = only_result(at);
	int signal;

	if (!value || !no_arguments(at))
		return false;
	result->compare = answer->has_compare ? answer->compare : CMP_EQ;
	if (value->kind == VAL_NUMBER) {
		result->kind = RESULT_NUMBER;
		result->number = value->number;
		return in_range(at->r, value->span, "an exit status", value->number, 0, UINT8_MAX);
	}
	if (!read_signal(at, value, &signal))
		return false;
	result->kind = RESULT_SIGNAL;
	result->number = signal;
	if (answer->has_compare) {
		FAIL(at->r, value->span, "only numbers are compared");
		HELP(at->r, "write the result without the comparison");
		return false;
	}
	return true;
}

/* kill SIGNAL */
static bool read_kill(struct program_line *at)
{
	const struct ast_value *value = only_argument(at, "a signal");

	return value && read_signal(at, value, &at->deed->signal);
}

/* listening -> PORT */
static bool read_listening(struct program_line *at)
{
	const struct ast_value *value = only_result(at);

	if (!value || !no_arguments(at))
		return false;
	if (value->kind != VAL_NUMBER || at->line->answer.has_compare) {
		FAIL(at->r, at->line->answer.span, "'listening' is asked of a port");
		help_usage(at);
		return false;
	}
	if (!in_range(at->r, value->span, "a port", value->number, 1, UINT16_MAX))
		return false;
	at->deed->port = (uint16_t)value->number;
	at->step->result.kind = RESULT_NUMBER;
	at->step->result.number = value->number;
	at->r->scope.port[at->deed->host] = at->deed->port;
	return true;
}

/* NAME [OPTION]: which calls are asked for */
static bool read_syscall_name(struct program_line *at)
{
	const struct ast_line *line = at->line;
	struct plan_deed *deed = at->deed;
	const struct ast_value *name = line->values;
	const struct ast_value *option = line->n_values > 1 ? name + 1 : NULL;

	if (line->n_values == 0 || name->kind != VAL_WORD) {
		FAIL(at->r, line->n_values ? name->span : line->key.span,
		     "'syscall' needs the name of a call");
		help_usage(at);
		return false;
	}
	if (!syscall_by_name(name->word.text, &deed->syscall))
		return unknown_word(at->r, &name->word, "socket call", syscall_words(),
				    "only calls on TCP sockets are told: connect, recv, close …");
	if (!option)
		return true;
	deed->option_given = true;
	if ((deed->syscall == SYSCALL_SETSOCKOPT || deed->syscall == SYSCALL_GETSOCKOPT) &&
	    option->kind == VAL_WORD && line->n_values == 2) {
		if (sockopt_by_name(option->word.text, &deed->level, &deed->option))
			return true;
		return unknown_word(at->r, &option->word, "socket option", sockopt_words(), NULL);
	}
	FAIL(at->r, option->span, "'syscall %s' has no such argument", name->word.text);
	HELP(at->r, "only of setsockopt and getsockopt the option may be written");
	return false;
}

/* syscall NAME [OPTION] -> ok | N | ERRNO */
static bool read_syscall(struct program_line *at)
{
	struct plan_program *program;
	bool waits;

	if (!read_syscall_name(at))
		return false;
	waits = at->deed->syscall >= SYSCALL_POLL;
	program = &at->r->scope.programs[at->deed->program];
	program->traced = true;
	program->trace_waits |= waits;
	return resolve_result(at->r, &at->line->answer, MAY_OK | MAY_NUMBER | MAY_ERRNO,
			      at->line->values[0].word.text, &at->step->result);
}

/* ---- the table ---- */

static const struct program_verb verbs[] = {
	{ "run", STEP_RUN, false, read_run, "run \"COMMAND\" [as NAME]" },
	{ "stdin", STEP_STDIN, false, read_stdin, "stdin \"text\" | end" },
	{ "stdout", STEP_OUTPUT, true, read_output, "stdout -> \"text\" | contains \"text\" | end" },
	{ "stderr", STEP_OUTPUT, true, read_output, "stderr -> \"text\" | contains \"text\" | end" },
	{ "exit", STEP_EXIT, true, read_exit, "exit -> 0" },
	{ "kill", STEP_KILL, false, read_kill, "kill SIGTERM" },
	{ "listening", STEP_LISTENING, true, read_listening, "listening -> 8080" },
	{ "syscall", STEP_SYSCALL, true, read_syscall, "syscall connect -> EINPROGRESS" },
};

static const struct program_verb *find_verb(const char *word)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].word, word) == 0)
			return &verbs[i];
	return NULL;
}

bool is_program_word(const char *word)
{
	return find_verb(word) != NULL;
}

/* What no line of a program, or not this one, may have. */
static bool check_form(const struct program_line *at)
{
	const struct ast_line *line = at->line;
	const struct program_verb *verb = at->verb;
	bool named = verb->kind != STEP_RUN && verb->kind != STEP_LISTENING;

	if (line->other.text) {
		FAIL(at->r, line->other.span, "'%s' is about a program, it needs no caller",
		     verb->word);
		HELP(at->r, "write '%s: %s'", line->word.text, verb->word);
	} else if (line->as.text && verb->kind != STEP_RUN) {
		FAIL(at->r, line->as.span, "'%s' starts no program to be named", verb->word);
		HELP(at->r, "'on NAME' says which program is meant");
	} else if (line->on.text && !named) {
		FAIL(at->r, line->on.span, "'%s' acts on no program", verb->word);
		help_usage(at);
	} else if (verb->answers && !line->answer.written) {
		FAIL(at->r, line->key.span, "'%s' needs an answer", verb->word);
		help_usage(at);
	} else if (!verb->answers && line->answer.written) {
		FAIL(at->r, line->answer.span, "'%s' has no result", verb->word);
		if (verb->kind == STEP_RUN)
			HELP(at->r, "the status it exits with is another line: '%s: exit -> 0'",
			     line->word.text);
	} else {
		return true;
	}
	return false;
}

void resolve_program_line(struct resolver *r, const struct ast_line *line, int host)
{
	struct plan_deed *deed = arena_alloc(r->arena, sizeof(*deed));
	const struct program_verb *verb = find_verb(line->key.text);
	struct plan_step step = new_step(verb->kind, line->span);
	struct program_line at = { r, line, verb, &step, deed };
	bool ok = check_form(&at);

	deed->host = host;
	deed->program = NO_INDEX;
	step.deed = deed;
	step.answered = line->answer.written;
	step.result.span = line->answer.span;
	if (ok && verb->kind != STEP_RUN && verb->kind != STEP_LISTENING) {
		deed->program = acting_program(&at, host);
		ok = deed->program != NO_INDEX;
	}
	if (ok || verb->kind == STEP_RUN)
		ok &= verb->read(&at);
	if (!ok && verb->kind == STEP_RUN &&
	    !(line->as.text && find_program(r, host, line->as.text) != NO_INDEX))
		r->scope.program_unsure[host] = true;
	ok &= resolve_time_of_answer(r, line, &step.time);
	if (ok)
		add_step(r, &step);
}
