// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The memory workload. A load writes pages at a rate: with time passing, writes
 * become due. How many may be due is capped, so that a guest that was stopped
 * does not storm through what it missed: the rest is counted as skipped.
 */
#include "workload.h"
#include "clock.h"
#include "cpu.h"
#include "page.h"
#include "rng.h"
#include "zipf.h"

#define BATCH_PAGES	32		/* about 1 ms where code is emulated */

struct memory mem;
extern char image_end[];

struct load {
	uint32_t (*next)(struct load *load);
	uint32_t pages;
	uint32_t rate;
	uint32_t cursor;
	bool reads;
	uint32_t due;			/* writes */
	uint32_t due_max;
	uint32_t fraction;		/* of a write, of 2^32 */
	uint64_t per_cycle;		/* writes a cycle, of 2^64 */
};

static struct {
	struct load load[2];
	struct load *active;
	struct load keepalive;
	uint32_t *keepalive_page;	/* their first words, page by page */
	uint32_t keepalive_pages;
	uint64_t last;			/* times and durations in cycles */
	uint64_t phase[2];
	uint64_t phase_end;
	uint32_t hot_pages;
	uint32_t hotshare;
	uint32_t room_pages;
	struct rng rng;
	struct workload_stats stats;
} work;

static uint32_t next_seq(struct load *load)
{
	uint32_t page = load->cursor;

	load->cursor = page + 1 == load->pages ? 0 : page + 1;
	return page;
}

static uint32_t next_uniform(struct load *load)
{
	return rng_below(&work.rng, load->pages);
}

static uint32_t next_zipf(struct load *load)
{
	return mem.perm[zipf_rank(&work.rng)];
}

static uint32_t next_hotcold(struct load *load)
{
	uint32_t hot = work.hot_pages;

	if (rng_next(&work.rng) < work.hotshare)
		return mem.perm[rng_below(&work.rng, hot)];
	return mem.perm[hot + rng_below(&work.rng, load->pages - hot)];
}

static uint32_t (*const next_page[])(struct load *load) = {
	[PATTERN_SEQ] = next_seq,
	[PATTERN_UNIFORM] = next_uniform,
	[PATTERN_ZIPF] = next_zipf,
	[PATTERN_HOTCOLD] = next_hotcold,
	[PATTERN_PHASES] = next_uniform,
	[PATTERN_READONLY] = next_uniform,
};

static void rate_init(struct load *load, uint32_t rate, uint32_t backlog_us)
{
	uint32_t rem;
	uint64_t high;

	load->rate = rate;
	if (rate == RATE_MAX)
		return;
	/* rate / (khz * 1000) as a fraction of 2^64, by long division */
	high = div_u64((uint64_t)rate << 32, clock_khz(), &rem);
	load->per_cycle = (high << 32) + div_u64((uint64_t)rem << 32, clock_khz(), 0);
	load->per_cycle = div_u64(load->per_cycle, 1000, 0);
	load->due_max = muldiv(rate, backlog_us, 1000000) + 1;
}

static void load_init(struct load *load, uint32_t pattern, uint32_t pages, uint32_t rate,
		      uint32_t backlog_us)
{
	load->next = next_page[pattern];
	load->reads = pattern == PATTERN_READONLY;
	load->pages = pages;
	rate_init(load, rate, backlog_us);
}

/* Ranks scattered over the region (Fisher and Yates) */
static void permute(void)
{
	for (uint32_t i = 0; i < mem.pages; i++) {
		uint32_t j = rng_below(&work.rng, i + 1);

		mem.perm[i] = mem.perm[j];
		mem.perm[j] = i;
	}
}

static void fill(bool random)
{
	struct page_data *data = mem.page;

	for (uint32_t page = 0; page < mem.pages; page++, data++) {
		uint32_t key = page_key(page);

		if (random)
			for (uint32_t i = 0; i < 1020; i++)
				data->body[i] = rng_next(&work.rng);
		for (uint32_t i = 0; i < PAGE_SLOTS; i++)
			*page_slot(data, i) = page_mark(key, 0);
		data->head_key = data->tail_key = key;
		data->head_seq = data->tail_seq = 0;
		mem.seq[page] = 0;
	}
}

/* Takes bytes from the memory behind the image, in whole pages. */
static void *take(uint32_t *next, uint32_t end, uint32_t bytes)
{
	uint32_t start = *next;

	bytes = (bytes + PAGE_BYTES - 1) & -PAGE_BYTES;
	if (bytes > end - start)
		return 0;
	*next = start + bytes;
	return (void *)start;
}

