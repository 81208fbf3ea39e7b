// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_learned.c - trained models against the analytic one and the baselines
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "cli/cmd.h"
#include "evaluate_learned.h"

#define TENTHS	10

/* One workload is held out, or a tenth of the migrations. */
struct fold {
	const struct mt_told_set *set;
	const struct learned_options *o;
	const char *workload;		/* NULL: a tenth */
	unsigned tenth;
	const char *where;		/* the hosts whose figures are learned */
	struct mt_lesson *lessons;	/* of the others, each by the figures of its hosts */
	size_t n;
	struct mt_learned learned;
	struct learned_results *results;
};

/* Which tenth it is of, drawn by when it began. */
static unsigned tenth_of(const struct mt_told *t)
{
	struct mt_rng rng = { t->begin_ms };

	return (unsigned)mt_rng_below(&rng, TENTHS);
}

static bool is_out(const struct mt_told *t, const struct fold *f)
{
	return f->workload ? !strcmp(t->workload, f->workload) : tenth_of(t) == f->tenth;
}

static bool is_other(const struct mt_told *t, void *opaque)
{
	const struct fold *f = opaque;

	return !is_out(t, f) && !strcmp(t->where, f->where);
}

static bool is_held_out(const struct mt_told *t, const struct fold *f)
{
	return is_out(t, f) && !strcmp(t->where, f->where) && t->learned.ended;
}

static bool is_first(const struct mt_told_set *set, size_t i, bool workload)
{
	for (size_t k = 0; k < i; k++)
		if (!(workload ? strcmp(set->v[k]->workload, set->v[i]->workload) :
				 strcmp(set->v[k]->where, set->v[i]->where)))
			return false;
	return true;
}

