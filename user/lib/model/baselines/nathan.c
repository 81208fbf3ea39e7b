// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * nathan.c - Nathan, Bellur, Kulkarni (SoCC'15), for KVM and for Xen, as published (PURE)
 *
 * D_i = min(S + (T_i - 1) S_new, M_w), S and S_new at whole seconds. Below one second the paper
 * says nothing; here D is proportional there, D(T) = T S (inferred).
 *
 * On Xen a page that was dirtied again before its turn is skipped: pass i sends V_i = D_{i-1} -
 * W_i, W_i = f(E_i, S, S_new, R) of the E_i = D_{i-1} + D_i - U(T_{i-1} + T_i) pages that both
 * passes dirtied. The paper does not give f. Inferred: W = E (1 - (1 - e^-rho) / rho) with rho = S
 * T_i / D_i, from E / 2 for cold pages to E for hot ones. Xen stops below 50 pages, after 29
 * passes, or when three times the memory was sent.
 */
#include <errno.h>
#include <math.h>

#include "model/forecast_rows.h"

#define PAGE_BYTES	4096.0
#define XEN_PASSES_MAX	29
#define XEN_LAST_PAGES	50
#define XEN_SENT_MAX	3.0	/* times the memory */
#define LATER_S		10.0	/* S_new is taken between 1 s and this */

struct working_set {
	double s, s_new, mw;	/* bytes, bytes/s, bytes */
};

static struct working_set working_set(const struct mt_forecast_input *in)
{
	struct working_set w = { .s = mt_ucurve_at(in->curve, 1),
				 .mw = in->curve->union_bytes > 0 ? in->curve->union_bytes :
								    in->memory_bytes };

	w.s_new = (mt_ucurve_at(in->curve, LATER_S) - w.s) / (LATER_S - 1);
	return w;
}

static double dirtied(const void *opaque, double window_s, double sent_bytes)
{
	const struct working_set *w = opaque;

	return fmin(window_s < 1 ? window_s * w->s : w->s + (window_s - 1) * w->s_new, w->mw);
}

static int kvm(const struct mt_forecast_input *in, struct mt_forecast *out)
{
	const struct working_set w = working_set(in);

	if (!in->curve->origin)
		return -ENODATA;
	mt_plain_forecast(&(struct mt_plain){ INFINITY, 0, dirtied, &w }, in, out);
	return 0;
}

const struct mt_forecast_model mt_forecast_nathan = {
	.name = "nathan/1",
	.help = "Nathan's model for KVM: S, S_new and M_w at whole seconds",
	.methods = 1U << MT_METHOD_PRECOPY,
	.baseline = true,
	.forecast = kvm,
};

static double skipped(const struct working_set *w, double before, double now, double both,
		      double window_s)
{
	double e = fmax(0, before + now - both), rho = now > 0 ? w->s * window_s / now : 0;

	return rho > 1e-9 ? e * (1 + expm1(-rho) / rho) : 0;
}

static int xen(const struct mt_forecast_input *in, struct mt_forecast *out)
{
	const struct working_set w = working_set(in);
	double rate = in->bandwidth_bytes_per_s,
	       give_up_s = (in->give_up_ms > 0 ? in->give_up_ms : MT_FORECAST_HORIZON_MS) / 1e3;
	double full = mt_forecast_full_bytes(in);
	double before = full, before_s = 0, time_s = 0, sent = 0, passes = 0;

	if (!in->curve->origin)
		return -ENODATA;
	while (passes < XEN_PASSES_MAX && before > XEN_LAST_PAGES * PAGE_BYTES &&
	       sent < XEN_SENT_MAX * full && time_s <= give_up_s) {
		double window = before / rate, now = dirtied(&w, window, before);

		/* What is skipped shortens the pass, and with it what is dirtied. */
		for (int i = 0; i < 3; i++) {
			double both = before_s > 0 ? dirtied(&w, before_s + window, 0) : before;

			window = fmax(0, before - skipped(&w, before, now, both, window)) / rate;
			now = dirtied(&w, window, before);
		}
		sent += window * rate;
		time_s += window;
		before_s = window;
		before = now;
		passes++;
	}
	out->passes = passes;
	out->ends = time_s <= give_up_s;
	out->metric[MT_METRIC_TOTAL_MS] = mt_interval_of((time_s + before / rate) * 1e3);
	out->metric[MT_METRIC_TRANSFERRED_BYTES] = mt_interval_of(sent + before);
	out->metric[MT_METRIC_DOWNTIME_MS] = mt_interval_of(before / rate * 1e3);
	out->metric[MT_METRIC_STALL_MS] = out->metric[MT_METRIC_DOWNTIME_MS];
	return 0;
}

const struct mt_forecast_model mt_forecast_xen = {
	.name = "xen/1",
	.help = "Nathan's model for Xen, which skips pages dirtied again: not how QEMU does it",
	.methods = 1U << MT_METHOD_PRECOPY,
	.baseline = true,
	.forecast = xen,
};
