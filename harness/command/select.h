/* select: which variants -k chooses.
 *
 *   -k 'rst and not (mapped or slow)'
 *
 * A word is true of a variant if it is one of its tags, or a part of its name
 * ("scenarios/reset/rst.scn[6,how=SHUT_WR]"), capitals counting for nothing.
 */
#ifndef TCPSCEN_COMMAND_SELECT_H
#define TCPSCEN_COMMAND_SELECT_H

#include "plan/plan.h"

struct selection;

/* Return: the selection in @arena, or NULL with what is wrong in *@error. */
struct selection *selection_parse(struct arena *arena, const char *text, const char **error);

/* Is the variant chosen? @id: its name. A NULL selection chooses all. */
bool selection_takes(const struct selection *selection, const struct plan *plan, const char *id);

#endif
