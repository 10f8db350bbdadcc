/* calls: the socket calls and questions of a probe line.
 *
 * One table says for each call what it acts on, which results it may have and
 * how its arguments are read. A new call is one row here, one number in enum
 * call_id and one row in the probe.
 */
#include "plan/resolve_internal.h"

#include "base/strbuf.h"

#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

/* ---- reading arguments ---- */

/* The next argument, or NULL. */
static const struct ast_value *peek(const struct args *args)
{
	return args->next < args->line->n_values ? &args->line->values[args->next] : NULL;
}

/* "write 'listen [PORT] [backlog N]'"; a usage may be several: "N' or 'NAME N" */
static void help_usage(struct args *args)
{
	HELP(args->r, "write '%s%s%s'", args->row->name, args->usage[0] ? " " : "", args->usage);
}

/* The next argument, of kind @kind; @what: "a port", for the error. */
static const struct ast_value *take(struct args *args, enum ast_value_kind kind, const char *what)
{
	const struct ast_value *value = peek(args);

	if (value && value->kind == kind) {
		args->next++;
		return value;
	}
	if (value && value->kind == VAL_FLAGS && kind == VAL_WORD)
		FAIL(args->r, value->span, "'%s' takes one word here, no sum of several",
		     args->row->name);
	else
		FAIL(args->r, value ? value->span : args->line->key.span, "'%s' needs %s%s",
		     args->row->name, what, value ? " here" : "");
	help_usage(args);
	return NULL;
}

/* Is the next argument the word @text? If so it is taken. */
static bool take_word(struct args *args, const char *text)
{
	const struct ast_value *value = peek(args);

	if (!value || value->kind != VAL_WORD || strcmp(value->word.text, text) != 0)
		return false;
	args->next++;
	return true;
}

/* A number of at most @high. */
static bool take_number(struct args *args, const char *what, int64_t low, int64_t high,
			int64_t *out)
{
	const struct ast_value *value = take(args, VAL_NUMBER, what);

	if (!value)
		return false;
	*out = value->number;
	return in_range(args->r, value->span, what, value->number, low, high);
}

static bool unknown_constant(struct resolver *r, const struct ast_word *word, const char *prefix,
			     const char *what)
{
	const char *known[CONSTANTS_MAX];
	struct strbuf all = STRBUF_INIT;

	constant_words(prefix, known, CONSTANTS_MAX);
	for (const char **one = known; *one; one++)
		strbuf_printf(&all, "%s%s", all.len ? ", " : "", *one);
	unknown_word(r, word, what, known, strbuf_text(&all));
	strbuf_free(&all);
	return false;
}

bool read_flags(struct resolver *r, const struct ast_value *value, const char *prefix,
		const char *what, int64_t *out)
{
	const struct ast_word *words = value->kind == VAL_FLAGS ? value->words : &value->word;
	size_t n = value->kind == VAL_FLAGS ? value->n_words : 1;

	*out = 0;
	for (size_t i = 0; i < n; i++) {
		int64_t bit;

		if (!constant_by_name(prefix, words[i].text, &bit))
			return unknown_constant(r, &words[i], prefix, what);
		*out |= bit;
	}
	return true;
}

/* A|B|C or a single word. @what: "flag", "event". */
static bool take_flags(struct args *args, const char *prefix, const char *what, int64_t *out)
{
	const struct ast_value *value = peek(args);
	const char *article = what[0] == 'e' ? "an" : "a";

	if (!value || value->kind != VAL_FLAGS)
		value = take(args, VAL_WORD, arena_printf(args->r->arena, "%s %s", article, what));
	else
		args->next++;
	return value && read_flags(args->r, value, prefix, what, out);
}

bool read_address(struct resolver *r, const struct ast_value *value, bool any,
		  struct plan_address *out)
{
	out->host = NO_INDEX; /* `any:PORT` and `:PORT`: the wildcard address */
	out->port = (uint16_t)value->number;
	if (value->word.text && strcmp(value->word.text, "any") != 0) {
		out->host = any ? find_address(r, &value->word) : find_host(r, &value->word);
		if (out->host == NO_INDEX)
			return false;
	}
	return check_port(r, value, 0);
}

/* ---- the arguments of each call ---- */

static bool args_none(struct args *args, struct plan_call *call)
{
	(void)args, (void)call;
	return true;
}

