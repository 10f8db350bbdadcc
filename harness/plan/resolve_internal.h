/* resolve_internal: what the files of resolve share. Nobody else includes it.
 *
 *   resolve.c          the walk over the lines, kernel blocks, the finished plan
 *   resolve_scene.c    scenario, about, host, sysctl, link …
 *   resolve_wire.c     send, inject, expect, drop, delay, hold, cut, wait …
 *   resolve_rule.c     standing rules, and packets that are counted
 *   resolve_establish.c  the handshake in one line
 *   resolve_packet.c   flags and fields    resolve_option.c   TCP options
 *   resolve_flow.c     connections and their ports
 *   resolve_time.c     times
 *   resolve_probe.c    sockets, callers, calls
 *   resolve_ask.c      questions and their answers
 *   resolve_program.c  programs
 *   calls.c            the table of calls and their arguments
 *   resolve_result.c   what stands behind '->'
 *
 * Whatever a line can change for the lines after it is in struct scope, which is
 * plain data: a branch of a `kernel` block that is not played is resolved like any
 * other, then the scope is put back as it was. Functions that can fail have
 * reported the error themselves when they return false.
 */
#ifndef TCPSCEN_PLAN_RESOLVE_INTERNAL_H
#define TCPSCEN_PLAN_RESOLVE_INTERNAL_H

#include "lang/foreign.h"
#include "plan/names.h"
#include "plan/resolve.h"

/* A listener's accept queue unless `backlog` is written. */
enum { DEFAULT_BACKLOG = 128 };
/* Bytes of text or hex one write may carry (a message to the probe), and filler bytes. */
enum { WRITE_TEXT_MAX = 64 << 10, WRITE_FILLER_MAX = 100 * 1000 * 1000, READ_DEFAULT = 64 << 10 };
enum { FIRST_CRAFTED_PORT = 40000 };
enum { CONSTANTS_MAX = 64 }; /* of one prefix, see constant_words() */
enum { MAX_DAYS = 30, REPEAT_MAX = 1000 };
#define LONGEST_NS (MAX_DAYS * 24 * 3600 * INT64_C(1000000000))

/* Scene lines that may stand only once. */
enum once { ONCE_SCENARIO, ONCE_ABOUT, ONCE_MTU, ONCE_DELAY, ONCE_OFFLOAD, ONCE_TOLERANCE,
	    ONCE_PATIENCE, ONCE_IP, N_ONCE };

/* What resolve knows of a socket beyond the plan. */
struct socket_notes {
	uint16_t port; /* bound or listening there; 0: unknown */
	bool used;     /* listens, is connected or came out of accept: connect() would fail */
};

/* What resolve knows of a connection beyond the plan. */
struct flow_notes {
	bool timestamps; /* a crafted SYN carried the option: segments may carry it by default */
};

/* The call of a caller whose answer is not written yet. */
struct pending {
	const struct plan_call *call; /* NULL: none */
	int step;
	const struct plan_call *ended; /* waited, and had no answer when the next one began; or NULL */
};

/* A packet that is held back, or was. */
struct held {
	const char *name;
	bool held;        /* not released yet */
	struct span span; /* of its 'hold' */
};

struct scope {
	struct plan_flow flows[PLAN_FLOWS_MAX];
	struct flow_notes flow_notes[PLAN_FLOWS_MAX];
	int n_flows;
	int main_flow;                     /* the one without a name; NO_INDEX: not begun */

	struct plan_socket sockets[PLAN_SOCKETS_MAX];
	struct socket_notes socket_notes[PLAN_SOCKETS_MAX];
	int n_sockets;
	int newest_socket[PLAN_HOSTS];
	int newest_listener[PLAN_HOSTS];
	uint16_t port[PLAN_HOSTS];         /* of its latest listen or bind, or connect to it */

	struct plan_caller callers[PLAN_CALLERS_MAX];
	struct pending pending[PLAN_CALLERS_MAX];
	int n_callers;

