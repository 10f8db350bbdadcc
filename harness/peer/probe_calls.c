/* probe_calls: see probe_calls.h.
 *
 * Nothing is done that the scenario does not say: no SO_REUSEADDR, no retry, no
 * loop around a short write. What the kernel answers is the answer.
 */
#include "peer/probe_calls.h"

#include "peer/endpoint.h"
#include "peer/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { READ_DEFAULT = 65536 };

typedef int64_t (*call_function)(struct probe_action *action);

/* ---- sockets and their descriptors ---- */

static int slot_fd(int slot)
{
	return slot == NO_INDEX ? -1 : PROBE_FD_BASE + slot;
}

/* Move @fd to the descriptor of @slot. Return: that one, or -1 with errno. */
static int move_to_slot(int fd, int slot)
{
	int moved = dup3(fd, slot_fd(slot), O_CLOEXEC);
	int err = errno;

	close(fd);
	errno = err;
	return moved;
}

/* socket(2), in the place of the plan's socket that this call makes. */
static int make_socket(struct probe_action *action)
{
	const enum ip_version ip = action->caller->ip;
	const int type = SOCK_STREAM | SOCK_CLOEXEC |
			 (action->call->nonblocking ? SOCK_NONBLOCK : 0);
	const int off = 0;
	int fd = socket(ip == IP_V4 ? AF_INET : AF_INET6, type, 0);

	if (fd < 0)
		return -1;
	if (ip == IP_MAPPED &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0) {
		close(fd);
		return -1;
	}
	return move_to_slot(fd, action->call->makes);
}

static int64_t call_socket(struct probe_action *action)
{
	return make_socket(action);
}

static int64_t call_bind(struct probe_action *action)
{
	struct sockaddr_storage address;
	socklen_t len = endpoint_to_sockaddr(action->caller->ip, &action->call->address, &address);

	return bind(action->fd, (struct sockaddr *)&address, len);
}

/* listen PORT is socket, bind and listen in one. */
static int64_t prepare_listen(struct probe_action *action)
{
	if (action->call->makes == NO_INDEX)
		return 0;
	return make_socket(action) < 0 ? -1 : call_bind(action);
}

static int64_t call_listen(struct probe_action *action)
{
	return listen(action->fd, (int)action->call->args[0]);
}

static int64_t call_accept(struct probe_action *action)
{
	int fd = accept4(action->fd, NULL, NULL,
			 SOCK_CLOEXEC | (action->call->nonblocking ? SOCK_NONBLOCK : 0));

	if (fd < 0)
		return -1;
	fd = move_to_slot(fd, action->call->makes);
	action->fd = fd;
	return fd;
}

static int64_t prepare_connect(struct probe_action *action)
{
	return action->call->makes == NO_INDEX || make_socket(action) >= 0 ? 0 : -1;
}

static int64_t call_connect(struct probe_action *action)
{
	struct sockaddr_storage address;
	socklen_t len = endpoint_to_sockaddr(action->caller->ip, &action->call->address, &address);

	return connect(action->fd, (struct sockaddr *)&address, len);
}

/* ---- bytes ---- */

/* Make the caller's buffer hold @len bytes. Return: 0, or -1 with errno. */
static int reserve(struct probe_caller *caller, size_t len)
{
	uint8_t *buffer;

	if (caller->buffer && len <= caller->room)
		return 0;
	buffer = realloc(caller->buffer, len ? len : 1);
	if (!buffer)
		return -1;
	caller->buffer = buffer;
	caller->room = len;
	return 0;
}

static int64_t prepare_read(struct probe_action *action)
{
	const int64_t count = action->call->args[0];

	action->len = count < 0 ? READ_DEFAULT : (size_t)count;
	return reserve(action->caller, action->len);
}

/* Hand what was read with @flags to the reply. With MSG_TRUNC nothing was: tcp_recvmsg_locked() of
 * net/ipv4/tcp.c counts the bytes then and copies none. Return: @ret. */
static int64_t give_data(struct probe_action *action, int flags, ssize_t ret)
{
	if (ret > 0 && !(flags & MSG_TRUNC)) {
		action->reply->data = action->caller->buffer;
		action->reply->data_len = (size_t)ret < PROBE_DATA_MAX ? (size_t)ret
								       : PROBE_DATA_MAX;
	}
	return ret;
}

static int64_t call_read(struct probe_action *action)
{
	return give_data(action, 0, read(action->fd, action->caller->buffer, action->len));
}

static int64_t call_recv(struct probe_action *action)
{
	const int flags = (int)action->call->args[1];

	return give_data(action, flags, recv(action->fd, action->caller->buffer, action->len, flags));
}

