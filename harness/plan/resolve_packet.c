/* resolve_packet: what a wire line says of its packet.
 *
 * The same words make a packet that is sent and one that is expected; a few make
 * sense for one of them only, and are errors for the other. Numbers with a fixed
 * width are in one table. `df` and `id` exist in IPv4 and `flowlabel` in IPv6:
 * in a variant of the other version they are checked and then left unset, so that
 * one file can speak of both.
 */
#include "plan/resolve_internal.h"

#include <string.h>
#include <strings.h>

enum { NTH_MAX = 1000000 };

static const char *const clause_names[N_CLAUSES] = {
	[CL_SEQ] = "seq", [CL_ACK] = "ack", [CL_WIN] = "win", [CL_LEN] = "len",
	[CL_URGENT] = "urgent", [CL_OFFSET] = "offset", [CL_TTL] = "ttl", [CL_DSCP] = "dscp",
	[CL_RESERVED] = "reserved", [CL_MTU] = "mtu", [CL_ID] = "id", [CL_FLOWLABEL] = "flowlabel",
	[CL_ECN] = "ecn", [CL_DF] = "df", [CL_CHECKSUM] = "checksum", [CL_DATA] = "data",
	[CL_OPTIONS] = "options", [CL_TO] = "to", [CL_ON] = "on", [CL_AS] = "as",
	[CL_AGAIN] = "again", [CL_NTH] = "3rd", [CL_ABOUT] = "about",
};

const struct ast_clause *find_clause(const struct ast_packet *packet, enum ast_clause_kind kind)
{
	for (size_t i = 0; i < packet->n_clauses; i++)
		if (packet->clauses[i].kind == kind)
			return &packet->clauses[i];
	return NULL;
}

/* ---- flags ---- */

/* The place of @len bytes at @offset in a word, if the word stands in the source as it is
 * (a parameter's value does not). */
static struct span part_of(const struct ast_word *word, size_t offset, size_t len)
{
	if (word->span.len != strlen(word->text))
		return word->span;
	return (struct span){ word->span.start + offset, len };
}

/* "SYNACK", "syn_ack" as the author meant it: "SYN-ACK". Return: NULL when it is not that. */
static const char *with_dashes(struct resolver *r, const char *text)
{
	const char *joined = "";

	while (*text) {
		const char *const *flag = flag_words();

		while (*flag && strncasecmp(text, *flag, strlen(*flag)) != 0)
			flag++;
		if (!*flag)
			return NULL;
		joined = arena_printf(r->arena, "%s%s%s", joined, *joined ? "-" : "", *flag);
		text += strlen(*flag);
		text += strspn(text, "-_");
	}
	return joined;
}

static bool wrong_flag(struct resolver *r, const struct ast_word *word, size_t offset, size_t len)
{
	static const char *const whole[] = {
		"DATA", "SYN", "ACK", "FIN", "RST", "PSH", "URG", "ECE", "CWR", "AE", "DTH", NULL,
	};
	struct ast_word flag = {
		.text = arena_strndup(r->arena, word->text + offset, len),
		.span = part_of(word, offset, len),
	};
	bool alone = len == strlen(word->text);
	const char *foreign = alone ? foreign_remedy(FOREIGN_FLAG, flag.text) : NULL;
	const char *nearest = with_dashes(r, flag.text);

	if (!nearest)
		nearest = nearest_word(flag.text, alone ? whole : flag_words());
	if (!alone && strcmp(flag.text, "DATA") == 0) {
		FAIL(r, flag.span, "'DATA' is no flag: it stands alone");
		HELP(r, "write 'DATA': an ACK with a payload, with PSH or without");
		return false;
	}
	FAIL(r, flag.span, "unknown flag '%s'", flag.text);
	if (foreign)
		HELP(r, "%s", foreign);
	else if (nearest)
		HELP(r, "did you mean '%s'?", nearest);
	else
		HELP(r, "SYN ACK FIN RST PSH URG ECE CWR AE DTH, joined by '-'; or DATA");
	return false;
}

/* "SYN-ACK" as bits; the first flag that is wrong is reported. */
static bool resolve_flags(struct resolver *r, const struct ast_word *word, uint16_t *flags)
{
	const char *text = word->text;

	if (flags_by_name(text, flags))
		return true;
	*flags = 0;
	for (size_t at = 0;;) {
		size_t len = strcspn(text + at, "-");
		const char *flag = arena_strndup(r->arena, text + at, len);
		uint16_t bit;

		if (!flags_by_name(flag, &bit) || !bit)
			return wrong_flag(r, word, at, len);
		if (*flags & bit) {
			FAIL(r, part_of(word, at, len), "the flag '%s' stands twice", flag);
			return false;
		}
		*flags |= bit;
		if (!text[at + len])
			return true;
		at += len + 1;
	}
}

