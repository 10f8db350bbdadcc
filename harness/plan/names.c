/* names: see names.h.
 *
 * Each table is written once, as a list macro, and unfolds into both the
 * pairs of word and number and the list of words for nearest_word(). Where
 * several names share a number (EAGAIN, EWOULDBLOCK), all are understood and
 * the first is shown. The calls and questions are in calls.c.
 */
#include "plan/names.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PAIR(name) { #name, name },
#define WORD(name) #name,

static bool find(const struct name *names, size_t n, const char *text, int64_t *number)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i].text, text) == 0) {
			*number = names[i].number;
			return true;
		}
	}
	return false;
}

static const char *find_text(const struct name *names, size_t n, int64_t number)
{
	for (size_t i = 0; i < n; i++)
		if (names[i].number == number)
			return names[i].text;
	return NULL;
}

/* ---- errno ---- */

#define ERRNOS(X) \
	X(EPERM) X(ENOENT) X(ESRCH) X(EINTR) X(EIO) X(ENXIO) X(E2BIG) X(ENOEXEC) X(EBADF) \
	X(ECHILD) X(EAGAIN) X(ENOMEM) X(EACCES) X(EFAULT) X(ENOTBLK) X(EBUSY) X(EEXIST) \
	X(EXDEV) X(ENODEV) X(ENOTDIR) X(EISDIR) X(EINVAL) X(ENFILE) X(EMFILE) X(ENOTTY) \
	X(ETXTBSY) X(EFBIG) X(ENOSPC) X(ESPIPE) X(EROFS) X(EMLINK) X(EPIPE) X(EDOM) X(ERANGE) \
	X(EDEADLK) X(ENAMETOOLONG) X(ENOLCK) X(ENOSYS) X(ENOTEMPTY) X(ELOOP) X(EWOULDBLOCK) \
	X(ENOMSG) X(EIDRM) X(ECHRNG) X(EL2NSYNC) X(EL3HLT) X(EL3RST) X(ELNRNG) X(EUNATCH) \
	X(ENOCSI) X(EL2HLT) X(EBADE) X(EBADR) X(EXFULL) X(ENOANO) X(EBADRQC) X(EBADSLT) \
	X(EDEADLOCK) X(EBFONT) X(ENOSTR) X(ENODATA) X(ETIME) X(ENOSR) X(ENONET) X(ENOPKG) \
	X(EREMOTE) X(ENOLINK) X(EADV) X(ESRMNT) X(ECOMM) X(EPROTO) X(EMULTIHOP) X(EDOTDOT) \
	X(EBADMSG) X(EOVERFLOW) X(ENOTUNIQ) X(EBADFD) X(EREMCHG) X(ELIBACC) X(ELIBBAD) \
	X(ELIBSCN) X(ELIBMAX) X(ELIBEXEC) X(EILSEQ) X(ERESTART) X(ESTRPIPE) X(EUSERS) \
	X(ENOTSOCK) X(EDESTADDRREQ) X(EMSGSIZE) X(EPROTOTYPE) X(ENOPROTOOPT) \
	X(EPROTONOSUPPORT) X(ESOCKTNOSUPPORT) X(EOPNOTSUPP) X(ENOTSUP) X(EPFNOSUPPORT) \
	X(EAFNOSUPPORT) X(EADDRINUSE) X(EADDRNOTAVAIL) X(ENETDOWN) X(ENETUNREACH) X(ENETRESET) \
	X(ECONNABORTED) X(ECONNRESET) X(ENOBUFS) X(EISCONN) X(ENOTCONN) X(ESHUTDOWN) \
	X(ETOOMANYREFS) X(ETIMEDOUT) X(ECONNREFUSED) X(EHOSTDOWN) X(EHOSTUNREACH) X(EALREADY) \
	X(EINPROGRESS) X(ESTALE) X(EUCLEAN) X(ENOTNAM) X(ENAVAIL) X(EISNAM) X(EREMOTEIO) \
	X(EDQUOT) X(ENOMEDIUM) X(EMEDIUMTYPE) X(ECANCELED) X(ENOKEY) X(EKEYEXPIRED) \
	X(EKEYREVOKED) X(EKEYREJECTED) X(EOWNERDEAD) X(ENOTRECOVERABLE) X(ERFKILL) X(EHWPOISON)

static const struct name errno_pairs[] = { ERRNOS(PAIR) };
static const char *const errno_list[] = { ERRNOS(WORD) NULL };

