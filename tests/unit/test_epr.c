// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_epr.c - the effective prediction ratio by hand, and the series it is measured on
 */
#include <errno.h>

#include "model/markov/epr.h"
#include "model/markov/phases.h"
#include "model/markov/slots.h"
#include "research/evaluate/epr_series.h"
#include "ktap.h"
#include "migration.h"

static const struct mt_epr_params defaults = MT_EPR_DEFAULTS;

/*
 * A guest that does the same all the time, and one that repeats itself exactly: nothing is missed.
 */
static void test_certain(void)
{
	static const unsigned horizons[] = { 30, 150 };
	struct mt_epr epr = { 0 };
	double s[400];

	for (int i = 0; i < 400; i++)
		s[i] = 100;
	CHECK_INT(mt_epr_evaluate(s, 400, &defaults, &epr), 0);
	for (int h = 0; h < 2; h++) {
		unsigned snapshots = 0, curves = 0;
		int horizon = (int)horizons[h];

		/*
		 * The base takes 20 slots of the link, each pass 1.25 times less than the one
		 * before, rounded up; a curve lasts as long as the horizon.
		 */
		for (int at = 0, pass = 20, made = -horizon; at + pass <= 200;
		     at += pass, pass = (4 * pass + 4) / 5) {
			snapshots++;
			if (at + pass > made + horizon) {
				made = at;
				curves++;
			}
		}
		for (int by = 0; by < MT_EPR_BYS; by++) {
			const struct mt_epr_count *c = &epr.by[h][by];

			/* The base takes 20 slots, a snapshot 16: no end within 30. */
			for (int k = 0; k < MT_EPR_COUNT; k++) {
				CHECK_INT(!c->predictions[k], !h && k >= MT_EPR_FINISH);
				CHECK_INT(c->correct[k], c->predictions[k]);
			}
			/* 200 slots are foretold, in curves that begin every 5. */
			CHECK_INT(c->predictions[MT_EPR_CURVE], (200 - horizon) / 5 + 1);
			CHECK_INT(c->predictions[MT_EPR_SLOT],
				  horizon * c->predictions[MT_EPR_CURVE]);
			CHECK_INT(c->predictions[MT_EPR_SNAPSHOT], snapshots);
			CHECK_INT(c->curves, curves);
			CHECK_NEAR(mt_epr_ratio(c, MT_EPR_SNAPSHOT), 1, 0);
		}
	}

	for (int i = 0; i < 400; i++)
		s[i] = i % 40 < 20 ? 100 : 300;
	epr = (struct mt_epr){ 0 };
	CHECK_INT(mt_epr_evaluate(s, 400, &defaults, &epr), 0);
	for (int k = 0; k < MT_EPR_COUNT; k++) {
		CHECK_NEAR(mt_epr_ratio(&epr.by[1][MT_EPR_FM], k), 1, 0);
		CHECK_NEAR(mt_epr_ratio(&epr.by[1][MT_EPR_AM], k), 1, 0);
	}
	/*
	 * The mean, 200 and drifting by the phase, is 33 % off or 100 %; the last slot is right
	 * until its phase ends.
	 */
	CHECK_NEAR(mt_epr_ratio(&epr.by[0][MT_EPR_MEAN], MT_EPR_SLOT), 0, 0);
	CHECK(mt_epr_ratio(&epr.by[0][MT_EPR_LAST], MT_EPR_SLOT) > 0.3);
}

