/* resolve_scene: the lines that set the stage.
 *
 * They stand before the first line of the timeline. Those that may stand only
 * once are counted in the scope, so that each branch of a `kernel` block may
 * have its own.
 */
#include "plan/resolve_internal.h"

#include "base/clock.h"
#include "base/strbuf.h"

#include <inttypes.h>
#include <string.h>

/* ---- helpers ---- */

/* The word a scene line begins with, as it stands in the source. */
#define VERB(r, line) (int)(line)->verb.len, (r)->source->text + (line)->verb.start

/* A second line of a kind that stands once? */
static bool first_time(struct resolver *r, struct span span, enum once what, const char *name)
{
	if (r->scope.once[what]) {
		FAIL(r, span, "a second '%s'", name);
		HELP(r, "it stands once in a scenario: remove one of them");
		return false;
	}
	r->scope.once[what] = true;
	return true;
}

static const char *value_string(struct resolver *r, const struct ast_value *value)
{
	return arena_strndup(r->arena, value->data, value->len);
}

/* ---- versions ---- */

/* A version as one number, so that 6.12 is above 6.2. */
static int64_t version_number(int major, int minor)
{
	return (int64_t)major << 32 | minor;
}

/* Does this kernel satisfy "kernel COMPARE VERSION"? */
bool kernel_holds(const struct resolver *r, const struct ast_line *line)
{
	return compare_holds(line->compare,
			     version_number(r->target->kernel.major, r->target->kernel.minor),
			     version_number(line->version[0], line->version[1]));
}

static const char *compare_text(enum compare compare)
{
	static const char *const texts[] = { "==", "!=", ">=", "<=", ">", "<" };

	return texts[compare];
}

static void scene_needs(struct resolver *r, const struct ast_line *line)
{
	const struct kernel_version *have = &r->target->kernel;

	if (!r->live || r->plan->skip || kernel_holds(r, line))
		return;
	r->plan->skip = arena_printf(r->arena, "needs kernel %s %d.%d, this is %d.%d",
				     compare_text(line->compare), line->version[0],
				     line->version[1], have->major, have->minor);
}

/* ---- words about the scenario ---- */

/* Something printable, and no line feed or other control character. */
static bool title_ok(const struct ast_value *title)
{
	for (size_t i = 0; i < title->len; i++)
		if ((unsigned char)title->data[i] < ' ' || title->data[i] == 0x7f)
			return false;
	return title->len > 0;
}

static void scene_scenario(struct resolver *r, const struct ast_line *line)
{
	if (!first_time(r, line->verb, ONCE_SCENARIO, "scenario"))
		return;
	if (!title_ok(&line->values[0])) {
		FAIL(r, line->values[0].span, "a title is one line of text");
		HELP(r, "say what is shown, as a sentence; 'about' has room for more");
	}
	r->plan->title = value_string(r, &line->values[0]);
}

static void scene_about(struct resolver *r, const struct ast_line *line)
{
	if (first_time(r, line->verb, ONCE_ABOUT, "about") && r->live)
		r->plan->about = value_string(r, &line->values[0]);
}

static void add_rfc(struct resolver *r, const char *text)
{
	struct plan *plan = r->plan;

	r->rfcs = arena_grow(r->arena, r->rfcs, plan->n_rfcs, sizeof(*r->rfcs));
	r->rfcs[plan->n_rfcs++] = text;
}

static void scene_rfc(struct resolver *r, const struct ast_line *line)
{
	const struct ast_value *number = &line->values[0];

	if (!in_range(r, number->span, "an RFC's number", number->number, 1, 99999) || !r->live)
		return;
	if (line->n_values == 1)
		add_rfc(r, arena_printf(r->arena, "%" PRId64, number->number));
	else
		add_rfc(r, arena_printf(r->arena, "%" PRId64 " %s", number->number,
					line->values[1].word.text));
}

static void scene_tags(struct resolver *r, const struct ast_line *line)
{
	struct plan *plan = r->plan;

	if (!r->live)
		return;
	for (size_t i = 0; i < line->n_values; i++) {
		r->tags = arena_grow(r->arena, r->tags, plan->n_tags, sizeof(*r->tags));
		r->tags[plan->n_tags++] = arena_strdup(r->arena, line->values[i].word.text);
	}
}

