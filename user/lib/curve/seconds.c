// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * seconds.c - what a profile tells of whole seconds (PURE)
 */
#include <math.h>
#include <string.h>

#include "seconds.h"

void mt_seconds_init(struct mt_seconds *s)
{
	*s = (struct mt_seconds){ .hot_bytes = NAN };
}

void mt_seconds_add(struct mt_seconds *s, double bytes)
{
	if (s->n < MT_SECONDS_MAX)
		s->bytes[s->n++] = bytes;
}

void mt_seconds_windows(struct mt_seconds *s, double window_s, double mean_bytes, unsigned windows)
{
	size_t i = 0;

	if (!(window_s >= 1) || !windows || !(mean_bytes >= 0))
		return;
	while (i < s->lengths && s->at[i].window_s < window_s)
		i++;
	if (i == s->lengths || s->at[i].window_s != window_s) {
		if (s->lengths == MT_SECONDS_LENGTHS)
			return;
		memmove(&s->at[i + 1], &s->at[i], (s->lengths++ - i) * sizeof(s->at[0]));
		s->at[i] = (struct mt_seconds_length){ .window_s = window_s };
	}
	s->at[i].bytes = (s->at[i].bytes * s->at[i].windows + mean_bytes * windows) /
			 (s->at[i].windows + windows);
	s->at[i].windows += windows;
}

void mt_seconds_of_curve(struct mt_seconds *s, const struct mt_ucurve *c, const double *window_s,
			 size_t n)
{
	mt_seconds_init(s);
	for (size_t i = 0; i < n; i++)
		mt_seconds_windows(s, window_s[i], mt_ucurve_at(c, window_s[i]), 1);
	if (n)
		mt_seconds_add(s, s->at[0].bytes / s->at[0].window_s);
	s->mw_bytes = c->union_bytes;
}

double mt_seconds_dirtied(const struct mt_seconds *s, double window_s)
{
	const struct mt_seconds_length *a = &s->at[0], *b;
	double bytes, slope;

	if (window_s <= a->window_s || s->lengths < 2) {
		bytes = a->bytes / a->window_s * window_s;
	} else {
		for (b = a + 1; b + 1 < s->at + s->lengths && b->window_s < window_s; b++)
			;
		/* Beyond the longest: the average of its seconds after the first, S_new. */
		if (b->window_s >= window_s)
			a = b - 1;
		slope = fmax(0, b->bytes - a->bytes) / (b->window_s - a->window_s);
		bytes = a->bytes + slope * (window_s - a->window_s);
	}
	return s->mw_bytes > 0 ? fmin(bytes, s->mw_bytes) : bytes;
}
