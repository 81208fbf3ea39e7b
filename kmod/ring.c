// SPDX-License-Identifier: GPL-2.0-only
/*
 * ring.c - reading the dirty rings of a VM's vCPUs, in passing
 *
 * KVM appends an entry to a vCPU's ring for each page that it logs and adds one to
 * dirty_index, which runs free; the VMM harvests entries, and a reset frees them. Reading
 * disturbs neither: we keep an index of our own and read from there to dirty_index at each
 * tick, and to reset_index at each reset, before what it freed can be written anew. So
 * dirty_index gives the exact number of events whatever happens; an entry that was
 * overwritten all the same is counted as an overrun. That can be when the kernel lets us
 * see no resets, or when a vCPU fills freed entries before its reset is announced.
 *
 * The VMM can write to the rings: slot and offset are believed only as far as they lie
 * within a memslot. Each look at an entry is made once.
 *
 * No lock of KVM's is needed: rings and vCPUs live as long as the VM, a vCPU that is made
 * later begins with an index of 0, and KVM has written an entry before dirty_index says so (it
 * orders the two by the barrier in front of the entry's flags; we by an acquire).
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "ring.h"

/* Entries read before the lock is let go. */
#define BATCH	4096

/*
 * KVM writes indices and entries plainly, since nobody else of its own reads them meanwhile: to
 * KCSAN each look of ours is a race. It is meant. They are aligned words, which do not tear, and
 * each look is one; an index that is old by then is looked at again a tick later, and an entry that
 * is being written anew is found by dirty_index, see take_ring().
 */
#define LOOK(kvms)	data_race(READ_ONCE(kvms))

int migtrace_ring_init(struct migtrace_session *s)
{
	s->readers = s->kvm->max_vcpus;
	s->reader = kvcalloc(s->readers, sizeof(*s->reader), GFP_KERNEL_ACCOUNT);
	return s->reader ? 0 : -ENOMEM;
}

void migtrace_ring_begin(struct migtrace_session *s)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, s->kvm)
		if (i < s->readers)
			s->reader[i] = (struct migtrace_reader) {
				.position = LOOK(vcpu->dirty_ring.dirty_index),
				.reset = LOOK(vcpu->dirty_ring.reset_index),
			};
}

void migtrace_ring_mark(struct migtrace_session *s)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	WRITE_ONCE(s->window.marked, true);
	for (i = 0; i < s->readers; i++)
		WRITE_ONCE(s->reader[i].mark, 0);	/* of one that is made later */
	kvm_for_each_vcpu(i, vcpu, s->kvm)
		if (i < s->readers)
			WRITE_ONCE(s->reader[i].mark, LOOK(vcpu->dirty_ring.dirty_index));
}

void migtrace_ring_fini(struct migtrace_session *s)
{
	kvfree(s->reader);
}

/* Set a page's bit in both sets, and add the old ones to the counts: an add with carry, which C
 * does not get out of the compiler. Not atomic.
 */
static __always_inline void set_and_count(u64 page, unsigned long *tick, unsigned long *window,
					  u32 *tick_again, u32 *window_again)
{
#ifdef CONFIG_X86_64
	asm volatile("btsq %[page], (%[tick])\n\tadcl $0, %[tick_again]\n\t"
		     "btsq %[page], (%[window])\n\tadcl $0, %[window_again]"
		     : [tick_again] "+&r" (*tick_again), [window_again] "+&r" (*window_again)
		     : [page] "r" (page), [tick] "r" (tick), [window] "r" (window)
		     : "cc", "memory");
#else
	*tick_again += __test_and_set_bit(page, tick);
	*window_again += __test_and_set_bit(page, window);
#endif
}

/* What a dirty page costs us is this: nine instructions. Leaves at an entry of another memslot. */
#define TAKE(n) do {								\
	if (unlikely(data_race(entry[n].slot) != slot))				\
		goto other;							\
	page = LOOK(entry[n].offset);						\
	if (unlikely(page >= pages))						\
		goto other;							\
	if (touch)								\
		touched[page >> MIGTRACE_PART_SHIFT] = 1;			\
	set_and_count(page, tick, window, &tick_again, &window_again);		\
	taken++;								\
} while (0)

