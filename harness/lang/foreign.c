/* foreign: see foreign.h. */
#include "lang/foreign.h"

#include <stddef.h>
#include <strings.h>

struct foreign {
	const char *word, *remedy;
};

#define WAIT "'wait 1s' waits, and nothing may come on the wire meanwhile"
#define OF_HOST "its host stands before it: 'client: connect server:8080'"
#define WITH_TO "a connection has its port from its first line: 'expect SYN from client to server:8080'"
#define WITH_RUN "a program is run: client: run \"curl -s http://server:8080/\""
#define DASHES "flags are joined by '-': SYN, SYN-ACK, PSH-ACK, RST"

/* ---- fields ---- */

/* A word of which the remedy depends on the packet. The first row that fits counts. */
struct foreign_field {
	const char *word;
	unsigned places;
	const char *remedy;
};

#define ANYWHERE (~0u)
#define AWAITED (IN_EXPECTED | IN_CHANGED) /* they may have any time */
#define MOMENT (IN_SENT | IN_HELD)         /* they have one moment */
#define HOLDS "it holds until 'end rule'; 'wait 1s' is a line of its own"
#define NO_TIME "it is about a packet to come, whenever that is: it has no time"
#define COUNTED_RULES "one packet each: 'drop 1st SYN from client', 'drop 2nd SYN from client'"
#define OPTIONS "options mss 1460, sackok"
#define TOGETHER "TCP options stand together: "
#define OPTION(word) \
	{ word, IN_CHANGED | IN_SENT, TOGETHER OPTIONS }, \
	{ word, ANYWHERE, TOGETHER OPTIONS ", ..." }

static const struct foreign_field fields[] = {
	{ "window", ANYWHERE, "did you mean 'win'?" },
	{ "length", IN_SENT, "a payload says how long it is: data 100 bytes" },
	{ "length", ANYWHERE, "did you mean 'len'?" },
	{ "payload", ANYWHERE, "did you mean 'data'?" },
	{ "sequence", ANYWHERE, "did you mean 'seq'?" },
	{ "urg", ANYWHERE, "did you mean 'urgent'?" },
	{ "urgptr", ANYWHERE, "did you mean 'urgent'?" },
	{ "dataofs", ANYWHERE, "did you mean 'offset'?" },
	{ "doff", ANYWHERE, "did you mean 'offset'?" },
	{ "hlim", ANYWHERE, "did you mean 'ttl'?" },
	{ "hoplimit", ANYWHERE, "did you mean 'ttl'?" },
	{ "tos", ANYWHERE, "it is two fields here: 'dscp' and 'ecn'" },
	{ "tclass", ANYWHERE, "it is two fields here: 'dscp' and 'ecn'" },
	{ "port", ANYWHERE, WITH_TO },
	{ "dport", ANYWHERE, WITH_TO },
	{ "sport", ANYWHERE, WITH_TO },
	{ "flow", ANYWHERE, "did you mean 'on'?" },
	{ "in", AWAITED, "did you mean 'within'?" },
	{ "in", MOMENT, "did you mean 'after'?" },
	{ "in", IN_STANDING, HOLDS },
	{ "in", IN_COUNTED, NO_TIME },
	{ "for", AWAITED, "a packet comes 'within 1s'; that none comes is a line of its own: 'wait 1s'" },
	{ "for", MOMENT, "it is one packet: 'after 1s' says when" },
	{ "for", IN_STANDING, HOLDS },
	{ "for", IN_COUNTED, NO_TIME },
	{ "tolerance", AWAITED | MOMENT, "a tolerance stands behind its time: after 1s +-20ms" },
	{ "tolerance", IN_STANDING, HOLDS },
	{ "tolerance", IN_COUNTED, NO_TIME },
	{ "times", AWAITED, "how often stands behind 'again': again 3 times every 1s" },
	{ "times", MOMENT | IN_COUNTED, "it is one packet: write a line for each" },
	{ "times", IN_STANDING, COUNTED_RULES },
	{ "twice", AWAITED, "how often stands behind 'again': again 2 times every 1s" },
	{ "twice", IN_SENT, "it is one packet: write the line twice" },
	{ "twice", IN_HELD | IN_COUNTED, "it is one packet: write a line for each" },
	{ "twice", IN_STANDING, COUNTED_RULES },
	{ "retransmission", ANYWHERE, "did you mean 'again'?" },
	{ "retransmitted", ANYWHERE, "did you mean 'again'?" },
	OPTION("mss"), OPTION("sackok"), OPTION("wscale"), OPTION("ts"), OPTION("timestamp"),
	OPTION("timestamps"), OPTION("nop"), OPTION("eol"), OPTION("sack"), OPTION("fastopen"),
	OPTION("md5"),
	{ NULL, 0, NULL },
};

const char *foreign_field(enum field_place place, const char *word)
{
	for (const struct foreign_field *row = fields; row->word; row++)
		if ((row->places & place) && strcasecmp(row->word, word) == 0)
			return row->remedy;
	return NULL;
}

const char *options_example(enum field_place place)
{
	return place & (IN_CHANGED | IN_SENT) ? OPTIONS : OPTIONS ", ...";
}

/* ---- words with one remedy ---- */

static const struct foreign links[] = {
	{ "loss", LOST_PACKETS },
	{ "lossy", LOST_PACKETS },
	{ "drop", LOST_PACKETS },
	{ "latency", "did you mean 'delay'?" },
	{ "reorder", "'hold' keeps a packet back, 'release' lets it go" },
	{ NULL, NULL },
};

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
	{ "import", "a scenario is one file" },
	{ "include", "a scenario is one file" },
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

const char *foreign_remedy(enum foreign_place place, const char *word)
{
	static const struct foreign *const tables[] = {
		[FOREIGN_VERB] = verbs,     [FOREIGN_LINK] = links,
		[FOREIGN_OPTION] = options, [FOREIGN_FLAG] = flags,
		[FOREIGN_CALL] = calls,
	};

	for (const struct foreign *foreign = tables[place]; foreign->word; foreign++)
		if (strcasecmp(foreign->word, word) == 0)
			return foreign->remedy;
	return NULL;
}