bool errno_by_name(const char *text, int *number)
{
	int64_t found;

	if (!find(errno_pairs, COUNT(errno_pairs), text, &found))
		return false;
	*number = (int)found;
	return true;
}

const char *errno_name(int number)
{
	return find_text(errno_pairs, COUNT(errno_pairs), number);
}

const char *const *errno_words(void)
{
	return errno_list;
}

/* ---- states, as ss(8) spells them ---- */

static const char *const state_list[] = {
	"ESTABLISHED", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT",
	"CLOSED", "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING", NULL,
};
_Static_assert(COUNT(state_list) == N_STATES, "a name for each state from 1 on");

bool state_by_name(const char *text, int *number)
{
	for (int state = STATE_ESTABLISHED; state < N_STATES; state++) {
		if (strcmp(state_list[state - 1], text) == 0) {
			*number = state;
			return true;
		}
	}
	return false;
}

const char *state_name(int state)
{
	return state > 0 && state < N_STATES ? state_list[state - 1] : NULL;
}

const char *const *state_words(void)
{
	return state_list;
}

/* ---- TCP flags ---- */

/* In the order they are shown: SYN-ACK, PSH-ACK, FIN-ACK, ACK-DTH. */
static const struct name flag_pairs[] = {
	{ "SYN", TCP_SYN }, { "FIN", TCP_FIN }, { "RST", TCP_RST }, { "PSH", TCP_PSH },
	{ "ACK", TCP_ACK }, { "URG", TCP_URG }, { "ECE", TCP_ECE }, { "CWR", TCP_CWR },
	{ "AE", TCP_AE },   { "DTH", TCP_DTH },
};
static const char *const flag_list[] = {
	"SYN", "FIN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE", "DTH", NULL,
};

/* A flag twice (SYN-SYN) is no flags' name. "none" is: a segment may have no flag. */
bool flags_by_name(const char *text, uint16_t *flags)
{
	uint16_t all = 0;

	if (strcmp(text, "none") == 0) {
		*flags = 0;
		return true;
	}
	for (;;) {
		size_t len = strcspn(text, "-");
		char flag[4];
		int64_t bit;

		if (len >= sizeof(flag))
			return false;
		memcpy(flag, text, len);
		flag[len] = '\0';
		if (!find(flag_pairs, COUNT(flag_pairs), flag, &bit) || (all & bit))
			return false;
		all |= (uint16_t)bit;
		if (!text[len])
			break;
		text += len + 1;
	}
	*flags = all;
	return true;
}

/* Bits without a name (the two reserved ones) are shown as a number. */
const char *flags_name(uint16_t flags, char buf[FLAGS_LEN])
{
	size_t len = 0;

	if (!flags)
		snprintf(buf, FLAGS_LEN, "none");
	for (size_t i = 0; i < COUNT(flag_pairs); i++) {
		if (!(flags & flag_pairs[i].number))
			continue;
		len += (size_t)snprintf(buf + len, FLAGS_LEN - len, "%s%s", len ? "-" : "",
					flag_pairs[i].text);
		flags &= (uint16_t)~flag_pairs[i].number;
	}
	if (flags)
		snprintf(buf + len, FLAGS_LEN - len, "%s0x%x", len ? "-" : "", flags);
	return buf;
}

const char *const *flag_words(void)
{
	return flag_list;
}

/* ---- ICMP ---- */

static const char *const icmp_list[] = {
	"net-unreachable", "host-unreachable", "protocol-unreachable", "port-unreachable",
	"frag-needed", "admin-prohibited", "time-exceeded", NULL,
};
_Static_assert(COUNT(icmp_list) == ICMP_TIME_EXCEEDED + 2, "a name for each kind");

bool icmp_by_name(const char *text, enum icmp_kind *kind)
{
	for (int i = 0; icmp_list[i]; i++) {
		if (strcmp(icmp_list[i], text) == 0) {
			*kind = (enum icmp_kind)i;
			return true;
		}
	}
	return false;
}

const char *icmp_name(enum icmp_kind kind)
{
	return icmp_list[kind];
}

const char *const *icmp_words(void)
{
	return icmp_list;
}

/* ---- constants of the socket calls ---- */

