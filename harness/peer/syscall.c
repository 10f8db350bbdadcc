/* syscall: see syscall.h. */
#include "peer/syscall.h"

#include "peer/endpoint.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

/* NOLINTBEGIN(bugprone-macro-parentheses): designated initializers */
#define NO_DATA .data = -1
#define NO_ADDRESS .address = -1
/* NOLINTEND(bugprone-macro-parentheses) */

static const struct shape shapes[] = {
	{ SYS_socket, SYSCALL_SOCKET, NO_ADDRESS, NO_DATA },
	{ SYS_bind, SYSCALL_BIND, .address = 1, NO_DATA },
	{ SYS_listen, SYSCALL_LISTEN, NO_ADDRESS, NO_DATA },
	{ SYS_accept, SYSCALL_ACCEPT, .address = 1, NO_DATA, .way = READS },
	{ SYS_accept4, SYSCALL_ACCEPT, .address = 1, NO_DATA, .way = READS },
	{ SYS_connect, SYSCALL_CONNECT, .address = 1, NO_DATA },
	{ SYS_read, SYSCALL_READ, NO_ADDRESS, .data = 1, .way = READS },
	{ SYS_readv, SYSCALL_READV, NO_ADDRESS, .data = 1, .layout = VECTOR, .way = READS },
	{ SYS_recvfrom, SYSCALL_RECV, NO_ADDRESS, .data = 1, .way = READS },
	{ SYS_recvmsg, SYSCALL_RECVMSG, NO_ADDRESS, .data = 1, .layout = MESSAGE, .way = READS },
	{ SYS_write, SYSCALL_WRITE, NO_ADDRESS, .data = 1 },
	{ SYS_writev, SYSCALL_WRITEV, NO_ADDRESS, .data = 1, .layout = VECTOR },
	{ SYS_sendto, SYSCALL_SEND, NO_ADDRESS, .data = 1 },
	{ SYS_sendmsg, SYSCALL_SENDMSG, NO_ADDRESS, .data = 1, .layout = MESSAGE },
	{ SYS_sendfile, SYSCALL_SENDFILE, NO_ADDRESS, NO_DATA },
	{ SYS_shutdown, SYSCALL_SHUTDOWN, NO_ADDRESS, NO_DATA },
	{ SYS_close, SYSCALL_CLOSE, NO_ADDRESS, NO_DATA },
	{ SYS_setsockopt, SYSCALL_SETSOCKOPT, NO_ADDRESS, NO_DATA },
	{ SYS_getsockopt, SYSCALL_GETSOCKOPT, NO_ADDRESS, NO_DATA, .way = READS },
	{ SYS_getsockname, SYSCALL_GETSOCKNAME, .address = 1, NO_DATA, .way = READS },
	{ SYS_getpeername, SYSCALL_GETPEERNAME, .address = 1, NO_DATA, .way = READS },
#ifdef SYS_poll
	{ SYS_poll, SYSCALL_POLL, true, NO_ADDRESS, NO_DATA },
	{ SYS_select, SYSCALL_SELECT, true, NO_ADDRESS, NO_DATA },
	{ SYS_epoll_wait, SYSCALL_EPOLL_WAIT, true, NO_ADDRESS, NO_DATA },
#endif
	{ SYS_ppoll, SYSCALL_POLL, true, NO_ADDRESS, NO_DATA },
	{ SYS_pselect6, SYSCALL_SELECT, true, NO_ADDRESS, NO_DATA },
	{ SYS_epoll_pwait, SYSCALL_EPOLL_WAIT, true, NO_ADDRESS, NO_DATA },
};

