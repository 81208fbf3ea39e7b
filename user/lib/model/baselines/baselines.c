// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * baselines.c - what others would say of a migration (PURE)
 */
#include <errno.h>
#include <math.h>

#include "model/forecast_rows.h"

#define PAGE_BYTES	4096.0

/* --- Gudkov (qemu-devel, 2023): D(T) piecewise linear, from periods of one clean start ----- */
static const double gudkov_s[] = { 0.125, 0.25, 0.375, 0.5, 0.75, 1,  1.5, 2,  3,
				   4,	  6,	8,     10,  15,	  20, 30,  45, 60 };
#define GUDKOV_HEADER_BYTES	8

struct gudkov {
	double dirty_bytes[MT_ARRAY_SIZE(gudkov_s)];
	double most_bytes;		/* pages that are not zero */
};

static double gudkov_dirtied(const void *opaque, double t, double sent_bytes)
{
	const struct gudkov *g = opaque;
	size_t n = MT_ARRAY_SIZE(gudkov_s), i = 0;
	double slope, v;

	/* Left of the first period by the first slope, right of the last by the last one. */
	while (i + 2 < n && t > gudkov_s[i + 1])
		i++;
	slope = (g->dirty_bytes[i + 1] - g->dirty_bytes[i]) / (gudkov_s[i + 1] - gudkov_s[i]);
	v = g->dirty_bytes[i] + slope * (t - gudkov_s[i]);
	return fmin(fmax(v, 0), g->most_bytes);
}

static int gudkov(const struct mt_forecast_input *in, struct mt_forecast *out)
{
	struct gudkov g = { .most_bytes = mt_forecast_full_bytes(in) };

	if (!in->curve->origin)
		return -ENODATA;
	for (size_t i = 0; i < MT_ARRAY_SIZE(gudkov_s); i++)
		g.dirty_bytes[i] = mt_ucurve_at(in->curve, gudkov_s[i]);
	mt_plain_forecast(&(struct mt_plain){ INFINITY, GUDKOV_HEADER_BYTES, gudkov_dirtied, &g },
			  in, out);
	return 0;
}

const struct mt_forecast_model mt_forecast_gudkov = {
	.name = "gudkov/1",
	.help = "Gudkov's predictor: D(T) piecewise linear over periods of 125 ms and more",
	.methods = 1U << MT_METHOD_PRECOPY,
	.baseline = true,
	.forecast = gudkov,
};

/* --- D = r T ------------------------------------------------------------- */
static double proportional_dirtied(const void *opaque, double t, double sent_bytes)
{
	return *(const double *)opaque * t;
}

static int proportional(const struct mt_forecast_input *in, struct mt_forecast *out)
{
	double bytes_per_s = mt_ucurve_at(in->curve, 1);

	if (!in->curve->origin)
		return -ENODATA;
	mt_plain_forecast(&(struct mt_plain){ INFINITY, 0, proportional_dirtied, &bytes_per_s }, in,
			  out);
	return 0;
}

const struct mt_forecast_model mt_forecast_proportional = {
	.name = "proportional/1",
	.help = "D = r T, the rate that calc-dirty-rate gives for a second",
	.methods = 1U << MT_METHOD_PRECOPY,
	.baseline = true,
	.forecast = proportional,
};

/* --- all memory once, over the bandwidth ------------------------------------ */
static double nothing(const void *opaque, double t, double sent_bytes)
{
	return 0;
}

static int once(const struct mt_forecast_input *in, struct mt_forecast *out)
{
	mt_plain_forecast(&(struct mt_plain){ INFINITY, 0, nothing, NULL }, in, out);
	out->metric[MT_METRIC_DOWNTIME_MS] = out->metric[MT_METRIC_STALL_MS] =
		mt_interval_of(in->downtime_limit_ms);
	return 0;
}

const struct mt_forecast_model mt_forecast_once = {
	.name = "once/1",
	.help = "memory over bandwidth, and a pause as long as the limit: what operators work out in their heads",
	.methods = (1U << MT_METHOD_COUNT) - 1,
	.baseline = true,
	.forecast = once,
};

/* --- QEMU's expected-downtime, during a migration --------------------------------- */
static int qemu(const struct mt_forecast_input *in, struct mt_forecast *out)
{
	double left_ms = in->done.left_bytes / in->bandwidth_bytes_per_s * 1e3;

	if (!in->done.passes || !isfinite(in->done.expected_downtime_ms))
		return -ENODATA;
	out->ends = in->done.expected_downtime_ms <= in->downtime_limit_ms;
	out->metric[MT_METRIC_TOTAL_MS] = mt_interval_of(in->done.elapsed_ms + left_ms);
	out->metric[MT_METRIC_TRANSFERRED_BYTES] =
		mt_interval_of(in->done.wire_bytes + in->done.left_bytes);
	out->metric[MT_METRIC_DOWNTIME_MS] = out->metric[MT_METRIC_STALL_MS] =
		mt_interval_of(in->done.expected_downtime_ms);
	return 0;
}

const struct mt_forecast_model mt_forecast_qemu = {
	.name = "qemu/1",
	.help = "QEMU's expected-downtime during a migration, and what is left over the bandwidth",
	.methods = (1U << MT_METHOD_COUNT) - 1,
	.baseline = true,
	.resumes = true,
	.forecast = qemu,
};
