/* test_parse: trees of good lines, and one error with place and remedy for each bad one. */
#include "lang/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct fixture {
	struct arena *arena;
	struct diags diags;
	struct ast *ast;
};

static int setup(void **state)
{
	struct fixture *fixture = test_calloc(1, sizeof(*fixture));

	fixture->arena = arena_new();
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	arena_free(fixture->arena);
	test_free(fixture);
	return 0;
}

static void parse_text(struct fixture *fixture, const char *text)
{
	struct source *source = source_new(fixture->arena, "t.scn", text, strlen(text));

	diags_init(&fixture->diags, fixture->arena);

	struct tokens tokens = lex(fixture->arena, source, &fixture->diags);

	fixture->ast = parse(fixture->arena, source, &tokens, &fixture->diags);
}

/* The only line of @text, which must be without errors. */
static const struct ast_line *one(struct fixture *fixture, const char *text)
{
	parse_text(fixture, text);
	if (fixture->diags.count)
		print_error("%s: %s\n", text, fixture->diags.items[0].message);
	assert_int_equal(fixture->diags.count, 0);
	assert_int_equal(fixture->ast->n_lines, 1);
	return fixture->ast->lines;
}

static const struct ast_clause *clause(const struct ast_line *line, enum ast_clause_kind kind)
{
	for (size_t i = 0; i < line->packet->n_clauses; i++)
		if (line->packet->clauses[i].kind == kind)
			return &line->packet->clauses[i];
	fail_msg("no such clause");
	return NULL;
}

static void assert_error(struct fixture *fixture, const char *text, size_t start,
			 const char *message, const char *help)
{
	parse_text(fixture, text);
	if (fixture->diags.count != 1)
		print_error("%s: %zu errors\n", text, fixture->diags.count);
	assert_int_equal(fixture->diags.count, 1);

	const struct diag *diag = fixture->diags.items;

	assert_string_equal(diag->message, message);
	assert_int_equal(diag->span.start, start);
	assert_non_null(diag->help);
	if (help)
		assert_string_equal(diag->help, help);
}

/* ---- the scene ---- */

static void test_scene(void **state)
{
	const struct ast_line *line = one(*state, "scenario \"a\"  # b");

	assert_int_equal(line->kind, LINE_SCENARIO);
	assert_string_equal(line->values[0].data, "a");
	assert_int_equal(line->span.len, 12);
	assert_int_equal(line->verb.len, 8);

	line = one(*state, "rfc 9293 3.10.7.4");
	assert_int_equal(line->values[0].number, 9293);
	assert_int_equal(line->values[1].kind, VAL_WORD);
	assert_string_equal(line->values[1].word.text, "3.10.7.4");
	assert_int_equal(one(*state, "rfc 5961 3")->values[1].kind, VAL_WORD);

	line = one(*state, "tags rst errno");
	assert_int_equal(line->n_values, 2);

	line = one(*state, "host client kernel");
	assert_string_equal(line->word.text, "client");
	assert_string_equal(line->other.text, "kernel");
	assert_string_equal(one(*state, "host a crafted owned")->key.text, "owned");

	line = one(*state, "ip 4, mapped");
	assert_int_equal(line->values[0].number, 4);
	assert_string_equal(line->values[0].word.text, "4");
	assert_string_equal(line->values[1].word.text, "mapped");

	line = one(*state, "sysctl server net.ipv4.tcp_rmem = 4096 -1 cubic");
	assert_string_equal(line->key.text, "net.ipv4.tcp_rmem");
	assert_int_equal(line->n_values, 3);
	assert_true(line->values[1].number == -1);

	line = one(*state, "link delay 20ms mtu 1500 offload on");
	assert_int_equal(line->mtu->number, 1500);
	assert_int_equal(line->delay->number, 20000000);
	assert_string_equal(line->other.text, "on");

	assert_int_equal(one(*state, "tolerance exact")->values[0].kind, VAL_WORD);
	assert_int_equal(one(*state, "tolerance 5ms")->values[0].kind, VAL_DURATION);
	assert_int_equal(one(*state, "patience 5s")->values[0].number, 5000000000);
}

