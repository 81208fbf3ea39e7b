// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_epr.c - the effective prediction ratio of FM and AM, and what it hangs on
 *
 * Each series alone with the default parameters; then those of one source together under each
 * setting, and those of one folder; AM over FM with its 90 % interval by the bootstrap of whole
 * series.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cluster.h"
#include "cli/cmd.h"
#include "epr_set.h"
#include "epr_settings.h"
#include "evaluate_epr.h"

/* Of one group of series: what came of each, and of all. */
struct results {
	const char *name, *source;
	struct mt_epr *each, all;
	size_t n;		/* series that were long enough */
};

static void add_up(struct mt_epr *all, const struct mt_epr *one)
{
	for (size_t h = 0; h < MT_EPR_HORIZONS_MAX; h++) {
		for (int by = 0; by < MT_EPR_BYS; by++) {
			struct mt_epr_count *to = &all->by[h][by];
			const struct mt_epr_count *from = &one->by[h][by];

			for (int k = 0; k < MT_EPR_COUNT; k++) {
				to->correct[k] += from->correct[k];
				to->predictions[k] += from->predictions[k];
			}
			to->curves += from->curves;
		}
	}
}

/* Return: 0, or -ENOMEM. Too short a series adds nothing. */
static int add(struct results *r, const struct epr_series *from, size_t setting)
{
	const struct mt_epr_params params = epr_setting_params(setting);
	struct mt_epr *one = &r->each[r->n];
	struct epr_series s;
	int rc = epr_series_copy(&s, from);

	if (rc)
		return rc;
	epr_series_coarsen(&s, epr_setting_coarse(setting));
	memset(one, 0, sizeof(*one));
	rc = mt_epr_evaluate(s.slots, s.n, &params, one);
	epr_series_fini(&s);
	if (!rc) {
		r->n++;
		add_up(&r->all, one);
	}
	return rc == -ENOMEM ? rc : 0;
}

static struct mt_cell rounded(double v)
{
	return isfinite(v) ? MT_DOUBLE(round(v * 1e4) / 1e4) : MT_NONE;
}

/* 90 %, by whole series. */
struct intervals {
	size_t n;		/* series with such predictions */
	double fm_low, fm_high, am_low, am_high, ratio_low, ratio_high;
};

static int find_intervals(const struct results *r, size_t h, int kind, struct intervals *out)
{
	mt_autofree struct mt_cluster *fm = calloc(r->n + 1, sizeof(*fm)),
				      *am = calloc(r->n + 1, sizeof(*am));

	if (!fm || !am)
		return -ENOMEM;
	out->n = 0;
	for (size_t i = 0; i < r->n; i++) {
		const struct mt_epr_count *f = &r->each[i].by[h][MT_EPR_FM],
					  *a = &r->each[i].by[h][MT_EPR_AM];

		if (!f->predictions[kind] && !a->predictions[kind])
			continue;
		fm[out->n] = (struct mt_cluster){ (double)f->correct[kind],
						  (double)f->predictions[kind] };
		am[out->n++] = (struct mt_cluster){ (double)a->correct[kind],
						    (double)a->predictions[kind] };
	}
	mt_cluster_interval(fm, out->n, &out->fm_low, &out->fm_high);
	mt_cluster_interval(am, out->n, &out->am_low, &out->am_high);
	mt_cluster_ratio_interval(am, fm, out->n, &out->ratio_low, &out->ratio_high);
	return 0;
}

static int add_row(struct mt_table *t, const struct results *r, size_t setting,
		   size_t h, int kind)
{
	const struct mt_epr_params p = epr_setting_params(setting);
	const struct mt_epr_count *by = r->all.by[h];
	bool curves = kind == MT_EPR_SNAPSHOT;
	double ratio[MT_EPR_BYS];
	struct intervals in;
	int rc = find_intervals(r, h, kind, &in);

	if (rc || !in.n)
		return rc;
	for (int i = 0; i < MT_EPR_BYS; i++)
		ratio[i] = mt_epr_ratio(&by[i], kind);
	return mt_table_row(
		t, (struct mt_cell[]){
			   MT_STR(r->name),
			   MT_STR(r->source),
			   MT_UINT(in.n),
			   MT_STR(epr_setting_name(setting)),
			   MT_UINT(p.horizons[h]),
			   MT_STR(mt_epr_kind_name(kind)),
			   rounded(ratio[MT_EPR_FM]),
			   rounded(ratio[MT_EPR_AM]),
			   rounded(ratio[MT_EPR_AM_LISTING]),
			   rounded(ratio[MT_EPR_MEAN]),
			   rounded(ratio[MT_EPR_LAST]),
			   rounded(ratio[MT_EPR_FM] > 0 ? ratio[MT_EPR_AM] / ratio[MT_EPR_FM] :
							  NAN),
			   rounded(in.ratio_low),
			   rounded(in.ratio_high),
			   rounded(in.fm_low),
			   rounded(in.fm_high),
			   rounded(in.am_low),
			   rounded(in.am_high),
			   MT_UINT(by[MT_EPR_FM].predictions[kind]),
			   MT_UINT(by[MT_EPR_AM].predictions[kind]),
			   curves ? MT_UINT(by[MT_EPR_FM].curves) : MT_NONE,
			   curves ? MT_UINT(by[MT_EPR_AM].curves) : MT_NONE,
			   curves ? MT_UINT(by[MT_EPR_AM_LISTING].curves) : MT_NONE,
		   });
}

