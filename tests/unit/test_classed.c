// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_classed.c - policies by the class of the workload, on migrations that are played page by
 * page while the guest's CPU and network are made up
 */
#include <string.h>

#include "policy/engine.h"
#include "ktap.h"
#include "migration.h"

#define RUN_MS	20000

/* In second n of the migration: what it does. cpu 0: nothing is told. */
struct activity {
	unsigned from_s;
	double cpu, in_share, out_share;	/* of one vCPU, of the link */
};

struct run {
	enum mt_action action;
	uint64_t passes;		/* finished when it acted */
	double at_ms;
	char reason[384];
};

static const struct activity *at(const struct activity *a, double s)
{
	while (a[1].from_s && s >= a[1].from_s)
		a++;
	return a;
}

static void tell_work(struct mt_engine *e, const struct activity *a, uint64_t t_ns)
{
	struct mt_work w = { .t_ns = t_ns, .start_ns = t_ns - MT_NS_PER_S };

	if (!a->cpu)
		return;
	mt_work_put(&w, MT_WORK_vcpus, 1);
	mt_work_put(&w, MT_WORK_cpu_ns, (uint64_t)(a->cpu * 1e9));
	mt_work_put(&w, MT_WORK_net_received_bytes, (uint64_t)(a->in_share * MIGRATION_LINK));
	mt_work_put(&w, MT_WORK_net_sent_bytes, (uint64_t)(a->out_share * MIGRATION_LINK));
	mt_engine_work(e, &w);
}

static const struct migration_guest *guest_of(const char *name)
{
	const struct migration_guest *g = migration_guests;

	while (strcmp(g->name, name))
		g++;
	return g;
}

static double link_bytes_per_s = MIGRATION_LINK;

static struct run run(const char *policy, const char *guest, const struct activity *activity,
		      struct mt_limits limits)
{
	struct run r = { 0 };
	struct mt_engine e;
	struct migration m;
	struct mt_sample s;
	struct mt_plan plan;
	uint64_t told_ns = 0;

	limits.qemu_limit_ms = MIGRATION_LIMIT_MS;
	mt_engine_init(&e, mt_policy_find(policy), &limits);
	migration_init(&m, guest_of(guest), link_bytes_per_s, MIGRATION_LIMIT_MS, 1);
	while (!r.action && migration_ms(&m) < RUN_MS && migration_next(&m, &s)) {
		if (s.t_ns >= told_ns + MT_NS_PER_S) {
			tell_work(&e, at(activity, migration_ms(&m) / 1e3), s.t_ns);
			told_ns = s.t_ns;
		}
		mt_engine_feed(&e, &s, &plan);
		r.action = plan.action;
		r.passes = e.iterations.total;
		r.at_ms = migration_ms(&m);
		if (*plan.reason)
			memcpy(r.reason, plan.reason, sizeof(r.reason));
	}
	return r;
}

static struct mt_limits limits_of(bool postcopy)
{
	struct mt_limits l = MT_LIMITS_UNSET;

	l.postcopy_allowed = postcopy;
	l.max_downtime_ms = MIGRATION_ALLOWED_MS;
	l.fixed_ms = MIGRATION_FIXED_MS;
	return l;
}

#define ENDLESS	"uniform, 1.5 x the link"
#define HOT	"hot set above threshold"	/* its passes do not shrink, and are short */

static const struct activity cpu[] = { { 0, 0.9, 0.01, 0.01 }, { 0 } };
static const struct activity calm[] = { { 0, 0.3, 0.01, 0.01 }, { 0 } };
static const struct activity untold[] = { { 0 }, { 0 } };
static const struct activity in[] = { { 0, 0.3, 1.9, 0.1 }, { 0 } };
static const struct activity out[] = { { 0, 0.3, 0.1, 1.9 }, { 0 } };

static void memory_intensive(void)
{
	struct run r = run("walm", ENDLESS, calm, limits_of(true));

	CHECK_INT(r.action, MT_ACTION_FLIP);
	CHECK(r.passes >= 1 && r.at_ms < 6000);
	CHECK(!strncmp(r.reason, "memory-intensive: dirties ", 26));
	CHECK(strstr(r.reason, "CPU 30 %") && strstr(r.reason, "; post-copy"));
	/* and by passes alone: they tell enough */
	r = run("walm", ENDLESS, untold, limits_of(true));
	CHECK_INT(r.action, MT_ACTION_FLIP);
	CHECK(strstr(r.reason, "CPU not known"));
}

/* The same passes as for ihm, and the same moment. */
static void not_allowed(void)
{
	struct run ihm = run("ihm", ENDLESS, calm, limits_of(false)),
		   r = run("walm", ENDLESS, calm, limits_of(false));

	CHECK_INT(ihm.action, MT_ACTION_STOP);
	CHECK_INT(r.action, MT_ACTION_STOP);
	CHECK_INT(r.passes, ihm.passes);
	CHECK(strstr(r.reason, "post-copy, which is not allowed: stopped as in hybrid"));
}

