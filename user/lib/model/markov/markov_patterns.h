/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * markov_patterns.h - patterns: found, joined, merged (PURE)
 */
#ifndef MT_MARKOV_PATTERNS_H
#define MT_MARKOV_PATTERNS_H

#include "markov.h"

/*
 * The pattern nearest to @status, the first of equals; -1 = there is none. @square: of the
 * distance, sum over the slots.
 */
int mt_patterns_nearest(const struct mt_markov *m, const float *status, double *square);

/* What followed most often on pattern @from; second: after that one. -1 = nothing did. */
int mt_markov_successor(const struct mt_markov *m, int from, bool second);

/* The pattern that @status, slots that deviate by @deviation, is part of from now on. */
int mt_patterns_join(struct mt_markov *m, const float *status, double deviation);

#endif
