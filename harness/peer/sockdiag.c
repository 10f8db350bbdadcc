/* sockdiag: see sockdiag.h.
 *
 * An exact lookup (no NLM_F_DUMP) asks the kernel's own tables for one connection and costs
 * microseconds; it finds TIME-WAIT and SYN-RECV as well. Where there is no such
 * connection the kernel answers with the port's listener, which is then no answer to the question.
 * A dump walks tables that the whole machine shares, so listeners are asked for by
 * themselves first: their table is small.
 *
 * Every request has a sequence number of its own, and answers to others are passed over. No
 * answer within two seconds is an error.
 */
#include "peer/sockdiag.h"

#include "peer/endpoint.h"
#include "plan/tcp_info.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum { MESSAGES_LEN = 32 << 10 };

struct sockdiag {
	struct mnl_socket *socket;
	uint32_t seq;
	size_t tcp_info_len;
	uint8_t tcp_info[TCP_INFO_MAX]; /* of the socket found last */
	_Alignas(8) char bytes[MESSAGES_LEN];
};

struct sockdiag *sockdiag_open(void)
{
	const struct timeval patience = { .tv_sec = 2 };
	struct sockdiag *diag = malloc(sizeof(*diag));
	int err;

	if (!diag)
		return NULL;
	diag->seq = 0;
	diag->tcp_info_len = 0;
	diag->socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	if (diag->socket && mnl_socket_bind(diag->socket, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    setsockopt(mnl_socket_get_fd(diag->socket), SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) == 0)
		return diag;
	err = errno;
	sockdiag_close(diag);
	errno = err;
	return NULL;
}

void sockdiag_close(struct sockdiag *diag)
{
	if (!diag)
		return;
	if (diag->socket)
		mnl_socket_close(diag->socket);
	free(diag);
}

static int send_message(struct sockdiag *diag, uint16_t type,
			const struct inet_diag_req_v2 *wanted, uint16_t flags)
{
	_Alignas(8) char bytes[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(bytes);

	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | flags;
	request->nlmsg_seq = ++diag->seq;
	memcpy(mnl_nlmsg_put_extra_header(request, sizeof(*wanted)), wanted, sizeof(*wanted));
	if (mnl_socket_sendto(diag->socket, request, request->nlmsg_len) < 0)
		return -errno;
	return 0;
}

static int send_request(struct sockdiag *diag, const struct inet_diag_req_v2 *wanted,
			uint16_t flags)
{
	return send_message(diag, SOCK_DIAG_BY_FAMILY, wanted, flags);
}

/* Is this the socket that is asked for? */
typedef bool (*matcher)(const struct inet_diag_msg *socket, const void *wanted);

static void read_socket(const struct inet_diag_msg *socket, struct sock_info *info)
{
	*info = (struct sock_info){
		.state = (enum tcp_state)socket->idiag_state,
		.recv_queue = socket->idiag_rqueue,
		.send_queue = socket->idiag_wqueue,
		.timer = socket->idiag_timer,
		.timer_ms = socket->idiag_expires,
		.retransmits = socket->idiag_retrans,
		.inode = socket->idiag_inode,
	};
	endpoint_from_bytes(socket->idiag_family, socket->id.idiag_src,
			    ntohs(socket->id.idiag_sport), &info->local);
	endpoint_from_bytes(socket->idiag_family, socket->id.idiag_dst,
			    ntohs(socket->id.idiag_dport), &info->remote);
}

/* Keep the attribute INET_DIAG_INFO, if the message has it. */
static void read_tcp_info(const struct nlmsghdr *message, struct sockdiag *diag)
{
	const struct nlattr *attr;

	diag->tcp_info_len = 0;
	mnl_attr_for_each(attr, message, sizeof(struct inet_diag_msg)) {
		size_t len = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) != INET_DIAG_INFO)
			continue;
		diag->tcp_info_len = len < TCP_INFO_MAX ? len : TCP_INFO_MAX;
		memcpy(diag->tcp_info, mnl_attr_get_payload(attr), diag->tcp_info_len);
	}
}

const void *sockdiag_tcp_info(const struct sockdiag *diag, size_t *len)
{
	*len = diag->tcp_info_len;
	return diag->tcp_info;
}

/* The kernel's error in an NLMSG_ERROR (or NLMSG_DONE). */
static int read_error(const struct nlmsghdr *message)
{
	const int *error = mnl_nlmsg_get_payload(message);

	return mnl_nlmsg_get_payload_len(message) < sizeof(*error) ? 0 : *error;
}