static void test_versions(void **state)
{
	const struct ast_line *line = one(*state, "needs kernel >= 6.12");

	assert_int_equal(line->kind, LINE_NEEDS);
	assert_int_equal(line->compare, CMP_GE);
	assert_int_equal(line->version[0], 6);
	assert_int_equal(line->version[1], 12);
	assert_int_equal(one(*state, "needs kernel < 6.2")->version[1], 2);
	assert_int_equal(one(*state, "needs kernel != 5")->version[1], 0);
}

static void test_blocks(void **state)
{
	struct fixture *fixture = *state;
	const struct ast_line *line;

	line = one(*state, "kernel >= 6.5\n\twait 1s\n\twait 2s\nelse\n\tkernel < 4\n\tend\nend\n");
	assert_int_equal(line->kind, LINE_KERNEL);
	assert_int_equal(line->n_then, 2);
	assert_int_equal(line->n_otherwise, 1);
	assert_int_equal(line->otherwise[0].kind, LINE_KERNEL);
	assert_int_equal(line->span.len, 13);

	parse_text(fixture, "kernel > 6\nend rule\nend\nwait 1s\n");
	assert_int_equal(fixture->diags.count, 0);
	assert_int_equal(fixture->ast->n_lines, 2);
	assert_int_equal(fixture->ast->lines[0].then[0].kind, LINE_END_RULE);
}

/* ---- the wire ---- */

static void test_packets(void **state)
{
	const struct ast_line *line = one(*state, "expect PSH-ACK from client data \"x\"");

	assert_int_equal(line->kind, LINE_EXPECT);
	assert_string_equal(line->packet->flags.text, "PSH-ACK");
	assert_null(line->packet->icmp.text);
	assert_string_equal(line->packet->from.text, "client");
	assert_int_equal(line->packet->span.start, 7);
	assert_int_equal(clause(line, CL_DATA)->value.kind, VAL_STRING);

	line = one(*state, "send icmp frag-needed mtu 1200 from server "
			   "about last DATA from client");
	assert_null(line->packet->flags.text);
	assert_string_equal(line->packet->icmp.text, "frag-needed");
	assert_int_equal(clause(line, CL_MTU)->low, 1200);
	assert_string_equal(clause(line, CL_ABOUT)->about_flags.text, "DATA");
	assert_string_equal(clause(line, CL_ABOUT)->word.text, "client");

	line = one(*state, "send ACK from a win 1 within 1s ttl 2 len 1..9 checksum bad 3rd again");
	assert_int_equal(line->packet->n_clauses, 6);
	assert_int_equal(clause(line, CL_WIN)->high, 1);
	assert_int_equal(clause(line, CL_LEN)->low, 1);
	assert_int_equal(clause(line, CL_LEN)->high, 9);
	assert_int_equal(clause(line, CL_NTH)->low, 3);
	assert_string_equal(clause(line, CL_CHECKSUM)->word.text, "bad");
	assert_int_equal(line->time.kind, AST_TIME_WITHIN);

	line = one(*state, "expect ACK from a win 1000..8000");
	assert_int_equal(clause(line, CL_WIN)->low, 1000);
	assert_int_equal(clause(line, CL_WIN)->high, 8000);

	line = one(*state, "send ACK from a data hex 01 0a ff 10 to b:80 on c df off ecn ce");
	assert_int_equal(clause(line, CL_DATA)->value.len, 4);
	assert_memory_equal(clause(line, CL_DATA)->value.data, "\x01\x0a\xff\x10", 4);
	assert_string_equal(clause(line, CL_TO)->value.word.text, "b");
	assert_int_equal(clause(line, CL_TO)->value.number, 80);
	assert_int_equal(clause(one(*state, "send ACK from a data 1460 bytes"), CL_DATA)
				 ->value.number, 1460);
}

