/* run_delay: see run_delay.h. */
#include "peer/run_delay.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TASKS_MAX = 512, PROCESSES_MAX = 256 };
enum { PATH_LEN = 64, NUMBERS_LEN = 80, CHILDREN_LEN = 4096 };

/* All that descends from a process. */
struct family {
	pid_t processes[PROCESSES_MAX]; /* those found */
	size_t n_processes;
	size_t n_tasks;                 /* looked at */
	int64_t longest;                /* of their delays */
};

/* The text of a file of thread @tid: what fits into @text. Return: is there one? */
static bool read_file(pid_t pid, pid_t tid, const char *name, char *text, size_t size)
{
	char path[PATH_LEN];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", (int)pid, (int)tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, size - 1);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	return len > 0;
}

/* Of "processor time, run delay, how often": see Documentation/scheduler/sched-stats.rst. */
static int64_t second_number(const char *text)
{
	const char *delay = strchr(text, ' ');

	return delay ? strtoll(delay, NULL, 10) : 0;
}

static int64_t delay_of(pid_t pid, pid_t tid)
{
	char text[NUMBERS_LEN];

	return read_file(pid, tid, "schedstat", text, sizeof(text)) ? second_number(text) : 0;
}

static void add_children(struct family *family, pid_t pid, pid_t tid)
{
	char text[CHILDREN_LEN];
	char *at = text, *end;

	if (!read_file(pid, tid, "children", text, sizeof(text)))
		return;
	for (; family->n_processes < PROCESSES_MAX; at = end) {
		pid_t child = (pid_t)strtol(at, &end, 10);

		if (end == at || *end != ' ') /* a number that did not fit is none */
			return;
		family->processes[family->n_processes++] = child;
	}
}

static void add_process(struct family *family, pid_t pid)
{
	char path[PATH_LEN];
	struct dirent *entry;
	int64_t delay;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	while (tasks && family->n_tasks < TASKS_MAX && (entry = readdir(tasks))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid <= 0)
			continue;
		family->n_tasks++;
		delay = delay_of(pid, tid);
		if (delay > family->longest)
			family->longest = delay;
		add_children(family, pid, tid);
	}
	if (tasks)
		closedir(tasks);
}

void run_delay_open(struct run_delay *delay)
{
	if (delay->fd < 0)
		delay->fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

int64_t run_delay_own(const struct run_delay *delay)
{
	char text[NUMBERS_LEN];
	const ssize_t len = delay->fd < 0 ? 0 : pread(delay->fd, text, sizeof(text) - 1, 0);

	text[len > 0 ? len : 0] = '\0';
	return second_number(text);
}

/* Are we in /proc under the number that we know ourselves by? */
static bool is_our_proc(void)
{
	char text[NUMBERS_LEN];
	const ssize_t len = readlink("/proc/self", text, sizeof(text) - 1);

	text[len > 0 ? len : 0] = '\0';
	return strtol(text, NULL, 10) == getpid();
}

int64_t run_delay(pid_t pid)
{
	struct family family = { 0 };

	if (!is_our_proc())
		return 0;
	add_children(&family, pid, pid);
	for (size_t i = 0; i < family.n_processes; i++)
		add_process(&family, family.processes[i]);
	return delay_of(pid, pid) + family.longest;
}