struct search {
	struct sockdiag *diag;
	matcher matches;        /* NULL: all of them, into @list */
	const void *wanted;
	struct sock_info *info;
	struct sock_list *list;
	bool found;
	bool done; /* no more messages will come */
	int rc;
};

static int list_add(struct sock_list *list, const struct inet_diag_msg *socket)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 16;
		struct sock_info *items = realloc(list->items, room * sizeof(*items));

		if (!items)
			return -ENOMEM;
		list->items = items;
		list->room = room;
	}
	read_socket(socket, &list->items[list->count++]);
	return 0;
}

static void take_socket(const struct nlmsghdr *message, struct search *search)
{
	const struct inet_diag_msg *socket = mnl_nlmsg_get_payload(message);

	if (search->list) {
		int rc = list_add(search->list, socket);

		if (rc < 0)
			search->rc = rc;
	} else if (!search->found && search->matches(socket, search->wanted)) {
		read_socket(socket, search->info);
		read_tcp_info(message, search->diag);
		search->found = true;
	}
}

static void take_message(const struct nlmsghdr *message, bool dump, struct search *search)
{
	if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
		int rc = read_error(message);

		if (rc < 0)
			search->rc = rc;
		search->done = true;
		return;
	}
	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(struct inet_diag_msg))
		return;
	take_socket(message, search);
	search->done = !dump;
}

/* Read all answers to the latest request. A dump is read to its end even when the socket was
 * found, for the kernel refuses the next one until then (EBUSY). */
static int receive(struct sockdiag *diag, bool dump, struct search *search)
{
	const struct nlmsghdr *message;
	ssize_t len;
	int left;

	while (!search->done) {
		len = mnl_socket_recvfrom(diag->socket, diag->bytes, sizeof(diag->bytes));
		if (len < 0)
			return -errno;
		message = (const struct nlmsghdr *)diag->bytes;
		left = (int)len;
		for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
			if (message->nlmsg_seq == diag->seq)
				take_message(message, dump, search);
	}
	if (search->found)
		return 1;
	return search->rc == -ENOENT ? 0 : search->rc;
}

/* ---- by its two ends ---- */

struct ends {
	const struct probe_address *local, *remote;
};

/* Also guards against the listener given instead, whose remote port is 0. */
static bool has_ends(const struct inet_diag_msg *socket, const void *wanted)
{
	const struct ends *ends = wanted;
	struct probe_address local, remote;

	endpoint_from_bytes(socket->idiag_family, socket->id.idiag_src,
			    ntohs(socket->id.idiag_sport), &local);
	endpoint_from_bytes(socket->idiag_family, socket->id.idiag_dst,
			    ntohs(socket->id.idiag_dport), &remote);
	return endpoint_equal(&local, ends->local) && endpoint_equal(&remote, ends->remote);
}

/* Sockets with mapped addresses are found as AF_INET: the kernel keeps them by those. */
static struct inet_diag_req_v2 request_for(const struct ends *ends)
{
	size_t len = ends->local->family == 4 ? 4 : 16;
	struct inet_diag_req_v2 wanted = {
		.sdiag_family = ends->local->family == 4 ? AF_INET : AF_INET6,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_ext = 1 << (INET_DIAG_INFO - 1),
		.idiag_states = UINT32_MAX,
		.id = {
			.idiag_sport = htons(ends->local->port),
			.idiag_dport = htons(ends->remote->port),
			.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE },
		},
	};

	memcpy(wanted.id.idiag_src, ends->local->bytes, len);
	memcpy(wanted.id.idiag_dst, ends->remote->bytes, len);
	return wanted;
}

int sockdiag_find(struct sockdiag *diag, const struct probe_address *local,
		  const struct probe_address *remote, struct sock_info *info)
{
	const struct ends ends = { local, remote };
	struct search search = {
		.diag = diag, .matches = has_ends, .wanted = &ends, .info = info,
	};
	struct inet_diag_req_v2 wanted;
	int rc;

	if (!local->family || local->family != remote->family)
		return 0;
	wanted = request_for(&ends);
	rc = send_request(diag, &wanted, 0);
	return rc < 0 ? rc : receive(diag, false, &search);
}

/* The kernel is done with the socket before it answers, and the answer is of no interest. Listeners
 * are spared: one would be found where there is no connection. */
