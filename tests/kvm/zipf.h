/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zipf.h - pages written by Zipf's law, in closed form
 *
 * Of n pages, that of rank r (from 1) is written with probability
 * p(r) = r^-s / H, H = sum of r^-s over all ranks. s = 0 is the uniform law.
 * Ranks are strewn over the pages: rank r is page (r - 1) * step mod n.
 * m independent writes leave U(m) = sum over r of 1 - (1 - p(r))^m pages dirty.
 */
#ifndef ZIPF_H
#define ZIPF_H

#include <stdint.h>

#include "pattern.h"

struct zipf {
	uint64_t pages;
	double s;
	double harmonic;		/* H */
	uint64_t step;			/* has no divisor in common with pages */
};

int zipf_init(struct zipf *z, uint64_t pages, double s);
double zipf_p(const struct zipf *z, uint64_t rank);
uint64_t zipf_page(const struct zipf *z, uint64_t rank);
double zipf_distinct(const struct zipf *z, double writes);
/* For PATTERN_ALIAS; free() it. NULL: no memory */
struct pattern_alias *zipf_table(const struct zipf *z);

#endif
