// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_sim_trace.c - what traces write to, against what was asked for
 */
#include <errno.h>

#include "sim/trace.h"
#include "sim/zipf.h"
#include "ktap.h"

#define PAGES	65536

struct seen {
	uint64_t n, distinct, beyond;
	uint32_t writes[PAGES];
	uint64_t first[16];		/* the first writes, in order */
};

static void see(void *to, const uint64_t *pages, size_t n)
{
	struct seen *s = to;

	for (size_t i = 0; i < n; i++) {
		if (s->n < 16)
			s->first[s->n] = pages[i];
		s->n++;
		if (pages[i] >= PAGES)
			s->beyond++;
		else
			s->distinct += !s->writes[pages[i]]++;
	}
}

/* @seconds of the trace in uneven steps, as a simulation takes them. */
static void play(struct mt_trace *t, double seconds, struct seen *s)
{
	uint64_t left_ns = (uint64_t)(seconds * 1e9), step_ns = 1;

	memset(s, 0, sizeof(*s));
	while (left_ns) {
		uint64_t ns = step_ns < left_ns ? step_ns : left_ns;

		t->ops->advance(t->opaque, ns, ns, see, s);
		left_ns -= ns;
		step_ns = step_ns * 7 % 99999989 + 1;
	}
}

static struct seen seen;

static void pattern(const char *text, double seconds)
{
	struct mt_err err = { 0 };
	struct mt_trace t;

	CHECK_INT(mt_trace_pattern(&t, text, &err), 0);
	play(&t, seconds, &seen);
	CHECK_INT(seen.beyond, 0);
	mt_trace_fini(&t);
}

static uint64_t writes_in(uint64_t first, uint64_t count)
{
	uint64_t n = 0;

	for (uint64_t i = first; i < first + count; i++)
		n += seen.writes[i];
	return n;
}

static void test_uniform(void)
{
	double n = 16384, writes = 24000;

	pattern("uniform:region=64M,rate=8000/s,at=1M,keepalive=0", 3);
	CHECK_NEAR(seen.n, writes, 1);
	/* The region begins behind the keepalive page. */
	CHECK_INT(writes_in(256, 16385), seen.n);
	CHECK_NEAR(seen.distinct, n * (1 - exp(-writes / n)), 4 * sqrt(n));
	pattern("uniform:region=64M,rate=8000/s,keepalive=50/s,keepalive_pages=3", 2);
	CHECK_NEAR(seen.n, 16100, 2);
	CHECK_NEAR(writes_in(512, 3), 100, 1);
}

static void test_seq(void)
{
	pattern("seq:region=1M,rate=1000/s,at=0K,keepalive=0", 0.3005);
	CHECK_NEAR(seen.n, 300, 1);
	for (uint64_t i = 0; i < 15; i++)
		CHECK_INT(seen.first[i + 1], seen.first[i] + 1);
	CHECK_INT(seen.distinct, 256);
	CHECK_INT(seen.writes[seen.first[0]], 2);
	CHECK_INT(seen.writes[seen.first[0] + 44], 1);
}

static void test_hotcold(void)
{
	uint64_t often = 0, hot = 0;

	pattern("hotcold:region=64M,rate=50000/s,hot=10%,hotshare=90%,at=0K,keepalive=0", 4);
	/* A hot page is written to 110 times, a cold one 1.4 times. */
	for (size_t i = 0; i < PAGES; i++) {
		if (seen.writes[i] < 20)
			continue;
		hot++;
		often += seen.writes[i];
	}
	CHECK_INT(hot, 1638);
	CHECK_NEAR((double)often / (double)seen.n, 0.9, 0.005);
}

