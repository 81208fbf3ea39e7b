// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * schedule.c - several guests and one link: candidates, the best placement of them, and what it
 * comes to (PURE)
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "schedule_left.h"

const char *mt_schedule_why_name(enum mt_schedule_why why)
{
	static const char *const names[] = {
		[MT_SCHEDULE_NO_END] = "no-end",
		[MT_SCHEDULE_TOO_SLOW] = "too-slow",
		[MT_SCHEDULE_NO_TIME] = "no-time",
	};

	return (size_t)why < MT_ARRAY_SIZE(names) ? names[why] : "unknown";
}

static bool makes_sense(const struct mt_schedule_request *q)
{
	if (!(q->link_bytes_per_s > 0) || !(q->deadline_ms > 0) ||
	    q->parallel > MT_SCHEDULE_PARALLEL)
		return false;
	for (size_t i = 0; i < q->n; i++) {
		const struct mt_schedule_guest *g = &q->guests[i];

		if (!(g->downtime_limit_ms > 0) || !(g->in.memory_bytes > 0) ||
		    g->n_phases > MT_SCHEDULE_PHASES || g->period_ms < 0)
			return false;
		for (size_t k = 0; k < g->n_phases; k++)
			if (!g->phases[k].curve ||
			    (k ? !(g->phases[k].from_ms > g->phases[k - 1].from_ms) :
				 g->phases[k].from_ms != 0) ||
			    (g->period_ms > 0 && g->phases[k].from_ms >= g->period_ms))
				return false;
	}
	return true;
}

static void add_move(struct mt_schedule *out, const struct mt_schedule_request *q,
		     const struct mt_candidates *all, const struct mt_placed *p)
{
	const struct mt_candidates *c = &all[p->job];
	const struct mt_candidate *chosen = &c->v[c->job.phases[p->phase].choices[p->choice].tag];
	const struct mt_interval *m = chosen->forecast.metric;

	out->moves[out->n_moves++] = (struct mt_schedule_move){
		.guest = p->job,
		.share = chosen->share,
		.bandwidth_bytes_per_s = chosen->share * q->link_bytes_per_s,
		.downtime_limit_ms = chosen->limit_ms,
		.start_ms = p->start_ms, .end_ms = p->end_ms, .end_p90_ms = p->end_p90_ms,
		.forecast = chosen->forecast,
		.cost = chosen->cost,
	};
	out->end_ms = fmax(out->end_ms, p->end_ms);
	out->end_p90_ms = fmax(out->end_p90_ms, p->end_p90_ms);
	out->stall_ms += isfinite(m[MT_METRIC_STALL_MS].p50) ? m[MT_METRIC_STALL_MS].p50 : 0;
	out->downtime_ms +=
		isfinite(m[MT_METRIC_DOWNTIME_MS].p50) ? m[MT_METRIC_DOWNTIME_MS].p50 : 0;
	out->transferred_bytes += isfinite(m[MT_METRIC_TRANSFERRED_BYTES].p50) ?
					  m[MT_METRIC_TRANSFERRED_BYTES].p50 :
					  0;
}

static void take(struct mt_schedule *out, const struct mt_schedule_request *q,
		 const struct mt_candidates *all, const struct mt_placement *t)
{
	for (size_t i = 0; i < t->n; i++)
		add_move(out, q, all, &t->placed[i]);
	for (size_t i = 0; i < q->n; i++) {
		size_t k = 0;

		while (k < t->n && t->placed[k].job != i)
			k++;
		if (k == t->n)
			mt_schedule_explain(&out->left[out->n_left++], i, q, &all[i]);
	}
	out->all_p90_ms = mt_schedule_all_p90_ms(all, q->n);
	out->cost = t->cost;
	out->exact = t->exact;
}

static int solve(struct mt_schedule *out, const struct mt_schedule_request *q,
		 const struct mt_candidates *all)
{
	struct mt_job *v = calloc(q->n + 1, sizeof(*v));
	struct mt_placement t = { .placed = calloc(q->n + 1, sizeof(*t.placed)) };
	const struct mt_jobs jobs = {
		.v = v, .n = q->n, .deadline_ms = q->deadline_ms,
		.parallel = q->parallel ? q->parallel : 1,
		.waiting_weight = (q->weights ? q->weights : &mt_schedule_weights_default)->waiting,
	};
	int rc = -ENOMEM;

	if (v && t.placed) {
		for (size_t i = 0; i < q->n; i++)
			v[i] = all[i].job;
		rc = mt_placement_local(&jobs, &t);
	}
	if (!rc && !q->heuristic && q->n <= MT_SCHEDULE_EXACT_TRIED)
		mt_placement_exact(&jobs, &t);
	if (!rc)
		take(out, q, all, &t);
	free(v);
	free(t.placed);
	return rc;
}

int mt_schedule_make(const struct mt_schedule_request *q, struct mt_schedule *out)
{
	struct mt_candidates *all;
	size_t made = 0;
	int rc = 0;

	*out = (struct mt_schedule){ 0 };
	if (!makes_sense(q))
		return -EINVAL;
	all = calloc(q->n + 1, sizeof(*all));
	out->moves = calloc(q->n + 1, sizeof(*out->moves));
	out->left = calloc(q->n + 1, sizeof(*out->left));
	if (!all || !out->moves || !out->left)
		rc = -ENOMEM;
	while (!rc && made < q->n) {
		rc = mt_candidates_make(&all[made], &q->guests[made], q);
		made++;
	}
	if (!rc)
		rc = solve(out, q, all);
	for (size_t i = 0; i < made; i++)
		mt_candidates_fini(&all[i]);
	free(all);
	if (rc) {
		mt_schedule_fini(out);
		if (rc == -ENODATA)
			out->n_left = made - 1;
	}
	return rc;
}

void mt_schedule_fini(struct mt_schedule *s)
{
	free(s->moves);
	free(s->left);
	*s = (struct mt_schedule){ 0 };
}
