// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_verdict.c - what the default policy would have made of recorded migrations, counted
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantile.h"
#include "evaluate_campaign.h"
#include "evaluate_verdict.h"

static void judge(struct evaluate_verdict *v, const struct evaluate_replayed *r)
{
	const struct evaluate_boundary *last = &r->at[MOMENT_DECISION];

	v->action = r->decided.action;
	v->at_ms = mt_sample_has(&r->decided.at, total_ms) ?
			   (double)r->decided.at.total_ms - mt_run_known(v->run->prepare_ms) :
			   NAN;
	v->passes = last->reached ? (double)last->iterations.total : NAN;
	v->allowed_ms = r->allowed_ms;
	v->prediction = last->prediction;
	snprintf(v->reason, sizeof(v->reason), "%s", r->decided.reason);
}

static int add(struct evaluate_verdicts *v, const struct mt_runs *runs, const struct mt_run *run,
	       struct mt_recording **rec,
	       struct evaluate_replayed *r, struct mt_err *err)
{
	struct evaluate_verdict *more;
	int rc = evaluate_recording(rec, runs->dir, run->recording, err);

	if (rc)
		return rc;
	more = reallocarray(v->v, v->n + 1, sizeof(*more));
	if (!more)
		return mt_err_set(err, -ENOMEM, "out of memory");
	v->v = more;
	v->v[v->n] = (struct evaluate_verdict){ .run = run, .dir = runs->dir };
	evaluate_replay(
		r, *rec, run->method,
		&(struct mt_beforehand){ .nonzero_bytes = mt_run_known(run->nonzero_bytes) });
	judge(&v->v[v->n++], r);
	return 0;
}

int evaluate_verdicts_load(struct evaluate_verdicts *v, const struct mt_runs *runs,
			   struct mt_err *err)
{
	mt_autofree struct evaluate_replayed *r = malloc(sizeof(*r));
	struct mt_recording *rec = NULL;
	int rc = r ? 0 : mt_err_set(err, -ENOMEM, "out of memory");

	for (size_t i = 0; i < runs->n && !rc; i++)
		if (mt_run_tells(&runs->v[i]) && !mt_run_flips(&runs->v[i]) &&
		    *runs->v[i].recording)
			rc = add(v, runs, &runs->v[i], &rec, r, err);
	mt_recording_free(rec);
	return rc;
}

bool evaluate_verdict_is_wrong(const struct evaluate_verdict *v)
{
	return v->run->converged ? v->action == MT_ACTION_ABORT : v->action == MT_ACTION_CONTINUE;
}

static void count_completed(struct evaluate_verdict_counts *c, const struct evaluate_verdict *v)
{
	c->completed++;
	c->stopped += v->action == MT_ACTION_STOP;
	c->aborted += v->action == MT_ACTION_ABORT;
	c->aborted_within += v->action == MT_ACTION_ABORT && v->run->downtime_ms <= v->allowed_ms;
}

static void count_hopeless(struct evaluate_verdict_counts *c, const struct evaluate_verdict *v,
			   double *values)
{
	c->hopeless++;
	c->hopeless_stopped += v->action == MT_ACTION_STOP;
	c->kept += v->action == MT_ACTION_CONTINUE;
	if (v->action == MT_ACTION_ABORT)
		values[c->given_up++] = v->at_ms;
}

struct evaluate_verdict_counts evaluate_verdict_count(const struct evaluate_verdicts *v,
						      const char *dir, enum mt_method method,
						      double *values)
{
	struct evaluate_verdict_counts c = { .give_up_ms = NAN };

	for (size_t i = 0; i < v->n; i++) {
		const struct evaluate_verdict *one = &v->v[i];

		if ((dir && strcmp(dir, one->dir)) ||
		    (method != MT_METHOD_COUNT && method != one->run->method))
			continue;
		if (one->run->converged)
			count_completed(&c, one);
		else
			count_hopeless(&c, one, values);
	}
	if (c.given_up)
		c.give_up_ms = mt_median(values, c.given_up);
	return c;
}
