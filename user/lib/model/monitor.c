// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * monitor.c - the class of a guest's workload, second by second, while it migrates (PURE)
 */
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "monitor.h"

/* What the guest did longer ago than a window of samples is not what it does. */
#define WORK_AGE_MS	(MT_CLASS_WINDOW * MT_CLASS_SAMPLE_MS)

void mt_monitor_init(struct mt_monitor *m)
{
	memset(m, 0, sizeof(*m));
	mt_classifier_init(&m->class, NULL);
}

void mt_monitor_work(struct mt_monitor *m, const struct mt_work *work)
{
	m->work = *work;
}

static bool is_known(const struct mt_monitor *m, uint64_t t_ns)
{
	return m->work.t_ns && t_ns < m->work.t_ns + WORK_AGE_MS * MT_NS_PER_MS;
}

struct mt_spare mt_monitor_spare(const struct mt_monitor *m, uint64_t t_ns)
{
	return is_known(m, t_ns) ? mt_spare_of(&m->work) : (struct mt_spare)MT_SPARE_UNKNOWN;
}

double mt_monitor_dirty_rate(const struct mt_ucurve *u, double memory_bytes,
			     double link_bytes_per_s)
{
	double window_s = memory_bytes / link_bytes_per_s;

	if (!u->origin || !(memory_bytes > 0) || !(link_bytes_per_s > 0))
		return NAN;
	return mt_ucurve_at(u, window_s) / window_s;
}

bool mt_monitor_sample(struct mt_monitor *m, const struct mt_iterations *its,
		       const struct mt_beforehand *before, double memory_bytes,
		       const struct mt_sample *s)
{
	const struct mt_iteration *it = mt_iterations_last(its);
	double bandwidth = its->bandwidth_bytes_per_s;
	struct mt_class_load load = MT_CLASS_LOAD_UNKNOWN;

	if (s->status != MT_STATUS_ACTIVE ||
	    (m->classified_ns && s->t_ns < m->classified_ns + MT_CLASS_SAMPLE_MS * MT_NS_PER_MS))
		return false;
	m->classified_ns = s->t_ns;
	if (is_known(m, s->t_ns))
		mt_class_load_work(&load, &m->work);
	/* Of the latest pass; until one is done, by what was known before. */
	if (it && it->window_s > 0)
		load.dirty_bytes_per_s = it->dirtied_bytes / it->window_s;
	else if (before)
		load.dirty_bytes_per_s = mt_monitor_dirty_rate(&before->u, memory_bytes, bandwidth);
	/* The link is what the migration gets of it, and what the guest sends meanwhile. */
	if (bandwidth > 0)
		load.link_bytes_per_s = bandwidth + fmax(load.sent_bytes_per_s, 0);
	return mt_classifier_feed(&m->class, &load);
}
