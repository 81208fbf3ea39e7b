// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * outlook.c - how the rest of a running migration goes, by the same play as forecasts (PURE)
 *
 * Played on from the sync that ended the last pass, over the curves that U(T) may be: once by
 * QEMU's limit as it stands, and once by the limit that what is allowed leaves room for. The share
 * of plays that end is the probability of an end by itself, and of a moment to stop at.
 */
#include <math.h>

#include "base/quantile.h"
#include "base/units.h"
#include "learned.h"
#include "outlook.h"
#include "play.h"

/* It ends by itself, or comes within reach, more likely than not. */
#define LIKELY		0.5
/*
 * Below it is ruled out: with five of the nine curves a moment to stop at is not. Inferred, by the
 * count of false aborts and of hopeless migrations recognised in Documentation/evaluation/live.md.
 */
#define RULED_OUT	0.45
/*
 * Expected lowest of MT_AHEAD_PASSES draws from a normal distribution, in standard deviations
 * (order statistics).
 */
#define LOWEST_OF_TEN	1.54

const char *mt_verdict_name(enum mt_verdict verdict)
{
	static const char *const names[MT_VERDICT_COUNT] = {
		[MT_VERDICT_UNKNOWN] = "unknown",
		[MT_VERDICT_CONVERGES] = "converges",
		[MT_VERDICT_REACHABLE] = "reachable",
		[MT_VERDICT_OPEN] = "open",
		[MT_VERDICT_HOPELESS] = "hopeless",
	};

	return verdict < MT_VERDICT_COUNT ? names[verdict] : "unknown";
}

static double throttle_percent(const struct mt_sample *s)
{
	return mt_sample_has(s, throttle_percent) ? (double)s->throttle_percent : 0;
}

/* More memory for a byte on the wire than this: pages are encoded. Inferred. */
#define ENCODED_SHARE	1.1

/* QEMU does not say how it was told to migrate; what matters shows. */
static enum mt_method method_of(const struct mt_outlook_input *in, double throttle)
{
	if (in->auto_converge || throttle > 0)
		return MT_METHOD_AUTOCONVERGE;
	return in->iterations->page_share > ENCODED_SHARE ? MT_METHOD_XBZRLE : MT_METHOD_PRECOPY;
}

bool mt_outlook_resume(const struct mt_outlook_input *in, struct mt_forecast_input *f)
{
	const struct mt_iterations *its = in->iterations;
	const struct mt_sample *start = &its->start;
	double since_ms = (double)(its->last.t_ns - start->t_ns) / MT_NS_PER_MS;
	double throttle = throttle_percent(start), memory = in->memory_bytes, zero, zero_left;

	if (!in->u || !in->u->origin || !its->total || !(in->bandwidth_bytes_per_s > 0) ||
	    !mt_sample_has(start, remaining_bytes))
		return false;
	if (!(memory > 0))
		memory = fmax(its->kept[0].start_bytes, (double)start->remaining_bytes);
	zero = mt_sample_has(start, zero_pages) ? start->zero_pages * 4096.0 : 0;
	/* Empty pages that were kept back so far are still among what is left. */
	zero_left = in->nonzero_bytes > 0 ? fmin(fmax(0, memory - in->nonzero_bytes - zero),
						 start->remaining_bytes) :
					    0;
	*f = (struct mt_forecast_input){
		.curve = in->u,
		.memory_bytes = fmax(memory, 1),
		.resident_bytes = fmax(memory - zero - zero_left, 4096),
		.cpu_share = NAN,
		.method = method_of(in, throttle),
		.bandwidth_bytes_per_s = in->bandwidth_bytes_per_s,
		.downtime_limit_ms = fmax(in->limit_ms, 1),
		.learned = in->learned ? in->learned :
					 &mt_learned_prior[mt_forecast_stage_of(its->total)],
		.done = {
			.passes = (unsigned)its->total,
			.elapsed_ms = fmax(0, in->elapsed_ms - since_ms),
			.wire_bytes = start->transferred_bytes,
			.left_bytes = start->remaining_bytes,
			.zero_bytes = zero_left,
			.expected_downtime_ms = mt_sample_has(start, expected_downtime_ms) ?
							start->expected_downtime_ms :
							NAN,
			.throttle_percent = throttle,
			.page_share = its->page_share,
		},
	};
	return true;
}

