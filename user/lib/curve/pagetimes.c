// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pagetimes.c - when each page was dirtied last, and in how many seconds (PURE)
 */
#include <string.h>

#include "pagetimes.h"

#define CHUNK_PAGES	65536u
#define CHUNK_WORDS	(CHUNK_PAGES / 64)

struct mt_pagetimes_chunk {
	bool marked;			/* any of now */
	uint64_t now[CHUNK_WORDS];	/* dirtied in the stretch that runs */
	uint32_t pages[CHUNK_PAGES];	/* the last stretch, and above it the seconds before */
};

/* A page: in its second stretch that counted as a second it has ONE_SECOND, and so on. */
#define STRETCH		(MT_PAGETIMES_STRETCHES - 1)
#define ONE_SECOND	((uint32_t)MT_PAGETIMES_STRETCHES)
#define SECONDS_MAX	(UINT32_MAX / MT_PAGETIMES_STRETCHES)

/*
 * A stretch: how many of the open paths began after it. A page never dirtied is new to more than
 * there are.
 */
#define NEW_TO		0x1f
#define NEVER		(MT_PAGETIMES_PATHS + 1)
#define WAS_SECOND_BIT	7
_Static_assert(NEVER <= NEW_TO, "there is room for how many paths there are");

/*
 * Pages that are dirtied for the first time in their stretch are looked up together: most of that
 * is waiting for memory.
 */
#define BATCH		512

struct adding {
	struct mt_pagetimes *t;
	uint32_t *pages[BATCH];
	size_t n;
	uint64_t new_to[NEW_TO + 1];	/* pages by how many of the paths they are new to */
};

void mt_pagetimes_init(struct mt_pagetimes *t)
{
	memset(t, 0, sizeof(*t));
	t->stretches[0] = NEVER;
	t->now = 1;
}

void mt_pagetimes_fini(struct mt_pagetimes *t)
{
	for (size_t i = 0; i < t->n_chunks; i++)
		free(t->chunks[i]);
	free(t->chunks);
	memset(t, 0, sizeof(*t));
}

static struct mt_pagetimes_chunk *chunk_of(struct mt_pagetimes *t, size_t i)
{
	if (i >= t->n_chunks) {
		struct mt_pagetimes_chunk **more = reallocarray(t->chunks, i + 1, sizeof(*more));

		if (!more)
			return NULL;
		memset(more + t->n_chunks, 0, (i + 1 - t->n_chunks) * sizeof(*more));
		t->chunks = more;
		t->n_chunks = i + 1;
	}
	if (!t->chunks[i])
		t->chunks[i] = calloc(1, sizeof(*t->chunks[i]));
	return t->chunks[i];
}

static uint32_t seconds_after(const struct mt_pagetimes *t, uint32_t page)
{
	return (page & ~STRETCH) + (t->stretches[page & STRETCH] >> WAS_SECOND_BIT) * ONE_SECOND;
}

static void settle(struct adding *a)
{
	const struct mt_pagetimes *t = a->t;
	uint32_t was[BATCH];

	/* A loop of its own: loads that depend on nothing are under way side by side. */
	for (size_t i = 0; i < a->n; i++)
		was[i] = *a->pages[i];
	for (size_t i = 0; i < a->n; i++) {
		a->new_to[t->stretches[was[i] & STRETCH] & NEW_TO]++;
		*a->pages[i] = seconds_after(t, was[i]) | t->now;
	}
	a->t->now_pages += a->n;
	a->n = 0;
}

/*
 * 64 neighbours at once, if they have the same past. That is usual: who writes memory in order did
 * so before.
 */
static bool settle_alike(struct adding *a, uint32_t *pages)
{
	uint32_t was = pages[0], other = 0, is;

	for (size_t i = 0; i < 64; i++)
		other |= pages[i] ^ was;
	if (other)
		return false;
	is = seconds_after(a->t, was) | a->t->now;
	for (size_t i = 0; i < 64; i++)
		pages[i] = is;
	a->new_to[a->t->stretches[was & STRETCH] & NEW_TO] += 64;
	a->t->now_pages += 64;
	return true;
}

static void on_words(void *opaque, const struct mt_pageword *words, size_t n)
{
	struct adding *a = opaque;
	struct mt_pagetimes *t = a->t;

	for (size_t i = 0; i < n; i++) {
		size_t at = words[i].index % CHUNK_WORDS, chunk = words[i].index / CHUNK_WORDS;
		struct mt_pagetimes_chunk *c = chunk < t->n_chunks && t->chunks[chunk] ?
						       t->chunks[chunk] :
						       chunk_of(t, chunk);
		uint64_t first;

		if (!c) {
			t->failed = true;
			return;
		}
		first = words[i].bits & ~c->now[at];
		if (!first)
			continue;
		c->now[at] |= first;
		c->marked = true;
		if (first == UINT64_MAX && settle_alike(a, &c->pages[64 * at]))
			continue;
		if (a->n > BATCH - 64)
			settle(a);
		for (; first; first &= first - 1) {
			uint32_t *page = &c->pages[64 * at + (size_t)__builtin_ctzll(first)];

			__builtin_prefetch(page, 1);
			a->pages[a->n++] = page;
		}
	}
}

