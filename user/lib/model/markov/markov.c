// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * markov.c - the chain of patterns: learn from each slot, forecast the next ones (PURE)
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "markov_fusion.h"
#include "markov_patterns.h"

static const struct mt_markov_method methods[] = {
	{ "fm", MT_ADJUST_NONE, MT_COUNT_PATTERN },
	{ "am", MT_ADJUST_SUCCESSOR, MT_COUNT_PATTERN },
	{ "am-listing", MT_ADJUST_PATTERN, MT_COUNT_NEVER },
};

const struct mt_markov_method *mt_markov_method(const char *name)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(methods); i++)
		if (!strcmp(methods[i].name, name))
			return &methods[i];
	return NULL;
}

void mt_markov_use(struct mt_markov_params *params, const struct mt_markov_method *method)
{
	params->adjust = method->adjust;
	params->count = method->count;
}

int mt_markov_init(struct mt_markov *m, const struct mt_markov_params *params)
{
	const struct mt_markov_params *p = params;

	if (!p->window || p->window > MT_MARKOV_WINDOW_MAX || !p->step || p->step > p->window ||
	    p->patterns_max < 2 || p->patterns_max > MT_MARKOV_PATTERNS_MAX ||
	    !(p->join_share >= 0) || !(p->match_share >= 0) ||
	    (unsigned)p->adjust >= MT_ADJUST_COUNT || (unsigned)p->count >= MT_COUNT_COUNT ||
	    p->fuse > MT_MARKOV_FUSE_MAX || !(p->fluctuation_share >= 0))
		return -EINVAL;
	memset(m, 0, sizeof(*m));
	m->params = *params;
	m->next = NAN;
	for (size_t i = 0; i < MT_ARRAY_SIZE(m->label); i++)
		m->label[i] = -1;
	return 0;
}

static double as_amount(double amount)
{
	return amount >= 0 && isfinite(amount) ? amount : 0;
}

static void count_slot(struct mt_markov *m, double amount)
{
	double off = amount - m->mean;

	m->slots++;
	m->mean += off / (double)m->slots;
	m->squares += off * (amount - m->mean);
}

static double deviation(const struct mt_markov *m)
{
	return m->slots ? sqrt(m->squares / (double)m->slots) : 0;
}

/* The newest status within @recent, or NULL. */
static const float *status_of(const struct mt_markov_params *p, const float *recent, unsigned n)
{
	return n < p->window ? NULL : recent + n - p->window;
}

static void append(const struct mt_markov_params *p, float *recent, unsigned *n, double amount)
{
	if (*n == 2 * p->window) {
		memcpy(recent, recent + p->window, p->window * sizeof(*recent));
		*n = p->window;
	}
	recent[(*n)++] = (float)amount;
}

static inline int successor(const struct mt_markov *m, int from, bool second)
{
	int first = -1, other = -1;

	for (unsigned j = 0; j < m->n_patterns; j++) {
		uint32_t n = m->follows[from][j];

		if (n && (first < 0 || n > m->follows[from][first])) {
			other = first;
			first = (int)j;
		} else if (n && (other < 0 || n > m->follows[from][other])) {
			other = (int)j;
		}
	}
	return second ? other : first;
}

int mt_markov_successor(const struct mt_markov *m, int from, bool second)
{
	return successor(m, from, second);
}

static double chance_of(const struct mt_markov *m, int from, int to)
{
	uint64_t all = 0;

	for (unsigned j = 0; j < m->n_patterns; j++)
		all += m->follows[from][j];
	return all ? (double)m->follows[from][to] / (double)all : 0;
}

/* A forecast, or what comes next, under way along the chain. */
struct walk {
	const float *status;
	int at;			/* the pattern nearest to it */
	unsigned repeats;	/* of a pattern on itself, just before */
	int from;		/* the pattern that the last step went on from */
};

/* The pattern that AM goes on from in place of the one that has repeated for too long. */
static int instead_of(const struct mt_markov *m, const struct walk *w)
{
	int other = w->at;

	if (m->params.adjust == MT_ADJUST_PATTERN)
		other = successor(m, w->at, true);
	else if (m->params.adjust == MT_ADJUST_NEAREST)
		other = mt_fusion_second(m, w->status, w->at);
	return other < 0 ? w->at : other;
}

