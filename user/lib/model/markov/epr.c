// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * epr.c - a series foretold as it goes, and compared with what came (PURE)
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "epr.h"
#include "finishtime.h"

/* The image that the first snapshot follows on, in slots of the link. Inferred. */
#define BASE_SLOTS	20

static double sum_of(const double *amounts, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += amounts[i];
	return sum;
}

/* Slots that @bytes take, one at the least, no more than @most. */
static size_t sending(double bytes, double link, size_t most)
{
	double slots = ceil(bytes / link);

	return slots >= (double)most ? most : slots < 1 ? 1 : (size_t)slots;
}

/* A series under way. What each predicts at one slot is made once, when it is first asked for. */
struct run {
	const struct mt_epr_params *p;
	const double *slots;
	size_t n, at;
	double link;
	struct mt_markov m;
	unsigned longest;		/* horizon */
	bool made[MT_EPR_BYS];
	double curve[MT_EPR_BYS][MT_EPR_HORIZON_MAX];
	struct mt_epr *out;
};

static void use_method(struct mt_markov_params *m, const struct mt_markov_params *asked, int by)
{
	*m = *asked;
	if (by == MT_EPR_FM)
		m->adjust = MT_ADJUST_NONE;
	else if (by == MT_EPR_AM_LISTING)
		mt_markov_use(m, mt_markov_method("am-listing"));
	else if (!m->adjust)
		m->adjust = MT_ADJUST_SUCCESSOR;
}

static const double *curve_of(struct run *r, int by)
{
	double *curve = r->curve[by];

	if (r->made[by])
		return curve;
	if (by == MT_EPR_MEAN || by == MT_EPR_LAST) {
		double value = by == MT_EPR_MEAN ? r->m.mean : r->slots[r->at - 1];

		for (unsigned k = 0; k < r->longest; k++)
			curve[k] = value;
	} else {
		use_method(&r->m.params, &r->p->markov, by);
		/* Cannot be: a whole status has been learned. */
		if (mt_markov_forecast(&r->m, r->longest, curve, NULL))
			return NULL;
	}
	r->made[by] = true;
	return curve;
}

static void score(struct mt_epr_count *c, enum mt_epr_kind kind, bool correct)
{
	c->predictions[kind]++;
	c->correct[kind] += correct;
}

/* MT_EPR_SNAPSHOT by one of them over one horizon. */
struct sender {
	size_t at, made_at;		/* the next snapshot begins, the curve does */
	double bytes;			/* of the next snapshot */
	bool holds, over;
	double curve[MT_EPR_HORIZON_MAX];
};

static void send_next(struct run *r, struct sender *s, unsigned horizon, int by,
		      struct mt_epr_count *c)
{
	size_t end = s->at + sending(s->bytes, r->link, horizon);
	double real;

	s->over = end > r->n;
	if (s->over)
		return;
	if (!s->holds || end > s->made_at + horizon) {
		const double *curve = curve_of(r, by);

		s->over = !curve;
		if (s->over)
			return;
		memcpy(s->curve, curve, horizon * sizeof(*curve));
		s->made_at = s->at;
		c->curves++;
	}
	real = sum_of(r->slots + s->at, end - s->at);
	s->holds = mt_markov_match(&r->p->markov,
				   sum_of(s->curve + (s->at - s->made_at), end - s->at), real);
	score(c, MT_EPR_SNAPSHOT, s->holds);
	s->bytes = real;
	s->at = end;
}

/* The least that the migration that begins now could leave, its future known; NaN = none ends. */
static double least_possible(const struct mt_finish_input *in, const double *real)
{
	struct mt_finish_input known = *in;
	struct mt_finish best;

	known.increments = real;
	return mt_finish_find(&known, &best) ? NAN : best.left_bytes;
}

static void compare_finish(struct run *r, unsigned horizon, const double *curve, double base,
			   struct mt_epr_count *c)
{
	const struct mt_markov_params *p = &r->p->markov;
	const double *real = r->slots + r->at;
	const struct mt_finish_input in = { .slots = horizon,
					    .increments = curve,
					    .base_bytes = base,
					    .bytes_per_slot = r->link };
	struct mt_finish plan;
	double left;

	if (mt_finish_find(&in, &plan))
		return;
	left = sum_of(real + plan.snapshot_slot, plan.finish_slot - plan.snapshot_slot);
	score(c, MT_EPR_FINISH,
	      mt_markov_match(p, sum_of(curve, plan.finish_slot), sum_of(real, plan.finish_slot)));
	score(c, MT_EPR_LEFT, mt_markov_match(p, plan.left_bytes, left));
	score(c, MT_EPR_MOMENT, left <= (1 + p->match_share) * least_possible(&in, real));
}

