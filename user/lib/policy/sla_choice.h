/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sla_choice.h - the method that serves an operator's objective best, within limits (PURE)
 *
 * Jo, Cho and Egger (SoCC'17): of the methods that are predicted to keep to the limits, the one
 * whose predicted objective is least; where none is, the one that exceeds them least. Limits are
 * held against p90, as those of outset.h are; the objective is a median.
 */
#ifndef MT_SLA_CHOICE_H
#define MT_SLA_CHOICE_H

#include "learn/trained.h"
#include "policy.h"

enum mt_sla_objective { MT_SLA_TOTAL, MT_SLA_DOWNTIME, MT_SLA_TRAFFIC, MT_SLA_PERFORMANCE };

struct mt_sla {
	enum mt_sla_objective objective;
	double max_downtime_ms, max_total_ms;	/* INFINITY: no limit */
	double min_performance;			/* of the guest's; 0: no limit */
	/* What is behind a migration that runs, and would be in vain with these methods. */
	unsigned anew;				/* a bit each */
	double spent_ms, spent_bytes;
};

/* As an operator has given them: no limit where none was given. Nothing is spent. */
struct mt_sla mt_sla_of(const struct mt_limits *limits);

struct mt_sla_offer {
	enum mt_method method;
	struct mt_expected expected;
	double objective;		/* less is better; NaN: not known */
	double excess;			/* beyond limits, as shares of them; 0: it keeps to them */
};

struct mt_sla_choice {
	struct mt_sla_offer offers[MT_METHOD_COUNT];	/* the best first */
	size_t n;
	char reason[256];		/* the first, and what it is expected to be */
};

/*
 * @trained: NULL, or without a word on a method: the analytic forecast. Return: 0: the first keeps
 * to the limits; -ENOENT none does; -ENODATA nothing can be said of any.
 */
MT_MUST_CHECK int mt_sla_choose(struct mt_sla_choice *c, const struct mt_trained *trained,
				const struct mt_forecast_input *in, unsigned methods,
				const struct mt_sla *sla);

#endif