/* `packets`, `all`: a rule may speak of whatever comes. */
static bool is_any(const struct ast_word *word)
{
	return strcmp(word->text, "packets") == 0 || strcmp(word->text, "all") == 0;
}

/* "packets" where it cannot stand, or misspelled. */
static bool near_any(const struct ast_word *word)
{
	static const char *const words[] = { "packets", NULL };

	return is_any(word) || nearest_word(word->text, words);
}

static bool wrong_any(struct resolver *r, const struct ast_word *word, enum packet_use use)
{
	FAIL(r, word->span, "unknown flag '%s'", word->text);
	if (use == PACKET_RULE)
		HELP(r, "did you mean 'packets'?");
	else
		HELP(r, "rules speak of any packet: 'drop all packets', 'ignore packets'");
	return false;
}

/* The flags of the packet; DATA is PSH-ACK when sent and ACK, PSH or not, when expected. */
static bool packet_flags(struct resolver *r, const struct ast_packet *ast, enum packet_use use,
			 struct plan_packet *out)
{
	out->any_packet = use == PACKET_RULE && is_any(&ast->flags);
	if (out->any_packet)
		return true;
	if (near_any(&ast->flags))
		return wrong_any(r, &ast->flags, use);
	if (strcmp(ast->flags.text, "DATA") != 0)
		return resolve_flags(r, &ast->flags, &out->flags);
	out->flags = use == PACKET_SENT ? TCP_PSH | TCP_ACK : TCP_ACK;
	out->any_data = use != PACKET_SENT;
	if (use != PACKET_SENT || find_clause(ast, CL_DATA))
		return true;
	FAIL(r, ast->span, "a sent 'DATA' needs its payload");
	HELP(r, "write 'data \"…\"' or 'data 100 bytes'");
	return false;
}

/* ---- fields that are numbers ---- */

struct number_field {
	int64_t high;
	uint32_t field;
};

static const struct number_field number_fields[N_CLAUSES] = {
	[CL_URGENT] = { UINT16_MAX, FIELD_URGENT },
	[CL_OFFSET] = { 15, FIELD_OFFSET },       [CL_TTL] = { UINT8_MAX, FIELD_TTL },
	[CL_DSCP] = { 63, FIELD_DSCP },           [CL_RESERVED] = { 15, FIELD_RESERVED },
	[CL_ID] = { UINT16_MAX, FIELD_ID },       [CL_FLOWLABEL] = { 0xfffff, FIELD_FLOWLABEL },
};

static const char *quoted_name(struct resolver *r, enum ast_clause_kind kind)
{
	return arena_printf(r->arena, "'%s'", clause_names[kind]);
}

/* Is the field one of this IP version? */
static bool is_field_of(enum ip_version ip, enum ast_clause_kind kind)
{
	bool v6 = ip == IP_V6;

	if (kind == CL_ID || kind == CL_DF)
		return !v6;
	return kind != CL_FLOWLABEL || v6;
}

/* Is the field one of this variant's IP version? */
static bool field_exists(const struct resolver *r, enum ast_clause_kind kind)
{
	return is_field_of(r->target->ip, kind);
}

/* … or at least of one that the scenario is about? Else it would say nothing. */
static bool field_means_something(struct resolver *r, const struct ast_clause *clause)
{
	const bool *wanted = r->target->ips.wanted;
	bool known = false;

	for (int ip = IP_V4; ip <= IP_MAPPED; ip++) {
		if (wanted[ip] && is_field_of((enum ip_version)ip, clause->kind))
			return true;
		known |= wanted[ip];
	}
	if (!known || field_exists(r, clause->kind))
		return true;
	FAIL(r, clause->span, "'%s' is a field of %s, which this scenario is not about",
	     clause_names[clause->kind], clause->kind == CL_FLOWLABEL ? "IPv6" : "IPv4");
	HELP(r, "leave it out, or the 'ip' line");
	return false;
}

static bool field_number(struct resolver *r, const struct ast_clause *clause,
			 struct plan_packet *out)
{
	const struct number_field *field = &number_fields[clause->kind];

