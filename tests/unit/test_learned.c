// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_learned.c - what past migrations teach: figures found again, intervals that hold
 */
#include <string.h>

#include "model/learned.h"
#include "chance.h"
#include "ktap.h"

#define MIB	(1024.0 * 1024)

/* Near enough to normal: the sum of twelve. */
static double normal(void)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += chance();
	return sum;
}

static void guest(struct mt_ucurve *d, double set_bytes, double bytes_per_s)
{
	mt_ucurve_init(d, set_bytes);
	for (size_t i = 0; i < MT_PROFILE_POINTS; i++) {
		double u = set_bytes * -expm1(-bytes_per_s * mt_profile_grid_s[i] / set_bytes);

		mt_ucurve_point(d, mt_profile_grid_s[i], u, 0.01);
	}
}

#define CASES	200

/* A world whose set-up takes 210 ms and switchover 90 ms, in which nothing is quite as forecast. */
static void live(struct mt_learned_case *cases, struct mt_ucurve *dirtying, double noise)
{
	struct mt_learned world = mt_learned_default;

	world.figures[MT_METHOD_PRECOPY].setup_ms = 210;
	world.figures[MT_METHOD_PRECOPY].switchover_ms = 90;
	for (size_t i = 0; i < CASES; i++) {
		struct mt_learned_case *c = &cases[i];
		struct mt_forecast f;

		guest(&dirtying[i], (32 + 96 * chance()) * MIB, (1 + 30 * chance()) * MIB);
		*c = (struct mt_learned_case){ .in = {
			.curve = &dirtying[i], .memory_bytes = 256 * MIB,
			.resident_bytes = 128 * MIB, .cpu_share = NAN,
			.bandwidth_bytes_per_s = 50 * MIB, .downtime_limit_ms = 300,
			.learned = &world,
		} };
		c->ended = !mt_forecast(NULL, &c->in, &f) && mt_forecast_converges(&f);
		for (unsigned k = 0; k < MT_METRIC_COUNT; k++) {
			double factor = exp(noise * normal());

			c->real[k] = k == MT_METRIC_DOWNTIME_MS || k == MT_METRIC_STALL_MS ?
					     f.metric[k].p50 + 20 * noise / 0.05 * normal() :
					     f.metric[k].p50 * factor;
		}
		c->in.learned = NULL;
	}
}

static void test_figures(void)
{
	static struct mt_learned_case cases[CASES];
	static struct mt_ucurve dirtying[CASES];
	struct mt_learned l = mt_learned_default;

	live(cases, dirtying, 0.002);
	CHECK_INT(mt_learn(&l, cases, CASES), 0);
	CHECK_NEAR(l.figures[MT_METHOD_PRECOPY].setup_ms, 210, 3);
	CHECK_NEAR(l.figures[MT_METHOD_PRECOPY].switchover_ms, 90, 3);
	/* Of other methods nothing was learned. */
	CHECK_NEAR(l.figures[MT_METHOD_XBZRLE].setup_ms,
		   mt_learned_default.figures[MT_METHOD_XBZRLE].setup_ms, 0);
	CHECK_INT(l.residual[0][MT_METHOD_XBZRLE][MT_METRIC_TOTAL_MS].n, 0);
	/* Nor do baselines learn. */
	CHECK_INT(l.residual[1][MT_METHOD_PRECOPY][MT_METRIC_TOTAL_MS].n, 0);
}

/* Learned from some, p10 to p90 holds four of five of the others. */
static void test_coverage(void)
{
	static struct mt_learned_case past[CASES], to_come[CASES];
	static struct mt_ucurve of_past[CASES], of_those[CASES];
	struct mt_learned l = mt_learned_default;
	double held[MT_METRIC_COUNT] = { 0 }, n = 0;

	live(past, of_past, 0.05);
	live(to_come, of_those, 0.05);
	CHECK_INT(mt_learn(&l, past, CASES), 0);
	for (size_t i = 0; i < CASES; i++) {
		struct mt_forecast_input in = to_come[i].in;
		struct mt_forecast f;

		in.learned = &l;
		if (!to_come[i].ended || mt_forecast(NULL, &in, &f))
			continue;
		n++;
		for (unsigned k = 0; k < MT_METRIC_COUNT; k++) {
			CHECK(f.metric[k].p10 <= f.metric[k].p50 &&
			      f.metric[k].p50 <= f.metric[k].p90);
			held[k] += to_come[i].real[k] >= f.metric[k].p10 &&
				   to_come[i].real[k] <= f.metric[k].p90;
		}
	}
	CHECK(n > CASES / 2);
	/* 0.8, within three standard deviations of so many draws, twice */
	for (unsigned k = 0; k < MT_METRIC_COUNT; k++)
		CHECK_NEAR(held[k] / n, 0.8, 3 * sqrt(2 * 0.16 / n));
}