/* [nonblocking] */
static bool args_nonblocking(struct args *args, struct plan_call *call)
{
	call->nonblocking = take_word(args, "nonblocking");
	return true;
}

/* [HOST]:PORT | any:PORT */
static bool args_bind(struct args *args, struct plan_call *call)
{
	const struct ast_value *value = take(args, VAL_ENDPOINT, "an address");

	return value && read_address(args->r, value, true, &call->address);
}

/* HOST:PORT */
static bool args_connect(struct args *args, struct plan_call *call)
{
	const struct ast_value *value = take(args, VAL_ENDPOINT, "an address");

	if (!value || !read_address(args->r, value, false, &call->address))
		return false;
	if (call->address.host != NO_INDEX && call->address.port)
		return true;
	FAIL(args->r, value->span, "connect to %s?",
	     call->address.host == NO_INDEX ? "which host" : "port 0");
	help_usage(args);
	return false;
}

/* [PORT] [backlog N] */
static bool args_listen(struct args *args, struct plan_call *call)
{
	const struct ast_value *value = peek(args);
	int64_t port;

	call->args[0] = DEFAULT_BACKLOG;
	if (value && value->kind == VAL_NUMBER) {
		call->address.port = UINT16_MAX; /* after an error, too, it makes a socket */
		if (!take_number(args, "a port", 1, UINT16_MAX, &port))
			return false;
		call->address.port = (uint16_t)port;
	}
	return !take_word(args, "backlog") ||
	       take_number(args, "a backlog", 0, INT_MAX, &call->args[0]);
}

/* [flags F] */
static bool args_flags(struct args *args, struct plan_call *call)
{
	return !take_word(args, "flags") || take_flags(args, "MSG_", "flag", &call->args[1]);
}

/* [N] */
static bool args_count(struct args *args, struct plan_call *call)
{
	const struct ast_value *value = peek(args);

	call->args[0] = READ_DEFAULT;
	return !value || value->kind != VAL_NUMBER ||
	       take_number(args, "a number of bytes", 0, WRITE_FILLER_MAX, &call->args[0]);
}

static bool args_count_flags(struct args *args, struct plan_call *call)
{
	return args_count(args, call) && args_flags(args, call);
}

/* N bytes: filler, which the probe makes itself */
static bool args_filler(struct args *args, struct plan_call *call)
{
	const struct ast_value *value = take(args, VAL_BYTES, "a payload");

	if (!value)
		return false;
	call->args[0] = value->number;
	return in_range(args->r, value->span, "a number of bytes", value->number, 0,
			WRITE_FILLER_MAX);
}

/* "…" | hex … | N bytes */
static bool args_payload(struct args *args, struct plan_call *call)
{
	const struct ast_value *value = peek(args);

	if (!value || (value->kind != VAL_STRING && value->kind != VAL_HEX))
		return args_filler(args, call);
	args->next++;
	if (value->len > WRITE_TEXT_MAX) {
		FAIL(args->r, value->span, "one call writes at most %d bytes of text",
		     WRITE_TEXT_MAX);
		HELP(args->r, "'write 1000000 bytes' may be longer");
		return false;
	}
	call->data = copy_bytes(args->r, value->data, value->len);
	call->data_len = value->len;
	call->args[0] = (int64_t)value->len;
	return true;
}

static bool args_payload_flags(struct args *args, struct plan_call *call)
{
	return args_payload(args, call) && args_flags(args, call);
}

static bool args_shutdown(struct args *args, struct plan_call *call)
{
	const struct ast_value *value = take(args, VAL_WORD, "SHUT_RD, SHUT_WR or SHUT_RDWR");

	return value && read_flags(args->r, value, "SHUT_", "way to shut down", &call->args[0]);
}

/* ---- socket options ---- */

#define WITHOUT_LEVEL "its name alone, without its level: "

/* "setsockopt SOL_TCP TCP_NODELAY 1", as in C */
static bool is_level(const char *text)
{
	return strncmp(text, "SOL_", 4) == 0 || strncmp(text, "IPPROTO_", 8) == 0;
}