/* One step of the chain: the pattern that comes next. */
static int step(const struct mt_markov *m, struct walk *w)
{
	const struct mt_markov_params *p = &m->params;
	bool over = p->adjust && w->repeats > p->rep_max;
	int from = over ? instead_of(m, w) : w->at, next = -1;

	if (over && p->adjust == MT_ADJUST_SUCCESSOR)
		next = successor(m, from, true);
	if (next < 0)
		next = successor(m, from, false);
	if (next < 0)
		next = from;	/* nothing is known to follow: it stays. Inferred. */
	if (p->count != MT_COUNT_NEVER && (next != from || from != w->at))
		w->repeats = 0;
	w->repeats += next == from;
	w->from = from;
	return next;
}

static void learn(struct mt_markov *m)
{
	const float *status = status_of(&m->params, m->recent, m->n_recent);
	unsigned k = m->params.step;
	struct walk w;
	int now;

	if (!status)
		return;
	now = mt_patterns_join(m, status, deviation(m));
	m->repeats = now == m->label[0] ? m->repeats + 1 : 0;
	if (m->label[k - 1] >= 0)
		m->follows[m->label[k - 1]][now]++;
	memmove(m->label + 1, m->label, (k - 1) * sizeof(*m->label));
	m->label[0] = now;
	w = (struct walk){ .status = status,
			   .at = now,
			   .repeats = m->params.count_seen ? m->repeats : 0 };
	m->next = m->pattern[step(m, &w)][m->params.window - k];
}

/* All but the deviation. */
static void take(struct mt_markov *m, double amount)
{
	if (!isnan(m->next)) {
		m->foretold++;
		m->correct += mt_markov_match(&m->params, m->next, amount);
	}
	append(&m->params, m->recent, &m->n_recent, amount);
	learn(m);
}

void mt_markov_feed(struct mt_markov *m, double amount)
{
	count_slot(m, as_amount(amount));
	take(m, as_amount(amount));
}

void mt_markov_see(struct mt_markov *m, double amount)
{
	append(&m->params, m->recent, &m->n_recent, as_amount(amount));
	/* No pattern of the past is that of this status: nothing follows on it that is known. */
	for (unsigned i = 0; i < m->params.step; i++)
		m->label[i] = -1;
	m->repeats = 0;
	m->next = NAN;
}

void mt_markov_train(struct mt_markov *m, const double *amounts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		count_slot(m, as_amount(amounts[i]));
	for (size_t i = 0; i < n; i++)
		take(m, as_amount(amounts[i]));
}

/* The slots that a step to @next adds to the status. */
static void ahead(const struct mt_markov *m, const struct walk *w, int next, float *amounts)
{
	const struct mt_markov_params *p = &m->params;

	if (p->fuse > 1)
		mt_fusion_foretell(m, w->status, w->at, next, amounts);
	else
		memcpy(amounts, m->pattern[next] + p->window - p->step,
		       p->step * sizeof(*amounts));
}

int mt_markov_forecast(const struct mt_markov *m, unsigned slots, double *amounts, double *chance)
{
	const struct mt_markov_params *p = &m->params;
	struct walk w = { .repeats = p->count_seen ? m->repeats : 0 };
	float recent[MT_ARRAY_SIZE(m->recent)], added[MT_MARKOV_WINDOW_MAX];
	unsigned n = m->n_recent;
	double so_far = 1, square;

	if (!m->n_patterns || !status_of(p, m->recent, n))
		return -ENODATA;
	memcpy(recent, m->recent, n * sizeof(*recent));
	w.status = status_of(p, recent, n);
	w.at = mt_patterns_nearest(m, w.status, &square);
	for (unsigned k = 0; k < slots; ) {
		int next = step(m, &w), then;

		if (chance)
			so_far *= chance_of(m, w.from, next);
		ahead(m, &w, next, added);
		for (unsigned i = 0; i < p->step && k < slots; i++, k++) {
			amounts[k] = added[i];
			if (chance)
				chance[k] = so_far;
			append(p, recent, &n, amounts[k]);
		}
		w.status = status_of(p, recent, n);
		then = p->stay_in_chain ? next : mt_patterns_nearest(m, w.status, &square);
		if (then != next && p->count == MT_COUNT_PATTERN)
			w.repeats = 0;
		w.at = then;
	}
	return 0;
}

bool mt_markov_match(const struct mt_markov_params *params, double predicted, double real)
{
	return fabs(predicted - real) <= params->match_share * real;
}

double mt_markov_confidence(const struct mt_markov *m)
{
	return m->foretold ? (double)m->correct / (double)m->foretold : NAN;
}
