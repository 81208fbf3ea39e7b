// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * forecast.c - the table of forecast models, and what holds for each row (PURE)
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <string.h>

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
};
_Static_assert(MT_ARRAY_SIZE(rows) <= MT_FORECAST_MODELS_MAX, "there is room for what they learn");

static const char *const method_names[MT_METHOD_COUNT] = {
	[MT_METHOD_PRECOPY] = "precopy",
	[MT_METHOD_POSTCOPY] = "postcopy",
	[MT_METHOD_HYBRID] = "hybrid",
	[MT_METHOD_AUTOCONVERGE] = "autoconverge",
	[MT_METHOD_XBZRLE] = "xbzrle",
	[MT_METHOD_COMPRESSION] = "compression",
	[MT_METHOD_MULTIFD] = "multifd",
};

const char *mt_method_name(enum mt_method method)
{
	return method < MT_METHOD_COUNT ? method_names[method] : "unknown";
}

int mt_method_parse(const char *name, enum mt_method *method)
{
	for (size_t i = 0; i < MT_METHOD_COUNT; i++)
		if (!strcmp(name, method_names[i])) {
			*method = (enum mt_method)i;
			return 0;
		}
	return -EINVAL;
}

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

		if (!strcmp(name, rows[i]->name) || (strlen(name) == n && !strncmp(name, rows[i]->name, n)))
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

int mt_forecast(const struct mt_forecast_model *model, const struct mt_forecast_input *in, struct mt_forecast *out)
{
	const struct mt_learned *learned = in->learned ? in->learned : &mt_learned_default;
	struct mt_forecast f = { .method = in->method };
	size_t row;
	int rc;

	if (!model)
		model = mt_forecast_model_find(MT_FORECAST_DEFAULT);
	if (in->method >= MT_METHOD_COUNT || !(model->methods >> in->method & 1))
		return -EOPNOTSUPP;
	if (!(in->memory_bytes > 0) || !(in->bandwidth_bytes_per_s > 0) || !(in->downtime_limit_ms > 0))
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
		mt_residual_apply(&learned->residual[row][in->method][i], (enum mt_metric)i, &f.metric[i]);
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
	/* What dirties more ends later, if at all: the curve that so many are below tells for all of them. */
	mt_ucurve_sample(&u, in->curve, mt_normal_quantile(NEEDED_ENDS));
	mt_play(&play, in, &u, UINT_MAX, MT_FORECAST_HORIZON_MS / 1e3);
	return play.open <= 1 - NEEDED_ENDS;
}

#define NEEDED_MOST	64	/* times what is there */
#define NEEDED_STEPS	9	/* of bisection in logarithms: to a hundredth */

/* The least value of one of the inputs, by bisection between what it is and NEEDED_MOST times that. */
static double needed(const struct mt_forecast_input *in, double within_ms, size_t offset)
{
	struct mt_forecast_input tried = *in;
	double *value = (double *)((char *)&tried + offset);
	double low = *value, high = NEEDED_MOST * low, link_share;

	link_share = in->link_bytes_per_s > 0 ? in->link_bytes_per_s / in->bandwidth_bytes_per_s : 0;
	if (ends_within(in, within_ms))
		return low;
	for (int i = 0; i <= NEEDED_STEPS; i++) {
		double mid = i ? sqrt(low * high) : high;
		bool enough;

		*value = mid;
		/* A wider link has as much to spare as this one. */
		tried.link_bytes_per_s = link_share * tried.bandwidth_bytes_per_s;
		enough = ends_within(&tried, within_ms);
		if (!i && !enough)
			return 0;
		if (i && enough)
			high = mid;
		else if (i)
			low = mid;
	}
	return high;
}

double mt_forecast_needed_bandwidth(const struct mt_forecast_input *in, double within_ms)
{
	return needed(in, within_ms, offsetof(struct mt_forecast_input, bandwidth_bytes_per_s));
}

double mt_forecast_needed_limit_ms(const struct mt_forecast_input *in, double within_ms)
{
	return needed(in, within_ms, offsetof(struct mt_forecast_input, downtime_limit_ms));
}
