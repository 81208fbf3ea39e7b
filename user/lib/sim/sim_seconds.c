// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sim_seconds.c - what a profile of a trace tells of whole seconds (PURE)
 *
 * To the letter of Nathan, Bellur, Kulkarni (SoCC'15): a bitmap for each second, and windows of T
 * seconds that follow each other.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "sim.h"

struct seconds {
	uint32_t *in;		/* of each page: bit k: dirtied in second k */
	uint64_t pages;
	uint32_t now;		/* bit of the second that runs; 0: it is not looked at */
};

static void on_writes(void *to, const uint64_t *pages, size_t n)
{
	struct seconds *s = to;

	for (size_t i = 0; i < n; i++)
		if (pages[i] < s->pages)
			s->in[pages[i]] |= s->now;
}

/* Bytes of pages that were dirtied in seconds @first to @first + @count - 1, in @least at least. */
static double dirtied(const struct seconds *s, unsigned first, unsigned count, int least)
{
	uint32_t these = (uint32_t)((1ULL << count) - 1) << first;
	uint64_t pages = 0;

	for (uint64_t i = 0; i < s->pages; i++)
		pages += __builtin_popcount(s->in[i] & these) >= least;
	return (double)(pages * MT_TRACE_PAGE_BYTES);
}

static void fill(const struct seconds *s, unsigned n, struct mt_seconds *to)
{
	mt_seconds_init(to);
	for (unsigned t = 1; t <= n && t <= MT_SECONDS_LENGTHS; t++)
		for (unsigned first = 0; first + t <= n; first += t) {
			double bytes = dirtied(s, first, t, 1);

			mt_seconds_windows(to, t, bytes, 1);
			if (t == 1)
				mt_seconds_add(to, bytes);
		}
	to->mw_bytes = dirtied(s, 0, n, 1);
	to->hot_bytes = dirtied(s, 0, n, (int)ceil(MT_PROFILE_HOT_SHARE * n - 1e-9));
}

int mt_sim_seconds(struct mt_trace *trace, unsigned after_s, unsigned n, struct mt_seconds *to)
{
	struct seconds s = { .pages = trace->pages };

	if (!n || n > 32)
		return -EINVAL;
	s.in = calloc(s.pages ? s.pages : 1, sizeof(*s.in));
	if (!s.in)
		return -ENOMEM;
	trace->ops->rewind(trace->opaque);
	for (unsigned k = 0; k < after_s + n; k++) {
		s.now = k < after_s ? 0 : 1U << (k - after_s);
		trace->ops->advance(trace->opaque, (uint64_t)1e9, (uint64_t)1e9, on_writes, &s);
	}
	fill(&s, n, to);
	free(s.in);
	return 0;
}
