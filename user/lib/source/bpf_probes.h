/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpf_probes.h - the probes that count other things than dirty pages, each by itself
 *
 * Open loads and attaches one, read copies what has been counted since then, close takes it
 * away. Opening says in @err what the kernel lacks. Process numbers are those of the host.
 */
#ifndef MIGTRACE_SOURCE_BPF_PROBES_H
#define MIGTRACE_SOURCE_BPF_PROBES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <migtrace/events.h>

#include "base/cleanup.h"
#include "base/err.h"

/* --- vcpu: run time, exits, and time lost to full rings, of each vCPU ------------------------ */
struct mt_bpf_vcpu;
MT_MUST_CHECK int mt_bpf_vcpu_open(pid_t vmm_pid, struct mt_bpf_vcpu **p, struct mt_err *err);
/* Times of what goes on now are added up to now. Unused vCPUs are all 0. */
void mt_bpf_vcpu_read(const struct mt_bpf_vcpu *p, struct mte_vcpu_time *times, size_t vcpus);
void mt_bpf_vcpu_close(struct mt_bpf_vcpu *p);

/* --- net: bytes of a guest on its taps, by direction ----------------------------------------- */
struct mt_bpf_net;
/* The devices are those of this process's network namespace; at most MTE_NET_DEVICES. */
MT_MUST_CHECK int mt_bpf_net_open(const unsigned *ifindex, size_t n, struct mt_bpf_net **p,
				  struct mt_err *err);
void mt_bpf_net_read(const struct mt_bpf_net *p, struct mte_net *counts);
void mt_bpf_net_close(struct mt_bpf_net *p);
/*
 * The taps that a process holds, if it is of this network namespace. Return: how many, of
 * which the first @room are in @ifindex; -errno.
 */
MT_MUST_CHECK int mt_bpf_net_taps(pid_t vmm_pid, unsigned *ifindex, size_t room);

/* --- disk: what the VMM reads and writes of files and block devices -------------------------- */
struct mt_bpf_disk;
typedef void (*mt_bpf_disk_fn)(const struct mte_disk_event *event, void *opaque);
MT_MUST_CHECK int mt_bpf_disk_open(pid_t vmm_pid, struct mt_bpf_disk **p, struct mt_err *err);
/* Calls @fn for each request since the last call. Return: how many, or -errno. */
MT_MUST_CHECK int mt_bpf_disk_requests(struct mt_bpf_disk *p, mt_bpf_disk_fn fn, void *opaque);
/*
 * Sums of all requests, those among them that were lost to mt_bpf_disk_requests(); -ENOENT: none.
 */
MT_MUST_CHECK int mt_bpf_disk_sum(const struct mt_bpf_disk *p, const struct mte_disk_file *file,
				  struct mte_disk_sum *sum);
/* All files together, up to MTE_DISK_FILES of them. */
void mt_bpf_disk_total(const struct mt_bpf_disk *p, struct mte_disk_sum *total);
uint64_t mt_bpf_disk_lost(const struct mt_bpf_disk *p);
void mt_bpf_disk_close(struct mt_bpf_disk *p);

/* --- postcopy: how long a process's threads wait for pages by userfaultfd -------------------- */
struct mt_bpf_postcopy;
MT_MUST_CHECK int mt_bpf_postcopy_open(pid_t vmm_pid, struct mt_bpf_postcopy **p,
				       struct mt_err *err);
void mt_bpf_postcopy_read(const struct mt_bpf_postcopy *p, struct mte_postcopy *counts);
void mt_bpf_postcopy_close(struct mt_bpf_postcopy *p);

/*
 * Loads and attaches what probe @name ("dirty", "vcpu", "net", "disk", "postcopy") has, for
 * nobody, and takes it away again. Return: 0, or -errno with what the kernel lacks in @err.
 */
MT_MUST_CHECK int mt_bpf_try(const char *name, struct mt_err *err);

#endif
