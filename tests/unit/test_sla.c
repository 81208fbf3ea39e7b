// SPDX-License-Identifier: GPL-2.0-or-later
/* test_sla.c - the method chosen by an objective and limits, and what the policy makes of it */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "policy/sla_choice.h"
#include "sim/sim.h"
#include "ktap.h"
#include "scene.h"
#include "steered.h"

#define MIB	(1024.0 * 1024)
#define BOTH	(1U << MT_METHOD_PRECOPY | 1U << MT_METHOD_POSTCOPY)

/* A model of one regression for each target that is a constant: it says what it is told to. */
static struct mt_trained said;
static struct mt_trained_column column = { MT_FEATURE_memory, false, 0, 1 };
static double nothing[1];

static void model_says(enum mt_method method, enum mt_target target, double value)
{
	struct mt_trained_method *m = &said.method[method];

	m->n_columns = 1;
	m->columns = &column;
	m->rows = nothing;
	m->target[target] = (struct mt_trained_target){
		.lessons = 10, .bias = mt_target_scaled(target, value),
		.weights = nothing, .coefs = nothing,
	};
}

static void forget(void)
{
	memset(&said, 0, sizeof(said));
	said.learned = mt_learned_default;
}

static struct mt_ucurve curve;

/* A guest of 200 MiB that dirties 20 MiB a second, over 100 MiB/s. */
static struct mt_forecast_input guest(void)
{
	mt_ucurve_init(&curve, 200 * MIB);
	for (size_t i = 0; i < MT_PROFILE_POINTS; i++)
		mt_ucurve_point(&curve, mt_profile_grid_s[i],
				fmin(20 * MIB * mt_profile_grid_s[i], 50 * MIB), 0.01);
	return (struct mt_forecast_input){
		.curve = &curve, .memory_bytes = 200 * MIB, .cpu_share = NAN,
		.options.flip_after_passes = 1, .bandwidth_bytes_per_s = 100 * MIB,
		.downtime_limit_ms = 300,
	};
}

static const struct mt_sla free_of_limits = { .max_downtime_ms = INFINITY,
					      .max_total_ms = INFINITY };

static void both_say(double total_ms, double downtime_ms, double bytes, enum mt_method method)
{
	model_says(method, MT_TARGET_TOTAL_MS, total_ms);
	model_says(method, MT_TARGET_DOWNTIME_MS, downtime_ms);
	model_says(method, MT_TARGET_TRANSFERRED_BYTES, bytes);
}

static void the_objective_decides(void)
{
	static const struct { enum mt_sla_objective objective; enum mt_method best; } rows[] = {
		{ MT_SLA_TOTAL, MT_METHOD_PRECOPY },
		{ MT_SLA_DOWNTIME, MT_METHOD_POSTCOPY },
		{ MT_SLA_TRAFFIC, MT_METHOD_PRECOPY },
		{ MT_SLA_PERFORMANCE, MT_METHOD_POSTCOPY },
	};
	struct mt_forecast_input in = guest();

	forget();
	both_say(2000, 250, 200e6, MT_METHOD_PRECOPY);
	both_say(3000, 20, 210e6, MT_METHOD_POSTCOPY);
	model_says(MT_METHOD_PRECOPY, MT_TARGET_PERFORMANCE, 0.7);
	model_says(MT_METHOD_POSTCOPY, MT_TARGET_PERFORMANCE, 0.8);
	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		struct mt_sla sla = free_of_limits;
		struct mt_sla_choice c;

		sla.objective = rows[i].objective;
		CHECK_INT(mt_sla_choose(&c, &said, &in, BOTH, &sla), 0);
		CHECK_INT(c.n, 2);
		CHECK_INT(c.offers[0].method, rows[i].best);
		CHECK(strstr(c.reason, "as learned"));
	}
}

