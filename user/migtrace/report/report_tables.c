// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report_tables.c - the lists in a report: iterations, decisions, events, dirty rates
 *
 * Each is described once, by its columns, whatever the format.
 */
#include <errno.h>
#include <math.h>

#include "report.h"

/* Tenths of a millisecond: more is below what any of the clocks here can tell. */
static struct mt_cell ms(double v)
{
	return isfinite(v) ? MT_DOUBLE(round(v * 10) / 10) : MT_NONE;
}

static struct mt_cell whole(double v)
{
	return isfinite(v) && v >= 0 && v < 1e19 ? MT_UINT((uint64_t)round(v)) : MT_NONE;
}

static struct mt_cell if_given(uint64_t v)
{
	return v ? MT_UINT(v) : MT_NONE;
}

static struct mt_cell if_known(const struct mt_sample *s, enum mt_field f)
{
	uint64_t v;

	return mt_sample_get(s, f, &v) ? MT_UINT(v) : MT_NONE;
}

int report_migrations(const struct report *r, FILE *out, enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "migration", "#", MT_SHOW_PLAIN },
		{ "begin_ms", "from", MT_SHOW_DURATION_MS },
		{ "end_ms", "to", MT_SHOW_DURATION_MS },
		{ "status", "status", MT_SHOW_PLAIN },
		{ "outcome", "outcome", MT_SHOW_PLAIN },
		{ "total_ms", "total", MT_SHOW_DURATION_MS },
		{ "downtime_ms", "downtime", MT_SHOW_DURATION_MS },
		{ "transferred_bytes", "sent", MT_SHOW_SIZE_BYTES },
	};
	struct mt_table *t = mt_table_new(out, format, columns, MT_ARRAY_SIZE(columns));

	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < r->n_migrations; i++) {
		const struct report_migration *m = &r->migrations[i];

		if (m->begin_ns &&
		    mt_table_row(t, (struct mt_cell[]){
					    MT_UINT(i + 1), ms(report_ms(r, m->begin_ns)),
					    ms(report_ms(r, m->end_ns)),
					    MT_STR(mt_status_name(m->known.status)),
					    m->has_outcome ? MT_STR(mt_outcome_name(m->outcome)) :
							     MT_NONE,
					    if_known(&m->known, MT_FIELD_total_ms),
					    if_known(&m->known, MT_FIELD_downtime_ms),
					    if_known(&m->known, MT_FIELD_transferred_bytes) }))
			break;
	}
	return mt_table_finish(t);
}

static int add_iteration(struct mt_table *t, size_t migration, const struct mt_iteration *it)
{
	double rate = it->duration_s > 0 ? it->dirtied_bytes / it->duration_s : NAN;
	double bandwidth = it->bandwidth_bytes_per_s > 0 ? it->bandwidth_bytes_per_s : NAN;

	return mt_table_row(t, (struct mt_cell[]){
		MT_UINT(migration), MT_UINT(it->n), ms(it->start_s * 1e3), ms(it->duration_s * 1e3),
		whole(it->start_bytes),
		whole(it->sent_bytes), whole(it->dirtied_bytes), whole(it->remaining_bytes),
		whole(rate), whole(bandwidth), ms(it->remaining_bytes / bandwidth * 1e3),
	});
}

int report_iterations(const struct report *r, FILE *out, enum mt_format format)
{
	const struct mt_column columns[] = {
		{ "migration", r->n_migrations > 1 ? "migration" : NULL, MT_SHOW_PLAIN },
		{ "iteration", "#", MT_SHOW_PLAIN },
		{ "start_ms", "start", MT_SHOW_DURATION_MS },
		{ "duration_ms", "took", MT_SHOW_DURATION_MS },
		{ "start_bytes", "to send", MT_SHOW_SIZE_BYTES },
		{ "sent_bytes", "sent", MT_SHOW_SIZE_BYTES },
		{ "dirtied_bytes", "dirtied", MT_SHOW_SIZE_BYTES },
		{ "remaining_bytes", "left at end", MT_SHOW_SIZE_BYTES },
		{ "dirty_rate_bytes_per_s", "dirty rate", MT_SHOW_RATE_BYTES_PER_S },
		{ "bandwidth_bytes_per_s", "bandwidth", MT_SHOW_RATE_BYTES_PER_S },
		{ "implied_downtime_ms", "implied downtime", MT_SHOW_DURATION_MS },
	};
	struct mt_table *t = mt_table_new(out, format, columns, MT_ARRAY_SIZE(columns));

	if (!t)
		return -ENOMEM;
	for (size_t i = 0, migration = 1; i < r->n_iterations; i++) {
		while (migration < r->n_migrations && r->migrations[migration].first_iteration <= i)
			migration++;
		if (add_iteration(t, migration, &r->iterations[i]))
			break;
	}
	return mt_table_finish(t);
}

