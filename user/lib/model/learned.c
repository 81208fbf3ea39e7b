// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * learned.c - learn figures and residuals from past migrations (PURE)
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantile.h"
#include "learned.h"
#include "play.h"

#define PAGE_BYTES	4096.0
/* What is dirtied in so long is all there is. Inferred. */
#define SET_S		600
/* Migrations that it takes to learn a slope, and half as many a guest's speed. Inferred. */
#define ENOUGH		10
/* Totals tell a slope if their variance is at least so much of their mean's square. Inferred. */
#define SPREAD_ENOUGH	0.05
/* And those that are at least so many standard deviations from the mean. Inferred. */
#define SLOPE_FROM	0.5
/*
 * First passes that tell how fast a guest was: what they dirtied. And what is believed at most.
 * Inferred.
 */
#define SPEED_LEAST_BYTES	(1 << 20)
#define SPEED_LEAST_SHARE	0.2	/* of what was expected */
#define SPEED_MOST_SHARE	0.8	/* of the working set */
#define SPEED_MOST		3.0
/* The row of costs that are tried. Inferred. */
#define ZERO_PAGE_US_MAX	200
#define ZERO_PAGE_STEP		1.3
#define ZERO_PAGE_BETTER	0.98
/* Less than this share of the bandwidth used: something else holds it up. Inferred. */
#define BOTTLENECK	0.9

/* --- figures -------------------------------------------------------------- */
typedef double (*figure_fn)(const struct mt_learned_case *c, const struct mt_learned *l);

static double share_first(const struct mt_learned_case *c, const struct mt_learned *l)
{
	return c->first.bytes > 0 ? c->first.wire_bytes / c->first.bytes : NAN;
}

static double share_later(const struct mt_learned_case *c, const struct mt_learned *l)
{
	return c->later.bytes > 0 ? c->later.wire_bytes / c->later.bytes : NAN;
}

/* Of the first pass: later ones are too short to tell. */
static double bandwidth_share(const struct mt_learned_case *c, const struct mt_learned *l)
{
	return c->first.s > 0 ? c->first.wire_bytes / c->first.s / c->in.bandwidth_bytes_per_s :
				NAN;
}

static double pages_first(const struct mt_learned_case *c, const struct mt_learned *l)
{
	return c->first.s > 0 && bandwidth_share(c, l) < BOTTLENECK ?
		       c->first.bytes / c->first.s / PAGE_BYTES :
		       NAN;
}

static double pages_later(const struct mt_learned_case *c, const struct mt_learned *l)
{
	double wire_per_s = c->later.wire_bytes / c->later.s;

	return c->later.s > 0 && wire_per_s < BOTTLENECK * c->in.bandwidth_bytes_per_s ?
		       c->later.bytes / c->later.s / PAGE_BYTES :
		       NAN;
}

static double off_by(const struct mt_learned_case *c, const struct mt_learned *l,
		     enum mt_metric metric)
{
	struct mt_forecast_input in = c->in;
	struct mt_forecast f;

	in.learned = l;
	if (!c->ended || mt_forecast(NULL, &in, &f))
		return NAN;
	return c->real[metric] - f.metric[metric].p50;
}

static double setup_off(const struct mt_learned_case *c, const struct mt_learned *l)
{
	return off_by(c, l, MT_METRIC_TOTAL_MS);
}

static double switchover_off(const struct mt_learned_case *c, const struct mt_learned *l)
{
	return off_by(c, l, MT_METRIC_DOWNTIME_MS);
}

/* How far downtimes are from their forecasts about the median, all added up; values is scratch. */
static double scatter(const struct mt_learned *l, const struct mt_learned_case *cases, size_t n,
		      enum mt_method method, double *values)
{
	double sum = 0, mid;
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		if (cases[i].in.method != method)
			continue;
		values[k] = switchover_off(&cases[i], l);
		k += isfinite(values[k]);
	}
	if (!k)
		return NAN;
	mid = mt_median(values, k);
	for (size_t i = 0; i < k; i++)
		sum += fabs(values[i] - mid);
	return sum;
}

/* The cost of a zero page with which downtimes scatter least, of a row of them. */
static void learn_zero_page(struct mt_learned *l, const struct mt_learned_case *cases, size_t n,
			    enum mt_method method, double *values)
{
	double *us = &l->figures[method].zero_page_us, best = 0, least = INFINITY;