/* Slots of 100 and of 300 by turns, asked about at every slot, worked out by hand. */
static void test_plain(void)
{
	struct mt_epr_params p = MT_EPR_DEFAULTS;
	struct mt_epr epr = { 0 };
	const struct mt_epr_count *mean = &epr.by[0][MT_EPR_MEAN], *last = &epr.by[0][MT_EPR_LAST];
	double s[40];

	for (int i = 0; i < 40; i++)
		s[i] = i % 2 ? 300 : 100;
	p.markov.window = 2;
	p.horizons[0] = 4;
	p.horizons[1] = 0;
	p.every = 1;
	p.link_share = 20;		/* the base is out after 20 slots, beyond the horizon */
	CHECK_INT(mt_epr_evaluate(s, 40, &p, &epr), 0);
	CHECK_INT(mean->predictions[MT_EPR_CURVE], 17);
	/* Any four slots are 800, as four means of about 200 are; no slot is near 200. */
	CHECK_INT(mean->correct[MT_EPR_CURVE], 17);
	CHECK_INT(mean->correct[MT_EPR_SLOT], 0);
	/* The last slot is right for the second and the fourth, and four of it are 1200 or 400. */
	CHECK_INT(last->correct[MT_EPR_SLOT], 2 * 17);
	CHECK_INT(last->correct[MT_EPR_CURVE], 0);
	CHECK_INT(last->predictions[MT_EPR_FINISH], 0);
}

/*
 * One migration foretold from its begin, by hand. The chain was taught 10 slots of 90, then 10 of
 * 10, for ever; link and base are 20 slots of the mean, 50, times 1. What comes is the same but for
 * one slot, the first of the last quiet phase.
 */
static void test_finish(void)
{
	struct mt_epr_params p = MT_EPR_DEFAULTS;
	const struct mt_epr_count *fm;
	struct mt_epr epr = { 0 };
	double s[240];

	for (int i = 0; i < 240; i++)
		s[i] = i % 20 < 10 ? 90 : 10;
	p.markov.window = 20;
	p.markov.join_share = 0;
	p.link_share = 1;
	p.horizons[0] = 40;
	p.horizons[1] = 0;
	p.every = 240;			/* one curve */
	for (int k = 0; k < 3; k++) {
		epr = (struct mt_epr){ 0 };
		fm = &epr.by[0][MT_EPR_FM];
		/*
		 * From slot 120 on: the base is out at 20; snapshots of 1000 each take 20 slots, so
		 * one taken at 20 leaves 1000 at 40, and of those taken later none is out in time.
		 */
		s[150] = k == 1 ? 400 : 10;	/* of the 1000: 390 more */
		s[131] = k == 2 ? 400 : 10;	/* before the snapshot: 390 more of 2000 */
		CHECK_INT(mt_epr_evaluate(s, 240, &p, &epr), 0);
		CHECK_INT(fm->predictions[MT_EPR_FINISH], 1);
		CHECK_INT(fm->predictions[MT_EPR_LEFT], 1);
		CHECK_INT(fm->predictions[MT_EPR_MOMENT], 1);
		CHECK_INT(fm->correct[MT_EPR_FINISH], 1);	/* 2390 is within 20 % of 2000 */
		CHECK_INT(fm->correct[MT_EPR_LEFT], k != 1);
		/* In the third no migration ends within the 40 slots: it was no moment at all. */
		CHECK_INT(fm->correct[MT_EPR_MOMENT], k != 2);
	}
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
							   .horizons = { 5 },
							   .every = 1,
							   .train_share = 200.0 / 230,
							   .link_share = 1e30 },
				  &epr),
		  0);
	/* The last element of any pattern seen so far is at least 23 % below what comes. */
	for (int by = 0; by < MT_EPR_BYS; by++) {
		for (int k = 0; k <= MT_EPR_LEFT; k++)
			CHECK_INT(epr.by[0][by].correct[k], 0);
		/* A new one each time. */
		CHECK_INT(epr.by[0][by].predictions[MT_EPR_SNAPSHOT], epr.by[0][by].curves);
	}
	/* With such a link a migration ends at once: that moment is the best one. */
	CHECK_INT(epr.by[0][MT_EPR_FM].correct[MT_EPR_MOMENT],
		  epr.by[0][MT_EPR_FM].predictions[MT_EPR_MOMENT]);
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
		const struct mt_epr_count *a = &one.by[0][MT_EPR_AM], *b = &two.by[0][MT_EPR_AM];

		CHECK_INT(b->correct[k], 2 * a->correct[k]);
		CHECK_INT(b->predictions[k], 2 * a->predictions[k]);
		CHECK(a->correct[k] < a->predictions[k] && a->correct[k]);
		for (int j = 0; j < k; j++)
			CHECK(strcmp(mt_epr_kind_name(k), mt_epr_kind_name(j)));
	}
}

