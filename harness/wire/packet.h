/* packet: one frame, taken apart.
 *
 * Plain data that decode fills and everybody else reads. All numbers are in
 * host byte order. Offsets count from the frame's first byte.
 */
#ifndef TCPSCEN_WIRE_PACKET_H
#define TCPSCEN_WIRE_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ETH_HEADER = 14, FRAME_MAX = 65535 + ETH_HEADER, PACKET_OPTIONS_MAX = 40 };

enum packet_class {
	PACKET_TCP,
	PACKET_ICMP,      /* ICMP and ICMPv6 that speak of a connection: errors */
	PACKET_NOISE,     /* neighbour discovery, multicast listeners, ARP: no scenario's subject */
	PACKET_OTHER,     /* any other protocol */
	PACKET_MALFORMED, /* ends too early or contradicts itself; see fault */
};

/* What is wrong with a malformed packet. */
enum packet_fault {
	FAULT_NONE,
	FAULT_ETH_SHORT,
	FAULT_IP4_SHORT,
	FAULT_IP4_VERSION,
	FAULT_IP4_HEADER,
	FAULT_IP4_LENGTH,
	FAULT_IP6_SHORT,
	FAULT_IP6_VERSION,
	FAULT_IP6_LENGTH,
	FAULT_IP6_EXTENSION,
	FAULT_TCP_SHORT,
	FAULT_TCP_OFFSET_SMALL,
	FAULT_TCP_OFFSET_LARGE,
	FAULT_ICMP_SHORT,
	FAULT_ICMP_QUOTE,
	N_PACKET_FAULTS,
};

enum { TCP_HEADER = 20 }; /* without options */

/* IANA's numbers of the TCP options that have names in the language. */
enum tcp_option_kind {
	KIND_EOL = 0, KIND_NOP = 1, KIND_MSS = 2, KIND_WSCALE = 3, KIND_SACKOK = 4, KIND_SACK = 5,
	KIND_TS = 8, KIND_MD5 = 19, KIND_FASTOPEN = 34,
};

/* A TCP option as it stands in the header. */
struct packet_option {
	uint8_t kind;     /* enum tcp_option_kind, or any other */
	uint16_t offset;  /* of the kind byte, from the frame's start */
	uint8_t len;      /* of the whole option, 1 for EOL and NOP */
};

struct packet_address {
	uint8_t bytes[16]; /* IPv4: the first 4 */
};

struct packet {
	enum packet_class class;
	enum packet_fault fault; /* FAULT_NONE unless MALFORMED */
	int64_t time;          /* ns, CLOCK_REALTIME, from the capture */
	uint32_t len;          /* of the frame */

	uint8_t eth_src[6], eth_dst[6];
	uint8_t ip;            /* 4, 6 or 0 */
	struct packet_address src, dst;
	uint8_t ttl;           /* or hop limit */
	uint8_t dscp, ecn;
	bool df;
	uint16_t id;
	uint32_t flowlabel;
	bool ip_checksum_ok;   /* IPv6: true */
	uint8_t protocol;
	uint32_t transport;    /* offset of what follows the IP header: TCP, ICMP */

	/* TCP; for ICMP errors sport, dport and seq are those of the packet quoted */
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t offset;        /* in 32-bit words, as written */
	uint16_t flags;        /* twelve bits, enum tcp_flags */
	uint16_t win, checksum, urgent;
	bool checksum_ok;      /* TCP's or ICMP's */
	struct packet_option options[PACKET_OPTIONS_MAX];
	uint8_t n_options;
	bool options_bad;      /* an option runs over the header's end */
	uint32_t payload;      /* offset of the first byte */
	uint32_t payload_len;

	uint8_t icmp_type, icmp_code;
	uint32_t icmp_mtu;
};

/* Sequence space the packet takes up: payload, and one each for SYN and FIN (RFC 9293 3.4). */
uint32_t packet_seq_len(const struct packet *packet);

/* "ends within the TCP header"; NULL for FAULT_NONE. */
const char *packet_fault_text(enum packet_fault fault);

#endif
