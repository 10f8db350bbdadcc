/* call_text: calls and their results as strace would show them, in the scenario's language.
 *
 *   connect server:8080          = 0
 *   write "one" flags MSG_NOSIGNAL   = -1 EPIPE SIGPIPE
 *
 * Used by the engine's notes and by every report, so that a call reads the same everywhere.
 */
#ifndef TCPSCEN_RUN_CALL_TEXT_H
#define TCPSCEN_RUN_CALL_TEXT_H

#include "run/record.h"

struct strbuf;

enum { CALL_TEXT_DATA = 32 }; /* bytes of a payload shown */

/* "EPIPE"; "errno 999" where there is no name. */
void errno_text(int64_t number, struct strbuf *out);

/* "connect server:8080", "setsockopt TCP_NODELAY 1", "write 1000 bytes on second" */
void call_text(const struct plan *plan, const struct plan_call *call, struct strbuf *out);

/* What is behind "call": "= 3", "= -1 EPIPE SIGPIPE", "= POLLIN|POLLHUP", `= 3 "one"`.
 *
 * @call: the call that returned, NULL: unknown
 * @result: an EVENT_RESULT   @data: its blob, the bytes read
 */
void result_text(const struct plan *plan, const struct plan_call *call, const struct event *result,
		 const void *data, struct strbuf *out);

/* The answer of a question (an EVENT_ASK): "CLOSE-WAIT", "ECONNRESET", "on 203 ms, 0
 * retransmissions", "0 1000"; a negative one is the errno of the call that was to find it out. */
void ask_text(const struct plan *plan, const struct event *asked, struct strbuf *out);

/* What @step, a question with an answer, expects, in the same words. */
void ask_expected_text(const struct plan_step *step, struct strbuf *out);

/* The question as its line has it: "state on second", "info rto". */
void question_text(const struct plan *plan, const struct plan_question *question,
		   struct strbuf *out);

/* The states of sockets as an answer lists them: "LISTEN, ESTABLISHED x2"; "none" */
void sock_states_text(const struct sock_info *sockets, size_t count, struct strbuf *out);

/* A socket as `ss -tano` shows it: "ESTABLISHED 0 0 client:40000 server:80 timer:(on,200ms,0)" */
void sock_text(const struct plan *plan, const struct sock_info *socket, struct strbuf *out);

/* "5", ">= 5": a RESULT_NUMBER as its line has it. */
void compared_text(const struct plan_result *expected, struct strbuf *out);

/* "client", "client/reader" */
void caller_text(const struct plan *plan, int caller, struct strbuf *out);

/* "server:8080"; "any:8080" for the wildcard; an address that is no host's in full. */
void endpoint_text(const struct plan *plan, const struct probe_address *address,
		   struct strbuf *out);
void plan_address_text(const struct plan *plan, const struct plan_address *address,
		       struct strbuf *out);

/* The call a step starts or answers, NULL for any other step and for a number out of range. */
const struct plan_call *step_call(const struct plan *plan, int step);

/* The step itself, NULL for a number out of range (NO_INDEX). */
const struct plan_step *step_at(const struct plan *plan, int step);

#endif
