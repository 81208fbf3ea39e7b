// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_epr.c - the effective prediction ratio by hand, and the series it is measured on
 */
#include <errno.h>

#include "model/markov/epr.h"
#include "model/markov/phases.h"
#include "model/markov/slots.h"
#include "ktap.h"
#include "migration.h"

static const struct mt_epr_params defaults = MT_EPR_DEFAULTS;

/*
 * A guest that does the same all the time, and one that repeats itself exactly: nothing is missed.
 */
static void test_certain(void)
{
	struct mt_epr epr = { 0 };
	unsigned snapshots = 0, curves = 0;
	double s[400];

	for (int i = 0; i < 400; i++)
		s[i] = 100;
	CHECK_INT(mt_epr_evaluate(s, 400, &defaults, &epr), 0);
	for (int k = 0; k < MT_EPR_COUNT; k++) {
		CHECK(epr.predictions[k]);
		CHECK_INT(epr.correct[k], epr.predictions[k]);
	}
	/* 200 slots are foretold, in curves of 30 that begin every 5. */
	CHECK_INT(epr.predictions[MT_EPR_CURVE], (200 - 30) / 5 + 1);
	CHECK_INT(epr.predictions[MT_EPR_SLOT], 30 * epr.predictions[MT_EPR_CURVE]);
	/*
	 * The base takes 20 slots of the link, each pass 1.25 times less than the one before,
	 * rounded up; a curve lasts 30.
	 */
	for (int at = 0, pass = 20, made = -30; at + pass <= 200;
	     at += pass, pass = (4 * pass + 4) / 5) {
		snapshots++;
		if (at + pass > made + 30) {
			made = at;
			curves++;
		}
	}
	CHECK_INT(epr.predictions[MT_EPR_SNAPSHOT], snapshots);
	CHECK_INT(epr.curves, curves);
	CHECK_NEAR(mt_epr_ratio(&epr, MT_EPR_SNAPSHOT), 1, 0);

	for (int i = 0; i < 400; i++)
		s[i] = i % 40 < 20 ? 100 : 300;
	epr = (struct mt_epr){ 0 };
	CHECK_INT(mt_epr_evaluate(s, 400, &defaults, &epr), 0);
	for (int k = 0; k < MT_EPR_COUNT; k++)
		CHECK_NEAR(mt_epr_ratio(&epr, k), 1, 0);
}

/*
 * The half that is foretold is nothing like the half that was learnt from, until it has been
 * learnt.
 */
static void test_surprise(void)
{
	struct mt_epr_params p = MT_EPR_DEFAULTS;
	struct mt_epr epr = { 0 };
	double s[400];

	p.markov.window = 2;
	p.markov.patterns_max = 4;
	for (int i = 0; i < 400; i++)
		s[i] = i < 200 ? 100 : 100 * pow(1.3, i - 199);	/* each slot 30 % more than the
								 * last */
	CHECK_INT(mt_epr_evaluate(s, 230,
				  &(struct mt_epr_params){ .markov = p.markov,
							   .horizon = 5,
							   .every = 1,
							   .train_share = 200.0 / 230,
							   .link_share = 1e30 },
				  &epr),
		  0);
	/* The last element of any pattern seen so far is at least 23 % below what comes. */
	for (int k = 0; k < MT_EPR_COUNT; k++)
		CHECK_INT(epr.correct[k], 0);
	CHECK_INT(epr.predictions[MT_EPR_SNAPSHOT], epr.curves);	/* a new one each time */
}

static void test_adds(void)
{
	struct mt_epr one = { 0 }, two = { 0 };
	struct mt_phases noise = { MT_PHASE_TWO_LEVEL, 30, 100, 900, 0.1, 1 };
	double s[600];

	CHECK_INT(mt_phases_make(&noise, s, 600), 0);
	CHECK_INT(mt_epr_evaluate(s, 600, &defaults, &one), 0);
	CHECK_INT(mt_epr_evaluate(s, 600, &defaults, &two), 0);
	CHECK_INT(mt_epr_evaluate(s, 600, &defaults, &two), 0);
	for (int k = 0; k < MT_EPR_COUNT; k++) {
		CHECK_INT(two.correct[k], 2 * one.correct[k]);
		CHECK_INT(two.predictions[k], 2 * one.predictions[k]);
		CHECK(one.correct[k] < one.predictions[k] && one.correct[k]);
		for (int j = 0; j < k; j++)
			CHECK(strcmp(mt_epr_kind_name(k), mt_epr_kind_name(j)));
	}
}

static void test_refused(void)
{
	struct mt_epr_params p = MT_EPR_DEFAULTS;
	struct mt_epr epr = { 0 };
	static double s[400];

	CHECK_INT(mt_epr_evaluate(s, 400, &p, &epr), -ENODATA);	/* nothing is dirtied */
	s[0] = 1;
	CHECK_INT(mt_epr_evaluate(s, 100, &p, &epr), -ENODATA);	/* 50 to learn from are one status,
								 * with no successor */
	CHECK_INT(mt_epr_evaluate(s, 102, &p, &epr), 0);
	p.horizon = MT_EPR_HORIZON_MAX + 1;
	CHECK_INT(mt_epr_evaluate(s, 400, &p, &epr), -EINVAL);
	p = defaults;
	p.train_share = 1;
	CHECK_INT(mt_epr_evaluate(s, 400, &p, &epr), -EINVAL);
	p = defaults;
	p.markov.window = 0;
	CHECK_INT(mt_epr_evaluate(s, 400, &p, &epr), -EINVAL);
	CHECK(isnan(mt_epr_ratio(&(struct mt_epr){ 0 }, MT_EPR_SLOT)));
}

