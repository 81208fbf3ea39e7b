// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * past_recording.c - the migrations of a recording, as the history keeps them
 *
 * The forecast after pass 1 is the one that was made then, as it was recorded; before the begin
 * nothing is recorded of it, see past_run.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "source/iteration.h"
#include "store/experience.h"
#include "store/record.h"
#include "past.h"

/* One migration of it, as it is read. */
struct reading {
	struct mt_past *p;
	struct mt_iterations its;
	struct mt_sample known;
	double sent_bytes, sent_s;
	bool migrates;			/* there was a sign of it; else it is a profile */
	bool told;			/* its outcome is recorded */
};

static double limit_ms(uint64_t ms)
{
	return ms == MT_LIMIT_UNSET || ms == MT_LIMIT_NONE ? NAN : (double)ms;
}

static void take_header(struct mt_past *p, const struct mt_recording *rec, const char *host)
{
	const struct mt_record_header *h = &rec->header;

	mt_past_text(p->guest, sizeof(p->guest), h->domain);
	mt_past_text(p->uuid, sizeof(p->uuid), h->uuid);
	mt_experience_host(p->source, h->source);
	if (!*p->source)
		mt_past_text(p->source, sizeof(p->source), host);
	mt_experience_host(p->destination, h->destination);
	mt_past_text(p->policy, sizeof(p->policy), h->policy);
	mt_past_text(p->mode, sizeof(p->mode), h->mode);
	mt_past_text(p->tool, sizeof(p->tool), h->tool);
	mt_past_text(p->recording, sizeof(p->recording), rec->path);
	p->max_downtime_ms = limit_ms(h->limits.max_downtime_ms);
	p->deadline_ms = limit_ms(h->limits.deadline_ms);
}

static struct mt_interval if_any(bool known, struct mt_interval i)
{
	return known ? i : (struct mt_interval){ NAN, NAN, NAN };
}

static void take_forecast(struct mt_past_forecast *f, const struct mt_prediction *p)
{
	bool ends = p->verdict == MT_VERDICT_CONVERGES;

	if (f->has || p->verdict == MT_VERDICT_UNKNOWN)
		return;
	f->has = true;
	mt_past_text(f->model, sizeof(f->model), p->model);
	mt_past_text(f->verdict, sizeof(f->verdict), mt_verdict_name(p->verdict));
	f->ends = p->ends;
	f->total_ms = if_any(ends, p->total_ms);
	f->transferred_bytes = if_any(ends, p->transferred_bytes);
	f->downtime_ms = p->downtime_ms;
}

/* Return: 0 or -ENOMEM. */
static int take_decision(struct mt_past *p, const struct mt_record_decision *d)
{
	struct mt_past_decision *to;

	/* The outlook is of the first pass as long as the second is under way. */
	if (d->iteration == 2)
		take_forecast(&p->forecast[MT_PAST_PASS_1], &d->prediction);
	if (p->n_decisions < MT_PAST_DECISIONS_MAX) {
		to = reallocarray(p->decisions, p->n_decisions + 1, sizeof(*to));
		if (!to)
			return -ENOMEM;
		p->decisions = to;
		to += p->n_decisions++;
	} else if (d->plan.action != MT_ACTION_CONTINUE) {
		to = &p->decisions[p->n_decisions - 1];
	} else {
		return 0;
	}
	*to = (struct mt_past_decision){ (double)d->total_ms, (double)d->iteration };
	mt_past_text(to->action, sizeof(to->action), mt_action_name(d->plan.action));
	mt_past_text(to->applied, sizeof(to->applied), d->applied);
	mt_past_text(to->reason, sizeof(to->reason), d->plan.reason);
	return 0;
}

static void take_sample(struct reading *r, const struct mt_sample *s)
{
	struct mt_past *p = r->p;

	r->migrates |= mt_status_is_under_way(s->status);
	mt_sample_follow(&r->known, s);
	if (mt_sample_has(s, memory_bytes) && s->status == MT_STATUS_ACTIVE)
		p->memory_bytes = (double)s->memory_bytes;
	if (isnan(p->prepare_ms) && mt_sample_has(s, iteration) && mt_sample_has(s, total_ms))
		p->prepare_ms = (double)s->total_ms;
	if (!mt_iterations_feed(&r->its, s))
		return;
	r->sent_bytes += mt_iterations_last(&r->its)->sent_bytes;
	r->sent_s += mt_iterations_last(&r->its)->duration_s;
}

