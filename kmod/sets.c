// SPDX-License-Identifier: GPL-2.0-only
/*
 * sets.c - the sets of pages that a session keeps, in line with the VM's memslots
 *
 * The session's thread makes a new table when KVM's generation of the memslots has changed:
 * it notes the memslots under kvm->srcu, allocates without any lock, and exchanges the
 * tables under the session's lock. A memslot that stays keeps its set.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "session.h"

/* What is noted of a memslot under kvm->srcu. */
struct noted {
	u32 slot;
	bool logging;
	u64 base_gfn, pages;
	const void *kvm_bitmap;
};

struct notes {
	u64 generation[2];
	unsigned int count, room;
	struct noted *noted;
};

static int by_slot(const void *a, const void *b)
{
	const struct noted *x = a, *y = b;

	return x->slot < y->slot ? -1 : x->slot > y->slot;
}

/* KVM's own memslots (TSS, APIC page) are above the user's, and never logged. */
static bool is_users(const struct kvm_memory_slot *slot)
{
	return slot->id >= 0 && slot->id < KVM_USER_MEM_SLOTS && slot->npages;
}

static bool generations_changed(struct kvm *kvm, const u64 *generation)
{
	bool changed = false;
	unsigned int as;
	int idx = srcu_read_lock(&kvm->srcu);

	for (as = 0; as < migtrace_nr_as_ids(kvm); as++)
		changed |= __kvm_memslots(kvm, as)->generation != generation[as];
	srcu_read_unlock(&kvm->srcu, idx);
	return changed;
}

/* Fills in at most notes->room; notes->count tells how many there are. */
static void note(struct kvm *kvm, struct notes *notes)
{
	struct kvm_memory_slot *slot;
	struct kvm_memslots *slots;
	unsigned int as;
	int bkt, idx = srcu_read_lock(&kvm->srcu);

	notes->count = 0;
	for (as = 0; as < migtrace_nr_as_ids(kvm); as++) {
		slots = __kvm_memslots(kvm, as);
		notes->generation[as] = slots->generation;
		kvm_for_each_memslot(slot, bkt, slots) {
			if (!is_users(slot))
				continue;
			if (notes->count < notes->room)
				notes->noted[notes->count] = (struct noted) {
					.slot = as << 16 | slot->id,
					.logging = slot->flags & KVM_MEM_LOG_DIRTY_PAGES,
					.base_gfn = slot->base_gfn,
					.pages = slot->npages,
					.kvm_bitmap = slot->dirty_bitmap,
				};
			notes->count++;
		}
	}
	srcu_read_unlock(&kvm->srcu, idx);
}

static void *bits_alloc(u64 pages)
{
	return __vmalloc(BITS_TO_LONGS(pages) * sizeof(long),
			 GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN);
}

static void set_free(struct migtrace_set *set)
{
	if (!set)
		return;
	vfree(set->tick);
	vfree(set->window);
	vfree(set->published);
	kvfree(set->touched);
	kvfree(set->touched_published);
	kfree(set);
}

void migtrace_sets_free(struct migtrace_sets *sets)
{
	unsigned int i;

	if (!sets)
		return;
	for (i = 0; i < sets->count; i++)
		set_free(sets->set[i]);
	kvfree(sets);
}

/* Before logging begins, a set is what KVM's bitmap will be at that moment. */
static void set_prepare(const struct migtrace_session *s, struct migtrace_set *set)
{
	size_t longs = migtrace_set_longs(set);
	int fill = s->initially_set ? 0xff : 0;

	memset(set->a, fill, longs * sizeof(long));
	memset(set->b, fill, longs * sizeof(long));
	set->a[longs - 1] &= BITMAP_LAST_WORD_MASK(set->pages);
	set->b[longs - 1] &= BITMAP_LAST_WORD_MASK(set->pages);
	set->unknown_pages = s->initially_set ? set->pages : 0;
}

static struct migtrace_set *set_new(const struct migtrace_session *s, const struct noted *n)
{
	struct migtrace_set *set = kzalloc(sizeof(*set), GFP_KERNEL_ACCOUNT);

	if (!set)
		return NULL;
	set->slot = n->slot;
	set->base_gfn = n->base_gfn;
	set->pages = n->pages;
	set->tick = bits_alloc(n->pages);
	set->window = bits_alloc(n->pages);
	set->published = bits_alloc(n->pages);
	if (!set->tick || !set->window || !set->published)
		goto free;
	if (s->ring && n->pages >= MIGTRACE_PARTS_FROM) {
		set->touched = kvzalloc(migtrace_set_parts(set), GFP_KERNEL_ACCOUNT);
		set->touched_published = kvzalloc(migtrace_set_parts(set), GFP_KERNEL_ACCOUNT);
		if (!set->touched || !set->touched_published)
			goto free;
	}
	if (s->ring)
		return set;
	/* A memslot that is logged as the session begins has pages of unknown age; one that
	 * comes later, logged from its first moment, has not.
	 */
	set->adopt = !s->sets && n->logging;
	if (!set->adopt)
		set_prepare(s, set);
	return set;
free:
	set_free(set);
	return NULL;
}

static bool same_memory(const struct migtrace_set *set, const struct noted *n)
{
	return set->base_gfn == n->base_gfn && set->pages == n->pages;
}

/* Logging went off, or off and on again, while the memslot stayed. */
static void logging_off(struct migtrace_session *s, struct migtrace_set *set)
{
	raw_spin_lock(&s->lock);
	s->window.clean = false;
	if (s->ring) {
		set->logging = false;
	} else {
		/* Bits that appeared after the last look went with KVM's bitmap. */
		s->counts.state |= MIGTRACE_STATE_LOWER_BOUND;
		set->ending = true;
	}
	raw_spin_unlock(&s->lock);
}

