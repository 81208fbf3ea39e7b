/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_outset.c - by which method to migrate: guests of which it is known what is best
 */
#include <errno.h>

#include "base/units.h"
#include "policy/outset.h"
#include "ktap.h"

#define ALL	((1U << MT_METHOD_COUNT) - 1)
#define LINK	(100.0 * MT_MIB)

static struct mt_ucurve curve;

/* @mib_per_s over a set of @set_mib of a guest of 1 GiB. */
static struct mt_forecast_input guest(double mib_per_s, double set_mib)
{
	mt_ucurve_init(&curve, 1024.0 * MT_MIB);
	mt_ucurve_assume(&curve, mib_per_s * MT_MIB, set_mib * MT_MIB);
	return (struct mt_forecast_input){
		.curve = &curve,
		.memory_bytes = 1024.0 * MT_MIB,
		.cpu_share = NAN,
		.bandwidth_bytes_per_s = LINK,
		.downtime_limit_ms = 300,
	};
}

static const struct mt_prices usual = {
	.downtime = 1, .stall = 5, .postcopy = 1,
	.max_pause_ms = 1000, .max_stall_ms = INFINITY, .max_total_ms = INFINITY,
};

static const struct mt_offer *of(const struct mt_outset *o, enum mt_method m)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->offers[i].method == m)
			return &o->offers[i];
	return NULL;
}

/* Nothing else is needed, and nothing that slows the guest or halves it is taken. */
static void test_calm(void)
{
	struct mt_forecast_input in = guest(2, 50);
	struct mt_outset o;

	CHECK_INT(mt_outset(&o, &in, ALL, &usual), 0);
	CHECK(!(1U << o.offers[0].method &
		(1U << MT_METHOD_POSTCOPY | 1U << MT_METHOD_HYBRID |
		 1U << MT_METHOD_AUTOCONVERGE)));
	CHECK_STR(o.offers[0].why_not, "");
	CHECK(of(&o, MT_METHOD_POSTCOPY)->price_s > o.offers[0].price_s);
	CHECK(strstr(o.reason, "postcopy: "));
}

/* Three times the link over all memory: pre-copy never ends. */
static void test_busy(void)
{
	struct mt_forecast_input in = guest(300, 900);
	struct mt_outset o;

	CHECK_INT(mt_outset(&o, &in, ALL, &usual), 0);
	CHECK(o.offers[0].method == MT_METHOD_POSTCOPY || o.offers[0].method == MT_METHOD_HYBRID ||
	      o.offers[0].method == MT_METHOD_AUTOCONVERGE);
	CHECK(strstr(of(&o, MT_METHOD_PRECOPY)->why_not, "it ends with 0 %"));

	/* Where post-copy is not allowed and nothing may slow it: the nearest, and it is said. */
	CHECK_INT(mt_outset(&o, &in, 1U << MT_METHOD_PRECOPY, &usual), -ENOENT);
	CHECK_INT(o.n, 1);
	CHECK(strstr(o.reason, "precopy: ") && strstr(o.reason, "it ends with 0 %"));
}

/* What is allowed rules out what is cheapest. */
static void test_limits(void)
{
	struct mt_forecast_input in = guest(300, 900);
	struct mt_prices p = usual;
	struct mt_outset o;
	double stall_ms;

	p.stall = p.postcopy = 0;
	CHECK_INT(mt_outset(&o, &in, 1U << MT_METHOD_POSTCOPY | 1U << MT_METHOD_AUTOCONVERGE, &p),
		  0);
	CHECK_INT(o.offers[0].method, MT_METHOD_POSTCOPY);
	stall_ms = o.offers[0].forecast.metric[MT_METRIC_STALL_MS].p90;
	CHECK(stall_ms > 0);
	p.max_stall_ms = stall_ms - 1;
	(void)!mt_outset(&o, &in, 1U << MT_METHOD_POSTCOPY | 1U << MT_METHOD_AUTOCONVERGE, &p);
	CHECK(of(&o, MT_METHOD_POSTCOPY)->excess > 0);
	CHECK(strstr(of(&o, MT_METHOD_POSTCOPY)->why_not, "a stall of"));
	p = usual;
	p.max_total_ms = 1000;
	CHECK_INT(mt_outset(&o, &in, 1U << MT_METHOD_POSTCOPY, &p), -ENOENT);
	CHECK(strstr(o.offers[0].why_not, "a total of"));
}

/* In the order that their prices say, among those that keep to what is allowed. */
static void test_order(void)
{
	struct mt_forecast_input in = guest(60, 400);
	struct mt_outset o;

	(void)!mt_outset(&o, &in, ALL, &usual);
	CHECK(o.n >= 5);
	for (size_t i = 1; i < o.n; i++)
		CHECK(o.offers[i - 1].excess < o.offers[i].excess ||
		      (o.offers[i - 1].excess == o.offers[i].excess &&
		       o.offers[i - 1].price_s <= o.offers[i].price_s));
	CHECK(strlen(o.reason) < sizeof(o.reason));
}

static void test_unknown(void)
{
	struct mt_forecast_input in = guest(60, 400);
	struct mt_outset o;

	mt_ucurve_init(&curve, 1024.0 * MT_MIB);
	CHECK_INT(mt_outset(&o, &in, 1U << MT_METHOD_PRECOPY, &usual), -ENODATA);
	CHECK_INT(mt_outset(&o, &in, 0, &usual), -ENODATA);
}

static const struct ktap_case cases[] = {
	{ "a guest that dirties little is copied, and left alone", test_calm },
	{ "one that never ends is flipped or throttled, if that is allowed", test_busy },
	{ "what is allowed rules out what is cheapest", test_limits },
	{ "offers come in the order of their prices", test_order },
	{ "where nothing is known no method is taken", test_unknown },
};
KTAP_MAIN(cases)
