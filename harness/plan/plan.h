/* plan: what is to be played, as plain data.
 *
 * The waist of the program. Above it (lang, resolve) nobody knows packets;
 * below it (world, peer, wire, run, report) nobody knows text. A plan is one
 * variant of a scenario: one IP version, one value for each parameter, one
 * kernel's branches. Everything in it is resolved: names are indices, numbers
 * are in range, defaults are filled in, shorthands are spelled out.
 *
 * A plan lives in one arena and is never changed once made.
 */
#ifndef TCPSCEN_PLAN_PLAN_H
#define TCPSCEN_PLAN_PLAN_H

#include "base/arena.h"
#include "base/compare.h"
#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PLAN_HOSTS = 2, PLAN_FLOWS_MAX = 64, PLAN_SOCKETS_MAX = 256, PLAN_CALLERS_MAX = 64,
       PLAN_HELD_MAX = 64, PLAN_PROGRAMS_MAX = 16, PLAN_RULES_MAX = 64, PLAN_ARMED_MAX = 16 };
enum { NO_INDEX = -1 };

enum ip_version { IP_V4, IP_V6, IP_MAPPED }; /* mapped: IPv4 on the wire, AF_INET6 sockets */

enum host_kind { HOST_KERNEL, HOST_CRAFTED };

/* The hosts' addresses follow from their index, see docs/architecture.md:
 * host 0 is 192.0.2.1 and 2001:db8::1, host 1 is .2 and ::2. */
struct plan_host {
	const char *name;
	enum host_kind kind;
	bool owned;        /* crafted, and yet a stack owns its address too: it will answer */
	struct span span;
};

struct plan_sysctl {
	int host;
	const char *key;   /* "net.ipv4.tcp_keepalive_time" */
	const char *value; /* "30", "4096 131072 6291456" */
	struct span span;
};

struct plan_binding {
	const char *name;
	const char *value; /* as written */
};

/* A connection: a pair of ports. 0 = learned from the connection's first packet. */
struct plan_flow {
	const char *name; /* NULL: the scenario's only or main connection */
	uint16_t port[PLAN_HOSTS];
	struct span span;
};

/* A socket of a kernel host. Each line that creates a socket has one of its own. */
struct plan_socket {
	int host;
	const char *name; /* NULL: unnamed */
	bool listener;
	struct span span;
};

/* Somebody who makes calls: "client" (name NULL) or "client/reader". */
struct plan_caller {
	int host;
	const char *name;
};

/* ---- time ---- */

enum plan_time_kind {
	TIME_NONE,    /* expect: within the scenario's patience; send: at once */
	TIME_WITHIN,  /* no later than ns[0] after the event before it */
	TIME_AFTER,   /* ns[0] after the event before it */
	TIME_AT,      /* ns[i] since the scenario's first packet; one occurrence each */
	TIME_BETWEEN, /* ns[0] … ns[1] after the event before it */
	TIME_GAPS,    /* occurrence i comes ns[i] after the one before it (retransmissions) */
	TIME_UNTIL,   /* questions: the answer holds until ns[0] after the event before it, and
	                 then no more */
};

struct plan_time {
	enum plan_time_kind kind;
	struct span span;
	const int64_t *ns;
	size_t n;          /* TIME_AT and TIME_GAPS: how many packets the line stands for */
	int64_t tolerance; /* +-; NO_TOLERANCE: the scenario's */
};

#define NO_TOLERANCE INT64_C(-1)

/* The clock that a plan is played by: what may be added to a time that is written. */
struct plan_clock {
	bool is_virtual; /* only what the kernel waits for takes time (run/guests) */
	int64_t jiffy;   /* ns, of the kernel's clock; of the clocks it may have the longest */
	int64_t noise;   /* ns, that a busy machine may add; in virtual time 0 */
};

/* ---- packets ---- */

/* The twelve flag bits of bytes 12 and 13 of the TCP header (RFC 9293 3.1). */
enum tcp_flags {
	TCP_FIN = 0x001, TCP_SYN = 0x002, TCP_RST = 0x004, TCP_PSH = 0x008,
	TCP_ACK = 0x010, TCP_URG = 0x020, TCP_ECE = 0x040, TCP_CWR = 0x080,
	TCP_AE  = 0x100, /* draft-ietf-tcpm-accurate-ecn; NS before that */
	TCP_DTH = 0x800, /* RFC 9401, the death flag */
};

