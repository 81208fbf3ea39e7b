// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_policy.c - every rule of every policy, at its edges, on views made by hand
 */
#include <ctype.h>

#include "policy/policy.h"
#include "ktap.h"
#include "migration.h"
#include "scene.h"

static bool names_numbers(const char *reason)
{
	int digits = 0;

	for (; *reason; reason++)
		digits += isdigit((unsigned char)*reason) && !isdigit((unsigned char)reason[1]);
	return digits >= 3;
}

static void test_table(void)
{
	static const char *const names[] = { "qemu",	      "timeout",      "passes", "ihm",
					     "stop-and-copy", "fixed-passes", "fm",	"am",
					     "walm", "solive", "promig", "nova", "ovirt", "proxmox",
					     "kubevirt", "ramp", "predict" };

	for (size_t i = 0; i < MT_ARRAY_SIZE(names); i++)
		CHECK(mt_policy_find(names[i]));
	for (size_t i = 0; mt_policy_at(i); i++) {
		CHECK(mt_policy_find(mt_policy_at(i)->name) == mt_policy_at(i));
		CHECK(mt_policy_at(i)->help[0]);
	}
	CHECK(mt_policy_find(MT_POLICY_DEFAULT));
	CHECK(!mt_policy_find("") && !mt_policy_find("pred") && !mt_policy_find("Qemu"));
	for (int a = 0; a < MT_ACTION_COUNT; a++)
		for (int b = 0; b < a; b++)
			CHECK(strcmp(mt_action_name(a), mt_action_name(b)));
	CHECK_STR(mt_action_name(MT_ACTION_COUNT), "none");
}

static void test_qemu(void)
{
	struct scene s;

	scene_init(&s, "qemu");
	s.limits.postcopy_allowed = true;
	s.limits.deadline_ms = 1;
	s.p.verdict = MT_VERDICT_HOPELESS;
	for (uint64_t ms = 0; ms < 1000000; ms += 1000) {
		CHECK_INT(boundary(&s, ms, 1e9), MT_ACTION_CONTINUE);
		CHECK_INT(at(&s, ms + 500), MT_ACTION_CONTINUE);
	}
}

static void test_timeout(void)
{
	static const struct {
		uint64_t ms;
		bool postcopy, first_pass_done;
		enum mt_action action;
	} cases[] = {
		{ 0,		false,	false,	MT_ACTION_CONTINUE },
		{ 29999,	false,	true,	MT_ACTION_CONTINUE },
		{ 29999,	true,	true,	MT_ACTION_CONTINUE },
		{ 30000,	false,	true,	MT_ACTION_STOP },
		{ 30000,	true,	true,	MT_ACTION_FLIP },
		{ 1000000,	true,	true,	MT_ACTION_FLIP },
		{ 30000,	false,	false,	MT_ACTION_STOP },	/* as virsh does */
		/* a flip waits for the first pass */
		{ 30000,	true,	false,	MT_ACTION_CONTINUE },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(cases); i++) {
		for (int on_boundary = 0; on_boundary <= cases[i].first_pass_done; on_boundary++) {
			struct scene s;

			scene_init(&s, "timeout");
			s.limits.postcopy_allowed = cases[i].postcopy;
			if (cases[i].first_pass_done)
				CHECK_INT(boundary(&s, 0, 1e9), MT_ACTION_CONTINUE);
			CHECK_INT(on_boundary ? boundary(&s, cases[i].ms, 1e9) :
						at(&s, cases[i].ms),
				  cases[i].action);
			CHECK(s.plan.reason[0]);
		}
	}
}

/* The flip that had to wait comes with the first pass. */
static void test_timeout_waits(void)
{
	struct scene s;

	scene_init(&s, "timeout");
	s.limits.postcopy_allowed = true;
	CHECK_INT(at(&s, 30000), MT_ACTION_CONTINUE);
	CHECK_INT(at(&s, 40000), MT_ACTION_CONTINUE);
	CHECK_INT(boundary(&s, 41000, 1e9), MT_ACTION_FLIP);
}

/* Asked to, it does not wait: at the timeout, and not before. */
static void test_timeout_mid_pass(void)
{
	struct scene s;

	scene_init(&s, "timeout");
	s.limits.postcopy_allowed = true;
	*mt_params_value(&s.limits.params, "timeout") = 500;
	*mt_params_value(&s.limits.params, "mid_pass") = 1;
	CHECK_INT(at(&s, 499), MT_ACTION_CONTINUE);
	CHECK_INT(at(&s, 500), MT_ACTION_FLIP);
	/* another policy's flip has to wait none the less */
	scene_init(&s, "walm");
	s.limits.postcopy_allowed = true;
	*mt_params_value(&s.limits.params, "mid_pass") = 1;
	CHECK(!mt_policy_flips_at_once(s.policy, &s.limits));
}

/*
 * Flips, or stops, with the pass that was asked for; at once only if that was asked for, and never
 * because nothing was.
 */
static void test_passes(void)
{
	static const struct {
		uint64_t passes;
		bool postcopy;
		int acts;		/* after so many passes */
	} cases[] = {
		{ 1, true, 1 }, { 2, true, 2 }, { 3, false, 3 }, { MT_LIMIT_UNSET, true, 1 },
		{ 0, true, 0 }, { MT_LIMIT_UNSET, false, 1 },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(cases); i++) {
		enum mt_action action;
		int done = 0;
		struct scene s;

		scene_init(&s, "passes");
		s.limits.postcopy_allowed = cases[i].postcopy;
		*mt_params_value(&s.limits.params, "passes") = cases[i].passes;
		for (action = at(&s, 0); action == MT_ACTION_CONTINUE && done < 5; done++) {
			CHECK(s.plan.reason[0]);
			action = boundary(&s, 1000 * (done + 1), 1e9);
		}
		CHECK_INT(action, cases[i].postcopy ? MT_ACTION_FLIP : MT_ACTION_STOP);
		CHECK_INT(done, cases[i].acts);
	}
}

