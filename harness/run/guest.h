/* guest: one guest kernel, from its boot to its end: a process, three pipes, a watch.
 *
 * The pipes are the guest's serial line (orders in, events out) and its console. The kernel makes
 * its end of the events pipe non-blocking, and a full pipe would put the guest's writer
 * to sleep: time would jump for want of a reader. So we make it blocking again behind the kernel's
 * back: then the guest stands still as a whole, clock included, until we have read. We also
 * tell it not to be told when we have (O_ASYNC): such an interrupt would come at any moment.
 */
#ifndef TCPSCEN_RUN_GUEST_H
#define TCPSCEN_RUN_GUEST_H

#include "run/guests.h"
#include "run/warden.h"
#include "world/child.h"

enum { GUEST_WORDS = 4096 };

struct guest {
	struct child child;        /* the kernel */
	const struct warden *warden; /* (borrowed) */
	int orders;                /* (owned) we write */
	int events;                /* (owned) we read; both non-blocking */
	int console;               /* (owned) we read */
	int readers_end;           /* (owned) of the orders pipe: no SIGPIPE when it has died */
	int writers_end;           /* (owned) of the events pipe, until the guest has spoken */
	struct record_reader reader;
	char words[GUEST_WORDS];   /* the console's last */
	size_t n_words;
	int64_t heard;             /* when it last said something, CLOCK_MONOTONIC */
	int64_t work_then;         /* processor time it had used by then, ns */
	int64_t looked;            /* when that was last read */
};

void guest_init(struct guest *guest);

/* Boot. @warden: (borrowed) until the guest is killed; @turn: numbers the guests that run side by
 * side. Return: 0 or -errno. */
int guest_boot(struct guest *guest, const struct guest_setup *setup, const struct warden *warden,
	       int turn);

/* Kill it, with all that it consists of. */
void guest_kill(struct guest *guest);

/* The same for one that ends by itself. @how: filled: "panicked", "was killed by signal 9 (Killed)"
 * Return: its wait status, or -errno. */
enum { GUEST_HOW_LEN = 128 };
int guest_bury(struct guest *guest, char how[GUEST_HOW_LEN]);

/* Words for its first process, each ended by NUL. Those that a guest does not take are lost: it will be
 * found to be stuck, or dead. Return: 0 or -errno. */
int guest_tell(struct guest *guest, const char *words, size_t len);

/* Read what has come. Return: 1 something has; 0 the guest has ended; -EAGAIN; -errno. */
int guest_hear(struct guest *guest);

/* Is there something to hear, if only that it has ended? */
bool guest_has_news(const struct guest *guest);

/* Has its kernel ended? What it said before may still be there to be heard. */
bool guest_has_ended(const struct guest *guest);

/* Read the console, which is kept for guest_last_words(). */
void guest_listen(struct guest *guest);

/* What stands for a guest that has not said a word for @patience ns.
 * Return: NULL, or what is wrong with it: it "spins" or "hangs". */
const char *guest_stuck(struct guest *guest, int64_t patience);

/* The last lines of its console, in one line: "Kernel panic - not syncing: …". @text: filled */
void guest_last_words(struct guest *guest, char *text, size_t len);

/* What a kernel says while it boots well has nothing to do with how it ends. */
void guest_forget_words(struct guest *guest);

#endif
