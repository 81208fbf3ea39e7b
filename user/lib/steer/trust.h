/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trust.h - statistics that can be acted upon, and those that cannot (PURE)
 */
#ifndef MT_TRUST_H
#define MT_TRUST_H

#include "source/sample.h"

struct mt_trust {
	struct mt_sample last;		/* an earlier look, long enough ago that something must have
					 * moved since */
	bool still;			/* nothing has */
	uint64_t transferred_bytes, iteration;	/* the most that was believed */
	bool has_begin;
	int64_t begin_ms;		/* when it began, on our clock */
	bool stepped;			/* their clock is not to be had any more: ours is put in its
					 * place */
	int64_t other_begin_ms;		/* by what was not believed */
	uint64_t other_since_ns;
	unsigned other_looks;		/* in a row that agreed */
	bool another;			/* they are of another migration, and stay so */
	const char *told;		/* why the newest was not trusted */
};

/*
 * Return: NULL, or why nothing may be done by this sample. Where somebody set the wall clock, by
 * which libvirt counts, total_ms becomes what it is by ours.
 */
const char *mt_trust_sample(struct mt_trust *t, struct mt_sample *s);

#endif
