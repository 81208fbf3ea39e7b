// SPDX-License-Identifier: GPL-2.0-only
/*
 * sets.c - the sets of pages that a session keeps, in line with the VM's memslots
 *
 * The session's thread makes a new table when KVM's generation of the memslots has changed:
 * it notes the memslots under kvm->srcu, allocates without any lock, and exchanges the
 * tables under the session's lock. A memslot that stays keeps its set.
 *
 * Logs begin and end with the changes that KVM commits, at the moment it does and not a tick
 * later: migtrace_sets_commit() is told of them while KVM still holds slots_lock, so before the
 * VMM can read or clear the new log, and after the old one's last clear. A VMM that measures
 * for a second and then again has one log end and the next begin within a tick; a bitmap may
 * even have the address of the one before. So the thread believes what commits say, not what it
 * has noted, and drops its notes if there was a commit since it took them. Only without that hook,
 * or after it missed something, does it go by its notes: then logs are taken as found.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>

#include "ring.h"
#include "session.h"

/* What is noted of a memslot under kvm->srcu. */
struct noted {
	u32 slot;
	bool logging;
	u64 base_gfn, pages;
	const void *kvm_bitmap;
};

struct notes {
	u64 generation;
	u64 commits;
	unsigned int count, room;
	u64 most_pages;
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

static bool generation_changed(struct kvm *kvm, u64 generation)
{
	int idx = srcu_read_lock(&kvm->srcu);
	bool changed = __kvm_memslots(kvm, 0)->generation != generation;

	srcu_read_unlock(&kvm->srcu, idx);
	return changed;
}

/* Fills in at most notes->room; notes->count tells how many there are. */
static void note(struct kvm *kvm, struct notes *notes)
{
	struct kvm_memory_slot *slot;
	struct kvm_memslots *slots;
	int bkt, idx;

	notes->count = 0;
	notes->most_pages = 0;
	idx = srcu_read_lock(&kvm->srcu);
	slots = __kvm_memslots(kvm, 0);
	notes->generation = slots->generation;
	kvm_for_each_memslot(slot, bkt, slots) {
		if (!is_users(slot))
			continue;
		if (notes->count < notes->room)
			notes->noted[notes->count] = (struct noted) {
				.slot = slot->id,
				.logging = slot->flags & KVM_MEM_LOG_DIRTY_PAGES,
				.base_gfn = slot->base_gfn,
				.pages = slot->npages,
				.kvm_bitmap = slot->dirty_bitmap,
			};
		notes->count++;
		notes->most_pages = max_t(u64, notes->most_pages, slot->npages);
	}
	srcu_read_unlock(&kvm->srcu, idx);
}

/* ---- the memory of a set ---- */
static void *bits_alloc(u64 pages)
{
	return __vmalloc(BITS_TO_LONGS(pages) * sizeof(long),
			 GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN);
}

static void set_free(struct migtrace_session *s, struct migtrace_set *set)
{
	if (!set)
		return;
	s->cost.bytes -= set->bytes;
	vfree(set->tick);
	vfree(set->window);
	vfree(set->spare);
	vfree(set->published);
	kvfree(set->touched);
	kvfree(set->touched_published);
	kvfree(set->part_epoch);
	kfree(set);
}

void migtrace_sets_free(struct migtrace_session *s)
{
	unsigned int i;

	if (!s->sets)
		return;
	for (i = 0; i < s->sets->count; i++)
		set_free(s, s->sets->set[i]);
	kvfree(s->sets);
	s->sets = NULL;
}

/* Of all sets of a memslot, and what goes with them for each part. */
static u64 bits_bytes(u64 pages)
{
	return 4 * BITS_TO_LONGS(pages) * sizeof(long) +
	       DIV_ROUND_UP(pages, MIGTRACE_PART_PAGES) * sizeof(u32);
}

/*
 * A memslot may be as large as its VMM likes without any memory behind it, and there may be many:
 * a session has what it may have. For memslots that are not logged it is a quarter, and the rest
 * have theirs once they are.
 */
static bool has_room(const struct migtrace_session *s, const struct noted *n)
{
	size_t room = n->logging ? s->cost.bytes_max : s->cost.bytes_max / 4;

	return s->cost.bytes + bits_bytes(n->pages) <= room;
}

static bool bits_alloc_all(const struct migtrace_session *s, struct migtrace_set *set)
{
	set->tick = bits_alloc(set->pages);
	set->window = bits_alloc(set->pages);
	set->spare = bits_alloc(set->pages);
	set->published = bits_alloc(set->pages);
	if (!set->tick || !set->window || !set->spare || !set->published)
		return false;
	if (!s->ring) {
		set->part_epoch =
			kvcalloc(migtrace_set_parts(set), sizeof(u32), GFP_KERNEL_ACCOUNT);
		return set->part_epoch;
	}
	if (set->pages < MIGTRACE_PARTS_FROM)
		return true;
	set->touched = kvzalloc(migtrace_set_parts(set), GFP_KERNEL_ACCOUNT);
	set->touched_published = kvzalloc(migtrace_set_parts(set), GFP_KERNEL_ACCOUNT);
	return set->touched && set->touched_published;
}

static struct migtrace_set *set_new(struct migtrace_session *s, const struct noted *n)
{
	struct migtrace_set *set = kzalloc(sizeof(*set), GFP_KERNEL_ACCOUNT);

