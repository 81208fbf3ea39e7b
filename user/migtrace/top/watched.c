// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * watched.c - one guest of the full-screen top, over time: what it dirties, and its migration
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "watched.h"

#define PAGE_BYTES	4096.0

static void open_top(struct watched *w, const struct watch_how *how,
		     const struct mt_domain_info *d)
{
	top_guest_open(&w->top, how->conn, d, how->source_name, how->probes,
		       how->link_bytes_per_s);
	snprintf(w->shown.why, sizeof(w->shown.why), "%s", w->top.why);
}

void watched_open(struct watched *w, const struct watch_how *how, const struct mt_domain_info *d)
{
	memset(w, 0, sizeof(*w));
	open_top(w, how, d);
	w->shown.link_bytes_per_s = how->link_bytes_per_s;
	watched_info(w, how, d);
	watched_row(w);
	w->shown.n_history = 0;
}

void watched_close(struct watched *w)
{
	free(w->engine);
	top_guest_close(&w->top);
}

/* A process of QEMU's that another one came after: its session tells no more. */
static bool is_another_run(const struct mt_domain_info *was, const struct mt_domain_info *is)
{
	return (is->cpu_time_ns && is->cpu_time_ns < was->cpu_time_ns) ||
	       (was->state == VIR_DOMAIN_SHUTOFF && is->state != VIR_DOMAIN_SHUTOFF);
}

void watched_info(struct watched *w, const struct watch_how *how, const struct mt_domain_info *d)
{
	struct scene_guest *s = &w->shown;

	if (is_another_run(&w->top.domain, d)) {
		top_guest_close(&w->top);
		open_top(w, how, d);
	}
	w->top.domain = *d;
	memcpy(s->name, d->name, sizeof(s->name));
	memcpy(s->uuid, d->uuid, sizeof(s->uuid));
	s->state = mt_domain_state_name(d->state);
	s->memory_bytes = d->memory_bytes;
	s->vcpus = d->vcpus;
}

/* The older half makes room. */
static void add_history(struct scene_guest *s, double rate)
{
	if (s->n_history == SCENE_HISTORY) {
		s->n_history /= 2;
		memmove(s->history, s->history + s->n_history, s->n_history * sizeof(*s->history));
	}
	s->history[s->n_history++] = rate;
}

/* The window grows until all pages are clean again; of a long one every second point is kept. */
static void add_point(struct scene_guest *s, double window_s, double bytes)
{
	size_t n = s->n_curve;

	if (!isfinite(window_s) || !isfinite(bytes) || !(window_s > 0))
		return;
	if (n && window_s < s->curve[n - 1].window_s)
		n = 0;
	if (n == SCENE_CURVE) {
		for (size_t i = 0; 2 * i + 1 < n; i++)
			s->curve[i] = s->curve[2 * i + 1];
		n /= 2;
	}
	if (!n || window_s > s->curve[n - 1].window_s) {
		s->curve[n].window_s = window_s;
		s->curve[n++].bytes = bytes;
	}
	s->n_curve = n;
}

static void show_vcpus(struct scene_guest *s, const struct top_guest *g, double seconds)
{
	s->n_vcpus = 0;
	for (unsigned i = 0; seconds > 0 && i < g->vcpus && i < SCENE_VCPUS; i++)
		s->vcpu_bytes_per_s[s->n_vcpus++] = g->vcpu[i].events * PAGE_BYTES / seconds;
}

static void show_class(struct scene_guest *s, const struct mt_domainclass *d)
{
	const struct mt_classifier *c = &d->class;
	struct mt_class_load mean = MT_CLASS_LOAD_UNKNOWN;

	if (c->samples)
		mt_classifier_mean(c, &mean);
	s->class = c->samples ? mt_class_name(c->class) : NULL;
	if (c->samples)
		mt_classifier_tell(c, s->class_reason);
	s->cpu_percent = 100 * mean.cpu_share;
	s->received_bytes_per_s = mean.received_bytes_per_s;
	s->sent_bytes_per_s = mean.sent_bytes_per_s;
}

