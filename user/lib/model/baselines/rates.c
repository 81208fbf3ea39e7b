// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * rates.c - the ways to a dirty rate that Nathan (SoCC'15) calls existing, and found wrong (PURE)
 *
 * The poster names five, "average, exponential moving average, dirty probability, hot & cold pages,
 * migration logs", with D_i = T_i S and no formula; which of the eight models that it tested is
 * which is not public. Each row here is one of the five, with where such a rate was published, as
 * far as that could be looked up:
 *
 *   average	r = mean of what each second dirtied. Akoush et al. (MASCOTS'10), the simpler of
 *		its two models: from memory
 *   ema	r <- a x + (1 - a) r over the seconds in order. The a is inferred
 *   dirty-probability	each page is dirty after a second with probability p, each second anew:
 *		D = N (1 - (1 - p)^T), p = mean / N. Uniform dirtying as in Aldhalaan and Menasce
 *		(2013, doi 10.1007/978-3-642-40725-3_4); inferred: that, and that the N pages are
 *		those that are not zero
 *   hot-cold	D = H T up to a second, H beyond it, and (mean - H) T: hot pages, H, are dirty in
 *		each second, cold ones never twice. Non-uniform dirtying of the same paper, in our
 *		reading; what is hot is the profile's (curve/profile.h)
 *   logs	r = what earlier migrations of the same guest dirtied in their passes, over how
 *		long these took. Akoush et al., the other model, and Wu and Zhao (CLOUD'11) take
 *		such logs: from memory; the plain quotient is inferred
 *
 * Inferred in all of them: D is capped at the memory, and they end as in plain.c.
 */
#include <errno.h>
#include <math.h>

#include "model/forecast_rows.h"

/* Of the exponential moving average: the weight of the newest second. Inferred. */
#define EMA_WEIGHT	0.5

struct rate {
	double bytes_per_s;
	double hot_bytes;	/* of it always the same */
	double pages_bytes;	/* a second's are drawn from, evenly */
};

double mt_forecast_average_bytes(const struct mt_seconds *s)
{
	double sum = 0;

	for (size_t i = 0; i < s->n; i++)
		sum += s->bytes[i];
	/* Too short a look for a second of its own. */
	return s->n ? sum / s->n : mt_seconds_dirtied(s, 1);
}

/* --- D(T) ----------------------------------------------------------------- */
static double evenly(const void *opaque, double window_s, double sent_bytes)
{
	const struct rate *r = opaque;

	return r->bytes_per_s * window_s;
}

static double anew_each_second(const void *opaque, double window_s, double sent_bytes)
{
	const struct rate *r = opaque;
	double p = fmin(r->bytes_per_s / r->pages_bytes, 1);

	return p < 1 ? -r->pages_bytes * expm1(window_s * log1p(-p)) : r->pages_bytes;
}

static double hot_and_cold(const void *opaque, double window_s, double sent_bytes)
{
	const struct rate *r = opaque;

	return r->hot_bytes * fmin(window_s, 1) +
	       fmax(0, r->bytes_per_s - r->hot_bytes) * window_s;
}

/* --- the rows ------------------------------------------------------------- */
static int plain(const struct mt_forecast_input *in, struct mt_forecast *out, const struct rate *r,
		 double (*dirtied)(const void *opaque, double window_s, double sent_bytes))
{
	mt_plain_forecast(&(struct mt_plain){ INFINITY, 0, dirtied, r }, in, out);
	return 0;
}

static int average(const struct mt_forecast_input *in, struct mt_forecast *out)
{
	struct mt_seconds s;
	int rc = mt_forecast_seconds(&s, in);

	return rc ? rc : plain(in, out, &(struct rate){ mt_forecast_average_bytes(&s) }, evenly);
}

static int ema(const struct mt_forecast_input *in, struct mt_forecast *out)
{
	struct mt_seconds s;
	int rc = mt_forecast_seconds(&s, in);
	struct rate r;

	if (rc)
		return rc;
	r = (struct rate){ s.n ? s.bytes[0] : mt_forecast_average_bytes(&s) };
	for (size_t i = 1; i < s.n; i++)
		r.bytes_per_s += EMA_WEIGHT * (s.bytes[i] - r.bytes_per_s);
	return plain(in, out, &r, evenly);
}

static int dirty_probability(const struct mt_forecast_input *in, struct mt_forecast *out)
{
	struct mt_seconds s;
	int rc = mt_forecast_seconds(&s, in);

	return rc ? rc :
		    plain(in, out,
			  &(struct rate){ mt_forecast_average_bytes(&s), 0,
					  mt_forecast_full_bytes(in) },
			  anew_each_second);
}

static int hot_cold(const struct mt_forecast_input *in, struct mt_forecast *out)
{
	if (!in->seconds || isnan(in->seconds->hot_bytes))
		return -ENODATA;
	return plain(in, out,
		     &(struct rate){ mt_forecast_average_bytes(in->seconds),
				     in->seconds->hot_bytes },
		     hot_and_cold);
}

static int logs(const struct mt_forecast_input *in, struct mt_forecast *out)
{
	if (!(in->logged_bytes_per_s > 0))
		return -ENODATA;
	return plain(in, out, &(struct rate){ in->logged_bytes_per_s }, evenly);
}

#define ROW(row, title, text)							\
	const struct mt_forecast_model mt_forecast_##row = {			\
		.name = title,							\
		.help = text,							\
		.methods = 1U << MT_METHOD_PRECOPY,				\
		.baseline = true,						\
		.forecast = row,						\
	}

ROW(average, "average/1", "D = r T, r the average of what single seconds dirtied");
ROW(ema, "ema/1", "D = r T, r their exponential moving average");
ROW(dirty_probability, "dirty-probability/1",
    "each page is dirtied in a second with the same probability");
ROW(hot_cold, "hot-cold/1", "hot pages are dirty in each second, cold ones never twice");
ROW(logs, "logs/1", "D = r T, r as logged in earlier migrations of the guest");
