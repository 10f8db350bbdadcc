/* pcapng: the record's packets as a capture file whose comments name the scenario's lines. */
#ifndef TCPSCEN_REPORT_PCAPNG_H
#define TCPSCEN_REPORT_PCAPNG_H

#include "run/record.h"

/* Write @path. A file of that name is replaced only when the new one is complete: a run that is
 * killed leaves the old one, or none. What is no regular file (a FIFO, /dev/null) is written into.
 *
 * Return: 0, or -errno with what failed in @error (@error_len bytes of room). */
int pcapng_write(const char *path, const struct plan *plan, const struct record *record,
		 char *error, size_t error_len);

#endif
