/* packet_text: see packet_text.h. */
#include "report/packet_text.h"

#include "base/strbuf.h"
#include "plan/names.h"
#include "report/term.h"

#include <inttypes.h>

/* ---- options ---- */

struct option_shape {
	uint8_t kind;
	const char *name;
	uint8_t len;       /* of the whole option, 0: any */
	uint8_t sizes[2];  /* bytes of each number */
};

static const struct option_shape shapes[] = {
	{ KIND_EOL, "eol", 1, { 0, 0 } },       { KIND_NOP, "nop", 1, { 0, 0 } },
	{ KIND_MSS, "mss", 4, { 2, 0 } },       { KIND_WSCALE, "wscale", 3, { 1, 0 } },
	{ KIND_SACKOK, "sackok", 2, { 0, 0 } }, { KIND_SACK, "sack", 0, { 4, 4 } },
	{ KIND_TS, "ts", 10, { 4, 4 } },        { KIND_MD5, "md5", 18, { 0, 0 } },
	{ KIND_FASTOPEN, "fastopen", 0, { 0, 0 } },
};

static const struct option_shape *find_shape(uint8_t kind, uint8_t len)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (shapes[i].kind == kind)
			return shapes[i].len == 0 || shapes[i].len == len ? &shapes[i] : NULL;
	return NULL;
}

static uint32_t big_endian(const uint8_t *bytes, size_t size)
{
	uint32_t number = 0;

	for (size_t i = 0; i < size; i++)
		number = number << 8 | bytes[i];
	return number;
}

/* The numbers of the option, sack: as many pairs as there are. */
static void read_numbers(const struct option_shape *shape, struct option_view *view)
{
	size_t at = 0;

	for (int i = 0; view->n_numbers < OPTION_NUMBERS_MAX; i ^= 1) {
		size_t size = shape->sizes[i];

		if (size == 0 || at + size > view->len)
			break;
		view->numbers[view->n_numbers++] = big_endian(view->bytes + at, size);
		at += size;
	}
}

struct option_view option_read(const struct packet *packet, const uint8_t *frame, size_t frame_len,
			       int index)
{
	const struct packet_option *option = &packet->options[index];
	const struct option_shape *shape = find_shape(option->kind, option->len);
	size_t start = (size_t)option->offset + 2, end = (size_t)option->offset + option->len;
	struct option_view view = { .kind = option->kind };

	if (option->kind == KIND_EOL || option->kind == KIND_NOP) {
		view.name = shape ? shape->name : NULL;
		return view;
	}
	if (end > frame_len)
		end = frame_len;
	if (start < end) {
		view.bytes = frame + start;
		view.len = end - start;
	}
	if (shape) {
		view.name = shape->name;
		read_numbers(shape, &view);
	}
	return view;
}

static void hex_text(const uint8_t *bytes, size_t len, struct strbuf *out)
{
	for (size_t i = 0; i < len; i++)
		strbuf_printf(out, " %02x", bytes[i]);
}

void option_text(const struct option_view *option, uint32_t isn, struct strbuf *out)
{
	bool sack = option->name && option->kind == 5;

	if (!option->name) {
		strbuf_printf(out, "hex %02x", option->kind);
		if (option->kind != KIND_EOL && option->kind != KIND_NOP)
			strbuf_printf(out, " %02x", (unsigned int)(option->len + 2));
		hex_text(option->bytes, option->len, out);
		return;
	}
	strbuf_puts(out, option->name);
	for (int i = 0; i < option->n_numbers; i++)
		strbuf_printf(out, "%c%" PRIu32, sack && i % 2 ? '-' : ' ',
			      option->numbers[i] - (sack ? isn : 0));
	if (option->n_numbers == 0 && option->len > 0) {
		strbuf_puts(out, " hex");
		hex_text(option->bytes, option->len, out);
	}
}

