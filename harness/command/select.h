/* select: which variants -k chooses.
 *
 *   -k 'rst and not (mapped or slow)'
 *
 * A word that is a tag of any scenario is true of a variant if it is one of its tags; any other
 * word if it is a part of the variant's name ("scenarios/reset/rst.scn[6,how=SHUT_WR]"). Capitals
 * count for nothing. `slow` is always a tag: `not slow` must not leave out slow_reader.scn.
 */
#ifndef TCPSCEN_COMMAND_SELECT_H
#define TCPSCEN_COMMAND_SELECT_H

#include "plan/plan.h"

struct selection;

/* Return: the selection in @arena, or NULL with what is wrong in *@error. */
struct selection *selection_parse(struct arena *arena, const char *text, const char **error);

/* The tags of these variants are tags, wherever they stand in @selection (NULL: nothing to do). */
void selection_know(struct selection *selection, struct plan *const *plans, size_t n_plans);

/* Is the variant chosen? @id: its name. A NULL selection chooses all. */
bool selection_takes(const struct selection *selection, const struct plan *plan, const char *id);

#endif
