// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * svg_axis.c - from numbers to places on a chart (PURE)
 */
#include <math.h>

#include "svg_axis.h"

#define ROOM		0.06	/* of the range, beside the outermost numbers */
#define FROM_ZERO	0.5	/* of the highest: if the lowest is below, the axis begins at 0 */
#define STEPS		5	/* of an axis, about */
#define TICKS_MIN	3
/* Of a logarithmic axis: beyond, the room beside it and its powers are no doubles any more. */
#define LOG_LEAST	1e-250
#define LOG_MOST	1e250
#define FEW_DECADES	1.7	/* fewer than that have ticks at 2 and 5, too */

static bool counts(double v, bool log)
{
	return isfinite(v) && (!log || (v >= LOG_LEAST && v <= LOG_MOST));
}

struct svg_scale svg_scale_of(const double *v, size_t n, bool log)
{
	struct svg_scale s = { .low = INFINITY, .high = -INFINITY, .log = log };
	double room;

	for (size_t i = 0; i < n; i++) {
		if (!counts(v[i], log))
			continue;
		s.low = fmin(s.low, v[i]);
		s.high = fmax(s.high, v[i]);
	}
	if (s.low > s.high)
		return (struct svg_scale){ 1, 10, log };
	if (log) {
		room = fmax(log10(s.high / s.low) * ROOM, 0.1);
		s.low *= pow(10, -room);
		s.high *= pow(10, room);
		return s;
	}
	if (s.low >= 0 && s.low <= FROM_ZERO * s.high)
		s.low = 0;
	room = s.high > s.low ? (s.high - s.low) * ROOM : fmax(fabs(s.high), 1) * ROOM;
	if (s.low != 0)
		s.low -= room;
	s.high += room;
	return s;
}

double svg_scale_at(const struct svg_scale *s, double v)
{
	double at = s->log ? log10(fmax(v, s->low) / s->low) / log10(s->high / s->low) :
			     (v - s->low) / (s->high - s->low);

	return fmin(fmax(at, 0), 1);
}

/* 1, 2 or 5 times a power of ten, not less than @v. */
static double round_up(double v)
{
	static const double steps[] = { 1, 2, 5, 10 };
	double power = pow(10, floor(log10(v)));
	int i = 0;

	while (i < 3 && steps[i] * power < v * (1 - 1e-9))
		i++;
	return steps[i] * power;
}

/* Round where it is shown: in the unit of 1024, 1024^2, ... that it has at least one of. */
static double round_up_binary(double v)
{
	double unit = pow(1024, floor(log2(v) / 10 + 1e-9)), n = round_up(v / unit);

	return (n < 1000 ? n : 1024) * unit;
}

static size_t ticks_even(const struct svg_scale *s, double ticks[SVG_TICKS_MAX])
{
	double least = (s->high - s->low) / STEPS;
	double step = s->binary ? round_up_binary(least) : round_up(least);
	size_t n = 0;

	for (double k = ceil(s->low / step); k * step <= s->high && n < SVG_TICKS_MAX; k++)
		ticks[n++] = k * step;
	return n;
}

static size_t ticks_log(const struct svg_scale *s, double ticks[SVG_TICKS_MAX])
{
	static const double decimal[] = { 1, 2, 5, 0 }, binary[] = { 1, 2, 4, 8, 0 };
	const double base = s->binary ? 16 : 10;
	const double *within = s->binary ? binary : decimal;
	double wide = log(s->high / s->low) / log(base);
	double power = pow(base, floor(log(s->low) / log(base)));
	bool few = wide < FEW_DECADES;
	/* Of very many decades only some. */
	double every = pow(base, ceil(wide / (SVG_TICKS_MAX - 1)));
	size_t n = 0;

	for (; power <= s->high && n < SVG_TICKS_MAX; power *= few ? base : every)
		for (int i = 0; within[i] > 0 && (few || !i) && n < SVG_TICKS_MAX; i++) {
			double v = power * within[i];

			if (v >= s->low && v <= s->high)
				ticks[n++] = v;
		}
	return n;
}

size_t svg_scale_ticks(const struct svg_scale *s, double ticks[SVG_TICKS_MAX])
{
	size_t n = s->log ? ticks_log(s, ticks) : 0;

	/* So little of a logarithmic axis is nearly even. */
	return n < TICKS_MIN ? ticks_even(s, ticks) : n;
}
