// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * crossval.c - one target of one method: learned with workloads held out, and then from all (PURE)
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/quantile.h"
#include "crossval.h"

/* Inferred, all three: SoCC'17 does not give them. */
static const double prices[] = { 0.3, 3, 30 };
/* What has been learned of how far a good forecast is off may be noise: less of it, or none. */
static const double shares[] = { 0, 0.5, 1 };
#define EPSILON	0.1	/* of the goal's deviation */
/* More lessons do not change which hyper-parameters are the best, and take cubic time. */
#define LESSONS_MAX	300

struct scale {
	double mean, sd;
};

static struct scale scale_of(const double *v, size_t n)
{
	struct scale s = { 0, 0 };

	for (size_t i = 0; i < n; i++)
		s.mean += v[i] / (double)n;
	for (size_t i = 0; i < n; i++)
		s.sd += (v[i] - s.mean) * (v[i] - s.mean) / (double)n;
	s.sd = s.sd > 1e-18 ? sqrt(s.sd) : 1;
	return s;
}

/* There is something to be off from: of performance the analytic model says nothing. */
static bool is_residual(const struct mt_exam *e)
{
	return e->trainer->residual && mt_target_at(e->target)->metric != MT_METRIC_COUNT;
}

/* Learns from those that @fold does not hold out; in the goal's scale. */
struct pupil {
	const double **rows;
	double *y, *weights, *coefs;
	size_t *at;
	size_t n;
	struct mt_fit fit;
	struct scale scale;
};

static void pupil_free(struct pupil *p)
{
	free(p->rows);
	free(p->y);
	free(p->weights);
	free(p->coefs);
	free(p->at);
}

static int pupil_learn(struct pupil *p, const struct mt_exam *e, unsigned fold,
		       const struct mt_fit_how *how)
{
	struct mt_fit_set set;

	*p = (struct pupil){
		.rows = calloc(e->n, sizeof(*p->rows)), .y = calloc(e->n, sizeof(double)),
		.weights = calloc(e->columns + 1, sizeof(double)),
		.coefs = calloc(e->n, sizeof(double)), .at = calloc(e->n, sizeof(*p->at)),
	};
	if (!p->rows || !p->y || !p->weights || !p->coefs || !p->at)
		return -ENOMEM;
	for (size_t i = 0; i < e->n; i++) {
		if (e->fold[i] == fold)
			continue;
		p->rows[p->n] = e->rows[i];
		p->at[p->n] = i;
		p->y[p->n++] = e->goal[i];
	}
	p->scale = scale_of(p->y, p->n);
	for (size_t i = 0; i < p->n; i++)
		p->y[i] = (p->y[i] - p->scale.mean) / p->scale.sd;
	set = (struct mt_fit_set){ p->rows, p->y, p->n, e->columns };
	p->fit = (struct mt_fit){ p->weights, p->coefs, 0 };
	return e->trainer->fit(&set, how, &p->fit);
}

static double pupil_says(const struct pupil *p, const struct mt_exam *e, double gamma, size_t i)
{
	struct mt_fit_set set = { p->rows, p->y, p->n, e->columns };

	return p->scale.mean + p->scale.sd * mt_fit_at(&set, &p->fit, gamma, e->rows[i]);
}

/* What is said of each, by who has not seen its workload. */
static int held_out(const struct mt_exam *e, const struct mt_fit_how *how, double *said)
{
	int rc = 0;

	for (unsigned fold = 0; fold < e->folds && !rc; fold++) {
		struct pupil p;

		rc = pupil_learn(&p, e, fold, how);
		for (size_t i = 0; i < e->n && !rc; i++)
			if (e->fold[i] == fold)
				said[i] = pupil_says(&p, e, how->gamma, i);
		pupil_free(&p);
	}
	return rc;
}

static double error_of(const struct mt_exam *e, const double *said, double share, size_t i)
{
	return mt_target_error(e->target,
			       mt_target_value(e->target, e->base[i] + share * said[i]),
			       e->real[i]);
}

static double mean_error(const struct mt_exam *e, const double *said, double share)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++) {
		double err = error_of(e, said, share, i);

		if (isnan(err))
			continue;
		sum += err;
		n++;
	}
	return n ? sum / (double)n : INFINITY;
}

int mt_exam_grade(const struct mt_exam *all, double gamma, struct mt_grade *best)
{
	struct mt_exam e = *all;
	mt_autofree double *said = NULL;

	/* They come in an order that is drawn. */
	e.n = e.n < LESSONS_MAX ? e.n : LESSONS_MAX;
	said = calloc(e.n, sizeof(*said));
	if (!said)
		return -ENOMEM;
	best->error = INFINITY;
	for (size_t p = 0; p < MT_ARRAY_SIZE(prices); p++) {
		struct mt_fit_how how = { gamma, prices[p], EPSILON, e.seed };
		int rc = held_out(&e, &how, said);

		if (rc)
			return rc;
		for (size_t s = is_residual(&e) ? 0 : MT_ARRAY_SIZE(shares) - 1;
		     s < MT_ARRAY_SIZE(shares); s++) {
			double error = mean_error(&e, said, shares[s]);

			if (error < best->error)
				*best = (struct mt_grade){ how, shares[s], error };
		}
	}
	return 0;
}

/* How far off it is of who was held out, as p10 and p90 and as errors. */
static int rate(const struct mt_exam *e, const struct mt_grade *g, struct mt_trained_target *to)
{
	mt_autofree double *said = calloc(e->n, sizeof(*said));
	double base_sum = 0;
	size_t based = 0, n = 0;
	int rc = said ? held_out(e, &g->how, said) : -ENOMEM;

	if (rc)
		return rc;
	to->error = mean_error(e, said, g->share);
	for (size_t i = 0; i < e->n; i++) {
		double err = mt_target_error(e->target, e->analytic[i], e->real[i]);

		if (isfinite(err)) {
			base_sum += err;
			based++;
		}
	}
	to->base_error = based ? base_sum / (double)based : NAN;
	for (size_t i = 0; i < e->n; i++)
		said[n++] = e->goal[i] - g->share * said[i];
	mt_sort(said, n);
	to->p10 = fmin(0, mt_quantile(said, n, 0.1));
	to->p90 = fmax(0, mt_quantile(said, n, 0.9));
	return 0;
}

int mt_exam_learn(const struct mt_exam *e, const struct mt_grade *g, struct mt_trained_target *to)
{
	struct pupil p = { 0 };
	int rc = rate(e, g, to);

	/* No fold has that number: nobody is held out. */
	if (!rc)
		rc = pupil_learn(&p, e, e->folds, &g->how);
	for (size_t c = 0; c < e->columns && !rc; c++)
		to->weights[c] = g->share * p.scale.sd * p.weights[c];
	for (size_t i = 0; i < p.n && !rc; i++)
		to->coefs[p.at[i]] = g->share * p.scale.sd * p.coefs[i];
	to->bias = g->share * (p.scale.mean + p.scale.sd * p.fit.bias);
	to->residual = is_residual(e);
	to->lessons = (unsigned)e->n;
	pupil_free(&p);
	return rc;
}