	struct held held[PLAN_HELD_MAX];
	int n_held;
	int rules[PLAN_RULES_MAX];         /* steps of the rules that stand until 'end rule' */
	int n_rules;
	int n_counted;                     /* rules of one packet: when they end, nobody knows */
	int n_armed;
	bool cut[PLAN_HOSTS];              /* nothing passes from there */

	struct plan_program programs[PLAN_PROGRAMS_MAX];
	int n_programs;
	int newest_program[PLAN_HOSTS];
	bool program_unsure[PLAN_HOSTS];   /* a `run` of it was wrong */

	bool timeline;                     /* the first line of the timeline has been met */
	bool packets;                      /* a line before this one speaks of packets */
	bool once[N_ONCE];
	bool unsure[PLAN_HOSTS];           /* a call of it was wrong: it may have made a socket */
};

struct resolver {
	const struct target *target;
	const struct source *source;
	struct diags *diags;
	struct arena *arena;    /* the plan's */
	struct plan *plan;
	struct scope scope;
	bool failed;            /* an error was found, perhaps one that was known already */
	bool live;              /* false in a branch that is not played */
	bool hosts_wrong;       /* reported; the timeline would only repeat it */
	bool untitled;          /* reported: the title does not come first */
	int depth;              /* of kernel blocks */
	bool main_flow_spoken;  /* a line that is played is of the connection without a name */

	/* growing arrays of the plan */
	struct plan_step *steps;
	struct plan_sysctl *sysctls;
	const char **rfcs, **tags;

	/* abc…z over and over, shared by all payloads that are filler */
	const uint8_t *filler;
	size_t filler_len;
};

/* ---- errors ---- */

#define FAIL(r, span, ...) \
	((r)->failed = true, diag_error((r)->diags, (r)->source, (span), __VA_ARGS__))
#define HELP(r, ...) diag_help((r)->diags, __VA_ARGS__)

/* "unknown @what 'word'", and the nearest of @known as help (or @otherwise when none is near;
 * NULL: nothing). Return: false, always. */
bool unknown_word(struct resolver *r, const struct ast_word *word, const char *what,
		  const char *const *known, const char *otherwise);

/* Is @number within [@low, @high]? If not: "@what is from @low to @high". */
bool in_range(struct resolver *r, struct span span, const char *what, int64_t number, int64_t low,
	      int64_t high);

/* A duration of 0 … 30 days. */
bool duration_ok(struct resolver *r, struct span span, int64_t ns);

/* ---- common steps ---- */

/* The index of the host of that name, or NO_INDEX with an error. */
int find_host(struct resolver *r, const struct ast_word *word);
/* The same where `any` could stand, too. */
int find_address(struct resolver *r, const struct ast_word *word);
/* The same without an error. */
int host_named(const struct resolver *r, const char *name);
bool is_kernel(const struct resolver *r, int host);
const char *host_name(const struct resolver *r, int host);
bool two_kernels(const struct resolver *r);

/* Append a step (in a branch that is not played: nothing). Return: its index. */
int add_step(struct resolver *r, const struct plan_step *step);

/* A step with everything absent but its kind and place. */
struct plan_step new_step(enum step_kind kind, struct span span);

/* Copy into the plan's arena. */
const uint8_t *copy_bytes(struct resolver *r, const char *bytes, size_t len);

/* @len bytes of filler; valid as long as the plan. */
const uint8_t *filler(struct resolver *r, size_t len);

/* A payload's bytes (VAL_STRING, VAL_HEX, VAL_BYTES up to DATA_MAX). */
bool resolve_payload(struct resolver *r, const struct ast_value *value, const uint8_t **data,
		     size_t *len);

/* ---- subjects ---- */

void resolve_lines(struct resolver *r, const struct ast_line *lines, size_t n);
void resolve_scene(struct resolver *r, const struct ast_line *line);
/* The title must have come before this line. */
void check_title(struct resolver *r, const struct ast_line *line);
bool kernel_holds(const struct resolver *r, const struct ast_line *line);

