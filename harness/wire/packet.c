/* packet: see packet.h. What is said of malformed ones. */
#include "wire/packet.h"

const char *packet_fault_text(enum packet_fault fault)
{
	static const char *const texts[N_PACKET_FAULTS] = {
		[FAULT_ETH_SHORT] = "ends within the Ethernet header",
		[FAULT_IP4_SHORT] = "ends within the IPv4 header",
		[FAULT_IP4_VERSION] = "IP version is not 4",
		[FAULT_IP4_HEADER] = "IPv4 header length contradicts the total length",
		[FAULT_IP4_LENGTH] = "IPv4 total length beyond the frame's end",
		[FAULT_IP6_SHORT] = "ends within the IPv6 header",
		[FAULT_IP6_VERSION] = "IP version is not 6",
		[FAULT_IP6_LENGTH] = "IPv6 payload length beyond the frame's end",
		[FAULT_IP6_EXTENSION] = "IPv6 extension header beyond the packet's end",
		[FAULT_TCP_SHORT] = "ends within the TCP header",
		[FAULT_TCP_OFFSET_SMALL] = "TCP data offset below 5",
		[FAULT_TCP_OFFSET_LARGE] = "TCP data offset beyond the packet's end",
		[FAULT_ICMP_SHORT] = "ends within the ICMP header",
		[FAULT_ICMP_QUOTE] = "ICMP error quotes too little of a packet",
	};

	return texts[fault];
}