	for (double tried = 0;
	     tried<ZERO_PAGE_US_MAX; tried = tried> 0 ? tried * ZERO_PAGE_STEP : 1) {
		double sum;

		*us = tried;
		sum = scatter(l, cases, n, method, values);
		/* Nothing to tell them apart: none. */
		if (sum < ZERO_PAGE_BETTER * least) {
			least = sum;
			best = tried;
		}
	}
	*us = best;
}

/* What recurrence.c would have needed for the stall of a flip to be right. */
static double fault(const struct mt_learned_case *c, const struct mt_learned *l)
{
	struct mt_forecast_input in = c->in;
	struct mt_forecast f;
	double writes, rest_ms;

	in.learned = l;
	if (!c->ended || mt_forecast(NULL, &in, &f) || !(f.postcopy_pages > 0))
		return NAN;
	writes = mt_flip_writes(&in, f.postcopy_pages * PAGE_BYTES);
	rest_ms = f.postcopy_pages * PAGE_BYTES /
		  mt_play_rate(&in, !in.options.flip_after_passes, false) * 1e3;
	if (!(writes >= 1) || !(c->real[MT_METRIC_STALL_MS] < rest_ms))
		return NAN;
	return -rest_ms / writes * log1p(-c->real[MT_METRIC_STALL_MS] / rest_ms);
}

/* The median of a figure over the migrations of a method. Return: how many there were. */
static size_t figure(const struct mt_learned *l, const struct mt_learned_case *cases, size_t n,
		     enum mt_method method, figure_fn fn, double *values, double *result)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		if (cases[i].in.method != method)
			continue;
		values[k] = fn(&cases[i], l);
		k += isfinite(values[k]);
	}
	if (k)
		*result = mt_median(values, k);
	return k;
}

/* Of a total, what is played: not what is over, nor the set-up. */
static double played_ms(const struct mt_learned_case *c, const struct mt_learned *l)
{
	double over_ms = c->in.done.passes ? c->in.done.elapsed_ms : 0;

	return c->real[MT_METRIC_TOTAL_MS] - setup_off(c, l) - l->figures[c->in.method].setup_ms -
	       over_ms;
}

/*
 * A line through (played, real) totals: what is left over is the set-up. Its slope is the median of
 * the slopes from the mean of the played totals and their median error to each total that is far
 * enough from there. (Theil and Sen take all pairs.) Few totals, or such as are all alike, tell no
 * slope.
 */
static void learn_total(struct mt_learned *l, const struct mt_learned_case *cases, size_t n,
			enum mt_method method, double *values)
{
	struct mt_learned_figures *f = &l->figures[method];
	double off, sum = 0, squares = 0, mean, variance;
	size_t k = 0, slopes = 0;

	f->stretch = 1;
	if (!figure(l, cases, n, method, setup_off, values, &off))
		return;
	f->setup_ms += off;
	for (size_t i = 0; i < n; i++) {
		double played;

		if (cases[i].in.method != method || !isfinite(played = played_ms(&cases[i], l)))
			continue;
		sum += played;
		squares += played * played;
		k++;
	}
	mean = sum / k;
	variance = squares / k - mean * mean;
	if (k < ENOUGH || variance < SPREAD_ENOUGH * mean * mean)
		return;
	for (size_t i = 0; i < n; i++) {
		double from_mean;

		if (cases[i].in.method != method || !isfinite(off = setup_off(&cases[i], l)))
			continue;
		from_mean = played_ms(&cases[i], l) - mean;
		if (fabs(from_mean) > SLOPE_FROM * sqrt(variance))
			values[slopes++] = off / from_mean;
	}
	if (slopes < ENOUGH / 2)
		return;
	f->stretch = 1 + mt_median(values, slopes);
	if (figure(l, cases, n, method, setup_off, values, &off))
		f->setup_ms += off;
}

/*
 * @hosts_known: else how fast their processors are, which encode pages and look at memory, says
 * nothing, nor what their guests' pages encode to.
 */
static void learn_figures(struct mt_learned *l, const struct mt_learned_case *cases, size_t n,
			  enum mt_method method, bool hosts_known, double *values)
{
	struct mt_learned_figures *f = &l->figures[method];
	double v;

