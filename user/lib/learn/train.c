// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * train.c - models from lessons (PURE)
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "crossval.h"

#define FOLDS		5	/* of workloads. Inferred */
/* Of the radial basis functions, over the number of columns: 1 is libsvm's default. */
static const double gammas[] = { 0.1, 0.3, 1 };
/* Of one method, the newest: what is learned has to be asked in a fraction of a millisecond. */
#define LESSONS_MAX	1500
/* A column that differs less than that from its mean is none. */
#define SD_MIN		1e-6

static const struct mt_trainer trainers[] = {
	{ "residual", "how far the analytic model is off, by SVR", .residual = true,
	  .fit = mt_fit_svr },
	{ "residual-bagged", "the same, by a bag of SVRs", .residual = true, .fit = mt_fit_bag },
	{ "residual-linear", "the same, by a line", .residual = true, .line = true,
	  .fit = mt_fit_line },
	{ "svr", "each target by itself, by SVR", .fit = mt_fit_svr },
	{ "bagged", "the same, by a bag of SVRs", .fit = mt_fit_bag },
	{ "linear", "the same, by a line (ridge regression)", .line = true, .fit = mt_fit_line },
};

const struct mt_trainer *mt_trainer_at(size_t i)
{
	return i < MT_ARRAY_SIZE(trainers) ? &trainers[i] : NULL;
}

const struct mt_trainer *mt_trainer_find(const char *name)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(trainers); i++)
		if (!strcmp(trainers[i].name, name))
			return &trainers[i];
	return NULL;
}

/* --- the lessons of one method ---------------------------------------------------- */
struct class {
	const struct mt_training *how;
	const struct mt_lesson **v;	/* in an order that is drawn */
	unsigned *fold;
	size_t n;
	unsigned workloads, folds;
};

static void shuffle(const struct mt_lesson **v, size_t n, struct mt_rng *rng)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = mt_rng_below(rng, i);
		const struct mt_lesson *swapped = v[i - 1];

		v[i - 1] = v[k];
		v[k] = swapped;
	}
}

/* Workloads take turns in the order in which they come. */
static void assign_folds(struct class *c)
{
	for (size_t i = 0; i < c->n; i++) {
		size_t k = 0;

		while (k < i && c->v[k]->workload != c->v[i]->workload)
			k++;
		c->fold[i] = k < i ? c->fold[k] : c->workloads++ % FOLDS;
	}
	c->folds = c->workloads < FOLDS ? c->workloads : FOLDS;
}

static int gather(struct class *c, const struct mt_training *how, enum mt_method method)
{
	struct mt_rng rng = { how->seed + (uint64_t)method };

	*c = (struct class){ .how = how, .v = calloc(how->n + 1, sizeof(*c->v)),
			     .fold = calloc(how->n + 1, sizeof(*c->fold)) };
	if (!c->v || !c->fold)
		return -ENOMEM;
	for (size_t i = how->n; i-- > 0 && c->n < LESSONS_MAX;)
		if (how->lessons[i].method == method)
			c->v[c->n++] = &how->lessons[i];
	shuffle(c->v, c->n, &rng);
	assign_folds(c);
	return 0;
}

/* --- columns ------------------------------------------------------------------------ */
static void add_column(struct mt_trained_method *m, unsigned feature, bool missing, double n,
		       double sum, double squares)
{
	double mean = sum / n, sd = sqrt(fmax(0, squares / n - mean * mean));

	if (n >= 2 && sd > SD_MIN)
		m->columns[m->n_columns++] =
			(struct mt_trained_column){ feature, missing, mean, sd };
}

static void choose_columns(struct mt_trained_method *m, const struct class *c)
{
	for (unsigned f = 0; f < MT_FEATURE_COUNT; f++) {
		double n = 0, sum = 0, squares = 0, all = (double)c->n;

		for (size_t i = 0; i < c->n; i++) {
			double v = c->v[i]->x[f];

			if (isnan(v))
				continue;
			n++;
			sum += v;
			squares += v * v;
		}
		if (n > 0)
			add_column(m, f, false, n, sum, squares);
		add_column(m, f, true, all, all - n, all - n);
	}
}

