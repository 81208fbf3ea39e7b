// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zipf.c - pages written by Zipf's law, in closed form
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "zipf.h"

#define GOLDEN		0.6180339887498949	/* neighbours in rank lie far apart */

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

int zipf_init(struct zipf *z, uint64_t pages, double s)
{
	if (!pages || pages > UINT32_MAX || !(s >= 0) || s > 10)
		return -EINVAL;
	*z = (struct zipf){ .pages = pages, .s = s, .step = pages * GOLDEN + 1 };
	while (gcd(z->step, pages) != 1)
		z->step++;
	/* The small terms first, or they are lost */
	for (uint64_t r = pages; r; r--)
		z->harmonic += pow(r, -s);
	return 0;
}

double zipf_p(const struct zipf *z, uint64_t rank)
{
	return pow(rank, -z->s) / z->harmonic;
}

uint64_t zipf_page(const struct zipf *z, uint64_t rank)
{
	return (rank - 1) * z->step % z->pages;
}

double zipf_distinct(const struct zipf *z, double writes)
{
	double sum = 0;

	for (uint64_t r = z->pages; r; r--) {
		double p = zipf_p(z, r);

		sum += p < 1 ? -expm1(writes * log1p(-p)) : writes > 0;
	}
	return sum;
}

/*
 * Vose's method: a page below the average weight is topped up by one above it.
 * One array holds both work lists, those below from the left, those above from
 * the right.
 */
struct pattern_alias *zipf_table(const struct zipf *z)
{
	struct pattern_alias *table = malloc(z->pages * sizeof(*table));
	double *scaled = malloc(z->pages * sizeof(*scaled));	/* 1: the average */
	uint32_t *work = malloc(z->pages * sizeof(*work));
	uint64_t below = 0, above = z->pages;

	if (!table || !scaled || !work) {
		free(table);
		table = NULL;
		goto out;
	}
	for (uint64_t r = 1; r <= z->pages; r++) {
		uint64_t page = zipf_page(z, r);

		scaled[page] = zipf_p(z, r) * z->pages;
		table[page] = (struct pattern_alias){ .keep = UINT32_MAX, .alias = page };
		work[scaled[page] < 1 ? below++ : --above] = page;
	}
	while (below && above < z->pages) {
		uint32_t small = work[--below], large = work[above];

		table[small].keep = ldexp(scaled[small], 32);
		table[small].alias = large;
		scaled[large] -= 1 - scaled[small];
		if (scaled[large] < 1) {
			above++;
			work[below++] = large;
		}
	}
out:
	free(scaled);
	free(work);
	return table;
}