	if (method == MT_METHOD_XBZRLE || mt_method_at(method)->compression) {
		/*
		 * Some runs are held up by the CPU, others by the link: the first tell how fast
		 * pages are encoded.
		 */
		if (hosts_known && mt_method_at(method)->compression) {
			figure(l, cases, n, method, share_first, values, &f->wire_share_first);
			figure(l, cases, n, method, share_later, values, &f->wire_share_later);
		}
		if (hosts_known) {
			figure(l, cases, n, method, pages_first, values, &f->pages_per_s_first);
			figure(l, cases, n, method, pages_later, values, &f->pages_per_s_later);
		}
	} else if (method != MT_METHOD_POSTCOPY) {
		figure(l, cases, n, method, bandwidth_share, values, &f->bandwidth_share);
	}
	if (hosts_known)
		learn_zero_page(l, cases, n, method, values);
	if (method == MT_METHOD_POSTCOPY || method == MT_METHOD_HYBRID)
		figure(l, cases, n, method, fault, values, &f->fault_ms);
	learn_total(l, cases, n, method, values);
	if (figure(l, cases, n, method, switchover_off, values, &v))
		f->switchover_ms += v;
}

/*
 * A guest that is migrated shares its host with the migration, and faults where it was free to
 * write. The first passes of all methods tell: the window in which the profile has as much dirtied,
 * against that of the pass. What saturates, or is little, tells nothing.
 */
static double speed(const struct mt_learned_case *c)
{
	const struct mt_ucurve *d = c->in.curve;
	double known = mt_ucurve_at(d, c->first.s),
	       most = SPEED_MOST_SHARE * mt_ucurve_at(d, SET_S);
	double least = fmax(SPEED_LEAST_BYTES, SPEED_LEAST_SHARE * known);

	if (!(c->first.s > 0) || !(c->first_dirtied_bytes > least) ||
	    c->first_dirtied_bytes > most || known > most)
		return NAN;
	return mt_ucurve_window_s(d, c->first_dirtied_bytes) / c->first.s;
}

static void learn_speed(struct mt_learned *l, const struct mt_learned_case *cases, size_t n,
			double *values)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		values[k] = speed(&cases[i]);
		k += isfinite(values[k]);
	}
	for (unsigned m = 0; m < MT_METHOD_COUNT && k >= ENOUGH / 2; m++)
		l->figures[m].guest_speed =
			fmin(fmax(mt_median(values, k), 1 / SPEED_MOST), SPEED_MOST);
}

/* --- all of it -------------------------------------------------------------- */
/*
 * @values: room for the scores of all metrics, one metric after the other. @by: of each case, what
 * it is forecast with; NULL: nothing.
 */
static void learn_residuals(struct mt_learned *l, const struct mt_learned_case *cases,
			    const struct mt_learned *const *by, size_t n, size_t row,
			    enum mt_method method, double *values)
{
	size_t k[MT_METRIC_COUNT] = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct mt_forecast_input in = cases[i].in;
		struct mt_forecast f;

		in.learned = by[i];
		if (!by[i] || !cases[i].ended || in.method != method ||
		    mt_forecast(mt_forecast_model_at(row), &in, &f))
			continue;
		for (unsigned m = 0; m < MT_METRIC_COUNT; m++) {
			double score = mt_residual_score(m, &f.metric[m], cases[i].real[m]);

			if (isfinite(score))
				values[m * n + k[m]++] = score;
		}
	}
	for (unsigned m = 0; m < MT_METRIC_COUNT; m++)
		mt_residual_learn(&l->residual[row][method][m], values + m * n, k[m]);
}

static void learn_all_residuals(struct mt_learned *l, const struct mt_learned_case *cases,
				const struct mt_learned *const *by, size_t n, double *values)
{
	/* A baseline learns nothing: it stands as it was published. */
	for (size_t row = 0; mt_forecast_model_at(row); row++)
		for (unsigned m = 0; m < MT_METHOD_COUNT && !mt_forecast_model_at(row)->baseline;
		     m++)
			learn_residuals(l, cases, by, n, row, m, values);
}

