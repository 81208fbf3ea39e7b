// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_policy_peers.c - other systems' policies, each rule at its edges
 *
 * The numbers are worked out by hand from what the systems publish; those of Nova's steps are the
 * ones in its own documentation.
 */
#include "policy/policy.h"
#include "ktap.h"
#include "scene.h"

#define GIB	(1024 * MT_MIB)

/* What a moment calls for: of a new limit it is how many ms. */
#define NOTHING	0
#define STOP	1000000001
#define FLIP	1000000002
#define ABORT	1000000003

static uint64_t called_for(const struct scene *s)
{
	switch (s->plan.action) {
	case MT_ACTION_SET_DOWNTIME:
		return s->plan.downtime_limit_ms;
	case MT_ACTION_STOP:
		return STOP;
	case MT_ACTION_FLIP:
		return FLIP;
	case MT_ACTION_ABORT:
		return ABORT;
	default:
		return NOTHING;
	}
}

static uint64_t look_at(struct scene *s, uint64_t now_ms)
{
	at(s, now_ms);
	return called_for(s);
}

static uint64_t pass_at(struct scene *s, uint64_t now_ms, double left_bytes)
{
	boundary(s, now_ms, left_bytes);
	return called_for(s);
}

static void give(struct scene *s, const char *param, uint64_t value)
{
	*mt_params_value(&s->limits.params, param) = value;
}

static void init(struct scene *s, const char *policy, double memory_gib)
{
	scene_init(s, policy);
	s->limits.max_downtime_ms = 10000;
	s->limits.qemu_limit_ms = 300;
	mt_sample_set(&s->sample, memory_bytes, (uint64_t)(memory_gib * GIB));
	mt_sample_set(&s->sample, bandwidth_bytes_per_s, LINK);
}

/* --- nova ------------------------------------------------------------------- */
/* Each step is due once more than its time has passed, and is asked for once. */
static void steps(const char *curve_of, uint64_t curve, const uint64_t ms[11])
{
	struct scene s;

	init(&s, "nova", 3);
	give(&s, "downtime_ceiling", 400);
	give(&s, "downtime_delay_per_gib", 30000);
	give(&s, "downtime_curve", curve);
	for (uint64_t i = 0; i <= 10; i++) {
		if (i)
			CHECK_INT(look_at(&s, i * 90000), NOTHING);
		if (look_at(&s, i * 90000 + 1) != ms[i])
			printf("# %s, step %d\n", curve_of, (int)i);
		CHECK_INT(called_for(&s), ms[i]);
		CHECK_INT(look_at(&s, i * 90000 + 50000), NOTHING);
		CHECK_INT(pass_at(&s, i * 90000 + 60000, 1e9), NOTHING);
	}
	CHECK_INT(look_at(&s, 2300000), NOTHING);
}

static void test_nova_steps(void)
{
	steps("linear", 0, (uint64_t[]){ 40, 76, 112, 148, 184, 220, 256, 292, 328, 364, 400 });
	steps("exponential", 1, (uint64_t[]){ 37, 38, 39, 42, 46, 55, 70, 98, 148, 238, 400 });
}

/* No step is more than is allowed; a small guest counts as one of 2 GiB; a late step is skipped. */
static void test_nova_bounds(void)
{
	struct scene s;

	init(&s, "nova", 0.5);
	s.limits.max_downtime_ms = 200;
	CHECK_INT(look_at(&s, 0), 20);
	CHECK_INT(look_at(&s, 150000), NOTHING);
	CHECK_INT(look_at(&s, 150001), 38);
	CHECK_INT(look_at(&s, 1500001), 200);

	init(&s, "nova", 4);
	s.sample.valid = 0;
	CHECK_INT(look_at(&s, 0), NOTHING);
	CHECK(s.plan.reason[0]);
}