/* ---- hosts ---- */

static bool host_kind_of(struct resolver *r, const struct ast_line *line, enum host_kind *kind)
{
	static const char *const kinds[] = { "kernel", "crafted", NULL };

	*kind = strcmp(line->other.text, "kernel") == 0 ? HOST_KERNEL : HOST_CRAFTED;
	if (*kind == HOST_KERNEL || strcmp(line->other.text, "crafted") == 0)
		return true;
	r->hosts_wrong = true;
	return unknown_word(r, &line->other, "kind of host", kinds,
			    "a host is 'kernel' (a real stack) or 'crafted' (none)");
}

/* Two hosts are there: is one of them a kernel? */
static void check_kinds(struct resolver *r, const struct ast_line *line)
{
	if (is_kernel(r, 0) || is_kernel(r, 1))
		return;
	r->hosts_wrong = true;
	FAIL(r, line->other.span, "there is no kernel in this scenario");
	HELP(r, "make one of the hosts 'kernel': it is what the scenario is about");
}

static void scene_host(struct resolver *r, const struct ast_line *line)
{
	struct plan *plan = r->plan;
	enum host_kind kind;

	if (!host_kind_of(r, line, &kind))
		return;
	for (int i = 0; i < plan->n_hosts; i++) {
		if (strcmp(plan->hosts[i].name, line->word.text) == 0) {
			FAIL(r, line->word.span, "a second host '%s'", line->word.text);
			HELP(r, "give it another name");
			r->hosts_wrong = true;
			return;
		}
	}
	if (plan->n_hosts == PLAN_HOSTS) {
		FAIL(r, line->word.span, "a third host");
		HELP(r, "a scenario has two: the ends of one wire");
		return;
	}
	plan->hosts[plan->n_hosts++] = (struct plan_host){
		.name = arena_strdup(r->arena, line->word.text),
		.kind = kind,
		.owned = line->key.text != NULL,
		.span = line->word.span,
	};
	if (plan->n_hosts == PLAN_HOSTS)
		check_kinds(r, line);
}

/* ---- sysctl ---- */

static bool sysctl_key_ok(struct resolver *r, const struct ast_word *key)
{
	size_t len = strlen(key->text);

	if (strncmp(key->text, "net.", 4) != 0) {
		FAIL(r, key->span, "'%s' is no sysctl of a network namespace", key->text);
		HELP(r, "its name begins with 'net.', as in net.ipv4.tcp_syn_retries");
		return false;
	}
	if (!strstr(key->text, "..") && key->text[len - 1] != '.' && !strchr(key->text, '/'))
		return true;
	FAIL(r, key->span, "'%s' is no name of a sysctl", key->text);
	HELP(r, "words joined by single dots, as in net.ipv4.tcp_syn_retries");
	return false;
}

/* One word of a sysctl's value. Return: NULL after an error. */
static const char *sysctl_word(struct resolver *r, const struct ast_value *value)
{
	switch (value->kind) {
	case VAL_NUMBER:
		return arena_printf(r->arena, "%" PRId64, value->number);
	case VAL_WORD:
		return value->word.text;
	case VAL_STRING:
		if (!memchr(value->data, '\0', value->len) &&
		    !memchr(value->data, '\n', value->len))
			return value->data;
		break;
	case VAL_DURATION:
	case VAL_FLAGS:
	case VAL_BYTES:
	case VAL_HEX:
	case VAL_ENDPOINT:
		break;
	}
	FAIL(r, value->span, "a sysctl's value is made of numbers, words or one-line strings");
	return NULL;
}

/* The value as it is written to the file, or NULL after an error. */
static const char *sysctl_value(struct resolver *r, const struct ast_line *line)
{
	struct strbuf value = STRBUF_INIT;
	const char *text = NULL;
	size_t i;

	for (i = 0; i < line->n_values; i++) {
		const char *word = sysctl_word(r, &line->values[i]);

		if (!word)
			break;
		strbuf_printf(&value, "%s%s", i ? " " : "", word);
	}
	if (i == line->n_values)
		text = arena_strdup(r->arena, strbuf_text(&value));
	strbuf_free(&value);
	if (text && text[strspn(text, " \t")] == '\0') {
		FAIL(r, line->values[0].span, "a sysctl is set to something");
		HELP(r, "the kernel takes an empty value and changes nothing");
		return NULL;
	}
	return text;
}

