// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report_json.c - a report as one JSON object
 *
 * The lists are written by the same tables as in text; only what is there once
 * is put together here.
 */
#include <errno.h>
#include <math.h>

#include "base/json.h"
#include "report.h"

/* Like the tables: tenths of a millisecond. */
static json_t *ms(double v)
{
	return mt_json_double(round(v * 10) / 10);
}

static json_t *header_object(const struct report *r, int *failed)
{
	const struct mt_record_header *h = &r->rec->header;
	const struct {
		const char *key, *value;
	} strings[] = {
		{ "file", r->rec->path },
		{ "kind", r->rec->foreign ? "qmp-series" : "recording" },
		{ "domain", h->domain }, { "uuid", h->uuid }, { "domain_type", h->domain_type },
		{ "source", h->source }, { "destination", h->destination }, { "mode", h->mode },
		{ "policy", h->policy }, { "tool", h->tool }, { "qemu", h->qemu },
		{ "libvirt", h->libvirt }, { "kernel", h->kernel },
	};
	const struct {
		const char *key;
		uint64_t ms;
	} limits[] = {
		{ "max_downtime_ms", h->limits.max_downtime_ms },
		{ "deadline_ms", h->limits.deadline_ms },
		{ "qemu_limit_ms", h->limits.qemu_limit_ms },
		{ "stall_timeout_ms", h->limits.stall_timeout_ms },
		{ "fixed_ms", h->limits.fixed_ms },
	};
	json_t *o = json_object(), *l = json_object();

	for (size_t i = 0; i < MT_ARRAY_SIZE(strings); i++)
		mt_json_set(o, strings[i].key, mt_json_string(strings[i].value), failed);
	mt_json_set(o, "schema", r->rec->foreign ? json_null() : mt_json_uint(h->schema), failed);
	mt_json_set(o, "start_wall_ms",
		    h->start_wall_ms ? mt_json_uint(h->start_wall_ms) : json_null(), failed);
	mt_json_set(o, "truncated", json_boolean(r->rec->truncated), failed);
	mt_json_set(o, "entries", mt_json_uint(r->rec->n_entries), failed);
	for (size_t i = 0; i < MT_ARRAY_SIZE(limits); i++)
		mt_json_set(l, limits[i].key,
			    limits[i].ms < MT_LIMIT_NONE ? mt_json_uint(limits[i].ms) : json_null(),
			    failed);
	for (size_t i = 0; mt_param_at(i); i++) {
		const struct mt_param *p = mt_param_at(i);
		uint64_t v = h->limits.params.value[i];
		char key[MT_PARAM_NAME_MAX], text[MT_PARAM_TEXT_MAX];

		mt_json_set(l, mt_param_key(key, p),
			    v >= MT_LIMIT_NONE	       ? json_null() :
			    p->kind == MT_PARAM_WORD ? mt_json_string(mt_param_text(text, p, v)) :
						       mt_json_uint(v),
			    failed);
	}
	mt_json_set(l, "postcopy_allowed",
		    r->rec->foreign ? json_null() : json_boolean(h->limits.postcopy_allowed),
		    failed);
	mt_json_set(o, "limits", l, failed);
	return o;
}

static json_t *final_value(const struct report *r, enum mt_field f)
{
	uint64_t v;

	return r->has_outcome && mt_sample_get(&r->outcome.final, f, &v) ? mt_json_uint(v) :
									   json_null();
}

static json_t *warnings_array(const struct report *r, int *failed)
{
	json_t *a = json_array();

	for (size_t i = 0; i < r->n_warnings; i++)
		*failed += json_array_append_new(a, mt_json_string(r->warnings[i])) != 0;
	return a;
}

static json_t *source_object(const struct report *r, int *failed)
{
	const struct mt_record_source *s = r->source;
	json_t *o;

	if (!s)
		return json_null();
	o = json_object();
	mt_json_set(o, "source", mt_json_string(s->source), failed);
	mt_json_set(o, "mode", mt_json_string(s->mode), failed);
	mt_json_set(o, "tick_ms", s->tick_ns ? mt_json_double(s->tick_ns / 1e6) : json_null(),
		    failed);
	mt_json_set(o, "detail", mt_json_string(s->detail), failed);
	mt_json_set(o, "passes_apart_percent",
		    mt_json_double(round(report_passes_apart(r) * 10) / 10), failed);
	return o;
}

static json_t *guest_object(const struct report *r, int *failed)
{
	const struct mt_record_guest *g = r->guest;
	json_t *o;

	if (!g)
		return json_null();
	o = json_object();
	mt_json_set(o, "memory_bytes",
		    g->memory_bytes ? mt_json_uint(g->memory_bytes) : json_null(), failed);
	mt_json_set(o, "resident_bytes",
		    g->resident_bytes ? mt_json_uint(g->resident_bytes) : json_null(), failed);
	mt_json_set(o, "nonzero_bytes",
		    g->nonzero_bytes ? mt_json_uint(g->nonzero_bytes) : json_null(), failed);
	mt_json_set(o, "vcpus", g->vcpus ? mt_json_uint(g->vcpus) : json_null(), failed);
	mt_json_set(o, "cpu_share", mt_json_double(round(g->cpu_share * 1000) / 1000), failed);
	return o;
}