static void compare_curve(struct run *r, unsigned horizon, int by, struct mt_epr_count *c)
{
	const struct mt_markov_params *p = &r->p->markov;
	const double *curve = curve_of(r, by), *real = r->slots + r->at;

	if (!curve || r->at + horizon > r->n)
		return;
	for (unsigned k = 0; k < horizon; k++)
		score(c, MT_EPR_SLOT, mt_markov_match(p, curve[k], real[k]));
	score(c, MT_EPR_CURVE,
	      mt_markov_match(p, sum_of(curve, horizon), sum_of(real, horizon)));
	compare_finish(r, horizon, curve, BASE_SLOTS * r->link, c);
}

static unsigned count_horizons(const struct mt_epr_params *p)
{
	unsigned n = 0;

	while (n < MT_EPR_HORIZONS_MAX && p->horizons[n])
		n++;
	return n;
}

static void run_series(struct run *r, struct sender (*senders)[MT_EPR_BYS])
{
	unsigned horizons = count_horizons(r->p);
	size_t from = r->at;

	for (; r->at < r->n; mt_markov_feed(&r->m, r->slots[r->at++])) {
		bool curves = (r->at - from) % r->p->every == 0;

		memset(r->made, 0, sizeof(r->made));
		for (unsigned h = 0; h < horizons; h++) {
			unsigned horizon = r->p->horizons[h];

			/* A horizon that the series is too short for is not asked about at all. */
			for (int by = 0; by < MT_EPR_BYS && from + horizon <= r->n; by++) {
				struct sender *s = &senders[h][by];

				if (s->at == r->at && !s->over)
					send_next(r, s, horizon, by, &r->out->by[h][by]);
				if (curves)
					compare_curve(r, horizon, by, &r->out->by[h][by]);
			}
		}
	}
}

static int check(const struct mt_epr_params *p)
{
	unsigned horizons = count_horizons(p);

	for (unsigned h = 0; h < horizons; h++)
		if (p->horizons[h] > MT_EPR_HORIZON_MAX)
			return -EINVAL;
	return horizons && p->every && p->train_share > 0 && p->train_share < 1 &&
			       p->link_share > 0 ?
		       0 :
		       -EINVAL;
}

static void span(const struct mt_epr_params *p, unsigned *shortest, unsigned *longest)
{
	*shortest = *longest = p->horizons[0];
	for (unsigned h = 1; h < count_horizons(p); h++) {
		*shortest = p->horizons[h] < *shortest ? p->horizons[h] : *shortest;
		*longest = p->horizons[h] > *longest ? p->horizons[h] : *longest;
	}
}

int mt_epr_evaluate(const double *slots, size_t n, const struct mt_epr_params *p,
		    struct mt_epr *out)
{
	struct run r = { .p = p, .slots = slots, .n = n, .out = out };
	mt_autofree struct sender(*senders)[MT_EPR_BYS] = NULL;
	unsigned shortest;
	int rc = check(p);

	if (!rc)
		rc = mt_markov_init(&r.m, &p->markov);
	if (rc)
		return rc;
	span(p, &shortest, &r.longest);
	r.at = (size_t)((double)n * p->train_share);
	if (r.at <= p->markov.window || n - r.at < shortest)
		return -ENODATA;
	r.link = p->link_share * sum_of(slots, r.at) / (double)r.at;
	if (!(r.link > 0))
		return -ENODATA;
	senders = calloc(MT_EPR_HORIZONS_MAX, sizeof(*senders));
	if (!senders)
		return -ENOMEM;
	for (unsigned i = 0; i < MT_EPR_HORIZONS_MAX * MT_EPR_BYS; i++) {
		senders[i / MT_EPR_BYS][i % MT_EPR_BYS].at = r.at;
		senders[i / MT_EPR_BYS][i % MT_EPR_BYS].bytes = BASE_SLOTS * r.link;
	}
	mt_markov_train(&r.m, slots, r.at);
	run_series(&r, senders);
	return 0;
}

double mt_epr_ratio(const struct mt_epr_count *count, enum mt_epr_kind kind)
{
	return count->predictions[kind] ?
		       (double)count->correct[kind] / (double)count->predictions[kind] :
		       NAN;
}

const char *mt_epr_kind_name(enum mt_epr_kind kind)
{
	static const char *const names[MT_EPR_COUNT] = {
		[MT_EPR_SNAPSHOT] = "snapshot", [MT_EPR_SLOT] = "slot",
		[MT_EPR_CURVE] = "curve",	[MT_EPR_FINISH] = "curve to the finish",
		[MT_EPR_LEFT] = "left",		[MT_EPR_MOMENT] = "moment",
	};

	return (unsigned)kind < MT_EPR_COUNT ? names[kind] : "unknown";
}