void resolve_wire(struct resolver *r, const struct ast_line *line);
void resolve_establish(struct resolver *r, const struct ast_line *line);
void resolve_rule(struct resolver *r, const struct ast_line *line);
void resolve_end_rule(struct resolver *r, const struct ast_line *line);
/* Is this a line that speaks of packets yet to come, rather than of the next one? */
bool is_rule_line(const struct ast_line *line);
/* The packets that a rule or a trigger speaks of; there must be such packets. @flow: the
 * connection if none is written, NO_INDEX: any. */
bool resolve_rule_pattern(struct resolver *r, const struct ast_packet *ast, int flow,
			  struct plan_packet *out);
/* by DURATION */
bool resolve_by(struct resolver *r, const struct ast_line *line, int64_t *delay);

/* Which lines a packet may stand in. */
enum packet_use {
	PACKET_SENT,
	PACKET_EXPECTED,
	PACKET_RULE,   /* what a rule or an armed packet speaks of: @from may be NO_INDEX */
	PACKET_CHANGE, /* the new field of 'rewrite': written like one that is sent */
};
bool resolve_packet(struct resolver *r, const struct ast_packet *ast, int from,
		    enum packet_use use, struct plan_packet *out);
/* The field that @pattern's packets are given. */
bool resolve_change(struct resolver *r, const struct ast_clause *clause,
		    struct plan_packet *pattern, struct plan_packet *out);
const struct ast_clause *find_clause(const struct ast_packet *packet, enum ast_clause_kind kind);
bool resolve_options(struct resolver *r, const struct ast_clause *clause, enum packet_use use,
		     struct plan_packet *out);
/* Bytes that the options take in the header, padding included. */
size_t options_size(const struct plan_packet *packet);
/* Bytes of an IP and a TCP header without options. */
int headers_size(const struct resolver *r);

/* The connection a packet line speaks of; begins it if it is its first line. Of a packet whose
 * flags are wrong (@flags_known false) nothing more is demanded. */
bool resolve_flow(struct resolver *r, const struct ast_packet *ast, enum packet_use use,
		  bool flags_known, struct plan_packet *out);
/* If this crafted SYN has timestamps, segments of its connection may carry them from now on. */
void note_timestamps(struct resolver *r, const struct plan_packet *packet);
/* Begin a connection. @name: NULL for the main one. Return: its index or NO_INDEX. */
int add_flow(struct resolver *r, const char *name, struct span span);
int find_flow(const struct resolver *r, const char *name);
int find_socket(const struct resolver *r, int host, const char *name);
/* The port a crafted host uses for connection @flow when its line names none. */
uint16_t crafted_port(const struct resolver *r, int host, int flow);
/* NULL-terminated names of the connections, or of the sockets of @host. */
void flow_words(const struct resolver *r, const char *words[PLAN_FLOWS_MAX + 1]);
void socket_words(const struct resolver *r, int host, const char *words[PLAN_SOCKETS_MAX + 1]);
bool check_port(struct resolver *r, const struct ast_value *endpoint, int64_t lowest);

/* Any kind of time (a packet that is expected) · one moment (@verb: "a 'send'") · the time of
 * a result. */
bool resolve_time(struct resolver *r, const struct ast_time *time, struct plan_time *out);
bool resolve_time_of_send(struct resolver *r, const char *verb, const struct ast_time *time,
			  struct plan_time *out);
bool resolve_time_of_answer(struct resolver *r, const struct ast_line *line, struct plan_time *out);

void resolve_call_line(struct resolver *r, const struct ast_line *line);
void resolve_answer_line(struct resolver *r, const struct ast_line *line);
void resolve_question(struct resolver *r, const struct ast_line *line, int host,
		      enum question_id id);
