/* ast: a scenario as its author wrote it.
 *
 * The tree knows the language's shape and nothing of its meaning: names are
 * words, numbers are unchecked, defaults are absent. Every node keeps its span.
 * plan/resolve turns it into a plan.
 */
#ifndef TCPSCEN_LANG_AST_H
#define TCPSCEN_LANG_AST_H

#include "lang/lex.h"

#include <stdbool.h>
#include <stdint.h>

/* A name with its place. text is NULL when it was not written. */
struct ast_word {
	const char *text;
	struct span span;
};

enum ast_value_kind {
	VAL_WORD,      /* SHUT_WR, ESTABLISHED, ETIMEDOUT, yes */
	VAL_FLAGS,     /* A|B|C: words of the value; at least two */
	VAL_NUMBER,    /* may be negative */
	VAL_STRING,    /* payload text */
	VAL_BYTES,     /* "1000 bytes": number of filler bytes */
	VAL_HEX,       /* hex 01 02 ff: decoded in data/len */
	VAL_DURATION,  /* ns in number */
	VAL_ENDPOINT,  /* host:port, :port, any:port; host in word (text NULL when absent) */
};

struct ast_value {
	enum ast_value_kind kind;
	struct span span;
	struct ast_word word;    /* VAL_WORD, VAL_ENDPOINT; VAL_NUMBER, VAL_DURATION: as written,
	                            without the sign */
	struct ast_word *words;  /* VAL_FLAGS */
	size_t n_words;
	int64_t number;          /* VAL_NUMBER, VAL_BYTES, VAL_DURATION, VAL_ENDPOINT (port) */
	const char *data;        /* VAL_STRING, VAL_HEX */
	size_t len;

	/* answers only */
	bool has_compare;        /* >= 1000 */
	enum compare compare;
	bool has_high;           /* 10..20: VAL_NUMBER or VAL_DURATION */
	int64_t high;
	bool has_tolerance;      /* 200ms +-20ms: VAL_DURATION */
	int64_t tolerance;
	bool comma;              /* one stands before it */
};

/* ---- packets ---- */

enum ast_seq_kind { AST_SEQ_RELATIVE, AST_SEQ_NEXT, AST_SEQ_ABSOLUTE, AST_SEQ_ANY };

/* seq 1 · seq -1 · seq 1..1000 · seq next · seq next-1 · seq abs 0xfffffff0 · seq any */
struct ast_seq {
	enum ast_seq_kind kind;
	int64_t value; /* the number, or what is added to next */
	int64_t high;  /* a range: its end; else @value */
	struct span span;
};

enum ast_option_kind {
	AST_OPT_EOL, AST_OPT_NOP, AST_OPT_MSS, AST_OPT_WSCALE, AST_OPT_SACKOK,
	AST_OPT_SACK, AST_OPT_TS, AST_OPT_FASTOPEN, AST_OPT_MD5, AST_OPT_HEX,
};

/* One number of an option: written, `any`, `last` (ts echo only), or absent. */
struct ast_optnum {
	enum { OPTNUM_ABSENT, OPTNUM_VALUE, OPTNUM_ANY, OPTNUM_LAST } kind;
	int64_t value;
	struct span span;
};

struct ast_option {
	enum ast_option_kind kind;
	struct span span;
	struct ast_optnum a, b;  /* mss N · wscale N · ts VAL ECR */
	int64_t (*blocks)[2];    /* sack LEFT-RIGHT …: relative to the other host's stream */
	size_t n_blocks;
	const char *data;        /* fastopen HEX · md5 HEX · hex BYTES */
	size_t len;
};

enum ast_clause_kind {
	CL_SEQ, CL_ACK,          /* seq */
	CL_WIN, CL_LEN, CL_URGENT, CL_OFFSET, CL_TTL, CL_DSCP, CL_RESERVED, CL_MTU,
	CL_ID, CL_FLOWLABEL,     /* number in low (and high for `len 1..1448`) */
	CL_ECN,                  /* word: ce ect0 ect1 not-ect */
	CL_DF,                   /* word: on off */
	CL_CHECKSUM,             /* word `bad`, or number */
	CL_DATA,                 /* value: VAL_STRING, VAL_BYTES or VAL_HEX */
	CL_OPTIONS,              /* options; `none` = no items; more = `...` at the end */
	CL_TO,                   /* value: VAL_ENDPOINT */
	CL_ON,                   /* word: a connection's name */
	CL_AS,                   /* word: name of a held packet (hold … as a) */
	CL_AGAIN,                /* a retransmission */
	CL_NTH,                  /* 3rd: number in low */
	CL_ABOUT,                /* about last DATA [from HOST]: about_flags, host in word */
	N_CLAUSES
};

