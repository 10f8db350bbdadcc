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

/* The kernel that a variant was played on. */
struct json_kernel {
	const char *name;    /* as --kernel has it */
	const char *release;
	bool is_virtual;     /* its time is */
};

/* @kernel: NULL: unknown
 * @capture: path of the capture file that was written, or NULL.
 * Return: 0, or -errno (a closed pipe, a full disk: the stream is flushed to know). */
int json_print(FILE *out, const struct plan *plan, const struct record *record,
	       const struct json_kernel *kernel, const char *capture);

#endif