/* Horizons asked about together are as if each were asked about alone. */
static void test_horizons(void)
{
	static const unsigned horizons[] = { 7, 100, 30 };
	struct mt_epr_params p = MT_EPR_DEFAULTS;
	struct mt_phases noise = { MT_PHASE_SAW, 90, 100, 900, 0.1, 1 };
	struct mt_epr all = { 0 };
	double s[400];

	CHECK_INT(mt_phases_make(&noise, s, 400), 0);
	memcpy(p.horizons, horizons, sizeof(horizons));
	CHECK_INT(mt_epr_evaluate(s, 400, &p, &all), 0);
	for (int h = 0; h < 3; h++) {
		struct mt_epr alone = { 0 };

		memset(p.horizons, 0, sizeof(p.horizons));
		p.horizons[0] = horizons[h];
		CHECK_INT(mt_epr_evaluate(s, 400, &p, &alone), 0);
		CHECK(!memcmp(all.by[h], alone.by[0], sizeof(alone.by[0])));
	}
	/* One that the series is too short for has no predictions, the others have theirs. */
	p.horizons[0] = 30;
	p.horizons[1] = 201;
	all = (struct mt_epr){ 0 };
	CHECK_INT(mt_epr_evaluate(s, 400, &p, &all), 0);
	for (int k = 0; k < MT_EPR_COUNT; k++) {
		CHECK(all.by[0][MT_EPR_FM].predictions[k]);
		CHECK_INT(all.by[1][MT_EPR_FM].predictions[k], 0);
	}
}