static json_t *outcome_object(const struct report *r, int *failed)
{
	json_t *o;

	if (!r->has_outcome)
		return json_null();
	o = json_object();
	mt_json_set(o, "outcome", json_string(mt_outcome_name(r->outcome.outcome)), failed);
	mt_json_set(o, "from", json_string(r->outcome_recorded ? "recording" : "last-sample"),
		    failed);
	mt_json_set(o, "detail", mt_json_string(r->outcome.detail), failed);
	mt_json_set(o, "t_ms", ms(report_ms(r, r->outcome.t_ns)), failed);
	for (int f = 0; f < MT_FIELD_COUNT; f++)
		mt_json_set(o, mt_sample_schema[f].name, final_value(r, f), failed);
	return o;
}

static void set_interval(json_t *o, const char *what, const char *unit, const struct mt_interval *p,
			 bool valid, int *failed)
{
	const struct {
		const char *name;
		double v;
	} points[] = { { "p10", p->p10 }, { "p50", p->p50 }, { "p90", p->p90 } };

	for (size_t i = 0; i < MT_ARRAY_SIZE(points); i++) {
		char key[64];

		snprintf(key, sizeof(key), "predicted_%s_%s_%s", what, points[i].name, unit);
		mt_json_set(o, key, valid ? ms(points[i].v) : json_null(), failed);
	}
}

static json_t *comparison_object(const struct report *r, int *failed)
{
	const struct mt_record_decision *d = r->compared;
	bool converges;
	json_t *o;

	if (!d)
		return json_null();
	converges = d->prediction.verdict == MT_VERDICT_CONVERGES;
	o = json_object();
	mt_json_set(o, "at_ms", mt_json_uint(d->total_ms), failed);
	mt_json_set(o, "iteration", mt_json_uint(d->iteration), failed);
	mt_json_set(o, "action", json_string(mt_action_name(d->plan.action)), failed);
	mt_json_set(o, "model", mt_json_string(d->prediction.model), failed);
	mt_json_set(o, "verdict", json_string(mt_verdict_name(d->prediction.verdict)), failed);
	mt_json_set(o, "predicted_stop_now_ms", ms(d->prediction.stop_now_ms), failed);
	mt_json_set(o, "predicted_downtime_ms", ms(r->predicted_downtime_ms), failed);
	mt_json_set(o, "predicted_total_ms", ms(r->predicted_total_ms), failed);
	set_interval(o, "downtime", "ms", &d->prediction.downtime_ms, true, failed);
	mt_json_set(o, "actual_downtime_ms", final_value(r, MT_FIELD_downtime_ms), failed);
	set_interval(o, "total", "ms", &d->prediction.total_ms, converges, failed);
	mt_json_set(o, "actual_total_ms", final_value(r, MT_FIELD_total_ms), failed);
	set_interval(o, "transferred", "bytes", &d->prediction.transferred_bytes, converges,
		     failed);
	mt_json_set(o, "actual_transferred_bytes", final_value(r, MT_FIELD_transferred_bytes),
		    failed);
	return o;
}

static int put_object(const struct report *r, FILE *out, const char *key,
		      json_t *(*make)(const struct report *r, int *failed))
{
	int failed = 0;
	json_t *o = make(r, &failed);

	fprintf(out, "\"%s\":", key);
	if (!o || failed || (json_dumpf(o, out, MT_JSON_STYLE | JSON_ENCODE_ANY) && !ferror(out)))
		failed = 1;
	json_decref(o);
	return failed ? -ENOMEM : 0;
}

int report_json(const struct report *r, FILE *out)
{
	static const struct {
		const char *key;
		int (*list)(const struct report *r, FILE *out, enum mt_format format);
		json_t *(*object)(const struct report *r, int *failed);
	} parts[] = {
		{ "header", NULL, header_object },
		{ "guest", NULL, guest_object },
		{ "warnings", NULL, warnings_array },
		{ "migrations", report_migrations, NULL },
		{ "iterations", report_iterations, NULL },
		{ "decisions", report_decisions, NULL },
		{ "events", report_events, NULL },
		{ "dirty_rates", report_dirty_rates, NULL },
		{ "source", NULL, source_object },
		{ "passes", report_passes, NULL },
		{ "profiles", report_figures, NULL },
		{ "curve", report_curve, NULL },
		{ "vcpus", report_vcpus, NULL },
		{ "ticks", report_ticks, NULL },
		{ "work", report_work, NULL },
		{ "classes", report_classes, NULL },
		{ "outcome", NULL, outcome_object },
		{ "predicted_vs_actual", NULL, comparison_object },
	};
	int rc = 0;

	fputc('{', out);
	for (size_t i = 0; i < MT_ARRAY_SIZE(parts) && !rc; i++) {
		if (i)
			fputs(",\n", out);
		if (parts[i].object) {
			rc = put_object(r, out, parts[i].key, parts[i].object);
		} else {
			fprintf(out, "\"%s\":", parts[i].key);
			rc = parts[i].list(r, out, MT_FORMAT_JSON);
		}
	}
	fputs("}\n", out);
	return rc;
}
