/* stop: see stop.h. */
#include "peer/stop.h"

#include <errno.h>
#include <string.h>
#include <sys/user.h>

#if defined(__x86_64__)
static bool registers_of(pid_t tid, struct user_regs_struct *registers)
{
	return ptrace(PTRACE_GETREGS, tid, NULL, registers) == 0;
}

bool stop_at_begin_by_registers(pid_t tid, struct __ptrace_syscall_info *info)
{
	struct user_regs_struct registers;

	memset(info, 0, sizeof(*info));
	if (!registers_of(tid, &registers))
		return false;

	const unsigned long long args[] = { registers.rdi, registers.rsi, registers.rdx,
					    registers.r10, registers.r8, registers.r9 };

	_Static_assert(sizeof(args) == sizeof(info->seccomp.args), "six words");
	info->op = PTRACE_SYSCALL_INFO_SECCOMP;
	info->seccomp.nr = registers.orig_rax;
	memcpy(info->seccomp.args, args, sizeof(args));
	return true;
}

bool stop_at_end_by_registers(pid_t tid, struct __ptrace_syscall_info *info)
{
	enum { MAX_ERRNO = 4095 };
	struct user_regs_struct registers;

	memset(info, 0, sizeof(*info));
	if (!registers_of(tid, &registers))
		return false;
	info->op = PTRACE_SYSCALL_INFO_EXIT;
	info->exit.rval = (long long)registers.rax;
	info->exit.is_error = info->exit.rval < 0 && info->exit.rval >= -MAX_ERRNO;
	return true;
}
#else
bool stop_at_begin_by_registers(pid_t tid, struct __ptrace_syscall_info *info)
{
	(void)tid;
	(void)info;
	return false;
}

bool stop_at_end_by_registers(pid_t tid, struct __ptrace_syscall_info *info)
{
	(void)tid;
	(void)info;
	return false;
}
#endif

/* Return: 1 it is told; 0 it is not; -1 this kernel does not know the question. */
static int ask(pid_t tid, struct __ptrace_syscall_info *info)
{
	memset(info, 0, sizeof(*info));
	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(*info), info) > 0)
		return 1;
	return errno == EIO ? -1 : 0;
}

bool stop_at_begin(pid_t tid, struct __ptrace_syscall_info *info)
{
	int told = ask(tid, info);

	if (told < 0)
		return stop_at_begin_by_registers(tid, info);
	return told && info->op == PTRACE_SYSCALL_INFO_SECCOMP;
}

bool stop_at_end(pid_t tid, struct __ptrace_syscall_info *info)
{
	int told = ask(tid, info);

	if (told < 0)
		return stop_at_end_by_registers(tid, info);
	return told && info->op == PTRACE_SYSCALL_INFO_EXIT;
}
