/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trust.h - statistics that can be acted upon, and those that cannot (PURE)
 */
#ifndef CONTROL_TRUST_H
#define CONTROL_TRUST_H

#include <migtrace/sample.h>

struct mt_trust {
	bool begun;
	uint64_t total_ms, transferred_bytes, iteration;	/* the most that was seen */
	uint64_t last_total_ms, moved_ns;	/* the last, and when it was first seen */
	unsigned backwards;			/* looks in a row */
	bool another;				/* they are of another migration, and stay so */
	const char *told;			/* why the newest was not trusted */
};

/* Return: NULL, or why nothing may be done by this sample. */
const char *mt_trust_sample(struct mt_trust *t, const struct mt_sample *s);

#endif