static void test_nova_timeout(void)
{
	static const struct {
		double gib;
		uint64_t per_gib_ms, action;
		bool postcopy;
		uint64_t now_ms, wanted;
	} cases[] = {
		{ 3, MT_LIMIT_UNSET, 0, false, 2400000, NOTHING },
		{ 3, MT_LIMIT_UNSET, 0, false, 2400001, ABORT },
		{ 1, MT_LIMIT_UNSET, 0, false, 1600000, NOTHING },
		{ 1, MT_LIMIT_UNSET, 0, false, 1600001, ABORT },
		{ 3, 1000, 0, true, 3001, ABORT },
		{ 3, 1000, 1, true, 3000, NOTHING },
		{ 3, 1000, 1, true, 3001, FLIP },
		{ 3, 1000, 1, false, 3001, STOP },
		{ 3, MT_LIMIT_NONE, 1, true, 100000000, NOTHING },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(cases); i++) {
		struct scene s;

		init(&s, "nova", cases[i].gib);
		give(&s, "completion_timeout_per_gib", cases[i].per_gib_ms);
		give(&s, "timeout_action", cases[i].action);
		s.limits.postcopy_allowed = cases[i].postcopy;
		s.limits.qemu_limit_ms = 500;
		give(&s, "downtime_steps", 1);	/* it has all it wants: there is nothing to raise */
		pass_at(&s, 100, 1e9);
		CHECK_INT(look_at(&s, cases[i].now_ms), cases[i].wanted);
		CHECK(s.plan.reason[0]);
	}
}

/* --- ovirt ------------------------------------------------------------------ */
struct look {
	uint64_t now_ms;
	unsigned begun;		/* passes in all by then */
	uint64_t wanted;
};

static void looks(const struct look *look, size_t n, uint64_t schedule, uint64_t max_downtime_ms,
		  bool postcopy)
{
	struct scene s;

	init(&s, "ovirt", 8);
	s.limits.max_downtime_ms = max_downtime_ms;
	s.limits.postcopy_allowed = postcopy;
	give(&s, "ovirt_schedule", schedule);
	for (size_t i = 0; i < n; i++) {
		while (s.its.total < look[i].begun)
			s.its.total++;
		if (look_at(&s, look[i].now_ms) != look[i].wanted)
			printf("# schedule %d, at %d ms\n", (int)schedule, (int)look[i].now_ms);
		CHECK_INT(called_for(&s), look[i].wanted);
		CHECK(s.plan.reason[0]);
	}
}

static void test_ovirt_minimal(void)
{
	const struct look minimal[] = {
		{ 0, 0, 100 },		/* before anything */
		{ 9999, 5, NOTHING },	/* no look yet */
		{ 10000, 1 + 0, NOTHING },
		{ 20000, 5, 150 },
		{ 30000, 5, NOTHING },	/* no pass since */
		{ 39999, 6, NOTHING },
		{ 40000, 6, 200 },	/* one row at a look, however many are due */
		{ 50000, 7, 300 },
		{ 60000, 8, 400 },
		{ 70000, 9, 500 },
		{ 80000, 9, NOTHING },
		{ 90000, 10, ABORT },
	};
	const struct look slow[] = {
		{ 0, 3, 100 },		/* passes count from the first look */
		{ 10000, 4, NOTHING },	/* 1 is not more than 1 */
		{ 20000, 5, 150 },	/* 2 is */
		{ 30000, 6, 200 },
		{ 40000, 7, 300 },
		{ 50000, 8, 400 },
		{ 60000, 9, NOTHING },	/* 6 is not more than 6 */
		{ 70000, 10, 500 },
		{ 80000, 11, ABORT },
	};

	looks(minimal, 2, 0, 10000, false);
	looks(slow, MT_ARRAY_SIZE(slow), 0, 10000, false);
	looks((const struct look[]){ { 0, 0, 100 }, { 10000, 5, 150 }, { 20000, 5, NOTHING },
				     { 29999, 6, NOTHING }, { 30000, 6, NOTHING },
				     { 40000, 7, 200 } },
	      2, 0, 10000, true);
	/* Rows beyond what is allowed change nothing, and take their time. */
	looks((const struct look[]){ { 0, 0, 100 }, { 10000, 9, 150 }, { 20000, 10, 180 },
				     { 30000, 11, NOTHING }, { 40000, 12, NOTHING },
				     { 50000, 13, NOTHING }, { 60000, 14, ABORT } },
	      7, 0, 180, true);
	/* 4 rows in 4 looks, though all were due at the first. */
	looks((const struct look[]){ { 0, 0, 100 }, { 10000, 20, 150 }, { 20000, 21, 200 },
				     { 30000, 21, NOTHING }, { 40000, 22, 300 } },
	      5, 0, 10000, false);
}

