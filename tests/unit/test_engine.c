// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_engine.c - whole migrations, played page by page and steered by each policy
 */
#include <ctype.h>

#include "policy/engine.h"
#include "ktap.h"
#include "migration.h"

#define RUN_MS		30000	/* what has not ended by then does not end */
#define SEEDS		3

struct outcome {
	bool ended;			/* the guest is at the destination */
	bool relimited;			/* QEMU's downtime limit was changed meanwhile */
	enum mt_action action;		/* what the policy asked for, CONTINUE = nothing */
	uint64_t finished;		/* iterations until then */
	uint64_t first_within;		/* and until stopping would have been within what is
					 * allowed; 0 = never */
	double total_ms, downtime_ms;
	double acted_ms, stop_now_ms;	/* when it was asked for, and the downtime told for it */
	char reason[384];
};

static struct mt_limits limits_of(bool postcopy, uint64_t timeout_ms)
{
	struct mt_limits limits = {
		.max_downtime_ms = MIGRATION_ALLOWED_MS,
		.qemu_limit_ms = MIGRATION_LIMIT_MS,
		.fixed_ms = MIGRATION_FIXED_MS,
		.deadline_ms = MT_LIMIT_UNSET,
		.stall_timeout_ms = MT_LIMIT_UNSET,
		.postcopy_allowed = postcopy,
		.params = MT_PARAMS_UNSET,
	};

	if (timeout_ms)
		*mt_params_value(&limits.params, "timeout") = timeout_ms;
	return limits;
}

/* What the supervisor does with such a plan. */
static void set_limit(struct mt_engine *e, struct migration *m, const struct mt_plan *plan)
{
	struct mt_limits limits = e->limits;

	limits.qemu_limit_ms = m->limit_ms = plan->downtime_limit_ms;
	mt_engine_set_limits(e, &limits);
}

static struct outcome steer(const char *policy, const struct migration_guest *guest,
			    const struct mt_limits *limits, uint64_t seed)
{
	struct outcome o = { 0 };
	struct mt_engine e;
	struct migration m;
	struct mt_sample s;
	struct mt_plan plan;

	mt_engine_init(&e, mt_policy_find(policy), limits);
	migration_init(&m, guest, MIGRATION_LINK, limits->qemu_limit_ms, seed);
	while (!o.action && migration_ms(&m) < RUN_MS && migration_next(&m, &s)) {
		bool ended = mt_engine_feed(&e, &s, &plan);

		if (ended && !o.first_within &&
		    s.remaining_bytes / MIGRATION_LINK * 1e3 + MIGRATION_FIXED_MS <=
			    MIGRATION_ALLOWED_MS)
			o.first_within = e.iterations.total;
		if (plan.action == MT_ACTION_CONTINUE)
			continue;
		if (plan.action == MT_ACTION_SET_DOWNTIME) {
			set_limit(&e, &m, &plan);
			o.relimited = true;
			continue;
		}
		o.action = plan.action;
		o.finished = e.iterations.total;
		o.acted_ms = migration_ms(&m);
		o.stop_now_ms = e.prediction.stop_now_ms;
		memcpy(o.reason, plan.reason, sizeof(o.reason));
		if (plan.action == MT_ACTION_STOP)
			migration_stop(&m);
		if (plan.action == MT_ACTION_FLIP)
			migration_flip(&m);
	}
	o.ended = m.ended;
	o.total_ms = m.ended ? m.total_ms : migration_ms(&m);
	o.downtime_ms = m.downtime_ms;
	return o;
}

static bool within(const struct outcome *o)
{
	return o->ended && o->downtime_ms <= MIGRATION_ALLOWED_MS;
}

static bool steady(const struct migration_guest *g)
{
	return g->later_s <= 0;
}

