// SPDX-License-Identifier: GPL-2.0-or-later
/* AdaMig's order of methods at its edges, and migrations that are begun again. */
#include <math.h>
#include <string.h>

#include "hypervisor/versions.h"
#include "sim/sim.h"
#include "ktap.h"
#include "scene.h"

#define GUEST	(1000.0 * MT_MIB)	/* 10 s of the link */

static void begin(struct scene *s)
{
	scene_init(s, "adamig");
	s->limits = (struct mt_limits)MT_LIMITS_UNSET;
	mt_limits_resolve(&s->limits);
	/* As far as it would set QEMU's: it has no reason to. */
	s->limits.qemu_limit_ms = s->limits.max_downtime_ms - s->limits.fixed_ms;
	mt_sample_set(&s->sample, memory_bytes, (uint64_t)GUEST);
}

static enum mt_action look(struct scene *s, bool boundary)
{
	s->view.boundary = boundary;
	return step(s, s->now_ms);
}

/* A pass of a second in which the guest, throttled, dirtied so much of the link. */
static enum mt_action pass(struct scene *s, double share, double throttle_percent)
{
	s->its.n_kept = 1;
	s->its.kept[0] = (struct mt_iteration){
		.n = ++s->its.total, .duration_s = 1, .remaining_bytes = share * LINK,
		.dirtied_bytes = share * LINK, .bandwidth_bytes_per_s = LINK,
		.throttle_percent = throttle_percent, .first = s->its.total == 1,
	};
	mt_sample_set(&s->sample, remaining_bytes, (uint64_t)(share * LINK));
	s->now_ms += 1000;
	return look(s, true);
}

static void gets_on(void)
{
	struct scene s;

	begin(&s);
	s.limits.postcopy_allowed = true;
	for (int i = 0; i < 50; i++)
		CHECK_INT(pass(&s, 0.95, 0), MT_ACTION_CONTINUE);
	/* One that outran the link is no tendency, two are. */
	for (int i = 0; i < 50; i++)
		CHECK_INT(pass(&s, i % 2 ? 0.9 : 2, 0), MT_ACTION_CONTINUE);
	CHECK_INT(pass(&s, 0.96, 0), MT_ACTION_CONTINUE);
	CHECK_INT(pass(&s, 0.96, 0), MT_ACTION_FLIP);
}

static void sets_the_limit(void)
{
	struct scene s;

	begin(&s);
	s.limits.qemu_limit_ms = 300;
	CHECK_INT(look(&s, false), MT_ACTION_SET_DOWNTIME);
	CHECK_INT(s.plan.downtime_limit_ms, s.limits.max_downtime_ms - s.limits.fixed_ms);
	CHECK_INT(look(&s, false), MT_ACTION_CONTINUE);
}

/* q = 1 - 0.95 R / pdr: at twice the link 52.5 %, at 1.9 times 50 %. */
static void throttles(void)
{
	struct scene s;

	begin(&s);
	s.limits.auto_converge = s.limits.postcopy_allowed = true;
	CHECK_INT(pass(&s, 1.9, 0), MT_ACTION_CONTINUE);
	CHECK_INT(pass(&s, 1.9, 0), MT_ACTION_THROTTLE);
	CHECK_INT(s.plan.throttle_percent, 50);
	CHECK(says(&s, "100.0 MiB/s are sent and 190.0 MiB/s dirtied, a throttle of 50 %"));
	/* It takes QEMU some passes to heed it. */
	CHECK_INT(pass(&s, 1.9, 0), MT_ACTION_CONTINUE);
	CHECK_INT(pass(&s, 1.9, 20), MT_ACTION_CONTINUE);
	/* Heeded: what is dirtied now is by half a guest. */
	CHECK_INT(pass(&s, 0.95, 50), MT_ACTION_CONTINUE);
	CHECK(says(&s, "gets on"));

	begin(&s);
	s.limits.auto_converge = s.limits.postcopy_allowed = true;
	pass(&s, 1.91, 0);
	CHECK_INT(pass(&s, 1.91, 0), MT_ACTION_FLIP);
	begin(&s);
	s.limits.auto_converge = s.limits.postcopy_allowed = true;
	*mt_params_value(&s.limits.params, "throttle_most") = 51;
	pass(&s, 1.91, 0);
	CHECK_INT(pass(&s, 1.91, 0), MT_ACTION_THROTTLE);
}