static void test_ovirt_ends(void)
{
	looks((const struct look[]){ { 0, 0, 100 }, { 10000, 9, 150 }, { 20000, 10, 200 },
				     { 30000, 11, 300 }, { 40000, 12, 400 }, { 50000, 13, 500 },
				     { 60000, 14, 5000 }, { 70000, 14, NOTHING },
				     { 80000, 15, ABORT } },
	      9, 1, 10000, true);
	looks((const struct look[]){ { 0, 0, 100 }, { 10000, 9, 150 }, { 20000, 10, 200 },
				     { 30000, 11, FLIP } },
	      4, 2, 10000, true);
	looks((const struct look[]){ { 0, 0, 100 }, { 10000, 9, 150 }, { 20000, 10, 200 },
				     { 30000, 11, NOTHING }, { 40000, 12, ABORT } },
	      5, 2, 10000, false);
	looks((const struct look[]){ { 0, 0, NOTHING }, { 10000, 9, 400 }, { 20000, 10, 500 },
				     { 30000, 11, 700 }, { 40000, 12, 1000 },
				     { 50000, 13, 1500 }, { 60000, 14, 2000 },
				     { 70000, 15, ABORT } },
	      8, 3, 2000, true);
}

/* --- proxmox ------------------------------------------------------------------ */
static uint64_t proxmox_look(struct scene *s, uint64_t now_ms, uint64_t sent, uint64_t left)
{
	mt_sample_set(&s->sample, transferred_bytes, sent);
	mt_sample_set(&s->sample, remaining_bytes, left);
	return look_at(s, now_ms);
}

static void test_proxmox(void)
{
	struct scene s;
	uint64_t now = 0, sent = 1000, limit = 100;

	init(&s, "proxmox", 8);
	s.limits.max_downtime_ms = 1;	/* not heeded */
	CHECK_INT(proxmox_look(&s, 0, 0, 9000), 100);
	/* The first of a kind has nothing before it; a look too early does not count. */
	CHECK_INT(proxmox_look(&s, now += 1000, sent += 1000, 9000), NOTHING);
	for (int i = 1; i <= 5; i++) {
		CHECK_INT(proxmox_look(&s, now + 999, sent + 1, 99999), NOTHING);
		CHECK_INT(proxmox_look(&s, now += 1000, sent += 1000, 9000 + 10 * i), NOTHING);
		/* as much or less is not more, and takes nothing back */
		CHECK_INT(proxmox_look(&s, now += 1000, sent += 1000, 9000 + 10 * i), NOTHING);
		CHECK_INT(proxmox_look(&s, now += 1000, sent += 1000, 9000 + 9 * i), NOTHING);
		/* nothing was sent: it is as if nobody had looked */
		CHECK_INT(proxmox_look(&s, now += 1000, sent, 99999), NOTHING);
	}
	CHECK_INT(proxmox_look(&s, now += 1000, sent += 1000, 9100), limit *= 2);
	CHECK_INT(proxmox_look(&s, now += 1000, sent += 1000, 9000), NOTHING);
	/* Nothing left counts too, and the count begins anew each time. */
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 5; i++)
			CHECK_INT(proxmox_look(&s, now += 1000, sent += 1000, 0), NOTHING);
		CHECK_INT(proxmox_look(&s, now += 1000, sent += 1000, 0), limit *= 2);
	}
}

