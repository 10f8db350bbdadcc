/* sample: plans and records made by hand, for the tests of the reports. */
#ifndef TCPSCEN_UNIT_SAMPLE_H
#define TCPSCEN_UNIT_SAMPLE_H

#include "run/record.h"

enum { SAMPLE_STEPS = 32, SAMPLE_BEGIN_S = 1700000000 };

struct sample {
	struct plan plan; /* host 0: client, a kernel; host 1: server, crafted */
	struct record record;
	struct plan_step steps[SAMPLE_STEPS];
	struct plan_call calls[SAMPLE_STEPS];
	struct plan_caller callers[3]; /* client, client/reader, server */
	struct plan_socket sockets[1];
	struct plan_flow flows[1];
	size_t n_calls;
};

/* A TCP packet over IPv4; the rest of it has its usual value. */
struct sample_packet {
	int64_t us;         /* since the record's begin */
	int step;
	int from;
	enum packet_fate fate;
	uint16_t flags;
	int64_t seq, ack;   /* relative */
	uint16_t win;
	const char *data;   /* or NULL */
	const char *options; /* @options_len bytes, a multiple of 4 */
	size_t options_len;
};

/* An empty record of a scenario with this text. @title: the scenario's */
void sample_open(struct sample *sample, const char *text, const char *title);
void sample_close(struct sample *sample);

/* Add the step that stands in line @line (from 1). Return: its number. */
int sample_step(struct sample *sample, enum step_kind kind, int line);

/* Add a call as step of line @line. */
int sample_call(struct sample *sample, int line, int caller, struct plan_call call);

/* Events; times in microseconds since begin. */
void sample_begin(struct sample *sample);
void sample_sent(struct sample *sample, const struct sample_packet *packet);
void sample_frame(struct sample *sample, const struct sample_packet *like, const uint8_t *frame,
		  size_t len);
void sample_started(struct sample *sample, int64_t us, int step, int caller);
void sample_returned(struct sample *sample, int64_t us, int step, int caller, int64_t ret, int err,
		     const char *data);
void sample_failed(struct sample *sample, int step, const struct failure *failure);
void sample_end(struct sample *sample, int64_t us, enum verdict verdict, const char *reason);

/* The scenario rst_after_fin, as it runs and passes, or with a failure in its line 14. */
void sample_rst_after_fin(struct sample *sample, bool fails);

/* All that was printed to the stream of open_memstream(3) in between. */
struct capture_text {
	FILE *out;
	char *text;
	size_t len;
};
void capture_begin(struct capture_text *capture);
const char *capture_end(struct capture_text *capture); /* to be freed by capture_free */
void capture_free(struct capture_text *capture);

#endif