static int make_rows(struct mt_trained_method *m, const struct class *c)
{
	m->columns = calloc(MT_COLUMNS_MAX, sizeof(*m->columns));
	if (!m->columns)
		return -ENOMEM;
	choose_columns(m, c);
	m->rows = calloc(c->n * m->n_columns + 1, sizeof(*m->rows));
	if (!m->rows)
		return -ENOMEM;
	m->n_rows = c->n;
	for (size_t i = 0; i < c->n; i++)
		mt_trained_columns(m, c->v[i]->x, &m->rows[i * m->n_columns]);
	return 0;
}

/* --- one target ---------------------------------------------------------------------- */
struct subject {
	struct mt_exam exam;
	size_t *at;			/* which of the class each lesson is */
	struct mt_grade grade[MT_ARRAY_SIZE(gammas)];
};

static void subject_free(struct subject *s)
{
	free(s->exam.rows);
	free(s->exam.goal);
	free(s->exam.base);
	free(s->exam.real);
	free(s->exam.analytic);
	free(s->exam.fold);
	free(s->at);
}

static void enter(struct subject *s, const struct class *c, const struct mt_trained_method *m,
		  size_t i)
{
	const struct mt_lesson *l = c->v[i];
	struct mt_exam *e = &s->exam;
	double base = mt_target_scaled(e->target, l->base[e->target]);
	double real = mt_target_scaled(e->target, l->real[e->target]);

	/* How far a model is off that says nothing nobody can learn. */
	if (isnan(real) || (e->trainer->residual && isnan(base) &&
			    mt_target_at(e->target)->metric != MT_METRIC_COUNT))
		return;
	e->base[e->n] = e->trainer->residual && isfinite(base) ? base : 0;
	e->goal[e->n] = real - e->base[e->n];
	e->real[e->n] = l->real[e->target];
	e->analytic[e->n] = l->base[e->target];
	e->rows[e->n] = &m->rows[i * m->n_columns];
	e->fold[e->n] = c->fold[i];
	s->at[e->n++] = i;
}

static int subject_init(struct subject *s, const struct class *c,
			const struct mt_trained_method *m, enum mt_target target)
{
	struct mt_exam *e = &s->exam;

	*e = (struct mt_exam){
		.target = target, .trainer = c->how->trainer, .seed = c->how->seed,
		.columns = m->n_columns, .folds = c->folds,
		.rows = calloc(c->n, sizeof(*e->rows)), .goal = calloc(c->n, sizeof(double)),
		.base = calloc(c->n, sizeof(double)), .real = calloc(c->n, sizeof(double)),
		.analytic = calloc(c->n, sizeof(double)), .fold = calloc(c->n, sizeof(*e->fold)),
	};
	s->at = calloc(c->n, sizeof(*s->at));
	if (!e->rows || !e->goal || !e->base || !e->real || !e->analytic || !e->fold || !s->at)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++)
		enter(s, c, m, i);
	for (size_t i = 1; i < e->n; i++)
		if (e->fold[i] != e->fold[0])
			return 0;
	e->n = 0;	/* of one workload: nothing could be held out */
	return 0;
}

static bool taught(const struct subject *s)
{
	return s->exam.n >= MT_TRAIN_LESSONS_MIN;
}

/* All targets of a method share one width of basis functions, and so what is costly to ask. */
static size_t common_gamma(const struct subject *s)
{
	double least = INFINITY;
	size_t best = 0;

	for (size_t g = 0; g < MT_ARRAY_SIZE(gammas); g++) {
		double sum = 0;

		for (int k = 0; k < MT_TARGET_COUNT; k++)
			if (taught(&s[k]) && s[k].grade[0].error > 0)
				sum += s[k].grade[g].error / s[k].grade[0].error;
		if (sum < least) {
			least = sum;
			best = g;
		}
	}
	return best;
}

