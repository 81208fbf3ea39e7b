// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_case.c - a recorded migration as a case of a forecast
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "source/iteration.h"
#include "evaluate_campaign.h"

/*
 * Kept back by a first pass, and so not seen to be dirtied: so little of the memory that it does
 * not matter.
 */
#define KEPT_LITTLE	0.1

bool evaluate_flips(const struct mt_run *r)
{
	return r->method == MT_METHOD_POSTCOPY || r->method == MT_METHOD_HYBRID;
}

static void fill(struct evaluate_case *c)
{
	const struct mt_run *r = c->run;

	c->learned = (struct mt_learned_case){
		.in = mt_run_forecast_input(r, &c->u),
		.ended = r->converged || (r->outcome == MT_OUTCOME_COMPLETED && evaluate_flips(r)),
		.real = { r->total_ms - evaluate_known(r->prepare_ms), r->transferred_bytes,
			  r->downtime_ms, r->felt_ms },
	};
}

/*
 * What the passes of a recorded migration tell of its method: each began with so many bytes and
 * ended when the threshold was left.
 */
static void fill_passes(struct evaluate_case *of, const struct mt_recording *rec)
{
	struct mt_learned_case *c = &of->learned;
	double full = mt_forecast_full_bytes(&c->in);
	struct mt_iterations its;

	mt_iterations_init(&its);
	for (size_t i = 0; i < rec->n_entries; i++) {
		const struct mt_entry *e = &rec->entries[i];
		const struct mt_iteration *it;
		double kept;

		if (e->type != MT_ENTRY_SAMPLE || !mt_iterations_feed(&its, &e->sample))
			continue;
		it = mt_iterations_last(&its);
		of->log_bytes += it->dirtied_bytes;
		of->log_s += it->duration_s;
		kept = it->bandwidth_bytes_per_s * c->in.downtime_limit_ms / 1e3;
		if (it->first) {
			c->first.bytes = full - fmax(0, kept - (c->in.memory_bytes - full));
			c->first.wire_bytes = it->sent_bytes;
			c->first.s = it->duration_s;
			/* Encoded pages are not among those that QEMU counts as sent. */
			if (c->in.method != MT_METHOD_XBZRLE &&
			    c->in.method != MT_METHOD_COMPRESSION &&
			    kept < KEPT_LITTLE * c->in.memory_bytes)
				c->first_dirtied_bytes = it->dirtied_bytes;
		} else if (it->start_bytes > kept) {
			c->later.bytes += it->start_bytes - kept;
			c->later.wire_bytes += it->sent_bytes;
			c->later.s += it->duration_s;
		}
	}
}

struct evaluate_case *evaluate_case_new(const struct mt_run *run, const struct mt_recording *after)
{
	struct evaluate_case *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->run = run;
	c->climatology = c->floor_ms = c->settled_ms = NAN;
	fill(c);
	if (after)
		fill_passes(c, after);
	return c;
}

/* Every doubling makes room for as many again. */
int evaluate_set_keep(struct evaluate_set *set, struct evaluate_case *c)
{
	struct evaluate_case **more = set->v;

	if (!(set->n & (set->n - 1))) {
		more = realloc(set->v, (set->n ? 2 * set->n : 1) * sizeof(*more));
		if (!more) {
			free(c);
			return -ENOMEM;
		}
	}
	set->v = more;
	set->v[set->n++] = c;
	return 0;
}

void evaluate_set_free(struct evaluate_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		free(set->v[i]);
	free(set->v);
	*set = (struct evaluate_set){ 0 };
}
