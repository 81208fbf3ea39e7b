/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vmm.h - the process in which a guest of libvirt's runs
 */
#ifndef MT_VMM_H
#define MT_VMM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"

/* Where to look; the defaults are those of a host with a system libvirtd. */
struct mt_vmm_paths {
	const char *proc;	/* NULL: "/proc" */
	const char *run;	/* where libvirt keeps NAME.pid; NULL: "/run/libvirt/qemu" */
};

/**
 * mt_vmm_pid() - which process runs a guest of this host
 * @paths: NULL: the defaults
 * @name: the domain's, for libvirt's pidfile; may be NULL
 * @uuid: the domain's: QEMU has it on its command line, behind -uuid
 *
 * The pidfile is believed only where the process it names has the UUID. Without one, as for
 * a libvirtd of a user's own, all processes are looked at. Asks neither libvirt nor QEMU.
 *
 * Return: 0; -ESRCH no process has it; -ENOTUNIQ several have; each with a line in @err.
 */
MT_MUST_CHECK int mt_vmm_pid(const struct mt_vmm_paths *paths, const char *name, const char *uuid,
			     pid_t *pid, struct mt_err *err);

/* Whether the process @pid has that guest's UUID on its command line. */
MT_MUST_CHECK bool mt_vmm_is(const struct mt_vmm_paths *paths, pid_t pid, const char *uuid);

/* A guest's RAM, as its process has it. */
struct mt_vmm_memory {
	uint64_t mapped_bytes;		/* of the mappings that were taken for it */
	uint64_t resident_bytes;	/* in memory, in huge pages, or swapped out */
	uint64_t nonzero_bytes;		/* estimated; at most resident_bytes */
	bool nonzero_known;
};

/* Pages that are looked at for nonzero_bytes: its standard error is at most 0.8 % of the memory. */
#define MT_VMM_SAMPLES	4096

/**
 * mt_vmm_memory() - how much of a guest's RAM is there, and how much of that is not zero
 * @memory_bytes: the guest's, which tells its RAM from other mappings
 *
 * RAM is taken to be the largest mappings that one may read and write but not execute, as long as
 * they fit into the guest's memory: one, or one for each NUMA node. Pages are read only where they
 * are there already, so nothing becomes resident by being looked at.
 *
 * Return: 0; -ENODATA no such mappings; -EACCES and other errnos of open(2); each with a line in
 * @err.
 */
MT_MUST_CHECK int mt_vmm_memory(const struct mt_vmm_paths *paths, pid_t pid, uint64_t memory_bytes,
				struct mt_vmm_memory *memory, struct mt_err *err);

/*
 * What is not zero alone, within milliseconds whatever the guest's size. -EACCES: its pages may not
 * be looked at; else as above.
 */
MT_MUST_CHECK int mt_vmm_nonzero(const struct mt_vmm_paths *paths, pid_t pid, uint64_t memory_bytes,
				 uint64_t *nonzero_bytes, struct mt_err *err);

/* The largest of a guest's mappings; all of its RAM where that is in one piece. */
struct mt_vmm_ram {
	uint64_t address, bytes;
};

/* Errors as mt_vmm_memory(). */
MT_MUST_CHECK int mt_vmm_ram(const struct mt_vmm_paths *paths, pid_t pid, uint64_t memory_bytes,
			     struct mt_vmm_ram *ram, struct mt_err *err);

#endif
