// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_finish.c - what FM and AM are good for: downtime, beside that of simpler rules
 *
 * Migrations played over series of increments (finishplay.h), from several moments of each, over
 * links of several speeds and with base images of several sizes. Whatever one rule cannot end
 * before its series does is left out for all.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cluster.h"
#include "base/quantile.h"
#include "cli/cmd.h"
#include "model/markov/finishplay.h"
#include "epr_set.h"
#include "evaluate_epr.h"

#define STARTS		8	/* moments of each series */
#define STEP_SLOTS	13	/* from one to the next: no period is a multiple of it */
#define PAGE_BYTES	4096.0	/* the series are in pages; inferred of the made-up ones */
#define FNI_MAX		16	/* passes of FNI, from 1 */
#define PLATFORM_SLOTS	5	/* m of the growth platform. Inferred */
/* The horizon lasts so long beyond a base image that is larger than usual. Inferred. */
#define HORIZON_SLOTS	300
#define HORIZON_BEYOND	280

static const struct scene {
	double link_share;	/* of what the guest dirties on the average */
	const char *base;
	double base_bytes;	/* 0: 20 slots of the link */
} scenes[] = {
	{ 1.25, "20 slots", 0 }, { 2, "20 slots", 0 },	 { 4, "20 slots", 0 },
	{ 2, "500 MB", 500e6 },	 { 2, "1 GB", 1000e6 },
};
#define SCENES	MT_ARRAY_SIZE(scenes)
#define BASE_SLOTS	20

/* After FNI's 1 to FNI_MAX. */
static const enum mt_finish_rule others[] = {
	MT_FINISH_STOP,	       MT_FINISH_FM,	      MT_FINISH_AM,
	MT_FINISH_AM_LISTING,  MT_FINISH_FM_WAITING,  MT_FINISH_AM_WAITING,
	MT_FINISH_FM_PLATFORM, MT_FINISH_AM_PLATFORM, MT_FINISH_KNOWN,
	MT_FINISH_KNOWN_WAITING,
};
#define RULES	(FNI_MAX + MT_ARRAY_SIZE(others))

static enum mt_finish_rule rule_of(size_t r)
{
	return r < FNI_MAX ? MT_FINISH_PASSES : others[r - FNI_MAX];
}

struct played {
	size_t series;
	struct mt_finish_played by[RULES];
};

/* All plays of one scene over one group of series. */
struct plays {
	struct played *play;
	size_t n;
};

/* Series of one kind. */
struct group {
	const char *name;
	const struct epr_set *set;
	size_t from, to, every;
	const char *source;
	struct plays plays[SCENES];
};

/* Return: true if every rule came to an end. */
static bool play_all(const struct epr_series *s, size_t at, const struct mt_markov *chain,
		     const struct scene *scene, struct played *out)
{
	struct mt_finish_play play = {
		.trained = chain,
		.increments = s->slots + at,
		.n = s->n - at,
		.slot_s = s->slot_ms / 1e3,
		.markov = MT_MARKOV_DEFAULTS,
		.platform_slots = PLATFORM_SLOTS,
	};
	double sum = 0, base_slots = BASE_SLOTS;

	for (size_t i = 0; i < at; i++)
		sum += s->slots[i];
	play.link_bytes_per_s = scene->link_share * sum / ((double)at * play.slot_s);
	if (scene->base_bytes > 0)
		base_slots = scene->base_bytes / PAGE_BYTES / play.link_bytes_per_s / play.slot_s;
	play.base_bytes = base_slots * play.slot_s * play.link_bytes_per_s;
	play.horizon_s = play.slot_s * fmax(HORIZON_SLOTS, fmin(MT_PILOT_SLOTS_MAX,
								base_slots + HORIZON_BEYOND));
	for (size_t r = 0; r < RULES; r++) {
		play.passes = r < FNI_MAX ? (unsigned)r + 1 : 0;
		if (mt_finish_play(&play, rule_of(r), &out->by[r]))
			return false;
	}
	return true;
}

/* Every scene from one moment of one series. */
static void play_scenes(struct group *g, size_t series, size_t at)
{
	static const struct mt_markov_params params = MT_MARKOV_DEFAULTS;
	const struct epr_series *s = &g->set->series[series];
	struct mt_markov chain;

	if (mt_markov_init(&chain, &params))
		return;
	mt_markov_train(&chain, s->slots, at);
	for (size_t k = 0; k < SCENES; k++) {
		struct plays *p = &g->plays[k];

		p->play[p->n].series = series;
		p->n += play_all(s, at, &chain, &scenes[k], &p->play[p->n]);
	}
}

static int play_group(struct group *g)
{
	for (size_t k = 0; k < SCENES; k++) {
		g->plays[k].play = calloc((g->to - g->from) * STARTS + 1, sizeof(struct played));
		if (!g->plays[k].play)
			return -ENOMEM;
	}
	for (size_t i = g->from; i < g->to; i += g->every) {
		const struct epr_series *s = &g->set->series[i];

		if (g->source && strcmp(s->source, g->source))
			continue;
		for (size_t k = 0; k < STARTS && s->n / 2 + k * STEP_SLOTS < s->n; k++)
			play_scenes(g, i, s->n / 2 + k * STEP_SLOTS);
	}
	return 0;
}

