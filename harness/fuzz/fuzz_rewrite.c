/* fuzz_rewrite: what lines between two kernels say, and what it makes of a frame.
 *
 * The input is one or more lines of the language, a NUL, and a frame that client sends. Each
 * packet that the lines speak of is compared with the frame, as a line's, as a rule's, and as
 * something to send; each rewriting is done. Of what comes out the checks are those of
 * docs/language.md: lengths stay, checksums are mended unless they are what is written. */
#include "base/strbuf.h"
#include "lang/parse.h"
#include "plan/resolve.h"
#include "wire/compose.h"
#include "wire/decode.h"
#include "wire/match.h"
#include "wire/options.h"
#include "wire/pattern.h"
#include "wire/rewrite.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char scene[] = "scenario \"fuzz\"\nhost client kernel\nhost server kernel\n"
			    "establish client to server:8080\n";

static const char crafted_scene[] = "scenario \"fuzz\"\nhost client kernel\n"
				    "host server crafted\nestablish client to server:8080\n";

/* The frame, as decoded, and what is known of its connection. */
struct wire {
	const uint8_t *frame;
	size_t len;
	struct packet packet;
	struct flow flow;
	int from;
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Lines that are in error play nothing: NULL. */
static struct plan *plan_of(struct arena *arena, const char *head, const uint8_t *lines, size_t len)
{
	struct target target = { .ip = IP_V4, .kernel = { 6, 1 } };
	size_t head_len = strlen(head);
	char *text = arena_alloc(arena, head_len + len);
	struct source *source;
	struct diags diags;

	memcpy(text, head, head_len);
	memcpy(text + head_len, lines, len);
	source = source_new(arena, "fuzz.scn", text, head_len + len);
	diags_init(&diags, arena);

	struct tokens tokens = lex(arena, source, &diags);
	struct ast *ast = parse(arena, source, &tokens, &diags);

