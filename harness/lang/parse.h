/* parse: tokens to a tree. See docs/language.md for the grammar; each
 * production stands above the function that parses it. */
#ifndef TCPSCEN_LANG_PARSE_H
#define TCPSCEN_LANG_PARSE_H

#include "lang/ast.h"

enum { NESTING_MAX = 16 };

/* Parse a whole scenario. Errors go to @diags and parsing goes on with the next
 * line, so that all errors of a file are found in one go.
 *
 * Return: the tree; meaningful only when @diags gained no error.
 */
struct ast *parse(struct arena *arena, const struct source *source, const struct tokens *tokens,
		  struct diags *diags);

/* Find the `for` lines of @tokens without parsing anything else; they decide
 * how often, and with which bindings, the rest is parsed.
 *
 * Return: @count of them, in the order of the file; no two of one name, unless @diags gained
 *         an error.
 */
struct for_line {
	struct ast_word name;
	struct token *values;
	size_t n_values;
};
struct for_line *parse_for_lines(struct arena *arena, const struct source *source,
				 const struct tokens *tokens, size_t *count, struct diags *diags);

#endif