static int learn_target(struct mt_trained_method *m, struct subject *s, size_t gamma)
{
	struct mt_trained_target *to = &m->target[s->exam.target];
	struct mt_trained_target own = { .weights = calloc(m->n_columns + 1, sizeof(double)),
					 .coefs = calloc(s->exam.n + 1, sizeof(double)) };
	int rc = own.weights && own.coefs ? 0 : -ENOMEM;

	if (!rc)
		rc = mt_exam_learn(&s->exam, &s->grade[gamma], &own);
	if (!rc) {
		double *coefs = calloc(m->n_rows + 1, sizeof(double));

		for (size_t i = 0; i < s->exam.n && coefs; i++)
			coefs[s->at[i]] = own.coefs[i];
		free(own.coefs);
		own.coefs = coefs;
		rc = coefs ? 0 : -ENOMEM;
	}
	*to = own;
	if (rc)
		to->lessons = 0;
	return rc;
}

static int grade_all(struct subject *s, const struct class *c, enum mt_method method)
{
	size_t widths = c->how->trainer->line ? 1 : MT_ARRAY_SIZE(gammas);

	for (int k = 0; k < MT_TARGET_COUNT; k++) {
		if (!taught(&s[k]))
			continue;
		if (c->how->progress && !c->how->progress(method, k, c->how->opaque))
			return -EINTR;
		for (size_t g = 0; g < MT_ARRAY_SIZE(gammas); g++) {
			int rc;

			s[k].grade[g].error = INFINITY;
			if (g >= widths)
				continue;
			rc = mt_exam_grade(&s[k].exam, gammas[g] / (double)s[k].exam.columns,
					   &s[k].grade[g]);
			if (rc)
				return rc;
		}
	}
	return 0;
}

/* Rows that nothing learned from are not kept. */
static void drop_idle_rows(struct mt_trained_method *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n_rows; i++) {
		bool used = false;

		for (int k = 0; k < MT_TARGET_COUNT; k++)
			used |= m->target[k].lessons && m->target[k].coefs[i] != 0;
		if (!used)
			continue;
		for (int k = 0; k < MT_TARGET_COUNT; k++)
			if (m->target[k].lessons)
				m->target[k].coefs[kept] = m->target[k].coefs[i];
		memmove(&m->rows[kept++ * m->n_columns], &m->rows[i * m->n_columns],
			m->n_columns * sizeof(*m->rows));
	}
	m->n_rows = kept;
}

static int train_method(struct mt_trained_method *m, const struct class *c, enum mt_method method)
{
	struct subject s[MT_TARGET_COUNT] = { 0 };
	size_t gamma;
	int rc = make_rows(m, c);

	for (int k = 0; k < MT_TARGET_COUNT && !rc; k++)
		rc = subject_init(&s[k], c, m, k);
	if (!rc)
		rc = grade_all(s, c, method);
	gamma = common_gamma(s);
	m->gamma = gammas[gamma] / (double)(m->n_columns ? m->n_columns : 1);
	for (int k = 0; k < MT_TARGET_COUNT && !rc; k++)
		if (taught(&s[k]))
			rc = learn_target(m, &s[k], gamma);
	for (int k = 0; k < MT_TARGET_COUNT; k++)
		subject_free(&s[k]);
	if (!rc)
		drop_idle_rows(m);
	return rc;
}

static bool knows(const struct mt_trained *t)
{
	for (int m = 0; m < MT_METHOD_COUNT; m++)
		for (int k = 0; k < MT_TARGET_COUNT; k++)
			if (t->method[m].target[k].lessons)
				return true;
	return false;
}

int mt_train(struct mt_trained **out, const struct mt_training *how)
{
	struct mt_trained *t = calloc(1, sizeof(*t));
	int rc = t ? 0 : -ENOMEM;

	*out = NULL;
	for (int m = 0; m < MT_METHOD_COUNT && !rc; m++) {
		struct class c;

		if (!(how->methods & 1U << m))
			continue;
		rc = gather(&c, how, m);
		if (!rc && c.n >= MT_TRAIN_LESSONS_MIN)
			rc = train_method(&t->method[m], &c, m);
		free(c.v);
		free(c.fold);
	}
	if (!rc && !knows(t))
		rc = -ENODATA;
	if (rc) {
		mt_trained_free(t);
		return rc;
	}
	snprintf(t->trainer, sizeof(t->trainer), "%s", how->trainer->name);
	t->seed = how->seed;
	t->lessons = (unsigned)how->n;
	for (size_t i = 0; i < how->n; i++)
		t->simulated += how->lessons[i].simulated;
	t->learned = mt_learned_default;
	*out = t;
	return 0;
}
