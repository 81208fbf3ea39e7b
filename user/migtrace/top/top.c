// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * top.c - one guest of `migtrace top`: its session, and its row
 */
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "curve/ringsize.h"
#include "top.h"

#define PAGE_BYTES	4096
#define SOURCE_CELLS	18

static void open_workload(struct top_guest *g, struct mt_conn *conn, unsigned probes)
{
	struct mt_err err = { 0 };
	int rc = mt_domain_workload_open(conn, &g->domain, probes, &g->workload, &err);

	snprintf(g->why_no_work, sizeof(g->why_no_work), "%.500s",
		 rc ? err.msg : mt_workload_lacks(g->workload));
}

void top_guest_open(struct top_guest *g, struct mt_conn *conn, const struct mt_domain_info *d,
		    const char *source_name, unsigned probes, double link_bytes_per_s)
{
	struct mt_err err = { 0 };

	memset(g, 0, sizeof(*g));
	g->domain = *d;
	mt_domainclass_init(&g->class, conn, NULL, link_bytes_per_s);
	if (probes)
		open_workload(g, conn, probes);
	if (mt_domain_source_open(conn, d, source_name, MT_SESSION_RATES, 0, &g->source, &err)) {
		snprintf(g->why, sizeof(g->why), "%.250s", err.msg);
		return;
	}
	g->room = g->source->record_bytes > sizeof(*g->record) ? g->source->record_bytes :
								 MT_SOURCE_RECORD_MAX_BYTES;
	g->record = malloc(g->room);
	g->vcpu = calloc(MIGTRACE_VCPUS_MAX, sizeof(*g->vcpu));
	if (!g->record || !g->vcpu) {
		top_guest_close(g);
		snprintf(g->why, sizeof(g->why), "out of memory");
	}
}

void top_guest_close(struct top_guest *g)
{
	mt_source_close(g->source);
	mt_workload_close(g->workload);
	g->workload = NULL;
	free(g->record);
	free(g->vcpu);
	g->source = NULL;
	g->record = NULL;
	g->vcpu = NULL;
}

int top_guest_fd(const struct top_guest *g)
{
	return g->source && !g->gone ? g->source->ops->fd(g->source) : -1;
}

static void take(struct top_guest *g)
{
	const struct migtrace_record *r = g->record;
	struct mt_tick tick;

	mt_tick_from_record(&tick, r);
	mt_tick_merge(&g->sum, &tick);
	if (r->valid & MIGTRACE_VALID_RING_USED && r->ring_used > g->most_used)
		g->most_used = r->ring_used;
	g->ring_was_full |= r->valid & MIGTRACE_VALID_RING_FULL && r->ring_full_exits;
	g->logging = r->state & MIGTRACE_STATE_LOGGING;
	if (g->logging && r->end_ns > r->start_ns)
		g->logged_ns += r->end_ns - r->start_ns;
	if (!(r->valid & MIGTRACE_VALID_VCPUS))
		return;
	if (r->vcpus > g->vcpus)
		g->vcpus = r->vcpus;
	for (unsigned i = 0; i < r->vcpus && i < MIGTRACE_VCPUS_MAX; i++) {
		g->vcpu[i].events += r->vcpu[i].events;
		if (r->vcpu[i].ring_used > g->vcpu[i].ring_used)
			g->vcpu[i].ring_used = r->vcpu[i].ring_used;
	}
}

void top_guest_read(struct top_guest *g)
{
	int rc;

	if (!g->source || g->gone)
		return;
	while ((rc = mt_source_read(g->source, g->record, g->room)) == 1)
		take(g);
	g->gone = rc < 0;
}

/* Of distinct pages in the window: those of ticks count a page again and again. */
void top_guest_classify(struct top_guest *g, double dirty_bytes_per_s)
{
	uint64_t pages;
	double rate = dirty_bytes_per_s;

	if (g->logging && g->sum.window_ns && mt_tick_get(&g->sum, MT_TICK_window_pages, &pages))
		rate = (double)pages * PAGE_BYTES / ((double)g->sum.window_ns / 1e9);
	g->class.work.uuid = g->domain.uuid;
	mt_domainclass_look(&g->class, rate);
}

