// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_forecast.c - forecasts against closed forms, and against migrations played page by page
 */
#include <errno.h>
#include <limits.h>

#include "base/rng.h"
#include "model/learned.h"
#include "ktap.h"

#define MIB		(1024.0 * 1024)
#define PAGE		4096.0
#define PLAIN		(4104 / 4096.0)

/* Uniform writes at a rate over a set. */
static struct mt_ucurve uniform(double set_bytes, double bytes_per_s)
{
	struct mt_ucurve d;

	mt_ucurve_init(&d, set_bytes);
	for (size_t i = 0; i < MT_PROFILE_POINTS; i++) {
		double u = set_bytes * -expm1(-bytes_per_s * mt_profile_grid_s[i] / set_bytes);

		mt_ucurve_point(&d, mt_profile_grid_s[i], u, 0.001);
	}
	return d;
}

static struct mt_forecast_input input(const struct mt_ucurve *d)
{
	return (struct mt_forecast_input){
		.curve = d, .memory_bytes = 256 * MIB, .resident_bytes = 128 * MIB,
		.cpu_share = NAN,
		.bandwidth_bytes_per_s = 40 * MIB, .downtime_limit_ms = 300,
	};
}

static void test_tables(void)
{
	enum mt_method m;

	for (size_t i = 0; mt_forecast_model_at(i); i++) {
		const struct mt_forecast_model *model = mt_forecast_model_at(i);

		CHECK(model->methods && strlen(model->help) && strchr(model->name, '/'));
		CHECK(mt_forecast_model_find(model->name) == model);
	}
	CHECK(mt_forecast_model_find(MT_FORECAST_DEFAULT) == mt_forecast_model_at(0));
	CHECK(!mt_forecast_model_find("prophecy") && !mt_forecast_model_find(""));
	for (unsigned k = 0; k < MT_METHOD_COUNT; k++)
		CHECK(!mt_method_parse(mt_method_name(k), &m) && m == k);
	CHECK_INT(mt_method_parse("teleport", &m), -EINVAL);
}

static void test_refusals(void)
{
	struct mt_ucurve d = uniform(64 * MIB, 10 * MIB), nothing = { 0 };
	struct mt_forecast_input in = input(&d);
	struct mt_forecast f;

	in.method = MT_METHOD_POSTCOPY;
	CHECK_INT(mt_forecast(mt_forecast_model_find("nathan"), &in, &f), -EOPNOTSUPP);
	in.method = MT_METHOD_PRECOPY;
	in.curve = &nothing;
	CHECK_INT(mt_forecast(NULL, &in, &f), -ENODATA);
	in.curve = &d;
	in.bandwidth_bytes_per_s = 0;
	CHECK_INT(mt_forecast(NULL, &in, &f), -EINVAL);
	in = input(&d);
	in.downtime_limit_ms = NAN;
	CHECK_INT(mt_forecast(NULL, &in, &f), -EINVAL);
}

/* An idle guest goes over once; the zero pages at its end hide what would be kept back. */
static void test_idle(void)
{
	struct mt_ucurve d = uniform(MIB, 1);
	struct mt_forecast_input in = input(&d);
	const struct mt_learned_figures *l = &mt_learned_default.figures[MT_METHOD_PRECOPY];
	double zero_pages = 128 * MIB / PAGE, wire = 128 * MIB * PLAIN + zero_pages * 9;
	double zero_s = fmax(zero_pages * 9 / (40 * MIB), zero_pages * l->zero_scan_us / 1e6);
	struct mt_forecast f;

	CHECK_INT(mt_forecast(NULL, &in, &f), 0);
	CHECK_NEAR(f.ends, 1, 0.01);
	CHECK_NEAR(f.metric[MT_METRIC_TRANSFERRED_BYTES].p50, wire, 1e-4 * wire);
	CHECK_NEAR(f.metric[MT_METRIC_TOTAL_MS].p50,
		   (128 * PLAIN / 40 + zero_s) * 1e3 + l->setup_ms, 1);
	CHECK_NEAR(f.metric[MT_METRIC_DOWNTIME_MS].p50, l->switchover_ms, 1);
	/*
	 * Without any: the guest is stopped a little below the limit, and what is left takes as
	 * long.
	 */
	in.resident_bytes = in.memory_bytes;
	CHECK_INT(mt_forecast(NULL, &in, &f), 0);
	CHECK_NEAR(f.metric[MT_METRIC_DOWNTIME_MS].p50 - l->switchover_ms, 300 - 25, 5);
	CHECK_NEAR(f.metric[MT_METRIC_TRANSFERRED_BYTES].p50, 256 * MIB * PLAIN, 1e-4 * 256 * MIB);
}