static void scene_sysctl(struct resolver *r, const struct ast_line *line)
{
	int host = find_host(r, &line->word);
	bool key_ok = sysctl_key_ok(r, &line->key);
	const char *value = sysctl_value(r, line);

	if (host != NO_INDEX && !is_kernel(r, host)) {
		FAIL(r, line->word.span, "%s is a crafted host: it has no sysctls",
		     line->word.text);
		HELP(r, "name the kernel host");
	}
	if (host == NO_INDEX || !key_ok || !value || !r->live)
		return;
	r->sysctls = arena_grow(r->arena, r->sysctls, r->plan->n_sysctls, sizeof(*r->sysctls));
	r->sysctls[r->plan->n_sysctls++] = (struct plan_sysctl){
		.host = host,
		.key = arena_strdup(r->arena, line->key.text),
		.value = value,
		.span = line->span,
	};
}

/* ---- the wire, and time ---- */

static void link_mtu(struct resolver *r, const struct ast_line *line)
{
	int lowest = r->target->ip == IP_V6 ? MIN_MTU_V6 : MIN_MTU;
	const struct ast_value *mtu = line->mtu;

	if (!first_time(r, mtu->span, ONCE_MTU, "mtu"))
		return;
	if (mtu->number >= MIN_MTU && mtu->number < lowest) {
		FAIL(r, mtu->span, "in IPv6 a link's MTU is from %d to %d", lowest, MAX_MTU);
		HELP(r, "with less, the scenario must say 'ip 4'");
	} else if (in_range(r, mtu->span, "a link's MTU", mtu->number, MIN_MTU, MAX_MTU) &&
		   r->live) {
		r->plan->link_mtu = (int)mtu->number;
	}
}

static void scene_link(struct resolver *r, const struct ast_line *line)
{
	if (line->mtu)
		link_mtu(r, line);
	if (line->delay && first_time(r, line->delay->span, ONCE_DELAY, "delay") &&
	    duration_ok(r, line->delay->span, line->delay->number) && r->live)
		r->plan->link_delay = line->delay->number;
	if (!line->other.text || !first_time(r, line->other.span, ONCE_OFFLOAD, "offload"))
		return;
	if (strcmp(line->other.text, "on") != 0)
		return;
	if (r->plan->n_hosts < PLAN_HOSTS || two_kernels(r)) {
		FAIL(r, line->other.span, "'offload on' needs a crafted host, declared before it");
		HELP(r, "between two kernels an unfinished checksum would arrive as a wrong one");
	} else if (r->live) {
		r->plan->link_offload = true;
	}
}

static void scene_tolerance(struct resolver *r, const struct ast_line *line)
{
	const struct ast_value *value = &line->values[0];
	int64_t ns = value->kind == VAL_DURATION ? value->number : 0; /* the word is `exact` */

	if (first_time(r, line->verb, ONCE_TOLERANCE, "tolerance") &&
	    duration_ok(r, value->span, ns) && r->live)
		r->plan->tolerance = ns;
}

static const int64_t LEAST_PATIENCE = NS_PER_MS;

static void scene_patience(struct resolver *r, const struct ast_line *line)
{
	const struct ast_value *value = &line->values[0];

	if (!first_time(r, line->verb, ONCE_PATIENCE, "patience") ||
	    !duration_ok(r, value->span, value->number))
		return;
	if (value->number < LEAST_PATIENCE) {
		FAIL(r, value->span, "nothing happens within so little patience");
		HELP(r, "it is for what does not come at all, and costs nothing else: 1ms … 30 days");
	} else if (r->live) {
		r->plan->patience = value->number;
	}
}

/* ---- ip ---- */

