/* tcp_info: see tcp_info.h.
 *
 * One list of the fields makes the struct, the table and the reader. The compiler lays the
 * struct out as it does the kernel's, bit-fields included; where the header on this
 * machine has a field, the build checks that it lies in the same place.
 *
 * The last four bytes changed their meaning: two numbers of 16 bits in Linux 6.18, bit-fields
 * since 7.0.
 */
#include "plan/tcp_info.h"

#include <linux/tcp.h>
#include <string.h>

/* N: a number   B: bits of a byte, with the byte's end   A: of the last four bytes
 * the last column: what one stands for, in ns */
#define FIELDS(N, B, A) \
	N(uint8_t, state, 0) N(uint8_t, ca_state, 0) N(uint8_t, retransmits, 0) \
	N(uint8_t, probes, 0) N(uint8_t, backoff, 0) N(uint8_t, options, 0) \
	B(snd_wscale, 4, 7) B(rcv_wscale, 4, 7) \
	B(delivery_rate_app_limited, 1, 8) B(fastopen_client_fail, 2, 8) \
	N(uint32_t, rto, US) N(uint32_t, ato, US) N(uint32_t, snd_mss, 0) N(uint32_t, rcv_mss, 0) \
	N(uint32_t, unacked, 0) N(uint32_t, sacked, 0) N(uint32_t, lost, 0) \
	N(uint32_t, retrans, 0) N(uint32_t, fackets, 0) \
	N(uint32_t, last_data_sent, MS) N(uint32_t, last_ack_sent, MS) \
	N(uint32_t, last_data_recv, MS) N(uint32_t, last_ack_recv, MS) \
	N(uint32_t, pmtu, 0) N(uint32_t, rcv_ssthresh, 0) N(uint32_t, rtt, US) \
	N(uint32_t, rttvar, US) N(uint32_t, snd_ssthresh, 0) N(uint32_t, snd_cwnd, 0) \
	N(uint32_t, advmss, 0) N(uint32_t, reordering, 0) N(uint32_t, rcv_rtt, US) \
	N(uint32_t, rcv_space, 0) N(uint32_t, total_retrans, 0) \
	N(uint64_t, pacing_rate, 0) N(uint64_t, max_pacing_rate, 0) \
	N(uint64_t, bytes_acked, 0) N(uint64_t, bytes_received, 0) \
	N(uint32_t, segs_out, 0) N(uint32_t, segs_in, 0) N(uint32_t, notsent_bytes, 0) \
	N(uint32_t, min_rtt, US) N(uint32_t, data_segs_in, 0) N(uint32_t, data_segs_out, 0) \
	N(uint64_t, delivery_rate, 0) N(uint64_t, busy_time, US) N(uint64_t, rwnd_limited, US) \
	N(uint64_t, sndbuf_limited, US) N(uint32_t, delivered, 0) N(uint32_t, delivered_ce, 0) \
	N(uint64_t, bytes_sent, 0) N(uint64_t, bytes_retrans, 0) N(uint32_t, dsack_dups, 0) \
	N(uint32_t, reord_seen, 0) N(uint32_t, rcv_ooopack, 0) N(uint32_t, snd_wnd, 0) \
	N(uint32_t, rcv_wnd, 0) N(uint32_t, rehash, 0) N(uint16_t, total_rto, 0) \
	N(uint16_t, total_rto_recoveries, 0) N(uint32_t, total_rto_time, MS) \
	N(uint32_t, received_ce, 0) N(uint32_t, delivered_e1_bytes, 0) \
	N(uint32_t, delivered_e0_bytes, 0) N(uint32_t, delivered_ce_bytes, 0) \
	N(uint32_t, received_e1_bytes, 0) N(uint32_t, received_e0_bytes, 0) \
	N(uint32_t, received_ce_bytes, 0) \
	A(accecn_fail_mode, 16) A(accecn_opt_seen, 16) A(ecn_mode, 2) A(options2, 24)

enum { US = 1000, MS = 1000 * 1000 };
enum { LAST_WORD = TCP_INFO_MAX - 4, BITS_SINCE = 7 };

#define NUMBER(type, name, unit) type name;
#define BITS(name, bits, end) uint8_t name : (bits);
#define LATER(name, bits)
struct known {
	FIELDS(NUMBER, BITS, LATER)
	uint32_t last;
};
#undef NUMBER
#undef BITS
#undef LATER
_Static_assert(sizeof(struct known) == TCP_INFO_MAX, "as the kernel's");
_Static_assert(offsetof(struct known, last) == LAST_WORD, "as the kernel's");
_Static_assert(offsetof(struct known, rto) == offsetof(struct tcp_info, tcpi_rto), "the same");
_Static_assert(offsetof(struct known, snd_wnd) == offsetof(struct tcp_info, tcpi_snd_wnd),
	       "the same");

struct last_6_18 {
	uint16_t accecn_fail_mode, accecn_opt_seen;
};

