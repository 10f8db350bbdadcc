/* parse_clause: the fields of a packet. Each is a word and what it is followed by. */
#include "lang/parse_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- sequence numbers ---- */

/* The lexer reads `next-1` as one word. */
static bool is_next_minus(const struct token *token)
{
	return token->kind == TOK_WORD && strncmp(token->text, "next-", 5) == 0;
}

static bool parse_next_minus(struct parser *parser, struct ast_seq *seq)
{
	const struct token *token = parser->next;
	const char *digits = token->text + 5;
	char *end;

	errno = 0;
	seq->kind = AST_SEQ_NEXT;
	seq->value = -strtoll(digits, &end, strncmp(digits, "0x", 2) == 0 ? 16 : 10);
	if (errno || *end)
		return parse_fail(parser, token, NULL, "bad number in %s",
				  token_shown(parser, token));
	take(parser);
	return true;
}

/* "next" [ ( "+" | "-" ) N ]; "next" is taken */
static bool parse_next(struct parser *parser, struct ast_seq *seq)
{
	bool minus = take_kind(parser, TOK_MINUS);

	seq->kind = AST_SEQ_NEXT;
	if (!minus && !take_kind(parser, TOK_PLUS))
		return true;
	if (!parse_number(parser, "a number", &seq->value))
		return false;
	if (minus)
		seq->value = -seq->value;
	return true;
}

/* [ "-" ] N | "next" [ ( "+" | "-" ) N ] | "abs" N | "any" */
static bool parse_seq_number(struct parser *parser, struct ast_seq *seq)
{
	seq->kind = AST_SEQ_RELATIVE;
	if (is_next_minus(parser->next))
		return parse_next_minus(parser, seq);
	if (take_word(parser, "next"))
		return parse_next(parser, seq);
	if (take_word(parser, "any")) {
		seq->kind = AST_SEQ_ANY;
		return true;
	}
	if (take_word(parser, "abs")) {
		seq->kind = AST_SEQ_ABSOLUTE;
		return parse_number(parser, "a number", &seq->value);
	}
	if (take_kind(parser, TOK_MINUS)) {
		if (!parse_number(parser, "a number", &seq->value))
			return false;
		seq->value = -seq->value;
		return true;
	}
	if (parser->next->kind != TOK_NUMBER)
		return parse_expected(parser, "a sequence number",
				      "one of: 1, next, next+1000, abs 0xfffffff0, any");
	seq->value = take(parser)->number; /* a parameter's value may be below 0 */
	return true;
}

/* What a range may begin with and end with: [ "-" ] N */
static bool parse_seq_end(struct parser *parser, struct ast_seq *seq)
{
	const struct token *range = parser->next;
	bool minus;

	seq->high = seq->value;
	if (!take_kind(parser, TOK_RANGE))
		return true;
	if (seq->kind == AST_SEQ_NEXT || seq->kind == AST_SEQ_ANY)
		return parse_fail(parser, range, "write numbers: 'seq 1..1000', 'seq abs 1..1000'",
				  "a range is made of numbers");
	minus = seq->kind == AST_SEQ_RELATIVE && take_kind(parser, TOK_MINUS);
	if (!parse_number(parser, "a number", &seq->high))
		return false;
	if (minus)
		seq->high = -seq->high;
	return true;
}

/* seq = [ "-" ] N [ ".." [ "-" ] N ] | "next" [ ( "+" | "-" ) N ] | "abs" N [ ".." N ] | "any" */
static bool parse_seq(struct parser *parser, struct ast_clause *clause)
{
	const struct token *start = parser->next;

	if (!parse_seq_number(parser, &clause->seq) || !parse_seq_end(parser, &clause->seq))
		return false;
	clause->seq.span = span_since(parser, start);
	return true;
}

/* ---- the other fields ---- */

/* N */
static bool parse_count(struct parser *parser, struct ast_clause *clause)
{
	if (!parse_number(parser, "a number", &clause->low))
		return false;
	clause->high = clause->low;
	return true;
}

/* N [ ".." N ] */
static bool parse_range(struct parser *parser, struct ast_clause *clause)
{
	if (!parse_count(parser, clause))
		return false;
	return !take_kind(parser, TOK_RANGE) || parse_number(parser, "a number", &clause->high);
}