static void learn_all_figures(struct mt_learned *l, const struct mt_learned_case *cases, size_t n,
			      bool hosts_known, double *values)
{
	memset(l->residual, 0, sizeof(l->residual));
	learn_speed(l, cases, n, values);
	for (unsigned m = 0; m < MT_METHOD_COUNT; m++)
		learn_figures(l, cases, n, m, hosts_known, values);
}

int mt_learn(struct mt_learned *l, const struct mt_learned_case *cases, size_t n)
{
	mt_autofree double *values = calloc(n ? n * MT_METRIC_COUNT : 1, sizeof(*values));
	mt_autofree const struct mt_learned **by = calloc(n ? n : 1, sizeof(*by));

	if (!values || !by)
		return -ENOMEM;
	learn_all_figures(l, cases, n, true, values);
	for (size_t i = 0; i < n; i++)
		by[i] = l;
	learn_all_residuals(l, cases, by, n, values);
	return 0;
}

/* Room for learning from some of many cases. */
struct folds {
	double *values;
	const struct mt_learned **by;	/* of each case, what those of other folds taught; NULL:
					 * there are none */
	struct mt_learned_case *some;
	struct mt_learned *others;	/* room for what those taught */
};

static void folds_fini(struct folds *f)
{
	free(f->values);
	free(f->by);
	free(f->some);
	free(f->others);
}

static int folds_init(struct folds *f, size_t n)
{
	if (!n)
		n = 1;
	*f = (struct folds){
		.values = calloc(n * MT_METRIC_COUNT, sizeof(*f->values)),
		.by = calloc(n, sizeof(*f->by)),
		.some = calloc(n, sizeof(*f->some)),
		.others = calloc(n, sizeof(*f->others)),
	};
	if (f->values && f->by && f->some && f->others)
		return 0;
	folds_fini(f);
	return -ENOMEM;
}

/* What the migrations on other hosts than @hosts teach. Return: NULL: there are none. */
static const struct mt_learned *learn_others(struct folds *f, struct mt_learned *l,
					     const struct mt_learned_case *cases, size_t n,
					     unsigned hosts)
{
	size_t others = 0;

	for (size_t i = 0; i < n; i++)
		if (cases[i].hosts != hosts)
			f->some[others++] = cases[i];
	*l = mt_learned_default;
	learn_all_figures(l, f->some, others, false, f->values);
	return others ? l : NULL;
}

/* Which way other hosts were off says nothing of which way these are. */
static void widen_only(struct mt_residual *r)
{
	*r = (struct mt_residual){ fmin(r->p10, 0), 0, fmax(r->p90, 0), r->n };
}

/* Migrations of a method that ended, and so tell how far a forecast was off. */
static size_t ended_by(const struct mt_learned_case *cases, size_t n, enum mt_method method)
{
	size_t ended = 0;

	for (size_t i = 0; i < n; i++)
		ended += cases[i].ended && cases[i].in.method == method;
	return ended;
}

/* What some hosts' own migrations teach of their switchovers. INFINITY: too few by that method. */
static double own_switchover_ms(const struct mt_learned_case *cases, size_t n, unsigned hosts,
				enum mt_method method, struct folds *f)
{
	struct mt_learned own = mt_learned_default;
	size_t some = 0;

	for (size_t i = 0; i < n; i++)
		if (cases[i].hosts == hosts)
			f->some[some++] = cases[i];
	if (ended_by(f->some, some, method) < ENOUGH)
		return INFINITY;
	learn_figures(&own, f->some, some, method, false, f->values);
	return own.figures[method].switchover_ms;
}

/*
 * Of each method the switchover of the hosts that are quickest at it: some of those that taught are
 * emulated, and slower than any that guests are kept on. Slower ones are allowed for by how far
 * they were off.
 */
static void take_quickest(struct mt_learned *l, const struct mt_learned_case *cases, size_t n,
			  struct folds *f)
{
	for (unsigned m = 0; m < MT_METHOD_COUNT; m++) {
		double least = INFINITY;
		unsigned last = UINT_MAX;

		for (size_t i = 0; i < n; i++) {
			/* Those of one pair of hosts follow each other, or cost some time. */
			if (i && cases[i].hosts == last)
				continue;
			last = cases[i].hosts;
			least = fmin(least, own_switchover_ms(cases, n, last, m, f));
		}
		if (isfinite(least))
			l->figures[m].switchover_ms = least;
	}
}

