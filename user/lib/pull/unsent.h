/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unsent.h - how much a migrating QEMU's socket may hold that is not sent yet
 *
 * In post-copy a page that the guest waits for queues behind what QEMU has written to its socket
 * already: some MiB, as the kernel's buffer grows (net.ipv4.tcp_wmem: 4 MiB), which is a tenth of
 * a second at 320 Mbit/s. TCP_NOTSENT_LOWAT (linux/tcp.h) bounds the part of it that has not gone
 * out; what is on the way is not touched, so the link stays full.
 */
#ifndef MT_PULL_UNSENT_H
#define MT_PULL_UNSENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"

#define MT_UNSENT_SOCKETS_MAX	64

/* The sockets of a process that existed at a time, by inode. */
struct mt_sockets {
	uint64_t inode[MT_UNSENT_SOCKETS_MAX];
	size_t n;
};

/* -errno of opendir(3); -E2BIG more than fit. */
MT_MUST_CHECK int mt_sockets_of(struct mt_sockets *all, pid_t pid, struct mt_err *err);

/*
 * Of all TCP sockets of @pid that are connected and are not among @before. The process is not
 * asked: needs the right to trace it. Return: how many; 0: none, yet; -errno with a line in @err.
 */
MT_MUST_CHECK int mt_unsent_limit(pid_t pid, const struct mt_sockets *before, uint32_t bytes,
				  struct mt_err *err);

#endif
