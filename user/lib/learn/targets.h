/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * targets.h - what a learned model says of a migration (PURE)
 *
 * The six targets of Jo, Cho and Egger (SoCC'17), each learned in a scale of its own: what spans
 * orders of magnitude as log(value + offset). Where the analytic model says something, too, a model
 * may learn how far that is off instead: the difference in that scale.
 */
#ifndef MT_TARGETS_H
#define MT_TARGETS_H

#include "model/forecast.h"

enum mt_target {
	MT_TARGET_TOTAL_MS,
	MT_TARGET_TRANSFERRED_BYTES,
	MT_TARGET_DOWNTIME_MS,
	MT_TARGET_PERFORMANCE,		/* the guest's work during the migration, of that before */
	MT_TARGET_SOURCE_CPU_PERCENT,	/* of one CPU, that it takes at the source */
	MT_TARGET_SOURCE_MEMORY_BYTES,	/* likewise */
	MT_TARGET_COUNT
};

struct mt_target_row {
	const char *name, *help;
	enum mt_metric metric;		/* the forecast's; MT_METRIC_COUNT: it has none */
	bool log;
	double offset;			/* within the logarithm. Inferred */
	bool relative;			/* its errors are told as shares of what was */
	double most;			/* it is never more; 0: no bound */
};
const struct mt_target_row *mt_target_at(size_t i);	/* NULL beyond the last */
int mt_target_find(const char *name);			/* < 0: there is none */

/* To the scale that is learned in, and back. NaN stays NaN. */
double mt_target_scaled(enum mt_target t, double value);
double mt_target_value(enum mt_target t, double scaled);
/* How far off, as it is told: a share, or in the unit. NaN: cannot be said. */
double mt_target_error(enum mt_target t, double forecast, double real);
/* What the analytic model says, in the target's unit; NaN: nothing. */
double mt_target_base(enum mt_target t, const struct mt_forecast *f);

#endif