static bool unknown_option(struct args *args, const struct ast_value *value)
{
	const char *help = WITHOUT_LEVEL "SO_KEEPALIVE, TCP_NODELAY ...";
	const struct ast_value *next = peek(args);
	int level, name;

	if (!is_level(value->word.text))
		return unknown_word(args->r, &value->word, "socket option", sockopt_words(), help);
	FAIL(args->r, value->span, "unknown socket option '%s'", value->word.text);
	if (next && next->kind == VAL_WORD && sockopt_by_name(next->word.text, &level, &name))
		HELP(args->r, WITHOUT_LEVEL "%s %s", args->row->name, next->word.text);
	else
		HELP(args->r, "%s", help);
	return false;
}

static bool take_option(struct args *args, struct plan_call *call)
{
	const struct ast_value *value = take(args, VAL_WORD, "a socket option");
	int level, name;

	if (!value)
		return false;
	if (!sockopt_by_name(value->word.text, &level, &name))
		return unknown_option(args, value);
	call->args[0] = level;
	call->args[1] = name;
	return true;
}

static bool is_option(const struct plan_call *call, int level, int name)
{
	return call->args[0] == level && call->args[1] == name;
}

/* SO_LINGER ONOFF SECONDS: both halves of struct linger in one number */
static bool args_linger(struct args *args, struct plan_call *call)
{
	int64_t on, seconds;

	args->usage = "SO_LINGER ONOFF SECONDS";
	if (!take_number(args, "ONOFF", 0, 1, &on) ||
	    !take_number(args, "SECONDS", 0, INT_MAX, &seconds))
		return false;
	call->args[2] = on << 32 | seconds;
	return true;
}

/* SO_RCVTIMEO 2s: the bytes of a struct timeval */
static bool args_timeval(struct args *args, struct plan_call *call)
{
	struct timeval *time = arena_alloc(args->r->arena, sizeof(*time));

	args->usage = "SO_RCVTIMEO 2s";

	const struct ast_value *value = take(args, VAL_DURATION, "a duration");

	if (!value || !duration_ok(args->r, value->span, value->number))
		return false;
	time->tv_sec = value->number / 1000000000;
	time->tv_usec = value->number % 1000000000 / 1000;
	call->data = (const uint8_t *)time;
	call->data_len = sizeof(*time);
	return true;
}

/* TCP_CONGESTION "reno" */
static bool is_named(const struct plan_call *call)
{
	return is_option(call, IPPROTO_TCP, TCP_CONGESTION) || is_option(call, IPPROTO_TCP, TCP_ULP) ||
	       is_option(call, SOL_SOCKET, SO_BINDTODEVICE);
}

/* IP_MTU_DISCOVER IP_PMTUDISC_DO: the only values that have names */
static bool option_word(struct args *args, struct plan_call *call)
{
	const struct ast_value *value = peek(args);
	const char *prefix = is_option(call, IPPROTO_IP, IP_MTU_DISCOVER)	? "IP_"
			     : is_option(call, IPPROTO_IPV6, IPV6_MTU_DISCOVER) ? "IPV6_" : NULL;

	if (prefix) {
		value = take(args, VAL_WORD, "a value");
		return value && read_flags(args->r, value, prefix, "value", &call->args[2]);
	}
	if (is_named(call) && value->kind == VAL_WORD) {
		FAIL(args->r, value->span, "the value of this option is a name, and a string");
		HELP(args->r, "write '\"%s\"'", value->word.text);
		return false;
	}
	FAIL(args->r, value->span, "the value of this option is a number");
	HELP(args->r, "1 is on, 0 is off");
	return false;
}

/* NAME VALUE */
static bool args_setsockopt(struct args *args, struct plan_call *call)
{
	if (!take_option(args, call))
		return false;
	if (is_option(call, SOL_SOCKET, SO_LINGER))
		return args_linger(args, call);
	if (is_option(call, SOL_SOCKET, SO_RCVTIMEO) || is_option(call, SOL_SOCKET, SO_SNDTIMEO))
		return args_timeval(args, call);

	const struct ast_value *value = peek(args);

	if (value && (value->kind == VAL_STRING || value->kind == VAL_HEX)) {
		args->next++;
		call->data = copy_bytes(args->r, value->data, value->len);
		call->data_len = value->len;
		return value->len <= WRITE_TEXT_MAX ||
		       in_range(args->r, value->span, "an option's length", (int64_t)value->len, 0,
				WRITE_TEXT_MAX);
	}
	if (value && (value->kind == VAL_WORD || value->kind == VAL_FLAGS))
		return option_word(args, call);
	return take_number(args, "a value", INT_MIN, INT_MAX, &call->args[2]);
}

