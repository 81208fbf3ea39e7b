/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * taught.h - one recorded migration as cases to learn from
 */
#ifndef MIGTRACE_STORE_TAUGHT_H
#define MIGTRACE_STORE_TAUGHT_H

#include "experience.h"

struct mt_taught {
	uint64_t begin_ms;		/* Unix time */
	char destination[MT_EXPERIENCE_HOST_MAX];
	char guest[64];			/* its name, as far as it fits */
	double fixed_ms;		/* of a stop by us: what its pause was longer than its
					 * memory took; NaN: there was none */
	bool has[MT_FORECAST_STAGES];	/* that it teaches; none: it did not end by itself */
	struct mt_learned_case at[MT_FORECAST_STAGES];
	struct mt_ucurve u[MT_FORECAST_STAGES];	/* ->at[].in.curve points to these: never copied */
};

/*
 * The last migration in a recording, which is read entry by entry. Return: 0; -ENODATA it teaches
 * nothing: it neither ended by itself after a whole pass, nor was stopped; what mt_recording_scan()
 * returns.
 */
MT_MUST_CHECK int mt_taught_read(struct mt_taught *t, const char *path, struct mt_err *err);

#endif