/* Of the mean downtime, by series; they come one after another. */
static int interval(const struct plays *p, size_t r, double *low, double *high)
{
	mt_autofree struct mt_cluster *c = calloc(p->n, sizeof(*c));
	size_t n = 0;

	if (!c)
		return -ENOMEM;
	for (size_t i = 0; i < p->n; i++) {
		n += !i || p->play[i].series != p->play[i - 1].series;
		c[n - 1].sum += p->play[i].by[r].downtime_s * 1e3;
		c[n - 1].n++;
	}
	mt_cluster_interval(c, n, low, high);
	return 0;
}

/* The pass of FNI that leaves least in one play, the first of equals. */
static size_t least_pass(const struct played *p)
{
	size_t best = 0;

	for (size_t r = 1; r < FNI_MAX; r++)
		if (p->by[r].downtime_s < p->by[best].downtime_s - 1e-12)
			best = r;
	return best;
}

struct row {
	double mean, low, high, p50, p90, total_mean, total_p50, curves, least_share;
};

static int sum_up(const struct plays *p, size_t r, double *scratch, struct row *row)
{
	double n = (double)p->n;

	*row = (struct row){ 0 };
	for (size_t i = 0; i < p->n; i++) {
		const struct mt_finish_played *by = &p->play[i].by[r];

		scratch[i] = by->downtime_s * 1e3;
		row->mean += scratch[i] / n;
		row->total_mean += by->total_s * 1e3 / n;
		row->curves += by->curves / n;
		row->least_share += (least_pass(&p->play[i]) == r) / n;
	}
	mt_sort(scratch, p->n);
	row->p50 = mt_quantile(scratch, p->n, 0.5);
	row->p90 = mt_quantile(scratch, p->n, 0.9);
	for (size_t i = 0; i < p->n; i++)
		scratch[i] = p->play[i].by[r].total_s * 1e3;
	row->total_p50 = mt_median(scratch, p->n);
	return interval(p, r, &row->low, &row->high);
}

static struct mt_cell rounded(double v, double unit)
{
	return isfinite(v) ? MT_DOUBLE(round(v / unit) * unit) : MT_NONE;
}

static int add_row(struct mt_table *t, const struct group *g, size_t scene, size_t r,
		   double *scratch)
{
	const struct plays *p = &g->plays[scene];
	bool passes = r < FNI_MAX;
	char text[32];
	const char *name = text;
	struct row row;
	int rc = sum_up(p, r, scratch, &row);

	if (rc)
		return rc;
	snprintf(text, sizeof(text), passes ? "%s %zu" : "%s", mt_finish_rule_name(rule_of(r)),
		 r + 1);
	return mt_table_row(t, (struct mt_cell[]){
				       MT_STR(g->name),
				       MT_DOUBLE(scenes[scene].link_share),
				       MT_STR(scenes[scene].base),
				       MT_STR(name),
				       MT_UINT(p->n),
				       rounded(row.mean, 1),
				       rounded(row.low, 1),
				       rounded(row.high, 1),
				       rounded(row.p50, 1),
				       rounded(row.p90, 1),
				       rounded(row.total_mean, 1),
				       rounded(row.total_p50, 1),
				       row.curves > 0 ? rounded(row.curves, 0.1) : MT_NONE,
				       passes ? rounded(row.least_share, 0.001) : MT_NONE,
			       });
}

static int add_group(struct mt_table *t, struct group *g)
{
	int rc = play_group(g);

	for (size_t k = 0; k < SCENES && !rc; k++) {
		mt_autofree double *scratch = calloc(g->plays[k].n + 1, sizeof(*scratch));

		rc = scratch ? 0 : -ENOMEM;
		for (size_t r = 0; r < RULES && g->plays[k].n && !rc; r++)
			rc = add_row(t, g, k, r, scratch);
	}
	for (size_t k = 0; k < SCENES; k++)
		free(g->plays[k].play);
	return rc;
}

static int add_groups(struct mt_table *t, const struct epr_set *set)
{
	static const char *const sources[] = { EPR_TICKS, EPR_RATE };
	int rc = 0;

	for (size_t i = 0; i < MT_ARRAY_SIZE(sources) && !rc; i++) {
		struct group recorded = { .name = sources[i], .set = set, .to = set->n_recorded,
					  .every = 1, .source = sources[i] };

		rc = add_group(t, &recorded);
	}
	for (size_t k = 0; k < MT_PHASE_COUNT && !rc; k++) {
		/* The made-up series go round the kinds. */
		struct group made = { .name = mt_phase_kind_name((enum mt_phase_kind)k),
				      .set = set, .from = set->n_recorded + k, .to = set->n,
				      .every = MT_PHASE_COUNT };

		rc = add_group(t, &made);
	}
	return rc;
}

int evaluate_finish(char **files, size_t n, bool storage, enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "series", "series" }, { "link_share", "link" }, { "base", "base" },
		{ "rule", "rule" }, { "n", "n" },
		{ "downtime_mean_ms", "downtime", MT_SHOW_DURATION_MS },
		{ "downtime_mean_low_ms", "low", MT_SHOW_DURATION_MS },
		{ "downtime_mean_high_ms", "high", MT_SHOW_DURATION_MS },
		{ "downtime_p50_ms", "p50", MT_SHOW_DURATION_MS },
		{ "downtime_p90_ms", "p90", MT_SHOW_DURATION_MS },
		{ "total_mean_ms", "total", MT_SHOW_DURATION_MS },
		{ "total_p50_ms", "total p50", MT_SHOW_DURATION_MS },
		{ "curves_mean", "forecasts" }, { "least_share", "least" },
	};
	const struct epr_table table = { columns, MT_ARRAY_SIZE(columns), add_groups };

	return epr_set_print(&table, files, n, storage, format);
}
