/* stop: what the call is, at which a traced thread has stopped.
 *
 * PTRACE_GET_SYSCALL_INFO (Linux 5.3) gives numbers, arguments and results without
 * knowing the machine's registers, but not every kernel has it: User Mode Linux does not. There,
 * on x86-64, the registers tell.
 */
#ifndef TCPSCEN_PEER_STOP_H
#define TCPSCEN_PEER_STOP_H

#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/types.h>

/* @tid has stopped where the filter found its call: fill .op, .seccomp.nr and .seccomp.args.
 * Return: has it been found? */
bool stop_at_begin(pid_t tid, struct __ptrace_syscall_info *info);

/* The same at its return: fill .op, .exit.rval and .exit.is_error. A stop at the beginning of a call is
 * none, as far as the kernel tells. */
bool stop_at_end(pid_t tid, struct __ptrace_syscall_info *info);

/* The same by the registers alone (x86-64; else false). */
bool stop_at_begin_by_registers(pid_t tid, struct __ptrace_syscall_info *info);
bool stop_at_end_by_registers(pid_t tid, struct __ptrace_syscall_info *info);

#endif
