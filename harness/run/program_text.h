/* program_text: programs and their socket calls in words, as strace would show them.
 *
 *   connect(5, server:8080)                    = -1 EINPROGRESS
 *   getsockopt(5, SO_ERROR) ECONNREFUSED       = 0
 */
#ifndef TCPSCEN_RUN_PROGRAM_TEXT_H
#define TCPSCEN_RUN_PROGRAM_TEXT_H

#include "run/record.h"

struct strbuf;

/* The name it was given, else the first word of its command without its folder. */
const char *program_name(const struct plan *plan, int program);

/* The command in words again, quoted where it must be. */
void command_text(const struct plan_program *program, struct strbuf *out);

/* "curl (line 4), nc (line 9)": those that run at the end of @record. Return: how many */
int running_text(const struct plan *plan, const struct record *record, struct strbuf *out);

/* "7", "SIGTERM": how it ended, of a status of wait(2). */
void exit_text(int status, struct strbuf *out);

/* "connect(5, server:8080)" · "= -1 EINPROGRESS" */
void traced_call_text(const struct plan *plan, const struct traced_call *call, struct strbuf *out);
void traced_result_text(const struct traced_call *call, struct strbuf *out);

/* One row of an EVENT_PROGRAM in a report: what happened, and what came of it.
 *
 * @blob: of the event   @row: from 0; what is written is shown line by line
 * Return: false when there is no such row; @what and @outcome untouched then. */
bool program_row_text(const struct plan *plan, const struct event *event, const void *blob,
		      int row, struct strbuf *what, struct strbuf *outcome);

#endif