static void test_defaults(void)
{
	const struct mt_limits nothing = MT_LIMITS_UNSET, zero = { 0 };
	const struct mt_limits given = { .max_downtime_ms = 1,
					 .deadline_ms = 2,
					 .qemu_limit_ms = 4,
					 .fixed_ms = 5,
					 .params = { .value = { 3, 6 } },
					 .postcopy_allowed = true };
	struct mt_engine e;

	mt_engine_init(&e, mt_policy_find("predict"), &nothing);
	CHECK_INT(e.limits.max_downtime_ms, MT_MAX_DOWNTIME_DEFAULT_MS);
	CHECK_INT(e.limits.qemu_limit_ms, MT_QEMU_LIMIT_DEFAULT_MS);
	CHECK_INT(mt_params_get(&e.limits.params, "timeout"), 30000);
	CHECK_INT(e.limits.fixed_ms, MT_FIXED_DEFAULT_MS);
	CHECK_INT(e.limits.deadline_ms, MT_LIMIT_NONE);
	/* each policy has its own */
	CHECK_INT(mt_params_get(&e.limits.params, "passes"), MT_LIMIT_UNSET);
	CHECK(!e.limits.postcopy_allowed);
	mt_engine_set_limits(&e, &given);
	CHECK(!memcmp(&e.limits, &given, sizeof(given)));
	/* What is given is what holds, also when it is 0. */
	mt_engine_set_limits(&e, &zero);
	CHECK(!memcmp(&e.limits, &zero, sizeof(zero)));
}

/* What was known before counts from the first pass on. */
static void test_beforehand(void)
{
	struct mt_beforehand before = { .nonzero_bytes = 12345 << 12 };
	struct mt_limits limits = limits_of(false, 0);
	struct mt_engine e;
	struct migration m;
	struct mt_plan plan;
	struct mt_sample s;

	mt_ucurve_init(&before.u, 0);
	mt_ucurve_point(&before.u, 1, 77 << 20, 0.05);
	before.u.origin = MT_UCURVE_KERNEL;
	limits.before = &before;
	migration_init(&m, &migration_guests[0], MIGRATION_LINK, MIGRATION_LIMIT_MS, 1);
	mt_engine_init(&e, mt_policy_find("qemu"), &limits);
	while (migration_next(&m, &s) && !e.iterations.total)
		mt_engine_feed(&e, &s, &plan);
	CHECK_INT(e.iterations.total, 1);
	CHECK_INT(e.u.origin, MT_UCURVE_KERNEL);
	CHECK_INT(e.u.passes, 1);
	CHECK(e.prediction.verdict != MT_VERDICT_UNKNOWN);
}

/* Before the first pass is done nothing is predicted, after it everything. */
static void test_feed(void)
{
	const struct mt_limits limits = limits_of(false, 0);
	struct mt_engine e;
	struct migration m;
	struct mt_sample s;
	struct mt_plan plan;
	uint64_t ended = 0;

	mt_engine_init(&e, mt_policy_find("qemu"), &limits);
	migration_init(&m, &migration_guests[12], MIGRATION_LINK, MIGRATION_LIMIT_MS, 1);
	while (migration_ms(&m) < 10000 && migration_next(&m, &s)) {
		bool is_end = mt_engine_feed(&e, &s, &plan);

		CHECK_INT(is_end, s.boundary && s.iteration > 1);
		ended += is_end;
		CHECK_INT(e.iterations.total, ended);
		CHECK_INT(e.prediction.verdict != MT_VERDICT_UNKNOWN, ended > 0);
		CHECK_STR(e.prediction.model, MT_OUTLOOK_MODEL);
		CHECK_INT(plan.action, MT_ACTION_CONTINUE);
		if (plan.implied_downtime_ms >= 0)
			CHECK_NEAR(plan.implied_downtime_ms,
				   s.remaining_bytes / MIGRATION_LINK * 1e3,
				   1 + 0.01 * plan.implied_downtime_ms);
	}
	CHECK(ended > 10);
}

