/* foreign: see foreign.h. */
#include "lang/foreign.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <strings.h>

struct foreign {
	const char *word, *remedy;
};

#define WAIT "'wait 1s' waits, and nothing may come on the wire meanwhile"
#define OF_HOST "its host stands before it: 'client: connect server:8080'"
#define WITH_OPTIONS "TCP options stand together: options mss 1460, sackok, ..."
#define WITH_TO "a connection has its port from its first line: 'expect SYN from client to server:8080'"
#define WITH_RUN "a program is run: client: run \"curl -s http://server:8080/\""
#define BY_NAME "a host goes by its name, and any address by 'any': 'server:8080', 'any:8080'"
#define DASHES "flags are joined by '-': SYN, SYN-ACK, PSH-ACK, RST"

static const struct foreign verbs[] = {
	{ "sleep", WAIT },
	{ "pause", WAIT },
	{ "quiet", WAIT },
	{ "silence", WAIT },
	{ "nothing", WAIT },
	{ "recv", "'expect' waits for a packet; a call has its host before it: 'client: recv'" },
	{ "receive", "did you mean 'expect'?" },
	{ "lose", "did you mean 'drop'?" },
	{ "reorder", "'hold' keeps a packet back, 'release' lets it go" },
	{ "socket", OF_HOST },
	{ "bind", OF_HOST },
	{ "listen", OF_HOST },
	{ "accept", OF_HOST },
	{ "connect", OF_HOST },
	{ "read", OF_HOST },
	{ "write", OF_HOST },
	{ "shutdown", OF_HOST },
	{ "close", OF_HOST },
	{ "setsockopt", OF_HOST },
	{ "state", OF_HOST },
	{ "run", OF_HOST },
	{ "title", "did you mean 'scenario'?" },
	{ "description", "did you mean 'about'?" },
	{ "set", "did you mean 'sysctl'?" },
	{ "import", "a scenario is one file" },
	{ "include", "a scenario is one file" },
	{ NULL, NULL },
};

static const struct foreign fields[] = {
	{ "window", "did you mean 'win'?" },
	{ "length", "did you mean 'len'?" },
	{ "payload", "did you mean 'data'?" },
	{ "sequence", "did you mean 'seq'?" },
	{ "urg", "did you mean 'urgent'?" },
	{ "urgptr", "did you mean 'urgent'?" },
	{ "dataofs", "did you mean 'offset'?" },
	{ "doff", "did you mean 'offset'?" },
	{ "hlim", "did you mean 'ttl'?" },
	{ "hoplimit", "did you mean 'ttl'?" },
	{ "tos", "it is two fields here: 'dscp' and 'ecn'" },
	{ "tclass", "it is two fields here: 'dscp' and 'ecn'" },
	{ "port", WITH_TO },
	{ "dport", WITH_TO },
	{ "sport", WITH_TO },
	{ "flow", "did you mean 'on'?" },
	{ "in", "did you mean 'within'?" },
	{ "for", "'until 60s' is how long something holds, 'wait 1s' a line of its own" },
	{ "tolerance", "a tolerance stands behind its time: after 1s +-20ms" },
	{ "times", "how often stands behind 'again': again 3 times every 1s" },
	{ "twice", "how often stands behind 'again': again 2 times every 1s" },
	{ "retransmission", "did you mean 'again'?" },
	{ "retransmitted", "did you mean 'again'?" },
	{ "mss", WITH_OPTIONS },
	{ "sackok", WITH_OPTIONS },
	{ "wscale", WITH_OPTIONS },
	{ "ts", WITH_OPTIONS },
	{ "timestamp", WITH_OPTIONS },
	{ "timestamps", WITH_OPTIONS },
	{ "nop", WITH_OPTIONS },
	{ "eol", WITH_OPTIONS },
	{ "sack", WITH_OPTIONS },
	{ "fastopen", WITH_OPTIONS },
	{ "md5", WITH_OPTIONS },
	{ NULL, NULL },
};

static const struct foreign options[] = {
	{ "timestamp", "did you mean 'ts'?" },
	{ "timestamps", "did you mean 'ts'?" },
	{ "tsval", "did you mean 'ts'?" },
	{ "sackperm", "did you mean 'sackok'?" },
	{ "sack_perm", "did you mean 'sackok'?" },
	{ "sack-permitted", "did you mean 'sackok'?" },
	{ "ws", "did you mean 'wscale'?" },
	{ "window-scale", "did you mean 'wscale'?" },
	{ "tfo", "did you mean 'fastopen'?" },
	{ "noop", "did you mean 'nop'?" },
	{ "eof", "did you mean 'eol'?" },
	{ NULL, NULL },
};

static const struct foreign flags[] = {
	{ "S", "did you mean 'SYN'?" },
	{ "F", "did you mean 'FIN'?" },
	{ "R", "did you mean 'RST'?" },
	{ "P", "did you mean 'PSH'?" },
	{ "A", "did you mean 'ACK'?" },
	{ "SA", "did you mean 'SYN-ACK'?" },
	{ "FA", "did you mean 'FIN-ACK'?" },
	{ "PA", "did you mean 'PSH-ACK'?" },
	{ "RA", "did you mean 'RST-ACK'?" },
	{ "reset", "did you mean 'RST'?" },
	{ "push", "did you mean 'PSH'?" },
	{ "again", "which packet? as in: expect SYN from client again" },
	{ "no", WAIT },
	{ "nothing", WAIT },
	{ "tcp", DASHES },
	{ "segment", DASHES },
	{ NULL, NULL },
};

static const struct foreign calls[] = {
	{ "sleep", "a host does not wait, the scenario does: 'wait 1s', a line of its own" },
	{ "open", "did you mean 'socket'?" },
	{ "accept4", "did you mean 'accept'?" },
	{ "recvfrom", "did you mean 'recv'?" },
	{ "sendto", "did you mean 'send'?" },
	{ "sendmsg", "did you mean 'send'?" },
	{ "writev", "did you mean 'write'?" },
	{ "readv", "did you mean 'read'?" },
	{ "select", "did you mean 'poll'?" },
	{ "epoll_wait", "did you mean 'poll'?" },
	{ "tcp_info", "did you mean 'info'?" },
	{ "exec", WITH_RUN },
	{ "system", WITH_RUN },
	{ "shell", WITH_RUN },
	{ "start", WITH_RUN },
	{ "curl", WITH_RUN },
	{ "nc", WITH_RUN },
	{ "wait", "'exit -> 0' waits for the end of a program; a call's result waits for the call" },
	{ NULL, NULL },
};

static const struct foreign hosts[] = {
	{ "localhost", BY_NAME },
	{ NULL, NULL },
};

/* No host's name begins with a digit. */
static bool is_address(enum foreign_place place, const char *word)
{
	return place == FOREIGN_HOST && isdigit((unsigned char)*word);
}

const char *foreign_remedy(enum foreign_place place, const char *word)
{
	static const struct foreign *const tables[] = {
		[FOREIGN_VERB] = verbs,     [FOREIGN_FIELD] = fields,
		[FOREIGN_OPTION] = options, [FOREIGN_FLAG] = flags,
		[FOREIGN_CALL] = calls,     [FOREIGN_HOST] = hosts,
	};

	for (const struct foreign *foreign = tables[place]; foreign->word; foreign++)
		if (strcasecmp(foreign->word, word) == 0)
			return foreign->remedy;
	return is_address(place, word) ? BY_NAME : NULL;
}