/* 0 passes mean a flip at once for this policy alone, and the link still has to work. */
static void test_at_once(void)
{
	struct scene s;

	scene_init(&s, "timeout");
	s.limits.postcopy_allowed = true;
	*mt_params_value(&s.limits.params, "passes") = 0;
	CHECK_INT(at(&s, 40000), MT_ACTION_CONTINUE);
	scene_init(&s, "passes");
	s.limits.postcopy_allowed = true;
	*mt_params_value(&s.limits.params, "passes") = 0;
	s.its.stuck = true;
	CHECK_INT(at(&s, 100), MT_ACTION_CONTINUE);
	s.its.stuck = false;
	CHECK_INT(at(&s, 200), MT_ACTION_FLIP);
}

/* At once, but not before it is known how long that takes; however long. */
static void test_former_names(void)
{
	CHECK(mt_policy_find("psc") && !strcmp(mt_policy_find("psc")->name, "stop-and-copy"));
	CHECK(mt_policy_find("fni") && !strcmp(mt_policy_find("fni")->name, "fixed-passes"));
}

static void test_stop_and_copy(void)
{
	struct scene s;

	scene_init(&s, "stop-and-copy");
	mt_sample_set(&s.sample, remaining_bytes, 1000 * LINK);
	s.view.bandwidth_bytes_per_s = 0;
	CHECK_INT(at(&s, 0), MT_ACTION_CONTINUE);
	CHECK(s.plan.reason[0]);
	s.view.bandwidth_bytes_per_s = LINK;
	CHECK_INT(at(&s, 1), MT_ACTION_STOP);
	CHECK_NEAR(s.plan.implied_downtime_ms, 1e6, 1);
	CHECK(strstr(s.plan.reason, "16 min"));
}

static void test_fixed_passes(void)
{
	for (uint64_t passes = 0; passes <= 5; passes++) {
		struct scene s;

		scene_init(&s, "fixed-passes");
		*mt_params_value(&s.limits.params, "passes") = passes ? passes : MT_LIMIT_UNSET;
		s.limits.postcopy_allowed = true;
		for (uint64_t n = 1; n <= (passes ? passes : 4); n++) {
			CHECK_INT(at(&s, n * 1000 - 500), MT_ACTION_CONTINUE);
			CHECK_INT(boundary(&s, n * 1000, 1e12),
				  n == (passes ? passes : 4) ? MT_ACTION_STOP : MT_ACTION_CONTINUE);
		}
	}
}

/* Bytes a second that a guest dirties at a time. */
struct load {
	double busy, quiet;
	double busy_s, period_s;	/* period_s 0: always busy */
};

static double dirties(const struct load *load, double from_s, double to_s)
{
	double sum = 0;

	for (int i = (int)(from_s * 10 + 0.5); i < (int)(to_s * 10 + 0.5); i++)
		sum += 0.1 * (load->period_s > 0 && fmod(i / 10.0 + 1e-6, load->period_s) >=
							    load->busy_s ?
				      load->quiet :
				      load->busy);
	return sum;
}

/* Passes of whole tenths of a second, until the policy acts. Return: when that was, 0 = never. */
static uint64_t steer(struct scene *s, const struct load *load, double begin_s, double first_s,
		      double *left)
{
	double pass_s = first_s, now_s = begin_s;

	*left = first_s * LINK;
	while (now_s < 200) {
		struct mt_iteration *i = &s->its.kept[0];

		now_s += pass_s;
		if (at(s, (uint64_t)((now_s - 0.05) * 1e3)) != MT_ACTION_CONTINUE)
			return (uint64_t)((now_s - 0.05) * 1e3);
		*left = dirties(load, now_s - pass_s, now_s);
		s->its.n_kept = 1;
		s->its.total++;
		*i = (struct mt_iteration){ .n = s->its.total,
					    .duration_s = pass_s,
					    .remaining_bytes = *left,
					    .dirtied_bytes = *left };
		mt_sample_set(&s->sample, remaining_bytes, (uint64_t)*left);
		s->view.boundary = true;
		if (step(s, (uint64_t)(now_s * 1e3 + 0.5)) != MT_ACTION_CONTINUE)
			return (uint64_t)(now_s * 1e3 + 0.5);
		pass_s = fmax(0.1, ceil(*left / LINK * 10 - 1e-9) / 10);
	}
	return 0;
}

static uint64_t steer_steady(struct scene *s, double bytes_per_s, double first_s, double *left)
{
	return steer(s, &(struct load){ .busy = bytes_per_s }, 0, first_s, left);
}

/*
 * Who has seen the guest's phases before waits for a quiet one; who has not takes the busy one for
 * all there is.
 */
static void test_history(void)
{
	const struct load load = {
		.busy = 1.2 * LINK, .quiet = LINK / 20.0, .busy_s = 2.5, .period_s = 4
	};
	double bytes[800], without, with;
	const struct mt_history history = { .bytes = bytes, .n = 800, .slot_s = 0.1 };

	for (int i = 0; i < 800; i++)
		bytes[i] = dirties(&load, i / 10.0, (i + 1) / 10.0);
	for (int k = 0; k < 2; k++) {
		struct scene s;

		scene_init(&s, k ? "am" : "fm");
		CHECK_INT(steer(&s, &load, 0, 1, &without), 1000);
		CHECK_NEAR(without, 1.2 * LINK, 1);
		scene_init(&s, k ? "am" : "fm");
		s.limits.history = &history;
		CHECK(steer(&s, &load, 0, 1, &with) > 2500);
		CHECK(with < 0.1 * without);
		CHECK(strstr(s.plan.reason, "left"));
	}
}

