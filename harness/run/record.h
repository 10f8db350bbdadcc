/* record: all that happened in one variant, complete enough for every report.
 *
 * The engine, in its own process, emits events one by one over a pipe; the suite collects
 * them into a record. An event is plain data with a blob behind it. Reports are
 * drawn from the record and the plan alone.
 */
#ifndef TCPSCEN_RUN_RECORD_H
#define TCPSCEN_RUN_RECORD_H

#include "peer/probe_msg.h"
#include "peer/program_msg.h"
#include "peer/sockdiag.h"
#include "plan/plan.h"
#include "wire/packet.h"

enum verdict {
	VERDICT_NONE,    /* still running, or its process died before the end */
	VERDICT_PASSED,
	VERDICT_FAILED,  /* the kernel did something else than the scenario says */
	VERDICT_SKIPPED, /* this kernel or machine lacks what it needs */
	VERDICT_ERROR,   /* the machine could not play it (exit status 3) */
};

enum packet_fate {
	FATE_SENT,       /* crafted by a line of the scenario */
	FATE_EXPECTED,   /* seen, as a line expected it; passed on to the other host */
	FATE_DROPPED,    /* seen and lost, as a line or a rule says, or because the wire is cut */
	FATE_DELAYED,    /* passed on later: see FATE_DELIVERED */
	FATE_DUPLICATED, /* passed on twice */
	FATE_HELD,       /* kept: see FATE_DELIVERED */
	FATE_CORRUPTED,  /* passed on with a wrong checksum */
	FATE_REWRITTEN,  /* passed on changed */
	FATE_IGNORED,    /* passed on by a rule, unchecked */
	FATE_DELIVERED,  /* one delayed or held before goes on now: the same packet again */
	FATE_LOST,       /* one delayed or held before does not go on: the wire is cut now */
	FATE_UNEXPECTED, /* no line speaks of it, or it differs */
};

enum program_event {
	PROGRAM_RAN,      /* it was started */
	PROGRAM_FED,      /* it was given input; blob: which */
	PROGRAM_FED_END,  /* … the end of it */
	PROGRAM_WROTE,    /* blob: what */
	PROGRAM_CALLED,   /* a socket call has begun, or returned */
	PROGRAM_SIGNALED,
	PROGRAM_ENDED,
	HOST_LISTENS,     /* not of a program: somebody listens on a port */
};

enum event_kind {
	EVENT_READY,   /* the stage is set; nothing has been played */
	EVENT_BEGIN,   /* time: the record's zero, CLOCK_REALTIME */
	EVENT_STEP,    /* a line begins to be played: the record keeps only the latest */
	EVENT_PACKET,  /* blob: the frame */
	EVENT_CALL,    /* a call started */
	EVENT_RESULT,  /* a call returned; blob: bytes read */
	EVENT_ASK,     /* a question and its answer; blob: of `sockets`, each one's sock_info */
	EVENT_WIRE,    /* a rule, a cut, a release …: the wire has changed */
	EVENT_WAIT,    /* a wait, or a timed send, has come to its end */
	EVENT_PROGRAM, /* of a program */
	EVENT_CHECKED, /* a line has found what it waits for in an EVENT_PROGRAM before */
	EVENT_FAILURE, /* blob: struct failure, flattened (see record_failure) */
	EVENT_END,     /* verdict; blob: reason of a skip or an error, else empty; step: of an
	                  error, the line that was being played */
};

struct event {
	enum event_kind kind;
	int step;              /* index in the plan's steps, NO_INDEX: none */
	int64_t time;          /* ns, CLOCK_REALTIME */
	uint32_t blob_len;
	union {
		struct {
			int from;              /* host, NO_INDEX: unknown */
			int flow;              /* NO_INDEX: none of the plan's */
			enum packet_fate fate;
			int64_t seq, ack;      /* relative */
			int64_t passed;        /* when it left for the other kernel host; 0: it did not,
			                          or nobody looked */
			bool ack_valid;
			struct packet packet;
		} packet;
		struct {
			int caller;
		} call;
		struct {
			int caller;
			int64_t started;
			int64_t ret, value;
			int err;
			bool sigpipe;
			int queued_errno, icmp_type, icmp_code;
			struct probe_address answer;
		} result;
		struct {
			enum question_id id;
			int host;
			int64_t answer;  /* a state, an errno, 1 or 0, a field's value, how many */
			bool found;      /* timer, queues, info: there is such a socket */
			struct sock_info socket; /* if @found, or the state is not CLOSED */
		} ask;
		struct {
			enum program_event what;
			int program;     /* HOST_LISTENS: NO_INDEX */
			int host;
			uint64_t serial; /* counts them; CHECKED: of which one */
			enum output output;
			int number;      /* a signal, a port, a status of wait(2) */
			struct traced_call call;
		} program;
		struct {
			bool lacking;    /* skipped: a program is not installed */
			enum verdict verdict;
			struct span span; /* of the line at fault, if it is no step; else empty */
			int64_t frames_lost;
			int64_t kept;    /* ns, the longest that the engine or a caller was kept
			                    from running: see run/kept.h */
			bool too_busy;   /* an error: the machine was; played again, it may be none */
			int64_t unrecorded; /* packets that a rule let pass, only counted */
		} end;
	} u;
};