bool workload_init(const struct config *c, uint32_t mem_bytes)
{
	bool ranked = c->pattern == PATTERN_ZIPF || c->pattern == PATTERN_HOTCOLD;
	uint32_t next = (uint32_t)image_end, table_bytes = c->region_pages * 4;

	work.room_pages =
		(mem_bytes - next) / (PAGE_BYTES + 4 + 4 * ranked) - 3 - c->keepalive_pages;
	if (!c->region_pages || c->region_pages > work.room_pages ||
	    c->region_pages > PAGE_COUNT_MAX)
		return false;
	mem.pages = c->region_pages;
	mem.seq = take(&next, mem_bytes, table_bytes);
	mem.perm = ranked ? take(&next, mem_bytes, table_bytes) : 0;
	work.keepalive_page = take(&next, mem_bytes, c->keepalive_pages * PAGE_BYTES);
	mem.page = take(&next, mem_bytes, c->region_pages * PAGE_BYTES);

	work.rng.state = c->seed * 2654435761u;
	fill(c->fill == FILL_RANDOM);
	if (ranked)
		permute();
	if (c->pattern == PATTERN_ZIPF)
		zipf_init(mem.pages, c->s_q16);
	work.hot_pages = (uint64_t)mem.pages * c->hot_q16 >> 16;
	if (!work.hot_pages)
		work.hot_pages = 1;
	if (work.hot_pages >= mem.pages)
		work.hot_pages = mem.pages - 1;
	work.hotshare = c->hotshare_q16 >= 65536 ? UINT32_MAX : c->hotshare_q16 << 16;

	load_init(&work.load[0], c->pattern == PATTERN_PHASES ? c->sub : c->pattern,
		  mem.pages, c->rate, c->backlog_us);
	load_init(&work.load[1], c->sub,
		  c->region2_pages < mem.pages ? c->region2_pages : mem.pages, c->rate2,
		  c->backlog_us);
	work.active = &work.load[0];

	rate_init(&work.keepalive, c->keepalive_pages ? c->keepalive : 0, c->backlog_us);
	work.keepalive_pages = c->keepalive_pages;
	for (uint32_t i = 0; i < c->keepalive_pages; i++)
		work.keepalive_page[i * (PAGE_BYTES / 4)] = 0;

	if (c->pattern == PATTERN_PHASES) {
		uint64_t period = clock_cycles(c->period_us);

		work.phase[0] = (period >> 16) * c->duty_q16;
		work.phase[1] = period - work.phase[0];
	}
	return true;
}

uint32_t workload_room_pages(void)
{
	return work.room_pages;
}

void workload_start(uint64_t now)
{
	work.last = now;
	work.phase_end = work.phase[0] ? now + work.phase[0] : UINT64_MAX;
}

void workload_hold(uint64_t now)
{
	work.last = now;
}

static void load_earn(struct load *load, uint32_t cycles)
{
	uint64_t sum;

	if (load->rate == RATE_MAX) {
		load->due = UINT32_MAX;
		return;
	}
	sum = (cycles * (load->per_cycle & UINT32_MAX)) >> 32;
	sum += cycles * (load->per_cycle >> 32) + load->fraction;
	load->fraction = sum;
	load->due += sum >> 32;
	if (load->due > load->due_max) {
		work.stats.skipped += load->due - load->due_max;
		load->due = load->due_max;
	}
}

static void load_do(struct load *load, uint32_t count)
{
	struct page_data *pages = mem.page;
	uint32_t *seqs = mem.seq;
	uint32_t i;

	load->due -= count;
	if (load->reads) {
		for (i = count; i; i--)
			mem.sink += pages[load->next(load)].tail_seq;
		work.stats.reads += count;
		return;
	}
	for (i = count; i; i--)
		page_write(seqs, pages, load->next(load));
	mem.writes += count;
}

static void keepalive(void)
{
	for (; work.keepalive.due; work.keepalive.due--) {
		uint32_t words = PAGE_BYTES / 4;

		work.keepalive_page[work.keepalive.cursor * words] = ++work.stats.keepalives;
		if (++work.keepalive.cursor == work.keepalive_pages)
			work.keepalive.cursor = 0;
	}
}

/* The last write went to the page before the cursor, and so on backwards. */
bool workload_keepalive_ok(void)
{
	uint32_t at = work.keepalive.cursor, words = PAGE_BYTES / 4;
	uint32_t count = work.stats.keepalives;

	for (uint32_t i = 0; i < work.keepalive_pages; i++) {
		at = (at ? at : work.keepalive_pages) - 1;
		if (work.keepalive_page[at * words] != count)
			return false;
		if (count)
			count--;
	}
	return true;
}

static void next_phase(uint64_t now)
{
	bool quiet = work.active == &work.load[0];

	work.active->due = 0;
	work.active = &work.load[quiet];
	work.phase_end = now + work.phase[quiet];
	work.stats.phases++;
}

bool workload_run(uint64_t now)
{
	uint64_t elapsed = now - work.last;
	/* A longer time is beyond any cap. */
	uint32_t cycles = elapsed > UINT32_MAX ? UINT32_MAX : elapsed;
	struct load *load;

	work.last = now;
	if (work.keepalive.rate) {
		load_earn(&work.keepalive, cycles);
		keepalive();
	}
	if (now >= work.phase_end)
		next_phase(now);
	load = work.active;
	if (!load->rate)
		return false;
	load_earn(load, cycles);
	if (load->due > BATCH_PAGES) {
		load_do(load, BATCH_PAGES);
		return true;
	}
	if (load->due)
		load_do(load, load->due);
	return false;
}

static uint64_t load_next(const struct load *load, uint64_t now)
{
	uint32_t per_cycle = load->per_cycle >> 32;

	if (!load->rate)
		return UINT64_MAX;
	return now + (per_cycle ? (UINT32_MAX - load->fraction) / per_cycle : 0);
}

uint64_t workload_next(uint64_t now)
{
	uint64_t next = work.phase_end, t;

	t = load_next(work.active, now);
	if (t < next)
		next = t;
	t = load_next(&work.keepalive, now);
	return t < next ? t : next;
}

const struct workload_stats *workload_stats(void)
{
	return &work.stats;
}