/* Probability of each of the first ranks, against the sum over all ranks. */
static void test_zipf(void)
{
	static const double exponents[] = { 0.5, 1, 1.1, 2 };

	for (size_t e = 0; e < MT_ARRAY_SIZE(exponents); e++) {
		const uint64_t ranks = 10000, draws = 2000000;
		static uint32_t count[10000];
		struct mt_rng rng = { 7 };
		struct mt_zipf z;
		double sum = 0, tail = 0;
		uint64_t far = 0;

		memset(count, 0, sizeof(count));
		mt_zipf_init(&z, ranks, exponents[e]);
		for (uint64_t i = 0; i < draws; i++) {
			uint64_t rank = mt_zipf_rank(&z, &rng);

			CHECK(rank < ranks);
			count[rank]++;
		}
		for (uint64_t i = 0; i < ranks; i++)
			sum += pow((double)i + 1, -exponents[e]);
		for (uint64_t i = 0; i < 40; i++) {
			double expected = pow((double)i + 1, -exponents[e]) / sum * (double)draws;

			CHECK_NEAR(count[i], expected, 0.06 * expected + 5 * sqrt(expected));
		}
		for (uint64_t i = 1000; i < ranks; i++) {
			tail += pow((double)i + 1, -exponents[e]) / sum * (double)draws;
			far += count[i];
		}
		CHECK_NEAR(far, tail, 5 * sqrt(tail) + 0.002 * tail);
	}
}

static void test_zipf_pattern(void)
{
	uint32_t most = 0;

	pattern("zipf:region=64M,rate=10000/s,s=1.1,at=0K,keepalive=0", 10);
	for (size_t i = 0; i < PAGES; i++)
		most = seen.writes[i] > most ? seen.writes[i] : most;
	/* 1 / sum of r^-1.1 over 16384 ranks is 0.1455. */
	CHECK_NEAR(most / (double)seen.n, 0.1455, 0.004);
	pattern("zipf:region=64M,rate=10000/s,s=1.1,at=0K,keepalive=0,seed=2", 1);
	CHECK(seen.distinct > 1000);
}

static void test_phases(void)
{
	struct mt_trace t;

	CHECK_INT(
		mt_trace_pattern(
			&t,
			"phases:region=64M,rate=4000/s,rate2=100/s,region2=1M,period=2s,duty=25%,at=0K,keepalive=0",
			NULL),
		0);
	play(&t, 0.5, &seen);
	CHECK_NEAR(seen.n, 2000, 1);
	play(&t, 1.5, &seen);
	CHECK_NEAR(seen.n, 150, 1);
	CHECK_INT(writes_in(0, 256 + 8), seen.n);
	CHECK(seen.distinct <= 150);
	play(&t, 20, &seen);
	CHECK_NEAR(seen.n, 10 * (2000 + 150), 10);
	t.ops->rewind(t.opaque);
	play(&t, 0.5, &seen);
	CHECK_NEAR(seen.n, 2000, 1);
	mt_trace_fini(&t);
	/* Begun in the middle of the quiet phase. */
	pattern("phases:region=64M,rate=4000/s,rate2=100/s,period=2s,duty=25%,keepalive=0,phase=1s", 1.25);
	CHECK_NEAR(seen.n, 100 + 1000, 1);
}

static void test_quiet(void)
{
	pattern("idle:region=64M,keepalive=0", 5);
	CHECK_INT(seen.n, 0);
	pattern("readonly:region=64M,rate=9000/s,keepalive=0", 5);
	CHECK_INT(seen.n, 0);
	pattern("idle", 5);
	CHECK_NEAR(seen.n, 250, 1);
	CHECK_INT(seen.distinct, 1);
}

/* The guest's own pages, and those in which it counts. */
static void test_tables(void)
{
	pattern("uniform:region=64M,rate=50000/s,keepalive=0,at=1M,tables=yes", 1);
	CHECK(writes_in(256, 16) >= 16);
	for (uint64_t i = 252; i < 256 + 16; i++)
		CHECK(seen.writes[i] > 0);
}

/* A guest that is held up writes nothing, and goes on where it was. */
static void test_held_up(void)
{
	struct mt_trace t;

	CHECK_INT(mt_trace_pattern(&t, "seq:region=64M,rate=1000/s,at=0K,keepalive=0", NULL), 0);
	memset(&seen, 0, sizeof(seen));
	t.ops->advance(t.opaque, 1000000000, 500000000, see, &seen);
	CHECK_INT(seen.n, 500);
	t.ops->advance(t.opaque, 1000000000, 0, see, &seen);
	CHECK_INT(seen.n, 500);
	CHECK_INT(t.makes_up_ns, 10000000);
	mt_trace_fini(&t);
}

