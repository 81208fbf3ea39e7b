/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * growth.h - a change of phase, from how a window of a kernel source grows (PURE)
 */
#ifndef MT_GROWTH_H
#define MT_GROWTH_H

#include <stdbool.h>

#include "source/tick.h"

#define MT_GROWTH_AGES	56		/* of windows, from 50 ms to ten minutes */

/* Zeroed before the first tick. */
struct mt_growth {
	uint64_t window;		/* that the last tick was in; 0: none */
	double last_s, last_bytes;	/* how far it was */
	bool known[MT_GROWTH_AGES];
	double expected[MT_GROWTH_AGES];	/* logarithm of bytes a second, by a window's age */
	double shift;			/* of all of them, since the last change */
	unsigned since;			/* ticks since then that told of it, up to 10 */
	double above, below;		/* Page's test */
};

/*
 * A tick of a kernel source, or several merged, in order. @memory_bytes: the guest's, 0: not known;
 * logs of much less are not looked at. Return: true if the guest's load has changed.
 */
bool mt_growth_tick(struct mt_growth *g, double memory_bytes, const struct mt_tick *tick);

#endif