struct ast_clause {
	enum ast_clause_kind kind;
	struct span span;
	struct ast_seq seq;
	int64_t low, high;
	struct ast_word word;
	struct ast_value value;
	struct ast_option *options;
	size_t n_options;
	bool more;
	struct ast_word about_flags;
};

enum ast_time_kind {
	AST_TIME_NONE, AST_TIME_WITHIN, AST_TIME_AFTER, AST_TIME_AT, AST_TIME_BETWEEN,
	AST_TIME_DOUBLING, /* again N times doubling from D up to D */
	AST_TIME_EVERY,    /* again N times every D */
	AST_TIME_UNTIL,    /* questions: until 60s */
};

struct ast_time {
	enum ast_time_kind kind;
	struct span span;
	int64_t *ns; /* WITHIN/AFTER/UNTIL: 1; AT: n; BETWEEN: 2; DOUBLING: from, to; EVERY: 1 */
	size_t n;
	int64_t times;     /* DOUBLING, EVERY */
	bool has_tolerance; /* +-20ms */
	int64_t tolerance;
};

/* What a wire line speaks of: "SYN-ACK from client …" or "icmp KIND from …". */
struct ast_packet {
	struct span span;        /* the flags or the ICMP kind */
	struct ast_word flags;   /* "SYN-ACK", "DATA"; text NULL for ICMP; `all` lines may say
	                            "packets" */
	struct ast_word icmp;    /* one of the grammar's ICMPKINDs; text NULL for TCP */
	struct ast_word from;
	struct ast_clause *clauses;
	size_t n_clauses;
};

/* ---- lines ---- */

enum ast_line_kind {
	/* the scene */
	LINE_SCENARIO, LINE_ABOUT, LINE_RFC, LINE_TAGS, LINE_HOST, LINE_IP, LINE_SYSCTL,
	LINE_LINK, LINE_TOLERANCE, LINE_PATIENCE, LINE_NEEDS, LINE_FOR,
	LINE_KERNEL,        /* kernel >= 6.5 … else … end: then/otherwise */
	/* the wire */
	LINE_SEND, LINE_INJECT, LINE_EXPECT, LINE_DROP, LINE_DELAY, LINE_DUPLICATE, LINE_HOLD,
	LINE_RELEASE, LINE_CORRUPT, LINE_REWRITE, LINE_DROP_ALL, LINE_DELAY_ALL, LINE_IGNORE,
	LINE_END_RULE, LINE_CUT, LINE_MEND, LINE_ESTABLISH, LINE_WAIT,
	/* the probe */
	LINE_CALL, LINE_ANSWER,
};

/* What is written behind '->'. Several answers may follow each other:
 * `-> EPIPE SIGPIPE`, `-> 4 queued ECONNREFUSED icmp 3 3`, `-> contains "x"`. */
struct ast_answer {
	bool written;
	struct span span;
	bool has_compare;       /* -> >= 1000 */
	enum compare compare;
	struct ast_value *values;
	size_t n_values;
};

struct ast_line {
	enum ast_line_kind kind;
	struct span span;       /* the whole line, without the comment */
	struct span verb;       /* its first word */

	struct ast_word word;   /* host's name · sysctl's host · release NAME · probe's host ·
	                           cut FROM (`cut wire`: text NULL) · establish: the client */
	struct ast_word other;  /* host's kind · link offload word · cut TO · probe's caller */
	struct ast_word key;    /* host's `owned` · sysctl's key · for's name · the call's or
	                           question's name */
	struct ast_value *values; /* title, about, rfc parts, tags, ip, sysctl values, for values,
	                             call arguments, wait, delay … by, tolerance, patience;
	                             establish: the server, a VAL_ENDPOINT */
	size_t n_values;
	enum compare compare;   /* kernel, needs */
	int version[2];         /* kernel, needs: 6.5 */

	/* link: only those written are set */
	struct ast_value *mtu, *delay;

	struct ast_packet *packet;  /* establish: clauses only, CL_OPTIONS if written */
	struct ast_packet *trigger; /* inject … after FIN from server */
	struct ast_clause *rewrite; /* rewrite P FIELD VALUE: the clause to change */
	struct ast_time time;

	struct ast_word on;     /* probe: on SOCKET; establish: on NAME */
	struct ast_word as;     /* probe: as SOCKET; wire `on`/`as` are clauses */
	struct ast_answer answer;

	struct ast_line *then, *otherwise; /* LINE_KERNEL: arrays */
	size_t n_then, n_otherwise;
};

struct ast {
	const struct source *source;
	struct ast_line *lines;
	size_t n_lines;
};

#endif