/*
 * Take a run of entries of one memslot: returns the first that is not one of @set's, or @end.
 * Pages found again are counted instead of new ones: it is cheaper. How far it got is known
 * from @taken, which is constant between two jumps and so costs nothing.
 */
static __always_inline const struct kvm_dirty_gfn *
take_run(struct migtrace_session *s, struct migtrace_set *set, const struct kvm_dirty_gfn *entry,
	 const struct kvm_dirty_gfn *end, const bool touch)
{
	const struct kvm_dirty_gfn *first = entry, *last4 = end - 4;
	unsigned long *tick = set->tick, *window = set->window;
	u32 tick_again = 0, window_again = 0, slot = set->slot, taken = 0;
	u8 *touched = set->touched;
	u64 pages = set->pages, page;

	for (; entry <= last4; entry += 4, taken = 0) {
		TAKE(0);
		TAKE(1);
		TAKE(2);
		TAKE(3);
	}
	for (; entry != end; entry++, taken = 0)
		TAKE(0);
other:
	entry += taken;
	s->counts.pages += entry - first - tick_again;
	s->window.pages += entry - first - window_again;
	return entry;
}

/* Functions of their own, so that each has all the registers to itself. */
static noinline const struct kvm_dirty_gfn *
take_small(struct migtrace_session *s, struct migtrace_set *set, const struct kvm_dirty_gfn *entry,
	   const struct kvm_dirty_gfn *end)
{
	return take_run(s, set, entry, end, false);
}

static noinline const struct kvm_dirty_gfn *
take_large(struct migtrace_session *s, struct migtrace_set *set, const struct kvm_dirty_gfn *entry,
	   const struct kvm_dirty_gfn *end)
{
	return take_run(s, set, entry, end, true);
}

static void take(struct migtrace_session *s, const struct kvm_dirty_gfn *entry,
		 const struct kvm_dirty_gfn *end)
{
	while (entry != end) {
		const struct kvm_dirty_gfn *next = entry;
		u32 slot = LOOK(entry->slot);
		struct migtrace_set *set = migtrace_sets_find(s->sets, slot);

		if (set && set->published)
			next = set->touched ? take_large(s, set, entry, end) :
					      take_small(s, set, entry, end);
		if (next == entry) {
			if (slot >> 16)
				s->counts.other_events++;
			else
				s->counts.overruns++;
			next++;
		}
		entry = next;
	}
}

/* Indices run free. */
static u32 min_index(u32 a, u32 b)
{
	return (s32)(a - b) < 0 ? a : b;
}

/* Take the entries of a ring up to the index @to. Under the lock. */
static void take_ring(struct migtrace_session *s, struct kvm_vcpu *vcpu, u32 to)
{
	const struct kvm_dirty_ring *ring = &vcpu->dirty_ring;
	u32 size = ring->size, from = s->reader[vcpu->vcpu_idx].position;
	/* As by LOOK(), and the entries after it. */
	u32 pushed = data_race(smp_load_acquire(&ring->dirty_index)), first, lost;

	if ((s32)(to - from) <= 0)
		return;
	s->counts.events += to - from;
	if (vcpu->vcpu_idx < s->vcpus)
		s->vcpu[vcpu->vcpu_idx].events += to - from;
	s->reader[vcpu->vcpu_idx].position = to;

	lost = pushed - from > size ? min(pushed - from - size, to - from) : 0;
	s->counts.overruns += lost;
	first = from + lost;
	while (first != to) {
		u32 at = first & (size - 1), run = min(to - first, size - at);

		take(s, ring->dirty_gfns + at, ring->dirty_gfns + at + run);
		first += run;
	}

	/* What was overwritten as we read counted as what overwrote it. */
	smp_rmb();
	pushed = LOOK(ring->dirty_index);
	if (unlikely(pushed - from > size))
		s->counts.overruns += min(pushed - from - size, to - from) - lost;
}

