// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_dirtying.c - U(T) as points, against closed forms
 */
#include <errno.h>

#include <migtrace/dirtying.h>

#include "ktap.h"

#define MIB	(1024.0 * 1024)

/* Uniform writes at a rate over a set: U(T) = W (1 - e^(-r T / W)) */
static double uniform(double set, double rate, double t)
{
	return set * -expm1(-rate * t / set);
}

static void from_uniform(struct mt_dirtying *d, double set, double rate, double memory)
{
	mt_dirtying_begin(d, MT_DIRTYING_KERNEL, memory);
	for (size_t i = 0; i < MT_PROFILE_POINTS; i++) {
		double u = uniform(set, rate, mt_profile_grid_s[i]);

		mt_dirtying_point(d, mt_profile_grid_s[i], 10, (const double[4]){ u, 0.9 * u, u, 1.1 * u });
	}
	mt_dirtying_working_set(d, set, false);
}

static void test_points(void)
{
	struct mt_dirtying d;

	from_uniform(&d, 64 * MIB, 80 * MIB, 256 * MIB);
	CHECK_INT(d.n, MT_PROFILE_POINTS);
	CHECK(d.cap_known);
	for (double t = 0.0005; t < 30; t *= 1.3)
		CHECK_NEAR(mt_dirtying_at(&d, t) / uniform(64 * MIB, 80 * MIB, t), 1, 0.045);
	CHECK_NEAR(mt_dirtying_at(&d, 1000), 64 * MIB, 1);
	CHECK(mt_dirtying_at(&d, 0) == 0 && mt_dirtying_at(&d, -1) == 0);
	for (double t = 0.0005; t < 5; t *= 1.7) {
		CHECK(mt_dirtying_quantile(&d, t, 0.1) < mt_dirtying_quantile(&d, t, 0.5));
		/* Later the working set is in the way. */
		CHECK(t > 1 || fabs(mt_dirtying_spread(&d, t) - 0.1 / 1.2816) < 0.01);
		CHECK_NEAR(mt_dirtying_window_s(&d, mt_dirtying_at(&d, t)), t, 0.01 * t);
	}
	CHECK(isinf(mt_dirtying_window_s(&d, 65 * MIB)));
}

static void test_nothing(void)
{
	struct mt_dirtying d;
	struct mt_profile none = { .mw_pages = NAN };

	CHECK_INT(mt_dirtying_from_profile(&d, &none, 64 * MIB), -ENODATA);
	CHECK_INT(mt_dirtying_from_coarse(&d, NULL, 0, 64 * MIB), -ENODATA);
	CHECK(mt_dirtying_at(&d, 1) == 0);
	CHECK_STR(mt_dirtying_origin_name(d.origin), "none");
}

/* A point that says less than one before it, or comes in the wrong order, does no harm. */
static void test_noise(void)
{
	struct mt_dirtying d;

	mt_dirtying_begin(&d, MT_DIRTYING_KERNEL, 64 * MIB);
	mt_dirtying_point(&d, 1, 1, (const double[4]){ 5e6, 4e6, 5e6, 6e6 });
	mt_dirtying_point(&d, 0.5, 1, (const double[4]){ 4e6, 3e6, 4e6, 5e6 });
	mt_dirtying_point(&d, 2, 1, (const double[4]){ 4.5e6, 4e6, 4.5e6, 5e6 });
	mt_dirtying_point(&d, 3, 1, (const double[4]){ NAN, NAN, NAN, NAN });
	CHECK_INT(d.n, 2);
	CHECK_NEAR(mt_dirtying_at(&d, 2), 5e6, 1);
}

static void test_coarse(void)
{
	static const double lengths_s[] = { 1, 2, 4 };

	/* Where all of the set is dirty within a second, nobody knows how fast. */
	for (double set = 16; set <= 128; set *= 2)
		for (double rate = 10; rate <= 80 && rate <= 2 * set; rate *= 2) {
			struct mt_dirtying_coarse c[3];
			struct mt_dirtying d;

			for (size_t i = 0; i < 3; i++)
				c[i] = (struct mt_dirtying_coarse){ lengths_s[i],
					floor(uniform(set, rate, lengths_s[i]) / lengths_s[i]) * MIB };
			CHECK_INT(mt_dirtying_from_coarse(&d, c, 3, 256 * MIB), 0);
			/* What QEMU rounds away is up to 1 MiB for each second. */
			for (double t = 0.2; t <= 4; t *= 1.5)
				if (fabs(mt_dirtying_at(&d, t) / MIB - uniform(set, rate, t)) > 0.07 * uniform(set, rate, t) + t) {
					printf("# set %g, rate %g, T %g: %g, not %g\n", set, rate, t, mt_dirtying_at(&d, t) / MIB, uniform(set, rate, t));
					ktap_failed = true;
				}
		}
}

