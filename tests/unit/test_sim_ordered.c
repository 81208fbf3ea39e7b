// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_sim_ordered.c - pages in an order of their own, against the best order there is
 *
 * The guests are tiny: 64 pages, of which seven are ever written to, and a host that sends four
 * pages a tick. What is written in which tick is drawn beforehand, so the best order can be found
 * by trying all: which of the dirty pages go in each tick, with the future known. No order may end
 * before that.
 */
#include "base/rng.h"
#include "sim/sim.h"
#include "ktap.h"

#define PAGES		64
#define WRITERS		7
#define TICK_MS		100
#define TICKS		600
#define WATCHED		200		/* before the migration */
#define A_TICK		4		/* pages that are sent in one */
#define LEFT		3		/* with so many dirty it may end */

/* Bit i: page_of[i] is written in that tick. */
static unsigned char writes[TICKS];
static const uint64_t page_of[WRITERS] = { 2, 9, 17, 18, 33, 40, 63 };

/* --- the guest: writes in the middle of a tick ------------------------------------ */
static uint64_t now_ns;

static void advance(void *opaque, uint64_t wall_ns, uint64_t work_ns, mt_trace_emit_fn emit,
		    void *to)
{
	uint64_t tick_ns = TICK_MS * 1000000ULL, end_ns = now_ns + work_ns;

	(void)opaque;
	(void)wall_ns;
	for (size_t t = 0; t < TICKS; t++) {
		uint64_t at_ns = t * tick_ns + tick_ns / 2;

		if (at_ns <= now_ns || at_ns > end_ns)
			continue;
		for (size_t i = 0; i < WRITERS; i++)
			if (writes[t] >> i & 1)
				emit(to, &page_of[i], 1);
	}
	now_ns = end_ns;
}

static void rewind_trace(void *opaque)
{
	(void)opaque;
	now_ns = 0;
}

static const struct mt_trace_ops ops = { .name = "list", .advance = advance,
					 .rewind = rewind_trace };

/* Page i with probability @share[i] in a tick. */
static void draw(uint64_t seed, const double share[WRITERS])
{
	struct mt_rng rng = { seed };

	for (size_t t = 0; t < TICKS; t++) {
		writes[t] = 0;
		for (unsigned i = 0; i < WRITERS; i++)
			if (mt_rng_unit(&rng) < share[i])
				writes[t] |= (unsigned char)(1 << i);
	}
}

/* --- the best order ------------------------------------------------------------------- */
/*
 * Reachable at the beginning of a tick: with so many pages left that are never written to, and with
 * these of the others dirty. Return: the ticks until it may end.
 */
static unsigned best(void)
{
	static bool reached[PAGES + 1][1 << WRITERS], next[PAGES + 1][1 << WRITERS];

	memset(reached, 0, sizeof(reached));
	reached[PAGES - WRITERS][(1 << WRITERS) - 1] = true;
	for (unsigned t = 0; t + WATCHED < TICKS; t++) {
		memset(next, 0, sizeof(next));
		for (unsigned cold = 0; cold <= PAGES; cold++) {
			for (unsigned dirty = 0; dirty < 1 << WRITERS; dirty++) {
				unsigned n = (unsigned)__builtin_popcount(dirty);

				if (!reached[cold][dirty])
					continue;
				if (t && cold + n <= LEFT)
					return t;
				for (unsigned sent = dirty;; sent = (sent - 1) & dirty) {
					unsigned k = (unsigned)__builtin_popcount(sent),
						 rest = A_TICK - k;

					if (k <= A_TICK)
						next[cold > rest ? cold - rest : 0]
						    [(dirty & ~sent) | writes[WATCHED + t]] = true;
					if (!sent)
						break;
				}
			}
		}
		memcpy(reached, next, sizeof(reached));
	}
	return TICKS;
}

/* --- a migration ------------------------------------------------------------------------ */
struct seen {
	double sent_at[PAGES], written_at[PAGES];
	double n;
	unsigned sent;
};

static void on_sent(void *opaque, uint64_t page)
{
	struct seen *seen = opaque;

	seen->sent_at[page] = ++seen->n;
	seen->sent++;
}

static void on_written(void *opaque, uint64_t page)
{
	struct seen *seen = opaque;

	seen->written_at[page] = ++seen->n;
}

static unsigned lost(const struct seen *seen)
{
	unsigned n = 0;

	for (size_t i = 0; i < PAGES; i++)
		n += seen->sent_at[i] <= seen->written_at[i];
	return n;
}

static struct mt_sim_params params(void)
{
	struct mt_sim_params p;

	mt_sim_defaults(&p);
	p.memory_bytes = PAGES * MT_TRACE_PAGE_BYTES;
	p.sender = MT_SIM_SENDER_ORDERED;
	p.log = MT_SIM_LOG_RING;
	p.order.tick_ms = TICK_MS;
	p.watched_ms = WATCHED * TICK_MS;
	p.downtime_limit_ms = 85;	/* of 100: between three pages and four */
	p.look_ms = 0;
	p.cap_ms = (TICKS - WATCHED - 10) * TICK_MS;
	p.host = (struct mt_sim_host){ .page_ns = TICK_MS * 1e6 / A_TICK, .zero_page_ns = 1,
				       .beat_touches = 64 };
	return p;
}

