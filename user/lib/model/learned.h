/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learned.h - what past migrations teach the forecast models (PURE)
 *
 * Two kinds. Figures that no rule of QEMU's gives: how long set-up and switchover take, how many
 * bytes a page is on the wire once it is encoded. And residuals: how far a row was off, as the
 * 10th, 50th and 90th percentile over past migrations, which makes its intervals honest (split
 * conformal prediction: Papadopoulos et al., ECML 2002; the scores are scaled by the row's own
 * spread).
 */
#ifndef MT_LEARNED_H
#define MT_LEARNED_H

#include "forecast.h"

/* Of one method, on one pair of hosts. */
struct mt_learned_figures {
	double setup_ms;		/* of the total, before the first page and after the last
					 * ... */
	double stretch;			/* ... and what it takes longer than it is played, in
					 * proportion */
	double switchover_ms;		/* of a downtime that is not memory: device state, the
					 * peer's start */
	double bandwidth_share;		/* of what QEMU may use, what it does use */
	double wire_share_first;	/* bytes on the wire for a byte of pages, in the first pass
					 * ... */
	double wire_share_later;	/* ... and after it; 1.002 for plain pages, with their
					 * headers */
	double pages_per_s_first;	/* that encoding leaves; INFINITY: it is no bottleneck */
	double pages_per_s_later;
	/*
	 * What a zero page costs the destination, which looks at its own memory first. Nine bytes
	 * on the wire are sent far quicker, so it lags behind, and a guest that is stopped then
	 * waits for it.
	 */
	double zero_page_us;
	/*
	 * The source's own costs, which are not learned: finding out that a page is zero, and a
	 * sync of all bitmaps.
	 */
	double zero_scan_us;
	double sync_us_per_gib;
	double guest_speed;		/* how fast a guest dirties while it is migrated, against
					 * its profile */
	double fault_ms;		/* in post-copy, until a page that the guest wants is
					 * there */
};

/*
 * Total and traffic: of log(real / forecast). Downtime and stall: of real - forecast, in ms. Both
 * by the row's scale.
 */
struct mt_residual {
	double p10, p50, p90;
	unsigned n;			/* migrations it was learned from; 0: none */
};

struct mt_learned {
	struct mt_learned_figures figures[MT_METHOD_COUNT];
	struct mt_residual residual[MT_FORECAST_MODELS_MAX][MT_METHOD_COUNT][MT_METRIC_COUNT];
};

/* The rules alone: nothing was learned. */
extern const struct mt_learned mt_learned_default;

/* When a forecast is made; what it gets wrong differs. */
enum mt_forecast_stage {
	MT_FORECAST_BEFORE,
	MT_FORECAST_PASS_1,	/* the first pass has ended */
	MT_FORECAST_PASS_2,
	MT_FORECAST_LATER,
	MT_FORECAST_STAGES
};
static inline enum mt_forecast_stage mt_forecast_stage_of(uint64_t passes)
{
	return passes < MT_FORECAST_LATER ? (enum mt_forecast_stage)passes : MT_FORECAST_LATER;
}

/*
 * For hosts that nothing is known of: learned from the campaigns in tests/data/campaign by
 * scripts/learn-prior. Its residuals are those of migrations on hosts other than those its figures
 * were learned from.
 */
extern const struct mt_learned mt_learned_prior[MT_FORECAST_STAGES];

/* What is not scaled by a row's own spread. Inferred. */
#define MT_RESIDUAL_FLOOR_SHARE	0.02
#define MT_RESIDUAL_FLOOR_MS	10.0

/* The score of a forecast that turned out so; then learn from many of them, and apply. */
double mt_residual_score(enum mt_metric metric, const struct mt_interval *forecast, double real);
void mt_residual_learn(struct mt_residual *r, double *scores, size_t n);	/* sorts @scores */
void mt_residual_apply(const struct mt_residual *r, enum mt_metric metric,
		       struct mt_interval *forecast);

/* One past migration, with the forecasts that each row would have made. */
struct mt_learned_case {
	struct mt_forecast_input in;
	bool ended;			/* by itself, completed */
	double real[MT_METRIC_COUNT];	/* NaN: not known */
	/*
	 * Pages, wire and time of the first pass, and of those after it as far as they ended; 0:
	 * not known.
	 */
	struct { double bytes, wire_bytes, s; } first, later;
	unsigned hosts;			/* which pair of hosts: any number */
	double first_dirtied_bytes;	/* within the first pass, kept pages not counted; 0: not
					 * known */
};

/*
 * From @cases, which are not changed; what none of them tells is left as it is in @l (begin with
 * mt_learned_default). -ENOMEM.
 */
MT_MUST_CHECK int mt_learn(struct mt_learned *l, const struct mt_learned_case *cases, size_t n);

/*
 * The same for hosts that are in none of them: figures from all, and residuals of each migration by
 * figures of other hosts'. With one pair of hosts only there are none.
 */
MT_MUST_CHECK int mt_learn_prior(struct mt_learned *l, const struct mt_learned_case *cases,
				 size_t n);

/*
 * What one pair of hosts' own migrations teach on top of what @l holds, which is expected of any
 * hosts: the more there are, the nearer to them (James and Stein's way, with an inferred weight).
 * @widths: intervals, too; else figures alone, and intervals stay as wide as they are. -ENOMEM: @l
 * is as it was.
 */
MT_MUST_CHECK int mt_learn_own(struct mt_learned *l, const struct mt_learned_case *cases, size_t n,
			       bool widths);

#endif
