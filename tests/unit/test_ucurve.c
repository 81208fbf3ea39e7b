// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_ucurve.c - U(T) as a distribution: known curves, noise, phases, and random hostility
 */
#include "base/cleanup.h"
#include "curve/ucurve.h"
#include "ktap.h"
#include "migration.h"

#define MEMORY		(8192.0 * MT_MIB)
#define RANDOM_CASES	2000

static double between(struct mt_rng *rng, double low, double high)
{
	return low + (high - low) * mt_rng_unit(rng);
}

/* A logarithm's standard deviation to multiply with. */
static double noise(struct mt_rng *rng, double sd)
{
	double u = mt_rng_unit(rng), v = mt_rng_unit(rng);

	return exp(sd * sqrt(-2 * log(u + 1e-300)) * cos(2 * M_PI * v));
}

typedef double (*truth_fn)(double window_s);

static double power(double t)
{
	return 90 * MT_MIB * pow(t, 0.7);
}

static double saturating(double t)
{
	return 60 * MT_MIB * (1 - exp(-t / 0.2)) + 30 * MT_MIB * t;
}

static double hot_set(double t)
{
	return 190 * MT_MIB + 3 * MT_MIB * t;
}

static double proportional(double t)
{
	return 70 * MT_MIB * t;
}

static const truth_fn truths[] = { power, saturating, hot_set, proportional };

static void test_nothing(void)
{
	struct mt_ucurve o;

	mt_ucurve_init(&o, MEMORY);
	CHECK_NEAR(mt_ucurve_quantile(&o, 1, 0.5), 0, 0);
	CHECK_NEAR(mt_ucurve_next(&o, 1, 0.5), 0, 0);
	mt_ucurve_pass(&o, 0, MT_MIB, false);
	mt_ucurve_pass(&o, -1, MT_MIB, false);
	mt_ucurve_pass(&o, NAN, MT_MIB, false);
	mt_ucurve_pass(&o, INFINITY, MT_MIB, false);
	mt_ucurve_pass(&o, 1, -1, false);
	mt_ucurve_pass(&o, 1, NAN, false);
	CHECK_INT(o.passes, 0);
	mt_ucurve_pass(&o, 1, MT_MIB, false);
	CHECK_INT(o.passes, 1);
	CHECK_NEAR(mt_ucurve_quantile(&o, 1, 0.5), MT_MIB, 0.002 * MT_MIB);
	CHECK_NEAR(mt_ucurve_quantile(&o, 0, 0.5), 0, 0);
	CHECK_NEAR(mt_ucurve_quantile(&o, NAN, 0.5), 0, 0);
}

/*
 * Windows as pre-copy has them: a long one, shorter and shorter ones, then all of a length, more or
 * less.
 */
static double window_of(struct mt_rng *rng, unsigned i)
{
	return i < 6 ? 24 / pow(2.2, i) : between(rng, 0.2, 0.7);
}

static void test_known_curves(void)
{
	for (size_t c = 0; c < MT_ARRAY_SIZE(truths); c++) {
		struct mt_rng rng = { 1 + c };
		struct mt_ucurve o;

		mt_ucurve_init(&o, MEMORY);
		for (unsigned i = 0; i < 60; i++) {
			double t = window_of(&rng, i);

			mt_ucurve_pass(&o, t, truths[c](t) * noise(&rng, 0.05), i == 0);
		}
		for (double t = 0.2; t < 0.7; t += 0.1)
			CHECK_NEAR(mt_ucurve_quantile(&o, t, 0.5) / truths[c](t), 1, 0.07);
		CHECK_INT(o.changes, 0);
	}
}

/* Without noise, and where the curve is a line on logarithmic scales, two windows tell all. */
static void test_two_windows(void)
{
	struct mt_ucurve o;

	mt_ucurve_init(&o, MEMORY);
	mt_ucurve_pass(&o, 8, power(8), false);
	mt_ucurve_pass(&o, 2, power(2), false);
	for (double t = 0.5; t < 16; t *= 2)
		CHECK_NEAR(mt_ucurve_quantile(&o, t, 0.5) / power(t), 1, 0.02);
}

/*
 * A forecast is what was known then: what came later, or had been asked in between, makes no
 * difference.
 */
