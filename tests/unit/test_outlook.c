// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_outlook.c - predictions against what then happens to migrations played page by page
 */
#include "model/learned.h"
#include "model/outlook.h"
#include "ktap.h"
#include "migration.h"

#define RUN_MS		30000	/* what has not ended by then does not end */
#define LOOKS		400	/* boundaries of one run that are looked at */
#define SURE		0.9	/* said to end with this probability, or more */
#define TOTAL_SHARE	0.15	/* total time: this near */

struct look {
	uint64_t iteration;
	double ms;
	double stop_ms;		/* what stopping at this boundary would cost: left / link, and the
				 * fixed part */
	struct mt_prediction p;
};

struct run {
	struct look looks[LOOKS];
	size_t n;
	bool ended;
	double total_ms, downtime_ms, transferred_bytes;
};

/* What this oracle has beside its rules. */
static const struct mt_learned *taught(void)
{
	static struct mt_learned l;

	l = mt_learned_default;
	for (unsigned m = 0; m < MT_METHOD_COUNT; m++) {
		l.figures[m].setup_ms = l.figures[m].zero_scan_us = l.figures[m].sync_us_per_gib =
			0;
		l.figures[m].switchover_ms = MIGRATION_FIXED_MS;
	}
	return &l;
}

static void outlook(const struct mt_outlook_input *in, struct mt_prediction *p)
{
	struct mt_course course;

	mt_outlook(in, p, &course);
	CHECK_INT(course.rate_bytes_per_s > 0, p->verdict != MT_VERDICT_UNKNOWN);
}

/* Return: it says something. */
static bool predict(const struct mt_iterations *its, const struct mt_ucurve *u, double memory_bytes,
		    double limit_ms, double allowed_ms, struct mt_prediction *p)
{
	const struct mt_outlook_input in = {
		.iterations = its,
		.u = u,
		.bandwidth_bytes_per_s = its->bandwidth_bytes_per_s,
		.memory_bytes = memory_bytes,
		.limit_ms = limit_ms,
		.allowed_ms = allowed_ms,
		.fixed_ms = MIGRATION_FIXED_MS,
		.elapsed_ms = its->last.total_ms,
		.learned = taught(),
	};

	outlook(&in, p);
	return p->verdict != MT_VERDICT_UNKNOWN;
}

/* As the engine does at a boundary. */
static void learn(struct mt_ucurve *u, const struct mt_iterations *its, double memory_bytes)
{
	if (!u->passes)
		mt_ucurve_init(u, memory_bytes);
	mt_ucurve_iteration(u, mt_iterations_last(its));
}

/* Lets a migration run on to its end, and notes at each boundary what the model says of it. */
static void run(struct run *r, const struct migration_guest *guest, double link_bytes_per_s,
		double limit_ms, uint64_t seed)
{
	struct mt_ucurve u = { 0 };
	struct mt_iterations its;
	struct migration m;
	struct mt_sample s;

	memset(r, 0, sizeof(*r));
	mt_iterations_init(&its);
	migration_init(&m, guest, link_bytes_per_s, limit_ms, seed);
	while (migration_next(&m, &s) && migration_ms(&m) < RUN_MS) {
		struct look *l = &r->looks[r->n];

		if (!mt_iterations_feed(&its, &s))
			continue;
		learn(&u, &its, s.memory_bytes);
		if (r->n == LOOKS ||
		    !predict(&its, &u, s.memory_bytes, limit_ms, MIGRATION_ALLOWED_MS, &l->p))
			continue;
		l->iteration = s.iteration;
		l->ms = s.total_ms;
		l->stop_ms = s.remaining_bytes / link_bytes_per_s * 1e3 + MIGRATION_FIXED_MS;
		r->n++;
	}
	r->ended = m.ended;
	r->total_ms = m.total_ms;
	r->downtime_ms = m.downtime_ms;
	r->transferred_bytes = m.transferred_bytes;
}

static void test_names(void)
{
	CHECK(strchr(MT_OUTLOOK_MODEL, '/'));	/* a prediction names its version */
	for (int v = 0; v < MT_VERDICT_COUNT; v++)
		for (int w = 0; w < v; w++)
			CHECK(strcmp(mt_verdict_name(v), mt_verdict_name(w)));
	CHECK_STR(mt_verdict_name(MT_VERDICT_COUNT), "unknown");
}

