// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pullguest.c - the process and the memory that are pulled, made sure of
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pullguest.h"
#include "pagemap.h"

static const char *proc_of(const struct mt_vmm_paths *paths)
{
	return paths && paths->proc ? paths->proc : "/proc";
}

/* qemu-system-x86_64, qemu-kvm, and "... (deleted)" where it was upgraded meanwhile. */
static bool is_qemu(const struct mt_vmm_paths *paths, pid_t pid)
{
	char path[PATH_MAX], program[PATH_MAX];
	const char *name;
	ssize_t len;

	snprintf(path, sizeof(path), "%s/%d/exe", proc_of(paths), (int)pid);
	len = readlink(path, program, sizeof(program) - 1);
	if (len <= 0)
		return false;
	program[len] = '\0';
	name = strrchr(program, '/');
	return !strncmp(name ? name + 1 : program, "qemu", 4);
}

static int take_process(struct mt_pull_guest *g, const struct mt_vmm_paths *paths, pid_t pid,
			const char *name, const char *uuid, struct mt_err *err)
{
	char path[PATH_MAX];
	int rc = 0;

	if (pid)
		g->pid = pid;
	else
		rc = mt_vmm_pid(paths, name, uuid, &g->pid, err);
	if (rc)
		return rc;
	g->pidfd = (int)syscall(SYS_pidfd_open, g->pid, 0);
	if (g->pidfd < 0)
		return mt_err_set(err, -errno, "process %d: %s", (int)g->pid, strerror(errno));
	snprintf(path, sizeof(path), "%s/%d/pagemap", proc_of(paths), (int)g->pid);
	g->pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (g->pagemap < 0)
		return mt_err_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
	/* What was found by its number is looked at once more, now that it cannot change. */
	if (!mt_vmm_is(paths, g->pid, uuid) || !is_qemu(paths, g->pid) || mt_pull_guest_ended(g))
		return mt_err_set(err, -ESRCH, "process %d is no QEMU of %s (-uuid %s)",
				  (int)g->pid, name ? name : "this guest", uuid);
	return 0;
}

int mt_pull_guest_open(struct mt_pull_guest *g, const struct mt_vmm_paths *paths, pid_t pid,
		       const char *name, const char *uuid, uint64_t memory_bytes,
		       struct mt_err *err)
{
	struct mt_vmm_ram ram;
	int rc;

	*g = (struct mt_pull_guest){ .pidfd = -1, .pagemap = -1 };
	rc = take_process(g, paths, pid, name, uuid, err);
	if (!rc)
		rc = mt_vmm_ram(paths, g->pid, memory_bytes, &ram, err);
	if (!rc && ram.bytes != memory_bytes)
		rc = mt_err_set(err, -ENOTSUP,
				"the memory of process %d is not in one piece of %" PRIu64
				" bytes: guests of several NUMA nodes are not pulled",
				(int)g->pid, memory_bytes);
	if (rc) {
		mt_pull_guest_close(g);
		return rc;
	}
	g->address = ram.address;
	g->pages = ram.bytes / MT_PULL_PAGE_BYTES;
	return 0;
}

void mt_pull_guest_close(struct mt_pull_guest *g)
{
	if (g->pidfd >= 0)
		close(g->pidfd);
	if (g->pagemap >= 0)
		close(g->pagemap);
	g->pidfd = g->pagemap = -1;
}

bool mt_pull_guest_ended(const struct mt_pull_guest *g)
{
	struct pollfd fd = { .fd = g->pidfd, .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

int mt_pull_guest_missing(const struct mt_pull_guest *g, uint64_t *pages)
{
	struct mt_pagemap map = { 0 };

	*pages = 0;
	for (uint64_t page = 0; page < g->pages; page++) {
		int there = mt_pagemap_has(&map, g, page, g->pages);

		if (there < 0)
			return there;
		*pages += !there;
	}
	return 0;
}