/* A guest that does later what it could not do: throttled twice, then given up. */
static void throttling_fails(void)
{
	struct scene s;

	for (int postcopy = 0; postcopy < 2; postcopy++) {
		unsigned throttled = 0, last = 0;
		enum mt_action action = MT_ACTION_CONTINUE;

		begin(&s);
		s.limits.auto_converge = true;
		s.limits.postcopy_allowed = postcopy;
		for (int i = 0; i < 100 && !mt_action_is_final(action); i++) {
			action = pass(&s, 1, 0);
			if (action != MT_ACTION_THROTTLE)
				continue;
			CHECK(s.plan.throttle_percent >= 20 && s.plan.throttle_percent <= 99);
			CHECK(s.plan.throttle_percent > last);
			last = s.plan.throttle_percent;
			throttled++;
		}
		CHECK_INT(action, postcopy ? MT_ACTION_FLIP : MT_ACTION_ABORT);
		/* 20, 30; or on to 90 */
		CHECK_INT(throttled, postcopy ? 2 : 8);
	}
}

static void begins_again(void)
{
	struct scene s;

	begin(&s);
	s.limits.methods = 1U << MT_METHOD_AUTOCONVERGE | 1U << MT_METHOD_COMPRESSION;
	pass(&s, 1.5, 0);
	CHECK_INT(pass(&s, 1.5, 0), MT_ACTION_RESTART);
	CHECK_INT(s.plan.method, MT_METHOD_AUTOCONVERGE);
	CHECK_INT(s.plan.throttle_percent, 37);
	CHECK(says(&s, "begun again with autoconverge"));
	/* A page that shrinks to half makes twice the link. */
	begin(&s);
	s.limits.methods = 1U << MT_METHOD_AUTOCONVERGE | 1U << MT_METHOD_COMPRESSION;
	*mt_params_value(&s.limits.params, "compressed_to") = 50;
	pass(&s, 1.99, 0);
	CHECK_INT(pass(&s, 1.99, 0), MT_ACTION_RESTART);
	CHECK_INT(s.plan.method, MT_METHOD_COMPRESSION);
	/* Not enough. */
	begin(&s);
	s.limits.methods = 1U << MT_METHOD_AUTOCONVERGE | 1U << MT_METHOD_COMPRESSION;
	*mt_params_value(&s.limits.params, "compressed_to") = 50;
	pass(&s, 2, 0);
	CHECK_INT(pass(&s, 2, 0), MT_ACTION_RESTART);
	CHECK_INT(s.plan.method, MT_METHOD_AUTOCONVERGE);
	/* The deadline has to leave room for all of the memory, twice: 20 s. */
	for (int ms = 22000; ms <= 22001; ms++) {
		begin(&s);
		s.limits.methods = 1U << MT_METHOD_AUTOCONVERGE;
		s.limits.deadline_ms = (uint64_t)ms;
		pass(&s, 1.5, 0);
		CHECK_INT(pass(&s, 1.5, 0), ms == 22000 ? MT_ACTION_ABORT : MT_ACTION_RESTART);
	}
}

static void refuse(struct scene *s, enum mt_action action)
{
	for (int i = 0; i < MT_POLICY_TRIES; i++)
		mt_policy_refused(&s->state, action);
}

static const struct {
	unsigned vcpus;
	double link_mib_per_s;
	double each_mib_per_s;		/* 0: throttled */
} limited[] = {
	/* 0.95 R over the vCPUs, and 25 MiB/s less: QEMU is content with that. */
	{ 1, 100, 70 }, { 2, 100, 22 }, { 3, 100, 6 }, { 4, 100, 0 }, { 1, 27, 0 }, { 1, 28, 1 },
	{ 0, 1000, 0 },
};

/* Two passes that outran the link so much. */
static enum mt_action outruns(struct scene *s, double share)
{
	pass(s, share, 0);
	return pass(s, share, 0);
}

