/* outputs: where the reports of a run go. See run.h. */
#include "command/run.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Is @path a scenario? A slip ("--json a.scn b.scn") must not cost anybody his work. */
static bool is_input(const char *path, const struct loaded *loaded)
{
	size_t len = strlen(path);
	struct stat target, input;

	if (len >= 4 && strcmp(path + len - 4, ".scn") == 0)
		return true;
	if (stat(path, &target) < 0 || !S_ISREG(target.st_mode))
		return false;
	for (size_t i = 0; i < loaded->count; i++)
		if (stat(loaded->scenarios[i]->source->name, &input) == 0 &&
		    input.st_dev == target.st_dev && input.st_ino == target.st_ino)
			return true;
	return false;
}

/* Return: 0, or EXIT_USAGE after a message. */
static int open_json(struct outputs *outputs, const char *path, const struct loaded *loaded)
{
	if (strcmp(path, "-") == 0) {
		outputs->json = stdout;
		outputs->text = stderr;
		return 0;
	}
	if (is_input(path, loaded)) {
		complain("--json %s: this is a scenario; name another file, or -", path);
		return EXIT_USAGE;
	}
	outputs->json = fopen(path, "we");
	if (outputs->json)
		return 0;
	complain("--json %s: %s", path, strerror(errno));
	return EXIT_USAGE;
}

static int open_record(struct outputs *outputs, const char *path, const struct loaded *loaded)
{
	if (is_input(path, loaded)) {
		complain("--record %s: this is a scenario; name another file", path);
		return EXIT_USAGE;
	}
	outputs->record_name = path;
	outputs->record = fopen(path, "we");
	if (!outputs->record) {
		complain("--record %s: %s", path, strerror(errno));
		return EXIT_USAGE;
	}
	recorded_begin(outputs->record);
	return 0;
}

int outputs_open(struct outputs *outputs, const struct run_options *options,
		 const struct loaded *loaded)
{
	*outputs = (struct outputs){ .text = stdout, .json_name = options->json };

	int rc = options->json ? open_json(outputs, options->json, loaded) : 0;

	if (rc == 0 && options->record)
		rc = open_record(outputs, options->record, loaded);
	outputs->out_style = report_style_for(outputs->text, options->common.color);
	outputs->err_style = report_style_for(stderr, options->common.color);
	return rc;
}

void outputs_failed(struct outputs *outputs, const char *what, const char *why)
{
	complain("%s: %s", what, why);
	if (!outputs->write_error)
		outputs->write_error = -EIO;
}

bool outputs_flush(struct outputs *outputs)
{
	if (outputs->json && fflush(outputs->json) != 0 && !outputs->write_error)
		outputs_failed(outputs, outputs->json_name, strerror(errno));
	if (fflush(outputs->text) != 0 && !outputs->write_error)
		outputs_failed(outputs, "standard output", strerror(errno));
	return !outputs->write_error;
}

int outputs_close(struct outputs *outputs)
{
	if (outputs->json && outputs->json != stdout && fclose(outputs->json) != 0)
		outputs_failed(outputs, outputs->json_name, strerror(errno));
	if (outputs->record && (ferror(outputs->record) | fclose(outputs->record)) != 0)
		outputs_failed(outputs, outputs->record_name, strerror(errno));
	if (fflush(stdout) != 0 && !outputs->write_error)
		outputs_failed(outputs, "standard output", strerror(errno));
	return outputs->write_error;
}
