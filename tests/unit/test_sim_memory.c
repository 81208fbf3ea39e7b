// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_sim_memory.c - no page is lost, and no page is dirty that should not be
 *
 * The oracle keeps a version per page and KVM's log literally (simguest.h); of the simulator it
 * sees which page is written and which is sent, in order.
 */
#include "simguest.h"

#define LINK	20e6	/* 5000 pages a second */

static const char *const patterns[] = {
	"idle:keepalive=0",
	"uniform:region=8M,rate=2500/s,at=1M",
	"uniform:region=1M,rate=20000/s,at=1M,tables=yes",
	"seq:region=4M,rate=4000/s,at=0K",
	"zipf:region=12M,rate=4000/s,s=0.9",
	"hotcold:region=10M,rate=5000/s,hot=5%,hotshare=80%",
	"phases:region=8M,rate=9000/s,rate2=200/s,period=1.5s,duty=30%",
};

static void play(const char *text, const char *method, enum mt_sim_log log, struct simguest *g)
{
	struct mt_err err = { 0 };
	struct mt_trace t;

	simguest_defaults(g, LINK);
	g->p.method = *mt_method_find(method);
	g->p.log = log;
	g->p.xbzrle_cache_bytes = 8 << 20;
	g->p.bandwidth_bytes_per_s = 19e6;
	g->p.resident_bytes = 0;
	CHECK_INT(mt_trace_pattern(&t, text, &err), 0);
	CHECK_INT(simguest_run(g, &t), 0);
	mt_trace_fini(&t);
}

static void over(void (*check)(struct simguest *g, const char *method))
{
	static struct simguest g;

	for (size_t m = 0; mt_method_at(m); m++) {
		if (mt_method_at(m)->zstd)
			continue;	/* refused, see mt_sim_check() */
		for (size_t i = 0; i < MT_ARRAY_SIZE(patterns); i++) {
			for (int log = MT_SIM_LOG_BITMAP; log <= MT_SIM_LOG_RING; log++) {
				const char *method = mt_method_at(m)->name;

				play(patterns[i], method, log, &g);
				if (!ktap_failed)
					check(&g, method);
				if (ktap_failed) {
					printf("# %s, %s, log %d\n", patterns[i], method, log);
					return;
				}
			}
		}
	}
}

static void check_nothing_lost(struct simguest *g, const char *method)
{
	if (g->r.end == MT_SIM_CAPPED)
		return;
	CHECK_INT(simguest_different(g), 0);
	CHECK_INT(g->r.remaining_pages, 0);
}

static void test_nothing_lost(void)
{
	over(check_nothing_lost);
}

static void check_dirty(struct simguest *g, const char *method)
{
	CHECK_INT(g->wrong_dirtied, 0);
	CHECK(g->n_passes >= 1);
}

static void test_dirty_as_kvm_has_it(void)
{
	over(check_dirty);
}

static uint64_t unchanged;		/* pages that XBZRLE looked at and did not send */

/* All that is counted is seen by somebody else too. XBZRLE looks at pages that it does not send. */
static void check_counts(struct simguest *g, const char *method)
{
	uint64_t sent = 0, dirtied = 0;

	for (size_t i = 0; i < g->n_passes; i++) {
		sent += g->passes[i].sent_pages + g->passes[i].zero_pages;
		dirtied += g->passes[i].dirtied_pages;
	}
	CHECK_INT(g->r.normal_pages + g->r.zero_pages,
		  g->n_passes < 512 && g->r.end != MT_SIM_CAPPED ?
			  sent :
			  g->r.normal_pages + g->r.zero_pages);
	if (g->r.end == MT_SIM_CAPPED || g->n_passes >= 512)
		return;
	/* What was to be sent at first and what was dirtied since has gone, and nothing else. */
	CHECK_INT(GUEST_PAGES + dirtied, g->sent);
	if (strcmp(method, "xbzrle"))
		CHECK_INT(sent, g->sent);
	else
		unchanged += g->sent - sent;
}

