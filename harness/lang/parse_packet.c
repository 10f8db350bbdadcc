/* parse_packet: which packet a line speaks of. */
#include "lang/parse_internal.h"

#include <string.h>

static const char *const icmp_kinds[] = {
	"net-unreachable", "host-unreachable",  "protocol-unreachable", "port-unreachable",
	"frag-needed",     "admin-prohibited",  "time-exceeded",        NULL,
};

/* ICMPKIND, see above */
static bool parse_icmp_kind(struct parser *parser, struct ast_word *out)
{
	const struct token *token = parser->next;
	const char *help;

	if (token->kind != TOK_WORD || strcmp(token->text, "from") == 0)
		return parse_expected(parser, "a kind of ICMP message",
				      "port-unreachable, frag-needed, time-exceeded ...");
	for (size_t i = 0; icmp_kinds[i]; i++) {
		if (strcmp(icmp_kinds[i], token->text) != 0)
			continue;
		*out = word_of(take(parser));
		return true;
	}
	help = did_you_mean(parser, token->text, icmp_kinds);
	return parse_fail(parser, token,
			  help ? help : "port-unreachable, frag-needed, time-exceeded ...",
			  "unknown kind of ICMP message %s", token_shown(parser, token));
}

/* pattern = FLAGS | "DATA" | "icmp" ICMPKIND; a @rule's may be "packets" or "all", too.
 * Which flags there are is not the parser's business. */
bool parse_pattern(struct parser *parser, bool rule, struct ast_packet *out)
{
	const char *help = "flags are joined by '-': SYN, SYN-ACK, PSH-ACK, RST";
	const struct token *start = parser->next;

	if (take_word(parser, "icmp")) {
		if (!parse_icmp_kind(parser, &out->icmp))
			return false;
	} else {
		if (start->kind != TOK_WORD || strcmp(start->text, "from") == 0)
			return parse_expected(parser, rule ? "flags or 'packets'" : "flags", help);
		out->flags = word_of(take(parser));
	}
	out->span = span_since(parser, start);
	return true;
}