struct last_7_0 {
	uint32_t ecn_mode : 2, accecn_opt_seen : 2, accecn_fail_mode : 4, options2 : 24;
};

#define NUMBER(type, name, unit) FIELD_##name,
#define BITS(name, bits, end) FIELD_##name,
#define LATER(name, bits) FIELD_##name,
enum field { FIELDS(NUMBER, BITS, LATER) N_FIELDS };
#undef NUMBER
#undef BITS
#undef LATER

#define NUMBER(type, name, unit) \
	{ unit, offsetof(struct known, name) + sizeof(type), 8 * sizeof(type) },
#define BITS(name, bits, end) { 0, end, bits },
#define LATER(name, bits) { 0, TCP_INFO_MAX, bits },
static const struct {
	int unit;
	size_t end; /* of its last byte */
	size_t bits;
} fields[N_FIELDS] = { FIELDS(NUMBER, BITS, LATER) };
#undef NUMBER
#undef BITS
#undef LATER

#define NUMBER(type, name, unit) #name,
#define BITS(name, bits, end) #name,
#define LATER(name, bits) #name,
static const char *const names[N_FIELDS + 1] = { FIELDS(NUMBER, BITS, LATER) NULL };
#undef NUMBER
#undef BITS
#undef LATER

/* ---- names ---- */

int tcp_info_by_name(const char *text)
{
	static const char prefix[] = "tcpi_";

	if (strncmp(text, prefix, sizeof(prefix) - 1) == 0)
		text += sizeof(prefix) - 1;
	for (int i = 0; i < N_FIELDS; i++)
		if (strcmp(names[i], text) == 0)
			return i;
	return -1;
}

static bool is_field(int field)
{
	return field >= 0 && field < N_FIELDS;
}

const char *tcp_info_name(int field)
{
	return is_field(field) ? names[field] : NULL;
}

const char *const *tcp_info_words(void)
{
	return names;
}

int64_t tcp_info_limit(int field)
{
	size_t bits = is_field(field) ? fields[field].bits : 0;

	return bits >= 63 ? INT64_MAX : (INT64_C(1) << bits) - 1;
}

int64_t tcp_info_unit(int field)
{
	return is_field(field) ? fields[field].unit : 0;
}

enum tcp_info_words tcp_info_kind(int field)
{
	if (field == FIELD_state)
		return INFO_STATE;
	return field == FIELD_ca_state ? INFO_CA_STATE : INFO_NUMBER;
}

/* In the order of the kernel's enum tcp_ca_state. */
static const char *const ca_states[] = { "Open", "Disorder", "CWR", "Recovery", "Loss", NULL };
enum { N_CA_STATES = sizeof(ca_states) / sizeof(ca_states[0]) - 1 };

const char *ca_state_name(int64_t number)
{
	return number >= 0 && number < N_CA_STATES ? ca_states[number] : NULL;
}

bool ca_state_by_name(const char *text, int64_t *number)
{
	for (int i = 0; i < N_CA_STATES; i++) {
		if (strcmp(ca_states[i], text) == 0) {
			*number = i;
			return true;
		}
	}
	return false;
}

const char *const *ca_state_words(void)
{
	return ca_states;
}

/* ---- values ---- */

/* A field of the last four bytes. Return: -1: this kernel has none. */
static int64_t read_last(enum field field, int major, uint32_t word)
{
	struct last_6_18 numbers;
	struct last_7_0 bits;
	bool has_bits = major >= BITS_SINCE;

	memcpy(&numbers, &word, sizeof(word));
	memcpy(&bits, &word, sizeof(word));
	if (field == FIELD_accecn_fail_mode)
		return has_bits ? bits.accecn_fail_mode : numbers.accecn_fail_mode;
	if (field == FIELD_accecn_opt_seen)
		return has_bits ? bits.accecn_opt_seen : numbers.accecn_opt_seen;
	if (!has_bits)
		return -1;
	return field == FIELD_ecn_mode ? bits.ecn_mode : bits.options2;
}

static int64_t clamp(uint64_t number)
{
	return number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

#define NUMBER(type, name, unit) case FIELD_##name: return clamp(info->name);
#define BITS(name, bits, end) case FIELD_##name: return info->name;
#define LATER(name, bits) case FIELD_##name: return read_last(field, major, info->last);
static int64_t read_field(enum field field, int major, const struct known *info)
{
	switch (field) {
	FIELDS(NUMBER, BITS, LATER)
	case N_FIELDS:
		break;
	}
	return -1;
}
#undef NUMBER
#undef BITS
#undef LATER

bool tcp_info_read(int field, int major, const void *bytes, size_t len, int64_t *value)
{
	struct known info = { 0 };
	int64_t number;

	if (!is_field(field) || fields[field].end > len)
		return false;
	memcpy(&info, bytes, len < sizeof(info) ? len : sizeof(info));
	number = read_field((enum field)field, major, &info);
	if (number < 0)
		return false;
	*value = number;
	return true;
}
