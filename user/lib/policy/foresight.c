// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * foresight.c - the coming boundaries, corrected by how well the last ones were foreseen (PURE)
 */
#include <math.h>

#include "foresight.h"

/* Holt's constants: of the level, of the slope, and by how much it is damped a pass. Inferred. */
#define LEVEL_GAIN	0.3
#define SLOPE_GAIN	0.2
#define DAMPING		0.8
/* Errors of passes long ago count less. Inferred. */
#define FADE		0.85
/* Before anything was compared: 10 % for the course, nothing much for the trend. Inferred. */
#define COURSE_ERR2	(0.1 * 0.1)
#define TREND_ERR2	(0.6 * 0.6)
/* A pass that leaves less than this says nothing of relative errors: 64 pages. */
#define LEAST_BYTES	(64 * 4096.0)
#define STRETCH_MAX	4.0
/*
 * Standard deviations by which what a boundary leaves is taken for more than is foreseen: whoever
 * takes the best of many is drawn to those that were foreseen too low. Inferred, by the regret on
 * recordings in Documentation/evaluation/decisions.md.
 */
#define CAUTION		1.0

static double log_of(double bytes)
{
	return log(fmax(bytes, LEAST_BYTES));
}

void mt_foresight_init(struct mt_foresight *f)
{
	*f = (struct mt_foresight){ .by_course = NAN, .by_trend = NAN, .course_err2 = COURSE_ERR2,
				    .trend_err2 = TREND_ERR2, .stretch = 1 };
}

static void fade(double *err2, double was, double foreseen)
{
	double off = was - foreseen;

	if (isfinite(foreseen))
		*err2 = FADE * *err2 + (1 - FADE) * off * off;
}

static void follow(struct mt_foresight *f, double was)
{
	double before = f->level;

	if (!f->boundaries) {
		f->level = was;
		return;
	}
	/* The first step is the slope. */
	if (f->boundaries == 1)
		f->slope = was - before;
	f->level = LEVEL_GAIN * was + (1 - LEVEL_GAIN) * (before + DAMPING * f->slope);
	f->slope = SLOPE_GAIN * (f->level - before) + (1 - SLOPE_GAIN) * DAMPING * f->slope;
}

void mt_foresight_boundary(struct mt_foresight *f, const struct mt_iteration *it,
			   const struct mt_course *course)
{
	double was = log_of(it->remaining_bytes);
	const struct mt_boundary *next = course->ahead[MT_AHEAD_MEDIAN];

	/* Syncs that were missed make one of several passes. */
	if (it->syncs <= 1) {
		fade(&f->course_err2, was, f->by_course);
		fade(&f->trend_err2, was, f->by_trend);
		if (f->by_course_s > 0)
			f->stretch += (1 - FADE) * (fmin(it->duration_s / f->by_course_s,
							 STRETCH_MAX) - f->stretch);
	}
	follow(f, was);
	f->boundaries++;
	f->by_trend = f->boundaries > 1 ? f->level + DAMPING * f->slope : NAN;
	f->by_course = course->n[MT_AHEAD_MEDIAN] ? log_of(next->left_bytes) : NAN;
	f->by_course_s = course->n[MT_AHEAD_MEDIAN] ? next->in_s : 0;
}

size_t mt_foresight_ahead(const struct mt_foresight *f, const struct mt_course *course,
			  struct mt_boundary ahead[MT_AHEAD_PASSES])
{
	const struct mt_boundary *by = course->ahead[MT_AHEAD_MEDIAN];
	double c = 1 / f->course_err2, t = f->boundaries > 1 ? 1 / f->trend_err2 : 0;
	double log_trend = f->level, slope = f->slope, sd = sqrt(1 / (c + t));
	size_t n = course->n[MT_AHEAD_MEDIAN];

	/* Two forecasts that err alike are no better together than this. */
	sd = fmax(sd, sqrt(fmin(f->course_err2, f->trend_err2)) * M_SQRT1_2);
	for (size_t i = 0; i < n; i++) {
		double left;

		slope *= DAMPING;
		log_trend += slope;
		left = exp((c * log_of(by[i].left_bytes) + t * log_trend) / (c + t));
		ahead[i] = (struct mt_boundary){
			.in_s = by[i].in_s * f->stretch,
			.sd_bytes = fmax(sd * left, by[i].sd_bytes),
		};
		ahead[i].left_bytes = left + CAUTION * ahead[i].sd_bytes;
	}
	return n;
}
