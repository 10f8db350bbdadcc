/* test_program: programs in their hosts: start, input, output, end, socket calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "peer/program.h"
#include "unit/world_fixture.h"

#include <signal.h>

/* Programs of the tests, by what they are told to do. */
static const char *const echoes[] = { "sh", "-c", "read line; echo \"got $line\"; exit 7", NULL };
static const char *const shows_names[] = { "cat", "/etc/hosts", NULL };
static const char *const forks_away[] = {
	"sh", "-c", "setsid sleep 3600 & exec 1>&- 2>&-; exit 0", NULL,
};
static const char *const sleeps[] = { "sleep", "3600", NULL };
static const char *const connects[] = {
	"bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9 || exit 3", NULL,
};
static const char *const is_none[] = { "/nonexistent/program", NULL };

static void start(struct stage *stage, struct program *program, const char *const *argv,
		  bool traced)
{
	static struct plan_program programs[1];
	char error[PROGRAM_ERROR_LEN] = "";

	programs[0] = (struct plan_program){ .host = 0, .argv = argv, .traced = traced };
	stage->plan.programs = programs;
	stage->plan.n_programs = 1;
	if (program_start(program, &stage->plan, &stage->world, 0, error) < 0) {
		fprintf(stderr, "%s\n", error);
		_exit(1);
	}
}

static struct program_news next_news(struct program *program)
{
	struct pollfd fd = { .fd = program->control, .events = POLLIN };
	struct program_news news;

	CHECK(poll(&fd, 1, 5000) == 1);
	CHECK(program_news(program, &news) == 1);
	return news;
}