	if ((clause->low < 0 || clause->low > field->high) &&
	    !in_range(r, clause->span, quoted_name(r, clause->kind), clause->low, 0, field->high))
		return false;
	if (!field_exists(r, clause->kind))
		return true;
	out->set |= field->field;
	if (clause->kind == CL_URGENT)
		out->urgent = (uint16_t)clause->low;
	else if (clause->kind == CL_OFFSET)
		out->offset = (uint8_t)clause->low;
	else if (clause->kind == CL_TTL)
		out->ttl = (uint8_t)clause->low;
	else if (clause->kind == CL_DSCP)
		out->dscp = (uint8_t)clause->low;
	else if (clause->kind == CL_RESERVED)
		out->reserved = (uint8_t)clause->low;
	else if (clause->kind == CL_ID)
		out->id = (uint16_t)clause->low;
	else
		out->flowlabel = (uint32_t)clause->low;
	return true;
}

/* ---- the other fields ---- */

/* Does the line write such a field, rather than compare it? */
static bool is_written(enum packet_use use)
{
	return use == PACKET_SENT || use == PACKET_CHANGE;
}

/* A packet that is written has one number. */
static bool seq_is_one(struct resolver *r, const struct ast_clause *clause, enum packet_use use)
{
	const struct ast_seq *seq = &clause->seq;
	const char *name = clause_names[clause->kind];

	if (seq->high < seq->value && seq->kind != AST_SEQ_NEXT) {
		FAIL(r, clause->span, "this range is empty");
		HELP(r, "write the lower number first: '%s %lld..%lld'", name,
		     (long long)seq->high, (long long)seq->value);
		return false;
	}
	if (!is_written(use) || (seq->kind != AST_SEQ_ANY && seq->high == seq->value))
		return true;
	if (seq->kind == AST_SEQ_ANY)
		FAIL(r, clause->span, "'%s any' is for packets that are expected", name);
	else
		FAIL(r, clause->span, "a range of '%s' is for packets that are expected", name);
	if (use == PACKET_CHANGE)
		HELP(r, "write the number that the packet is to have");
	else
		HELP(r, "leave it out to continue from what went before");
	return false;
}

static bool field_seq(struct resolver *r, const struct ast_clause *clause, enum packet_use use,
		      struct plan_packet *out)
{
	struct plan_seq *seq = clause->kind == CL_SEQ ? &out->seq : &out->ack;
	const char *name = quoted_name(r, clause->kind);

	out->set |= clause->kind == CL_SEQ ? FIELD_SEQ : FIELD_ACK;
	seq->value = clause->seq.value;
	seq->beyond = clause->seq.high - clause->seq.value;
	switch (clause->seq.kind) {
	case AST_SEQ_RELATIVE: seq->kind = SEQ_RELATIVE; break;
	case AST_SEQ_NEXT: seq->kind = SEQ_NEXT; break;
	case AST_SEQ_ABSOLUTE: seq->kind = SEQ_ABSOLUTE; break;
	case AST_SEQ_ANY: seq->kind = SEQ_ANY; break;
	}
	int64_t lowest = seq->kind == SEQ_ABSOLUTE ? 0 : -INT64_C(0xffffffff);

	return in_range(r, clause->span, name, seq->value, lowest, INT64_C(0xffffffff)) &&
	       in_range(r, clause->span, name, clause->seq.high, lowest, INT64_C(0xffffffff)) &&
	       seq_is_one(r, clause, use);
}

/* A range of numbers of 16 bits, or one of them. */
static bool is_range(struct resolver *r, const struct ast_clause *clause)
{
	const char *name = quoted_name(r, clause->kind);

	if (!in_range(r, clause->span, name, clause->low, 0, UINT16_MAX) ||
	    !in_range(r, clause->span, name, clause->high, 0, UINT16_MAX))
		return false;
	if (clause->low <= clause->high)
		return true;
	FAIL(r, clause->span, "this range is empty");
	HELP(r, "write '%s %lld..%lld'", clause_names[clause->kind], (long long)clause->high,
	     (long long)clause->low);
	return false;
}

static bool field_win(struct resolver *r, const struct ast_clause *clause, enum packet_use use,
		      struct plan_packet *out)
{
	if (is_written(use) && clause->low != clause->high) {
		FAIL(r, clause->span, "a range of 'win' is for packets that are expected");
		HELP(r, "write the window that the packet is to have: 'win %lld'",
		     (long long)clause->high);
		return false;
	}
	if (!is_range(r, clause))
		return false;
	out->set |= FIELD_WIN;
	out->win = (uint16_t)clause->low;
	out->win_beyond = (uint16_t)(clause->high - clause->low);
	return true;
}

