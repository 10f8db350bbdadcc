/* json_event: one event of the record as a JSON object. Private to report/. */
#ifndef TCPSCEN_REPORT_JSON_EVENT_H
#define TCPSCEN_REPORT_JSON_EVENT_H

#include "report/json_value.h"
#include "run/record.h"

/* The event @index. A failure's own fields are those of json_failure. */
json_t *json_event(struct json_maker *maker, const struct plan *plan, const struct record *record,
		   size_t index);

/* { "line", "column", "message", "rows": [ … ], "notes": [ … ] }; NULL when the event @index is no
 * failure that can be read. */
json_t *json_failure(struct json_maker *maker, const struct plan *plan,
		     const struct record *record, size_t index);

#endif
