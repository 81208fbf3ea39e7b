/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state.h - a migration that is being played: what the parts of the simulator share (PURE)
 */
#ifndef MIGTRACE_SIM_STATE_H
#define MIGTRACE_SIM_STATE_H

#include <math.h>

#include "base/units.h"
#include "bits.h"
#include "link.h"
#include "sim.h"

#define NS_PER_MS	1e6

/* On the wire; migration/ram.c and savevm.c. */
#define PAGE_BYTES	MT_TRACE_PAGE_BYTES
#define HEADER_BYTES	8	/* save_page_header() with RAM_SAVE_FLAG_CONTINUE */
#define ZERO_BYTES	(HEADER_BYTES + 1)
#define EOS_BYTES	8	/* RAM_SAVE_FLAG_EOS, which QEMU counts as RAM */
#define SECTION_BYTES	10	/* section header and footer, which it does not */
#define COMPRESS_BYTES	(HEADER_BYTES + 4)	/* and the length of what follows */

struct xbzrle_cache;
struct sim_order;

/* What a kernel source counts: distinct pages in a window, see struct mt_tick. */
struct sim_ticks {
	struct mt_bits seen;		/* in the window; ->n 0: there is no source */
	uint64_t pages, told_pages;	/* of them; of these up to the last tick */
	uint64_t window;
	double window_ns, last_ns;	/* when they began */
};

struct sim {
	const struct mt_sim_params *p, *given;
	struct mt_sim_params params;	/* ->p, once a policy has changed any */
	struct mt_trace *trace;
	struct mt_sim_hooks hooks;
	struct mt_sim_result *r;

	double now_ns;			/* since the command; the migration thread's */
	double traced_ns;		/* the guest's writes are played up to here */
	double speed;			/* share of its speed that the throttle leaves it */
	bool guest_stopped;
	double stopped_ns;		/* since when */

	/* Memory. Writes go to ->log; a sync moves them to ->dirty. */
	uint64_t pages, resident_first, resident_end;
	struct mt_bits dirty;		/* RAMBlock.bmap: to be sent */
	struct mt_bits log;		/* written since it was last cleared */
	struct mt_bits synced;		/* bitmap: in the last sync's answer and not cleared
					 * since */
	struct mt_bits pending;		/* RAMBlock.clear_bmap: chunks that are not */
	struct mt_bits zero;
	uint64_t dirty_pages;		/* RAMState.migration_dirty_pages */
	uint8_t *writes;		/* XBZRLE: of each page since it was last sent, at most
					 * 255 */

	/* The stream. */
	struct sim_link link;
	uint64_t at;			/* where the search for the next page begins */
	unsigned packet_pages;		/* multifd: in the packet that is being filled */
	struct sim_order *order;	/* of an ordered sender; NULL: by address */
	struct xbzrle_cache *cache;
	bool xbzrle_on;			/* after the first round */
	bool last_stage, in_postcopy;
	uint64_t total_bytes;		/* migration_total_bytes() */

	/* The budget that runs: QEMU's times are whole milliseconds. */
	uint64_t budget_ms;		/* when it began */
	uint64_t budget_total_bytes;
	double used_bytes, limit_bytes;	/* limit 0: none */
	double threshold_bytes;
	double rate_bytes_per_ms;	/* of the last budget */

	/* Syncs. */
	uint64_t syncs;			/* dirty_sync_count */
	uint64_t period_ms;		/* time_last_bitmap_sync */
	uint64_t period_dirtied;	/* num_dirty_pages_period */
	uint64_t period_bytes;		/* bytes_xfer_prev */
	double dirty_rate;		/* pages/s */
	double expected_ms;
	unsigned throttle_percent, rate_high;
	struct mt_sim_pass pass;	/* that is under way */

	struct sim_ticks ticks;

