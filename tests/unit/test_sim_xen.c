// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_sim_xen.c - migrations as Xen sends them, against a play that is written out page by page
 *
 * The guest's writes are a list made beforehand: when, and to which page. The play keeps an array
 * of when each page was written last, and asks that for everything; of the simulator's code it uses
 * nothing.
 */
#include "base/rng.h"
#include "sim/sim.h"
#include "ktap.h"

#define PAGES		3000		/* three batches, the last not full */
#define PAGE_NS		100000		/* 10,000 pages a second */
#define WRITES_MAX	400000
#define PASSES_MAX	64

struct write {
	uint64_t at_ns, page;
};

static struct write writes[WRITES_MAX];
static size_t n_writes;

/* --- the list, as a trace ------------------------------------------------------- */
struct list {
	uint64_t now_ns;
	size_t next;
};

static void list_advance(void *opaque, uint64_t wall_ns, uint64_t work_ns, mt_trace_emit_fn emit,
			 void *to)
{
	struct list *l = opaque;

	l->now_ns += work_ns;
	for (; l->next < n_writes && writes[l->next].at_ns <= l->now_ns; l->next++)
		emit(to, &writes[l->next].page, 1);
}

static void list_rewind(void *opaque)
{
	*(struct list *)opaque = (struct list){ 0 };
}

static const struct mt_trace_ops list_ops = {
	.name = "list", .advance = list_advance, .rewind = list_rewind
};

/* Each @apart_ns a page of @first .. @first + @count - 1, drawn; on top of those before. */
static void draw(uint64_t seed, double apart_ns, uint64_t first, uint64_t count)
{
	struct mt_rng rng = { seed };

	for (double t = apart_ns; n_writes < WRITES_MAX && t < 3.9e9; t += apart_ns)
		writes[n_writes++] =
			(struct write){ (uint64_t)t, first + mt_rng_below(&rng, count) };
}

static int by_time(const void *a, const void *b)
{
	const struct write *x = a, *y = b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return (x->page > y->page) - (x->page < y->page);
}

/* --- what happened, either way ------------------------------------------------------ */
struct course {
	uint64_t order;				/* of all pages sent, as a hash */
	uint64_t sent[PASSES_MAX], skipped[PASSES_MAX], dirtied[PASSES_MAX];
	size_t passes;				/* the last one, too */
	double end_ms, stopped_ms;
	unsigned lost;				/* pages written after they were sent last */
	bool unsent[PAGES];
};

static void note_sent(struct course *c, uint64_t page)
{
	c->order = (c->order ^ page) * 0x100000001b3ULL;
	c->unsent[page] = false;
}

static void on_sent(void *opaque, uint64_t page)
{
	note_sent(opaque, page);
}

static void on_written(void *opaque, uint64_t page)
{
	((struct course *)opaque)->unsent[page] = true;
}

static void on_pass(void *opaque, const struct mt_sim_pass *pass)
{
	struct course *c = opaque;

	c->sent[c->passes] = pass->sent_pages;
	c->skipped[c->passes] = pass->skipped_pages;
	c->dirtied[c->passes++] = pass->dirtied_pages;
}

static void simulate(struct course *c, struct mt_sim_result *r)
{
	const struct mt_sim_hooks hooks = {
		.opaque = c, .pass = on_pass, .sent = on_sent, .written = on_written
	};
	struct mt_trace trace = { .ops = &list_ops, .opaque = &(struct list){ 0 }, .pages = PAGES };
	struct mt_sim_params p;
	struct mt_err err = { 0 };

	mt_sim_defaults(&p);
	p.sender = MT_SIM_SENDER_XEN;
	p.memory_bytes = PAGES * MT_TRACE_PAGE_BYTES;
	p.host = (struct mt_sim_host){ .buffer_bytes = 1e9, .there_buffer_bytes = 1e9,
				       .page_ns = PAGE_NS, .zero_page_ns = 1 };
	memset(c, 0, sizeof(*c));
	memset(c->unsent, true, sizeof(c->unsent));
	CHECK_INT(mt_sim_check(&p, &err), 0);
	CHECK_INT(mt_sim_run(&p, &trace, &hooks, r), 0);
	c->end_ms = r->total_ms;
	c->stopped_ms = r->downtime_ms;
	for (size_t i = 0; i < PAGES; i++)
		c->lost += c->unsent[i];
}

