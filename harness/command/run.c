/* run: play scenarios and report, on one kernel or on several. See run.h. */
#include "command/run.h"

#include "run/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REPLAYS = 4 /* by default */ };

/* ---- which kernels ---- */

struct kernel_list {
	struct kernel kernels[KERNELS_MAX];
	size_t count;
};

/* What there is instead, and how to get what there is not. */
static void complain_of_kernel(struct arena *arena, const char *name)
{
	struct kernel built[KERNELS_MAX];
	size_t n = kernels_built(arena, built);
	const char *names = "";

	for (size_t i = 0; i < n; i++)
		names = arena_printf(arena, "%s%s%s", names, i ? ", " : "; built: ", built[i].name);
	if (strcmp(name, KERNEL_DEFAULT) == 0)
		complain("the guest kernel %s is not built: run `make kernel`%s", name, names);
	else
		complain("no guest kernel '%s' is built: run `make kernel KERNEL=%s`, or `make kernel "
			 "KERNEL_SRC=DIR NAME=%s`%s", name, name, name, names);
}

static int add_kernel(struct kernel_list *list, struct arena *arena, const char *name)
{
	struct kernel *kernel = &list->kernels[list->count];

	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->kernels[i].name, name) == 0)
			return 0;
	if (list->count == KERNELS_MAX) {
		complain("--kernel: more than %d kernels", KERNELS_MAX);
		return EXIT_USAGE;
	}
	if (strcmp(name, KERNEL_HOST) == 0) {
		*kernel = kernel_running(arena);
	} else if (!kernel_find(arena, name, kernel)) {
		complain_of_kernel(arena, name);
		return EXIT_MACHINE;
	}
	list->count++;
	return 0;
}

/* Return: 0, or an exit status after a message. */
static int choose_kernels(struct kernel_list *list, const struct run_options *options)
{
	struct arena *arena = options->common.arena;
	const char *time = options->time ? options->time : "real";
	int rc = 0;

	list->count = 0;
	if (!options->kernels && strcmp(time, "virtual") != 0)
		rc = add_kernel(list, arena, KERNEL_HOST);
	if (!options->kernels && strcmp(time, "real") != 0 && rc == 0)
		rc = add_kernel(list, arena, KERNEL_DEFAULT);
	for (const char *at = options->kernels; at && rc == 0;) {
		size_t len = strcspn(at, ",");

		rc = add_kernel(list, arena, arena_strndup(arena, at, len));
		at = at[len] ? at + len + 1 : NULL;
	}
	for (size_t i = 0; options->time && rc == 0 && i < list->count; i++) {
		bool real = !list->kernels[i].path;

		if (strcmp(time, real ? "virtual" : "real") != 0)
			continue;
		complain("--time %s: on kernel '%s', time is %s", time, list->kernels[i].name,
			 real ? "real" : "virtual");
		return EXIT_USAGE;
	}
	return rc;
}

/* ---- timelines ---- */

/* Nanoseconds mean something where time is virtual. Return: 0, or EXIT_USAGE after a message. */
static int check_timelines(const struct kernel_list *list, const struct run_options *options)
{
	const char *option = options->record ? "--record" : "--timeline";

	if (!options->record && !options->timeline)
		return 0;
	for (size_t i = 0; i < list->count; i++) {
		if (list->kernels[i].path)
			continue;
		complain("%s: on kernel '%s', time is real, and no two runs are alike; add --time "
			 "virtual", option, list->kernels[i].name);
		return EXIT_USAGE;
	}
	if (options->record && list->count > 1)
		complain("--record: a timeline is that of one kernel");
	else if (options->record && options->suite.rounds > 1)
		complain("--record: a timeline has each variant once; leave --repeat out (--timeline "
			 "compares each round with it)");
	else
		return 0;
	return EXIT_USAGE;
}

/* Return: 0, or EXIT_USAGE after a message. */
static int read_timeline(const char *name, struct recorded **out)
{
	FILE *in = name ? fopen(name, "re") : NULL;
	int line = 0;

	if (!name)
		return 0;
	*out = in ? recorded_read(in, name, &line) : NULL;
	if (line && !*out)
		complain("--timeline %s: line %d is none of a timeline", name, line);
	else if (!*out)
		complain("--timeline %s: %s", name, strerror(errno));
	if (in)
		fclose(in);
	return *out ? 0 : EXIT_USAGE;
}

/* ---- playing ---- */

/* A failure outweighs an error of the machine, which outweighs success. */
static int worse(int one, int two)
{
	static const int weights[] = {
		[EXIT_PASSED] = 0, [EXIT_MACHINE] = 1, [EXIT_FAILED] = 2, [EXIT_USAGE] = 3,
	};

	return weights[one] > weights[two] ? one : two;
}

/* The whole run. */
struct run {
	struct run_options options;
	struct kernel_list list;
	struct outputs outputs;
	struct comparison *comparison; /* (owned) of several kernels, or NULL */
	struct recorded *timeline;     /* (owned) --timeline, or NULL */
	char **paths;
	int n_paths;
};

static int run_on(struct run *run, const struct kernel *kernel)
{
	struct performance performance = {
		.options = &run->options, .kernel = kernel, .outputs = &run->outputs,
		.comparison = run->comparison, .timeline = run->timeline,
	};
	struct loaded loaded;
	int rc;

	/* `kernel >= 6.5` is decided on reading */
	run->options.common.load.kernel = kernel->version;
	run->options.common.load.virtual_time = kernel->path != NULL;
	rc = load_all(&loaded, &run->options.common, run->paths, run->n_paths);
	if (rc == 0 && !run->outputs.text)
		rc = outputs_open(&run->outputs, &run->options, &loaded);
	if (rc == 0)
		rc = perform(&performance, &loaded);
	performance_free(&performance);
	loaded_free(&loaded);
	return rc;
}

static int run_on_all(struct run *run)
{
	int status = EXIT_PASSED;

	if (run->list.count > 1)
		run->comparison = comparison_new(run->list.kernels, run->list.count);
	for (size_t i = 0; i < run->list.count && status != EXIT_USAGE; i++)
		status = worse(status, run_on(run, &run->list.kernels[i]));
	if (run->comparison && status != EXIT_USAGE)
		comparison_print(run->outputs.text, run->comparison,
				 run->options.loudness == VERBOSE, &run->outputs.out_style);
	comparison_free(run->comparison);
	if (run->outputs.text && outputs_close(&run->outputs) < 0)
		status = worse(status, EXIT_MACHINE);
	return status;
}

int command_run(int argc, char **argv)
{
	struct run run = { .options = { .loudness = NORMAL } };

	run.options.suite.play = engine_play;
	run.options.suite.rounds = 1;
	run.options.suite.replays = REPLAYS;
	run.options.suite.jobs = (int)sysconf(_SC_NPROCESSORS_ONLN);
	common_init(&run.options.common, argv[0]);

	int rc = run_read_options(&run.options, argc, argv);

	if (rc < 0) {
		run.paths = argv + optind;
		run.n_paths = argc - optind;
		rc = choose_kernels(&run.list, &run.options);
		if (rc == 0)
			rc = check_timelines(&run.list, &run.options);
		if (rc == 0)
			rc = read_timeline(run.options.timeline, &run.timeline);
		if (rc == 0)
			rc = run_on_all(&run);
	}
	recorded_free(run.timeline);
	common_free(&run.options.common);
	return rc;
}
