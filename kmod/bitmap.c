// SPDX-License-Identifier: GPL-2.0-only
/*
 * bitmap.c - reading the dirty bitmaps of a VM's memslots, in passing
 *
 * KVM sets a page's bit when it logs it; the VMM reads the bitmap and has bits cleared, 64
 * at a time, and only then is the page's next write logged. At each tick we look for bits
 * that were not there before. What was both set and cleared between two looks is told by
 * the clear, which names the bits that it found set. So each time that a page is logged is
 * counted once, by the one or the other; enum migtrace_set's pair (a, b) keeps them apart.
 *
 * KVM clears bits first and tells of it afterwards, without our lock in between:
 * - A look in between finds a known bit gone. It leaves it known: the clear takes it back.
 * - A new bit that is gone was not seen by the look, and is counted by the clear.
 * - A bit that is set again in between is taken for the old one until the clear says that
 *   that has gone, and is found by the next look.
 *
 * If the VMM asked for KVM_DIRTY_LOG_INITIALLY_SET, the bitmap of a memslot whose logging
 * begins is all ones though nothing was written: the VMM's first harvest, and with QEMU the
 * second, which clears, reports the whole guest. Such bits are known from the start, so they
 * are no events; the page's own writes are seen from its first clear on.
 */
#include <linux/bitops.h>
#include <linux/sched.h>

#include "bitmap.h"

/* Words looked at before the lock is let go: 256 MiB of guest. */
#define BATCH	1024

/* @kvm_bitmap is NULL once the memslot, or its log, has gone. Returns a sum of its own. */
typedef u64 scan_words(struct migtrace_session *s, struct migtrace_set *set,
		       const unsigned long *kvm_bitmap, size_t from, size_t to);

static bool is_live(const struct migtrace_set *set, size_t part)
{
	return set->part_epoch[part] == set->epoch;
}

/* The bits of a part are to be those of the log that runs: as it began, if nobody was here yet. */
static void make_live(struct migtrace_set *set, size_t part)
{
	size_t from = part * MIGTRACE_PART_LONGS, longs = migtrace_set_longs(set);
	size_t n = min_t(size_t, MIGTRACE_PART_LONGS, longs - from);
	unsigned long fill = set->birth == MIGTRACE_BIRTH_ONES ? ~0UL : 0;

	if (likely(is_live(set, part)))
		return;
	set->part_epoch[part] = set->epoch;
	memset64((u64 *)set->a + from, fill, n);
	memset64((u64 *)set->b + from, fill, n);
	memset64((u64 *)set->unknown + from, fill, n);
	if (fill && from + n == longs) {
		set->a[longs - 1] &= BITMAP_LAST_WORD_MASK(set->pages);
		set->b[longs - 1] &= BITMAP_LAST_WORD_MASK(set->pages);
		set->unknown[longs - 1] &= BITMAP_LAST_WORD_MASK(set->pages);
	}
}

/* Call @scan on all words of a memslot, lock held, a batch at a time. Returns its sum. */
static u64 scan_set(struct migtrace_session *s, struct migtrace_set *set, scan_words *scan)
{
	size_t longs = migtrace_set_longs(set), from, to;
	struct kvm_memory_slot *slot;
	u64 sum = 0, since_ns;
	int idx;

	for (from = 0; from < longs; from = to) {
		const unsigned long *kvm_bitmap = NULL;

		to = min_t(size_t, from + BATCH, longs);
		idx = srcu_read_lock(&s->kvm->srcu);
		slot = id_to_memslot(__kvm_memslots(s->kvm, 0), (u16)set->slot);
		since_ns = migtrace_hold(s);
		if (slot && slot->npages == set->pages && slot->dirty_bitmap == set->kvm_bitmap)
			kvm_bitmap = slot->dirty_bitmap;
		sum += scan(s, set, kvm_bitmap, from, to);
		migtrace_unhold(s, since_ns, to - from);
		srcu_read_unlock(&s->kvm->srcu, idx);
		cond_resched();
	}
	return sum;
}

/*
 * A log that was there before us. It stays MIGTRACE_BIRTH_FOUND until all of it has been looked at.
 */
