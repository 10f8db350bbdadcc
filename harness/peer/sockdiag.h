/* sockdiag: what the kernel knows of a host's TCP sockets (NETLINK_SOCK_DIAG), as `ss` would
 * show it. */
#ifndef TCPSCEN_PEER_SOCKDIAG_H
#define TCPSCEN_PEER_SOCKDIAG_H

#include "peer/probe_msg.h"
#include "plan/plan.h"

struct sockdiag;

/* Open for the network namespace the process is in now.
 * Return: NULL with errno set when it cannot be. */
struct sockdiag *sockdiag_open(void);
void sockdiag_close(struct sockdiag *diag); /* NULL is allowed */

struct sock_info {
	enum tcp_state state;
	uint32_t recv_queue, send_queue; /* bytes; of a listener: accept queue, its limit */
	uint8_t timer; /* idiag_timer: enum timer_kind */
	uint32_t timer_ms;
	uint8_t retransmits;
	uint64_t inode; /* 0: no process owns it any more, or not yet */
	struct probe_address local, remote;
};

/* The socket with these two ends, TIME-WAIT and SYN-RECV included.
 * Return: 1 with @info; 0 when there is none; -errno. */
int sockdiag_find(struct sockdiag *diag, const struct probe_address *local,
		  const struct probe_address *remote, struct sock_info *info);

/* End the connection with these two ends at once, whoever owns it; its peer may be sent an RST. One
 * in TIME-WAIT goes with its namespace, one that is not there or a kernel that cannot
 * (CONFIG_INET_DIAG_DESTROY) is nothing to complain of. */
void sockdiag_abort(struct sockdiag *diag, const struct probe_address *local,
		    const struct probe_address *remote);

/* The socket with this inode, listeners first.
 * Return: 1, 0 (an unconnected socket, or none), -errno. */
int sockdiag_find_inode(struct sockdiag *diag, uint64_t inode, struct sock_info *info);

/* The struct tcp_info of the socket found last: as many bytes as this kernel's has, at most
 * TCP_INFO_MAX of them. Listeners and what has no process (TIME-WAIT, SYN-RECV) may have none.
 * Return: the bytes, valid until the next search; @len 0: none. */
const void *sockdiag_tcp_info(const struct sockdiag *diag, size_t *len);

/* Does somebody listen on @port, at @address or at all addresses?
 * Return: 1, 0, -errno. */
int sockdiag_listens(struct sockdiag *diag, const struct probe_address *address, uint16_t port);

struct sock_list {
	struct sock_info *items; /* (owned) by state, then by their ports */
	size_t count, room;
};

/* All TCP sockets of the host but those without a connection (CLOSED): listeners,
 * connections, orphans, TIME-WAIT, SYN-RECV. Walks the whole machine's table of connections:
 * milliseconds, not microseconds. @list: what it held before is forgotten
 * Return: 0 or -errno. */
int sockdiag_list(struct sockdiag *diag, struct sock_list *list);
void sock_list_free(struct sock_list *list);

#endif
