/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trained_file.h - a trained model as a file, and how good one is on migrations that are over
 */
#ifndef MT_TRAINED_FILE_H
#define MT_TRAINED_FILE_H

#include "told.h"

/* in the daemon's directory of recordings */
#define MT_TRAINED_FILE	"trained.model"

/* Return: as mt_trained_parse(); errnos of open(2) and read(2); a line in @err. */
MT_MUST_CHECK int mt_trained_load(struct mt_trained **t, const char *path, struct mt_err *err);
/* Under another name and renamed: @path is whole at any time. */
MT_MUST_CHECK int mt_trained_save(const struct mt_trained *t, const char *path,
				  struct mt_err *err);

/* Mean errors, as mt_target_error() tells them. */
struct mt_judgement {
	double error[MT_TARGET_COUNT];	/* NaN: of none */
	unsigned n[MT_TARGET_COUNT];
};
/* Of migrations that ended by themselves and are wanted. */
void mt_trained_judge(const struct mt_trained *t, const struct mt_told_set *set,
		      mt_told_want_fn want, void *opaque, struct mt_judgement *j);
/*
 * How much worse @a is than @b: the geometric mean of what their errors of total time, traffic and
 * downtime are to each other. NaN: they have none in common.
 */
double mt_judgement_ratio(const struct mt_judgement *a, const struct mt_judgement *b);

#endif
