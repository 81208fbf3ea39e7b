// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * trace_recorded_rates.c - how often pages are written to of which only first writes are logged
 * (PURE)
 *
 * KVM logs a page once after it was cleared. A page written to at random times is written to in a
 * tick with some probability p, and in a window logged in the tick in which that happens first. The
 * likeliest p is the number of windows in which it was logged over the number of ticks for which it
 * had not been logged before, in all windows; half a tick more, so that a page that was always
 * logged in the first tick has a p below 1. With ticks of a length t that is a rate of -ln(1 - p) /
 * t.
 */
#include <errno.h>
#include <math.h>

#include "trace_recorded.h"

#define MORE_TICKS	0.5f	/* Inferred. */

/*
 * @ticks: for which it was not logged yet, less those of a page that never was, which are all ticks
 * of all windows.
 */
struct tally {
	uint32_t windows;
	float ticks;
};

static void tally_tick(const struct mt_trace_recorder *r, const struct recorded_tick *t,
		       double less, struct tally *tallies)
{
	for (size_t i = t->first_run; i < t->first_run + t->n_runs; i++) {
		for (uint32_t k = 0; k < r->runs[i].count; k++) {
			struct tally *tally = &tallies[r->runs[i].first + k];

			tally->windows++;
			tally->ticks -= (float)less;
		}
	}
}

static size_t window_end(const struct mt_trace_recorder *r, size_t first)
{
	size_t end = first + 1;

	while (end < r->n_ticks && !r->ticks[end].begins)
		end++;
	return end;
}

/* Return: how many ticks there are in windows. */
static size_t tally_all(const struct mt_trace_recorder *r, struct tally *tallies, double *length_s)
{
	size_t ticks = 0, first = 0;

	*length_s = 0;
	while (first < r->n_ticks && !r->ticks[first].begins)
		first++;
	while (first < r->n_ticks) {
		size_t end = window_end(r, first);

		for (size_t i = first; i < end; i++) {
			tally_tick(r, &r->ticks[i], (double)(end - i - 1), tallies);
			*length_s += (double)r->ticks[i].length_ns / 1e9;
		}
		ticks += end - first;
		first = end;
	}
	return ticks;
}

int recorded_rates(struct mt_trace_recorder *r)
{
	struct tally *tallies = calloc(r->pages + 1, sizeof(*tallies));
	double length_s;
	size_t ticks;

	if (!tallies)
		return -ENOMEM;
	ticks = tally_all(r, tallies, &length_s);
	r->rates = ticks ? calloc(r->pages + 1, sizeof(*r->rates)) : NULL;
	for (uint64_t page = 0; page < r->pages && r->rates; page++) {
		double clean = (double)ticks + (double)(tallies[page].ticks + MORE_TICKS);

		if (tallies[page].windows)
			r->rates[page] = (float)(-log1p(-(double)tallies[page].windows / clean) *
						 (double)ticks / length_s);
	}
	free(tallies);
	return ticks && !r->rates ? -ENOMEM : 0;
}
