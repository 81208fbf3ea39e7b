// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * trained.c - models that were trained on migrations, asked before one begins (PURE)
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "fit.h"
#include "trained.h"

void mt_trained_free(struct mt_trained *t)
{
	if (!t)
		return;
	for (int m = 0; m < MT_METHOD_COUNT; m++) {
		for (int k = 0; k < MT_TARGET_COUNT; k++) {
			free(t->method[m].target[k].weights);
			free(t->method[m].target[k].coefs);
		}
		free(t->method[m].columns);
		free(t->method[m].rows);
	}
	free(t);
}

void mt_trained_columns(const struct mt_trained_method *m, const double x[MT_FEATURE_COUNT],
			double *z)
{
	for (size_t c = 0; c < m->n_columns; c++) {
		const struct mt_trained_column *col = &m->columns[c];
		double v = x[col->feature];

		if (col->missing)
			v = isnan(v);
		z[c] = isnan(v) ? 0 : (v - col->mean) / col->sd;
	}
}

static double regression(const struct mt_trained_method *m, const struct mt_trained_target *t,
			 const double *z, const double *near)
{
	double v = t->bias;

	for (size_t c = 0; c < m->n_columns; c++)
		v += t->weights[c] * z[c];
	for (size_t i = 0; i < m->n_rows; i++)
		v += t->coefs[i] * near[i];
	return v;
}

/* How far its bounds lie from the middle stays, wherever that is put. */
static struct mt_interval shifted(enum mt_target t, const struct mt_trained_target *k, double v)
{
	return (struct mt_interval){ mt_target_value(t, v + k->p10), mt_target_value(t, v),
				     mt_target_value(t, v + k->p90) };
}

static void ask(const struct mt_trained_method *m, const double *x, double *room,
		struct mt_expected *out)
{
	double *z = room, *near = room + m->n_columns;

	mt_trained_columns(m, x, z);
	for (size_t i = 0; i < m->n_rows; i++)
		near[i] = mt_fit_nearness(z, &m->rows[i * m->n_columns], m->n_columns, m->gamma);
	for (int k = 0; k < MT_TARGET_COUNT; k++) {
		const struct mt_trained_target *t = &m->target[k];
		double base = t->residual ? mt_target_scaled(k, out->target[k].p50) : 0;

		if (!t->lessons || isnan(base))
			continue;
		out->target[k] = shifted(k, t, base + regression(m, t, z, near));
		out->learned[k] = true;
	}
}

int mt_trained_expect(const struct mt_trained *t, const struct mt_forecast_input *in,
		      const struct mt_measures *measured, struct mt_expected *out)
{
	const struct mt_trained_method *m = t ? &t->method[in->method] : NULL;
	mt_autofree double *room = m && m->n_columns ?
		calloc(m->n_columns + m->n_rows, sizeof(*room)) : NULL;
	const struct mt_interval unknown = { NAN, NAN, NAN };
	struct mt_forecast_input by = *in;
	double x[MT_FEATURE_COUNT];
	bool based, any = false;

	*out = (struct mt_expected){ 0 };
	if (m && m->n_columns && !room)
		return -ENOMEM;
	by.learned = t ? &t->learned : in->learned;
	based = by.curve && !mt_forecast(NULL, &by, &out->base);
	if (!based)
		out->base.model = NULL;
	for (int k = 0; k < MT_TARGET_COUNT; k++) {
		enum mt_metric metric = mt_target_at(k)->metric;

		out->target[k] = based && metric != MT_METRIC_COUNT ? out->base.metric[metric] :
								     unknown;
	}
	if (room) {
		mt_features_of(x, in, measured, based ? &out->base : NULL);
		ask(m, x, room, out);
	}
	for (int k = 0; k < MT_TARGET_COUNT; k++)
		any |= isfinite(out->target[k].p50);
	return any ? 0 : -ENODATA;
}
