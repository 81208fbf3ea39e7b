// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_sim.c - what a migration costs, against sums that can be made on paper
 */
#include <errno.h>

#include "base/units.h"
#include "simguest.h"

#define LINK	50e6

/* A guest of 1 GiB on hosts that take no time. */
static void set_up(struct mt_sim_params *p, const char *method)
{
	mt_sim_defaults(p);
	p->memory_bytes = 1ULL << 30;
	p->method = *mt_method_find(method);
	p->host = (struct mt_sim_host){
		.link_bytes_per_s = LINK, .buffer_bytes = 65536, .there_buffer_bytes = 65536,
		.page_ns = 1, .zero_page_ns = 1,
		.xbzrle_page_ns = 1, .compress_page_ns = 1, .beat_touches = 32,
	};
}

static void run(const struct mt_sim_params *p, const char *text, const struct mt_sim_hooks *hooks,
		struct mt_sim_result *r)
{
	struct mt_err err = { 0 };
	struct mt_trace t;

	CHECK_INT(mt_sim_check(p, &err), 0);
	CHECK_INT(mt_trace_pattern(&t, text, &err), 0);
	CHECK_INT(mt_sim_run(p, &t, hooks, r), 0);
	mt_trace_fini(&t);
}

/* --- closed forms ------------------------------------------------------- */
static void test_idle(void)
{
	double normal = 50000, zero = (1 << 18) - normal, bytes = normal * (4096 + 8) + zero * 9;
	struct mt_sim_params p;
	struct mt_sim_result r;

	set_up(&p, "precopy");
	p.resident_bytes = (uint64_t)normal * 4096;
	CHECK_INT(mt_sim_run(&p, NULL, NULL, &r), 0);
	CHECK_INT(r.end, MT_SIM_CONVERGED);
	CHECK_INT(r.normal_pages, normal);
	CHECK_INT(r.zero_pages, zero);
	CHECK_NEAR(r.total_ms, bytes / LINK * 1e3, 0.001 * r.total_ms);
	/* Beside the pages 8 bytes a slice. */
	CHECK(r.transferred_bytes >= bytes &&
	      r.transferred_bytes < bytes + 8 * (r.total_ms / 50 + 10));
}

/* A limit below the link's rate: budgets of 100 ms, and a page more in each. */
static void test_limited(void)
{
	double normal = 1 << 18, budget = 30e6 / 10 + 4104;
	struct mt_sim_params p;
	struct mt_sim_result r;

	set_up(&p, "precopy");
	p.resident_bytes = p.memory_bytes;
	p.bandwidth_bytes_per_s = 30e6;
	CHECK_INT(mt_sim_run(&p, NULL, NULL, &r), 0);
	CHECK_NEAR(r.total_ms, normal * 4104 / budget * 100, 400);
	CHECK_NEAR(r.bandwidth_bytes_per_s, 30e6, 0.01 * 30e6);
	/* The last 300 ms' worth of the limit goes at the link's rate. */
	CHECK(r.downtime_ms <= 300 * 30e6 / LINK * 1.01);
	CHECK(r.downtime_ms >= 200 * 30e6 / LINK * 0.9);
	/* A thread that wakes up late each time needs so much longer. */
	p.host.wake_ms = 2;
	CHECK_INT(mt_sim_run(&p, NULL, NULL, &r), 0);
	CHECK_NEAR(r.total_ms, normal * 4104 / budget * 102, 400);
}

static void keep_durations(void *opaque, const struct mt_sim_pass *pass)
{
	double *ms = opaque;

	if (pass->n <= 4)
		ms[pass->n - 1] = pass->duration_ms;
}

/*
 * Nothing is written twice in a pass: what is dirtied is rate x time, and all of it goes once more.
 */
