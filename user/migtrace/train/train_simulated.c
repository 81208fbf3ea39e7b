// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * train_simulated.c - migrations of made-up guests, played by the simulator
 *
 * A guest is a pattern of writes drawn at random; what a profile would tell of it is known before
 * each of its migrations, by as many methods, rates and limits. The ranges are inferred: guests of
 * a fifth of the campaigns', so that they are soon played, with links and rates to match.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "base/rng.h"
#include "base/units.h"
#include "sim/sim.h"
#include "train_parts.h"

#define MIGRATIONS	16	/* of one guest, at most */
#define SHOWN		(64 * MIGRATIONS)
#define PROFILE_S	10.0
/* It is given up after so many times what sending all once takes, and not before that. */
#define CAP_TIMES	4.0
#define CAP_MIN_MS	3000.0

static const char *const patterns[] = { "uniform", "zipf", "hotcold", "seq", "phases" };

struct guest {
	struct mt_trace trace;
	struct mt_sim_params p;
	struct mt_beforehand before;
	struct mt_rng rng;
	unsigned number;
};

/* Uniform in the logarithm. */
static double between(struct mt_rng *rng, double low, double high)
{
	return low * pow(high / low, mt_rng_unit(rng));
}

static int make(struct guest *g, struct mt_err *err)
{
	double memory = between(&g->rng, 16, 64) * MT_MIB;
	double region = fmin(between(&g->rng, 1, 48) * MT_MIB, 0.9 * memory);
	const char *pattern = patterns[mt_rng_below(&g->rng, MT_ARRAY_SIZE(patterns))];
	char words[256];
	int rc;

	snprintf(words, sizeof(words), "%s:region=%.0fKiB,rate=%.0f/s,seed=%u", pattern,
		 region / 1024, between(&g->rng, 100, 12000), g->number + 1);
	rc = mt_trace_pattern(&g->trace, words, err);
	if (rc)
		return rc;
	mt_sim_defaults(&g->p);
	g->p.look_ms = 0;
	g->p.memory_bytes = (uint64_t)memory / MT_TRACE_PAGE_BYTES * MT_TRACE_PAGE_BYTES;
	g->p.resident_bytes = (uint64_t)fmin((double)g->p.memory_bytes,
					       1.2 * region + 4 * MT_MIB);
	g->p.log = mt_rng_below(&g->rng, 2) ? MT_SIM_LOG_RING : MT_SIM_LOG_BITMAP;
	rc = mt_sim_profile(&g->trace, &g->p, PROFILE_S, &g->before);
	if (rc)
		mt_trace_fini(&g->trace);
	return rc ? mt_err_set(err, rc, "a simulated guest could not be profiled") : 0;
}

static bool can_be_played(const struct mt_method_row *m, const struct mt_sim_params *p)
{
	struct mt_sim_params with = *p;

	with.method = *m;
	return !mt_sim_check(&with, NULL);
}

static void choose(struct guest *g)
{
	static const double limits_ms[] = { 100, 300, 1000 };
	double bandwidth = between(&g->rng, 8, 64) * MT_MIB;
	const struct mt_method_row *pre = mt_method_at(MT_METHOD_PRECOPY), *m;

	do
		m = mt_method_at(mt_rng_below(&g->rng, MT_METHOD_COUNT));
	while (m != pre && !can_be_played(m, &g->p));
	g->p.method = *m;
	g->p.bandwidth_bytes_per_s = bandwidth;
	g->p.host.link_bytes_per_s = bandwidth * 1.1;
	g->p.downtime_limit_ms = limits_ms[mt_rng_below(&g->rng, MT_ARRAY_SIZE(limits_ms))];
	g->p.cap_ms = fmax(CAP_MIN_MS, CAP_TIMES * (double)g->p.memory_bytes / bandwidth * 1e3);
}

static void fill(struct mt_told *t, const struct guest *g, const struct mt_sim_result *r)
{
	enum mt_method method = MT_METHOD_PRECOPY;
	bool flips = g->p.method.postcopy;

	if (mt_method_parse(g->p.method.name, &method))
		method = MT_METHOD_PRECOPY;
	t->simulated = true;
	t->u = g->before.u;
	t->learned = (struct mt_learned_case){
		.in = {
			.curve = &t->u, .memory_bytes = (double)g->p.memory_bytes,
			.resident_bytes = g->before.nonzero_bytes, .cpu_share = NAN,
			.method = method,
			.options.flip_after_passes = g->p.method.flip_after_passes,
			.bandwidth_bytes_per_s = g->p.bandwidth_bytes_per_s,
			.link_bytes_per_s = g->p.host.link_bytes_per_s,
			.downtime_limit_ms = g->p.downtime_limit_ms, .give_up_ms = g->p.cap_ms,
		},
		.ended = r->end == MT_SIM_CONVERGED || (flips && r->end == MT_SIM_POSTCOPIED),
		.real = { r->total_ms, (double)r->transferred_bytes, r->downtime_ms,
			  r->stall_ms },
	};
	snprintf(t->where, sizeof(t->where), "simulated");
	snprintf(t->workload, sizeof(t->workload), "simulated %u", g->number);
}

static int migrate(struct mt_told_set *set, struct guest *g, struct mt_err *err)
{
	struct mt_sim_result r;
	struct mt_told *t;
	int rc;

	choose(g);
	rc = mt_sim_run(&g->p, &g->trace, NULL, &r);
	if (rc)
		return mt_err_set(err, rc, "a migration could not be simulated");
	t = mt_told_add(set);
	if (!t)
		return mt_err_set(err, -ENOMEM, "out of memory");
	fill(t, g, &r);
	return 0;
}

int train_simulate(struct mt_told_set *set, size_t n, uint64_t seed,
		   const struct interrupt *interrupt, struct mt_err *err)
{
	int rc = 0;

	for (size_t done = 0; done < n && !rc && !interrupt->count;) {
		unsigned number = (unsigned)(done / MIGRATIONS);
		struct guest g = { .rng = { seed + number }, .number = number };

		if (done && done % SHOWN == 0)
			train_progress("simulated %zu of %zu", done, n);
		rc = make(&g, err);
		if (rc)
			break;
		for (unsigned i = 0; i < MIGRATIONS && done < n && !rc; i++, done++)
			rc = migrate(set, &g, err);
		mt_trace_fini(&g.trace);
	}
	return rc;
}
