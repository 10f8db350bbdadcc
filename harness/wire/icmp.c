/* icmp: the numbers of ICMP errors. RFC 792 and RFC 1812 for IPv4, RFC 4443 for IPv6. */
#include "wire/icmp.h"

struct icmp_number {
	uint8_t type, code;
};

static const struct icmp_number v4[] = {
	[ICMP_NET_UNREACHABLE] = { 3, 0 },
	[ICMP_HOST_UNREACHABLE] = { 3, 1 },
	[ICMP_PROTOCOL_UNREACHABLE] = { 3, 2 },
	[ICMP_PORT_UNREACHABLE] = { 3, 3 },
	[ICMP_FRAG_NEEDED] = { 3, 4 },
	[ICMP_ADMIN_PROHIBITED] = { 3, 13 },
	[ICMP_TIME_EXCEEDED] = { 11, 0 },
};

static const struct icmp_number v6[] = {
	[ICMP_NET_UNREACHABLE] = { 1, 0 },
	[ICMP_HOST_UNREACHABLE] = { 1, 3 },
	[ICMP_PROTOCOL_UNREACHABLE] = { 4, 1 },
	[ICMP_PORT_UNREACHABLE] = { 1, 4 },
	[ICMP_FRAG_NEEDED] = { 2, 0 },
	[ICMP_ADMIN_PROHIBITED] = { 1, 1 },
	[ICMP_TIME_EXCEEDED] = { 3, 0 },
};

enum { N_KINDS = sizeof(v4) / sizeof(v4[0]) };
_Static_assert(sizeof(v4) == sizeof(v6), "each kind has numbers in both versions");

void icmp_numbers(enum icmp_kind kind, uint8_t ip, uint8_t *type, uint8_t *code)
{
	const struct icmp_number *number = ip == 4 ? &v4[kind] : &v6[kind];

	*type = number->type;
	*code = number->code;
}

bool icmp_kind_of(uint8_t ip, uint8_t type, uint8_t code, enum icmp_kind *kind)
{
	const struct icmp_number *numbers = ip == 4 ? v4 : v6;
	int i;

	for (i = 0; i < N_KINDS; i++) {
		if (numbers[i].type == type && numbers[i].code == code) {
			*kind = (enum icmp_kind)i;
			return true;
		}
	}
	return false;
}
