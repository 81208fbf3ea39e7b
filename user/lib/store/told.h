/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * told.h - migrations that are over, as lessons for trained models
 *
 * From a campaign's directory (runs.jsonl, with a profile of before each migration), or from a
 * directory of recordings, such as the daemon's: there the guest's curve is that of its passes,
 * since nothing else was recorded of it.
 */
#ifndef MT_TOLD_H
#define MT_TOLD_H

#include "base/err.h"
#include "learn/train.h"

struct mt_told {
	struct mt_learned_case learned;	/* ->in.curve points to ->u */
	struct mt_ucurve u;		/* ->origin NOTHING: nothing is known */
	struct mt_measures measured;
	double performance;		/* NaN: not known */
	char where[64], workload[64];	/* labels; of a recording: the destination, the guest */
	uint64_t begin_ms;		/* Unix time; 0: not known */
	bool simulated;
};

struct mt_told_set {
	struct mt_told **v;		/* each its own, so that it stays where it is */
	size_t n, left_out;		/* that tell nothing */
};
void mt_told_free(struct mt_told_set *set);
/* A new one at the end, nothing known; NULL: no memory. */
struct mt_told *mt_told_add(struct mt_told_set *set);

/*
 * @passed: as it was known when its first pass had ended, not before it began; one without a whole
 * pass is left out. Return: 0; -ENODATA nothing that teaches; what reading returns, with a line in
 * @err.
 */
MT_MUST_CHECK int mt_told_campaign(struct mt_told_set *set, const char *dir, bool passed,
				   struct mt_err *err);
MT_MUST_CHECK int mt_told_recordings(struct mt_told_set *set, const char *dir,
				     struct mt_err *err);
/* Either, by what is there. */
MT_MUST_CHECK int mt_told_read(struct mt_told_set *set, const char *dir, struct mt_err *err);

/* Oldest first; what has no time stays before what has. */
void mt_told_sort(struct mt_told_set *set);

typedef bool (*mt_told_want_fn)(const struct mt_told *t, void *opaque);

/* What the analytic model learns from those that are wanted (NULL: all). -ENOMEM. */
MT_MUST_CHECK int mt_told_learn(const struct mt_told_set *set, mt_told_want_fn want, void *opaque,
				struct mt_learned *learned);
/* What it says of @t, by @learned; and whether it is one to train by: it ended by itself. */
bool mt_told_lesson(const struct mt_told *t, const struct mt_learned *learned,
		    struct mt_lesson *lesson);
/*
 * Lessons of those that are wanted, each workload numbered. @lessons: room for set->n. Return: how
 * many.
 */
size_t mt_told_lessons(const struct mt_told_set *set, mt_told_want_fn want, void *opaque,
		       const struct mt_learned *learned, struct mt_lesson *lessons);

#endif
