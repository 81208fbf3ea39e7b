// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pattern.c - the writes of a described pattern (PURE)
 *
 * As the test guest makes them (tests/guest/mem/workload.c): at even intervals; ranks and hot pages
 * scattered over the region; beside them keepalive pages, four pages of variables and stack at each
 * step, and, with tables=yes, the page that counts each page's writes. In front of the region the
 * image, the tables and the keepalive pages. The guest scatters ranks by a table, which would take
 * 1 GiB for a guest of 1 TiB; here see scatter.h.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "pattern.h"
#include "scatter.h"
#include "zipf.h"

#define BATCH		1024
#define OWN_PAGES	4	/* variables, stack, heartbeat's buffers */
#define COUNTED_PAGES	1024	/* whose counters are in one page of the table */
#define TABLE_BITS_MAX	(1 << 16)

/* tests/guest/mem/page.h: a write changes two counters and one of eight marks. */
#define DELTA_FIXED_BYTES	7	/* counters at head and tail, as XBZRLE has them */
#define DELTA_WRITE_BYTES	7	/* a mark */
#define DELTA_WRITES_MAX	8
#define SPARSE_BYTES		95	/* such a page, by zlib level 1. Inferred. */

struct load {
	unsigned kind;			/* enum mt_pattern_kind */
	uint64_t pages, cursor;
	double rate, part;		/* part: of the next write, below 1 */
};

struct pattern {
	struct mt_pattern d;
	struct mt_rng rng;
	struct mt_zipf zipf;
	struct mt_scatter scatter;
	uint64_t hot_pages, hot_below;	/* the latter: of 2^32, the share of writes that they get */
	uint64_t table_at, keepalive_at, region_at;
	struct load loads[2], keepalive;
	unsigned active;
	uint64_t phase_ns[2], phase_left_ns;
	mt_trace_emit_fn emit;
	void *to;
	uint64_t batch[BATCH];
	uint64_t touched[TABLE_BITS_MAX / 64];	/* pages of the table, in this batch */
	char told[160];
};

static uint64_t next_page(struct pattern *p, struct load *l)
{
	uint64_t page, draw;

	switch (l->kind) {
	case MT_PATTERN_SEQ:
		page = l->cursor;
		l->cursor = page + 1 == l->pages ? 0 : page + 1;
		return page;
	case MT_PATTERN_ZIPF:
		return mt_scatter_page(&p->scatter, mt_zipf_rank(&p->zipf, &p->rng));
	case MT_PATTERN_HOTCOLD:
		draw = mt_rng_next(&p->rng);
		if (draw >> 32 < p->hot_below)
			return mt_scatter_page(&p->scatter,
					       mt_rng_scale((uint32_t)draw, p->hot_pages));
		return mt_scatter_page(
			&p->scatter,
			p->hot_pages + mt_rng_scale((uint32_t)draw, l->pages - p->hot_pages));
	default:
		return mt_rng_below(&p->rng, l->pages);
	}
}

/* The pages of the table that belong to the batch; each once. */
static void emit_tables(struct pattern *p, size_t n)
{
	uint64_t tables[BATCH];
	size_t n_tables = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t t = (p->batch[i] - p->region_at) / COUNTED_PAGES % TABLE_BITS_MAX;

		if (p->touched[t / 64] >> (t % 64) & 1)
			continue;
		p->touched[t / 64] |= 1ULL << (t % 64);
		tables[n_tables++] = p->table_at + t;
	}
	for (size_t i = 0; i < n_tables; i++)
		p->touched[(tables[i] - p->table_at) / 64] = 0;
	p->emit(p->to, tables, n_tables);
}

static void write_pages(struct pattern *p, struct load *l, double work_s)
{
	double due = l->rate * work_s + l->part;
	uint64_t n = (uint64_t)due;

	l->part = due - (double)n;
	while (n) {
		size_t batch = n < BATCH ? n : BATCH;

		for (size_t i = 0; i < batch; i++)
			p->batch[i] = p->region_at + next_page(p, l);
		if (p->d.tables)
			emit_tables(p, batch);
		p->emit(p->to, p->batch, batch);
		n -= batch;
	}
}

static void write_own(struct pattern *p, double work_s)
{
	struct load *k = &p->keepalive;
	uint64_t pages[OWN_PAGES], n;
	double due = k->rate * work_s + k->part;

	if (work_s <= 0 || !p->d.tables)
		goto keepalive;
	for (size_t i = 0; i < OWN_PAGES; i++)
		pages[i] = p->table_at - OWN_PAGES + i;
	p->emit(p->to, pages, OWN_PAGES);
keepalive:
	k->part = due - floor(due);
	for (n = (uint64_t)due; n; n--) {
		uint64_t page = p->keepalive_at + k->cursor;

		k->cursor = k->cursor + 1 >= k->pages ? 0 : k->cursor + 1;
		p->emit(p->to, &page, 1);
	}
}

