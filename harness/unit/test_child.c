/* Tests of world/child: children end, are waited for, and never outlive their parent. */
#include "world/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static int return_seven(void *arg)
{
	(void)arg;
	return 7;
}

static int sleep_for_ever(void *arg)
{
	(void)arg;
	while (pause() < 0)
		;
	return 0;
}

static void test_status(void **state)
{
	struct child child;
	struct pollfd item;
	int status;

	(void)state;
	assert_int_equal(child_start(&child, return_seven, NULL), 0);
	item = (struct pollfd){ .fd = child.pidfd, .events = POLLIN };
	assert_int_equal(poll(&item, 1, 5000), 1);
	status = child_reap(&child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(child.pid, 0);
	assert_int_equal(child.pidfd, -1);
	assert_int_equal(child_reap(&child), -ESRCH);
}

static void test_kill(void **state)
{
	struct child child;
	int status;

	(void)state;
	assert_int_equal(child_start(&child, sleep_for_ever, NULL), 0);
	status = child_kill(&child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(child_kill(&child), -ESRCH);
}

/* The pipe's other end is held by a parent and its child alone. When the parent is killed, the
 * end of file says that the child is gone too. */
static void test_parent_killed(void **state)
{
	struct child child;
	struct pollfd item;
	int ends[2];
	pid_t parent;
	char byte;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	parent = fork();
	if (parent == 0) {
		if (child_start(&child, sleep_for_ever, NULL) < 0 || write(ends[1], "x", 1) != 1)
			_exit(1);
		sleep_for_ever(NULL);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	item = (struct pollfd){ .fd = ends[0], .events = POLLIN };
	assert_int_equal(poll(&item, 1, 5000), 1);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_parent_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
