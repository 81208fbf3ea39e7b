/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * markov_fusion.h - a forecast by several similar patterns together (PURE)
 *
 * NPC'14 takes its patterns from "a pattern fusion model": Yang, Cao, Fu, Wang, Guo, "A Pattern
 * Fusion Model for Multi-Step-Ahead CPU Load Prediction" (JSS 86(5), 2013). By its abstract,
 * patterns are similar by Euclidean distance and by distance of fluctuations, each similar one
 * makes a prediction, and a strategy of weights merges them. How is not public; inferred are
 *
 *	distance	root mean square of the differences of the slots, plus fluctuation_share
 *			times that of the differences of their changes from slot to slot
 *	similar		the ->fuse nearest ones
 *	weight		1 / distance; one that is no distance away foretells alone
 *
 * The patterns of several lengths that the abstract combines by machine learning are not here.
 */
#ifndef MT_MARKOV_FUSION_H
#define MT_MARKOV_FUSION_H

#include "markov.h"

#define MT_MARKOV_FUSE_MAX	8

/*
 * The next ->step slots after @status. @next is what the chain has follow on @at; of every other
 * pattern that is similar the most frequent successor counts.
 */
void mt_fusion_foretell(const struct mt_markov *m, const float *status, int at, int next,
			float *amounts);

/* The pattern nearest to @status of all but @but, fluctuations aside; -1 = there is none. */
int mt_fusion_second(const struct mt_markov *m, const float *status, int but);

#endif
