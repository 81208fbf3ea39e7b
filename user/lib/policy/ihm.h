/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ihm.h - the rule of intelligent hybrid migration, for every policy that has it (PURE)
 */
#ifndef MT_IHM_H
#define MT_IHM_H

#include "policy.h"

/* Its parameters, as consecutive rows of a list: see ihm.c for what each leaves open. */
enum {
	MT_IHM_NOT_CONVERGING,
	MT_IHM_FLAT_CHANGE,
	MT_IHM_DIRTY_COUNTED,
	MT_IHM_WATCHED_PASSES,
	MT_IHM_WATCHED_FROM,
	MT_IHM_LOW_OF,
	MT_IHM_LOW_MARGIN,
	MT_IHM_LOW_WAIT,
	MT_IHM_COUNT
};

enum { MT_IHM_CHANGE, MT_IHM_SENT };		/* not_converging */
enum { MT_IHM_LEFT, MT_IHM_DIRTIED };		/* dirty_counted */
enum { MT_IHM_TRIGGER, MT_IHM_NEXT };		/* watched_from */
enum { MT_IHM_FIRST, MT_IHM_LATEST };		/* low_of */

extern const char *const mt_ihm_conditions[], *const mt_ihm_counts[], *const mt_ihm_begins[],
	*const mt_ihm_lows[];

#define MT_IHM_WATCHED_MAX	64
#define MT_IHM_WAIT_MAX		1000000		/* passes; no migration has as many */

#define MT_IHM_PARAMS(at) \
	[(at) + MT_IHM_NOT_CONVERGING] = { \
		.name = "not_converging", .kind = MT_PARAM_WORD, .initial = MT_IHM_CHANGE, \
		.max = MT_IHM_SENT, .words = mt_ihm_conditions, \
		.help = "what tells that pre-copy does not converge", \
		.about = "what tells that pre-copy does not converge: **change**, a pass that grew or changed by less than **--flat-change** (WALM); **sent**, one in which as much was dirtied as was sent (IHM)" }, \
	[(at) + MT_IHM_FLAT_CHANGE] = { \
		.name = "flat_change", .kind = MT_PARAM_PERCENT, .initial = 5, .max = 100, \
		.help = "a pass that shrank by less does not converge", \
		.about = "a pass that shrank by less than this share of the one before does not converge (inferred)" }, \
	[(at) + MT_IHM_DIRTY_COUNTED] = { \
		.name = "dirty_counted", .kind = MT_PARAM_WORD, .initial = MT_IHM_LEFT, \
		.max = MT_IHM_DIRTIED, .words = mt_ihm_counts, \
		.help = "what is compared from pass to pass", \
		.about = "what is compared from pass to pass: **left**, all that the next has to send, or **dirtied**, without what this one left unsent" }, \
	[(at) + MT_IHM_WATCHED_PASSES] = { \
		.name = "watched_passes", .kind = MT_PARAM_COUNT, .initial = 5, .min = 1, \
		.max = MT_IHM_WATCHED_MAX, \
		.help = "how many passes it seeks the minimum of", \
		.about = "of how many passes it seeks the minimum (inferred)" }, \
	[(at) + MT_IHM_WATCHED_FROM] = { \
		.name = "watched_from", .kind = MT_PARAM_WORD, .initial = MT_IHM_TRIGGER, \
		.max = MT_IHM_NEXT, .words = mt_ihm_begins, \
		.help = "which pass is the first of these", \
		.about = "the first of these: **trigger**, the one that told that pre-copy does not converge, or the **next** one" }, \
	[(at) + MT_IHM_LOW_OF] = { \
		.name = "low_of", .kind = MT_PARAM_WORD, .initial = MT_IHM_LATEST, \
		.max = MT_IHM_LATEST, .words = mt_ihm_lows, \
		.help = "which passes have the minimum that it waits for", \
		.about = "whose minimum it waits for: that of the **first** so many passes, or of the **latest** at each time" }, \
	[(at) + MT_IHM_LOW_MARGIN] = { \
		.name = "low_margin", .kind = MT_PARAM_PERCENT, .initial = 4, .max = 1000, \
		.help = "a pass that is so near counts as the minimum", \
		.about = "a pass counts as that minimum if it is no more above it than this (inferred; KubeVirt's margin)" }, \
	[(at) + MT_IHM_LOW_WAIT] = { \
		.name = "low_wait", .kind = MT_PARAM_COUNT, .initial = 10, \
		.min = 1, .max = MT_IHM_WAIT_MAX, \
		.help = "with which pass after these it acts, whatever is left", \
		.about = "it acts with this pass after those that it watched at the latest, whatever is left then (inferred)" }

struct mt_ihm {
	double previous;	/* dirty at the last boundary, bytes; 0 = none yet */
	bool watching;
	unsigned watched, waited;	/* passes */
	double low[MT_IHM_WATCHED_MAX];	/* of the watched ones what was dirty, in a circle */
};

/*
 * As a row's step(): says nothing but at boundaries. Begins as zeros. @own: where its parameters
 * begin in view->params.
 */
void mt_ihm_step(struct mt_ihm *s, const struct mt_view *view, const uint64_t *own,
		 struct mt_plan *plan);

#endif