static void test_words(void)
{
	static const char *const wrong[][2] = {
		{ "uniform:region=64", "region=64" }, { "uniform:colour=red", "colour" },
		{ "uniform:region", "region" },
		{ "uniform:rate=5MiB/s", "rate" }, { "uniform:rate=max", "top" },
		{ "uniform:region=0", "region" },
		{ "pattern=spiral", "spiral" }, { "hotcold:hot=200%", "hot=200%" },
		{ "seq:seed=1.5", "seed" },
		{ "phases:period=0", "period" }, { "uniform:region=1e9G", "region" },
		{ "zipf:s=99", "s=99" },
	};
	struct mt_trace t;

	for (size_t i = 0; i < MT_ARRAY_SIZE(wrong); i++) {
		struct mt_err err = { 0 };

		CHECK_INT(mt_trace_pattern(&t, wrong[i][0], &err), -EINVAL);
		CHECK(strstr(err.msg, wrong[i][1]) && !strchr(err.msg, '\n'));
	}
	/* As it stands in a guest's command line. */
	CHECK_INT(
		mt_trace_pattern(
			&t,
			"pattern=hotcold region=64M  rate=8000 hot=10% hb=5ms idle=spin tcg_flush=0 fill=random",
			NULL),
		0);
	CHECK_INT(t.resident_end, 513 + 16384);
	CHECK(t.content.compressed_bytes >= 4096);
	mt_trace_fini(&t);
	CHECK(mt_trace_is_pattern("zipf:region=1M") && mt_trace_is_pattern("idle"));
	CHECK(!mt_trace_is_pattern("guest.mtrec") && !mt_trace_is_pattern("idle.mtrec"));
}

static void test_recorded(void)
{
	struct mt_trace_recorder *r = mt_trace_record(0);
	struct mt_trace t;

	CHECK(r);
	CHECK_INT(mt_trace_record_run(r, 1, 1), -EINVAL);	/* before any tick */
	CHECK_INT(mt_trace_record_tick(r, 1000000000, 1100000000, false), 0);
	CHECK_INT(mt_trace_record_run(r, 100, 50), 0);
	CHECK_INT(mt_trace_record_run(r, 10, 1), 0);
	/* overlaps */
	CHECK_INT(mt_trace_record_tick(r, 1050000000, 1200000000, false), -EINVAL);
	CHECK_INT(mt_trace_record_tick(r, 1100000000, 1200000000, false), 0);
	CHECK_INT(mt_trace_record_tick(r, 1300000000, 1400000000, false), 0);
	CHECK_INT(mt_trace_record_run(r, 120, 200), 0);
	CHECK_INT(mt_trace_recorded(&t, r), 0);
	CHECK_INT(t.pages, 320);
	CHECK_NEAR(t.length_s, 0.3, 1e-9);
	play(&t, 0.1, &seen);
	CHECK_INT(seen.n, 51);
	CHECK_INT(seen.distinct, 51);
	play(&t, 0.1, &seen);
	CHECK_INT(seen.n, 0);
	play(&t, 0.05, &seen);
	CHECK_INT(seen.n, 100);
	CHECK_INT(writes_in(120, 200), 100);
	CHECK_INT(seen.distinct, 100);
	play(&t, 0.05 + 0.1, &seen);			/* its end, and its first tick again */
	CHECK_INT(seen.n, 151);
	CHECK_INT(seen.writes[10], 1);
	mt_trace_fini(&t);
	r = mt_trace_record(0);
	CHECK_INT(mt_trace_recorded(&t, r), -ENODATA);
}

static void nobody(void *to, const uint64_t *pages, size_t n)
{
}