static void test_counts(void)
{
	over(check_counts);
	/*
	 * Dirty by a write that went over already, because it came between the sync's clear and the
	 * page's turn.
	 */
	CHECK(unchanged > 100);
}

static void check_postcopy(struct simguest *g, const char *method)
{
	uint64_t left = 0;

	if (!g->p.method.postcopy || g->r.end != MT_SIM_POSTCOPIED)
		return;
	CHECK(g->flipped);
	CHECK_INT(g->stale, 0);
	for (size_t i = 0; i < g->n_passes; i++)
		if (g->passes[i].n == g->p.method.flip_after_passes + 1)
			left = g->passes[i].remaining_pages;
	/* Each page that was missing comes once. */
	CHECK_INT(g->sent_after_flip, left);
	CHECK(g->r.faults <= left);
	CHECK(g->r.stall_ms >= g->r.downtime_ms);
}

static void test_postcopy_once(void)
{
	over(check_postcopy);
}

/*
 * A guest that writes all the time meets missing pages, and is served before the stream gets there
 * by itself.
 */
static void test_postcopy_faults(void)
{
	static struct simguest g, quiet;

	play("uniform:region=12M,rate=20000/s,at=1M", "postcopy", MT_SIM_LOG_BITMAP, &g);
	play("uniform:region=12M,rate=0,at=1M,keepalive=0", "postcopy", MT_SIM_LOG_BITMAP, &quiet);
	CHECK(g.r.faults > 100);
	CHECK(g.r.fault_ms > 0.1 && g.r.fault_ms < 30);
	CHECK_INT(quiet.r.faults, 0);
	/* Order does not change how long it takes. */
	CHECK_NEAR(g.r.total_ms, quiet.r.total_ms, 0.05 * quiet.r.total_ms);
	/*
	 * After a pass the stream begins again at the front, wherever it was: the region's first
	 * page is 257.
	 */
	play("uniform:region=12M,rate=2500/s,at=1M", "hybrid", MT_SIM_LOG_BITMAP, &g);
	CHECK_INT(g.r.end, MT_SIM_POSTCOPIED);
	CHECK(g.first_after_flip < 300);
}

/* What the sync at the first pass's end finds, of a region that is sent last. */
static void first_pass(enum mt_sim_log log, unsigned clear_shift, uint64_t *dirtied)
{
	static struct simguest g;
	struct mt_trace t;

	simguest_defaults(&g, LINK);
	g.p.log = log;
	g.p.clear_shift = clear_shift;
	CHECK_INT(mt_trace_pattern(&t, "uniform:region=4M,rate=800/s,at=12M,keepalive=0", NULL), 0);
	CHECK_INT(simguest_run(&g, &t), 0);
	mt_trace_fini(&t);
	*dirtied = g.passes[0].dirtied_pages;
}

/* With KVM's bitmap a write before its chunk's turn does not count; with a ring it does. */
static void test_late_clear(void)
{
	uint64_t chunks, ring, one_chunk;

	first_pass(MT_SIM_LOG_BITMAP, 9, &chunks);
	first_pass(MT_SIM_LOG_RING, 9, &ring);
	first_pass(MT_SIM_LOG_BITMAP, 12, &one_chunk);
	CHECK(chunks > 0 && chunks < ring / 2);
	/* All memory in one chunk: it is cleared as the pass begins. */
	CHECK_INT(one_chunk, ring);
}

static const struct ktap_case cases[] = {
	{ "no page is lost, whatever the method, the log and the pattern", test_nothing_lost },
	{ "a sync finds what KVM's log would have", test_dirty_as_kvm_has_it },
	{ "what is counted has gone over", test_counts },
	{ "post-copy: every missing page comes once, and no old one is seen", test_postcopy_once },
	{ "post-copy: faults are served, and cost no time in all", test_postcopy_faults },
	{ "a page's window begins as its chunk is cleared", test_late_clear },
};
KTAP_MAIN(cases)