static void take_outcome(struct reading *r, const struct mt_record_outcome *o)
{
	char host[MT_EXPERIENCE_HOST_MAX];

	r->told = r->migrates = true;
	mt_past_text(r->p->outcome, sizeof(r->p->outcome), mt_outcome_name(o->outcome));
	mt_past_text(r->p->detail, sizeof(r->p->detail), o->detail);
	mt_experience_host(host, o->destination);
	if (*host)
		memcpy(r->p->destination, host, sizeof(host));
	mt_sample_follow(&r->known, &o->final);
}

static double figure(const struct mt_sample *s, enum mt_field f)
{
	uint64_t v;

	return mt_sample_get(s, f, &v) ? (double)v : NAN;
}

static void settle(struct reading *r)
{
	struct mt_past *p = r->p;
	enum mt_outcome outcome = MT_OUTCOME_UNKNOWN;

	if (!r->told) {
		mt_outcome_of_status(r->known.status, &outcome);
		mt_past_text(p->outcome, sizeof(p->outcome), mt_outcome_name(outcome));
	}
	p->passes = (double)r->its.total;
	if (r->sent_s > 0)
		p->bandwidth_bytes_per_s = r->sent_bytes / r->sent_s;
	p->total_ms = figure(&r->known, MT_FIELD_total_ms);
	p->downtime_ms = figure(&r->known, MT_FIELD_downtime_ms);
	p->transferred_bytes = figure(&r->known, MT_FIELD_transferred_bytes);
}

/* When it began: as the header says, and later ones by what lies between. */
static uint64_t begin_ms(const struct mt_recording *rec, size_t from)
{
	const struct mt_record_header *h = &rec->header;
	uint64_t t_ns = mt_entry_t_ns(&rec->entries[from]);

	if (!from || !h->start_wall_ms || t_ns < h->start_t_ns)
		return h->start_wall_ms;
	return h->start_wall_ms + (t_ns - h->start_t_ns) / MT_NS_PER_MS;
}

/* Return: 1 it was one; 0 it was none; -ENOMEM; what @fn returned. */
static int read_one(const struct mt_recording *rec, size_t from, size_t to, const char *host,
		    mt_past_fn fn, void *opaque)
{
	struct mt_past past;
	struct reading r = { .p = &past };
	char otherwise[1100];
	int rc = 0;

	mt_past_init(&past);
	mt_iterations_init(&r.its);
	take_header(&past, rec, host);
	for (size_t i = from; i < to && !rc; i++) {
		const struct mt_entry *e = &rec->entries[i];

		if (e->type == MT_ENTRY_SAMPLE)
			take_sample(&r, &e->sample);
		else if (e->type == MT_ENTRY_OUTCOME)
			take_outcome(&r, &e->outcome);
		else if (e->type == MT_ENTRY_DECISION)
			rc = take_decision(&past, &e->decision);
	}
	if (!rc && r.migrates) {
		settle(&r);
		past.begin_ms = begin_ms(rec, from);
		if (past.begin_ms > INT64_MAX)		/* no database has room for it */
			past.begin_ms = 0;
		snprintf(otherwise, sizeof(otherwise), "%s %zu", rec->path, from);
		mt_past_number(&past, otherwise);
		rc = fn(&past, opaque);
		rc = rc < 0 ? rc : 1;
	}
	mt_past_fini(&past);
	return rc;
}

int mt_past_of_recording(const struct mt_recording *rec, const char *host, mt_past_fn fn,
			 void *opaque)
{
	int n = 0;

	for (size_t from = 0, to; from < rec->n_entries; from = to) {
		int rc;

		to = mt_recording_migration(rec, from);
		rc = read_one(rec, from, to, host, fn, opaque);
		if (rc < 0)
			return rc;
		n += rc;
	}
	return n;
}