enum plan_field {
	FIELD_SEQ = 1 << 0, FIELD_ACK = 1 << 1, FIELD_WIN = 1 << 2, FIELD_LEN = 1 << 3,
	FIELD_URGENT = 1 << 4, FIELD_OFFSET = 1 << 5, FIELD_TTL = 1 << 6, FIELD_DSCP = 1 << 7,
	FIELD_ECN = 1 << 8, FIELD_RESERVED = 1 << 9, FIELD_CHECKSUM = 1 << 10,
	FIELD_DATA = 1 << 11, FIELD_OPTIONS = 1 << 12, FIELD_ID = 1 << 13, FIELD_DF = 1 << 14,
	FIELD_FLOWLABEL = 1 << 15,
};

/* A sequence or acknowledgement number. */
struct plan_seq {
	enum {
		SEQ_RELATIVE, /* to the initial sequence number of the stream it counts */
		SEQ_NEXT,     /* value added to what would be next */
		SEQ_ABSOLUTE, /* as on the wire */
		SEQ_ANY,      /* not checked */
	} kind;
	int64_t value;
	int64_t beyond; /* expected, rules: a range, @value … @value + @beyond */
};

enum plan_option_kind { OPT_EOL, OPT_NOP, OPT_MSS, OPT_WSCALE, OPT_SACKOK, OPT_SACK, OPT_TS,
			OPT_FASTOPEN, OPT_MD5, OPT_RAW };

enum optnum_kind { NUM_VALUE, NUM_ANY, NUM_LAST /* ts echo: the other's last TSval */,
		   NUM_AUTO /* ts value: the crafted host's clock */ };

struct plan_option {
	enum plan_option_kind kind;
	enum optnum_kind a_kind, b_kind;
	uint32_t a, b;                 /* mss, wscale, ts value and echo */
	const int64_t (*blocks)[2];    /* sack: relative edges [left, right) */
	size_t n_blocks;               /* expected with 0 blocks: any blocks */
	const uint8_t *bytes;          /* fastopen cookie, md5 digest, raw bytes */
	size_t len;
};

enum icmp_kind {
	ICMP_NET_UNREACHABLE, ICMP_HOST_UNREACHABLE, ICMP_PROTOCOL_UNREACHABLE,
	ICMP_PORT_UNREACHABLE, ICMP_FRAG_NEEDED, ICMP_ADMIN_PROHIBITED, ICMP_TIME_EXCEEDED,
};

enum { DATA_MAX = 1 << 20 }; /* bytes of payload a line may write */

/* A packet to send or to expect. Fields not in @set take their default when
 * sent (see wire/craft.h) and when expected (see wire/match.h). */
struct plan_packet {
	int from;              /* host; rules: NO_INDEX for either */
	int flow;              /* rules: NO_INDEX for any connection */
	struct span span;      /* the flags or the ICMP kind, for the caret */
	bool icmp;
	uint32_t set;          /* enum plan_field, or-ed */

	uint16_t flags;        /* enum tcp_flags */
	bool any_data;         /* DATA: ACK with payload, PSH or not */
	bool any_packet;       /* rules: `packets`, `all`: whatever it is */
	int nth;               /* rules and triggers: only the nth that matches, from 1; 0: each */
	bool again;            /* a retransmission of what that host sent before */
	struct plan_seq seq, ack;
	uint16_t win, win_beyond; /* expected, rules: a range, @win … @win + @win_beyond */
	uint16_t urgent;
	uint8_t offset, ttl, dscp, ecn, reserved;
	uint16_t id;
	bool df;
	uint32_t flowlabel;
	int64_t len_low, len_high;
	bool checksum_bad;     /* one more than the right one; */
	bool checksum_unfinished; /* expected: the pseudo-header's sum, which a network card was to
	                          finish; else: @checksum as it is */
	uint16_t checksum;
	const uint8_t *data;   /* payload; data_len bytes */
	size_t data_len;
	const struct plan_option *options;
	size_t n_options;
	bool options_more;     /* expected: others may be present too */

