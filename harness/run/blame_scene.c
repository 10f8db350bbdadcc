/* blame_scene: what else went on when a line failed: the notes below a failure's table. */
#include "run/blame_internal.h"

#include "base/clock.h"
#include "plan/names.h"
#include "run/call_text.h"
#include "run/program_text.h"

#include <stdlib.h>

enum { COMPLAINT = 200 /* bytes of a program's standard error */ };

bool blame_is_within_call(const struct engine *engine, int64_t time)
{
	for (int i = 0; i < engine->plan->n_callers; i++) {
		const struct caller *caller = &engine->stage.callers[i];

		if (!caller->running && caller->reply.returned == engine->event_before &&
		    caller->reply.started <= time)
			return time < engine->event_before;
	}
	return false;
}

void blame_note_when(struct blame *blame, int64_t time)
{
	const struct engine *engine = blame->engine;
	char text[DURATION_LEN];
	int64_t since = time - engine->event_before;

	format_duration(llabs(since), text);
	if (engine->event_step == NO_INDEX)
		blame_note(blame, "seen %s after the beginning", text);
	else
		blame_note(blame, "seen %s %s line %d", text,
			   since >= 0                             ? "after"
			   : blame_is_within_call(engine, time) ? "before the end of"
								  : "before",
			   blame_line(engine, engine->event_step));
}

/* A packet that brings nothing new is most often what the reader did not think of. */
void blame_note_repetition(struct blame *blame, const struct seen *seen)
{
	const struct flow *flow = seen->connection ? &seen->connection->told : NULL;
	int64_t seq;

	if (!flow || !packet_seq_len(&seen->packet) || !flow->stream[seen->from].known)
		return;
	seq = flow_seq(flow, seen->from, &seen->packet);
	if (seq < flow->stream[seen->from].next)
		blame_note(blame, "it is a retransmission: %s has sent seq %lld before; a line for it says "
				  "'seq %lld again'",
			   blame_host(blame->engine, seen->from), (long long)seq, (long long)seq);
}

/* A probe is no retransmission, though it comes again and again: it has the number before the next,
 * and takes up none. */
void blame_note_probe(struct blame *blame, const struct plan_packet *expected,
		       const struct seen *seen)
{
	const struct flow *flow = seen->connection ? &seen->connection->told : NULL;
	const struct plan_step *step = &blame->engine->plan->steps[blame->step];
	bool again = expected->again || step->time.kind == TIME_GAPS;

	if (!again || expected->set & FIELD_SEQ || seen->packet.class != PACKET_TCP ||
	    seen->from != expected->from || packet_seq_len(&seen->packet) || !flow ||
	    !connection_may_take(&blame->engine->connections, expected->flow, seen) ||
	    !flow->stream[seen->from].known)
		return;
	if (flow_seq(flow, seen->from, &seen->packet) == flow->stream[seen->from].next - 1)
		blame_note(blame, "it looks like a keepalive or window probe: write 'seq next-1'");
}

/* The connection's socket at each kernel host, as `ss` would show it. */
static void note_socket(struct blame *blame, int index)
{
	struct engine *engine = blame->engine;
	const struct flow *flow = &connection_meant(&engine->connections, index)->told;

	if (!flow->begun)
		return;
	for (int host = 0; host < engine->plan->n_hosts; host++) {
		struct sock_info info;

		if (engine->plan->hosts[host].kind != HOST_KERNEL)
			continue;
		if (stage_connection(&engine->stage, host, flow->port, &info) > 0)
			blame_note(blame, "the socket of %s was in %s, receive queue %u, send queue %u",
			     engine->plan->hosts[host].name, state_name((int)info.state),
			     info.recv_queue, info.send_queue);
		else
			blame_note(blame, "%s has no socket for this connection",
			     engine->plan->hosts[host].name);
	}
}