/*
 * No campaign has migrated by zstd. Parallel connections, on which pages take as much as zlib makes
 * of them; and off by as much as compression, to whichever side. Inferred.
 */
static void lend_to_zstd(struct mt_learned *l)
{
	struct mt_learned_figures *f = &l->figures[MT_METHOD_ZSTD];
	const struct mt_learned_figures *zlib = &l->figures[MT_METHOD_COMPRESSION];

	*f = l->figures[MT_METHOD_MULTIFD];
	f->wire_share_first = zlib->wire_share_first;
	f->wire_share_later = zlib->wire_share_later;
	for (size_t row = 0; row < MT_FORECAST_MODELS_MAX; row++)
		for (unsigned k = 0; k < MT_METRIC_COUNT; k++) {
			struct mt_residual r = l->residual[row][MT_METHOD_COMPRESSION][k];
			double off = fmax(r.p50 - r.p10, r.p90 - r.p50);

			if (r.n)
				l->residual[row][MT_METHOD_ZSTD][k] = (struct mt_residual){
					r.p50 - off, r.p50, r.p50 + off, 1
				};
		}
}

int mt_learn_prior(struct mt_learned *l, const struct mt_learned_case *cases, size_t n)
{
	struct folds f;

	if (folds_init(&f, n))
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		size_t first = 0;

		while (cases[first].hosts != cases[i].hosts)
			first++;
		f.by[i] = first < i ? f.by[first] :
				      learn_others(&f, &f.others[i], cases, n, cases[i].hosts);
	}
	learn_all_figures(l, cases, n, false, f.values);
	take_quickest(l, cases, n, &f);
	learn_all_residuals(l, cases, f.by, n, f.values);
	for (size_t row = 0; row < MT_FORECAST_MODELS_MAX; row++)
		for (unsigned m = 0; m < MT_METHOD_COUNT; m++)
			for (unsigned k = 0; k < MT_METRIC_COUNT; k++)
				widen_only(&l->residual[row][m][k]);
	if (!l->residual[0][MT_METHOD_ZSTD][MT_METRIC_TOTAL_MS].n)
		lend_to_zstd(l);
	folds_fini(&f);
	return 0;
}

/* --- a pair of hosts' own migrations, beside what is expected of any ------------ */
/*
 * How much set-up and switchover differ from hosts to hosts, as a standard deviation. Inferred: 114
 * to 257 and 60 to 143 ms in the prior.
 */
#define HOSTS_DIFFER_MS	150.0
/*
 * What a single migration's total and pause scatter by at least, and what is off by more deviations
 * than this has a reason of its own. Inferred.
 */
#define SCATTER_MS	50.0
#define OUTLIER		1.0
#define SHIFT_STEPS	20
/*
 * That many migrations of its own say as much of how wide intervals are as all of others'.
 * Inferred.
 */
#define OWN_HALF	10.0
/* Parts in which they are cut: each is forecast with what the others teach. Inferred. */
#define OWN_PARTS	4

/*
 * How far off the totals, or pauses, of a method were, and how far each could be expected to be.
 * Return: how many of them there are.
 */
static size_t offs(const struct mt_learned *l, const struct mt_learned_case *cases, size_t n,
		   enum mt_method method, enum mt_metric metric, double *off_ms, double *sd_ms)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		struct mt_forecast_input in = cases[i].in;
		struct mt_forecast f;

		in.learned = l;
		if (!cases[i].ended || in.method != method || mt_forecast(NULL, &in, &f))
			continue;
		off_ms[k] = cases[i].real[metric] - f.metric[metric].p50;
		sd_ms[k] = hypot((f.metric[metric].p90 - f.metric[metric].p10) / (2 * MT_P90_SIGMA),
				 SCATTER_MS);
		k += isfinite(off_ms[k]) && isfinite(sd_ms[k]);
	}
	return k;
}

/*
 * By how much these hosts differ from any: known to lie about 0 by HOSTS_DIFFER_MS, and seen as
 * often as there were migrations, each as sharply as its forecast's own interval is. Outliers are
 * cut off (Huber's M-estimate, by fixed points).
 */
