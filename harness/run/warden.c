/* warden: see warden.h.
 *
 * What it is told are process ids: one that is positive begins to be watched, one that is
 * negative has been killed. It is told by the session's leader itself before that becomes a kernel,
 * so that there is no moment in which a guest is known to nobody.
 */
#include "run/warden.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WATCHED_MAX = 1024 }; /* more than there can be guests */

static size_t note(pid_t watched[WATCHED_MAX], size_t n, pid_t session)
{
	if (session > 0 && n < WATCHED_MAX)
		watched[n++] = session;
	for (size_t i = 0; session < 0 && i < n; i++)
		if (watched[i] == -session)
			watched[i] = watched[--n];
	return n;
}

/* In a session of its own: a signal to ours is not meant for it. Nobody waits for descriptors
 * that it has inherited. */
static _Noreturn void be_warden(int line)
{
	pid_t watched[WATCHED_MAX], session;
	size_t n = 0;
	ssize_t got;

	setsid();
	dup2(line, 0);
	close_range(1, ~0U, 0);
	while ((got = read(0, &session, sizeof(session))) != 0)
		if (got == sizeof(session))
			n = note(watched, n, session);
		else if (errno != EINTR)
			break;
	for (size_t i = 0; i < n; i++)
		kill(-watched[i], SIGKILL);
	_exit(0);
}

int warden_start(struct warden *warden)
{
	int ends[2];

	*warden = (struct warden)WARDEN_NONE;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	warden->pid = fork();
	if (warden->pid == 0)
		be_warden(ends[0]);

	int rc = warden->pid < 0 ? -errno : 0;

	close(ends[0]);
	if (rc < 0) {
		close(ends[1]);
		*warden = (struct warden)WARDEN_NONE;
		return rc;
	}
	warden->line = ends[1];
	return 0;
}

static int tell(const struct warden *warden, pid_t session)
{
	ssize_t n;

	do
		n = send(warden->line, &session, sizeof(session), MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int warden_watch(const struct warden *warden)
{
	return tell(warden, getpid());
}

void warden_forget(const struct warden *warden, pid_t session)
{
	tell(warden, -session);
}

void warden_end(struct warden *warden)
{
	if (warden->pid <= 0)
		return;
	close(warden->line);
	while (waitpid(warden->pid, NULL, 0) < 0 && errno == EINTR)
		;
	*warden = (struct warden)WARDEN_NONE;
}
