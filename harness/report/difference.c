/* difference: see difference.h. Rows are compared one by one, after what may differ is blurred. */
#include "report/difference.h"

#include "base/clock.h"
#include "base/strbuf.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_FIRST = 32768, PORT_LAST = 60999 }; /* net.ipv4.ip_local_port_range, by default */
enum { BLANKS_KEPT = 2, DASHES_KEPT = 4 };

static const int64_t half_a_jiffy = NS_PER_MS / 2; /* HZ=1000 */

/* ---- rows ---- */

struct row {
	long lane;
	int64_t time;
	const char *text;
	size_t len;
};

static const struct row no_row = { LONG_MAX, INT64_MAX, NULL, 0 };

/* Take the next row off @rest. Return: false at the end. */
static bool take_row(const char **rest, struct row *row)
{
	char *at;

	*row = no_row;
	if (!**rest)
		return false;
	row->lane = strtol(*rest, &at, 10);
	row->time = strtoll(at, &at, 10);
	row->text = at + (*at == '\t');
	row->len = strcspn(row->text, "\n");
	*rest = row->text + row->len + (row->text[row->len] == '\n');
	return true;
}

/* Leave out what is left of a lane. */
static void skip_lane(const char **rest, struct row *row, long lane)
{
	while (row->lane <= lane && take_row(rest, row))
		;
}

/* The length of a dash of an arrow that stands here, 0: none does. */
static size_t dash_here(const char *at, size_t len)
{
	static const char dash[] = "─";

	if (len >= sizeof(dash) - 1 && memcmp(at, dash, sizeof(dash) - 1) == 0)
		return sizeof(dash) - 1;
	return len > 0 && *at == '-';
}

/* The row without the padding of its columns. A deed of the right host still stands at the
 * right. */
static void add_compact(struct strbuf *out, const char *text, size_t len)
{
	int blanks = 0, dashes = 0;

	while (len > 0) {
		size_t size = dash_here(text, len);

		dashes = size ? dashes + 1 : 0;
		blanks = *text == ' ' ? blanks + 1 : 0;
		size = size ? size : 1;
		if (dashes <= DASHES_KEPT && blanks <= BLANKS_KEPT)
			strbuf_add(out, text, size);
		text += size;
		len -= size;
	}
}

/* ---- blurring ---- */

static size_t digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* ":40123" → ":*". Return: bytes taken, 0: it is no ephemeral port. */
static size_t blur_port(struct strbuf *out, const char *text)
{
	size_t len = *text == ':' ? digits(text + 1) : 0;
	long port = len > 0 && len <= 5 ? strtol(text + 1, NULL, 10) : 0;

	if (port < PORT_FIRST || port > PORT_LAST)
		return 0;
	strbuf_puts(out, ":*");
	return len + 1;
}

/* "ts 3581875488 0" → "ts * 0": there is one, or there is none. */
static size_t blur_timestamps(struct strbuf *out, const char *text)
{
	const char *at = text + 3;

	if (strncmp(text, "ts ", 3) != 0 || !isdigit((unsigned char)*at))
		return 0;
	strbuf_puts(out, "ts");
	for (int i = 0; i < 2; i++) {
		strbuf_puts(out, strtoul(at, NULL, 10) ? " *" : " 0");
		at += digits(at);
		if (*at != ' ' || !isdigit((unsigned char)at[1]))
			break;
		at += i == 0;
	}
	return (size_t)(at - text);
}

/* "1.022 s" → "* s" */
static size_t blur_duration(struct strbuf *out, const char *text)
{
	static const char *const units[] = { "ns", "us", "ms", "s", "min", "h" };
	size_t len = digits(text);

	if (len > 0 && text[len] == '.')
		len += 1 + digits(text + len + 1);
	if (len == 0 || text[len] != ' ')
		return 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t unit = strlen(units[i]);

		if (strncmp(text + len + 1, units[i], unit) == 0 &&
		    !isalnum((unsigned char)text[len + 1 + unit])) {
			strbuf_addch(out, '*');
			return len;
		}
	}
	return 0;
}

/* "fastopen hex 7d 00 bf 68" → "fastopen hex *" */
static size_t blur_cookie(struct strbuf *out, const char *text)
{
	static const char word[] = "fastopen hex ";

	if (strncmp(text, word, sizeof(word) - 1) != 0)
		return 0;
	strbuf_printf(out, "%s*", word);
	return sizeof(word) - 1 + strspn(text + sizeof(word) - 1, "0123456789abcdef ");
}

/* "\x97\x8a"… (40 bytes) queued ECONNREFUSED: the packet that it is about. */
static size_t blur_quoted_packet(struct strbuf *out, const char *text)
{
	const char *queued = *text == '"' ? strstr(text, " queued E") : NULL;

	if (queued)
		strbuf_addch(out, '*');
	return queued ? (size_t)(queued - text) : 0;
}

/* "wscale 7" → "wscale *", "win 502" → "win *": how big buffers are depends on how much memory a
 * machine has. A shut window is one everywhere. */
static size_t blur_window(struct strbuf *out, const char *text)
{
	static const char *const words[] = { "wscale ", "win " };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t word = strlen(words[i]);
		size_t number = strncmp(text, words[i], word) == 0 ? digits(text + word) : 0;

		if (number == 0)
			continue;
		strbuf_printf(out, "%s%s", words[i], strtoul(text + word, NULL, 10) ? "*" : "0");
		return word + number;
	}
	return 0;
}

