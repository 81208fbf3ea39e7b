// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * told.c - migrations that are over, as lessons for trained models
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "told.h"

void mt_told_free(struct mt_told_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		free(set->v[i]);
	free(set->v);
	*set = (struct mt_told_set){ 0 };
}

struct mt_told *mt_told_add(struct mt_told_set *set)
{
	struct mt_told *t = calloc(1, sizeof(*t)), **more = set->v;

	if (t && !(set->n & (set->n - 1))) {
		more = reallocarray(set->v, set->n ? 2 * set->n : 1, sizeof(struct mt_told *));
		if (!more) {
			free(t);
			return NULL;
		}
	}
	if (!t)
		return NULL;
	set->v = more;
	set->v[set->n++] = t;
	t->measured = (struct mt_measures)MT_MEASURES_UNKNOWN;
	t->performance = NAN;
	return t;
}

static int by_time(const void *a, const void *b)
{
	const struct mt_told *const *x = a, *const *y = b;

	return ((*x)->begin_ms > (*y)->begin_ms) - ((*x)->begin_ms < (*y)->begin_ms);
}

void mt_told_sort(struct mt_told_set *set)
{
	if (set->n)
		qsort(set->v, set->n, sizeof(struct mt_told *), by_time);
}

int mt_told_learn(const struct mt_told_set *set, mt_told_want_fn want, void *opaque,
		  struct mt_learned *learned)
{
	mt_autofree struct mt_learned_case *cases = calloc(set->n + 1, sizeof(*cases));
	size_t n = 0;

	*learned = mt_learned_default;
	if (!cases)
		return -ENOMEM;
	for (size_t i = 0; i < set->n; i++) {
		const struct mt_told *t = set->v[i];

		if (t->u.origin && (!want || want(t, opaque)))
			cases[n++] = t->learned;
	}
	return mt_learn(learned, cases, n);
}

bool mt_told_lesson(const struct mt_told *t, const struct mt_learned *learned,
		    struct mt_lesson *lesson)
{
	struct mt_forecast_input in = t->learned.in;
	struct mt_forecast f;
	bool based;

	if (!t->learned.ended)
		return false;
	in.learned = learned;
	based = t->u.origin && !mt_forecast(NULL, &in, &f);
	*lesson = (struct mt_lesson){ .method = in.method, .simulated = t->simulated };
	mt_features_of(lesson->x, &in, &t->measured, based ? &f : NULL);
	for (int k = 0; k < MT_TARGET_COUNT; k++) {
		enum mt_metric metric = mt_target_at(k)->metric;

		lesson->base[k] = based ? mt_target_base(k, &f) : NAN;
		lesson->real[k] = metric != MT_METRIC_COUNT ? t->learned.real[metric] : NAN;
	}
	lesson->real[MT_TARGET_PERFORMANCE] = t->performance;
	return true;
}

/* The number of the first that is of the same workload, wherever it was. */
static unsigned workload_of(const struct mt_told_set *set, size_t i)
{
	unsigned k = 0;

	while (strcmp(set->v[k]->workload, set->v[i]->workload))
		k++;
	return k;
}

size_t mt_told_lessons(const struct mt_told_set *set, mt_told_want_fn want, void *opaque,
		       const struct mt_learned *learned, struct mt_lesson *lessons)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		if ((want && !want(set->v[i], opaque)) ||
		    !mt_told_lesson(set->v[i], learned, &lessons[n]))
			continue;
		lessons[n++].workload = workload_of(set, i);
	}
	return n;
}