/* --- by hand ------------------------------------------------------------------------ */

/* Which pages were, for all of them at once. */
static void written_pages(bool *dirty, uint64_t after_ns, uint64_t until_ns)
{
	memset(dirty, 0, PAGES);
	for (size_t i = 0; i < n_writes && writes[i].at_ns <= until_ns; i++)
		if (writes[i].at_ns > after_ns)
			dirty[writes[i].page] = true;
}

static void play(struct course *c)
{
	static bool look_at[PAGES], dirty[PAGES];
	uint64_t now_ns = 0, cleaned_ns = 0, all_sent = 0, stopped_ns = 0;
	bool last = false;

	memset(c, 0, sizeof(*c));
	memset(look_at, true, sizeof(look_at));
	for (bool over = false; !over;) {
		uint64_t looked_at = 0, sent = 0, in_batch = 0;

		for (uint64_t page = 0; page < PAGES; page++) {
			if (!look_at[page])
				continue;
			/* Before the first page of a batch, and after each 1024 that went. */
			if (!looked_at || in_batch == 1024) {
				written_pages(dirty, cleaned_ns, now_ns);
				in_batch = 0;
			}
			looked_at++;
			if (dirty[page] && !last)
				continue;
			note_sent(c, page);
			sent++;
			in_batch++;
			now_ns += PAGE_NS;
		}
		all_sent += sent;
		c->sent[c->passes] = sent;
		c->skipped[c->passes] = looked_at - sent;
		over = last;
		if (!over && (looked_at < 50 || c->passes + 1 == 29 || all_sent > 3 * PAGES)) {
			last = true;
			stopped_ns = now_ns;
		}
		if (!over) {
			written_pages(look_at, cleaned_ns, now_ns);
			cleaned_ns = now_ns;
			for (size_t i = 0; i < PAGES; i++)
				c->dirtied[c->passes] += look_at[i];
		}
		c->passes++;
	}
	c->end_ms = (double)now_ns / 1e6;
	c->stopped_ms = (double)(now_ns - stopped_ns) / 1e6;
}

static void compare(const char *reason)
{
	static struct course by_hand, simulated;
	struct mt_sim_result r;

	qsort(writes, n_writes, sizeof(writes[0]), by_time);
	play(&by_hand);
	simulate(&simulated, &r);
	CHECK_INT(simulated.passes, by_hand.passes);
	for (size_t i = 0; i < by_hand.passes; i++) {
		CHECK_INT(simulated.sent[i], by_hand.sent[i]);
		CHECK_INT(simulated.skipped[i], by_hand.skipped[i]);
		CHECK_INT(simulated.dirtied[i], by_hand.dirtied[i]);
	}
	CHECK(simulated.order == by_hand.order);
	CHECK_NEAR(simulated.end_ms, by_hand.end_ms, 1e-6);
	CHECK_NEAR(simulated.stopped_ms, by_hand.stopped_ms, 1e-6);
	CHECK_INT(simulated.lost, 0);
	if (!strstr(r.reason, reason))
		printf("# %s\n", r.reason);
	CHECK(strstr(r.reason, reason));
	printf("# %zu passes, %.2f s, stopped for %.0f ms, first skipped %d of %d\n",
	       by_hand.passes, by_hand.end_ms / 1e3, by_hand.stopped_ms,
	       (int)by_hand.skipped[0], (int)(by_hand.skipped[0] + by_hand.sent[0]));
}

static void idle(void)
{
	n_writes = 0;
	compare("fewer than 50");
}

static void converging(void)
{
	n_writes = 0;
	draw(1, 400e3, 0, PAGES);	/* a quarter of what is sent */
	compare("fewer than 50");
}

/* A hot set: dirty in each pass, and for the most part at its turn. */
static void hot(void)
{
	n_writes = 0;
	draw(2, 12e3, 700, 160);
	draw(3, 3e6, 0, PAGES);
	compare("29 passes");
}

/* Twice as fast as the link: what is skipped does not go, what goes is dirty again. */
static void heavy(void)
{
	n_writes = 0;
	draw(4, 50e3, 0, PAGES);
	compare("three times");
}

static const struct ktap_case cases[] = {
	{ "an idle guest goes once", idle },
	{ "a quarter of the link: until there is next to nothing", converging },
	{ "a hot set: 29 passes", hot },
	{ "twice the link: three times the memory", heavy },
};

KTAP_MAIN(cases)
