/* run_options: the command line of `tcpscen run`. See run.h. */
#include "command/run.h"

#include "base/clock.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"usage: tcpscen run [OPTION...] PATH...\n\n"
	"Plays scenario files, or all *.scn of folders, each variant once, in namespaces of its own,\n"
	"on the running kernel or, in virtual time, on a kernel that `make kernel` has built.\n"
	"One scenario alone shows its ladder; several show a line each, and what failed.\n\n"
	"  -j N             play N at a time (default: the number of processors)\n"
	"  -x               stop at the first failure\n"
	"  -k EXPR          only variants of which EXPR is true: tags and parts of names,\n"
	"                   joined by and, or, not\n"
	"  -D NAME=VALUE    give a parameter this value\n"
	"  --ip 4|6|mapped|all\n"
	"                   only these of a scenario's IP versions; mapped also where a\n"
	"                   scenario does not ask for it\n"
	"  --time real|virtual|auto\n"
	"                   virtual: on a guest kernel, where waiting takes no time; auto: both\n"
	"  --kernel NAME[,NAME...]\n"
	"                   on each of these: host (real time) and those that are built (virtual\n"
	"                   time; see tcpscen doctor); then compare\n"
	"  --guest-patience SECONDS\n"
	"                   virtual time: how long on your clock a guest may compute without a\n"
	"                   word, until it is taken for one that spins (default: 10)\n"
	"  --timeout SECONDS\n"
	"                   stop a variant that takes longer on your clock (default: by its own\n"
	"                   times)\n"
	"  --repeat N       play each variant N times, all of them once and then again; report those\n"
	"                   that fail, and which do so now and then\n"
	"  --replays N      play a variant again, up to N times (default: 4), when the machine was\n"
	"                   too busy to tell what the kernel does\n"
	"  --captures DIR   write a capture file (pcapng) for each variant; with --repeat, for each\n"
	"                   play that does not pass\n"
	"  --record FILE    write what passes as a timeline: each packet with its nanosecond\n"
	"  --timeline FILE  fail what differs from it (both: virtual time only)\n"
	"  --json FILE|-    write each variant's whole record as a line of JSON\n"
	"  -v               show every ladder\n"
	"  -q               show failures and the summary only\n"
	"  --color auto|always|never\n\n"
	"Exit status: 0 all passed; 1 a scenario failed; 2 wrong usage or a faulty scenario;\n"
	"3 this machine cannot run it. A skip is printed with its reason and counted apart.\n\n"
	"  tcpscen run scenarios/rst_after_fin.scn\n"
	"  tcpscen run --time virtual scenarios/timers\n"
	"  tcpscen run --kernel 6.1,6.12 scenarios/setup\n"
	"  tcpscen run --repeat 1000 -x scenarios/rst_after_fin.scn\n"
	"  tcpscen run -j 16 -k 'timers and not slow' --json results.json scenarios\n";

enum { OPT_TIMEOUT = OPT_COMMON_LAST, OPT_CAPTURES, OPT_JSON, OPT_RECORD, OPT_TIMELINE, OPT_TIME, OPT_KERNEL,
       OPT_GUEST_PATIENCE, OPT_REPLAYS, OPT_REPEAT };

/* A whole number of @low to @high. Return: false after an error message. */
static bool read_number(const char *option, const char *text, long low, long high, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(text, &end, 10);
	if (!errno && end != text && !*end && *out >= low && *out <= high)
		return true;
	complain("%s %s: write a number from %ld to %ld", option, text, low, high);
	return false;
}

static int set_time(struct run_options *options, const char *text)
{
	if (strcmp(text, "real") != 0 && strcmp(text, "virtual") != 0 && strcmp(text, "auto") != 0) {
		complain("--time %s: choose real, virtual or auto", text);
		return EXIT_USAGE;
	}
	options->time = text;
	return 0;
}

static const char *file_name(struct run_options *options, const char *option, const char *value)
{
	common_taken(&options->common, option, value);
	return value;
}

static int run_option(void *context, int opt, const char *value)
{
	struct run_options *options = context;
	long number;

	switch (opt) {
	case 'j':
		if (!read_number("-j", value, 1, 1000, &number))
			return EXIT_USAGE;
		options->suite.jobs = (int)number;
		return 0;
	case OPT_TIMEOUT:
		if (!read_number("--timeout", value, 1, 30 * 24 * 3600, &number))
			return EXIT_USAGE;
		options->suite.timeout = number * NS_PER_S;
		return 0;
	case OPT_GUEST_PATIENCE:
		if (!read_number("--guest-patience", value, 1, 3600, &number))
			return EXIT_USAGE;
		options->guest_patience = number * NS_PER_S;
		return 0;
	case OPT_REPEAT:
		if (!read_number("--repeat", value, 1, 100000, &number))
			return EXIT_USAGE;
		options->suite.rounds = (int)number;
		return 0;
	case OPT_REPLAYS:
		if (!read_number("--replays", value, 0, 1000, &number))
			return EXIT_USAGE;
		options->suite.replays = (int)number;
		return 0;
	case 'x':
		options->suite.stop = true;
		return 0;
	case OPT_TIME:
		return set_time(options, value);
	case OPT_KERNEL:
		options->kernels = value;
		return 0;
	case OPT_CAPTURES:
		options->captures = file_name(options, "--captures", value);
		return 0;
	case OPT_RECORD:
		options->record = file_name(options, "--record", value);
		return 0;
	case OPT_TIMELINE:
		options->timeline = file_name(options, "--timeline", value);
		return 0;
	case OPT_JSON:
		options->json = file_name(options, "--json", value);
		return 0;
	case 'v':
		options->loudness = VERBOSE;
		return 0;
	case 'q':
		options->loudness = QUIET;
		return 0;
	default:
		return common_option(&options->common, opt, value);
	}
}

int run_read_options(struct run_options *options, int argc, char **argv)
{
	static const struct option longs[] = {
		COMMON_LONG,
		{ "jobs", required_argument, NULL, 'j' },
		{ "exitfirst", no_argument, NULL, 'x' },
		{ "timeout", required_argument, NULL, OPT_TIMEOUT },
		{ "time", required_argument, NULL, OPT_TIME },
		{ "kernel", required_argument, NULL, OPT_KERNEL },
		{ "guest-patience", required_argument, NULL, OPT_GUEST_PATIENCE },
		{ "repeat", required_argument, NULL, OPT_REPEAT },
		{ "replays", required_argument, NULL, OPT_REPLAYS },
		{ "captures", required_argument, NULL, OPT_CAPTURES },
		{ "json", required_argument, NULL, OPT_JSON },
		{ "record", required_argument, NULL, OPT_RECORD },
		{ "timeline", required_argument, NULL, OPT_TIMELINE },
		{ "verbose", no_argument, NULL, 'v' },
		{ "quiet", no_argument, NULL, 'q' },
		{ NULL, 0, NULL, 0 },
	};
	static const struct option_set set = { help, COMMON_LETTERS "j:xvq", longs, run_option };

	return read_options(&set, options, argc, argv);
}
