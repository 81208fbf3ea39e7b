// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_profile.c - U(T) from ticks against closed forms
 *
 * A guest is played page by page, with KVM's rule (a write is logged if the page is clean) and
 * two sessions of a source on it. What the profile says is held against the distribution
 * the writes were drawn from, never against the code that counted them.
 */
#include <errno.h>

#include "curve/profile.h"

#include "chance.h"
#include "ktap.h"
#include "pagecount.h"

#define N_MAX	20000

/* --- the guest ------------------------------------------------------------ */
static struct guest {
	unsigned n;
	double cdf[N_MAX];
	double writes_per_s;
	double reset_s;			/* every so often all pages are made clean */
	double off_s;			/* and before that logging is off for so long: QEMU measures
					 * a second, again and again */
	bool dirty[N_MAX];
} g;

static void uniform_guest(unsigned n, double writes_per_s)
{
	g.n = n;
	g.writes_per_s = writes_per_s;
	for (unsigned i = 0; i < n; i++)
		g.cdf[i] = (i + 1.0) / n;
}

static void zipf_guest(unsigned n, double s, double writes_per_s)
{
	double sum = 0;

	g.n = n;
	g.writes_per_s = writes_per_s;
	for (unsigned i = 0; i < n; i++)
		g.cdf[i] = sum += pow(i + 1, -s);
	for (unsigned i = 0; i < n; i++)
		g.cdf[i] /= sum;
}

/* Expected distinct pages after writes_per_s T draws. */
static double closed_form(double t_s)
{
	double sum = 0;

	for (unsigned i = 0; i < g.n; i++)
		sum += 1 - pow(1 - (g.cdf[i] - (i ? g.cdf[i - 1] : 0)), g.writes_per_s * t_s);
	return sum;
}

