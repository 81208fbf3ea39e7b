// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_simhistory.c - what a profile would have told of a trace, and what fm and am make of it
 */
#include <errno.h>
#include <math.h>

#include "base/units.h"
#include "sim/sim.h"
#include "ktap.h"

static struct mt_trace trace;

static bool begin(const char *pattern)
{
	struct mt_err err = { 0 };

	return !mt_trace_pattern(&trace, pattern, &err);
}

/* Page after page, never one twice within a window: as many as it writes. */
static void test_sequence(void)
{
	struct mt_history h;

	CHECK(begin("seq:region=64MiB,rate=1000/s,seed=1,keepalive=0/s"));
	CHECK_INT(mt_sim_history(&trace, 5.5, 0.1, &h), 0);
	CHECK_INT(h.n, 50);
	for (size_t k = 0; k < h.n; k++)
		CHECK_NEAR(h.bytes[k], 100 * 4096.0, 2 * 4096.0);
	free(h.bytes);
	CHECK_INT(mt_sim_history(&trace, 0.9, 0.1, &h), -ENODATA);
	CHECK(!h.bytes);
	mt_trace_fini(&trace);
}

/* Ten pages over and over: each counts once a second. */
static void test_distinct(void)
{
	struct mt_history h;
	double sum = 0;

	CHECK(begin("seq:region=40KiB,rate=1000/s,seed=1,keepalive=0/s"));
	CHECK_INT(mt_sim_history(&trace, 3, 0.1, &h), 0);
	CHECK_INT(h.n, 30);
	for (size_t k = 0; k < h.n; k++)
		sum += h.bytes[k];
	CHECK_NEAR(sum, 30 * 4096.0, 1);
	free(h.bytes);
	mt_trace_fini(&trace);
}

/*
 * Page after page at an even rate: each second dirties as many anew until all have been, so U(T) is
 * rate x T, and of ten seconds none has a page twice. Over and over: all in each second.
 */
static void test_seconds(void)
{
	struct mt_seconds s;

	CHECK(begin("seq:region=64MiB,rate=1000/s,seed=1,keepalive=0/s"));
	CHECK_INT(mt_sim_seconds(&trace, 5, 10, &s), 0);
	CHECK(s.n == 10 && s.lengths == 10);
	for (unsigned t = 1; t <= 10; t++)
		CHECK_NEAR(mt_seconds_dirtied(&s, t), t * 1000 * 4096.0, 2 * 4096.0);
	CHECK_NEAR(s.mw_bytes, 10 * 1000 * 4096.0, 2 * 4096.0);
	CHECK_NEAR(s.hot_bytes, 0, 0);
	CHECK_INT(mt_sim_seconds(&trace, 0, 33, &s), -EINVAL);
	mt_trace_fini(&trace);
	CHECK(begin("seq:region=40KiB,rate=1000/s,seed=1,keepalive=0/s"));
	CHECK_INT(mt_sim_seconds(&trace, 0, 32, &s), 0);
	CHECK_NEAR(mt_seconds_dirtied(&s, 16), 10 * 4096.0, 0);
	CHECK_NEAR(s.hot_bytes, 10 * 4096.0, 0);
	mt_trace_fini(&trace);
}

/*
 * U(T) of writes at random to n pages: n (1 - exp(-T rate / n)), as far as a curve says it that
 * begins without knowing; and what of it is not zero.
 */
static void test_profile(void)
{
	struct mt_beforehand before = { 0 };
	struct mt_sim_params p;
	const double n = 16384, rate = 5000;

	mt_sim_defaults(&p);
	p.memory_bytes = 256 * MT_MIB;
	CHECK(begin("uniform:region=64MiB,rate=5000/s,keepalive=0,seed=3"));
	CHECK_INT(mt_sim_profile(&trace, &p, 0.5, &before), -ENODATA);
	CHECK_INT(mt_sim_profile(&trace, &p, 16, &before), 0);
	for (double t = 0.25; t <= 16; t *= 2) {
		double bytes = n * (1 - exp(-t * rate / n)) * 4096;

		CHECK_NEAR(mt_ucurve_at(&before.u, t), bytes, (t > 4 ? 0.2 : 0.1) * bytes);
	}
	CHECK_NEAR(before.nonzero_bytes, 64.0 * MT_MIB, 3 * MT_MIB);
	p.resident_bytes = 100 * MT_MIB;
	CHECK_INT(mt_sim_profile(&trace, &p, 2, &before), 0);
	CHECK_NEAR(before.nonzero_bytes, 100.0 * MT_MIB, 1);
	mt_trace_fini(&trace);
}