/* Read up to the index @to, or to what is there beyond. */
static void harvest_to(struct migtrace_session *s, struct kvm_vcpu *vcpu, u32 to)
{
	bool more = true;
	u64 since_ns;
	u32 from;

	while (more) {
		since_ns = migtrace_hold(s);
		from = s->reader[vcpu->vcpu_idx].position;
		more = (s32)(to - from) > BATCH;
		take_ring(s, vcpu, more ? from + BATCH : to);
		migtrace_unhold(s, since_ns, s->reader[vcpu->vcpu_idx].position - from);
		cond_resched();
	}
}

static void harvest(struct migtrace_session *s, struct kvm_vcpu *vcpu)
{
	harvest_to(s, vcpu, LOOK(vcpu->dirty_ring.dirty_index));
}

/*
 * Entries that were read and not yet freed are dirty as the window begins, but for those of a
 * log that has begun since: then all was protected anew. Takes them from where it was to @to.
 * Under the lock.
 */
static void take_stale(struct migtrace_session *s, struct kvm_vcpu *vcpu, u32 to)
{
	const struct kvm_dirty_ring *ring = &vcpu->dirty_ring;
	struct migtrace_reader *r = &s->reader[vcpu->vcpu_idx];

	to = min_index(to, r->stale_end);
	for (; (s32)(to - r->stale) > 0; r->stale++) {
		const struct kvm_dirty_gfn *entry = &ring->dirty_gfns[r->stale & (ring->size - 1)];
		struct migtrace_set *set = migtrace_sets_find(s->sets, LOOK(entry->slot));
		u64 page = LOOK(entry->offset);

		if (set && set->published && page < set->pages && set->logging_ns < s->start_ns &&
		    !__test_and_set_bit(page, set->window)) {
			s->window.pages++;
			s->window.stale_pages++;
		}
	}
}

/* How full the ring was, that held what was logged since the index @since. Under the lock. */
static void note_used(struct migtrace_session *s, const struct kvm_vcpu *vcpu, u32 since)
{
	u32 used = min(LOOK(vcpu->dirty_ring.dirty_index) - since, vcpu->dirty_ring.size);

	s->counts.ring_used = max(s->counts.ring_used, used);
	if (vcpu->vcpu_idx < s->vcpus)
		s->vcpu[vcpu->vcpu_idx].ring_used = max(s->vcpu[vcpu->vcpu_idx].ring_used, used);
}

/* Under the lock. */
static void note_reset(struct migtrace_session *s, u64 now_ns)
{
	s->counts.resets++;
	if (s->window.due || s->window.pending) {
		WRITE_ONCE(s->window.pending, true);
		s->window.pending_ns = now_ns;
		WRITE_ONCE(s->window.marked, false);
	}
}

void migtrace_ring_reset(struct migtrace_session *s, struct kvm_vcpu *vcpu, u64 now_ns)
{
	u32 to = LOOK(vcpu->dirty_ring.reset_index), before;
	struct migtrace_reader *r;
	bool more = true;
	u64 since_ns;

	if (vcpu->vcpu_idx >= s->readers)
		return;
	r = &s->reader[vcpu->vcpu_idx];
	while (more) {
		since_ns = migtrace_hold(s);
		before = r->position + r->stale;
		if (s->window.searching)
			take_stale(s, vcpu, min_index(to, r->stale + BATCH / 2));
		take_ring(s, vcpu, min_index(to, r->position + BATCH / 2));
		more = (s32)(to - r->position) > 0 ||
		       (s->window.searching && r->stale != r->stale_end &&
			(s32)(to - r->stale) > 0);
		if (!more) {
			note_used(s, vcpu, r->reset);
			r->reset = to;
			r->unannounced = false;
			note_reset(s, now_ns);
		}
		migtrace_unhold(s, since_ns, r->position + r->stale - before);
	}
}

/*
 * From 6.17 on, a reset that a signal interrupts is not announced: then reset_index is further
 * on than we were told, and still is a tick later. (One that goes on now will be announced.)
 */
static void check_reset(struct migtrace_session *s, struct kvm_vcpu *vcpu)
{
	struct migtrace_reader *r = &s->reader[vcpu->vcpu_idx];
	u32 index = LOOK(vcpu->dirty_ring.reset_index);

	raw_spin_lock(&s->lock);
	note_used(s, vcpu, index);
	if (index == r->reset) {
		r->unannounced = false;
	} else if (!r->unannounced) {
		r->unannounced = true;
	} else {
		r->reset = index;
		r->unannounced = false;
		note_reset(s, ktime_get_ns());
	}
	raw_spin_unlock(&s->lock);
}

