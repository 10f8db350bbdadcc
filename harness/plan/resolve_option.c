/* resolve_option: the options of a TCP header.
 *
 * A sent option needs all its numbers, written or with a default; an expected
 * one without a number stands for any. All of them must fit into the 40 bytes
 * that the header has for them.
 */
#include "plan/resolve_internal.h"

#include <string.h>

enum { OPTIONS_ROOM = 40, MD5_LEN = 16 };

/* What one number of an option may be. */
struct number_rule {
	const char *what;
	int64_t high;
	bool last_ok;              /* `last` has a meaning: the echo of a timestamp */
	bool has_default;          /* sent without a number: @otherwise */
	enum optnum_kind otherwise;
};

static bool option_number(struct resolver *r, const struct ast_option *option,
			  const struct ast_optnum *number, enum packet_use use,
			  const struct number_rule *rule, enum optnum_kind *kind, uint32_t *out)
{
	switch (number->kind) {
	case OPTNUM_ABSENT:
		*kind = use == PACKET_EXPECTED ? NUM_ANY : rule->otherwise;
		if (use == PACKET_EXPECTED || rule->has_default)
			return true;
		FAIL(r, option->span, "a sent '%s' needs its number", rule->what);
		HELP(r, "write '%s 7', say", rule->what);
		return false;
	case OPTNUM_ANY:
		*kind = NUM_ANY;
		if (use == PACKET_EXPECTED)
			return true;
		FAIL(r, number->span, "'any' is for packets that are expected");
		HELP(r, "write the number that is to be sent");
		return false;
	case OPTNUM_LAST:
		*kind = NUM_LAST;
		if (rule->last_ok)
			return true;
		FAIL(r, number->span, "'last' stands only for the echo of 'ts'");
		HELP(r, "as in 'ts 100 last'");
		return false;
	case OPTNUM_VALUE:
		*kind = NUM_VALUE;
		*out = (uint32_t)number->value;
		return in_range(r, number->span, arena_printf(r->arena, "'%s'", rule->what),
				number->value, 0, rule->high);
	}
	return false;
}

static bool option_ts(struct resolver *r, const struct ast_option *ast, enum packet_use use,
		      struct plan_option *out)
{
	static const struct number_rule value = { "ts", UINT32_MAX, false, true, NUM_AUTO };
	static const struct number_rule echo = { "ts", UINT32_MAX, true, true, NUM_LAST };

	return option_number(r, ast, &ast->a, use, &value, &out->a_kind, &out->a) &&
	       option_number(r, ast, &ast->b, use, &echo, &out->b_kind, &out->b);
}

/* Without a number, a sent mss is what the link's MTU leaves. */
static bool option_mss(struct resolver *r, const struct ast_option *ast, enum packet_use use,
		       struct plan_option *out)
{
	static const struct number_rule rule = { "mss", UINT16_MAX, false, true, NUM_VALUE };

	out->a = (uint32_t)(r->plan->link_mtu - headers_size(r));
	return option_number(r, ast, &ast->a, use, &rule, &out->a_kind, &out->a);
}

static bool option_wscale(struct resolver *r, const struct ast_option *ast, enum packet_use use,
			  struct plan_option *out)
{
	static const struct number_rule rule = { "wscale", UINT8_MAX, false, false, NUM_VALUE };

	return option_number(r, ast, &ast->a, use, &rule, &out->a_kind, &out->a);
}

static bool option_sack(struct resolver *r, const struct ast_option *ast, enum packet_use use,
			struct plan_option *out)
{
	int64_t (*blocks)[2] = arena_alloc(r->arena, (ast->n_blocks + 1) * sizeof(*blocks));

