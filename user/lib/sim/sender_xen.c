// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sender_xen.c - a migration as Xen sends it (PURE)
 *
 * xc_domain_save() (tools/libxc/xc_domain_save.c, until Xen 4.5): a pass goes over all pages in
 * order, in batches of up to 1024. Before each batch it looks at the log of dirty pages without
 * clearing it (SHADOW_OP_PEEK), and leaves out pages that are dirty again: these wait for a later
 * pass. At the end of a pass the log is read and cleared (SHADOW_OP_CLEAN): what it says is what
 * the next pass looks at. After a pass the guest is stopped for a last one, in which nothing is
 * left out, if it had fewer than 50 pages to look at, if it was the 29th, or if more than three
 * times the memory has been sent. There is no limit on the pause, and zero pages go like others.
 *
 * Not played: Xen's adaptive rate (off by default), page tables, and pages that are not there.
 */
#include <stdio.h>

#include "state.h"

#define BATCH_PAGES	1024	/* MAX_BATCH_SIZE */
#define PASSES_MAX	29	/* DEF_MAX_ITERS */
#define LAST_PAGES	50
#define SENT_MAX	3	/* DEF_MAX_FACTOR */
#define PAGE_INFO_BYTES	8	/* a page's number and type */

struct batch {
	uint64_t page[BATCH_PAGES];
	size_t n;
};

/* From page @at on. Return: the page after those that were looked at. */
static uint64_t fill(struct sim *s, struct batch *b, uint64_t at)
{
	b->n = 0;
	while (at < s->pages && b->n < BATCH_PAGES) {
		size_t word = at >> 6;

		if (!(s->dirty.words[word] >> (at & 63))) {
			word = mt_bits_next_word(&s->dirty, word + 1, s->dirty.n_words);
			if (word == MT_BITS_NONE)
				return s->pages;
			at = (uint64_t)word << 6;
		}
		if (mt_bits_has(&s->dirty, at)) {
			if (!s->last_stage && mt_bits_has(&s->log, at))
				s->pass.skipped_pages++;
			else
				b->page[b->n++] = at;
		}
		at++;
	}
	return at;
}

static void send(struct sim *s, const struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		s->now_ns += s->p->host.page_ns;
		sim_put(s, PAGE_BYTES + PAGE_INFO_BYTES, s->p->host.there_page_ns);
		if (s->hooks.sent)
			s->hooks.sent(s->hooks.opaque, b->page[i]);
	}
	s->pass.sent_pages += b->n;
	s->pass.sent_bytes += b->n * (PAGE_BYTES + PAGE_INFO_BYTES);
	s->r->normal_pages += b->n;
	s->r->transferred_bytes += b->n * (PAGE_BYTES + PAGE_INFO_BYTES);
}

static void pass_over(struct sim *s)
{
	struct batch b;
	uint64_t at = 0;

	while (at < s->pages && !s->over) {
		sim_advance(s);
		at = fill(s, &b, at);
		send(s, &b);
		s->over = !s->last_stage && s->now_ns / NS_PER_MS >= s->p->cap_ms;
	}
	s->r->skipped_pages += s->pass.skipped_pages;
}

/* What the log says is what the next pass looks at. */
static void clean(struct sim *s)
{
	s->now_ns += s->p->host.sync_ms * NS_PER_MS;
	sim_advance(s);
	s->dirty_pages = 0;
	for (size_t w = 0; w < s->dirty.n_words; w++) {
		if (s->dirty.words[w] != s->log.words[w])
			mt_bits_put_word(&s->dirty, w, s->log.words[w]);
		if (s->log.words[w])
			mt_bits_put_word(&s->log, w, 0);
		s->dirty_pages += (uint64_t)__builtin_popcountll(s->dirty.words[w]);
	}
	s->syncs++;
	sim_pass_end(s, s->dirty_pages);
}

static void last_pass(struct sim *s)
{
	clean(s);
	pass_over(s);
}

/* Why the pass that has ended was the last but one; NULL: it was not. */
static const char *ends(const struct sim *s)
{
	if (s->pass.sent_pages + s->pass.skipped_pages < LAST_PAGES)
		return "a pass had fewer than 50 pages to look at";
	if (s->pass.n >= PASSES_MAX)
		return "29 passes";
	return s->r->normal_pages > SENT_MAX * s->pages ? "three times the memory was sent" : NULL;
}

void sim_xen(struct sim *s)
{
	const char *why = NULL;

	/* It has no budgets: a limit is the link's. */
	if (s->limit_bytes > 0)
		s->link.bytes_per_ns = s->link.bytes_per_ns > 0 ?
					       fmin(s->link.bytes_per_ns, s->limit_bytes / 1e8) :
					       s->limit_bytes / 1e8;
	s->now_ns += s->p->host.setup_ms * NS_PER_MS;
	s->r->setup_ms = s->p->host.setup_ms;
	s->pass = (struct mt_sim_pass){ .n = 1, .start_ms = s->now_ns / NS_PER_MS };
	for (;;) {
		pass_over(s);
		if (s->over) {
			s->r->end = MT_SIM_CAPPED;
			return;
		}
		why = ends(s);
		if (why)
			break;
		clean(s);
	}
	snprintf(s->r->reason, sizeof(s->r->reason), "%s", why);
	sim_complete(s, last_pass);
}
