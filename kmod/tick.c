// SPDX-License-Identifier: GPL-2.0-only
/*
 * tick.c - the session's thread: closes the ticks and makes the records
 *
 * A thread and no timer handler, because a look at a large guest takes longer than an
 * interrupt may, and because it allocates. A tick that comes late is a longer tick: it says
 * when it began and ended, and what KVM logged meanwhile is in it.
 */
#include <linux/cgroup.h>
#include <linux/freezer.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/smp.h>

#include "bitmap.h"
#include "hooks.h"
#include "ring.h"
#include "tick.h"
#include "vm.h"

/* How far the timer may be off, so that the kernel can wake several sessions at once. */
#define SLACK_NS	50000
/* A harvest of several rings, or of a large bitmap, is rarely over within one tick. */
#define WINDOW_AGAIN	4

static bool kick;
module_param(kick, bool, 0644);
MODULE_PARM_DESC(
	kick, "make vCPUs leave the guest at each tick, so that Intel's PML tells what it has (N)");

static void just_interrupt(void *unused)
{
}

/*
 * With PML a processor keeps up to 512 pages to itself until its vCPU leaves the guest; an
 * interrupt has it leave, and KVM then takes them, for the next tick to find. Only where it is in
 * the guest, else there is nothing to take; one that leaves or moves meanwhile is none the worse.
 * KVM's own kick is no longer to be had by others.
 */
static void kick_vcpus(struct migtrace_session *s)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;
	u64 kicks = 0;

	kvm_for_each_vcpu(i, vcpu, s->kvm) {
		int cpu = data_race(READ_ONCE(vcpu->cpu));	/* KVM writes it plainly */
		int mode = data_race(READ_ONCE(vcpu->mode));	/* likewise */

		if (mode == IN_GUEST_MODE && cpu >= 0 && cpu < nr_cpu_ids)
			kicks += !smp_call_function_single(cpu, just_interrupt, NULL, 0);
		cond_resched();
	}
	raw_spin_lock(&s->lock);
	s->cost.kicks += kicks;
	raw_spin_unlock(&s->lock);
}

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
static void fill_record(const struct migtrace_session *s, struct migtrace_record *r, u64 end_ns,
			bool lacking)
{
	const struct migtrace_counts *c = &s->counts;
	const struct migtrace_window *w = &s->window;
	u64 logged = s->logged;

	*r = (struct migtrace_record) {
		.tick = s->tick,
		.start_ns = s->start_ns,
		.end_ns = end_ns,
		.state = c->state | (logged ? MIGTRACE_STATE_LOGGING : 0) |
			 (lacking ? MIGTRACE_STATE_NO_MEMORY | MIGTRACE_STATE_LOWER_BOUND : 0) |
			 (s->tick_now_ns > s->tick_ns ? MIGTRACE_STATE_SLOWED : 0) |
			 (s->gone ? MIGTRACE_STATE_GONE : 0),
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
		.tick_ns = s->tick_now_ns,
		.vcpus = s->vcpus,
		.ring_used = c->ring_used,
		.ring_entries = s->ring_entries,
	};
	memcpy(r->vcpu, s->vcpu, s->vcpus * sizeof(*s->vcpu));

	if (s->ring)
		r->valid |= MIGTRACE_VALID_VCPUS | MIGTRACE_VALID_RING_USED;
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
	u64 end_ns, since_ns;
	bool lacking = false;

	since_ns = migtrace_hold(s);
	end_ns = ktime_get_ns();
	s->tick++;
	if (s->counts.overruns)
		w->clean = false;
	s->logged = logged_pages(s, &lacking);
	r = migtrace_records_begin(&s->records);
	if (r)
		fill_record(s, r, end_ns, lacking);
	/* The last one's set is not looked for any more: that of the tick before stays. */
	if (!s->gone) {
		if (s->ring)
			migtrace_ring_publish(s);
		WRITE_ONCE(s->published_tick, s->tick);
	}

	w->due = w->wanted || !w->clean || w->again ||
		 (s->window_ns && end_ns - w->start_ns >= s->window_ns);
	s->counts = (struct migtrace_counts) {
		.state = s->counts.state & MIGTRACE_STATE_NO_MEMORY,
	};
	memset(s->vcpu, 0, s->vcpus * sizeof(*s->vcpu));
	s->start_ns = end_ns;
	migtrace_unhold(s, since_ns, s->sets->count);

	if (r)
		migtrace_records_commit(&s->records);
	if (s->gone || migtrace_records_pending(&s->records) >= s->wake_records)
		wake_up_interruptible(&s->wait);
}

