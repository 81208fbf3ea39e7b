// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * outset.c - by which method to migrate, before the start (PURE)
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/units.h"
#include "outset.h"

#define PAGE_BYTES	4096.0

/* Seconds of migration time, as weighed. */
static double price_s(const struct mt_forecast *f, const struct mt_forecast_input *in,
		      const struct mt_prices *p)
{
	const struct mt_interval *m = f->metric;
	double total_s = m[MT_METRIC_TOTAL_MS].p50 / 1e3;
	double stall_s = isfinite(m[MT_METRIC_STALL_MS].p50) ? m[MT_METRIC_STALL_MS].p50 / 1e3 : 0;
	double postcopy_s = f->postcopy_pages * PAGE_BYTES / in->bandwidth_bytes_per_s;
	/* It rises step by step: over the migration half of what it reaches. Inferred. */
	double taken_s = total_s * f->throttle_percent / 100 / 2;

	return total_s + m[MT_METRIC_DOWNTIME_MS].p50 / 1e3 * p->downtime +
	       (f->postcopy_pages > 0 ? stall_s * p->stall : 0) + postcopy_s * p->postcopy +
	       taken_s;
}

static bool beyond(struct mt_offer *o, const char *what, const struct mt_interval *v, double max)
{
	char expected[MT_UNIT_STR], allowed[MT_UNIT_STR];

	if (!isfinite(max) || !(v->p90 > max))
		return false;
	snprintf(o->why_not, sizeof(o->why_not), "%s of %s in one case of ten, %s allowed", what,
		 mt_format_duration_ms(expected, v->p90), mt_format_duration_ms(allowed, max));
	return true;
}

static double excess(struct mt_offer *o, const struct mt_prices *p)
{
	const struct mt_interval *m = o->forecast.metric;

	/* What does not end is farther off than what ends too late. */
	*o->why_not = '\0';
	if (o->forecast.ends < MT_OUTSET_SURE) {
		snprintf(o->why_not, sizeof(o->why_not), "it ends with %.0f %%",
			 100 * o->forecast.ends);
		return 1 / fmax(o->forecast.ends, 1e-3) + 1e3;
	}
	if (beyond(o, "a pause", &m[MT_METRIC_DOWNTIME_MS], p->max_pause_ms))
		return m[MT_METRIC_DOWNTIME_MS].p90 / p->max_pause_ms;
	if (o->forecast.postcopy_pages > 0 &&
	    beyond(o, "a stall", &m[MT_METRIC_STALL_MS], p->max_stall_ms))
		return m[MT_METRIC_STALL_MS].p90 / p->max_stall_ms;
	if (beyond(o, "a total", &m[MT_METRIC_TOTAL_MS], p->max_total_ms))
		return m[MT_METRIC_TOTAL_MS].p90 / p->max_total_ms;
	return 0;
}

static int nearest_then_cheapest(const void *a, const void *b)
{
	const struct mt_offer *x = a, *y = b;

	if (x->excess != y->excess)
		return x->excess > y->excess ? 1 : -1;
	return (x->price_s > y->price_s) - (x->price_s < y->price_s);
}

static void tell(struct mt_outset *o)
{
	char total[MT_UNIT_STR], pause[MT_UNIT_STR], price[MT_UNIT_STR];
	const struct mt_offer *first = &o->offers[0];
	const struct mt_interval *m = first->forecast.metric;
	int at = snprintf(o->reason, sizeof(o->reason), "%s: %s in all, a pause of %s, costs %s",
			  mt_method_name(first->method),
			  mt_format_duration_ms(total, m[MT_METRIC_TOTAL_MS].p50),
			  mt_format_duration_ms(pause, m[MT_METRIC_DOWNTIME_MS].p50),
			  mt_format_duration_ms(price, first->price_s * 1e3));

	if (*first->why_not && at < (int)sizeof(o->reason))
		at += snprintf(o->reason + at, sizeof(o->reason) - (size_t)at, " (%s)",
			       first->why_not);
	for (size_t i = 1; i < o->n && at > 0 && at < (int)sizeof(o->reason); i++) {
		const struct mt_offer *other = &o->offers[i];

		mt_format_duration_ms(price, other->price_s * 1e3);
		at += snprintf(o->reason + at, sizeof(o->reason) - (size_t)at, "; %s: %s",
			       mt_method_name(other->method),
			       *other->why_not ? other->why_not : price);
	}
}

int mt_outset(struct mt_outset *o, const struct mt_forecast_input *given, unsigned methods,
	      const struct mt_prices *p)
{
	o->n = 0;
	*o->reason = '\0';
	for (int m = 0; m < MT_METHOD_COUNT; m++) {
		struct mt_forecast_input in = *given;
		struct mt_offer *offer = &o->offers[o->n];

		in.method = m;
		if (!(methods & 1U << m) || mt_forecast(NULL, &in, &offer->forecast))
			continue;
		offer->method = m;
		offer->price_s = price_s(&offer->forecast, &in, p);
		offer->excess = excess(offer, p);
		o->n++;
	}
	if (!o->n)
		return -ENODATA;
	qsort(o->offers, o->n, sizeof(o->offers[0]), nearest_then_cheapest);
	tell(o);
	return *o->offers[0].why_not ? -ENOENT : 0;
}
