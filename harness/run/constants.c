/* constants: see constants.h. The table is that of plan/names, read backwards. */
#include "run/constants.h"

#include "base/strbuf.h"
#include "plan/names.h"

#include <fcntl.h>

enum { WORDS_MAX = 64 };

/* The first constant with @prefix that has this number, NULL: none. */
static const char *constant_name(const char *prefix, int64_t number)
{
	const char *words[WORDS_MAX];
	size_t n = constant_words(prefix, words, WORDS_MAX);
	int64_t known;

	for (size_t i = 0; i < n; i++)
		if (constant_by_name(prefix, words[i], &known) && known == number)
			return words[i];
	return NULL;
}

/* "A|B|0x40" of the constants with @prefix. */
static void bits_text(const char *prefix, int64_t bits, struct strbuf *out)
{
	const char *words[WORDS_MAX];
	size_t n = constant_words(prefix, words, WORDS_MAX);
	const char *between = "";
	int64_t known;

	for (size_t i = 0; i < n; i++) {
		if (!constant_by_name(prefix, words[i], &known) || known == 0 ||
		    (bits & known) != known)
			continue;
		strbuf_printf(out, "%s%s", between, words[i]);
		bits &= ~known;
		between = "|";
	}
	if (bits != 0)
		strbuf_printf(out, "%s0x%llx", between, (unsigned long long)bits);
}

const char *shutdown_name(int64_t how)
{
	return constant_name("SHUT_", how);
}

const char *fcntl_name(int64_t command)
{
	return constant_name("F_", command);
}

const char *ioctl_name(int64_t request)
{
	return constant_name("SIO", request);
}

const char *sockopt_name(int64_t level, int64_t option)
{
	int word_level, word_option;

	for (const char *const *word = sockopt_words(); *word; word++)
		if (sockopt_by_name(*word, &word_level, &word_option) && word_level == level &&
		    word_option == option)
			return *word;
	return NULL;
}

void msg_flags_text(int64_t flags, struct strbuf *out)
{
	if (flags == 0)
		strbuf_puts(out, "0");
	bits_text("MSG_", flags, out);
}

void poll_events_text(int64_t events, struct strbuf *out)
{
	if (events == 0)
		strbuf_puts(out, "0");
	bits_text("POLL", events, out);
}

void open_flags_text(int64_t flags, struct strbuf *out)
{
	/* The access mode is a number in two of the bits, and O_RDONLY is 0. */
	const char *mode = constant_name("O_", flags & O_ACCMODE);

	strbuf_puts(out, mode ? mode : "O_ACCMODE");
	if (flags & ~(int64_t)O_ACCMODE) {
		strbuf_addch(out, '|');
		bits_text("O_", flags & ~(int64_t)O_ACCMODE, out);
	}
}