/* The queued error (struct sock_extended_err) among a message's control data. */
static void read_queued_error(struct msghdr *message, struct probe_reply *reply)
{
	struct cmsghdr *item;
	struct sock_extended_err error;

	for (item = CMSG_FIRSTHDR(message); item; item = CMSG_NXTHDR(message, item)) {
		if (!(item->cmsg_level == SOL_IP && item->cmsg_type == IP_RECVERR) &&
		    !(item->cmsg_level == SOL_IPV6 && item->cmsg_type == IPV6_RECVERR))
			continue;
		memcpy(&error, CMSG_DATA(item), sizeof(error));
		reply->queued_errno = (int)error.ee_errno;
		if (error.ee_origin != SO_EE_ORIGIN_ICMP && error.ee_origin != SO_EE_ORIGIN_ICMP6)
			continue;
		reply->icmp_type = error.ee_type;
		reply->icmp_code = error.ee_code;
	}
}

static int64_t call_recvmsg(struct probe_action *action)
{
	_Alignas(struct cmsghdr) uint8_t control[512];
	struct iovec part = { .iov_base = action->caller->buffer, .iov_len = action->len };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	const int flags = (int)action->call->args[1];
	ssize_t ret = recvmsg(action->fd, &message, flags);

	if (ret >= 0)
		read_queued_error(&message, action->reply);
	return give_data(action, flags, ret);
}

/* "abc…z" over and over; what is there already is copied behind itself. */
static void fill(uint8_t *bytes, size_t len)
{
	enum { ALPHABET = 26 };
	size_t done = len < ALPHABET ? len : ALPHABET;

	for (size_t i = 0; i < done; i++)
		bytes[i] = (uint8_t)('a' + i);
	while (done < len) {
		size_t more = len - done < done ? len - done : done;

		memcpy(bytes + done, bytes, more);
		done += more;
	}
}

/* The payload a line wrote, or "abc…z" over and over. */
static int64_t prepare_write(struct probe_action *action)
{
	const struct plan_call *call = action->call;

	if (call->data) {
		action->bytes = call->data;
		action->len = call->data_len;
		return 0;
	}
	action->len = (size_t)call->args[0];
	if (reserve(action->caller, action->len) < 0)
		return -1;
	fill(action->caller->buffer, action->len);
	action->bytes = action->caller->buffer;
	return 0;
}

static int64_t call_write(struct probe_action *action)
{
	return write(action->fd, action->bytes, action->len);
}

static int64_t call_send(struct probe_action *action)
{
	return send(action->fd, action->bytes, action->len, (int)action->call->args[1]);
}

static int write_all(int fd, const uint8_t *bytes, size_t len)
{
	ssize_t n;

	for (size_t done = 0; done < len; done += (size_t)n) {
		n = write(fd, bytes + done, len - done);
		if (n < 0)
			return -1;
	}
	return 0;
}

static int64_t prepare_sendfile(struct probe_action *action)
{
	if (prepare_write(action) < 0)
		return -1;
	action->file = memfd_create("sendfile", MFD_CLOEXEC);
	if (action->file < 0 || write_all(action->file, action->bytes, action->len) < 0)
		return -1;
	return lseek(action->file, 0, SEEK_SET);
}

static int64_t call_sendfile(struct probe_action *action)
{
	return sendfile(action->fd, action->file, NULL, action->len);
}

/* ---- options and states ---- */

static int64_t call_shutdown(struct probe_action *action)
{
	return shutdown(action->fd, (int)action->call->args[0]);
}

static int64_t call_close(struct probe_action *action)
{
	return close(action->fd);
}

static int64_t call_setsockopt(struct probe_action *action)
{
	const struct plan_call *call = action->call;
	const int level = (int)call->args[0], name = (int)call->args[1];
	const int number = (int)call->args[2];
	const struct linger linger = {
		.l_onoff = (int)(call->args[2] >> 32), .l_linger = (int)call->args[2],
	};

	if (call->data)
		return setsockopt(action->fd, level, name, call->data,
				  (socklen_t)call->data_len);
	if (level == SOL_SOCKET && name == SO_LINGER)
		return setsockopt(action->fd, level, name, &linger, sizeof(linger));
	return setsockopt(action->fd, level, name, &number, sizeof(number));
}

