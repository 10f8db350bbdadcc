/* craft: segments to frames, and frames onto the wire. The only file that knows libnet. */
#ifndef TCPSCEN_WIRE_CRAFT_H
#define TCPSCEN_WIRE_CRAFT_H

#include "wire/segment.h"

enum { CRAFT_ERROR_LEN = 256 };

struct frame {
	uint8_t *bytes; /* room for FRAME_MAX; owned by who made it */
	size_t len;
};

/* Builds frames in memory; needs no privileges and no interface. */
struct crafter;
struct crafter *crafter_new(char error[CRAFT_ERROR_LEN]);
void crafter_free(struct crafter *crafter); /* NULL is allowed */

/* Write an Ethernet frame with exactly the fields of @segment into @out->bytes.
 * Return: 0, or -1 with the reason in @error. */
int craft_tcp(struct crafter *crafter, const struct segment *segment, struct frame *out,
	      char error[CRAFT_ERROR_LEN]);
int craft_icmp(struct crafter *crafter, const struct icmp_error *icmp, struct frame *out,
	       char error[CRAFT_ERROR_LEN]);

/* Sends frames from one interface of the calling process's network namespace.
 * The sender keeps its socket whatever namespace the process enters later. */
struct sender;
struct sender *sender_open(const char *interface, char error[CRAFT_ERROR_LEN]);
void sender_close(struct sender *sender); /* NULL is allowed */

/* Return: 0, or -errno with the reason in @error. */
int sender_send(struct sender *sender, const uint8_t *frame, size_t len,
		char error[CRAFT_ERROR_LEN]);

#endif
