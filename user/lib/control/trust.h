/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trust.h - statistics that can be acted upon, and those that cannot (PURE)
 */
#ifndef CONTROL_TRUST_H
#define CONTROL_TRUST_H

#include <migtrace/sample.h>

struct mt_trust {
	uint64_t transferred_bytes, iteration;	/* the most that was seen */
	uint64_t last_total_ms, last_t_ns;	/* of an earlier one, believed or not */
	bool still;			/* since then their time has not gone on */
	bool has_begin;
	int64_t begin_ms;		/* when it began, on our clock, by what they say */
	int64_t other_begin_ms;		/* likewise, by what was not believed */
	uint64_t other_since_ns;
	unsigned other_looks;		/* in a row that agreed on that */
	bool another;			/* they are of another migration, and stay so */
	const char *told;		/* why the newest was not trusted */
};

/* Return: NULL, or why nothing may be done by this sample. */
const char *mt_trust_sample(struct mt_trust *t, const struct mt_sample *s);

#endif