/* "ecn" ( "ce" | "ect0" | "ect1" | "not-ect" ) */
static bool parse_ecn(struct parser *parser, struct ast_clause *clause)
{
	static const char *const marks[] = { "ce", "ect0", "ect1", "not-ect", NULL };

	return parse_choice(parser, marks, &clause->word);
}

/* "df" ( "on" | "off" ) */
static bool parse_df(struct parser *parser, struct ast_clause *clause)
{
	static const char *const states[] = { "on", "off", NULL };

	return parse_choice(parser, states, &clause->word);
}

/* "checksum" ( "bad" | N ) */
static bool parse_checksum(struct parser *parser, struct ast_clause *clause)
{
	if (at_word(parser, "bad") || at_word(parser, "unfinished")) {
		clause->word = word_of(take(parser));
		return true;
	}
	if (parser->next->kind != TOK_NUMBER)
		return parse_expected(parser, "'bad', 'unfinished' or a number", NULL);
	return parse_count(parser, clause);
}

/* payload = STRING | N "bytes" | "hex" BYTE { BYTE } */
static bool parse_data(struct parser *parser, struct ast_clause *clause)
{
	const char *help = "one of: \"text\", 1460 bytes, hex 0d 0a";
	const struct token *start = parser->next;

	if (start->kind != TOK_STRING && start->kind != TOK_NUMBER && !at_word(parser, "hex"))
		return parse_expected(parser, "a payload", help);
	if (!parse_value(parser, &clause->value))
		return false;
	if (clause->value.kind == VAL_NUMBER)
		return parse_expected(parser, "'bytes'", help);
	return true;
}

/* "to" HOST ":" PORT */
static bool parse_to(struct parser *parser, struct ast_clause *clause)
{
	if (parser->next->kind != TOK_WORD)
		return parse_expected(parser, "HOST:PORT", NULL);
	return parse_endpoint(parser, "HOST:PORT", &clause->value);
}

/* "on" NAME */
static bool parse_on(struct parser *parser, struct ast_clause *clause)
{
	return parse_name(parser, "a connection's name", &clause->word);
}

/* "as" NAME */
static bool parse_as(struct parser *parser, struct ast_clause *clause)
{
	if (!(parser->verb->extras & EXTRA_AS))
		return parse_fail(parser, parser->next - 1,
				  "'hold P as a' and 'release a' make packets trade places",
				  "only a held packet has a name");
	return parse_name(parser, "a name", &clause->word);
}

static bool parse_nothing(struct parser *parser, struct ast_clause *clause)
{
	(void)parser;
	(void)clause;
	return true;
}

/* "about" "last" ( FLAGS | "DATA" | "packet" ) [ "from" HOST ] */
static bool parse_about(struct parser *parser, struct ast_clause *clause)
{
	if (!parse_keyword(parser, "last") ||
	    !parse_name(parser, "flags, 'DATA' or 'packet'", &clause->about_flags))
		return false;
	return !take_word(parser, "from") || parse_name(parser, "a host", &clause->word);
}

/* field, see the table; ORDINAL is the one that has no word of its own */
static const struct clause_word {
	const char *word;
	enum ast_clause_kind kind;
	bool (*parse)(struct parser *parser, struct ast_clause *clause);
} clause_words[] = {
	{ "seq", CL_SEQ, parse_seq },
	{ "ack", CL_ACK, parse_seq },
	{ "win", CL_WIN, parse_range },
	{ "len", CL_LEN, parse_range },
	{ "urgent", CL_URGENT, parse_count },
	{ "offset", CL_OFFSET, parse_count },
	{ "ttl", CL_TTL, parse_count },
	{ "dscp", CL_DSCP, parse_count },
	{ "ecn", CL_ECN, parse_ecn },
	{ "reserved", CL_RESERVED, parse_count },
	{ "id", CL_ID, parse_count },
	{ "df", CL_DF, parse_df },
	{ "flowlabel", CL_FLOWLABEL, parse_count },
	{ "mtu", CL_MTU, parse_count },
	{ "checksum", CL_CHECKSUM, parse_checksum },
	{ "data", CL_DATA, parse_data },
	{ "options", CL_OPTIONS, parse_options },
	{ "to", CL_TO, parse_to },
	{ "on", CL_ON, parse_on },
	{ "as", CL_AS, parse_as },
	{ "again", CL_AGAIN, parse_nothing },
	{ "about", CL_ABOUT, parse_about },
	/* words of the time, for the remedy when one is misspelled */
	{ "within", N_CLAUSES, NULL },
	{ "after", N_CLAUSES, NULL },
	{ "between", N_CLAUSES, NULL },
	{ NULL, N_CLAUSES, NULL },
};