/*
 * Stopped now, QEMU syncs once more: what was dirtied since the last sync comes on top, but for
 * what is due anyway.
 */
static struct mt_interval stop_now(const struct mt_outlook_input *in)
{
	const struct mt_iterations *its = in->iterations;
	double left = its->last.remaining_bytes, b = in->bandwidth_bytes_per_s * its->page_share,
	       since_s, share;
	struct mt_interval again = { 0 };
	struct mt_ucurve_sample u;

	since_s = (double)(its->last.t_ns - its->start.t_ns) / MT_NS_PER_S *
		  (1 - throttle_percent(&its->start) / 100);
	if (since_s > 0) {
		mt_ucurve_sample(&u, in->u, 0);
		share = mt_ucurve_sample_new_share(&u, since_s, its->start.remaining_bytes, left,
						   since_s);
		again.p50 = share * mt_ucurve_sample_at(&u, since_s);
		again.p10 = fmin(again.p50, share * mt_ucurve_quantile(in->u, since_s, 0.1));
		again.p90 = fmax(again.p50, share * mt_ucurve_quantile(in->u, since_s, 0.9));
	}
	return (struct mt_interval){ (left + again.p10) / b * 1e3 + in->fixed_ms,
				     (left + again.p50) / b * 1e3 + in->fixed_ms,
				     (left + again.p90) / b * 1e3 + in->fixed_ms };
}

/*
 * Right after a sync it is known what is left, and yet not how long that takes: of what was
 * reckoned with as the fixed part stops took 73 to 118 ms of 120 (policy.h), and nothing is known
 * better than a forecast's least error (learned.h).
 */
#define FIXED_LEAST_SHARE	0.6

static struct mt_interval pause_of(const struct mt_outlook_input *in, struct mt_interval now)
{
	double least = MT_RESIDUAL_FLOOR_MS + MT_RESIDUAL_FLOOR_SHARE * now.p50;

	now.p10 = fmax(0, fmin(now.p10 - (1 - FIXED_LEAST_SHARE) * in->fixed_ms, now.p50 - least));
	now.p90 = fmax(now.p90, now.p50 + least);
	return now;
}

/* The lowest of the next boundaries, over one of the curves. */
static double low_ms(const struct mt_outlook_input *in, const struct mt_course *c,
		     enum mt_ahead curve)
{
	double lowest = INFINITY;

	for (size_t i = 0; i < c->n[curve]; i++) {
		const struct mt_boundary *b = &c->ahead[curve][i];

		lowest = fmin(lowest, b->left_bytes - LOWEST_OF_TEN * b->sd_bytes);
	}
	return fmax(0, lowest) / c->rate_bytes_per_s * 1e3 + in->fixed_ms;
}

static void look_ahead(const struct mt_outlook_input *in, const struct mt_forecast_input *f,
		   struct mt_course *c)
{
	static const double z[MT_AHEAD_CURVES] = {
		[MT_AHEAD_LOW] = -MT_P90_SIGMA,
	};
	struct mt_forecast_input flip = *f;
	struct mt_forecast as_flipped;
	struct mt_ucurve_sample u;

	c->rate_bytes_per_s = mt_play_rate(f, false, false);
	for (int i = 0; i < MT_AHEAD_CURVES; i++) {
		mt_ucurve_sample(&u, in->u, z[i]);
		c->n[i] = mt_play_ahead(f, &u, c->ahead[i], MT_AHEAD_PASSES);
	}
	flip.method = MT_METHOD_HYBRID;
	flip.options.flip_after_passes = f->done.passes;
	if (!mt_forecast(NULL, &flip, &as_flipped))
		c->flip_stall_ms = as_flipped.metric[MT_METRIC_STALL_MS];
}

