// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_load.c - the runs of a campaign with what was known before each
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <migtrace/iteration.h>
#include <migtrace/recorded.h>

#include "evaluate_campaign.h"
#include "recording_load.h"

/* Kept back by a first pass, and so not seen to be dirtied: so little of the memory that it does not matter. */
#define KEPT_LITTLE	0.1

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
			.resident_bytes = known(isfinite(r->nonzero_bytes) ? r->nonzero_bytes : r->resident_bytes),
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
		.real = { r->total_ms - known(r->prepare_ms), r->transferred_bytes, r->downtime_ms, r->felt_ms },
	};
}

/*
 * What the passes of a recorded migration tell of its method: each began with so many bytes and
 * ended when the threshold was left.
 */
static void fill_passes(struct mt_learned_case *c, const struct mt_recording *rec)
{
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
		kept = it->bandwidth_bytes_per_s * c->in.downtime_limit_ms / 1e3;
		if (it->first) {
			c->first.bytes = full - fmax(0, kept - (c->in.memory_bytes - full));
			c->first.wire_bytes = it->sent_bytes;
			c->first.s = it->duration_s;
			/* Encoded pages are not among those that QEMU counts as sent. */
			if (c->in.method != MT_METHOD_XBZRLE && c->in.method != MT_METHOD_COMPRESSION && kept < KEPT_LITTLE * c->in.memory_bytes)
				c->first_dirtied_bytes = it->dirtied_bytes;
		} else if (it->start_bytes > kept) {
			c->later.bytes += it->start_bytes - kept;
			c->later.wire_bytes += it->sent_bytes;
			c->later.s += it->duration_s;
		}
	}
}

/* Every doubling makes room for as many again. @c is the set's from now on. */
static int keep(struct evaluate_set *set, struct evaluate_case *c)
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

/*
 * The same migration once more, as it could be forecast when its first pass had ended. Return: false if it came to no such moment.
 */
static bool see_first_pass(struct evaluate_case *c, const struct mt_recording *after)
{
	struct mt_iterations its;

	mt_iterations_init(&its);
	for (size_t i = 0; i < after->n_entries && !its.total; i++)
		if (after->entries[i].type == MT_ENTRY_SAMPLE)
			mt_iterations_feed(&its, &after->entries[i].sample);
	if (!its.total)
		return false;
	mt_dirtying_add(&c->dirtying, mt_iterations_last(&its)->duration_s, mt_iterations_last(&its)->dirtied_bytes);
	c->learned.in.done = (struct mt_forecast_progress){
		.passes = 1,
		.elapsed_ms = its.last.total_ms - known(c->run->prepare_ms),
		.wire_bytes = its.last.transferred_bytes,
		.left_bytes = its.last.remaining_bytes,
		.zero_bytes = fmax(0, c->learned.in.memory_bytes - mt_forecast_full_bytes(&c->learned.in) -
				   its.last.zero_pages * 4096.0),
		.expected_downtime_ms = mt_sample_has(&its.last, expected_downtime_ms) ? (double)its.last.expected_downtime_ms : NAN,
	};
	return true;
}

static int add_after_pass(struct evaluate_set *set, const struct evaluate_case *before, const struct mt_recording *after)
{
	struct evaluate_case *c;

	if (!after || before->run->method == MT_METHOD_POSTCOPY)
		return 0;
	c = malloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	*c = *before;
	c->learned.in.dirtying = &c->dirtying;
	c->profile = c->dirtying.origin == MT_DIRTYING_KERNEL ? "kernel + pass 1" : "coarse + pass 1";
	if (!see_first_pass(c, after)) {
		free(c);
		return 0;
	}
	return keep(set, c);
}

/* @after: the recording of the migration itself; NULL: there is none. */
static int add(struct evaluate_set *set, const struct mt_run *run, const struct mt_recording *rec,
	       const struct mt_recording *after, bool kernel)
{
	struct evaluate_case *c = calloc(1, sizeof(*c));
	int rc;

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
	if (after)
		fill_passes(&c->learned, after);
	rc = keep(set, c);
	return rc ? rc : add_after_pass(set, c, after);
}

/* What failed says nothing of models; what was cancelled or lost says that it did not converge, or nothing. */
static bool tells(const struct mt_run *r)
{
	return *r->profile && (r->outcome == MT_OUTCOME_COMPLETED || r->outcome == MT_OUTCOME_COMPLETED_UNVERIFIED ||
			       r->outcome == MT_OUTCOME_ABORTED);
}

static int load(struct mt_recording **rec, const char *dir, const char *name, struct mt_err *err)
{
	mt_autofree char *path = NULL;

	mt_recording_free(*rec);
	*rec = NULL;
	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	return recording_load(rec, path, err);
}

int evaluate_load(struct evaluate_set *set, const struct mt_runs *runs, struct mt_err *err)
{
	struct mt_recording *profile = NULL, *after = NULL;
	const char *loaded = "";
	int rc = 0;

	for (size_t i = 0; i < runs->n && rc != -ENOMEM; i++) {
		const struct mt_run *r = &runs->v[i];
		struct mt_err ignored = { 0 };
		bool kernel, coarse;

		if (mt_run_lacks(r)) {
			rc = mt_err_set(err, -EBADMSG, "%s/runs.jsonl: run %u lacks %s", runs->dir, r->run, mt_run_lacks(r));
			break;
		}
		if (!tells(r)) {
			set->left_out++;
			continue;
		}
		if (strcmp(loaded, r->profile)) {
			rc = load(&profile, runs->dir, r->profile, err);
			if (rc)
				break;
			loaded = r->profile;
		}
		/* A migration of which the recording is lost can still be forecast. */
		if (!*r->recording || load(&after, runs->dir, r->recording, &ignored)) {
			mt_recording_free(after);
			after = NULL;
		}
		rc = add(set, r, profile, after, true);
		kernel = !rc;
		if (rc != -ENOMEM)
			rc = add(set, r, profile, after, false);
		coarse = !rc;
		set->left_out += !kernel && !coarse;
		if (rc == -ENOMEM)
			mt_err_set(err, rc, "out of memory");
		else
			rc = 0;
	}
	mt_recording_free(profile);
	mt_recording_free(after);
	return rc;
}

void evaluate_set_free(struct evaluate_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		free(set->v[i]);
	free(set->v);
	*set = (struct evaluate_set){ 0 };
}
