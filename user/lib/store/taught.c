// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * taught.c - one recorded migration as cases to learn from
 *
 * What was known as a pass ended is what mt_outlook_resume() makes of it; before the migration
 * began nothing was recorded of the guest, so there the curve of all its passes stands for a
 * profile.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "record.h"
#include "taught.h"

struct reading {
	struct mt_taught *t;
	struct mt_iterations its;
	struct mt_sample last;
	bool begun, acted, flipped, over;
	uint64_t limit_ms;		/* QEMU's, as it was last changed; UNSET: never */
	double memory_bytes;
	double implied_ms;		/* of the pause of a stop, that is memory; NaN: none */
	double prepare_ms;		/* of libvirt's count, until QEMU began; NaN: not yet
					 * known */
	struct mt_record_outcome outcome;
	char destination[MT_EXPERIENCE_HOST_MAX];
};

static void begin(struct reading *r, const struct mt_sample *s)
{
	mt_iterations_init(&r->its);
	mt_ucurve_init(&r->t->u[MT_FORECAST_BEFORE], 0);
	memset(r->t->has, 0, sizeof(r->t->has));
	r->begun = true;
	r->acted = r->flipped = r->over = false;
	r->limit_ms = MT_LIMIT_UNSET;
	r->prepare_ms = r->implied_ms = NAN;
	r->last = (struct mt_sample){ 0 };
}

/* A pass has ended: what a forecast would have been made of then. */
static void take(struct reading *r, const struct mt_sample *s)
{
	enum mt_forecast_stage stage = mt_forecast_stage_of(r->its.total);
	struct mt_ucurve *u = &r->t->u[MT_FORECAST_BEFORE];
	const struct mt_outlook_input in = {
		.iterations = &r->its,
		.u = &r->t->u[stage],
		.bandwidth_bytes_per_s = r->its.bandwidth_bytes_per_s,
		.memory_bytes = r->memory_bytes,
		.limit_ms = 1,		/* see settle() */
		.elapsed_ms = (double)s->total_ms,
	};

	if (!u->passes)
		mt_ucurve_init(u, r->memory_bytes);
	mt_ucurve_iteration(u, mt_iterations_last(&r->its));
	if (r->its.total > MT_FORECAST_LATER)
		return;
	r->t->u[stage] = *u;
	r->t->has[stage] = mt_outlook_resume(&in, &r->t->at[stage].in);
}

static void feed(struct reading *r, const struct mt_sample *s)
{
	if (!r->begun || (r->over && mt_sample_begins(&r->last, s)))
		begin(r, s);
	r->over |= mt_status_is_over(s->status);
	mt_sample_follow(&r->last, s);
	r->flipped |= mt_status_is_postcopy(s->status);
	if (mt_sample_has(s, memory_bytes))
		r->memory_bytes = (double)s->memory_bytes;
	if (isnan(r->prepare_ms) && mt_sample_has(s, iteration) && mt_sample_has(s, total_ms))
		r->prepare_ms = (double)s->total_ms;
	if (s->status == MT_STATUS_ACTIVE && mt_iterations_feed(&r->its, s))
		take(r, s);
}

static void on_entry(const struct mt_entry *e, void *opaque)
{
	struct reading *r = opaque;

	if (e->type == MT_ENTRY_SAMPLE) {
		feed(r, &e->sample);
	} else if (e->type == MT_ENTRY_DECISION && e->decision.applied &&
		   !strcmp(e->decision.applied, "done")) {
		r->acted |= mt_action_is_final(e->decision.plan.action);
		if (e->decision.plan.action == MT_ACTION_STOP &&
		    e->decision.plan.implied_downtime_ms >= 0)
			r->implied_ms = e->decision.plan.implied_downtime_ms;
		if (e->decision.plan.action == MT_ACTION_SET_DOWNTIME)
			r->limit_ms = e->decision.plan.downtime_limit_ms;
	} else if (e->type == MT_ENTRY_OUTCOME) {
		r->outcome = e->outcome;
		mt_experience_host(r->destination, e->outcome.destination);
	}
}

static bool ended(const struct reading *r)
{
	return r->begun && !r->flipped &&
	       (r->outcome.outcome == MT_OUTCOME_COMPLETED ||
		r->outcome.outcome == MT_OUTCOME_COMPLETED_UNVERIFIED) &&
	       mt_sample_has(&r->outcome.final, total_ms);
}

