/* test_match: each difference is found, told in the words of the language, and none is invented. */
#include "unit/wire_helpers.h"

#include "base/strbuf.h"
#include "plan/names.h"
#include "wire/match.h"

#include <stdio.h>
#include <stdlib.h>

struct fixture {
	struct flow flow;
	struct segment segment;
	uint8_t bytes[FRAME_MAX];
	struct packet packet;
	struct mismatches out;
};

static const uint8_t ts_1000_7[] = { 1, 1, 8, 10, 0, 0, 3, 0xe8, 0, 0, 0, 7 };

/* The connection 1000/2000 stands; host 1's next packet will be data. */
static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct segment syn = wire_segment(0, 4, TCP_SYN);
	struct segment syn_ack = wire_segment(1, 4, TCP_SYN | TCP_ACK);

	syn.seq = 1000;
	wire_packet(&syn, fixture->bytes, &fixture->packet);
	flow_saw(&fixture->flow, 0, &fixture->packet, fixture->bytes, true);
	syn_ack.seq = 2000;
	wire_packet(&syn_ack, fixture->bytes, &fixture->packet);
	flow_saw(&fixture->flow, 1, &fixture->packet, fixture->bytes, true);
	fixture->segment = wire_segment(1, 4, TCP_PSH | TCP_ACK);
	fixture->segment.seq = 2001;
	fixture->segment.ack = 1001;
	fixture->segment.data = (const uint8_t *)"hello";
	fixture->segment.data_len = 5;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

/* Match the fixture's segment, sent by host 1, with @expected. Return: number of rows. */
static int rows(struct fixture *fixture, const struct plan_packet *expected)
{
	bool same;

	wire_packet(&fixture->segment, fixture->bytes, &fixture->packet);
	same = match_packet(expected, &fixture->flow, 1, &fixture->packet, fixture->bytes,
			    &fixture->out);
	assert_int_equal(same, fixture->out.count == 0);
	return fixture->out.count;
}

static void row_is(const struct fixture *fixture, int row, const char *field,
		   const char *expected, const char *saw)
{
	assert_true(row < fixture->out.count);
	assert_string_equal(fixture->out.items[row].field, field);
	assert_string_equal(fixture->out.items[row].expected, expected);
	assert_string_equal(fixture->out.items[row].saw, saw);
}

static void one_row(struct fixture *fixture, const struct plan_packet *packet,
		    const char *field, const char *expected, const char *saw)
{
	assert_int_equal(rows(fixture, packet), 1);
	row_is(fixture, 0, field, expected, saw);
}

static struct plan_packet expect(uint16_t flags)
{
	struct plan_packet packet = { .from = 1, .flags = flags };

	return packet;
}

static void the_same(void **state)
{
	struct fixture *fixture = *state;
	struct plan_packet packet = expect(TCP_PSH | TCP_ACK), data = expect(0);

	data.any_data = true;
	assert_int_equal(rows(fixture, &packet), 0);
	assert_int_equal(rows(fixture, &data), 0);
	packet.set = FIELD_DATA | FIELD_LEN | FIELD_WIN | FIELD_TTL | FIELD_DF | FIELD_OPTIONS |
		     FIELD_FLOWLABEL;
	packet.data = (const uint8_t *)"hello";
	packet.data_len = 5;
	packet.len_low = 1;
	packet.len_high = 1448;
	packet.win = 65535;
	packet.ttl = 64;
	packet.df = true;
	assert_int_equal(rows(fixture, &packet), 0);
	fixture->segment.flags = TCP_ACK;
	assert_int_equal(rows(fixture, &data), 0);
}

static void all_at_once(void **state)
{
	struct fixture *fixture = *state;
	struct plan_packet packet = expect(TCP_RST);

	packet.set = FIELD_WIN | FIELD_TTL | FIELD_ECN;
	packet.win = 0;
	packet.ttl = 1;
	packet.ecn = 3;
	fixture->segment.seq = 2007;
	assert_int_equal(rows(fixture, &packet), 6);
	row_is(fixture, 0, "flags", "RST", "PSH-ACK");
	row_is(fixture, 1, "seq", "1", "7");
	row_is(fixture, 2, "len", "0", "5");
	row_is(fixture, 3, "win", "0", "65535");
	row_is(fixture, 4, "ttl", "1", "64");
	row_is(fixture, 5, "ecn", "ce", "not-ect");
}