static void test_proportional(void)
{
	double rate = 0.4 * LINK / 4104, first = (1 << 18) * 4104.0, ms[4] = { 0 };
	const struct mt_sim_hooks hooks = { .opaque = ms, .pass = keep_durations };
	struct mt_sim_params p;
	struct mt_sim_result r;
	char text[128];

	set_up(&p, "precopy");
	p.log = MT_SIM_LOG_RING;
	snprintf(text, sizeof(text),
		 "seq:region=1020M,rate=%.0f/s,at=1M,resident=1024M,keepalive=0", rate);
	run(&p, text, &hooks, &r);
	CHECK_INT(r.end, MT_SIM_CONVERGED);
	/* Total = first + rate x (total - downtime), all at the link's rate. */
	CHECK_NEAR(r.total_ms,
		   (first - rate * 4104 * r.downtime_ms / 1e3) / (LINK - rate * 4104) * 1e3,
		   0.01 * r.total_ms);
	CHECK(r.downtime_ms <= 300);
	/*
	 * A pass leaves just under 300 ms of the link to the next one, which sends that and what
	 * was dirtied.
	 */
	for (size_t i = 1; i < 4; i++)
		CHECK_NEAR(ms[i], 0.4 * ms[i - 1], 0.1 * ms[i] + (i == 1 ? 300 : 60));
}

/*
 * A uniform guest: U(T) = n (1 - e^(-r T / n)). What a pass leaves fits the limit L for some T that
 * is a fixed point only if U(L) x 4104 <= link x L; a third above that it never does.
 */
static double at_root(double n, double limit_s)
{
	return -n / limit_s * log1p(-LINK * limit_s / 4104 / n);
}

static void test_root(void)
{
	struct mt_sim_params p;
	struct mt_sim_result r;
	char text[128];
	double root = at_root(16384, 0.3);

	set_up(&p, "precopy");
	p.log = MT_SIM_LOG_RING;
	p.cap_ms = 120e3;
	snprintf(text, sizeof(text), "uniform:region=64M,rate=%.0f/s,resident=1024M", root * 0.75);
	run(&p, text, NULL, &r);
	CHECK_INT(r.end, MT_SIM_CONVERGED);
	CHECK(r.total_ms < 40e3);
	snprintf(text, sizeof(text), "uniform:region=64M,rate=%.0f/s,resident=1024M", root * 1.33);
	run(&p, text, NULL, &r);
	CHECK_INT(r.end, MT_SIM_CAPPED);
	CHECK(isnan(r.downtime_ms));
	/* With more link it would. */
	p.host.link_bytes_per_s = 2 * LINK;
	run(&p, text, NULL, &r);
	CHECK_INT(r.end, MT_SIM_CONVERGED);
}

/* --- methods ---------------------------------------------------------------- */
struct steps {
	unsigned percent[64];
	double at_ms[64];
	size_t n;
};

static void on_step(void *opaque, const struct mt_sim_pass *pass)
{
	struct steps *st = opaque;

	if (st->n == 64 || (st->n && st->percent[st->n - 1] == pass->throttle_percent) ||
	    !pass->throttle_percent)
		return;
	st->percent[st->n] = pass->throttle_percent;
	st->at_ms[st->n++] = pass->start_ms + pass->duration_ms;
}

static void test_throttle(void)
{
	struct steps st = { .n = 0 };
	const struct mt_sim_hooks hooks = { .opaque = &st, .pass = on_step };
	struct mt_sim_params p;
	struct mt_sim_result r;

	set_up(&p, "autoconverge");
	p.memory_bytes = 256 << 20;
	/* backlog=0: what a throttled guest does not write it never does. */
	run(&p, "uniform:region=128M,rate=40000/s,backlog=0", &hooks, &r);
	CHECK_INT(r.end, MT_SIM_CONVERGED);
	CHECK(st.n >= 3);
	for (size_t i = 0; i < st.n; i++)
		CHECK_INT(st.percent[i], 20 + 10 * i);
	/* Twice above the trigger, looked at once a second at most. */
	for (size_t i = 1; i < st.n; i++)
		CHECK(st.at_ms[i] - st.at_ms[i - 1] > 2000);
	CHECK_INT(r.throttle_percent, st.percent[st.n - 1]);
	/* A vCPU sleeps 10 ms x p / (1 - p) at a time. */
	CHECK(r.stall_ms >= 10.0 * r.throttle_percent / (100 - r.throttle_percent));
	p.method = *mt_method_find("precopy");
	p.cap_ms = r.total_ms * 3;
	run(&p, "uniform:region=128M,rate=40000/s,backlog=0", NULL, &r);
	CHECK_INT(r.end, MT_SIM_CAPPED);
}

