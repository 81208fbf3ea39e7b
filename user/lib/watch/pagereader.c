// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pagereader.c - the pages of a source's ticks as sets
 */
#include <errno.h>
#include <string.h>

#include "pagereader.h"

#define SLOTS_MAX	32768		/* KVM's own limit is below */
#define CHUNK_PAGES	(1u << 20)	/* read at once: 128 KiB of bits, 4 GiB of guest */

int mt_pagereader_init(struct mt_pagereader *p, struct mt_source *source)
{
	*p = (struct mt_pagereader){
		.source = source, .set = mt_pageset_new(), .begun = mt_pageset_new(),
		.words = malloc(CHUNK_PAGES / 8),
	};
	if (p->set && p->begun && p->words)
		return 0;
	mt_pagereader_fini(p);
	return -ENOMEM;
}

void mt_pagereader_fini(struct mt_pagereader *p)
{
	mt_pageset_free(p->set);
	mt_pageset_free(p->begun);
	free(p->slots);
	free(p->words);
	memset(p, 0, sizeof(*p));
}

static int list_slots(struct mt_pagereader *p)
{
	size_t count = 0;
	int rc;

	for (;;) {
		struct migtrace_slot *more;

		rc = p->source->ops->slots(p->source, p->slots, p->room, &count);
		if (rc || count <= p->room)
			break;
		if (count > SLOTS_MAX)
			return -EPROTO;
		more = reallocarray(p->slots, count, sizeof(*more));
		if (!more)
			return -ENOMEM;
		p->slots = more;
		p->room = count;
	}
	p->n_slots = rc ? 0 : count;
	p->listed = !rc;
	return rc;
}

static int read_slot(struct mt_pagereader *p, const struct migtrace_slot *slot, uint64_t tick,
		     unsigned kind, struct mt_pageset *into)
{
	for (uint64_t first = 0; first < slot->pages; first += CHUNK_PAGES) {
		uint64_t n = slot->pages - first < CHUNK_PAGES ? slot->pages - first : CHUNK_PAGES;
		struct migtrace_pages args = {
			.tick = tick,
			.as_id = slot->as_id,
			.id = slot->id,
			.kind = kind,
			.first_page = first,
			.page_count = n,
			.bitmap_ptr = (uintptr_t)p->words,
		};
		int rc;

		p->words[(n - 1) / 64] = 0;
		rc = p->source->ops->pages(p->source, &args);
		if (rc)
			return rc;
		if (n % 64)
			p->words[(n - 1) / 64] &= (1ULL << n % 64) - 1;
		/* The same memory in two address spaces is the same pages. */
		rc = mt_pageset_add_words(into, slot->base_gfn + first, p->words, (n + 63) / 64);
		if (rc)
			return rc;
	}
	return 0;
}

static int read_set(struct mt_pagereader *p, uint64_t tick, unsigned kind, struct mt_pageset *into)
{
	int rc = 0;

	mt_pageset_clear(into);
	for (size_t i = 0; i < p->n_slots && !rc; i++) {
		rc = read_slot(p, &p->slots[i], tick, kind, into);
		if (rc == -ENXIO)
			p->listed = false;
	}
	return rc;
}

enum mt_pages_read mt_pagereader_read(struct mt_pagereader *p, const struct migtrace_record *r)
{
	bool whole = !p->tick || r->tick == p->tick + 1;
	bool window =
		!whole && r->window && r->window == p->window && r->valid & MIGTRACE_VALID_WINDOW;
	int rc = 0;

	p->has_begun = false;
	if (!p->source->ops->slots || !p->source->ops->pages)
		return MT_PAGES_NONE;
	if (whole && !(r->state & MIGTRACE_STATE_LOGGING) && !r->events) {
		mt_pageset_clear(p->set);	/* nothing was logged, nothing need be read */
		p->tick = r->tick;
		p->window = 0;
		p->listed &= !(r->state & MIGTRACE_STATE_SLOTS);
		return MT_PAGES_TICK;
	}
	if (!p->listed || r->state & MIGTRACE_STATE_SLOTS)
		rc = list_slots(p);
	if (!rc)
		rc = read_set(p, r->tick, window ? MIGTRACE_SET_WINDOW : MIGTRACE_SET_TICK, p->set);
	if (rc == -EOPNOTSUPP || rc == -ENOTTY || rc == -ENOSYS)
		return MT_PAGES_NONE;
	if (rc)
		return MT_PAGES_LATE;
	p->has_begun = r->window != p->window && r->valid & MIGTRACE_VALID_WINDOW &&
		       !read_set(p, r->tick, MIGTRACE_SET_WINDOW, p->begun);
	p->tick = r->tick;
	/* One that is doubtful so far begins for us with the tick that is not. */
	p->window = r->valid & MIGTRACE_VALID_WINDOW ? r->window : 0;
	return whole ? MT_PAGES_TICK : window ? MT_PAGES_WINDOW : MT_PAGES_LOST;
}