static const struct name constants[] = {
	PAIR(SHUT_RD) PAIR(SHUT_WR) PAIR(SHUT_RDWR)

	PAIR(MSG_OOB) PAIR(MSG_PEEK) PAIR(MSG_DONTROUTE) PAIR(MSG_CTRUNC) PAIR(MSG_TRUNC)
	PAIR(MSG_DONTWAIT) PAIR(MSG_EOR) PAIR(MSG_WAITALL) PAIR(MSG_CONFIRM)
	PAIR(MSG_ERRQUEUE) PAIR(MSG_NOSIGNAL) PAIR(MSG_MORE) PAIR(MSG_ZEROCOPY)
	PAIR(MSG_FASTOPEN) PAIR(MSG_CMSG_CLOEXEC)

	PAIR(POLLIN) PAIR(POLLPRI) PAIR(POLLOUT) PAIR(POLLERR) PAIR(POLLHUP) PAIR(POLLNVAL)
	PAIR(POLLRDNORM) PAIR(POLLRDBAND) PAIR(POLLWRNORM) PAIR(POLLWRBAND) PAIR(POLLMSG)
	PAIR(POLLRDHUP)

	PAIR(O_RDONLY) PAIR(O_WRONLY) PAIR(O_RDWR) PAIR(O_APPEND) PAIR(O_NONBLOCK) PAIR(O_ASYNC)
	PAIR(O_DIRECT) PAIR(O_NOATIME)

	PAIR(F_GETFL) PAIR(F_SETFL)

	PAIR(SIOCINQ) PAIR(SIOCOUTQ) PAIR(SIOCATMARK) PAIR(SIOCOUTQNSD)

	PAIR(IP_PMTUDISC_DONT) PAIR(IP_PMTUDISC_WANT) PAIR(IP_PMTUDISC_DO)
	PAIR(IP_PMTUDISC_PROBE) PAIR(IP_PMTUDISC_INTERFACE) PAIR(IP_PMTUDISC_OMIT)
	PAIR(IPV6_PMTUDISC_DONT) PAIR(IPV6_PMTUDISC_WANT) PAIR(IPV6_PMTUDISC_DO)
	PAIR(IPV6_PMTUDISC_PROBE) PAIR(IPV6_PMTUDISC_INTERFACE) PAIR(IPV6_PMTUDISC_OMIT)
};

bool constant_by_name(const char *prefix, const char *text, int64_t *number)
{
	return strncmp(text, prefix, strlen(prefix)) == 0 &&
	       find(constants, COUNT(constants), text, number);
}

size_t constant_words(const char *prefix, const char **words, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < COUNT(constants) && n + 1 < max; i++)
		if (strncmp(constants[i].text, prefix, strlen(prefix)) == 0)
			words[n++] = constants[i].text;
	words[n] = NULL;
	return n;
}

/* ---- socket options ---- */

#define SOL_SOCKET_OPTIONS(X) \
	X(SO_DEBUG) X(SO_REUSEADDR) X(SO_TYPE) X(SO_ERROR) X(SO_DONTROUTE) X(SO_BROADCAST) \
	X(SO_SNDBUF) X(SO_RCVBUF) X(SO_SNDBUFFORCE) X(SO_RCVBUFFORCE) X(SO_KEEPALIVE) \
	X(SO_OOBINLINE) X(SO_NO_CHECK) X(SO_PRIORITY) X(SO_LINGER) X(SO_REUSEPORT) \
	X(SO_PASSCRED) X(SO_RCVLOWAT) X(SO_SNDLOWAT) X(SO_RCVTIMEO) X(SO_SNDTIMEO) \
	X(SO_BINDTODEVICE) X(SO_TIMESTAMP) X(SO_ACCEPTCONN) X(SO_MARK) X(SO_TIMESTAMPNS) \
	X(SO_TIMESTAMPING) X(SO_PROTOCOL) X(SO_DOMAIN) X(SO_RXQ_OVFL) X(SO_PEEK_OFF) \
	X(SO_LOCK_FILTER) X(SO_SELECT_ERR_QUEUE) X(SO_BUSY_POLL) X(SO_MAX_PACING_RATE) \
	X(SO_INCOMING_CPU) X(SO_INCOMING_NAPI_ID) X(SO_ZEROCOPY) X(SO_BINDTOIFINDEX) \
	X(SO_PREFER_BUSY_POLL) X(SO_BUSY_POLL_BUDGET) X(SO_BUF_LOCK) X(SO_RESERVE_MEM) \
	X(SO_TXREHASH)

