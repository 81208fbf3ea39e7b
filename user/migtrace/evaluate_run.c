// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_run.c - forecasts with whole workloads held out
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate_campaign.h"

/* Return: the next result, of @c; NULL: no memory. It counts once ->n says so. */
static struct evaluate_result *next(struct evaluate_results *r, const struct evaluate_case *c, const char *model)
{
	if (r->n == r->room) {
		size_t room = r->room ? 2 * r->room : 256;
		struct evaluate_result *more = realloc(r->v, room * sizeof(*more));

		if (!more)
			return NULL;
		r->v = more;
		r->room = room;
	}
	r->v[r->n] = (struct evaluate_result){ .of = c, .model = model };
	return &r->v[r->n];
}

static int take_live(struct evaluate_results *r, const struct evaluate_case *c)
{
	struct evaluate_result *to;

	if (!c->live.model)
		return 0;
	to = next(r, c, c->live.model);
	if (!to)
		return -ENOMEM;
	to->forecast = c->live;
	evaluate_judge(to);
	r->n++;
	return 0;
}

static int forecast(struct evaluate_results *r, const struct evaluate_case *c, const struct mt_learned *learned)
{
	int rc = take_live(r, c);

	for (size_t i = 0; mt_forecast_model_at(i) && !rc; i++) {
		const struct mt_forecast_model *model = mt_forecast_model_at(i);
		struct mt_forecast_input in = c->learned.in;
		struct evaluate_result *to;

		/* While a migration runs baselines look at no curve: once is enough. */
		if (model->baseline && c->moment != MOMENT_START && c->curve != CURVE_PASSES)
			continue;
		to = next(r, c, model->name);
		if (!to)
			return -ENOMEM;
		in.learned = learned;
		if (mt_forecast(model, &in, &to->forecast))
			continue;
		evaluate_judge(to);
		r->n++;
	}
	return rc;
}

/* Whether an earlier case stands for the same group and workload. */
static bool is_first(const struct evaluate_set *set, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (evaluate_same_group(set->v[k], set->v[i]) &&
		    !strcmp(set->v[k]->run->workload, set->v[i]->run->workload))
			return false;
	return true;
}

static int fold(struct evaluate_results *r, const struct evaluate_set *set, const struct evaluate_case *held_out,
		struct mt_learned_case *others)
{
	struct mt_learned learned = mt_learned_default;
	size_t n = 0;
	int rc;

	/* A file that belongs to no campaign is of hosts that nothing is known of. */
	for (size_t i = 0; i < set->n && *held_out->run->profile; i++)
		if (evaluate_same_group(set->v[i], held_out) &&
		    strcmp(set->v[i]->run->workload, held_out->run->workload))
			others[n++] = set->v[i]->learned;
	rc = mt_learn(&learned, others, n);
	for (size_t i = 0; i < set->n && !rc; i++)
		if (evaluate_same_group(set->v[i], held_out) &&
		    !strcmp(set->v[i]->run->workload, held_out->run->workload))
			rc = forecast(r, set->v[i], &learned);
	return rc;
}

int evaluate_run(struct evaluate_results *r, const struct evaluate_set *set)
{
	mt_autofree struct mt_learned_case *others = calloc(set->n ? set->n : 1, sizeof(*others));
	int rc = others ? 0 : -ENOMEM;

	evaluate_climatology(set);
	for (size_t i = 0; i < set->n && !rc; i++)
		if (is_first(set, i))
			rc = fold(r, set, set->v[i], others);
	return rc;
}
