/* guest: what the two processes of a guest's side have in common.
 *
 * Process 1 keeps house: it makes the system, sets its date and starts the player. The player
 * plays one variant after the other: each in a world of its own, but all in one process, because in
 * a guest kernel a new process costs more than a play. If it dies, another goes on with
 * what is left of its orders.
 */
#ifndef TCPSCEN_COMMAND_GUEST_H
#define TCPSCEN_COMMAND_GUEST_H

#include "command/command.h"
#include "run/record.h"

enum { ORDERS_ROOM = 64 << 10 };

/* What has come over the serial line, in memory that both share. */
struct guest_orders {
	bool playing;   /* the order before @at has been taken, and has no verdict yet */
	size_t at, len; /* words not yet taken */
	char text[ORDERS_ROOM];
};

struct guest_side {
	struct common_options options;
	int line;                    /* the serial line */
	struct guest_orders *orders;
};

/* What the player asks process 1 for before each play: a good moment to begin, by this grain, which
 * it waits for. The answer is the word to go. */
enum guest_grain {
	GRAIN_WHEEL = 'w', /* the timer wheel's */
	GRAIN_BOTH = 'b',  /* and whole seconds */
};

/* Wait for the next word. It is good until guest_forget(). */
const char *guest_word(struct guest_side *side);

/* The words taken are done with. */
void guest_forget(struct guest_side *side);

/* An event that no engine tells. */
void guest_emit(const struct guest_side *side, enum event_kind kind, const char *why);

/* Without this there is no guest. */
void guest_must(bool done, const char *what);

/* Play what is ordered, until an order is for process 1: it is left there.
 * @curtain: a socket to process 1
 * Return: exit status of the process. */
int guest_player(struct guest_side *side, int curtain);

#endif