static void test_too_little(void)
{
	struct mt_iterations its;
	struct mt_ucurve u;
	struct mt_prediction p;

	mt_ucurve_init(&u, 64 * MT_MIB);
	mt_iterations_init(&its);
	CHECK(!predict(&its, &u, 64 * MT_MIB, 300, 500, &p));
	its.bandwidth_bytes_per_s = 1e6;	/* a link, no iteration */
	CHECK(!predict(&its, &u, 64 * MT_MIB, 300, 500, &p));
	its.bandwidth_bytes_per_s = 0;		/* an iteration, no link */
	its.kept[0] =
		(struct mt_iteration){ .n = 1, .window_s = 1, .dirtied_bytes = 1e6, .syncs = 1 };
	its.n_kept = its.total = 1;
	learn(&u, &its, 64 * MT_MIB);
	mt_sample_set(&its.start, remaining_bytes, 1000000);
	CHECK(!predict(&its, &u, 64 * MT_MIB, 300, 500, &p));
	its.bandwidth_bytes_per_s = 1e6;
	CHECK(predict(&its, &u, 64 * MT_MIB, 300, 500, &p));
}

/* The fates in the table of guests are what the simulator says they are. */
static void test_fates(void)
{
	static struct run r;

	for (size_t i = 0; i < MIGRATION_GUESTS; i++) {
		const struct migration_guest *g = &migration_guests[i];

		for (int seed = 1; seed <= 3; seed++) {
			double lowest_ms = INFINITY, highest_ms = 0;

			run(&r, g, MIGRATION_LINK, MIGRATION_LIMIT_MS, seed);
			for (size_t k = r.n / 2; k < r.n; k++) {
				lowest_ms = fmin(lowest_ms, r.looks[k].stop_ms);
				highest_ms = fmax(highest_ms, r.looks[k].stop_ms);
			}
			if (seed == 1)
				printf("# %-24s %s %5.0f ms, pause %4.0f, %zu boundaries\n",
				       g->name, r.ended ? "ends after" : "endless at",
				       r.ended ? r.total_ms : RUN_MS,
				       r.ended ? r.downtime_ms : lowest_ms, r.n);
			CHECK_INT(r.ended,
				  g->fate == MIGRATION_ENDS || g->fate == MIGRATION_NEARLY);
			CHECK(g->fate != MIGRATION_STOPPABLE || highest_ms <= MIGRATION_ALLOWED_MS);
			CHECK(g->fate != MIGRATION_ENDLESS || lowest_ms > MIGRATION_ALLOWED_MS);
		}
	}
}

static void check_verdict(const struct run *r, const struct look *l,
			  const struct migration_guest *g)
{
	bool steady = g->later_s <= 0;
	bool changed = l->ms > g->later_s * 1e3 + 2000;	/* and the iterations tell so */

	if (!steady && !changed)
		return;
	/*
	 * The long windows of the first iterations do not tell how soon a hot set is dirty again.
	 */
	if (g->fate != MIGRATION_ENDS && g->load.hot_pages && l->iteration <= 4)
		return;
	switch (l->p.verdict) {
	case MT_VERDICT_CONVERGES:
		CHECK(r->ended || l->p.ends < SURE);
		if (g->fate == MIGRATION_NEARLY || l->p.ends < SURE)
			break;
		CHECK_NEAR(l->p.total_ms.p50, r->total_ms, TOTAL_SHARE * r->total_ms);
		CHECK_NEAR(l->p.transferred_bytes.p50, r->transferred_bytes,
			   TOTAL_SHARE * r->transferred_bytes);
		break;
	case MT_VERDICT_HOPELESS:
		CHECK(!r->ended || l->p.reaches > 1 - SURE);
		CHECK(!steady || g->fate == MIGRATION_ENDLESS || l->p.reaches > 1 - SURE);
		break;
	case MT_VERDICT_REACHABLE:
	case MT_VERDICT_OPEN:
		CHECK(g->fate != MIGRATION_ENDS || !steady);
		break;
	default:
		CHECK(false);
	}
}