/* What is compared of a row: not the note behind its last lifeline, since with `kernel >= 6.5`
 * another line may speak of the same packet; of how a ladder ends the line, but not why, which
 * is full of times. */
static size_t end_of_deed(const char *text)
{
	static const char *const lifelines[] = { "│", "⋮" };
	size_t end = 0;

	if (strncmp(text, "FAIL", 4) == 0 || strncmp(text, "ERROR", 5) == 0)
		return strcspn(text, ":");
	for (size_t i = 0; i < sizeof(lifelines) / sizeof(lifelines[0]); i++)
		for (const char *at = text; (at = strstr(at, lifelines[i])); at++)
			if ((size_t)(at - text) > end)
				end = (size_t)(at - text);
	return end ? end : strlen(text);
}

static void add_blurred(struct strbuf *out, const char *text, bool timed)
{
	const char *end = text + end_of_deed(text);
	bool in_word = false;

	while (text < end) {
		size_t taken = blur_port(out, text);

		if (!taken)
			taken = blur_quoted_packet(out, text);
		if (!taken && !in_word)
			taken = blur_timestamps(out, text);
		if (!taken && !in_word)
			taken = blur_cookie(out, text);
		if (!taken && !in_word && !timed)
			taken = blur_duration(out, text);
		if (!taken && !in_word && !timed)
			taken = blur_window(out, text);
		in_word = isalnum((unsigned char)*text) || *text == '.';
		if (!taken)
			strbuf_addch(out, *text);
		text += taken ? taken : 1;
	}
}

/* ---- comparing ---- */

/* A row as it is compared. */
static void blur(struct strbuf *out, const struct row *row, bool timed)
{
	struct strbuf text = STRBUF_INIT;

	add_compact(&text, row->text, row->len);
	add_blurred(out, strbuf_text(&text), timed);
	strbuf_free(&text);
}

static bool rows_are_alike(const struct row *one, const struct row *other, bool timed)
{
	struct strbuf left = STRBUF_INIT, right = STRBUF_INIT;
	bool alike;

	if (!one->text || !other->text)
		return false;
	if (one->lane != other->lane || (timed && llabs(one->time - other->time) >= half_a_jiffy))
		return false;
	if (one->len == other->len && memcmp(one->text, other->text, one->len) == 0)
		return true;
	blur(&left, one, timed);
	blur(&right, other, timed);
	alike = strcmp(strbuf_text(&left), strbuf_text(&right)) == 0;
	strbuf_free(&left);
	strbuf_free(&right);
	return alike;
}

/* "3.061440  │──── SYN seq 0 … ────▶│  line 9". Return: malloc'ed text, or NULL. */
static char *row_text(const struct row *row)
{
	struct strbuf text = STRBUF_INIT;

	if (!row->text)
		return NULL;
	strbuf_printf(&text, "%" PRId64 ".%06" PRId64 "  ", row->time / NS_PER_S,
		      row->time % NS_PER_S / NS_PER_US);
	add_compact(&text, row->text, row->len);
	return text.text;
}

/* Where the text that begins with a quote ends, behind the other quote. */
static char *end_of_string(char *text)
{
	for (text++; *text && *text != '"'; text++)
		if (*text == '\\' && text[1])
			text++;
	return *text ? text + 1 : text;
}

/* Shorten strings, such as payloads, but the one in which the difference (@at bytes on) is. */
static void shorten(char *text, size_t at)
{
	static const char mark[] = "…\"";
	enum { KEPT = 24 };
	char *differs = text + at;

	while (text && (text = strchr(text, '"'))) {
		char *end = end_of_string(text);
		size_t len = (size_t)(end - text);

		if (len > KEPT + sizeof(mark) && (differs < text || differs >= end)) {
			memcpy(text + KEPT, mark, sizeof(mark) - 1);
			memmove(text + KEPT + sizeof(mark) - 1, end, strlen(end) + 1);
			if (differs >= end)
				differs -= len - KEPT - sizeof(mark) + 1;
			end = text + KEPT + sizeof(mark) - 1;
		}
		text = end;
	}
}

static void shorten_both(struct difference *difference)
{
	size_t same = 0;

	while (difference->one && difference->other && difference->one[same] &&
	       difference->one[same] == difference->other[same])
		same++;
	if (difference->one)
		shorten(difference->one, same);
	if (difference->other)
		shorten(difference->other, same);
}

static int64_t earlier(const struct row *one, const struct row *other)
{
	return one->time < other->time ? one->time : other->time;
}

bool ladders_differ(const char *one, const char *other, bool timed, struct difference *out)
{
	struct row left, right, first_left = no_row, first_right = no_row;
	bool found = false;

	take_row(&one, &left);
	take_row(&other, &right);
	while (left.text || right.text) {
		long lane = left.lane < right.lane ? left.lane : right.lane;

		if (rows_are_alike(&left, &right, timed)) {
			take_row(&one, &left);
			take_row(&other, &right);
			continue;
		}

		struct row here = left.lane == lane ? left : no_row;
		struct row there = right.lane == lane ? right : no_row;

		if (!found || earlier(&here, &there) < earlier(&first_left, &first_right)) {
			first_left = here;
			first_right = there;
		}
		found = true;
		skip_lane(&one, &left, lane);
		skip_lane(&other, &right, lane);
	}
	if (!found)
		return false;
	*out = (struct difference){ row_text(&first_left), row_text(&first_right) };
	shorten_both(out);
	return true;
}

void difference_free(struct difference *difference)
{
	free(difference->one);
	free(difference->other);
	*difference = (struct difference){ NULL, NULL };
}
