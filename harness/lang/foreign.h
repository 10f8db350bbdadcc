/* foreign: words of other tools, and what stands for them here.
 *
 * Whoever comes from tcpdump, ss, strace, Scapy or packetdrill writes what is written there. The word
 * that is nearest by its letters is then seldom the one that is meant.
 */
#ifndef TCPSCEN_LANG_FOREIGN_H
#define TCPSCEN_LANG_FOREIGN_H

enum foreign_place {
	FOREIGN_VERB,   /* where a line begins */
	FOREIGN_FIELD,  /* of a packet, or its time */
	FOREIGN_OPTION, /* of TCP */
	FOREIGN_FLAG,
	FOREIGN_CALL,
	FOREIGN_HOST,
};

/* The remedy for @word at that place, whatever its case. Return: NULL: the word is known nowhere. */
const char *foreign_remedy(enum foreign_place place, const char *word);

#endif