static void test_verdicts(void)
{
	static struct run r;

	for (size_t i = 0; i < MIGRATION_GUESTS; i++) {
		for (int seed = 1; seed <= 5; seed++) {
			run(&r, &migration_guests[i], MIGRATION_LINK, MIGRATION_LIMIT_MS, seed);
			CHECK(r.n > 0);
			for (size_t k = 0; k < r.n; k++) {
				check_verdict(&r, &r.looks[k], &migration_guests[i]);
				if (!ktap_failed)
					continue;
				printf("# guest %s, seed %d, at iteration %" PRIu64
				       ": %s, total %g ms; in truth %g\n",
				       migration_guests[i].name, seed, r.looks[k].iteration,
				       mt_verdict_name(r.looks[k].p.verdict),
				       r.looks[k].p.total_ms.p50, r.total_ms);
				return;
			}
		}
	}
}

/* The last word before the end: iterations left, downtime and what stopping costs. */
static void test_downtime(void)
{
	static struct run r;

	for (size_t i = 0; i < MIGRATION_GUESTS; i++) {
		run(&r, &migration_guests[i], MIGRATION_LINK, MIGRATION_LIMIT_MS, 1);
		for (size_t k = 0; k < r.n; k++)
			CHECK_NEAR(r.looks[k].p.stop_now_ms, r.looks[k].stop_ms,
				   0.02 * r.looks[k].stop_ms + 1);
		if (!r.ended)
			continue;
		/* QEMU's stop, however it comes about, is below its limit. */
		CHECK(r.downtime_ms <=
		      MIGRATION_LIMIT_MS * (1 + MIGRATION_HEADER / (double)MIGRATION_PAGE) +
			      MIGRATION_FIXED_MS);
		CHECK_NEAR(r.looks[r.n - 1].p.downtime_ms.p50, r.downtime_ms, 0.02 * r.downtime_ms);
		CHECK_INT(r.looks[r.n - 1].p.iterations_left, 0);
		/* From the first boundary on, within a step. */
		if (migration_guests[i].fate == MIGRATION_ENDS && migration_guests[i].later_s <= 0)
			CHECK_NEAR(r.looks[0].p.downtime_ms.p50, r.downtime_ms, MIGRATION_STEP_MS);
	}
}

/*
 * In the midst of an iteration what was dirtied since its begin counts, too, but for what is due
 * anyway.
 */
static void test_between_boundaries(void)
{
	for (size_t i = 0; i < MIGRATION_GUESTS; i++) {
		struct mt_ucurve u = { 0 };
		struct mt_iterations its;
		struct migration m;
		struct mt_sample s;
		struct mt_prediction p;
		unsigned n = 0, off = 0, low = 0;
		double truth_ms, least = INFINITY;

		if (migration_guests[i].later_s > 0)
			continue;
		mt_iterations_init(&its);
		migration_init(&m, &migration_guests[i], MIGRATION_LINK, MIGRATION_LIMIT_MS, 1);
		while (migration_next(&m, &s) && migration_ms(&m) < RUN_MS / 2) {
			if (mt_iterations_feed(&its, &s))
				learn(&u, &its, s.memory_bytes);
			if (m.ended || s.boundary || its.total < 3)
				continue;
			CHECK(predict(&its, &u, s.memory_bytes, MIGRATION_LIMIT_MS,
				      MIGRATION_ALLOWED_MS, &p));
			truth_ms = migration_stop_ms(&m);
			n++;
			off += p.stop_now_ms > 1.2 * truth_ms;
			low += p.stop_now_ms < 0.9 * truth_ms;
			least = fmin(least, p.stop_now_ms / truth_ms);
			CHECK(p.stop_now_ms <= 1.6 * truth_ms);
			CHECK_INT(p.verdict == MT_VERDICT_CONVERGES,
				  migration_guests[i].fate <= MIGRATION_NEARLY);
		}
		if (n)
			printf("# %-24s %u looks, %u more than 20 %% too high, %u more than 10 %% too low, at least %.2f of it\n",
			       migration_guests[i].name, n, off, low, least);
		CHECK(off <= n / 10 && low <= n / 4 && !(least < 0.8));
	}
}

static void random_state(struct mt_iterations *its, struct mt_ucurve *u,
			 struct mt_outlook_input *in, struct mt_rng *rng)
{
	double scale = pow(10, 3 + 7 * mt_rng_unit(rng));

