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

/* Takes one frame. @bytes: valid until it returns; @time: ns, CLOCK_REALTIME */
typedef void capture_taker(void *context, const uint8_t *bytes, size_t len, int64_t time);

/* Give @take the frames that are there (file: all), oldest first, without waiting.
 * Return: how many; -1 with the reason in @error. */
int capture_read(struct capture *capture, capture_taker *take, void *context,
		 char error[CAPTURE_ERROR_LEN]);

/* Children that are forked from now on do not inherit the ring. */
void capture_keep_from_children(const struct capture *capture);

/* Frames the kernel had no room for since the capture was opened. */
int64_t capture_lost(struct capture *capture);

#endif
