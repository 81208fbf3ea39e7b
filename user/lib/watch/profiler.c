// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * profiler.c - a profile of a guest from a kernel source, while somebody keeps its logging on
 *
 * Each session's ticker adds to the one profile under its lock; the recorder's thread takes
 * merged ticks of the fine one.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "pagesqueue.h"
#include "profiler.h"
#include "ticker.h"
#include "tickqueue.h"

struct mt_profiler {
	struct mt_ticker *fine, *pages;
	struct mt_tickqueue ticks;
	struct mt_pagesqueue sets;
	bool keep_sets;
	pthread_mutex_t lock;		/* of the profile */
	struct mt_profile_builder *profile;
	double hot_share;
	bool ring;
	struct mt_record_source source;
	char detail[384], tell[768];
	bool source_recorded;
};

static void on_fine(const struct mt_seen *seen, void *opaque)
{
	struct mt_profiler *p = opaque;

	mt_tickqueue_add(&p->ticks, seen->record);
	pthread_mutex_lock(&p->lock);
	mt_profile_tick(p->profile, seen->record);
	pthread_mutex_unlock(&p->lock);
}

static void on_pages(const struct mt_seen *seen, void *opaque)
{
	const struct mt_tick_pages pages = { seen->pages, !seen->pages_lost, seen->window_pages };
	struct mt_profiler *p = opaque;

	if (p->keep_sets)
		mt_pagesqueue_add(&p->sets, seen);
	pthread_mutex_lock(&p->lock);
	mt_profile_pages(p->profile, seen->record, &pages);
	pthread_mutex_unlock(&p->lock);
}