/*
 * Pre-copy ends if less is dirtied in a step of 50 ms than is sent in it: U(T) = B T has no root
 * above it, B > r for uniform writes over a large set.
 */
static void test_verdict(void)
{
	struct mt_forecast_input in;
	struct mt_forecast f;

	for (double rate = 5; rate <= 120; rate += 5) {
		struct mt_ucurve d = uniform(128 * MIB, rate * MIB);

		in = input(&d);
		CHECK_INT(mt_forecast(NULL, &in, &f), 0);
		if (rate <= 25)
			CHECK(mt_forecast_converges(&f));
		if (rate >= 60)
			CHECK(!mt_forecast_converges(&f));
		CHECK(f.ends >= 0 && f.ends <= 1);
	}
}

/*
 * What never ends is not played to its horizon. Hybrid, which flips after passes that nobody waits
 * for, is: both must find the same, where it is clear and where it is a near thing. All of a set is
 * left after each pass if it is dirtied at once.
 */
static void test_endless(void)
{
	struct mt_ucurve d = uniform(64 * MIB, 1e6 * MIB);
	struct mt_forecast_input in = input(&d);
	double pass_s = (64 - 40 * 0.3 + 40 * 0.05 / PLAIN / 2) * PLAIN / 40,
	       first_s = 128 * PLAIN / 40;
	struct mt_forecast f, played;
	unsigned late = 0, never = 0;

	CHECK_INT(mt_forecast(NULL, &in, &f), 0);
	CHECK_NEAR(f.ends, 0, 0);
	CHECK_NEAR(f.passes, 1 + (3600 - first_s) / pass_s, 2);
	for (double rate = 20; rate <= 90; rate += 1.25) {
		d = uniform(128 * MIB, rate * MIB);
		in = input(&d);
		in.give_up_ms = 900000;
		CHECK_INT(mt_forecast(NULL, &in, &f), 0);
		in.method = MT_METHOD_HYBRID;
		in.options.flip_after_passes = 1000000;
		CHECK_INT(mt_forecast(NULL, &in, &played), 0);
		CHECK_NEAR(f.ends, played.ends, 1e-9);
		CHECK_NEAR(f.passes, played.passes, 0.02 * played.passes);
		late += f.ends > 0 && f.passes > 20;
		never += f.ends == 0;
	}
	CHECK(late > 0 && never > 5);
}

static void test_needed(void)
{
	struct mt_ucurve d = uniform(128 * MIB, 100 * MIB);
	struct mt_forecast_input in = input(&d);
	double needed = mt_forecast_needed_bandwidth(&in, 0),
	       limit = mt_forecast_needed_limit_ms(&in, 0);
	struct mt_forecast f;

	CHECK(needed > 50 * MIB && needed < 130 * MIB);
	in.bandwidth_bytes_per_s = needed * 1.02;
	CHECK_INT(mt_forecast(NULL, &in, &f), 0);
	CHECK(mt_forecast_converges(&f));
	in.bandwidth_bytes_per_s = needed * 0.95;
	CHECK_INT(mt_forecast(NULL, &in, &f), 0);
	CHECK(!mt_forecast_converges(&f));
	/* A second or so, for that is how long 40 MiB/s need for most of the set. */
	CHECK(limit > 300 && limit < 4000);
	in = input(&d);
	in.downtime_limit_ms = limit * 1.02;
	CHECK_INT(mt_forecast(NULL, &in, &f), 0);
	CHECK(mt_forecast_converges(&f));
	/* Within a time that even an idle guest does not make. */
	in = input(&d);
	CHECK(mt_forecast_needed_bandwidth(&in, 1) == 0);
	needed = mt_forecast_needed_bandwidth(&in, 2000);
	in.bandwidth_bytes_per_s = needed * 1.02;
	CHECK_INT(mt_forecast(NULL, &in, &f), 0);
	CHECK(f.metric[MT_METRIC_TOTAL_MS].p50 <= 2000);
}

