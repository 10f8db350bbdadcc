/* record_pipe: events from the engine's process to the suite's.
 *
 * A frame is struct event as it lies in memory and the blob behind it: both ends
 * are the same program. While it plays, the writer does not block: what the pipe has no room
 * for waits with the engine (record_offer()). The reader never does. A frame that an enum or a length proves wrong ends the reading: after it nothing can
 * be trusted.
 */
#include "run/record.h"

#include "base/strbuf.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_SIZE = 64 << 10 }; /* a pipe's capacity, by default */

/* Wait until a non-blocking @fd takes bytes again. Return: 0 or -errno. */
static int wait_writable(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLOUT };

	if (poll(&poller, 1, -1) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

int record_pack(struct strbuf *frames, const struct event *event, const void *blob)
{
	if (event->blob_len > RECORD_BLOB_MAX)
		return -EMSGSIZE;
	strbuf_add(frames, (const char *)event, sizeof(*event));
	strbuf_add(frames, blob, event->blob_len);
	return 0;
}

int record_offer(int fd, struct strbuf *frames, size_t *done)
{
	while (*done < frames->len) {
		ssize_t n = write(fd, frames->text + *done, frames->len - *done);

		if (n > 0)
			*done += (size_t)n;
		else if (n < 0 && errno != EINTR)
			return -errno;
	}
	strbuf_clear(frames);
	*done = 0;
	return 0;
}

int record_write(int fd, struct strbuf *frames, size_t *done)
{
	int rc;

	while ((rc = record_offer(fd, frames, done)) == -EAGAIN) {
		rc = wait_writable(fd);
		if (rc < 0)
			return rc;
	}
	return rc;
}

void record_reader_free(struct record_reader *reader)
{
	free(reader->bytes);
	*reader = (struct record_reader)RECORD_READER_INIT;
}

static bool is_host(int host)
{
	return host >= NO_INDEX && host < PLAN_HOSTS;
}

static bool packet_sane(const struct event *event, const struct packet *packet)
{
	return (unsigned int)event->u.packet.fate <= FATE_UNEXPECTED &&
	       event->u.packet.passed >= 0 &&
	       (unsigned int)packet->class <= PACKET_MALFORMED && is_host(event->u.packet.from) &&
	       packet->n_options <= PACKET_OPTIONS_MAX &&
	       (unsigned int)packet->fault < N_PACKET_FAULTS &&
	       (packet->fault != FAULT_NONE) == (packet->class == PACKET_MALFORMED);
}

/* Could the engine have written this? Times are of the clock, after 1970: two of them have a
 * difference. */
static bool event_sane(const struct event *event)
{
	if (event->blob_len > RECORD_BLOB_MAX || (unsigned int)event->kind > EVENT_END ||
	    event->time < 0)
		return false;

	switch (event->kind) {
	case EVENT_PACKET:
		return packet_sane(event, &event->u.packet.packet);
	case EVENT_ASK:
		return (unsigned int)event->u.ask.id < N_QUESTIONS && is_host(event->u.ask.host) &&
		       event->u.ask.answer > INT64_MIN; /* a negative one is an errno's */
	case EVENT_RESULT:
		return event->u.result.started >= 0;
	case EVENT_END:
		return (unsigned int)event->u.end.verdict <= VERDICT_ERROR;
	case EVENT_PROGRAM:
		return (unsigned int)event->u.program.what <= HOST_LISTENS &&
		       is_host(event->u.program.host) &&
		       (unsigned int)event->u.program.call.id < N_SYSCALLS &&
		       event->u.program.call.data_len <= TRACED_DATA_MAX;
	case EVENT_READY:
	case EVENT_CHECKED:
	case EVENT_BEGIN:
	case EVENT_STEP:
	case EVENT_CALL:
	case EVENT_WIRE:
	case EVENT_WAIT:
	case EVENT_FAILURE:
		return true;
	}
	return false;
}

int record_reader_take(struct record_reader *reader, struct event *event, const void **blob)
{
	if (reader->len - reader->at < sizeof(*event))
		return 0;
	memcpy(event, reader->bytes + reader->at, sizeof(*event));
	if (!event_sane(event))
		return -EPROTO;
	if (reader->len - reader->at - sizeof(*event) < event->blob_len)
		return 0;
	*blob = reader->bytes + reader->at + sizeof(*event);
	reader->at += sizeof(*event) + event->blob_len;
	return 1;
}

/* Room for READ_SIZE more; the buffer never holds more than one torn frame besides. */
static void reserve(struct record_reader *reader)
{
	reader->len -= reader->at;
	if (reader->at > 0 && reader->len > 0)
		memmove(reader->bytes, reader->bytes + reader->at, reader->len);
	reader->at = 0;
	if (reader->room - reader->len >= READ_SIZE)
		return;
	reader->room = 2 * reader->len + READ_SIZE;
	reader->bytes = realloc(reader->bytes, reader->room);
	if (!reader->bytes) {
		fputs("tcpscen: out of memory\n", stderr);
		abort();
	}
}

int record_reader_read(struct record_reader *reader, int fd)
{
	ssize_t got;

	reserve(reader);
	do
		got = read(fd, reader->bytes + reader->len, READ_SIZE);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	reader->len += (size_t)got;
	return got > 0;
}

int record_reader_feed(struct record_reader *reader, int fd, struct record *record)
{
	int rc = record_reader_read(reader, fd);

	while (rc > 0) {
		struct event event;
		const void *blob;
		int taken = record_reader_take(reader, &event, &blob);

		if (taken <= 0)
			return taken < 0 ? taken : rc;
		record_add(record, &event, blob);
	}
	return rc;
}