static void limits_come_before_the_objective(void)
{
	struct mt_forecast_input in = guest();
	struct mt_sla sla = free_of_limits;
	struct mt_sla_choice c;

	forget();
	both_say(2000, 250, 200e6, MT_METHOD_PRECOPY);
	both_say(3000, 20, 210e6, MT_METHOD_POSTCOPY);
	model_says(MT_METHOD_PRECOPY, MT_TARGET_PERFORMANCE, 0.9);
	model_says(MT_METHOD_POSTCOPY, MT_TARGET_PERFORMANCE, 0.6);
	sla.max_downtime_ms = 100;
	CHECK_INT(mt_sla_choose(&c, &said, &in, BOTH, &sla), 0);
	CHECK_INT(c.offers[0].method, MT_METHOD_POSTCOPY);
	/* None keeps to all: which exceeds them least, 0.5 of the total or 1.5 of the pause? */
	sla.max_total_ms = 2000;
	CHECK_INT(mt_sla_choose(&c, &said, &in, BOTH, &sla), -ENOENT);
	CHECK_INT(c.offers[0].method, MT_METHOD_POSTCOPY);
	CHECK_NEAR(c.offers[0].excess, 0.5, 1e-9);
	CHECK_NEAR(c.offers[1].excess, 1.5, 1e-9);
	CHECK(strstr(c.reason, "no method keeps to all limits"));
	sla = free_of_limits;
	sla.min_performance = 0.8;
	sla.objective = MT_SLA_DOWNTIME;
	CHECK_INT(mt_sla_choose(&c, &said, &in, BOTH, &sla), 0);
	CHECK_INT(c.offers[0].method, MT_METHOD_PRECOPY);
}

static void what_is_spent_counts_against_another_method(void)
{
	struct mt_forecast_input in = guest();
	struct mt_sla sla = free_of_limits;
	struct mt_sla_choice c;

	forget();
	both_say(2000, 250, 200e6, MT_METHOD_PRECOPY);
	both_say(1500, 250, 200e6, MT_METHOD_POSTCOPY);
	CHECK_INT(mt_sla_choose(&c, &said, &in, BOTH, &sla), 0);
	CHECK_INT(c.offers[0].method, MT_METHOD_POSTCOPY);
	sla.anew = 1U << MT_METHOD_POSTCOPY;
	sla.spent_ms = 501;
	CHECK_INT(mt_sla_choose(&c, &said, &in, BOTH, &sla), 0);
	CHECK_INT(c.offers[0].method, MT_METHOD_PRECOPY);
}

static void without_a_model_the_rules_forecast(void)
{
	struct mt_forecast_input in = guest();
	struct mt_sla sla = free_of_limits;
	struct mt_sla_choice c;
	struct mt_forecast f;

	in.method = MT_METHOD_PRECOPY;
	CHECK_INT(mt_forecast(NULL, &in, &f), 0);
	CHECK_INT(mt_sla_choose(&c, NULL, &in, 1U << MT_METHOD_PRECOPY, &sla), 0);
	CHECK_NEAR(c.offers[0].expected.target[MT_TARGET_TOTAL_MS].p50,
		   f.metric[MT_METRIC_TOTAL_MS].p50, 1e-9);
	CHECK(!strstr(c.reason, "as learned"));
	/* Nor has this model a word on pre-copy. */
	forget();
	both_say(1, 1, 1, MT_METHOD_POSTCOPY);
	CHECK_INT(mt_sla_choose(&c, &said, &in, 1U << MT_METHOD_PRECOPY, &sla), 0);
	CHECK(!c.offers[0].expected.learned[MT_TARGET_TOTAL_MS]);
	CHECK_INT(mt_sla_choose(&c, &said, &in, 0, &sla), -ENODATA);
}

/* --- the policy -------------------------------------------------------------------- */
static void begin(struct scene *s)
{
	scene_init(s, "sla");
	s->limits.trained = &said;
	s->view.u = &curve;
	mt_sample_set(&s->sample, memory_bytes, (uint64_t)(200 * MIB));
	(void)guest();
	forget();
}

