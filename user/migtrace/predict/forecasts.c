// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * forecasts.c - forecasts of one guest: by model, method, bandwidth and downtime limit
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "forecasts.h"

static size_t row_of(const struct mt_forecast_model *model)
{
	size_t i = 0;

	while (mt_forecast_model_at(i) && mt_forecast_model_at(i) != model)
		i++;
	return i;
}

static unsigned learned_from(const struct mt_learned *learned,
			     const struct mt_forecast_model *model, enum mt_method method)
{
	size_t row = row_of(model);

	return row < MT_FORECAST_MODELS_MAX ? learned->residual[row][method][MT_METRIC_TOTAL_MS].n :
					      0;
}

static void judge(struct predict_row *row, const struct predict_request *q)
{
	bool ours = row->model == mt_forecast_model_find(MT_FORECAST_DEFAULT);

	row->ends = mt_forecast_converges(&row->forecast);
	row->in_time =
		row->ends && (!(q->deadline_ms > 0) ||
			      row->forecast.metric[MT_METRIC_TOTAL_MS].p50 <= q->deadline_ms);
	row->needed_bandwidth_bytes_per_s = row->needed_limit_ms = NAN;
	if (row->in_time || !ours)
		return;
	row->needed_bandwidth_bytes_per_s = mt_forecast_needed_bandwidth(&row->in, q->deadline_ms);
	row->needed_limit_ms = mt_forecast_needed_limit_ms(&row->in, q->deadline_ms);
}

static int add(struct predict_rows *rows, const struct mt_forecast_model *model,
	       const struct mt_forecast_input *in, const struct predict_request *q)
{
	struct predict_row *row = &rows->v[rows->n];
	int rc;

	*row = (struct predict_row){ .in = *in,
				     .model = model,
				     .learned_from = learned_from(q->learned, model, in->method) };
	rc = mt_forecast(model, in, &row->forecast);
	if (rc)
		return rc;
	judge(row, q);
	rows->n++;
	return 0;
}

int predict_run(struct predict_rows *rows, const struct subject *s, const struct predict_request *q)
{
	size_t most = q->bandwidths.n * q->limits_ms.n * q->models.n * MT_METHOD_COUNT;
	struct mt_forecast_input in = subject_input(s);

	*rows = (struct predict_rows){ calloc(most ? most : 1, sizeof(*rows->v)), 0 };
	if (!rows->v)
		return -ENOMEM;
	in.learned = q->learned;
	in.options.flip_after_passes = q->flip_after_passes;
	for (size_t b = 0; b < q->bandwidths.n; b++)
		for (size_t l = 0; l < q->limits_ms.n; l++)
			for (unsigned m = 0; m < MT_METHOD_COUNT; m++)
				for (size_t k = 0; k < q->models.n && (q->methods >> m & 1); k++) {
					in.method = m;
					in.bandwidth_bytes_per_s = q->bandwidths.v[b];
					in.link_bytes_per_s = q->link_bytes_per_s;
					in.downtime_limit_ms = q->limits_ms.v[l];
					/*
					 * A model says nothing of methods that it does not cover.
					 */
					(void)!add(rows, q->models.v[k], &in, q);
				}
	return rows->n ? 0 : -ENODATA;
}