	mt_iterations_init(its);
	its->n_kept = 1 + mt_rng_next(rng) % 6;
	its->total = its->n_kept;
	for (size_t i = 0; i < its->n_kept; i++)
		its->kept[i] = (struct mt_iteration){
			.n = i + 1,
			.first = i == 0,
			.syncs = 1,
			.window_s = mt_rng_next(rng) % 8 ? 0.05 + 3 * mt_rng_unit(rng) : 0,
			.dirtied_bytes = mt_rng_next(rng) % 8 ? scale * mt_rng_unit(rng) : 0,
		};
	mt_sample_set(&its->start, remaining_bytes,
		      mt_rng_next(rng) % 8 ? (uint64_t)(scale * mt_rng_unit(rng)) : 0);
	its->last.remaining_bytes = its->start.remaining_bytes;
	its->last.transferred_bytes = 10 * scale * mt_rng_unit(rng);
	its->start.t_ns = MIGRATION_START_NS;
	its->last.t_ns = MIGRATION_START_NS + mt_rng_next(rng) % 2 * 700 * MT_NS_PER_MS;
	*in = (struct mt_outlook_input){
		.iterations = its,
		.u = u,
		.bandwidth_bytes_per_s = scale * pow(10, 2 * mt_rng_unit(rng) - 1),
		.memory_bytes = mt_rng_next(rng) % 8 ? 2 * scale : 0,
		.limit_ms = mt_rng_next(rng) % 8 ? 1000 * mt_rng_unit(rng) : 0,
		.allowed_ms = 1000 * mt_rng_unit(rng),
		.fixed_ms = 100 * mt_rng_unit(rng),
		.elapsed_ms = 1e5 * mt_rng_unit(rng),
	};
	mt_ucurve_init(u, in->memory_bytes);
	for (size_t i = 0; i < its->n_kept; i++)
		mt_ucurve_iteration(u, &its->kept[i]);
}

/* The iteration under way began a while ago: its window is longer than what is left of it. */
static void test_window(void)
{
	struct mt_rng rng = { 6 };
	unsigned later = 0;

	for (int i = 0; i < 10000; i++) {
		struct mt_iterations its;
		struct mt_ucurve c;
		struct mt_outlook_input in;
		struct mt_prediction young = { 0 }, old = { 0 };

		random_state(&its, &c, &in, &rng);
		its.last.t_ns = its.start.t_ns + 200 * MT_NS_PER_MS;
		outlook(&in, &young);
		if (young.verdict == MT_VERDICT_UNKNOWN)
			continue;
		its.last.t_ns += 800 * MT_NS_PER_MS;
		in.elapsed_ms += 800;
		outlook(&in, &old);
		CHECK(old.verdict != MT_VERDICT_UNKNOWN);
		CHECK(old.stop_now_ms >= young.stop_now_ms * (1 - 1e-9));
		CHECK(old.total_ms.p50 >= young.total_ms.p50 * (1 - 1e-9));
		later += old.stop_now_ms > young.stop_now_ms;
	}
	CHECK(later > 1000);
}

