/* ladder_packet: arrows from lifeline to lifeline, and where they end. See ladder.h. */
#include "report/ladder_internal.h"

#include "report/packet_text.h"

#include <string.h>

enum { LEAD = 4 }; /* dashes before an arrow's label */

/* "──── SYN seq 0 ─────────▶" or "◀─── SYN-ACK seq 0 ──────": from lifeline to lifeline. */
static void arrow_text(const struct ladder *ladder, bool rightward, const char *label,
		       struct strbuf *out)
{
	const struct glyphs *glyphs = ladder->glyphs;
	int fill = ladder->middle - LEAD - 3 - term_width(label);

	if (!rightward)
		strbuf_puts(out, glyphs->left);
	ladder_repeat(out, glyphs->dash, rightward ? LEAD : LEAD - 1);
	strbuf_printf(out, " %s ", label);
	ladder_repeat(out, glyphs->dash, rightward ? fill : fill + 1);
	if (rightward)
		strbuf_puts(out, glyphs->right);
}

/* Columns behind the dashes of a packet that stops on its way: cross, blank, the longest word. */
enum { LOST_TAIL = 1 + 1 + sizeof("(dropped)") - 1, LOST_FILL_MIN = 2 };

/* Why a packet does not reach the other side now; NULL: it does. */
static const char *stop_word(enum packet_fate fate)
{
	switch (fate) {
	case FATE_DROPPED:
		return "(dropped)";
	case FATE_DELAYED:
		return "(delayed)";
	case FATE_HELD:
		return "(held)";
	case FATE_LOST:
		return "(lost)";
	case FATE_SENT:
	case FATE_EXPECTED:
	case FATE_DUPLICATED:
	case FATE_CORRUPTED:
	case FATE_REWRITTEN:
	case FATE_IGNORED:
	case FATE_DELIVERED:
	case FATE_UNEXPECTED:
		break;
	}
	return NULL;
}

/* What is said of a packet that reaches it, but not as it was sent, or not unnoticed. */
static const char *fate_word(enum packet_fate fate)
{
	switch (fate) {
	case FATE_DUPLICATED:
		return " (twice)";
	case FATE_CORRUPTED:
		return " (corrupted)";
	case FATE_REWRITTEN:
		return " (rewritten)";
	case FATE_DELIVERED:
		return " (at last)";
	case FATE_SENT:
	case FATE_EXPECTED:
	case FATE_IGNORED:
	case FATE_DROPPED:
	case FATE_DELAYED:
	case FATE_HELD:
	case FATE_LOST:
	case FATE_UNEXPECTED:
		break;
	}
	return "";
}

/* "──── ACK seq 1 ─────✗ (dropped)": the arrow ends at two thirds of the way, or where its
 * label does; from the right it is "(dropped) ✗──── ACK seq 1 ────". */
static void lost_arrow_text(const struct ladder *ladder, bool rightward, const char *label,
			    const char *lost_word, struct strbuf *out)
{
	const struct glyphs *glyphs = ladder->glyphs;
	int rest = LEAD + 2 + term_width(label);
	int room = ladder->middle - LOST_TAIL - rest;
	int fill = ladder->middle * 2 / 3 - rest;

	if (fill < LOST_FILL_MIN)
		fill = LOST_FILL_MIN;
	if (fill > room)
		fill = room;
	if (!rightward) {
		ladder_repeat(out, " ", room - fill);
		strbuf_printf(out, "%s %s", lost_word, glyphs->lost);
	}
	ladder_repeat(out, glyphs->dash, LEAD);
	strbuf_printf(out, " %s ", label);
	ladder_repeat(out, glyphs->dash, fill);
	if (rightward)
		strbuf_printf(out, "%s %s", glyphs->lost, lost_word);
}

/* A window is said when it is news: a SYN's, and one that differs from the sender's last. */
static bool window_is_news(struct ladder *ladder, const struct event *event)
{
	const struct packet *packet = &event->u.packet.packet;
	int from = event->u.packet.from;

	if (packet->class != PACKET_TCP || from == NO_INDEX || (packet->flags & TCP_RST))
		return false;

	bool news = (packet->flags & TCP_SYN) || ladder->window[from] != packet->win;

	ladder->window[from] = packet->win;
	return news;
}

static enum paint fate_paint(enum packet_fate fate)
{
	switch (fate) {
	case FATE_SENT:
	case FATE_EXPECTED:
	case FATE_IGNORED:
	case FATE_DELIVERED:
		return PAINT_NONE;
	case FATE_DROPPED:
	case FATE_LOST:
	case FATE_DELAYED:
	case FATE_DUPLICATED:
	case FATE_HELD:
	case FATE_CORRUPTED:
	case FATE_REWRITTEN:
		return PAINT_WARN;
	case FATE_UNEXPECTED:
		return PAINT_BAD;
	}
	return PAINT_NONE;
}

void draw_packet(struct ladder *ladder, size_t place, const char *note)
{
	const struct event *event = event_at(ladder, place);
	const char *lost = stop_word(event->u.packet.fate);
	const char *word = fate_word(event->u.packet.fate);
	bool rightward = event->u.packet.from == 0;
	int room = ladder->middle - LEAD - (lost ? 2 + LOST_FILL_MIN + LOST_TAIL : 4) -
		   (int)strlen(word);
	struct strbuf raw = STRBUF_INIT, label = STRBUF_INIT, middle = STRBUF_INIT;

	packet_text(ladder->plan, event, blob_at(ladder, place), window_is_news(ladder, event),
		    room, ladder->style, &raw);
	term_puts(&label, strbuf_text(&raw), ladder->style);
	strbuf_puts(&label, word);
	if (event->u.packet.from == NO_INDEX)
		strbuf_printf(&middle, " ? %s", strbuf_text(&label));
	else if (lost)
		lost_arrow_text(ladder, rightward, strbuf_text(&label), lost, &middle);
	else
		arrow_text(ladder, rightward, strbuf_text(&label), &middle);
	ladder_row(ladder, &event->time, ladder->glyphs->line, &middle,
		   fate_paint(event->u.packet.fate), note);
	strbuf_free(&raw);
	strbuf_free(&label);
	strbuf_free(&middle);
}