void migtrace_set_ended(struct migtrace_session *s, struct migtrace_set *set)
{
	set->logging = false;
	set->ending = false;
	set->leftover = true;
	set_prepare(s, set);
	/* It may be on again: look anew. */
	s->sets->generation[0] = ~0ULL;
}

void migtrace_set_forget(struct migtrace_set *set)
{
	if (!set->leftover)
		return;
	set->leftover = false;
	memset(set->published, 0, migtrace_set_longs(set) * sizeof(long));
}

static void logging_on(struct migtrace_session *s, struct migtrace_set *set)
{
	set->logging = true;
	/* It is a clean start unless the session came later, or the bitmap begins all ones: then
	 * that comes with the first reset or clears.
	 */
	if (s->sets && !set->unknown_pages && !set->adopt) {
		s->window.pending = true;
		s->window.pending_ns = s->logging_ns ?: s->start_ns;
	} else {
		s->window.clean = false;
	}
}

static void set_gone(struct migtrace_session *s, struct migtrace_set *set)
{
	/* Bits that appeared after the last look went with KVM's bitmap. */
	if (set->logging && !s->ring) {
		raw_spin_lock(&s->lock);
		s->window.clean = false;
		s->counts.state |= MIGTRACE_STATE_LOWER_BOUND;
		raw_spin_unlock(&s->lock);
	}
	set_free(set);
}

static int exchange(struct migtrace_session *s, struct migtrace_sets *new, const struct notes *notes)
{
	struct migtrace_sets *old = s->sets;
	unsigned int i, fresh = 0;

	for (i = 0; i < new->count; i++) {
		const struct noted *n = &notes->noted[i];
		struct migtrace_set *set = old ? migtrace_sets_find(old, n->slot) : NULL;

		if (set && same_memory(set, n)) {
			if (set->logging && (!n->logging || set->kvm_bitmap != n->kvm_bitmap))
				logging_off(s, set);
			new->set[i] = set;
			continue;
		}
		new->set[i] = set_new(s, n);
		if (!new->set[i])
			goto undo;
		fresh++;
	}

	raw_spin_lock(&s->lock);
	for (i = 0; i < new->count; i++) {
		if (new->set[i]->ending)
			continue;
		new->set[i]->kvm_bitmap = notes->noted[i].kvm_bitmap;
		if (notes->noted[i].logging && !new->set[i]->logging)
			logging_on(s, new->set[i]);
	}
	s->sets = new;
	s->counts.state |= MIGTRACE_STATE_SLOTS;
	s->counts.state &= ~MIGTRACE_STATE_NO_MEMORY;
	raw_spin_unlock(&s->lock);

	for (i = 0; old && i < old->count; i++) {
		struct migtrace_set *set = migtrace_sets_find(new, old->set[i]->slot);

		if (set != old->set[i])
			set_gone(s, old->set[i]);
	}
	kvfree(old);
	return 0;
undo:
	while (i--) {
		struct migtrace_set *set = old ? migtrace_sets_find(old, new->set[i]->slot) : NULL;

		if (set != new->set[i])
			set_free(new->set[i]);
	}
	return -ENOMEM;
}

int migtrace_sets_sync(struct migtrace_session *s)
{
	struct migtrace_sets *new;
	struct notes notes = {};
	int err = -ENOMEM;

	if (s->sets && !generations_changed(s->kvm, s->sets->generation))
		return 0;

	note(s->kvm, &notes);
	notes.room = notes.count;
	notes.noted = kvcalloc(notes.room + 1, sizeof(*notes.noted), GFP_KERNEL_ACCOUNT);
	if (!notes.noted)
		return -ENOMEM;
	note(s->kvm, &notes);
	if (notes.count > notes.room) {
		err = -EAGAIN;
		goto free;
	}
	sort(notes.noted, notes.count, sizeof(*notes.noted), by_slot, NULL);

	new = kvzalloc(struct_size(new, set, notes.count), GFP_KERNEL_ACCOUNT);
	if (!new)
		goto free;
	new->count = notes.count;
	memcpy(new->generation, notes.generation, sizeof(new->generation));
	err = exchange(s, new, &notes);
	if (err)
		kvfree(new);
free:
	kvfree(notes.noted);
	return err;
}

struct migtrace_set *migtrace_sets_find(struct migtrace_sets *sets, u32 slot)
{
	unsigned int low = 0, high = sets->count, last = READ_ONCE(sets->last);

	if (last < high && sets->set[last]->slot == slot)
		return sets->set[last];
	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (sets->set[middle]->slot == slot) {
			WRITE_ONCE(sets->last, middle);
			return sets->set[middle];
		}
		if (sets->set[middle]->slot < slot)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

void migtrace_set_clear(const struct migtrace_set *set, unsigned long *bits, u8 *touched)
{
	size_t longs = migtrace_set_longs(set), part, parts = migtrace_set_parts(set);
	const size_t part_longs = MIGTRACE_PART_PAGES / BITS_PER_LONG;

	if (!touched) {
		memset64((u64 *)bits, 0, longs);
		return;
	}
	for (part = 0; part < parts; part++) {
		size_t from = part * part_longs;

		if (!touched[part])
			continue;
		touched[part] = 0;
		memset64((u64 *)bits + from, 0, min(part_longs, longs - from));
		cond_resched();
	}
}