/* They stop where the pause is shortest, whether it is within what is allowed or not. */
static void test_fm_am(void)
{
	static const char *const names[] = { "fm", "am" };

	for (size_t k = 0; k < MT_ARRAY_SIZE(names); k++) {
		struct scene s;
		double left;

		/*
		 * Passes of 10 s, 5, 2.5, 1.3, 0.7, 0.4, 0.2, and the first of 0.1 s, the shortest
		 * there is.
		 */
		scene_init(&s, names[k]);
		CHECK_INT(steer_steady(&s, LINK / 2.0, 10, &left), 20200);
		CHECK_INT(s.plan.action, MT_ACTION_STOP);
		CHECK_NEAR(left, LINK / 20.0, 1);
		CHECK(strstr(s.plan.reason, "planned") && names_numbers(s.plan.reason));

		/*
		 * Each pass would leave more than the one before: after the first, though that
		 * takes 20 s.
		 */
		scene_init(&s, names[k]);
		CHECK_INT(steer_steady(&s, 2.0 * LINK, 10, &left), 10000);
		CHECK_NEAR(left, 20.0 * LINK, 1);
		CHECK(strstr(s.plan.reason, "no better moment"));

		/* No plan goes beyond the deadline. */
		scene_init(&s, names[k]);
		s.limits.deadline_ms = 16000;
		CHECK_INT(steer_steady(&s, LINK / 2.0, 10, &left), 15000);
		CHECK_INT(s.plan.action, MT_ACTION_STOP);

		/*
		 * The guest that was still comes to life, and its pass does not end: when the
		 * plan's time is over.
		 */
		scene_init(&s, names[k]);
		s.limits.deadline_ms = 16000;
		CHECK_INT(boundary(&s, 10000, LINK / 2.0), MT_ACTION_CONTINUE);
		CHECK(strstr(s.plan.reason, "a new plan"));
		CHECK_INT(at(&s, 15900), MT_ACTION_CONTINUE);
		CHECK_INT(at(&s, 16100), MT_ACTION_STOP);
		CHECK(strstr(s.plan.reason, "has passed"));
	}
}

/* What the model says, and what predict makes of it at one boundary, the n-th. */
struct predict_case {
	const char *what;
	enum mt_verdict verdict;
	double total_ms, stop_now_ms, left_mib;
	uint64_t deadline_ms;
	unsigned total;
	bool postcopy;
	enum mt_action action;
	uint64_t held_ms;	/* the verdict, for so long */
};

static const struct predict_case predict_cases[] = {
	/* link: 100 MiB/s; 500 ms allowed, 60 of them fixed: 44 MiB */
	{ "ends by itself",	MT_VERDICT_CONVERGES,	9000,	900,	84,	0,	2, false,
	  MT_ACTION_CONTINUE },
	{ "not even to flip",	MT_VERDICT_CONVERGES,	9000,	900,	84,	0,	2, true,
	  MT_ACTION_CONTINUE },
	{ "nor to stop",	MT_VERDICT_CONVERGES,	9000,	400,	34,	0,	2, true,
	  MT_ACTION_CONTINUE },
	{ "just in time",	MT_VERDICT_CONVERGES,	9000,	900,	84,	9000,	2, true,
	  MT_ACTION_CONTINUE },
	{ "too late, stop",	MT_VERDICT_CONVERGES,	9001,	500,	44,	9000,	2, false,
	  MT_ACTION_STOP },
	{ "too late, flip",	MT_VERDICT_CONVERGES,	9001,	501,	44,	9000,	2, true,
	  MT_ACTION_FLIP },
	{ "too late, wait",	MT_VERDICT_CONVERGES,	9001,	501,	44,	9000,	2, false,
	  MT_ACTION_CONTINUE },
	{ "as allowed",		MT_VERDICT_REACHABLE,	INFINITY, 500,	44,	0,	1, false,
	  MT_ACTION_STOP },
	{ "stop before flip",	MT_VERDICT_REACHABLE,	INFINITY, 500,	44,	0,	1, true,
	  MT_ACTION_STOP },
	{ "a little too much",	MT_VERDICT_REACHABLE,	INFINITY, 501,	44.1,	0,	1, false,
	  MT_ACTION_CONTINUE },
	{ "flip instead",	MT_VERDICT_REACHABLE,	INFINITY, 501,	44.1,	0,	1, true,
	  MT_ACTION_FLIP },
	{ "open, as allowed",	MT_VERDICT_OPEN,	INFINITY, 500,	44,	0,	1, false,
	  MT_ACTION_STOP },
	{ "open, wait",		MT_VERDICT_OPEN,	INFINITY, 900,	84,	0,	9, false,
	  MT_ACTION_CONTINUE },
	{ "open, flip",		MT_VERDICT_OPEN,	INFINITY, 900,	84,	0,	9, true,
	  MT_ACTION_FLIP },
	{ "hopeless, once",	MT_VERDICT_HOPELESS,	INFINITY, 900,	84,	0,	1, false,
	  MT_ACTION_CONTINUE },
	{ "hopeless, twice",	MT_VERDICT_HOPELESS,	INFINITY, 900,	84,	0,	2, false,
	  MT_ACTION_CONTINUE },
	{ "hopeless",		MT_VERDICT_HOPELESS,	INFINITY, 900,	84,	0,	2, false,
	  MT_ACTION_ABORT, 4000 },
	{ "not long enough",	MT_VERDICT_HOPELESS,	INFINITY, 900,	84,	0,	9, false,
	  MT_ACTION_CONTINUE, 3999 },
	{ "hopeless, flip",	MT_VERDICT_HOPELESS,	INFINITY, 900,	84,	0,	1, true,
	  MT_ACTION_FLIP },
	{ "hopeless, stop",	MT_VERDICT_HOPELESS,	INFINITY, 500,	44,	0,	3, false,
	  MT_ACTION_STOP },
	{ "but near (1.5 x)",	MT_VERDICT_HOPELESS,	INFINITY, 750,	69,	0,	3, false,
	  MT_ACTION_CONTINUE, 4000 },
	{ "not that near",	MT_VERDICT_HOPELESS,	INFINITY, 751,	69.2,	0,	3, false,
	  MT_ACTION_ABORT, 4000 },
	{ "unknown",		MT_VERDICT_UNKNOWN,	0,	0,	1,	0,	3, true,
	  MT_ACTION_CONTINUE },
};

