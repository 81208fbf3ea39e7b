// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * xbzrle.c - the cache of what was last sent, by which a page's change is sent instead of the page
 * (PURE)
 *
 * save_xbzrle_page() (migration/ram.c) and page_cache.c: a slot per page number modulo the cache's
 * size; a page takes its slot from another only if that was not looked up during the last two
 * syncs. Found there, an unchanged page is not sent, a changed one as its difference, unless that
 * is as large as a page. How large differences are is the trace's to tell.
 */
#include <errno.h>

#include "state.h"

#define LIFETIME	2	/* CACHED_PAGE_LIFETIME */
#define ENCODED_BYTES	3	/* flag and length, behind the header */
#define NOBODY		UINT64_MAX

struct xbzrle_cache {
	struct { uint64_t page, age; } *slots;
	uint64_t mask;
};

int xbzrle_new(struct xbzrle_cache **out, uint64_t cache_bytes)
{
	struct xbzrle_cache *c = calloc(1, sizeof(*c));
	uint64_t n = cache_bytes / PAGE_BYTES;

	*out = NULL;
	if (!c)
		return -ENOMEM;
	c->slots = calloc(n, sizeof(*c->slots));
	if (!c->slots) {
		free(c);
		return -ENOMEM;
	}
	c->mask = n - 1;	/* mt_sim_check(): a power of two */
	for (uint64_t i = 0; i < n; i++)
		c->slots[i].page = NOBODY;
	*out = c;
	return 0;
}

void xbzrle_free(struct xbzrle_cache *c)
{
	if (c)
		free(c->slots);
	free(c);
}

static bool is_cached(struct sim *s, uint64_t page)
{
	struct xbzrle_cache *c = s->cache;

	if (c->slots[page & c->mask].page != page)
		return false;
	c->slots[page & c->mask].age = s->syncs;
	return true;
}

static void insert(struct sim *s, uint64_t page)
{
	struct xbzrle_cache *c = s->cache;
	uint64_t at = page & c->mask;

	if (c->slots[at].page != NOBODY && c->slots[at].page != page &&
	    c->slots[at].age + LIFETIME > s->syncs)
		return;
	c->slots[at].page = page;
	c->slots[at].age = s->syncs;
}

double xbzrle_page(struct sim *s, uint64_t page)
{
	const struct mt_trace_content *content = s->trace ? &s->trace->content : NULL;
	unsigned writes = s->writes[page];
	double delta;

	if (!is_cached(s, page)) {
		if (!s->last_stage)
			insert(s, page);
		return HEADER_BYTES + PAGE_BYTES;
	}
	if (!writes || !content)
		return 0;
	if (writes > content->delta_writes_max)
		writes = content->delta_writes_max;
	delta = content->delta_fixed_bytes + writes * content->delta_write_bytes;
	return HEADER_BYTES + (delta < PAGE_BYTES ? ENCODED_BYTES + delta : PAGE_BYTES);
}

/* A zero page replaces what the cache may hold of it: xbzrle_cache_zero_page(). */
void xbzrle_zero(struct sim *s, uint64_t page)
{
	insert(s, page);
}