/* Compression, and parallel connections, want a CPU that is idle; the latter a link, too. */
static void with_what_is_spare(void)
{
	static const struct {
		double compressed_to, cpus, free_share;		/* free: of what is sent */
		enum mt_method then;
	} rows[] = {
		{ 50, NAN, NAN, MT_METHOD_COMPRESSION }, { 50, 1, 0, MT_METHOD_COMPRESSION },
		{ 50, 0.9, 0, MT_METHOD_AUTOCONVERGE },	 { 100, 4, NAN, MT_METHOD_AUTOCONVERGE },
		{ 100, 4, 0.6, MT_METHOD_MULTIFD },	 { 100, 0.9, 9, MT_METHOD_AUTOCONVERGE },
		{ 100, NAN, 9, MT_METHOD_AUTOCONVERGE }, { 100, 4, 0.5, MT_METHOD_AUTOCONVERGE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scene s;

		begin(&s);
		s.limits.methods = 1U << MT_METHOD_AUTOCONVERGE | 1U << MT_METHOD_COMPRESSION |
				   1U << MT_METHOD_MULTIFD;
		*mt_params_value(&s.limits.params, "compressed_to") =
			(uint64_t)rows[i].compressed_to;
		s.view.spare.cpus = rows[i].cpus;
		s.view.spare.link_bytes_per_s = rows[i].free_share * LINK;
		CHECK_INT(outruns(&s, 1.5), MT_ACTION_RESTART);
		CHECK_INT(s.plan.method, rows[i].then);
		if (rows[i].then == MT_METHOD_MULTIFD)
			CHECK(says(&s, "4.0 of the host's CPUs are idle"));
	}
}

static void limits_vcpus(void)
{
	struct scene s;

	for (size_t i = 0; i < sizeof(limited) / sizeof(limited[0]); i++) {
		double link = limited[i].link_mib_per_s * MT_MIB;

		begin(&s);
		s.limits.auto_converge = true;
		s.limits.limitable_vcpus = limited[i].vcpus;
		s.view.bandwidth_bytes_per_s = link;
		CHECK_INT(outruns(&s, 1.5 * link / LINK),
			  limited[i].each_mib_per_s > 0 ? MT_ACTION_LIMIT_VCPUS :
							  MT_ACTION_THROTTLE);
		CHECK_NEAR((double)s.plan.vcpu_limit_bytes_per_s,
			   limited[i].each_mib_per_s * MT_MIB, 1e-6);
	}
	/* It needs no restart; one that does not do is lowered, and then post-copy it is. */
	begin(&s);
	s.limits.postcopy_allowed = true;
	s.limits.limitable_vcpus = 1;
	s.limits.methods = 1U << MT_METHOD_AUTOCONVERGE;
	CHECK_INT(outruns(&s, 1.5), MT_ACTION_LIMIT_VCPUS);
	CHECK(says(&s, "each vCPU may dirty 70.0 MiB/s"));
	for (int i = 0; i < 2; i++)
		CHECK_INT(pass(&s, 1.2, 0), MT_ACTION_CONTINUE);
	CHECK_INT(pass(&s, 1.2, 0), MT_ACTION_LIMIT_VCPUS);
	CHECK_NEAR((double)s.plan.vcpu_limit_bytes_per_s, 52 * MT_MIB, 1e-6);
	for (int i = 0; i < 2; i++)
		CHECK_INT(pass(&s, 1.2, 0), MT_ACTION_CONTINUE);
	CHECK_INT(pass(&s, 1.2, 0), MT_ACTION_FLIP);
	/* More than throttle_most, or refused. */
	begin(&s);
	s.limits.postcopy_allowed = true;
	s.limits.limitable_vcpus = 1;
	CHECK_INT(outruns(&s, 1.91), MT_ACTION_FLIP);
	begin(&s);
	s.limits.limitable_vcpus = 1;
	s.limits.methods = 1U << MT_METHOD_AUTOCONVERGE;
	refuse(&s, MT_ACTION_LIMIT_VCPUS);
	CHECK_INT(outruns(&s, 1.5), MT_ACTION_RESTART);
}

/* zstd comes first, and not where post-copy may follow. */
static void compresses_by(void)
{
	const struct mt_method_row *plain = mt_method_at(MT_METHOD_PRECOPY);
	struct scene s;

	for (int postcopy = 0; postcopy < 2; postcopy++) {
		begin(&s);
		s.limits.methods = mt_method_beyond(plain, postcopy);
		s.limits.postcopy_allowed = postcopy;
		*mt_params_value(&s.limits.params, "compressed_to") = 50;
		CHECK_INT(outruns(&s, 1.5), MT_ACTION_RESTART);
		CHECK_INT(s.plan.method, postcopy ? MT_METHOD_COMPRESSION : MT_METHOD_ZSTD);
	}
}

/* A throttle that somebody else chose, and that does not do, is one that has failed. */
static void throttled_before(void)
{
	struct scene s;

	begin(&s);
	s.limits.auto_converge = s.limits.postcopy_allowed = true;
	pass(&s, 1, 20);
	CHECK_INT(pass(&s, 1, 20), MT_ACTION_THROTTLE);
	for (int i = 0; i < 2; i++)
		CHECK_INT(pass(&s, 1, 20), MT_ACTION_CONTINUE);
	CHECK_INT(pass(&s, 1, 20), MT_ACTION_FLIP);
}

/* The policy sees what the host had to spare in the latest second that was counted. */
static void spare_seen(void)
{
	struct mt_limits limits = MT_LIMITS_UNSET;
	struct mt_work w = { .start_ns = MT_NS_PER_S, .t_ns = 2 * MT_NS_PER_S };
	struct mt_engine e;

	mt_engine_init(&e, mt_policy_find("adamig"), &limits);
	CHECK(isnan(mt_monitor_spare(&e.monitor, w.t_ns).cpus));
	mt_work_put(&w, MT_WORK_host_idle_ns, 3 * MT_NS_PER_S);
	mt_engine_work(&e, &w);
	CHECK_NEAR(mt_monitor_spare(&e.monitor, w.t_ns + MT_NS_PER_S).cpus, 3, 1e-9);
	/* And not for long. */
	CHECK(isnan(mt_monitor_spare(&e.monitor, w.t_ns + 5 * MT_NS_PER_S).cpus));
}

/* What cannot be had is not asked for again: the next method is. */
static void what_cannot_be_had(void)
{
	static const struct {
		bool postcopy, auto_converge, disk, device;
		enum mt_action refused;
		enum mt_action then;
	} rows[] = {
		{ false, true, false, false, MT_ACTION_CONTINUE, MT_ACTION_THROTTLE },
		{ true, true, false, false, MT_ACTION_THROTTLE, MT_ACTION_FLIP },
		{ false, true, false, false, MT_ACTION_THROTTLE, MT_ACTION_ABORT },
		{ false, false, false, false, MT_ACTION_CONTINUE, MT_ACTION_RESTART },
		{ false, false, true, false, MT_ACTION_CONTINUE, MT_ACTION_ABORT },
		{ true, false, true, false, MT_ACTION_CONTINUE, MT_ACTION_FLIP },
		{ false, false, false, false, MT_ACTION_RESTART, MT_ACTION_ABORT },
		{ true, false, false, false, MT_ACTION_RESTART, MT_ACTION_FLIP },
		{ true, false, true, true, MT_ACTION_CONTINUE, MT_ACTION_ABORT },
		{ true, false, true, false, MT_ACTION_FLIP, MT_ACTION_ABORT },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scene s;

		begin(&s);
		s.limits.postcopy_allowed = rows[i].postcopy;
		s.limits.auto_converge = rows[i].auto_converge;
		s.limits.methods = rows[i].auto_converge ? 0 : 1U << MT_METHOD_AUTOCONVERGE;
		if (rows[i].disk)
			mt_sample_set(&s.sample, other_bytes, 1);
		s.facts = (struct mt_flip_facts){ .room_bytes = NAN, .device = rows[i].device };
		s.view.flip = &s.facts;
		if (rows[i].refused != MT_ACTION_CONTINUE)
			refuse(&s, rows[i].refused);
		CHECK_INT(outruns(&s, 1.5), rows[i].then);
	}
}

/* With a device that post-copy cannot move it is throttled as if that were not allowed. */
static void device_throttles_on(void)
{
	struct scene s;

	begin(&s);
	s.limits.postcopy_allowed = s.limits.auto_converge = true;
	s.facts = (struct mt_flip_facts){ .room_bytes = NAN, .device = true };
	s.view.flip = &s.facts;
	CHECK_INT(outruns(&s, 3), MT_ACTION_THROTTLE);
	CHECK_INT(s.plan.throttle_percent, 69);		/* 1 - 0.95 / 3 */
	begin(&s);
	s.limits.postcopy_allowed = s.limits.auto_converge = true;
	CHECK_INT(outruns(&s, 3), MT_ACTION_FLIP);
	/* The deadline comes, and the flip was refused. */
	begin(&s);
	s.limits.postcopy_allowed = true;
	s.limits.deadline_ms = 1000;
	refuse(&s, MT_ACTION_FLIP);
	s.now_ms = 1000;
	CHECK_INT(look(&s, false), MT_ACTION_ABORT);
}

static void by_version(void)
{
	const unsigned all = (1U << MT_METHOD_COUNT) - 1, mt = 1U << MT_METHOD_COMPRESSION,
		       zstd = 1U << MT_METHOD_ZSTD;

	CHECK_INT(mt_methods_of(0, 0), all & ~zstd);
	CHECK_INT(mt_methods_of(9000000, 7002019), all & ~zstd);
	CHECK_INT(mt_methods_of(9003099, 9000099), all & ~zstd);
	CHECK_INT(mt_methods_of(9004000, 9000099), all);
	CHECK_INT(mt_methods_of(9004000, 5000000), all);
	CHECK_INT(mt_methods_of(9004000, 4002001), all & ~zstd);
	CHECK_INT(mt_methods_of(9004000, 0), all & ~zstd);
	CHECK_INT(mt_methods_of(11003000, 9001000), all & ~mt);
	CHECK_INT(mt_methods_of(11003000, 10000000), all & ~mt);
	CHECK_INT(mt_versions_parse("7.2.19"), 7002019);
	CHECK_INT(mt_versions_parse("10.0.2 (Debian 1:10.0.2+ds-2)"), 10000002);
	CHECK_INT(mt_versions_parse("new"), 0);
	CHECK_INT(mt_versions_parse(NULL), 0);
}

static void at_the_deadline(void)
{
	struct scene s;

	for (int postcopy = 0; postcopy < 2; postcopy++) {
		begin(&s);
		s.limits.deadline_ms = 5000;
		s.limits.postcopy_allowed = postcopy;
		pass(&s, 0.5, 0);
		s.now_ms = 4999;
		CHECK_INT(look(&s, false), MT_ACTION_CONTINUE);
		s.now_ms = 5000;
		CHECK_INT(look(&s, false), postcopy ? MT_ACTION_FLIP : MT_ACTION_ABORT);
	}
}

/* --- what holds whichever policy wants to begin again -------------------------------- */
static void again_step(void *priv, const struct mt_view *view, uint64_t now_ms,
		       struct mt_plan *plan)
{
	plan->action = MT_ACTION_RESTART;
	plan->method = MT_METHOD_XBZRLE;
	snprintf(plan->reason, sizeof(plan->reason), "the test wants it");
}

static const struct mt_policy again = { .name = "again", .help = "", .step = again_step };

static enum mt_action asked_again(struct scene *s, uint64_t now_ms)
{
	mt_policy_step(&again, &s->state, &s->view, now_ms, &s->plan);
	return s->plan.action;
}

static void who_may(void)
{
	struct scene s;

	begin(&s);
	CHECK_INT(asked_again(&s, 0), MT_ACTION_CONTINUE);
	CHECK(says(&s, "somebody else began it"));
	s.limits.methods = 1U << MT_METHOD_AUTOCONVERGE;
	CHECK_INT(asked_again(&s, 0), MT_ACTION_CONTINUE);
	CHECK(says(&s, "with xbzrle") && says(&s, "was tried"));
	s.limits.methods = 1U << MT_METHOD_XBZRLE;
	mt_sample_set(&s.sample, other_bytes, 1);
	CHECK_INT(asked_again(&s, 0), MT_ACTION_CONTINUE);
	CHECK(says(&s, "a disk"));
	s.limits.deadline_ms = 1000;
	CHECK_INT(asked_again(&s, 1000), MT_ACTION_ABORT);
	CHECK(says(&s, "the deadline"));
	begin(&s);
	s.limits.methods = 1U << MT_METHOD_XBZRLE;
	mt_sample_set(&s.sample, other_bytes, 0);
	CHECK_INT(asked_again(&s, 0), MT_ACTION_RESTART);
	/* It has been asked for. */
	CHECK_INT(asked_again(&s, 0), MT_ACTION_CONTINUE);
}

/* --- the engine, and the simulator --------------------------------------------------------- */
struct seen {
	unsigned anew, samples;
	uint64_t iteration, total_ms, transferred_bytes;	/* of the newest */
	bool backwards;			/* without being anew */
};

static void on_sample(void *opaque, const struct mt_sample *s, struct mt_plan *plan)
{
	struct seen *seen = opaque;

	if (s->anew) {
		seen->anew++;
		CHECK_INT(s->iteration, 1);
		CHECK_INT(s->remaining_bytes, s->memory_bytes);
		CHECK_INT(s->transferred_bytes, 0);
		CHECK(s->total_ms < 1000);
	} else if (s->iteration < seen->iteration || s->total_ms < seen->total_ms ||
		   s->transferred_bytes < seen->transferred_bytes) {
		seen->backwards = true;
	}
	seen->samples++;
	seen->iteration = s->iteration;
	seen->total_ms = s->total_ms;
	seen->transferred_bytes = s->transferred_bytes;
}

static int simulate(const char *pattern, enum mt_method method, struct mt_sim_result *r,
		    struct seen *seen)
{
	const struct mt_sim_hooks hooks = { .opaque = seen, .sample = on_sample };
	struct mt_limits limits = MT_LIMITS_UNSET;
	struct mt_trace trace;
	struct mt_sim_params p;
	struct mt_err err = { 0 };
	int rc;

	mt_sim_defaults(&p);
	p.method = *mt_method_at(method);
	p.memory_bytes = 64 << 20;
	p.bandwidth_bytes_per_s = 36 * MT_MIB;
	p.host.link_bytes_per_s = 40 * MT_MIB;
	p.cap_ms = 300000;
	*seen = (struct seen){ 0 };
	rc = mt_trace_pattern(&trace, pattern, &err);
	if (rc) {
		printf("# %s\n", err.msg);
		return rc;
	}
	rc = mt_sim_steer(&p, &trace, mt_policy_find("adamig"), &limits, &hooks, r);
	mt_trace_fini(&trace);
	return rc;
}

static void simulated(void)
{
	static const char busy[] = "uniform:region=48MiB,rate=12000/s,backlog=0,seed=3";
	struct mt_sim_result r, q;
	struct seen seen;

	/* Begun again once, and then throttled until it ends. */
	CHECK_INT(simulate(busy, MT_METHOD_PRECOPY, &r, &seen), 0);
	CHECK_INT(r.end, MT_SIM_CONVERGED);
	CHECK_INT(r.action, MT_ACTION_RESTART);
	CHECK_INT(seen.anew, 1);
	CHECK(!seen.backwards);
	/* By what was asked for, although QEMU would have gone further: 30 MiB/s of 47. */
	CHECK(r.throttle_percent >= 20 && r.throttle_percent <= 50);
	/* All of it is counted, the newest job's samples alone are not. */
	CHECK(r.total_ms > (double)seen.total_ms + 1000);
	CHECK(r.transferred_bytes > seen.transferred_bytes + (64 << 20));
	/* What throttles from the beginning is never begun again, and is over sooner. */
	CHECK_INT(simulate(busy, MT_METHOD_AUTOCONVERGE, &q, &seen), 0);
	CHECK_INT(q.end, MT_SIM_CONVERGED);
	CHECK_INT(seen.anew, 0);
	CHECK(q.total_ms < r.total_ms);
	/* The same again, to the byte. */
	CHECK_INT(simulate(busy, MT_METHOD_PRECOPY, &q, &seen), 0);
	CHECK(q.total_ms == r.total_ms && q.transferred_bytes == r.transferred_bytes);
	CHECK_INT(simulate("uniform:region=48MiB,rate=500/s,seed=3", MT_METHOD_PRECOPY, &r, &seen),
		  0);
	CHECK_INT(r.end, MT_SIM_CONVERGED);
	CHECK_INT(seen.anew, 0);
}

/* Its time goes on, what it knew of the passes does not. */
static void engine(void)
{
	struct mt_limits limits = MT_LIMITS_UNSET;
	struct mt_engine e;
	struct mt_plan plan;
	struct mt_sample s = { .t_ns = 1, .status = MT_STATUS_ACTIVE };

	limits.methods = 1U << MT_METHOD_AUTOCONVERGE | 1U << MT_METHOD_XBZRLE;
	mt_engine_init(&e, mt_policy_find("timeout"), &limits);
	*mt_params_value(&e.limits.params, "timeout") = 9000;
	for (uint64_t i = 1; i <= 3; i++) {
		s.t_ns += 2 * MT_NS_PER_S;
		s.boundary = i > 1;
		mt_sample_set(&s, total_ms, i * 2000);
		mt_sample_set(&s, iteration, i);
		mt_sample_set(&s, memory_bytes, (uint64_t)GUEST);
		mt_sample_set(&s, remaining_bytes, (uint64_t)LINK);
		mt_sample_set(&s, transferred_bytes, (uint64_t)(i * 2 * LINK));
		mt_engine_feed(&e, &s, &plan);
		CHECK_INT(plan.action, MT_ACTION_CONTINUE);
	}
	CHECK_INT(e.iterations.total, 2);
	mt_engine_begin_again(&e, MT_METHOD_AUTOCONVERGE);
	CHECK_INT(e.limits.methods, 1U << MT_METHOD_XBZRLE);
	/* Pages are encoded in one way, and not over parallel connections. */
	CHECK_INT(mt_methods_left(1U << MT_METHOD_XBZRLE | 1U << MT_METHOD_MULTIFD |
					  1U << MT_METHOD_AUTOCONVERGE,
				  MT_METHOD_COMPRESSION),
		  1U << MT_METHOD_AUTOCONVERGE);
	CHECK_INT(mt_methods_left(1U << MT_METHOD_ZSTD | 1U << MT_METHOD_COMPRESSION,
				  MT_METHOD_MULTIFD),
		  0);
	CHECK(e.limits.auto_converge);
	/* A recording tells the two apart, whatever the first look lacks. */
	CHECK(mt_sample_begins(&s, &(struct mt_sample){ .t_ns = s.t_ns + 1, .anew = true,
							.status = MT_STATUS_ACTIVE }));
	CHECK(!mt_sample_begins(&s, &(struct mt_sample){ .t_ns = s.t_ns + 1,
							 .status = MT_STATUS_ACTIVE }));
	s.anew = true;
	s.boundary = false;
	s.t_ns += MT_NS_PER_S;
	mt_sample_set(&s, total_ms, 2999);
	mt_sample_set(&s, iteration, 1);
	mt_sample_set(&s, transferred_bytes, 1000);
	mt_engine_feed(&e, &s, &plan);
	CHECK_INT(e.iterations.total, 0);
	CHECK_INT(plan.action, MT_ACTION_CONTINUE);
	s.anew = false;
	s.t_ns += MT_NS_PER_MS;
	mt_sample_set(&s, total_ms, 3000);
	mt_engine_feed(&e, &s, &plan);
	CHECK_INT(plan.action, MT_ACTION_STOP);
}

static const struct ktap_case cases[] = {
	{ "what converges is left alone", gets_on },
	{ "QEMU's limit is set to what is allowed, once", sets_the_limit },
	{ "a throttle of what is needed", throttles },
	{ "throttling that fails", throttling_fails },
	{ "begun again, where there is time", begins_again },
	{ "with what the host has to spare", with_what_is_spare },
	{ "what each vCPU may dirty", limits_vcpus },
	{ "what it compresses by", compresses_by },
	{ "throttled before it was seen", throttled_before },
	{ "what is spare is seen, and not for long", spare_seen },
	{ "what cannot be had is not asked for again", what_cannot_be_had },
	{ "a device that post-copy cannot move", device_throttles_on },
	{ "methods that a QEMU has", by_version },
	{ "at the deadline", at_the_deadline },
	{ "who may begin again, and with what", who_may },
	{ "in the simulator it begins again, and ends", simulated },
	{ "the engine begins again", engine },
};

KTAP_MAIN(cases)
