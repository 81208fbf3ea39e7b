// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * forecast.c - the table of forecast models, and what holds for each row (PURE)
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/least.h"
#include "base/quantile.h"
#include "forecast_rows.h"
#include "learned.h"
#include "play.h"

/* The order is that of the help text and of what is learned: add at the end. */
static const struct mt_forecast_model *const rows[] = {
	&mt_forecast_recurrence,
	&mt_forecast_nathan,
	&mt_forecast_xen,
	&mt_forecast_gudkov,
	&mt_forecast_proportional,
	&mt_forecast_once,
	&mt_forecast_qemu,
	&mt_forecast_nathan_published,
	&mt_forecast_nathan_all_pages,
	&mt_forecast_xen_published,
	&mt_forecast_average,
	&mt_forecast_ema,
	&mt_forecast_dirty_probability,
	&mt_forecast_hot_cold,
	&mt_forecast_logs,
	&mt_forecast_skip_dirtied,
	&mt_forecast_skip_memory,
};
_Static_assert(MT_ARRAY_SIZE(rows) <= MT_FORECAST_MODELS_MAX, "there is room for what they learn");

const char *mt_metric_name(enum mt_metric metric)
{
	static const char *const names[MT_METRIC_COUNT] = {
		[MT_METRIC_TOTAL_MS] = "total_ms",
		[MT_METRIC_TRANSFERRED_BYTES] = "transferred_bytes",
		[MT_METRIC_DOWNTIME_MS] = "downtime_ms",
		[MT_METRIC_STALL_MS] = "stall_ms",
	};

	return metric < MT_METRIC_COUNT ? names[metric] : "unknown";
}

const struct mt_forecast_model *mt_forecast_model_at(size_t i)
{
	return i < MT_ARRAY_SIZE(rows) ? rows[i] : NULL;
}

const struct mt_forecast_model *mt_forecast_model_find(const char *name)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		size_t n = strcspn(rows[i]->name, "/");

		if (!strcmp(name, rows[i]->name) ||
		    (strlen(name) == n && !strncmp(name, rows[i]->name, n)))
			return rows[i];
	}
	return NULL;
}

static size_t row_of(const struct mt_forecast_model *model)
{
	size_t i = 0;

	while (i < MT_ARRAY_SIZE(rows) && rows[i] != model)
		i++;
	return i;
}

int mt_forecast(const struct mt_forecast_model *model, const struct mt_forecast_input *in,
		struct mt_forecast *out)
{
	const struct mt_learned *learned = in->learned ? in->learned : &mt_learned_default;
	struct mt_forecast f = { .method = in->method };
	size_t row;
	int rc;

	if (!model)
		model = mt_forecast_model_find(MT_FORECAST_DEFAULT);
	if (in->method >= MT_METHOD_COUNT || !(model->methods >> in->method & 1))
		return -EOPNOTSUPP;
	if (!(in->memory_bytes > 0) || !(in->bandwidth_bytes_per_s > 0) ||
	    !(in->downtime_limit_ms > 0))
		return -EINVAL;
	if (in->done.passes && !model->resumes)
		return -EOPNOTSUPP;
	f.model = model->name;
	for (size_t i = 0; i < MT_METRIC_COUNT; i++)
		f.metric[i] = mt_interval_of(NAN);
	rc = model->forecast(in, &f);
	if (rc)
		return rc;
	row = row_of(model);
	for (size_t i = 0; i < MT_METRIC_COUNT && row < MT_ARRAY_SIZE(rows); i++)
		mt_residual_apply(&learned->residual[row][in->method][i], (enum mt_metric)i,
				  &f.metric[i]);
	*out = f;
	return 0;
}

/* --- what it would take ----------------------------------------------------- */
/* Somebody pays for it: an even chance is not enough. */
#define NEEDED_ENDS	0.9

static bool ends_within(const struct mt_forecast_input *in, double within_ms)
{
	struct mt_ucurve_sample u;
	struct mt_forecast f;
	struct mt_play play;

	if (within_ms > 0 || in->method == MT_METHOD_POSTCOPY || in->method == MT_METHOD_HYBRID)
		return !mt_forecast(NULL, in, &f) && f.ends >= NEEDED_ENDS &&
		       (!(within_ms > 0) || f.metric[MT_METRIC_TOTAL_MS].p50 <= within_ms);
	/*
	 * What dirties more ends later, if at all: the curve that so many are below tells for all
	 * of them.
	 */
	mt_ucurve_sample(&u, in->curve, mt_normal_quantile(NEEDED_ENDS));
	mt_play(&play, in, &u, UINT_MAX, MT_FORECAST_HORIZON_MS / 1e3);
	return play.open <= 1 - NEEDED_ENDS;
}

#define NEEDED_STEPS	9	/* of bisection: to a hundredth */

/* One of the inputs, tried. */
struct trial {
	struct mt_forecast_input in;
	double *value, link_share, within_ms;
};

static bool suffices(double value, void *opaque)
{
	struct trial *t = opaque;

	*t->value = value;
	/* A wider link has as much to spare as this one. */
	t->in.link_bytes_per_s = t->link_share * t->in.bandwidth_bytes_per_s;
	return ends_within(&t->in, t->within_ms);
}

/* The least value of one of the inputs. */
static double needed(const struct mt_forecast_input *in, double within_ms, size_t offset)
{
	struct trial t = { .in = *in, .within_ms = within_ms };

	t.value = (double *)((char *)&t.in + offset);
	t.link_share =
		in->link_bytes_per_s > 0 ? in->link_bytes_per_s / in->bandwidth_bytes_per_s : 0;
	if (ends_within(in, within_ms))
		return *t.value;
	return mt_least(*t.value, NEEDED_STEPS, suffices, &t);
}

double mt_forecast_needed_bandwidth(const struct mt_forecast_input *in, double within_ms)
{
	return needed(in, within_ms, offsetof(struct mt_forecast_input, bandwidth_bytes_per_s));
}

double mt_forecast_needed_limit_ms(const struct mt_forecast_input *in, double within_ms)
{
	return needed(in, within_ms, offsetof(struct mt_forecast_input, downtime_limit_ms));
}