static double shift_ms(const struct mt_learned *l, const struct mt_learned_case *cases, size_t n,
		       enum mt_method method, enum mt_metric metric, double *values)
{
	double *off_ms = values, *sd_ms = values + n, shift = 0;
	size_t k = offs(l, cases, n, method, metric, off_ms, sd_ms);

	for (int step = 0; step < SHIFT_STEPS; step++) {
		double sum = 0, weights = 1 / (HOSTS_DIFFER_MS * HOSTS_DIFFER_MS);

		for (size_t i = 0; i < k; i++) {
			double z = fmin(fmax((off_ms[i] - shift) / sd_ms[i], -OUTLIER), OUTLIER);

			sum += (z * sd_ms[i] + shift) / (sd_ms[i] * sd_ms[i]);
			weights += 1 / (sd_ms[i] * sd_ms[i]);
		}
		shift = sum / weights;
	}
	return shift;
}

/*
 * With few of them, set-up and switchover; with enough, how fast these hosts' processors are, too.
 */
static void learn_own_figures(struct mt_learned *l, const struct mt_learned_case *cases, size_t n,
			      enum mt_method method, double *values)
{
	struct mt_learned_figures *f = &l->figures[method];

	if (ended_by(cases, n, method) >= ENOUGH) {
		struct mt_learned known = *l;

		learn_figures(&known, cases, n, method, true, values);
		known.figures[method].setup_ms = f->setup_ms;
		known.figures[method].stretch = f->stretch;
		known.figures[method].switchover_ms = f->switchover_ms;
		*f = known.figures[method];
	}
	f->setup_ms += shift_ms(l, cases, n, method, MT_METRIC_TOTAL_MS, values);
	f->switchover_ms += shift_ms(l, cases, n, method, MT_METRIC_DOWNTIME_MS, values);
}

static void learn_all_own(struct mt_learned *l, const struct mt_learned_case *cases, size_t n,
			  double *values)
{
	for (unsigned m = 0; m < MT_METHOD_COUNT; m++)
		learn_own_figures(l, cases, n, m, values);
}

static void blend_residual(struct mt_residual *to, const struct mt_residual *own)
{
	double middle = own->n / (own->n + OWN_HALF) * (own->p50 - to->p50), width;

	if (!to->n || !own->n)
		return;
	/* One alone says nothing of how they scatter. */
	width = (own->n - 1) / (own->n - 1 + OWN_HALF);
	to->p10 += middle + width * (own->p10 - own->p50 - (to->p10 - to->p50));
	to->p90 += middle + width * (own->p90 - own->p50 - (to->p90 - to->p50));
	to->p50 += middle;
	to->n += own->n;
}

static void learn_own_residuals(struct mt_learned *l, const struct mt_learned_case *cases, size_t n,
				struct folds *f)
{
	struct mt_learned own = *l;

	memset(own.residual, 0, sizeof(own.residual));
	learn_all_residuals(&own, cases, f->by, n, f->values);
	for (unsigned m = 0; m < MT_METHOD_COUNT; m++)
		for (unsigned k = 0; k < MT_METRIC_COUNT; k++)
			blend_residual(&l->residual[0][m][k], &own.residual[0][m][k]);
}

/* Of each case, by what those of other parts teach beside @l. */
static void learn_parts(const struct mt_learned *l, const struct mt_learned_case *cases, size_t n,
			struct folds *f)
{
	for (size_t part = 0; part < OWN_PARTS && part < n; part++) {
		struct mt_learned *others = &f->others[part];
		size_t k = 0;

		for (size_t i = 0; i < n; i++)
			if (i % OWN_PARTS != part)
				f->some[k++] = cases[i];
		*others = *l;
		learn_all_own(others, f->some, k, f->values);
		memset(others->residual, 0, sizeof(others->residual));
		for (size_t i = part; i < n; i += OWN_PARTS)
			f->by[i] = others;
	}
}

int mt_learn_own(struct mt_learned *l, const struct mt_learned_case *cases, size_t n, bool widths)
{
	struct folds f;

	if (folds_init(&f, n))
		return -ENOMEM;
	if (widths)
		learn_parts(l, cases, n, &f);
	learn_all_own(l, cases, n, f.values);
	if (widths)
		learn_own_residuals(l, cases, n, &f);
	folds_fini(&f);
	return 0;
}
