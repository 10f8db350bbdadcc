/* run: play scenarios and report, on one kernel or on several. See run.h. */
#include "command/run.h"

#include "run/engine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* ---- playing ---- */

/* A failure outweighs an error of the machine, which outweighs success. */
static int worse(int one, int two)
{
	static const int weights[] = {
		[EXIT_PASSED] = 0, [EXIT_MACHINE] = 1, [EXIT_FAILED] = 2, [EXIT_USAGE] = 3,
	};

	return weights[one] > weights[two] ? one : two;
}

static int run_on(const struct kernel *kernel, struct run_options *options,
		  struct outputs *outputs, char **paths, int n_paths)
{
	struct performance performance = { .options = options, .kernel = kernel,
					   .outputs = outputs };
	struct loaded loaded;
	int rc;

	options->common.load.kernel = kernel->version; /* `kernel >= 6.5` is decided on reading */
	rc = load_all(&loaded, &options->common, paths, n_paths);
	if (rc == 0 && !outputs->text)
		rc = outputs_open(outputs, options, &loaded);
	if (rc == 0)
		rc = perform(&performance, &loaded);
	performance_free(&performance);
	loaded_free(&loaded);
	return rc;
}

static int run_on_all(const struct kernel_list *list, struct run_options *options, char **paths,
		      int n_paths)
{
	struct outputs outputs = { .text = NULL };
	int status = EXIT_PASSED;

	for (size_t i = 0; i < list->count && status != EXIT_USAGE; i++) {
		if (list->count > 1)
			printf("%skernel %s (%s, %s time)\n", i ? "\n" : "", list->kernels[i].name,
			       list->kernels[i].release, list->kernels[i].path ? "virtual" : "real");
		status = worse(status, run_on(&list->kernels[i], options, &outputs, paths, n_paths));
	}
	if (outputs.text && outputs_close(&outputs) < 0)
		status = worse(status, EXIT_MACHINE);
	return status;
}

int command_run(int argc, char **argv)
{
	struct run_options options = { .loudness = NORMAL };
	struct kernel_list list;

	options.suite.play = engine_play;
	options.suite.jobs = (int)sysconf(_SC_NPROCESSORS_ONLN);
	common_init(&options.common, argv[0]);

	int rc = run_read_options(&options, argc, argv);

	if (rc < 0) {
		rc = choose_kernels(&list, &options);
		if (rc == 0)
			rc = run_on_all(&list, &options, argv + optind, argc - optind);
	}
	common_free(&options.common);
	return rc;
}