/*
 * Two pairs of hosts, one of which takes 400 ms longer: what is expected of a third is wide enough
 * for either, and leans to neither.
 */
static void test_prior(void)
{
	static struct mt_learned_case cases[CASES];
	static struct mt_ucurve dirtying[CASES];
	const struct mt_residual *r;
	struct mt_learned l = mt_learned_default, own = mt_learned_default;
	unsigned held = 0, n = 0;

	live(cases, dirtying, 0.002);
	for (size_t i = 0; i < CASES; i++) {
		cases[i].hosts = i % 2;
		cases[i].real[MT_METRIC_TOTAL_MS] += i % 2 * 400;
	}
	CHECK_INT(mt_learn_prior(&l, cases, CASES), 0);
	r = &l.residual[0][MT_METHOD_PRECOPY][MT_METRIC_TOTAL_MS];
	CHECK(r->p10 < 0 && r->p50 == 0 && r->p90 > 0 && r->n > CASES / 2);
	for (size_t i = 0; i < CASES; i++) {
		struct mt_forecast_input in = cases[i].in;
		struct mt_forecast f;

		in.learned = &l;
		if (!cases[i].ended || mt_forecast(NULL, &in, &f))
			continue;
		n++;
		held += cases[i].real[MT_METRIC_TOTAL_MS] >= f.metric[MT_METRIC_TOTAL_MS].p10 &&
			cases[i].real[MT_METRIC_TOTAL_MS] <= f.metric[MT_METRIC_TOTAL_MS].p90;
	}
	CHECK(held >= 0.8 * n);
	/* How fast these hosts find zero pages says nothing of others. */
	CHECK(l.figures[MT_METHOD_PRECOPY].zero_page_us ==
	      mt_learned_default.figures[MT_METHOD_PRECOPY].zero_page_us);
	/* One pair of hosts does not tell how much hosts differ. */
	for (size_t i = 0; i < CASES; i++)
		cases[i].hosts = 7;
	CHECK_INT(mt_learn_prior(&own, cases, CASES), 0);
	CHECK_INT(own.residual[0][MT_METHOD_PRECOPY][MT_METRIC_TOTAL_MS].n, 0);
}

/*
 * Of hosts that set up 150 ms slower than is expected and stop 50 ms later, the more migrations the
 * surer; without any nothing is known.
 */
static void test_own(void)
{
	static const struct {
		size_t n;
		double least, most;
	} rows[] = { { 0, 0, 0 }, { 1, 0.1, 1 }, { 5, 0.5, 1.05 }, { 100, 0.9, 1.1 } };
	static struct mt_learned_case past[CASES], some[CASES];
	static struct mt_ucurve dirtying[CASES];
	struct mt_learned l;

	live(past, dirtying, 0.005);
	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		const struct mt_learned_figures *f = &l.figures[MT_METHOD_PRECOPY];
		struct mt_residual *width = &l.residual[0][MT_METHOD_PRECOPY][MT_METRIC_TOTAL_MS];
		double wide = 4;

		l = mt_learned_default;
		*width = (struct mt_residual){ -wide, 0, wide, 200 };
		memcpy(some, past, sizeof(some));
		CHECK_INT(mt_learn_own(&l, some, rows[i].n, true), 0);
		printf("# %zu: set-up %.0f, switchover %.0f ms, p10 to p90 %.2f to %.2f\n",
		       rows[i].n, f->setup_ms, f->switchover_ms, width->p10, width->p90);
		CHECK(f->setup_ms - 60 >= rows[i].least * 150 &&
		      f->setup_ms - 60 <= rows[i].most * 150);
		CHECK(f->switchover_ms - 40 >= rows[i].least * 50 &&
		      f->switchover_ms - 40 <= rows[i].most * 50);
		/* It narrows as they come, and not before. */
		CHECK(rows[i].n <= 1 ?
			      fabs(width->p90 - width->p10 - 2 * wide) < 1e-9 :
			      width->p10 > -wide && width->p90 < wide && width->p10 < width->p90);
		CHECK(l.figures[MT_METHOD_XBZRLE].setup_ms ==
		      mt_learned_default.figures[MT_METHOD_XBZRLE].setup_ms);
		/* Or only what is in the middle moves. */
		l = mt_learned_default;
		*width = (struct mt_residual){ -wide, 0, wide, 200 };
		CHECK_INT(mt_learn_own(&l, some, rows[i].n, false), 0);
		CHECK(width->p10 == -wide && width->p50 == 0 && width->p90 == wide &&
		      width->n == 200);
	}
}