/* Sets of pages from anywhere: neither gigabytes nor hours. */
static void test_recorded_hostile(void)
{
	const struct mt_trace_point steep = { 1e-9, 1e6 };
	struct mt_trace_recorder *r = mt_trace_record(0);
	struct mt_trace t;

	/* 10^9 of them a second */
	CHECK_INT(mt_trace_record_tick(r, 1000000000, 1000000001, true), -EINVAL);
	CHECK_INT(mt_trace_record_tick(r, 1000000000, 1001000000, true), 0);
	CHECK_INT(mt_trace_record_run(r, UINT32_MAX - 1, 1), -EINVAL);	/* a table of 48 GiB */
	CHECK_INT(mt_trace_record_run(r, 0, UINT32_MAX), -EINVAL);
	CHECK_INT(mt_trace_record_run(r, MT_TRACE_RECORDED_PAGES_MAX - 1, 2), -EINVAL);
	/* A page in a window's first tick may be all of memory; so many in each are of no host. */
	for (uint64_t i = 0; i < 10; i++) {
		CHECK_INT(i ? mt_trace_record_tick(r, 1000000000 + i * 1000000,
						   1001000000 + i * 1000000, false) :
			      0,
			  0);
		CHECK_INT(mt_trace_record_run(r, 0, 1 << 20), 0);
	}
	CHECK_INT(mt_trace_recorded(&t, r), -ERANGE);
	/* In a guest of 64 Ki pages what its sets have beyond costs nothing, however far it is. */
	r = mt_trace_record(PAGES);
	CHECK_INT(mt_trace_record_tick(r, 1000000000, 1001000000, true), 0);
	CHECK_INT(mt_trace_record_run(r, UINT32_MAX - 1, 1), 0);
	CHECK_INT(mt_trace_record_run(r, PAGES - 2, UINT32_MAX), 0);
	CHECK_INT(mt_trace_recorded(&t, r), 0);
	CHECK_INT(t.pages, PAGES);
	play(&t, 0.0005, &seen);
	CHECK_INT(seen.beyond, 0);
	CHECK_INT(seen.n, 1);
	mt_trace_fini(&t);
	/* Sets of one window that overlap: a tick has no more writes than there are pages. */
	r = mt_trace_record(0);
	for (uint64_t i = 0; i < 10; i++) {
		CHECK_INT(mt_trace_record_tick(r, 1000000000 + i * 1000000000,
					       2000000000 + i * 1000000000, !i),
			  0);
		for (int k = 0; k < 20; k++)
			CHECK_INT(mt_trace_record_run(r, 0, 1 << 10), 0);
	}
	CHECK_INT(mt_trace_recorded(&t, r), 0);
	play(&t, 1, &seen);
	CHECK_INT(seen.n, 1 << 10);
	mt_trace_fini(&t);
	/* What would be played for hours gives up, and can begin anew. */
	r = mt_trace_record(0);
	CHECK_INT(mt_trace_record_tick(r, 1000000000, 2000000000, false), 0);
	CHECK_INT(mt_trace_record_run(r, 0, 1 << 10), 0);
	CHECK_INT(mt_trace_recorded(&t, r), 0);
	t.ops->advance(t.opaque, 1000000000, 1000000000, nobody, NULL);
	CHECK(!t.ops->gave_up(t.opaque));
	mt_trace_fini(&t);
	CHECK_INT(mt_trace_fitted(&t, &steep, 1, 1 << 20, 1, NULL), 0);
	t.ops->advance(t.opaque, 1000000000000, 1000000000000, nobody, NULL);
	CHECK(t.ops->gave_up(t.opaque));
	t.ops->rewind(t.opaque);
	CHECK(!t.ops->gave_up(t.opaque));
	mt_trace_fini(&t);
}

/*
 * A guest of 400 pages written to 30 times a second each and 20000 written to once in 5 s, as KVM
 * logs it in windows of a second: a page is in the first tick only in which it is written to.
 * Played back, windows that begin anywhere have the hot pages, too.
 */
static int record_guest(struct mt_trace_recorder *r, double window_s)
{
	const double hot = 400, rate_hot = 30, cold = 20000, rate_cold = 0.2, tick_s = 0.05;
	struct mt_rng rng = { 9 };
	int rc = 0;

	for (unsigned w = 0; w < 20 && !rc; w++) {
		static bool logged[20400];

		memset(logged, 0, sizeof(logged));
		for (double into_s = 0; into_s < window_s - 1e-9 && !rc; into_s += tick_s) {
			uint64_t start_ns = (uint64_t)((w * window_s + into_s) * 1e9 + 0.5);

			rc = mt_trace_record_tick(r, start_ns, start_ns + 50000000, into_s == 0);
			for (uint64_t page = 0; page < hot + cold && !rc; page++) {
				double rate = page < hot ? rate_hot : rate_cold;

				if (logged[page] || mt_rng_unit(&rng) >= 1 - exp(-rate * tick_s))
					continue;
				logged[page] = true;
				rc = mt_trace_record_run(r, page, 1);
			}
		}
	}
	return rc;
}

