// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * run_case.c - a migration of a campaign as a case to learn from
 */
#include "run_case.h"
#include "source/iteration.h"

/*
 * Kept back by a first pass, and so not seen to be dirtied: so little of the memory that it does
 * not matter.
 */
#define KEPT_LITTLE	0.1

/* What was cancelled or lost says that it did not converge, or nothing. */
bool mt_run_tells(const struct mt_run *r)
{
	return r->outcome == MT_OUTCOME_COMPLETED ||
	       r->outcome == MT_OUTCOME_COMPLETED_UNVERIFIED || r->outcome == MT_OUTCOME_ABORTED;
}

bool mt_run_flips(const struct mt_run *r)
{
	return r->method == MT_METHOD_POSTCOPY || r->method == MT_METHOD_HYBRID;
}

void mt_run_case(struct mt_learned_case *c, const struct mt_run *r)
{
	*c = (struct mt_learned_case){
		.in = mt_run_forecast_input(r, NULL),
		.ended = r->converged || (r->outcome == MT_OUTCOME_COMPLETED && mt_run_flips(r)),
		.real = { r->total_ms - mt_run_known(r->prepare_ms), r->transferred_bytes,
			  r->downtime_ms, r->felt_ms },
	};
}

/* Each pass began with so many bytes and ended when the threshold was left. */
static void take_pass(struct mt_learned_case *c, const struct mt_iteration *it, double full)
{
	double kept = it->bandwidth_bytes_per_s * c->in.downtime_limit_ms / 1e3;

	if (it->first) {
		c->first.bytes = full - fmax(0, kept - (c->in.memory_bytes - full));
		c->first.wire_bytes = it->sent_bytes;
		c->first.s = it->duration_s;
		/* Encoded pages are not among those that QEMU counts as sent. */
		if (c->in.method != MT_METHOD_XBZRLE && c->in.method != MT_METHOD_COMPRESSION &&
		    kept < KEPT_LITTLE * c->in.memory_bytes)
			c->first_dirtied_bytes = it->dirtied_bytes;
	} else if (it->start_bytes > kept) {
		c->later.bytes += it->start_bytes - kept;
		c->later.wire_bytes += it->sent_bytes;
		c->later.s += it->duration_s;
	}
}

void mt_run_case_passes(struct mt_learned_case *c, const struct mt_recording *rec, double *bytes,
			double *seconds)
{
	double full = mt_forecast_full_bytes(&c->in);
	struct mt_iterations its;

	mt_iterations_init(&its);
	for (size_t i = 0; i < rec->n_entries; i++) {
		const struct mt_entry *e = &rec->entries[i];
		const struct mt_iteration *it;

		if (e->type != MT_ENTRY_SAMPLE || !mt_iterations_feed(&its, &e->sample))
			continue;
		it = mt_iterations_last(&its);
		if (bytes)
			*bytes += it->dirtied_bytes;
		if (seconds)
			*seconds += it->duration_s;
		take_pass(c, it, full);
	}
}
