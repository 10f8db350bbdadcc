/* child: see child.h.
 *
 * PR_SET_PDEATHSIG is armed in the child, so there is a moment in which the parent could
 * die unnoticed; the child looks at its parent's id after arming to close it. The
 * signal belongs to the parent's thread: only a single-threaded parent may use this.
 *
 * Linux has pidfd_open(2) since 5.3 (and valgrind not yet); without it the end of a pipe says
 * the same.
 */
#include "world/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int wait_for(struct child *child)
{
	int status;
	pid_t pid;

	do
		pid = waitpid(child->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	if (pid < 0)
		status = -errno;
	if (child->pidfd >= 0)
		close(child->pidfd);
	*child = (struct child)CHILD_NONE;
	return status;
}

/* A child that did not start, or cannot be watched. */
static void give_up(struct child *child)
{
	if (child->pid > 0) {
		child_kill(child);
		return;
	}
	if (child->pidfd >= 0)
		close(child->pidfd);
	*child = (struct child)CHILD_NONE;
}

/* glibc has pidfd_open(3) since 2.36 only. */
static int open_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec always */
}

/* Where pidfd_open(2) is missing: a pipe whose writing end the child alone has. */
static int open_lifeline(int ends[2])
{
	int fd = open_pidfd(getpid());

	ends[0] = ends[1] = -1;
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (errno != ENOSYS || pipe(ends) < 0 || fcntl(ends[0], F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}

static _Noreturn void be_child(pid_t parent, const int lifeline[2], int (*main)(void *arg),
			       void *arg)
{
	if (lifeline[0] >= 0)
		close(lifeline[0]);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	_exit(main(arg)); /* not exit(): stdio's buffers are the parent's */
}

int child_start(struct child *child, int (*main)(void *arg), void *arg)
{
	const pid_t parent = getpid();
	pid_t pid;
	int lifeline[2], rc;

	*child = (struct child)CHILD_NONE;
	rc = open_lifeline(lifeline);
	if (rc < 0)
		return rc;
	pid = fork();
	if (pid == 0) /* @child may be memory that children do not inherit */
		be_child(parent, lifeline, main, arg);
	child->pid = pid;
	rc = pid < 0 ? -errno : 0;
	if (lifeline[1] >= 0)
		close(lifeline[1]);
	child->pidfd = lifeline[0];
	if (rc == 0 && child->pidfd < 0) {
		child->pidfd = open_pidfd(child->pid);
		rc = child->pidfd < 0 ? -errno : 0;
	}
	if (rc < 0)
		give_up(child);
	return rc;
}

int child_kill(struct child *child)
{
	if (child->pid <= 0)
		return -ESRCH;
	kill(child->pid, SIGKILL); /* an ended one is a zombie until we wait: the id is ours */
	return wait_for(child);
}

bool child_has_ended(const struct child *child)
{
	siginfo_t info = { .si_pid = 0 };

	return child->pid > 0 &&
	       waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid != 0;
}

int child_reap(struct child *child)
{
	if (child->pid <= 0)
		return -ESRCH;
	return wait_for(child);
}
