/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ihm.h - the rule of intelligent hybrid migration, for every policy that has it (PURE)
 */
#ifndef MT_IHM_H
#define MT_IHM_H

#include "policy.h"

struct mt_ihm {
	double previous;	/* dirty set of the last iteration, bytes; 0 = none yet */
	unsigned watched;	/* 0 = not watching */
	double lowest;
};

/* As a row's step(): says nothing but at boundaries. Begins as zeros. */
void mt_ihm_step(struct mt_ihm *s, const struct mt_view *view, struct mt_plan *plan);

#endif
