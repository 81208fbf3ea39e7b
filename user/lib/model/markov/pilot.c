// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pilot.c - the feedback loop around forecast and FindFinishTime (PURE)
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "pilot.h"

/* A pass that is late by this share of what the plan had left is a mismatch by itself. Inferred. */
#define LATE_SHARE	0.5

int mt_pilot_init(struct mt_pilot *p, const struct mt_pilot_params *params)
{
	if (!(params->slot_s > 0) || !(params->horizon_s >= params->slot_s) ||
	    params->horizon_s > MT_PILOT_SLOTS_MAX * params->slot_s)
		return -EINVAL;
	memset(p, 0, sizeof(*p));
	p->params = *params;
	mt_slots_init(&p->slots, params->slot_s);
	return mt_markov_init(&p->markov, &params->markov);
}

static void on_slot(double amount, void *opaque)
{
	struct mt_pilot *p = opaque;

	if (p->trained)
		mt_markov_see(&p->markov, amount);
	else
		mt_markov_feed(&p->markov, amount);
}

void mt_pilot_train(struct mt_pilot *p, const double *slots, size_t n)
{
	mt_markov_train(&p->markov, slots, n);
	p->trained = p->markov.n_patterns > 0;
}

void mt_pilot_feed(struct mt_pilot *p, double duration_s, double bytes)
{
	mt_slots_add(&p->slots, duration_s, bytes, on_slot, p);
}

/* What the forecast has between two times, its first and last slot going on for ever. */
static double expected(const struct mt_pilot *p, double from_s, double to_s)
{
	double from = (from_s - p->made_s) / p->params.slot_s,
	       to = (to_s - p->made_s) / p->params.slot_s, sum = 0;

	for (unsigned k = 0; k < p->curve_slots; k++) {
		double begin = k ? k : -INFINITY, end = k + 1 < p->curve_slots ? k + 1 : INFINITY;

		sum += p->curve[k] * fmax(0, fmin(to, end) - fmax(from, begin));
	}
	return sum;
}

/* Slots until the horizon ends. */
static unsigned slots_ahead(const struct mt_pilot *p, double now_s)
{
	double slots = floor((p->end_s - now_s) / p->params.slot_s + 1e-6);

	return slots < 1 ? 0 : slots > MT_PILOT_SLOTS_MAX ? MT_PILOT_SLOTS_MAX : (unsigned)slots;
}

/* Where to end on a curve of so many slots from now on. Return: false: now, nothing is better. */
static bool aim(struct mt_pilot *p, double now_s, const double *curve, unsigned slots,
		double left_bytes, double link_bytes_per_s, struct mt_pilot_advice *advice)
{
	const struct mt_finish_input in = {
		.slots = slots,
		.increments = curve,
		.base_bytes = left_bytes,
		.bytes_per_slot = link_bytes_per_s * p->params.slot_s,
		.from_base = true,
	};
	struct mt_finish best;
	int rc = p->params.waits ? mt_finish_find(&in, &best) : mt_finish_chain(&in, &best);

	if (rc || left_bytes <= best.left_bytes)
		return false;
	p->passes_to_go = best.snapshots + 1;
	p->finish_s = now_s + best.finish_slot * p->params.slot_s;
	advice->left_bytes = best.left_bytes;
	if (best.first_slot > fmax(1, ceil(left_bytes / in.bytes_per_slot)))
		advice->next_in_s = best.first_slot * p->params.slot_s;
	return true;
}

static void plan(struct mt_pilot *p, double now_s, double left_bytes, double link_bytes_per_s,
		 bool may_stop, struct mt_pilot_advice *advice)
{
	double curve[MT_PILOT_SLOTS_MAX];
	unsigned slots;

	if (!p->began)
		p->end_s = now_s + p->params.horizon_s;
	slots = slots_ahead(p, now_s);
	p->curve_slots = 0;
	if (!slots) {
		advice->horizon_over = advice->finish = true;
		return;
	}
	if (mt_markov_forecast(&p->markov, slots, curve, NULL))
		return;		/* too little is known */
	p->began = true;
	p->curves++;
	if (!aim(p, now_s, curve, slots, left_bytes, link_bytes_per_s, advice)) {
		advice->finish = may_stop;
		return;
	}
	for (unsigned k = 0; k < slots; k++)
		p->curve[k] = (float)curve[k];
	p->curve_slots = slots;
	p->made_s = now_s;
	advice->planned = true;
}

/* The forecast is kept, and from what is left really it is searched anew. */
static void aim_again(struct mt_pilot *p, double now_s, double left_bytes,
		      double link_bytes_per_s, struct mt_pilot_advice *advice)
{
	double curve[MT_PILOT_SLOTS_MAX], slot_s = p->params.slot_s;
	unsigned slots = slots_ahead(p, now_s);

	for (unsigned k = 0; k < slots; k++)
		curve[k] = expected(p, now_s + k * slot_s, now_s + (k + 1) * slot_s);
	advice->finish = !slots ||
			 !aim(p, now_s, curve, slots, left_bytes, link_bytes_per_s, advice);
}

static void tell_plan(const struct mt_pilot *p, double now_s, struct mt_pilot_advice *advice)
{
	advice->finish_in_s = fmax(0, p->finish_s - now_s);
}

void mt_pilot_pass(struct mt_pilot *p, double now_s, double dirtied_bytes, double left_bytes,
		   double link_bytes_per_s, struct mt_pilot_advice *advice)
{
	memset(advice, 0, sizeof(*advice));
	if (p->curve_slots) {
		advice->compared = true;
		advice->real_bytes = dirtied_bytes;
		advice->expected_bytes = expected(p, p->last_s, now_s);
		advice->matched =
			mt_markov_match(&p->params.markov, advice->expected_bytes, dirtied_bytes);
		p->compared++;
		p->correct += advice->matched;
		if (p->passes_to_go)
			p->passes_to_go--;
		if (advice->matched && p->params.waits)
			aim_again(p, now_s, left_bytes, link_bytes_per_s, advice);
		else
			advice->finish = advice->matched && !p->passes_to_go;
	}
	p->last_s = now_s;
	if (!advice->finish && !advice->matched)
		plan(p, now_s, left_bytes, link_bytes_per_s, true, advice);
	tell_plan(p, now_s, advice);
}

void mt_pilot_time(struct mt_pilot *p, double now_s, double left_bytes, double link_bytes_per_s,
		   struct mt_pilot_advice *advice)
{
	memset(advice, 0, sizeof(*advice));
	if (p->began && now_s > p->end_s)
		advice->horizon_over = advice->finish = true;
	else if (p->curve_slots &&
		 now_s - p->finish_s > LATE_SHARE * fmax(p->finish_s - p->last_s, p->params.slot_s))
		plan(p, now_s, left_bytes, link_bytes_per_s, false, advice);
	tell_plan(p, now_s, advice);
}
