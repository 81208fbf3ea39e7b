/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * minmax.h - fmax() and fmin(), which are calls, for where a decision's time goes (PURE)
 *
 * Of a NaN @a they are @b, as those are; of a NaN @b they are NaN.
 */
#ifndef MIGTRACE_BASE_MINMAX_H
#define MIGTRACE_BASE_MINMAX_H

static inline double mt_larger(double a, double b)
{
	return a > b ? a : b;
}

static inline double mt_smaller(double a, double b)
{
	return a < b ? a : b;
}

#endif