static void test_sequence_numbers(void **state)
{
	static const struct {
		const char *text;
		enum ast_seq_kind kind;
		int64_t value;
	} rows[] = {
		{ "1", AST_SEQ_RELATIVE, 1 },        { "-1", AST_SEQ_RELATIVE, -1 },
		{ "next", AST_SEQ_NEXT, 0 },         { "next+1000", AST_SEQ_NEXT, 1000 },
		{ "next-1", AST_SEQ_NEXT, -1 },      { "next - 1", AST_SEQ_NEXT, -1 },
		{ "next-0x10", AST_SEQ_NEXT, -16 },  { "any", AST_SEQ_ANY, 0 },
		{ "abs 0xfffffff0", AST_SEQ_ABSOLUTE, 0xfffffff0 },
	};
	char text[80];
	const struct ast_seq *range = &clause(one(*state, "drop all ACK seq -5..1000"), CL_SEQ)->seq;

	assert_int_equal(range->kind, AST_SEQ_RELATIVE);
	assert_true(range->value == -5 && range->high == 1000);
	range = &clause(one(*state, "expect ACK from a ack abs 5..0x10 win 1"), CL_ACK)->seq;
	assert_int_equal(range->kind, AST_SEQ_ABSOLUTE);
	assert_true(range->value == 5 && range->high == 16);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(text, sizeof(text), "send ACK from a seq %s win 1", rows[i].text);

		const struct ast_seq *seq = &clause(one(*state, text), CL_SEQ)->seq;

		assert_int_equal(seq->kind, rows[i].kind);
		assert_true(seq->value == rows[i].value);
		assert_true(seq->high == seq->value);
	}
}

static void test_options(void **state)
{
	const struct ast_clause *options;

	options = clause(one(*state, "send SYN from a options mss 1460, sackok, ts 100 last,\n"
				     "\twscale, sack 1-2 3-4, md5 hex 00 ff, fastopen, eol, ..."),
			 CL_OPTIONS);
	assert_int_equal(options->n_options, 8);
	assert_true(options->more);
	assert_int_equal(options->options[0].a.value, 1460);
	assert_int_equal(options->options[2].a.kind, OPTNUM_VALUE);
	assert_int_equal(options->options[2].b.kind, OPTNUM_LAST);
	assert_int_equal(options->options[3].a.kind, OPTNUM_ABSENT);
	assert_int_equal(options->options[4].n_blocks, 2);
	assert_int_equal(options->options[4].blocks[1][1], 4);
	assert_int_equal(options->options[5].len, 2);

	options = clause(one(*state, "send SYN from a options none"), CL_OPTIONS);
	assert_int_equal(options->n_options, 0);
	assert_false(options->more);
}

static void test_times(void **state)
{
	const struct ast_line *line = one(*state, "expect SYN from a at 0s, 1s,\n3s +-1ms");

	assert_int_equal(line->time.kind, AST_TIME_AT);
	assert_int_equal(line->time.n, 3);
	assert_int_equal(line->time.ns[2], 3000000000);
	assert_true(line->time.has_tolerance);
	assert_int_equal(line->time.tolerance, 1000000);

	line = one(*state, "expect ACK from a again 15 times doubling from 200ms up to 120s");
	assert_int_equal(line->time.kind, AST_TIME_DOUBLING);
	assert_int_equal(line->time.times, 15);
	assert_int_equal(line->time.n, 2);
	assert_false(line->time.has_tolerance);

	line = one(*state, "expect ACK from a again again 9 times every 75s");
	assert_int_equal(line->time.kind, AST_TIME_EVERY);
	assert_int_equal(line->packet->n_clauses, 1);

	assert_int_equal(one(*state, "expect ACK from a between 1s and 2s")->time.n, 2);
	assert_int_equal(one(*state, "a: state -> CLOSED until 60s")->time.kind, AST_TIME_UNTIL);
	assert_int_equal(one(*state, "a: -> ok after 1s")->time.kind, AST_TIME_AFTER);
}