static void test_causal(void)
{
	double windows[80], bytes[80], told[80];
	struct mt_rng rng = { 7 };
	struct mt_ucurve o;

	for (unsigned i = 0; i < 80; i++) {
		windows[i] = window_of(&rng, i);
		bytes[i] = power(windows[i]) * noise(&rng, 0.2) * (i < 40 ? 1 : 3);
	}
	mt_ucurve_init(&o, MEMORY);
	for (unsigned i = 0; i < 80; i++) {
		told[i] = mt_ucurve_next(&o, windows[i], 0.5);
		for (double q = 0.1; q < 1; q += 0.4)
			mt_ucurve_next(&o, between(&rng, 0.1, 30), q);
		mt_ucurve_pass(&o, windows[i], bytes[i], i == 0);
	}
	for (unsigned last = 1; last < 80; last++) {
		mt_ucurve_init(&o, MEMORY);
		for (unsigned i = 0; i < last; i++)
			mt_ucurve_pass(&o, windows[i], bytes[i], i == 0);
		for (unsigned i = last; i < 80; i++)
			bytes[i] *= 0.5;	/* another future */
		CHECK(mt_ucurve_next(&o, windows[last], 0.5) == told[last]);
		for (unsigned i = last; i < 80; i++)
			bytes[i] *= 2;
	}
}

static void test_quantiles(void)
{
	unsigned n = 0, below10 = 0, below50 = 0, below90 = 0;

	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct mt_rng rng = { seed };
		double sd = between(&rng, 0.05, 0.25);
		struct mt_ucurve o;

		mt_ucurve_init(&o, MEMORY);
		for (unsigned i = 0; i < 150; i++) {
			double t = window_of(&rng, i), d = power(t) * noise(&rng, sd);
			double before = 0;

			for (double q = 0.05; i && q < 1; q += 0.05) {
				CHECK(mt_ucurve_next(&o, t, q) > before);
				before = mt_ucurve_next(&o, t, q);
			}
			if (i > 20) {
				n++;
				below10 += d < mt_ucurve_next(&o, t, 0.1);
				below50 += d < mt_ucurve_next(&o, t, 0.5);
				below90 += d < mt_ucurve_next(&o, t, 0.9);
			}
			mt_ucurve_pass(&o, t, d, i == 0);
		}
	}
	CHECK_NEAR(below10 / (double)n, 0.1, 0.03);
	CHECK_NEAR(below50 / (double)n, 0.5, 0.04);
	CHECK_NEAR(below90 / (double)n, 0.9, 0.03);
}

/*
 * Windows until a change was called; @max: it was not. The load is the curve's times @factor from
 * here on.
 */
static unsigned windows_until_called(struct mt_ucurve *o, struct mt_rng *rng, double factor,
				     unsigned max)
{
	unsigned before = o->changes;

	for (unsigned i = 0; i < max; i++) {
		double t = window_of(rng, 50);

		mt_ucurve_pass(o, t, factor * power(t) * noise(rng, 0.12), false);
		if (o->changes > before)
			return i + 1;
	}
	return max;
}

/*
 * A load three times as large, or a third, is found within three windows; twice or half within
 * eight. And it is followed.
 */
static void test_phase(void)
{
	static const double factors[] = { 0.2, 0.33, 0.5, 2, 3, 5 };

	for (size_t f = 0; f < MT_ARRAY_SIZE(factors); f++) {
		for (uint64_t seed = 1; seed <= 40; seed++) {
			unsigned within = factors[f] < 0.4 || factors[f] > 2.5 ? 3 : 8;
			struct mt_rng rng = { seed };
			struct mt_ucurve o;
			double sum = 0;

			mt_ucurve_init(&o, MEMORY);
			for (unsigned i = 0; i < 50; i++) {
				double t = window_of(&rng, i);

				mt_ucurve_pass(&o, t, power(t) * noise(&rng, 0.12), i == 0);
			}
			CHECK_INT(o.changes, 0);
			CHECK(windows_until_called(&o, &rng, factors[f], within + 1) <= within);
			CHECK(o.changed);
			for (unsigned i = 0; i < 15; i++) {
				double t = window_of(&rng, 50);

				if (i >= 5)
					sum += mt_ucurve_quantile(&o, t, 0.5) / power(t) /
					       factors[f] / 10;
				mt_ucurve_pass(&o, t, factors[f] * power(t) * noise(&rng, 0.12),
					       false);
			}
			CHECK_NEAR(sum, 1, 0.15);
			CHECK(o.changes <= 2);	/* a second look at it */
		}
	}
}

/*
 * Noise of whatever size is no phase, nor windows that grow shorter, nor but rarely an odd one
 * among them.
 */