#define TCP_OPTIONS(X) \
	X(TCP_NODELAY) X(TCP_MAXSEG) X(TCP_CORK) X(TCP_KEEPIDLE) X(TCP_KEEPINTVL) \
	X(TCP_KEEPCNT) X(TCP_SYNCNT) X(TCP_LINGER2) X(TCP_DEFER_ACCEPT) X(TCP_WINDOW_CLAMP) \
	X(TCP_INFO) X(TCP_QUICKACK) X(TCP_CONGESTION) X(TCP_MD5SIG) X(TCP_THIN_LINEAR_TIMEOUTS) \
	X(TCP_THIN_DUPACK) X(TCP_USER_TIMEOUT) X(TCP_REPAIR) X(TCP_REPAIR_QUEUE) \
	X(TCP_QUEUE_SEQ) X(TCP_REPAIR_OPTIONS) X(TCP_FASTOPEN) X(TCP_TIMESTAMP) \
	X(TCP_NOTSENT_LOWAT) X(TCP_SAVE_SYN) X(TCP_SAVED_SYN) X(TCP_REPAIR_WINDOW) \
	X(TCP_FASTOPEN_CONNECT) X(TCP_ULP) X(TCP_MD5SIG_EXT) X(TCP_FASTOPEN_KEY) \
	X(TCP_FASTOPEN_NO_COOKIE) X(TCP_INQ) X(TCP_TX_DELAY)

#define IP_OPTIONS_LIST(X) \
	X(IP_OPTIONS) X(IP_TOS) X(IP_TTL) X(IP_RECVOPTS) X(IP_RETOPTS) X(IP_PKTINFO) \
	X(IP_MTU_DISCOVER) X(IP_RECVERR) X(IP_RECVTTL) X(IP_RECVTOS) X(IP_MTU) X(IP_FREEBIND) \
	X(IP_TRANSPARENT) X(IP_MINTTL) X(IP_NODEFRAG) X(IP_BIND_ADDRESS_NO_PORT) \
	X(IP_RECVERR_RFC4884) X(IP_UNICAST_IF)

#define IPV6_OPTIONS_LIST(X) \
	X(IPV6_UNICAST_HOPS) X(IPV6_MTU_DISCOVER) X(IPV6_MTU) X(IPV6_RECVERR) X(IPV6_V6ONLY) \
	X(IPV6_RECVPKTINFO) X(IPV6_RECVHOPLIMIT) X(IPV6_HOPLIMIT) X(IPV6_RECVTCLASS) \
	X(IPV6_TCLASS) X(IPV6_DONTFRAG) X(IPV6_AUTOFLOWLABEL) X(IPV6_MINHOPCOUNT) \
	X(IPV6_TRANSPARENT) X(IPV6_FREEBIND) X(IPV6_RECVERR_RFC4884) X(IPV6_UNICAST_IF)

struct sockopt {
	const char *text;
	int level, name;
};

#define AT_SOCKET(option) { #option, SOL_SOCKET, option },
#define AT_TCP(option) { #option, IPPROTO_TCP, option },
#define AT_IP(option) { #option, IPPROTO_IP, option },
#define AT_IPV6(option) { #option, IPPROTO_IPV6, option },

static const struct sockopt sockopts[] = {
	SOL_SOCKET_OPTIONS(AT_SOCKET) TCP_OPTIONS(AT_TCP)
	IP_OPTIONS_LIST(AT_IP) IPV6_OPTIONS_LIST(AT_IPV6)
};
static const char *const sockopt_list[] = {
	SOL_SOCKET_OPTIONS(WORD) TCP_OPTIONS(WORD)
	IP_OPTIONS_LIST(WORD) IPV6_OPTIONS_LIST(WORD) NULL
};

bool sockopt_by_name(const char *text, int *level, int *name)
{
	for (size_t i = 0; i < COUNT(sockopts); i++) {
		if (strcmp(sockopts[i].text, text) == 0) {
			*level = sockopts[i].level;
			*name = sockopts[i].name;
			return true;
		}
	}
	return false;
}

const char *const *sockopt_words(void)
{
	return sockopt_list;
}

/* ---- IP versions ---- */

const char *ip_name(enum ip_version ip)
{
	switch (ip) {
	case IP_V4: return "4";
	case IP_V6: return "6";
	case IP_MAPPED: return "mapped";
	}
	return "?";
}