static u64 found_words(struct migtrace_session *s, struct migtrace_set *set,
		       const unsigned long *kvm_bitmap, size_t from, size_t to)
{
	u64 known = 0;
	size_t i;

	if (!set->found)
		return 0;
	for (i = from; i < to; i++) {
		unsigned long bits = kvm_bitmap ? READ_ONCE(kvm_bitmap[i]) : 0;

		set->a[i] = bits;
		set->b[i] = bits;
		set->unknown[i] = bits;
		known += hweight_long(bits);
	}
	for (i = from; i < to; i += MIGTRACE_PART_LONGS)
		set->part_epoch[i / MIGTRACE_PART_LONGS] = set->epoch;
	set->unknown_pages += known;
	return known;
}

void migtrace_bitmap_found(struct migtrace_session *s)
{
	unsigned int i;

	for (i = 0; i < s->sets->count; i++) {
		struct migtrace_set *set = s->sets->set[i];
		u32 epoch = READ_ONCE(set->epoch);

		if (!READ_ONCE(set->found) || !set->published)
			continue;
		scan_set(s, set, found_words);
		raw_spin_lock(&s->lock);
		if (set->epoch == epoch)
			WRITE_ONCE(set->found, false);
		raw_spin_unlock(&s->lock);
	}
}

static __always_inline u64 look(struct migtrace_session *s, struct migtrace_set *set,
				const unsigned long *kvm_bitmap, size_t from, size_t to)
{
	unsigned long *as = set->a, *bs = set->b, *published = set->published;
	u64 events = 0, pages = 0, window_pages = 0;
	size_t i;

	for (i = from; i < to; i++) {
		unsigned long bits = kvm_bitmap ? READ_ONCE(kvm_bitmap[i]) : 0;
		unsigned long a, b = bs[i], found, fresh;

		/* Mostly nothing has happened to 64 pages: what an idle guest costs is this. */
		if (!(bits | b)) {
			if (unlikely(published[i]))
				published[i] = 0;
			continue;
		}
		a = as[i];
		found = b & ~a;
		fresh = bits & ~(a & b);
		published[i] = found | fresh;
		if (!(found | fresh))
			continue;
		events += hweight_long(fresh);
		pages += hweight_long(found | fresh);
		window_pages += hweight_long(fresh & ~(a | b));
		as[i] = a | found | fresh;
		bs[i] = (a & b) | fresh;
	}
	s->counts.events += events;
	s->counts.pages += pages;
	s->window.pages += window_pages;
	return 0;
}

static void make_batch_live(struct migtrace_set *set, size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to; i += MIGTRACE_PART_LONGS)
		make_live(set, i / MIGTRACE_PART_LONGS);
}

/* One loop for each case, so that neither asks at each word which it is. */
static u64 tick_words(struct migtrace_session *s, struct migtrace_set *set,
		      const unsigned long *kvm_bitmap, size_t from, size_t to)
{
	if (unlikely(set->found))	/* a log that has begun since */
		return 0;
	make_batch_live(set, from, to);
	return kvm_bitmap ? look(s, set, kvm_bitmap, from, to) : look(s, set, NULL, from, to);
}

/* The last look of a log that has ended: what its clears have found since the one before. */
static u64 ending_words(struct migtrace_session *s, struct migtrace_set *set,
			const unsigned long *kvm_bitmap, size_t from, size_t to)
{
	size_t i, n;

	if (unlikely(!set->ending))
		return 0;
	for (i = from; i < to; i += n) {
		n = min(MIGTRACE_PART_LONGS, to - i);
		if (is_live(set, i / MIGTRACE_PART_LONGS))
			look(s, set, NULL, i, i + n);
		else
			memset64((u64 *)set->published + i, 0, n);
	}
	return 0;
}

/* Pages that are dirty as a window begins: those it begins with. Returns how many. */
static u64 begin_words(struct migtrace_session *s, struct migtrace_set *set,
		       const unsigned long *kvm_bitmap, size_t from, size_t to)
{
	u64 stale = 0;
	size_t i;

	if (unlikely(set->found))
		return 0;
	make_batch_live(set, from, to);
	for (i = from; i < to; i++) {
		unsigned long a = set->a[i], b = set->b[i];

		/* What a clear has found meanwhile stays found: it is the new window's too. */
		set->a[i] = a & b;
		stale += hweight_long(b);
	}
	return stale;
}

