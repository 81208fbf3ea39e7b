// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * trained_file.c - a trained model as a file, and how good one is on migrations that are over
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "trained_file.h"

/* 48 regressions over 1500 migrations of each method take less than half of it. */
#define FILE_MAX_BYTES	(256U << 20)

int mt_trained_load(struct mt_trained **t, const char *path, struct mt_err *err)
{
	mt_autofclose FILE *f = NULL;
	mt_autofree char *text = NULL;
	size_t len = 0, room = 0, got;
	int rc = mt_file_stream(&f, path, FILE_MAX_BYTES, err);

	*t = NULL;
	if (rc)
		return rc;
	do {
		char *more = realloc(text, room += 1 << 20);

		if (!more)
			return mt_err_set(err, -ENOMEM, "out of memory");
		text = more;
		got = fread(text + len, 1, room - len, f);
		len += got;
	} while (got && len < FILE_MAX_BYTES);
	if (ferror(f))
		return mt_err_set(err, -EIO, "cannot read %s: %s", path, strerror(EIO));
	return mt_trained_parse(t, text, len, path, err);
}

int mt_trained_save(const struct mt_trained *t, const char *path, struct mt_err *err)
{
	size_t len;
	mt_autofree char *text = mt_trained_text(t, &len);

	if (!text)
		return mt_err_set(err, -ENOMEM, "out of memory");
	return mt_file_replace(path, text, len, err);
}

/* --- how good it is ----------------------------------------------------------------- */
void mt_trained_judge(const struct mt_trained *t, const struct mt_told_set *set,
		      mt_told_want_fn want, void *opaque, struct mt_judgement *j)
{
	*j = (struct mt_judgement){ 0 };
	for (size_t i = 0; i < set->n; i++) {
		const struct mt_told *m = set->v[i];
		struct mt_lesson lesson;
		struct mt_expected said;

		if ((want && !want(m, opaque)) || !mt_told_lesson(m, &t->learned, &lesson) ||
		    mt_trained_expect(t, &m->learned.in, &m->measured, &said))
			continue;
		for (int k = 0; k < MT_TARGET_COUNT; k++) {
			double e = mt_target_error(k, said.target[k].p50, lesson.real[k]);

			if (isnan(e))
				continue;
			j->error[k] += e;
			j->n[k]++;
		}
	}
	for (int k = 0; k < MT_TARGET_COUNT; k++)
		j->error[k] = j->n[k] ? j->error[k] / j->n[k] : NAN;
}

double mt_judgement_ratio(const struct mt_judgement *a, const struct mt_judgement *b)
{
	static const enum mt_target by[] = { MT_TARGET_TOTAL_MS, MT_TARGET_TRANSFERRED_BYTES,
					     MT_TARGET_DOWNTIME_MS };
	double sum = 0;
	unsigned n = 0;

	for (size_t i = 0; i < MT_ARRAY_SIZE(by); i++) {
		double x = a->error[by[i]], y = b->error[by[i]];

		if (!(x > 0) || !(y > 0))
			continue;
		sum += log(x / y);
		n++;
	}
	return n ? exp(sum / n) : NAN;
}