static void test_wire_verbs(void **state)
{
	const struct ast_line *line = one(*state, "inject RST from a seq next after FIN from b");

	assert_string_equal(line->trigger->flags.text, "FIN");
	assert_string_equal(line->trigger->from.text, "b");
	assert_int_equal(line->time.kind, AST_TIME_NONE);
	line = one(*state, "inject RST from a ttl 3 after 2nd DATA from b data \"x\" again");
	assert_int_equal(line->packet->n_clauses, 1);
	assert_int_equal(line->trigger->n_clauses, 3);
	assert_int_equal(line->trigger->clauses[0].low, 2);
	line = one(*state, "inject RST from a after 1s");
	assert_null(line->trigger);
	assert_int_equal(line->time.kind, AST_TIME_AFTER);

	line = one(*state, "delay ACK from a by 300ms");
	assert_int_equal(line->kind, LINE_DELAY);
	assert_int_equal(line->values[0].number, 300000000);
	assert_string_equal(clause(one(*state, "hold ACK from a as x"), CL_AS)->word.text, "x");
	assert_string_equal(one(*state, "release x")->word.text, "x");

	line = one(*state, "rewrite ACK from a win 5 win 0");
	assert_int_equal(line->packet->n_clauses, 1);
	assert_int_equal(line->packet->clauses[0].low, 5);
	assert_int_equal(line->rewrite->low, 0);

	assert_string_equal(one(*state, "drop all packets")->packet->flags.text, "packets");
	assert_int_equal(one(*state, "drop all ACK from a len 0")->kind, LINE_DROP_ALL);
	assert_int_equal(one(*state, "delay all DATA by 1ms")->kind, LINE_DELAY_ALL);
	assert_string_equal(one(*state, "ignore all from a")->packet->from.text, "a");
	line = one(*state, "drop 3rd DATA from client len 5");
	assert_string_equal(line->packet->flags.text, "DATA");
	assert_int_equal(line->packet->span.start, 9);
	assert_int_equal(clause(line, CL_NTH)->low, 3);
	assert_int_equal(clause(one(*state, "ignore 11th all"), CL_NTH)->low, 11);
	assert_int_equal(one(*state, "end rule")->kind, LINE_END_RULE);
	assert_null(one(*state, "cut wire")->word.text);
	assert_string_equal(one(*state, "cut a to b")->other.text, "b");
	assert_int_equal(one(*state, "mend wire")->kind, LINE_MEND);
	assert_int_equal(one(*state, "wait 3s")->values[0].number, 3000000000);

	line = one(*state, "establish a to b:80 options mss 5 on c");
	assert_string_equal(line->word.text, "a");
	assert_string_equal(line->values[0].word.text, "b");
	assert_int_equal(line->values[0].number, 80);
	assert_string_equal(line->on.text, "c");
	assert_int_equal(clause(line, CL_OPTIONS)->n_options, 1);
}

/* ---- the probe ---- */

static void test_calls(void **state)
{
	const struct ast_line *line = one(*state, "client/reader: read 100 -> ECONNRESET");

	assert_int_equal(line->kind, LINE_CALL);
	assert_string_equal(line->word.text, "client");
	assert_string_equal(line->other.text, "reader");
	assert_string_equal(line->key.text, "read");
	assert_int_equal(line->values[0].number, 100);
	assert_true(line->answer.written);
	assert_string_equal(line->answer.values[0].word.text, "ECONNRESET");

	line = one(*state, "server: accept as conn on l");
	assert_string_equal(line->as.text, "conn");
	assert_string_equal(line->on.text, "l");
	assert_false(line->answer.written);

	line = one(*state, "a: poll POLLIN|POLLOUT timeout 1.5s -> POLLIN|POLLHUP");
	assert_int_equal(line->values[0].kind, VAL_FLAGS);
	assert_int_equal(line->values[0].n_words, 2);
	assert_int_equal(line->n_values, 3);
	assert_int_equal(line->answer.values[0].kind, VAL_FLAGS);

	line = one(*state, "a: bind any:80");
	assert_string_equal(line->values[0].word.text, "any");
	assert_null(one(*state, "a: bind :80")->values[0].word.text);
	assert_int_equal(one(*state, "a: write 5 bytes")->values[0].kind, VAL_BYTES);
	assert_int_equal(one(*state, "a: write hex 00")->values[0].len, 1);
	assert_int_equal(one(*state, "expect: read")->kind, LINE_CALL);
}

