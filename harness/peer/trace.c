/* trace: see trace.h.
 *
 * A stop of the filter is the beginning of a call. A call worth telling is resumed
 * with PTRACE_SYSCALL, so that it stops once more when it returns; all others with
 * PTRACE_CONT.
 */
#include "peer/trace.h"

#include "peer/stop.h"
#include "peer/syscall.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE AUDIT_ARCH_RISCV64
#elif defined(__s390x__)
#define NATIVE AUDIT_ARCH_S390X
#else
#define NATIVE 0 /* trace_filter() says so */
#endif

enum { SOCKETS_MAX = 4096, CALLS_MAX = 64 };

/* Of a call that a signal interrupted, the kernel restarts it by itself. */
enum { FIRST_RESTART = 512 /* ERESTARTSYS */, LAST_RESTART = 516 /* ERESTART_RESTARTBLOCK */ };

/* A call that has begun, of one thread: it has at most one that runs, and one that a signal has interrupted
 * and that the kernel may restart when the signal's handler, which makes calls itself, has returned. */
struct under_way {
	pid_t tid;
	const struct shape *shape;
	bool interrupted;
	uint64_t ip, sp; /* where it was made: the kernel restarts it there */
	uint64_t inode;
	struct traced_call call;
};

struct tracer {
	trace_sink *sink;
	void *context;
	uint32_t calls;                  /* told so far */
	uint64_t sockets[SOCKETS_MAX];   /* inodes of TCP sockets, a ring */
	size_t n_sockets;                /* ever */
	struct under_way *under_way;     /* (owned) */
	size_t n_under_way, room;
};

/* ---- the filter ---- */

#define LOAD(field) \
	(struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF_EQUAL(value, then, otherwise) \
	(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (then), (otherwise))
#define RETURN(value) (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, (value))

int trace_filter(bool waits)
{
	struct sock_filter code[SHAPES_MAX + 8];
	size_t n_shapes;
	const struct shape *shapes = syscall_shapes(&n_shapes);
	unsigned short n = 0;

	if (NATIVE == 0)
		return -ENOSYS;
	code[n++] = LOAD(arch);
	code[n++] = IF_EQUAL(NATIVE, 1, 0);
	code[n++] = RETURN(SECCOMP_RET_ALLOW); /* a 32-bit program: runs, untold */
	code[n++] = LOAD(nr);

	unsigned char left = 1; /* comparisons before the last two instructions */

	for (size_t i = 0; i < n_shapes; i++)
		left += waits || !shapes[i].waits;
	for (size_t i = 0; i < n_shapes; i++)
		if (waits || !shapes[i].waits)
			code[n++] = IF_EQUAL((uint32_t)shapes[i].number, left--, 0);
	code[n++] = IF_EQUAL(SYS_restart_syscall, 1, 0);
	code[n++] = RETURN(SECCOMP_RET_ALLOW);
	code[n++] = RETURN(SECCOMP_RET_TRACE);

	const struct sock_fprog program = { .len = n, .filter = code };

	/* Without CAP_SYS_ADMIN in its user namespace a process must give up setuid programs. */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 &&
	    (errno != EACCES || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	     prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0))
		return -errno;
	return 0;
}

/* ---- sockets ---- */

/* The inode of what descriptor @fd of @tid is, 0: no socket. */
static uint64_t inode_of(pid_t tid, int64_t fd)
{
	char path[64], text[64];
	unsigned long long inode;
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/fd/%lld", tid, (long long)fd);
	len = readlink(path, text, sizeof(text) - 1);
	if (len <= 0)
		return 0;
	text[len] = '\0';
	/* NOLINTNEXTLINE(cert-err34-c): the kernel writes numbers */
	return sscanf(text, "socket:[%llu]", &inode) == 1 ? inode : 0;
}

static bool is_known(const struct tracer *tracer, uint64_t inode)
{
	size_t n = tracer->n_sockets < SOCKETS_MAX ? tracer->n_sockets : SOCKETS_MAX;

	for (size_t i = 0; inode && i < n; i++)
		if (tracer->sockets[i] == inode)
			return true;
	return false;
}

static void know(struct tracer *tracer, uint64_t inode)
{
	if (inode && !is_known(tracer, inode))
		tracer->sockets[tracer->n_sockets++ % SOCKETS_MAX] = inode;
}

static bool makes_tcp(const int64_t args[TRACED_ARGS])
{
	return (args[0] == AF_INET || args[0] == AF_INET6) && (args[1] & 0xf) == SOCK_STREAM;
}

/* ---- the program's memory ---- */

static size_t read_memory(const struct memory *memory, uint64_t from, void *to, size_t len)
{
	struct iovec local = { .iov_base = to, .iov_len = len };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)from, .iov_len = len };
	ssize_t n = process_vm_readv(memory->tid, &local, 1, &remote, 1, 0);

	return n > 0 ? (size_t)n : 0;
}

static void look(struct under_way *now)
{
	const struct memory memory = { .read = read_memory, .tid = now->tid };

	syscall_look(now->shape, &memory, &now->call);
}

/* ---- calls ---- */

static struct under_way *find_call(struct tracer *tracer, pid_t tid, bool interrupted)
{
	for (size_t i = 0; i < tracer->n_under_way; i++)
		if (tracer->under_way[i].tid == tid &&
		    tracer->under_way[i].interrupted == interrupted)
			return &tracer->under_way[i];
	return NULL;
}

static void remove_call(struct tracer *tracer, struct under_way *call)
{
	if (call)
		*call = tracer->under_way[--tracer->n_under_way];
}