/* What the probes tell: each figure of the workload, by time or as it is. */
static const struct work_column {
	struct mt_column column;
	enum mt_work_field field;
	double unit;			/* divides what was counted in a second */
} work_columns[] = {
	{ { "cpu_percent", "CPU %" }, MT_WORK_run_ns, 1e7 },
	{ { "exits_per_s", "EXITS/S" }, MT_WORK_exits, 1 },
	{ { "ring_full_percent", "STILL %" }, MT_WORK_ring_full_ns, 1e7 },
	{ { "net_sent_bytes_per_s", "NET OUT", MT_SHOW_RATE_BYTES_PER_S }, MT_WORK_net_sent_bytes,
	  1 },
	{ { "net_received_bytes_per_s", "NET IN", MT_SHOW_RATE_BYTES_PER_S },
	  MT_WORK_net_received_bytes, 1 },
	{ { "disk_read_bytes_per_s", "READ", MT_SHOW_RATE_BYTES_PER_S }, MT_WORK_disk_read_bytes,
	  1 },
	{ { "disk_written_bytes_per_s", "WRITTEN", MT_SHOW_RATE_BYTES_PER_S },
	  MT_WORK_disk_written_bytes, 1 },
	{ { "disk_read_set_bytes", "READ SET", MT_SHOW_SIZE_BYTES }, MT_WORK_disk_read_set_bytes,
	  1 },
	{ { "page_waits_per_s", "WAITS/S" }, MT_WORK_page_waits, 1 },
	{ { "page_wait_percent", "WAITING %" }, MT_WORK_page_wait_ns, 1e7 },
};

static void work_cells(struct top_guest *g, struct mt_cell *cells)
{
	struct mt_work work = { 0 };
	double seconds;

	if (g->workload)
		mt_workload_read(g->workload, &work);
	seconds = (double)(work.t_ns - work.start_ns) / 1e9;
	for (size_t i = 0; i < MT_ARRAY_SIZE(work_columns); i++) {
		const struct work_column *c = &work_columns[i];
		uint64_t v;

		cells[i] = MT_NONE;
		if (!(seconds > 0) || !mt_work_get(&work, c->field, &v))
			continue;
		cells[i] = mt_work_is_level(c->field) ?
				   MT_UINT(v) :
				   MT_UINT((uint64_t)round((double)v / seconds / c->unit));
	}
}

struct mt_table *top_table(enum mt_format format, unsigned probes)
{
	static const struct mt_column of_source[] = {
		{ "domain", "DOMAIN" },
		{ "source", "SOURCE" },
		{ "t_ns", NULL },
		{ "logging", "LOGGING" },
		{ "dirty_pages_per_s", "PAGES/S" },
		{ "dirty_bytes_per_s", "DIRTY", MT_SHOW_RATE_BYTES_PER_S },
		{ "window_ms", "WINDOW", MT_SHOW_DURATION_MS },
		{ "window_pages", "ITS PAGES" },
		{ "vcpu_pages_per_s", "PAGES/S BY VCPU" },
		{ "ring_used", "RING USED" },
		{ "ring_entries", "OF" },
		{ "ring_entries_wanted", "ASK FOR" },
		{ "vcpu_ring_used", NULL },
		{ "ring_full_exits", "RING FULL" },
		{ "overruns", "OVERRUNS" },
		{ "lost_ticks", NULL },
		{ "class", "CLASS" },
		{ "class_reason", NULL },
	};

	/* A table looks at its columns to its end, and all tables here have the same. */
	static struct mt_column columns[MT_ARRAY_SIZE(of_source) + MT_ARRAY_SIZE(work_columns)];

	_Static_assert(MT_ARRAY_SIZE(of_source) == SOURCE_CELLS, "a cell for each column");
	memcpy(columns, of_source, sizeof(of_source));
	for (size_t i = 0; i < MT_ARRAY_SIZE(work_columns); i++) {
		struct mt_column *c = &columns[SOURCE_CELLS + i];

		*c = work_columns[i].column;
		if (!(probes >> mt_work_schema[work_columns[i].field].probe & 1))
			c->title = NULL;
	}
	return mt_table_new(stdout, format, columns, MT_ARRAY_SIZE(columns));
}

