/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * features.h - what a learned model is told of a migration before it begins (PURE)
 *
 * The list follows Jo, Cho and Egger (SoCC'17): of the guest, of the source, of both hosts, and
 * composed ones. Their names are known, their formulas are not: those marked "inferred" are ours.
 * To these come what we know besides: U(T) below a second, QEMU's limit, the options of methods,
 * and what the analytic model says.
 *
 * A feature that was not measured is NaN. A model puts the mean of its lessons in its place, and is
 * told that it did, by a column of its own wherever some of its lessons lacked it (trained.h).
 */
#ifndef MT_FEATURES_H
#define MT_FEATURES_H

#include "model/forecast.h"

/*
 * X(name, unit, scale, source, how): the source is who measures it; a LOG feature is learned from
 * as log(1 + value in the unit).
 */
#define MT_FEATURES(X) \
	X(memory, "MiB", LOG, "libvirt", "of all RAM blocks") \
	X(zero, "MiB", LOG, "page samples", "memory in pages that are all zero") \
	X(dirty_rate, "MiB/s", LOG, "U(T)", "distinct pages of a second: U(1 s)") \
	X(dirty_rate_short, "MiB/s", LOG, "U(T)", "likewise of a tenth: U(100 ms) / 100 ms") \
	X(working_set, "MiB", LOG, "U(T)", "dirtied in the window of a profile: U(10 s)") \
	X(other_set, "MiB", LOG, "U(T)", "neither zero nor in the working set") \
	X(entropy_working, "0 to 1", PLAIN, "guest memory", "bytes of working-set pages") \
	X(entropy_other, "0 to 1", PLAIN, "guest memory", "bytes of the other pages") \
	X(words_per_page, "words", LOG, "guest memory", "of 8 bytes, changed in a dirtied page") \
	X(instructions, "1/s", LOG, "perf", "that the guest executes") \
	X(cpu_share, "0 to 1", PLAIN, "vCPU times", "of its vCPUs' time that the guest uses") \
	X(vcpus, "1", LOG, "libvirt", "of the guest") \
	X(bandwidth, "MiB/s", LOG, "operator", "that QEMU may use: the page transfer rate") \
	X(link, "MiB/s", LOG, "link", "that it carries") \
	X(downtime_limit, "ms", LOG, "operator", "QEMU's") \
	X(source_cpu, "0 to 1", PLAIN, "/proc/stat", "of the source's CPUs, idle") \
	X(source_memory, "MiB", LOG, "/proc/meminfo", "available at the source") \
	X(destination_cpu, "0 to 1", PLAIN, "destination", "of its CPUs, idle") \
	X(destination_memory, "MiB", LOG, "destination", "available there") \
	X(flip_after, "passes", LOG, "operator", "hybrid's option") \
	X(throttle_initial, "percent", LOG, "operator", "auto-converge's option") \
	X(throttle_increment, "percent", LOG, "operator", "likewise") \
	X(xbzrle_cache, "MiB", LOG, "operator", "XBZRLE's option") \
	X(compress_level, "1", LOG, "operator", "compression's option") \
	X(channels, "1", LOG, "operator", "multifd's option") \
	X(relative_rate, "ratio", LOG, "inferred", "RPTR: dirty rate / bandwidth") \
	X(wire_working, "MiB", LOG, "inferred", "E_WSS: working set x its entropy") \
	X(wire_other, "MiB", LOG, "inferred", "E_NWSS: the same of the other pages") \
	X(delta_benefit, "MiB", LOG, "inferred", "working set x (1 - changed words / 512)") \
	X(compress_benefit, "ratio", PLAIN, "inferred", "memory less E_WSS, E_NWSS, over memory") \
	X(throttle_benefit, "ratio", LOG, "inferred", "max(0, RPTR - 1) x CPU share") \
	X(postcopy_benefit, "ratio", LOG, "inferred", "pre-copy's bytes / memory, less one") \
	X(base_total, "ms", LOG, "forecast", "the analytic model's median") \
	X(base_downtime, "ms", LOG, "forecast", "likewise") \
	X(base_transferred, "MiB", LOG, "forecast", "likewise") \
	X(base_passes, "passes", LOG, "forecast", "likewise") \
	X(base_ends, "0 to 1", PLAIN, "forecast", "its probability that it ends") \
	X(base_spread, "ratio", LOG, "forecast", "p90 / p10 of its total")

enum mt_feature {
#define MT_FEATURE_ENUM(name, ...)	MT_FEATURE_##name,
	MT_FEATURES(MT_FEATURE_ENUM)
#undef MT_FEATURE_ENUM
	MT_FEATURE_COUNT
};

struct mt_feature_row {
	const char *name, *unit, *source, *how;
	bool log;
};
const struct mt_feature_row *mt_feature_at(size_t i);	/* NULL beyond the last */

/* What no forecast needs, and a learned model can use. NaN: not measured. */
struct mt_measures {
	double vcpus;
	double entropy_working, entropy_other;	/* Shannon's, of the bytes of a page, over 8 */
	double words_per_page;
	double instructions_per_s;
	double source_idle_share, destination_idle_share;
	double source_memory_bytes, destination_memory_bytes;
};
#define MT_MEASURES_UNKNOWN { NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN }

/* @base: what the analytic model says of the method; NULL: nothing. In the scale of the models. */
void mt_features_of(double x[MT_FEATURE_COUNT], const struct mt_forecast_input *in,
		    const struct mt_measures *measured, const struct mt_forecast *base);

/*
 * Of names, units and scales, in order: a model is used only where its features are those that it
 * was taught by.
 */
uint64_t mt_features_schema(void);

#endif