static int add_decision(struct mt_table *t, const struct report *r,
			const struct mt_record_decision *d)
{
	const struct mt_prediction *p = &d->prediction;
	bool known = p->verdict != MT_VERDICT_UNKNOWN;
	bool converges = p->verdict == MT_VERDICT_CONVERGES;

	return mt_table_row(
		t,
		(struct mt_cell[]){
			ms(report_ms(r, d->t_ns)),
			MT_UINT(d->total_ms),
			MT_UINT(d->iteration),
			MT_STR(mt_action_name(d->plan.action)),
			MT_STR(d->applied),
			MT_STR(d->error),
			if_given(d->plan.downtime_limit_ms),
			if_given(d->plan.bandwidth_bytes_per_s),
			if_given(d->plan.throttle_percent),
			if_given(d->plan.vcpu_limit_bytes_per_s),
			d->plan.implied_downtime_ms < 0 ? MT_NONE : ms(d->plan.implied_downtime_ms),
			d->latency_ns ? ms(d->latency_ns / 1e6) : MT_NONE,
			known ? MT_STR(p->model) : MT_NONE,
			MT_STR(mt_verdict_name(p->verdict)),
			known && isfinite(p->ends) ? MT_DOUBLE(round(p->ends * 1000) / 1000) :
						     MT_NONE,
			known && isfinite(p->reaches) ? MT_DOUBLE(round(p->reaches * 1000) / 1000) :
							MT_NONE,
			known ? ms(p->stop_now_ms) : MT_NONE,
			known ? ms(p->downtime_ms.p10) : MT_NONE,
			known ? ms(p->downtime_ms.p50) : MT_NONE,
			known ? ms(p->downtime_ms.p90) : MT_NONE,
			converges ? ms(p->total_ms.p10) : MT_NONE,
			converges ? ms(p->total_ms.p50) : MT_NONE,
			converges ? ms(p->total_ms.p90) : MT_NONE,
			MT_STR(d->plan.reason),
		});
}

int report_decisions(const struct report *r, FILE *out, enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "t_ms", NULL, MT_SHOW_DURATION_MS },
		{ "at_ms", "at", MT_SHOW_DURATION_MS },
		{ "iteration", "#", MT_SHOW_PLAIN },
		{ "action", "action", MT_SHOW_PLAIN },
		{ "applied", "applied", MT_SHOW_PLAIN },
		{ "error", NULL, MT_SHOW_PLAIN },
		{ "downtime_limit_ms", NULL, MT_SHOW_DURATION_MS },
		{ "bandwidth_bytes_per_s", NULL, MT_SHOW_RATE_BYTES_PER_S },
		{ "throttle_percent", NULL, MT_SHOW_PLAIN },
		{ "vcpu_limit_bytes_per_s", NULL, MT_SHOW_RATE_BYTES_PER_S },
		{ "implied_downtime_ms", "implied downtime", MT_SHOW_DURATION_MS },
		{ "latency_ms", "latency", MT_SHOW_DURATION_MS },
		{ "model", NULL, MT_SHOW_PLAIN },
		{ "verdict", "verdict", MT_SHOW_PLAIN },
		{ "ends_probability", "odds of an end", MT_SHOW_PLAIN },
		{ "reaches_probability", NULL, MT_SHOW_PLAIN },
		{ "predicted_stop_now_ms", NULL, MT_SHOW_DURATION_MS },
		{ "predicted_downtime_p10_ms", NULL, MT_SHOW_DURATION_MS },
		{ "predicted_downtime_p50_ms", "predicted downtime", MT_SHOW_DURATION_MS },
		{ "predicted_downtime_p90_ms", NULL, MT_SHOW_DURATION_MS },
		{ "predicted_total_p10_ms", NULL, MT_SHOW_DURATION_MS },
		{ "predicted_total_p50_ms", "predicted total", MT_SHOW_DURATION_MS },
		{ "predicted_total_p90_ms", NULL, MT_SHOW_DURATION_MS },
		{ "reason", "reason", MT_SHOW_PLAIN },
	};
	struct mt_table *t = mt_table_new(out, format, columns, MT_ARRAY_SIZE(columns));

	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < r->rec->n_entries; i++)
		if (r->rec->entries[i].type == MT_ENTRY_DECISION &&
		    add_decision(t, r, &r->rec->entries[i].decision))
			break;
	return mt_table_finish(t);
}

int report_events(const struct report *r, FILE *out, enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "t_ms", "at", MT_SHOW_DURATION_MS },
		{ "event", "event", MT_SHOW_PLAIN },
		{ "detail", "detail", MT_SHOW_PLAIN },
	};
	struct mt_table *t = mt_table_new(out, format, columns, MT_ARRAY_SIZE(columns));

	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < r->rec->n_entries; i++) {
		const struct mt_entry *e = &r->rec->entries[i];

		if (e->type == MT_ENTRY_EVENT &&
		    mt_table_row(t, (struct mt_cell[]){ ms(report_ms(r, e->event.t_ns)),
							MT_STR(e->event.event),
							MT_STR(e->event.detail) }))
			break;
	}
	return mt_table_finish(t);
}

int report_dirty_rates(const struct report *r, FILE *out, enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "t_ms", "at", MT_SHOW_DURATION_MS },
		{ "window_ms", "window", MT_SHOW_DURATION_MS },
		{ "bytes_per_s", "dirty rate", MT_SHOW_RATE_BYTES_PER_S },
		{ "mode", "mode", MT_SHOW_PLAIN },
	};
	struct mt_table *t = mt_table_new(out, format, columns, MT_ARRAY_SIZE(columns));

	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < r->rec->n_entries; i++) {
		const struct mt_record_dirtyrate *d = &r->rec->entries[i].dirtyrate;

		if (r->rec->entries[i].type == MT_ENTRY_DIRTYRATE &&
		    mt_table_row(t, (struct mt_cell[]){ ms(report_ms(r, d->t_ns)),
							MT_UINT(d->window_ms),
							MT_UINT(d->bytes_per_s), MT_STR(d->mode) }))
			break;
	}
	return mt_table_finish(t);
}
