/* events: from the input of a fuzz target to what comes over the event pipe.
 *
 * The input says of each event its kind, the length of its blob, the blob, and how many of its
 * bytes are others than 0 (place, 2 bytes, and value). So inputs keep their meaning when struct
 * event grows. */
#ifndef TCPSCEN_FUZZ_EVENTS_H
#define TCPSCEN_FUZZ_EVENTS_H

#include "base/strbuf.h"
#include "run/record.h"

#include <string.h>

enum { STREAM_MAX = 32 << 10 }; /* a pipe holds it */

struct input {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t take(struct input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->at++;
}

/* A bool is 0 or 1, whoever has written it: what else a byte of it holds, no program could read. */
static inline void mend_bools(struct event *event)
{
	struct packet *packet = &event->u.packet.packet;
	struct traced_call *call = &event->u.program.call;
	bool *const of_packet[] = { &event->u.packet.ack_valid, &packet->df, &packet->checksum_ok,
				    &packet->ip_checksum_ok, &packet->options_bad };
	bool *const of_result[] = { &event->u.result.sigpipe };
	bool *const of_answer[] = { &event->u.ask.found };
	bool *const of_program[] = { &call->returned, &call->has_value };
	bool *const of_end[] = { &event->u.end.lacking, &event->u.end.too_busy };
	const struct {
		enum event_kind kind;
		bool *const *bools;
		size_t count;
	} all[] = {
		{ EVENT_PACKET, of_packet, 5 }, { EVENT_RESULT, of_result, 1 },
		{ EVENT_ASK, of_answer, 1 },    { EVENT_PROGRAM, of_program, 2 },
		{ EVENT_END, of_end, 2 },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (size_t k = 0; all[i].kind == event->kind && k < all[i].count; k++)
			*(uint8_t *)all[i].bools[k] &= 1;
}

/* What is written need not be an event: the blob's length is one of the bytes that may change. */
static inline void add_event(struct strbuf *stream, struct input *input)
{
	union {
		struct event event;
		uint8_t bytes[sizeof(struct event)];
	} made;
	const uint8_t *blob;
	size_t len;

	memset(&made, 0, sizeof(made));
	made.event.kind = (enum event_kind)(take(input) % (EVENT_END + 2));
	len = take(input);
	if (len > input->left)
		len = input->left;
	made.event.blob_len = (uint32_t)len;
	blob = input->at;
	input->at += len;
	input->left -= len;
	for (uint8_t changes = take(input); changes && input->left; changes--) {
		size_t place = take(input);

		place = (place << 8 | take(input)) % sizeof(made);
		made.bytes[place] = take(input);
	}
	mend_bools(&made.event);
	strbuf_add(stream, (const char *)made.bytes, sizeof(made));
	strbuf_add(stream, (const char *)blob, len);
}

static inline void add_events(struct strbuf *stream, struct input *input)
{
	while (input->left && stream->len < STREAM_MAX - sizeof(struct event) - UINT8_MAX)
		add_event(stream, input);
}

#endif
