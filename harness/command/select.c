/* select: see select.h.
 *
 *   expr = term { "or" term }    term = factor { "and" factor }
 *   factor = "not" factor | "(" expr ")" | WORD
 */
#include "command/select.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum node_kind { NODE_WORD, NODE_NOT, NODE_AND, NODE_OR };

enum { DEPTH_MAX = 64 };

struct selection {
	enum node_kind kind;
	const char *word;
	bool is_tag;
	struct selection *left, *right;
};

struct reader {
	struct arena *arena;
	const char *at;
	const char *error;
	int depth;
};

static struct selection *read_or(struct reader *reader);

static struct selection *make(struct reader *reader, enum node_kind kind, struct selection *left,
			      struct selection *right)
{
	struct selection *node = arena_alloc(reader->arena, sizeof(*node));

	*node = (struct selection){ .kind = kind, .left = left, .right = right };
	return node;
}

static size_t word_len(const char *text)
{
	return strcspn(text, " \t\n()");
}

/* Take @word if it is the next one. */
static bool take(struct reader *reader, const char *word)
{
	while (isspace((unsigned char)*reader->at))
		reader->at++;

	size_t len = strlen(word);
	bool symbol = *word == '(' || *word == ')';

	if (strncmp(reader->at, word, len) != 0 || (!symbol && word_len(reader->at) != len))
		return false;
	reader->at += len;
	return true;
}

static struct selection *fail(struct reader *reader, const char *error)
{
	if (!reader->error)
		reader->error = error;
	return NULL;
}

static struct selection *read_factor(struct reader *reader)
{
	struct selection *node = NULL;

	if (++reader->depth > DEPTH_MAX)
		return fail(reader, "nested too deep");
	if (take(reader, "not")) {
		node = read_factor(reader);
		node = node ? make(reader, NODE_NOT, node, NULL) : NULL;
	} else if (take(reader, "(")) {
		node = read_or(reader);
		if (node && !take(reader, ")"))
			node = fail(reader, "a ')' is missing");
	} else if (word_len(reader->at) == 0) {
		node = fail(reader, "a word is missing");
	} else {
		node = make(reader, NODE_WORD, NULL, NULL);
		node->word = arena_strndup(reader->arena, reader->at, word_len(reader->at));
		node->is_tag = strcasecmp(node->word, "slow") == 0;
		reader->at += word_len(reader->at);
	}
	reader->depth--;
	return node;
}

static struct selection *read_and(struct reader *reader)
{
	struct selection *node = read_factor(reader);

	while (node && take(reader, "and")) {
		struct selection *right = read_factor(reader);

		node = right ? make(reader, NODE_AND, node, right) : NULL;
	}
	return node;
}

static struct selection *read_or(struct reader *reader)
{
	struct selection *node = read_and(reader);

	while (node && take(reader, "or")) {
		struct selection *right = read_and(reader);

		node = right ? make(reader, NODE_OR, node, right) : NULL;
	}
	return node;
}

struct selection *selection_parse(struct arena *arena, const char *text, const char **error)
{
	struct reader reader = { .arena = arena, .at = text };
	struct selection *selection = read_or(&reader);

	while (isspace((unsigned char)*reader.at))
		reader.at++;
	if (selection && *reader.at)
		selection = fail(&reader, "words are joined by 'and', 'or'");
	*error = reader.error;
	return selection;
}

static bool has_tag(const struct plan *plan, const char *word)
{
	for (size_t i = 0; i < plan->n_tags; i++)
		if (strcasecmp(plan->tags[i], word) == 0)
			return true;
	return false;
}

void selection_know(struct selection *selection, struct plan *const *plans, size_t n_plans)
{
	if (!selection)
		return;
	selection_know(selection->left, plans, n_plans);
	selection_know(selection->right, plans, n_plans);
	for (size_t i = 0; i < n_plans && selection->kind == NODE_WORD; i++)
		selection->is_tag |= has_tag(plans[i], selection->word);
}

static bool word_fits(const struct selection *word, const struct plan *plan, const char *id)
{
	return word->is_tag ? has_tag(plan, word->word) : strcasestr(id, word->word) != NULL;
}

bool selection_takes(const struct selection *selection, const struct plan *plan, const char *id)
{
	if (!selection)
		return true;
	switch (selection->kind) {
	case NODE_WORD:
		return word_fits(selection, plan, id);
	case NODE_NOT:
		return !selection_takes(selection->left, plan, id);
	case NODE_AND:
		return selection_takes(selection->left, plan, id) &&
		       selection_takes(selection->right, plan, id);
	case NODE_OR:
		return selection_takes(selection->left, plan, id) ||
		       selection_takes(selection->right, plan, id);
	}
	return false;
}
