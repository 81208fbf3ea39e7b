// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * xen.c - what is said of Xen, which skips pages that are dirty again before their turn (PURE)
 *
 * Pass i sends V_i = D_{i-1} - W_i, pass 1 M - W_1. Rows differ in D and in the W that is skipped:
 *
 *   xen-published	Nathan (SoCC'15): D by S^T and S_new^T as in nathan-published,
 *			W_i = f(E_i, S, S_new, R) of the E_i = D_{i-1} + D_i - U(T_{i-1} + T_i)
 *			pages that both passes dirtied
 *   xen		ours: the same with D as in nathan
 *   skip-dirtied	W_i proportional to D_{i-1}, D = r T: what Nathan calls existing
 *   skip-memory	W_i = beta M, D = r T: likewise
 *
 * f is not public. Ours, inferred: writes to a page at a rate of rho a pass leave a share of 1 -
 * e^-rho of such pages dirty at its end; turns are spread evenly over the pass, so 1 - (1 - e^-rho)
 * / rho are dirty at their turn. Hence W / E = (1 - (1 - e^-rho) / rho) / (1 - e^-rho): half of the
 * eligible pages where each is written once, before its turn or after it, and all where they are
 * written all the time. A page that is dirty has been written rho / (1 - e^-rho) times; that is
 * taken for S T_i / D_i, what as many seconds would have dirtied apart over what they did together.
 *
 * When it ends is not in the paper either. Inferred: Xen's own rules, those of xc_domain_save()
 * (tools/libxc/xc_domain_save.c until Xen 4.5): after a pass that had fewer than 50 pages to look
 * at, after 29 passes, or once more than three times the memory was sent, the guest is stopped and
 * what is dirty then is sent.
 */
#include <errno.h>
#include <math.h>

#include "model/forecast_rows.h"

#define PAGE_BYTES	4096.0
#define PASSES_MAX	29	/* DEF_MAX_ITERS */
#define LAST_PAGES	50
#define SENT_MAX	3.0	/* DEF_MAX_FACTOR, times the memory */
/*
 * Of W_i proportional to D_{i-1} Nathan gives no factor. Inferred: gamma of Liu et al. (HPDC'11),
 * from memory and without its terms in time and dirty rate, whose units we do not know.
 */
#define SKIPPED_SHARE	0.36
/* Nor does it say what beta is, or whose. Inferred. */
#define SKIPPED_BETA	0.05

struct pass {
	double before, now;	/* bytes dirtied by the pass before, and by this one */
	double both;		/* by the two together; the first pass: all that it looks at */
	double window_s;
	bool first;
};

struct xen {
	const struct mt_seconds *seconds;
	double average_bytes, memory_bytes;
	double (*dirtied)(const struct xen *x, double window_s);
	double (*skipped)(const struct xen *x, const struct pass *p);
};

/* --- how a pass ends ------------------------------------------------------ */
static double by_seconds(const struct xen *x, double window_s)
{
	return fmin(mt_seconds_dirtied(x->seconds, window_s), x->memory_bytes);
}

static double by_rate(const struct xen *x, double window_s)
{
	return fmin(x->average_bytes * window_s, x->memory_bytes);
}

/* --- what it skips -------------------------------------------------------- */
#define NEWTON_STEPS	8

double mt_xen_skipped_share(double writes)
{
	double rho = fmin(writes, 2 * (writes - 1));	/* it is not more than either */

	if (!(writes > 1 + 1e-6))
		return 0.5;
	/* rho = writes (1 - e^-rho), from above: the slope is never flatter than there. */
	for (int i = 0; i < NEWTON_STEPS; i++)
		rho -= (rho + writes * expm1(-rho)) / (1 - writes * exp(-rho));
	return (writes - 1) / rho;	/* the above, with e^-rho put in */
}

static double eligible_share(const struct xen *x, const struct pass *p)
{
	double e = fmax(0, p->before + p->now - p->both);

	if (!(p->now > 0))
		return 0;
	return e * mt_xen_skipped_share(mt_seconds_dirtied(x->seconds, 1) * p->window_s / p->now);
}

/* The first pass follows on none. */
static double share_of_dirtied(const struct xen *x, const struct pass *p)
{
	return p->first ? 0 : SKIPPED_SHARE * p->before;
}

static double share_of_memory(const struct xen *x, const struct pass *p)
{
	return SKIPPED_BETA * x->memory_bytes;
}

/* --- the recurrence ------------------------------------------------------- */
#define SETTLE_STEPS	40	/* of bisection */

/* What a pass of @window_s would send. Not less than what is not dirty again by its end. */
static double sends(const struct xen *x, struct pass *p, double before_s, double window_s)
{
	p->window_s = window_s;
	p->now = x->dirtied(x, window_s);
	p->both = p->first ? p->before : x->dirtied(x, before_s + window_s);
	return p->before - fmin(x->skipped(x, p), fmin(p->now, p->before));
}

/*
 * A longer pass skips more, and what is skipped shortens the pass: where the two meet. Return: what
 * it sends.
 */
static double settle(const struct xen *x, struct pass *p, double before_s, double rate)
{
	double low = 0, high = p->before / rate, sent = p->before;

	for (int i = 0; i < SETTLE_STEPS; i++) {
		double middle = (low + high) / 2;

		sent = sends(x, p, before_s, middle);
		*(sent > middle * rate ? &low : &high) = middle;
	}
	return sent;
}

static void play(const struct xen *x, const struct mt_forecast_input *in, struct mt_forecast *out)
{
	double rate = in->bandwidth_bytes_per_s, full = mt_forecast_full_bytes(in),
	       give_up_s = (in->give_up_ms > 0 ? in->give_up_ms : MT_FORECAST_HORIZON_MS) / 1e3;
	double left = full, before_s = 0, time_s = 0, sent = 0, passes = 0;
	bool last = false;

	while (!last && time_s <= give_up_s) {
		struct pass p = { .before = left, .first = !passes };

		last = left < LAST_PAGES * PAGE_BYTES;
		sent += settle(x, &p, before_s, rate);
		time_s += p.window_s;
		before_s = p.window_s;
		left = p.now;
		last |= ++passes >= PASSES_MAX || sent > SENT_MAX * full;
	}
	out->passes = passes;
	out->ends = time_s <= give_up_s;
	out->metric[MT_METRIC_TOTAL_MS] = mt_interval_of((time_s + left / rate) * 1e3);
	out->metric[MT_METRIC_TRANSFERRED_BYTES] = mt_interval_of(sent + left);
	out->metric[MT_METRIC_DOWNTIME_MS] = mt_interval_of(left / rate * 1e3);
	out->metric[MT_METRIC_STALL_MS] = out->metric[MT_METRIC_DOWNTIME_MS];
}

/* --- the rows --------------------------------------------------------------- */
static int forecast(const struct mt_forecast_input *in, struct mt_forecast *out,
		    int (*seconds)(struct mt_seconds *s, const struct mt_forecast_input *in),
		    struct xen x)
{
	struct mt_seconds s;
	int rc = seconds(&s, in);

	if (rc)
		return rc;
	x.seconds = &s;
	x.average_bytes = mt_forecast_average_bytes(&s);
	x.memory_bytes = in->memory_bytes;
	play(&x, in, out);
	return 0;
}

static int published(const struct mt_forecast_input *in, struct mt_forecast *out)
{
	return forecast(in, out, mt_forecast_seconds,
			(struct xen){ .dirtied = by_seconds, .skipped = eligible_share });
}

static int ours(const struct mt_forecast_input *in, struct mt_forecast *out)
{
	return forecast(in, out, mt_forecast_seconds_fixed,
			(struct xen){ .dirtied = by_seconds, .skipped = eligible_share });
}

static int skip_dirtied(const struct mt_forecast_input *in, struct mt_forecast *out)
{
	return forecast(in, out, mt_forecast_seconds,
			(struct xen){ .dirtied = by_rate, .skipped = share_of_dirtied });
}

static int skip_memory(const struct mt_forecast_input *in, struct mt_forecast *out)
{
	return forecast(in, out, mt_forecast_seconds,
			(struct xen){ .dirtied = by_rate, .skipped = share_of_memory });
}

const struct mt_forecast_model mt_forecast_xen = {
	.name = "xen/2",
	.help = "Nathan's model for Xen, which skips pages dirtied again: not how QEMU does it",
	.methods = 1U << MT_METHOD_PRECOPY,
	.baseline = true,
	.forecast = ours,
};

const struct mt_forecast_model mt_forecast_xen_published = {
	.name = "xen-published/1",
	.help = "the same with S and S_new as published; what is skipped is inferred in both",
	.methods = 1U << MT_METHOD_PRECOPY,
	.baseline = true,
	.forecast = published,
};

const struct mt_forecast_model mt_forecast_skip_dirtied = {
	.name = "skip-dirtied/1",
	.help = "Xen, skipping a share of what the pass before dirtied; D = r T",
	.methods = 1U << MT_METHOD_PRECOPY,
	.baseline = true,
	.forecast = skip_dirtied,
};

const struct mt_forecast_model mt_forecast_skip_memory = {
	.name = "skip-memory/1",
	.help = "Xen, skipping a share of the memory; D = r T",
	.methods = 1U << MT_METHOD_PRECOPY,
	.baseline = true,
	.forecast = skip_memory,
};