/* Ten times as often near the end, and QEMU's largest limit at last. */
static void test_proxmox_end(void)
{
	struct scene s;

	init(&s, "proxmox", 8);
	give(&s, "initial_downtime", 1200000);
	give(&s, "grown_looks", 0);
	CHECK_INT(proxmox_look(&s, 0, 0, 5000), 1200000);
	CHECK_INT(proxmox_look(&s, 1000, 9000, 4500), NOTHING);
	/* The average of two looks is 4500: no less is left. */
	CHECK_INT(proxmox_look(&s, 2000, 9001, 4500), NOTHING);
	CHECK_INT(proxmox_look(&s, 2999, 9002, 4600), NOTHING);
	/* Of three it is 3000. */
	CHECK_INT(proxmox_look(&s, 3000, 9003, 2999), NOTHING);
	CHECK_INT(proxmox_look(&s, 3099, 9004, 3000), NOTHING);
	CHECK_INT(proxmox_look(&s, 3100, 9005, 3000), 2000000);
	CHECK_INT(proxmox_look(&s, 3200, 9006, 3001), NOTHING);
	CHECK_INT(s.state.asked_limit_ms, 2000000);
}

/* --- kubevirt -------------------------------------------------------------------- */
static void kubevirt(struct scene *s)
{
	init(s, "kubevirt", 1);
	give(s, "progress_timeout", 10000);
	CHECK_INT(look_at(s, 400), NOTHING);	/* the bandwidth is known from here on */
}

struct passes {
	const char *what;
	struct {
		uint64_t now_ms;
		double left_mib;
	} pass[12];
	int good;		/* the pass on which it acts, counted from 0; -1: none */
};

/* Of a window of 10 s and a margin of 4 %. */
static const struct passes sequences[] = {
	{ "still shrinking", { { 1000, 100 }, { 12000, 95.9 }, { 23000, 92 }, { 34000, 88 } }, -1 },
	{ "by the margin and no more", { { 1000, 100 }, { 12000, 96 } }, 1 },
	{ "not yet as old as the window", { { 1000, 100 }, { 10999, 100 } }, -1 },
	{ "as old as the window", { { 1000, 100 }, { 11000, 100 } }, 1 },
	{ "growing within the window, shrinking over it",
	  { { 1000, 100 }, { 6000, 300 }, { 11000, 90 }, { 16000, 95 }, { 21000, 80 } },
	  -1 },
	{ "the least of all that are old enough counts",
	  { { 1000, 100 }, { 2000, 50 }, { 3000, 200 }, { 13000, 97 }, { 14000, 51 } },
	  4 },
	/* stalled against 100, with a target of 50 */
	{ "the target may be younger than the window",
	  { { 1000, 100 }, { 6000, 50 }, { 11000, 97 }, { 12000, 52.1 }, { 13000, 52 } },
	  4 },
	/* stalled at 11 s: at 21 s the target becomes 60, for 5 s; then 62.5, for 2.5 s */
	{ "patience ends",
	  { { 1000, 100 }, { 6000, 50 }, { 11000, 99 }, { 12000, 60 }, { 13000, 62.5 },
	    { 20999, 62.4 }, { 21000, 62.4 } },
	  6 },
	{ "patience gets shorter",
	  { { 1000, 100 }, { 6000, 50 }, { 11000, 99 }, { 12000, 60 }, { 13000, 80 },
	    { 21000, 90 }, { 25999, 83 }, { 26000, 83 } },
	  7 },
	{ "and shorter",
	  { { 1000, 100 }, { 6000, 50 }, { 11000, 99 }, { 12000, 60 }, { 13000, 80 },
	    { 21000, 95 }, { 26000, 95 }, { 28499, 95 }, { 28500, 95 } },
	  8 },
	{ "what was the target once is none again",
	  { { 1000, 100 }, { 6000, 50 }, { 11000, 99 }, { 12000, 60 }, { 21000, 90 },
	    { 26000, 93.6 } },
	  5 },
};