/* NAME */
static bool args_getsockopt(struct args *args, struct plan_call *call)
{
	return take_option(args, call);
}

/* ---- poll, fcntl, ioctl ---- */

/* EVENTS [timeout DURATION] */
static bool args_poll(struct args *args, struct plan_call *call)
{
	call->args[1] = -1;
	if (!take_flags(args, "POLL", "event", &call->args[0]))
		return false;
	if (!take_word(args, "timeout"))
		return true;

	const struct ast_value *value = take(args, VAL_DURATION, "a time after 'timeout'");

	if (!value || !duration_ok(args->r, value->span, value->number))
		return false;
	if (value->number / 1000000 > INT_MAX) {
		FAIL(args->r, value->span, "poll(2) counts its timeout in 32-bit milliseconds");
		HELP(args->r, "at most 24 days");
		return false;
	}
	call->args[1] = (value->number + 999999) / 1000000;
	return true;
}

/* F_GETFL | F_SETFL FLAGS */
static bool args_fcntl(struct args *args, struct plan_call *call)
{
	const struct ast_value *value = take(args, VAL_WORD, "F_GETFL or F_SETFL");

	if (!value || !read_flags(args->r, value, "F_", "command", &call->args[0]))
		return false;
	if (call->args[0] == F_GETFL)
		return true;
	value = peek(args);
	if (value && value->kind == VAL_NUMBER && value->number == 0) {
		args->next++;
		return true;
	}
	return take_flags(args, "O_", "file status flag", &call->args[1]);
}

static bool args_ioctl(struct args *args, struct plan_call *call)
{
	const struct ast_value *value = take(args, VAL_WORD, "a request");

	return value && read_flags(args->r, value, "SIO", "request", &call->args[0]);
}

/* ---- the table ---- */

#define DONE (MAY_OK | MAY_ERRNO)
#define READ (MAY_NUMBER | MAY_DATA | MAY_ERRNO)
#define WRITTEN (MAY_NUMBER | MAY_ERRNO | MAY_SIGPIPE)

static const struct call_row calls[N_CALLS] = {
	[CALL_SOCKET] = { "socket", ON_NEW, DONE, args_nonblocking, "[nonblocking]" },
	[CALL_BIND] = { "bind", ON_SOCKET, DONE, args_bind, "HOST:PORT" },
	[CALL_LISTEN] = { "listen", ON_PORT, DONE, args_listen, "[PORT] [backlog N]" },
	[CALL_ACCEPT] = { "accept", ON_LISTENER, DONE, args_nonblocking, "[nonblocking]" },
	[CALL_CONNECT] = { "connect", ON_ANY, DONE, args_connect, "HOST:PORT" },
	[CALL_READ] = { "read", ON_SOCKET, READ, args_count, "[N]" },
	[CALL_RECV] = { "recv", ON_SOCKET, READ, args_count_flags, "[N] [flags F]" },
	[CALL_WRITE] = { "write", ON_SOCKET, WRITTEN, args_payload,
			 "\"text\"' or 'write N bytes" },
	[CALL_SEND] = { "send", ON_SOCKET, WRITTEN, args_payload_flags,
			"\"text\" [flags F]' or 'send N bytes [flags F]" },
	[CALL_SENDFILE] = { "sendfile", ON_SOCKET, WRITTEN, args_filler, "N bytes" },
	[CALL_SHUTDOWN] = { "shutdown", ON_SOCKET, DONE, args_shutdown,
			    "SHUT_RD', 'shutdown SHUT_WR' or 'shutdown SHUT_RDWR" },
	[CALL_CLOSE] = { "close", ON_SOCKET, DONE, args_none, "" },
	[CALL_SETSOCKOPT] = { "setsockopt", ON_SOCKET, DONE, args_setsockopt, "NAME VALUE" },
	[CALL_GETSOCKOPT] = { "getsockopt", ON_SOCKET, MAY_NUMBER | MAY_ERRNO, args_getsockopt,
			      "NAME" },
	[CALL_POLL] = { "poll", ON_SOCKET, MAY_EVENTS | MAY_ZERO | MAY_ERRNO, args_poll,
			"POLLIN|POLLOUT [timeout DURATION]" },
	[CALL_FCNTL] = { "fcntl", ON_SOCKET, MAY_FLAGS | MAY_OK | MAY_ERRNO, args_fcntl,
			 "F_GETFL' or 'fcntl F_SETFL FLAGS" },
	[CALL_IOCTL] = { "ioctl", ON_SOCKET, MAY_NUMBER | MAY_ERRNO, args_ioctl, "REQUEST" },
	[CALL_RECVMSG] = { "recvmsg", ON_SOCKET, READ | MAY_QUEUED, args_count_flags,
			   "[N] [flags F]" },
	[CALL_NONBLOCKING] = { "nonblocking", ON_SOCKET, DONE, args_none, "" },
	[CALL_GETSOCKNAME] = { "getsockname", ON_SOCKET, MAY_ADDRESS | MAY_ERRNO, args_none, "" },
	[CALL_GETPEERNAME] = { "getpeername", ON_SOCKET, MAY_ADDRESS | MAY_ERRNO, args_none, "" },
};

