// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report_class.c - what kind of work a guest did, and when that was another
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "model/monitor.h"
#include "policy/classed.h"
#include "store/recorded.h"
#include "report.h"

struct classes {
	const struct report *r;
	struct mt_table *table;
	struct mt_monitor monitor;
	struct mt_iterations iterations;
	struct mt_beforehand before;	/* U(T) as far as the recording has a profile */
	double memory_bytes;
	enum mt_class told;
	uint64_t newest_ns;
	bool samples;			/* of a migration: they say when to classify */
};

static int row(struct classes *c, uint64_t t_ns)
{
	char why[MT_CLASS_TEXT];
	struct mt_cell cells[] = {
		MT_DOUBLE(round(report_ms(c->r, t_ns) * 10) / 10),
		MT_STR(mt_class_name(c->monitor.class.class)),
		MT_STR(mt_classifier_tell(&c->monitor.class, why)),
	};

	c->told = c->monitor.class.class;
	return mt_table_row(c->table, cells);
}

static void on_sample(struct classes *c, const struct mt_sample *s)
{
	c->samples = true;
	if (mt_sample_has(s, memory_bytes))
		c->memory_bytes = (double)s->memory_bytes;
	mt_iterations_feed(&c->iterations, s);
	mt_monitor_sample(&c->monitor, &c->iterations, &c->before, c->memory_bytes, s);
}

/* Of a guest that does not migrate: by what a link usually carries. */
static void on_work(struct classes *c, const struct mt_work *work)
{
	struct mt_class_load load = MT_CLASS_LOAD_UNKNOWN;
	struct mt_work known = *work;

	if (c->r->guest && c->r->guest->vcpus)
		mt_work_fill(&known, &(struct mt_work){ .valid = 1ULL << MT_WORK_vcpus,
							.vcpus = c->r->guest->vcpus });
	mt_monitor_work(&c->monitor, &known);
	if (c->samples)
		return;
	mt_class_load_work(&load, &known);
	load.link_bytes_per_s = MT_CLASS_LINK_BYTES_PER_S;
	load.dirty_bytes_per_s = mt_monitor_dirty_rate(&c->before.u, c->memory_bytes,
						       load.link_bytes_per_s);
	mt_classifier_feed(&c->monitor.class, &load);
}

static int on_entry(struct classes *c, const struct mt_entry *e)
{
	const struct mt_classifier *class = &c->monitor.class;

	if (e->type == MT_ENTRY_SAMPLE)
		on_sample(c, &e->sample);
	else if (e->type == MT_ENTRY_WORK)
		on_work(c, &e->work);
	else
		return 0;
	c->newest_ns = mt_entry_t_ns(e);
	return mt_classifier_is_settled(class) && class->class != c->told ? row(c, c->newest_ns) :
									     0;
}

int report_classes(const struct report *r, FILE *out, enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "t_ms", "at", MT_SHOW_DURATION_MS },
		{ "class", "class" },
		{ "class_reason", "why" },
	};
	struct classes c = { .r = r, .told = MT_CLASS_COUNT };
	int rc = 0, finish_rc;
	size_t next = 0;

	c.table = mt_table_new(out, format, columns, MT_ARRAY_SIZE(columns));
	if (!c.table)
		return -ENOMEM;
	mt_monitor_init(&c.monitor);
	mt_limits_class(&r->rec->header.limits, &c.monitor.class.limits);
	if (r->guest)
		c.memory_bytes = (double)r->guest->memory_bytes;
	if (mt_recorded_curve(&c.before.u, r->rec, true, c.memory_bytes))
		c.before.u.origin = MT_UCURVE_NOTHING;
	for (size_t i = 0; i < r->rec->n_entries && !rc; i++) {
		if (i == next) {
			mt_iterations_init(&c.iterations);
			next = mt_recording_migration(r->rec, i);
		}
		rc = on_entry(&c, &r->rec->entries[i]);
	}
	/* One that was too short to settle is told all the same. */
	if (!rc && c.told == MT_CLASS_COUNT && c.monitor.class.samples)
		rc = row(&c, c.newest_ns);
	finish_rc = mt_table_finish(c.table);
	return rc ? rc : finish_rc;
}
