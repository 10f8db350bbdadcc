/* select: see select.h.
 *
 *   expr = term { "or" term }    term = factor { "and" factor }
 *   factor = "not" factor | "(" expr ")" | WORD
 */
#include "command/select.h"

#include <ctype.h>
#include <string.h>

enum node_kind { NODE_WORD, NODE_NOT, NODE_AND, NODE_OR };

enum { DEPTH_MAX = 64 };

struct selection {
	enum node_kind kind;
	const char *word;
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

static bool word_fits(const char *word, const struct plan *plan, const char *id)
{
	for (size_t i = 0; i < plan->n_tags; i++)
		if (strcasecmp(plan->tags[i], word) == 0)
			return true;
	return strcasestr(id, word) != NULL;
}

bool selection_takes(const struct selection *selection, const struct plan *plan, const char *id)
{
	if (!selection)
		return true;
	switch (selection->kind) {
	case NODE_WORD:
		return word_fits(selection->word, plan, id);
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
