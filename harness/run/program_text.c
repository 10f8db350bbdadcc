/* program_text: see program_text.h. */
#include "run/program_text.h"

#include "base/strbuf.h"
#include "plan/names.h"
#include "plan/program_names.h"
#include "run/call_text.h"
#include "run/constants.h"

#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

const char *program_name(const struct plan *plan, int program)
{
	const struct plan_program *at;
	const char *slash;

	if (program < 0 || program >= plan->n_programs)
		return "?";
	at = &plan->programs[program];
	if (at->name)
		return at->name;
	slash = strrchr(at->argv[0], '/');
	return slash && slash[1] ? slash + 1 : at->argv[0];
}

void command_text(const struct plan_program *program, struct strbuf *out)
{
	for (const char *const *word = program->argv; *word; word++) {
		bool plain = **word && !strpbrk(*word, " \t\n'\"\\|&;<>$`");

		strbuf_printf(out, plain ? "%s%s" : "%s'%s'", word == program->argv ? "" : " ",
			      *word);
	}
}

/* Return: the step that started @program, NO_INDEX if it does not run. */
static int runs_since(const struct record *record, int program)
{
	int step = NO_INDEX;

	for (size_t i = 0; i < record->count; i++) {
		const struct event *event = &record->events[i];

		if (event->kind != EVENT_PROGRAM || event->u.program.program != program)
			continue;
		if (event->u.program.what == PROGRAM_RAN)
			step = event->step;
		else if (event->u.program.what == PROGRAM_ENDED)
			step = NO_INDEX;
	}
	return step;
}

int running_text(const struct plan *plan, const struct record *record, struct strbuf *out)
{
	int count = 0;

	for (int i = 0; i < plan->n_programs; i++) {
		int step = runs_since(record, i);

		if (step < 0 || step >= plan->n_steps)
			continue;
		strbuf_printf(out, "%s%s (line %d)", count++ ? ", " : "", program_name(plan, i),
			      source_line(plan->source, plan->steps[step].span.start));
	}
	return count;
}

void exit_text(int status, struct strbuf *out)
{
	char name[SIGNAL_LEN];

	if (WIFSIGNALED(status))
		strbuf_puts(out, signal_name(WTERMSIG(status), name));
	else
		strbuf_printf(out, "%d", WEXITSTATUS(status));
}

/* ---- socket calls ---- */

static void socket_args(const struct traced_call *call, struct strbuf *out)
{
	int64_t type = call->args[1];

	strbuf_puts(out, call->args[0] == AF_INET6 ? "AF_INET6" : "AF_INET");
	strbuf_puts(out, ", SOCK_STREAM");
	if (type & SOCK_NONBLOCK)
		strbuf_puts(out, "|SOCK_NONBLOCK");
	if (type & SOCK_CLOEXEC)
		strbuf_puts(out, "|SOCK_CLOEXEC");
}

/* ", SO_ERROR" and its value, once that is known. */
static void option_args(const struct traced_call *call, struct strbuf *out)
{
	const char *name = sockopt_name(call->args[1], call->args[2]);
	bool error = call->args[1] == SOL_SOCKET && call->args[2] == SO_ERROR;

	if (name)
		strbuf_printf(out, ", %s", name);
	else
		strbuf_printf(out, ", %" PRId64 ", %" PRId64, call->args[1], call->args[2]);
	if (!call->has_value)
		return;
	strbuf_puts(out, ", ");
	if (error && call->value)
		errno_text(call->value, out);
	else
		strbuf_printf(out, "%" PRId64, call->value);
}

static void data_args(const struct traced_call *call, struct strbuf *out)
{
	bool reads = call->id == SYSCALL_READ || call->id == SYSCALL_RECV;
	bool plain = reads || call->id == SYSCALL_WRITE || call->id == SYSCALL_SEND;

	if (call->data_len) {
		strbuf_puts(out, ", ");
		strbuf_quote(out, call->data, call->data_len, CALL_TEXT_DATA);
	}
	if (plain)
		strbuf_printf(out, ", %" PRId64, call->args[2]);
	if ((call->id == SYSCALL_SEND || call->id == SYSCALL_RECV) && call->args[3]) {
		strbuf_puts(out, ", ");
		msg_flags_text(call->args[3], out);
	}
}