/* All that comes from @fd until its end. */
static size_t read_all(int fd, char *text, size_t room)
{
	struct pollfd item = { .fd = fd, .events = POLLIN };
	size_t len = 0;

	for (;;) {
		CHECK(poll(&item, 1, 5000) == 1);

		ssize_t n = read(fd, text + len, room - len - 1);

		CHECK(n >= 0);
		if (n == 0)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	return len;
}

static void input_output_exit(struct stage *stage)
{
	struct program program;
	struct program_news news;
	char text[256];

	stage_enter(stage);
	start(stage, &program, echoes, false);
	CHECK(next_news(&program).kind == PROGRAM_STARTED);
	CHECK(write(program.input, "hello\n", 6) == 6);
	read_all(program.outputs[OUTPUT_STDOUT], text, sizeof(text));
	CHECK(strcmp(text, "got hello\n") == 0);
	news = next_news(&program);
	CHECK(news.kind == PROGRAM_EXITED);
	CHECK(WIFEXITED(news.status) && WEXITSTATUS(news.status) == 7);
	program_stop(&program);
}

static void names_of_both_hosts(struct stage *stage)
{
	struct program program;
	char text[512];

	stage_enter(stage);
	start(stage, &program, shows_names, false);
	read_all(program.outputs[OUTPUT_STDOUT], text, sizeof(text));
	CHECK(strstr(text, "192.0.2.1 client\n"));
	CHECK(strstr(text, "192.0.2.2 server\n"));
	CHECK(!strstr(text, "2001:db8"));
	program_stop(&program);
}

/* What has left its session and its parent ends with the keeper all the same. */
static void nothing_outlives_the_keeper(struct stage *stage)
{
	struct program program;
	char text[16];
	int output;

	stage_enter(stage);
	start(stage, &program, forks_away, false);
	CHECK(next_news(&program).kind == PROGRAM_STARTED);
	CHECK(next_news(&program).kind == PROGRAM_EXITED);
	output = dup(program.outputs[OUTPUT_STDOUT]);
	program_stop(&program);
	read_all(output, text, sizeof(text)); /* its end: nobody holds the pipe any more */
}

static void signals_arrive(struct stage *stage)
{
	struct program program;
	struct program_news news;

	stage_enter(stage);
	start(stage, &program, sleeps, false);
	CHECK(next_news(&program).kind == PROGRAM_STARTED);
	CHECK(program_signal(&program, SIGTERM) == 0);
	news = next_news(&program);
	CHECK(news.kind == PROGRAM_EXITED);
	CHECK(WIFSIGNALED(news.status) && WTERMSIG(news.status) == SIGTERM);
	program_stop(&program);
}

static void what_is_missing_is_refused(struct stage *stage)
{
	struct program program;
	struct program_news news;

	stage_enter(stage);
	start(stage, &program, is_none, false);
	news = next_news(&program);
	CHECK(news.kind == PROGRAM_REFUSED);
	CHECK(news.err == ENOENT);
	program_stop(&program);
}

/* socket, connect with its address and errno, close: in order, each twice. */
static void socket_calls_are_told(struct stage *stage)
{
	static const enum syscall_id expected[] = { SYSCALL_SOCKET, SYSCALL_CONNECT, SYSCALL_CLOSE };
	struct program program;
	struct program_news news;

	stage_enter(stage);
	start(stage, &program, connects, true);
	CHECK(next_news(&program).kind == PROGRAM_STARTED);
	for (size_t i = 0; i < 3; i++) {
		news = next_news(&program);
		CHECK(news.kind == PROGRAM_CALL && !news.call.returned);
		CHECK(news.call.id == expected[i] && news.call.number == i + 1);
		news = next_news(&program);
		CHECK(news.kind == PROGRAM_CALL && news.call.returned);
		CHECK(news.call.id == expected[i] && news.call.number == i + 1);
		if (news.call.id != SYSCALL_CONNECT)
			continue;
		CHECK(news.call.ret == -1 && news.call.err == ECONNREFUSED);
		CHECK(news.call.address.family == 4 && news.call.address.port == 9);
	}
	news = next_news(&program);
	CHECK(news.kind == PROGRAM_EXITED && WEXITSTATUS(news.status) == 3);
	program_stop(&program);
}

/* The keeper killed from outside: an end of file, and the program is gone, too. */
static void a_killed_keeper_is_noticed(struct stage *stage)
{
	struct program program;
	struct program_news news;
	struct pollfd fd;
	char text[16];

	stage_enter(stage);
	start(stage, &program, sleeps, false);
	CHECK(next_news(&program).kind == PROGRAM_STARTED);
	CHECK(kill(program.keeper, SIGKILL) == 0);
	fd = (struct pollfd){ .fd = program.control, .events = POLLIN };
	CHECK(poll(&fd, 1, 5000) == 1);
	CHECK(program_news(&program, &news) == -EPIPE);
	read_all(program.outputs[OUTPUT_STDOUT], text, sizeof(text));
	program_stop(&program);
}

static void run(void (*main)(struct stage *stage))
{
	struct stage stage = stage_for(IP_V4, HOST_CRAFTED);

	assert_int_equal(in_child(main, &stage), 0);
}

#define TEST(name) \
	static void test_##name(void **state) \
	{ \
		(void)state; \
		run(name); \
	}

TEST(input_output_exit)
TEST(names_of_both_hosts)
TEST(nothing_outlives_the_keeper)
TEST(signals_arrive)
TEST(what_is_missing_is_refused)
TEST(socket_calls_are_told)
TEST(a_killed_keeper_is_noticed)

static void programs_are_found_by_path(void **state)
{
	(void)state;
	assert_true(program_installed("sh"));
	assert_true(program_installed("/bin/sh"));
	assert_false(program_installed("no-such-program-anywhere"));
	assert_false(program_installed("/nonexistent/sh"));
	assert_false(program_installed("/etc/passwd"));
	assert_false(program_installed("/tmp"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_input_output_exit),
		cmocka_unit_test(test_names_of_both_hosts),
		cmocka_unit_test(test_nothing_outlives_the_keeper),
		cmocka_unit_test(test_signals_arrive),
		cmocka_unit_test(test_what_is_missing_is_refused),
		cmocka_unit_test(test_socket_calls_are_told),
		cmocka_unit_test(test_a_killed_keeper_is_noticed),
		cmocka_unit_test(programs_are_found_by_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
