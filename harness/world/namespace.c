/* namespace: see namespace.h.
 *
 * Several settings forbid user namespaces to ordinary users, and the kernel's answer
 * is EPERM or ENOSPC for all of them. So on failure the settings are read, and the error
 * names the one that stands in the way.
 */
#include "world/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), rc = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	if (n < 0)
		rc = -errno;
	else if ((size_t)n != strlen(text))
		rc = -EINVAL; /* the kernel has taken the beginning, and left the rest */
	close(fd);
	return rc;
}

/* The number in @path, -1: not there. */
static long read_number(const char *path)
{
	char text[32];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -1;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return -1;
	text[len] = '\0';
	return strtol(text, NULL, 10);
}

/* What forbids user namespaces here, and what helps. @rc: of making one */
static const char *obstacle(int rc)
{
	if (access("/proc/self", F_OK) < 0) /* then nothing can be read, nor mapped */
		return "/proc is not mounted here: run `mount -t proc proc /proc` as root";
	if (read_number("/proc/sys/kernel/unprivileged_userns_clone") == 0)
		return "kernel.unprivileged_userns_clone is 0: "
		       "run `sysctl kernel.unprivileged_userns_clone=1` as root";
	if (read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") > 0)
		return "AppArmor restricts them: run `sysctl "
		       "kernel.apparmor_restrict_unprivileged_userns=0` as root";
	if (read_number("/proc/sys/user/max_user_namespaces") == 0)
		return "user.max_user_namespaces is 0: "
		       "run `sysctl user.max_user_namespaces=10000` as root";
	if (read_number("/proc/sys/user/max_net_namespaces") == 0)
		return "user.max_net_namespaces is 0: "
		       "run `sysctl user.max_net_namespaces=10000` as root";
	if (rc == -ENOSPC || rc == -EUSERS)
		return "there are too many already: raise user.max_user_namespaces and "
		       "user.max_net_namespaces with sysctl as root";
	if (access("/proc/self/ns/user", F_OK) < 0)
		return "this kernel is built without CONFIG_USER_NS: run as root";
	return "a container's seccomp filter, a chroot or a limit forbids them: allow "
	       "unshare(2) in the container (docker: --security-opt seccomp=unconfined), "
	       "or run as root with CAP_SYS_ADMIN";
}

/* Inside, the caller is root; outside it is who it was. */
static int map_ids(uid_t uid, gid_t gid)
{
	char map[64];
	int rc = write_file("/proc/self/setgroups", "deny");

	if (rc < 0)
		return rc;
	snprintf(map, sizeof(map), "0 %u 1", (unsigned int)uid);
	rc = write_file("/proc/self/uid_map", map);
	if (rc < 0)
		return rc;
	snprintf(map, sizeof(map), "0 %u 1", (unsigned int)gid);
	return write_file("/proc/self/gid_map", map);
}

int namespace_enter(char *error, size_t len)
{
	const uid_t uid = geteuid();
	const gid_t gid = getegid();
	int rc;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) {
		rc = map_ids(uid, gid);
		if (rc < 0)
			snprintf(error, len, "cannot become root of a user namespace: %s; %s",
				 strerror(-rc), obstacle(rc));
		return rc;
	}
	rc = -errno;
	if (unshare(CLONE_NEWNET) == 0)
		return 0;
	snprintf(error, len, "cannot make a user namespace: %s; %s", strerror(-rc), obstacle(rc));
	return rc;
}

int namespace_hold_net(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int namespace_new_net(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	return namespace_hold_net();
}