	/* Asked for from outside. */
	double flip_ns;			/* from when on start_postcopy is set; infinite: not */
	double limit_ms;		/* downtime limit */
	double look_ns;			/* when the next sample is due */
	bool over;			/* stop here: ->r->end says why */
	bool again;			/* and begin again by: */
	struct mt_plan how;
	/* Of the job that is under way: when it began, and what was sent before. */
	double job_ns;
	uint64_t job_bytes, job_normal, job_zero;
	bool anew;			/* the next sample is its first */
};

static inline uint64_t sim_ms(const struct sim *s)
{
	return (uint64_t)(s->now_ns / NS_PER_MS);
}

static inline bool sim_limited(const struct sim *s)
{
	return s->limit_bytes > 0 && s->used_bytes > s->limit_bytes;
}

/* advance.c */
void sim_advance(struct sim *s);		/* the guest's writes up to now */
void sim_heard(struct sim *s, double silence_ns);

/* ticks.c */
MT_MUST_CHECK int sim_ticks_init(struct sim *s);
void sim_ticks_fini(struct sim *s);
void sim_ticks_written(struct sim *s, uint64_t page);
void sim_ticks_look(struct sim *s);		/* tells, once a tick is over */

/* sim.c */
/* The end of pre-copy: the guest is stopped, and @last sends what is left. */
void sim_complete(struct sim *s, void (*last)(struct sim *s));

/* sender_xen.c */
void sim_xen(struct sim *s);			/* all of it */

/* sender_ordered.c */
MT_MUST_CHECK int sim_ordered(struct sim *s);	/* likewise */
/* What the guest does before the command: whoever orders pages sees it. */
void sim_watch(struct sim *s);

/* order.c */
MT_MUST_CHECK int sim_order_init(struct sim *s);
void sim_order_fini(struct sim *s);
void sim_order_see(struct sim *s);		/* a tick is over: what is in the log now */
/* Of what is dirty now, to be sent at @bytes_per_ns. */
void sim_order_make(struct sim *s, double bytes_per_ns);
bool sim_order_only_hot(const struct sim *s);	/* nothing else is left of it */
/*
 * The next page of the order that is still dirty, from the coldest on, or in post-copy from the
 * hottest; MT_BITS_NONE: there is none.
 */
uint64_t sim_order_next(struct sim *s);

/* dirty.c */
uint64_t sim_read_log(struct sim *s);		/* pages that it makes dirty */
MT_MUST_CHECK int sim_memory_init(struct sim *s);
void sim_memory_fini(struct sim *s);
void sim_sync(struct sim *s);			/* migration_bitmap_sync() */
void sim_clear_chunk(struct sim *s, size_t chunk);

/* stream.c */
/* Bytes that are no pages. @work_ns: the destination's with them. */
void sim_put(struct sim *s, double bytes, double work_ns);
void sim_slice(struct sim *s);			/* ram_save_iterate() */
void sim_flush(struct sim *s);			/* all that is dirty, whatever the limit:
						 * ram_save_complete() */

/* throttle.c */
void sim_throttle_set(struct sim *s, unsigned percent);
void sim_throttle(struct sim *s);		/* migration_trigger_throttle() */

/* xbzrle.c */
MT_MUST_CHECK int xbzrle_new(struct xbzrle_cache **c, uint64_t cache_bytes);
void xbzrle_free(struct xbzrle_cache *c);
/* Bytes on the wire with the header; 0: unchanged, nothing is sent. */
double xbzrle_page(struct sim *s, uint64_t page);
void xbzrle_zero(struct sim *s, uint64_t page);

/* postcopy.c */
MT_MUST_CHECK int sim_postcopy(struct sim *s);	/* from the flip to the end */

/* restart.c */
MT_MUST_CHECK int sim_restart(struct sim *s);
struct mt_sim_params *sim_own_params(struct sim *s);	/* a copy, from now on: to be changed */

/* sim_sample.c */
void sim_pass_end(struct sim *s, uint64_t dirtied_pages);
void sim_carry_out(struct sim *s, const struct mt_plan *plan);
void sim_sample(struct sim *s, bool boundary);

#endif