/* The limits that hold now decide, not those of the begin. */
static void test_new_limits(void)
{
	struct mt_limits limits = limits_of(false, 0);
	struct mt_engine e;
	struct migration m;
	struct mt_sample s;
	struct mt_plan plan = { 0 };
	double raised_ms = 0;

	limits.max_downtime_ms = 100;
	mt_engine_init(&e, mt_policy_find("predict"), &limits);
	migration_init(&m, &migration_guests[13], MIGRATION_LINK, MIGRATION_LIMIT_MS, 1);
	while (plan.action <= MT_ACTION_SET_DOWNTIME && migration_ms(&m) < RUN_MS &&
	       migration_next(&m, &s)) {
		mt_engine_feed(&e, &s, &plan);
		if (!raised_ms && e.iterations.total == 2) {
			CHECK(plan.action <= MT_ACTION_SET_DOWNTIME);
			limits.max_downtime_ms = 2000;
			mt_engine_set_limits(&e, &limits);
			raised_ms = migration_ms(&m);
		}
	}
	CHECK_INT(plan.action, MT_ACTION_STOP);
	CHECK_INT(e.iterations.total, 3);
}

static void test_qemu(void)
{
	for (size_t i = 0; i < MIGRATION_GUESTS; i++) {
		const struct mt_limits limits = limits_of(true, 1);
		struct outcome o = steer("qemu", &migration_guests[i], &limits, 1);

		CHECK_INT(o.action, MT_ACTION_CONTINUE);
		CHECK_INT(o.ended, migration_guests[i].fate <= MIGRATION_NEARLY);
	}
}

/* No guest that QEMU would finish with is touched, whatever is allowed. */
static void test_leaves_alone(void)
{
	for (size_t i = 0; i < MIGRATION_GUESTS; i++) {
		const struct migration_guest *g = &migration_guests[i];

		if (g->fate > MIGRATION_NEARLY || !steady(g))
			continue;
		for (int k = 0; k < 2 * SEEDS; k++) {
			const struct mt_limits limits = limits_of(k % 2, 0);
			struct outcome o = steer("predict", g, &limits, k / 2);

			if (o.action && g->fate == MIGRATION_NEARLY)
				printf("# %s, at the edge: %s\n", g->name, o.reason);
			else if (o.action)
				printf("# %s: %s\n", g->name, o.reason);
			CHECK(o.ended && o.downtime_ms <= MIGRATION_ALLOWED_MS);
			CHECK(g->fate == MIGRATION_NEARLY ||
			      (o.action == MT_ACTION_CONTINUE && !o.relimited));
		}
	}
}

/*
 * Never to end, but its boundaries are within what is allowed: stopped at one of the first, as
 * told.
 */
static void test_stops(void)
{
	unsigned stopped = 0;

	for (size_t i = 0; i < MIGRATION_GUESTS; i++) {
		for (int k = 0; k < 2 * SEEDS; k++) {
			const struct mt_limits limits = limits_of(k % 2, 0);
			struct outcome o = steer("predict", &migration_guests[i], &limits, k / 2);

			CHECK(migration_guests[i].fate != MIGRATION_STOPPABLE || o.ended);
			if (o.action != MT_ACTION_STOP)
				continue;
			stopped++;
			CHECK_NEAR(o.stop_now_ms, o.downtime_ms, 0.02 * o.downtime_ms);
			CHECK(o.downtime_ms <= MIGRATION_ALLOWED_MS);
			/* At the edge it may end by itself, and is left alone for longer. */
			CHECK(o.finished >= o.first_within);
			CHECK(o.finished <= o.first_within + 2 ||
			      migration_guests[i].fate == MIGRATION_NEARLY);
		}
	}
	CHECK(stopped >= SEEDS);
}

static void test_flips(void)
{
	for (size_t i = 0; i < MIGRATION_GUESTS; i++) {
		const struct migration_guest *g = &migration_guests[i];

		for (int seed = 0; seed < SEEDS; seed++) {
			const struct mt_limits yes = limits_of(true, 0), no = limits_of(false, 0);
			struct outcome o = steer("predict", g, &yes, seed);

			if (o.action == MT_ACTION_FLIP)
				CHECK(o.finished >= 1);
			if (g->fate == MIGRATION_ENDLESS) {
				CHECK_INT(o.action, MT_ACTION_FLIP);
				CHECK(o.finished <= 3);
			}
			CHECK(o.action != MT_ACTION_ABORT && o.ended);
			CHECK(steer("predict", g, &no, seed).action != MT_ACTION_FLIP);
		}
	}
}