static void note_in_flight(struct blame *blame, int index)
{
	const struct engine *engine = blame->engine;
	const struct connection *connection = connection_meant(&engine->connections, index);

	for (int host = 0; host < engine->plan->n_hosts; host++) {
		int64_t next = connection->told.stream[host].next;
		int64_t acked = connection->acked[host];

		if (connection->told.stream[host].known && next > acked)
			blame_note(blame, "in flight from %s: seq %lld to %lld, not acknowledged",
			     engine->plan->hosts[host].name, (long long)acked, (long long)next);
	}
}

/* Packets that wait at the wire: only a line lets them go on, and its turn has not come. */
void blame_note_waiting(struct blame *blame)
{
	enum { SHOWN = 3 };
	struct engine *engine = blame->engine;
	struct seen *seen;
	char since[DURATION_LEN];

	for (size_t i = 0; i < SHOWN && (seen = stage_arrived(&engine->stage, i)); i++) {
		struct strbuf text = STRBUF_INIT;

		if (seen->settled)
			continue;
		packet_kind_text(&seen->packet, &text);
		strbuf_printf(&text, " from %s", blame_host(engine, seen->from));
		if (seen->packet.class == PACKET_TCP && connection_of(&engine->connections, seen))
			strbuf_printf(&text, " seq %lld len %u",
				      (long long)flow_seq(&seen->connection->wire, seen->from,
							  &seen->packet),
				      (unsigned int)seen->packet.payload_len);
		blame_note(blame, "%s has waited for %s: no line has spoken of it yet", strbuf_text(&text),
			   format_duration(clock_real_ns() - seen->packet.time, since));
		strbuf_free(&text);
	}
}

/* What has become of the programs, and what they complain of. */
static void note_programs(struct blame *blame)
{
	const struct engine *engine = blame->engine;

	for (int i = 0; i < engine->plan->n_programs; i++) {
		const struct program_view *view = &engine->stage.programs[i];
		const struct strbuf *complaint = &view->outputs[OUTPUT_STDERR].unread;
		size_t shown = complaint->len < COMPLAINT ? complaint->len : COMPLAINT;
		struct strbuf text = STRBUF_INIT;

		if (!view->executes)
			continue;
		if (view->exited)
			exit_text(view->status, &text);
		blame_note(blame, view->exited ? "%s (line %d) has exited: %s" : "%s (line %d) is running%s",
		     program_name(engine->plan, i), blame_line(engine, view->step),
		     strbuf_text(&text));
		strbuf_clear(&text);
		if (shown) {
			strbuf_quote(&text, complaint->text + complaint->len - shown, shown, shown);
			blame_note(blame, "its standard error: %s", strbuf_text(&text));
		}
		strbuf_free(&text);
	}
}

static void note_calls(struct blame *blame)
{
	const struct engine *engine = blame->engine;

	for (int i = 0; i < engine->plan->n_callers; i++) {
		const struct caller *caller = &engine->stage.callers[i];
		struct strbuf text = STRBUF_INIT;

		if (!caller->running || caller->step < 0)
			continue;
		caller_text(engine->plan, i, &text);
		strbuf_puts(&text, ": ");
		call_text(engine->plan, engine->plan->steps[caller->step].call, &text);
		blame_note(blame, "still running: %s (line %d)", strbuf_text(&text),
		     blame_line(engine, caller->step));
		strbuf_free(&text);
	}
}

static int flow_of(const struct engine *engine, int step)
{
	const struct plan_step *plan_step = &engine->plan->steps[step];

	if (plan_step->packet)
		return plan_step->packet->flow;
	if (plan_step->question && plan_step->question->flow != NO_INDEX)
		return plan_step->question->flow;
	return engine->plan->n_flows ? 0 : NO_INDEX;
}

void blame_note_scene(struct blame *blame)
{
	int flow = flow_of(blame->engine, blame->step);

	if (flow != NO_INDEX) {
		note_socket(blame, flow);
		note_in_flight(blame, flow);
	}
	note_calls(blame);
	note_programs(blame);
}
