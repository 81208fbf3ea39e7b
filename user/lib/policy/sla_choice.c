// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sla_choice.c - the method that serves an operator's objective best, within limits (PURE)
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/units.h"
#include "sla_choice.h"

/* That it ends by itself is sure at this probability, as in outset.h; else it keeps to nothing. */
#define SURE	0.9

static const enum mt_target objectives[] = {
	[MT_SLA_TOTAL] = MT_TARGET_TOTAL_MS,
	[MT_SLA_DOWNTIME] = MT_TARGET_DOWNTIME_MS,
	[MT_SLA_TRAFFIC] = MT_TARGET_TRANSFERRED_BYTES,
	[MT_SLA_PERFORMANCE] = MT_TARGET_PERFORMANCE,
};

/* How far beyond, as a share of what is allowed; what is not known breaks no limit. */
static double beyond(double p90, double most)
{
	return isfinite(most) && p90 > most ? p90 / most - 1 : 0;
}

static void add(struct mt_interval *t, double spent)
{
	t->p10 += spent;
	t->p50 += spent;
	t->p90 += spent;
}

static void judge(struct mt_sla_offer *o, const struct mt_sla *sla)
{
	const struct mt_interval *t = o->expected.target;
	double v = t[objectives[sla->objective]].p50;
	double work = t[MT_TARGET_PERFORMANCE].p10, ends = o->expected.base.ends;

	o->objective = sla->objective == MT_SLA_PERFORMANCE ? -v : v;
	o->excess = beyond(t[MT_TARGET_DOWNTIME_MS].p90, sla->max_downtime_ms) +
		    beyond(t[MT_TARGET_TOTAL_MS].p90, sla->max_total_ms);
	if (work < sla->min_performance)
		o->excess += 1 - work / sla->min_performance;
	/* What does not end is farther off than what ends too late. */
	if (o->expected.base.model && ends < SURE)
		o->excess += 1e3 + 1 / fmax(ends, 1e-3);
}

/* Where the objective is not known of both, the shorter one. */
static int best_first(const void *a, const void *b)
{
	const struct mt_sla_offer *x = a, *y = b;
	double p = x->objective, q = y->objective;

	if (x->excess != y->excess)
		return x->excess > y->excess ? 1 : -1;
	if (isnan(p) || isnan(q)) {
		p = x->expected.target[MT_TARGET_TOTAL_MS].p50;
		q = y->expected.target[MT_TARGET_TOTAL_MS].p50;
	}
	return (p > q) - (p < q);
}

static void tell(struct mt_sla_choice *c)
{
	const struct mt_sla_offer *o = &c->offers[0];
	const struct mt_interval *t = o->expected.target;
	char total[MT_UNIT_STR], pause[MT_UNIT_STR], sent[MT_UNIT_STR], work[64] = "";

	if (isfinite(t[MT_TARGET_PERFORMANCE].p50))
		snprintf(work, sizeof(work), ", the guest at %.0f %%",
			 100 * t[MT_TARGET_PERFORMANCE].p50);
	snprintf(c->reason, sizeof(c->reason),
		 "%s is expected to take %s and %s, a pause of %s%s%s%s",
		 mt_method_name(o->method),
		 mt_format_duration_ms(total, t[MT_TARGET_TOTAL_MS].p50),
		 mt_format_size_bytes(sent, t[MT_TARGET_TRANSFERRED_BYTES].p50),
		 mt_format_duration_ms(pause, t[MT_TARGET_DOWNTIME_MS].p50), work,
		 o->expected.learned[MT_TARGET_TOTAL_MS] ? ", as learned" : "",
		 o->excess > 0 ? "; no method keeps to all limits" : "");
}

int mt_sla_choose(struct mt_sla_choice *c, const struct mt_trained *trained,
		  const struct mt_forecast_input *given, unsigned methods, const struct mt_sla *sla)
{
	const struct mt_measures measured = MT_MEASURES_UNKNOWN;

	c->n = 0;
	*c->reason = '\0';
	for (int m = 0; m < MT_METHOD_COUNT; m++) {
		struct mt_sla_offer *o = &c->offers[c->n];
		struct mt_forecast_input in = *given;

		in.method = m;
		if (!(methods & 1U << m) ||
		    mt_trained_expect(trained, &in, &measured, &o->expected))
			continue;
		o->method = m;
		if (sla->anew & 1U << m) {
			add(&o->expected.target[MT_TARGET_TOTAL_MS], sla->spent_ms);
			add(&o->expected.target[MT_TARGET_TRANSFERRED_BYTES], sla->spent_bytes);
		}
		judge(o, sla);
		c->n++;
	}
	if (!c->n)
		return -ENODATA;
	qsort(c->offers, c->n, sizeof(c->offers[0]), best_first);
	tell(c);
	return c->offers[0].excess > 0 ? -ENOENT : 0;
}