void watched_row(struct watched *w)
{
	struct scene_guest *s = &w->shown;
	struct top_figures f;

	w->top.class.link_bytes_per_s = s->link_bytes_per_s;
	top_guest_classify(&w->top, s->migration.known ? s->migration.dirty_bytes_per_s : NAN);
	top_guest_figures(&w->top, &f);
	s->source = w->top.gone ? "gone" : w->top.source ? w->top.source->ops->name : "none";
	s->logging = w->top.logging;
	s->dirty_bytes_per_s = f.bytes_per_s;
	/* Where no source counts, QEMU's own word of the migration has to do. */
	if (isnan(s->dirty_bytes_per_s) && s->migration.known)
		s->dirty_bytes_per_s = s->migration.dirty_bytes_per_s;
	s->ring_used = f.ring_used;
	s->ring_entries = f.ring_entries;
	s->ring_wanted = f.ring_wanted;
	s->ring_full_exits = f.ring_full_exits;
	add_history(s, s->dirty_bytes_per_s);
	add_point(s, f.window_ms / 1e3, f.window_pages * PAGE_BYTES);
	show_vcpus(s, &w->top, f.seconds);
	show_class(s, &w->top.class);
	top_guest_next(&w->top);
}

static void show_passes(struct scene_migration *m, const struct mt_iterations *its)
{
	size_t from = its->n_kept > SCENE_PASSES ? its->n_kept - SCENE_PASSES : 0;

	m->n_passes = 0;
	for (size_t i = from; i < its->n_kept; i++) {
		const struct mt_iteration *it = &its->kept[i];

		m->passes[m->n_passes++] = (struct scene_pass){
			it->n, it->duration_s, it->sent_bytes, it->dirtied_bytes,
			it->remaining_bytes, it->bandwidth_bytes_per_s };
	}
}

static void show_migration(struct watched *w)
{
	struct scene_migration *m = &w->shown.migration;
	const struct mt_iterations *its = &w->engine->iterations;
	const struct mt_iteration *last = mt_iterations_last(its);

	m->bandwidth_bytes_per_s = its->bandwidth_bytes_per_s > 0 ? its->bandwidth_bytes_per_s :
								    NAN;
	m->dirty_bytes_per_s = last && last->duration_s > 0 ?
				       last->dirtied_bytes / last->duration_s : NAN;
	m->prediction = w->engine->prediction;
	if (isfinite(m->bandwidth_bytes_per_s))
		w->shown.link_bytes_per_s = m->bandwidth_bytes_per_s;
	show_passes(m, its);
}

static bool begin(struct watched *w, const struct watch_how *how)
{
	struct mt_limits limits = MT_LIMITS_UNSET;
	struct mt_err ignored = { 0 };

	w->engine = calloc(1, sizeof(*w->engine));
	if (!w->engine)
		return false;
	if (mt_domain_downtime_limit(how->conn, w->shown.uuid, &limits.qemu_limit_ms, &ignored))
		limits.qemu_limit_ms = MT_LIMIT_UNSET;
	mt_engine_init(w->engine, how->policy, &limits);
	w->shown.migration = (struct scene_migration){ .policy = how->policy->name };
	return true;
}

static void end(struct watched *w)
{
	free(w->engine);
	w->engine = NULL;
	w->shown.migration.known = false;
}

void watched_migration(struct watched *w, const struct watch_how *how)
{
	struct scene_migration *m = &w->shown.migration;
	struct mt_err ignored = { 0 };
	struct mt_plan plan;
	struct mt_sample s;

	if (!w->top.domain.migrating_out && !w->engine)
		return;
	if (mt_domain_sample(how->conn, w->shown.uuid, &s, &ignored) ||
	    s.status == MT_STATUS_NONE) {
		end(w);
		return;
	}
	if (!w->engine && !begin(w, how))
		return;
	mt_engine_feed(w->engine, &s, &plan);
	/* Nobody sends it: it is said again as long as it would be done. */
	if (plan.action != MT_ACTION_CONTINUE)
		mt_engine_dropped(w->engine, plan.action);
	if (*plan.reason)
		m->plan = plan;
	m->known = true;
	mt_sample_follow(&m->sample, &s);
	show_migration(w);
}
