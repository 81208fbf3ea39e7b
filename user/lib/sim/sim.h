/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sim.h - whole migrations, played page by page over a trace of the guest's writes (PURE)
 *
 * The rules are QEMU 7.2's; each part of user/lib/sim names the function it mirrors:
 *
 *   sim.c		migration_thread(), migration_iteration_run(), migration_rate_limit() and
 *			migration_update_counters() (migration/migration.c): budgets of 100 ms, a
 *			threshold of the last budget's bandwidth times the downtime limit, a sync
 *			when less than that is left, the end when a sync leaves less than that
 *   dirty.c		migration_bitmap_sync() (ram.c), kvm_log_clear_one_slot() (kvm-all.c): when
 *			a write counts
 *   stream.c		ram_save_iterate(), ram_find_and_save_block(), ram_save_target_page():
 *			slices of 50 ms, pages in the bitmap's order, from where the last slice
 *			ended, round and round
 *   throttle.c		migration_trigger_throttle(), mig_throttle_guest_down(),
 *			cpu_throttle_thread()
 *   xbzrle.c		save_xbzrle_page(), cache_insert() (page_cache.c)
 *   sender_xen.c	not QEMU's but Xen's: xc_domain_save(), for models that are about it
 *   sender_ordered.c	nobody's: pages go by how probable it is that they are dirtied again
 *   postcopy.c		postcopy_start(), get_queued_page(): a last sync, the stream begins again
 *			at the first page, requests go first and the stream goes on behind them
 *
 * What is not QEMU's is a parameter of struct mt_sim_host: what a page, a start, a stop take on
 * this host. Their defaults were measured between two QEMU 7.2 of one machine, or are inferred;
 * each says which. Writes come between pages in steps of at most a slice (50 ms). A page's
 * dirtiness is exact all the same, for it depends on clears and syncs, and the trace is advanced to
 * each of them; what can be off by a slice is what a page held when it was sent, which matters to
 * zero pages and XBZRLE.
 */
#ifndef MT_SIM_H
#define MT_SIM_H

#include "curve/seconds.h"
#include "model/method.h"
#include "policy/engine.h"
#include "trace.h"
#include "wss/wss.h"

/* How writes are logged, which is from when on a write makes a page dirty again. */
enum mt_sim_log {
	MT_SIM_LOG_BITMAP,	/* KVM's, cleared chunk by chunk just before a chunk's first page is
				 * sent */
	MT_SIM_LOG_RING,	/* KVM's rings, and TCG: from the last sync on */
};

/* By whose rules pages are sent. */
enum mt_sim_sender {
	MT_SIM_SENDER_QEMU,
	MT_SIM_SENDER_XEN,	/* pre-copy alone, and nobody steers it; ->log does not matter */
	MT_SIM_SENDER_ORDERED,	/* pre-copy and post-copy; likewise, but by rings */
};

/* MT_SIM_SENDER_ORDERED: which page goes first. */
struct mt_sim_order {
	bool ranked;			/* by a working set; else by address, as QEMU does */
	enum mt_wss_kind by;
	struct mt_wss_params wss;
	double tick_ms;			/* between two looks at the log; inferred */
};

/* The two hosts and what is between them. There: at the destination. */
struct mt_sim_host {
	double link_bytes_per_s;	/* payload of the link; 0: as fast as pages can be copied */
	double buffer_bytes;		/* written and not carried yet, of each connection: sockets,
					 * packet schedulers */
	double there_buffer_bytes;	/* carried and not read yet, likewise */
	double rtt_ms;
	double setup_ms;		/* from the command to the first page */
	double page_ns;			/* of the migration thread, for a page sent whole */
	double zero_page_ns;		/* for one that is found to be zero */
	double xbzrle_page_ns;		/* for one looked up and encoded */
	double compress_page_ns;	/* for one given to the threads that compress, zero or
					 * not */
	double there_page_ns;		/* a page is written */
	double there_zero_page_ns;	/* a page is looked at: it may have to be made zero */
	double there_zero_postcopy_ns;	/* likewise in post-copy, where it is mapped and not looked
					 * at */
	double there_discard_ns;	/* post-copy: a range of old pages is given up */
	double sync_ms;			/* a sync of the bitmap */
	double wake_ms;			/* a sleep of the thread is longer by this */
	double stop_ms;			/* stopping the guest, saving its devices */
	double device_bytes;		/* state of the devices */
	double finish_ms;		/* at the end, after the last byte: the destination runs,
					 * and says so */
	double resume_ms;		/* post-copy: the destination loads the devices and runs */
	double place_ms;		/* post-copy: a page that came is put in place, and the vCPU
					 * woken */
	unsigned beat_touches;		/* post-copy: the guest is heard after this many accesses in
					 * a row */
};

