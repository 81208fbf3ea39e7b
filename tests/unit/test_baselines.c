// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_baselines.c - the models of the literature against their formulas, written out
 */
#include <errno.h>

#include "base/rng.h"
#include "model/forecast_rows.h"
#include "ktap.h"

#define MIB	(1024.0 * 1024)
#define PAGE	4096.0

static struct mt_forecast_input input(const struct mt_seconds *s)
{
	static const struct mt_ucurve nothing;

	return (struct mt_forecast_input){
		.curve = &nothing, .seconds = s, .memory_bytes = 256 * MIB, .cpu_share = NAN,
		.bandwidth_bytes_per_s = 64 * MIB, .downtime_limit_ms = 100,
	};
}

static struct mt_forecast forecast(const char *model, const struct mt_forecast_input *in)
{
	struct mt_forecast f;

	if (mt_forecast(mt_forecast_model_find(model), in, &f))
		f = (struct mt_forecast){ .passes = NAN, .metric = { { NAN, NAN, NAN } } };
	return f;
}

/* --- S and S_new, as the poster computes them --------------------------------- */
#define TRACE_S		24
#define TRACE_PAGES	64

static unsigned unite(bool *have, const bool *second)
{
	unsigned fresh = 0;

	for (size_t i = 0; i < TRACE_PAGES; i++) {
		fresh += second[i] && !have[i];
		have[i] |= second[i];
	}
	return fresh;
}

/*
 * Bitmaps of seconds; windows of T, one after the other; of each the pages of its first second and
 * the average of those that each later second adds; their averages over windows.
 */
static void averages_of_averages(bool trace[TRACE_S][TRACE_PAGES], unsigned t, double *s,
				 double *s_new)
{
	unsigned windows = TRACE_S / t;

	*s = *s_new = 0;
	for (unsigned w = 0; w < windows; w++) {
		bool have[TRACE_PAGES] = { 0 };
		double fresh = 0;

		*s += (double)unite(have, trace[w * t]) / windows;
		for (unsigned k = 1; k < t; k++)
			fresh += unite(have, trace[w * t + k]);
		*s_new += t > 1 ? fresh / (t - 1) / windows : 0;
	}
}

static double mean_union(bool trace[TRACE_S][TRACE_PAGES], unsigned t)
{
	unsigned windows = TRACE_S / t, all = 0;

	for (unsigned w = 0; w < windows; w++) {
		bool have[TRACE_PAGES] = { 0 };

		for (unsigned k = 0; k < t; k++)
			all += unite(have, trace[w * t + k]);
	}
	return (double)all / windows;
}

static void published_dirtying(void)
{
	static bool trace[TRACE_S][TRACE_PAGES];
	struct mt_rng rng = { 3 };
	struct mt_seconds seconds;

	/* Half of the pages are hot, others are dirtied rarely. */
	for (size_t k = 0; k < TRACE_S; k++)
		for (size_t i = 0; i < TRACE_PAGES; i++)
			trace[k][i] = mt_rng_unit(&rng) < (i % 2 ? 0.7 : 0.05);
	mt_seconds_init(&seconds);
	for (unsigned t = 1; t <= 12; t++)
		mt_seconds_windows(&seconds, t, mean_union(trace, t), TRACE_S / t);
	for (unsigned t = 1; t <= 12; t++) {
		double s, s_new;

		averages_of_averages(trace, t, &s, &s_new);
		CHECK_NEAR(mt_seconds_dirtied(&seconds, t), s + (t - 1) * s_new, 1e-9);
		/* The cap. */
		seconds.mw_bytes = 50;
		CHECK_NEAR(mt_seconds_dirtied(&seconds, t), fmin(s + (t - 1) * s_new, 50), 1e-9);
		seconds.mw_bytes = 0;
		if (t == 12)	/* beyond the longest, from what all first seconds have */
			CHECK_NEAR(mt_seconds_dirtied(&seconds, 40),
				   mean_union(trace, 1) +
					   39 * (s + 11 * s_new - mean_union(trace, 1)) / 11,
				   1e-9);
		if (t == 1)
			CHECK_NEAR(mt_seconds_dirtied(&seconds, 0.25), s / 4, 1e-9);
	}
	/* What is known of one length twice is averaged; what is no window is not taken. */
	mt_seconds_init(&seconds);
	mt_seconds_windows(&seconds, 2, 30, 1);
	mt_seconds_windows(&seconds, 1, 10, 3);
	mt_seconds_windows(&seconds, 1, 20, 1);
	mt_seconds_windows(&seconds, 0.5, 20, 1);
	mt_seconds_windows(&seconds, 3, 20, 0);
	CHECK_INT(seconds.lengths, 2);
	CHECK_NEAR(mt_seconds_dirtied(&seconds, 1), 12.5, 1e-9);
	CHECK_NEAR(mt_seconds_dirtied(&seconds, 1.5), 21.25, 1e-9);
}