/* Any guest, any link: how often what is said comes true. */
static void test_random_guests(void)
{
	static const double edges[] = { 0, 0.1, 0.5, 0.9, 1.01 };
	static struct run r;
	unsigned said[MT_VERDICT_COUNT] = { 0 }, wrong[MT_VERDICT_COUNT] = { 0 }, told[4] = { 0 },
		 came[4] = { 0 };
	unsigned inside = 0, ends = 0, predicted = 0, far = 0, looks = 0;
	double brier = 0, base = 0;
	struct mt_rng rng = { 7 };

	for (int i = 0; i < 300; i++) {
		struct migration_guest g = { .name = "random", .pages = 4096 };
		double link = (4 + 8 * mt_rng_unit(&rng)) * MT_MIB;

		g.load.writes_per_s = pow(10, 1.5 + 3 * mt_rng_unit(&rng));
		g.load.pages = 1 + mt_rng_next(&rng) % g.pages;
		g.load.hot_pages = mt_rng_next(&rng) % 2 ? 1 + mt_rng_next(&rng) % g.load.pages : 0;
		g.load.hot_share = 0.8 + 0.2 * mt_rng_unit(&rng);
		g.load.cyclic = mt_rng_next(&rng) % 4 == 0;
		run(&r, &g, link, MIGRATION_LIMIT_MS, i);
		if (!r.n)
			continue;
		ends += r.ended;
		for (size_t k = 0; k < r.n && k < 6; k++) {
			const struct look *l = &r.looks[k];
			bool stoppable = r.ended;
			size_t bin = 0;

			for (size_t j = k; j < r.n; j++)
				stoppable |= r.looks[j].stop_ms <= MIGRATION_ALLOWED_MS;
			said[l->p.verdict]++;
			wrong[l->p.verdict] += l->p.verdict == MT_VERDICT_CONVERGES ? !r.ended :
					       l->p.verdict == MT_VERDICT_HOPELESS  ? stoppable :
					       l->p.verdict == MT_VERDICT_REACHABLE ? !stoppable :
										      0;
			while (l->p.ends >= edges[bin + 1])
				bin++;
			told[bin]++;
			came[bin] += r.ended;
			looks++;
			brier += pow(l->p.ends - r.ended, 2);
			base += r.ended;
			if (l->p.verdict != MT_VERDICT_CONVERGES || !r.ended)
				continue;
			predicted++;
			inside += r.total_ms >= l->p.total_ms.p10 - 1 &&
				  r.total_ms <= l->p.total_ms.p90 + 1;
			far += fabs(l->p.total_ms.p50 - r.total_ms) > TOTAL_SHARE * r.total_ms;
		}
	}
	brier /= looks;
	base /= looks;
	printf("# 300 random guests, %u end; verdicts (wrong): converges %u (%u), reachable %u (%u), open %u, hopeless %u (%u)\n",
	       ends, said[MT_VERDICT_CONVERGES], wrong[MT_VERDICT_CONVERGES],
	       said[MT_VERDICT_REACHABLE], wrong[MT_VERDICT_REACHABLE], said[MT_VERDICT_OPEN],
	       said[MT_VERDICT_HOPELESS], wrong[MT_VERDICT_HOPELESS]);
	for (size_t b = 0; b < 4; b++)
		printf("# said to end with %.1f to %.1f: %u, did %u\n", edges[b], edges[b + 1],
		       told[b], came[b]);
	printf("# Brier score %.3f, of the base rate %.3f\n", brier, base * (1 - base));
	printf("# total time, %u predictions: %u within p10..p90, %u off by more than %g %%\n",
	       predicted, inside, far, 100 * TOTAL_SHARE);
	CHECK(predicted > 100 && said[MT_VERDICT_HOPELESS] > 100);
	CHECK(told[3] - came[3] <= told[3] / 20);	/* the edge is a matter of chance */
	CHECK(came[0] <= told[0] / 20);
	CHECK(brier < base * (1 - base) / 2);
	CHECK(wrong[MT_VERDICT_HOPELESS] <= said[MT_VERDICT_HOPELESS] / 20);
	CHECK(far <= predicted / 20);
}

static bool ordered(struct mt_interval i)
{
	/* not so for a NaN, either */
	return i.p10 <= i.p50 * (1 + 1e-9) && i.p50 <= i.p90 * (1 + 1e-9);
}

static void test_intervals(void)
{
	struct mt_rng rng = { 3 };

	for (int i = 0; i < 30000; i++) {
		struct mt_iterations its;
		struct mt_ucurve c;
		struct mt_outlook_input in;
		struct mt_prediction p;

		random_state(&its, &c, &in, &rng);
		outlook(&in, &p);
		if (p.verdict == MT_VERDICT_UNKNOWN)
			continue;
		CHECK(p.verdict < MT_VERDICT_COUNT);
		CHECK(isfinite(p.stop_now_ms) && p.stop_now_ms >= 0);
		CHECK(isfinite(p.floor_ms) && p.floor_ms >= 0);
		CHECK(p.floor_optimistic_ms >= 0 && p.floor_optimistic_ms <= p.floor_ms);
		CHECK(isfinite(p.needed_bandwidth_bytes_per_s) &&
		      p.needed_bandwidth_bytes_per_s >= 0);
		CHECK(p.downtime_ms.p10 >= 0 && ordered(p.downtime_ms) &&
		      isfinite(p.downtime_ms.p90));
		CHECK(ordered(p.total_ms));
		CHECK(ordered(p.transferred_bytes));
		if (p.verdict == MT_VERDICT_CONVERGES) {
			CHECK(isfinite(p.total_ms.p50) && p.total_ms.p10 >= in.elapsed_ms);
			CHECK(isfinite(p.transferred_bytes.p50));
		}
	}
}

