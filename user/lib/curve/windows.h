/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * windows.h - the windows of one session, each a path of U(T) (PURE)
 */
#ifndef MIGTRACE_CURVE_WINDOWS_H
#define MIGTRACE_CURVE_WINDOWS_H

#include "samples.h"

struct mt_windows {
	struct mt_samples samples;
	struct mt_path path;
	uint64_t number;		/* of the one that runs; 0 = none */
	uint64_t tried;			/* newest number that was seen, clean or not */
	bool tried_clean;
	unsigned clean, left_out;
	double most_pages;		/* that any of them had */
};

void mt_windows_tick(struct mt_windows *w, const struct migtrace_record *r);
void mt_windows_end(struct mt_windows *w);	/* nothing follows */
void mt_windows_fini(struct mt_windows *w);

#endif
