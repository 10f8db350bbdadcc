/* virtual: plays in guest kernels. See run.h and run/guests.h. */
#include "command/run.h"

#include "base/strbuf.h"
#include "plan/names.h"
#include "run/guests.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add_word(struct strbuf *words, const char *word)
{
	strbuf_add(words, word, strlen(word) + 1);
}

static void add_order(struct strbuf *words, const char *verb, const char *word)
{
	add_word(words, verb);
	add_word(words, word);
}

static const char *ip_option(const struct scene_ip *ip)
{
	if (ip->wanted[IP_V4] && ip->wanted[IP_V6])
		return "all";
	for (int i = IP_V4; i <= IP_MAPPED; i++)
		if (ip->wanted[i])
			return ip_name((enum ip_version)i);
	return "all";
}

/* What the guest must know to read the scenarios as we did. */
static void greet(struct strbuf *words, const struct load_options *load)
{
	char *folder = getcwd(NULL, 0);
	const char *path = getenv("PATH");

	if (folder)
		add_order(words, "folder", folder);
	if (path)
		add_order(words, "path", path);
	if (load->ip_given)
		add_order(words, "ip", ip_option(&load->ip));
	for (size_t i = 0; i < load->n_defines; i++) {
		add_word(words, "define");
		strbuf_printf(words, "%s=%s", load->defines[i].name, load->defines[i].value);
		strbuf_addch(words, '\0');
	}
	free(folder);
}

int play_virtually(struct performance *performance, const struct suite_watch *watch)
{
	const struct run_options *options = performance->options;
	struct strbuf greeting = STRBUF_INIT;
	char program[PATH_MAX], why[GUEST_WHY_LEN];
	int rc = own_path(program, sizeof(program));

	if (rc < 0)
		return rc;
	greet(&greeting, &options->common.load);

	struct guest_setup setup = {
		.kernel = performance->kernel->path, .program = program,
		.greeting = greeting.text, .greeting_len = greeting.len,
		.patience = options->guest_patience,
	};

	rc = guests_run(performance->plans, performance->count, &options->suite, watch, &setup, why);
	strbuf_free(&greeting);
	if (rc == -ENOEXEC)
		complain("%s", why);
	else if (rc < 0)
		complain("cannot start a guest: %s", strerror(-rc));
	return rc;
}