static bool field_len(struct resolver *r, const struct ast_clause *clause, enum packet_use use,
		      struct plan_packet *out)
{
	if (use == PACKET_SENT) {
		FAIL(r, clause->span, "'len' is for packets that are expected");
		HELP(r, "write the payload: 'data %lld bytes'", (long long)clause->low);
		return false;
	}
	if (!is_range(r, clause))
		return false;
	out->set |= FIELD_LEN;
	out->len_low = clause->low;
	out->len_high = clause->high;
	return true;
}

/* Words that stand for numbers. Return: the index of @word in @words, or -1 with an error. */
static int choice(struct resolver *r, const struct ast_word *word, const char *what,
		  const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], word->text) == 0)
			return i;
	unknown_word(r, word, what, words, NULL);
	return -1;
}

static bool field_ecn(struct resolver *r, const struct ast_clause *clause, struct plan_packet *out)
{
	static const char *const codepoints[] = { "not-ect", "ect1", "ect0", "ce", NULL };
	int ecn = choice(r, &clause->word, "ECN codepoint", codepoints); /* RFC 3168 5 */

	if (ecn < 0)
		return false;
	out->set |= FIELD_ECN;
	out->ecn = (uint8_t)ecn;
	return true;
}

static bool field_df(struct resolver *r, const struct ast_clause *clause, struct plan_packet *out)
{
	static const char *const words[] = { "off", "on", NULL };
	int on = choice(r, &clause->word, "value of 'df'", words);

	if (on < 0)
		return false;
	if (!field_exists(r, CL_DF))
		return true;
	out->set |= FIELD_DF;
	out->df = on;
	return true;
}

static bool field_checksum(struct resolver *r, const struct ast_clause *clause,
			   struct plan_packet *out)
{
	static const char *const words[] = { "bad", "unfinished", NULL };

	out->set |= FIELD_CHECKSUM;
	if (clause->word.text) {
		int word = choice(r, &clause->word, "checksum", words);

		out->checksum_bad = word == 0;
		out->checksum_unfinished = word == 1;
		if (word == 1 && !r->plan->link_offload) {
			FAIL(r, clause->word.span, "checksums are finished on this link");
			HELP(r, "'link offload on' leaves them to a network card that is not there");
			return false;
		}
		return word >= 0;
	}
	out->checksum = (uint16_t)clause->low;
	return in_range(r, clause->span, "'checksum'", clause->low, 0, UINT16_MAX);
}

static bool field_data(struct resolver *r, const struct ast_clause *clause, struct plan_packet *out)
{
	out->set |= FIELD_DATA;
	return resolve_payload(r, &clause->value, &out->data, &out->data_len);
}

/* ---- ICMP ---- */

static bool field_mtu(struct resolver *r, const struct ast_clause *clause, struct plan_packet *out)
{
	if (out->icmp_kind != ICMP_FRAG_NEEDED) {
		FAIL(r, clause->span, "'%s' carries no 'mtu'", icmp_name(out->icmp_kind));
		HELP(r, "only 'frag-needed' does");
		return false;
	}
	out->mtu = (uint32_t)clause->low;
	return in_range(r, clause->span, "'mtu'", clause->low, 68, UINT16_MAX);
}

static bool field_about(struct resolver *r, const struct ast_clause *clause, enum packet_use use,
			struct plan_packet *out)
{
	const struct ast_word *flags = &clause->about_flags;

	if (use == PACKET_RULE) {
		FAIL(r, clause->span, "a rule does not look into the packet that is quoted");
		HELP(r, "leave 'about' out; 'on NAME' says which connection it is of");
		return false;
	}
	if (clause->word.text) {
		out->about_from = find_host(r, &clause->word);
		if (out->about_from == NO_INDEX)
			return false;
	}
	out->about_any = strcmp(flags->text, "packet") == 0;
	out->about_data = strcmp(flags->text, "DATA") == 0;
	return out->about_any || out->about_data || resolve_flags(r, flags, &out->about_flags);
}