static void test_kubevirt_passes(void)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(sequences); i++) {
		const struct passes *q = &sequences[i];
		struct scene s;
		int good = -1;

		kubevirt(&s);
		give(&s, "workload_disruption", 1);
		for (int k = 0; k < 12 && q->pass[k].now_ms && good < 0; k++) {
			uint64_t did = pass_at(&s, q->pass[k].now_ms, q->pass[k].left_mib * MT_MIB);

			CHECK(s.plan.reason[0]);
			CHECK(did == NOTHING || did == STOP);
			if (did == STOP)
				good = k;
		}
		if (good != q->good)
			printf("# %s\n", q->what);
		CHECK_INT(good, q->good);
	}
}

/* Stalled at once, and on a good pass: what then? 100 MiB take 1 s. */
static void test_kubevirt_acts(void)
{
	static const struct {
		double left_mib;
		uint64_t max_downtime_ms;
		bool postcopy, disruption;
		uint64_t wanted;
	} cases[] = {
		{ 50, 10000, false, false, 900 },
		{ 90, 10000, false, false, 900 },
		{ 135, 10000, false, false, 900 },
		{ 136, 10000, false, false, ABORT },
		{ 75, 500, false, false, 500 },
		{ 76, 500, false, false, ABORT },
		{ 1000, 500, true, false, FLIP },
		{ 1, 500, true, true, FLIP },
		{ 1000, 500, false, true, STOP },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(cases); i++) {
		struct scene s;

		kubevirt(&s);
		s.limits.max_downtime_ms = cases[i].max_downtime_ms;
		s.limits.postcopy_allowed = cases[i].postcopy;
		give(&s, "workload_disruption", cases[i].disruption);
		CHECK_INT(pass_at(&s, 1000, cases[i].left_mib * MT_MIB), NOTHING);
		CHECK_INT(pass_at(&s, 11000, cases[i].left_mib * MT_MIB), cases[i].wanted);
		CHECK(s.plan.reason[0]);
	}
}

/* Without a search for a minimum the pass that tells of the stall is as good as any. */
static void test_kubevirt_anywhere(void)
{
	struct scene s;

	for (int search = 0; search < 2; search++) {
		kubevirt(&s);
		give(&s, "local_minimum", (uint64_t)search);
		s.limits.postcopy_allowed = true;
		pass_at(&s, 1000, 100 * MT_MIB);
		pass_at(&s, 6000, 50 * MT_MIB);
		CHECK_INT(pass_at(&s, 11000, 300 * MT_MIB), search ? NOTHING : FLIP);
	}
}

/* The average of 100, 200 and, at looks too early or at the end of a pass, nothing. */
static void test_kubevirt_bandwidth(void)
{
	for (int k = 0; k < 2; k++) {
		struct scene s;

		kubevirt(&s);
		mt_sample_set(&s.sample, bandwidth_bytes_per_s, 7 * LINK);
		CHECK_INT(look_at(&s, 799), NOTHING);
		mt_sample_set(&s.sample, bandwidth_bytes_per_s, 2 * LINK);
		CHECK_INT(look_at(&s, 800), NOTHING);
		mt_sample_set(&s.sample, bandwidth_bytes_per_s, 7 * LINK);
		/* 140 MiB/s: 189 MiB take 1350 ms, which is 1.5 x 900 */
		CHECK_INT(pass_at(&s, 2000, (189 + k) * MT_MIB), NOTHING);
		CHECK_INT(pass_at(&s, 12000, (189 + k) * MT_MIB), k ? ABORT : 900);
	}
}

/* A raised limit that does not end it; and one that is not taken is asked for again. */
static void test_kubevirt_raised(void)
{
	struct scene s;

	kubevirt(&s);
	pass_at(&s, 1000, 50 * MT_MIB);
	CHECK_INT(pass_at(&s, 11000, 50 * MT_MIB), 900);
	mt_policy_refused(&s.state, MT_ACTION_SET_DOWNTIME);
	CHECK_INT(look_at(&s, 12000), 900);
	CHECK_INT(pass_at(&s, 13000, 10 * MT_MIB), NOTHING);
	CHECK_INT(look_at(&s, 71000), NOTHING);
	CHECK_INT(look_at(&s, 71001), ABORT);
}

