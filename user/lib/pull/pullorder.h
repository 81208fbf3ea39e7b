/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pullorder.h - in which order a guest's missing pages are pulled after a flip (PURE)
 *
 * QEMU's stream goes on behind the page that was asked for last, so neighbours come for nothing:
 * an order is extents, ascending, and a gap that is sent sooner than it is jumped over is part of
 * one. Hottest first. What is not hot is left to QEMU's own stream: asked for by us it would come
 * no sooner, and the guest's own requests would wait behind it.
 *
 * Pages are counted in the guest's RAM as its QEMU has it, from 0 (QEMU's pc.ram): up to 3 GiB that
 * is the guest's physical address / 4 KiB, above that the hole below 4 GiB is not counted.
 */
#ifndef MT_PULL_ORDER_H
#define MT_PULL_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "curve/pageset.h"

#define MT_PULL_HEATS	16		/* 1 to 16; more is hotter */

struct mt_extent {
	uint64_t first, count;		/* pages */
};

struct mt_order {
	struct mt_extent *v;
	size_t n, room;
	uint64_t pages;			/* of all, gaps included */
};

/* What is hot, a set for each heat; NULL: none has it. */
struct mt_heat {
	struct mt_pageset *of[MT_PULL_HEATS];
	uint64_t pages;			/* that were told; one told twice counts twice */
};

/*
 * "FIRST COUNT [HEAT]", decimal, HEAT 1 unless given; an empty line, or one that begins with #,
 * says nothing. @pages: the guest's. Return: 0; -EINVAL it is none; -ERANGE not of this guest, or
 * no heat; -ENOMEM; the latter with a line in @err.
 */
MT_MUST_CHECK int mt_heat_line(struct mt_heat *heat, const char *line, uint64_t pages,
			       struct mt_err *err);
void mt_heat_fini(struct mt_heat *heat);

/**
 * mt_order_make() - hottest first, ascending within a heat
 * @gap_pages: extents of one heat that are no further apart are pulled as one
 *
 * No page is in it twice. Return: 0 or -ENOMEM.
 */
MT_MUST_CHECK int mt_order_make(struct mt_order *order, const struct mt_heat *heat,
				uint64_t gap_pages);
void mt_order_fini(struct mt_order *order);

#endif
