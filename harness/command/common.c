/* common: options and loading, shared by run, check and list. */
#include "command/command.h"

#include "base/strbuf.h"
#include "base/utf8.h"
#include "command/files.h"
#include "command/kernels.h"
#include "command/select.h"
#include "plan/names.h"
#include "report/style.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- messages ---- */

static void print_list(FILE *out, const char *format, va_list args)
{
	struct strbuf clean = STRBUF_INIT;
	char *text;

	if (vasprintf(&text, format, args) < 0)
		return;
	utf8_clean(&clean, text);
	fputs(strbuf_text(&clean), out);
	strbuf_free(&clean);
	free(text);
}

void print_clean(FILE *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_list(out, format, args);
	va_end(args);
}

void complain(const char *format, ...)
{
	va_list args;

	fputs("tcpscen: ", stderr);
	va_start(args, format);
	print_list(stderr, format, args);
	va_end(args);
	putc('\n', stderr);
}

int own_path(char *path, size_t room)
{
	ssize_t len = readlink("/proc/self/exe", path, room - 1);
	int rc = len < 0 ? -errno : 0;

	path[len < 0 ? 0 : len] = '\0';
	if (rc < 0)
		complain("cannot find this program: %s (is /proc mounted?)", strerror(-rc));
	return rc;
}

/* ---- options ---- */

void common_init(struct common_options *options, const char *command)
{
	*options = (struct common_options){
		.command = command, .color = "auto", .arena = arena_new(),
	};
	options->load.kernel = kernel_running(options->arena).version;
}

void common_free(struct common_options *options)
{
	arena_free(options->arena);
}

static int add_define(struct common_options *options, const char *text)
{
	struct load_options *load = &options->load;
	const char *equals = strchr(text, '=');

	if (!equals || equals == text) {
		complain("-D %s: write -D name=value", text);
		return EXIT_USAGE;
	}
	load->defines = arena_grow(options->arena, load->defines, load->n_defines,
				   sizeof(*load->defines));
	load->defines[load->n_defines++] = (struct define){
		.name = arena_strndup(options->arena, text, (size_t)(equals - text)),
		.value = arena_strdup(options->arena, equals + 1),
	};
	return 0;
}

static int set_ip(struct common_options *options, const char *text)
{
	struct load_options *load = &options->load;

	load->ip_given = true;
	memset(&load->ip, 0, sizeof(load->ip));
	for (int ip = IP_V4; ip <= IP_MAPPED; ip++)
		if (strcmp(text, "all") == 0 || strcmp(text, ip_name((enum ip_version)ip)) == 0)
			load->ip.wanted[ip] = true;
	if (load->ip.wanted[IP_V4] || load->ip.wanted[IP_V6] || load->ip.wanted[IP_MAPPED])
		return 0;
	complain("--ip %s: choose 4, 6, mapped or all", text);
	return EXIT_USAGE;
}

static int set_color(struct common_options *options, const char *text)
{
	if (strcmp(text, "auto") != 0 && strcmp(text, "always") != 0 &&
	    strcmp(text, "never") != 0) {
		complain("--color %s: choose auto, always or never", text);
		return EXIT_USAGE;
	}
	options->color = text;
	return 0;
}

static int set_selection(struct common_options *options, const char *text)
{
	const char *error;

	options->selection = selection_parse(options->arena, text, &error);
	if (options->selection)
		return 0;
	complain("-k '%s': %s", text, error);
	return EXIT_USAGE;
}

void common_taken(struct common_options *options, const char *option, const char *value)
{
	size_t len = strlen(value);

	if (len < 4 || strcmp(value + len - 4, ".scn") != 0)
		return;
	options->taken_by = option;
	options->taken = value;
}

int common_option(struct common_options *options, int opt, const char *value)
{
	switch (opt) {
	case 'D':
		return add_define(options, value);
	case 'k':
		common_taken(options, "-k", value);
		return set_selection(options, value);
	case OPT_IP:
		return set_ip(options, value);
	case OPT_COLOR:
		return set_color(options, value);
	default: /* getopt_long has said what is wrong */
		fprintf(stderr, "see %s --help\n", options->command);
		return EXIT_USAGE;
	}
}