/* AM is what the parameters say; FM and the listing are not touched by it. */
static void test_methods(void)
{
	struct mt_epr_params p = MT_EPR_DEFAULTS;
	struct mt_phases noise = { MT_PHASE_SQUARE, 140, 100, 900, 0.05, 1 };
	struct mt_epr prose = { 0 }, other = { 0 };
	double s[1200];

	CHECK_INT(mt_phases_make(&noise, s, 1200), 0);
	CHECK_INT(mt_epr_evaluate(s, 1200, &p, &prose), 0);
	mt_markov_use(&p.markov, mt_markov_method("am-listing"));
	CHECK_INT(mt_epr_evaluate(s, 1200, &p, &other), 0);
	CHECK(memcmp(&prose.by[0][MT_EPR_FM], &prose.by[0][MT_EPR_AM], sizeof(prose.by[0][0])));
	CHECK(memcmp(&prose.by[0][MT_EPR_AM], &prose.by[0][MT_EPR_AM_LISTING],
		     sizeof(prose.by[0][0])));
	CHECK(!memcmp(&other.by[0][MT_EPR_AM], &other.by[0][MT_EPR_AM_LISTING],
		      sizeof(prose.by[0][0])));
	CHECK(!memcmp(&prose.by[0][MT_EPR_FM], &other.by[0][MT_EPR_FM], sizeof(prose.by[0][0])));
	CHECK(!memcmp(&prose.by[0][MT_EPR_AM_LISTING], &other.by[0][MT_EPR_AM_LISTING],
		      sizeof(prose.by[0][0])));
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
	p.horizons[0] = MT_EPR_HORIZON_MAX + 1;
	CHECK_INT(mt_epr_evaluate(s, 400, &p, &epr), -EINVAL);
	p.horizons[0] = 0;
	CHECK_INT(mt_epr_evaluate(s, 400, &p, &epr), -EINVAL);
	p = defaults;
	p.train_share = 1;
	CHECK_INT(mt_epr_evaluate(s, 400, &p, &epr), -EINVAL);
	p = defaults;
	p.markov.window = 0;
	CHECK_INT(mt_epr_evaluate(s, 400, &p, &epr), -EINVAL);
	CHECK(isnan(mt_epr_ratio(&(struct mt_epr_count){ 0 }, MT_EPR_SLOT)));
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
	mt_slots_add(&s, 1e300, 5, take, &t);	/* ends, and soon */
	CHECK_INT(t.n, 4 + MT_SLOTS_SPAN);

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

/*
 * Ticks of 50 pages each 100 ms; the disk probe's readings are of other times, and begin after the
 * first second. 2 MiB, then 4 MiB are written in a second: 51.2 and 102.4 pages in 100 ms. The
 * state of the devices is 24.4 pages.
 */
static void test_storage(void)
{
	const uint64_t ms = MT_NS_PER_MS;
	struct mt_entry entries[33] = { 0 };
	const struct mt_recording rec = { .path = "made", .entries = entries, .n_entries = 33 };
	struct epr_series series;
	size_t at = 0;

	for (uint64_t i = 0; i < 3; i++) {
		struct mt_entry *e = &entries[at++];

		e->type = MT_ENTRY_WORK;
		e->work = (struct mt_work){ .start_ns = (50 + 1000 * i) * ms,
					    .t_ns = (1050 + 1000 * i) * ms };
		mt_work_put(&e->work, MT_WORK_net_sent_bytes, 1);
		if (i)
			mt_work_put(&e->work, MT_WORK_disk_written_bytes, i << 21);
	}
	for (uint64_t i = 0; i < 30; i++) {
		struct mt_entry *e = &entries[at++];

		e->type = MT_ENTRY_TICK;
		e->tick = (struct mt_tick){ .start_ns = 100 * i * ms, .t_ns = 100 * (i + 1) * ms,
					    .state = MIGTRACE_STATE_LOGGING };
		mt_tick_put(&e->tick, MT_TICK_pages, 50);
	}
	CHECK_INT(epr_series_load(&series, &rec, false), 0);
	CHECK_INT(series.n, 30);
	CHECK_NEAR(series.slots[20], 50, 1e-6);
	epr_series_fini(&series);
	/* What the probe does not cover is left out, not 0. */
	CHECK_INT(epr_series_load(&series, &rec, true), 0);
	CHECK_INT(series.n, 19);
	CHECK_NEAR(series.slots[0], 50 + 51.2 + 24.4140625, 1e-6);
	CHECK_NEAR(series.slots[9], 50 + 76.8 + 24.4140625, 1e-6);
	CHECK_NEAR(series.slots[18], 50 + 102.4 + 24.4140625, 1e-6);
	epr_series_fini(&series);
	for (size_t i = 0; i < 3; i++)
		entries[i].work.valid = 0;
	CHECK_INT(epr_series_load(&series, &rec, true), -ENODATA);
}

static void test_storage_made(void)
{
	const struct mt_phases phases = { MT_PHASE_SQUARE, 64, 200, 1000, 0, 1 };
	struct epr_series plain, with;
	double memory = 0, all = 0;

	CHECK_INT(epr_series_make(&plain, &phases, 3200, false), 0);
	CHECK_INT(epr_series_make(&with, &phases, 3200, true), 0);
	for (size_t i = 0; i < 3200; i++) {
		memory += plain.slots[i];
		all += with.slots[i];
		CHECK(with.slots[i] > plain.slots[i]);
	}
	CHECK_NEAR(all / memory, 1.25 + 24.4140625 / 600, 1e-6);
	epr_series_fini(&plain);
	epr_series_fini(&with);
}

static const struct ktap_case cases[] = {
	{ "what is certain is predicted without a miss", test_certain },
	{ "mean and last slot, worked out by hand", test_plain },
	{ "a finish time foretold, worked out by hand", test_finish },
	{ "what cannot be foretold is not", test_surprise },
	{ "counts of several series add up", test_adds },
	{ "horizons together are as each alone", test_horizons },
	{ "AM is as it is asked for, FM and the listing stay", test_methods },
	{ "series of nothing, too short or senseless have no ratio", test_refused },
	{ "a series in phases has the levels asked for", test_phases },
	{ "nothing is lost or made between intervals and slots", test_slots },
	{ "a slot with what is written to disks, and devices", test_storage },
	{ "a made-up series with a journal of its own", test_storage_made },
};
KTAP_MAIN(cases)