/*
 * "PRESET,KEY=VALUE,..." into @host, as --host of migtrace-simulate(1) has it, the preset first if
 * at all. -EINVAL with a line.
 */
MT_MUST_CHECK int mt_sim_host_parse(struct mt_sim_host *host, const char *words,
				    struct mt_err *err);
const char *mt_sim_host_name(const char *words);	/* of the preset that they begin with; NULL
							 * is fine */

/* What the guest does besides writing to memory, all the time: a policy is told. */
struct mt_sim_activity {
	double cpu_share;		/* of its vCPUs' time; 0: nobody counts any of this */
	double received_bytes_per_s, sent_bytes_per_s;
};

struct mt_sim_params {
	uint64_t memory_bytes;		/* that takes part: what query-migrate calls ram.total */
	uint64_t resident_bytes;	/* of it not zero at the beginning, from the trace's first
					 * such page on; 0: as the trace says */
	enum mt_sim_log log;
	enum mt_sim_sender sender;
	struct mt_sim_order order;
	double watched_ms;		/* what the guest does before the command; an ordered
					 * sender learns from it */
	struct mt_method_row method;
	double bandwidth_bytes_per_s;	/* max-bandwidth; 0: no limit */
	double postcopy_bandwidth_bytes_per_s;	/* max-postcopy-bandwidth; 0: no limit, QEMU's
						 * default */
	double downtime_limit_ms;
	double cap_ms;			/* given up then, if not done: the figures are those so
					 * far */
	double abort_passes;		/* 0, or: given up only after this many passes, even past
					 * the cap */
	double flip_delay_ms;		/* from the pass's end until the flip is asked for */
	unsigned clear_shift;		/* x-clear-bitmap-shift: 2^clear_shift pages are cleared at
					 * once */
	unsigned throttle_trigger_percent, throttle_initial_percent, throttle_increment_percent,
		throttle_max_percent;
	uint64_t xbzrle_cache_bytes;
	double look_ms;			/* between two samples that are no boundary; 0: none */
	double tick_ms;			/* of a kernel source on the source's host; 0: there is
					 * none */
	struct mt_sim_activity activity;
	struct mt_sim_host host;
};

/* QEMU's and libvirt's defaults; memory, trace and bandwidth are the caller's. */
void mt_sim_defaults(struct mt_sim_params *p);
/* What makes no sense, in one line. Return: 0 or -EINVAL. */
MT_MUST_CHECK int mt_sim_check(const struct mt_sim_params *p, struct mt_err *err);

/* One pass: from QEMU's sync n to sync n + 1. */
struct mt_sim_pass {
	uint64_t n;			/* 1: over all memory */
	double start_ms, duration_ms;
	uint64_t sent_pages, zero_pages;	/* sent: with content */
	uint64_t sent_bytes;
	uint64_t dirtied_pages;		/* newly, as the sync at its end found; unknown for the
					 * last */
	uint64_t skipped_pages;		/* Xen: left out, for they were dirty again */
	uint64_t remaining_pages;	/* after that sync */
	unsigned throttle_percent;	/* at its end */
};

enum mt_sim_end {
	MT_SIM_CONVERGED,		/* by QEMU's rule */
	MT_SIM_POSTCOPIED,
	MT_SIM_STOPPED,			/* the policy stopped the guest; the rest was sent then */
	MT_SIM_CAPPED,			/* neither, before the cap */
	MT_SIM_ABORTED,			/* by the policy */
	MT_SIM_END_COUNT
};
const char *mt_sim_end_name(enum mt_sim_end end);	/* "converged" ... */