	enum icmp_kind icmp_kind;
	uint32_t mtu;          /* ICMP frag-needed / packet too big */
	uint16_t about_flags;  /* which packet the ICMP message quotes: the last one that matches */
	bool about_any, about_data;
	int about_from;
};

/* ---- the probe ---- */

enum call_id {
	CALL_SOCKET, CALL_BIND, CALL_LISTEN, CALL_ACCEPT, CALL_CONNECT, CALL_READ, CALL_RECV,
	CALL_WRITE, CALL_SEND, CALL_SENDFILE, CALL_SHUTDOWN, CALL_CLOSE, CALL_SETSOCKOPT,
	CALL_GETSOCKOPT, CALL_POLL, CALL_FCNTL, CALL_IOCTL, CALL_RECVMSG, CALL_NONBLOCKING,
	CALL_GETSOCKNAME, CALL_GETPEERNAME,
	N_CALLS
};

enum question_id { ASK_STATE, ASK_ERROR, ASK_READABLE, ASK_TIMER, ASK_QUEUES, ASK_INFO, ASK_SOCKETS,
		   ASK_COUNTER, N_QUESTIONS };

/* An address of a bind or connect. host NO_INDEX: the wildcard address. */
struct plan_address {
	int host;
	uint16_t port;
};

enum { CALL_ARGS_MAX = 3 };

struct plan_call {
	enum call_id id;
	int caller;
	int socket;              /* the socket it acts on, NO_INDEX for socket */
	int makes;               /* the socket it makes (socket, accept, listen and connect
	                            as shorthands), else NO_INDEX */
	bool nonblocking;        /* socket, accept: SOCK_NONBLOCK */
	struct plan_address address;
	int64_t args[CALL_ARGS_MAX]; /* by call:
	                            listen backlog · read/recv/recvmsg count, flags ·
	                            write/send/sendfile count, flags · shutdown how ·
	                            setsockopt level, name, value (SO_LINGER: onoff<<32|seconds)
	                            getsockopt level, name · poll events, timeout ms (-1 none) ·
	                            fcntl command, argument · ioctl request */
	const uint8_t *data;     /* write, send: the payload; NULL: filler of args[0] bytes */
	size_t data_len;         /* setsockopt with a string or hex value: its bytes */
};

enum result_kind {
	RESULT_SUCCESS,  /* `ok`, or nothing written: anything but an error */
	RESULT_NUMBER,   /* compare, number */
	RESULT_DATA,     /* the bytes read, exactly */
	RESULT_ERRNO,    /* number */
	RESULT_EVENTS,   /* poll: revents exactly; fcntl F_GETFL: at least these flags */
	RESULT_ADDRESS,  /* getsockname, getpeername */
	RESULT_STATE,    /* question state: enum tcp_state in number */
	RESULT_YES_NO,   /* question readable: 1, 0 */
	RESULT_CONTAINS, /* output: these bytes come, whatever is before them */
	RESULT_OUTPUT_END, /* output: nothing more comes, and nobody could write it */
	RESULT_SIGNAL,   /* exit: killed by signal @number */
	RESULT_TIMER,    /* question timer: enum timer_kind in number; ranges: time left (ns),
	                    retransmissions */
	RESULT_QUEUES,   /* question queues; ranges: receive queue, send queue */
	RESULT_INFO,     /* question info; ranges: the field's value */
	RESULT_SOCKETS,  /* question sockets: counts; NULL: ranges: how many */
	RESULT_COUNTER,  /* question counter; ranges: its value */
};

/* What `ss -o` shows, as numbered in idiag_timer (sock_diag(7)); delack is newer than Linux
 * 6.18, which says off meanwhile. */
enum timer_kind { TIMER_OFF, TIMER_ON, TIMER_KEEPALIVE, TIMER_TIMEWAIT, TIMER_PERSIST, TIMER_DELACK,
		  N_TIMERS };

/* What a number of an answer may be: within @low to @high, or (@not) anything else. */
struct plan_range {
	bool written, not;
	int64_t low, high;
};

enum { RESULT_RANGES = 2 };

