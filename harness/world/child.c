/* child: see child.h.
 *
 * PR_SET_PDEATHSIG is armed in the child, so there is a moment in which the parent could
 * die unnoticed; the child looks at its parent's id after arming to close it. The
 * signal belongs to the parent's thread: only a single-threaded parent may use this.
 */
#include "world/child.h"

#include <errno.h>
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

/* glibc has pidfd_open(3) since 2.36 only. */
static int open_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec always */
}

int child_start(struct child *child, int (*main)(void *arg), void *arg)
{
	const pid_t parent = getpid();
	int rc;

	*child = (struct child)CHILD_NONE;
	child->pid = fork();
	if (child->pid < 0) {
		rc = -errno;
		child->pid = 0;
		return rc;
	}
	if (child->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		_exit(main(arg)); /* not exit(): stdio's buffers are the parent's */
	}
	child->pidfd = open_pidfd(child->pid);
	if (child->pidfd < 0) {
		rc = -errno;
		child_kill(child);
		return rc;
	}
	return 0;
}

int child_kill(struct child *child)
{
	if (child->pid <= 0)
		return -ESRCH;
	kill(child->pid, SIGKILL); /* an ended one is a zombie until we wait: the id is ours */
	return wait_for(child);
}

int child_reap(struct child *child)
{
	if (child->pid <= 0)
		return -ESRCH;
	return wait_for(child);
}
