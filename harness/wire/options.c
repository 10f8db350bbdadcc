/* options: walking the TCP options of a header.
 *
 * A cursor goes over the header's bytes, option by option; one whose length is
 * nonsense is taken to reach to the header's end. Padding is left aside
 * when comparing, unless the line itself writes NOP or EOL (as such, or as the
 * first byte of `hex`): then that kind must be there as written. EOLs behind the last
 * option written are always padding.
 */
#include "wire/options.h"

#include "wire/bytes.h"
#include "wire/match.h"

#include <string.h>

struct cursor {
	const uint8_t *frame;
	size_t at, end;
};

static struct cursor options_of(const struct packet *packet, const uint8_t *frame)
{
	struct cursor cursor = { frame, packet->payload, packet->payload };

	cursor.at -= packet->offset * 4u - TCP_HEADER;
	return cursor;
}

static const uint8_t *here(const struct cursor *cursor)
{
	return cursor->frame + cursor->at;
}

static size_t left(const struct cursor *cursor)
{
	return cursor->end - cursor->at;
}

/* Bytes of the option at the cursor, which is not at the end. */
static size_t option_len(const struct cursor *cursor)
{
	const uint8_t *option = here(cursor);

	if (option[0] <= KIND_NOP)
		return 1;
	if (left(cursor) < 2 || option[1] < 2 || option[1] > left(cursor))
		return left(cursor);
	return option[1];
}

/* Does a whole option of this kind and length (with its two bytes) stand at the cursor? */
static bool stands(const struct cursor *cursor, uint8_t kind, size_t len)
{
	return len >= 2 && left(cursor) >= len && here(cursor)[0] == kind &&
	       here(cursor)[1] == len;
}

static int64_t edge(const struct stream *other, uint32_t absolute)
{
	return other ? flow_relative(other, absolute) : absolute;
}

/* ---- text ---- */

static void add_hex(struct strbuf *out, const uint8_t *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		strbuf_printf(out, " %02x", bytes[i]);
}

static void add_sack(struct strbuf *out, const uint8_t *option, const struct stream *other)
{
	const uint8_t *block;

	strbuf_puts(out, "sack");
	for (block = option + 2; block < option + option[1]; block += 8)
		strbuf_printf(out, " %lld-%lld", (long long)edge(other, get32(block)),
			      (long long)edge(other, get32(block + 4)));
}

/* An option with bytes that have no numbers in them. */
static void add_opaque(struct strbuf *out, const char *name, const uint8_t *bytes, size_t len)
{
	strbuf_puts(out, name);
	if (!len)
		return;
	strbuf_puts(out, " hex");
	add_hex(out, bytes, len);
}

static void add_option(struct strbuf *out, const struct cursor *cursor,
		       const struct stream *other)
{
	const uint8_t *option = here(cursor);
	size_t len = option_len(cursor);

	if (option[0] == KIND_EOL) {
		strbuf_puts(out, "eol");
	} else if (option[0] == KIND_NOP) {
		strbuf_puts(out, "nop");
	} else if (stands(cursor, KIND_MSS, 4)) {
		strbuf_printf(out, "mss %u", get16(option + 2));
	} else if (stands(cursor, KIND_WSCALE, 3)) {
		strbuf_printf(out, "wscale %u", option[2]);
	} else if (stands(cursor, KIND_SACKOK, 2)) {
		strbuf_puts(out, "sackok");
	} else if (option[0] == KIND_SACK && len > 2 && option[1] == len && len % 8 == 2) {
		add_sack(out, option, other);
	} else if (stands(cursor, KIND_TS, 10)) {
		strbuf_printf(out, "ts %u %u", get32(option + 2), get32(option + 6));
	} else if (stands(cursor, KIND_FASTOPEN, len)) {
		add_opaque(out, "fastopen", option + 2, len - 2);
	} else if (stands(cursor, KIND_MD5, 18)) {
		add_opaque(out, "md5", option + 2, len - 2);
	} else {
		strbuf_puts(out, "hex");
		add_hex(out, option, len);
	}
}

