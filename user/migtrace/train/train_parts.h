/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * train_parts.h - the parts of migtrace train
 */
#ifndef TRAIN_PARTS_H
#define TRAIN_PARTS_H

#include "cli/interrupt.h"
#include "store/trained_file.h"

struct train {
	const char *out;		/* the model's file */
	const struct mt_trainer *trainer;
	uint64_t seed, simulated;
	bool replace;			/* whatever an older model there is like */
	struct mt_told_set set;		/* oldest first */
	struct interrupt interrupt;
	enum mt_method shown;		/* of the progress; MT_METHOD_COUNT: none yet */
};

/* How far it has come, where somebody looks on: a line on a terminal. */
void train_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * @n simulated migrations, drawn by @seed, added to @set: guests of patterns, links, limits and
 * methods at random. Return: 0; -EINTR; -ENOMEM; a line in @err.
 */
MT_MUST_CHECK int train_simulate(struct mt_told_set *set, size_t n, uint64_t seed,
				 const struct interrupt *interrupt, struct mt_err *err);

/*
 * Migrations that are wanted (NULL: all) into a model. -EINTR; -ENODATA; a line in @err.
 */
MT_MUST_CHECK int train_model(struct train *q, struct mt_trained **model, mt_told_want_fn want,
			      void *opaque, struct mt_err *err);

/*
 * Whether a new model should take the place of @old, by the migrations since that was trained; says
 * why, with figures, and what has drifted. < 0: a line in @err.
 */
MT_MUST_CHECK int train_is_better(struct train *q, const struct mt_trained *old,
				  struct mt_err *err);

#endif
