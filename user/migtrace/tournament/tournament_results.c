// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tournament_results.c - the lines of a tournament, compared
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "tournament.h"

#define ALL	"all"

/* --- what is compared with what ---------------------------------------------------- */
/* NaN is like NaN, and behind all others. */
static int compare(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) - isnan(b);
	return (a > b) - (a < b);
}

int tournament_case_compare(const struct tournament_case *a, const struct tournament_case *b)
{
	const int c[] = {
		strcmp(a->workload, b->workload),
		strcmp(a->guest, b->guest),
		compare(a->bandwidth_bytes_per_s, b->bandwidth_bytes_per_s),
		a->postcopy_allowed - b->postcopy_allowed,
		compare(a->deadline_ms, b->deadline_ms),
		compare(a->max_downtime_ms, b->max_downtime_ms),
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(c); i++)
		if (c[i])
			return c[i];
	return 0;
}

static struct tournament_case case_of(const struct mt_run *r)
{
	return (struct tournament_case){
		.guest = r->guest, .workload = r->workload,
		.bandwidth_bytes_per_s = r->bandwidth_bytes_per_s,
		.max_downtime_ms = r->max_downtime_ms, .deadline_ms = r->deadline_ms,
		.postcopy_allowed = r->postcopy_allowed,
	};
}

/* Where every repetition is another guest: it was not a guest that was started, but drawn. */
static bool rounds_differ(const struct mt_run *r)
{
	return !*r->guest;
}

static bool same_set(const struct mt_run *a, const struct mt_run *b)
{
	const struct tournament_case x = case_of(a), y = case_of(b);

	return !tournament_case_compare(&x, &y) && (!rounds_differ(a) || a->round == b->round);
}

static bool same_row(const struct mt_run *a, const struct mt_run *b)
{
	const struct tournament_case x = case_of(a), y = case_of(b);

	return !tournament_case_compare(&x, &y) && !strcmp(a->policy, b->policy);
}

/* Each gets the number of the first that it is the same as. Return: how many numbers. */
static unsigned number(struct tournament_results *r, bool sets)
{
	bool (*same)(const struct mt_run *, const struct mt_run *) = sets ? same_set : same_row;
	unsigned n = 0;

	for (size_t i = 0; i < r->runs.n; i++) {
		unsigned *to = sets ? &r->scores[i].set : &r->scores[i].row;
		size_t k = 0;

		while (k < i && !same(&r->runs.v[k], &r->runs.v[i]))
			k++;
		*to = k == i ? n++ : sets ? r->scores[k].set : r->scores[k].row;
	}
	return n;
}

/* --- figures --------------------------------------------------------------------------- */
/* How much work the same guest does when nothing is the matter, over all of its runs. */
static double usual_work(const struct mt_runs *runs, const struct mt_run *of)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < runs->n; i++) {
		const struct mt_run *r = &runs->v[i];

		if (strcmp(r->guest, of->guest) || strcmp(r->workload, of->workload) ||
		    isnan(r->work_before_per_s))
			continue;
		sum += r->work_before_per_s;
		n++;
	}
	return n ? sum / n : NAN;
}

static double slowdown(const struct mt_runs *runs, const struct mt_run *r)
{
	double usual = usual_work(runs, r);

	return usual > 0 ? 1 - r->work_during_per_s / usual : NAN;
}

static bool is_whole(const struct mt_run *r)
{
	return !*r->verified || !strcmp(r->verified, "ok");
}

/* Of hindsight's moments the one that costs least. */
static void take_choices(struct score_run *s, const struct mt_run *run,
			 struct score_point *choices, const struct score_weights *w)
{
	double best = INFINITY;

	for (size_t k = 0; k < run->n_choices; k++) {
		choices[k] = (struct score_point){ run->choices[k].total_ms,
						   run->choices[k].pause_ms,
						   run->choices[k].stall_ms };
		/* Nor what is not known. */
		if (!(score_cost(&choices[k], w) < best))
			continue;
		best = score_cost(&choices[k], w);
		if (choices[k].total_ms != s->at.total_ms)
			s->sent_bytes = NAN;	/* it was counted for the quickest */
		s->at = choices[k];
	}
	s->choices = choices;
	s->n_choices = run->n_choices;
}

static void take(struct tournament_results *r, size_t i, struct score_point *choices,
		 const struct score_weights *w)
{
	const struct mt_run *run = &r->runs.v[i];
	const struct score_objectives o = { run->max_downtime_ms, run->deadline_ms };
	struct score_run *s = &r->scores[i];

	s->completed = run->outcome == MT_OUTCOME_COMPLETED;
	s->at = (struct score_point){ run->total_ms, run->downtime_ms, run->felt_ms };
	s->met = s->completed && is_whole(run) && score_met(&s->at, &o);
	s->sent_bytes = run->transferred_bytes;
	s->slowdown = slowdown(&r->runs, run);
	take_choices(s, run, choices, w);
}