static void test_no_phase(void)
{
	unsigned odd = 0, called = 0;

	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct mt_rng rng = { seed };
		double sd = between(&rng, 0.02, 0.3);
		struct mt_ucurve quiet, disturbed;

		mt_ucurve_init(&quiet, MEMORY);
		mt_ucurve_init(&disturbed, MEMORY);
		for (unsigned i = 0; i < 500; i++) {
			double t = window_of(&rng, i), d = saturating(t) * noise(&rng, sd);
			bool is_odd = i % 50 == 49;

			odd += is_odd;
			mt_ucurve_pass(&quiet, t, d, i == 0);
			mt_ucurve_pass(&disturbed, t, is_odd ? 0.1 * d : d, i == 0);
			CHECK(!quiet.changed);
		}
		called += disturbed.changes;
	}
	CHECK(called < odd * 0.03);
}

/* Deviations that alternate: the next is known better than those after it. */
static void test_carry(void)
{
	double off_next = 0, off_at = 0, carry = -0.5, deviation = 0;
	struct mt_rng rng = { 3 };
	struct mt_ucurve o;

	mt_ucurve_init(&o, MEMORY);
	for (unsigned i = 0; i < 400; i++) {
		double t = between(&rng, 0.3, 0.5), d;

		deviation = carry * deviation + log(noise(&rng, 0.1));
		d = power(t) * exp(deviation);
		if (i > 50) {
			off_next += fabs(log(mt_ucurve_next(&o, t, 0.5) / d));
			off_at += fabs(log(mt_ucurve_quantile(&o, t, 0.5) / d));
		}
		mt_ucurve_pass(&o, t, d, false);
	}
	CHECK(off_next < 0.92 * off_at);
}

/* The pass over all memory may lie off the curve of the others; what comes next decides. */
static void test_first_pass(void)
{
	double told[2];

	for (int first = 0; first < 2; first++) {
		struct mt_ucurve o;

		mt_ucurve_init(&o, MEMORY);
		mt_ucurve_pass(&o, 24, 1.3 * power(24), first);
		mt_ucurve_pass(&o, 8, power(8), false);
		told[first] = fabs(mt_ucurve_quantile(&o, 3, 0.5) / power(3) - 1);
	}
	printf("# off by %.3f where it was the first pass, else by %.3f\n", told[1], told[0]);
	CHECK(told[1] < 0.2);
	CHECK(told[1] < told[0]);
}

static void test_idle(void)
{
	struct mt_rng rng = { 5 };
	struct mt_ucurve o;

	mt_ucurve_init(&o, 64 * MT_MIB);
	for (unsigned i = 0; i < 200; i++) {
		mt_ucurve_pass(&o, between(&rng, 0.1, 2),
			       i % 3 ? 0 : 4096 * (double)(mt_rng_next(&rng) % 20), i == 0);
		CHECK(mt_ucurve_next(&o, 1, 0.5) >= 0);
		CHECK(mt_ucurve_next(&o, 1, 0.9) < MT_MIB);
	}
	CHECK_INT(o.changes, 0);
}

static void test_cap(void)
{
	struct mt_ucurve o;

	mt_ucurve_init(&o, 100 * MT_MIB);
	for (int i = 0; i < 5; i++)
		mt_ucurve_pass(&o, 1 + i, 40 * MT_MIB * (1 + i), false);
	CHECK_NEAR(mt_ucurve_quantile(&o, 100, 0.9), 100 * MT_MIB, 0);
	mt_ucurve_init(&o, 0);		/* size unknown: no cap */
	mt_ucurve_pass(&o, 1, 40 * MT_MIB, false);
	CHECK(mt_ucurve_quantile(&o, 100, 0.5) > 100 * MT_MIB);
}

/* Whatever is fed: numbers come out, in order, within memory. */
static void test_hostile(void)
{
	for (uint64_t seed = 0; seed < RANDOM_CASES; seed++) {
		struct mt_rng rng = { seed };
		struct mt_ucurve o;

		mt_ucurve_init(&o, MEMORY);
		for (unsigned i = 0; i < 40; i++) {
			double t = pow(10, between(&rng, -6, 6)), low, mid, high;

			mt_ucurve_pass(&o, pow(10, between(&rng, -6, 6)),
				       mt_rng_next(&rng) % 4 ? pow(10, between(&rng, 0, 13)) : 0,
				       mt_rng_next(&rng) % 2);
			low = mt_ucurve_next(&o, t, 0.1);
			mid = mt_ucurve_next(&o, t, 0.5);
			high = mt_ucurve_next(&o, t, 0.9);
			CHECK(low >= 0 && low <= mid && mid <= high && high <= MEMORY);
			CHECK(isfinite(mt_ucurve_quantile(&o, t, 0)) &&
			      isfinite(mt_ucurve_quantile(&o, t, 1)));
			CHECK(o.noise_bytes2 > 0);
			for (size_t k = 0; k < MT_UCURVE_KNOTS; k++) {
				CHECK(o.cov[k][k] >= 0);
				CHECK(!k || (o.mean[k] >= o.mean[k - 1] - 1e-9 &&
					     o.mean[k] <= o.mean[k - 1] + M_LN2 + 1e-9));
			}
		}
	}
}

