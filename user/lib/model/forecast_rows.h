/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * forecast_rows.h - the rows of the table of forecast models
 */
#ifndef MT_FORECAST_ROWS_H
#define MT_FORECAST_ROWS_H

#include "forecast.h"

extern const struct mt_forecast_model mt_forecast_recurrence;
extern const struct mt_forecast_model mt_forecast_nathan;
extern const struct mt_forecast_model mt_forecast_xen;
extern const struct mt_forecast_model mt_forecast_gudkov;
extern const struct mt_forecast_model mt_forecast_proportional;
extern const struct mt_forecast_model mt_forecast_once;
extern const struct mt_forecast_model mt_forecast_qemu;
extern const struct mt_forecast_model mt_forecast_nathan_published;
extern const struct mt_forecast_model mt_forecast_nathan_all_pages;
extern const struct mt_forecast_model mt_forecast_xen_published;
extern const struct mt_forecast_model mt_forecast_average;
extern const struct mt_forecast_model mt_forecast_ema;
extern const struct mt_forecast_model mt_forecast_dirty_probability;
extern const struct mt_forecast_model mt_forecast_hot_cold;
extern const struct mt_forecast_model mt_forecast_logs;
extern const struct mt_forecast_model mt_forecast_skip_dirtied;
extern const struct mt_forecast_model mt_forecast_skip_memory;

/* All of a figure that is known without doubt. */
static inline struct mt_interval mt_interval_of(double value)
{
	return (struct mt_interval){ value, value, value };
}

/*
 * What the simple recurrences share: pass i sends what pass i - 1 left, @dirtied tells what it
 * leaves. They end below the downtime limit (inferred, from what QEMU does); everything is sent at
 * the bandwidth, with nothing kept back.
 */
struct mt_plain {
	double passes_max;	/* of QEMU's there is none: INFINITY */
	double header_bytes;	/* with each page */
	double (*dirtied)(const void *opaque, double window_s, double sent_bytes);
	const void *opaque;
	bool all_pages;		/* the first pass sends zero pages whole, too */
};
void mt_plain_forecast(const struct mt_plain *plain, const struct mt_forecast_input *in,
		       struct mt_forecast *out);

/* Of the guest's profile, or what the curve says in its place. -ENODATA: neither is known. */
MT_MUST_CHECK int mt_forecast_seconds(struct mt_seconds *s, const struct mt_forecast_input *in);
/* Of the curve, which is ours: two lengths only, so that S_new is the same for each T. Likewise. */
MT_MUST_CHECK int mt_forecast_seconds_fixed(struct mt_seconds *s,
					    const struct mt_forecast_input *in);
/* mt_seconds_dirtied() in the form above: @opaque is a struct mt_seconds. */
double mt_forecast_seconds_dirtied(const void *opaque, double window_s, double sent_bytes);
/*
 * Of the pages that a pass of Xen's finds dirty and leaves dirty, the share that it skips, if each
 * was written so many times: f in the model of Nathan, ours (baselines/xen.c).
 */
double mt_xen_skipped_share(double writes);
/* Distinct bytes that a second dirtied, on average over those that were looked at. */
double mt_forecast_average_bytes(const struct mt_seconds *s);

#endif