void options_text(const struct packet *packet, const uint8_t *frame,
		  const struct stream *other, struct strbuf *out)
{
	struct cursor cursor = options_of(packet, frame);
	const char *comma = "";

	if (!left(&cursor))
		strbuf_puts(out, "none");
	while (left(&cursor)) {
		strbuf_puts(out, comma);
		add_option(out, &cursor, other);
		if (*here(&cursor) == KIND_EOL)
			return;
		cursor.at += option_len(&cursor);
		comma = ", ";
	}
}

void match_options_text(const struct packet *packet, const uint8_t *frame, struct strbuf *out)
{
	if (packet->class == PACKET_TCP)
		options_text(packet, frame, NULL, out);
}

static void add_number(struct strbuf *out, enum optnum_kind kind, uint32_t number,
		       const struct stream *other)
{
	switch (kind) {
	case NUM_VALUE:
		strbuf_printf(out, " %u", number);
		break;
	case NUM_LAST:
		strbuf_printf(out, " %u", other->ts_last);
		break;
	case NUM_ANY:
	case NUM_AUTO:
		strbuf_puts(out, " any");
		break;
	}
}

static void add_expected(struct strbuf *out, const struct plan_option *option,
			 const struct stream *other)
{
	size_t i;

	switch (option->kind) {
	case OPT_EOL:
		strbuf_puts(out, "eol");
		break;
	case OPT_NOP:
		strbuf_puts(out, "nop");
		break;
	case OPT_MSS:
		strbuf_puts(out, "mss");
		add_number(out, option->a_kind, option->a, other);
		break;
	case OPT_WSCALE:
		strbuf_puts(out, "wscale");
		add_number(out, option->a_kind, option->a, other);
		break;
	case OPT_SACKOK:
		strbuf_puts(out, "sackok");
		break;
	case OPT_SACK:
		strbuf_puts(out, option->n_blocks ? "sack" : "sack any");
		for (i = 0; i < option->n_blocks; i++)
			strbuf_printf(out, " %lld-%lld", (long long)option->blocks[i][0],
				      (long long)option->blocks[i][1]);
		break;
	case OPT_TS:
		strbuf_puts(out, "ts");
		add_number(out, option->a_kind, option->a, other);
		add_number(out, option->b_kind, option->b, other);
		break;
	case OPT_FASTOPEN:
		add_opaque(out, "fastopen", option->bytes, option->len);
		break;
	case OPT_MD5:
		add_opaque(out, "md5", option->bytes, option->len);
		break;
	case OPT_RAW:
		strbuf_puts(out, "hex");
		add_hex(out, option->bytes, option->len);
		break;
	}
}

void options_expected_text(const struct plan_packet *expected, const struct stream *other,
			   struct strbuf *out)
{
	size_t i;

	if (!expected->n_options)
		strbuf_puts(out, expected->options_more ? "any" : "none");
	for (i = 0; i < expected->n_options; i++) {
		if (i)
			strbuf_puts(out, ", ");
		add_expected(out, &expected->options[i], other);
	}
	if (expected->n_options && expected->options_more)
		strbuf_puts(out, ", ...");
}

/* ---- comparison ---- */

static bool number_is(enum optnum_kind kind, uint32_t written, uint32_t last, uint32_t saw)
{
	switch (kind) {
	case NUM_VALUE:
		return saw == written;
	case NUM_LAST:
		return saw == last;
	case NUM_ANY:
	case NUM_AUTO:
		break;
	}
	return true;
}

static bool sack_is(const struct cursor *cursor, const struct plan_option *expected,
		    const struct stream *other)
{
	const uint8_t *block = here(cursor) + 2;
	size_t i;

	if (!expected->n_blocks)
		return here(cursor)[0] == KIND_SACK;
	if (!stands(cursor, KIND_SACK, 2 + 8 * expected->n_blocks))
		return false;
	for (i = 0; i < expected->n_blocks; i++, block += 8)
		if (get32(block) != other->isn + (uint32_t)expected->blocks[i][0] ||
		    get32(block + 4) != other->isn + (uint32_t)expected->blocks[i][1])
			return false;
	return true;
}

