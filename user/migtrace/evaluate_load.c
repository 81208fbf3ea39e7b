// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_load.c - the runs of a campaign with what was known before each
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <migtrace/recorded.h>

#include "evaluate.h"

static double known(double v)
{
	return isfinite(v) && v > 0 ? v : 0;
}

static void fill(struct evaluate_case *c)
{
	const struct mt_run *r = c->run;

	c->learned = (struct mt_learned_case){
		.in = {
			.dirtying = &c->dirtying,
			.memory_bytes = r->memory_bytes,
			.resident_bytes = known(r->resident_bytes),
			.cpu_share = r->cpu_share,
			.method = r->method,
			.options = r->options,
			.bandwidth_bytes_per_s = r->bandwidth_bytes_per_s,
			.link_bytes_per_s = known(r->link_bytes_per_s),
			.downtime_limit_ms = r->downtime_limit_ms,
			.give_up_ms = known(r->cap_ms),
		},
		.ended = r->converged || (r->outcome == MT_OUTCOME_COMPLETED &&
					  (r->method == MT_METHOD_POSTCOPY || r->method == MT_METHOD_HYBRID)),
		.real = { r->total_ms, r->transferred_bytes, r->downtime_ms, r->felt_ms },
		.iterations = r->iterations,
		.normal_pages = r->normal_pages,
		.zero_pages = r->zero_pages,
	};
}

/* Every doubling makes room for as many again. */
static int add(struct evaluate_set *set, const struct mt_run *run, const struct mt_recording *rec, bool kernel)
{
	struct evaluate_case *c = calloc(1, sizeof(*c)), **more = set->v;

	if (!c)
		return -ENOMEM;
	c->run = run;
	if (mt_recorded_dirtying(&c->dirtying, rec, kernel, run->memory_bytes) ||
	    (c->dirtying.origin == MT_DIRTYING_KERNEL) != kernel) {
		free(c);
		return -ENODATA;
	}
	c->profile = kernel ? "kernel" : "coarse";
	fill(c);
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

/* What failed says nothing of models; what was cancelled or lost says that it did not converge, or nothing. */
static bool tells(const struct mt_run *r)
{
	return *r->profile && (r->outcome == MT_OUTCOME_COMPLETED || r->outcome == MT_OUTCOME_COMPLETED_UNVERIFIED ||
			       r->outcome == MT_OUTCOME_ABORTED);
}

int evaluate_load(struct evaluate_set *set, const struct mt_runs *runs, struct mt_err *err)
{
	struct mt_recording *rec = NULL;
	char loaded[sizeof(runs->v->profile)] = "";
	int rc = 0;

	for (size_t i = 0; i < runs->n && rc != -ENOMEM; i++) {
		const struct mt_run *r = &runs->v[i];
		bool kernel, coarse;

		if (!tells(r)) {
			set->left_out++;
			continue;
		}
		if (strcmp(loaded, r->profile)) {
			mt_autofree char *path = NULL;

			mt_recording_free(rec);
			rec = NULL;
			snprintf(loaded, sizeof(loaded), "%s", r->profile);
			if (asprintf(&path, "%s/%s", runs->dir, r->profile) < 0)
				return mt_err_set(err, -ENOMEM, "out of memory");
			rc = mt_recording_load(&rec, path, err);
			if (rc)
				return rc;
		}
		rc = add(set, r, rec, true);
		kernel = !rc;
		if (rc != -ENOMEM)
			rc = add(set, r, rec, false);
		coarse = !rc;
		set->left_out += !kernel && !coarse;
	}
	mt_recording_free(rec);
	return rc == -ENOMEM ? mt_err_set(err, rc, "out of memory") : 0;
}

void evaluate_set_free(struct evaluate_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		free(set->v[i]);
	free(set->v);
	*set = (struct evaluate_set){ 0 };
}