static void test_answers(void **state)
{
	const struct ast_line *line = one(*state, "a: -> 4 queued ECONNREFUSED icmp 3 3");

	assert_int_equal(line->kind, LINE_ANSWER);
	assert_null(line->key.text);
	assert_int_equal(line->answer.n_values, 6);
	line = one(*state, "a: read -> >= 1000 within 1s");
	assert_true(line->answer.has_compare);
	assert_int_equal(line->answer.compare, CMP_GE);
	assert_int_equal(line->time.kind, AST_TIME_WITHIN);
	assert_string_equal(one(*state, "a: timer -> on")->answer.values[0].word.text, "on");
	assert_int_equal(one(*state, "a: stderr -> contains \"x\"")->answer.n_values, 2);
	assert_true(one(*state, "a: read -> -1")->answer.values[0].number == -1);
}

/* ---- errors ---- */

static void test_line_errors(void **state)
{
	struct fixture *f = *state;

	assert_error(f, "expct SYN from a", 0, "unknown verb 'expct'", "did you mean 'expect'?");
	assert_error(f, "-> 3", 0, "expected a verb or a host", NULL);
	assert_error(f, "wait 3s 4s", 8, "unexpected '4s' after the end of the sentence",
		     "write: wait DURATION");
	assert_error(f, "wait 3", 5, "duration '3' has no unit", NULL);
	assert_error(f, "wait 1.5", 5, "duration '1.5' has no unit", NULL);
	assert_error(f, "wait", 4, "expected a duration after 'wait'", NULL);
	assert_error(f, "", 0, "the scenario has no lines", NULL);
	assert_error(f, "# only\n\n", 0, "the scenario has no lines", NULL);
	assert_error(f, "needs kernel >= 6.5.1", 16, "bad kernel version '6.5.1'", NULL);
	assert_error(f, "needs kernel = 6", 13, "unexpected '='", "equality is '=='");
	assert_error(f, "for x in 1,\nwait 2s\nwait 1s", 17,
		     "unexpected '2s' after the end of the sentence",
		     "a line that ends with ',' goes on in the next");
	assert_error(f, "host a kernel\na socket", 14, "unknown verb 'a'",
		     "a probe line has a colon: a: ...");
	assert_error(f, "about \"x", 6, "string without an end", NULL);
	assert_error(f, "about \"\"\"x\nwait\n", 6, "string without an end", NULL);
}