/* The curve of all its passes, and what was to be sent. */
static void before(struct reading *r)
{
	struct mt_learned_case *c = &r->t->at[MT_FORECAST_BEFORE];
	double memory = r->memory_bytes > 0 ? r->memory_bytes : r->its.kept[0].start_bytes;
	double zero = mt_sample_has(&r->last, zero_pages) ? r->last.zero_pages * 4096.0 : 0;

	r->t->has[MT_FORECAST_BEFORE] =
		r->its.bandwidth_bytes_per_s > 0 && r->t->has[MT_FORECAST_PASS_1];
	if (!r->t->has[MT_FORECAST_BEFORE])
		return;
	c->in = (struct mt_forecast_input){
		.curve = &r->t->u[MT_FORECAST_BEFORE],
		.memory_bytes = fmax(memory, 1),
		.resident_bytes = fmax(memory - zero, 4096),
		.cpu_share = NAN,
		.method = r->t->at[MT_FORECAST_PASS_1].in.method,
		.bandwidth_bytes_per_s = r->its.bandwidth_bytes_per_s,
	};
}

/* What came of it, and the limit by which QEMU ended it. */
static void settle(struct reading *r, const struct mt_limits *limits)
{
	const struct mt_sample *f = &r->outcome.final;
	double limit_ms = r->limit_ms != MT_LIMIT_UNSET		  ? (double)r->limit_ms :
			  limits->qemu_limit_ms != MT_LIMIT_UNSET ? (double)limits->qemu_limit_ms :
								    MT_QEMU_LIMIT_DEFAULT_MS;

	for (unsigned i = 0; i < MT_FORECAST_STAGES; i++) {
		struct mt_learned_case *c = &r->t->at[i];

		c->in.curve = &r->t->u[i];
		c->in.downtime_limit_ms = fmax(limit_ms, 1);
		c->in.learned = NULL;
		c->ended = true;
		c->real[MT_METRIC_TOTAL_MS] = (double)f->total_ms;
		c->real[MT_METRIC_TRANSFERRED_BYTES] =
			mt_sample_has(f, transferred_bytes) ? (double)f->transferred_bytes : NAN;
		c->real[MT_METRIC_DOWNTIME_MS] =
			mt_sample_has(f, downtime_ms) ? (double)f->downtime_ms : NAN;
		c->real[MT_METRIC_STALL_MS] = NAN;
	}
	/* Forecasts before it begins are of QEMU's own time. */
	if (isfinite(r->prepare_ms))
		r->t->at[MT_FORECAST_BEFORE].real[MT_METRIC_TOTAL_MS] -= r->prepare_ms;
}

int mt_taught_read(struct mt_taught *t, const char *path, struct mt_err *err)
{
	struct reading r = { .t = t, .limit_ms = MT_LIMIT_UNSET };
	struct mt_recording *rec = NULL;
	int rc;

	memset(t, 0, sizeof(*t));
	mt_iterations_init(&r.its);
	rc = mt_recording_scan(&rec, path, NULL, on_entry, &r, err);
	if (rc)
		return rc;
	t->fixed_ms = NAN;
	if (!ended(&r) || (r.acted ? isnan(r.implied_ms) : !r.its.total)) {
		rc = mt_err_set(err, -ENODATA,
				"%s: no migration that QEMU ended by itself, or that was stopped",
				path);
	} else if (r.acted) {
		memset(t->has, 0, sizeof(t->has));
		if (mt_sample_has(&r.outcome.final, downtime_ms))
			t->fixed_ms = fmax(0, (double)r.outcome.final.downtime_ms - r.implied_ms);
	} else {
		before(&r);
		settle(&r, &rec->header.limits);
	}
	if (!rc) {
		if (*r.destination)
			memcpy(t->destination, r.destination, sizeof(t->destination));
		else
			mt_experience_host(t->destination, rec->header.destination);
		t->begin_ms = rec->header.start_wall_ms;
		if (rec->header.domain)
			snprintf(t->guest, sizeof(t->guest), "%s", rec->header.domain);
	}
	mt_recording_free(rec);
	return rc;
}
