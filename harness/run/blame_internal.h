/* blame_internal: what the files of blame share; nobody else includes it. */
#ifndef TCPSCEN_RUN_BLAME_INTERNAL_H
#define TCPSCEN_RUN_BLAME_INTERNAL_H

#include "run/blame.h"
#include "run/busy.h"

enum { ROWS_MAX = MISMATCH_MAX, NOTES_MAX = 8 };

/* A failure in the making. Its texts live in the engine's arena. */
struct blame {
	struct engine *engine;
	int step;
	struct failure failure;
	struct failure_row rows[ROWS_MAX];
	const char *notes[NOTES_MAX];
	struct off off;
};

void blame_begin(struct blame *blame, struct engine *engine, int step, struct span span);
void blame_message(struct blame *blame, const char *format, ...) __attribute__((format(printf, 2, 3)));
void blame_row(struct blame *blame, const char *field, const char *expected, const char *saw);
void blame_note(struct blame *blame, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Put it on record. Return: PLAY_FAILED; PLAY_BROKEN if it is no fault of the kernel's. */
enum play blame_end(struct blame *blame);

/* Words. */
const char *blame_host(const struct engine *engine, int host);
int blame_line(const struct engine *engine, int step);

/* Was it while the call ran whose return is the event before? Then a line above that call's could not have
 * waited for it. */
bool blame_is_within_call(const struct engine *engine, int64_t time);

/* When it was, by the line before. */
void blame_note_when(struct blame *blame, int64_t time);

/* @seen is a retransmission, or a probe in the place of one. */
void blame_note_repetition(struct blame *blame, const struct seen *seen);
void blame_note_probe(struct blame *blame, const struct plan_packet *expected, const struct seen *seen);

/* Packets that wait at the wire. */
void blame_note_waiting(struct blame *blame);

/* Sockets, what is in flight, calls and programs. */
void blame_note_scene(struct blame *blame);

#endif