static void direction_and_ports(void **state)
{
	struct fixture *fixture = *state;
	struct plan_packet packet = expect(TCP_PSH | TCP_ACK);

	packet.from = 0;
	one_row(fixture, &packet, "from", "host 0", "host 1");
	packet.from = 1;
	fixture->segment.dport = 40001;
	one_row(fixture, &packet, "ports", "8080 > 40000", "8080 > 40001");
}

static void twelve_flags(void **state)
{
	struct fixture *fixture = *state;
	struct plan_packet packet = expect(TCP_ACK | TCP_PSH);
	char saw[FLAGS_LEN];

	fixture->segment.flags |= TCP_DTH;
	one_row(fixture, &packet, "flags", "PSH-ACK",
		flags_name(TCP_PSH | TCP_ACK | TCP_DTH, saw));
	packet.set = FIELD_RESERVED;
	packet.reserved = 8;
	assert_int_equal(rows(fixture, &packet), 0);
	fixture->segment.flags |= 0x200;
	assert_int_equal(rows(fixture, &packet), 1);
	packet.reserved = 10;
	assert_int_equal(rows(fixture, &packet), 0);
	packet = expect(0);
	packet.any_data = true;
	fixture->segment.flags = TCP_ACK | TCP_URG;
	one_row(fixture, &packet, "flags", "DATA", flags_name(TCP_ACK | TCP_URG, saw));
	fixture->segment.flags = TCP_ACK;
	assert_int_equal(rows(fixture, &packet), 0);
	packet.set = FIELD_RESERVED;
	packet.reserved = 4;
	assert_int_equal(rows(fixture, &packet), 1);
	fixture->segment.flags = TCP_ACK | TCP_PSH | 0x400;
	assert_int_equal(rows(fixture, &packet), 0);
}

static void sequence_ranges(void **state)
{
	struct fixture *fixture = *state;
	struct plan_packet packet = expect(TCP_PSH | TCP_ACK);

	packet.set = FIELD_SEQ;
	packet.seq = (struct plan_seq){ .kind = SEQ_RELATIVE, .value = -3, .beyond = 4 };
	assert_int_equal(rows(fixture, &packet), 0);
	packet.seq.beyond = 3;
	one_row(fixture, &packet, "seq", "-3..0", "1");
	packet.seq = (struct plan_seq){ .kind = SEQ_ABSOLUTE, .value = 2000, .beyond = 1 };
	assert_int_equal(rows(fixture, &packet), 0);
	packet.seq.value = 2002;
	one_row(fixture, &packet, "seq", "abs 2002..2003", "abs 2001");
}

static void sequence_numbers(void **state)
{
	struct fixture *fixture = *state;
	struct plan_packet packet = expect(TCP_PSH | TCP_ACK);

	packet.set = FIELD_SEQ | FIELD_ACK;
	packet.seq = (struct plan_seq){ SEQ_NEXT, -1, 0 };
	packet.ack = (struct plan_seq){ SEQ_RELATIVE, 7, 0 };
	assert_int_equal(rows(fixture, &packet), 2);
	row_is(fixture, 0, "seq", "0", "1");
	row_is(fixture, 1, "ack", "7", "1");
	packet.seq = (struct plan_seq){ SEQ_ANY, 0, 0 };
	packet.ack = (struct plan_seq){ SEQ_ABSOLUTE, 0xfffffff0, 0 };
	one_row(fixture, &packet, "ack", "abs 4294967280", "abs 1001");
	packet.ack = (struct plan_seq){ SEQ_ABSOLUTE, 1001, 0 };
	assert_int_equal(rows(fixture, &packet), 0);
	packet.set = FIELD_ACK;
	packet.flags = TCP_RST;
	packet.ack = (struct plan_seq){ SEQ_RELATIVE, 0, 0 };
	fixture->segment.flags = TCP_RST;
	fixture->segment.data_len = 0;
	fixture->segment.ack = 0;
	assert_int_equal(rows(fixture, &packet), 0);
}