static void test_predict(void)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(predict_cases); i++) {
		const struct predict_case *c = &predict_cases[i];
		struct scene s;
		enum mt_action action;

		scene_init(&s, "predict");
		s.limits.postcopy_allowed = c->postcopy;
		s.limits.deadline_ms = c->deadline_ms ? c->deadline_ms : MT_LIMIT_NONE;
		s.its.total = c->total - 1;
		s.p = (struct mt_prediction){
			.verdict = c->verdict,
			.ends = c->verdict == MT_VERDICT_CONVERGES ? 0.95 : 0.1,
			.iterations_left = 1,
			.total_ms = { c->total_ms, c->total_ms, c->total_ms },
			.stop_now_ms = c->stop_now_ms,
			.floor_ms = c->stop_now_ms,
			.needed_bandwidth_bytes_per_s = 2 * LINK,
		};
		if (c->held_ms) {
			s.its.total--;
			CHECK_INT(boundary(&s, 5000 - c->held_ms, c->left_mib * MT_MIB),
				  MT_ACTION_CONTINUE);
		}
		action = boundary(&s, 5000, c->left_mib * MT_MIB);
		if (action != c->action)
			printf("# %s: %s (%s), expected %s\n", c->what, mt_action_name(action),
			       s.plan.reason, mt_action_name(c->action));
		CHECK_INT(action, c->action);
		CHECK(s.plan.reason[0]);
		CHECK(action == MT_ACTION_CONTINUE || names_numbers(s.plan.reason));
	}
}

/*
 * QEMU's own limit: brought within what is allowed at once, raised once when pre-copy does not end
 * by itself.
 */
static void test_predict_limit(void)
{
	struct scene s;

	scene_init(&s, "predict");
	s.limits.qemu_limit_ms = 501;
	CHECK_INT(at(&s, 0), MT_ACTION_SET_DOWNTIME);
	CHECK_INT(s.plan.downtime_limit_ms, 500);
	CHECK(strstr(s.plan.reason, "501 ms") && strstr(s.plan.reason, "500 ms"));
	CHECK_INT(at(&s, 100), MT_ACTION_CONTINUE);	/* once, also where it had no effect */

	scene_init(&s, "predict");
	s.limits.qemu_limit_ms = 300;
	s.p = (struct mt_prediction){ .verdict = MT_VERDICT_CONVERGES,
				      .ends = 0.95,
				      .stop_now_ms = 900 };
	CHECK_INT(boundary(&s, 1000, 84 * MT_MIB), MT_ACTION_CONTINUE);
	s.p = (struct mt_prediction){ .verdict = MT_VERDICT_OPEN,
				      .stop_now_ms = 800,
				      .floor_ms = 700 };
	CHECK_INT(boundary(&s, 2000, 74 * MT_MIB), MT_ACTION_SET_DOWNTIME);
	CHECK_INT(s.plan.downtime_limit_ms, 440);
	CHECK(names_numbers(s.plan.reason));
	CHECK_INT(boundary(&s, 3000, 64 * MT_MIB), MT_ACTION_CONTINUE);

	/* Not where something better can be done, nor where there is no room. */
	scene_init(&s, "predict");
	s.limits.qemu_limit_ms = 300;
	s.limits.postcopy_allowed = true;
	s.p = (struct mt_prediction){ .verdict = MT_VERDICT_OPEN,
				      .stop_now_ms = 800,
				      .floor_ms = 700 };
	CHECK_INT(boundary(&s, 1000, 74 * MT_MIB), MT_ACTION_FLIP);
	scene_init(&s, "predict");
	s.limits.max_downtime_ms = 60;
	s.limits.qemu_limit_ms = 30;
	s.p = (struct mt_prediction){ .verdict = MT_VERDICT_OPEN,
				      .stop_now_ms = 800,
				      .floor_ms = 700 };
	CHECK_INT(boundary(&s, 1000, 74 * MT_MIB), MT_ACTION_CONTINUE);
}

/* Refused or not, the guest is not left to itself. */
static void test_predict_limit_refused(void)
{
	struct scene s;

	scene_init(&s, "predict");
	s.limits.qemu_limit_ms = 700;
	s.p = (struct mt_prediction){ .verdict = MT_VERDICT_OPEN, .stop_now_ms = 400 };
	for (int i = 0; i < MT_POLICY_TRIES; i++) {
		CHECK_INT(boundary(&s, 1000 + 100 * i, 34 * MT_MIB), MT_ACTION_SET_DOWNTIME);
		mt_policy_refused(&s.state, MT_ACTION_SET_DOWNTIME);
	}
	CHECK_INT(boundary(&s, 2000, 34 * MT_MIB), MT_ACTION_STOP);
}

/* Between boundaries only the deadline acts. */
static void test_predict_between(void)
{
	struct scene s;

	scene_init(&s, "predict");
	s.limits.postcopy_allowed = true;
	s.p = (struct mt_prediction){ .verdict = MT_VERDICT_CONVERGES, .ends = 0.95 };
	CHECK_INT(boundary(&s, 1000, 1e9), MT_ACTION_CONTINUE);
	for (int v = 0; v < MT_VERDICT_COUNT; v++) {
		s.p.verdict = v;
		CHECK_INT(at(&s, 1100 + 100 * v), MT_ACTION_CONTINUE);
	}
}

