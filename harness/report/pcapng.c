/* pcapng: see pcapng.h.
 *
 * The file (draft-ietf-opsawg-pcapng): a section header with the scenario's title, one
 * Ethernet interface "wire" with times in nanoseconds, a packet block for each frame with its
 * line as comment, interface statistics if the capture lost frames. All numbers are in this
 * machine's byte order, as the format's magic number tells.
 *
 * The file is written without a name (O_TMPFILE) or, where the filesystem cannot, under a name of
 * its own, and gets its own name when it is complete.
 */
#include "report/pcapng.h"

#include "base/clock.h"
#include "base/strbuf.h"
#include "report/order.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef TCPSCEN_VERSION
#define TCPSCEN_VERSION "unknown"
#endif

enum {
	BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_STATISTICS = 5, BLOCK_PACKET = 6,
	OPTION_END = 0, OPTION_COMMENT = 1,
	SECTION_APPLICATION = 4, INTERFACE_NAME = 2, INTERFACE_TSRESOL = 9,
	STATISTICS_DROPPED = 5,
	LINKTYPE_ETHERNET = 1,
	OPTION_BYTES_MAX = 65535,
};

/* ---- blocks ---- */

static void add16(struct strbuf *out, uint16_t number)
{
	strbuf_add(out, (const char *)&number, sizeof(number));
}

static void add32(struct strbuf *out, uint32_t number)
{
	strbuf_add(out, (const char *)&number, sizeof(number));
}

static void add64(struct strbuf *out, uint64_t number)
{
	strbuf_add(out, (const char *)&number, sizeof(number));
}

/* Times are two words, the high one first in either byte order. */
static void add_time(struct strbuf *out, int64_t ns)
{
	uint64_t time = ns > 0 ? (uint64_t)ns : 0;

	add32(out, (uint32_t)(time >> 32));
	add32(out, (uint32_t)time);
}

static void add_padded(struct strbuf *out, const void *bytes, size_t len)
{
	static const char zeros[3];

	strbuf_add(out, bytes, len);
	strbuf_add(out, zeros, -len & 3);
}

static void add_option(struct strbuf *out, uint16_t code, const void *value, size_t len)
{
	if (len > OPTION_BYTES_MAX)
		len = OPTION_BYTES_MAX;
	add16(out, code);
	add16(out, (uint16_t)len);
	add_padded(out, value, len);
}

/* A text that is empty is no option. */
static void add_text_option(struct strbuf *out, uint16_t code, const char *text)
{
	if (text && *text)
		add_option(out, code, text, strlen(text));
}

/* Begin a block; its length is known at its end. Return: where it begins. */
static size_t begin_block(struct strbuf *out, uint32_t type)
{
	size_t start = out->len;

	add32(out, type);
	add32(out, 0);
	return start;
}

static void end_block(struct strbuf *out, size_t start)
{
	uint32_t len = (uint32_t)(out->len - start + sizeof(len));

	add32(out, len);
	memcpy(out->text + start + sizeof(uint32_t), &len, sizeof(len));
}

static void add_section(struct strbuf *out, const struct plan *plan)
{
	size_t start = begin_block(out, BLOCK_SECTION);

	add32(out, 0x1a2b3c4d);
	add16(out, 1);          /* version 1.0 */
	add16(out, 0);
	add64(out, UINT64_MAX); /* the section's length: not said */
	add_text_option(out, OPTION_COMMENT, plan->title);
	add_text_option(out, SECTION_APPLICATION, "tcpscen " TCPSCEN_VERSION);
	add_option(out, OPTION_END, "", 0);
	end_block(out, start);
}

static void add_interface(struct strbuf *out)
{
	static const uint8_t nanoseconds = 9; /* 10^-9 */
	size_t start = begin_block(out, BLOCK_INTERFACE);

	add16(out, LINKTYPE_ETHERNET);
	add16(out, 0);
	add32(out, 0); /* frames are not cut */
	add_text_option(out, INTERFACE_NAME, "wire");
	add_option(out, INTERFACE_TSRESOL, &nanoseconds, sizeof(nanoseconds));
	add_option(out, OPTION_END, "", 0);
	end_block(out, start);
}

/* "line 14: expect ACK from client", "unexpected", "unexpected at line 14: …" */
static void comment_text(const struct plan *plan, const struct event *event, struct strbuf *out)
{
	bool unexpected = event->u.packet.fate == FATE_UNEXPECTED;
	int line = step_line(plan, event->step);

	if (unexpected)
		strbuf_puts(out, line ? "unexpected at " : "unexpected");
	if (line) {
		strbuf_printf(out, "line %d: ", line);
		step_text(plan, event->step, out);
	}
}

static void add_packet(struct strbuf *out, const struct plan *plan, const struct event *event,
		       const void *frame)
{
	const struct packet *packet = &event->u.packet.packet;
	struct strbuf comment = STRBUF_INIT;
	size_t start = begin_block(out, BLOCK_PACKET);

	add32(out, 0); /* the first and only interface */
	add_time(out, event->time);
	add32(out, event->blob_len);
	add32(out, packet->len > event->blob_len ? packet->len : event->blob_len);
	add_padded(out, frame, event->blob_len);
	comment_text(plan, event, &comment);
	add_text_option(out, OPTION_COMMENT, strbuf_text(&comment));
	if (comment.len > 0)
		add_option(out, OPTION_END, "", 0);
	end_block(out, start);
	strbuf_free(&comment);
}