static struct mt_trace trace = { .ops = &ops, .pages = PAGES, .resident_end = UINT64_MAX };

static void migrate(struct mt_sim_params *p, struct seen *seen, struct mt_sim_result *r)
{
	const struct mt_sim_hooks hooks = { .opaque = seen, .sent = on_sent,
					    .written = on_written };

	memset(seen, 0, sizeof(*seen));
	if (mt_sim_check(p, NULL) || mt_sim_run(p, &trace, &hooks, r))
		ktap_failed = true;
}

/* In ticks until the guest is stopped. @kind: MT_WSS_KINDS for by address. */
static unsigned ticks_by(enum mt_wss_kind kind)
{
	struct mt_sim_params p = params();
	struct mt_sim_result r;
	struct seen seen;

	p.order.ranked = kind != MT_WSS_KINDS;
	p.order.by = kind;
	migrate(&p, &seen, &r);
	if (r.end == MT_SIM_CAPPED)
		return TICKS;
	if (lost(&seen) || r.end != MT_SIM_CONVERGED)
		ktap_failed = true;
	return (unsigned)lround((r.total_ms - r.downtime_ms) / TICK_MS);
}

/* --- cases ------------------------------------------------------------------------------- */
static void idle_guest_goes_once(void)
{
	memset(writes, 0, sizeof(writes));
	/* 64 pages, the last three of them with the guest stopped */
	CHECK_INT(best(), 16);
	CHECK_INT(ticks_by(MT_WSS_KINDS), 16);
	CHECK_INT(ticks_by(MT_WSS_IMPROVED), 16);
}

/* Three pages in each tick: they are left for the end. */
static void hot_set_is_withheld(void)
{
	static const double share[WRITERS] = { 1, 1, 1 };

	draw(1, share);
	CHECK_INT(best(), 16);
	for (int kind = 0; kind < MT_WSS_KINDS; kind++)
		CHECK_INT(ticks_by((enum mt_wss_kind)kind), 16);
}

static void none_is_before_the_best(void)
{
	static const double share[WRITERS] = { 0.9, 0.9, 0.5, 0.3, 0.3, 0.1, 0.05 };
	unsigned bests = 0, improved = 0, address = 0;

	for (uint64_t seed = 1; seed <= 30; seed++) {
		unsigned floor_ticks, by_address, by_improved;

		draw(seed, share);
		floor_ticks = best();
		by_address = ticks_by(MT_WSS_KINDS);
		by_improved = ticks_by(MT_WSS_IMPROVED);
		CHECK(by_address >= floor_ticks && by_improved >= floor_ticks);
		for (int kind = 0; kind < MT_WSS_KINDS; kind++)
			CHECK(ticks_by((enum mt_wss_kind)kind) >= floor_ticks);
		bests += floor_ticks;
		improved += by_improved;
		address += by_address;
	}
	printf("# best %u, improved %u, by address %u\n", bests, improved, address);
	CHECK(improved - bests <= (address - bests) / 2);
	CHECK(improved <= bests * 11 / 10);
}

/* More pages in each tick than the pause may have: all else first, then post-copy gets them. */
static void hot_set_is_handed_over(void)
{
	static const double share[WRITERS] = { 1, 1, 1, 1, 1, 1, 1 };
	struct mt_sim_params p = params();
	struct mt_sim_result r;
	struct seen seen;

	draw(2, share);
	p.method.postcopy = true;
	p.order.ranked = true;
	for (int kind = 0; kind < MT_WSS_KINDS; kind++) {
		p.order.by = (enum mt_wss_kind)kind;
		migrate(&p, &seen, &r);
		CHECK_INT(r.end, MT_SIM_POSTCOPIED);
		/* the network has seen too few pages to know them at once */
		if (kind != MT_WSS_TWO_LEVEL)
			CHECK_INT(seen.sent, PAGES);
		for (size_t i = 0; i < PAGES; i++)
			CHECK(seen.sent_at[i] > 0);
		for (size_t i = 0; i < WRITERS; i++)
			CHECK(seen.sent_at[page_of[i]] > seen.sent_at[0]);
		CHECK(r.flip_ms >= 1400 && r.flip_ms <= 1600);
	}
}

static void what_makes_no_sense(void)
{
	struct mt_sim_params p = params();

	CHECK_INT(mt_sim_check(&p, NULL), 0);
	p.log = MT_SIM_LOG_BITMAP;
	CHECK(mt_sim_check(&p, NULL) < 0);
	p = params();
	p.method.xbzrle = true;
	CHECK(mt_sim_check(&p, NULL) < 0);
	p = params();
	p.order.tick_ms = 0;
	CHECK(mt_sim_check(&p, NULL) < 0);
}

static const struct ktap_case cases[] = {
	{ "an idle guest goes once, whatever the order", idle_guest_goes_once },
	{ "a hot set is withheld", hot_set_is_withheld },
	{ "none ends before the best order, and improved is near it", none_is_before_the_best },
	{ "a hot set that is too large is handed to post-copy", hot_set_is_handed_over },
	{ "orders that make no sense are refused", what_makes_no_sense },
};

KTAP_MAIN(cases)
