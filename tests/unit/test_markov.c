// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_markov.c - patterns, chain, FM and AM against a plain reference, and by hand
 */
#include <errno.h>

#include "model/markov/markov.h"
#include "model/markov/markov_fusion.h"
#include "ktap.h"
#include "migration.h"

#define LENGTH	400

static struct mt_markov m;	/* large */

static struct mt_markov_params params_of(unsigned window, enum mt_markov_adjust adjust)
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

/* @but: not that one; 0 = any. */
static unsigned nearest(const double *s, unsigned n, unsigned window, const double *status,
			unsigned but)
{
	double best_d = INFINITY;
	unsigned best = 0;

	for (unsigned e = window; e <= n; e++) {
		double d = 0;

		if (name_of(s, window, e) != e || e == but)
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
	at = nearest(s, n, p->window, curve + len - p->window, 0);
	for (unsigned k = 0; k < slots; ) {
		bool over = times > p->rep_max;
		unsigned next = 0, from = at, other = 0, then;

		if (over && p->adjust == MT_ADJUST_PATTERN)
			other = follower(s, n, p, at, true);
		if (over && p->adjust == MT_ADJUST_NEAREST)
			other = nearest(s, n, p->window, curve + len - p->window, at);
		if (other)
			from = other;
		if (over && p->adjust == MT_ADJUST_SUCCESSOR)
			next = follower(s, n, p, at, true);
		if (!next)
			next = follower(s, n, p, from, false);
		if (!next)
			next = from;
		if (next == at && from == at)
			times++;
		else if (p->count != MT_COUNT_NEVER)
			times = next == from;
		else if (next == from)
			times++;
		for (unsigned i = 0; i < p->step && k < slots; i++)
			out[k++] = curve[len++] = s[next - p->step + i];
		then = p->stay_in_chain ? next :
					  nearest(s, n, p->window, curve + len - p->window, 0);
		if (then != next && p->count == MT_COUNT_PATTERN)
			times = 0;
		at = then;
	}
}

/* join_share 0: only equal statuses are one pattern, so that both sides can be exact. */
static void test_reference(void)
{
	struct mt_rng rng = { 1 };
	unsigned adjusted[MT_ADJUST_COUNT] = { 0 };

	for (int n = 0; n < 300; n++) {
		unsigned length = 12 + mt_rng_next(&rng) % 70, slots = 24;
		struct mt_markov_params p = params_of(1 + mt_rng_next(&rng) % 8, MT_ADJUST_NONE);
		double s[LENGTH], want[MT_ADJUST_COUNT][24], got[MT_ADJUST_COUNT][24];
		double level = 0;

		p.join_share = 0;
		p.rep_max = 1 + mt_rng_next(&rng) % 4;
		p.step = 1 + mt_rng_next(&rng) % (p.window < 3 ? p.window : 3);
		p.count = mt_rng_next(&rng) % MT_COUNT_COUNT;
		p.stay_in_chain = mt_rng_next(&rng) % 2;
		for (unsigned i = 0; i < length; i++) {
			if (!(mt_rng_next(&rng) % 4))
				level = mt_rng_next(&rng) % 3;
			s[i] = level;
		}
		for (int adjust = 0; adjust < MT_ADJUST_COUNT; adjust++) {
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
		for (int adjust = 1; adjust < MT_ADJUST_COUNT && !m.merged; adjust++)
			adjusted[adjust] += !same(want[0], want[adjust], slots);
	}
	/* Instances in which FM and AM differ are what it is about. */
	for (int adjust = 1; adjust < MT_ADJUST_COUNT; adjust++)
		CHECK(adjusted[adjust] > 50);
}

/* A pattern that follows on itself: for ever, says FM. */
static void test_fm(void)
{
	struct mt_markov_params p = params_of(1, MT_ADJUST_NONE);
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
}

/*
 * Played by hand: seven slots of A, then B, then C, again and again. On A follows A, second B; on B
 * follows C; on C follows A. The newest slot is an A that follows on C.
 */
#define A	10
#define B	30
#define C	100

struct by_hand {
	enum mt_markov_adjust adjust;
	enum mt_markov_count count;
	unsigned rep_max;
	bool count_seen;
	double out[18];
};

static const struct by_hand by_hand[] = {
	/* Six repetitions, then the second; the count begins anew with the A after C. */
	{ MT_ADJUST_SUCCESSOR, MT_COUNT_PATTERN, 5, false,
	  { A, A, A, A, A, A, B, C, A, A, A, A, A, A, A, B, C, A } },
	{ MT_ADJUST_SUCCESSOR, MT_COUNT_STEP, 5, false,
	  { A, A, A, A, A, A, B, C, A, A, A, A, A, A, A, B, C, A } },
	{ MT_ADJUST_SUCCESSOR, MT_COUNT_PATTERN, 2, false,
	  { A, A, A, B, C, A, A, A, A, B, C, A, A, A, A, B, C, A } },
	/* The newest A is the first in a row: nothing was repeated before the forecast. */
	{ MT_ADJUST_SUCCESSOR, MT_COUNT_PATTERN, 5, true,
	  { A, A, A, A, A, A, B, C, A, A, A, A, A, A, A, B, C, A } },
	/* Never ended: from the seventh step on always the second, where there is one. */
	{ MT_ADJUST_SUCCESSOR, MT_COUNT_NEVER, 5, false,
	  { A, A, A, A, A, A, B, C, A, B, C, A, B, C, A, B, C, A } },
	/* The listing: A gives way to B, on which C follows; C has no second and stays itself. */
	{ MT_ADJUST_PATTERN, MT_COUNT_NEVER, 5, false,
	  { A, A, A, A, A, A, C, A, C, A, C, A, C, A, C, A, C, A } },
	{ MT_ADJUST_PATTERN, MT_COUNT_PATTERN, 5, false,
	  { A, A, A, A, A, A, C, A, A, A, A, A, A, A, C, A, A, A } },
	/* To the second nearest: from A to B, on which C follows; from C to B, likewise. */
	{ MT_ADJUST_NEAREST, MT_COUNT_NEVER, 5, false,
	  { A, A, A, A, A, A, C, C, C, C, C, C, C, C, C, C, C, C } },
	{ MT_ADJUST_NEAREST, MT_COUNT_PATTERN, 5, false,
	  { A, A, A, A, A, A, C, A, A, A, A, A, A, A, C, A, A, A } },
};

static void test_by_hand(void)
{
	double s[46], out[18];

	for (int i = 0; i < 46; i++)
		s[i] = i % 9 == 7 ? B : i % 9 == 8 ? C : A;
	for (size_t i = 0; i < MT_ARRAY_SIZE(by_hand); i++) {
		const struct by_hand *h = &by_hand[i];
		struct mt_markov_params p = params_of(1, h->adjust);

		p.join_share = 0;
		p.count = h->count;
		p.rep_max = h->rep_max;
		p.count_seen = h->count_seen;
		CHECK_INT(mt_markov_init(&m, &p), 0);
		mt_markov_train(&m, s, 46);
		CHECK_INT(mt_markov_forecast(&m, 18, out, NULL), 0);
		for (int k = 0; k < 18; k++)
			CHECK_NEAR(out[k], h->out[k], 0);
	}
}

/* Three repetitions were seen before: three more, and it is over. */
static void test_count_seen(void)
{
	struct mt_markov_params p = params_of(1, MT_ADJUST_SUCCESSOR);
	static const double want[] = { A, A, A, B, C, A };
	double s[49], out[6];

	for (int i = 0; i < 49; i++)
		s[i] = i % 9 == 7 ? B : i % 9 == 8 ? C : A;
	p.join_share = 0;
	p.count_seen = true;
	CHECK_INT(mt_markov_init(&m, &p), 0);
	mt_markov_train(&m, s, 49);
	CHECK_INT(m.repeats, 3);
	CHECK_INT(mt_markov_forecast(&m, 6, out, NULL), 0);
	for (int k = 0; k < 6; k++)
		CHECK_NEAR(out[k], want[k], 0);
}

/*
 * A chain made by hand in which the status after the first step is nearer to the other pattern:
 * with MT_COUNT_PATTERN that ends the count, with MT_COUNT_STEP it does not.
 */
static void test_count_rematched(void)
{
	struct mt_markov_params p = params_of(2, MT_ADJUST_SUCCESSOR);
	double out[9];

	for (int count = MT_COUNT_PATTERN; count <= MT_COUNT_STEP; count++) {
		p.count = count;
		CHECK_INT(mt_markov_init(&m, &p), 0);
		m.n_patterns = 2;
		m.pattern[0][0] = 0, m.pattern[0][1] = 10;
		m.pattern[1][0] = 10, m.pattern[1][1] = 19;
		m.follows[0][0] = m.follows[1][1] = 5;
		m.follows[0][1] = m.follows[1][0] = 2;
		m.n_recent = 2;
		m.recent[0] = 0, m.recent[1] = 10;
		CHECK_INT(mt_markov_forecast(&m, 9, out, NULL), 0);
		CHECK_NEAR(out[0], 10, 0);	/* a repetition of the first pattern; (10, 10) is
						 * nearer to the second */
		for (int k = 1; k <= (count == MT_COUNT_STEP ? 5 : 6); k++)
			CHECK_NEAR(out[k], 19, 0);
		CHECK_NEAR(out[count == MT_COUNT_STEP ? 6 : 7], 10, 0);
	}
}
#undef A
#undef B
#undef C

static void test_methods(void)
{
	struct mt_markov_params p = MT_MARKOV_DEFAULTS;

	p.rep_max = 9;
	mt_markov_use(&p, mt_markov_method("am-listing"));
	CHECK_INT(p.adjust, MT_ADJUST_PATTERN);
	CHECK_INT(p.count, MT_COUNT_NEVER);
	mt_markov_use(&p, mt_markov_method("am"));
	CHECK_INT(p.adjust, MT_ADJUST_SUCCESSOR);
	CHECK_INT(p.count, MT_COUNT_PATTERN);
	mt_markov_use(&p, mt_markov_method("fm"));
	CHECK_INT(p.adjust, MT_ADJUST_NONE);
	CHECK_INT(p.rep_max, 9);
	CHECK(!mt_markov_method("AM"));
}

/* Two similar patterns, weighed by hand, without and with the distance of fluctuations. */
static void test_fusion(void)
{
	struct mt_markov_params p = params_of(2, MT_ADJUST_NONE);
	double out[1];

	for (int share = 0; share <= 1; share++) {
		p.fuse = 2;
		p.fluctuation_share = share;
		CHECK_INT(mt_markov_init(&m, &p), 0);
		m.n_patterns = 3;
		/* Off by +2 and -2, by +4 and +4, and far away. */
		m.pattern[0][0] = 12, m.pattern[0][1] = 8;
		m.pattern[1][0] = 14, m.pattern[1][1] = 14;
		m.pattern[2][0] = 90, m.pattern[2][1] = 500;
		m.follows[0][0] = m.follows[1][1] = m.follows[2][2] = 1;
		m.n_recent = 2;
		m.recent[0] = m.recent[1] = 10;
		CHECK_INT(mt_markov_forecast(&m, 1, out, NULL), 0);
		/* Distances 2 and 4; with fluctuations the first is 2 + 4, the second stays 4. */
		if (share)
			CHECK_NEAR(out[0], (8 / 6.0 + 14 / 4.0) / (1 / 6.0 + 1 / 4.0), 1e-5);
		else
			CHECK_NEAR(out[0], (8 / 2.0 + 14 / 4.0) / (1 / 2.0 + 1 / 4.0), 1e-5);
	}
	/* One that is no distance away foretells alone. */
	m.recent[0] = 12, m.recent[1] = 8;
	CHECK_INT(mt_markov_forecast(&m, 1, out, NULL), 0);
	CHECK_NEAR(out[0], 8, 0);
	/* And with one alone it is the forecast without fusion. */
	for (int i = 0; i < 2; i++) {
		p.fuse = i;
		CHECK_INT(mt_markov_init(&m, &p), 0);
		for (int k = 0; k < 60; k++)
			mt_markov_feed(&m, k % 7);
		CHECK_INT(mt_markov_forecast(&m, 1, out, NULL), 0);
		CHECK_NEAR(out[0], 60 % 7, 1e-9);
	}
}

/* Statuses that are near become one pattern, their mean; others do not. */
static void test_clusters(void)
{
	static const double s[] = { 10, 1000, 12, 1004, 14, 1008, 12, 1000, 10, 1004 };
	struct mt_markov_params p = params_of(2, MT_ADJUST_NONE);
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
		struct mt_markov_params p = params_of(10, MT_ADJUST_NONE);
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
	p = params_of(0, MT_ADJUST_NONE);
	CHECK_INT(mt_markov_init(&m, &p), -EINVAL);
	p = params_of(4, MT_ADJUST_NONE);
	p.step = 5;
	CHECK_INT(mt_markov_init(&m, &p), -EINVAL);
	p.step = 1;
	p.patterns_max = 1;
	CHECK_INT(mt_markov_init(&m, &p), -EINVAL);
	p.patterns_max = 2;
	p.join_share = NAN;
	CHECK_INT(mt_markov_init(&m, &p), -EINVAL);
	p = params_of(4, MT_ADJUST_COUNT);
	CHECK_INT(mt_markov_init(&m, &p), -EINVAL);
	p = params_of(4, MT_ADJUST_NONE);
	p.fuse = MT_MARKOV_FUSE_MAX + 1;
	CHECK_INT(mt_markov_init(&m, &p), -EINVAL);
}

static const struct ktap_case cases[] = {
	{ "forecasts are those of a plain reference", test_reference },
	{ "FM stays with its pattern", test_fm },
	{ "each reading of AM, played by hand", test_by_hand },
	{ "repetitions that were seen before count if they are to", test_count_seen },
	{ "a match with another pattern ends the count, or not", test_count_rematched },
	{ "methods by name", test_methods },
	{ "similar patterns foretell together by their weights", test_fusion },
	{ "statuses that are near become one pattern, their mean", test_clusters },
	{ "memory is bounded, and no status forgotten", test_bounded },
	{ "a quiet phase is known before it begins", test_known_before },
	{ "amounts match within their share of the status", test_match },
	{ "too few statuses forecast nothing, senseless parameters are refused", test_refused },
};
KTAP_MAIN(cases)
