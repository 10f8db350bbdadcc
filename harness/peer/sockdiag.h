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
	uint8_t timer; /* idiag_timer: 0 none, 1 on, 2 keepalive, 3 timewait, 4 persist */
	uint32_t timer_ms;
	uint8_t retransmits;
	uint64_t inode;
};

/* The socket with these two ends, TIME-WAIT and SYN-RECV included.
 * Return: 1 with @info; 0 when there is none; -errno. */
int sockdiag_find(struct sockdiag *diag, const struct probe_address *local,
		  const struct probe_address *remote, struct sock_info *info);

/* The socket with this inode, listeners first.
 * Return: 1, 0 (an unconnected socket, or none), -errno. */
int sockdiag_find_inode(struct sockdiag *diag, uint64_t inode, struct sock_info *info);

#endif