/* ORDINAL = "1st" | "2nd" | "3rd" | "4th" … */
bool is_ordinal(const struct token *token)
{
	size_t digits = token->kind == TOK_WORD ? strspn(token->text, "0123456789") : 0;

	return digits && token->len == digits + 2 && strchr("snrt", token->text[digits]) &&
	       strchr("tdh", token->text[digits + 1]);
}

static bool parse_ordinal(struct parser *parser, struct ast_clause *clause)
{
	const struct token *token = take(parser);

	errno = 0;
	clause->kind = CL_NTH;
	clause->low = clause->high = strtoll(token->text, NULL, 10);
	if (errno)
		return parse_fail(parser, token, NULL, "number too large: %s",
				  token_shown(parser, token));
	if (clause->low == 0)
		return parse_fail(parser, token, "counting begins with 1st", "there is no %s",
				  token_shown(parser, token));
	return true;
}

/* ---- what is no field ---- */

#define BEHIND_ITS_WORD "a value stands behind its word: 'win 5', 'options mss 1460'"

bool refuse_equals(struct parser *parser, bool number)
{
	const struct token *sign = parser->next, *word = sign - 1;
	const char *help = BEHIND_ITS_WORD;

	if (number && sign[1].kind == TOK_NUMBER)
		help = arena_printf(parser->arena, "a value stands behind its word: %s %.40s",
				    word->text, sign[1].text);
	return parse_fail(parser, sign, help, "unexpected '=' after %s", token_shown(parser, word));
}

static bool takes_number(const struct clause_word *row)
{
	return row->parse == parse_seq || row->parse == parse_count || row->parse == parse_range;
}

/* What the line's fields are of; those of a packet that is counted have no time either. */
static enum field_place place_of(const struct parser *parser, const struct ast_packet *packet)
{
	for (size_t i = 0; i < packet->n_clauses; i++)
		if (packet->clauses[i].kind == CL_NTH)
			return IN_COUNTED;
	return parser->place;
}

/* "<mss 1460>", as packetdrill has it, and "client > server", as tcpdump has it */
static const char *compare_remedy(struct parser *parser, enum field_place place)
{
	const struct token *sign = parser->next, *host = sign + 1;

	if (sign->compare == CMP_LT)
		return arena_printf(parser->arena, "options have no brackets: %s",
				    options_example(place));
	if (sign->compare != CMP_GT)
		return NULL;
	if (place & (IN_STANDING | IN_COUNTED) || !is_host(parser, host))
		return "a packet goes to the other host: leave the receiver out";
	return arena_printf(parser->arena,
			    "a packet goes to the other host, and its port is written: to %s:8080",
			    host->text);
}

/* "ttl 1..64", "after 1s..2s" */
static const char *range_remedy(struct parser *parser, enum field_place place)
{
	const struct token *range = parser->next, *low = range - 1, *word = range - 2;

	if (low->kind == TOK_DURATION && range[1].kind == TOK_DURATION &&
	    place & (IN_EXPECTED | IN_CHANGED))
		return arena_printf(parser->arena, "write 'between %.40s and %.40s'", low->text,
				    range[1].text);
	if (low->kind == TOK_NUMBER && word >= parser->first && word->kind == TOK_WORD)
		return arena_printf(parser->arena,
				    "%s is one number; only 'seq', 'ack', 'win' and 'len' have a range",
				    token_shown(parser, word));
	return NULL;
}