/* "It ends by itself" is believed while there is a new low now and then. */
static void test_predict_promises(void)
{
	struct scene s;
	int n = 1;

	scene_init(&s, "predict");
	s.p = (struct mt_prediction){ .verdict = MT_VERDICT_CONVERGES,
				      .ends = 0.95,
				      .stop_now_ms = 400 };
	CHECK_INT(boundary(&s, 1000, 40e6), MT_ACTION_CONTINUE);
	while (n < 100 && boundary(&s, 1000 * n, 40e6) == MT_ACTION_CONTINUE)
		n++;
	CHECK_INT(n, 4);
	CHECK_INT(s.plan.action, MT_ACTION_STOP);

	scene_init(&s, "predict");
	s.p = (struct mt_prediction){ .verdict = MT_VERDICT_CONVERGES,
				      .ends = 0.95,
				      .stop_now_ms = 900 };
	for (n = 0; n < 60; n++)
		CHECK_INT(boundary(&s, 1000 * n, 1e9 * pow(0.94, n / 3)), MT_ACTION_CONTINUE);
}

/* It may end by itself, and may not: what can be had is taken, what cannot is waited for. */
static void test_predict_unsure(void)
{
	struct scene s;

	scene_init(&s, "predict");
	s.p = (struct mt_prediction){ .verdict = MT_VERDICT_CONVERGES,
				      .ends = 0.89,
				      .stop_now_ms = 501 };
	CHECK_INT(boundary(&s, 1000, 44 * MT_MIB), MT_ACTION_CONTINUE);
	s.p.stop_now_ms = 500;
	CHECK_INT(boundary(&s, 2000, 44 * MT_MIB), MT_ACTION_STOP);
	CHECK(strstr(s.plan.reason, "may not converge"));
}

/* A better moment is waited for, but not for ever. */
static void test_predict_patience(void)
{
	struct scene s;
	int n = 1;

	scene_init(&s, "predict");
	s.p = (struct mt_prediction){ .verdict = MT_VERDICT_REACHABLE,
				      .stop_now_ms = 600,
				      .floor_ms = 450 };
	CHECK_INT(boundary(&s, 1000, 54 * MT_MIB), MT_ACTION_CONTINUE);
	while (n < 100 && boundary(&s, 1000 * n, 54 * MT_MIB) == MT_ACTION_CONTINUE)
		n++;
	CHECK_INT(n, 24);
	CHECK_INT(s.plan.action, MT_ACTION_ABORT);
	CHECK(names_numbers(s.plan.reason));

	/* Hopeless, yet near: half as long. */
	scene_init(&s, "predict");
	s.p = (struct mt_prediction){ .verdict = MT_VERDICT_HOPELESS,
				      .stop_now_ms = 600,
				      .floor_ms = 590 };
	CHECK_INT(boundary(&s, 1000, 54 * MT_MIB), MT_ACTION_CONTINUE);
	for (n = 1; n < 100 && boundary(&s, 1000 * n, 54 * MT_MIB) == MT_ACTION_CONTINUE;)
		n++;
	CHECK_INT(n, 12);
	CHECK_INT(s.plan.action, MT_ACTION_ABORT);
}

static void test_predict_deadline(void)
{
	static const struct {
		enum mt_verdict verdict;
		double stop_now_ms;
		bool postcopy, first_pass_done;
		enum mt_action action;
	} cases[] = {
		{ MT_VERDICT_REACHABLE,	500,	false,	true,	MT_ACTION_STOP },
		{ MT_VERDICT_REACHABLE,	500,	true,	true,	MT_ACTION_STOP },
		{ MT_VERDICT_CONVERGES,	500,	true,	true,	MT_ACTION_STOP },
		{ MT_VERDICT_REACHABLE,	501,	true,	true,	MT_ACTION_FLIP },
		{ MT_VERDICT_CONVERGES,	501,	true,	true,	MT_ACTION_FLIP },
		{ MT_VERDICT_HOPELESS,	501,	false,	true,	MT_ACTION_ABORT },
		{ MT_VERDICT_CONVERGES,	501,	false,	true,	MT_ACTION_ABORT },
		{ MT_VERDICT_UNKNOWN,	0,	false,	false,	MT_ACTION_ABORT },
		{ MT_VERDICT_UNKNOWN,	0,	true,	false,	MT_ACTION_ABORT },
		{ MT_VERDICT_UNKNOWN,	0,	true,	true,	MT_ACTION_FLIP },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(cases); i++) {
		struct scene s;

		scene_init(&s, "predict");
		s.limits.deadline_ms = 60000;
		s.limits.postcopy_allowed = cases[i].postcopy;
		s.p.verdict = MT_VERDICT_UNKNOWN;
		if (cases[i].first_pass_done)
			CHECK_INT(boundary(&s, 1000, 1e9), MT_ACTION_CONTINUE);
		s.p.verdict = cases[i].verdict;
		s.p.stop_now_ms = cases[i].stop_now_ms;
		CHECK_INT(at(&s, 59999), MT_ACTION_CONTINUE);
		CHECK_INT(at(&s, 60000), cases[i].action);
		CHECK(s.plan.reason[0]);
	}
}

static void test_final(void)
{
	struct scene s;

	scene_init(&s, "timeout");
	CHECK_INT(boundary(&s, 30000, 1e9), MT_ACTION_STOP);
	CHECK_INT(s.state.last, MT_ACTION_STOP);
	for (int i = 1; i < 100; i++) {
		CHECK_INT(boundary(&s, 30000 + i, 1e9), MT_ACTION_CONTINUE);
		CHECK(strstr(s.plan.reason, "stop"));
	}
	mt_policy_init(&s.state);	/* a new migration */
	CHECK_INT(boundary(&s, 30000, 1e9), MT_ACTION_STOP);
}