static void count_writes(void *opaque, uint64_t page)
{
	++*(uint64_t *)opaque;
}

/* How far a throttled guest is slowed down: by all it sleeps, or by what it cannot make up for. */
static void test_throttled_speed(void)
{
	static const struct { const char *text; double share; } guests[] = {
		{ "uniform:region=1G,rate=20000/s,keepalive=0,backlog=0", 0.5 },
		{ "uniform:region=1G,rate=20000/s,keepalive=0,backlog=4ms", 0.7 },
		{ "uniform:region=1G,rate=20000/s,keepalive=0,backlog=10ms", 1 },
		/* A guest that can do no more than 24000 a second does 12000 in half the time. */
		{ "uniform:region=1G,rate=20000/s,keepalive=0,backlog=10ms,top=24000/s", 0.6 },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(guests); i++) {
		uint64_t writes = 0;
		const struct mt_sim_hooks hooks = { .opaque = &writes, .written = count_writes };
		struct mt_sim_params p;
		struct mt_sim_result r;
		double whole;

		set_up(&p, "autoconverge");
		p.throttle_initial_percent = p.throttle_max_percent = 50;
		p.cap_ms = 60e3;
		run(&p, guests[i].text, &hooks, &r);
		CHECK_INT(r.end, MT_SIM_CAPPED);
		whole = 20000 * r.total_ms / 1e3;
		/* Two passes of 21 s go by before it is throttled at all. */
		CHECK(writes < whole * (0.75 + guests[i].share / 4) + 1);
		CHECK(writes >= whole * guests[i].share * 0.99);
	}
}

static void test_xbzrle(void)
{
	struct mt_sim_params p;
	struct mt_sim_result r, plain;
	const char *text = "uniform:region=32M,rate=4000/s,resident=512M";

	set_up(&p, "precopy");
	p.memory_bytes = 512 << 20;
	p.host.link_bytes_per_s = 10e6;
	p.downtime_limit_ms = 100;
	p.cap_ms = 100e3;
	run(&p, text, NULL, &plain);
	CHECK_INT(plain.end, MT_SIM_CAPPED);
	p.method = *mt_method_find("xbzrle");
	run(&p, text, NULL, &r);
	CHECK_INT(r.end, MT_SIM_CONVERGED);
	/*
	 * Nothing is cached in the first pass. In the second all of the region goes, for the first
	 * time into the cache.
	 */
	CHECK(r.transferred_bytes > 131072 * 4104.0 + 7000 * 4104.0);
	CHECK(r.transferred_bytes < 131072 * 4104.0 + 12000 * 4104.0);
	/*
	 * A cache smaller than the region: neighbours 2048 apart drive each other out, or keep each
	 * other out.
	 */
	p.xbzrle_cache_bytes = 8 << 20;
	run(&p, text, NULL, &r);
	CHECK_INT(r.end, MT_SIM_CAPPED);
}

static void test_compression(void)
{
	struct mt_sim_params p;
	struct mt_sim_result r;

	set_up(&p, "compression");
	run(&p, "idle:region=512M,at=0K,keepalive=0", NULL, &r);
	/* Sparse pages: 95 bytes and a header of 12. */
	CHECK_NEAR(r.transferred_bytes, (r.normal_pages - 0.0) * 107 + r.zero_pages * 9.0, 1000);
	run(&p, "idle:region=512M,at=0K,keepalive=0,fill=random", NULL, &r);
	CHECK(r.transferred_bytes > r.normal_pages * 4096.0);
}

/* A packet header of 1344 bytes for 128 pages, and one for each channel and slice. */
static void test_multifd(void)
{
	double pages = 1 << 18, bytes = pages * 4096 + pages / 128 * 1344, slices;
	struct mt_sim_params p;
	struct mt_sim_result r;

	set_up(&p, "multifd");
	p.resident_bytes = p.memory_bytes;
	CHECK_INT(mt_sim_run(&p, NULL, NULL, &r), 0);
	slices = r.total_ms / 50;
	CHECK(r.transferred_bytes > bytes + slices * 2 * 1344 * 0.9);
	CHECK(r.transferred_bytes < bytes + slices * 4 * 1344 * 1.1);
	CHECK_NEAR(r.total_ms, r.transferred_bytes / LINK * 1e3, 0.002 * r.total_ms);
}

