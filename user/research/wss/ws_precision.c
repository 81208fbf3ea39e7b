// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ws_precision.c - which pages an estimator calls hot, and which are dirtied then
 *
 * A guest is watched tick by tick, as by a source that clears its log at each. After some seconds,
 * each estimator is asked once a second of every page how probable it is that it is dirtied within
 * each horizon, and that is compared with what comes. Precision: of the pages called hot, the share
 * that is dirtied. Recall: of the pages that are, the share that was called hot. The area under the
 * ROC curve is that of the probabilities, over pages that have been dirtied before: against those
 * that never were, anything is right.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "working_set.h"
#include "wss/wss.h"

#define TICK_NS		100000000ULL
#define LEARN_TICKS	100
#define ASK_TICKS	200		/* after those */
#define ASK_EVERY	10
#define CLASSES		256		/* of probabilities */

static const unsigned horizons[] = { 1, 4, 16, 64 };
#define HORIZONS	MT_ARRAY_SIZE(horizons)

/* What came of what one estimator said of one guest, within one horizon. */
struct tally {
	uint64_t hot_dirtied, hot, dirtied, asked;	/* pages, of all */
	uint64_t of_class[2][CLASSES];	/* dirtied or not, of those dirtied before */
};

struct outcome {
	struct tally by[MT_WSS_KINDS][HORIZONS];
};

/* All ticks of a guest, a bit a page. */
struct history {
	uint64_t *words;
	size_t pages, n_words, n;
};

static uint64_t *tick_of(const struct history *h, size_t tick)
{
	return h->words + tick * h->n_words;
}

struct target {
	uint64_t *words;
	size_t pages;
};

static void mark(void *to, const uint64_t *pages, size_t n)
{
	const struct target *t = to;

	for (size_t i = 0; i < n; i++)
		if (pages[i] < t->pages)
			t->words[pages[i] / 64] |= 1ULL << (pages[i] % 64);
}

static int play(struct history *h, struct ws_guest *guest)
{
	double ticks = LEARN_TICKS + ASK_TICKS + horizons[HORIZONS - 1];

	if (guest->trace.length_s > 0)
		ticks = fmin(ticks, floor(guest->trace.length_s * 1e9 / TICK_NS));
	h->pages = guest->memory_bytes / MT_TRACE_PAGE_BYTES;
	h->n_words = (h->pages + 63) / 64;
	h->n = (size_t)ticks;
	h->words = calloc(h->n * h->n_words, sizeof(*h->words));
	if (!h->words)
		return -ENOMEM;
	guest->trace.ops->rewind(guest->trace.opaque);
	for (size_t t = 0; t < h->n; t++) {
		struct target to = { tick_of(h, t), h->pages };

		guest->trace.ops->advance(guest->trace.opaque, TICK_NS, TICK_NS, mark, &to);
	}
	return 0;
}

static bool has(const uint64_t *words, size_t page)
{
	return words[page / 64] >> (page % 64) & 1;
}

static void join(uint64_t *to, const uint64_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] |= words[i];
}

/* @p of each page, @before dirtied so far, @after within the horizon. */
static void count(struct tally *t, const struct mt_wss *w, const struct history *h, const float *p,
		  const uint64_t *before, const uint64_t *after)
{
	for (size_t page = 0; page < h->pages; page++) {
		bool hot = mt_wss_is_hot(w, page, p[page]), dirtied = has(after, page);

		t->asked++;
		t->hot += hot;
		t->dirtied += dirtied;
		t->hot_dirtied += hot && dirtied;
		if (has(before, page))
			t->of_class[dirtied][(size_t)fminf(p[page] * CLASSES, CLASSES - 1)]++;
	}
}

struct room {
	float *p;
	uint64_t *before, *after;
};

static void ask(struct tally *t, const struct mt_wss *w, const struct history *h, size_t now,
		const struct room *r)
{
	size_t upto = now;

	memset(r->after, 0, h->n_words * sizeof(*r->after));
	for (size_t k = 0; k < HORIZONS && now + horizons[k] <= h->n; k++) {
		for (; upto < now + horizons[k]; upto++)
			join(r->after, tick_of(h, upto), h->n_words);
		mt_wss_probabilities(w, 0, h->pages, horizons[k], r->p);
		count(&t[k], w, h, r->p, r->before, r->after);
	}
}

static int watch(struct tally *t, enum mt_wss_kind kind, const struct history *h,
		 const struct room *r)
{
	const struct mt_wss_params params = MT_WSS_DEFAULTS;
	struct mt_wss *w = mt_wss_new(kind, h->pages, &params);

	if (!w)
		return -ENOMEM;
	memset(r->before, 0, h->n_words * sizeof(*r->before));
	for (size_t now = 0; now < h->n && now < LEARN_TICKS + ASK_TICKS; now++) {
		if (now >= LEARN_TICKS && now % ASK_EVERY == 0)
			ask(t, w, h, now, r);
		mt_wss_tick(w, tick_of(h, now));
		join(r->before, tick_of(h, now), h->n_words);
	}
	mt_wss_free(w);
	return 0;
}

