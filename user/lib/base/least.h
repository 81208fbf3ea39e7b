/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * least.h - the least of a figure that suffices (PURE)
 */
#ifndef MT_LEAST_H
#define MT_LEAST_H

#include <stdbool.h>

#define MT_LEAST_MOST	64	/* times what there is: more is not looked for */

/*
 * By bisection in logarithms, @steps of them, between @low, which does not suffice, and
 * MT_LEAST_MOST times that.
 * @enough: of the more, the rather. Return: 0 if even the most does not suffice.
 */
double mt_least(double low, unsigned steps, bool (*enough)(double value, void *opaque),
		void *opaque);

#endif
