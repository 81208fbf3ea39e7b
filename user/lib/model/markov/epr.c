// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * epr.c - a series foretold as it goes, and compared with what came (PURE)
 */
#include <errno.h>
#include <math.h>

#include "epr.h"

/* The image that the first snapshot follows on, in slots of the link. Inferred. */
#define BASE_SLOTS	20

static double sum_of(const double *amounts, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += amounts[i];
	return sum;
}

static void feed(struct mt_markov *m, const double *slots, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mt_markov_feed(m, slots[i]);
}

/* Slots that @bytes take, one at the least, no more than @most. */
static size_t sending(double bytes, double link, size_t most)
{
	double slots = ceil(bytes / link);

	return slots >= (double)most ? most : slots < 1 ? 1 : (size_t)slots;
}

static void by_snapshot(struct mt_markov *m, const double *slots, size_t n, size_t from,
			const struct mt_epr_params *p, double link, struct mt_epr *out)
{
	double curve[MT_EPR_HORIZON_MAX], bytes = BASE_SLOTS * link;
	size_t at = from, made_at = 0;
	bool holds = false;

	for (;;) {
		size_t end = at + sending(bytes, link, p->horizon);
		double real;

		if (end > n)
			return;
		if (!holds || end > made_at + p->horizon) {
			if (mt_markov_forecast(m, p->horizon, curve, NULL))
				return;
			made_at = at;
			out->curves++;
		}
		real = sum_of(slots + at, end - at);
		holds = mt_markov_match(&p->markov, sum_of(curve + (at - made_at), end - at), real);
		out->predictions[MT_EPR_SNAPSHOT]++;
		out->correct[MT_EPR_SNAPSHOT] += holds;
		feed(m, slots + at, end - at);
		bytes = real;
		at = end;
	}
}

static void by_curve(struct mt_markov *m, const double *slots, size_t n, size_t from,
		     const struct mt_epr_params *p, struct mt_epr *out)
{
	double curve[MT_EPR_HORIZON_MAX];

	for (size_t at = from; at + p->horizon <= n; at += p->every) {
		if (mt_markov_forecast(m, p->horizon, curve, NULL))
			return;
		for (unsigned k = 0; k < p->horizon; k++)
			out->correct[MT_EPR_SLOT] +=
				mt_markov_match(&p->markov, curve[k], slots[at + k]);
		out->predictions[MT_EPR_SLOT] += p->horizon;
		out->correct[MT_EPR_CURVE] += mt_markov_match(&p->markov, sum_of(curve, p->horizon),
							      sum_of(slots + at, p->horizon));
		out->predictions[MT_EPR_CURVE]++;
		feed(m, slots + at, at + p->every <= n ? p->every : n - at);
	}
}

int mt_epr_evaluate(const double *slots, size_t n, const struct mt_epr_params *p,
		    struct mt_epr *out)
{
	struct mt_markov trained, m;
	size_t from;
	double link;
	int rc;

	if (!p->horizon || p->horizon > MT_EPR_HORIZON_MAX || !p->every ||
	    !(p->train_share > 0 && p->train_share < 1) || !(p->link_share > 0))
		return -EINVAL;
	rc = mt_markov_init(&trained, &p->markov);
	if (rc)
		return rc;
	from = (size_t)((double)n * p->train_share);
	if (from <= p->markov.window || n - from < p->horizon)
		return -ENODATA;
	link = p->link_share * sum_of(slots, from) / (double)from;
	if (!(link > 0))
		return -ENODATA;
	mt_markov_train(&trained, slots, from);
	m = trained;
	by_snapshot(&m, slots, n, from, p, link, out);
	m = trained;
	by_curve(&m, slots, n, from, p, out);
	return 0;
}

double mt_epr_ratio(const struct mt_epr *epr, enum mt_epr_kind kind)
{
	return epr->predictions[kind] ?
		       (double)epr->correct[kind] / (double)epr->predictions[kind] :
		       NAN;
}

const char *mt_epr_kind_name(enum mt_epr_kind kind)
{
	static const char *const names[MT_EPR_COUNT] = {
		[MT_EPR_SNAPSHOT] = "snapshot",
		[MT_EPR_SLOT] = "slot",
		[MT_EPR_CURVE] = "curve",
	};

	return (unsigned)kind < MT_EPR_COUNT ? names[kind] : "unknown";
}