static int add_rows(struct mt_table *t, const struct results *r, size_t setting)
{
	const struct mt_epr_params p = epr_setting_params(setting);
	int rc = 0;

	for (size_t h = 0; h < MT_EPR_HORIZONS_MAX && p.horizons[h] && !rc; h++)
		for (int k = 0; k < MT_EPR_COUNT && !rc; k++)
			rc = add_row(t, r, setting, h, k);
	return rc;
}

/* One series, its results known. */
static int add_alone(struct mt_table *t, const struct epr_series *s, struct mt_epr *one)
{
	const struct results r = {
		.name = s->name, .source = s->source, .each = one, .all = *one, .n = 1
	};

	return add_rows(t, &r, EPR_DEFAULT);
}

/* All series of one source under one setting; each alone, too, under the default. */
static int add_setting(struct mt_table *t, const struct epr_set *set, const char *source,
		       size_t setting, struct mt_epr *each)
{
	struct results r = { .name = "all", .source = source, .each = each };
	int rc = 0;

	for (size_t i = 0; i < set->n && !rc; i++) {
		size_t before = r.n;

		if (strcmp(set->series[i].source, source))
			continue;
		rc = add(&r, &set->series[i], setting);
		if (!rc && r.n > before && setting == EPR_DEFAULT)
			rc = add_alone(t, &set->series[i], &each[before]);
	}
	return rc ? rc : add_rows(t, &r, setting);
}

/* Those that lie in the folder of @first, the first of them. */
static int add_folder(struct mt_table *t, const struct epr_set *set, size_t first, size_t setting,
		      struct mt_epr *each)
{
	const struct epr_series *s = set->series;
	struct results r = { .name = s[first].folder, .source = s[first].source, .each = each };
	int rc = 0;

	for (size_t i = first; i < set->n_recorded && !rc; i++)
		if (epr_series_beside(&s[i], &s[first]))
			rc = add(&r, &s[i], setting);
	return rc ? rc : add_rows(t, &r, setting);
}

static int add_folders(struct mt_table *t, const struct epr_set *set, struct mt_epr *each)
{
	int rc = 0;

	for (size_t i = 0; i < set->n_recorded && !rc; i++) {
		size_t first = 0;

		while (!epr_series_beside(&set->series[first], &set->series[i]))
			first++;
		if (first == i)
			rc = add_folder(t, set, i, EPR_DEFAULT, each);
		if (first == i && !rc)
			rc = add_folder(t, set, i, EPR_SECONDS, each);
	}
	return rc;
}

static int all_rows(struct mt_table *t, const struct epr_set *set)
{
	static const char *const sources[] = { EPR_TICKS, EPR_RATE, EPR_MADE };
	mt_autofree struct mt_epr *each = calloc(set->n, sizeof(*each));
	int rc = each ? 0 : -ENOMEM;

	for (size_t i = 0; i < MT_ARRAY_SIZE(sources) && !rc; i++)
		for (size_t k = 0; epr_setting_name(k) && !rc; k++)
			rc = add_setting(t, set, sources[i], k, each);
	return rc ? rc : add_folders(t, set, each);
}

int evaluate_epr(char **files, size_t n, bool storage, enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "series", "series" }, { "source", "source" }, { "n_series", "n" },
		{ "setting", "setting" }, { "horizon_slots", "slots" },
		{ "prediction", "prediction" }, { "fm_epr", "FM" }, { "am_epr", "AM" },
		{ "am_listing_epr", "listing" }, { "mean_epr", "mean" }, { "last_epr", "last" },
		{ "am_over_fm", "AM/FM" }, { "am_over_fm_low", "low" },
		{ "am_over_fm_high", "high" },
		{ "fm_low", NULL }, { "fm_high", NULL }, { "am_low", NULL }, { "am_high", NULL },
		{ "fm_predictions", NULL }, { "am_predictions", NULL },
		{ "fm_curves", "FM curves" }, { "am_curves", "AM curves" },
		{ "am_listing_curves", "listing curves" },
	};
	const struct epr_table table = { columns, MT_ARRAY_SIZE(columns), all_rows };

	return epr_set_print(&table, files, n, storage, format);
}