/* --- before a migration ------------------------------------------------------------------ */
static void profile(struct mt_ucurve *c, truth_fn truth, double memory_bytes)
{
	mt_ucurve_init(c, memory_bytes);
	for (size_t i = 0; i < MT_PROFILE_POINTS; i++) {
		double u = truth(mt_profile_grid_s[i]);

		mt_ucurve_windows(c, mt_profile_grid_s[i], 30, u, 0.9 * u, 1.1 * u);
	}
}

/* What a profile has seen is known; the farther beyond it, the less. */
static void test_profile(void)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(truths); i++) {
		double before = 0;
		struct mt_ucurve c;

		profile(&c, truths[i], MEMORY);
		CHECK_INT(c.origin, MT_UCURVE_KERNEL);
		for (double t = 0.01; t <= 10; t *= 1.7)
			CHECK_NEAR(mt_ucurve_at(&c, t) / truths[i](t), 1, 0.1);
		for (double t = 10; t < 3000; t *= 2) {
			CHECK(mt_ucurve_sd(&c, t) > before);
			before = mt_ucurve_sd(&c, t);
		}
		CHECK(mt_ucurve_sd(&c, 1) < 0.1 && before > 0.3);
	}
}

/* All pages of a profile that was longer than its windows are one more point. */
static void test_union(void)
{
	struct mt_ucurve without, with;

	profile(&without, proportional, MEMORY);
	profile(&with, proportional, MEMORY);
	mt_ucurve_union(&with, 60, 800 * MT_MIB, false);
	CHECK(mt_ucurve_at(&without, 60) > 2000 * MT_MIB);
	/* So sharp a bend is not what is expected, and believed only so far. */
	CHECK_NEAR(mt_ucurve_at(&with, 60) / (800 * MT_MIB), 1.2, 0.2);
	CHECK(mt_ucurve_sd(&with, 60) < mt_ucurve_sd(&without, 60));
	/* What may be more is not the working set. */
	CHECK(with.union_bytes == 800 * MT_MIB);
	profile(&with, proportional, MEMORY);
	mt_ucurve_union(&with, 60, 800 * MT_MIB, true);
	CHECK(!(with.union_bytes > 0));
}

/* It does not matter in which order they are told: each is one linear observation. */
static void test_order(void)
{
	static const double at_s[] = { 0.03, 0.4, 2.5, 17 };
	struct mt_ucurve forth, back;

	mt_ucurve_init(&forth, MEMORY);
	mt_ucurve_init(&back, MEMORY);
	for (size_t i = 0; i < MT_ARRAY_SIZE(at_s); i++) {
		mt_ucurve_point(&forth, at_s[i], power(at_s[i]), 0.1);
		mt_ucurve_point(&back, at_s[3 - i], power(at_s[3 - i]), 0.1);
	}
	for (double t = 0.01; t < 100; t *= 3) {
		CHECK_NEAR(mt_ucurve_at(&forth, t) / mt_ucurve_at(&back, t), 1, 0.01);
		CHECK_NEAR(mt_ucurve_sd(&forth, t) / mt_ucurve_sd(&back, t), 1, 0.001);
	}
}

static double coarse(enum mt_ucurve_sees sees, const double mib_per_s[3], double memory_bytes,
		     double t, double *sd)
{
	struct mt_ucurve_coarse v[3];
	struct mt_ucurve c;

	for (size_t i = 0; i < 3; i++)
		v[i] = (struct mt_ucurve_coarse){ sees, 1 << i, mib_per_s[i] * MT_MIB };
	mt_ucurve_init(&c, memory_bytes);
	mt_ucurve_coarse(&c, v, 3);
	*sd = mt_ucurve_sd(&c, t);
	return mt_ucurve_at(&c, t) / MT_MIB;
}

