/* icmp: the type and code of each error, in IPv4 and in IPv6 (docs/language.md section 4). */
#ifndef TCPSCEN_WIRE_ICMP_H
#define TCPSCEN_WIRE_ICMP_H

#include "plan/plan.h"

void icmp_numbers(enum icmp_kind kind, uint8_t ip, uint8_t *type, uint8_t *code);

/* Return: true with @kind set, or false when the language has no name for it. */
bool icmp_kind_of(uint8_t ip, uint8_t type, uint8_t code, enum icmp_kind *kind);

#endif