static void it_begins_again_where_that_pays(void)
{
	struct scene s;

	begin(&s);
	s.limits.methods = 1U << MT_METHOD_XBZRLE;
	both_say(20000, 250, 400e6, MT_METHOD_PRECOPY);
	both_say(9000, 250, 200e6, MT_METHOD_XBZRLE);
	CHECK_INT(boundary(&s, 2000, 40 * MIB), MT_ACTION_RESTART);
	CHECK_INT(s.plan.method, MT_METHOD_XBZRLE);
	/* With 12 s behind it that is no better. */
	begin(&s);
	s.limits.methods = 1U << MT_METHOD_XBZRLE;
	both_say(20000, 250, 400e6, MT_METHOD_PRECOPY);
	both_say(9000, 250, 200e6, MT_METHOD_XBZRLE);
	CHECK_INT(boundary(&s, 12000, 40 * MIB), MT_ACTION_CONTINUE);
	CHECK_INT(boundary(&s, 13000, 40 * MIB), MT_ACTION_CONTINUE);
}

static void it_flips_only_where_that_is_allowed(void)
{
	struct scene s;

	for (int allowed = 0; allowed < 2; allowed++) {
		begin(&s);
		s.limits.postcopy_allowed = allowed;
		both_say(20000, 250, 400e6, MT_METHOD_PRECOPY);
		both_say(3000, 10, 200e6, MT_METHOD_HYBRID);
		CHECK_INT(boundary(&s, 2000, 40 * MIB),
			  allowed ? MT_ACTION_FLIP : MT_ACTION_CONTINUE);
	}
}

static void the_deadline_is_the_end(void)
{
	struct scene s;

	for (int allowed = 0; allowed < 2; allowed++) {
		begin(&s);
		s.limits.deadline_ms = 10000;
		s.limits.postcopy_allowed = allowed;
		both_say(9000, 250, 200e6, MT_METHOD_PRECOPY);
		both_say(9500, 10, 200e6, MT_METHOD_HYBRID);
		CHECK_INT(boundary(&s, 2000, 40 * MIB), MT_ACTION_CONTINUE);
		CHECK_INT(boundary(&s, 10000, 40 * MIB),
			  allowed ? MT_ACTION_FLIP : MT_ACTION_ABORT);
	}
}

static void a_guest_that_does_not_converge_is_flipped(void)
{
	struct steered s;

	steered_begin(&s, "uniform:region=128MiB,rate=40000/s", 300, true);
	CHECK_INT(mt_sim_steer(&s.p, &s.trace, mt_policy_find("sla"), &s.limits, NULL, &s.r), 0);
	CHECK_INT(s.r.end, MT_SIM_POSTCOPIED);
	mt_trace_fini(&s.trace);
	steered_begin(&s, "idle", 300, true);
	CHECK_INT(mt_sim_steer(&s.p, &s.trace, mt_policy_find("sla"), &s.limits, NULL, &s.r), 0);
	CHECK_INT(s.r.end, MT_SIM_CONVERGED);
	mt_trace_fini(&s.trace);
}

static const struct ktap_case cases[] = {
	{ "the method with the best objective is chosen", the_objective_decides },
	{ "limits come before the objective, and the least excess where none keeps to them",
	  limits_come_before_the_objective },
	{ "what is spent counts against a method that begins again",
	  what_is_spent_counts_against_another_method },
	{ "a method that no model speaks of is forecast by the rules",
	  without_a_model_the_rules_forecast },
	{ "sla begins again with a method where that pays", it_begins_again_where_that_pays },
	{ "sla flips only where post-copy is allowed", it_flips_only_where_that_is_allowed },
	{ "sla flips at the deadline, or aborts", the_deadline_is_the_end },
	{ "sla flips a simulated guest that does not converge, and lets an idle one be",
	  a_guest_that_does_not_converge_is_flipped },
};
KTAP_MAIN(cases)
