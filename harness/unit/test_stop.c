/* test_stop: registers tell of a call what PTRACE_GET_SYSCALL_INFO tells. */
#include "peer/stop.h"
#include "peer/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Its calls: a refused one, then one that gives descriptor 3 or higher. */
static void be_program(int gate)
{
	char word;

	if (read(gate, &word, 1) < 0 || trace_filter(false) < 0)
		_exit(1);
	socket(AF_UNIX, SOCK_STREAM, 77);
	socket(AF_UNIX, SOCK_STREAM, 0);
	_exit(0);
}

static pid_t start_program(void)
{
	int gate[2];
	pid_t pid;

	assert_int_equal(pipe(gate), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(gate[1]);
		be_program(gate[0]);
	}
	close(gate[0]);
	assert_int_equal(trace_follow(pid), 0);
	close(gate[1]);
	return pid;
}

static void wait_for_stop(pid_t pid, int expected)
{
	int status;

	assert_int_equal(waitpid(pid, &status, __WALL), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(status >> 8, expected);
}

static void same_call(pid_t pid, int64_t expected)
{
	struct __ptrace_syscall_info told, read;

	wait_for_stop(pid, SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
	assert_true(stop_at_begin(pid, &told));
	assert_true(stop_at_begin_by_registers(pid, &read));
	assert_int_equal(told.seccomp.nr, SYS_socket);
	assert_int_equal(read.seccomp.nr, told.seccomp.nr);
	assert_memory_equal(read.seccomp.args, told.seccomp.args, sizeof(told.seccomp.args));
	assert_int_equal(read.op, told.op);
	assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
	wait_for_stop(pid, SIGTRAP | 0x80);
	assert_true(stop_at_end(pid, &told));
	assert_true(stop_at_end_by_registers(pid, &read));
	assert_int_equal(read.exit.rval, told.exit.rval);
	assert_int_equal(read.exit.is_error, told.exit.is_error);
	assert_int_equal(read.op, told.op);
	if (expected < 0)
		assert_int_equal(read.exit.rval, expected);
	else
		assert_true(read.exit.rval >= expected);
	assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
}

static void registers_and_kernel_agree(void **state)
{
	pid_t pid = start_program();
	int status;

	(void)state;
	same_call(pid, -EPROTONOSUPPORT);
	same_call(pid, 3);
	assert_int_equal(waitpid(pid, &status, __WALL), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A thread that runs tells nothing, either way. */
static void not_stopped(void **state)
{
	struct __ptrace_syscall_info info;

	(void)state;
	assert_false(stop_at_begin(getpid(), &info));
	assert_false(stop_at_end(getpid(), &info));
	assert_false(stop_at_begin_by_registers(getpid(), &info));
	assert_false(stop_at_end_by_registers(getpid(), &info));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
		cmocka_unit_test(registers_and_kernel_agree),
#endif
		cmocka_unit_test(not_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