static void begin_stale(struct migtrace_session *s, struct kvm_vcpu *vcpu)
{
	struct migtrace_reader *r = &s->reader[vcpu->vcpu_idx];

	r->stale = LOOK(vcpu->dirty_ring.reset_index);
	r->stale_end = r->position;
	if (r->stale_end - r->stale > vcpu->dirty_ring.size)	/* we are behind: none was read */
		r->stale = r->stale_end;
}

static void find_stale(struct migtrace_session *s, struct kvm_vcpu *vcpu)
{
	struct migtrace_reader *r = &s->reader[vcpu->vcpu_idx];
	bool more = true;
	u64 since_ns;
	u32 from;

	while (more) {
		since_ns = migtrace_hold(s);
		from = r->stale;
		take_stale(s, vcpu, from + BATCH);
		more = r->stale != r->stale_end;
		migtrace_unhold(s, since_ns, r->stale - from);
		cond_resched();
	}
}

/*
 * The next window begins with the reset that was seen last, or with a log. Events since then
 * are still in the rings, for the harvest that follows. Its sets are there already, empty: it
 * takes no time, so that no reset can come in between, and is sure to begin however fast they
 * come. What a reset frees of the stale ones that are looked for afterwards it takes itself.
 */
static void begin_window(struct migtrace_session *s)
{
	struct migtrace_window *w = &s->window;
	struct kvm_vcpu *vcpu;
	unsigned long i;
	u64 since_ns;

	if (READ_ONCE(w->marked)) {
		kvm_for_each_vcpu(i, vcpu, s->kvm)
			if (i < s->readers)
				harvest_to(s, vcpu, READ_ONCE(s->reader[i].mark));
	}
	since_ns = migtrace_hold(s);
	if (!w->pending) {	/* the log has ended again */
		raw_spin_unlock(&s->lock);
		return;
	}
	for (i = 0; i < s->sets->count; i++)
		swap(s->sets->set[i]->window, s->sets->set[i]->spare);
	WRITE_ONCE(w->pending, false);
	WRITE_ONCE(w->marked, false);
	w->wanted = false;
	w->number++;
	w->start_ns = w->pending_ns;
	w->pages = w->stale_pages = 0;
	w->clean = w->searching = true;
	kvm_for_each_vcpu(i, vcpu, s->kvm)
		if (i < s->readers)
			begin_stale(s, vcpu);
	migtrace_unhold(s, since_ns, max_t(u64, s->sets->count, s->readers));

	kvm_for_each_vcpu(i, vcpu, s->kvm)
		if (i < s->readers)
			find_stale(s, vcpu);
	raw_spin_lock(&s->lock);
	w->searching = false;
	raw_spin_unlock(&s->lock);
	for (i = 0; i < s->sets->count; i++)
		migtrace_set_clear(s->sets->set[i], s->sets->set[i]->spare, NULL);
}

void migtrace_ring_tick(struct migtrace_session *s)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	raw_spin_lock(&s->lock);
	WRITE_ONCE(s->published_tick, 0);
	raw_spin_unlock(&s->lock);
	for (i = 0; s->published_pages && i < s->sets->count; i++)
		migtrace_set_clear(s->sets->set[i], s->sets->set[i]->published,
				   s->sets->set[i]->touched_published);

	if (READ_ONCE(s->window.pending))
		begin_window(s);
	kvm_for_each_vcpu(i, vcpu, s->kvm) {
		if (i >= s->readers)
			break;
		harvest(s, vcpu);
		check_reset(s, vcpu);
	}
}

void migtrace_ring_publish(struct migtrace_session *s)
{
	unsigned int i;

	for (i = 0; i < s->sets->count; i++) {
		swap(s->sets->set[i]->tick, s->sets->set[i]->published);
		swap(s->sets->set[i]->touched, s->sets->set[i]->touched_published);
	}
	s->published_pages = s->counts.pages;
}
