/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * foresight.h - the coming boundaries, corrected by how well the last ones were foreseen (PURE)
 *
 * Two forecasts of what the next passes leave: the course that is played over U(T), and a damped
 * trend of what the last ones left (Holt's linear method with a damped trend, Gardner and McKenzie
 * 1985, over logarithms). Where a guest has settled the curve's small errors add up from pass to
 * pass, and the trend is the better one; before, the course is. They are combined by how far off
 * each was for the passes so far (Bates and Granger 1969: weights by inverse mean square errors),
 * and the scatter is that of the combination. How long passes take is corrected likewise.
 */
#ifndef MT_FORESIGHT_H
#define MT_FORESIGHT_H

#include "model/outlook.h"

struct mt_foresight {
	unsigned boundaries;
	double level, slope;		/* of the trend, logarithms */
	double by_course, by_trend;	/* what the next boundary should leave, logarithms; NaN */
	double by_course_s;		/* after how long; 0: not known */
	double course_err2, trend_err2;	/* faded mean squares */
	double stretch;			/* of the passes' duration: faded mean of real / foreseen */
};

void mt_foresight_init(struct mt_foresight *f);
/* A boundary has come; @course: as it looks from there. */
void mt_foresight_boundary(struct mt_foresight *f, const struct mt_iteration *it,
			   const struct mt_course *course);
/* Return: how many boundaries are foreseen; 0: none. */
size_t mt_foresight_ahead(const struct mt_foresight *f, const struct mt_course *course,
			  struct mt_boundary ahead[MT_AHEAD_PASSES]);

#endif