/* Which IP version one value of an `ip` line is, or -1. */
static int ip_of_value(const struct ast_value *value)
{
	if (value->kind == VAL_NUMBER && value->number == 4)
		return IP_V4;
	if (value->kind == VAL_NUMBER && value->number == 6)
		return IP_V6;
	if (value->kind == VAL_WORD && strcmp(value->word.text, "mapped") == 0)
		return IP_MAPPED;
	return -1;
}

static void read_ip(const struct ast *ast, const struct ast_line *line, struct scene_ip *out,
		    struct diags *diags)
{
	*out = (struct scene_ip){ { false } };
	for (size_t i = 0; i < line->n_values; i++) {
		const struct ast_value *value = &line->values[i];
		int ip = ip_of_value(value);

		if (ip >= 0) {
			out->wanted[ip] = true;
		} else if (value->kind == VAL_WORD && strcmp(value->word.text, "both") == 0) {
			out->wanted[IP_V4] = out->wanted[IP_V6] = true;
		} else {
			diag_error(diags, ast->source, value->span, "unknown IP version");
			diag_help(diags, "write 'ip 4', 'ip 6', 'ip mapped', or 'ip both'");
		}
	}
}

struct scene_ip resolve_ip(const struct ast *ast, struct diags *diags)
{
	struct scene_ip both = { { [IP_V4] = true, [IP_V6] = true } };

	for (size_t i = 0; i < ast->n_lines && ast->lines[i].kind <= LINE_KERNEL; i++) {
		struct scene_ip written;

		if (ast->lines[i].kind != LINE_IP)
			continue;
		read_ip(ast, &ast->lines[i], &written, diags);
		for (int ip = 0; ip < 3; ip++)
			if (written.wanted[ip])
				return written;
	}
	return both; /* after an error, too: the rest is still to be checked */
}

/* ---- all of them ---- */

void check_title(struct resolver *r, const struct ast_line *line)
{
	if (r->scope.once[ONCE_SCENARIO] || r->untitled)
		return;
	r->untitled = true;
	FAIL(r, line->verb, "a scenario begins with its title");
	HELP(r, "write above this line: scenario \"what is shown, as a sentence\"");
}

/* Stands the line where it may? */
static bool placed_well(struct resolver *r, const struct ast_line *line)
{
	bool top_only = line->kind == LINE_SCENARIO || line->kind == LINE_HOST ||
			line->kind == LINE_IP || line->kind == LINE_FOR;

	if (r->depth && top_only) {
		FAIL(r, line->verb, "'%.*s' cannot stand in a 'kernel' block", VERB(r, line));
		HELP(r, "move it above the block");
		return false;
	}
	if (r->scope.timeline) {
		FAIL(r, line->verb, "'%.*s' belongs to the scene, above the timeline",
		     VERB(r, line));
		HELP(r, "move it above the first wire or probe line");
		return false;
	}
	if (line->kind != LINE_SCENARIO)
		check_title(r, line);
	return true;
}

static void scene_ip(struct resolver *r, const struct ast_line *line)
{
	first_time(r, line->verb, ONCE_IP, "ip"); /* its values: resolve_ip() */
}

static void scene_for(struct resolver *r, const struct ast_line *line)
{
	(void)r, (void)line; /* read before the file was parsed: see scenario.c */
}

void resolve_scene(struct resolver *r, const struct ast_line *line)
{
	static void (*const scenes[])(struct resolver *, const struct ast_line *) = {
		[LINE_SCENARIO] = scene_scenario,
		[LINE_ABOUT] = scene_about,
		[LINE_RFC] = scene_rfc,
		[LINE_TAGS] = scene_tags,
		[LINE_HOST] = scene_host,
		[LINE_IP] = scene_ip,
		[LINE_SYSCTL] = scene_sysctl,
		[LINE_LINK] = scene_link,
		[LINE_TOLERANCE] = scene_tolerance,
		[LINE_PATIENCE] = scene_patience,
		[LINE_NEEDS] = scene_needs,
		[LINE_FOR] = scene_for,
	};
	_Static_assert(sizeof(scenes) / sizeof(scenes[0]) == LINE_KERNEL,
		       "a function for each scene line");

	if (placed_well(r, line))
		scenes[line->kind](r, line);
}