	if (use == PACKET_SENT && !ast->n_blocks) {
		FAIL(r, ast->span, "a sent 'sack' needs its blocks");
		HELP(r, "write 'sack 1001-2001', say");
		return false;
	}
	for (size_t i = 0; i < ast->n_blocks; i++)
		for (int edge = 0; edge < 2; edge++) {
			blocks[i][edge] = ast->blocks[i][edge];
			if (!in_range(r, ast->span, "the edge of a block", blocks[i][edge], 0,
				      UINT32_MAX))
				return false;
		}
	out->blocks = (const int64_t(*)[2])blocks;
	out->n_blocks = ast->n_blocks;
	return true;
}

static bool option_bytes(struct resolver *r, const struct ast_option *ast, struct plan_option *out)
{
	if (ast->kind == AST_OPT_MD5 && ast->len != MD5_LEN) {
		FAIL(r, ast->span, "an MD5 digest has %d bytes, this one has %zu", MD5_LEN,
		     ast->len);
		HELP(r, "write an option of another length in full: 'hex 13 …'");
		return false;
	}
	out->bytes = copy_bytes(r, ast->data, ast->len);
	out->len = ast->len;
	return true;
}

static bool resolve_option(struct resolver *r, const struct ast_option *ast, enum packet_use use,
			   struct plan_option *out)
{
	switch (ast->kind) {
	case AST_OPT_EOL: out->kind = OPT_EOL; return true;
	case AST_OPT_NOP: out->kind = OPT_NOP; return true;
	case AST_OPT_SACKOK: out->kind = OPT_SACKOK; return true;
	case AST_OPT_MSS: out->kind = OPT_MSS; return option_mss(r, ast, use, out);
	case AST_OPT_WSCALE: out->kind = OPT_WSCALE; return option_wscale(r, ast, use, out);
	case AST_OPT_SACK: out->kind = OPT_SACK; return option_sack(r, ast, use, out);
	case AST_OPT_TS: out->kind = OPT_TS; return option_ts(r, ast, use, out);
	case AST_OPT_FASTOPEN: out->kind = OPT_FASTOPEN; return option_bytes(r, ast, out);
	case AST_OPT_MD5: out->kind = OPT_MD5; return option_bytes(r, ast, out);
	case AST_OPT_HEX: out->kind = OPT_RAW; return option_bytes(r, ast, out);
	}
	return false;
}

/* Bytes of one option in the header. */
static size_t option_size(const struct plan_option *option)
{
	switch (option->kind) {
	case OPT_EOL: return 1;
	case OPT_NOP: return 1;
	case OPT_MSS: return 4;
	case OPT_WSCALE: return 3;
	case OPT_SACKOK: return 2;
	case OPT_SACK: return 2 + 8 * option->n_blocks;
	case OPT_TS: return 10;
	case OPT_FASTOPEN: return 2 + option->len;
	case OPT_MD5: return 2 + option->len;
	case OPT_RAW: return option->len;
	}
	return 0;
}

size_t options_size(const struct plan_packet *packet)
{
	size_t size = 0;

	for (size_t i = 0; i < packet->n_options; i++)
		size += option_size(&packet->options[i]);
	return (size + 3) / 4 * 4;
}

bool resolve_options(struct resolver *r, const struct ast_clause *clause, enum packet_use use,
		     struct plan_packet *out)
{
	struct plan_option *options =
		arena_alloc(r->arena, (clause->n_options + 1) * sizeof(*options));

	if (use == PACKET_SENT && clause->more) {
		FAIL(r, clause->span, "'...' is for packets that are expected");
		HELP(r, "write each option that is to be sent");
		return false;
	}
	for (size_t i = 0; i < clause->n_options; i++)
		if (!resolve_option(r, &clause->options[i], use, &options[i]))
			return false;
	out->set |= FIELD_OPTIONS;
	out->options = options;
	out->n_options = clause->n_options;
	out->options_more = clause->more;

	size_t size = options_size(out);

	if (size <= OPTIONS_ROOM)
		return true;
	FAIL(r, clause->span, "these options take %zu bytes", size);
	HELP(r, "a TCP header has room for %d bytes of options", OPTIONS_ROOM);
	return false;
}
