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

/* All of a figure that is known without doubt. */
static inline struct mt_interval mt_interval_of(double value)
{
	return (struct mt_interval){ value, value, value };
}

/*
 * What the simple recurrences share: pass i sends what pass i - 1 left, @dirtied tells what it
 * leaves. They end below the downtime limit; everything is sent at the bandwidth, with nothing kept
 * back.
 */
struct mt_plain {
	double passes_max;	/* of QEMU's there is none: INFINITY */
	double header_bytes;	/* with each page */
	double (*dirtied)(const void *opaque, double window_s, double sent_bytes);
	const void *opaque;
};
void mt_plain_forecast(const struct mt_plain *plain, const struct mt_forecast_input *in,
		       struct mt_forecast *out);

#endif