void mt_pagetimes_add(struct mt_pagetimes *t, const struct mt_pageset *set)
{
	struct adding a;

	a.t = t;
	a.n = 0;
	memset(a.new_to, 0, sizeof(a.new_to));
	mt_pageset_walk(set, on_words, &a);
	settle(&a);
	t->all_pages += a.new_to[NEVER];
	/* From here on: to that many at least. */
	for (size_t i = NEVER; i-- > 0; )
		a.new_to[i] += a.new_to[i + 1];
	for (size_t i = 0; i < MT_PAGETIMES_PATHS; i++) {
		struct mt_pagetimes_path *p = &t->paths[i];

		/* As many as began after it began after what is in it. */
		if (p->since)
			p->pages += a.new_to[(t->stretches[p->since] & NEW_TO) + 1];
	}
}

/* --- stretches ------------------------------------------------------------ */
static void each_page(const struct mt_pagetimes *t, void (*fn)(void *opaque, uint32_t *page),
		      void *opaque)
{
	for (size_t i = 0; i < t->n_chunks; i++)
		for (size_t k = 0; t->chunks[i] && k < CHUNK_PAGES; k++)
			if (t->chunks[i]->pages[k])
				fn(opaque, &t->chunks[i]->pages[k]);
}

static uint32_t renumbered(const struct mt_pagetimes *t, unsigned open, uint32_t stretch)
{
	return 1 + open - (t->stretches[stretch] & NEW_TO);
}

struct renumbering {
	const struct mt_pagetimes *t;
	unsigned open;
};

static void renumber_page(void *opaque, uint32_t *page)
{
	const struct renumbering *r = opaque;

	*page = seconds_after(r->t, *page) | renumbered(r->t, r->open, *page & STRETCH);
}

/* Of stretches that are over it only matters which paths began after them. */
static void renumber(struct mt_pagetimes *t)
{
	struct renumbering r = { .t = t };

	for (size_t i = 0; i < MT_PAGETIMES_PATHS; i++)
		r.open += t->paths[i].since != 0;
	each_page(t, renumber_page, &r);
	for (size_t i = 0; i < MT_PAGETIMES_PATHS; i++)
		if (t->paths[i].since)
			t->paths[i].since = renumbered(t, r.open, t->paths[i].since);
	t->now = r.open + 1;
	for (uint32_t stretch = 1; stretch <= t->now; stretch++)
		t->stretches[stretch] = (uint8_t)(1 + r.open - stretch);
}

void mt_pagetimes_turn(struct mt_pagetimes *t, bool second)
{
	second &= t->seconds < SECONDS_MAX;
	t->seconds += second;
	if (!t->now_pages)
		return;
	t->stretches[t->now] |= (uint8_t)(second << WAS_SECOND_BIT);
	if (t->now == STRETCH)
		renumber(t);
	t->stretches[++t->now] = 0;
	t->now_pages = 0;
	for (size_t i = 0; i < t->n_chunks; i++)
		if (t->chunks[i] && t->chunks[i]->marked) {
			memset(t->chunks[i]->now, 0, sizeof(t->chunks[i]->now));
			t->chunks[i]->marked = false;
		}
}

void mt_pagetimes_begin_path(struct mt_pagetimes *t, size_t i)
{
	mt_pagetimes_turn(t, false);
	for (uint32_t stretch = 1; stretch < t->now; stretch++)
		t->stretches[stretch]++;
	t->paths[i] = (struct mt_pagetimes_path){ .since = t->now };
}

void mt_pagetimes_end_path(struct mt_pagetimes *t, size_t i)
{
	for (uint32_t stretch = 1; stretch < t->paths[i].since; stretch++)
		t->stretches[stretch]--;
	t->paths[i].since = 0;
}

/* --- what is hot ---------------------------------------------------------- */
struct counting {
	const struct mt_pagetimes *t;
	uint32_t least;
	uint64_t pages;
};

static void count_page(void *opaque, uint32_t *page)
{
	struct counting *c = opaque;

	c->pages += seconds_after(c->t, *page) >= c->least;
}

uint64_t mt_pagetimes_in_seconds(const struct mt_pagetimes *t, unsigned times)
{
	struct counting c = { .t = t, .least = times * ONE_SECOND };

	if (times > SECONDS_MAX)
		return 0;
	each_page(t, count_page, &c);
	return c.pages;
}