static unsigned write_page(void)
{
	double x = chance();
	unsigned low = 0, high = g.n - 1;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (g.cdf[middle] <= x)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* --- a session of the source ---------------------------------------------- */
struct session {
	union {
		struct migtrace_record r;
		char room[sizeof(struct migtrace_record) + 2 * sizeof(struct migtrace_vcpu)];
	};
	uint64_t tick_ns;
	uint64_t told;			/* window */
	bool late, restarted;
	bool in_window[N_MAX];
	struct mt_pageset *set;
};

static void session_init(struct session *s, uint64_t tick_ns)
{
	memset(s, 0, sizeof(*s));
	s->tick_ns = tick_ns;
	s->set = mt_pageset_new();
	s->r.tick = 1;
	s->r.vcpus = 2;
	s->r.end_ns = tick_ns;
}

static void session_log(struct session *s, unsigned page, unsigned vcpu)
{
	s->r.events++;
	s->r.pages += !mt_pageset_has(s->set, page);
	s->r.vcpu[vcpu].events++;
	s->r.vcpu[vcpu].ring_used = vcpu ? 300 : 700 - (s->r.tick & 1);
	mt_pageset_add(s->set, page);
	s->r.window_pages += !s->in_window[page];
	s->in_window[page] = true;
}

static void session_window(struct session *s, uint64_t now_ns, uint64_t stale)
{
	memset(s->in_window, 0, sizeof(s->in_window));
	s->r.window++;
	s->r.window_start_ns = now_ns;
	s->r.window_stale_pages = stale;
	s->r.window_pages = stale;
}

static void session_next(struct session *s)
{
	s->r.tick++;
	s->r.start_ns = s->r.end_ns;
	s->r.end_ns += s->tick_ns;
	s->r.pages = s->r.events = 0;
	s->r.vcpu[0].events = s->r.vcpu[1].events = 0;
	mt_pageset_clear(s->set);
}

static struct session fine, sets;

struct play {
	double seconds, phase_s;	/* the first reset comes at phase_s: ticks do not begin with
					 * windows */
	uint64_t stale;
	unsigned lose;			/* every so many-th set cannot be read; 0 = none */
	bool no_sets;
	bool restarts;			/* a tick in which logging went off and on reports all
					 * memory, and says so */
};

/* As a source's window set. */
static const struct mt_pageset *begun(void)
{
	static struct mt_pageset *set;

	if (!set)
		set = mt_pageset_new();
	mt_pageset_clear(set);
	if (sets.r.window == sets.told)
		return NULL;
	sets.told = sets.r.window;
	for (unsigned page = 0; page < g.n; page++)
		if (sets.in_window[page])
			mt_pageset_add(set, page);
	return set;
}

/* Sets that are read late are lost, as when a window began meanwhile. */
static void show_pages(struct mt_profile_builder *b, const struct play *p)
{
	struct mt_tick_pages pages = { .logged = sets.set, .whole = !sets.late };

	sets.late = p->lose && sets.r.tick % p->lose == 0;
	if (sets.late)
		pages.logged = NULL;
	else if (sets.r.valid & MIGTRACE_VALID_WINDOW)
		pages.begun = begun();
	mt_profile_pages(b, &sets.r, &pages);
}

static void spoil_restarted(struct session *s)
{
	if (!s->restarted)
		return;
	s->restarted = false;
	s->r.state |= MIGTRACE_STATE_LOWER_BOUND | MIGTRACE_STATE_RESTART;
	for (unsigned page = 0; page < N_MAX; page++)
		mt_pageset_add(s->set, page);
	s->r.pages = N_MAX;
}

static void tick_until(struct mt_profile_builder *b, const struct play *p, uint64_t now_ns,
		       bool logging)
{
	const uint32_t valid = MIGTRACE_VALID_PAGES | MIGTRACE_VALID_VCPUS;

	while (fine.r.end_ns <= now_ns) {
		fine.r.valid = valid | (fine.r.window ? MIGTRACE_VALID_WINDOW : 0);
		fine.r.state = logging ? MIGTRACE_STATE_LOGGING : 0;
		spoil_restarted(&fine);
		mt_profile_tick(b, &fine.r);
		session_next(&fine);
	}
	while (sets.r.end_ns <= now_ns) {
		sets.r.valid = fine.r.valid;
		sets.r.state = logging ? MIGTRACE_STATE_LOGGING : 0;
		spoil_restarted(&sets);
		if (sets.r.state & MIGTRACE_STATE_RESTART)
			sets.r.valid &= ~(uint32_t)MIGTRACE_VALID_WINDOW;
		if (!p->no_sets)
			show_pages(b, p);
		session_next(&sets);
	}
}

static int play(const struct play *p, struct mt_profile *out)
{
	struct mt_profile_builder *b = mt_profile_begin(0);
	double next_reset_s = p->phase_s;
	uint64_t n = (uint64_t)(p->seconds * g.writes_per_s);
	int rc;

	rng.state = 42;
	memset(g.dirty, 0, sizeof(g.dirty));
	session_init(&fine, 1000000);
	session_init(&sets, 50000000);
	for (uint64_t i = 0; i < n; i++) {
		double t_s = (i + 0.5) / g.writes_per_s;
		bool logging = t_s < next_reset_s - g.off_s;
		unsigned page = write_page();

		tick_until(b, p, (uint64_t)(t_s * 1e9), logging);
		if (t_s >= next_reset_s) {
			uint64_t reset_ns = (uint64_t)(next_reset_s * 1e9);

			memset(g.dirty, 0, sizeof(g.dirty));
			session_window(&fine, reset_ns, p->stale);
			session_window(&sets, reset_ns, p->stale);
			next_reset_s += g.reset_s;
			fine.restarted = sets.restarted = p->restarts;
		} else if (!logging) {
			continue;
		}
		if (g.dirty[page])
			continue;
		g.dirty[page] = true;
		session_log(&fine, page, page & 1);
		session_log(&sets, page, page & 1);
	}
	rc = mt_profile_end(b, out);
	mt_pageset_free(fine.set);
	mt_pageset_free(sets.set);
	return rc;
}

/* The worst relative error of the means; prints them all if it is above @limit. */
static double worst_error(const struct mt_profile *p, double limit)
{
	double worst = 0;

	for (size_t i = 0; i < MT_PROFILE_POINTS; i++) {
		double want = closed_form(mt_profile_grid_s[i]);
		/* Writes come at even distances here: half a one is no error. */
		double e = fmax(0, fabs(p->points[i].mean_pages - want) - 0.5) / want;

		worst = !p->points[i].windows || isnan(e) ? INFINITY : fmax(worst, e);
	}
	for (size_t i = 0; worst > limit && i < MT_PROFILE_POINTS; i++)
		printf("# T %g s: %g (%g..%g) of %u windows, closed form %g\n",
		       mt_profile_grid_s[i], p->points[i].mean_pages, p->points[i].p10_pages,
		       p->points[i].p90_pages, p->points[i].windows,
		       closed_form(mt_profile_grid_s[i]));
	return worst;
}

/* --- the cases ------------------------------------------------------------ */
static const struct play minute = { .seconds = 60, .phase_s = 0.3333 };

static void check_against_closed_form(const struct play *how, double limit, unsigned windows_at_1s,
				      unsigned windows_at_10s)
{
	struct mt_profile p;

	CHECK_INT(play(how, &p), 0);
	CHECK(worst_error(&p, limit) <= limit);
	for (size_t i = 0; i < MT_PROFILE_POINTS; i++) {
		CHECK(p.points[i].p10_pages <= p.points[i].p50_pages &&
		      p.points[i].p50_pages <= p.points[i].p90_pages);
		CHECK_NEAR(p.points[i].window_s, mt_profile_grid_s[i], 0);
	}
	CHECK(p.points[9].windows >= windows_at_1s);
	CHECK(p.points[12].windows >= windows_at_10s);
	CHECK_NEAR(p.s_pages / closed_form(1), 1, limit);
	CHECK_NEAR(p.s_new_pages / ((closed_form(10) - closed_form(1)) / 9), 1, 5 * limit);
	CHECK(!(p.mw_lower_bound && !how->lose) && p.mw_pages >= p.points[12].p90_pages &&
	      p.mw_pages <= g.n);
	mt_profile_fini(&p);
}

static void uniform_ring(void)
{
	uniform_guest(20000, 30000);
	g.reset_s = 1.02;
	g.off_s = 0;
	check_against_closed_form(&minute, 0.02, 50, 40);
}

static void uniform_slow(void)
{
	uniform_guest(20000, 3000);
	g.reset_s = 1.02;
	g.off_s = 0;
	check_against_closed_form(&minute, 0.03, 50, 40);
}

static void zipf_ring(void)
{
	zipf_guest(20000, 0.99, 40000);
	g.reset_s = 1.02;
	g.off_s = 0;
	check_against_closed_form(&minute, 0.02, 50, 40);
}

/*
 * QEMU measures one second after another, with breaks: bitmap guests. Its windows miss a second by
 * a little.
 */
static void zipf_bitmap(void)
{
	zipf_guest(20000, 0.8, 20000);
	g.reset_s = 1.2;
	g.off_s = 0.22;
	check_against_closed_form(&minute, 0.03, 40, 25);
}

/* Now and then a set is read too late: little is doubtful, and it is still right. */
static void few_sets_are_missing(void)
{
	struct play how = minute;

	zipf_guest(20000, 0.99, 40000);
	g.reset_s = 1.02;
	g.off_s = 0;
	how.lose = 97;
	check_against_closed_form(&how, 0.03, 50, 30);
}

/* Measurements one right after the other: the tick between them is in no union and no window. */
static void restarts_are_left_out(void)
{
	struct play how = minute;
	struct mt_profile p;

	uniform_guest(2000, 6000);
	g.reset_s = 1.02;
	g.off_s = 0;
	how.restarts = true;
	CHECK_INT(play(&how, &p), 0);
	CHECK_NEAR(p.mw_pages, 2000, 20);
	CHECK_NEAR(p.s_pages / closed_form(1), 1, 0.03);
	CHECK_NEAR(p.points[9].mean_pages / closed_form(1), 1, 0.03);
	CHECK(p.points[9].windows >= 50);
	mt_profile_fini(&p);
}

/* Much of the memory is hot, the rest is touched once. */
static void hot_pages_are_counted(void)
{
	struct mt_profile p;

	uniform_guest(10000, 30000);
	g.reset_s = 1.02;
	g.off_s = 0;
	/*
	 * 1000 pages take 90 % of the writes: each of them 27 times a second; the others 1/3 of a
	 * time.
	 */
	for (unsigned i = 0; i < g.n; i++)
		g.cdf[i] = i < 1000 ? 0.9 * (i + 1) / 1000 : 0.9 + 0.1 * (i - 999) / 9000;
	CHECK_INT(play(&minute, &p), 0);
	CHECK_INT(p.hot_seconds, 58);
	CHECK_NEAR(p.hot_pages, 1000, 0);
	CHECK_NEAR(p.mw_pages, 10000, 10);
	CHECK_NEAR(p.hot_share, 0.1, 0.001);
	CHECK_INT(p.vcpus, 2);
	CHECK_NEAR((double)p.vcpu[0].events / p.vcpu[1].events, 1, 0.05);
	CHECK_INT(p.vcpu[0].events + p.vcpu[1].events, p.total.events);
	CHECK_INT(p.vcpu[0].ring_used, 700);
	CHECK_INT(p.vcpu[1].ring_used, 300);
	CHECK_NEAR(p.duration_ns / 1e9, 60, 0.01);
	CHECK_INT(p.total.lost_ticks, 0);
	mt_profile_fini(&p);
}

static void without_sets(void)
{
	struct play how = minute;
	struct mt_profile p;

	uniform_guest(5000, 10000);
	g.reset_s = 1.02;
	g.off_s = 0;
	how.no_sets = true;
	CHECK_INT(play(&how, &p), 0);
	CHECK(p.points[9].windows >= 50);
	CHECK_INT(p.points[10].windows, 0);
	CHECK(isnan(p.points[10].mean_pages) && isnan(p.hot_share) && isnan(p.s_new_pages));
	CHECK(p.mw_lower_bound);
	CHECK_INT(p.hot_seconds, 0);
	mt_profile_fini(&p);
	/* Many are missing: what would need them is not claimed. */
	how.no_sets = false;
	how.lose = 5;
	CHECK_INT(play(&how, &p), 0);
	CHECK_INT(p.points[12].windows, 0);
	CHECK(p.mw_lower_bound);
	CHECK_NEAR(p.mw_pages, 5000, 1);
	CHECK_INT(p.hot_seconds, 0);
	mt_profile_fini(&p);
}

/* QEMU never resets: one window, whose samples are few and still right. */
static void one_window(void)
{
	struct play how = { .seconds = 10.7, .phase_s = 0.5 };
	struct mt_profile p;

	uniform_guest(20000, 30000);
	g.reset_s = 1000;
	g.off_s = 0;
	CHECK_INT(play(&how, &p), 0);
	CHECK_INT(p.windows, 1);
	CHECK(worst_error(&p, 0.12) <= 0.12);
	CHECK_INT(p.points[12].windows, 1);
	CHECK_INT(p.hot_seconds, 0);
	CHECK(isnan(p.hot_share));
	mt_profile_fini(&p);
}

static void stale_windows_are_left_out(void)
{
	struct play how = minute;
	struct mt_profile p;

	uniform_guest(20000, 30000);
	g.reset_s = 1.02;
	g.off_s = 0;
	how.stale = 400;
	CHECK_INT(play(&how, &p), 0);
	/* 400 of U(0.2 s) = 5200 are too many, of U(1 s) = 15500 not. */
	CHECK_INT(p.points[7].windows, 0);
	CHECK(p.points[9].windows >= 50);
	mt_profile_fini(&p);
}

static void nothing_known(void)
{
	struct migtrace_record r = { .tick = 1, .end_ns = 1000000 };
	struct mt_profile_builder *b = mt_profile_begin(0);
	struct mt_profile p;

	CHECK_INT(mt_profile_end(b, &p), -ENODATA);
	for (size_t i = 0; i < MT_PROFILE_POINTS; i++)
		CHECK_INT(p.points[i].windows, 0);
	CHECK(isnan(p.s_pages) && isnan(p.pages_per_s));
	mt_profile_fini(&p);
	b = mt_profile_begin(0.5);
	mt_profile_tick(b, &r);
	mt_profile_pages(b, &r, &(struct mt_tick_pages){ 0 });
	CHECK_INT(mt_profile_end(b, &p), -ENODATA);
	mt_profile_fini(&p);
	mt_profile_abandon(mt_profile_begin(0));
	mt_profile_abandon(NULL);
}

/* Whatever a source claims: no NaN out of order, nothing negative, no crash. */
static void hostile(void)
{
	static const uint64_t edges[] = {
		0, 1, 2, 1000000, UINT32_MAX, INT64_MAX, UINT64_MAX - 1, UINT64_MAX
	};
	struct mt_pageset *set = mt_pageset_new();

	rng.state = 7;
	for (int round = 0; round < 300; round++) {
		struct mt_profile_builder *b = mt_profile_begin(0);
		struct mt_profile p;

		mt_pageset_clear(set);
		for (int i = 0; i < 200; i++) {
			struct migtrace_record r;
			uint64_t *field = (uint64_t *)(void *)&r;

			for (size_t f = 0; f < sizeof(r) / sizeof(*field); f++)
				field[f] =
					chance() < 0.3 ?
						edges[(size_t)(chance() * MT_ARRAY_SIZE(edges))] :
						(uint64_t)(chance() * 4e9);
			if (chance() < 0.7) {
				r.tick = i;
				r.start_ns = i * 10000000ULL;
				r.end_ns = r.start_ns + 10000000;
				r.window = i / 50;
				r.window_start_ns = r.window * 500000000;
				r.valid = UINT32_MAX;
				r.state |= MIGTRACE_STATE_LOGGING;
			}
			r.vcpus = 0;
			mt_pageset_add(set, (uint64_t)(chance() * 1e6));
			mt_profile_tick(b, &r);
			mt_profile_pages(b, &r,
					 &(struct mt_tick_pages){ chance() < 0.1 ? NULL : set,
								  chance() < 0.8,
								  chance() < 0.5 ? NULL : set });
		}
		if (mt_profile_end(b, &p) == 0)
			CHECK(p.windows > 0);
		for (size_t i = 0; i < MT_PROFILE_POINTS; i++) {
			if (!p.points[i].windows)
				continue;
			CHECK(p.points[i].p10_pages <= p.points[i].p90_pages &&
			      p.points[i].mean_pages >= 0);
		}
		CHECK(isnan(p.hot_share) || (p.hot_share >= 0 && p.hot_share <= 1));
		CHECK(isnan(p.s_new_pages) || p.s_new_pages >= 0);
		mt_profile_fini(&p);
	}
	mt_pageset_free(set);
}

static void sets_of_pages(void)
{
	const uint64_t words[] = { 1ULL << 63 | 1, 0, 0xff };
	struct mt_pageset *s = mt_pageset_new();

	CHECK_INT(mt_pageset_add_words(s, 640, words, 3), 0);
	CHECK_INT(mt_pageset_count(s), 10);
	CHECK(mt_pageset_has(s, 640) && mt_pageset_has(s, 703) && mt_pageset_has(s, 640 + 128) &&
	      !mt_pageset_has(s, 641));
	CHECK_INT(mt_pageset_add_words(s, UINT32_MAX - 63, words, 3), -ERANGE);
	CHECK_INT(mt_pageset_count(s), 12);
	CHECK_INT(mt_pageset_add_words(s, UINT64_MAX - 63, words, 3), -ERANGE);
	CHECK_INT(mt_pageset_count(s), 12);
	CHECK_INT(mt_pageset_add(s, 1ULL << 32), -ERANGE);
	mt_pageset_free(s);
}

/* Against plain counters. */
static void counts_of_pages(void)
{
	static unsigned times[1000];
	struct mt_pagecount c;
	uint64_t got;

	rng.state = 3;
	mt_pagecount_init(&c);
	for (int i = 0; i < 37; i++) {
		struct mt_pageset *s = mt_pageset_new();

		for (unsigned page = 0; page < 1000; page++) {
			if (chance() < page / 1000.0) {
				mt_pageset_add(s, page);
				times[page]++;
			}
		}
		CHECK_INT(mt_pagecount_add(&c, s), 0);
		mt_pageset_free(s);
	}
	for (unsigned k = 1; k <= 40; k++) {
		uint64_t want = 0;

		for (unsigned page = 0; page < 1000; page++)
			want += times[page] >= k;
		CHECK_INT(mt_pagecount_at_least(&c, k, &got), 0);
		CHECK_INT(got, want);
	}
	mt_pagecount_fini(&c);
}

static const struct ktap_case cases[] = {
	{ "uniform writes, resets every second: N(1-(1-1/N)^(rT)) at every T", uniform_ring },
	{ "uniform writes, slowly: the same form at every T", uniform_slow },
	{ "Zipf, resets every second", zipf_ring },
	{ "Zipf, measured second by second with breaks", zipf_bitmap },
	{ "some sets read too late", few_sets_are_missing },
	{ "restarts of the log are left out", restarts_are_left_out },
	{ "hot pages, vCPUs and totals", hot_pages_are_counted },
	{ "without sets of pages nothing is joined", without_sets },
	{ "a guest that is never reset has one window", one_window },
	{ "windows that began dirty are left out", stale_windows_are_left_out },
	{ "of no ticks nothing is known", nothing_known },
	{ "hostile ticks make no figure that cannot be", hostile },
	{ "sets of pages have what was put in", sets_of_pages },
	{ "counts of pages are those of plain counters", counts_of_pages },
};

KTAP_MAIN(cases)
