/* wire_helpers: two hosts, the segments between them, and their frames, for unit tests. */
#ifndef TCPSCEN_UNIT_WIRE_HELPERS_H
#define TCPSCEN_UNIT_WIRE_HELPERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/craft.h"
#include "wire/decode.h"

#include <string.h>

/* Host 0, port 40000, is 192.0.2.1 and 2001:db8::1; host 1, port 8080, is .2 and ::2. */
static inline struct route wire_route(int from, uint8_t ip)
{
	static const uint8_t v4[4] = { 192, 0, 2 }, v6[16] = { 0x20, 0x01, 0x0d, 0xb8 };
	struct route route = { .ip = ip, .eth_src = { 2 }, .eth_dst = { 2 } };
	size_t len = ip == 4 ? 4 : 16;

	memcpy(route.src.bytes, ip == 4 ? v4 : v6, len);
	memcpy(route.dst.bytes, ip == 4 ? v4 : v6, len);
	route.src.bytes[len - 1] = route.eth_src[5] = (uint8_t)(1 + from);
	route.dst.bytes[len - 1] = route.eth_dst[5] = (uint8_t)(2 - from);
	return route;
}

static inline struct segment wire_segment(int from, uint8_t ip, uint16_t flags)
{
	struct segment segment = {
		.route = wire_route(from, ip), .ttl = 64, .df = true, .flags = flags,
		.sport = from ? 8080 : 40000, .dport = from ? 40000 : 8080, .win = 65535,
	};

	return segment;
}

/* Craft @segment into @bytes (room for FRAME_MAX) and decode it. Return: its length. */
static inline size_t wire_packet(const struct segment *segment, uint8_t *bytes,
				 struct packet *packet)
{
	char error[CRAFT_ERROR_LEN] = "";
	struct crafter *crafter = crafter_new(error);
	struct frame frame = { bytes, 0 };

	assert_non_null(crafter);
	if (craft_tcp(crafter, segment, &frame, error) < 0)
		fail_msg("%s", error);
	crafter_free(crafter);
	decode(frame.bytes, frame.len, 0, packet);
	return frame.len;
}

#endif
