/* compare: see compare.h. */
#include "command/compare.h"

#include "base/arena.h"
#include "command/command.h"
#include "report/difference.h"
#include "report/ladder.h"
#include "report/text.h"

#include <stdlib.h>
#include <string.h>

enum { FEW = 8 }; /* variants */

/* What a kernel made of a variant. */
struct cell {
	enum verdict verdict; /* NONE: it was not played */
	bool differs;         /* its ladder, from that of the first kernel */
	struct difference difference; /* (owned) */
};

struct variant {
	const char *id;
	char *ladder;          /* (owned) of the first kernel, or NULL: it has not played it */
	struct cell *cells;    /* by kernel */
};

struct comparison {
	struct arena *arena;   /* (owned) */
	const struct kernel *kernels;
	size_t n_kernels;
	struct variant *variants;
	size_t n_variants;
	size_t at;             /* where the variant after the last one should be */
};

struct comparison *comparison_new(const struct kernel *kernels, size_t count)
{
	struct arena *arena = arena_new();
	struct comparison *comparison = arena_alloc(arena, sizeof(*comparison));

	*comparison = (struct comparison){ .arena = arena, .kernels = kernels, .n_kernels = count };
	return comparison;
}

void comparison_free(struct comparison *comparison)
{
	if (!comparison)
		return;
	for (size_t i = 0; i < comparison->n_variants; i++) {
		struct variant *variant = &comparison->variants[i];

		free(variant->ladder);
		for (size_t k = 0; k < comparison->n_kernels; k++)
			difference_free(&variant->cells[k].difference);
	}
	arena_free(comparison->arena);
}

/* ---- collecting ---- */

static struct variant *add_variant(struct comparison *comparison, const char *id)
{
	struct variant *variant;

	comparison->variants = arena_grow(comparison->arena, comparison->variants,
					  comparison->n_variants, sizeof(*variant));
	variant = &comparison->variants[comparison->n_variants++];
	*variant = (struct variant){
		.id = arena_strdup(comparison->arena, id),
		.cells = arena_alloc(comparison->arena,
				     comparison->n_kernels * sizeof(*variant->cells)),
	};
	return variant;
}

/* Mostly it is the one after the last. */
static struct variant *find_variant(struct comparison *comparison, size_t kernel, const char *id)
{
	const size_t count = comparison->n_variants;

	for (size_t i = 0; i < count; i++) {
		size_t place = (comparison->at + i) % count;

		if (comparison->variants[place].cells[kernel].verdict == VERDICT_NONE &&
		    strcmp(comparison->variants[place].id, id) == 0) {
			comparison->at = place + 1;
			return &comparison->variants[place];
		}
	}
	return add_variant(comparison, id);
}

/* Return: malloc'ed text. */
static char *ladder_text(const struct plan *plan, const struct record *record)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort(); /* out of memory: as everywhere */
	ladder_print_bare(out, plan, record);
	if (fclose(out) != 0)
		abort();
	return text;
}

/* Is @kernel compared with the first one with all times? */
static bool is_timed(const struct comparison *comparison, const struct kernel *kernel)
{
	return comparison->kernels[0].path && kernel->path;
}

size_t comparison_add(struct comparison *comparison, const struct kernel *kernel, const char *id,
		    const struct plan *plan, const struct record *record)
{
	const size_t index = (size_t)(kernel - comparison->kernels);
	struct variant *variant = find_variant(comparison, index, id);
	const size_t place = (size_t)(variant - comparison->variants);
	struct cell *cell = &variant->cells[index];
	char *ladder;

	cell->verdict = record->verdict == VERDICT_NONE ? VERDICT_ERROR : record->verdict;
	if (record->verdict == VERDICT_SKIPPED)
		return place;
	ladder = ladder_text(plan, record);
	if (index == 0) {
		variant->ladder = ladder;
		return place;
	}
	cell->differs = variant->ladder && ladders_differ(variant->ladder, ladder,
							  is_timed(comparison, kernel),
							  &cell->difference);
	free(ladder);
	return place;
}

void comparison_settle(struct comparison *comparison, const struct kernel *kernel, size_t place,
		       enum verdict verdict)
{
	comparison->variants[place].cells[kernel - comparison->kernels].verdict = verdict;
}

bool comparison_is_empty(const struct comparison *comparison)
{
	return comparison->n_variants == 0;
}

/* ---- printing ---- */

struct table {
	FILE *out;
	const struct comparison *comparison;
	const struct report_style *style;
	int name_columns;
	int columns[KERNELS_MAX];
};

static bool verdicts_differ(const struct comparison *comparison, const struct variant *variant)
{
	for (size_t k = 1; k < comparison->n_kernels; k++)
		if (variant->cells[k].verdict != variant->cells[0].verdict)
			return true;
	return false;
}

static bool any_ladder_differs(const struct comparison *comparison, const struct variant *variant)
{
	for (size_t k = 1; k < comparison->n_kernels; k++)
		if (variant->cells[k].differs)
			return true;
	return false;
}

static void print_side(const struct table *table, const struct kernel *kernel, int columns,
		       const char *line)
{
	print_clean(table->out, "    %-*s  %s", columns, kernel->name,
		    line ? line : "(nothing more)");
	putc('\n', table->out);
}