enum { N_SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

_Static_assert((int)N_SHAPES <= (int)SHAPES_MAX, "a filter has room for all of them");

const struct shape *syscall_shapes(size_t *count)
{
	*count = N_SHAPES;
	return shapes;
}

const struct shape *syscall_shape(uint64_t number)
{
	for (int i = 0; i < N_SHAPES; i++)
		if ((uint64_t)shapes[i].number == number)
			return &shapes[i];
	return NULL;
}

/* ---- the program's memory ---- */

static size_t peek(const struct memory *memory, int64_t from, void *to, size_t len)
{
	return from && len ? memory->read(memory, (uint64_t)from, to, len) : 0;
}

static void look_at_address(const struct shape *shape, const struct memory *memory,
			    struct traced_call *call)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	memset(&address, 0, sizeof(address));
	if (shape->way == READS && peek(memory, call->args[2], &len, sizeof(len)) != sizeof(len))
		return;
	if (shape->way == WRITES)
		len = (socklen_t)call->args[2];
	if (len > sizeof(address))
		len = sizeof(address);
	if (peek(memory, call->args[shape->address], &address, len) > 0)
		endpoint_from_sockaddr(&address, &call->address);
}

/* Add at most @len bytes at @from to what is shown of the call's data. Return: was all of it
 * there that is shown? */
static bool add_data(const struct memory *memory, int64_t from, size_t len,
		     struct traced_call *call)
{
	size_t room = TRACED_DATA_MAX - call->data_len, wanted = len < room ? len : room;
	size_t got = peek(memory, from, call->data + call->data_len, wanted);

	call->data_len += (uint32_t)got;
	return got == wanted;
}

/* The beginning of @len bytes in the buffers that @call's vector of them lists. */
static void look_at_vector(const struct shape *shape, const struct memory *memory, int64_t len,
			   struct traced_call *call)
{
	enum { VECTORS = 8 };
	int64_t at = call->args[shape->data];
	size_t count = (size_t)call->args[2];
	struct iovec vectors[VECTORS];
	struct msghdr message;
	bool whole = true;

	if (shape->layout == MESSAGE) {
		if (peek(memory, at, &message, sizeof(message)) != sizeof(message))
			return;
		at = (int64_t)(intptr_t)message.msg_iov;
		count = message.msg_iovlen;
	}
	if (count > VECTORS)
		count = VECTORS;
	count = peek(memory, at, vectors, count * sizeof(*vectors)) / sizeof(*vectors);
	for (size_t i = 0; i < count && len > 0 && whole; i++) {
		size_t part = vectors[i].iov_len < (size_t)len ? vectors[i].iov_len : (size_t)len;

		whole = add_data(memory, (int64_t)(intptr_t)vectors[i].iov_base, part, call);
		len -= (int64_t)part;
	}
}

/* With MSG_TRUNC what is received is counted, but put nowhere (tcp(7)). */
static bool discards(const struct traced_call *call)
{
	return (call->id == SYSCALL_RECV && call->args[3] & MSG_TRUNC) ||
	       (call->id == SYSCALL_RECVMSG && call->args[2] & MSG_TRUNC);
}

static void look_at_data(const struct shape *shape, const struct memory *memory,
			 struct traced_call *call)
{
	int64_t len = shape->layout == PLAIN ? call->args[2] : INT64_MAX;

	if (shape->way == READS)
		len = call->ret;
	call->data_len = 0;
	if (len <= 0 || discards(call))
		return;
	if (shape->layout == PLAIN)
		add_data(memory, call->args[shape->data], (size_t)len, call);
	else
		look_at_vector(shape, memory, len, call);
}

/* The value of a socket option, when it is a number. */
static void look_at_option(const struct memory *memory, struct traced_call *call)
{
	int value = 0;

	call->has_value = peek(memory, call->args[3], &value, sizeof(value)) == sizeof(value);
	call->value = value;
}

void syscall_look(const struct shape *shape, const struct memory *memory,
		  struct traced_call *call)
{
	bool reads = shape->way == READS;

	if (reads != call->returned || (reads && call->ret < 0))
		return;
	if (shape->address >= 0)
		look_at_address(shape, memory, call);
	if (shape->data >= 0)
		look_at_data(shape, memory, call);
	if (shape->id == SYSCALL_SETSOCKOPT || shape->id == SYSCALL_GETSOCKOPT)
		look_at_option(memory, call);
}
