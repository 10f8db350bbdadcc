/* kept: how long this machine has kept the engine, and the callers of a probe, from running.
 *
 * The engine answers for a crafted host, and is the wire between two kernels. If it runs late,
 * the kernel under test may do what it would not have done: a timer of its goes off that an
 * answer in time would have stopped. Such a play says nothing about the kernel, so a failure in
 * it is an error of the machine (see blame_end()); a pass stays a pass.
 *
 * A span counts from when something was due (a frame had come, a deadline had passed, a call was
 * given to a caller, the kernel had woken one) to when it was looked at. The engine's own computing does not count.
 * Pure reckoning on times in ns, CLOCK_REALTIME; nothing here waits or asks for the time.
 */
#ifndef TCPSCEN_RUN_KEPT_H
#define TCPSCEN_RUN_KEPT_H

#include "plan/plan.h"
#include "wire/packet.h"

enum { KEPT_RECENT = 16, KEPT_STREAMS = 8 };

/* How far a host has got with what it sends. */
struct kept_stream {
	int from;
	uint16_t sport, dport;
	uint32_t next;
};

enum kept_for {
	KEPT_FROM_WORK, /* something had come, or was to be done by now */
	KEPT_FROM_LOOKING, /* the engine only wanted to look again, or to go on to the next line */
};

struct kept_span {
	int64_t from, until;
	int64_t length; /* of that, without computing */
	enum kept_for what;
	int step;       /* being played, NO_INDEX: none */
	int host;       /* whose probe it was, NO_INDEX: the engine */
};

struct kept {
	int step;                  /* being played: see kept_step() */
	struct kept_stream streams[KEPT_STREAMS]; /* a ring of the newest */
	size_t n_streams;          /* ever put into it */
	int64_t news[KEPT_RECENT]; /* when the kernel did something: a ring of the latest */
	size_t n_news;             /* ever put into it */
	struct kept_span longest;
	struct kept_span overtaken; /* the longest in which the kernel went on meanwhile */
	/* the same of this step's KEPT_FROM_LOOKING: late is what comes after it, not what it waits for */
	struct kept_span looking_longest, looking_overtaken;
	struct kept_span woke;     /* the latest wait that has ended, late or not */
	struct kept_span recent[KEPT_RECENT]; /* a ring of the latest */
	size_t n_recent;           /* ever put into it */
};

/* The next line is played: @step, NO_INDEX: none is. */
void kept_step(struct kept *kept, int step);

/* A kernel host has done something at @time that it was not made to do by anybody. */
void kept_news(struct kept *kept, int64_t time);

/* Host @from has sent @packet. It is news if it is sent again, or a probe: what only a timer, or
 * an acknowledgement that we have passed on, makes a kernel do. */
void kept_packet(struct kept *kept, int from, const struct packet *packet);

/* From @from to @until something was due (@what) and not done. All news that came meanwhile must have
 * been told. @computing: ns of it in which the engine was at work
 * @host: of the probe that was kept, or NO_INDEX */
void kept_add(struct kept *kept, enum kept_for what, int host, int64_t from, int64_t until,
	      int64_t computing);

/* A wait of the engine's has ended at @until. It was to look again at @look, and something had been
 * due since @work; TIME_NEVER: nothing was. If that came while it overslept, all of it is one piece. */
void kept_woke(struct kept *kept, int64_t look, int64_t work, int64_t until);

/* The engine has been at its work from @from, when it woke up or this was told last, to @until,
 * @computing ns of it. What made it wake up has not been answered in that time, either: if it woke up
 * late, that is one piece with this. */
void kept_worked(struct kept *kept, int64_t from, int64_t until, int64_t computing);

/* How much of the time from @from to @until that was, as far as it is remembered. */
int64_t kept_between(const struct kept *kept, int64_t from, int64_t until);

/* Can a failure come of that? Yes, if a timer of the kernel's went off while its answer was due, or if
 * it had to wait for longer than @limit in one piece: then what it has measured is wrong.
 * Return: the span to blame, or NULL. */
const struct kept_span *kept_excuse(const struct kept *kept, int64_t limit);

#endif
