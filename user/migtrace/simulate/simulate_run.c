// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * simulate_run.c - one trace: each method, bandwidth, limit and policy, a row or its passes each
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "cli/cmd.h"
#include "simulate.h"

static const struct mt_column totals[] = {
	{ "trace", "trace", MT_SHOW_PLAIN },
	{ "method", "method", MT_SHOW_PLAIN },
	{ "policy", "policy", MT_SHOW_PLAIN },
	{ "bandwidth_bytes_per_s", "bandwidth", MT_SHOW_RATE_BYTES_PER_S },
	{ "downtime_limit_ms", "limit", MT_SHOW_DURATION_MS },
	{ "memory_bytes", NULL, MT_SHOW_SIZE_BYTES },
	{ "hosts", "hosts", MT_SHOW_PLAIN },
	{ "end", "end", MT_SHOW_PLAIN },
	{ "converged", NULL, MT_SHOW_PLAIN },
	{ "total_ms", "total", MT_SHOW_DURATION_MS },
	{ "transferred_bytes", "sent", MT_SHOW_SIZE_BYTES },
	{ "downtime_ms", "downtime", MT_SHOW_DURATION_MS },
	{ "stall_ms", "stall", MT_SHOW_DURATION_MS },
	{ "passes", "passes", MT_SHOW_PLAIN },
	{ "throttle_percent", "throttle %", MT_SHOW_PLAIN },
	{ "normal_pages", NULL, MT_SHOW_PLAIN },
	{ "zero_pages", NULL, MT_SHOW_PLAIN },
	{ "skipped_pages", NULL, MT_SHOW_PLAIN },
	{ "remaining_bytes", NULL, MT_SHOW_SIZE_BYTES },
	{ "flip_ms", NULL, MT_SHOW_DURATION_MS },
	{ "postcopy_ms", NULL, MT_SHOW_DURATION_MS },
	{ "postcopy_requests", NULL, MT_SHOW_PLAIN },
	{ "fault_ms", NULL, MT_SHOW_DURATION_MS },
	{ "reason", NULL, MT_SHOW_PLAIN },
	{ "trace_told", NULL, MT_SHOW_PLAIN },
};

static const struct mt_column passes[] = {
	{ "trace", "trace", MT_SHOW_PLAIN },
	{ "method", "method", MT_SHOW_PLAIN },
	{ "policy", "policy", MT_SHOW_PLAIN },
	{ "bandwidth_bytes_per_s", "bandwidth", MT_SHOW_RATE_BYTES_PER_S },
	{ "downtime_limit_ms", "limit", MT_SHOW_DURATION_MS },
	{ "pass", "pass", MT_SHOW_PLAIN },
	{ "start_ms", "start", MT_SHOW_DURATION_MS },
	{ "duration_ms", "duration", MT_SHOW_DURATION_MS },
	{ "sent_pages", "sent pages", MT_SHOW_PLAIN },
	{ "zero_pages", "zero pages", MT_SHOW_PLAIN },
	{ "skipped_pages", NULL, MT_SHOW_PLAIN },
	{ "sent_bytes", "sent", MT_SHOW_SIZE_BYTES },
	{ "dirtied_pages", "dirtied", MT_SHOW_PLAIN },
	{ "remaining_pages", "remaining", MT_SHOW_PLAIN },
	{ "throttle_percent", "throttle %", MT_SHOW_PLAIN },
};

struct mt_table *simulate_table(enum mt_format format, bool by_pass)
{
	return by_pass ? mt_table_new(stdout, format, passes, MT_ARRAY_SIZE(passes)) :
			 mt_table_new(stdout, format, totals, MT_ARRAY_SIZE(totals));
}

struct combination {
	struct simulate *q;
	const char *what;
	struct mt_trace *trace;
	const struct mt_policy *policy;
	struct mt_sim_params p;
	int rc;				/* of the table */
};

static double rounded(double ms)
{
	return round(ms * 10) / 10;
}

static struct mt_cell bandwidth_of(const struct combination *c)
{
	return c->p.bandwidth_bytes_per_s > 0 ? MT_UINT((uint64_t)c->p.bandwidth_bytes_per_s) :
						MT_NONE;
}

/* Only Xen does. */
static struct mt_cell skipped(const struct combination *c, uint64_t pages)
{
	return c->p.sender == MT_SIM_SENDER_XEN ? MT_UINT(pages) : MT_NONE;
}

static void on_pass(void *opaque, const struct mt_sim_pass *pass)
{
	struct combination *c = opaque;

	if (c->rc)
		return;
	c->rc = mt_table_row(c->q->table, (struct mt_cell[]){
		MT_STR(c->what), MT_STR(c->p.method.name),
		MT_STR(c->policy ? c->policy->name : NULL), bandwidth_of(c),
		MT_DOUBLE(c->p.downtime_limit_ms), MT_UINT(pass->n),
		MT_DOUBLE(rounded(pass->start_ms)),
		MT_DOUBLE(rounded(pass->duration_ms)), MT_UINT(pass->sent_pages),
		MT_UINT(pass->zero_pages), skipped(c, pass->skipped_pages),
		MT_UINT(pass->sent_bytes), MT_UINT(pass->dirtied_pages),
		MT_UINT(pass->remaining_pages),
		MT_UINT(pass->throttle_percent),
	});
}

