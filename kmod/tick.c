// SPDX-License-Identifier: GPL-2.0-only
/*
 * tick.c - the session's thread: closes the ticks and makes the records
 *
 * A thread and no timer handler, because a look at a large guest takes longer than an
 * interrupt may, and because it allocates. A tick that comes late is a longer tick: it says
 * when it began and ended, and what KVM logged meanwhile is in it.
 */
#include <linux/freezer.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/sched/mm.h>

#include "bitmap.h"
#include "hooks.h"
#include "ring.h"
#include "tick.h"
#include "vm.h"

/* How far the timer may be off, so that the kernel can wake several sessions at once. */
#define SLACK_NS	50000
/* A harvest of several rings, or of a large bitmap, is rarely over within one tick. */
#define WINDOW_AGAIN	4

/* Of the memory that windows are about. @lacking: some that is logged has no sets. */
static u64 logged_pages(const struct migtrace_session *s, bool *lacking)
{
	u64 pages = 0;
	unsigned int i;

	for (i = 0; i < s->sets->count; i++) {
		const struct migtrace_set *set = s->sets->set[i];

		if (!set->logging)
			continue;
		*lacking |= !set->published;
		if (set->large)
			pages += set->pages;
	}
	return pages;
}

/* Under the lock. */
static void fill_record(const struct migtrace_session *s, struct migtrace_record *r, u64 end_ns)
{
	const struct migtrace_counts *c = &s->counts;
	const struct migtrace_window *w = &s->window;
	bool lacking = false;
	u64 logged = logged_pages(s, &lacking);

	*r = (struct migtrace_record) {
		.tick = s->tick,
		.start_ns = s->start_ns,
		.end_ns = end_ns,
		.state = c->state | (logged ? MIGTRACE_STATE_LOGGING : 0) |
			 (lacking ? MIGTRACE_STATE_NO_MEMORY : 0) | (s->gone ? MIGTRACE_STATE_GONE : 0),
		.valid = MIGTRACE_VALID_PAGES,
		.pages = c->pages,
		.events = c->events,
		.overruns = c->overruns,
		.resets = c->resets,
		.cleared_pages = c->cleared_pages,
		.ring_full_exits = c->ring_full_exits,
		.window = w->number,
		.window_start_ns = w->start_ns,
		.window_stale_pages = w->stale_pages,
		.window_pages = w->pages,
		.logged_pages = logged,
		.other_events = c->other_events,
		.epoch = s->epoch,
		.vcpus = s->vcpus,
	};
	memcpy(r->vcpu_events, s->vcpu_events, s->vcpus * sizeof(u32));

	if (s->ring)
		r->valid |= MIGTRACE_VALID_VCPUS;
	if (s->features & (s->ring ? MIGTRACE_FEAT_RESET : MIGTRACE_FEAT_CLEAR))
		r->valid |= MIGTRACE_VALID_RESETS;
	else if (!s->ring)
		r->state |= MIGTRACE_STATE_LOWER_BOUND;
	if (s->features & MIGTRACE_FEAT_RING_FULL)
		r->valid |= MIGTRACE_VALID_RING_FULL;
	if (w->clean && logged && !(r->state & (MIGTRACE_STATE_LOWER_BOUND | MIGTRACE_STATE_GONE)))
		r->valid |= MIGTRACE_VALID_WINDOW;
}

static void close_tick(struct migtrace_session *s)
{
	struct migtrace_window *w = &s->window;
	struct migtrace_record *r;
	u64 end_ns;

	raw_spin_lock(&s->lock);
	end_ns = ktime_get_ns();
	s->tick++;
	if (s->counts.overruns)
		w->clean = false;
	r = migtrace_records_begin(&s->records);
	if (r)
		fill_record(s, r, end_ns);
	/* The last one's set is not looked for any more: that of the tick before stays. */
	if (!s->gone) {
		if (s->ring)
			migtrace_ring_publish(s);
		s->published_tick = s->tick;
	}

	w->due = w->wanted || !w->clean || w->again ||
		 (s->window_ns && end_ns - w->start_ns >= s->window_ns);
	s->counts = (struct migtrace_counts) {
		.state = s->counts.state & MIGTRACE_STATE_NO_MEMORY,
	};
	memset(s->vcpu_events, 0, s->vcpus * sizeof(u32));
	s->start_ns = end_ns;
	raw_spin_unlock(&s->lock);

	if (r)
		migtrace_records_commit(&s->records);
	wake_up_interruptible(&s->wait);
}

static void note_sync(struct migtrace_session *s, int err)
{
	if (err != -ENOMEM)
		return;
	raw_spin_lock(&s->lock);
	s->counts.state |= MIGTRACE_STATE_NO_MEMORY;
	raw_spin_unlock(&s->lock);
}

static void run_tick(struct migtrace_session *s)
{
	u64 window = s->window.number;

	if (migtrace_vm_dead(s->kvm)) {
		s->gone = true;
		close_tick(s);
		migtrace_session_let_go(s);
		return;
	}
	note_sync(s, migtrace_sets_sync(s));
	if (s->ring)
		migtrace_ring_tick(s);
	else
		migtrace_bitmap_tick(s);

	/* Begun amid a harvest, it may begin anew at the next tick, but not for ever. */
	if (s->window.again)
		s->window.again--;
	else if (s->window.number != window && s->window.stale_pages)
		s->window.again = WINDOW_AGAIN;
	close_tick(s);
}

static int tick_thread(void *data)
{
	struct migtrace_session *s = data;
	struct mem_cgroup *ours = set_active_memcg(s->memcg);
	ktime_t next = ktime_get();

	while (!kthread_should_stop()) {
		if (s->gone) {
			set_current_state(TASK_INTERRUPTIBLE);
			if (!kthread_should_stop())
				schedule();
			__set_current_state(TASK_RUNNING);
			continue;
		}
		next = ktime_add_ns(next, s->tick_ns);
		if (ktime_before(next, ktime_get()))
			next = ktime_get();
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule_hrtimeout_range(&next, SLACK_NS, HRTIMER_MODE_ABS);
		__set_current_state(TASK_RUNNING);
		if (!kthread_should_stop())
			run_tick(s);
	}
	set_active_memcg(ours);
	return 0;
}

int migtrace_tick_start(struct migtrace_session *s)
{
	s->start_ns = ktime_get_ns();
	s->thread = kthread_run(tick_thread, s, "migtrace/%d", s->kvm->userspace_pid);
	return PTR_ERR_OR_ZERO(s->thread);
}

void migtrace_tick_stop(struct migtrace_session *s)
{
	kthread_stop(s->thread);
}