/* A SYN of a stream not yet known is at 0, whatever number it bears. */
static void first_packets(void **state)
{
	struct fixture *fixture = *state;
	struct plan_packet syn_ack = expect(TCP_SYN | TCP_ACK), rst = expect(TCP_RST | TCP_ACK);

	memset(&fixture->flow.stream[1], 0, sizeof(fixture->flow.stream[1]));
	fixture->segment.flags = TCP_SYN | TCP_ACK;
	fixture->segment.data_len = 0;
	assert_int_equal(rows(fixture, &syn_ack), 0);
	syn_ack.set = FIELD_SEQ;
	syn_ack.seq = (struct plan_seq){ SEQ_RELATIVE, 3, 0 };
	one_row(fixture, &syn_ack, "seq", "3", "0");
	fixture->segment.flags = TCP_RST | TCP_ACK;
	fixture->segment.seq = 0;
	assert_int_equal(rows(fixture, &rst), 0);
	fixture->segment.seq = 5;
	one_row(fixture, &rst, "seq", "0", "5");
}

static void retransmission(void **state)
{
	struct fixture *fixture = *state;
	struct plan_packet packet = expect(TCP_PSH | TCP_ACK);

	assert_int_equal(rows(fixture, &packet), 0);
	flow_saw(&fixture->flow, 1, &fixture->packet, fixture->bytes, false);
	one_row(fixture, &packet, "seq", "6", "1");
	packet.again = true;
	assert_int_equal(rows(fixture, &packet), 0);
	fixture->segment.data_len = 3;
	one_row(fixture, &packet, "len", "5", "3");
}

static void payloads(void **state)
{
	struct fixture *fixture = *state;
	struct plan_packet packet = expect(TCP_ACK);
	uint8_t large[200], other[200];

	fixture->segment.flags = TCP_ACK;
	one_row(fixture, &packet, "len", "0", "5");
	packet.set = FIELD_LEN;
	packet.len_low = 6;
	packet.len_high = 9;
	one_row(fixture, &packet, "len", "6..9", "5");
	packet.set = FIELD_DATA;
	packet.data = (const uint8_t *)"he\nlo";
	packet.data_len = 5;
	one_row(fixture, &packet, "data", "\"he\\nlo\"", "\"hello\"");
	memset(large, 'a', sizeof(large));
	memset(other, 'a', sizeof(other));
	other[100] = 'b';
	packet.data = large;
	packet.data_len = 140;
	fixture->segment.data = other;
	fixture->segment.data_len = 120;
	assert_int_equal(rows(fixture, &packet), 2);
	row_is(fixture, 0, "len", "140", "120");
	row_is(fixture, 1, "data",
	       "from byte 92: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"… (48 bytes)",
	       "from byte 92: \"aaaaaaaabaaaaaaaaaaaaaaaaaaa\"");
	fixture->segment.flags = TCP_ACK | TCP_PSH;
	fixture->segment.data_len = 0;
	packet = expect(TCP_PSH | TCP_ACK);
	one_row(fixture, &packet, "len", "some", "0");
}

static void windows(void **state)
{
	struct fixture *fixture = *state;
	struct plan_packet packet = expect(TCP_PSH | TCP_ACK);

	packet.set = FIELD_WIN;
	packet.win = 1000;
	packet.win_beyond = 7000;
	one_row(fixture, &packet, "win", "1000..8000", "65535");
	fixture->segment.win = 1000;
	assert_int_equal(rows(fixture, &packet), 0);
	fixture->segment.win = 8000;
	assert_int_equal(rows(fixture, &packet), 0);
	fixture->segment.win = 999;
	one_row(fixture, &packet, "win", "1000..8000", "999");
	fixture->segment.win = 8001;
	one_row(fixture, &packet, "win", "1000..8000", "8001");
	packet.win_beyond = 0;
	one_row(fixture, &packet, "win", "1000", "8001");
}