static bool bytes_are(const struct cursor *cursor, uint8_t kind,
		      const struct plan_option *expected)
{
	return stands(cursor, kind, 2 + expected->len) &&
	       !memcmp(here(cursor) + 2, expected->bytes, expected->len);
}

/* Is the option at the cursor the expected one? OPT_RAW, which need not be one
 * option, is match_one's. */
static bool option_is(const struct cursor *cursor, const struct plan_option *expected,
		      const struct stream *other)
{
	const uint8_t *option = here(cursor);

	switch (expected->kind) {
	case OPT_EOL:
		return option[0] == KIND_EOL;
	case OPT_NOP:
		return option[0] == KIND_NOP;
	case OPT_MSS:
		return stands(cursor, KIND_MSS, 4) &&
		       number_is(expected->a_kind, expected->a, 0, get16(option + 2));
	case OPT_WSCALE:
		return stands(cursor, KIND_WSCALE, 3) &&
		       number_is(expected->a_kind, expected->a, 0, option[2]);
	case OPT_SACKOK:
		return stands(cursor, KIND_SACKOK, 2);
	case OPT_SACK:
		return sack_is(cursor, expected, other);
	case OPT_TS:
		return stands(cursor, KIND_TS, 10) &&
		       number_is(expected->a_kind, expected->a, 0, get32(option + 2)) &&
		       number_is(expected->b_kind, expected->b, other->ts_last,
				 get32(option + 6));
	case OPT_FASTOPEN: /* a cookie is the kernel's secret: unwritten, it is any */
		return expected->len ? bytes_are(cursor, KIND_FASTOPEN, expected)
				     : option[0] == KIND_FASTOPEN;
	case OPT_MD5:
		return bytes_are(cursor, KIND_MD5, expected);
	case OPT_RAW:
		break;
	}
	return false;
}

/* Return: the bytes at the cursor that are the expected option, 0 when they are not. */
static size_t match_one(const struct cursor *cursor, const struct plan_option *expected,
			const struct stream *other)
{
	if (expected->kind != OPT_RAW)
		return option_is(cursor, expected, other) ? option_len(cursor) : 0;
	if (expected->len > left(cursor) ||
	    memcmp(here(cursor), expected->bytes, expected->len) != 0)
		return 0;
	return expected->len;
}

/* Does the line itself write this kind of padding? */
static bool written(const struct plan_packet *expected, enum plan_option_kind kind,
		    uint8_t byte)
{
	size_t i;

	for (i = 0; i < expected->n_options; i++) {
		const struct plan_option *option = &expected->options[i];

		if (option->kind == kind ||
		    (option->kind == OPT_RAW && option->len && option->bytes[0] == byte))
			return true;
	}
	return false;
}

/* Step over padding that the line does not speak of. */
static void skip_padding(struct cursor *cursor, bool nop, bool eol)
{
	while (nop && left(cursor) && *here(cursor) == KIND_NOP)
		cursor->at++;
	if (eol && left(cursor) && *here(cursor) == KIND_EOL)
		cursor->at = cursor->end;
}

bool options_match(const struct plan_packet *expected, const struct packet *packet,
		   const uint8_t *frame, const struct stream *other)
{
	bool nop = !written(expected, OPT_NOP, KIND_NOP);
	bool eol = !written(expected, OPT_EOL, KIND_EOL);
	struct cursor cursor = options_of(packet, frame);
	size_t i = 0, len;

	while (i < expected->n_options) {
		skip_padding(&cursor, nop, eol);
		if (!left(&cursor))
			return false;
		len = match_one(&cursor, &expected->options[i], other);
		if (len)
			i++;
		else if (!expected->options_more)
			return false;
		cursor.at += len ? len : option_len(&cursor);
	}
	skip_padding(&cursor, nop, true);
	return expected->options_more || !left(&cursor);
}