/* RFC 9293 states in the order of the kernel's enum (net/tcp_states.h). */
enum tcp_state {
	STATE_ESTABLISHED = 1, STATE_SYN_SENT, STATE_SYN_RECV, STATE_FIN_WAIT_1,
	STATE_FIN_WAIT_2, STATE_TIME_WAIT, STATE_CLOSED, STATE_CLOSE_WAIT, STATE_LAST_ACK,
	STATE_LISTEN, STATE_CLOSING, N_STATES
};

struct plan_result {
	enum result_kind kind;
	enum compare compare;
	int64_t number;
	const uint8_t *data;
	size_t data_len;
	struct plan_address address;
	bool sigpipe;            /* SIGPIPE must have been raised */
	int queued_errno;        /* recvmsg MSG_ERRQUEUE: ee_errno, 0 = not asked */
	int icmp_type, icmp_code; /* -1 = not asked */
	struct plan_range ranges[RESULT_RANGES];
	const int *counts;       /* sockets: how many in each enum tcp_state; N_STATES of them */
	struct span span;
};

struct plan_question {
	enum question_id id;
	int host;
	int socket;  /* asked `on` a socket, or the host's current one; NO_INDEX: none */
	int flow;    /* asked `on` a connection; NO_INDEX: see @socket */
	bool named;  /* `on NAME` was written */
	int field;   /* info: see plan/tcp_info.h */
	int counter; /* counter: see plan/counters.h */
};

/* ---- programs ---- */

/* An unmodified program in a kernel host. */
struct plan_program {
	int host;
	const char *name;        /* NULL: unnamed */
	const char *const *argv; /* NULL-terminated; its first word is looked up in $PATH */
	struct span span;        /* of the command */
	bool traced;             /* some line asks for its socket calls */
	bool trace_waits;        /* … and for poll, select or epoll_wait */
};

/* A socket call of a program, as strace would name it. Variants of one call are one. */
enum syscall_id {
	SYSCALL_SOCKET, SYSCALL_BIND, SYSCALL_LISTEN, SYSCALL_ACCEPT, SYSCALL_CONNECT,
	SYSCALL_READ, SYSCALL_READV, SYSCALL_RECV, SYSCALL_RECVMSG, SYSCALL_WRITE,
	SYSCALL_WRITEV, SYSCALL_SEND, SYSCALL_SENDMSG, SYSCALL_SENDFILE, SYSCALL_SHUTDOWN,
	SYSCALL_CLOSE, SYSCALL_SETSOCKOPT, SYSCALL_GETSOCKOPT, SYSCALL_GETSOCKNAME,
	SYSCALL_GETPEERNAME, SYSCALL_POLL, SYSCALL_SELECT, SYSCALL_EPOLL_WAIT,
	N_SYSCALLS
};

enum output { OUTPUT_STDOUT, OUTPUT_STDERR, N_OUTPUTS };

/* What a line does to a program, or waits for. */
struct plan_deed {
	int program;             /* LISTENING: NO_INDEX */
	int host;
	enum output output;      /* OUTPUT */
	const uint8_t *data;     /* STDIN: the text; NULL: the end of it */
	size_t data_len;
	int signal;              /* KILL */
	uint16_t port;           /* LISTENING */
	enum syscall_id syscall; /* SYSCALL */
	bool option_given;       /* SYSCALL of setsockopt, getsockopt: only of @option */
	int level, option;
};

/* ---- the timeline ---- */

enum step_kind {
	STEP_SEND,     /* a crafted host sends; its stream goes on */
	STEP_INJECT,   /* a forged packet in a crafted host's name; its stream does not go on */
	STEP_EXPECT,   /* the next packet; the crafted host receives it */
	STEP_DROP,     /* the next packet; the crafted host never sees it */
	STEP_CALL,     /* start a call; wait for its result if one is written */
	STEP_ANSWER,   /* the running call of a caller returns this */
	STEP_ASK,      /* a question */
	STEP_WAIT,     /* silence on the wire for time.ns[0] */