static double pages_per_s(const struct top_vcpu *v, double seconds)
{
	return v->events / seconds;
}

static double ring_used(const struct top_vcpu *v, double seconds)
{
	(void)seconds;
	return v->ring_used;
}

/* "1200 0 34", for as many as fit. */
static const char *by_vcpu(const struct top_guest *g,
			   double (*of)(const struct top_vcpu *v, double seconds), double seconds,
			   char *buf, size_t size)
{
	size_t used = 0;

	if (!g->vcpus || !(seconds > 0))
		return NULL;
	for (unsigned i = 0; i < g->vcpus && used + 24 < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%.0f", i ? " " : "",
					 of(&g->vcpu[i], seconds));
	return buf;
}

static double known(const struct mt_tick *t, enum mt_tick_field f)
{
	uint64_t v;

	return mt_tick_get(t, f, &v) ? (double)v : NAN;
}

void top_guest_figures(const struct top_guest *g, struct top_figures *f)
{
	const struct mt_tick *t = &g->sum;
	const bool window = g->logging && mt_tick_has(t, window);
	/* Nothing is wanted before something was logged. */
	const bool ring = mt_tick_has(t, ring_entries) && g->most_used;

	*f = (struct top_figures){ .seconds = g->logged_ns / 1e9 };
	f->pages_per_s = f->seconds > 0 ? known(t, MT_TICK_pages) / f->seconds : NAN;
	f->bytes_per_s = f->pages_per_s * PAGE_BYTES;
	f->window_ms = window ? floor(t->window_ns / 1e6) : NAN;
	f->window_pages = window ? known(t, MT_TICK_window_pages) : NAN;
	f->ring_used = known(t, MT_TICK_ring_used);
	f->ring_entries = known(t, MT_TICK_ring_entries);
	f->ring_full_exits = known(t, MT_TICK_ring_full_exits);
	f->ring_wanted = ring ? (double)mt_ring_entries_wanted(g->most_used, t->ring_entries,
							       g->ring_was_full) : NAN;
}

void top_guest_next(struct top_guest *g)
{
	memset(&g->sum, 0, sizeof(g->sum));
	g->logged_ns = 0;
	if (g->vcpu)
		memset(g->vcpu, 0, g->vcpus * sizeof(*g->vcpu));
}

static struct mt_cell whole(double v)
{
	return isfinite(v) ? MT_UINT((uint64_t)round(v)) : MT_NONE;
}

int top_guest_row(struct top_guest *g, struct mt_table *t)
{
	struct mt_cell cells[SOURCE_CELLS + MT_ARRAY_SIZE(work_columns)];
	char vcpus[1024], used[1024], why[MT_CLASS_TEXT];
	struct top_figures f;
	int rc;

	top_guest_figures(g, &f);
	memcpy(cells, (struct mt_cell[SOURCE_CELLS]){
		MT_STR(g->domain.name),
		MT_STR(g->gone ? "gone" : g->source ? g->source->ops->name : "none"),
		g->sum.t_ns ? MT_UINT(g->sum.t_ns) : MT_NONE,
		g->source && g->sum.ticks ? MT_BOOL(g->logging) : MT_NONE,
		whole(f.pages_per_s),
		whole(f.bytes_per_s),
		whole(f.window_ms),
		whole(f.window_pages),
		MT_STR(by_vcpu(g, pages_per_s, f.seconds, vcpus, sizeof(vcpus))),
		whole(f.ring_used),
		whole(f.ring_entries),
		whole(f.ring_wanted),
		MT_STR(by_vcpu(g, ring_used, f.seconds, used, sizeof(used))),
		whole(f.ring_full_exits),
		whole(known(&g->sum, MT_TICK_overruns)),
		whole(known(&g->sum, MT_TICK_lost_ticks)),
		MT_STR(g->class.class.samples ? mt_class_name(g->class.class.class) : NULL),
		MT_STR(g->class.class.samples ? mt_classifier_tell(&g->class.class, why) : NULL),
	}, SOURCE_CELLS * sizeof(*cells));
	work_cells(g, &cells[SOURCE_CELLS]);
	rc = mt_table_row(t, cells);
	top_guest_next(g);
	return rc;
}
