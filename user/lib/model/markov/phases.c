// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * phases.c - series in phases, from a seed (PURE)
 */
#include <errno.h>
#include <math.h>

#include "base/rng.h"
#include "phases.h"

/* Above 0, up to 1. */
static double uniform(struct mt_rng *rng)
{
	return (double)((mt_rng_next(rng) >> 11) + 1) * 0x1p-53;
}

static double normal(struct mt_rng *rng)
{
	double radius = sqrt(-2 * log(uniform(rng)));

	return radius * cos(2 * M_PI * uniform(rng));
}

/* Where between low, 0, and high, 1, slot @i is. @at: where it was. */
static double level(const struct mt_phases *p, size_t i, double at, struct mt_rng *rng)
{
	double phase = fmod((double)i, p->period_slots) / p->period_slots;

	switch (p->kind) {
	case MT_PHASE_SQUARE:
		return phase < 0.5;
	case MT_PHASE_SAW:
		return phase;
	default:
		return uniform(rng) <= 2 / p->period_slots ? 1 - at : at;
	}
}

int mt_phases_make(const struct mt_phases *p, double *amounts, size_t n)
{
	struct mt_rng rng = { p->seed };
	double at = 0;

	if ((unsigned)p->kind >= MT_PHASE_COUNT || !(p->period_slots > 0) || !(p->low >= 0) ||
	    !(p->high >= p->low) || !isfinite(p->high) || !(p->noise_share >= 0))
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		double amount;

		at = level(p, i, at, &rng);
		amount = p->low + at * (p->high - p->low);
		amounts[i] = fmax(0, amount * (1 + p->noise_share * normal(&rng)));
	}
	return 0;
}

const char *mt_phase_kind_name(enum mt_phase_kind kind)
{
	static const char *const names[MT_PHASE_COUNT] = {
		[MT_PHASE_SQUARE] = "square",
		[MT_PHASE_SAW] = "saw",
		[MT_PHASE_TWO_LEVEL] = "two-level",
	};

	return (unsigned)kind < MT_PHASE_COUNT ? names[kind] : "unknown";
}
