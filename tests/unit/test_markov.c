// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_markov.c - patterns, chain, FM and AM against a plain reference, and by hand
 */
#include <errno.h>

#include "model/markov/markov.h"
#include "ktap.h"
#include "migration.h"

#define LENGTH	400

static struct mt_markov m;	/* large */

static struct mt_markov_params params_of(unsigned window, bool adjust)
{
	struct mt_markov_params p = MT_MARKOV_DEFAULTS;

	p.window = window;
	p.adjust = adjust;
	return p;
}

/*
 * The reference: a status is a stretch of the history, equal ones are one pattern, everything is
 * looked up afresh.
 */
static bool same(const double *a, const double *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* Index of the first status equal to the one that ends before @end: the name of its pattern. */
static unsigned name_of(const double *s, unsigned window, unsigned end)
{
	for (unsigned e = window; e < end; e++)
		if (same(s + e - window, s + end - window, window))
			return e;
	return end;
}

/*
 * The pattern that followed on @name most often, or second; 0 = none. Of equals the one seen first.
 */
static unsigned follower(const double *s, unsigned n, const struct mt_markov_params *p,
			 unsigned name, bool second)
{
	unsigned best = 0, best_n = 0, other = 0, other_n = 0;

	for (unsigned e = p->window; e <= n; e++) {
		unsigned count = 0;

		if (name_of(s, p->window, e) != e)
			continue;
		for (unsigned f = p->window; f + p->step <= n; f++)
			count += name_of(s, p->window, f) == name &&
				 name_of(s, p->window, f + p->step) == e;
		if (count > best_n) {
			other = best, other_n = best_n;
			best = e, best_n = count;
		} else if (count > other_n) {
			other = e, other_n = count;
		}
	}
	return second ? other : best;
}

static unsigned nearest(const double *s, unsigned n, unsigned window, const double *status)
{
	double best_d = INFINITY;
	unsigned best = 0;

	for (unsigned e = window; e <= n; e++) {
		double d = 0;

		if (name_of(s, window, e) != e)
			continue;
		for (unsigned i = 0; i < window; i++)
			d += (s[e - window + i] - status[i]) * (s[e - window + i] - status[i]);
		if (d < best_d) {
			best_d = d;
			best = e;
		}
	}
	return best;
}

static void refer(const double *s, unsigned n, const struct mt_markov_params *p, unsigned slots,
		  double *out)
{
	double curve[LENGTH + 64];
	unsigned len = n, times = 0, at;

	memcpy(curve, s, n * sizeof(*s));
	at = nearest(s, n, p->window, curve + len - p->window);
	for (unsigned k = 0; k < slots; ) {
		unsigned next = follower(s, n, p, at, false), second;

		if (!next)
			next = at;
		if (next == at)
			times++;
		else if (!p->count_for_good)
			times = 0;
		second = follower(s, n, p, at, true);
		if (p->adjust && times > p->rep_max && second) {
			next = second;
			if (!p->count_for_good)
				times = 0;
		}
		for (unsigned i = 0; i < p->step && k < slots; i++)
			out[k++] = curve[len++] = s[next - p->step + i];
		at = p->stay_in_chain ? next : nearest(s, n, p->window, curve + len - p->window);
	}
}

/* join_share 0: only equal statuses are one pattern, so that both sides can be exact. */
static void test_reference(void)
{
	struct mt_rng rng = { 1 };
	unsigned adjusted = 0;

	for (int n = 0; n < 300; n++) {
		unsigned length = 12 + mt_rng_next(&rng) % 70, slots = 24;
		struct mt_markov_params p = params_of(1 + mt_rng_next(&rng) % 8, false);
		double s[LENGTH], want[2][24], got[2][24];
		double level = 0;

		p.join_share = 0;
		p.rep_max = 1 + mt_rng_next(&rng) % 4;
		p.step = 1 + mt_rng_next(&rng) % (p.window < 3 ? p.window : 3);
		p.count_for_good = mt_rng_next(&rng) % 2;
		p.stay_in_chain = mt_rng_next(&rng) % 2;
		for (unsigned i = 0; i < length; i++) {
			if (!(mt_rng_next(&rng) % 4))
				level = mt_rng_next(&rng) % 3;
			s[i] = level;
		}
		for (int adjust = 0; adjust < 2; adjust++) {
			p.adjust = adjust;
			CHECK_INT(mt_markov_init(&m, &p), 0);
			mt_markov_train(&m, s, length);
			if (m.merged)
				break;
			CHECK_INT(mt_markov_forecast(&m, slots, got[adjust], NULL), 0);
			refer(s, length, &p, slots, want[adjust]);
			for (unsigned k = 0; k < slots; k++)
				CHECK_NEAR(got[adjust][k], want[adjust][k], 0);
		}
		adjusted += !m.merged && !same(want[0], want[1], slots);
	}
	/* Instances in which FM and AM differ are what it is about. */
	CHECK(adjusted > 50);
}

/* A pattern that follows on itself: FM for ever, AM rep_max times. */
static void test_adjustment(void)
{
	struct mt_markov_params p = params_of(1, false);
	double s[40], out[16], chance[16];

	for (int i = 0; i < 40; i++)
		s[i] = i % 10 == 9 ? 100 : 10;
	p.join_share = 0.1;
	CHECK_INT(mt_markov_init(&m, &p), 0);
	mt_markov_train(&m, s, 31);		/* the newest slot is a 10 that follows on 100 */
	CHECK_INT(m.n_patterns, 2);
	CHECK_INT(mt_markov_forecast(&m, 16, out, chance), 0);
	for (int k = 0; k < 16; k++)
		CHECK_NEAR(out[k], 10, 0);
	/* 28 tens were left, for 25 tens and 3 hundreds... the last one of 31 has no successor. */
	CHECK_NEAR(chance[0], 24.0 / 27, 1e-9);
	CHECK_NEAR(chance[1], pow(24.0 / 27, 2), 1e-9);

	p.adjust = true;
	CHECK_INT(mt_markov_init(&m, &p), 0);
	mt_markov_train(&m, s, 31);
	CHECK_INT(mt_markov_forecast(&m, 16, out, NULL), 0);
	/* Five repetitions, then the second; after 100 comes 10, and the count begins anew. */
	for (int k = 0; k < 16; k++)
		CHECK_NEAR(out[k], k % 7 == 5 ? 100 : 10, 0);

	/* Seen before: the newest slot is the fourth 10 in a row, three repetitions. */
	p.count_seen = true;
	CHECK_INT(mt_markov_init(&m, &p), 0);
	mt_markov_train(&m, s, 34);
	CHECK_INT(m.repeats, 3);
	CHECK_INT(mt_markov_forecast(&m, 16, out, NULL), 0);
	CHECK_NEAR(out[1], 10, 0);
	CHECK_NEAR(out[2], 100, 0);
	CHECK_NEAR(out[3], 10, 0);

	/* Counted for good: from then on always the second. */
	p.count_seen = false;
	p.count_for_good = true;
	CHECK_INT(mt_markov_init(&m, &p), 0);
	mt_markov_train(&m, s, 31);
	CHECK_INT(mt_markov_forecast(&m, 16, out, NULL), 0);
	for (int k = 0; k < 16; k++)
		CHECK_NEAR(out[k], k >= 5 && k % 2 ? 100 : 10, 0);
}

/* Statuses that are near become one pattern, their mean; others do not. */
static void test_clusters(void)
{
	static const double s[] = { 10, 1000, 12, 1004, 14, 1008, 12, 1000, 10, 1004 };
	struct mt_markov_params p = params_of(2, false);
	double out[4];

	p.join_share = 0.1;		/* of a deviation of about 500 */
	CHECK_INT(mt_markov_init(&m, &p), 0);
	mt_markov_train(&m, s, MT_ARRAY_SIZE(s));
	CHECK_INT(m.n_patterns, 2);
	CHECK_INT(m.members[0] + m.members[1], 9);
	CHECK_NEAR(m.pattern[0][0], (10 + 12 + 14 + 12 + 10) / 5.0, 1e-3);
	CHECK_NEAR(m.pattern[0][1], (1000 + 1004 + 1008 + 1000 + 1004) / 5.0, 1e-2);
	CHECK_INT(m.follows[0][1], 4);
	CHECK_INT(m.follows[1][0], 4);
	CHECK_INT(m.follows[0][0] + m.follows[1][1], 0);
	CHECK_INT(mt_markov_forecast(&m, 4, out, NULL), 0);
	CHECK_NEAR(out[0], (12 + 14 + 12 + 10) / 4.0, 1e-3);
	CHECK_NEAR(out[1], 1003.2, 1e-2);
	CHECK_NEAR(out[2], out[0], 0);
}

/* However many statuses there are, the memory is bounded, and none is forgotten. */
static void test_bounded(void)
{
	struct mt_rng rng = { 7 };

	for (unsigned step = 1; step <= 4; step += 3) {
		struct mt_markov_params p = params_of(10, false);
		uint64_t members = 0, follows = 0;
		double out[30];

		p.patterns_max = 8;
		p.step = step;
		CHECK_INT(mt_markov_init(&m, &p), 0);
		for (int i = 0; i < 2000; i++)
			mt_markov_feed(&m, (double)(mt_rng_next(&rng) % 1000));
		CHECK(m.n_patterns <= 8 && m.merged > 100);
		for (unsigned a = 0; a < m.n_patterns; a++) {
			members += m.members[a];
			for (unsigned b = 0; b < m.n_patterns; b++)
				follows += m.follows[a][b];
		}
		CHECK_INT(members, 2000 - 9);
		CHECK_INT(follows, 2000 - 9 - step);
		CHECK_INT(mt_markov_forecast(&m, 30, out, NULL), 0);
		for (int k = 0; k < 30; k++)
			CHECK(out[k] >= 0 && out[k] < 1000);
	}
}

/* What it is for: the next quiet phase is known while the busy one is on. */
static void test_known_before(void)
{
	struct mt_markov_params p = MT_MARKOV_DEFAULTS;
	double s[240], out[120], chance[120];

	for (int i = 0; i < 240; i++)
		s[i] = i % 60 < 35 ? 900 : 40;
	CHECK_INT(mt_markov_init(&m, &p), 0);
	mt_markov_train(&m, s, 180);
	for (int i = 180; i < 190; i++)		/* ten slots into the busy phase */
		mt_markov_feed(&m, s[i]);
	CHECK_INT(mt_markov_forecast(&m, 120, out, chance), 0);
	for (int k = 0; k < 50; k++)
		CHECK_NEAR(out[k], s[190 + k], 1e-6);
	for (int k = 1; k < 120; k++)
		CHECK(chance[k] > 0 && chance[k] <= chance[k - 1]);
	CHECK(mt_markov_confidence(&m) > 0.9);
}

static void test_match(void)
{
	const struct mt_markov_params p = MT_MARKOV_DEFAULTS;

	CHECK(mt_markov_match(&p, 120, 100) && mt_markov_match(&p, 80, 100));
	CHECK(!mt_markov_match(&p, 120.1, 100) && !mt_markov_match(&p, 79.9, 100));
	CHECK(mt_markov_match(&p, 0, 0) && !mt_markov_match(&p, 1, 0) &&
	      !mt_markov_match(&p, 0, 1));
}

static void test_refused(void)
{
	struct mt_markov_params p = MT_MARKOV_DEFAULTS;
	double out[3];

	CHECK_INT(mt_markov_init(&m, &p), 0);
	for (int i = 0; i < 49; i++)
		mt_markov_feed(&m, 5);
	CHECK_INT(mt_markov_forecast(&m, 3, out, NULL), -ENODATA);
	CHECK(isnan(mt_markov_confidence(&m)));
	mt_markov_feed(&m, 5);
	CHECK_INT(mt_markov_forecast(&m, 3, out, NULL), 0);
	CHECK_NEAR(out[2], 5, 0);
	mt_markov_feed(&m, NAN);
	mt_markov_feed(&m, -3);
	mt_markov_feed(&m, INFINITY);
	CHECK(m.mean > 0 && m.mean < 5);
	p.window = MT_MARKOV_WINDOW_MAX + 1;
	CHECK_INT(mt_markov_init(&m, &p), -EINVAL);
	p = params_of(0, false);
	CHECK_INT(mt_markov_init(&m, &p), -EINVAL);
	p = params_of(4, false);
	p.step = 5;
	CHECK_INT(mt_markov_init(&m, &p), -EINVAL);
	p.step = 1;
	p.patterns_max = 1;
	CHECK_INT(mt_markov_init(&m, &p), -EINVAL);
	p.patterns_max = 2;
	p.join_share = NAN;
	CHECK_INT(mt_markov_init(&m, &p), -EINVAL);
}

static const struct ktap_case cases[] = {
	{ "forecasts are those of a plain reference", test_reference },
	{ "FM stays, AM goes on", test_adjustment },
	{ "statuses that are near become one pattern, their mean", test_clusters },
	{ "memory is bounded, and no status forgotten", test_bounded },
	{ "a quiet phase is known before it begins", test_known_before },
	{ "amounts match within their share of the status", test_match },
	{ "too few statuses forecast nothing, senseless parameters are refused", test_refused },
};
KTAP_MAIN(cases)
