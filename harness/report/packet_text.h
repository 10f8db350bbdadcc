/* packet_text: a packet in one line, in the scenario's words.
 *
 * Private to report/. Offsets in a struct packet are never trusted beyond the bytes of the frame.
 */
#ifndef TCPSCEN_REPORT_PACKET_TEXT_H
#define TCPSCEN_REPORT_PACKET_TEXT_H

#include "report/style.h"
#include "run/record.h"

struct strbuf;

enum { OPTION_NUMBERS_MAX = 10 };

/* A TCP option, read. */
struct option_view {
	uint8_t kind;
	const char *name;  /* "mss"; NULL: unknown kind, or a length that is not its kind's */
	uint32_t numbers[OPTION_NUMBERS_MAX]; /* mss, wscale, ts value and echo, sack edges */
	int n_numbers;
	const uint8_t *bytes; /* those behind kind and length */
	size_t len;
};

/* Option @index of @packet, whose frame has @frame_len bytes. */
struct option_view option_read(const struct packet *packet, const uint8_t *frame, size_t frame_len,
			       int index);

/* "mss 1460", "ts 100 0", "sack 1-1449", "hex 1e 04 00 81"
 * @isn: what the edges of SACK blocks are relative to */
void option_text(const struct option_view *option, uint32_t isn, struct strbuf *out);

/* The kind of an ICMP error, false when it has no name in the language. */
bool packet_icmp_kind(const struct packet *packet, enum icmp_kind *kind);

/* "mss 1460, sackok, ts 1 0, nop, wscale 7", "none" */
void packet_options(const struct event *event, const uint8_t *frame, struct strbuf *out);

/* The payload's bytes. Return: how many there are in the frame. */
size_t packet_payload(const struct event *event, const uint8_t *frame, const uint8_t **data);

/* 'SYN-ACK seq 0 ack 1 win 65535 <mss 1460>', 'PSH-ACK seq 1 ack 1 len 3 "one"' in at most
 * @columns: what does not fit is left out from the end, the payload and the options first.
 * @window: say the window */
void packet_text(const struct plan *plan, const struct event *event, const uint8_t *frame,
		 bool window, int columns, const struct report_style *style, struct strbuf *out);

/* Why this packet is not what a line expected, by its looks: "bad checksum"; NULL: nothing. */
const char *packet_fault(const struct packet *packet);

#endif