struct mt_sim_result {
	enum mt_sim_end end;
	double total_ms;		/* from the command on, as QEMU counts; capped: until
					 * then */
	double setup_ms;
	double downtime_ms;		/* as QEMU reports it; NaN: none yet */
	double stall_ms;		/* the longest time that nothing was heard of the guest */
	uint64_t transferred_bytes;	/* as QEMU counts */
	uint64_t normal_pages, zero_pages, skipped_pages;
	uint64_t passes;		/* syncs: dirty-sync-count */
	uint64_t remaining_pages;	/* if it did not end */
	double bandwidth_bytes_per_s;	/* QEMU's own, of its last budget */
	unsigned throttle_percent;	/* the highest */
	double flip_ms;			/* post-copy: when; NaN: never */
	double postcopy_ms;		/* and how long */
	uint64_t faults;		/* of them: requests */
	double fault_ms;		/* and how long the guest waited for one, on average */
	enum mt_action action;		/* of a policy: the one that ended it, or NONE */
	char reason[384];		/* and why; or which of Xen's rules did */
};

/* What is told meanwhile; each may be NULL. */
struct mt_sim_hooks {
	void *opaque;
	void (*pass)(void *opaque, const struct mt_sim_pass *pass);
	/*
	 * As a source would: at each boundary and every look_ms. @plan comes in as CONTINUE, and is
	 * carried out.
	 */
	void (*sample)(void *opaque, const struct mt_sample *s, struct mt_plan *plan);
	/* What a kernel source has counted since the last, likewise. */
	void (*tick)(void *opaque, const struct mt_tick *t, struct mt_plan *plan);
	/* For tests: @page went over, as it is now; the guest wrote to @page. */
	void (*sent)(void *opaque, uint64_t page);
	void (*written)(void *opaque, uint64_t page);
};

/**
 * mt_sim_run() - play one migration
 * @p: checked by mt_sim_check()
 * @trace: is rewound first, so that each run of it sees the same guest; NULL: an idle guest
 *
 * Return: 0; -EINVAL, -ENOMEM.
 */
MT_MUST_CHECK int mt_sim_run(const struct mt_sim_params *p, struct mt_trace *trace,
			     const struct mt_sim_hooks *hooks, struct mt_sim_result *result);

/*
 * Likewise, steered by @policy through the engine that supervises live migrations. Limits of 0 are
 * policy.h's defaults. -EINVAL also for Xen's sender, which asks nobody.
 */
MT_MUST_CHECK int mt_sim_steer(const struct mt_sim_params *p, struct mt_trace *trace,
			       const struct mt_policy *policy, const struct mt_limits *limits,
			       const struct mt_sim_hooks *hooks, struct mt_sim_result *result);

/*
 * What a profile of @duration_s would have told of the guest, for limits.history: what each window
 * of a second dirtied, spread evenly over its slots of @slot_s. @trace is rewound. Return: 0;
 * -ENODATA for less than a window; -ENOMEM. The caller frees h->bytes.
 */
MT_MUST_CHECK int mt_sim_history(struct mt_trace *trace, double duration_s, double slot_s,
				 struct mt_history *h);

/*
 * What a profile of the trace's @n seconds (32 at most) after the first @after_s would have told of
 * whole seconds. @trace is rewound. Return: 0; -EINVAL; -ENOMEM.
 */
MT_MUST_CHECK int mt_sim_seconds(struct mt_trace *trace, unsigned after_s, unsigned n,
				 struct mt_seconds *to);

/*
 * What a kernel profile of @duration_s would have told of it, for limits.before: U(T) by windows
 * of up to that length, and how much of its memory is not zero. @trace is rewound. Return: 0;
 * -ENODATA for less than a window; -ENOMEM.
 */
MT_MUST_CHECK int mt_sim_profile(struct mt_trace *trace, const struct mt_sim_params *p,
				 double duration_s, struct mt_beforehand *before);

#endif
