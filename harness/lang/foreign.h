/* foreign: words of other tools, and what stands for them here.
 *
 * Whoever comes from tcpdump, ss, strace, Scapy or packetdrill writes what is written there. The word
 * that is nearest by its letters is then seldom the one that is meant.
 */
#ifndef TCPSCEN_LANG_FOREIGN_H
#define TCPSCEN_LANG_FOREIGN_H

#define LOST_PACKETS \
	"lost packets have lines of their own: 'drop 2nd DATA from HOST', 'drop all packets'"

enum foreign_place {
	FOREIGN_VERB,   /* where a line begins */
	FOREIGN_LINK,   /* what a `link` line sets */
	FOREIGN_OPTION, /* of TCP */
	FOREIGN_FLAG,
	FOREIGN_CALL,
};

/* The remedy for @word at that place, whatever its case. Return: NULL: the word is known nowhere. */
const char *foreign_remedy(enum foreign_place place, const char *word);

/* Whose fields: what one packet may have makes no sense of another. */
enum field_place {
	IN_EXPECTED = 1 << 0, /* expect, drop, delay, duplicate, corrupt */
	IN_CHANGED = 1 << 1,  /* rewrite: expected, but for the last field, which is written */
	IN_SENT = 1 << 2,     /* send, inject, the SYN of an `establish` */
	IN_HELD = 1 << 3,     /* hold */
	IN_STANDING = 1 << 4, /* a rule that holds until 'end rule' */
	IN_COUNTED = 1 << 5,  /* a rule of one packet; the packet that an armed one follows */
};

/* The same for a field of a packet, or its time. */
const char *foreign_field(enum field_place place, const char *word);

/* The options of a packet as they are written there: "options mss 1460, sackok". */
const char *options_example(enum field_place place);

#endif