/* A failure's text, made where the failure is known and never parsed again. */
struct failure_row {
	const char *field, *expected, *saw;
};

struct failure {
	struct span span;      /* where the caret stands */
	const char *message;   /* "expected RST from client, saw FIN-ACK" */
	struct failure_row *rows;
	size_t n_rows;
	const char **notes;    /* "seen 0.213 ms after line 13; the socket was in LAST-ACK" */
	size_t n_notes;
};

struct record {
	struct event *events;  /* (owned) */
	uint8_t **blobs;       /* (owned) one for each event, NULL when empty; NUL-terminated */
	size_t count, room;
	int step;              /* being played, or played last; NO_INDEX: none */
	int64_t begin;         /* CLOCK_REALTIME of the record's zero */
	int64_t first_packet;  /* time of the first packet, 0: none */
	enum verdict verdict;
	bool too_busy;         /* the verdict is an error because the machine was too busy */
	int64_t duration;      /* ns, begin to end */
	int played_before;     /* so many times, and each ended with such an error */
	int round;             /* of a variant that is played many times, from 1; 0: once */
};

void record_init(struct record *record);
void record_free(struct record *record);

/* What @record holds; it is empty afterwards. */
struct record record_take(struct record *record);

/* Append; the blob is copied. Keeps step, begin, first_packet, verdict and duration. An error
 * that comes without a step happened where the record has got to. */
void record_add(struct record *record, const struct event *event, const void *blob);

/* A record that has passed has failed after all, at @step: as if the engine had said so last. */
void record_fail(struct record *record, const struct failure *failure, int step);

/* Read the failure of an EVENT_FAILURE back. Return: false if the blob is damaged.
 * The strings point into the record; rows and notes are in @arena. */
bool record_failure(const struct record *record, size_t index, struct arena *arena,
		    struct failure *out);

/* Flatten a failure into a blob. Return: malloc'ed bytes, @len set. */
uint8_t *failure_pack(const struct failure *failure, size_t *len);

enum { RECORD_BLOB_MAX = 1 << 20 }; /* bytes of a blob that travel over the pipe */

struct strbuf;

/* Add one frame of the event pipe: the event and its blob.
 * Return: 0, or -EMSGSIZE when the blob is longer than RECORD_BLOB_MAX: nothing is added then. */
int record_pack(struct strbuf *frames, const struct event *event, const void *blob);

/* Write all frames and clear them; waits when the pipe is full. @done: bytes of them that have
 * been written before; 0 afterwards. SIGPIPE must be ignored by the caller.
 * Return: 0 or -errno. */
int record_write(int fd, struct strbuf *frames, size_t *done);

/* The same, but of a non-blocking pipe only what it has room for: -EAGAIN then, and @done tells
 * how much that was. */
int record_offer(int fd, struct strbuf *frames, size_t *done);

/* The other end of the pipe. The writer is the same program, if not the same process image: an
 * event holds no pointers. */
struct record_reader {
	uint8_t *bytes;        /* (owned) what has come and has not been taken */
	size_t at, len, room;  /* taken up to @at */
};

#define RECORD_READER_INIT { NULL, 0, 0, 0 }
void record_reader_free(struct record_reader *reader);

/* Make one read(2) of @fd. Does not block on a descriptor that poll() called readable, nor on a
 * non-blocking one.
 *
 * Return: 1 when bytes came; 0 at the end of file, whatever is incomplete then is lost;
 *         -errno: -EAGAIN for nothing there. */
int record_reader_read(struct record_reader *reader, int fd);

/* Take the next event. The blob is good until the next read.
 * Return: 1; 0 when it has not come as a whole; -EPROTO for bytes that are no frame. */
int record_reader_take(struct record_reader *reader, struct event *event, const void **blob);

/* Read once and append all that is complete to @record.
 * Return: as record_reader_read(), or -EPROTO. */
int record_reader_feed(struct record_reader *reader, int fd, struct record *record);

#endif
