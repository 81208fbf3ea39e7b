// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report.c - gathers from a recording's entries what its report is about
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "report.h"

double report_ms(const struct report *r, uint64_t t_ns)
{
	return ((double)t_ns - (double)r->begin_ns) / 1e6;
}

double report_final(const struct report *r, enum mt_field f)
{
	uint64_t v;

	return r->has_outcome && mt_sample_get(&r->outcome.final, f, &v) ? (double)v : NAN;
}

static int keep_iteration(struct report *r, const struct mt_iteration *it)
{
	if (r->n_iterations == r->room) {
		size_t room = r->room ? 2 * r->room : 64;
		struct mt_iteration *more = reallocarray(r->iterations, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		r->iterations = more;
		r->room = room;
	}
	r->iterations[r->n_iterations++] = *it;
	return 0;
}

static bool was_applied(const struct mt_record_decision *d)
{
	return d->applied && !strcmp(d->applied, "done");
}

/*
 * What is held against the outcome: the decision that ended pre-copy; where none did, the first
 * forecast that it would end by itself; where there was none either, the last one.
 */
static void consider(struct report *r, const struct mt_record_decision *d)
{
	const struct mt_record_decision *now = r->compared;

	if (d->prediction.verdict == MT_VERDICT_UNKNOWN)
		return;
	if (now && mt_action_is_final(now->plan.action) && was_applied(now))
		return;
	if (now && now->prediction.verdict == MT_VERDICT_CONVERGES &&
	    !(mt_action_is_final(d->plan.action) && was_applied(d)))
		return;
	r->compared = d;
}

/*
 * Which of the decision's predictions are about what then happened: a stop ends it there and then.
 */
static void pick_predictions(struct report *r)
{
	const struct mt_record_decision *d = r->compared;

	if (!d)
		return;
	r->stopped = d->plan.action == MT_ACTION_STOP && was_applied(d);
	if (r->stopped) {
		r->predicted_downtime_ms = d->prediction.stop_now_ms;
		r->predicted_total_ms = (double)d->total_ms + d->prediction.stop_now_ms;
	} else if (!mt_action_is_final(d->plan.action)) {
		r->predicted_downtime_ms = d->prediction.downtime_ms.p50;
		if (d->prediction.verdict == MT_VERDICT_CONVERGES)
			r->predicted_total_ms = d->prediction.total_ms.p50;
	}
}

/* Of an entry that does not belong to one of several migrations. */
static void gather(struct report *r, const struct mt_entry *e)
{
	r->n_of[e->type]++;
	switch (e->type) {
	case MT_ENTRY_DECISION:
		consider(r, &e->decision);
		break;
	case MT_ENTRY_SOURCE:
		r->source = &e->source;
		break;
	case MT_ENTRY_PROFILE:
		r->profile = &e->profile;
		break;
	case MT_ENTRY_GUEST:
		r->guest = &e->guest;
		break;
	case MT_ENTRY_OUTCOME:
		r->has_outcome = r->outcome_recorded = true;
		r->outcome = e->outcome;
		break;
	default:
		break;
	}
}

/* Return: 0 or -ENOMEM. */
static int gather_migration(struct report *r, size_t from, size_t to)
{
	struct report_migration *m = &r->migrations[r->n_migrations++];
	struct mt_iterations iterations;

	*m = (struct report_migration){ .first_iteration = r->n_iterations };
	mt_iterations_init(&iterations);
	for (size_t i = from; i < to; i++) {
		const struct mt_sample *s = &r->rec->entries[i].sample;

		gather(r, &r->rec->entries[i]);
		if (r->rec->entries[i].type != MT_ENTRY_SAMPLE)
			continue;
		if (!r->begin_ns)
			r->begin_ns = s->t_ns;
		if (!m->begin_ns)
			m->begin_ns = s->t_ns;
		m->end_ns = s->t_ns;
		if (!m->start_ns && mt_sample_has(s, total_ms) &&
		    s->total_ms < s->t_ns / MT_NS_PER_MS)
			m->start_ns = s->t_ns - s->total_ms * MT_NS_PER_MS;
		mt_sample_follow(&m->known, s);
		if (mt_iterations_feed(&iterations, s) &&
		    keep_iteration(r, mt_iterations_last(&iterations)))
			return -ENOMEM;
	}
	m->has_outcome = mt_outcome_of_status(m->known.status, &m->outcome);
	return 0;
}

int report_init(struct report *r, const struct mt_recording *rec, struct mt_err *err)
{
	const struct report_migration *last;
	size_t n = 1;

	*r = (struct report){ .rec = rec,
			      .begin_ns = rec->header.start_t_ns,
			      .predicted_downtime_ms = NAN,
			      .predicted_total_ms = NAN };
	for (size_t i = mt_recording_migration(rec, 0); i < rec->n_entries;
	     i = mt_recording_migration(rec, i))
		n++;
	r->migrations = calloc(n, sizeof(*r->migrations));
	if (!r->migrations)
		return mt_err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0, to = 0; r->n_migrations < n; i = to) {
		to = mt_recording_migration(rec, i);
		if (gather_migration(r, i, to)) {
			report_fini(r);
			return mt_err_set(err, -ENOMEM, "out of memory");
		}
	}
	last = &r->migrations[n - 1];
	if (!r->has_outcome) {
		r->has_outcome = last->has_outcome;
		r->outcome.outcome = last->outcome;
		r->outcome.t_ns = last->known.t_ns;
		r->outcome.final = last->known;
	}
	pick_predictions(r);
	report_warn(r);
	return 0;
}

void report_fini(struct report *r)
{
	free(r->iterations);
	r->iterations = NULL;
	free(r->migrations);
	r->migrations = NULL;
}
