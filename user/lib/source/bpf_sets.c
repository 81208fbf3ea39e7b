// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bpf_sets.c - which pages of which memslot: the bits that the dirty probe set, collected
 */
#include <errno.h>
#include <string.h>

#include "bpf_sets.h"

#define PAGES_PER_WORD	64
#define WORDS_PER_GIB	4096

static uint64_t words_of(uint64_t pages)
{
	return (pages + PAGES_PER_WORD - 1) / PAGES_PER_WORD;
}

uint64_t mt_bpf_sets_words(const struct mte_walk *walk)
{
	uint64_t words = 0;

	for (uint32_t i = 0; i < walk->count && i < MTE_WALK_MAX; i++)
		words += words_of(walk->slot[i].pages);
	/* A quarter more and 1 GiB, since the map cannot grow while the probe runs. */
	return words + words / 4 + WORDS_PER_GIB;
}

static void set_free(struct mt_bpf_set *set)
{
	free(set->tick);
	free(set->window);
}

void mt_bpf_sets_fini(struct mt_bpf_sets *s)
{
	for (size_t i = 0; i < s->count; i++)
		set_free(&s->set[i]);
	free(s->set);
	s->set = NULL;
	s->count = 0;
}

struct mt_bpf_set *mt_bpf_sets_find(const struct mt_bpf_sets *s, uint32_t slot)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (s->set[middle].slot == slot)
			return &s->set[middle];
		if (s->set[middle].slot < slot)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* --- memslots come and go ----------------------------------------------------------------- */
static int by_slot(const void *a, const void *b)
{
	const struct mt_bpf_set *x = a, *y = b;

	return x->slot < y->slot ? -1 : x->slot > y->slot;
}

static int by_word(const void *a, const void *b)
{
	const struct mt_bpf_set *const *x = a, *const *y = b;

	return (*x)->first_word < (*y)->first_word ? -1 : (*x)->first_word > (*y)->first_word;
}

/* The first gap of @words between those placed. */
static bool find_room(const struct mt_bpf_sets *s, const struct mt_bpf_set *set, size_t n,
		      uint64_t words, uint32_t *first, struct mt_bpf_set const **order)
{
	uint64_t at = 0;
	size_t placed = 0;

	for (size_t i = 0; i < n; i++)
		if (set[i].placed)
			order[placed++] = &set[i];
	qsort(order, placed, sizeof(*order), by_word);
	for (size_t i = 0; i < placed; i++) {
		if (order[i]->first_word >= at + words)
			break;
		at = order[i]->first_word + words_of(order[i]->pages);
	}
	*first = (uint32_t)at;
	return at + words <= s->n_words;
}

static void publish(struct mt_bpf_sets *s, const struct mt_bpf_set *set, uint32_t pages)
{
	struct mte_slot *row = &s->table[set->slot & (MTE_SLOT_IDS - 1)];

	/* The probe reads pages first. */
	if (pages)
		__atomic_store_n(&row->first_word, set->first_word, __ATOMIC_RELAXED);
	__atomic_store_n(&row->pages, pages, __ATOMIC_RELEASE);
}

static bool place(struct mt_bpf_sets *s, struct mt_bpf_set *set, struct mt_bpf_set *all, size_t n)
{
	uint64_t words = words_of(set->pages);
	const struct mt_bpf_set **order = calloc(n, sizeof(*order));
	bool fits = order && set->pages <= UINT32_MAX &&
		    find_room(s, all, n, words, &set->first_word, order);

	free(order);
	if (!fits)
		return false;
	set->tick = calloc(words, sizeof(*set->tick));
	set->window = calloc(words, sizeof(*set->window));
	if (!set->tick || !set->window)
		return false;
	memset(&s->words[set->first_word], 0, words * sizeof(*s->words));
	set->placed = true;
	publish(s, set, (uint32_t)set->pages);
	return true;
}