/* Post-copy at once: each page once. After passes: those, and what is dirty once more. */
static void test_flips(void)
{
	struct mt_ucurve d = uniform(128 * MIB, 200 * MIB);
	struct mt_forecast_input in = input(&d);
	struct mt_forecast f;
	double before = 0;

	in.method = MT_METHOD_POSTCOPY;
	CHECK_INT(mt_forecast(NULL, &in, &f), 0);
	CHECK_NEAR(f.ends, 1, 1e-9);
	CHECK_NEAR(f.postcopy_pages, 128 * MIB / PAGE, 1);
	CHECK_NEAR(f.metric[MT_METRIC_TRANSFERRED_BYTES].p50, 128 * MIB * PLAIN, 0.01 * 128 * MIB);
	in.method = MT_METHOD_HYBRID;
	for (unsigned k = 1; k <= 3; k++) {
		in.options.flip_after_passes = k;
		CHECK_INT(mt_forecast(NULL, &in, &f), 0);
		CHECK_NEAR(f.ends, 1, 1e-9);
		CHECK(f.metric[MT_METRIC_TOTAL_MS].p50 > before);
		before = f.metric[MT_METRIC_TOTAL_MS].p50;
		CHECK(f.metric[MT_METRIC_DOWNTIME_MS].p50 < 100);
	}
}

/* 20 % after two looks of a second and more, 10 % more after each further two. */
static void test_throttle(void)
{
	struct mt_ucurve d = uniform(128 * MIB, 90 * MIB);
	struct mt_forecast_input in = input(&d);
	struct mt_forecast slow, fast;

	in.method = MT_METHOD_AUTOCONVERGE;
	CHECK_INT(mt_forecast(NULL, &in, &slow), 0);
	CHECK(mt_forecast_converges(&slow));
	CHECK(slow.throttle_percent >= 20 && slow.throttle_percent <= 99);
	CHECK_NEAR(fmod(slow.throttle_percent, 10), 0, 1e-9);
	in.options.throttle_initial_percent = 50;
	in.options.throttle_increment_percent = 20;
	CHECK_INT(mt_forecast(NULL, &in, &fast), 0);
	CHECK(fast.metric[MT_METRIC_TOTAL_MS].p50 < slow.metric[MT_METRIC_TOTAL_MS].p50);
	/* A guest that idles half of the time makes up for what it loses at first. */
	in.options = (struct mt_method_options){ 0 };
	in.cpu_share = 0.5;
	CHECK_INT(mt_forecast(NULL, &in, &fast), 0);
	CHECK(fast.throttle_percent >= slow.throttle_percent);
}

static void test_intervals(void)
{
	for (double rate = 5; rate <= 120; rate += 5) {
		struct mt_ucurve d = uniform(128 * MIB, rate * MIB);
		struct mt_forecast_input in = input(&d);
		struct mt_forecast f;

		for (unsigned m = 0; m < MT_METHOD_COUNT; m++) {
			in.method = m;
			CHECK_INT(mt_forecast(NULL, &in, &f), 0);
			for (unsigned k = 0; k < MT_METRIC_COUNT && f.ends > 0; k++) {
				const struct mt_interval *i = &f.metric[k];

				CHECK(i->p10 <= i->p50 && i->p50 <= i->p90 && i->p10 > 0);
			}
		}
	}
}

/* --- page by page ------------------------------------------------------------- */
struct pages {
	unsigned char *dirty;		/* to be sent */
	unsigned char *logged;		/* written since the last sync */
	size_t n, left;
	struct mt_rng rng;
};

static void bitmap_sync(struct pages *g)
{
	for (size_t i = 0; i < g->n; i++) {
		if (g->logged[i] && !g->dirty[i]) {
			g->dirty[i] = 1;
			g->left++;
		}
		g->logged[i] = 0;
	}
}

struct outcome {
	bool ended;
	double total_s, sent_pages, left_pages;
};

/*
 * QEMU's loop over a guest of n pages that writes w of them a second, uniformly: looks each 50 ms,
 * at a moment of chance within the first. @order: where the last pass stopped, the next goes on.
 */