static void advance(void *opaque, uint64_t wall_ns, uint64_t work_ns, mt_trace_emit_fn emit,
		    void *to)
{
	struct pattern *p = opaque;
	double work_s = (double)work_ns / 1e9;

	p->emit = emit;
	p->to = to;
	write_own(p, work_s);
	/* What is made up for at one moment belongs to the phase of that moment. */
	while (p->d.kind == MT_PATTERN_PHASES && wall_ns >= p->phase_left_ns) {
		double part_s = wall_ns ? work_s * (double)p->phase_left_ns / (double)wall_ns : 0;

		write_pages(p, &p->loads[p->active], part_s);
		work_s -= part_s;
		wall_ns -= p->phase_left_ns;
		p->active = !p->active;
		p->phase_left_ns = p->phase_ns[p->active];
	}
	p->phase_left_ns -= wall_ns;
	write_pages(p, &p->loads[p->active], work_s);
}

static double rate_of(const struct mt_pattern *d, double rate)
{
	return d->top > 0 && rate > d->top ? d->top : rate;
}

/* So far into the period, of which the first phase is the heavy one. */
static void begin_in(struct pattern *p, uint64_t into_ns)
{
	p->active = into_ns >= p->phase_ns[0];
	p->phase_left_ns = p->phase_ns[0] + (p->active ? p->phase_ns[1] : 0) - into_ns;
}

static void restart(void *opaque)
{
	struct pattern *p = opaque;
	const struct mt_pattern *d = &p->d;

	p->rng.state = d->seed * 0x2545f4914f6cdd1dULL;
	mt_scatter_init(&p->scatter, d->region_pages, mt_rng_next(&p->rng));
	p->phase_ns[0] = (uint64_t)(d->period_s * d->duty * 1e9);
	p->phase_ns[1] = (uint64_t)(d->period_s * 1e9) - p->phase_ns[0];
	begin_in(p, d->period_s > 0 ? (uint64_t)(fmod(d->phase_s, d->period_s) * 1e9) : 0);
	p->loads[0] = (struct load){
		.kind = d->kind == MT_PATTERN_PHASES ?
				(d->sub ? MT_PATTERN_SEQ : MT_PATTERN_UNIFORM) :
				d->kind,
		.pages = d->region_pages,
		.rate = d->kind == MT_PATTERN_IDLE || d->kind == MT_PATTERN_READONLY ?
				0 :
				rate_of(d, d->rate),
	};
	p->loads[1] = (struct load){
		.kind = p->loads[0].kind,
		.pages = d->region2_pages && d->region2_pages < d->region_pages ? d->region2_pages :
										  d->region_pages,
		.rate = rate_of(d, d->rate2),
	};
	p->keepalive = (struct load){ .pages = d->keepalive_pages,
				      .rate = d->keepalive_pages ? d->keepalive : 0 };
}

static const struct mt_trace_ops pattern_ops = { "pattern", advance, restart, free };

static void lay_out(struct pattern *p)
{
	uint64_t tables = p->d.tables ? (p->d.region_pages + COUNTED_PAGES - 1) / COUNTED_PAGES : 0;

	p->table_at = p->d.at_pages < OWN_PAGES ? OWN_PAGES : p->d.at_pages;
	p->keepalive_at = p->table_at + tables;
	p->region_at = p->keepalive_at + p->d.keepalive_pages;
}

static void describe(struct mt_trace *t, struct pattern *p)
{
	const struct mt_pattern *d = &p->d;

	snprintf(p->told, sizeof(p->told), "a pattern, %s, drawn by seed %llu",
		 mt_pattern_names[d->kind], (unsigned long long)d->seed);
	*t = (struct mt_trace){
		.ops = &pattern_ops,
		.opaque = p,
		.pages = p->region_at + d->region_pages,
		.resident_first = p->table_at - OWN_PAGES,
		.resident_end = d->resident_pages ?
				p->table_at - OWN_PAGES + d->resident_pages :
				p->region_at + d->region_pages,
		.makes_up_ns = isinf(d->rate) ? 0 : (uint64_t)(d->backlog_s * 1e9),
		.top_speed = d->top > 0 && p->loads[0].rate > 0 ? d->top / p->loads[0].rate : 0,
		.content = {
			.compressed_bytes = d->random_fill ? MT_TRACE_PAGE_BYTES : SPARSE_BYTES,
			.delta_fixed_bytes = DELTA_FIXED_BYTES,
			.delta_write_bytes = DELTA_WRITE_BYTES,
			.delta_writes_max = DELTA_WRITES_MAX,
		},
		.told = p->told,
	};
}

int mt_trace_pattern(struct mt_trace *t, const char *text, struct mt_err *err)
{
	struct pattern *p = calloc(1, sizeof(*p));
	int rc;

	memset(t, 0, sizeof(*t));
	if (!p)
		return mt_err_set(err, -ENOMEM, "out of memory");
	rc = mt_pattern_parse(&p->d, text, err);
	if (rc) {
		free(p);
		return rc;
	}
	p->hot_pages = (uint64_t)((double)p->d.region_pages * p->d.hot);
	if (p->hot_pages >= p->d.region_pages)
		p->hot_pages = p->d.region_pages - 1;
	if (!p->hot_pages)
		p->hot_pages = 1;
	p->hot_below = (uint64_t)(p->d.hotshare * 0x1p32);
	if (p->d.kind == MT_PATTERN_ZIPF)
		mt_zipf_init(&p->zipf, p->d.region_pages, p->d.s);
	lay_out(p);
	restart(p);
	describe(t, p);
	return 0;
}