/* getopt_long(3) has said that it knows no such option. @word: as it was given */
static void suggest_option(const struct option_set *set, const char *word)
{
	enum { OPTIONS_MAX = 32, NAME_LEN = 48 };
	const char *names[OPTIONS_MAX + 1] = { NULL }, *nearest;
	char name[NAME_LEN];
	size_t n = 0;

	if (strncmp(word, "--", 2) != 0)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	for (const struct option *option = set->longs; option->name && n < OPTIONS_MAX; option++) {
		if (strncmp(option->name, name, strlen(name)) == 0)
			return; /* it is known, but lacks its value, or is ambiguous */
		names[n++] = option->name;
	}
	nearest = nearest_word(name, names);
	if (nearest)
		fprintf(stderr, "did you mean '--%s'?\n", nearest);
}

int read_options(const struct option_set *set, void *context, int argc, char **argv)
{
	int opt, rc;

	while ((opt = getopt_long(argc, argv, set->letters, set->longs, NULL)) >= 0) {
		if (opt == 'h') {
			fputs(set->help, stdout);
			return EXIT_PASSED;
		}
		if (opt == '?')
			suggest_option(set, argv[optind - 1]);
		rc = set->take(context, opt, optarg);
		if (rc)
			return rc;
	}
	return -1;
}

const char *variant_id(struct arena *arena, const struct plan *plan)
{
	return arena_printf(arena, "%s[%s]", plan->source->name, plan->variant);
}

/* ---- loading ---- */

/* Load one file and print its errors, all of them. */
static struct scenario *load_file(struct loaded *loaded, struct common_options *options,
				  const char *path)
{
	struct diags diags;

	diags_init(&diags, loaded->arena);

	struct scenario *scenario = scenario_load(path, &options->load, loaded->arena, &diags);

	if (!scenario || diags.count)
		loaded->failed = true;
	diags_sort(&diags);
	diags_print(stderr, &diags, report_style_for(stderr, options->color).color);
	return scenario;
}

static void load_files(struct loaded *loaded, struct common_options *options,
		       const struct files *files)
{
	loaded->scenarios = calloc(files->count + 1, sizeof(*loaded->scenarios));
	for (size_t i = 0; loaded->scenarios && i < files->count; i++) {
		struct scenario *scenario = load_file(loaded, options, files->paths[i]);

		if (!scenario)
			continue;
		loaded->scenarios[loaded->count++] = scenario;
		selection_know(options->selection, scenario->plans, scenario->n_plans);
	}
}

/* A -D that no scenario knows is a slip of the finger. */
static void check_defines(struct loaded *loaded, const struct load_options *load)
{
	for (size_t i = 0; i < load->n_defines; i++) {
		if (load->defines[i].used || loaded->failed)
			continue;
		complain("-D %s: no scenario has a parameter of this name",
			load->defines[i].name);
		loaded->failed = true;
	}
}

int load_all(struct loaded *loaded, struct common_options *options, char **paths, int n_paths)
{
	struct files files = { .count = 0 };

	*loaded = (struct loaded){ .arena = arena_new() };
	if (n_paths == 0 && options->taken) {
		complain("name a scenario file, or a folder of them: '%s' is the value of %s",
			 options->taken, options->taken_by);
		loaded->failed = true;
	} else if (n_paths == 0) {
		complain("name a scenario file, or a folder of them");
		loaded->failed = true;
	}
	for (int i = 0; i < n_paths; i++) {
		const char *error = files_add(&files, loaded->arena, paths[i]);

		if (error) {
			complain("%s", error);
			loaded->failed = true;
		}
	}
	load_files(loaded, options, &files);
	check_defines(loaded, &options->load);
	return loaded->failed ? EXIT_USAGE : 0;
}

void loaded_free(struct loaded *loaded)
{
	for (size_t i = 0; i < loaded->count; i++)
		scenario_free(loaded->scenarios[i]);
	free(loaded->scenarios);
	arena_free(loaded->arena);
}