static void add_statistics(struct strbuf *out, const struct event *end)
{
	uint64_t dropped = (uint64_t)end->u.end.frames_lost;
	size_t start = begin_block(out, BLOCK_STATISTICS);

	add32(out, 0);
	add_time(out, end->time);
	add_option(out, STATISTICS_DROPPED, &dropped, sizeof(dropped));
	add_option(out, OPTION_END, "", 0);
	end_block(out, start);
}

static void add_all(struct strbuf *out, const struct plan *plan, const struct record *record)
{
	struct arena *arena = arena_new();
	size_t count, *order = events_in_time(record, arena, &count);

	add_section(out, plan);
	add_interface(out);
	for (size_t i = 0; i < count; i++)
		if (record->events[order[i]].kind == EVENT_PACKET)
			add_packet(out, plan, &record->events[order[i]], record->blobs[order[i]]);
	for (size_t i = 0; i < record->count; i++)
		if (record->events[i].kind == EVENT_END && record->events[i].u.end.frames_lost > 0)
			add_statistics(out, &record->events[i]);
	arena_free(arena);
}

/* ---- the file ---- */

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t done = write(fd, bytes, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		bytes += done;
		len -= (size_t)done;
	}
	return 0;
}

/* Write and close: some filesystems tell only then that they are full. */
static int write_and_close(int fd, const struct strbuf *bytes)
{
	int rc = write_all(fd, bytes->text, bytes->len);

	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

/* The folder of @path, to be freed. */
static void folder_text(const char *path, struct strbuf *out)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		strbuf_puts(out, ".");
	else
		strbuf_add(out, path, slash == path ? 1 : (size_t)(slash - path));
}

/* A name beside @path that nobody else takes: processes have different numbers, and those of one
 * process different times. */
static void beside_text(const char *path, struct strbuf *out)
{
	strbuf_printf(out, "%s.%ld.%llx.tmp", path, (long)getpid(),
		      (unsigned long long)clock_mono_ns());
}

/* Give the nameless file @fd the name @path, in place of what may be there. */
static int give_name(int fd, const char *path)
{
	struct strbuf self = STRBUF_INIT, beside = STRBUF_INIT;
	int rc = 0;

	strbuf_printf(&self, "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, self.text, AT_FDCWD, path, AT_SYMLINK_FOLLOW) < 0)
		rc = -errno;
	if (rc == -EEXIST) { /* a link never replaces; a rename does */
		beside_text(path, &beside);
		rc = 0;
		if (linkat(AT_FDCWD, self.text, AT_FDCWD, beside.text, AT_SYMLINK_FOLLOW) < 0)
			rc = -errno;
		else if (rename(beside.text, path) < 0) {
			rc = -errno;
			unlink(beside.text);
		}
	}
	strbuf_free(&self);
	strbuf_free(&beside);
	return rc;
}

/* Return: 0, -errno; -EOPNOTSUPP when this filesystem or kernel has no nameless files, or no /proc
 * to name them by. */
static int write_nameless(const char *path, const struct strbuf *bytes)
{
	struct strbuf folder = STRBUF_INIT;

	folder_text(path, &folder);

	int fd = open(folder.text, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	int rc = fd < 0 ? -errno : 0;

	strbuf_free(&folder);
	if (rc == -EISDIR || rc == -EINVAL || rc == -ENOENT)
		return -EOPNOTSUPP; /* a folder that is missing fails again, by its name */
	if (rc < 0)
		return rc;
	rc = write_all(fd, bytes->text, bytes->len);
	if (rc == 0) {
		rc = give_name(fd, path);
		if (rc == -ENOENT || rc == -EPERM || rc == -EXDEV)
			rc = -EOPNOTSUPP;
	}
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

static int write_beside(const char *path, const struct strbuf *bytes)
{
	struct strbuf beside = STRBUF_INIT;

	beside_text(path, &beside);

	int fd = open(beside.text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int rc = fd < 0 ? -errno : write_and_close(fd, bytes);

	if (rc == 0 && rename(beside.text, path) < 0)
		rc = -errno;
	if (rc < 0 && fd >= 0)
		unlink(beside.text);
	strbuf_free(&beside);
	return rc;
}

static int write_into(const char *path, const struct strbuf *bytes)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : write_and_close(fd, bytes);
}

int pcapng_write(const char *path, const struct plan *plan, const struct record *record,
		 char *error, size_t error_len)
{
	struct strbuf bytes = STRBUF_INIT;
	struct stat status;
	int rc;

	add_all(&bytes, plan, record);
	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
		rc = write_into(path, &bytes);
	} else {
		rc = write_nameless(path, &bytes);
		if (rc == -EOPNOTSUPP)
			rc = write_beside(path, &bytes);
	}
	if (rc < 0)
		snprintf(error, error_len, "%s: cannot write the capture: %s", path, strerror(-rc));
	strbuf_free(&bytes);
	return rc;
}
