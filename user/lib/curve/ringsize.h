/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ringsize.h - how large a guest's dirty rings ought to be (PURE)
 *
 * Once a vCPU's ring is nearly full the vCPU exits to the VMM, and waits there for all rings to be
 * harvested and reset. A ring that holds what is dirtied between two resets never does.
 */
#ifndef MT_RINGSIZE_H
#define MT_RINGSIZE_H

#include <stdbool.h>
#include <stdint.h>

/* What libvirt takes for <dirty-ring size=.../>, and QEMU for dirty-ring-size: a power of two. */
#define MT_RING_ENTRIES_MIN	1024
#define MT_RING_ENTRIES_MAX	65536
/*
 * KVM keeps this many free: KVM_DIRTY_RING_RSVD_ENTRIES, and what Intel's page-modification log may
 * hold (PML_LOG_NR_ENTRIES), virt/kvm/dirty_ring.c.
 */
#define MT_RING_RESERVED	(64 + 512)
/* Room for more than was seen: chosen, not measured. */
#define MT_RING_HEADROOM	1.25

/**
 * mt_ring_entries_wanted() - the size to ask for
 * @used: the most entries that a ring held before they were reset
 * @entries: what it has room for
 * @full: vCPUs have exited because of it: what it would have held is not known, so at least the
 * double
 *
 * Return: a size that libvirt takes; 0 where @entries is 0, which is no ring. What needs more than
 * there may be gets the largest.
 */
uint64_t mt_ring_entries_wanted(uint64_t used, uint64_t entries, bool full);

#endif
