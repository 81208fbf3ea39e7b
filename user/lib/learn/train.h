/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * train.h - models from lessons (PURE)
 *
 * Trainers are the rows of one table. Hyper-parameters are found by cross-validation in which whole
 * workloads are held out, the same for the same lessons and the same seed.
 */
#ifndef MT_TRAIN_H
#define MT_TRAIN_H

#include "fit.h"
#include "trained.h"

/* A migration that is over. */
struct mt_lesson {
	enum mt_method method;
	unsigned workload;		/* which: any number */
	bool simulated;
	double x[MT_FEATURE_COUNT];
	double base[MT_TARGET_COUNT];	/* the analytic model's, by the figures that go with the
					 * model; NaN: nothing */
	double real[MT_TARGET_COUNT];	/* NaN: not known */
};

struct mt_trainer {
	const char *name, *help;
	bool residual;			/* learns how far the analytic model is off */
	bool line;			/* gamma does not matter */
	int (*fit)(const struct mt_fit_set *set, const struct mt_fit_how *how, struct mt_fit *fit);
};
const struct mt_trainer *mt_trainer_at(size_t i);	/* NULL beyond the last */
const struct mt_trainer *mt_trainer_find(const char *name);
#define MT_TRAINER_DEFAULT	"residual"

/* Return: false: stop. */
typedef bool (*mt_train_progress_fn)(enum mt_method method, enum mt_target target, void *opaque);

struct mt_training {
	const struct mt_trainer *trainer;
	uint64_t seed;
	const struct mt_lesson *lessons;
	size_t n;
	unsigned methods;		/* that are wanted, a bit each */
	mt_train_progress_fn progress;	/* before each; NULL: none */
	void *opaque;
};

/* A regression is made from so many lessons of two workloads at least. Inferred. */
#define MT_TRAIN_LESSONS_MIN	8

/*
 * @t: new, but for ->learned the caller's to fill in; mt_trained_free(). Return: 0; -ENODATA too
 * few lessons of every method; -EINTR stopped; -ENOMEM; *@t is NULL then.
 */
MT_MUST_CHECK int mt_train(struct mt_trained **t, const struct mt_training *how);

#endif