static int evaluate(void *outcome, struct ws_guest *guest)
{
	struct outcome *o = outcome;
	struct history h = { 0 };
	int rc = play(&h, guest);
	mt_autofree float *p = calloc(h.pages, sizeof(*p));
	mt_autofree uint64_t *before = calloc(h.n_words, sizeof(*before));
	mt_autofree uint64_t *after = calloc(h.n_words, sizeof(*after));
	const struct room r = { p, before, after };

	if (!p || !before || !after)
		rc = -ENOMEM;
	for (int kind = 0; kind < MT_WSS_KINDS && !rc; kind++)
		rc = watch(o->by[kind], (enum mt_wss_kind)kind, &h, &r);
	free(h.words);
	return rc;
}

/* --- figures ----------------------------------------------------------------------- */
enum figure { PRECISION, RECALL, F1, AREA, FIGURES };

static double share(uint64_t of, uint64_t all)
{
	return all ? (double)of / (double)all : NAN;
}

/* Of two pages, one that was dirtied and one that was not, the former had the higher one. */
static double area(const struct tally *t)
{
	double pairs = 0, right = 0, cold_below = 0, dirtied = 0;

	for (size_t c = 0; c < CLASSES; c++) {
		double hot = (double)t->of_class[1][c], cold = (double)t->of_class[0][c];

		right += hot * (cold_below + cold / 2);
		cold_below += cold;
		dirtied += hot;
	}
	pairs = dirtied * cold_below;
	return pairs > 0 ? right / pairs : NAN;
}

static double figure_of(const struct tally *t, enum figure f)
{
	double sum = (double)(t->hot + t->dirtied);

	switch (f) {
	case PRECISION:
		return share(t->hot_dirtied, t->hot);
	case RECALL:
		return share(t->hot_dirtied, t->dirtied);
	case F1:
		return sum > 0 ? 2 * (double)t->hot_dirtied / sum : NAN;
	case AREA:
		return area(t);
	default:
		return NAN;
	}
}

/* --- the table --------------------------------------------------------------------- */
/* Guests of one kind of trace, or the one @only. */
static int add_row(struct mt_table *t, const struct ws_guests *g, const struct outcome *o,
		   const char *kind, const struct ws_guest *only, enum mt_wss_kind by, size_t h,
		   struct spread *spread)
{
	struct spread_figures f[FIGURES];
	double base = 0;
	size_t n = 0;

	for (int k = 0; k < FIGURES; k++) {
		spread_clear(spread);
		base = 0;
		n = 0;
		for (size_t i = 0; i < g->n; i++) {
			const struct tally *tally = &o[i].by[by][h];

			if (strcmp(g->v[i].trace.ops->name, kind) || (only && only != &g->v[i]) ||
			    !tally->asked)
				continue;
			spread_add(spread, figure_of(tally, (enum figure)k), g->v[i].name);
			base += share(tally->dirtied, tally->asked);
			n++;
		}
		f[k] = spread_of_shares(spread);
	}
	if (!n)
		return 0;
	return mt_table_row(
		t, (struct mt_cell[]){
			   MT_STR(mt_wss_name(by)), MT_STR(kind),
			   MT_STR(only ? only->name : "all"), MT_UINT(n),
			   MT_DOUBLE(horizons[h] * (double)TICK_NS / 1e6),
			   ws_rounded(base / (double)n), ws_rounded(f[PRECISION].mean),
			   ws_rounded(f[PRECISION].low), ws_rounded(f[PRECISION].high),
			   ws_rounded(f[RECALL].mean), ws_rounded(f[RECALL].low),
			   ws_rounded(f[RECALL].high), ws_rounded(f[F1].mean),
			   ws_rounded(f[F1].low), ws_rounded(f[F1].high),
			   ws_rounded(f[AREA].mean), ws_rounded(f[AREA].low),
			   ws_rounded(f[AREA].high),
		   });
}

static int add_rows(struct mt_table *t, const struct ws_guests *g, const void *outcomes,
		    const char *kind, const struct ws_guest *only, struct spread *spread)
{
	const struct outcome *o = outcomes;
	int rc = 0;

	for (size_t h = 0; h < HORIZONS; h++)
		for (int by = 0; by < MT_WSS_KINDS && !rc; by++)
			rc = add_row(t, g, o, kind, only, (enum mt_wss_kind)by, h, spread);
	return rc;
}

static const struct mt_column columns[] = {
	{ "estimator", "estimator" }, { "trace", "trace" }, { "workload", "workload" },
	{ "n", "n" }, { "horizon_ms", "horizon", MT_SHOW_DURATION_MS },
	{ "dirtied_share", "dirtied" }, { "precision", "precision" },
	{ "precision_low", NULL }, { "precision_high", NULL }, { "recall", "recall" },
	{ "recall_low", NULL }, { "recall_high", NULL }, { "f1", "F1" },
	{ "f1_low", "low" }, { "f1_high", "high" }, { "area", "area" },
	{ "area_low", "low" }, { "area_high", "high" },
};

int ws_precision(char **args, size_t n, enum mt_format format, bool by_workload)
{
	static const struct ws_measure measure = {
		.about = "working sets", .outcome_bytes = sizeof(struct outcome),
		.one = evaluate, .add_rows = add_rows,
		.columns = columns, .n_columns = MT_ARRAY_SIZE(columns),
	};

	return ws_measure(&measure, args, n, format, by_workload);
}
