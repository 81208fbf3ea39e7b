/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * extents.h - the read and write working sets of disks, by extents of 1 MiB (PURE)
 *
 * How much of each extent was read and written lately: bytes, of which time leaves a share. The
 * counters are hashed into a table of a fixed size, twice, and the lower one counts (a count-min
 * sketch, Cormode and Muthukrishnan, J. Algorithms 55(1), 2005): a disk of any size costs the same,
 * and where extents meet they look hotter than they are, never colder. MLLM's formulas are not
 * public; all of this is inferred.
 */
#ifndef MIGTRACE_WSS_EXTENTS_H
#define MIGTRACE_WSS_EXTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define MT_EXTENT_BYTES		(1ULL << 20)
#define MT_EXTENTS_KEPT		0.98	/* by a second: half of it after 34 s; inferred */

struct mt_extents;

/* 2^@slots_log2 counters in each half, 8 bytes each. @kept by a second. NULL: no memory. */
struct mt_extents *mt_extents_new(unsigned slots_log2, double kept);
void mt_extents_free(struct mt_extents *e);			/* NULL is fine */

/* @file: whatever tells one from another. */
void mt_extents_request(struct mt_extents *e, uint64_t file, uint64_t offset, uint64_t bytes,
			bool write);
void mt_extents_pass(struct mt_extents *e, double seconds);	/* what is left after these */

struct mt_extent_heat {
	double read_bytes, written_bytes;	/* decayed */
};
struct mt_extent_heat mt_extents_heat(const struct mt_extents *e, uint64_t file, uint64_t extent);

/*
 * Extents 0 .. @n - 1 in the order in which to send them. First those that are read, the hottest
 * first; then those that are neither read nor written, by number; last those that are written more
 * than read, the hottest at the very end. Return: how many are of the first kind; -ENOMEM.
 */
MT_MUST_CHECK long mt_extents_order(const struct mt_extents *e, uint64_t file, uint32_t *order,
				    size_t n);
/*
 * Of the first @n in such an order, which are read: how many have @share of what is read. Return:
 * up to @n.
 */
size_t mt_extents_read_set(const struct mt_extents *e, uint64_t file, const uint32_t *order,
			   size_t n, double share);

/*
 * As many bytes as the extents of all files have that have @share of what is read. Less where
 * extents meet in the table, which few do while it has ten times as many counters.
 */
uint64_t mt_extents_read_set_bytes(const struct mt_extents *e, double share);

#endif