void sockdiag_abort(struct sockdiag *diag, const struct probe_address *local,
		    const struct probe_address *remote)
{
	const struct ends ends = { local, remote };
	struct sock_info info;

	if (sockdiag_find(diag, local, remote, &info) > 0 && info.state != STATE_TIME_WAIT) {
		const struct inet_diag_req_v2 wanted = request_for(&ends);

		send_message(diag, SOCK_DESTROY, &wanted, 0);
	}
}

/* ---- by its inode ---- */

static bool has_inode(const struct inet_diag_msg *socket, const void *wanted)
{
	const uint64_t *inode = wanted;

	return socket->idiag_inode == (uint32_t)*inode;
}

static int find_in(struct sockdiag *diag, uint8_t family, uint32_t states, uint64_t inode,
		   struct sock_info *info)
{
	struct search search = {
		.diag = diag, .matches = has_inode, .wanted = &inode, .info = info,
	};
	const struct inet_diag_req_v2 wanted = {
		.sdiag_family = family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_ext = 1 << (INET_DIAG_INFO - 1),
		.idiag_states = states,
	};
	int rc = send_request(diag, &wanted, NLM_F_DUMP);

	return rc < 0 ? rc : receive(diag, true, &search);
}

int sockdiag_find_inode(struct sockdiag *diag, uint64_t inode, struct sock_info *info)
{
	const uint32_t listening = 1U << STATE_LISTEN;
	/* CLOSED is left out: such a socket is bound at most, and has no connection */
	const uint32_t others = ((1U << N_STATES) - 1) & ~listening & ~(1U << STATE_CLOSED);
	const uint32_t states[] = { listening, others };
	int rc = 0;

	if (!inode)
		return 0;
	for (size_t i = 0; i < 2 && rc == 0; i++) {
		rc = find_in(diag, AF_INET, states[i], inode, info);
		if (rc == 0)
			rc = find_in(diag, AF_INET6, states[i], inode, info);
	}
	return rc;
}

/* ---- listeners ---- */

/* A listener on all IPv6 addresses takes IPv4 connections, too, unless it is told not to. */
static bool listens_at(const struct inet_diag_msg *socket, const void *wanted)
{
	static const uint8_t any[16];
	const struct probe_address *address = wanted;
	struct probe_address local;
	size_t len = socket->idiag_family == AF_INET6 ? 16 : 4;

	if (ntohs(socket->id.idiag_sport) != address->port ||
	    (socket->idiag_family == AF_INET && address->family == 6))
		return false;
	endpoint_from_bytes(socket->idiag_family, socket->id.idiag_src, address->port, &local);
	return memcmp(socket->id.idiag_src, any, len) == 0 || endpoint_equal(&local, address);
}

int sockdiag_listens(struct sockdiag *diag, const struct probe_address *address, uint16_t port)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct probe_address wanted_address = *address;
	struct sock_info info;
	int rc = 0;

	wanted_address.port = port;
	for (size_t i = 0; i < 2 && rc == 0; i++) {
		struct search search = {
			.diag = diag, .matches = listens_at, .wanted = &wanted_address,
			.info = &info,
		};
		const struct inet_diag_req_v2 wanted = {
			.sdiag_family = families[i],
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_states = 1U << STATE_LISTEN,
		};

		rc = send_request(diag, &wanted, NLM_F_DUMP);
		if (rc == 0)
			rc = receive(diag, true, &search);
	}
	return rc;
}

/* ---- all of them ---- */

static int by_state_and_ports(const void *left, const void *right)
{
	const struct sock_info *a = left, *b = right;

	if (a->state != b->state)
		return a->state == STATE_LISTEN ? -1 : b->state == STATE_LISTEN ? 1
								   : (int)a->state - (int)b->state;
	if (a->local.port != b->local.port)
		return a->local.port - b->local.port;
	return a->remote.port - b->remote.port;
}

int sockdiag_list(struct sockdiag *diag, struct sock_list *list)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	int rc = 0;

	list->count = 0;
	for (size_t i = 0; i < 2 && rc >= 0; i++) {
		struct search search = { .diag = diag, .list = list };
		const struct inet_diag_req_v2 wanted = {
			.sdiag_family = families[i],
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_states = ((1U << N_STATES) - 1) & ~(1U << STATE_CLOSED),
		};

		rc = send_request(diag, &wanted, NLM_F_DUMP);
		if (rc == 0)
			rc = receive(diag, true, &search);
	}
	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), by_state_and_ports);
	return rc;
}

void sock_list_free(struct sock_list *list)
{
	free(list->items);
	*list = (struct sock_list){ 0 };
}
