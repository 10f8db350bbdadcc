/* json_program: see json_program.h. */
#include "report/json_program.h"

#include "base/strbuf.h"
#include "plan/names.h"
#include "plan/program_names.h"
#include "run/call_text.h"
#include "run/program_text.h"

static const char *what_name(enum program_event what)
{
	switch (what) {
	case PROGRAM_RAN:      return "run";
	case PROGRAM_FED:      return "stdin";
	case PROGRAM_FED_END:  return "stdin_end";
	case PROGRAM_WROTE:    return "output";
	case PROGRAM_CALLED:   return "syscall";
	case PROGRAM_SIGNALED: return "kill";
	case PROGRAM_ENDED:    return "exit";
	case HOST_LISTENS:     return "listening";
	}
	return NULL;
}

static void put_command(struct json_maker *maker, json_t *object, const struct plan *plan,
			int program)
{
	struct strbuf command = STRBUF_INIT;

	if (program < 0 || program >= plan->n_programs)
		return;
	command_text(&plan->programs[program], &command);
	put_strbuf(maker, object, "command", &command);
}

static void put_call(struct json_maker *maker, json_t *object, const struct plan *plan,
		     const struct traced_call *call)
{
	struct strbuf text = STRBUF_INIT, result = STRBUF_INIT, address = STRBUF_INIT;
	json_t *args = json_array();

	put_text(maker, object, "call", syscall_name(call->id));
	put_number(maker, object, "number", call->number);
	put_number(maker, object, "tid", call->tid);
	put_bool(maker, object, "returned", call->returned);
	for (int i = 0; i < TRACED_ARGS; i++)
		put_item(maker, args, json_integer(call->args[i]));
	put(maker, object, "args", args);
	if (call->address.family) {
		endpoint_text(plan, &call->address, &address);
		put_strbuf(maker, object, "address", &address);
	}
	if (call->has_value)
		put_number(maker, object, "value", call->value);
	if (call->data_len)
		put_bytes(maker, object, "data", call->data, call->data_len);
	traced_call_text(plan, call, &text);
	put_strbuf(maker, object, "text", &text);
	if (!call->returned)
		return;
	put_number(maker, object, "ret", call->ret);
	if (call->ret < 0)
		put_name(maker, object, "errno", errno_name(call->err), call->err);
	traced_result_text(call, &result);
	put_strbuf(maker, object, "result", &result);
}

void json_add_program(struct json_maker *maker, json_t *object, const struct plan *plan,
		      const struct event *event, const uint8_t *blob)
{
	enum program_event what = event->u.program.what;
	int program = event->u.program.program, host = event->u.program.host;
	struct strbuf text = STRBUF_INIT;
	char name[SIGNAL_LEN];

	put_text(maker, object, "what", what_name(what));
	put_text(maker, object, "host", host == NO_INDEX ? NULL : plan->hosts[host].name);
	if (program != NO_INDEX)
		put_text(maker, object, "program", program_name(plan, program));
	put_number(maker, object, "serial", (int64_t)event->u.program.serial);
	switch (what) {
	case PROGRAM_RAN:
		put_command(maker, object, plan, program);
		break;
	case PROGRAM_WROTE:
		put_text(maker, object, "output", output_name(event->u.program.output));
		put_bytes(maker, object, "data", blob, event->blob_len);
		break;
	case PROGRAM_FED:
		put_bytes(maker, object, "data", blob, event->blob_len);
		break;
	case PROGRAM_CALLED:
		put_call(maker, object, plan, &event->u.program.call);
		break;
	case PROGRAM_SIGNALED:
		put_text(maker, object, "signal", signal_name(event->u.program.number, name));
		break;
	case PROGRAM_ENDED:
		exit_text(event->u.program.number, &text);
		put_strbuf(maker, object, "status", &text);
		break;
	case HOST_LISTENS:
		put_number(maker, object, "port", event->u.program.number);
		break;
	case PROGRAM_FED_END:
		break;
	}
}