/* What somebody wants who writes this where a field begins. */
static const char *sign_remedy(struct parser *parser, enum field_place place)
{
	switch ((int)parser->next->kind) {
	case TOK_COMMA:
		return "fields stand side by side: seq 1 ack 1";
	case TOK_EQUALS:
		return BEHIND_ITS_WORD;
	case TOK_STRING:
		return "a payload stands behind 'data': data \"ping\"";
	case TOK_COMPARE:
		return compare_remedy(parser, place);
	case TOK_RANGE:
		return range_remedy(parser, place);
	case TOK_NUMBER:
		if (token_is_word(parser->next + 1, "times"))
			return foreign_field(place, "times");
		break;
	}
	return NULL;
}

/* May a field of this row, or a time, stand there? */
static bool belongs(const struct clause_word *row, enum field_place place)
{
	bool to_come = place == IN_STANDING || place == IN_COUNTED;

	switch ((int)row->kind) {
	case CL_AS:
		return place == IN_HELD;
	case CL_LEN:
		return place != IN_SENT;
	case CL_TO:
		return !to_come;
	case N_CLAUSES:
		return place == IN_EXPECTED || place == IN_CHANGED ||
		       (!to_come && strcmp(row->word, "after") == 0);
	}
	return true;
}

/* "did you mean 'win'?"; of what cannot stand there, what can be written in its place; or NULL */
static const char *nearest_field(struct parser *parser, const char *word, enum field_place place)
{
	const char *words[sizeof(clause_words) / sizeof(clause_words[0])] = { NULL };
	const struct clause_word *row = clause_words;
	const char *nearest;

	for (size_t i = 0; clause_words[i].word; i++)
		words[i] = clause_words[i].word;
	nearest = nearest_word(word, words);
	while (nearest && strcmp(row->word, nearest) != 0)
		row++;
	if (!nearest || (!belongs(row, place) && (row->kind == CL_AS || row->kind == CL_TO)))
		return NULL;
	if (!belongs(row, place))
		return foreign_field(place, row->kind == CL_LEN ? "length" : "in");
	return arena_printf(parser->arena, "did you mean '%s'?", nearest);
}

static bool unknown_field(struct parser *parser, const struct ast_packet *packet)
{
	const struct token *start = parser->next;
	enum field_place place = place_of(parser, packet);
	const char *help;

	if (start->kind != TOK_WORD)
		return parse_expected(parser, "a field or a time", sign_remedy(parser, place));
	help = foreign_field(place, start->text);
	if (!help)
		help = nearest_field(parser, start->text, place);
	return parse_fail(parser, start, help, "unknown field %s", token_shown(parser, start));
}

static bool parse_clause_tokens(struct parser *parser, struct ast_packet *packet,
				struct ast_clause *clause)
{
	if (is_ordinal(parser->next))
		return parse_ordinal(parser, clause);
	for (const struct clause_word *row = clause_words; row->word; row++) {
		if (!row->parse || !take_word(parser, row->word))
			continue;
		if (parser->next->kind == TOK_EQUALS)
			return refuse_equals(parser, takes_number(row));
		clause->kind = row->kind;
		return row->parse(parser, clause);
	}
	return unknown_field(parser, packet);
}

bool parse_clause(struct parser *parser, struct ast_packet *packet)
{
	const struct token *start = parser->next;

	packet->clauses = arena_grow(parser->arena, packet->clauses, packet->n_clauses,
				     sizeof(*packet->clauses));

	struct ast_clause *clause = &packet->clauses[packet->n_clauses++];

	*clause = (struct ast_clause){ 0 };
	if (!parse_clause_tokens(parser, packet, clause))
		return false;
	clause->span = span_since(parser, start);
	return true;
}

/* Each field may be written once. Only the end of a line tells: of `rewrite` the last
 * field is another one. */
bool check_clauses_once(struct parser *parser, const struct ast_packet *packet)
{
	unsigned seen = 0;

	for (size_t i = 0; i < packet->n_clauses; i++) {
		const struct ast_clause *clause = &packet->clauses[i];
		size_t word = strcspn(parser->source->text + clause->span.start, " \t\r\n");

		if (seen & 1u << clause->kind)
			return parse_fail_span(parser, clause->span,
					       "each field may be written once",
					       "duplicate field '%.*s'", (int)word,
					       parser->source->text + clause->span.start);
		seen |= 1u << clause->kind;
	}
	return true;
}