/* Hopeless and no post-copy: given up, soon, and told with what it would have taken. */
static void test_aborts(void)
{
	for (size_t i = 0; i < MIGRATION_GUESTS; i++) {
		const struct migration_guest *g = &migration_guests[i];

		if (g->fate != MIGRATION_ENDLESS)
			continue;
		for (int seed = 0; seed < SEEDS; seed++) {
			const struct mt_limits limits = limits_of(false, 0);
			struct outcome o = steer("predict", g, &limits, seed);
			int numbers = 0;

			CHECK_INT(o.action, MT_ACTION_ABORT);
			for (const char *c = o.reason; *c; c++)
				numbers += isdigit((unsigned char)c[0]) &&
					   !isdigit((unsigned char)c[1]);
			CHECK(numbers >= 5);
			CHECK(strstr(o.reason, "MiB/s") && strstr(o.reason, "allowed") &&
			      strstr(o.reason, "post-copy"));
			if (seed == 0)
				printf("# %-24s given up after %" PRIu64 " iterations, %.1f s\n",
				       g->name, o.finished, o.acted_ms / 1e3);
			/*
			 * After the first pass of 2 s, 4 s of the same word and the pass that is
			 * under way then.
			 */
			CHECK(o.acted_ms <= (g->later_s + 2 + 4 + 3) * 1e3);
		}
	}
}

static void test_deadline(void)
{
	for (size_t i = 0; i < MIGRATION_GUESTS; i++) {
		for (int k = 0; k < 2; k++) {
			for (uint64_t deadline_ms = 1000; deadline_ms <= 5000;
			     deadline_ms += 1000) {
				struct mt_limits limits = limits_of(k, 0);
				struct outcome o;

				limits.deadline_ms = deadline_ms;
				o = steer("predict", &migration_guests[i], &limits, 1);
				CHECK(o.ended || o.action == MT_ACTION_ABORT);
				/* Asked for no later than at the first look after it. */
				CHECK(!o.action || o.acted_ms < deadline_ms + MIGRATION_POLL_MS +
									MIGRATION_SLICE_MS);
				CHECK(o.action || o.total_ms < deadline_ms + MIGRATION_POLL_MS +
								       MIGRATION_ALLOWED_MS);
				CHECK(!o.ended || o.downtime_ms <= MIGRATION_ALLOWED_MS);
			}
		}
	}
}

struct score {
	unsigned sooner, same, later;		/* both end within the limit */
	unsigned breaks_limit, never_ends;	/* the other */
	unsigned other_alone;			/* ends within the limit, and ours does not */
};

static void compare(const struct outcome *ours, const struct outcome *other, struct score *s)
{
	if (!other->ended)
		s->never_ends++;
	else if (!within(other))
		s->breaks_limit++;
	else if (!within(ours))
		s->other_alone++;
	else if (ours->total_ms < other->total_ms)
		s->sooner++;
	else if (ours->total_ms > other->total_ms)
		s->later++;
	else
		s->same++;
}

/*
 * predict against the others, under the same limits: it is the sooner, or the other breaks the
 * allowed downtime.
 */