static bool all_known(const struct migtrace_session *s)
{
	unsigned int i;

	for (i = 0; i < s->sets->count; i++) {
		const struct migtrace_set *set = s->sets->set[i];

		if (set->logging && set->large &&
		    (set->unknown_pages || set->found || !set->published))
			return false;
	}
	return true;
}

/*
 * The next window begins with the clear that was seen last: pages found since then, by this
 * tick's look, count as its first. Pages that were known to be dirty and were not cleared
 * are the stale ones.
 */
static void begin_window(struct migtrace_session *s, u64 fresh_pages)
{
	struct migtrace_window *w = &s->window;
	u64 start_ns, commits, dirty = 0;
	unsigned int i;

	raw_spin_lock(&s->lock);
	commits = s->commits;
	start_ns = w->pending_ns;
	WRITE_ONCE(w->pending, false);
	w->pages = 0;
	raw_spin_unlock(&s->lock);

	for (i = 0; i < s->sets->count; i++)
		if (READ_ONCE(s->sets->set[i]->logging) && s->sets->set[i]->published)
			dirty += scan_set(s, s->sets->set[i], begin_words);

	raw_spin_lock(&s->lock);
	w->number++;
	w->start_ns = start_ns;
	w->stale_pages = dirty - min(dirty, fresh_pages);
	w->pages += dirty;
	w->wanted = false;
	/* A log that has ended or begun meanwhile has its say at the next tick. */
	w->clean = all_known(s) && commits == s->commits;
	raw_spin_unlock(&s->lock);
}

void migtrace_bitmap_tick(struct migtrace_session *s)
{
	bool begins;
	unsigned int i;
	u64 pages;

	migtrace_bitmap_found(s);
	begins = READ_ONCE(s->window.pending);
	raw_spin_lock(&s->lock);
	WRITE_ONCE(s->published_tick, 0);
	pages = s->counts.pages;
	raw_spin_unlock(&s->lock);

	for (i = 0; i < s->sets->count; i++) {
		struct migtrace_set *set = s->sets->set[i];

		if (!set->published)
			continue;
		if (READ_ONCE(set->logging)) {
			scan_set(s, set, tick_words);
		} else if (READ_ONCE(set->ending)) {
			scan_set(s, set, ending_words);
			migtrace_set_ended(s, set);
		} else {
			migtrace_set_forget(set);
		}
	}
	if (begins)
		begin_window(s, s->counts.pages - pages);
}

/* From now on the writes of these pages are seen. */
static void forget_unknown(struct migtrace_set *set, size_t i, unsigned long mask)
{
	unsigned long unknown = set->unknown[i];

	if (likely(!(unknown & mask)))
		return;
	set->unknown_pages -= hweight_long(unknown & mask);
	set->unknown[i] = unknown & ~mask;
}

/* Cleared while the thread still looks at what it has found: nobody's, and no longer known. */
static void clear_found(struct migtrace_set *set, size_t i, unsigned long mask)
{
	set->b[i] &= ~(mask & set->a[i]);
	forget_unknown(set, i, mask);
}

void migtrace_bitmap_cleared(struct migtrace_session *s, u32 slot, u64 first, unsigned long mask)
{
	struct migtrace_set *set = migtrace_sets_find(s->sets, slot);
	unsigned long a, b, known, fresh;
	size_t i = first / BITS_PER_LONG;

	s->counts.resets++;
	s->counts.cleared_pages += hweight_long(mask);
	/* Of a log whose set is still to be made, or cannot be had. */
	if (!set || !set->published || !set->logging || first >= set->pages) {
		s->counts.state |= MIGTRACE_STATE_LOWER_BOUND;
		s->missed = true;
		return;
	}
	if (unlikely(set->found)) {
		if (is_live(set, i / MIGTRACE_PART_LONGS))
			clear_found(set, i, mask);
		return;
	}
	make_live(set, i / MIGTRACE_PART_LONGS);
	a = set->a[i];
	b = set->b[i];
	known = mask & a & b;
	fresh = mask & ~known;
	s->counts.events += hweight_long(fresh);
	s->window.pages += hweight_long(fresh & ~(a | b));
	set->a[i] = a & ~fresh;
	set->b[i] = (b & ~known) | fresh;
	forget_unknown(set, i, mask);

	if (set->large && (s->window.due || s->window.pending)) {
		WRITE_ONCE(s->window.pending, true);
		s->window.pending_ns = ktime_get_ns();
	}
}
