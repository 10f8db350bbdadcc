/* lex_param: parameters, and the values that replace them. See lex.h. */
#include "lang/lex_internal.h"

#include "base/strbuf.h"

#include <string.h>

enum { SHOWN = 40 };

bool lex_value(struct arena *arena, const char *text, struct token *out)
{
	struct diags unheard;
	const struct source *source = source_new(arena, "value", text, strlen(text));

	diags_init(&unheard, arena);

	struct tokens tokens = lex(arena, source, &unheard);
	const struct token *first = tokens.items;
	bool negative = first->kind == TOK_MINUS && tokens.count == 4 &&
			first[1].kind == TOK_NUMBER && !first[1].spaced;

	if (unheard.count)
		return false;
	*out = negative ? first[1] : first[0];
	out->span = (struct span){ 0, 0 };
	if (negative) {
		out->number = -out->number;
		out->text = arena_printf(arena, "-%s", out->text);
		out->len++;
		return true;
	}
	return tokens.count == 3 && (out->kind == TOK_WORD || out->kind == TOK_NUMBER ||
				     out->kind == TOK_DURATION || out->kind == TOK_STRING);
}

size_t lex_param_len(const char *text, const char **name, size_t *name_len)
{
	size_t brace = text[0] == '$' && text[1] == '{';
	size_t end = 1 + brace;

	if (text[0] != '$')
		return 0;
	while (is_word_byte(text[end]))
		end++;
	*name = text + 1 + brace;
	*name_len = end - 1 - brace;
	if (*name_len == 0 || (brace && text[end] != '}'))
		return 0;
	return end + brace;
}

static const struct token *value_of(const char *name, size_t len, const struct binding *bindings,
				    size_t n_bindings)
{
	for (size_t i = 0; i < n_bindings; i++)
		if (strlen(bindings[i].name) == len && memcmp(bindings[i].name, name, len) == 0)
			return &bindings[i].value;
	return NULL;
}

/* @string with the values' texts for the names in it. Escapes are decoded before and
 * not again: a value's bytes stay what they are. */
static struct token fill_in(struct arena *arena, const struct token *string,
			    const struct binding *bindings, size_t n_bindings)
{
	struct strbuf text = STRBUF_INIT;
	struct token filled = *string;
	size_t done = 0;

	for (size_t i = 0; i < string->n_names; i++) {
		size_t at = string->names[i], name_len = 0;
		const char *name = "";
		size_t len = lex_param_len(string->text + at, &name, &name_len);
		const struct token *value = value_of(name, name_len, bindings, n_bindings);

		if (!value)
			continue;
		strbuf_add(&text, string->text + done, at - done);
		strbuf_add(&text, value->text, value->len);
		done = at + len;
	}
	strbuf_add(&text, string->text + done, string->len - done);
	filled.text = arena_strndup(arena, strbuf_text(&text), text.len);
	filled.len = text.len;
	filled.n_names = 0;
	strbuf_free(&text);
	return filled;
}

static void unknown_param(struct arena *arena, const struct source *source,
			  const struct token *token, const struct binding *bindings,
			  size_t n_bindings, struct diags *diags)
{
	const char **names = arena_alloc(arena, (n_bindings + 1) * sizeof(*names));

	for (size_t i = 0; i < n_bindings; i++)
		names[i] = bindings[i].name;

	const char *nearest = token->len <= SHOWN ? nearest_word(token->text, names) : NULL;

	diag_error(diags, source, token->span, "unknown parameter '$%.*s'", SHOWN, token->text);
	if (nearest)
		diag_help(diags, "did you mean '$%s'?", nearest);
	else
		diag_help(diags, "a line 'for NAME in VALUE, VALUE' makes '$NAME' known");
}

static bool has_param(const struct tokens *tokens)
{
	for (size_t i = 0; i < tokens->count; i++)
		if (tokens->items[i].kind == TOK_PARAM || tokens->items[i].n_names)
			return true;
	return false;
}

struct tokens lex_substitute(struct arena *arena, const struct source *source,
			     const struct tokens *tokens, const struct binding *bindings,
			     size_t n_bindings, struct diags *diags)
{
	struct tokens out = { .count = tokens->count };

	if (!has_param(tokens))
		return *tokens;
	out.items = arena_alloc(arena, tokens->count * sizeof(*out.items));
	for (size_t i = 0; i < tokens->count; i++) {
		const struct token *token = &tokens->items[i];
		const struct token *value = token;

		if (token->kind == TOK_PARAM)
			value = value_of(token->text, token->len, bindings, n_bindings);
		if (!value) {
			unknown_param(arena, source, token, bindings, n_bindings, diags);
			out.items[i].kind = TOK_BAD;
		} else if (token->n_names) {
			out.items[i] = fill_in(arena, token, bindings, n_bindings);
		} else {
			out.items[i] = *value;
		}
		out.items[i].span = token->span;
		out.items[i].spaced = token->spaced;
	}
	return out;
}