static void test_comparison(void)
{
	static const struct {
		const char *policy;
		uint64_t timeout_ms;
	} others[] = { { "timeout", 20000 },
		       { "timeout", 8000 },
		       { "timeout", 3000 },
		       { "ihm", 0 },
		       { "qemu", 0 } };

	for (size_t k = 0; k < MT_ARRAY_SIZE(others); k++) {
		for (int postcopy = 0; postcopy < 2; postcopy++) {
			const struct mt_limits limits = limits_of(postcopy, others[k].timeout_ms);
			struct score all = { 0 }, strict = { 0 };

			for (size_t i = 0; i < MIGRATION_GUESTS * SEEDS; i++) {
				const struct migration_guest *g =
					&migration_guests[i % MIGRATION_GUESTS];
				struct outcome ours = steer("predict", g, &limits, i);
				struct outcome other = steer(others[k].policy, g, &limits, i);

				CHECK(ours.ended || ours.action == MT_ACTION_ABORT);
				/* it never breaks the limit itself */
				CHECK(!ours.ended || within(&ours));
				compare(&ours, &other, &all);
				if (steady(g))
					compare(&ours, &other, &strict);
			}
			printf("# predict against %s", others[k].policy);
			if (others[k].timeout_ms)
				printf(" %" PRIu64 " s", others[k].timeout_ms / 1000);
			printf("%s: sooner %u, same %u, later %u; the other breaks the downtime %u, never ends %u, alone ends %u\n",
			       postcopy ? ", post-copy" : "", all.sooner, all.same, all.later,
			       all.breaks_limit, all.never_ends, all.other_alone);
			/* A guest that is given up may calm down later; a steady one does not. */
			CHECK_INT(strict.other_alone, 0);
			/* A timeout may by luck be set to the best moment for one guest. */
			CHECK(strict.later == 0 || others[k].timeout_ms < 8000);
		}
	}
}

/* What a source leaves out must not make a policy act, nor a number of nothing. */
static void test_poor_source(void)
{
	static const enum mt_field poor[] = {
		MT_FIELD_total_ms,
		MT_FIELD_memory_bytes,
		MT_FIELD_transferred_bytes,
		MT_FIELD_normal_pages,
		MT_FIELD_zero_pages,
		MT_FIELD_page_size_bytes,
		MT_FIELD_bandwidth_bytes_per_s,
		MT_FIELD_expected_downtime_ms,
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(poor); i++) {
		const struct mt_limits limits = limits_of(false, 0);
		const struct migration_guest *g = &migration_guests[3];
		struct mt_engine e;
		struct migration m;
		struct mt_sample s;
		struct mt_plan plan;

		mt_engine_init(&e, mt_policy_find("predict"), &limits);
		migration_init(&m, g, MIGRATION_LINK, MIGRATION_LIMIT_MS, 1);
		while (migration_next(&m, &s)) {
			s.valid &= ~(1ULL << poor[i]);
			mt_engine_feed(&e, &s, &plan);
			CHECK_INT(plan.action, MT_ACTION_CONTINUE);
			CHECK(!isnan(e.prediction.total_ms.p50) &&
			      !isnan(e.prediction.stop_now_ms));
		}
		CHECK(e.iterations.total >= 2);
		CHECK_INT(e.prediction.verdict, MT_VERDICT_CONVERGES);
	}
}

/*
 * A migration that QEMU is just ending, when its deadline comes: at every moment of the switchover.
 */
static void test_switchover(void)
{
	static const enum mt_status then[] = { MT_STATUS_SWITCHOVER, MT_STATUS_CANCELLING,
					       MT_STATUS_UNKNOWN, MT_STATUS_POSTCOPY_PAUSED };

	for (size_t i = 0; i < MT_ARRAY_SIZE(then); i++) {
		struct mt_limits limits = limits_of(true, 0);
		struct mt_engine e;
		struct migration m;
		struct mt_sample s;
		struct mt_plan plan;

		limits.deadline_ms = 1000000;
		limits.stall_timeout_ms = 5000;
		mt_engine_init(&e, mt_policy_find("predict"), &limits);
		migration_init(&m, &migration_guests[6], MIGRATION_LINK, MIGRATION_LIMIT_MS, 1);
		while (migration_next(&m, &s) && !e.iterations.total)
			mt_engine_feed(&e, &s, &plan);
		limits.deadline_ms = 1;
		mt_engine_set_limits(&e, &limits);
		s.status = then[i];
		for (int k = 0; k < 100; k++) {
			s.t_ns += 200 * MT_NS_PER_MS;
			s.total_ms += 200;
			mt_engine_feed(&e, &s, &plan);
			CHECK_INT(plan.action, MT_ACTION_CONTINUE);
			CHECK_STR(plan.reason, mt_status_why(then[i]));
		}
	}
}

