// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_epr.c - the effective prediction ratio of FM and AM, and what it hangs on
 *
 * Each series alone with the default parameters; then the recorded ones together, and the made-up
 * ones, under each setting.
 */
#include <errno.h>
#include <math.h>

#include "cli/cmd.h"
#include "model/markov/epr.h"
#include "epr_set.h"
#include "evaluate_epr.h"

/* Departures from the defaults, 0 = none. */
static const struct setting {
	const char *name;
	unsigned window, step, coarse;
	double join, match, link;
	bool for_good, seen, chain;
} settings[] = {
	{ "default" },
	{ "n = 20", .window = 20 },
	{ "n = 10", .window = 10 },
	{ "slots x2", .coarse = 2 },
	{ "slots x5", .coarse = 5 },
	{ "match within 10 %", .match = 0.1 },
	{ "match within 30 %", .match = 0.3 },
	{ "join within 0.5", .join = 0.5 },
	{ "join within 1", .join = 1 },
	{ "step 5", .step = 5 },
	{ "link x2", .link = 2 },
	{ "count for good", .for_good = true },
	{ "count what was seen", .seen = true },
	{ "stay in the chain", .chain = true },
	{ "stay in the chain, join within 0.5", .chain = true, .join = 0.5 },
};

static struct mt_epr_params params_of(const struct setting *s, bool adjust)
{
	struct mt_epr_params p = MT_EPR_DEFAULTS;

	if (s->window)
		p.markov.window = s->window;
	if (s->step)
		p.markov.step = s->step;
	if (s->join > 0)
		p.markov.join_share = s->join;
	if (s->match > 0)
		p.markov.match_share = s->match;
	if (s->link > 0)
		p.link_share = s->link;
	p.markov.count_for_good = s->for_good;
	p.markov.count_seen = s->seen;
	p.markov.stay_in_chain = s->chain;
	p.markov.adjust = adjust;
	return p;
}

struct both {
	struct mt_epr fm, am;
	size_t series;		/* that were long enough */
};

/* Return: 0, or -ENOMEM. Too short a series adds nothing. */
static int add(struct both *sum, const struct epr_series *from, const struct setting *setting)
{
	struct mt_epr_params fm = params_of(setting, false), am = params_of(setting, true);
	struct epr_series s;
	int rc = epr_series_copy(&s, from);

	if (rc)
		return rc;
	epr_series_coarsen(&s, setting->coarse);
	if (!mt_epr_evaluate(s.slots, s.n, &fm, &sum->fm) &&
	    !mt_epr_evaluate(s.slots, s.n, &am, &sum->am))
		sum->series++;
	epr_series_fini(&s);
	return 0;
}

static struct mt_cell ratio(double v)
{
	return isfinite(v) ? MT_DOUBLE(round(v * 1e4) / 1e4) : MT_NONE;
}

static int add_rows(struct mt_table *t, const char *name, const char *source, const char *setting,
		    const struct both *sum)
{
	for (int k = 0; k < MT_EPR_COUNT; k++) {
		double fm = mt_epr_ratio(&sum->fm, k), am = mt_epr_ratio(&sum->am, k);
		bool curves = k == MT_EPR_SNAPSHOT && sum->series;
		int rc = mt_table_row(t, (struct mt_cell[]){
						 MT_STR(name),
						 MT_STR(source),
						 MT_UINT(sum->series),
						 MT_STR(setting),
						 MT_STR(mt_epr_kind_name(k)),
						 ratio(fm),
						 ratio(am),
						 ratio(fm > 0 ? am / fm : NAN),
						 MT_UINT(sum->fm.predictions[k]),
						 MT_UINT(sum->am.predictions[k]),
						 curves ? MT_UINT(sum->fm.curves) : MT_NONE,
						 curves ? MT_UINT(sum->am.curves) : MT_NONE,
					 });

		if (rc)
			return rc;
	}
	return 0;
}

static int each_alone(struct mt_table *t, const struct epr_set *set)
{
	int rc = 0;

	for (size_t i = 0; i < set->n && !rc; i++) {
		struct both sum = { .series = 0 };

		rc = add(&sum, &set->series[i], &settings[0]);
		if (!rc)
			rc = add_rows(t, set->series[i].name, set->series[i].source,
				      settings[0].name, &sum);
	}
	return rc;
}

/* All series of one source, under each setting. */
static int together(struct mt_table *t, const struct epr_set *set, const char *name, size_t from,
		    size_t to)
{
	int rc = 0;

	for (size_t k = 0; k < MT_ARRAY_SIZE(settings) && from < to && !rc; k++) {
		struct both sum = { .series = 0 };

		for (size_t i = from; i < to && !rc; i++)
			rc = add(&sum, &set->series[i], &settings[k]);
		if (!rc)
			rc = add_rows(t, name, NULL, settings[k].name, &sum);
	}
	return rc;
}

static int all_rows(struct mt_table *t, const struct epr_set *set)
{
	int rc = each_alone(t, set);

	if (!rc)
		rc = together(t, set, "all recorded", 0, set->n_recorded);
	return rc ? rc : together(t, set, "all made up", set->n_recorded, set->n);
}

int evaluate_epr(char **files, size_t n, enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "series", "series" }, { "source", "source" }, { "n_series", "n" },
		{ "setting", "setting" },
		{ "prediction", "prediction" }, { "fm_epr", "FM" }, { "am_epr", "AM" },
		{ "am_over_fm", "AM/FM" },
		{ "fm_predictions", NULL }, { "am_predictions", NULL },
		{ "fm_curves", "FM curves" }, { "am_curves", "AM curves" },
	};
	const struct epr_table table = { columns, MT_ARRAY_SIZE(columns), all_rows };

	return epr_set_print(&table, files, n, format);
}