static void test_coarse(void)
{
	static const double even[] = { 40, 40, 40 }, none[] = { 0, 0, 0 },
			    one_zero[] = { 0, 14, 24 };
	double sd, sampled_sd, u;

	/*
	 * Pages are counted once, or by vCPU and harvest: 160 MiB in 4 s are then four times 40, of
	 * any size together.
	 */
	CHECK_NEAR(coarse(MT_UCURVE_SEES_UNION, even, 1024 * MT_MIB, 4, &sd), 160, 15);
	CHECK_NEAR(coarse(MT_UCURVE_SEES_HARVESTS, even, 1024 * MT_MIB, 1, &u), 40, 6);
	CHECK(coarse(MT_UCURVE_SEES_HARVESTS, even, 1024 * MT_MIB, 4, &u) < 150 && u > sd);
	/* Samples are few, and do not see what is written again as it was. */
	CHECK_NEAR(coarse(MT_UCURVE_SEES_SAMPLES, even, 1024 * MT_MIB, 4, &sampled_sd), 160, 20);
	CHECK(sampled_sd > 2 * sd);
	/*
	 * Rounded down to nothing is not nothing, and one that was is not believed against two
	 * others.
	 */
	u = coarse(MT_UCURVE_SEES_UNION, none, 1024 * MT_MIB, 1, &sd);
	CHECK(u > 0.05 && u < 1 && sd > 0.1);
	CHECK(coarse(MT_UCURVE_SEES_SAMPLES, one_zero, 384 * MT_MIB, 4, &sd) > 8);
}

static void test_assumed(void)
{
	struct mt_ucurve c;

	mt_ucurve_init(&c, MEMORY);
	mt_ucurve_assume(&c, 50 * MT_MIB, 400 * MT_MIB);
	CHECK_NEAR(mt_ucurve_at(&c, 1) / (50 * MT_MIB), 1, 0.03);
	CHECK_NEAR(mt_ucurve_at(&c, 300) / (400 * MT_MIB), 1, 0.1);
	CHECK(mt_ucurve_sd(&c, 1) > 0.05);
	CHECK(c.union_bytes == 400 * MT_MIB);
	mt_ucurve_init(&c, MEMORY);
	mt_ucurve_assume(&c, 50 * MT_MIB, 0);
	CHECK(!(c.union_bytes > 0));
}

/* A guest that runs at eight tenths of its speed dirties in a second what it did in 0.8. */
static void test_speed(void)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(truths); i++) {
		struct mt_ucurve before, c;

		profile(&c, truths[i], MEMORY);
		before = c;
		mt_ucurve_migrates(&c, 0.8, 0.3);
		CHECK_NEAR(mt_ucurve_at(&c, 1) / truths[i](0.8), 1, 0.06);
		CHECK(mt_ucurve_sd(&c, 1) >= mt_ucurve_sd(&before, 1));
	}
}

/* Curves that it may be lie in order, rise no faster than in proportion, and are read both ways. */
static void test_samples(void)
{
	struct mt_ucurve_sample low, mid, high;
	struct mt_ucurve c;

	profile(&c, saturating, MEMORY);
	mt_ucurve_sample(&low, &c, -1.5);
	mt_ucurve_sample(&mid, &c, 0);
	mt_ucurve_sample(&high, &c, 1.5);
	for (double t = 0.002; t < 1000; t *= 1.5) {
		double u = mt_ucurve_sample_at(&mid, t);

		CHECK_NEAR(u, mt_ucurve_at(&c, t), 1);
		CHECK(mt_ucurve_sample_at(&low, t) <= u && u <= mt_ucurve_sample_at(&high, t));
		CHECK(mt_ucurve_sample_at(&low, 2 * t) >= mt_ucurve_sample_at(&low, t));
		CHECK(u + MT_UCURVE_OFFSET_BYTES <=
		      2 * (mt_ucurve_sample_at(&mid, t / 2) + MT_UCURVE_OFFSET_BYTES) * 1.001);
		if (u < MEMORY)
			CHECK_NEAR(mt_ucurve_sample_window_s(&mid, u) / t, 1, 0.01);
	}
	CHECK(isinf(mt_ucurve_sample_window_s(&mid, 2 * MEMORY)));
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "nothing known, nothing told", test_nothing },
		{ "known curves are found", test_known_curves },
		{ "two windows are enough without noise", test_two_windows },
		{ "the future changes no forecast", test_causal },
		{ "quantiles are in order and cover", test_quantiles },
		{ "a change of phase is found and followed", test_phase },
		{ "noise and odd windows are no phase", test_no_phase },
		{ "deviations carry over", test_carry },
		{ "the first pass counts less", test_first_pass },
		{ "an idle guest", test_idle },
		{ "memory is the cap", test_cap },
		{ "hostile figures make no curve that cannot be", test_hostile },
		{ "a profile, and what lies beyond it", test_profile },
		{ "all pages of a profile", test_union },
		{ "the order does not matter", test_order },
		{ "QEMU's calculations, by what their mode sees", test_coarse },
		{ "an operator's word", test_assumed },
		{ "a guest that runs slower", test_speed },
		{ "curves that it may be", test_samples },
	};

	return ktap_main(cases, MT_ARRAY_SIZE(cases));
}
