/* trial: see trial.h. */
#include "run/trial.h"

#include "base/clock.h"
#include "base/processor.h"
#include "run/guest.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

static const int64_t usual_patience = 10 * NS_PER_S;
static const char off[] = "off\0now"; /* what command/guest reads: a verb and its word */

/* Wait for whatever the guest says, or its end. Return: false when the time is up. */
static bool wait_for_word(struct guest *guest, int64_t deadline)
{
	int64_t left = deadline - clock_mono_ns();
	struct pollfd fds[] = {
		{ .fd = guest->events, .events = POLLIN },
		{ .fd = guest->console, .events = POLLIN },
		{ .fd = guest->child.pidfd, .events = POLLIN },
	};

	if (left <= 0)
		return false;
	if (poll(fds, sizeof(fds) / sizeof(fds[0]), (int)(left / NS_PER_MS) + 1) < 0)
		return errno == EINTR;
	guest_listen(guest);
	return true;
}

/* Its first event says that it takes orders: the only one is to end.
 * Return: 0 when it has ended after that; -ENOEXEC: it ended before, or says nothing. */
static int play_trial(struct guest *guest, struct trial *trial, int64_t began, int64_t patience)
{
	struct event event;
	const void *blob;

	while (wait_for_word(guest, began + patience)) {
		int rc = guest_hear(guest);

		if (!trial->booted && rc > 0 &&
		    record_reader_take(&guest->reader, &event, &blob) > 0) {
			trial->booted = clock_mono_ns() - began;
			guest_tell(guest, off, sizeof(off));
		}
		if (guest_has_ended(guest) && !guest_has_news(guest))
			return trial->booted ? 0 : -ENOEXEC;
		if (rc == 0) { /* the kernel is about to follow */
			struct pollfd end = { .fd = guest->child.pidfd, .events = POLLIN };

			poll(&end, 1, (int)(patience / NS_PER_MS));
			return trial->booted ? 0 : -ENOEXEC;
		}
	}
	return -ENOEXEC;
}

int guest_trial(const struct guest_setup *setup, struct trial *trial, char why[GUEST_WHY_LEN])
{
	int64_t began = clock_mono_ns();
	char words[GUEST_WHY_LEN / 2], how[GUEST_HOW_LEN] = "says nothing";
	struct warden warden;
	struct guest guest;
	int rc;

	*trial = (struct trial){ 0, 0 };
	*why = '\0';
	rc = warden_start(&warden);
	if (rc == 0)
		rc = guest_boot(&guest, setup, &warden, (int)processor_here());
	if (rc < 0) {
		warden_end(&warden);
		return rc;
	}
	rc = play_trial(&guest, trial, began, setup->patience ? setup->patience : usual_patience);
	guest_last_words(&guest, words, sizeof(words));
	if (guest_has_ended(&guest))
		guest_bury(&guest, how);
	guest_kill(&guest);
	warden_end(&warden);
	trial->ended = clock_mono_ns() - began;
	if (rc == -ENOEXEC)
		snprintf(why, GUEST_WHY_LEN, "it %s %s%s%s", how,
			 trial->booted ? "when it is told to power off" : "before it takes orders",
			 *words ? ": " : "", words);
	return rc;
}