static void test_phases(void)
{
	struct mt_phases p = { MT_PHASE_SQUARE, 20, 100, 500, 0, 9 };
	double a[4000], b[4000], high = 0, changes = 0;

	CHECK_INT(mt_phases_make(&p, a, 40), 0);
	for (int i = 0; i < 40; i++)
		CHECK_NEAR(a[i], i % 20 < 10 ? 500 : 100, 0);
	p.kind = MT_PHASE_SAW;
	CHECK_INT(mt_phases_make(&p, a, 40), 0);
	for (int i = 0; i < 40; i++)
		CHECK_NEAR(a[i], 100 + 20 * (i % 20), 1e-9);
	p.kind = MT_PHASE_TWO_LEVEL;
	CHECK_INT(mt_phases_make(&p, a, 4000), 0);
	for (int i = 0; i < 4000; i++) {
		CHECK(a[i] == 100 || a[i] == 500);
		high += a[i] == 500;
		changes += i && a[i] != a[i - 1];
	}
	CHECK_NEAR(high / 4000, 0.5, 0.1);
	CHECK_NEAR(changes / 4000, 0.1, 0.02);	/* a stay of 10 slots on the average */
	p.noise_share = 0.2;
	CHECK_INT(mt_phases_make(&p, a, 4000), 0);
	CHECK_INT(mt_phases_make(&p, b, 4000), 0);
	CHECK(!memcmp(a, b, sizeof(a)));
	p.seed++;
	CHECK_INT(mt_phases_make(&p, b, 4000), 0);
	CHECK(memcmp(a, b, sizeof(a)));
	for (int i = 0; i < 4000; i++)
		CHECK(a[i] >= 0);
	p.kind = MT_PHASE_SQUARE;
	p.low = p.high;
	CHECK_INT(mt_phases_make(&p, a, 4000), 0);
	for (int i = 0; i < 4000; i++)
		high += i ? (a[i] - 500) * (a[i] - 500) / 3999 : -high;
	CHECK_NEAR(sqrt(high) / 500, 0.2, 0.01);
	p.low = p.high + 1;
	CHECK_INT(mt_phases_make(&p, a, 10), -EINVAL);
	p.low = 0;
	p.period_slots = 0;
	CHECK_INT(mt_phases_make(&p, a, 10), -EINVAL);
}

struct taken {
	double v[1000], sum;
	size_t n;
};

static void take(double amount, void *opaque)
{
	struct taken *t = opaque;

	t->v[t->n++ % 1000] = amount;
	t->sum += amount;
}

/* Nothing is lost or made between intervals and slots, whatever their lengths. */
static void test_slots(void)
{
	struct taken t = { .n = 0 };
	struct mt_slots s;
	struct mt_rng rng = { 5 };
	double sum = 0, time = 0;

	mt_slots_init(&s, 0.1);
	mt_slots_add(&s, 0.25, 50, take, &t);
	CHECK_INT(t.n, 2);
	CHECK_NEAR(t.v[1], 20, 1e-9);
	mt_slots_add(&s, 0.05, 1, take, &t);
	CHECK_INT(t.n, 3);
	CHECK_NEAR(t.v[2], 11, 1e-9);
	for (int i = 0; i < 10; i++)		/* ten times a tenth of a slot are a slot, though
						 * not in binary */
		mt_slots_add(&s, 0.01, 1, take, &t);
	CHECK_INT(t.n, 4);
	mt_slots_add(&s, 0, 5, take, &t);
	mt_slots_add(&s, -1, 5, take, &t);
	mt_slots_add(&s, NAN, 5, take, &t);
	mt_slots_add(&s, 1, NAN, take, &t);
	CHECK_INT(t.n, 4);

	t = (struct taken){ .n = 0 };
	mt_slots_init(&s, 0.1);
	for (int i = 0; i < 5000; i++) {
		double amount = mt_rng_next(&rng) % 100, duration = mt_rng_unit(&rng) * 0.3;

		sum += amount;
		time += duration;
		mt_slots_add(&s, duration, amount, take, &t);
	}
	CHECK_NEAR(t.sum + s.amount, sum, 1e-6 * sum);
	CHECK_NEAR((double)t.n * 0.1 + s.filled_s, time, 1e-3);
}

static const struct ktap_case cases[] = {
	{ "what is certain is predicted without a miss", test_certain },
	{ "what cannot be foretold is not", test_surprise },
	{ "counts of several series add up", test_adds },
	{ "series of nothing, too short or senseless have no ratio", test_refused },
	{ "a series in phases has the levels asked for", test_phases },
	{ "nothing is lost or made between intervals and slots", test_slots },
};
KTAP_MAIN(cases)