	return diags.count ? NULL : resolve(ast, &target, &diags);
}

/* ---- what a packet of the plan and the frame have to do with each other ---- */

static void show(const struct plan_packet *packet, const struct wire *wire)
{
	const struct stream *other = &wire->flow.stream[1 - wire->from];
	struct strbuf text = STRBUF_INIT;

	options_expected_text(packet, other, &text);
	if (wire->packet.class == PACKET_TCP)
		options_text(&wire->packet, wire->frame, other, &text);
	strbuf_free(&text);
}

static void compare(const struct plan_packet *packet, const struct wire *wire)
{
	struct mismatches out = { .count = 0 };
	bool same = match_packet(packet, &wire->flow, wire->from, &wire->packet, wire->frame, &out);

	must(same == (out.count == 0) && out.count <= MISMATCH_MAX);
	for (int i = 0; i < out.count; i++)
		must(strlen(out.items[i].expected) < MISMATCH_TEXT &&
		     strlen(out.items[i].saw) < MISMATCH_TEXT);
	/* what a line accepts, a rule with the same words speaks of; a retransmission apart:
	 * a line takes its numbers for granted */
	if (same && !packet->again && packet->from == wire->from)
		must(pattern_fits(packet, &wire->flow, wire->from, &wire->packet, wire->frame));
}

static void make(const struct plan_packet *packet, const struct wire *wire)
{
	const struct surroundings around = { .route.ip = 4, .link_mtu = DEFAULT_MTU };
	uint8_t options[PACKET_OPTIONS_MAX];
	struct segment segment;

	if (packet->icmp || packet->from == NO_INDEX ||
	    compose_tcp(packet, &wire->flow, &around, options, &segment) < 0)
		return;
	must(segment.options_len <= sizeof(options));
	must(segment.data_len == packet->data_len || packet->again);
}

static void pair(const struct plan_packet *packet, const struct wire *wire)
{
	if (!packet)
		return;
	show(packet, wire);
	pattern_fits(packet, NULL, wire->from, &wire->packet, wire->frame);
	pattern_fits(packet, &wire->flow, wire->from, &wire->packet, wire->frame);
	if (packet->from != NO_INDEX && !packet->any_packet)
		compare(packet, wire);
	make(packet, wire);
}

/* ---- what becomes of the frame ---- */

static uint8_t *copy_of(const struct wire *wire)
{
	uint8_t *copy = malloc(wire->len);

	if (!copy)
		abort();
	return memcpy(copy, wire->frame, wire->len);
}

static void corrupt(const struct wire *wire)
{
	struct packet after;
	uint8_t *frame;

	if (wire->packet.class != PACKET_TCP &&
	    (wire->packet.class != PACKET_ICMP || !wire->packet.checksum_ok))
		return;
	frame = copy_of(wire);
	rewrite_corrupt(&wire->packet, frame);
	decode(frame, wire->len, 0, &after);
	must(after.class == wire->packet.class && !after.checksum_ok &&
	     after.ip_checksum_ok == wire->packet.ip_checksum_ok);
	free(frame);
}

/* Each field that has a value of its own has it now. */
static void check_fields(const struct plan_packet *fields, const struct packet *after)
{
	must(!(fields->set & FIELD_WIN) || after->win == fields->win);
	must(!(fields->set & FIELD_URGENT) || after->urgent == fields->urgent);
	must(!(fields->set & FIELD_OFFSET) || after->offset == fields->offset);
	must(!(fields->set & FIELD_TTL) || after->ttl == fields->ttl);
	must(!(fields->set & FIELD_DSCP) || after->dscp == fields->dscp);
	must(!(fields->set & FIELD_ECN) || after->ecn == fields->ecn);
	if (after->ip == 4) {
		must(!(fields->set & FIELD_ID) || after->id == fields->id);
		must(!(fields->set & FIELD_DF) || after->df == fields->df);
	} else {
		must(!(fields->set & FIELD_FLOWLABEL) || after->flowlabel == fields->flowlabel);
	}
}

static void rewrite(const struct plan_packet *fields, const struct wire *wire)
{
	struct packet after;
	uint8_t *frame;

	if (!fields || !fields->set || wire->packet.class != PACKET_TCP)
		return;
	frame = copy_of(wire);
	rewrite_fields(fields, &wire->flow, wire->from, &wire->packet, frame);
	decode(frame, wire->len, 0, &after);
	check_fields(fields, &after);
	must(after.ip_checksum_ok);
	if (!(fields->set & FIELD_OFFSET))
		must(after.class == PACKET_TCP && after.payload == wire->packet.payload &&
		     after.payload_len == wire->packet.payload_len);
	if (!(fields->set & FIELD_CHECKSUM))
		must(after.checksum_ok);
	else
		must(!fields->checksum_bad || !after.checksum_ok);
	free(frame);
}

static void play(const struct plan *plan, struct wire *wire)
{
	for (int i = 0; plan && i < plan->n_steps; i++) {
		const struct plan_step *step = &plan->steps[i];

		pair(step->packet, wire);
		pair(step->trigger, wire);
		pair(step->rule ? step->rule->pattern : NULL, wire);
		rewrite(step->rewrite, wire);
		rewrite(step->rule ? step->rule->rewrite : NULL, wire);
		flow_saw(&wire->flow, i & 1, &wire->packet, wire->frame, i & 2);
	}
	corrupt(wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\0', size);
	size_t len = end ? (size_t)(end - data) : size;
	struct wire wire = { .frame = data + len + 1 };
	struct arena *arena;

	if (!end || size - len - 1 > FRAME_MAX)
		return 0;
	arena = arena_new();
	wire.len = size - len - 1;
	decode(wire.frame, wire.len, 1, &wire.packet);

	struct plan *plan = plan_of(arena, scene, data, len);
	struct plan *crafted = plan_of(arena, crafted_scene, data, len);

	play(plan, &wire);
	wire.from = 1;
	play(crafted, &wire);
	plan_free(plan);
	plan_free(crafted);
	arena_free(arena);
	return 0;
}