	if (!set)
		return NULL;
	set->slot = n->slot;
	set->base_gfn = n->base_gfn;
	set->pages = n->pages;
	if (!has_room(s, n))
		return set;
	set->bytes = bits_bytes(n->pages);
	s->cost.bytes += set->bytes;
	if (bits_alloc_all(s, set))
		return set;
	set_free(s, set);
	return NULL;
}

/* ---- logs begin and end; all under the lock ---- */

/* @clean: nothing is dirty but what the rings had before @now_ns. */
static void begin_window_at(struct migtrace_session *s, u64 now_ns)
{
	WRITE_ONCE(s->window.pending, true);
	s->window.pending_ns = now_ns;
	if (s->ring)
		migtrace_ring_mark(s);
}

static void begin_log(struct migtrace_session *s, struct migtrace_set *set,
		      enum migtrace_birth birth, const void *kvm_bitmap, u64 now_ns)
{
	WRITE_ONCE(set->logging, true);
	WRITE_ONCE(set->ending, false);
	set->logging_ns = birth == MIGTRACE_BIRTH_FOUND ? 0 : now_ns;
	set->kvm_bitmap = kvm_bitmap;
	set->birth = birth;
	WRITE_ONCE(set->epoch, set->epoch + 1);
	WRITE_ONCE(set->found, birth == MIGTRACE_BIRTH_FOUND && !s->ring);
	set->unknown_pages = birth == MIGTRACE_BIRTH_ONES ? set->pages : 0;
	if (s->ended_tick == s->tick)
		s->counts.state |= MIGTRACE_STATE_RESTART | MIGTRACE_STATE_LOWER_BOUND;
	if (!set->large)
		return;
	s->epoch++;
	/* It is a clean start unless we came later, or the bitmap begins all ones: then that comes
	 * with the first reset or clears.
	 */
	if (birth == MIGTRACE_BIRTH_CLEAN) {
		begin_window_at(s, now_ns);
	} else {
		s->window.clean = false;
		s->window.due = true;
	}
}

static void end_log(struct migtrace_session *s, struct migtrace_set *set)
{
	WRITE_ONCE(set->logging, false);
	set->kvm_bitmap = NULL;
	WRITE_ONCE(set->found, false);
	set->unknown_pages = 0;
	s->ended_tick = s->tick;
	if (set->large) {
		s->window.clean = false;
		WRITE_ONCE(s->window.pending, false);
	}
	if (s->ring)
		return;
	/* Bits that appeared after the last look went with KVM's bitmap. */
	s->counts.state |= MIGTRACE_STATE_LOWER_BOUND;
	WRITE_ONCE(set->ending, true);
}

static enum migtrace_birth birth_of(const struct migtrace_session *s)
{
	return s->initially_set && !s->ring ? MIGTRACE_BIRTH_ONES : MIGTRACE_BIRTH_CLEAN;
}

static bool is_of(const struct migtrace_set *set, const struct kvm_memory_slot *slot)
{
	return set->base_gfn == slot->base_gfn && set->pages == slot->npages;
}

static bool is_logged(const struct kvm_memory_slot *slot)
{
	return slot && slot->flags & KVM_MEM_LOG_DIRTY_PAGES;
}

void migtrace_sets_commit(struct migtrace_session *s, const struct kvm_memory_slot *old,
			  const struct kvm_memory_slot *new)
{
	const struct kvm_memory_slot *any = new ?: old;
	bool was = is_logged(old), is = is_logged(new);
	u64 now_ns = ktime_get_ns();
	struct migtrace_set *set;

	if (!any || any->as_id)
		return;
	s->commits++;
	if (!is_users(any))
		return;
	set = migtrace_sets_find(s->sets, (u16)any->id);
	if (!set || (new && !is_of(set, new))) {
		/* The thread makes the set that is wanted, at the next tick. */
		if (set && set->logging)
			end_log(s, set);
		if (is)
			s->new_logging_ns = now_ns;
		if (is && was)
			s->missed = true;
		return;
	}
	if (is && was && set->logging && set->kvm_bitmap == new->dirty_bitmap && is_of(set, old))
		return;
	if (set->logging)
		end_log(s, set);
	if (is)
		begin_log(s, set, was ? MIGTRACE_BIRTH_FOUND : birth_of(s), new->dirty_bitmap,
			  now_ns);
}

void migtrace_sets_doubt(struct migtrace_session *s)
{
	raw_spin_lock(&s->lock);
	s->doubt = true;
	s->sets->generation = ~0ULL;
	raw_spin_unlock(&s->lock);
}

void migtrace_set_ended(struct migtrace_session *s, struct migtrace_set *set)
{
	raw_spin_lock(&s->lock);
	if (!set->logging) {
		WRITE_ONCE(set->ending, false);
		set->leftover = true;
	}
	raw_spin_unlock(&s->lock);
}

void migtrace_set_forget(struct migtrace_set *set)
{
	if (!set->leftover)
		return;
	set->leftover = false;
	memset(set->published, 0, migtrace_set_longs(set) * sizeof(long));
}

/* ---- the exchange of tables ---- */
static bool same_memory(const struct migtrace_set *set, const struct noted *n)
{
	return set->base_gfn == n->base_gfn && set->pages == n->pages;
}

static u64 large_from(const struct migtrace_session *s, const struct notes *notes)
{
	if (s->large_pages != MIGTRACE_LARGE_AUTO)
		return s->large_pages;
	return min_t(u64, notes->most_pages / 8, MIGTRACE_PART_PAGES);
}

/* The memslot is the same, but until now there was no room for its sets. Its log goes on. */
static void inherit(struct migtrace_set *set, struct migtrace_set *from)
{
	set->logging = from->logging;
	set->logging_ns = from->logging_ns;
	set->birth = from->birth;
	set->epoch = from->epoch;
	set->kvm_bitmap = from->kvm_bitmap;
	set->unknown_pages = from->unknown_pages;
	from->logging = false;
}

/* Under the lock: what the log of a set is, with @fresh for one that was just made. */
static void settle(struct migtrace_session *s, struct migtrace_set *set, const struct noted *n,
		   bool fresh, u64 large_pages)
{
	bool told = s->features & MIGTRACE_FEAT_COMMIT && !s->doubt;
	struct migtrace_set *before = s->sets ? migtrace_sets_find(s->sets, n->slot) : NULL;
	enum migtrace_birth birth = birth_of(s);
	u64 now_ns = s->new_logging_ns ?: s->start_ns;

	set->large = set->pages >= large_pages;
	if (!fresh && told)
		return;
	if (fresh && told && before && same_memory(before, n) && !s->missed && !before->found) {
		inherit(set, before);
		return;
	}
	if (!told || !s->sets || s->missed)
		birth = MIGTRACE_BIRTH_FOUND;
	if (!fresh && !set->logging && !n->logging)
		return;
	if (!fresh && set->logging)
		end_log(s, set);
	if (n->logging)
		begin_log(s, set, birth, n->kvm_bitmap, now_ns);
}

static void set_gone(struct migtrace_session *s, struct migtrace_set *set)
{
	if (set->logging) {
		raw_spin_lock(&s->lock);
		end_log(s, set);
		raw_spin_unlock(&s->lock);
	}
	set_free(s, set);
}

/* Take the new table, with the sets that are fresh among it. */
static int install(struct migtrace_session *s, struct migtrace_sets *new, const struct notes *notes,
		   const bool *fresh)
{
	u64 large_pages = large_from(s, notes);
	unsigned int i;
	int err = 0;

	raw_spin_lock(&s->lock);
	if (s->commits != notes->commits) {
		err = -EAGAIN;
		goto unlock;
	}
	for (i = 0; i < new->count; i++)
		settle(s, new->set[i], &notes->noted[i], fresh[i], large_pages);
	s->sets = new;
	new->commits = notes->commits;
	s->doubt = false;
	s->missed = false;
	s->new_logging_ns = 0;
	s->counts.state |= MIGTRACE_STATE_SLOTS;
	s->counts.state &= ~MIGTRACE_STATE_NO_MEMORY;
unlock:
	raw_spin_unlock(&s->lock);
	return err;
}

static int exchange(struct migtrace_session *s, struct migtrace_sets *new,
		    const struct notes *notes, bool *fresh)
{
	struct migtrace_sets *old = s->sets;
	unsigned int i;
	int err = 0;

	for (i = 0; i < new->count && !err; i++) {
		const struct noted *n = &notes->noted[i];
		struct migtrace_set *set = old ? migtrace_sets_find(old, n->slot) : NULL;

		if (set && (!same_memory(set, n) || (!set->published && has_room(s, n))))
			set = NULL;
		fresh[i] = !set;
		new->set[i] = set ?: set_new(s, n);
		if (!new->set[i])
			err = -ENOMEM;
	}
	err = err ?: install(s, new, notes, fresh);
	if (err) {
		while (i--)
			if (fresh[i])
				set_free(s, new->set[i]);
		return err;
	}
	for (i = 0; old && i < old->count; i++)
		if (migtrace_sets_find(new, old->set[i]->slot) != old->set[i])
			set_gone(s, old->set[i]);
	kvfree(old);
	return 0;
}

static int make_table(struct migtrace_session *s, const struct notes *notes)
{
	bool *fresh = kvcalloc(notes->count + 1, sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	struct migtrace_sets *new =
		kvzalloc(struct_size(new, set, notes->count), GFP_KERNEL_ACCOUNT);
	int err = -ENOMEM;

	if (new && fresh) {
		new->count = notes->count;
		new->generation = notes->generation;
		err = exchange(s, new, notes, fresh);
	}
	if (err)
		kvfree(new);
	kvfree(fresh);
	return err;
}

/*
 * A change that is still being made, or that no commit has told of. That is about to come, if not
 * by the next tick then the hook does not work: somebody may have switched off all kprobes.
 */
static bool is_settled(struct migtrace_session *s, const struct notes *notes)
{
	if (notes->generation & KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS)
		return false;
	if (!s->sets || s->doubt || !(s->features & MIGTRACE_FEAT_COMMIT) ||
	    notes->commits != s->sets->commits)
		return true;
	if (s->unconfirmed != notes->generation) {
		s->unconfirmed = notes->generation;
		return false;
	}
	migtrace_sets_doubt(s);
	return true;
}

int migtrace_sets_sync(struct migtrace_session *s)
{
	struct notes notes = {};
	int err = -ENOMEM;

	if (s->sets && !generation_changed(s->kvm, s->sets->generation)) {
		s->doubt = false;
		return 0;
	}
	raw_spin_lock(&s->lock);
	notes.commits = s->commits;
	raw_spin_unlock(&s->lock);
	note(s->kvm, &notes);
	notes.room = notes.count;
	notes.noted = kvcalloc(notes.room + 1, sizeof(*notes.noted), GFP_KERNEL_ACCOUNT);
	if (!notes.noted)
		return -ENOMEM;
	note(s->kvm, &notes);
	if (notes.count > notes.room || !is_settled(s, &notes)) {
		err = -EAGAIN;
	} else {
		sort(notes.noted, notes.count, sizeof(*notes.noted), by_slot, NULL);
		err = make_table(s, &notes);
	}
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

	if (!bits)
		return;
	for (part = 0; part < parts; part++) {
		size_t from = part * MIGTRACE_PART_LONGS;

		if (touched && !touched[part])
			continue;
		if (touched)
			touched[part] = 0;
		memset64((u64 *)bits + from, 0, min(MIGTRACE_PART_LONGS, longs - from));
		cond_resched();
	}
}
