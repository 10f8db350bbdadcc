/* kept: see kept.h. */
#include "run/kept.h"

#include "base/clock.h"

/* No timer of TCP is shorter: TCP_TIMEOUT_MIN_US of net/tcp.h. What is done within that time is
 * done at once, as far as a kernel can tell. */
static const int64_t at_once = 2 * NS_PER_MS;

/* Did the kernel go on while @span lasted? */
static bool goes_on(const struct kept_span *span, int64_t news)
{
	return news >= span->from + at_once && news <= span->until;
}

static void keep_longer(struct kept_span *longest, const struct kept_span *span)
{
	if (span->length > longest->length)
		*longest = *span;
}

static void overtake(struct kept *kept, const struct kept_span *span)
{
	keep_longer(span->what == KEPT_FROM_LOOKING ? &kept->looking_overtaken : &kept->overtaken,
		    span);
}

void kept_step(struct kept *kept, int step)
{
	keep_longer(&kept->longest, &kept->looking_longest);
	keep_longer(&kept->overtaken, &kept->looking_overtaken);
	kept->looking_longest = kept->looking_overtaken = (struct kept_span){ 0 };
	kept->step = step;
}

void kept_news(struct kept *kept, int64_t time)
{
	const struct kept_span *last = &kept->recent[(kept->n_recent + KEPT_RECENT - 1) % KEPT_RECENT];

	kept->news[kept->n_news++ % KEPT_RECENT] = time;
	if (kept->n_recent && goes_on(last, time)) /* the captures are read one after the other */
		overtake(kept, last);
}

static struct kept_stream *stream_of(struct kept *kept, int from, const struct packet *packet)
{
	struct kept_stream *stream;

	for (size_t i = 0; i < KEPT_STREAMS && i < kept->n_streams; i++) {
		stream = &kept->streams[i];
		if (stream->from == from && stream->sport == packet->sport &&
		    stream->dport == packet->dport)
			return stream;
	}
	stream = &kept->streams[kept->n_streams++ % KEPT_STREAMS];
	*stream = (struct kept_stream){ from, packet->sport, packet->dport, packet->seq };
	return stream;
}

void kept_packet(struct kept *kept, int from, const struct packet *packet)
{
	const uint32_t len = packet_seq_len(packet);
	struct kept_stream *stream;
	int32_t beyond;

	if (packet->class != PACKET_TCP)
		return;
	stream = stream_of(kept, from, packet);
	beyond = (int32_t)(packet->seq + len - stream->next);
	if ((int32_t)(packet->seq - stream->next) < 0 && !(packet->flags & TCP_RST))
		kept_news(kept, packet->time);
	if (beyond > 0)
		stream->next += (uint32_t)beyond;
}

void kept_add(struct kept *kept, enum kept_for what, int host, int64_t from, int64_t until,
	      int64_t computing)
{
	const struct kept_span span = {
		.from = from, .until = until, .length = until - from - computing,
		.what = what, .step = kept->step, .host = host,
	};

	if (span.length < at_once)
		return;
	kept->recent[kept->n_recent++ % KEPT_RECENT] = span;
	keep_longer(what == KEPT_FROM_LOOKING ? &kept->looking_longest : &kept->longest, &span);
	for (size_t i = 0; i < KEPT_RECENT && i < kept->n_news; i++)
		if (goes_on(&span, kept->news[i]))
			overtake(kept, &span);
}

void kept_woke(struct kept *kept, int64_t look, int64_t work, int64_t until)
{
	const enum kept_for what = work < until ? KEPT_FROM_WORK : KEPT_FROM_LOOKING;
	const int64_t from = look < work ? look : work;

	kept->woke = (struct kept_span){ .from = from, .until = until, .what = what, .step = kept->step };
	if (from < until)
		kept_add(kept, what, NO_INDEX, from, until, 0);
}

/* A part of what is to be told as a whole is no span of its own. */
static void forget_recent(struct kept *kept, const struct kept_span *part)
{
	for (size_t i = 0; i < KEPT_RECENT && i < kept->n_recent; i++)
		if (kept->recent[i].from == part->from && kept->recent[i].until == part->until)
			kept->recent[i].length = 0;
}

void kept_worked(struct kept *kept, int64_t from, int64_t until, int64_t computing)
{
	const struct kept_span woke = kept->woke;
	const int step = kept->step;

	kept->woke.until = 0;
	if (woke.until == from && woke.what == KEPT_FROM_WORK) {
		forget_recent(kept, &woke);
		from = woke.from;
		kept->step = woke.step; /* where it began */
	}
	kept_add(kept, KEPT_FROM_WORK, NO_INDEX, from, until, computing);
	kept->step = step;
}

int64_t kept_between(const struct kept *kept, int64_t from, int64_t until)
{
	size_t n = kept->n_recent < KEPT_RECENT ? kept->n_recent : KEPT_RECENT;
	int64_t total = 0;

	for (size_t i = 0; i < n; i++)
		if (kept->recent[i].from < until && kept->recent[i].until > from)
			total += kept->recent[i].length;
	return total;
}

const struct kept_span *kept_excuse(const struct kept *kept, int64_t limit)
{
	if (kept->longest.length > limit)
		return &kept->longest;
	return kept->overtaken.length ? &kept->overtaken : NULL;
}