static void test_wire_errors(void **state)
{
	struct fixture *f = *state;

	assert_error(f, "expect SYN", 10, "expected 'from HOST' after the flags", NULL);
	assert_error(f, "expect from a", 7, "expected flags after 'expect'", NULL);
	assert_error(f, "send icmp frag-neded from a", 10,
		     "unknown kind of ICMP message 'frag-neded'", "did you mean 'frag-needed'?");
	assert_error(f, "send SYN from a winn 3", 16, "unknown field 'winn'",
		     "did you mean 'win'?");
	assert_error(f, "send SYN from a win 3 ttl 4 win 5", 28, "duplicate field 'win'", NULL);
	assert_error(f, "send SYN from a seq", 19, "expected a sequence number after 'seq'", NULL);
	assert_error(f, "send SYN from a options mss 1, wscle", 31, "unknown option 'wscle'",
		     "did you mean 'wscale'?");
	assert_error(f, "send SYN from a data hex 1", 25, "'1' is no byte", NULL);
	assert_error(f, "send SYN from a data 5", 22, "expected 'bytes' after '5'", NULL);
	assert_error(f, "send SYN from a after 1s at 2s", 25, "a second time: 'at'", NULL);
	assert_error(f, "drop all ACK after 1s", 13, "a standing rule has no time", NULL);
	assert_error(f, "hold ACK from a", 15, "expected 'as NAME' after 'a'", NULL);
	assert_error(f, "delay ACK from a", 16, "expected 'by DURATION' after 'a'", NULL);
	assert_error(f, "rewrite ACK from a", 18, "expected the field to change after 'a'", NULL);
	assert_error(f, "rewrite ACK from a win 1 win 2 ttl 3", 25, "duplicate field 'win'", NULL);
	assert_error(f, "send ACK from a as b", 16, "only a held packet has a name", NULL);
	assert_error(f, "drop 3rd from a", 9, "expected flags after '3rd'", NULL);
	assert_error(f, "drop 3rd 4th ACK from a", 13, "expected 'from HOST' after the flags", NULL);
	assert_error(f, "drop 3rd ACK from a 3rd", 20, "duplicate field '3rd'", NULL);
	assert_error(f, "drop all ACK seq next..5", 21, "a range is made of numbers", NULL);
	assert_error(f, "inject RST from a after FIN from b within 1s", 35,
		     "an armed packet has no time", NULL);
	assert_error(f, "inject RST from a after FIN from b win 1 win 2", 41,
		     "duplicate field 'win'", NULL);
	assert_error(f, "send SYN from a data \"x", 21, "string without an end", NULL);
	assert_error(f, "send SYN from a seq next-99999999999999999999", 20,
		     "bad number in 'next-99999999999999999999'", NULL);
}

static void test_probe_errors(void **state)
{
	struct fixture *f = *state;

	assert_error(f, "a:", 2, "expected a call, a question or '->' after ':'", NULL);
	assert_error(f, "a: read ->", 10, "expected a result after '->'", NULL);
	assert_error(f, "a: accept -> ok as b", 16, "'as' stands before '->'", NULL);
	assert_error(f, "a: accept as b as c", 15, "duplicate 'as'", NULL);
	assert_error(f, "a: connect b:x", 13, "expected a port after ':'", NULL);
	assert_error(f, "a/: read", 2, "expected a caller's name after '/'", NULL);
	assert_error(f, "a/b read", 4, "expected ':' after 'b'", NULL);
}

static void test_block_errors(void **state)
{
	struct fixture *f = *state;

	assert_error(f, "end", 0, "'end' without a block", NULL);
	assert_error(f, "else", 0, "'else' without a block", NULL);
	assert_error(f, "kernel > 6\nwait 1s", 0, "a block without 'end'", NULL);
	assert_error(f, "kernel > 6\nelse\nelse\nend", 16, "a second 'else'", NULL);
	assert_error(f, "kernel > 6\nend 3", 15, "unexpected '3' after the end of the sentence",
		     NULL);
	assert_error(f, "kernel > 6\nhost a kernel\nend", 11, "'host' cannot stand in a block",
		     NULL);
	assert_error(f, "kernl > 6\nelse\nend\nwait 1s", 0, "unknown verb 'kernl'",
		     "did you mean 'kernel'?");
	assert_error(f, "kernel > x\nelse\nend\nwait 1s", 9, "bad kernel version 'x'", NULL);
}

/* @depth blocks, @ends of them closed */
static const char *nested(struct fixture *fixture, size_t depth, size_t ends)
{
	char *text = arena_alloc(fixture->arena, depth * 11 + ends * 4 + 1), *at = text;

	for (size_t i = 0; i < depth; i++)
		at += sprintf(at, "kernel > 6\n");
	for (size_t i = 0; i < ends; i++)
		at += sprintf(at, "end\n");
	return text;
}

static void test_nesting(void **state)
{
	struct fixture *f = *state;

	one(f, nested(f, NESTING_MAX, NESTING_MAX));
	assert_error(f, nested(f, NESTING_MAX + 1, NESTING_MAX + 1), 11 * NESTING_MAX,
		     "blocks nested more than 16 deep", NULL);
	assert_error(f, nested(f, 100000, 100000), 11 * NESTING_MAX,
		     "blocks nested more than 16 deep", NULL);
	assert_error(f, nested(f, 100000, 0), 11 * NESTING_MAX,
		     "blocks nested more than 16 deep", NULL);
}

