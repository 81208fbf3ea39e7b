/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * markov.h - patterns: found, joined, merged (PURE)
 */
#ifndef MODEL_MARKOV_H
#define MODEL_MARKOV_H

#include <migtrace/markov.h>

/* The pattern nearest to @status, the first of equals; -1 = there is none. @square: of the distance, sum over the slots. */
int mt_patterns_nearest(const struct mt_markov *m, const float *status, double *square);

/* The pattern that @status, slots that deviate by @deviation, is part of from now on. */
int mt_patterns_join(struct mt_markov *m, const float *status, double deviation);

#endif