/* One number for the value: SO_LINGER as setsockopt takes it, timeouts in milliseconds. */
static int64_t option_value(int level, int name, const uint8_t *bytes, socklen_t len)
{
	struct timeval timeout;
	struct linger linger;
	int number;

	if (level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO) &&
	    len == sizeof(timeout)) {
		memcpy(&timeout, bytes, sizeof(timeout));
		return (int64_t)timeout.tv_sec * 1000 + timeout.tv_usec / 1000;
	}
	if (level == SOL_SOCKET && name == SO_LINGER && len == sizeof(linger)) {
		memcpy(&linger, bytes, sizeof(linger));
		return (int64_t)linger.l_onoff << 32 | (uint32_t)linger.l_linger;
	}
	if (len < sizeof(number))
		return len ? bytes[0] : 0;
	memcpy(&number, bytes, sizeof(number));
	return number;
}

/* A value that is not one int (TCP_CONGESTION's name, say) is given as bytes too. */
static int64_t call_getsockopt(struct probe_action *action)
{
	const int level = (int)action->call->args[0], name = (int)action->call->args[1];
	uint8_t *bytes = action->caller->buffer;
	socklen_t len = (socklen_t)action->len;

	if (getsockopt(action->fd, level, name, bytes, &len) < 0)
		return -1;
	action->reply->value = option_value(level, name, bytes, len);
	if (len != sizeof(int))
		give_data(action, 0, (ssize_t)len);
	return 0;
}

static int64_t prepare_getsockopt(struct probe_action *action)
{
	action->len = 1024;
	return reserve(action->caller, action->len);
}

static int64_t call_poll(struct probe_action *action)
{
	struct pollfd item = { .fd = action->fd, .events = (short)action->call->args[0] };
	int ret = poll(&item, 1, (int)action->call->args[1]);

	action->reply->value = item.revents;
	return ret;
}

static int64_t call_fcntl(struct probe_action *action)
{
	int ret = fcntl(action->fd, (int)action->call->args[0], (int)action->call->args[1]);

	action->reply->value = ret;
	return ret;
}

static int64_t call_nonblocking(struct probe_action *action)
{
	int flags = fcntl(action->fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(action->fd, F_SETFL, flags | O_NONBLOCK);
}

static int64_t call_ioctl(struct probe_action *action)
{
	int number = 0, ret;

	ret = ioctl(action->fd, (unsigned long)action->call->args[0], &number);
	action->reply->value = number;
	return ret;
}

static int64_t call_getsockname(struct probe_action *action)
{
	return endpoint_local(action->fd, &action->reply->answer);
}

static int64_t call_getpeername(struct probe_action *action)
{
	return endpoint_remote(action->fd, &action->reply->answer);
}

/* ---- the table ---- */

static const struct {
	call_function prepare; /* NULL: nothing to prepare */
	call_function make;
} calls[N_CALLS] = {
	[CALL_SOCKET] = { NULL, call_socket },
	[CALL_BIND] = { NULL, call_bind },
	[CALL_LISTEN] = { prepare_listen, call_listen },
	[CALL_ACCEPT] = { NULL, call_accept },
	[CALL_CONNECT] = { prepare_connect, call_connect },
	[CALL_READ] = { prepare_read, call_read },
	[CALL_RECV] = { prepare_read, call_recv },
	[CALL_WRITE] = { prepare_write, call_write },
	[CALL_SEND] = { prepare_write, call_send },
	[CALL_SENDFILE] = { prepare_sendfile, call_sendfile },
	[CALL_SHUTDOWN] = { NULL, call_shutdown },
	[CALL_CLOSE] = { NULL, call_close },
	[CALL_SETSOCKOPT] = { NULL, call_setsockopt },
	[CALL_GETSOCKOPT] = { prepare_getsockopt, call_getsockopt },
	[CALL_POLL] = { NULL, call_poll },
	[CALL_FCNTL] = { NULL, call_fcntl },
	[CALL_IOCTL] = { NULL, call_ioctl },
	[CALL_RECVMSG] = { prepare_read, call_recvmsg },
	[CALL_NONBLOCKING] = { NULL, call_nonblocking },
	[CALL_GETSOCKNAME] = { NULL, call_getsockname },
	[CALL_GETPEERNAME] = { NULL, call_getpeername },
};

static void close_file(struct probe_action *action)
{
	int err = errno;

	if (action->file >= 0)
		close(action->file);
	action->file = -1;
	errno = err;
}

int64_t probe_prepare(struct probe_action *action)
{
	const struct plan_call *call = action->call;
	const bool makes_its_own = call->makes != NO_INDEX && call->id != CALL_ACCEPT;
	int64_t ret;

	action->fd = slot_fd(makes_its_own ? call->makes : call->socket);
	action->file = -1;
	if (!calls[call->id].prepare)
		return 0;
	ret = calls[call->id].prepare(action);
	if (ret < 0)
		close_file(action);
	return ret;
}

int64_t probe_make(struct probe_action *action)
{
	int64_t ret = calls[action->call->id].make(action);

	close_file(action);
	return ret;
}