static void test_recorded_windows(void)
{
	static const double windows_s[] = { 0.1, 0.3, 0.7, 1, 2.5 };
	struct mt_trace_recorder *r = mt_trace_record(0);
	struct mt_trace t;

	CHECK_INT(record_guest(r, 1), 0);
	CHECK_INT(mt_trace_recorded(&t, r), 0);
	CHECK(strstr(t.told, "drawn"));
	for (size_t i = 0; i < MT_ARRAY_SIZE(windows_s); i++) {
		double T = windows_s[i], n = 12, all = 0, hot = 0;

		play(&t, 0.33, &seen);		/* somewhere in a window */
		for (int k = 0; k < n; k++) {
			play(&t, T, &seen);
			all += (double)seen.distinct / n;
			for (size_t page = 0; page < 400; page++)
				hot += (seen.writes[page] > 0) / n;
		}
		CHECK_NEAR(hot, 400 * (1 - exp(-30 * T)), 0.06 * 400);
		CHECK_NEAR(all - hot, 20000 * (1 - exp(-0.2 * T)),
			   0.06 * 20000 * (1 - exp(-0.2 * T)) + 20);
	}
	mt_trace_fini(&t);
}

/* A curve of two populations: what is written has that curve again. */
static void test_fitted(void)
{
	static const double windows_s[] = { 0.001, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10 };
	struct mt_trace_point points[MT_ARRAY_SIZE(windows_s)];
	struct mt_err err = { 0 };
	struct mt_trace t;

	for (size_t i = 0; i < MT_ARRAY_SIZE(windows_s); i++)
		points[i] = (struct mt_trace_point){
			windows_s[i],
			1000 * (1 - exp(-20 * windows_s[i])) +
				30000 * (1 - exp(-0.2 * windows_s[i])),
		};
	CHECK_INT(mt_trace_fitted(&t, points, MT_ARRAY_SIZE(points), PAGES, 3, &err), 0);
	for (size_t i = 2; i < MT_ARRAY_SIZE(windows_s); i++) {
		double sum = 0;

		for (int k = 0; k < 4; k++) {
			play(&t, windows_s[i], &seen);
			CHECK_INT(seen.beyond, 0);
			sum += (double)seen.distinct;
		}
		CHECK_NEAR(sum / 4, points[i].pages, 0.05 * points[i].pages);
	}
	CHECK(strstr(t.told, "fitted"));
	mt_trace_fini(&t);
	points[1].window_s = 0.0005;
	CHECK_INT(mt_trace_fitted(&t, points, MT_ARRAY_SIZE(points), PAGES, 3, &err), -EINVAL);
	/* One point, and one that is 0. */
	points[0] = (struct mt_trace_point){ 1, 0 };
	points[1] = (struct mt_trace_point){ 2, 500 };
	CHECK_INT(mt_trace_fitted(&t, points, 2, PAGES, 3, NULL), 0);
	play(&t, 2, &seen);
	CHECK_NEAR(seen.distinct, 500, 60);
	mt_trace_fini(&t);
	CHECK_INT(mt_trace_fitted(&t, points, 1, PAGES, 3, NULL), 0);
	play(&t, 2, &seen);
	CHECK_INT(seen.n, 0);
	mt_trace_fini(&t);
}

static const struct ktap_case cases[] = {
	{ "uniform: distinct pages as by the closed form", test_uniform },
	{ "seq: page after page, round and round", test_seq },
	{ "hotcold: a tenth of the pages has nine tenths of the writes", test_hotcold },
	{ "zipf: each rank has its probability", test_zipf },
	{ "zipf: the first page has the share of the first rank", test_zipf_pattern },
	{ "phases: two rates and regions by turns", test_phases },
	{ "idle and readonly: only the keepalive page", test_quiet },
	{ "the guest's own pages", test_tables },
	{ "a guest that is held up", test_held_up },
	{ "words that are understood, and those that are not", test_words },
	{ "recorded sets of pages", test_recorded },
	{ "sets of pages that would take gigabytes or hours", test_recorded_hostile },
	{ "recorded in windows, where a page is logged once", test_recorded_windows },
	{ "a curve that was fitted is there again", test_fitted },
};
KTAP_MAIN(cases)