/* 32 bytes that need four characters each do not fit into a row. */
static void long_texts(void **state)
{
	struct fixture *fixture = *state;
	struct plan_packet packet = expect(TCP_PSH | TCP_ACK);
	uint8_t binary[40] = { 0 };
	const char *text = fixture->out.items[0].expected;

	packet.set = FIELD_DATA;
	packet.data = binary;
	packet.data_len = sizeof(binary);
	fixture->segment.data = (const uint8_t *)"0123456789012345678901234567890123456789";
	fixture->segment.data_len = 40;
	assert_int_equal(rows(fixture, &packet), 1);
	assert_int_equal(strlen(text), MISMATCH_TEXT - 1);
	assert_string_equal(text + MISMATCH_TEXT - 4, "…");
}

static void checksums(void **state)
{
	struct fixture *fixture = *state;
	struct plan_packet packet = expect(TCP_PSH | TCP_ACK);
	uint16_t right;
	char text[2][8];

	assert_int_equal(rows(fixture, &packet), 0);
	right = fixture->packet.checksum;
	snprintf(text[0], 8, "0x%04x", right);
	snprintf(text[1], 8, "0x%04x", (uint16_t)(right + 1));
	fixture->segment.checksum_mode = CHECKSUM_BAD;
	one_row(fixture, &packet, "tcp checksum", text[0], text[1]);
	packet.set = FIELD_CHECKSUM;
	packet.checksum_bad = true;
	assert_int_equal(rows(fixture, &packet), 0);
	fixture->bytes[ETH_HEADER + 10] ^= 1;
	decode(fixture->bytes, ETH_HEADER + 45, 0, &fixture->packet);
	assert_false(match_packet(&packet, &fixture->flow, 1, &fixture->packet, fixture->bytes,
				  &fixture->out));
	row_is(fixture, 0, "ip checksum", "right", "wrong");
}

/* ---- options ---- */

static int option_rows(struct fixture *fixture, const void *bytes, size_t len,
		       const struct plan_option *list, size_t count, bool more)
{
	struct plan_packet packet = expect(TCP_PSH | TCP_ACK);

	fixture->segment.options = bytes;
	fixture->segment.options_len = len;
	packet.set = FIELD_OPTIONS;
	packet.options = list;
	packet.n_options = count;
	packet.options_more = more;
	return rows(fixture, &packet);
}

static void listed_options(void **state)
{
	static const uint8_t zoo[] = { 2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 3, 0xe8, 0, 0, 0, 7,
				       1, 3, 3, 7 };
	const struct plan_option mss = { .kind = OPT_MSS, .a = 1460 },
		sackok = { .kind = OPT_SACKOK }, nop = { .kind = OPT_NOP },
		ts = { .kind = OPT_TS, .a_kind = NUM_ANY, .b_kind = NUM_LAST },
		wscale = { .kind = OPT_WSCALE, .a_kind = NUM_ANY },
		eight = { .kind = OPT_WSCALE, .a = 8 };
	const struct plan_option all[] = { mss, sackok, ts, wscale },
		swapped[] = { sackok, mss, ts, wscale }, exact[] = { mss, sackok, ts, nop, wscale },
		wrong[] = { mss, sackok, ts, nop, eight }, some[] = { sackok, wscale };
	struct fixture *fixture = *state;

	fixture->flow.stream[0].ts_last = 7;
	assert_int_equal(option_rows(fixture, zoo, sizeof(zoo), all, 4, false), 0);
	assert_int_equal(option_rows(fixture, zoo, sizeof(zoo), exact, 5, false), 0);
	assert_int_equal(option_rows(fixture, zoo, sizeof(zoo), some, 2, true), 0);
	assert_int_equal(option_rows(fixture, zoo, sizeof(zoo), some, 0, true), 0);
	assert_int_equal(option_rows(fixture, zoo, sizeof(zoo), some, 2, false), 1);
	row_is(fixture, 0, "options", "sackok, wscale any",
	       "mss 1460, sackok, ts 1000 7, nop, wscale 7");
	assert_int_equal(option_rows(fixture, zoo, sizeof(zoo), swapped, 4, false), 1);
	assert_int_equal(option_rows(fixture, zoo, sizeof(zoo), swapped, 2, true), 1);
	assert_int_equal(option_rows(fixture, zoo, sizeof(zoo), all, 3, false), 1);
	assert_int_equal(option_rows(fixture, zoo, sizeof(zoo), NULL, 0, false), 1);
	row_is(fixture, 0, "options", "none", "mss 1460, sackok, ts 1000 7, nop, wscale 7");
	assert_int_equal(option_rows(fixture, zoo, sizeof(zoo), wrong, 5, false), 1);
	row_is(fixture, 0, "options", "mss 1460, sackok, ts any 7, nop, wscale 8",
	       "mss 1460, sackok, ts 1000 7, nop, wscale 7");
	fixture->flow.stream[0].ts_last = 8;
	assert_int_equal(option_rows(fixture, zoo, sizeof(zoo), all, 4, false), 1);
	assert_int_equal(option_rows(fixture, NULL, 0, NULL, 0, false), 0);
}