static const struct {
	const char *name;
	unsigned results;
} questions[N_QUESTIONS] = {
	[ASK_STATE] = { "state", MAY_STATE },
	[ASK_ERROR] = { "error", MAY_ZERO | MAY_ERRNO },
	[ASK_READABLE] = { "readable", MAY_YES_NO },
	[ASK_TIMER] = { "timer", MAY_TIMER },
	[ASK_QUEUES] = { "queues", MAY_QUEUES },
	[ASK_INFO] = { "info", MAY_INFO },
	[ASK_SOCKETS] = { "sockets", MAY_SOCKETS },
	[ASK_COUNTER] = { "counter", MAY_COUNTER },
};

/* All of the above as words, for nearest_word(); a unit test compares them. */
static const char *const words[] = {
	"socket", "bind",  "listen",   "accept",   "connect",     "read",        "recv",
	"write",  "send",  "sendfile", "shutdown", "close",       "setsockopt",  "getsockopt",
	"poll",   "fcntl", "ioctl",    "recvmsg",  "nonblocking", "getsockname", "getpeername",
	"state",  "error", "readable", "timer",     "queues",      "info",        "sockets",
	"counter", "run",  "stdin",    "stdout",    "stderr",      "exit",        "kill",
	"listening", "syscall", NULL,
};
enum { N_PROGRAM_WORDS = 8 };
_Static_assert(sizeof(words) / sizeof(words[0]) ==
		       N_CALLS + N_QUESTIONS + N_PROGRAM_WORDS + 1, "every word");

/* ---- looking things up ---- */

const struct call_row *call_row(enum call_id id)
{
	return &calls[id];
}

const char *call_name(enum call_id id)
{
	return calls[id].name;
}

const char *question_name(enum question_id id)
{
	return questions[id].name;
}

const char *const *call_words(void)
{
	return words;
}

bool call_by_name(const char *text, enum call_id *id)
{
	for (int i = 0; i < N_CALLS; i++) {
		if (strcmp(calls[i].name, text) == 0) {
			*id = (enum call_id)i;
			return true;
		}
	}
	return false;
}

bool question_by_name(const char *text, enum question_id *id)
{
	for (int i = 0; i < N_QUESTIONS; i++) {
		if (strcmp(questions[i].name, text) == 0) {
			*id = (enum question_id)i;
			return true;
		}
	}
	return false;
}

unsigned question_results(enum question_id id)
{
	return questions[id].results;
}

unsigned call_results(const struct plan_call *call)
{
	unsigned results = calls[call->id].results;

	if (call->id == CALL_FCNTL)
		results &= ~(unsigned)(call->args[0] == F_GETFL ? MAY_OK : MAY_FLAGS);
	return results;
}

bool read_args(struct resolver *r, const struct ast_line *line, struct plan_call *call)
{
	const struct call_row *row = call_row(call->id);
	struct args args = { .r = r, .line = line, .row = row, .usage = row->usage };

	if (!args.row->read(&args, call))
		return false;

	const struct ast_value *rest = peek(&args);

	if (!rest)
		return true;
	FAIL(r, rest->span, "'%s' has no such argument", args.row->name);
	help_usage(&args);
	return false;
}