static void test_quiet_coarse(void)
{
	const struct mt_dirtying_coarse c[] = { { 1, 0 }, { 2, 0 } };
	struct mt_dirtying d;

	CHECK_INT(mt_dirtying_from_coarse(&d, c, 2, 256 * MIB), 0);
	CHECK(mt_dirtying_at(&d, 4) < MIB);
}

/* --- windows of a running migration ------------------------------------------ */
static void test_add(void)
{
	struct mt_dirtying d;

	mt_dirtying_begin(&d, MT_DIRTYING_NONE, 256 * MIB);
	CHECK(!mt_dirtying_add(&d, 2, uniform(64, 40, 2) * MIB));
	CHECK_STR(mt_dirtying_origin_name(d.origin), "iterations");
	CHECK_NEAR(mt_dirtying_at(&d, 2) / MIB, uniform(64, 40, 2), 0.1);
	mt_dirtying_add(&d, 1, uniform(64, 40, 1) * MIB);
	mt_dirtying_add(&d, 0.5, uniform(64, 40, 0.5) * MIB);
	for (int i = 0; i < 100; i++)
		mt_dirtying_add(&d, 0.3 + 0.02 * i, uniform(64, 40, 0.3 + 0.02 * i) * MIB);
	CHECK(d.n <= MT_DIRTYING_POINTS);
	CHECK_INT(d.phases, 0);
	for (double t = 0.5; t <= 2; t *= 1.2)
		CHECK_NEAR(mt_dirtying_at(&d, t) / MIB, uniform(64, 40, t), 0.1 * uniform(64, 40, t));
}

/* Coarse to begin with, and wrong: the passes make it right. */
static void test_merge(void)
{
	struct mt_dirtying d;

	from_uniform(&d, 64 * MIB, 40 * MIB, 256 * MIB);
	for (int i = 0; i < 30; i++)
		mt_dirtying_add(&d, 1 + 0.01 * (i % 3), 1.2 * uniform(64, 40, 1) * MIB);
	CHECK_NEAR(mt_dirtying_at(&d, 1) / MIB, 1.2 * uniform(64, 40, 1), 1.5);
	/* What is far from them in length is moved as well, by less. */
	CHECK(mt_dirtying_at(&d, 0.01) / MIB > 1.01 * uniform(64, 40, 0.01));
	CHECK(mt_dirtying_at(&d, 0.01) / MIB < 1.2 * uniform(64, 40, 0.01));
}

/* Deterministic, about normal: the sum of twelve uniform ones. */
static double noise(uint64_t *seed)
{
	double sum = -6;

	for (int i = 0; i < 12; i++) {
		*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
		sum += (double)(*seed >> 11) / (1ULL << 53);
	}
	return sum;
}

static void test_phase(void)
{
	struct mt_dirtying d;
	uint64_t seed = 1;
	int found = -1;

	from_uniform(&d, 64 * MIB, 40 * MIB, 256 * MIB);
	for (int i = 0; i < 300; i++)
		mt_dirtying_add(&d, 1, uniform(64, 40, 1) * MIB * (1 + 0.07 * noise(&seed)));
	CHECK_INT(d.phases, 0);
	for (int i = 0; i < 5 && found < 0; i++)
		if (mt_dirtying_add(&d, 1, 0.2 * uniform(64, 40, 1) * MIB))
			found = i;
	CHECK(found == 1);
	CHECK_NEAR(mt_dirtying_at(&d, 1) / MIB, 0.2 * uniform(64, 40, 1), 0.1 * uniform(64, 40, 1));
	/* All windows, not only those as long. */
	CHECK(mt_dirtying_at(&d, 0.1) < 0.4 * uniform(64, 40, 0.1) * MIB);
}

static void test_bad(void)
{
	struct mt_dirtying d;

	from_uniform(&d, 64 * MIB, 40 * MIB, 256 * MIB);
	CHECK(!mt_dirtying_add(&d, 0, MIB) && !mt_dirtying_add(&d, -1, MIB) && !mt_dirtying_add(&d, NAN, MIB));
	CHECK(!mt_dirtying_add(&d, 1, NAN) && !mt_dirtying_add(&d, 1, -1));
	CHECK_NEAR(mt_dirtying_at(&d, 1), uniform(64 * MIB, 40 * MIB, 1), 1);
}

static const struct ktap_case cases[] = {
	{ "points, between them and beyond", test_points },
	{ "nothing known", test_nothing },
	{ "noise among the points", test_noise },
	{ "QEMU's calculations of whole seconds", test_coarse },
	{ "a guest that dirties nothing", test_quiet_coarse },
	{ "windows of a migration alone", test_add },
	{ "windows of a migration on top of a profile", test_merge },
	{ "another phase is noticed, noise is not", test_phase },
	{ "windows that make no sense", test_bad },
};

KTAP_MAIN(cases)