/*
 * How long a tick has to be for looks to take no more than a quarter of it. The shortest of the
 * last ones is what a look costs: in the others somebody else had the CPU.
 */
static void learn_look(struct migtrace_session *s, u64 look_ns)
{
	u64 least_ns = U64_MAX;
	unsigned int i;

	s->looks_ns[s->tick % MIGTRACE_LOOKS] = look_ns;
	for (i = 0; i < MIGTRACE_LOOKS; i++)
		least_ns = min(least_ns, s->looks_ns[i]);
	WRITE_ONCE(s->tick_now_ns, clamp_t(u64, 4 * least_ns, s->tick_ns, MIGTRACE_TICK_MAX_NS));
	raw_spin_lock(&s->lock);
	s->cost.look_ns = max(s->cost.look_ns, look_ns);
	raw_spin_unlock(&s->lock);
}

static void check_hooks(struct migtrace_session *s)
{
	unsigned long missed = migtrace_hooks_missed();

	if (likely(missed == s->hooks_missed))
		return;
	/* Fewer: a hook was put in place anew, for another session. */
	if (missed > s->hooks_missed) {
		raw_spin_lock(&s->lock);
		s->cost.missed += missed - s->hooks_missed;
		raw_spin_unlock(&s->lock);
		migtrace_sets_doubt(s);
	}
	s->hooks_missed = missed;
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
	u64 window = s->window.number, begun_ns = ktime_get_ns();

	if (migtrace_vm_dead(s->kvm) || migtrace_vm_abandoned(s->vm_file)) {
		WRITE_ONCE(s->gone, true);
		close_tick(s);
		migtrace_session_let_go(s);
		return;
	}
	check_hooks(s);
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
	/* Who logs nothing has nothing to tell. */
	if (READ_ONCE(kick) && s->logged)
		kick_vcpus(s);
	learn_look(s, ktime_get_ns() - begun_ns);
}

static void note_late(struct migtrace_session *s, ktime_t due)
{
	s64 late_ns = ktime_to_ns(ktime_sub(ktime_get(), due));

	raw_spin_lock(&s->lock);
	if (late_ns > (s64)s->cost.late_ns)
		s->cost.late_ns = late_ns;
	raw_spin_unlock(&s->lock);
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
		next = ktime_add_ns(next, s->tick_now_ns);
		if (ktime_before(next, ktime_get()))
			next = ktime_get();
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule_hrtimeout_range(&next, SLACK_NS, HRTIMER_MODE_ABS);
		__set_current_state(TASK_RUNNING);
		if (kthread_should_stop())
			break;
		note_late(s, next);
		run_tick(s);
	}
	set_active_memcg(ours);
	return 0;
}

int migtrace_tick_start(struct migtrace_session *s)
{
	struct task_struct *thread =
		kthread_create(tick_thread, s, "migtrace/%d", s->kvm->userspace_pid);
	int err;

	if (IS_ERR(thread))
		return PTR_ERR(thread);
	/*
	 * What it takes is the opener's, as far as cgroups of the first version go: into one of the
	 * second only user space can put a thread of the kernel. (vhost does so, and has the same
	 * limits.)
	 */
	err = cgroup_attach_task_all(current, thread);
	if (err) {
		kthread_stop(thread);
		return err;
	}
	s->start_ns = ktime_get_ns();
	s->thread = thread;
	wake_up_process(thread);
	return 0;
}

void migtrace_tick_stop(struct migtrace_session *s)
{
	kthread_stop(s->thread);
}
