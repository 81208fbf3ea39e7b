/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * phases.h - made-up series of what a guest dirties, in phases (PURE)
 *
 * For what needs many series of a known kind: each is made from a seed, the same one each time.
 */
#ifndef MT_PHASES_H
#define MT_PHASES_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

enum mt_phase_kind {
	MT_PHASE_SQUARE,	/* high for half of a period, low for the other half */
	MT_PHASE_SAW,		/* rises from low to high over a period, and falls at once */
	MT_PHASE_TWO_LEVEL,	/* high and low by a Markov chain: each slot the level may change;
				 * mean stay: half a period */
	MT_PHASE_COUNT
};

struct mt_phases {
	enum mt_phase_kind kind;
	double period_slots;	/* > 0 */
	double low, high;	/* amounts a slot, low <= high */
	double noise_share;	/* standard deviation of a slot's noise, of its amount */
	uint64_t seed;
};

/* Fills in @amounts; none is below 0. Return: 0 or -EINVAL. */
MT_MUST_CHECK int mt_phases_make(const struct mt_phases *p, double *amounts, size_t n);

const char *mt_phase_kind_name(enum mt_phase_kind kind);	/* "square" ... */

#endif