static void test_implied_downtime(void)
{
	struct scene s;

	scene_init(&s, "qemu");
	at(&s, 0);
	CHECK(s.plan.implied_downtime_ms < 0);		/* nothing known of what is left */
	boundary(&s, 0, LINK / 4.0);
	CHECK_NEAR(s.plan.implied_downtime_ms, 250, 1e-3);
	s.view.bandwidth_bytes_per_s = 0;
	at(&s, 0);
	CHECK(s.plan.implied_downtime_ms < 0);		/* nor of the link */
	s.view.bandwidth_bytes_per_s = LINK;
	mt_sample_set(&s.sample, remaining_bytes, 0);
	at(&s, 0);
	CHECK_NEAR(s.plan.implied_downtime_ms, 0, 0);
}

static void rogue_step(void *priv, const struct mt_view *view, uint64_t now_ms,
		       struct mt_plan *plan)
{
	plan->action = MT_ACTION_FLIP;
	strcpy(plan->reason, "because");
}

/* The rules hold for every row, a careless one too. */
static void test_rogue(void)
{
	static const struct mt_policy rogue = { .name = "rogue",
						.help = "flips",
						.step = rogue_step };
	struct scene s;

	scene_init(&s, "qemu");
	s.policy = &rogue;
	s.limits.postcopy_allowed = true;
	CHECK_INT(at(&s, 0), MT_ACTION_CONTINUE);
	s.limits.postcopy_allowed = false;
	CHECK_INT(boundary(&s, 0, 1e9), MT_ACTION_CONTINUE);
	CHECK(strstr(s.plan.reason, "not allowed"));
	s.limits.postcopy_allowed = true;
	s.sample.status = MT_STATUS_POSTCOPY;
	CHECK_INT(at(&s, 0), MT_ACTION_CONTINUE);
	s.sample.status = MT_STATUS_ACTIVE;
	s.its.stuck = true;
	CHECK_INT(at(&s, 0), MT_ACTION_CONTINUE);
	CHECK(strstr(s.plan.reason, "link"));
	s.its.stuck = false;
	CHECK_INT(at(&s, 0), MT_ACTION_FLIP);
	CHECK_INT(at(&s, 0), MT_ACTION_CONTINUE);
}

/* A timeout that runs out on a dead link waits for the link. */
static void test_stuck_stop(void)
{
	struct scene s;

	scene_init(&s, "timeout");
	s.its.stuck = true;
	CHECK_INT(at(&s, 40000), MT_ACTION_CONTINUE);
	s.its.stuck = false;
	CHECK_INT(at(&s, 41000), MT_ACTION_STOP);
}

/* --- the rules that hold for every row ----------------------------------- */
static void ask_stop(void *priv, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	plan->action = MT_ACTION_STOP;
	strcpy(plan->reason, "because");
}

static void ask_abort(void *priv, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	plan->action = MT_ACTION_ABORT;
	strcpy(plan->reason, "because");
}

static void ask_limit(void *priv, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	plan->action = MT_ACTION_SET_DOWNTIME;
	strcpy(plan->reason, "because");
}

static const struct mt_policy eager[] = {
	{ .name = "stops", .help = "", .step = ask_stop },
	{ .name = "aborts", .help = "", .step = ask_abort },
	{ .name = "sets", .help = "", .step = ask_limit },
	{ .name = "flips", .help = "", .step = rogue_step },
};

/*
 * From switchover on, while it is cancelled, in post-copy, in a state that nobody knows: hands off,
 * with the reason.
 */
static void test_status(void)
{
	for (enum mt_status status = 0; status < MT_STATUS_COUNT; status++) {
		for (size_t i = 0; i < MT_ARRAY_SIZE(eager); i++) {
			struct scene s;

			scene_init(&s, "qemu");
			s.policy = &eager[i];
			s.limits.postcopy_allowed = true;
			s.limits.deadline_ms = 1;
			s.limits.stall_timeout_ms = 1;
			s.its.total = 3;
			s.its.still_s = 3600;
			s.sample.status = status;
			if (status == MT_STATUS_ACTIVE) {
				CHECK(at(&s, 50000) != MT_ACTION_CONTINUE);
				continue;
			}
			for (int n = 0; n < 3; n++) {
				CHECK_INT(at(&s, 50000), MT_ACTION_CONTINUE);
				CHECK_STR(s.plan.reason, mt_status_why(status));
				/* Those that need a person are told as such, once. */
				CHECK_INT(s.plan.warns,
					  !n && (status == MT_STATUS_POSTCOPY_PAUSED ||
						 status == MT_STATUS_UNKNOWN));
			}
			/* Nothing of that lasts: it goes on, say after an unknown state. */
			s.sample.status = MT_STATUS_ACTIVE;
			CHECK(at(&s, 50000) != MT_ACTION_CONTINUE);
		}
	}
}

/* The deadline ends a migration, but not one that is just ending. */
static void test_deadline_at_switchover(void)
{
	struct scene s;

	for (int verdict = 0; verdict < MT_VERDICT_COUNT; verdict++) {
		scene_init(&s, "predict");
		s.limits.deadline_ms = 22600;
		s.p.verdict = verdict;
		s.p.stop_now_ms = 100;
		CHECK_INT(at(&s, 22599), MT_ACTION_CONTINUE);
		s.sample.status = MT_STATUS_SWITCHOVER;
		for (uint64_t ms = 22600; ms < 30000; ms += 200) {
			CHECK_INT(at(&s, ms), MT_ACTION_CONTINUE);
			CHECK(strstr(s.plan.reason, "switchover is under way"));
		}
	}
}

