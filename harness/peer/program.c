/* program: see program.h. The engine's side. */
#include "peer/program.h"

#include "peer/program_child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_executable(const char *path)
{
	struct stat stat_;

	return stat(path, &stat_) == 0 && S_ISREG(stat_.st_mode) && access(path, X_OK) == 0;
}

bool program_installed(const char *word)
{
	const char *path = getenv("PATH");
	char file[PATH_MAX];

	if (strchr(word, '/'))
		return is_executable(word);
	for (const char *at = path ? path : "/usr/bin:/bin"; at; at = strchr(at, ':')) {
		at += *at == ':';

		int len = (int)strcspn(at, ":");

		if (snprintf(file, sizeof(file), "%.*s%s%s", len, at, len ? "/" : "", word) <
			    (int)sizeof(file) &&
		    is_executable(file))
			return true;
	}
	return false;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int fail(char *error, int rc, const char *what)
{
	snprintf(error, PROGRAM_ERROR_LEN, "cannot %s: %s", what, strerror(-rc));
	return rc;
}

/* A pipe of which the engine's end does not block. @ours: which end that is. */
static int open_pipe(int ours, int *engine_end, int *program_end)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*engine_end = ends[ours];
	*program_end = ends[1 - ours];
	return fcntl(*engine_end, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

static int open_channels(struct program *program, struct program_scene *scene)
{
	int pair[2];
	int rc = open_pipe(1, &program->input, &scene->stdio[0]);

	if (rc == 0)
		rc = open_pipe(0, &program->outputs[OUTPUT_STDOUT], &scene->stdio[1]);
	if (rc == 0)
		rc = open_pipe(0, &program->outputs[OUTPUT_STDERR], &scene->stdio[2]);
	if (rc < 0)
		return rc;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	program->control = pair[0];
	scene->control = pair[1];
	return 0;
}

/* fork() into new namespaces: glibc has no name for that. */
static pid_t fork_keeper(void)
{
	return (pid_t)syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL,
			      NULL);
}

int program_start(struct program *program, const struct plan *plan, const struct world *world,
		  int index, char error[PROGRAM_ERROR_LEN])
{
	struct program_scene scene = {
		.plan = plan, .program = &plan->programs[index], .world = *world,
		.control = -1, .stdio = { -1, -1, -1 },
	};
	int rc;

	*program = (struct program)PROGRAM_NONE;
	rc = open_channels(program, &scene);
	if (rc < 0) {
		fail(error, rc, "open a pipe");
	} else {
		const pid_t keeper = fork_keeper();

		if (keeper == 0) /* @program may be memory that children do not inherit */
			program_keep(&scene);
		if (keeper < 0)
			rc = fail(error, -errno, "make a PID and a mount namespace");
		else
			program->keeper = keeper;
	}
	close_one(&scene.control);
	for (int i = 0; i < 3; i++)
		close_one(&scene.stdio[i]);
	if (rc < 0)
		program_stop(program);
	return rc;
}

void program_stop(struct program *program)
{
	if (program->keeper > 0) {
		kill(program->keeper, SIGKILL); /* and with it the whole PID namespace */
		while (waitpid(program->keeper, NULL, 0) < 0 && errno == EINTR)
			;
	}
	program->keeper = 0;
	close_one(&program->control);
	close_one(&program->input);
	close_one(&program->outputs[OUTPUT_STDOUT]);
	close_one(&program->outputs[OUTPUT_STDERR]);
}

int program_signal(struct program *program, int signal)
{
	const struct program_order order = { .signal = signal };

	if (send(program->control, &order, sizeof(order), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	return 0;
}

int program_news(struct program *program, struct program_news *news)
{
	ssize_t len;

	if (program->control < 0)
		return 0;
	len = recv(program->control, news, sizeof(*news), MSG_DONTWAIT);
	if (len < 0 && errno == EAGAIN)
		return 0;
	return len == sizeof(*news) ? 1 : -EPIPE;
}