static uint64_t waits;		/* of fm and am: whether they wait */

static double stall_of(const char *policy, const struct mt_history *h, double tick_ms)
{
	struct mt_limits limits = MT_LIMITS_UNSET;
	struct mt_sim_result r;
	struct mt_sim_params p;

	limits.max_downtime_ms = 300;
	limits.history = h;
	*mt_params_value(&limits.params, "waits") = waits;
	mt_sim_defaults(&p);
	p.memory_bytes = 128 * MT_MIB;
	p.log = MT_SIM_LOG_RING;
	p.bandwidth_bytes_per_s = 36.0 * MT_MIB;
	p.host.link_bytes_per_s = 40e6;
	p.downtime_limit_ms = 1;
	p.cap_ms = 100000;
	p.tick_ms = tick_ms;
	if (mt_sim_steer(&p, &trace, mt_policy_find(policy), &limits, NULL, &r) ||
	    r.end == MT_SIM_CAPPED)
		return NAN;
	return r.stall_ms;
}

/*
 * Phases of 8 s: within a migration fm and am see no quiet one before they have to plan, but am
 * knows of them from before.
 */
static void test_policies(void)
{
	struct mt_history h;
	double alone, known;

	CHECK(begin("phases:region=48MiB,rate=20000/s,period=16s,duty=50%,rate2=6000/s,region2=32MiB,seed=1"));
	CHECK_INT(mt_sim_history(&trace, 160, MT_SLOT_S, &h), 0);
	alone = stall_of("am", NULL, 0);
	known = stall_of("am", &h, 0);
	printf("# am: %.0f ms without a history, %.0f ms with one\n", alone, known);
	CHECK(known < alone / 3);
	free(h.bytes);
	mt_trace_fini(&trace);
}

/* Phases of 2.5 s: a pass is a mixture of both, a tick is not. */
static void test_ticks(void)
{
	static const char *const policies[] = { "fm", "am" };

	for (size_t i = 0; i < MT_ARRAY_SIZE(policies); i++) {
		double passes, ticks;

		CHECK(begin("phases:region=48MiB,rate=20000/s,period=5s,duty=50%,rate2=6000/s,region2=32MiB,seed=1"));
		passes = stall_of(policies[i], NULL, 0);
		ticks = stall_of(policies[i], NULL, 50);
		printf("# %s: %.0f ms by passes, %.0f ms by ticks\n", policies[i], passes, ticks);
		CHECK(ticks < passes / 1.5);
		mt_trace_fini(&trace);
	}
}

/*
 * Lows of 0.4 s every 4 s, from four places of the period: who may wait meets them better, by the
 * speed alone. (tests/data/tournament/waiting.ini has more of that.)
 */
static void test_waiting(void)
{
	double sums[2] = { 0 };

	for (int place = 0; place < 4; place++) {
		struct mt_history h;
		char words[160];

		snprintf(words, sizeof(words),
			 "phases:region=64MiB,rate=9000/s,period=4s,duty=90%%,rate2=1000/s,region2=4MiB,phase=%ds",
			 place);
		CHECK(begin(words));
		CHECK_INT(mt_sim_history(&trace, 100, MT_SLOT_S, &h), 0);
		for (waits = 0; waits < 2; waits++)
			sums[waits] += stall_of("am", &h, 50);
		waits = 0;
		free(h.bytes);
		mt_trace_fini(&trace);
	}
	printf("# am: %.0f ms, waiting %.0f ms\n", sums[0] / 4, sums[1] / 4);
	CHECK(sums[1] < 0.95 * sums[0]);
}

static const struct ktap_case cases[] = {
	{ "a profile is U(T) of the trace", test_profile },
	{ "page after page: as many as it writes", test_sequence },
	{ "ten pages over and over count once a second", test_distinct },
	{ "seconds, and windows of them, of sequences", test_seconds },
	{ "a policy that has seen the guest before", test_policies },
	{ "a policy that has a kernel source's ticks", test_ticks },
	{ "a policy that may wait between passes", test_waiting },
};
KTAP_MAIN(cases)