/*
 * What was refused may be asked for again; the third time it is not, and the deadline's abort never
 * is held back.
 */
static void test_refused(void)
{
	struct scene s;

	scene_init(&s, "timeout");
	s.limits.deadline_ms = 60000;
	for (int i = 0; i < MT_POLICY_TRIES; i++) {
		CHECK_INT(at(&s, 30000 + i), MT_ACTION_STOP);
		mt_policy_refused(&s.state, MT_ACTION_STOP);
	}
	CHECK_INT(at(&s, 59999), MT_ACTION_CONTINUE);
	CHECK(strstr(s.plan.reason, "refused"));
	for (int i = 0; i < 20; i++) {
		CHECK_INT(at(&s, 60000 + i), MT_ACTION_ABORT);
		CHECK(strstr(s.plan.reason, "deadline"));
		CHECK_INT(at(&s, 60000 + i), MT_ACTION_CONTINUE);
		mt_policy_refused(&s.state, MT_ACTION_ABORT);
	}

	/* predict prefers to stop there: the abort comes all the same. */
	scene_init(&s, "predict");
	s.limits.deadline_ms = 60000;
	s.p.verdict = MT_VERDICT_REACHABLE;
	s.p.stop_now_ms = 100;
	for (int i = 0; i < MT_POLICY_TRIES; i++) {
		CHECK_INT(at(&s, 60000), MT_ACTION_STOP);
		mt_policy_refused(&s.state, MT_ACTION_STOP);
	}
	CHECK_INT(at(&s, 60000), MT_ACTION_ABORT);

	/* A stop that is refused bars no flip, and no stall's abort. */
	scene_init(&s, "qemu");
	s.policy = &eager[3];
	s.limits.postcopy_allowed = true;
	s.its.total = 3;
	for (int i = 0; i < 10; i++)
		mt_policy_refused(&s.state, MT_ACTION_STOP);
	CHECK_INT(at(&s, 1), MT_ACTION_FLIP);
	mt_policy_refused(&s.state, MT_ACTION_COUNT);	/* nothing anybody asks for */
	mt_policy_refused(&s.state, MT_ACTION_FLIP);
	s.limits.stall_timeout_ms = 1000;
	s.its.still_s = 1;
	CHECK_INT(at(&s, 1), MT_ACTION_ABORT);
}

/* A dead link bars a stop, not the deadline. */
static void test_stuck_deadline(void)
{
	struct scene s;

	scene_init(&s, "predict");
	s.limits.deadline_ms = 60000;
	s.p.verdict = MT_VERDICT_REACHABLE;
	s.p.stop_now_ms = 100;
	s.its.stuck = true;
	CHECK_INT(at(&s, 60000), MT_ACTION_ABORT);
	CHECK(strstr(s.plan.reason, "deadline") && strstr(s.plan.reason, "link"));

	scene_init(&s, "timeout");
	s.limits.deadline_ms = 60000;
	s.its.stuck = true;
	CHECK_INT(at(&s, 59999), MT_ACTION_CONTINUE);
	CHECK_INT(at(&s, 60000), MT_ACTION_ABORT);
}

/*
 * Told after a while, aborted where the operator says so: for every policy, also before the first
 * pass is done.
 */
static void test_stall(void)
{
	for (size_t k = 0; mt_policy_at(k); k++) {
		struct scene s;

		scene_init(&s, mt_policy_at(k)->name);
		*mt_params_value(&s.limits.params, "timeout") = 1000000;
		*mt_params_value(&s.limits.params, "passes") = 100;
		if (!strcmp(s.policy->name, "stop-and-copy"))
			continue;	/* stops at once */
		at(&s, 0);		/* some ask for a limit at the begin */
		s.its.still_s = (MT_STALL_TELL_MS - 1) / 1e3;
		CHECK_INT(at(&s, 20000), MT_ACTION_CONTINUE);
		CHECK(!s.plan.warns && !strstr(s.plan.reason, "nothing has been sent"));
		s.its.still_s = MT_STALL_TELL_MS / 1e3;
		CHECK_INT(at(&s, 20001), MT_ACTION_CONTINUE);
		CHECK(s.plan.warns && strstr(s.plan.reason, "nothing has been sent for 10.0 s"));
		s.its.still_s = 1800;
		CHECK_INT(at(&s, 1800000),
			  strcmp(s.policy->name, "timeout") ? MT_ACTION_CONTINUE : MT_ACTION_STOP);
		CHECK(!s.plan.warns);		/* once */
		if (s.plan.action)
			continue;
		s.its.still_s = 0;
		at(&s, 1800000);
		s.its.still_s = 11;
		CHECK_INT(at(&s, 1811000), MT_ACTION_CONTINUE);
		CHECK(s.plan.warns);		/* and again when it happens again */

		s.limits.stall_timeout_ms = 60000;
		s.its.still_s = 59.999;
		CHECK_INT(at(&s, 1859000), MT_ACTION_CONTINUE);
		s.its.still_s = 60;
		CHECK_INT(at(&s, 1860000), MT_ACTION_ABORT);
		CHECK(strstr(s.plan.reason, "nothing has been sent for 1 min 00 s"));
		CHECK_INT(at(&s, 1860250), MT_ACTION_CONTINUE);
		mt_policy_refused(&s.state, MT_ACTION_ABORT);
		CHECK_INT(at(&s, 1860500), MT_ACTION_ABORT);
	}
}

