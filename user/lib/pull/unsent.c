// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * unsent.c - how much a migrating QEMU's socket may hold that is not sent yet
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unsent.h"

/* Each socket of a process; @fn returns what is added up, or -errno, which ends it. */
static int each_socket(pid_t pid, int (*fn)(int fd, uint64_t inode, void *opaque), void *opaque,
		       struct mt_err *err)
{
	char path[64], link[64];
	struct dirent *e;
	int sum = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir)
		return mt_err_set(err, -errno, "cannot look at %s: %s", path, strerror(errno));
	while (sum >= 0 && (e = readdir(dir))) {
		ssize_t len = readlinkat(dirfd(dir), e->d_name, link, sizeof(link) - 1);
		uint64_t inode;
		int fd, n;

		link[len > 0 ? len : 0] = '\0';
		if (sscanf(link, "socket:[%" SCNu64 "]", &inode) != 1 ||
		    sscanf(e->d_name, "%d", &fd) != 1)
			continue;
		n = fn(fd, inode, opaque);
		sum = n < 0 ? n : sum + n;
	}
	closedir(dir);
	return sum;
}

static int remember(int fd, uint64_t inode, void *opaque)
{
	struct mt_sockets *all = opaque;

	if (all->n == MT_UNSENT_SOCKETS_MAX)
		return -E2BIG;
	all->inode[all->n++] = inode;
	return 0;
}

int mt_sockets_of(struct mt_sockets *all, pid_t pid, struct mt_err *err)
{
	int rc;

	*all = (struct mt_sockets){ .n = 0 };
	rc = each_socket(pid, remember, all, err);
	return rc == -E2BIG ? mt_err_set(err, rc, "process %d has more than %d sockets", (int)pid,
					 MT_UNSENT_SOCKETS_MAX) :
			      rc;
}

struct limiting {
	const struct mt_sockets *before;
	int pidfd;
	uint32_t bytes;
};

static bool was_there(const struct mt_sockets *before, uint64_t inode)
{
	for (size_t i = 0; i < before->n; i++)
		if (before->inode[i] == inode)
			return true;
	return false;
}

static bool is_connected_tcp(int fd)
{
	int protocol = 0;
	struct sockaddr_storage peer;
	socklen_t len = sizeof(protocol), peer_len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) &&
	       protocol == IPPROTO_TCP && !getpeername(fd, (struct sockaddr *)&peer, &peer_len);
}

static int limit(int remote, uint64_t inode, void *opaque)
{
	const struct limiting *l = opaque;
	mt_autoclose int fd = -1;

	if (was_there(l->before, inode))
		return 0;
	fd = (int)syscall(SYS_pidfd_getfd, l->pidfd, remote, 0);
	if (fd < 0)
		return errno == EBADF ? 0 : -errno;	/* it was closed meanwhile */
	if (!is_connected_tcp(fd))
		return 0;
	return setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &l->bytes, sizeof(l->bytes)) ?
		       -errno :
		       1;
}

int mt_unsent_limit(pid_t pid, const struct mt_sockets *before, uint32_t bytes,
		    struct mt_err *err)
{
	mt_autoclose int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct limiting l = { before, pidfd, bytes };
	struct mt_err why = { 0 };
	int n;

	if (pidfd < 0)
		return mt_err_set(err, -errno, "process %d: %s", (int)pid, strerror(errno));
	n = each_socket(pid, limit, &l, &why);
	if (n < 0)
		mt_err_set(err, n, "the sockets of process %d cannot be had: %s", (int)pid,
			   why.code ? why.msg : strerror(-n));
	return n;
}