/* The socket `on NAME` of a call, or of a question. Return: NO_INDEX after an error. */
int named_socket(struct resolver *r, const struct ast_word *on, int host);
/* "has no socket yet", unless an error is known that explains it. Return: NO_INDEX. */
int no_socket(struct resolver *r, const struct ast_line *line, int host);
/* The caller of that name (NULL: unnamed), added if new. Return: NO_INDEX after an error. */
int find_caller(struct resolver *r, int host, const char *name, struct span span);
int add_socket(struct resolver *r, int host, const char *name, struct span span);
/* Emit a call; keeps track of what its caller is busy with. */
void add_call(struct resolver *r, struct plan_step *step, const struct plan_call *call);
/* What the call changes for the lines after it; it acts on a socket. */
void note_call(struct resolver *r, int host, const struct plan_call *call);
/* Emit the answer of the call that @step->caller is busy with. */
void add_answer(struct resolver *r, struct plan_step *step);

/* ---- programs (resolve_program.c) ---- */

/* Does the word begin a line about a program: run, stdout … */
bool is_program_word(const char *word);
void resolve_program_line(struct resolver *r, const struct ast_line *line, int host);

/* ---- calls (calls.c) ---- */

/* Results that a call or question may have. */
enum {
	MAY_OK = 1 << 0, MAY_NUMBER = 1 << 1, MAY_DATA = 1 << 2, MAY_ERRNO = 1 << 3,
	MAY_EVENTS = 1 << 4, MAY_ZERO = 1 << 5, MAY_FLAGS = 1 << 6, MAY_ADDRESS = 1 << 7,
	MAY_SIGPIPE = 1 << 8, MAY_QUEUED = 1 << 9, MAY_STATE = 1 << 10, MAY_YES_NO = 1 << 11,
	MAY_TIMER = 1 << 12, MAY_QUEUES = 1 << 13, MAY_INFO = 1 << 14, MAY_SOCKETS = 1 << 15,
	MAY_COUNTER = 1 << 16,
};

/* Which socket a call acts on. */
enum acts_on {
	ON_SOCKET,   /* `on NAME`, else the host's newest */
	ON_LISTENER, /* … else its newest listener */
	ON_NEW,      /* one that the call makes */
	ON_ANY,      /* the newest, or one that the call makes when there is none: connect */
	ON_PORT,     /* one that the call makes if a port is written: listen */
};

/* The words of one probe line that are still to be read. */
struct args {
	struct resolver *r;
	const struct ast_line *line;
	const struct call_row *row;
	const char *usage; /* the row's, or what the first argument makes of it */
	size_t next;
};

struct call_row {
	const char *name;
	enum acts_on on;
	unsigned results;
	bool (*read)(struct args *args, struct plan_call *call);
	const char *usage; /* the arguments, for remedies */
};

const struct call_row *call_row(enum call_id id);
bool call_by_name(const char *text, enum call_id *id);
bool question_by_name(const char *text, enum question_id *id);
unsigned question_results(enum question_id id);
/* What is behind the '->' of @question, whose results are @results. */
bool resolve_ask_result(struct resolver *r, const struct ast_answer *answer,
			const struct plan_question *question, struct plan_result *out);
/* Read the arguments of @line's call into @call. */
bool read_args(struct resolver *r, const struct ast_line *line, struct plan_call *call);
/* The results @call may have; fcntl's depend on its command. */
unsigned call_results(const struct plan_call *call);

/* What is behind '->'. @results: MAY_…, of @name. */
bool resolve_result(struct resolver *r, const struct ast_answer *answer, unsigned results,
		    const char *name, struct plan_result *out);
/* The remedy for what other tools call a result, or NULL; @results: MAY_…, those it may be. */
const char *foreign_result(const char *word, unsigned results);
/* A|B|C or A as numbers or-ed. @what: "an event", for the error. */
bool read_flags(struct resolver *r, const struct ast_value *value, const char *prefix,
		const char *what, int64_t *out);
/* HOST:PORT, :PORT or any:PORT. @any: these two make sense. */
bool read_address(struct resolver *r, const struct ast_value *value, bool any,
		  struct plan_address *out);

#endif