static void padding(void **state)
{
	const struct plan_option ts = { .kind = OPT_TS, .a = 1000, .b = 7 },
		nop = { .kind = OPT_NOP }, eol = { .kind = OPT_EOL };
	const struct plan_option exact[] = { nop, nop, ts }, swapped[] = { nop, ts, nop },
		short_list[] = { nop, nop, nop }, ended[] = { nop, eol };
	static const uint8_t nops[] = { 1, 1, 1, 0 }, end[] = { 1, 0, 0, 0 };
	struct fixture *fixture = *state;

	assert_int_equal(option_rows(fixture, ts_1000_7, 12, &ts, 1, false), 0);
	assert_int_equal(option_rows(fixture, ts_1000_7, 12, exact, 3, false), 0);
	assert_int_equal(option_rows(fixture, ts_1000_7, 12, swapped, 3, false), 1);
	assert_int_equal(option_rows(fixture, nops, 4, short_list, 3, false), 0);
	assert_int_equal(option_rows(fixture, nops, 4, short_list, 2, false), 1);
	assert_int_equal(option_rows(fixture, nops, 4, NULL, 0, false), 0);
	assert_int_equal(option_rows(fixture, end, 4, ended, 2, false), 0);
	assert_int_equal(option_rows(fixture, nops, 4, ended, 2, false), 1);
}

static void sack_blocks(void **state)
{
	static const int64_t right[][2] = { { 11, 21 }, { 31, 41 } }, wrong[][2] = { { 11, 22 } };
	static const uint8_t bytes[] = { 1, 1, 5, 18, 0, 0, 3, 0xf3, 0, 0, 3, 0xfd,
					 0, 0, 4, 7, 0, 0, 4, 0x11 };
	struct plan_option sack = { .kind = OPT_SACK, .blocks = right, .n_blocks = 2 };
	struct fixture *fixture = *state;
	struct strbuf text = STRBUF_INIT;

	assert_int_equal(option_rows(fixture, bytes, sizeof(bytes), &sack, 1, false), 0);
	sack.blocks = wrong;
	sack.n_blocks = 1;
	assert_int_equal(option_rows(fixture, bytes, sizeof(bytes), &sack, 1, false), 1);
	row_is(fixture, 0, "options", "sack 11-22", "nop, nop, sack 11-21 31-41");
	sack.n_blocks = 0;
	assert_int_equal(option_rows(fixture, bytes, sizeof(bytes), &sack, 1, false), 0);
	match_options_text(&fixture->packet, fixture->bytes, &text);
	assert_string_equal(strbuf_text(&text), "nop, nop, sack 1011-1021 1031-1041");
	strbuf_free(&text);
}