/* Its own timeout, 150 s for the GiB that this guest has, and twice that for what comes of it. */
static void test_kubevirt_timeout(void)
{
	static const struct {
		double left_mib;
		bool postcopy, disruption;
		uint64_t wanted;
	} cases[] = {
		{ 50, false, false, ABORT }, { 50, true, false, FLIP }, { 50, false, true, STOP },
		{ 14999, true, true, FLIP }, { 15001, true, true, ABORT },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(cases); i++) {
		struct scene s;

		kubevirt(&s);
		give(&s, "progress_timeout", 1000000);
		s.limits.postcopy_allowed = cases[i].postcopy;
		give(&s, "workload_disruption", cases[i].disruption);
		CHECK_INT(pass_at(&s, 140000, cases[i].left_mib * MT_MIB), NOTHING);
		CHECK_INT(look_at(&s, 150000), NOTHING);
		CHECK_INT(look_at(&s, 150001), cases[i].wanted);
	}
}

/* A pass that is good but could not be sent in time is let pass. */
static void test_kubevirt_budget(void)
{
	for (int k = 0; k < 2; k++) {
		struct scene s;

		kubevirt(&s);
		s.limits.postcopy_allowed = true;
		pass_at(&s, 100000, (18999.0 + 2 * k) * MT_MIB);
		CHECK_INT(pass_at(&s, 110000, (18999.0 + 2 * k) * MT_MIB), k ? NOTHING : FLIP);
		CHECK(s.plan.reason[0]);
	}
}

/* QEMU's limit at the begin is 300 ms, or what is allowed. */
static void test_kubevirt_begin(void)
{
	static const uint64_t limits[][3] = {	/* allowed, QEMU's, wanted */
		{ 10000, 300, NOTHING },
		{ 10000, 440, 300 },
		{ 200, 300, 200 },
		{ 200, 200, NOTHING },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(limits); i++) {
		struct scene s;

		init(&s, "kubevirt", 1);
		s.limits.max_downtime_ms = limits[i][0];
		s.limits.qemu_limit_ms = limits[i][1];
		CHECK_INT(look_at(&s, 0), limits[i][2]);
		CHECK_INT(look_at(&s, 10), NOTHING);
	}
}

/* --- ramp ------------------------------------------------------------------------- */
static void test_ramp(void)
{
	struct scene s;
	uint64_t now = 50000;

	init(&s, "ramp", 8);
	CHECK_INT(look_at(&s, 0), 150);
	CHECK_INT(pass_at(&s, 20000, 1e9), NOTHING);
	CHECK_INT(pass_at(&s, 40000, 1e9), NOTHING);
	CHECK_INT(look_at(&s, 49999), NOTHING);
	CHECK_INT(pass_at(&s, now, 1e9), NOTHING);
	for (uint64_t k = 1; k <= 7; k++) {
		CHECK_INT(look_at(&s, now + 9999), NOTHING);
		CHECK_INT(look_at(&s, now += 10000), 150 + 900 * k / 7);
	}
	CHECK_INT(look_at(&s, now + 10000), NOTHING);
	CHECK_INT(look_at(&s, 1200000), NOTHING);
	CHECK_INT(look_at(&s, 1200001), ABORT);
}

static void test_ramp_bounds(void)
{
	struct scene s;

	/* Up to what is allowed, in as many steps; a late look makes one step, not two. */
	init(&s, "ramp", 8);
	s.limits.max_downtime_ms = 500;
	give(&s, "ramp_after_pass", 0);
	CHECK_INT(look_at(&s, 0), 150);
	CHECK_INT(look_at(&s, 30000), 200);
	CHECK_INT(look_at(&s, 39999), NOTHING);
	CHECK_INT(look_at(&s, 40000), 250);

	/* Where less is allowed than it begins with there is no step. */
	init(&s, "ramp", 8);
	s.limits.max_downtime_ms = 100;
	give(&s, "ramp_after_pass", 0);
	give(&s, "completion_timeout_per_gib", 100000);
	s.limits.postcopy_allowed = true;
	CHECK_INT(look_at(&s, 0), 100);
	CHECK_INT(pass_at(&s, 100000, 1e9), NOTHING);
	CHECK_INT(look_at(&s, 800001), FLIP);
}