static struct outcome page_by_page(size_t n, double writes_per_s, double pages_per_s,
				   double limit_s, double cap_s, uint64_t seed)
{
	struct pages g = { calloc(n, 1), calloc(n, 1), n, n, { seed } };
	struct outcome o = { 0 };
	double step_s = 0.05, due = 0, write_due = 0, slice_s = 0.001,
	       look_s = step_s * mt_rng_unit(&g.rng);
	size_t at = 0, threshold = (size_t)(pages_per_s * limit_s);

	memset(g.dirty, 1, n);
	for (double t = 0; t < cap_s; t += slice_s) {
		for (write_due += writes_per_s * slice_s; write_due >= 1; write_due--)
			g.logged[(size_t)(mt_rng_unit(&g.rng) * n)] = 1;
		for (due += pages_per_s * slice_s; due >= 1 && g.left; due--) {
			while (!g.dirty[at])
				at = (at + 1) % n;
			g.dirty[at] = 0;
			g.left--;
			o.sent_pages++;
		}
		look_s -= slice_s;
		if (look_s > 0)
			continue;
		look_s += step_s;
		if (g.left >= threshold)
			continue;
		bitmap_sync(&g);
		if (g.left < threshold) {
			o = (struct outcome){ true, t + g.left / pages_per_s, o.sent_pages + g.left,
					      g.left };
			break;
		}
	}
	free(g.dirty);
	free(g.logged);
	return o;
}

#define PLAYS	40

/* The forecast's chances, and its p10 to p90, against 40 such migrations for each rate. */
static void test_page_by_page(void)
{
	enum { PAGES = 16384 };
	double rate_pages = 10240, cap_s = 12;

	for (double share = 0.1; share <= 1.31; share += 0.3) {
		struct mt_ucurve d = uniform(PAGES * PAGE, share * rate_pages * PAGE);
		struct mt_learned plain = mt_learned_default;
		struct mt_forecast_input in = {
			.curve = &d, .memory_bytes = PAGES * PAGE, .cpu_share = NAN,
			.bandwidth_bytes_per_s = rate_pages * PAGE,
			.downtime_limit_ms = 300, .give_up_ms = cap_s * 1e3, .learned = &plain,
		};
		double ended = 0, total = 0, sent = 0, left = 0;
		struct mt_forecast f;

		plain.figures[MT_METHOD_PRECOPY] = (struct mt_learned_figures){
			.stretch = 1, .guest_speed = 1, .bandwidth_share = 1, .wire_share_first = 1,
			.wire_share_later = 1,
			.pages_per_s_first = INFINITY, .pages_per_s_later = INFINITY,
		};
		for (uint64_t seed = 1; seed <= PLAYS; seed++) {
			struct outcome o = page_by_page(PAGES, share * rate_pages, rate_pages, 0.3,
							cap_s, seed);

			ended += o.ended;
			total += o.ended ? o.total_s : 0;
			sent += o.ended ? o.sent_pages : 0;
			left += o.ended ? o.left_pages : 0;
		}
		CHECK_INT(mt_forecast(NULL, &in, &f), 0);
		printf("# dirtying at %.1f of the link: %.0f of %d ended, total %.2f s, %.0f pages, %.0f left; forecast %.2f, %.2f s, %.0f, %.0f\n",
		       share, ended, PLAYS, total / ended, sent / ended, left / ended, f.ends,
		       f.metric[MT_METRIC_TOTAL_MS].p50 / 1e3,
		       f.metric[MT_METRIC_TRANSFERRED_BYTES].p50 / PAGE,
		       f.metric[MT_METRIC_DOWNTIME_MS].p50 / 1e3 * rate_pages);
		CHECK_NEAR(f.ends, ended / PLAYS, 0.2);
		if (ended < PLAYS / 2)
			continue;
		CHECK_NEAR(f.metric[MT_METRIC_TOTAL_MS].p50 / 1e3, total / ended,
			   0.08 * total / ended);
		CHECK_NEAR(f.metric[MT_METRIC_TRANSFERRED_BYTES].p50 / PAGE, sent / ended,
			   0.08 * sent / ended);
		CHECK_NEAR(f.metric[MT_METRIC_DOWNTIME_MS].p50 / 1e3 * rate_pages, left / ended,
			   0.1 * left / ended);
	}
}

static const struct ktap_case cases[] = {
	{ "each model and method is found by its name", test_tables },
	{ "a forecast of nothing, or by no such model, is refused", test_refusals },
	{ "an idle guest costs what a sum by hand says", test_idle },
	{ "whether pre-copy ends is where U(T) = B T says", test_verdict },
	{ "passes without end are foreseen without playing them", test_endless },
	{ "what it would take to end", test_needed },
	{ "post-copy at once, and after passes", test_flips },
	{ "auto-converge throttles by QEMU's steps, and ends", test_throttle },
	{ "intervals are in order", test_intervals },
	{ "migrations played page by page", test_page_by_page },
};

KTAP_MAIN(cases)