static int keep(struct fold *f, const char *model, const struct mt_told *t, enum mt_target target,
		const struct mt_interval *said)
{
	enum mt_metric metric = mt_target_at(target)->metric;
	double real = metric == MT_METRIC_COUNT ? t->performance : t->learned.real[metric];
	struct learned_results *r = f->results;

	if (target > MT_TARGET_PERFORMANCE || isnan(real) || isnan(said->p50))
		return 0;
	if (r->n == r->room) {
		size_t room = r->room ? 2 * r->room : 1024;
		struct learned_result *more = reallocarray(r->v, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		r->v = more;
		r->room = room;
	}
	r->v[r->n++] = (struct learned_result){
		model, t, target, mt_target_error(target, said->p50, real),
		real >= said->p10 && real <= said->p90, !(said->p90 > said->p10),
	};
	return 0;
}

/* --- those that are not trained --------------------------------------------------------- */
static int by_rules(struct fold *f, const struct mt_told *t)
{
	struct mt_forecast_input in = t->learned.in;
	int rc = 0;

	in.learned = &f->learned;
	for (size_t i = 0; mt_forecast_model_at(i) && t->u.origin && !rc; i++) {
		const struct mt_forecast_model *model = mt_forecast_model_at(i);
		struct mt_forecast said;

		if (mt_forecast(model, &in, &said))
			continue;
		for (int k = 0; k < MT_TARGET_COUNT && !rc; k++)
			if (mt_target_at(k)->metric != MT_METRIC_COUNT)
				rc = keep(f, model->name, t, k,
					  &said.metric[mt_target_at(k)->metric]);
	}
	return rc;
}

/* --- those that are ------------------------------------------------------------------------ */
static int ask(struct fold *f, const struct mt_trainer *trainer, struct mt_trained *model)
{
	int rc = 0;

	model->learned = f->learned;
	for (size_t i = 0; i < f->set->n && !rc; i++) {
		const struct mt_told *t = f->set->v[i];
		struct mt_expected said;

		if (!is_held_out(t, f) ||
		    mt_trained_expect(model, &t->learned.in, &t->measured, &said))
			continue;
		for (int k = 0; k < MT_TARGET_COUNT && !rc; k++)
			rc = keep(f, trainer->name, t, k, &said.target[k]);
	}
	return rc;
}

/* The mean of what they were, of other workloads: of a target that no rule forecasts. */
static int by_mean(struct fold *f, enum mt_target target)
{
	double sum[MT_METHOD_COUNT] = { 0 }, n[MT_METHOD_COUNT] = { 0 };
	int rc = 0;

	for (size_t i = 0; i < f->n; i++)
		if (isfinite(f->lessons[i].real[target])) {
			sum[f->lessons[i].method] += f->lessons[i].real[target];
			n[f->lessons[i].method]++;
		}
	for (size_t i = 0; i < f->set->n && !rc; i++) {
		const struct mt_told *t = f->set->v[i];
		double mean = sum[t->learned.in.method] / n[t->learned.in.method];

		if (is_held_out(t, f))
			rc = keep(f, "mean", t, target,
				  &(struct mt_interval){ mean, mean, mean });
	}
	return rc;
}

static unsigned methods_of(const struct fold *f)
{
	unsigned methods = 0;

	for (size_t i = 0; i < f->set->n; i++)
		if (is_out(f->set->v[i], f))
			methods |= 1U << f->set->v[i]->learned.in.method;
	return methods;
}

/* Lessons of the hosts that f->where says, by figures that are left in @f. */
static int add_lessons(struct fold *f)
{
	int rc = mt_told_learn(f->set, is_other, f, &f->learned);

	if (!rc)
		f->n += mt_told_lessons(f->set, is_other, f, &f->learned, f->lessons + f->n);
	/* Within what is learned from, as here: each stands for itself. */
	for (size_t i = 0; i < f->n && !f->workload; i++)
		f->lessons[i].workload = (unsigned)i;
	return rc;
}

static int train(struct fold *f, struct mt_trained *models[])
{
	for (size_t i = 0; mt_trainer_at(i); i++) {
		struct mt_training how = {
			.trainer = mt_trainer_at(i), .seed = f->o->seed, .lessons = f->lessons,
			.n = f->n, .methods = methods_of(f),
		};
		int rc;

		if (f->o->trainer && f->o->trainer != how.trainer)
			continue;
		rc = mt_train(&models[i], &how);
		if (rc && rc != -ENODATA)
			return rc;
	}
	return 0;
}

static int test(struct fold *f, struct mt_trained *models[])
{
	int rc = mt_told_learn(f->set, is_other, f, &f->learned);

	for (size_t i = 0; i < f->set->n && !rc; i++)
		if (is_held_out(f->set->v[i], f))
			rc = by_rules(f, f->set->v[i]);
	if (!rc)
		rc = by_mean(f, MT_TARGET_PERFORMANCE);
	for (size_t i = 0; mt_trainer_at(i) && !rc; i++)
		if (models[i])
			rc = ask(f, mt_trainer_at(i), models[i]);
	return rc;
}

#define TRAINERS_MAX	16

static int hold_out(struct fold *f)
{
	struct mt_trained *models[TRAINERS_MAX] = { NULL };
	int rc = 0;

	f->n = 0;
	for (size_t i = 0; i < f->set->n && !rc && !f->o->alone; i++)
		if (is_first(f->set, i, false)) {
			f->where = f->set->v[i]->where;
			rc = add_lessons(f);
		}
	if (!rc && !f->o->alone)
		rc = train(f, models);
	for (size_t i = 0; i < f->set->n && !rc; i++) {
		if (!is_first(f->set, i, false))
			continue;
		f->where = f->set->v[i]->where;
		if (f->o->alone) {
			f->n = 0;
			rc = add_lessons(f);
			for (size_t k = 0; k < TRAINERS_MAX; k++) {
				mt_trained_free(models[k]);
				models[k] = NULL;
			}
			rc = rc ? rc : train(f, models);
		}
		rc = rc ? rc : test(f, models);
	}
	for (size_t k = 0; k < TRAINERS_MAX; k++)
		mt_trained_free(models[k]);
	return rc;
}

static int hold_out_each(struct learned_results *r, const struct mt_told_set *set,
			 const struct learned_options *o)
{
	struct fold f = { .set = set, .o = o, .results = r,
			  .lessons = calloc(set->n + 1, sizeof(*f.lessons)) };
	int rc = f.lessons ? 0 : -ENOMEM;

	for (; o->seen && f.tenth < TENTHS && !rc; f.tenth++) {
		cmd_say(stderr, "holding out tenth %u of %d", f.tenth + 1, TENTHS);
		rc = hold_out(&f);
	}
	for (size_t i = 0; i < set->n && !rc && !o->seen; i++)
		if (is_first(set, i, true)) {
			f.workload = set->v[i]->workload;
			cmd_say(stderr, "holding out %s", f.workload);
			rc = hold_out(&f);
		}
	free(f.lessons);
	return rc;
}

int evaluate_learned(char **dirs, int n, const struct learned_options *o)
{
	struct learned_results results = { 0 };
	struct mt_told_set set = { 0 };
	struct mt_err err = { 0 };
	int rc = 0;

	for (int i = 0; i < n && !rc; i++)
		rc = mt_told_campaign(&set, dirs[i], o->live, &err);
	if (!rc) {
		rc = hold_out_each(&results, &set, o);
		if (!rc)
			rc = evaluate_learned_print(&results, o);
		if (rc)
			mt_err_set(&err, rc, "%s", strerror(-rc));
	}
	if (!rc && set.left_out)
		cmd_warn("%zu migrations are left out: they failed, a policy steered them%s",
			 set.left_out, o->live ? ", or have no whole pass" : "");
	free(results.v);
	mt_told_free(&set);
	return rc ? cmd_fail(&err) : CMD_OK;
}