/* Zero pages: to the letter they go like others, and nothing is said to be empty. */
static void all_pages(void)
{
	struct mt_seconds s;
	struct mt_forecast_input in = input(&s);

	mt_seconds_init(&s);
	mt_seconds_windows(&s, 1, 0, 1);
	in.resident_bytes = 64 * MIB;
	CHECK_NEAR(forecast("nathan-published", &in).metric[MT_METRIC_TOTAL_MS].p50,
		   1000 + 192 * MIB / PAGE * 9 / (64 * MIB) * 1000, 1e-6);
	CHECK_NEAR(forecast("nathan-all-pages", &in).metric[MT_METRIC_TOTAL_MS].p50, 4000, 1e-6);
	CHECK_NEAR(forecast("nathan-all-pages", &in).metric[MT_METRIC_TRANSFERRED_BYTES].p50,
		   256 * MIB, 1);
}

/* --- rates ---------------------------------------------------------------------- */
static struct mt_seconds series(const double *bytes, size_t n)
{
	struct mt_seconds s;

	mt_seconds_init(&s);
	for (size_t i = 0; i < n; i++) {
		mt_seconds_add(&s, bytes[i]);
		mt_seconds_windows(&s, 1, bytes[i], 1);
	}
	return s;
}

/* D = r T: a geometric series, until the limit of 6.4 MiB is reached. */
static double geometric_ms(double r)
{
	double v = 256 * MIB, sum = v;

	while (v > 6.4 * MIB) {
		v *= r / (64 * MIB);
		sum += v;
	}
	return sum / (64 * MIB) * 1000;
}

static void rates(void)
{
	const double bytes[] = { 8 * MIB, 24 * MIB, 16 * MIB };
	struct mt_seconds s = series(bytes, 3);
	struct mt_forecast_input in = input(&s);

	CHECK_NEAR(forecast("average", &in).metric[MT_METRIC_TOTAL_MS].p50, geometric_ms(16 * MIB),
		   1e-6);
	/* 8; 8 + (24 - 8) / 2 = 16; 16 + (16 - 16) / 2 */
	CHECK_NEAR(forecast("ema", &in).metric[MT_METRIC_TOTAL_MS].p50, geometric_ms(16 * MIB),
		   1e-6);
	s.bytes[2] = 24 * MIB;
	CHECK_NEAR(forecast("ema", &in).metric[MT_METRIC_TOTAL_MS].p50, geometric_ms(20 * MIB),
		   1e-6);
	CHECK_INT(mt_forecast(mt_forecast_model_find("logs"), &in, &(struct mt_forecast){ 0 }),
		  -ENODATA);
	in.logged_bytes_per_s = 10 * MIB;
	CHECK_NEAR(forecast("logs", &in).metric[MT_METRIC_TOTAL_MS].p50, geometric_ms(10 * MIB),
		   1e-6);
}

/* The passes last 4 s and then what they leave; the pause is what the last one leaves. */
static void pages_that_differ(void)
{
	const double bytes[] = { 16 * MIB, 16 * MIB };
	struct mt_seconds s = series(bytes, 2);
	struct mt_forecast_input in = input(&s);
	double left;

	in.downtime_limit_ms = 990;	/* after one pass */
	left = 256 * MIB * (1 - pow(1 - 16.0 / 256, 4));
	CHECK_NEAR(forecast("dirty-probability", &in).metric[MT_METRIC_DOWNTIME_MS].p50,
		   left / (64 * MIB) * 1000, 1e-6);
	CHECK_INT(mt_forecast(mt_forecast_model_find("hot-cold"), &in, &(struct mt_forecast){ 0 }),
		  -ENODATA);
	s.hot_bytes = 12 * MIB;
	CHECK_NEAR(forecast("hot-cold", &in).metric[MT_METRIC_DOWNTIME_MS].p50,
		   (12 + 4 * 4) / 64.0 * 1000, 1e-6);
	in.downtime_limit_ms = 400;	/* after another, of 28 / 64 s */
	CHECK_NEAR(forecast("hot-cold", &in).metric[MT_METRIC_DOWNTIME_MS].p50,
		   16 * 28 / 64 / 64.0 * 1000, 1e-6);
}