/* The kind; and as long as nothing else is written, it is about the other host's last packet. */
static bool packet_icmp(struct resolver *r, const struct ast_packet *ast, enum packet_use use,
			struct plan_packet *out)
{
	out->icmp = true;
	out->about_any = true;
	out->about_from = 1 - out->from;
	if (!icmp_by_name(ast->icmp.text, &out->icmp_kind))
		return unknown_word(r, &ast->icmp, "ICMP message", icmp_words(), NULL);
	if (out->icmp_kind != ICMP_FRAG_NEEDED || use != PACKET_SENT ||
	    find_clause(ast, CL_MTU))
		return true;
	FAIL(r, ast->span, "a sent 'frag-needed' needs its 'mtu'");
	HELP(r, "write 'mtu 1200', say");
	return false;
}

/* ---- clauses ---- */

static bool field_nth(struct resolver *r, const struct ast_clause *clause, enum packet_use use,
		      struct plan_packet *out)
{
	if (use == PACKET_SENT) {
		FAIL(r, clause->span, "packets are counted when they come, not when they are sent");
		HELP(r, "leave it out");
		return false;
	}
	if (use != PACKET_RULE) {
		FAIL(r, clause->span,
		     "this line is about the next packet: there is nothing to count");
		HELP(r, "write a line for each, or 'drop 3rd …', 'delay 3rd …' and the like, "
			"which are rules");
		return false;
	}
	out->nth = (int)clause->low;
	return in_range(r, clause->span, "a count", clause->low, 1, NTH_MAX);
}

/* Does such a message have such a field? */
static bool clause_fits(struct resolver *r, const struct ast_clause *clause, bool icmp)
{
	const char *name = clause_names[clause->kind];
	bool common = clause->kind == CL_ON || clause->kind == CL_TTL || clause->kind == CL_AS ||
		      clause->kind == CL_NTH;
	bool icmp_only = clause->kind == CL_MTU || clause->kind == CL_ABOUT;

	if (common || icmp == icmp_only)
		return true;
	FAIL(r, clause->span, icmp ? "'%s' is no field of an ICMP message"
				   : "'%s' is no field of a TCP segment", name);
	HELP(r, icmp ? "'mtu', 'about', 'ttl' and 'on' are" : "it belongs to 'icmp …'");
	return false;
}

static bool resolve_clause(struct resolver *r, const struct ast_clause *clause,
			   enum packet_use use, struct plan_packet *out)
{
	if (!clause_fits(r, clause, out->icmp) || !field_means_something(r, clause))
		return false;
	switch (clause->kind) {
	case CL_SEQ:
	case CL_ACK: return field_seq(r, clause, use, out);
	case CL_URGENT:
	case CL_OFFSET:
	case CL_TTL:
	case CL_DSCP:
	case CL_RESERVED:
	case CL_ID:
	case CL_FLOWLABEL: return field_number(r, clause, out);
	case CL_WIN: return field_win(r, clause, use, out);
	case CL_LEN: return field_len(r, clause, use, out);
	case CL_MTU: return field_mtu(r, clause, out);
	case CL_ECN: return field_ecn(r, clause, out);
	case CL_DF: return field_df(r, clause, out);
	case CL_CHECKSUM: return field_checksum(r, clause, out);
	case CL_DATA: return field_data(r, clause, out);
	case CL_OPTIONS:
		return resolve_options(r, clause, is_written(use) ? PACKET_SENT : PACKET_EXPECTED,
				       out);
	case CL_ABOUT: return field_about(r, clause, use, out);
	case CL_AGAIN: out->again = true; return true;
	case CL_TO:
	case CL_ON: return true; /* resolve_flow() has read them */
	case CL_AS: return true; /* 'hold' has, no other verb has one */
	case CL_NTH: return field_nth(r, clause, use, out);
	case N_CLAUSES: break;
	}
	return false;
}

/* ---- the whole packet ---- */

int headers_size(const struct resolver *r)
{
	return (r->target->ip == IP_V6 ? 40 : 20) + 20;
}

/* Bytes of options of a segment that is to be sent: those written, or the default ones. */
static size_t sent_options_size(const struct resolver *r, const struct plan_packet *packet)
{
	if (packet->set & FIELD_OPTIONS)
		return options_size(packet);
	if (packet->flags & TCP_SYN)
		return 4; /* mss */
	return r->scope.flow_notes[packet->flow].timestamps ? 12 : 0;
}