/* Options that are none: whole words of them, and one that runs over the end. */
static void raw_options(void **state)
{
	static const uint8_t bytes[] = { 0xfd, 4, 1, 2, 34, 4, 9, 9, 1, 1, 5, 10 },
		lone[] = { 1, 1, 1, 34 };
	const struct plan_option all = { .kind = OPT_RAW, .bytes = bytes, .len = 12 },
		head = { .kind = OPT_RAW, .bytes = bytes, .len = 4 },
		tail = { .kind = OPT_RAW, .bytes = bytes + 10, .len = 2 },
		cookie = { .kind = OPT_FASTOPEN, .bytes = bytes + 6, .len = 2 },
		any_cookie = { .kind = OPT_FASTOPEN };
	const struct plan_option list[] = { head, cookie, tail },
		any[] = { head, any_cookie, tail };
	struct fixture *fixture = *state;

	assert_int_equal(option_rows(fixture, bytes, 12, &all, 1, false), 0);
	assert_int_equal(option_rows(fixture, bytes, 12, list, 3, false), 0);
	assert_int_equal(option_rows(fixture, bytes, 12, any, 3, false), 0);
	assert_int_equal(option_rows(fixture, bytes, 12, &tail, 1, true), 0);
	assert_int_equal(option_rows(fixture, bytes, 12, list, 2, false), 1);
	row_is(fixture, 0, "options", "hex fd 04 01 02, fastopen hex 09 09",
	       "hex fd 04 01 02, fastopen hex 09 09, nop, nop, hex 05 0a");
	assert_int_equal(option_rows(fixture, lone, 4, NULL, 0, false), 1);
	row_is(fixture, 0, "options", "none", "nop, nop, nop, hex 22");
}

/* ---- other packets ---- */

static void icmp(void **state)
{
	struct fixture *fixture = *state;
	char error[CRAFT_ERROR_LEN];
	struct crafter *crafter = crafter_new(error);
	struct frame frame = { fixture->bytes, 0 };
	struct icmp_error message = { .route = wire_route(0, 4), .ttl = 64, .mtu = 1200,
				      .kind = ICMP_FRAG_NEEDED, .quoted_len = 28 };
	struct plan_packet packet = { .from = 0, .icmp = true, .icmp_kind = ICMP_FRAG_NEEDED,
				      .mtu = 1200 }, tcp = expect(TCP_RST);
	uint8_t quoted[64];

	rows(fixture, &tcp);
	memcpy(quoted, fixture->bytes + ETH_HEADER, 28);
	message.quoted = quoted;
	assert_int_equal(craft_icmp(crafter, &message, &frame, error), 0);
	decode(frame.bytes, frame.len, 0, &fixture->packet);
	assert_true(match_packet(&packet, &fixture->flow, 0, &fixture->packet, frame.bytes,
				 &fixture->out));
	packet.mtu = 1300;
	assert_false(match_packet(&packet, &fixture->flow, 0, &fixture->packet, frame.bytes,
				  &fixture->out));
	row_is(fixture, 0, "mtu", "1300", "1200");
	packet.icmp_kind = ICMP_HOST_UNREACHABLE;
	assert_false(match_packet(&packet, &fixture->flow, 0, &fixture->packet, frame.bytes,
				  &fixture->out));
	row_is(fixture, 0, "packet", "icmp host-unreachable", "icmp frag-needed");
	tcp.from = 0;
	assert_false(match_packet(&tcp, &fixture->flow, 0, &fixture->packet, frame.bytes,
				  &fixture->out));
	row_is(fixture, 0, "packet", "RST", "icmp frag-needed");
	crafter_free(crafter);
}

static void malformed(void **state)
{
	struct fixture *fixture = *state;
	struct plan_packet packet = expect(TCP_PSH | TCP_ACK);

	fixture->segment.has_offset = true;
	fixture->segment.offset = 15;
	one_row(fixture, &packet, "packet", "PSH-ACK",
		"malformed: TCP data offset beyond the packet's end");
	fixture->segment.offset = 6;
	packet.set = FIELD_OFFSET;
	packet.offset = 6;
	assert_int_equal(rows(fixture, &packet), 0); /* four bytes of data became options */
	packet.offset = 5;
	one_row(fixture, &packet, "offset", "5", "6");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_same), TEST(all_at_once), TEST(direction_and_ports), TEST(twelve_flags),
		TEST(sequence_numbers), TEST(sequence_ranges), TEST(first_packets),
		 TEST(retransmission), TEST(payloads), TEST(windows),
		TEST(long_texts), TEST(checksums), TEST(listed_options), TEST(padding),
		TEST(sack_blocks), TEST(raw_options), TEST(icmp), TEST(malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