/* --- what they share ------------------------------------------------------------- */
/* A limit that was not set is asked for again: always if dropped, three times if refused. */
static void test_limit_again(void)
{
	struct scene s;

	init(&s, "ramp", 8);
	for (int i = 0; i < 5; i++) {
		CHECK_INT(look_at(&s, 100), 150);
		mt_policy_dropped(&s.state);
	}
	for (int i = 0; i < MT_POLICY_TRIES; i++) {
		CHECK_INT(look_at(&s, 100), 150);
		mt_policy_refused(&s.state, MT_ACTION_SET_DOWNTIME);
	}
	CHECK_INT(look_at(&s, 100), NOTHING);

	/* And one that is in force already is not asked for. */
	init(&s, "ramp", 8);
	s.limits.qemu_limit_ms = 150;
	CHECK_INT(look_at(&s, 0), NOTHING);
}

static void count_line(bool error, const char *line, void *n)
{
	*(int *)n += strstr(line, "does not heed max_downtime") != NULL;
}

/* Whose word on the pause is the operator's, with which parameters. */
static void test_heeds(void)
{
	static const struct {
		const char *policy, *param;
		uint64_t value;
		int warnings;
	} cases[] = {
		{ "nova", "timeout_action", 0, 0 },	 { "nova", "timeout_action", 1, 1 },
		{ "ovirt", "ovirt_schedule", 1, 0 },	 { "proxmox", "grown_looks", 5, 1 },
		{ "kubevirt", "workload_disruption", 0, 0 },
		{ "kubevirt", "workload_disruption", 1, 1 }, { "ramp", "cooldown", 1, 0 },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(cases); i++) {
		struct scene s;
		int n = 0;

		init(&s, cases[i].policy, 1);
		give(&s, cases[i].param, cases[i].value);
		CHECK_INT(mt_limits_check(s.policy, &s.limits, count_line, &n), 0);
		CHECK_INT(n, cases[i].warnings);
	}
}

/* What is in a recording is not what an option would have taken. */
static void test_hostile_params(void)
{
	static const uint64_t values[] = { 0, 1, 7, 1000001, MT_LIMIT_NONE, UINT64_MAX - 1 };

	for (size_t p = 0; mt_policy_at(p); p++) {
		for (size_t v = 0; v < MT_ARRAY_SIZE(values); v++) {
			uint64_t own[MT_POLICY_PARAMS_MAX], now = 0;
			struct scene s;

			init(&s, mt_policy_at(p)->name, 1);
			for (size_t i = 0; mt_param_at(i); i++)
				s.limits.params.value[i] = values[v];
			mt_policy_params(s.policy, &s.limits, own);
			for (int i = 0; s.policy->params && s.policy->params[i].name; i++)
				CHECK((own[i] >= s.policy->params[i].min &&
				       own[i] <= s.policy->params[i].max) ||
				      (own[i] == MT_LIMIT_NONE &&
				       s.policy->params[i].kind == MT_PARAM_DURATION_OR_NONE));
			for (int i = 0; i < 50; i++)
				pass_at(&s, now += 3000, 1e8);
		}
	}
}

/* Rows that share a name share what may be given for it; all fit where they are kept. */
static void test_params_agree(void)
{
	size_t n = 0;

	while (mt_param_at(n))
		n++;
	CHECK(n <= MT_PARAMS_MAX);
	for (size_t p = 0; mt_policy_at(p); p++) {
		const struct mt_param *q = mt_policy_at(p)->params;

		for (size_t i = 0; q && q[i].name; i++) {
			char key[MT_PARAM_NAME_MAX], text[MT_PARAM_TEXT_MAX];
			const struct mt_param *first = NULL;
			bool word = q[i].kind == MT_PARAM_WORD;

			CHECK(i < MT_POLICY_PARAMS_MAX);
			for (size_t k = 0; k < n && !first; k++)
				if (!strcmp(mt_param_at(k)->name, q[i].name))
					first = mt_param_at(k);
			CHECK(first && first->kind == q[i].kind && first->min == q[i].min &&
			      first->max == q[i].max && first->words == q[i].words);
			CHECK(q[i].initial == MT_LIMIT_NONE ||
			      (q[i].initial >= q[i].min && q[i].initial <= q[i].max));
			CHECK(strlen(mt_param_key(key, &q[i])) < MT_PARAM_NAME_MAX - 1);
			CHECK(!word || (q[i].words[q[i].max] && !q[i].words[q[i].max + 1]));
			mt_param_text(text, &q[i], q[i].max);
			CHECK(!word || mt_word_find(q[i].words, text) == (int)q[i].max);
		}
	}
}