/* Where the stream begins that this packet acknowledges. */
static uint32_t acked_isn(const struct event *event)
{
	if (!event->u.packet.ack_valid)
		return 0;
	return event->u.packet.packet.ack - (uint32_t)event->u.packet.ack;
}

void packet_options(const struct event *event, const uint8_t *frame, struct strbuf *out)
{
	const struct packet *packet = &event->u.packet.packet;

	if (packet->n_options == 0)
		strbuf_puts(out, "none");
	for (int i = 0; i < packet->n_options; i++) {
		struct option_view option = option_read(packet, frame, event->blob_len, i);

		strbuf_puts(out, i ? ", " : "");
		option_text(&option, acked_isn(event), out);
	}
}

/* ---- ICMP ---- */

struct icmp_number {
	uint8_t type, code;
};

/* Type and code by enum icmp_kind: RFC 792, RFC 1122; RFC 4443. */
static const struct icmp_number icmp4[] = {
	{ 3, 0 }, { 3, 1 }, { 3, 2 }, { 3, 3 }, { 3, 4 }, { 3, 13 }, { 11, 0 },
};
static const struct icmp_number icmp6[] = {
	{ 1, 0 }, { 1, 3 }, { 4, 1 }, { 1, 4 }, { 2, 0 }, { 1, 1 }, { 3, 0 },
};

bool packet_icmp_kind(const struct packet *packet, enum icmp_kind *kind)
{
	const struct icmp_number *table = packet->ip == 6 ? icmp6 : icmp4;

	for (int i = ICMP_NET_UNREACHABLE; i <= ICMP_TIME_EXCEEDED; i++) {
		if (table[i].type == packet->icmp_type && table[i].code == packet->icmp_code) {
			*kind = (enum icmp_kind)i;
			return true;
		}
	}
	return false;
}

static void icmp_text(const struct event *event, struct strbuf *out)
{
	const struct packet *packet = &event->u.packet.packet;
	enum icmp_kind kind;

	if (packet_icmp_kind(packet, &kind))
		strbuf_printf(out, "icmp %s", icmp_name(kind));
	else
		strbuf_printf(out, "icmp type %u code %u", packet->icmp_type, packet->icmp_code);
	if (packet->icmp_mtu)
		strbuf_printf(out, " mtu %" PRIu32, packet->icmp_mtu);
	strbuf_printf(out, " about seq %" PRId64, event->u.packet.seq);
}

/* ---- TCP ---- */

size_t packet_payload(const struct event *event, const uint8_t *frame, const uint8_t **data)
{
	const struct packet *packet = &event->u.packet.packet;
	size_t len = packet->payload_len;

	if (packet->class != PACKET_TCP || packet->payload >= event->blob_len)
		return 0;
	if (len > event->blob_len - packet->payload)
		len = event->blob_len - packet->payload;
	*data = frame + packet->payload;
	return len;
}

const char *packet_fault(const struct packet *packet)
{
	if (packet->ip == 4 && !packet->ip_checksum_ok)
		return "bad IP checksum";
	if ((packet->class == PACKET_TCP || packet->class == PACKET_ICMP) && !packet->checksum_ok)
		return "bad checksum";
	return NULL;
}

static void tcp_text(const struct event *event, bool window, struct strbuf *out)
{
	const struct packet *packet = &event->u.packet.packet;
	char flags[FLAGS_LEN];

	strbuf_printf(out, "%s seq %" PRId64, flags_name(packet->flags, flags),
		      event->u.packet.seq);
	if (event->u.packet.ack_valid)
		strbuf_printf(out, " ack %" PRId64, event->u.packet.ack);
	if (packet->payload_len > 0)
		strbuf_printf(out, " len %" PRIu32, packet->payload_len);
	if (window)
		strbuf_printf(out, " win %u", packet->win);
	if (packet->flags & TCP_URG)
		strbuf_printf(out, " urgent %u", packet->urgent);
}

/* Options worth their room: all of a SYN's; of other packets those that say something of this
 * very packet, which is SACK and what nobody knows. */
