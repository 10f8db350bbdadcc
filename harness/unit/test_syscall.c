/* test_syscall: what is read of a program's memory, and what is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "peer/syscall.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

/* The memory of the tests: this process's own, but for the first page. */
static size_t read_own(const struct memory *memory, uint64_t from, void *to, size_t len)
{
	(void)memory;
	if (from < 4096)
		return 0;
	memcpy(to, (const void *)(uintptr_t)from, len);
	return len;
}

static const struct memory own = { .read = read_own };

static int64_t address(const void *pointer)
{
	return (int64_t)(intptr_t)pointer;
}

static struct traced_call call_of(int number, int64_t a1, int64_t a2, int64_t a3)
{
	const struct shape *shape = syscall_shape((uint64_t)number);

	assert_non_null(shape);
	return (struct traced_call){ .id = shape->id, .args = { 5, a1, a2, a3 } };
}

static void returns(int number, struct traced_call *call, int64_t ret)
{
	call->returned = true;
	call->ret = ret;
	syscall_look(syscall_shape((uint64_t)number), &own, call);
}

static void begins(int number, struct traced_call *call)
{
	syscall_look(syscall_shape((uint64_t)number), &own, call);
}

static void data_is(const struct traced_call *call, const char *text)
{
	assert_int_equal(call->data_len, strlen(text));
	assert_memory_equal(call->data, text, strlen(text));
}

static void others_are_not_told(void **state)
{
	(void)state;
	assert_null(syscall_shape(SYS_getpid));
	assert_null(syscall_shape(UINT64_MAX));
}

static void written_before_read_after(void **state)
{
	(void)state;
	struct traced_call out = call_of(SYS_write, address("hello"), 5, 0);
	struct traced_call in = call_of(SYS_read, address("answer"), 100, 0);

	begins(SYS_write, &out);
	data_is(&out, "hello");
	begins(SYS_read, &in);
	data_is(&in, "");
	returns(SYS_read, &in, 3);
	data_is(&in, "ans");
	returns(SYS_read, &in, 0);
	data_is(&in, "");
}

static void what_failed_has_read_nothing(void **state)
{
	(void)state;
	struct traced_call in = call_of(SYS_read, address("stale"), 5, 0);

	returns(SYS_read, &in, -1);
	data_is(&in, "");
}

static void vectors_are_joined(void **state)
{
	(void)state;
	char first[] = "one", second[] = "two";
	struct iovec parts[] = { { first, 3 }, { NULL, 0 }, { second, 3 } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 3 };
	struct traced_call vector = call_of(SYS_writev, address(parts), 3, 0);
	struct traced_call in = call_of(SYS_recvmsg, address(&message), 0, 0);

	begins(SYS_writev, &vector);
	data_is(&vector, "onetwo");
	returns(SYS_recvmsg, &in, 4);
	data_is(&in, "onet");
	parts[1] = (struct iovec){ (void *)8, 4 }; /* nobody's memory: what follows is not shown */
	begins(SYS_writev, &vector);
	data_is(&vector, "one");
}

static void discarded_bytes_are_nowhere(void **state)
{
	(void)state;
	struct traced_call in = call_of(SYS_recvfrom, address("stale"), 5, MSG_TRUNC);

	returns(SYS_recvfrom, &in, 5);
	data_is(&in, "");
	in.args[3] = MSG_PEEK;
	returns(SYS_recvfrom, &in, 5);
	data_is(&in, "stale");
}

static void long_data_is_cut(void **state)
{
	(void)state;
	char large[TRACED_DATA_MAX + 100];
	struct iovec parts[] = { { large, TRACED_DATA_MAX - 1 }, { large, 100 }, { large, 100 } };
	struct traced_call out = call_of(SYS_write, address(large), sizeof(large), 0);
	struct traced_call vector = call_of(SYS_writev, address(parts), 3, 0);

	memset(large, 'x', sizeof(large));
	begins(SYS_write, &out);
	assert_int_equal(out.data_len, TRACED_DATA_MAX);
	begins(SYS_writev, &vector);
	assert_int_equal(vector.data_len, TRACED_DATA_MAX);
}

static void addresses_and_their_lengths(void **state)
{
	(void)state;
	struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons(8080) };
	socklen_t len = sizeof(server), enormous = UINT32_MAX;
	struct sockaddr_storage room = { 0 };
	struct traced_call out = call_of(SYS_connect, address(&server), sizeof(server), 0);
	struct traced_call in = call_of(SYS_getpeername, address(&server), address(&len), 0);

	inet_pton(AF_INET, "192.0.2.2", &server.sin_addr);
	begins(SYS_connect, &out);
	assert_int_equal(out.address.family, 4);
	assert_int_equal(out.address.port, 8080);
	returns(SYS_getpeername, &in, 0);
	assert_int_equal(in.address.family, 4);
	assert_int_equal(in.address.bytes[3], 2);

	memcpy(&room, &server, sizeof(server));
	in = call_of(SYS_accept, address(&room), address(&enormous), 0);
	returns(SYS_accept, &in, 6);
	assert_int_equal(in.address.port, 8080);
	in = call_of(SYS_accept, 0, 0, 0);
	returns(SYS_accept, &in, 6);
	assert_int_equal(in.address.family, 0);
}

static void options_are_numbers(void **state)
{
	(void)state;
	int value = 7;
	struct traced_call set = call_of(SYS_setsockopt, SOL_SOCKET, SO_KEEPALIVE, address(&value));
	struct traced_call get = call_of(SYS_getsockopt, SOL_SOCKET, SO_ERROR, address(&value));

	begins(SYS_setsockopt, &set);
	assert_true(set.has_value && set.value == 7);
	begins(SYS_getsockopt, &get);
	assert_false(get.has_value);
	returns(SYS_getsockopt, &get, 0);
	assert_true(get.has_value && get.value == 7);
	set.args[3] = 8;
	begins(SYS_setsockopt, &set);
	assert_false(set.has_value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_are_not_told),
		cmocka_unit_test(written_before_read_after),
		cmocka_unit_test(what_failed_has_read_nothing),
		cmocka_unit_test(vectors_are_joined),
		cmocka_unit_test(discarded_bytes_are_nowhere),
		cmocka_unit_test(long_data_is_cut),
		cmocka_unit_test(addresses_and_their_lengths),
		cmocka_unit_test(options_are_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