static void network_intensive(void)
{
	struct mt_limits limits = limits_of(true);
	struct run r;

	*mt_params_value(&limits.params, "memory_percent") = 900;	/* it is not that */
	r = run("walm", ENDLESS, in, limits);
	CHECK_INT(r.action, MT_ACTION_CONTINUE);
	CHECK(!strncmp(r.reason, "network-in: ", 12) &&
	      strstr(r.reason, "pre-copy, which QEMU ends by itself"));
	r = run("walm", ENDLESS, out, limits);
	CHECK_INT(r.action, MT_ACTION_FLIP);
	CHECK(!strncmp(r.reason, "network-out: ", 13));
	CHECK(r.passes >= 1 && r.at_ms < 6000);
}

static void others_by_hybrid(void)
{
	struct mt_limits limits = limits_of(true);
	struct run ihm = run("ihm", HOT, cpu, limits), r;

	*mt_params_value(&limits.params, "memory_percent") = 900;
	r = run("walm", HOT, cpu, limits);
	CHECK_INT(ihm.action, MT_ACTION_FLIP);
	CHECK_INT(r.action, MT_ACTION_FLIP);
	CHECK_INT(r.passes, ihm.passes);
	CHECK(!strncmp(r.reason, "cpu-intensive: ", 15) && strstr(r.reason, "; hybrid: "));
	r = run("walm", HOT, untold, limits);
	CHECK_INT(r.passes, ihm.passes);
	CHECK(!strncmp(r.reason, "unknown: ", 9) &&
	      strstr(r.reason, "by the dirty rate of passes alone, since there are no statistics"));
}

static void class_changes(void)
{
	static const struct activity begins_to_send[] = {
		{ 0, 0.3, 1.9, 0.1 }, { 10, 0.3, 0.1, 1.9 }, { 0 }
	};
	static const struct activity flaps[] = {
		{ 0, 0.3, 1.9, 0.1 }, { 4, 0.3, 0.1, 1.9 }, { 5, 0.3, 1.9, 0.1 },
		{ 8, 0.3, 0.1, 1.9 }, { 9, 0.3, 1.9, 0.1 }, { 0 }
	};
	struct mt_limits limits = limits_of(true);
	struct run r;

	*mt_params_value(&limits.params, "memory_percent") = 900;
	r = run("walm", ENDLESS, begins_to_send, limits);
	CHECK_INT(r.action, MT_ACTION_FLIP);
	CHECK(r.at_ms > 12000 && r.at_ms < 16000);	/* three of five seconds */
	r = run("walm", ENDLESS, flaps, limits);
	CHECK_INT(r.action, MT_ACTION_CONTINUE);
}

static void at_once(void)
{
	struct mt_limits limits = limits_of(true);
	struct run r;

	*mt_params_value(&limits.params, "passes") = 0;
	*mt_params_value(&limits.params, "memory_percent") = 900;
	link_bytes_per_s = MIGRATION_LINK / 4;	/* a first pass of 8 s */
	r = run("walm", "uniform, slow", out, limits);
	CHECK_INT(r.action, MT_ACTION_FLIP);
	CHECK_INT(r.passes, 0);
	CHECK(r.at_ms >= 2000 && r.at_ms < 5000);
	*mt_params_value(&limits.params, "passes") = 1;
	r = run("walm", "uniform, slow", out, limits);
	CHECK_INT(r.action, MT_ACTION_FLIP);
	CHECK_INT(r.passes, 1);
	link_bytes_per_s = MIGRATION_LINK;
	*mt_params_value(&limits.params, "passes") = 3;
	r = run("walm", "uniform, 2.4 x the link", out, limits);
	CHECK_INT(r.action, MT_ACTION_FLIP);
	CHECK_INT(r.passes, 3);
}

static void converging_ones_are_left_alone(void)
{
	static const char *const policies[] = { "walm", "solive" };

	for (size_t i = 0; i < MT_ARRAY_SIZE(policies); i++) {
		struct run r = run(policies[i], "uniform, slow", calm, limits_of(true));

		CHECK(r.action == MT_ACTION_CONTINUE ||
		      (r.action == MT_ACTION_STOP && !strcmp(policies[i], "solive")));
	}
}

static void solive(void)
{
	struct run r = run("solive", ENDLESS, calm, limits_of(true));

	CHECK_INT(r.action, MT_ACTION_FLIP);
	CHECK(r.at_ms < 6000 && strstr(r.reason, "post-copy ends it soonest"));
	r = run("solive", ENDLESS, calm, limits_of(false));
	CHECK_INT(r.action, MT_ACTION_CONTINUE);
	r = run("solive", HOT, calm, limits_of(false));
	CHECK_INT(r.action, MT_ACTION_STOP);
	CHECK(strstr(r.reason, "stopping now pauses the guest for"));
}

static const struct ktap_case cases[] = {
	{ "walm: a memory-intensive guest goes by post-copy", memory_intensive },
	{ "walm: without post-copy it stops when ihm would", not_allowed },
	{ "walm: a network-intensive one by the direction", network_intensive },
	{ "walm: others as ihm, and it says so when nothing is known", others_by_hybrid },
	{ "walm: another class is another method, a short one is not", class_changes },
	{ "walm: post-copy after as many passes as it is told", at_once },
	{ "walm and solive leave converging guests alone", converging_ones_are_left_alone },
	{ "solive: the quickest end within what is allowed", solive },
};
KTAP_MAIN(cases)