static bool option_shown(const struct packet *packet, const struct option_view *option)
{
	if (packet->flags & TCP_SYN)
		return true;
	return option->kind == 5 || !option->name;
}

/* " <mss 1460,sackok,…>": as many as fit. */
static void add_options(const struct event *event, const uint8_t *frame, int columns,
			const struct report_style *style, struct strbuf *out)
{
	const struct packet *packet = &event->u.packet.packet;
	const char *between = " <";
	int mark = term_width(term_ellipsis(style)) + 2; /* ",…" and ">" */
	struct strbuf next = STRBUF_INIT;

	for (int i = 0; i < packet->n_options; i++) {
		struct option_view option = option_read(packet, frame, event->blob_len, i);

		if (!option_shown(packet, &option))
			continue;
		strbuf_clear(&next);
		strbuf_puts(&next, between);
		option_text(&option, acked_isn(event), &next);

		int after = term_width(strbuf_text(out)) + term_width(strbuf_text(&next));

		if (after + (i + 1 < packet->n_options ? mark : 1) > columns) {
			if (between[0] == ',')
				strbuf_printf(out, ",%s", term_ellipsis(style));
			break;
		}
		strbuf_add(out, next.text, next.len);
		between = ",";
	}
	if (between[0] == ',')
		strbuf_addch(out, '>');
	strbuf_free(&next);
}

static void add_payload(const struct event *event, const uint8_t *frame, int columns,
			const struct report_style *style, struct strbuf *out)
{
	enum { LEAST = 8 }; /* columns; fewer show it whole or not at all */
	const uint8_t *data;
	size_t len = packet_payload(event, frame, &data);
	int room = columns - term_width(strbuf_text(out)) - 1;

	if (len == 0 || (room < LEAST && (size_t)(room > 0 ? room : 0) < len + 2))
		return;
	strbuf_addch(out, ' ');
	term_quote(out, data, len, room, style);
}

static void add_flow(const struct plan *plan, const struct event *event, struct strbuf *out)
{
	int flow = event->u.packet.flow;

	if (flow >= 0 && flow < plan->n_flows && plan->flows[flow].name)
		strbuf_printf(out, " on %s", plan->flows[flow].name);
}

/* What every packet has to say, without what may be left out. */
static void core_text(const struct plan *plan, const struct event *event, bool window,
		      struct strbuf *out)
{
	const struct packet *packet = &event->u.packet.packet;
	const char *fault = packet_fault(packet);

	switch (packet->class) {
	case PACKET_TCP:
		tcp_text(event, window, out);
		add_flow(plan, event, out);
		break;
	case PACKET_ICMP:
		icmp_text(event, out);
		add_flow(plan, event, out);
		break;
	case PACKET_NOISE:
		strbuf_puts(out, "link noise");
		break;
	case PACKET_OTHER:
		strbuf_printf(out, "IP protocol %u, %" PRIu32 " bytes", packet->protocol,
			      packet->len);
		break;
	case PACKET_MALFORMED:
		strbuf_printf(out, "malformed: %s", packet_fault_text(packet->fault));
		break;
	}
	if (fault)
		strbuf_printf(out, " %s", fault);
}

void packet_text(const struct plan *plan, const struct event *event, const uint8_t *frame,
		 bool window, int columns, const struct report_style *style, struct strbuf *out)
{
	struct strbuf text = STRBUF_INIT;

	core_text(plan, event, window, &text);
	if (window && term_width(strbuf_text(&text)) > columns) {
		strbuf_clear(&text);
		core_text(plan, event, false, &text);
	}
	if (event->u.packet.packet.class == PACKET_TCP) {
		add_options(event, frame, columns, style, &text);
		add_payload(event, frame, columns, style, &text);
	}
	term_cut(&text, columns, style);
	strbuf_puts(out, strbuf_text(&text));
	strbuf_free(&text);
}
