/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * forecast.h - what a migration will cost, before it starts (PURE)
 *
 * A forecast model is one row of a table. It is told what is known of a guest and of a link, and
 * how the guest is to be migrated, and says what that costs. (outlook.h is about the
 * rest of a migration that runs.) Each row covers one method, or several; baselines stand in the
 * same table as ours. Every figure is an interval: p10, p50, p90.
 *
 * A row gives what follows from QEMU's own rules; what does not (how long set-up and switchover
 * take, what the guest feels besides) is learned from past migrations, see learned.h. mt_forecast()
 * puts the two together.
 */
#ifndef MT_FORECAST_H
#define MT_FORECAST_H

#include "base/cleanup.h"
#include "curve/seconds.h"
#include "curve/ucurve.h"
#include "method.h"
#include "outlook.h"

/* QEMU's cpu-throttle-initial, -increment, max-cpu-throttle, */
#define MT_THROTTLE_INITIAL_PERCENT	20
#define MT_THROTTLE_INCREMENT_PERCENT	10
#define MT_THROTTLE_MAX_PERCENT		99
#define MT_THROTTLE_TRIGGER_PERCENT	50	/* throttle-trigger-threshold */
#define MT_XBZRLE_CACHE_BYTES		(64 << 20)

struct mt_learned;

/* What a running migration has behind it, as of the sync that ended its last pass. */
struct mt_forecast_progress {
	unsigned passes;		/* finished ones; 0: it has not begun, and nothing below
					 * counts */
	double elapsed_ms;		/* by QEMU's count */
	double wire_bytes;		/* sent so far */
	double left_bytes;		/* after the sync */
	double zero_bytes;		/* of them zero pages, as far as is known */
	double expected_downtime_ms;	/* QEMU's own; NaN: unknown */
	double throttle_percent;	/* of auto-converge by now */
	double page_share;		/* bytes of memory for one on the wire, as seen lately; 0:
					 * as learned */
};

struct mt_forecast_input {
	const struct mt_ucurve *curve;
	/* For baselines, which take no curve; NULL: what they need is read off it. */
	const struct mt_seconds *seconds;
	double logged_bytes_per_s;	/* what earlier migrations of this guest dirtied, by their
					 * logs; 0: there were none */
	const struct mt_ucurve_sample *curves;	/* that it may be, of mt_recurrence_curves(); NULL:
						 * made anew */
	double memory_bytes;		/* of all RAM blocks */
	double resident_bytes;		/* pages that are not zero; 0 = unknown: all of them */
	double cpu_share;		/* of its vCPUs' time that the guest uses; NaN = unknown:
					 * all of it */
	enum mt_method method;
	struct mt_method_options options;
	double bandwidth_bytes_per_s;	/* that QEMU may use, > 0 */
	double link_bytes_per_s;	/* that the link carries when QEMU does not hold back; 0 =
					 * the same */
	double downtime_limit_ms;	/* QEMU's, > 0 */
	double give_up_ms;		/* it is cancelled if it takes longer; 0 =
					 * MT_FORECAST_HORIZON_MS */
	struct mt_forecast_progress done;
	const struct mt_learned *learned;	/* NULL: mt_learned_default */
};

/* Of the guest's memory, what is sent page by page. */
static inline double mt_forecast_full_bytes(const struct mt_forecast_input *in)
{
	return in->resident_bytes > 0 && in->resident_bytes < in->memory_bytes ?
		       in->resident_bytes :
		       in->memory_bytes;
}

/* A pre-copy that has not ended by then does not end: Gudkov's deadline. */
#define MT_FORECAST_HORIZON_MS	3600000.0

enum mt_metric {
	MT_METRIC_TOTAL_MS,
	MT_METRIC_TRANSFERRED_BYTES,
	MT_METRIC_DOWNTIME_MS,
	MT_METRIC_STALL_MS,
	MT_METRIC_COUNT
};
const char *mt_metric_name(enum mt_metric metric);		/* "total_ms" ... */

struct mt_forecast {
	const char *model;		/* name and version of the row */
	enum mt_method method;
	double ends;			/* probability that it ends by itself, before give_up_ms */
	struct mt_interval metric[MT_METRIC_COUNT];	/* if it ends; NaN: the row says nothing of
							 * it */
	double passes;			/* of pre-copy, expected */
	double postcopy_pages;		/* left to post-copy; 0: none */
	double throttle_percent;	/* reached by auto-converge */
};

struct mt_forecast_model {
	const char *name;		/* "recurrence/1" */
	const char *help;
	unsigned methods;		/* bit per enum mt_method */
	bool baseline;			/* kept to compare with, not to use */
	bool resumes;			/* also forecasts a migration that runs */
	/* Without anything learned. Return: 0; -ENODATA: @in does not suffice. */
	int (*forecast)(const struct mt_forecast_input *in, struct mt_forecast *out);
};

#define MT_FORECAST_MODELS_MAX	20
#define MT_FORECAST_DEFAULT	"recurrence"
const struct mt_forecast_model *mt_forecast_model_at(size_t i);		/* NULL beyond the last */
/* with or without its version */
const struct mt_forecast_model *mt_forecast_model_find(const char *name);

/**
 * mt_forecast() - what migrating a guest will cost
 * @model: NULL: the default one
 *
 * Return: 0; -ENODATA too little is known of the guest; -EOPNOTSUPP the model does not cover
 * the method; -EINVAL a figure of @in that must be positive is not.
 */
MT_MUST_CHECK int mt_forecast(const struct mt_forecast_model *model,
			      const struct mt_forecast_input *in, struct mt_forecast *out);

/* It ends, more likely than not. */
static inline bool mt_forecast_converges(const struct mt_forecast *f)
{
	return f->ends >= 0.5;
}

/*
 * With what it would end, at a probability of 0.9, within @within_ms (0: at all), by the default
 * model: the least bandwidth at the limit given, and the least downtime limit at the bandwidth
 * given. 0: not with 64 times as much.
 */
double mt_forecast_needed_bandwidth(const struct mt_forecast_input *in, double within_ms);
double mt_forecast_needed_limit_ms(const struct mt_forecast_input *in, double within_ms);

#endif