static int total_row(const struct combination *c, const struct mt_sim_result *r)
{
	bool flipped = isfinite(r->flip_ms),
	     done = r->end != MT_SIM_CAPPED && r->end != MT_SIM_ABORTED;

	return mt_table_row(
		c->q->table,
		(struct mt_cell[]){
			MT_STR(c->what),
			MT_STR(c->p.method.name),
			MT_STR(c->policy ? c->policy->name : NULL),
			bandwidth_of(c),
			MT_DOUBLE(c->p.downtime_limit_ms),
			MT_UINT(c->p.memory_bytes),
			MT_STR(c->q->hosts),
			MT_STR(mt_sim_end_name(r->end)),
			MT_BOOL(r->end == MT_SIM_CONVERGED),
			MT_DOUBLE(rounded(r->total_ms)),
			MT_UINT(r->transferred_bytes),
			isfinite(r->downtime_ms) ? MT_DOUBLE(rounded(r->downtime_ms)) : MT_NONE,
			MT_DOUBLE(rounded(r->stall_ms)),
			MT_UINT(r->passes),
			c->p.method.auto_converge || r->throttle_percent ?
				MT_UINT(r->throttle_percent) :
				MT_NONE,
			MT_UINT(r->normal_pages),
			MT_UINT(r->zero_pages),
			skipped(c, r->skipped_pages),
			done ? MT_UINT(0) : MT_UINT(r->remaining_pages * MT_TRACE_PAGE_BYTES),
			flipped ? MT_DOUBLE(rounded(r->flip_ms)) : MT_NONE,
			flipped ? MT_DOUBLE(rounded(r->postcopy_ms)) : MT_NONE,
			flipped ? MT_UINT(r->faults) : MT_NONE,
			flipped ? MT_DOUBLE(r->fault_ms) : MT_NONE,
			MT_STR(*r->reason ? r->reason : NULL),
			MT_STR(c->trace->told),
		});
}

static int play(struct combination *c, struct mt_err *err)
{
	const struct mt_sim_hooks hooks = { .opaque = c, .pass = c->q->passes ? on_pass : NULL };
	struct mt_limits limits = c->q->limits;
	struct mt_sim_result r;
	int rc = mt_sim_check(&c->p, err);

	if (rc)
		return rc;
	if (limits.max_downtime_ms == MT_LIMIT_UNSET)
		limits.max_downtime_ms = (uint64_t)c->p.downtime_limit_ms;
	rc = c->policy ? mt_sim_steer(&c->p, c->trace, c->policy, &limits, &hooks, &r) :
			 mt_sim_run(&c->p, c->trace, &hooks, &r);
	if (!rc)
		rc = c->q->passes ? c->rc : total_row(c, &r);
	if (rc == -E2BIG)
		return mt_err_set(err, rc,
				  "%s: writes too much to be played; a shorter --cap may do",
				  c->what);
	return rc ? mt_err_set(err, rc, "%s: %s", c->what, strerror(-rc)) : 0;
}

static int combine(struct combination *c, struct mt_err *err)
{
	struct simulate *q = c->q;
	size_t n_policies = q->n_policies ? q->n_policies : 1;
	int rc = 0;

	for (size_t i = 0; i < q->n_methods * q->n_bandwidths * q->n_limits * n_policies && !rc;
	     i++) {
		size_t at = i;

		c->p = q->params;
		c->policy = q->n_policies ? q->policies[at % n_policies] : NULL;
		at /= n_policies;
		c->p.downtime_limit_ms = (double)q->limits_ms[at % q->n_limits];
		at /= q->n_limits;
		c->p.bandwidth_bytes_per_s = (double)q->bandwidths[at % q->n_bandwidths];
		at /= q->n_bandwidths;
		c->p.method = *q->methods[at];
		rc = play(c, err);
	}
	return rc;
}

int simulate_all(struct simulate *q, const char *what, struct mt_err *err)
{
	struct mt_trace trace;
	struct combination c = { .q = q, .what = what, .trace = &trace };
	struct mt_history history = { .bytes = NULL };
	int rc = simulate_trace(&trace, what, q, err);

	if (rc)
		return rc;
	if (q->history_ms) {
		rc = mt_sim_history(&trace, (double)q->history_ms / 1e3, MT_SLOT_S, &history);
		if (rc)
			mt_err_set(err, rc, "--history: %s",
				   rc == -ENODATA ? "less than a second is none" : strerror(-rc));
		q->limits.history = &history;
	}
	if (!rc && !mt_trace_is_pattern(what))
		cmd_say(stderr, "%s: %s", what, trace.told);
	if (!rc)
		rc = combine(&c, err);
	q->limits.history = NULL;
	free(history.bytes);
	mt_trace_fini(&trace);
	return rc;
}