void traced_call_text(const struct plan *plan, const struct traced_call *call, struct strbuf *out)
{
	const char *how;

	strbuf_printf(out, "%s(", syscall_name(call->id));
	switch (call->id) {
	case SYSCALL_SOCKET:
		socket_args(call, out);
		break;
	case SYSCALL_BIND:
	case SYSCALL_CONNECT:
	case SYSCALL_ACCEPT:
	case SYSCALL_GETSOCKNAME:
	case SYSCALL_GETPEERNAME:
		strbuf_printf(out, "%" PRId64, call->args[0]);
		if (call->address.family) {
			strbuf_puts(out, ", ");
			endpoint_text(plan, &call->address, out);
		}
		break;
	case SYSCALL_LISTEN:
		strbuf_printf(out, "%" PRId64 ", %" PRId64, call->args[0], call->args[1]);
		break;
	case SYSCALL_SHUTDOWN:
		how = shutdown_name(call->args[1]);
		strbuf_printf(out, "%" PRId64 ", %s", call->args[0], how ? how : "?");
		break;
	case SYSCALL_READ:
	case SYSCALL_READV:
	case SYSCALL_RECV:
	case SYSCALL_RECVMSG:
	case SYSCALL_WRITE:
	case SYSCALL_WRITEV:
	case SYSCALL_SEND:
	case SYSCALL_SENDMSG:
		strbuf_printf(out, "%" PRId64, call->args[0]);
		data_args(call, out);
		break;
	case SYSCALL_SETSOCKOPT:
	case SYSCALL_GETSOCKOPT:
		strbuf_printf(out, "%" PRId64, call->args[0]);
		option_args(call, out);
		break;
	case SYSCALL_SENDFILE:
	case SYSCALL_CLOSE:
		strbuf_printf(out, "%" PRId64, call->args[0]);
		break;
	case SYSCALL_POLL:
	case SYSCALL_SELECT:
	case SYSCALL_EPOLL_WAIT:
	case N_SYSCALLS:
		break;
	}
	strbuf_addch(out, ')');
}

void traced_result_text(const struct traced_call *call, struct strbuf *out)
{
	if (!call->returned) {
		strbuf_puts(out, "…");
		return;
	}
	strbuf_printf(out, "= %" PRId64, call->ret);
	if (call->ret < 0) {
		strbuf_addch(out, ' ');
		errno_text(call->err, out);
	}
}

/* ---- events ---- */

enum { LINES_SHOWN = 8, LINE_SHOWN = 120 };

/* Line @row of @len bytes at @text; in the last row, how much is not shown. */
static bool line_text(const char *text, size_t len, int row, struct strbuf *out)
{
	size_t at = 0;

	for (int i = 0; i < row && at < len; i++) {
		const char *end = memchr(text + at, '\n', len - at);

		at = end ? (size_t)(end - text) + 1 : len;
	}
	if (at == len || row > LINES_SHOWN)
		return false;
	if (row == LINES_SHOWN) {
		strbuf_printf(out, "… %zu bytes more", len - at);
		return true;
	}

	const char *end = memchr(text + at, '\n', len - at);

	strbuf_quote(out, text + at, end ? (size_t)(end + 1 - text) - at : len - at, LINE_SHOWN);
	return true;
}

bool program_row_text(const struct plan *plan, const struct event *event, const void *blob,
		      int row, struct strbuf *what, struct strbuf *outcome)
{
	const char *name = program_name(plan, event->u.program.program);
	char signal[SIGNAL_LEN];

	if (event->u.program.what == PROGRAM_WROTE || event->u.program.what == PROGRAM_FED) {
		struct strbuf line = STRBUF_INIT;
		bool more = line_text(blob, event->blob_len, row, &line);

		if (more)
			strbuf_printf(what, "%s %s %s", name,
				      event->u.program.what == PROGRAM_FED
					      ? "stdin"
					      : output_name(event->u.program.output),
				      strbuf_text(&line));
		strbuf_free(&line);
		return more;
	}
	if (row > 0)
		return false;
	switch (event->u.program.what) {
	case PROGRAM_RAN:
		strbuf_puts(what, "run ");
		if (event->u.program.program >= 0 && event->u.program.program < plan->n_programs)
			command_text(&plan->programs[event->u.program.program], what);
		break;
	case PROGRAM_FED_END:
		strbuf_printf(what, "%s stdin end", name);
		break;
	case PROGRAM_CALLED:
		strbuf_printf(what, "%s ", name);
		traced_call_text(plan, &event->u.program.call, what);
		traced_result_text(&event->u.program.call, outcome);
		break;
	case PROGRAM_SIGNALED:
		strbuf_printf(what, "kill %s %s", name,
			      signal_name(event->u.program.number, signal));
		break;
	case PROGRAM_ENDED:
		strbuf_printf(what, "%s exit", name);
		strbuf_puts(outcome, "= ");
		exit_text(event->u.program.number, outcome);
		break;
	case HOST_LISTENS:
		strbuf_printf(what, "listening on %d", event->u.program.number);
		break;
	case PROGRAM_WROTE:
	case PROGRAM_FED:
		break;
	}
	return true;
}
