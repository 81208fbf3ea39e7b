// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_finish.c - what FM and AM are good for: downtime, beside that of simpler rules
 *
 * Migrations played over series of increments (finishplay.h), from several moments of each, over
 * links of several speeds. Whatever one rule cannot end before its series does is left out for all.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/quantile.h"
#include "cli/cmd.h"
#include "model/markov/finishplay.h"
#include "epr_set.h"
#include "evaluate_epr.h"

#define STARTS		8	/* moments of each series */
#define STEP_SLOTS	13	/* from one to the next: no period is a multiple of it */
#define FIRST_PASS_SLOTS 20	/* how large the guest is */
static const double link_shares[] = { 1.25, 2, 4 };	/* of what the guest dirties on the
							 * average */

static const struct rule {
	const char *name;
	enum mt_finish_rule rule;
	unsigned passes;
} rules[] = {
	{ "stop-and-copy", MT_FINISH_STOP, 0 },
	{ "fixed-passes 1", MT_FINISH_PASSES, 1 },
	{ "fixed-passes 2", MT_FINISH_PASSES, 2 },
	{ "fixed-passes 3", MT_FINISH_PASSES, 3 },
	{ "fixed-passes 4", MT_FINISH_PASSES, 4 },
	{ "fm", MT_FINISH_FM, 0 },
	{ "am", MT_FINISH_AM, 0 },
	{ "known", MT_FINISH_KNOWN, 0 },
	{ "known-waiting", MT_FINISH_KNOWN_WAITING, 0 },
};
#define RULES	MT_ARRAY_SIZE(rules)

struct played {
	struct mt_finish_played by[RULES];
};

struct group {
	const char *name;
	const struct epr_set *set;
	size_t from, to, every;		/* series of the set */
	double link_share;
	struct played *plays;
	size_t n;
};

/* Return: true if every rule came to an end. */
static bool play_all(const struct epr_series *s, size_t at, double link_share, struct played *out)
{
	struct mt_finish_play play = {
		.history = s->slots,
		.n_history = at,
		.increments = s->slots + at,
		.n = s->n - at,
		.slot_s = s->slot_ms / 1e3,
		.markov = MT_MARKOV_DEFAULTS,
	};
	double sum = 0;

	for (size_t i = 0; i < at; i++)
		sum += s->slots[i];
	play.link_bytes_per_s = link_share * sum / ((double)at * play.slot_s);
	play.base_bytes = FIRST_PASS_SLOTS * play.slot_s * play.link_bytes_per_s;
	play.horizon_s = 300 * play.slot_s;
	for (size_t r = 0; r < RULES; r++) {
		play.passes = rules[r].passes;
		if (mt_finish_play(&play, rules[r].rule, &out->by[r]))
			return false;
	}
	return true;
}

static int play_group(struct group *g)
{
	g->plays = calloc((g->to - g->from) * STARTS + 1, sizeof(*g->plays));
	g->n = 0;
	if (!g->plays)
		return -ENOMEM;
	for (size_t i = g->from; i < g->to; i += g->every) {
		const struct epr_series *s = &g->set->series[i];

		for (size_t k = 0; k < STARTS && s->n / 2 + k * STEP_SLOTS < s->n; k++)
			g->n += play_all(s, s->n / 2 + k * STEP_SLOTS, g->link_share,
					 &g->plays[g->n]);
	}
	return 0;
}

/* Sorts @v. */
static double quantile(double *v, size_t n, double q)
{
	mt_sort(v, n);
	return v[(size_t)(q * (double)(n - 1) + 0.5)];
}

static int add_row(struct mt_table *t, const struct group *g, size_t r, double *scratch)
{
	double p50, p90, total, mean = 0, curves = 0;

	for (size_t i = 0; i < g->n; i++) {
		scratch[i] = g->plays[i].by[r].downtime_s * 1e3;
		mean += scratch[i] / (double)g->n;
		curves += (double)g->plays[i].by[r].curves / (double)g->n;
	}
	p50 = quantile(scratch, g->n, 0.5);
	p90 = quantile(scratch, g->n, 0.9);
	for (size_t i = 0; i < g->n; i++)
		scratch[i] = g->plays[i].by[r].total_s * 1e3;
	total = quantile(scratch, g->n, 0.5);
	return mt_table_row(t,
			    (struct mt_cell[]){
				    MT_STR(g->name),
				    MT_DOUBLE(g->link_share),
				    MT_STR(rules[r].name),
				    MT_UINT(g->n),
				    MT_DOUBLE(round(mean)),
				    MT_DOUBLE(round(p50)),
				    MT_DOUBLE(round(p90)),
				    MT_DOUBLE(round(total)),
				    rules[r].rule == MT_FINISH_FM || rules[r].rule == MT_FINISH_AM ?
					    MT_DOUBLE(round(curves * 10) / 10) :
					    MT_NONE,
			    });
}

static int add_group(struct mt_table *t, struct group *g)
{
	mt_autofree double *scratch = NULL;
	int rc = play_group(g);

	if (!rc && g->n) {
		scratch = calloc(g->n, sizeof(*scratch));
		rc = scratch ? 0 : -ENOMEM;
		for (size_t r = 0; r < RULES && !rc; r++)
			rc = add_row(t, g, r, scratch);
	}
	free(g->plays);
	return rc;
}

static int add_groups(struct mt_table *t, const struct epr_set *set)
{
	int rc = 0;

	for (size_t l = 0; l < MT_ARRAY_SIZE(link_shares) && !rc; l++) {
		struct group recorded = { "recorded", set, 0, set->n_recorded, 1, link_shares[l] };

		rc = add_group(t, &recorded);
		for (size_t k = 0; k < MT_PHASE_COUNT && !rc; k++) {
			/* The made-up series go round the kinds. */
			struct group made = { mt_phase_kind_name((enum mt_phase_kind)k),
					      set,
					      set->n_recorded + k,
					      set->n,
					      MT_PHASE_COUNT,
					      link_shares[l] };

			rc = add_group(t, &made);
		}
	}
	return rc;
}

int evaluate_finish(char **files, size_t n, enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "series", "series" }, { "link_share", "link" }, { "rule", "rule" }, { "n", "n" },
		{ "downtime_mean_ms", "downtime", MT_SHOW_DURATION_MS },
		{ "downtime_p50_ms", "p50", MT_SHOW_DURATION_MS },
		{ "downtime_p90_ms", "p90", MT_SHOW_DURATION_MS },
		{ "total_p50_ms", "total p50", MT_SHOW_DURATION_MS },
		{ "curves_mean", "forecasts" },
	};
	const struct epr_table table = { columns, MT_ARRAY_SIZE(columns), add_groups };

	return epr_set_print(&table, files, n, format);
}