/* The rows in which the ladders differ first, for each kernel that differs from the first one. */
static void print_differences(const struct table *table, const struct variant *variant)
{
	const struct kernel *kernels = table->comparison->kernels;

	for (size_t k = 1; k < table->comparison->n_kernels; k++) {
		const struct cell *cell = &variant->cells[k];
		size_t one = strlen(kernels[0].name), other = strlen(kernels[k].name);
		int columns = (int)(one > other ? one : other);

		if (!cell->differs)
			continue;
		print_side(table, &kernels[0], columns, cell->difference.one);
		print_side(table, &kernels[k], columns, cell->difference.other);
	}
}

static void print_variant(const struct table *table, const struct variant *variant)
{
	enum verdict verdicts[KERNELS_MAX];
	const size_t count = table->comparison->n_kernels;

	for (size_t k = 0; k < count; k++)
		verdicts[k] = variant->cells[k].verdict;
	text_verdict_row(table->out, variant->id, table->name_columns, verdicts, table->columns,
			 count, table->style);
}

static void print_heads(const struct table *table)
{
	fprintf(table->out, "\n%-*s", table->name_columns, "verdicts by kernel");
	for (size_t k = 0; k < table->comparison->n_kernels; k++) {
		bool last = k + 1 == table->comparison->n_kernels;

		fprintf(table->out, "  ");
		print_clean(table->out, "%-*s", last ? 0 : table->columns[k],
			    table->comparison->kernels[k].name);
	}
	putc('\n', table->out);
}

static void lay_out(struct table *table, const bool *shown)
{
	const struct comparison *comparison = table->comparison;

	table->name_columns = (int)strlen("verdicts by kernel");
	for (size_t i = 0; i < comparison->n_variants; i++) {
		int columns = text_columns(comparison->variants[i].id, table->style);

		if (shown[i] && columns > table->name_columns)
			table->name_columns = columns;
	}
	for (size_t k = 0; k < comparison->n_kernels; k++) {
		int columns = text_columns(comparison->kernels[k].name, table->style);

		table->columns[k] = columns > (int)strlen("ERROR") ? columns : (int)strlen("ERROR");
	}
}

/* Neither played well nor skipped, on all kernels alike. */
static bool fails_everywhere(const struct comparison *comparison, const struct variant *variant)
{
	const enum verdict verdict = variant->cells[0].verdict;

	return !verdicts_differ(comparison, variant) && verdict != VERDICT_PASSED &&
	       verdict != VERDICT_SKIPPED;
}

/* "508 variants on 2 kernels: 1 fails on all, 2 verdicts differ, 7 more ladders do (-v shows where)" */
static void print_counts(FILE *out, const struct comparison *comparison, bool all)
{
	size_t verdicts = 0, ladders = 0, failures = 0;
	bool timed = true;

	for (size_t i = 0; i < comparison->n_variants; i++) {
		bool differ = verdicts_differ(comparison, &comparison->variants[i]);

		verdicts += differ;
		failures += fails_everywhere(comparison, &comparison->variants[i]);
		ladders += !differ && any_ladder_differs(comparison, &comparison->variants[i]);
	}
	fprintf(out, "%zu variant%s on %zu kernels: ", comparison->n_variants,
		comparison->n_variants == 1 ? "" : "s", comparison->n_kernels);
	if (failures)
		fprintf(out, "%zu fail%s on all, ", failures, failures == 1 ? "s" : "");
	if (verdicts == 0)
		fputs("no verdict differs", out);
	else
		fprintf(out, "%zu verdict%s", verdicts, verdicts == 1 ? " differs" : "s differ");
	if (ladders == 0)
		fprintf(out, ", no %sladder does", verdicts ? "other " : "");
	else
		fprintf(out, ", %zu %sladder%s%s", ladders, verdicts ? "more " : "",
			ladders == 1 ? " does" : "s do", all ? "" : " (-v shows where)");
	for (size_t k = 1; k < comparison->n_kernels; k++)
		timed &= is_timed(comparison, &comparison->kernels[k]);
	fprintf(out, "%s\n", timed ? "" : "; real times are not compared");
}

void comparison_print(FILE *out, const struct comparison *comparison, bool all,
		      const struct report_style *style)
{
	struct table table = { .out = out, .comparison = comparison, .style = style };
	bool *shown = calloc(comparison->n_variants + 1, sizeof(*shown)), any = false;

	for (size_t i = 0; shown && i < comparison->n_variants; i++) {
		const struct variant *variant = &comparison->variants[i];

		shown[i] = comparison->n_variants <= FEW || verdicts_differ(comparison, variant) ||
			   (all && any_ladder_differs(comparison, variant));
		any |= shown[i];
	}
	if (!shown || comparison->n_variants == 0) {
		free(shown);
		return;
	}
	lay_out(&table, shown);
	if (any)
		print_heads(&table);
	else
		putc('\n', out);
	for (size_t i = 0; i < comparison->n_variants; i++) {
		const struct variant *variant = &comparison->variants[i];

		if (!shown[i])
			continue;
		print_variant(&table, variant);
		if (all || verdicts_differ(comparison, variant))
			print_differences(&table, variant);
	}
	free(shown);
	print_counts(out, comparison, all);
}