/* A first pass in which nothing more goes out, seen from outside. */
static void test_stalls(void)
{
	for (uint64_t limit_ms = 0; limit_ms <= 60000; limit_ms += 20000) {
		struct mt_limits limits = limits_of(false, 0);
		struct mt_sample s = { .t_ns = MT_NS_PER_S, .status = MT_STATUS_ACTIVE };
		uint64_t aborted_ms = 0;
		unsigned warned = 0;
		struct mt_engine e;
		struct mt_plan plan;

		limits.stall_timeout_ms = limit_ms ? limit_ms : MT_LIMIT_NONE;
		mt_engine_init(&e, mt_policy_find("qemu"), &limits);
		mt_sample_set(&s, iteration, 1);
		for (uint64_t ms = 0; ms < 600000; ms += 500) {
			s.t_ns += 500 * MT_NS_PER_MS;
			mt_sample_set(&s, total_ms, ms);
			if (ms < 20000) {
				mt_sample_set(&s, transferred_bytes, ms * 1000);
				mt_sample_set(&s, remaining_bytes, 1000000000 - ms * 1000);
			}
			mt_engine_feed(&e, &s, &plan);
			warned += plan.warns;
			if (plan.action == MT_ACTION_ABORT && !aborted_ms)
				aborted_ms = ms;
			CHECK(plan.action == MT_ACTION_CONTINUE || plan.action == MT_ACTION_ABORT);
		}
		CHECK_INT(warned, 1);
		CHECK_INT(aborted_ms, limit_ms ? 19500 + limit_ms : 0);
	}
}

/* Between looks a kernel source's ticks step the policy, by their own time. */
static void test_ticks(void)
{
	struct mt_limits limits = limits_of(false, 0);
	struct mt_engine e;
	struct migration m;
	struct mt_sample s;
	struct mt_plan plan;
	struct mt_tick t = { .state = MIGTRACE_STATE_LOGGING };

	*mt_params_value(&limits.params, "timeout") = 3000;
	mt_engine_init(&e, mt_policy_find("timeout"), &limits);
	/* Before there is a migration they say nothing. */
	CHECK(!mt_engine_tick(&e, &t, &plan));
	CHECK_INT(plan.action, MT_ACTION_CONTINUE);
	migration_init(&m, &migration_guests[7], MIGRATION_LINK, MIGRATION_LIMIT_MS, 1);
	do {
		CHECK(migration_next(&m, &s));
		mt_engine_feed(&e, &s, &plan);
		CHECK_INT(plan.action, MT_ACTION_CONTINUE);
	} while (s.total_ms < 2700);
	t.t_ns = s.t_ns + (2999 - s.total_ms) * MT_NS_PER_MS;
	CHECK(!mt_engine_tick(&e, &t, &plan));
	CHECK_INT(plan.action, MT_ACTION_CONTINUE);
	t.t_ns += MT_NS_PER_MS;
	mt_engine_tick(&e, &t, &plan);
	CHECK_INT(plan.action, MT_ACTION_STOP);
	/* Asked for once, as by looks. */
	t.t_ns += 50 * MT_NS_PER_MS;
	mt_engine_tick(&e, &t, &plan);
	CHECK_INT(plan.action, MT_ACTION_CONTINUE);
}

/* Wants each of its commands at each look. */
static enum mt_action wanted;

static void greedy_step(void *priv, const struct mt_view *view, uint64_t now_ms,
			struct mt_plan *plan)
{
	plan->action = wanted;
	snprintf(plan->reason, sizeof(plan->reason), "wanted");
}

static const struct mt_policy greedy = { .name = "greedy", .step = greedy_step };