	/* the wire between two kernel hosts: the next packet, and what becomes of it */
	STEP_DELAY,     /* passed on @delay later */
	STEP_DUPLICATE, /* passed on twice */
	STEP_HOLD,      /* kept in place @held until its STEP_RELEASE */
	STEP_RELEASE,   /* passed on now */
	STEP_CORRUPT,   /* passed on with a wrong checksum */
	STEP_REWRITE,   /* passed on with the fields of @rewrite, checksum mended */
	STEP_RULE,      /* a standing rule: see struct plan_rule */
	STEP_END_RULE,  /* the rule of step @ends stands no more */
	STEP_CUT,       /* nothing passes from @cut_from (NO_INDEX: either way) any more */
	STEP_MEND,
	STEP_ARM,       /* @packet is injected the moment a packet like @trigger has passed */

	/* programs: see struct plan_deed */
	STEP_RUN,       /* start it */
	STEP_STDIN,     /* write to its standard input, or close that */
	STEP_OUTPUT,    /* wait for what it writes */
	STEP_EXIT,      /* wait for its end */
	STEP_KILL,      /* send it a signal */
	STEP_LISTENING, /* wait until somebody of the host listens on a port */
	STEP_SYSCALL,   /* its next socket call of that name has returned this */
};

/* What a standing rule does with the packets it speaks of. Of several that match, the
 * newest decides. With nth set it does so once, and ends by itself. */
enum rule_kind { RULE_IGNORE, RULE_DROP, RULE_DELAY, RULE_DUPLICATE, RULE_CORRUPT, RULE_REWRITE };

struct plan_rule {
	enum rule_kind kind;
	const struct plan_packet *pattern;
	int64_t delay;                     /* RULE_DELAY */
	const struct plan_packet *rewrite; /* RULE_REWRITE: its set field */
};

struct plan_step {
	enum step_kind kind;
	struct span span;            /* the whole line */
	struct plan_time time;
	const struct plan_packet *packet;  /* SEND, INJECT, ARM; EXPECT to REWRITE */
	const struct plan_packet *trigger; /* ARM */
	const struct plan_packet *rewrite; /* REWRITE: only its set field counts */
	const struct plan_rule *rule;      /* RULE */
	int64_t delay;                     /* DELAY: ns */
	int held;                          /* HOLD, RELEASE: which place, from 0 */
	int cut_from;                      /* CUT: host, NO_INDEX: both ways */
	int ends;                          /* END_RULE: the step of its rule */
	const struct plan_call *call;      /* CALL */
	const struct plan_question *question; /* ASK */
	const struct plan_deed *deed;      /* RUN to SYSCALL */
	int caller;                        /* CALL, ANSWER */
	bool answered;                     /* CALL, ANSWER, ASK: a result is written */
	struct plan_result result;
	int answered_by;                   /* CALL: the ANSWER step that takes its result;
	                                      NO_INDEX: this line, or success is demanded */
	bool shorthand;                    /* part of `establish` */
};

/* ---- the whole ---- */

struct plan {
	struct arena *arena;          /* owns the plan and all it points to, but the source */
	const struct source *source;
	const char *title;
	const char *about;            /* or NULL */
	const char *const *rfcs;      /* "9293 3.10.7.4" */
	size_t n_rfcs;
	const char *const *tags;
	size_t n_tags;

	enum ip_version ip;
	const struct plan_binding *bindings;
	size_t n_bindings;
	const char *variant;          /* "4", "6,how=SHUT_WR" */

	const char *skip;             /* why this machine's kernel cannot play it, or NULL */

	struct plan_host hosts[PLAN_HOSTS];
	int n_hosts;
	const struct plan_sysctl *sysctls;
	size_t n_sysctls;
	int link_mtu;
	int64_t link_delay;           /* ns, one way */
	bool link_offload;            /* offloads are left on: big segments, unfinished checksums */
	int64_t tolerance;            /* +-; NO_TOLERANCE: by the kernel's timer wheel */
	int64_t patience;
	struct plan_clock clock;

	const struct plan_caller *callers;
	int n_callers;
	const struct plan_socket *sockets;
	int n_sockets;
	const struct plan_program *programs;
	int n_programs;
	const struct plan_flow *flows;
	int n_flows;
	const struct plan_step *steps;
	int n_steps;
};

#define DEFAULT_PATIENCE (INT64_C(2) * 1000 * 1000 * 1000)
enum { DEFAULT_MTU = 1500, MIN_MTU = 576, MIN_MTU_V6 = 1280, MAX_MTU = 65535 };

#endif
