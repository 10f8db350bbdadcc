/* program_names: see program_names.h. */
#include "plan/program_names.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char *const syscalls[N_SYSCALLS] = {
	[SYSCALL_SOCKET] = "socket", [SYSCALL_BIND] = "bind", [SYSCALL_LISTEN] = "listen",
	[SYSCALL_ACCEPT] = "accept", [SYSCALL_CONNECT] = "connect", [SYSCALL_READ] = "read",
	[SYSCALL_READV] = "readv", [SYSCALL_RECV] = "recv", [SYSCALL_RECVMSG] = "recvmsg",
	[SYSCALL_WRITE] = "write", [SYSCALL_WRITEV] = "writev", [SYSCALL_SEND] = "send",
	[SYSCALL_SENDMSG] = "sendmsg", [SYSCALL_SENDFILE] = "sendfile",
	[SYSCALL_SHUTDOWN] = "shutdown", [SYSCALL_CLOSE] = "close",
	[SYSCALL_SETSOCKOPT] = "setsockopt", [SYSCALL_GETSOCKOPT] = "getsockopt",
	[SYSCALL_GETSOCKNAME] = "getsockname", [SYSCALL_GETPEERNAME] = "getpeername",
	[SYSCALL_POLL] = "poll", [SYSCALL_SELECT] = "select",
	[SYSCALL_EPOLL_WAIT] = "epoll_wait",
};

/* The same calls as the kernel names them. */
static const struct {
	const char *text;
	enum syscall_id id;
} variants[] = {
	{ "accept4", SYSCALL_ACCEPT }, { "recvfrom", SYSCALL_RECV }, { "sendto", SYSCALL_SEND },
	{ "ppoll", SYSCALL_POLL }, { "pselect6", SYSCALL_SELECT },
	{ "epoll_pwait", SYSCALL_EPOLL_WAIT },
};

bool syscall_by_name(const char *text, enum syscall_id *id)
{
	for (int i = 0; i < N_SYSCALLS; i++) {
		if (strcmp(syscalls[i], text) == 0) {
			*id = (enum syscall_id)i;
			return true;
		}
	}
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		if (strcmp(variants[i].text, text) == 0) {
			*id = variants[i].id;
			return true;
		}
	}
	return false;
}

const char *syscall_name(enum syscall_id id)
{
	return syscalls[id];
}

const char *const *syscall_words(void)
{
	static const char *const words[] = {
		"socket", "bind", "listen", "accept", "connect", "read", "readv", "recv",
		"recvmsg", "write", "writev", "send", "sendmsg", "sendfile", "shutdown", "close",
		"setsockopt", "getsockopt", "getsockname", "getpeername", "poll", "select",
		"epoll_wait", NULL,
	};

	_Static_assert(sizeof(words) / sizeof(words[0]) == N_SYSCALLS + 1, "every word");
	return words;
}

bool signal_by_name(const char *text, int *signal)
{
	if (strncmp(text, "SIG", 3) != 0)
		return false;
	for (int i = 1; i < NSIG; i++) {
		const char *name = sigabbrev_np(i);

		if (name && strcmp(name, text + 3) == 0) {
			*signal = i;
			return true;
		}
	}
	return false;
}

const char *signal_name(int signal, char buf[SIGNAL_LEN])
{
	const char *name = sigabbrev_np(signal);

	if (name)
		snprintf(buf, SIGNAL_LEN, "SIG%s", name);
	else
		snprintf(buf, SIGNAL_LEN, "signal %d", signal);
	return buf;
}

const char *output_name(enum output output)
{
	return output == OUTPUT_STDOUT ? "stdout" : "stderr";
}