/* Of those that end: as far as others do not, a quantile of all is never. */
static struct mt_interval of_all(const struct mt_interval *v, double ends)
{
	return (struct mt_interval){ ends >= 0.1 ? v->p10 : INFINITY,
				     ends >= 0.5 ? v->p50 : INFINITY,
				     ends >= 0.9 ? v->p90 : INFINITY };
}

/* A pass that takes longer than it was played has not ended yet. */
static struct mt_interval not_before(struct mt_interval v, double at)
{
	return (struct mt_interval){ fmax(v.p10, at), fmax(v.p50, at), fmax(v.p90, at) };
}

/*
 * @ends: the probability that QEMU's own rule ends it; @reaches: that it, or a limit as high as is
 * allowed, does. How much more of a throttle slows a guest that leaves its CPU idle nobody knows:
 * while it can rise nothing is ruled out.
 */
static enum mt_verdict verdict(double ends, double reaches, double stop_now_ms, double allowed_ms,
			       bool can_rise)
{
	if (ends >= LIKELY)
		return MT_VERDICT_CONVERGES;
	if (stop_now_ms <= allowed_ms || reaches >= LIKELY)
		return MT_VERDICT_REACHABLE;
	return reaches >= RULED_OUT || can_rise ? MT_VERDICT_OPEN : MT_VERDICT_HOPELESS;
}

void mt_outlook(const struct mt_outlook_input *in, struct mt_prediction *out,
		struct mt_course *course)
{
	struct mt_ucurve_sample curves[MT_RECURRENCE_CURVES];
	struct mt_forecast_input f;
	struct mt_forecast as_is;
	struct mt_interval now;
	double reaches;

	*out = (struct mt_prediction){ .model = MT_OUTLOOK_MODEL };
	*course = (struct mt_course){ 0 };
	if (!mt_outlook_resume(in, &f))
		return;
	mt_recurrence_curves(curves, in->u);
	f.curves = curves;
	if (mt_forecast(NULL, &f, &as_is))
		return;
	reaches = as_is.ends;
	if (reaches < 1 && in->allowed_ms - in->fixed_ms > f.downtime_limit_ms) {
		struct mt_forecast_input raised = f;

		raised.downtime_limit_ms = in->allowed_ms - in->fixed_ms;
		reaches = fmax(reaches, mt_recurrence_ends(&raised));
	}
	out->ends = as_is.ends;
	out->reaches = reaches;
	out->iterations_left = (unsigned)fmax(0, round(as_is.passes - f.done.passes));
	out->total_ms =
		not_before(of_all(&as_is.metric[MT_METRIC_TOTAL_MS], as_is.ends), in->elapsed_ms);
	out->transferred_bytes = of_all(&as_is.metric[MT_METRIC_TRANSFERRED_BYTES], as_is.ends);
	now = stop_now(in);
	out->stop_now_ms = now.p50;
	out->downtime_ms = as_is.ends >= LIKELY ? as_is.metric[MT_METRIC_DOWNTIME_MS] :
						pause_of(in, now);
	look_ahead(in, &f, course);
	out->floor_ms = fmin(low_ms(in, course, MT_AHEAD_MEDIAN), out->stop_now_ms);
	out->floor_optimistic_ms = fmin(low_ms(in, course, MT_AHEAD_LOW), out->floor_ms);
	out->verdict = verdict(as_is.ends, reaches, out->stop_now_ms, in->allowed_ms,
			       f.method == MT_METHOD_AUTOCONVERGE &&
				       f.done.throttle_percent < MT_THROTTLE_MAX_PERCENT);
	if (out->verdict == MT_VERDICT_HOPELESS)
		out->needed_bandwidth_bytes_per_s = in->needed_bandwidth_bytes_per_s;
	if (out->verdict == MT_VERDICT_HOPELESS && !(out->needed_bandwidth_bytes_per_s > 0)) {
		f.downtime_limit_ms = fmax(in->allowed_ms - in->fixed_ms, 1);
		out->needed_bandwidth_bytes_per_s = mt_forecast_needed_bandwidth(&f, 0);
	}
}
