/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session.h - one reader's watch on one VM, and the life of it
 *
 * Who may touch what:
 *
 * - A session is made by MIGTRACE_IOC_ATTACH, belongs to one open file of /dev/migtrace, and
 *   is freed by that file's release. The file pins the module.
 * - vm_file pins the VM: struct kvm and its vCPUs live at least as long. KVM's module is
 *   pinned by the VM. The reference is given back when the session ends, or by the
 *   session's thread when the VMM's memory is gone; after that kvm is not followed.
 * - The session's thread (tick.c) closes the ticks. It alone changes the table of sets and
 *   writes records, and it alone sleeps.
 * - KVM's own threads come in through hooks.c: they find sessions on an RCU list, with
 *   preemption off, and take the session's lock. Before a session lets go of the VM it is
 *   taken off the list and a grace period is waited for.
 * - lock is a raw spinlock, since hooks run with preemption off on every kernel. Nothing
 *   takes it in an interrupt. It is held for a bounded piece of work at a time, and no
 *   other lock is taken under it. KVM holds slots_lock or mmu_lock around it.
 * - KVM's memslots, and the bitmaps in them, are read under kvm->srcu.
 */
#ifndef MIGTRACE_SESSION_H
#define MIGTRACE_SESSION_H

#include <linux/kvm_host.h>
#include <linux/migtrace.h>
#include <linux/wait.h>

#include "records.h"
#include "sets.h"

/* What the tick that runs has seen so far. Under the lock. */
struct migtrace_counts {
	u64 pages, events, overruns, other_events;
	u64 resets, cleared_pages, ring_full_exits;
	u32 ring_used;
	u32 state;			/* enum migtrace_state, what is sure already */
};

/**
 * struct migtrace_reader - where the session is in a vCPU's ring; under the lock
 * @position: first index not yet read
 * @mark: dirty_index as the log began that the pending window begins with
 * @reset: reset_index when last looked at
 * @unannounced: it was further on at the last tick than the resets that were told of
 * @stale: where the search for stale pages is, while it goes on
 * @stale_end: and where it ends
 */
struct migtrace_reader {
	u32 position;
	u32 mark;
	u32 reset;
	bool unannounced;
	u32 stale, stale_end;
};

/**
 * struct migtrace_window - the window that runs; under the lock
 * @number: 0: none yet
 * @start_ns: when it began
 * @stale_pages: pages known to be dirty then
 * @pages: distinct pages since, the stale ones among them
 * @clean: it began with everything else clean, and nothing was missed since
 * @due: the next reset or clear may begin the next one
 * @wanted: user space asked for one
 * @pending: something did: the thread has to, at the next tick
 * @pending_ns: when
 * @marked: ring: it begins with a log: what the rings had before their marks is older
 * @again: how often it may still begin anew because a harvest goes on
 * @searching: ring: the thread is looking for its stale pages
 */
struct migtrace_window {
	u64 number, start_ns, stale_pages, pages;
	bool clean, due, wanted, pending, marked, searching;
	u8 again;
	u64 pending_ns;
};

/**
 * struct migtrace_cost - what the session costs others; under the lock
 * @hold_ns: longest time that the lock was held
 * @hold_work: most that was done in it
 * @look_ns: longest look
 * @late_ns: the most that a tick was late
 * @missed: hits of hooks that the kernel dropped
 * @kicks: vCPUs that were made to leave the guest
 * @bytes: memory of sets and records
 * @bytes_max: how much they may have
 */
struct migtrace_cost {
	u64 hold_ns, hold_work, look_ns, late_ns, missed, kicks;
	size_t bytes, bytes_max;
};

#define MIGTRACE_LOOKS	4

struct migtrace_session {
	struct list_head node;		/* hooks.c */
	struct file *vm_file;
	struct kvm *kvm;
	struct mem_cgroup *memcg;	/* the opener's: the thread's memory is charged to it */
	kuid_t uid;			/* the opener's */
	bool ring;			/* the VM logs by rings */
	bool initially_set;		/* its bitmaps begin all ones */
	bool gone;
	u64 features;
	u64 tick_ns, window_ns, large_pages;

	/*
	 * What is under it and yet read without it, by READ_ONCE(), is written by WRITE_ONCE(): a
	 * look that is old is made again at the next tick, or finds out under the lock.
	 */
	raw_spinlock_t lock;
	struct migtrace_sets *sets;
	struct migtrace_reader *reader;	/* ring: of each vCPU */
	u32 readers;
	u32 ring_entries;		/* ring: what each has room for */
	u64 commits;			/* changes of memslots that we were told of */
	u64 epoch;			/* logs of large memslots that have begun */
	u64 ended_tick;			/* in which a log ended last */
	u64 new_logging_ns;		/* when a memslot that has no set yet began to be logged; 0:
					 * none did */
	bool missed;			/* its log has been cleared since, or was there before */
	bool doubt;			/* commits may have been missed */
	u64 unconfirmed;		/* a generation that no commit was told of */
	unsigned long hooks_missed;	/* as the sets were last made sure of */
	struct migtrace_cost cost;
	struct migtrace_counts counts;
	struct migtrace_window window;
	u64 published_tick;		/* whose pages the published sets hold; 0: in the making */
	u64 published_pages;		/* ring: how many; none need no clearing */
	struct migtrace_vcpu *vcpu;	/* of the tick that runs */
	u32 vcpus;

	u64 tick, start_ns;		/* the thread's */
	u64 logged;			/* pages of large memslots that were logged as the last tick
					 * ended */
	u64 looks_ns[MIGTRACE_LOOKS];	/* what the last ones took */
	u64 tick_now_ns;		/* how long a tick is, for them to take no more than a
					 * quarter of it */
	u32 wake_records;
	struct task_struct *thread;
	struct migtrace_records records;
	wait_queue_head_t wait;
};

/* The lock, for a piece of work that may be long: how long it was is remembered. */
static inline u64 migtrace_hold(struct migtrace_session *s)
{
	raw_spin_lock(&s->lock);
	return ktime_get_mono_fast_ns();
}

static inline void migtrace_unhold(struct migtrace_session *s, u64 since_ns, u64 work)
{
	u64 ns = ktime_get_mono_fast_ns() - since_ns;

	if (ns > s->cost.hold_ns)
		s->cost.hold_ns = ns;
	if (work > s->cost.hold_work)
		s->cost.hold_work = work;
	raw_spin_unlock(&s->lock);
}

int migtrace_session_open(struct migtrace_attach *args, struct migtrace_session **session);
void migtrace_session_close(struct migtrace_session *s);
unsigned int migtrace_session_count(void);
unsigned int migtrace_session_max(void);

/* By the thread, once the VMM is gone: give the VM back. */
void migtrace_session_let_go(struct migtrace_session *s);

#endif
