// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * totals.c - all migrations since the daemon began, counted
 */
#include "base/json.h"
#include "totals.h"

/* What operators have limits at: a pause from a frame to a minute, a migration up to hours. */
static const double total_bounds_s[TOTALS_BUCKETS] = { 1,   2,	 5,   10,  20,	 50,
						       100, 200, 500, 1000, 3600, 7200 };
static const double downtime_bounds_s[TOTALS_BUCKETS] = { 0.01, 0.02, 0.05, 0.1, 0.2, 0.3,
							  0.5,	1,    2,    5,	 10,  60 };

static void add(struct totals_histogram *h, const double *bounds, const json_t *ms)
{
	size_t i = 0;
	double s;

	if (!json_is_number(ms))
		return;
	s = json_number_value(ms) / 1e3;
	while (i < TOTALS_BUCKETS && s > bounds[i])
		i++;
	h->count[i]++;
	h->sum_s += s;
}

static uint64_t number(const json_t *o, const char *key)
{
	json_int_t v = json_integer_value(json_object_get(o, key));

	return v > 0 ? (uint64_t)v : 0;
}

void totals_add(struct totals *t, const json_t *finished)
{
	const char *name = json_string_value(json_object_get(finished, "outcome"));
	enum mt_outcome outcome;

	if (!name || mt_outcome_parse(name, &outcome))
		return;
	t->outcome[outcome]++;
	t->actions_done += number(finished, "actions_done");
	t->actions_failed += number(finished, "actions_failed");
	t->given_back += json_is_true(json_object_get(finished, "given_back"));
	if (outcome != MT_OUTCOME_COMPLETED && outcome != MT_OUTCOME_COMPLETED_UNVERIFIED)
		return;
	add(&t->total, total_bounds_s, json_object_get(finished, "total_ms"));
	add(&t->downtime, downtime_bounds_s, json_object_get(finished, "downtime_ms"));
}

static json_t *histogram_json(const struct totals_histogram *h, const double *bounds, int *failed)
{
	json_t *o = json_object(), *le = json_array(), *count = json_array();
	uint64_t sum = 0;

	for (size_t i = 0; i <= TOTALS_BUCKETS; i++) {
		sum += h->count[i];
		*failed += json_array_append_new(count, mt_json_uint(sum)) != 0;
		if (i < TOTALS_BUCKETS)
			*failed += json_array_append_new(le, mt_json_double(bounds[i])) != 0;
	}
	mt_json_set(o, "le", le, failed);
	mt_json_set(o, "count", count, failed);
	mt_json_set(o, "sum", mt_json_double(h->sum_s), failed);
	return o;
}

json_t *totals_json(const struct totals *t)
{
	json_t *o = json_object(), *outcomes = json_object();
	int failed = 0;

	for (int i = 0; i < MT_OUTCOME_COUNT; i++)
		mt_json_set(outcomes, mt_outcome_name((enum mt_outcome)i),
			    mt_json_uint(t->outcome[i]), &failed);
	mt_json_set(o, "outcomes", outcomes, &failed);
	mt_json_set(o, "actions_done", mt_json_uint(t->actions_done), &failed);
	mt_json_set(o, "actions_failed", mt_json_uint(t->actions_failed), &failed);
	mt_json_set(o, "given_back", mt_json_uint(t->given_back), &failed);
	mt_json_set(o, "total_s", histogram_json(&t->total, total_bounds_s, &failed), &failed);
	mt_json_set(o, "downtime_s", histogram_json(&t->downtime, downtime_bounds_s, &failed),
		    &failed);
	if (failed) {
		json_decref(o);
		return NULL;
	}
	return o;
}
