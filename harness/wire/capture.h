/* capture: what is on the wire, when. The only file that knows libpcap.
 *
 * A capture sees every frame of one interface, both directions, in immediate
 * mode with the kernel's nanosecond timestamps: the truth for all times.
 */
#ifndef TCPSCEN_WIRE_CAPTURE_H
#define TCPSCEN_WIRE_CAPTURE_H

#include "wire/packet.h"

enum { CAPTURE_ERROR_LEN = 512 };

struct capture;

/* Open @interface of the process's present namespace.
 * @buffer: bytes of the kernel's ring. A frame takes a slot of the MTU's size in it (2 MiB hold
 *          1310 at MTU 1500), with the interface's offloads on a slot of 64 KB (2 MiB hold 32).
 * Return: the capture, or NULL with the reason in @error. */
struct capture *capture_open(const char *interface, int buffer, char error[CAPTURE_ERROR_LEN]);

/* Read a capture file instead (tests, tools). */
struct capture *capture_open_file(const char *path, char error[CAPTURE_ERROR_LEN]);
void capture_close(struct capture *capture); /* NULL is allowed */

int capture_fd(const struct capture *capture); /* readable when a frame is there */

/* Take the next frame, without waiting.
 * @bytes: valid until the next call
 * Return: 1 with @bytes, @len and @time (ns, CLOCK_REALTIME); 0 when there is none (file: at
 *         its end); -1 with the reason in @error. */
int capture_next(struct capture *capture, const uint8_t **bytes, size_t *len, int64_t *time,
		 char error[CAPTURE_ERROR_LEN]);

/* Frames the kernel had no room for since the capture was opened. */
int64_t capture_lost(struct capture *capture);

#endif
