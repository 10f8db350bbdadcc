/* json_call: calls and results, their arguments by name. Private to report/. */
#ifndef TCPSCEN_REPORT_JSON_CALL_H
#define TCPSCEN_REPORT_JSON_CALL_H

#include "report/json_value.h"
#include "run/record.h"

/* Add "host", "caller" and, of the call of @step, "call", "text" and "args". */
void json_add_call(struct json_maker *maker, json_t *object, const struct plan *plan, int step,
		   int caller);

/* Add what the EVENT_RESULT @index knows. */
void json_add_result(struct json_maker *maker, json_t *object, const struct plan *plan,
		     const struct record *record, size_t index);

#endif
