/* json_program: what happened to a program, as JSON. Private to report/. */
#ifndef TCPSCEN_REPORT_JSON_PROGRAM_H
#define TCPSCEN_REPORT_JSON_PROGRAM_H

#include "report/json_value.h"
#include "run/record.h"

/* Add the members of an EVENT_PROGRAM, whose blob is @blob, to @object. */
void json_add_program(struct json_maker *maker, json_t *object, const struct plan *plan,
		      const struct event *event, const uint8_t *blob);

#endif