static void test_residual(void)
{
	struct mt_interval f = { 90, 100, 110 };
	struct mt_residual r = { 0 };
	double scores[99];

	/* A real value has a score, and a residual of that score gives it back. */
	for (unsigned k = 0; k < MT_METRIC_COUNT; k++) {
		double score = mt_residual_score(k, &f, 130);
		struct mt_interval g = f;

		mt_residual_apply(&(struct mt_residual){ score, score, score, 20 }, k, &g);
		CHECK_NEAR(g.p50, 130, 1e-6);
	}
	for (size_t i = 0; i < 99; i++)
		scores[i] = (double)((i * 37) % 99) - 49;
	mt_residual_learn(&r, scores, 99);
	CHECK_NEAR(r.p50, 0, 1e-9);
	CHECK_NEAR(r.p10, -40, 1e-9);
	CHECK_NEAR(r.p90, 40, 1e-9);
	/* From one alone little is known; from none, nothing is changed. */
	mt_residual_learn(&r, scores, 1);
	CHECK_INT(r.n, 1);
	r = (struct mt_residual){ 0 };
	mt_residual_apply(&r, MT_METRIC_TOTAL_MS, &f);
	CHECK(f.p10 == 90 && f.p50 == 100 && f.p90 == 110);
}

/* Half of the pages' bytes on the wire, 5000 pages a second: learned from the passes. */
static void test_encoded(void)
{
	struct mt_learned_case c[4] = { 0 };
	struct mt_learned l = mt_learned_default;
	struct mt_ucurve d;

	guest(&d, 32 * MIB, MIB);
	for (size_t i = 0; i < 4; i++) {
		c[i].in = (struct mt_forecast_input){
			.curve = &d, .memory_bytes = 256 * MIB, .cpu_share = NAN,
			.method = MT_METHOD_COMPRESSION,
			.bandwidth_bytes_per_s = 100 * MIB, .downtime_limit_ms = 300,
		};
		for (unsigned k = 0; k < MT_METRIC_COUNT; k++)
			c[i].real[k] = NAN;
		c[i].first.bytes = 20000 * 4096.0;
		c[i].first.wire_bytes = 10000 * 4096.0;
		c[i].first.s = 4;
	}
	CHECK_INT(mt_learn(&l, c, 4), 0);
	CHECK_NEAR(l.figures[MT_METHOD_COMPRESSION].wire_share_first, 0.5, 1e-9);
	CHECK_NEAR(l.figures[MT_METHOD_COMPRESSION].pages_per_s_first, 5000, 1e-6);
	CHECK(isinf(l.figures[MT_METHOD_COMPRESSION].pages_per_s_later));
}

static const struct ktap_case cases[] = {
	{ "set-up and switchover are found again", test_figures },
	{ "p10 to p90 holds four of five", test_coverage },
	{ "hosts that nothing is known of", test_prior },
	{ "a host's own migrations, few and many", test_own },
	{ "a score and its residual give the value back", test_residual },
	{ "shares and rates of encoded pages are learned from passes", test_encoded },
};

KTAP_MAIN(cases)