static void test_several_errors(void **state)
{
	struct fixture *fixture = *state;

	parse_text(fixture, "wait\nwait 1s\nmend\n\"x\nend\n");
	assert_int_equal(fixture->diags.count, 4);
	assert_int_equal(fixture->ast->n_lines, 1);
}

/* ---- for ---- */

static struct for_line *for_lines(struct fixture *fixture, const char *text, size_t *count)
{
	struct source *source = source_new(fixture->arena, "t.scn", text, strlen(text));

	diags_init(&fixture->diags, fixture->arena);

	struct tokens tokens = lex(fixture->arena, source, &fixture->diags);

	return parse_for_lines(fixture->arena, source, &tokens, count, &fixture->diags);
}

static void test_for(void **state)
{
	struct fixture *fixture = *state;
	size_t count;
	struct for_line *lines = for_lines(fixture, "wait $x\nfor x in A, -3,\n 20ms, \"b\"\n"
						    "for: read\nfor y in 1", &count);

	assert_int_equal(fixture->diags.count, 0);
	assert_int_equal(count, 2);
	assert_string_equal(lines[0].name.text, "x");
	assert_int_equal(lines[0].n_values, 4);
	assert_true(lines[0].values[1].number == -3);
	assert_string_equal(lines[0].values[1].text, "-3");
	assert_int_equal(one(fixture, "for x in A, -3")->values[1].kind, VAL_NUMBER);
}

static void test_for_errors(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "for", "expected a parameter's name after 'for'" },
		{ "for a-b in 1", "bad name for a parameter: 'a-b'" },
		{ "for a 1", "expected 'in' after 'a'" },
		{ "for a in", "expected a word, a number, a duration or a string after 'in'" },
		{ "for a in $b", "the value of a parameter cannot be a parameter" },
		{ "for a in 1, 2, 1", "duplicate value '1'" },
		{ "for a in 1\nfor a in 2", "a second parameter 'a'" },
		{ "for a in 1 2", "unexpected '2' after the end of the sentence" },
	};
	struct fixture *fixture = *state;
	size_t count;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for_lines(fixture, rows[i].text, &count);
		assert_int_equal(fixture->diags.count, 1);
		assert_string_equal(fixture->diags.items[0].message, rows[i].message);
		assert_non_null(fixture->diags.items[0].help);
	}
}

/* ---- size ---- */

/* Twice the lines take about twice the time, not four times. */
static void test_linear(void **state)
{
	static const char line[] = "expect PSH-ACK from client data \"one\" seq 1 within 1s\n";
	struct fixture *fixture = *state;
	double took[2];

	for (int i = 0; i < 2; i++) {
		size_t n = 50000u << i;
		char *text = arena_alloc(fixture->arena, n * (sizeof(line) - 1) + 1);

		for (size_t k = 0; k < n; k++)
			memcpy(text + k * (sizeof(line) - 1), line, sizeof(line) - 1);

		clock_t start = clock();

		parse_text(fixture, text);
		took[i] = (double)(clock() - start) / CLOCKS_PER_SEC;
		assert_int_equal(fixture->ast->n_lines, n);
	}
	assert_true(took[1] < 4 * took[0] + 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_scene),        TEST(test_versions),       TEST(test_blocks),
		TEST(test_packets),      TEST(test_sequence_numbers), TEST(test_options),
		TEST(test_times),        TEST(test_wire_verbs),     TEST(test_calls),
		TEST(test_answers),      TEST(test_line_errors),    TEST(test_wire_errors),
		TEST(test_probe_errors), TEST(test_block_errors),   TEST(test_nesting),
		TEST(test_several_errors), TEST(test_for),          TEST(test_for_errors),
		TEST(test_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
