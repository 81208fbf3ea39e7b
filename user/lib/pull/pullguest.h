/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pullguest.h - the process and the memory that are pulled, made sure of
 */
#ifndef MT_PULLGUEST_H
#define MT_PULLGUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "hypervisor/vmm.h"

#define MT_PULL_PAGE_BYTES	4096

/* A guest's RAM in its QEMU. */
struct mt_pull_guest {
	pid_t pid;
	int pidfd;			/* readable once the process has ended: @pid may then be
					 * another's */
	int pagemap;			/* of that process, whatever becomes of its number */
	uint64_t address, pages;
};

/**
 * mt_pull_guest_open() - the QEMU of a domain here, and where in it the guest's memory is
 * @paths: NULL: the defaults; of tests
 * @pid: 0: found by @name and @uuid; else that one, which must be the domain's all the same
 *
 * Nothing is taken on trust: the process has the domain's UUID on its command line, both before and
 * after it was got hold of, and is a QEMU by the name of its program.
 *
 * Return: 0; -ESRCH no such process, or it is not this domain's QEMU; -ENOTSUP its memory is in
 * several parts; else as mt_vmm_pid(), mt_vmm_ram() and open(2) say; each with a line in @err.
 */
MT_MUST_CHECK int mt_pull_guest_open(struct mt_pull_guest *g, const struct mt_vmm_paths *paths,
				     pid_t pid, const char *name, const char *uuid,
				     uint64_t memory_bytes, struct mt_err *err);
void mt_pull_guest_close(struct mt_pull_guest *g);
bool mt_pull_guest_ended(const struct mt_pull_guest *g);

/* How many of its pages are not there. -errno: pagemap does not tell. */
MT_MUST_CHECK int mt_pull_guest_missing(const struct mt_pull_guest *g, uint64_t *pages);

#endif
