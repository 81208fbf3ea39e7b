/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * outset.h - by which method to migrate, before the start (PURE)
 *
 * Each method's forecast is held against what the operator allows, and those that keep to it are
 * priced in the currency of price.h:
 *
 *	total + pause x downtime's weight + stall x its weight + post-copy x its weight
 *	      + the guest's time that a throttle takes from it
 *
 * The cheapest is taken. Limits are held against the 90th percentile, prices are of medians.
 */
#ifndef MT_OUTSET_H
#define MT_OUTSET_H

#include "model/forecast.h"
#include "price.h"

struct mt_offer {
	enum mt_method method;
	struct mt_forecast forecast;
	double price_s;
	double excess;			/* 0: it keeps to what is allowed; more is worse */
	char why_not[160];		/* what it does not keep to; "" = nothing */
};

struct mt_outset {
	struct mt_offer offers[MT_METHOD_COUNT];	/* of those asked for, cheapest first */
	size_t n;
	char reason[512];		/* the first against the others, with numbers */
};

/* That it ends by itself is sure at this probability. Inferred. */
#define MT_OUTSET_SURE	0.9

/**
 * mt_outset() - forecasts of methods, in the order in which they should be taken
 * @in: of the guest and the link, method and its options apart
 * @methods: a bit per enum mt_method
 * @p: weights and limits; of the rest nothing is used
 *
 * Return: 0: the first offer keeps to everything; -ENOENT: none does, the first is the one that
 * comes nearest; -ENODATA: nothing can be said of any.
 */
MT_MUST_CHECK int mt_outset(struct mt_outset *o, const struct mt_forecast_input *in,
			    unsigned methods, const struct mt_prices *p);

#endif