/* Without knowing what is left nobody can say how long a pause would be. */
static void test_miscounted(void)
{
	struct scene s;

	scene_init(&s, "predict");
	s.sample.miscounted = true;
	CHECK_INT(at(&s, 1000), MT_ACTION_CONTINUE);
	CHECK(s.plan.warns && strstr(s.plan.reason, "lost count") &&
	      strstr(s.plan.reason, "cancel"));
	CHECK_INT(at(&s, 1200), MT_ACTION_CONTINUE);
	CHECK(!s.plan.warns && strstr(s.plan.reason, "lost count"));
	s.limits.deadline_ms = 60000;
	s.p.verdict = MT_VERDICT_REACHABLE;	/* of before */
	s.p.stop_now_ms = 1;
	CHECK_INT(at(&s, 60000), MT_ACTION_ABORT);

	scene_init(&s, "timeout");
	s.sample.miscounted = true;
	CHECK_INT(at(&s, 40000), MT_ACTION_CONTINUE);
	s.sample.miscounted = false;
	CHECK_INT(at(&s, 40000), MT_ACTION_STOP);
}

/* Whatever a policy is shown: no flip that was not allowed, no word after the last one. */
static void test_any_view(void)
{
	struct mt_rng rng = { 11 };

	for (size_t k = 0; mt_policy_at(k); k++) {
		const char *name = mt_policy_at(k)->name;
		/* Forecasts take their time. */
		int steps = strcmp(name, "fm") && strcmp(name, "am") ? 200000 : 4000;
		struct scene s;
		bool final = false;

		scene_init(&s, name);
		for (int i = 0; i < steps; i++) {
			enum mt_action action;
			uint64_t now_ms = mt_rng_next(&rng) % 100000;
			bool empty;

			if (i % 50 == 0) {
				scene_init(&s, name);
				final = false;
			}
			s.limits.postcopy_allowed = mt_rng_next(&rng) % 2;
			s.limits.deadline_ms = mt_rng_next(&rng) % 2 ? 50000 : MT_LIMIT_NONE;
			s.sample.status = mt_rng_next(&rng) % 8 ?
						  MT_STATUS_ACTIVE :
						  mt_rng_next(&rng) % MT_STATUS_COUNT;
			s.sample.miscounted = mt_rng_next(&rng) % 16 == 0;
			s.view.bandwidth_bytes_per_s =
				mt_rng_next(&rng) % 8 ? LINK * mt_rng_unit(&rng) : 0;
			s.p = (struct mt_prediction){
				.verdict = mt_rng_next(&rng) % MT_VERDICT_COUNT,
				.stop_now_ms = 2000 * mt_rng_unit(&rng),
				.total_ms.p50 = mt_rng_next(&rng) % 2 ? INFINITY :
									60000 * mt_rng_unit(&rng),
				.floor_ms = 2000 * mt_rng_unit(&rng),
				.needed_bandwidth_bytes_per_s = mt_rng_next(&rng) % 2 * 1e9,
			};
			if (mt_rng_next(&rng) % 16 == 0) {
				s.view.boundary = true;		/* of which there is no iteration:
								 * joined just then */
				action = step(&s, now_ms);
			} else if (mt_rng_next(&rng) % 2) {
				action = boundary(&s, now_ms, 2e8 * mt_rng_unit(&rng));
			} else {
				action = at(&s, now_ms);
			}
			empty = !s.plan.reason[0];
			CHECK(action < MT_ACTION_COUNT);
			CHECK(action == MT_ACTION_CONTINUE || !empty);
			CHECK(action == MT_ACTION_CONTINUE || s.sample.status == MT_STATUS_ACTIVE);
			CHECK(action == MT_ACTION_CONTINUE || !final);
			CHECK((action != MT_ACTION_STOP && action != MT_ACTION_FLIP) ||
			      !s.sample.miscounted);
			CHECK(action != MT_ACTION_FLIP ||
			      (s.limits.postcopy_allowed && s.its.total));
			CHECK(action == MT_ACTION_CONTINUE || strcmp(name, "qemu"));
			final |= action == MT_ACTION_STOP || action == MT_ACTION_FLIP ||
				 action == MT_ACTION_ABORT;
		}
	}
}

static const struct ktap_case cases[] = {
	{ "the table of policies", test_table },
	{ "qemu never acts", test_qemu },
	{ "timeout before, at and after", test_timeout },
	{ "timeout waits for the first pass", test_timeout_waits },
	{ "timeout: before the first pass is done, if it is asked to", test_timeout_mid_pass },
	{ "former names are accepted", test_former_names },
	{ "stop-and-copy stops as soon as the bandwidth is known", test_stop_and_copy },
	{ "fixed-passes counts passes", test_fixed_passes },
	{ "fm and am on a steady guest", test_fm_am },
	{ "fm and am with what was before", test_history },
	{ "passes, and then flips or stops", test_passes },
	{ "at once only by who may", test_at_once },
	{ "predict at a boundary", test_predict },
	{ "predict acts though QEMU's limit cannot be set", test_predict_limit_refused },
	{ "predict and QEMU's own limit", test_predict_limit },
	{ "predict acts between boundaries by its deadline alone", test_predict_between },
	{ "predict and empty promises", test_predict_promises },
	{ "predict, unsure, takes what can be had", test_predict_unsure },
	{ "predict waits for a better moment, not for ever", test_predict_patience },
	{ "predict does at its deadline what is allowed and quickest", test_predict_deadline },
	{ "nothing after a final action", test_final },
	{ "a careless policy is held back", test_rogue },
	{ "no stop while the link is stuck", test_stuck_stop },
	{ "no action in any status but one", test_status },
	{ "the deadline within the switchover", test_deadline_at_switchover },
	{ "what was refused three times is not asked for again, but an abort is", test_refused },
	{ "the deadline on a dead link", test_stuck_deadline },
	{ "a stall is told, and ended where there is a limit", test_stall },
	{ "QEMU has lost count", test_miscounted },
	{ "the implied downtime is known where what is left and the link are",
	  test_implied_downtime },
	{ "no policy flips unasked, whatever it sees", test_any_view },
};

KTAP_MAIN(cases)