/* --- Xen ------------------------------------------------------------------------ */
static int times_written(struct mt_rng *rng, double rho)
{
	double e = exp(-rho), p = mt_rng_unit(rng);
	int n = 0;

	for (; p > e; p *= mt_rng_unit(rng))
		n++;
	return n;
}

/* Pages written at random times, each at its turn: which of the dirty ones were dirty then. */
static void skipped_share(void)
{
	struct mt_rng rng = { 5 };

	CHECK_NEAR(mt_xen_skipped_share(1), 0.5, 1e-6);
	CHECK_NEAR(mt_xen_skipped_share(1 + 1e-4), 0.5, 1e-3);
	CHECK_NEAR(mt_xen_skipped_share(1e6), 1, 1e-5);
	for (double rho = 0.2; rho < 20; rho *= 2) {
		double writes = 0, dirty = 0, skipped = 0;

		for (int i = 0; i < 200000; i++) {
			int n = times_written(&rng, rho);
			double turn = mt_rng_unit(&rng);
			bool before = false;

			for (int k = 0; k < n; k++)
				before |= mt_rng_unit(&rng) < turn;
			writes += n;
			dirty += n > 0;
			skipped += before;
		}
		CHECK_NEAR(mt_xen_skipped_share(writes / dirty), skipped / dirty, 0.01);
	}
}

/* What Xen's own rules end: nothing to do, 29 passes, three times the memory. */
static void xen_ends(void)
{
	const double idle = 0, small = MIB, all = 1024 * MIB;
	struct mt_seconds s = series(&idle, 1);
	struct mt_forecast_input in = input(&s);
	struct mt_forecast f = forecast("xen-published", &in);

	CHECK_NEAR(f.passes, 2, 0);
	CHECK_NEAR(f.metric[MT_METRIC_TRANSFERRED_BYTES].p50, 256 * MIB, 1);
	/* A MiB that is dirty again at once: each pass skips half of it, the first a bit more. */
	s = series(&small, 1);
	s.mw_bytes = MIB;
	s.at[0].window_s = 1e-3;
	f = forecast("xen-published", &in);
	CHECK_NEAR(f.passes, 29, 0);
	CHECK_NEAR(f.metric[MT_METRIC_TRANSFERRED_BYTES].p50, (255.25 + 28 * 0.5 + 1) * MIB,
		   0.25 * MIB);
	CHECK_NEAR(f.metric[MT_METRIC_DOWNTIME_MS].p50, 1000 / 64.0, 1e-6);
	/* All of it, and nothing is skipped but a twentieth. */
	s = series(&all, 1);
	f = forecast("skip-memory", &in);
	CHECK_NEAR(f.passes, 4, 0);
	CHECK_NEAR(f.metric[MT_METRIC_TRANSFERRED_BYTES].p50, (4 * 0.95 + 1) * 256 * MIB, 1);
	/* The first pass skips nothing, the second 36 %. */
	f = forecast("skip-dirtied", &in);
	CHECK_NEAR(f.passes, 5, 0);
	CHECK_NEAR(f.metric[MT_METRIC_TRANSFERRED_BYTES].p50, (2 + 4 * 0.64) * 256 * MIB, 1);
}

static const struct ktap_case cases[] = {
	{ "S and S_new for each T, averages of averages", published_dirtying },
	{ "zero pages, as QEMU sends them and to the letter", all_pages },
	{ "average, exponential moving average and logs are geometric series", rates },
	{ "pages dirtied by chance, and hot and cold ones", pages_that_differ },
	{ "which of Xen's pages are dirty at their turn", skipped_share },
	{ "what ends Xen's passes", xen_ends },
};

KTAP_MAIN(cases)