static void test_hybrid(void)
{
	struct mt_sim_params p;
	struct mt_sim_result r;

	set_up(&p, "hybrid");
	p.downtime_limit_ms = 30;
	run(&p, "uniform:region=512M,rate=50000/s,resident=1024M", NULL, &r);
	CHECK_INT(r.end, MT_SIM_POSTCOPIED);
	/* The flip comes with the end of the first pass, and what was dirty then goes after it. */
	CHECK_NEAR(r.flip_ms, (1 << 18) * 4104.0 / LINK * 1e3, 300);
	CHECK_NEAR(r.total_ms - r.flip_ms, 131072 * 4104.0 / LINK * 1e3, 0.02 * r.total_ms);
	CHECK(r.downtime_ms < 5 && r.stall_ms > r.downtime_ms && r.faults > 100);
	p.method.flip_after_passes = 0;
	run(&p, "uniform:region=512M,rate=50000/s,resident=1024M", NULL, &r);
	CHECK(r.flip_ms < 200);
	CHECK_NEAR(r.total_ms, (1 << 18) * 4104.0 / LINK * 1e3, 0.02 * r.total_ms);
}

/* --- the rest ------------------------------------------------------------- */
static void test_seeds(void)
{
	struct mt_sim_params p;
	struct mt_sim_result a, b, c;
	const char *text = "zipf:region=128M,rate=8000/s,seed=%d";
	char one[64], other[64];

	snprintf(one, sizeof(one), text, 1);
	snprintf(other, sizeof(other), text, 2);
	set_up(&p, "hybrid");
	p.memory_bytes = 256 << 20;
	run(&p, one, NULL, &a);
	run(&p, one, NULL, &b);
	run(&p, other, NULL, &c);
	CHECK(!memcmp(&a, &b, sizeof(a)));
	CHECK(a.transferred_bytes != c.transferred_bytes);
	CHECK_NEAR(a.total_ms, c.total_ms, 0.05 * a.total_ms);
}

/* One trace played twice is the same guest twice. */
static void test_rewind(void)
{
	struct mt_sim_params p;
	struct mt_sim_result a, b;
	struct mt_trace t;

	set_up(&p, "precopy");
	p.memory_bytes = 256 << 20;
	CHECK_INT(mt_trace_pattern(&t, "phases:region=64M,rate=3000/s,rate2=100/s", NULL), 0);
	CHECK_INT(mt_sim_run(&p, &t, NULL, &a), 0);
	CHECK_INT(mt_sim_run(&p, &t, NULL, &b), 0);
	CHECK(!memcmp(&a, &b, sizeof(a)));
	mt_trace_fini(&t);
}

static void steer(const char *policy, uint64_t max_downtime_ms, bool postcopy,
		  struct mt_sim_result *r)
{
	struct mt_limits limits = MT_LIMITS_UNSET;
	struct mt_sim_params p;
	struct mt_trace t;

	limits.max_downtime_ms = max_downtime_ms;
	limits.postcopy_allowed = postcopy;
	*mt_params_value(&limits.params, "timeout") = 10000;
	set_up(&p, "precopy");
	p.memory_bytes = 256 << 20;
	p.cap_ms = 60e3;
	CHECK_INT(mt_trace_pattern(&t, "uniform:region=32M,rate=30000/s,resident=256M", NULL), 0);
	CHECK_INT(mt_sim_steer(&p, &t, mt_policy_find(policy), &limits, NULL, r), 0);
	mt_trace_fini(&t);
}

