/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dirtyrate.h - QEMU's own dirty-rate measurement: its modes, and which may be asked for
 *
 * QEMU watches the guest's memory for a whole number of seconds and says how
 * many MiB/s were dirtied on average: one point of U(T) for each length asked for.
 * The modes differ in what they count (QEMU, migration/dirtyrate.c):
 *
 *   page-sampling  hashes 512 random pages a GiB before and after, so it sees only
 *		    contents that differ, in steps of 2 MiB; costs the guest nothing
 *   dirty-bitmap   turns dirty logging on and counts distinct pages; KVM without a ring
 *   dirty-ring     likewise by the vCPUs' rings; a page counts again after each harvest
 *
 * A result is whole MiB/s, rounded down (dirty-ring: for each vCPU).
 */
#ifndef MT_DIRTYRATE_H
#define MT_DIRTYRATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

enum mt_dirtyrate_mode {
	MT_DIRTYRATE_PAGE_SAMPLING,
	MT_DIRTYRATE_DIRTY_BITMAP,
	MT_DIRTYRATE_DIRTY_RING,
	MT_DIRTYRATE_MODE_COUNT
};

#define MT_DIRTYRATE_WINDOW_MIN_S	1	/* both are QEMU's and libvirt's limits */
#define MT_DIRTYRATE_WINDOW_MAX_S	60

const char *mt_dirtyrate_mode_name(enum mt_dirtyrate_mode mode);	/* "page-sampling" ... */
/* -EINVAL if unknown */
int mt_dirtyrate_mode_parse(const char *name, enum mt_dirtyrate_mode *mode);

/*
 * The most exact mode a guest of @type ("kvm", "qemu") with a ring of @ring_entries (0 = bitmap)
 * can take.
 */
enum mt_dirtyrate_mode mt_dirtyrate_mode_of(const char *type, uint64_t ring_entries);

/*
 * Whether @mode may be asked of such a guest. Return: 0; -EPERM what would harm it;
 * -EOPNOTSUPP what it has not; with the reason and the way out in @err.
 */
MT_MUST_CHECK int mt_dirtyrate_check(enum mt_dirtyrate_mode mode, const char *type,
				     uint64_t ring_entries, struct mt_err *err);

/*
 * Splits @duration_s into at most @max windows of different length: 1, 2, 4 ... seconds and
 * then the rest, since U(T) bends most where T is short. Return: how many; 0 for 0 s.
 */
size_t mt_dirtyrate_windows(uint64_t duration_s, unsigned *windows_s, size_t max);

#endif