/* --- rows -------------------------------------------------------------------------------- */
/* By case; in each, who met the objectives more often, and then who was quicker, is first. */
static int in_order(const void *a, const void *b)
{
	const struct tournament_row *x = a, *y = b;
	double met_x = (double)x->score.n_met / (double)x->score.n;
	double met_y = (double)y->score.n_met / (double)y->score.n;
	const int c[] = {
		tournament_case_compare(&x->of, &y->of),
		compare(met_y, met_x),
		compare(x->score.total_ms.p50, y->score.total_ms.p50),
		strcmp(x->policy, y->policy),
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(c); i++)
		if (c[i])
			return c[i];
	return 0;
}

/* Rows from @first on, one for each number that ->scores have. */
static int fill_rows(struct tournament_results *r, size_t first, unsigned n, bool all)
{
	mt_autofree struct score_row *rows = calloc(n + 1, sizeof(*rows));

	if (!rows || score_rows(r->scores, r->runs.n, r->regret, rows, n))
		return -ENOMEM;
	for (size_t i = 0; i < r->runs.n; i++) {
		struct tournament_row *to = &r->rows[first + r->scores[i].row];

		to->of = all ? (struct tournament_case){ .guest = "", .workload = ALL,
							 .bandwidth_bytes_per_s = NAN,
							 .max_downtime_ms = NAN,
							 .deadline_ms = NAN } :
			       case_of(&r->runs.v[i]);
		to->policy = r->runs.v[i].policy;
		to->index = r->scores[i].row;
		to->score = rows[r->scores[i].row];
	}
	qsort(r->rows + first, n, sizeof(*r->rows), in_order);
	return 0;
}

/* Over all cases a policy's runs are one row. */
static unsigned number_policies(struct tournament_results *r)
{
	unsigned n = 0;

	for (size_t i = 0; i < r->runs.n; i++) {
		size_t k = 0;

		while (k < i && strcmp(r->runs.v[k].policy, r->runs.v[i].policy))
			k++;
		r->scores[i].row = k == i ? n++ : r->scores[k].row;
	}
	return n;
}

static int compare_all(struct tournament_results *r, const struct score_weights *w)
{
	unsigned n;
	int rc;

	number(r, true);
	n = number(r, false);
	rc = score_regrets(r->scores, r->runs.n, w, r->regret);
	rc = rc ? rc : fill_rows(r, 0, n, false);
	if (rc)
		return rc;
	r->n_all = number_policies(r);
	rc = fill_rows(r, n, (unsigned)r->n_all, true);
	number(r, false);
	r->n_rows = n + r->n_all;
	return rc;
}

int tournament_results_load(struct tournament_results *r, const char *dir,
			    const struct score_weights *w, struct mt_err *err)
{
	struct score_point *choice;
	size_t n_choices = 0;
	int rc;

	*r = (struct tournament_results){ .n_rows = 0 };
	rc = mt_runs_load(&r->runs, dir, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < r->runs.n; i++) {
		n_choices += r->runs.v[i].n_choices;
		if (!*r->runs.v[i].policy)
			rc = mt_err_set(err, -EBADMSG,
					"%s: no policy steered run %u: it is not a tournament's", dir,
					r->runs.v[i].run);
	}
	r->scores = calloc(r->runs.n + 1, sizeof(*r->scores));
	r->choices = calloc(n_choices + 1, sizeof(*r->choices));
	r->regret = calloc(r->runs.n + 1, sizeof(*r->regret));
	r->rows = calloc(2 * r->runs.n + 1, sizeof(*r->rows));
	if (!rc && (!r->scores || !r->choices || !r->regret || !r->rows))
		rc = mt_err_set(err, -ENOMEM, "out of memory");
	choice = r->choices;
	for (size_t i = 0; i < r->runs.n && !rc; i++) {
		take(r, i, choice, w);
		choice += r->runs.v[i].n_choices;
	}
	if (!rc && compare_all(r, w))
		rc = mt_err_set(err, -ENOMEM, "out of memory");
	if (rc)
		tournament_results_free(r);
	return rc;
}

void tournament_results_free(struct tournament_results *r)
{
	mt_runs_free(&r->runs);
	free(r->scores);
	free(r->choices);
	free(r->regret);
	free(r->rows);
	*r = (struct tournament_results){ .n_rows = 0 };
}