/* A guest that rewrites 32 MiB, 0.7 s of the link, all the time. */
static void test_policies(void)
{
	struct mt_sim_result r;

	steer("qemu", 1000, false, &r);
	CHECK_INT(r.end, MT_SIM_CAPPED);
	steer("timeout", 1000, false, &r);
	CHECK_INT(r.end, MT_SIM_STOPPED);
	CHECK_INT(r.action, MT_ACTION_STOP);
	CHECK(r.total_ms > 10000 && r.total_ms < 13000);
	steer("predict", 1000, false, &r);
	CHECK(r.end == MT_SIM_STOPPED || r.end == MT_SIM_CONVERGED);
	CHECK(r.stall_ms > 500 && r.stall_ms < 1000);
	CHECK(r.total_ms < 12000);
	steer("predict", 200, false, &r);
	CHECK_INT(r.end, MT_SIM_ABORTED);
	CHECK(*r.reason);
	steer("predict", 200, true, &r);
	CHECK_INT(r.end, MT_SIM_POSTCOPIED);
	CHECK(!isnan(r.flip_ms));
}

/* What else the guest does reaches the policy, where it is counted. */
static void test_activity(void)
{
	static const struct {
		struct mt_sim_activity does;
		const char *says;
	} cases[] = {
		{ { 0 }, "unknown: " },
		{ { 0.9, 1e6, 1e6 }, "cpu-intensive: " },
		{ { 0.3, 1e6, 60e6 }, "network-out: " },
		{ { 0.3, 60e6, 1e6 }, "" },	/* left alone */
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(cases); i++) {
		struct mt_limits limits = MT_LIMITS_UNSET;
		struct mt_sim_result r;
		struct mt_sim_params p;
		struct mt_trace t;

		limits.postcopy_allowed = true;
		*mt_params_value(&limits.params, "memory_percent") = 900;
		/* pre-copy alone does not end it */
		limits.deadline_ms = 20000;
		set_up(&p, "precopy");
		p.memory_bytes = 256 << 20;
		p.cap_ms = 20e3;
		p.activity = cases[i].does;
		CHECK_INT(mt_trace_pattern(&t, "uniform:region=32M,rate=30000/s,resident=256M",
					   NULL), 0);
		CHECK_INT(mt_sim_steer(&p, &t, mt_policy_find("walm"), &limits, NULL, &r), 0);
		mt_trace_fini(&t);
		if (strncmp(r.reason, cases[i].says, strlen(cases[i].says)))
			printf("# %s, not %s\n", r.reason, cases[i].says);
		CHECK(!strncmp(r.reason, cases[i].says, strlen(cases[i].says)));
		CHECK_INT(r.end, i == 3 ? MT_SIM_CAPPED : MT_SIM_POSTCOPIED);
	}
}

static void test_refused(void)
{
	struct mt_err err = { 0 };
	struct mt_sim_params p;

	set_up(&p, "xbzrle");
	CHECK_INT(mt_sim_check(&p, &err), 0);
	p.xbzrle_cache_bytes = 3 << 20;
	CHECK_INT(mt_sim_check(&p, &err), -EINVAL);
	CHECK(strstr(err.msg, "power of two"));
	set_up(&p, "multifd");
	p.method.postcopy = true;
	CHECK_INT(mt_sim_check(&p, NULL), -EINVAL);
	set_up(&p, "precopy");
	p.memory_bytes = 4096;
	CHECK_INT(mt_sim_check(&p, NULL), -EINVAL);
	CHECK(!mt_method_find("teleport"));
}

static const struct ktap_case cases[] = {
	{ "an idle guest: pages, marks, and the link's rate", test_idle },
	{ "a bandwidth limit: budgets of 100 ms", test_limited },
	{ "proportional dirtying: a geometric series", test_proportional },
	{ "converges below the root of U(T) = link x T, and not above", test_root },
	{ "auto-converge: 20 %, then 10 more each time it is too much twice", test_throttle },
	{ "a throttled guest makes up for what it can", test_throttled_speed },
	{ "XBZRLE helps as far as its cache reaches", test_xbzrle },
	{ "compressed pages take their size and a header", test_compression },
	{ "multifd sends a packet header for each 128 pages", test_multifd },
	{ "post-copy after a pass, and at once", test_hybrid },
	{ "a seed is all there is to a run", test_seeds },
	{ "a trace can be played again", test_rewind },
	{ "policies steer a simulated migration", test_policies },
	{ "what the guest does besides is told to policies", test_activity },
	{ "what makes no sense is refused", test_refused },
};
KTAP_MAIN(cases)