/* More bandwidth never makes it worse. */
static void test_bandwidth(void)
{
	struct mt_rng rng = { 4 };
	unsigned compared = 0;

	for (int i = 0; i < 10000; i++) {
		struct mt_iterations its;
		struct mt_ucurve c;
		struct mt_outlook_input in;
		struct mt_prediction slow = { 0 }, fast = { 0 };

		random_state(&its, &c, &in, &rng);
		outlook(&in, &slow);
		if (slow.verdict == MT_VERDICT_UNKNOWN)
			continue;
		in.bandwidth_bytes_per_s *= 1 + 3 * mt_rng_unit(&rng);
		outlook(&in, &fast);
		CHECK(fast.verdict != MT_VERDICT_UNKNOWN);
		CHECK(fast.stop_now_ms <= slow.stop_now_ms);
		if (slow.verdict != MT_VERDICT_CONVERGES)
			continue;
		compared++;
		CHECK_INT(fast.verdict, MT_VERDICT_CONVERGES);
		CHECK(fast.total_ms.p50 <= slow.total_ms.p50 * (1 + 1e-9));
	}
	CHECK(compared > 1000);
}

/* What it says would be needed is enough, and a tenth less is not. */
static void test_needed_bandwidth(void)
{
	struct mt_rng rng = { 5 };
	unsigned asked = 0, little = 0, named = 0, enough = 0;

	for (int i = 0; i < 10000; i++) {
		struct mt_iterations its;
		struct mt_ucurve c;
		struct mt_outlook_input in;
		struct mt_prediction p = { 0 };
		double needed, today;

		random_state(&its, &c, &in, &rng);
		outlook(&in, &p);
		if (!(p.needed_bandwidth_bytes_per_s > 0))
			continue;
		needed = p.needed_bandwidth_bytes_per_s;
		today = in.bandwidth_bytes_per_s;
		in.limit_ms = fmax(in.allowed_ms - in.fixed_ms, 1);
		in.bandwidth_bytes_per_s = needed;
		outlook(&in, &p);
		/* One curve tells of nine, which are a ninth apart. */
		asked++;
		little += p.ends < SURE - 1 / 9.;
		in.bandwidth_bytes_per_s = 0.9 * needed;
		if (in.bandwidth_bytes_per_s <= today)
			continue;
		named++;
		outlook(&in, &p);
		enough += p.ends >= SURE;
	}
	printf("# %u needed bandwidths, %u of them too little; of %u a tenth less was enough for %u\n",
	       asked, little, named, enough);
	CHECK(named > 100 && little <= asked / 50 && enough <= named / 10);
}

/* And the simulator agrees: over that link the guest that would not converge does. */
static void test_needed_bandwidth_true(void)
{
	static struct run r;

	for (size_t i = 0; i < MIGRATION_GUESTS; i++) {
		const struct migration_guest *g = &migration_guests[i];
		double needed;

		if (g->fate != MIGRATION_ENDLESS || g->later_s > 0)
			continue;
		run(&r, g, MIGRATION_LINK, MIGRATION_LIMIT_MS, 1);
		CHECK(r.n >= 4);
		needed = r.looks[3].p.needed_bandwidth_bytes_per_s;
		CHECK(needed > MIGRATION_LINK);
		run(&r, g, 1.1 * needed, MIGRATION_ALLOWED_MS - MIGRATION_FIXED_MS, 1);
		printf("# %-24s needs %.1f MiB/s, ends there after %.0f ms\n", g->name,
		       needed / MT_MIB, r.total_ms);
		CHECK(r.ended);
	}
}

static const struct ktap_case cases[] = {
	{ "verdicts and the model have names of their own", test_names },
	{ "nothing is predicted from too little", test_too_little },
	{ "the guests' fates are what the simulator says", test_fates },
	{ "verdicts and totals are right for each guest", test_verdicts },
	{ "downtimes are right for each guest", test_downtime },
	{ "between boundaries what was dirtied since counts", test_between_boundaries },
	{ "the running iteration's window counts from its sync", test_window },
	{ "verdicts are right for random guests", test_random_guests },
	{ "intervals are ordered and never NaN", test_intervals },
	{ "more bandwidth is never worse", test_bandwidth },
	{ "the needed bandwidth is the least that does", test_needed_bandwidth },
	{ "the needed bandwidth does in truth", test_needed_bandwidth_true },
};

KTAP_MAIN(cases)
