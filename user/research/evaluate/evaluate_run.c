// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_run.c - forecasts with whole workloads held out
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "evaluate_campaign.h"

/* Return: the next result, of @c; NULL: no memory. It counts once ->n says so. */
static struct evaluate_result *next(struct evaluate_results *r, const struct evaluate_case *c,
				    const char *model)
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

static int forecast(struct evaluate_results *r, const struct evaluate_case *c,
		    const struct mt_learned *learned)
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

static bool same_workload(const struct evaluate_case *a, const struct evaluate_case *b)
{
	return !strcmp(a->run->workload, b->run->workload);
}

/* Whether an earlier case stands for the same group and workload. */
static bool is_first(const struct evaluate_set *set, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (evaluate_same_group(set->v[k], set->v[i]) &&
		    same_workload(set->v[k], set->v[i]))
			return false;
	return true;
}

/* A file that belongs to no campaign is of hosts that nothing is known of. */
static bool of_campaign(const struct evaluate_case *c)
{
	return *c->run->profile;
}

static int fold(struct evaluate_results *r, const struct evaluate_set *set,
		const struct evaluate_case *held_out, struct mt_learned_case *others)
{
	struct mt_learned learned = mt_learned_default;
	size_t n = 0;
	int rc;

	for (size_t i = 0; i < set->n && of_campaign(held_out); i++)
		if (evaluate_same_group(set->v[i], held_out) && !same_workload(set->v[i], held_out))
			others[n++] = set->v[i]->learned;
	rc = mt_learn(&learned, others, n);
	for (size_t i = 0; i < set->n && !rc; i++)
		if (evaluate_same_group(set->v[i], held_out) && same_workload(set->v[i], held_out))
			rc = forecast(r, set->v[i], &learned);
	return rc;
}

/* --- a history of its own ------------------------------------------------------ */
/*
 * At most @own migrations of other workloads by the same method, drawn; of files outside of
 * campaigns any others.
 */
static size_t history_of(const struct evaluate_set *set, size_t at, size_t own,
			 struct mt_learned_case *history)
{
	const struct evaluate_case *c = set->v[at];
	struct mt_rng rng = { at + 1 };		/* the same each time */
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++)
		if (i != at && evaluate_same_group(set->v[i], c) &&
		    set->v[i]->run->method == c->run->method &&
		    !(of_campaign(c) && same_workload(set->v[i], c)))
			history[n++] = set->v[i]->learned;
	for (size_t i = 0; i < own && i < n; i++) {
		size_t k = i + mt_rng_below(&rng, n - i);
		struct mt_learned_case drawn = history[k];

		history[k] = history[i];
		history[i] = drawn;
	}
	return n < own ? n : own;
}

/* As hosts with a history of @own migrations forecast it. */
static int with_history(struct evaluate_results *r, const struct evaluate_set *set, size_t at,
			size_t own, struct mt_learned_case *history)
{
	const struct evaluate_case *c = set->v[at];
	struct mt_learned learned;
	int rc;

	if (mt_run_flips(c->run))
		return 0;
	learned = mt_learned_prior[mt_forecast_stage_of(c->learned.in.done.passes)];
	rc = mt_learn_own(&learned, history, history_of(set, at, own, history),
			  c->moment != MOMENT_START);
	return rc ? rc : forecast(r, c, &learned);
}

int evaluate_run(struct evaluate_results *r, const struct evaluate_set *set, const size_t *own)
{
	mt_autofree struct mt_learned_case *others = calloc(set->n ? set->n : 1, sizeof(*others));
	int rc = others ? 0 : -ENOMEM;

	evaluate_climatology(set);
	evaluate_logs(set);
	for (size_t i = 0; i < set->n && !rc; i++) {
		if (own)
			rc = with_history(r, set, i, *own, others);
		else if (is_first(set, i))
			rc = fold(r, set, set->v[i], others);
	}
	return rc;
}
