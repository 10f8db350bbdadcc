/* compose: a packet of the plan and what the connection has come to, made concrete.
 *
 * Here stand the defaults of sent packets of docs/language.md section 4; craft
 * writes what comes out.
 */
#ifndef TCPSCEN_WIRE_COMPOSE_H
#define TCPSCEN_WIRE_COMPOSE_H

#include "wire/flow.h"

/* What a packet's defaults depend on besides its flow. */
struct surroundings {
	struct route route;
	int link_mtu;
	uint32_t ts_now;      /* the timestamp clock of the packet's host */
	uint32_t isn;         /* initial sequence number for a SYN of a stream not yet known */
	const uint8_t *resent; /* payload of the host's last packet that had one, for `again`; */
	size_t resent_len;     /* NULL and 0: `again` has the payload that is written */
};

/* Make the segment of @packet (not an ICMP one).
 *
 * The flow is only read; tell it with flow_saw of the packet once sent. A payload is what
 * @packet->data says, and that alone: `len` without data is not sent.
 * @options: where the options' bytes go; @out points there, and to the payload
 * Return: 0, or -E2BIG when the options do not fit (@out is untouched).
 */
int compose_tcp(const struct plan_packet *packet, const struct flow *flow,
		const struct surroundings *around, uint8_t options[PACKET_OPTIONS_MAX],
		struct segment *out);

/* Make the ICMP error of @packet, which quotes the IP packet at @quoted. */
void compose_icmp(const struct plan_packet *packet, const struct surroundings *around,
		  const uint8_t *quoted, size_t quoted_len, struct icmp_error *out);

#endif
