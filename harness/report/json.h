/* json: the whole record as one JSON object on one line.
 *
 * Times are whole nanoseconds: `time_ns` since `begin_ns` (CLOCK_REALTIME). Frames and payloads
 * are hexadecimal; bytes that are UTF-8 stand there as text, too. Nothing of the record is left
 * out, nothing is rounded.
 */
#ifndef TCPSCEN_REPORT_JSON_H
#define TCPSCEN_REPORT_JSON_H

#include "run/record.h"

#include <stdio.h>

/* @capture: path of the capture file that was written, or NULL.
 * Return: 0, or -errno (a closed pipe, a full disk: the stream is flushed to know). */
int json_print(FILE *out, const struct plan *plan, const struct record *record,
	       const char *capture);

#endif