/* A frame that is larger than the link's MTU would not reach the other host. */
static bool fits_link(struct resolver *r, const struct ast_packet *ast,
		      const struct plan_packet *packet)
{
	const struct ast_clause *data = find_clause(ast, CL_DATA);
	size_t headers = (size_t)headers_size(r) + sent_options_size(r, packet);
	size_t size = headers + packet->data_len, mtu = (size_t)r->plan->link_mtu;

	if (!data || size <= mtu)
		return true;
	FAIL(r, data->span,
	     "with %zu bytes of data this IPv%d packet has %zu, the link's MTU is %zu",
	     packet->data_len, r->target->ip == IP_V6 ? 6 : 4, size, mtu);
	if (size <= MAX_MTU)
		HELP(r, "at most %zu bytes of data fit; or write 'link mtu %zu'", mtu - headers,
		     size);
	else
		HELP(r, "at most %zu bytes of data fit", mtu - headers);
	return false;
}

bool resolve_packet(struct resolver *r, const struct ast_packet *ast, int from,
		    enum packet_use use, struct plan_packet *out)
{
	*out = (struct plan_packet){ .from = from, .span = ast->span };

	bool ok = ast->icmp.text ? packet_icmp(r, ast, use, out) : packet_flags(r, ast, use, out);

	/* a packet of unknown flags still begins its connection: no second error for that */
	ok &= resolve_flow(r, ast, use, ok, out);
	for (size_t i = 0; i < ast->n_clauses; i++)
		ok &= resolve_clause(r, &ast->clauses[i], use, out);
	return ok && (use != PACKET_SENT || fits_link(r, ast, out));
}

/* ---- what 'rewrite' changes ---- */

/* Fields of a TCP segment, or of the IP header before it, that have a place of their own. */
static bool can_change(struct resolver *r, const struct ast_clause *clause)
{
	const char *name = clause_names[clause->kind];

	switch (clause->kind) {
	case CL_SEQ: case CL_ACK: case CL_WIN: case CL_URGENT: case CL_OFFSET: case CL_TTL:
	case CL_DSCP: case CL_RESERVED: case CL_ID: case CL_FLOWLABEL: case CL_ECN: case CL_DF:
	case CL_CHECKSUM: case CL_DATA: case CL_OPTIONS:
		return true;
	case CL_LEN: case CL_MTU: case CL_TO: case CL_ON: case CL_AS: case CL_AGAIN: case CL_NTH:
	case CL_ABOUT: case N_CLAUSES:
		break;
	}
	if (clause->kind == CL_NTH)
		FAIL(r, clause->span, "a count cannot be rewritten");
	else
		FAIL(r, clause->span, "'%s' cannot be rewritten", name);
	HELP(r, "the last field is the new one: 'win 0', 'ack next-1', 'ecn ce', 'data \"…\"'");
	return false;
}

/* "5" or "1 to 5" */
static const char *range_text(struct resolver *r, int64_t low, int64_t high)
{
	if (low == high)
		return arena_printf(r->arena, "%lld", (long long)low);
	return arena_printf(r->arena, "%lld to %lld", (long long)low, (long long)high);
}

/* A payload keeps its length. If nothing is written of it, packets of that length are meant. */
static bool same_length(struct resolver *r, const struct ast_clause *clause,
			struct plan_packet *pattern, size_t len)
{
	bool data = pattern->set & FIELD_DATA;
	int64_t low = data ? (int64_t)pattern->data_len : pattern->len_low;
	int64_t high = data ? low : pattern->len_high;

	if (!(pattern->set & (FIELD_DATA | FIELD_LEN))) {
		pattern->set |= FIELD_LEN;
		low = high = (int64_t)len;
	}
	if (low > (int64_t)len || high < (int64_t)len) {
		FAIL(r, clause->span, "the new payload has %zu bytes, the packet's has %s", len,
		     range_text(r, low, high));
		HELP(r, "a payload that is rewritten keeps its length");
		return false;
	}
	pattern->len_low = pattern->len_high = (int64_t)len;
	if (!data)
		pattern->set |= FIELD_LEN;
	return true;
}

bool resolve_change(struct resolver *r, const struct ast_clause *clause,
		    struct plan_packet *pattern, struct plan_packet *out)
{
	*out = (struct plan_packet){ .from = pattern->from, .flow = pattern->flow,
				     .span = clause->span };
	if (pattern->icmp) {
		FAIL(r, pattern->span, "an ICMP message cannot be rewritten");
		HELP(r, "'drop' it, and 'inject' another one");
		return false;
	}
	return can_change(r, clause) && resolve_clause(r, clause, PACKET_CHANGE, out) &&
	       (clause->kind != CL_DATA || same_length(r, clause, pattern, out->data_len));
}