/* @every_ms: between two of a kind. Return: how many come out of ten seconds of looks. */
static unsigned commands_in_10_s(uint64_t every_ms, int64_t clock_step_ms)
{
	struct mt_limits limits = limits_of(true, 0);
	struct mt_sample s = { .t_ns = MT_NS_PER_S, .status = MT_STATUS_ACTIVE };
	struct mt_engine e;
	struct mt_plan plan;
	unsigned n = 0;

	limits.command_every_ms = every_ms;
	mt_engine_init(&e, &greedy, &limits);
	for (uint64_t ms = 0; ms < 10000; ms += 100) {
		s.t_ns += 100 * MT_NS_PER_MS;
		/* What libvirt counts may be set meanwhile. */
		mt_sample_set(&s, total_ms,
			      (uint64_t)((int64_t)(20000 + ms) +
					 (ms / 100 % 2 ? clock_step_ms : 0)));
		mt_engine_feed(&e, &s, &plan);
		if (plan.action != wanted)
			continue;
		n++;
		/* As whoever carries it out does; one that is refused is wanted again. */
		mt_engine_sent(&e, plan.action, s.t_ns + 20 * MT_NS_PER_MS);
		if (mt_action_is_final(plan.action))
			e.state.last = MT_ACTION_CONTINUE;
	}
	return n;
}

static void test_pace(void)
{
	struct mt_limits limits = limits_of(true, 0);
	struct mt_sample s = { .t_ns = MT_NS_PER_S, .status = MT_STATUS_ACTIVE };
	struct mt_engine e;
	struct mt_plan plan;

	for (wanted = MT_ACTION_SET_DOWNTIME; wanted < MT_ACTION_COUNT; wanted++) {
		/* A flip waits for the first pass, which never ends; no method is left. */
		if (wanted == MT_ACTION_FLIP || wanted == MT_ACTION_RESTART)
			continue;
		CHECK_INT(commands_in_10_s(0, 0), 100);
		/* Sent 20 ms after the look: the eleventh look is the first that may. */
		CHECK_INT(commands_in_10_s(1000, 0), 10);
		CHECK_INT(commands_in_10_s(1000, 3600000), 10);
		CHECK_INT(commands_in_10_s(1000, -15000), 10);
	}
	/* Kinds do not wait for each other, and one that was not even sent does not count. */
	limits.command_every_ms = 1000;
	mt_engine_init(&e, &greedy, &limits);
	for (wanted = MT_ACTION_SET_DOWNTIME; wanted <= MT_ACTION_THROTTLE; wanted++) {
		mt_engine_feed(&e, &s, &plan);
		CHECK_INT(plan.action, wanted);
		mt_engine_feed(&e, &s, &plan);
		CHECK_INT(plan.action, MT_ACTION_CONTINUE);
		CHECK(strstr(plan.reason, "no more than one in 1.0 s is sent"));
		mt_engine_dropped(&e, wanted);
		mt_engine_feed(&e, &s, &plan);
		CHECK_INT(plan.action, wanted);
	}
}

static const struct ktap_case cases[] = {
	{ "each kind of command comes out at most once in so long", test_pace },
	{ "what was known before counts from the first pass on", test_beforehand },
	{ "limits and their defaults", test_defaults },
	{ "boundaries, predictions and plans", test_feed },
	{ "limits that change hold from then on", test_new_limits },
	{ "policy qemu acts on no guest", test_qemu },
	{ "predict leaves alone what ends by itself", test_leaves_alone },
	{ "predict stops within the allowed downtime", test_stops },
	{ "predict flips only where allowed", test_flips },
	{ "predict gives up what is hopeless", test_aborts },
	{ "predict acts on every guest by its deadline", test_deadline },
	{ "predict against the others", test_comparison },
	{ "sources that leave fields out", test_poor_source },
	{ "no plan from the switchover on", test_switchover },
	{ "a first pass in which nothing goes out is told, and ended where there is a limit",
	  test_stalls },
	{ "ticks step the policy between looks", test_ticks },
};

KTAP_MAIN(cases)