static void release(struct mt_profiler *p)
{
	mt_ticker_stop(p->fine);
	mt_ticker_stop(p->pages);
	mt_tickqueue_fini(&p->ticks);
	mt_pagesqueue_fini(&p->sets);
	mt_profile_abandon(p->profile);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static void introduce(struct mt_profiler *p, const struct mt_source *fine)
{
	p->ring = fine->mode == MIGTRACE_MODE_RING;
	snprintf(p->detail, sizeof(p->detail), "%s", fine->why_not_better);
	mt_source_describe(fine, p->tell, sizeof(p->tell));
	p->source = (struct mt_record_source){
		.t_ns = mt_now_ns(),
		.source = fine->ops->name,
		.mode = mt_source_mode_name(fine->mode),
		.tick_ns = fine->tick_ns,
	};
}

/* Without it there are no joined windows and nothing hot, and the rest is as good. */
static void open_pages(struct mt_profiler *p, struct mt_conn *conn, const struct mt_domain_info *d)
{
	struct mt_err why = { 0 };
	struct mt_source *source;
	size_t used = strlen(p->detail), told = strlen(p->tell);

	if (!mt_domain_source_open(conn, d, p->source.source, MT_SESSION_PAGES, 0, &source, &why) &&
	    !mt_ticker_start(&p->pages, source, true, on_pages, p, &why))
		return;
	snprintf(p->detail + used, sizeof(p->detail) - used, "%sno sets of pages: %.200s",
		 used ? "; " : "", why.msg);
	snprintf(p->tell + told, sizeof(p->tell) - told, "; no sets of pages: %.200s", why.msg);
}

int mt_profiler_open(struct mt_profiler **out, struct mt_conn *conn, const struct mt_domain_info *d,
		     const char *name, uint64_t tick_ns, double hot_share, bool keep_sets,
		     struct mt_err *err)
{
	struct mt_profiler *p;
	struct mt_source *source;
	int rc;

	*out = NULL;
	rc = mt_domain_source_open(conn, d, name, MT_SESSION_FINE, tick_ns, &source, err);
	if (rc)
		return rc;
	p = calloc(1, sizeof(*p));
	if (!p) {
		mt_source_close(source);
		return mt_err_set(err, -ENOMEM, "out of memory");
	}
	pthread_mutex_init(&p->lock, NULL);
	mt_pagesqueue_init(&p->sets);
	p->keep_sets = keep_sets;
	p->hot_share = hot_share > 0 ? hot_share : MT_PROFILE_HOT_SHARE;
	p->profile = mt_profile_begin(p->hot_share);
	if (mt_tickqueue_init(&p->ticks) || !p->profile) {
		mt_source_close(source);
		rc = mt_err_set(err, -ENOMEM, "out of memory");
	} else {
		introduce(p, source);
		rc = mt_ticker_start(&p->fine, source, false, on_fine, p, err);
	}
	if (rc) {
		release(p);
		return rc;
	}
	open_pages(p, conn, d);
	p->source.detail = *p->detail ? p->detail : NULL;
	*out = p;
	return 0;
}

const char *mt_profiler_describe(const struct mt_profiler *p)
{
	return p->tell;
}

bool mt_profiler_is_ring(const struct mt_profiler *p)
{
	return p->ring;
}

static int record(struct mt_profiler *p, struct mt_recorder *r, bool all)
{
	struct mt_tick tick;
	int rc = 0;

	if (!p->source_recorded)
		rc = mt_recorder_source(r, &p->source);
	p->source_recorded = true;
	while (!rc && mt_tickqueue_take(&p->ticks, &tick, all))
		rc = mt_recorder_tick(r, &tick);
	return rc ? rc : mt_pagesqueue_record(&p->sets, r);
}

int mt_profiler_record(struct mt_profiler *p, struct mt_recorder *r)
{
	return record(p, r, false);
}

/* --- the result ----------------------------------------------------------- */
static int record_points(const struct mt_profile *result, struct mt_recorder *r, uint64_t now_ns)
{
	int rc = 0;

	for (size_t i = 0; i < MT_PROFILE_POINTS && !rc; i++) {
		const struct mt_profile_point *point = &result->points[i];

		if (point->windows)
			rc = mt_recorder_curve(r, &(struct mt_record_curve){
				.t_ns = now_ns, .window_ms = point->window_s * 1e3,
				.windows = point->windows,
				.mean_pages = point->mean_pages, .p10_pages = point->p10_pages,
				.p50_pages = point->p50_pages, .p90_pages = point->p90_pages,
			});
	}
	for (unsigned i = 0; i < result->vcpus && !rc; i++)
		rc = mt_recorder_vcpu(r, &(struct mt_record_vcpu){
			.t_ns = now_ns, .vcpu = i, .events = result->vcpu[i].events,
			.duration_ns = result->duration_ns,
			.ring_used = result->vcpu[i].ring_used,
		});
	return rc;
}

static int record_figures(const struct mt_profile *result, double hot_share, struct mt_recorder *r,
			  uint64_t now_ns)
{
	return mt_recorder_profile(r, &(struct mt_record_profile){
		.t_ns = now_ns,
		.duration_ns = result->duration_ns,
		.windows = result->windows,
		.windows_left_out = result->windows_left_out,
		.s_pages = result->s_pages,
		.s_new_pages_per_s = result->s_new_pages,
		.mw_pages = result->mw_pages,
		.mw_lower_bound = result->mw_lower_bound,
		.hot_seconds = result->hot_seconds,
		.hot_threshold = hot_share,
		.hot_pages = result->hot_pages,
		.hot_share = result->hot_share,
		.logged_pages_per_s = result->pages_per_s,
		.total = result->total,
	});
}

int mt_profiler_end(struct mt_profiler *p, struct mt_recorder *r, struct mt_profile *result)
{
	uint64_t now_ns = mt_now_ns();
	int rc, record_rc;

	mt_ticker_stop(p->fine);
	mt_ticker_stop(p->pages);
	p->fine = p->pages = NULL;
	rc = mt_profile_end(p->profile, result);
	p->profile = NULL;
	record_rc = record(p, r, true);
	if (!record_rc && rc != -ENOMEM)
		record_rc = record_points(result, r, now_ns);
	if (!record_rc && rc != -ENOMEM && result->duration_ns)
		record_rc = record_figures(result, p->hot_share, r, now_ns);
	release(p);
	return rc ? rc : record_rc;
}
