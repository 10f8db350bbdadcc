/* blame: failures in words: what was expected, what came, and what the kernel was
 * doing meanwhile. Each function puts one failure on record and returns PLAY_FAILED. */
#ifndef TCPSCEN_RUN_BLAME_H
#define TCPSCEN_RUN_BLAME_H

#include "run/play.h"

/* The packet expected by @step did not come. */
enum play blame_silence(struct engine *engine, int step);

/* @seen is not what @step expects. */
enum play blame_mismatch(struct engine *engine, int step, const struct seen *seen,
			 const struct mismatches *mismatches);

/* The rule or armed injection of @step has done nothing: of the packets that fit @pattern, too few
 * came. */
enum play blame_idle(struct engine *engine, int step, const struct plan_packet *pattern, int matched);

/* No packet has been seen that the ICMP message of @step could quote. */
enum play blame_nothing_to_quote(struct engine *engine, int step);

/* @seen came while no line expected a packet. @doing: "during the wait", … */
enum play blame_unexpected(struct engine *engine, int step, const struct seen *seen,
			   const char *doing);

/* What @step expects came at @time, outside @window. @what: "SYN", "connect"
 * @base_step: whose event the times count from, NO_INDEX: the beginning */
enum play blame_time(struct engine *engine, int step, const char *what, int64_t time,
		     const struct window *window, int base_step);

/* The call of @call_step, or (QUESTION_STEP) the one that the question of @step takes, is still
 * running when @step's patience ends. */
enum play blame_running(struct engine *engine, int step, int call_step);

/* The call of @call_step returned something else than @step says (success, when nothing is
 * written). */
enum play blame_result(struct engine *engine, int step, int call_step,
		       const struct probe_reply *reply, const char *expected, const char *saw);

/* A question's answer stayed wrong. @sockets: of the question `sockets`, else empty */
enum play blame_answer(struct engine *engine, int step, const char *expected, const char *saw,
		       const struct sock_list *sockets);

/* An answer that should have changed within @window has not, and patience is at its end. */
enum play blame_unchanged(struct engine *engine, int step, const struct window *window,
			  int base_step);

/* A program has not done what @step says, or done what no line says. @text: the message
 * @field: of the table's one row, NULL: no table   @extra: one more note, or NULL */
struct program_blame {
	const char *text, *field, *expected, *saw, *extra;
	int64_t time; /* when it happened, 0: it did not */
};
enum play blame_program(struct engine *engine, int step, const struct program_blame *what);

/* The machine cannot go on: the reason is kept for the record's end. */
enum play broken(struct engine *engine, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "SYN-ACK", "icmp port-unreachable", "a packet of protocol 17", "a malformed packet (…)" */
void packet_kind_text(const struct packet *packet, struct strbuf *out);

/* "SYN-ACK", "DATA", "icmp frag-needed": as the scenario writes it. */
void expected_text(const struct plan_packet *packet, struct strbuf *out);

#endif
