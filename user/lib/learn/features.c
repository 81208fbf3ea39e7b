// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * features.c - what a learned model is told of a migration before it begins (PURE)
 */
#include <math.h>

#include "base/units.h"
#include "checksum.h"
#include "features.h"

#define WORDS_PER_PAGE	512.0	/* of 8 bytes */
/* The window of the working set: as long as profiles of ours are. Inferred. */
#define WORKING_SET_S	10.0
#define PLAIN	false
#define LOG	true

static const struct mt_feature_row rows[] = {
#define ROW(name_, unit_, scale_, source_, how_) \
	[MT_FEATURE_##name_] = { #name_, unit_, source_, how_, scale_ },
	MT_FEATURES(ROW)
#undef ROW
};

const struct mt_feature_row *mt_feature_at(size_t i)
{
	return i < MT_ARRAY_SIZE(rows) ? &rows[i] : NULL;
}

uint64_t mt_features_schema(void)
{
	uint64_t sum = MT_CHECKSUM_INIT;

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		sum = mt_checksum_text(sum, rows[i].name);
		sum = mt_checksum_text(sum, rows[i].unit);
		sum = mt_checksum_text(sum, rows[i].log ? "log" : "plain");
	}
	return sum;
}

static double mib(double bytes)
{
	return bytes / MT_MIB;
}

/* 0 means "not given" in a forecast's input. */
static double given(double v)
{
	return v > 0 ? v : NAN;
}

static void of_guest(double x[], const struct mt_forecast_input *in, const struct mt_measures *m)
{
	double full = mt_forecast_full_bytes(in);

	x[MT_FEATURE_memory] = mib(in->memory_bytes);
	x[MT_FEATURE_zero] = in->resident_bytes > 0 ? mib(in->memory_bytes - full) : NAN;
	x[MT_FEATURE_cpu_share] = in->cpu_share;
	x[MT_FEATURE_vcpus] = m->vcpus;
	x[MT_FEATURE_entropy_working] = m->entropy_working;
	x[MT_FEATURE_entropy_other] = m->entropy_other;
	x[MT_FEATURE_words_per_page] = m->words_per_page;
	x[MT_FEATURE_instructions] = m->instructions_per_s;
	if (!in->curve || !in->curve->origin)
		return;
	x[MT_FEATURE_dirty_rate] = mib(mt_ucurve_at(in->curve, 1));
	x[MT_FEATURE_dirty_rate_short] = mib(mt_ucurve_at(in->curve, 0.1)) / 0.1;
	x[MT_FEATURE_working_set] = mib(mt_ucurve_at(in->curve, WORKING_SET_S));
	x[MT_FEATURE_other_set] = fmax(0, mib(full) - x[MT_FEATURE_working_set]);
}

static void of_hosts(double x[], const struct mt_forecast_input *in, const struct mt_measures *m)
{
	x[MT_FEATURE_bandwidth] = mib(in->bandwidth_bytes_per_s);
	x[MT_FEATURE_link] = mib(given(in->link_bytes_per_s));
	x[MT_FEATURE_downtime_limit] = in->downtime_limit_ms;
	x[MT_FEATURE_source_cpu] = m->source_idle_share;
	x[MT_FEATURE_source_memory] = mib(m->source_memory_bytes);
	x[MT_FEATURE_destination_cpu] = m->destination_idle_share;
	x[MT_FEATURE_destination_memory] = mib(m->destination_memory_bytes);
}

static void of_options(double x[], const struct mt_method_options *o)
{
	x[MT_FEATURE_flip_after] = given(o->flip_after_passes);
	x[MT_FEATURE_throttle_initial] = given(o->throttle_initial_percent);
	x[MT_FEATURE_throttle_increment] = given(o->throttle_increment_percent);
	x[MT_FEATURE_xbzrle_cache] = mib(given(o->xbzrle_cache_bytes));
	x[MT_FEATURE_compress_level] = given(o->compress_level);
	x[MT_FEATURE_channels] = given(o->channels);
}

static void of_base(double x[], const struct mt_forecast *f)
{
	const struct mt_interval *total = &f->metric[MT_METRIC_TOTAL_MS];

	x[MT_FEATURE_base_total] = total->p50;
	x[MT_FEATURE_base_downtime] = f->metric[MT_METRIC_DOWNTIME_MS].p50;
	x[MT_FEATURE_base_transferred] = mib(f->metric[MT_METRIC_TRANSFERRED_BYTES].p50);
	x[MT_FEATURE_base_passes] = f->passes;
	x[MT_FEATURE_base_ends] = f->ends;
	x[MT_FEATURE_base_spread] = total->p90 / total->p10;
}

/* The seed has their names; each formula here is inferred. */
static void of_others(double x[], const struct mt_forecast_input *in)
{
	double rptr = x[MT_FEATURE_dirty_rate] / x[MT_FEATURE_bandwidth];
	double sent = x[MT_FEATURE_wire_working] =
		x[MT_FEATURE_working_set] * x[MT_FEATURE_entropy_working];

	x[MT_FEATURE_relative_rate] = rptr;
	x[MT_FEATURE_wire_other] = x[MT_FEATURE_other_set] * x[MT_FEATURE_entropy_other];
	sent += x[MT_FEATURE_wire_other];
	x[MT_FEATURE_delta_benefit] = x[MT_FEATURE_working_set] *
				      (1 - x[MT_FEATURE_words_per_page] / WORDS_PER_PAGE);
	x[MT_FEATURE_compress_benefit] = (x[MT_FEATURE_working_set] + x[MT_FEATURE_other_set] -
					  sent) / x[MT_FEATURE_memory];
	/* fmax() would make 0 of what is not known. */
	x[MT_FEATURE_throttle_benefit] = (rptr < 1 ? 0 : rptr - 1) * in->cpu_share;
	x[MT_FEATURE_postcopy_benefit] =
		x[MT_FEATURE_base_transferred] / mib(mt_forecast_full_bytes(in)) - 1;
}

void mt_features_of(double x[MT_FEATURE_COUNT], const struct mt_forecast_input *in,
		    const struct mt_measures *measured, const struct mt_forecast *base)
{
	for (size_t i = 0; i < MT_FEATURE_COUNT; i++)
		x[i] = NAN;
	of_guest(x, in, measured);
	of_hosts(x, in, measured);
	of_options(x, &in->options);
	if (base)
		of_base(x, base);
	of_others(x, in);
	for (size_t i = 0; i < MT_FEATURE_COUNT; i++) {
		if (rows[i].log && x[i] < 0)
			x[i] = 0;
		x[i] = isfinite(x[i]) ? rows[i].log ? log1p(x[i]) : x[i] : NAN;
	}
}