void trace_ended(struct tracer *tracer, pid_t tid)
{
	remove_call(tracer, find_call(tracer, tid, false));
	remove_call(tracer, find_call(tracer, tid, true));
}

static struct under_way *new_call(struct tracer *tracer, pid_t tid)
{
	remove_call(tracer, find_call(tracer, tid, false));
	if (tracer->n_under_way == tracer->room) {
		size_t room = tracer->room ? 2 * tracer->room : CALLS_MAX;
		void *grown = realloc(tracer->under_way, room * sizeof(*tracer->under_way));

		if (!grown)
			return NULL;
		tracer->under_way = grown;
		tracer->room = room;
	}

	struct under_way *call = &tracer->under_way[tracer->n_under_way++];

	memset(call, 0, sizeof(*call));
	call->tid = tid;
	return call;
}

/* Is it the call that was interrupted, and not one that the signal's handler makes? */
static bool is_restarted(struct tracer *tracer, pid_t tid, const struct __ptrace_syscall_info *info)
{
	struct under_way *before = find_call(tracer, tid, true);

	if (!before || before->ip != info->instruction_pointer || before->sp != info->stack_pointer)
		return false;
	before->interrupted = false;
	return true;
}

/* A call begins. Return: is its end wanted? */
static bool begin_call(struct tracer *tracer, pid_t tid,
		       const struct __ptrace_syscall_info *info)
{
	const struct shape *shape = syscall_shape(info->seccomp.nr);
	uint64_t inode = 0;

	if (is_restarted(tracer, tid, info))
		return true;
	if (!shape)
		return false;

	int64_t args[TRACED_ARGS];

	for (int i = 0; i < TRACED_ARGS; i++)
		args[i] = (int64_t)info->seccomp.args[i];
	args[0] = shape->waits ? args[0] : (int32_t)args[0];
	if (!shape->waits && shape->id != SYSCALL_SOCKET) {
		inode = inode_of(tid, args[0]);
		if (!is_known(tracer, inode))
			return false;
	}
	if (shape->id == SYSCALL_SOCKET && !makes_tcp(args))
		return false;

	struct under_way *now = new_call(tracer, tid);

	if (!now)
		return false;
	now->shape = shape;
	now->ip = info->instruction_pointer;
	now->sp = info->stack_pointer;
	now->inode = inode;
	now->call.id = shape->id;
	now->call.number = ++tracer->calls;
	now->call.tid = tid;
	memcpy(now->call.args, args, sizeof(args));
	look(now);
	tracer->sink(tracer->context, &now->call);
	return true;
}

/* Of two that were interrupted, one in the handler of the other, the first is forgotten. */
static void interrupt_call(struct tracer *tracer, struct under_way *now)
{
	struct under_way call = *now;

	remove_call(tracer, now);
	remove_call(tracer, find_call(tracer, call.tid, true));
	call.interrupted = true;
	tracer->under_way[tracer->n_under_way++] = call;
}

static void end_call(struct tracer *tracer, pid_t tid, const struct __ptrace_syscall_info *info)
{
	struct under_way *now = find_call(tracer, tid, false);

	if (!now)
		return;
	if (info->exit.is_error && -info->exit.rval >= FIRST_RESTART &&
	    -info->exit.rval <= LAST_RESTART) {
		interrupt_call(tracer, now);
		return;
	}
	now->call.returned = true;
	now->call.ret = info->exit.is_error ? -1 : info->exit.rval;
	now->call.err = info->exit.is_error ? (int)-info->exit.rval : 0;
	look(now);
	if (now->call.ret >= 0 &&
	    (now->call.id == SYSCALL_SOCKET || now->call.id == SYSCALL_ACCEPT))
		know(tracer, inode_of(tid, now->call.ret));
	tracer->sink(tracer->context, &now->call);
	remove_call(tracer, now);
}

/* ---- stops ---- */

struct tracer *trace_new(trace_sink *sink, void *context)
{
	struct tracer *tracer = calloc(1, sizeof(*tracer));

	if (tracer) {
		tracer->sink = sink;
		tracer->context = context;
	}
	return tracer;
}

int trace_follow(pid_t pid)
{
	const long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD |
			     PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEEXEC;

	return ptrace(PTRACE_SEIZE, pid, NULL, options) < 0 ? -errno : 0;
}

/* A thread that was killed meanwhile has nothing to go on to: errors are no matter. */
static void go_on(enum __ptrace_request how, pid_t tid, int signal)
{
	ptrace(how, tid, NULL, (long)signal);
}

static bool stops_group(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

void trace_stopped(struct tracer *tracer, pid_t tid, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;
	struct __ptrace_syscall_info info;

	if (event == PTRACE_EVENT_SECCOMP) {
		bool wanted = stop_at_begin(tid, &info) && begin_call(tracer, tid, &info);

		go_on(wanted ? PTRACE_SYSCALL : PTRACE_CONT, tid, 0);
	} else if (event == PTRACE_EVENT_STOP && stops_group(signal)) {
		go_on(PTRACE_LISTEN, tid, 0);
	} else if (event) {
		if (event == PTRACE_EVENT_EXEC)
			trace_ended(tracer, tid);
		go_on(PTRACE_CONT, tid, 0);
	} else if (signal == (SIGTRAP | 0x80)) {
		if (stop_at_end(tid, &info))
			end_call(tracer, tid, &info);
		go_on(PTRACE_CONT, tid, 0);
	} else {
		go_on(PTRACE_CONT, tid, signal);
	}
}