int mt_bpf_sets_sync(struct mt_bpf_sets *s, const struct mte_walk *walk)
{
	size_t n = walk->count < MTE_WALK_MAX ? walk->count : MTE_WALK_MAX;
	struct mt_bpf_set *new = calloc(n + 1, sizeof(*new));
	int what = walk->count > MTE_WALK_MAX ? MT_BPF_SETS_NO_ROOM : 0;

	if (!new)
		return -ENOMEM;
	s->logged_pages = 0;
	s->lacking = false;
	for (size_t i = 0; i < n; i++) {
		const struct mte_walk_slot *w = &walk->slot[i];
		uint32_t slot = (uint32_t)w->as_id << 16 | w->id;
		struct mt_bpf_set *old = mt_bpf_sets_find(s, slot);
		bool logging = w->flags & 1;	/* KVM_MEM_LOG_DIRTY_PAGES */

		if (old && old->base_gfn == w->base_gfn && old->pages == w->pages) {
			new[i] = *old;
			old->tick = old->window = NULL;
			old->pages = 0;
		} else {
			what |= MT_BPF_SETS_CHANGED;
		}
		new[i].slot = slot;
		new[i].base_gfn = w->base_gfn;
		new[i].pages = w->pages;
		/*
		 * Off and on again since we looked: another bitmap. With rings there is nothing to
		 * tell by.
		 */
		if (logging && new[i].logging && new[i].dirty_bitmap != w->dirty_bitmap)
			what |= MT_BPF_SETS_RESTART | MT_BPF_SETS_LOGGING;
		new[i].dirty_bitmap = w->dirty_bitmap;
		if (logging && !new[i].logging)
			what |= MT_BPF_SETS_LOGGING;
		if (logging != new[i].logging)
			what |= MT_BPF_SETS_CHANGED;
		new[i].logging = logging;
		/* Elsewhere the same memory is listed again, for SMM. */
		s->logged_pages += logging && !w->as_id ? w->pages : 0;
	}
	for (size_t i = 0; i < s->count; i++) {
		if (!s->set[i].pages)
			continue;
		what |= MT_BPF_SETS_CHANGED;
		publish(s, &s->set[i], 0);
		set_free(&s->set[i]);
	}
	for (size_t i = 0; i < n; i++)
		if (!new[i].placed && !place(s, &new[i], new, n))
			s->lacking |= new[i].logging;
	qsort(new, n, sizeof(*new), by_slot);
	free(s->set);
	s->set = new;
	s->count = n;
	return what;
}

/* --- collecting --------------------------------------------------------------------------- */
static uint64_t take(__u64 *word)
{
	return *(volatile __u64 *)word ? __atomic_exchange_n(word, 0, __ATOMIC_RELAXED) : 0;
}

static uint64_t count(uint64_t bits)
{
	return (uint64_t)__builtin_popcountll(bits);
}

void mt_bpf_sets_collect(struct mt_bpf_sets *s, unsigned before, unsigned last, bool begins,
			 struct mt_bpf_counts *counts)
{
	for (size_t k = 0; k < s->count; k++) {
		struct mt_bpf_set *set = &s->set[k];
		struct mte_word *words = &s->words[set->first_word];
		uint64_t n = set->placed ? words_of(set->pages) : 0;

		for (uint64_t i = 0; i < n; i++) {
			uint64_t earlier = before < MTE_LANES ? take(&words[i].lane[before]) : 0;
			uint64_t bits = take(&words[i].lane[last]);

			if (begins)
				set->window[i] = 0;
			set->tick[i] = bits | earlier;
			if (!(bits | earlier))
				continue;
			counts->pages += count(bits | earlier);
			counts->window_pages += count(bits & ~set->window[i]);
			set->window[i] |= bits;
		}
	}
}

void mt_bpf_sets_stale(struct mt_bpf_sets *s, unsigned current, struct mt_bpf_counts *counts)
{
	for (size_t k = 0; k < s->count; k++) {
		struct mt_bpf_set *set = &s->set[k];
		struct mte_word *words = &s->words[set->first_word];
		uint64_t n = set->placed ? words_of(set->pages) : 0;

		for (uint64_t i = 0; i < n; i++) {
			uint64_t dirty = take(&words[i].lane[MTE_LANE_SCRATCH]);
			uint64_t now = __atomic_load_n(&words[i].lane[current], __ATOMIC_RELAXED);

			dirty &= ~(set->window[i] | now);
			if (!dirty)
				continue;
			set->window[i] |= dirty;
			counts->stale_pages += count(dirty);
			counts->window_pages += count(dirty);
		}
	}
}

int mt_bpf_sets_pages(const struct mt_bpf_sets *s, const struct migtrace_pages *p)
{
	const struct mt_bpf_set *set = mt_bpf_sets_find(s, (uint32_t)p->as_id << 16 | p->id);
	uint64_t *to = (uint64_t *)(uintptr_t)p->bitmap_ptr;
	const uint64_t *from;
	uint64_t words;

	if (!set || !set->placed)
		return -ENXIO;
	if (p->kind > MIGTRACE_SET_WINDOW || p->first_page % PAGES_PER_WORD ||
	    p->first_page > set->pages || p->page_count > set->pages - p->first_page)
		return -EINVAL;
	words = words_of(p->page_count);
	from = (p->kind == MIGTRACE_SET_TICK ? set->tick : set->window) +
	       p->first_page / PAGES_PER_WORD;
	memcpy(to, from, words * sizeof(*to));
	/* Not what lies behind the last page wanted. */
	if (p->page_count % PAGES_PER_WORD)
		to[words - 1] &= (1ULL << p->page_count % PAGES_PER_WORD) - 1;
	return 0;
}