static void test_param_texts(void)
{
	static const char *const words[] = { "abort", "pause", "force-complete", NULL };
	const struct mt_param word = { "w", MT_PARAM_WORD, .max = 2, .words = words };
	const struct {
		enum mt_param_kind kind;
		uint64_t v;
		const char *text, *read;
	} cases[] = {
		{ MT_PARAM_DURATION, 0, "0ms", "0 ms" },
		{ MT_PARAM_DURATION, 1500, "1500ms", "1.5 s" },
		{ MT_PARAM_DURATION, 30000, "30s", "30.0 s" },
		{ MT_PARAM_DURATION_OR_NONE, MT_LIMIT_NONE, "none", "none" },
		{ MT_PARAM_COUNT, 12, "12", "12" },
		{ MT_PARAM_PERCENT, 150, "150%", "150%" },
	};
	char buf[MT_PARAM_TEXT_MAX], all[64];

	for (size_t i = 0; i < MT_ARRAY_SIZE(cases); i++) {
		const struct mt_param p = { .name = "p", .kind = cases[i].kind };

		CHECK_STR(mt_param_text(buf, &p, cases[i].v), cases[i].text);
		CHECK_STR(mt_param_read(buf, &p, cases[i].v), cases[i].read);
	}
	CHECK_STR(mt_param_text(buf, &word, 2), "force-complete");
	CHECK_STR(mt_param_text(buf, &word, 3), "?");
	CHECK_STR(mt_param_words(all, sizeof(all), &word, "*"),
		  "*abort*, *pause* or *force-complete*");
	CHECK_INT(mt_word_find(words, "pause"), 1);
	CHECK_INT(mt_word_find(words, "paus"), -1);
}

static const struct ktap_case cases[] = {
	{ "nova's steps are those of its documentation", test_nova_steps },
	{ "nova's steps end where they have to", test_nova_bounds },
	{ "nova's timeout and what it does then", test_nova_timeout },
	{ "ovirt takes a row at a look, as passes go by", test_ovirt_minimal },
	{ "ovirt's schedules end as they say", test_ovirt_ends },
	{ "proxmox doubles after more than five looks", test_proxmox },
	{ "proxmox near the end, and its largest limit", test_proxmox_end },
	{ "kubevirt finds the stall and a good pass, for each sequence", test_kubevirt_passes },
	{ "kubevirt does what is allowed then", test_kubevirt_acts },
	{ "kubevirt without a search for a minimum", test_kubevirt_anywhere },
	{ "kubevirt averages the bandwidth", test_kubevirt_bandwidth },
	{ "kubevirt's raised limit has its time", test_kubevirt_raised },
	{ "kubevirt's completion timeout", test_kubevirt_timeout },
	{ "kubevirt lets pass what could not end in time", test_kubevirt_budget },
	{ "kubevirt's limit at the begin", test_kubevirt_begin },
	{ "ramp rises after its pass, a step for each cool-down", test_ramp },
	{ "ramp within what is allowed", test_ramp_bounds },
	{ "a limit that was not set is asked for again", test_limit_again },
	{ "who heeds max_downtime, and with which parameters", test_heeds },
	{ "parameters that nobody could have given", test_hostile_params },
	{ "parameters of one name agree", test_params_agree },
	{ "parameters as text", test_param_texts },
};

KTAP_MAIN(cases)
