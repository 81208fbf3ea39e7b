/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * iteration.h - samples in, finished pre-copy iterations out (PURE)
 *
 * Iteration n of pre-copy runs from QEMU's dirty-bitmap sync n to sync n + 1.
 * QEMU syncs when what is left falls below bandwidth x downtime limit, not when
 * nothing is left (migration/migration.c, migration_iteration_run()), so a part
 * of each iteration's pages is carried over unsent into the next.
 */
#ifndef MT_ITERATION_H
#define MT_ITERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "sample.h"

struct mt_iteration {
	uint64_t n;			/* 1 = the first pass over all memory */
	double start_s, duration_s;	/* start: since the migration began */
	double window_s;		/* from sync to sync, as far as it can be told; see
					 * mt_iterations_feed() */
	uint64_t syncs;			/* that end it: 1, or more where some were missed */
	double start_bytes;		/* remaining at its start */
	double remaining_bytes;		/* remaining right after its final sync: what the next has
					 * to send */
	double unsent_bytes;		/* estimate of what it left unsent: start minus pages sent,
					 * >= 0, and no more than the last look found */
	double dirtied_bytes;		/* remaining - unsent, >= 0: newly dirty pages, what QEMU's
					 * sync counts */
	double sent_bytes;		/* on the wire */
	double page_bytes;		/* memory that they stand for, zero pages left out; 0 = not
					 * known */
	double bandwidth_bytes_per_s;	/* sent / duration; where next to nothing was sent, the
					 * link's lately */
	double throttle_percent;	/* of auto-converge, while it went on; 0 = none, or not
					 * told */
	bool first;			/* the pass over all memory */
};

/*
 * The last MT_ITERATIONS_KEPT finished iterations, oldest first; total counts
 * all of them. A migration that does not converge may run thousands.
 */
#define MT_ITERATIONS_KEPT	64

struct mt_iterations {
	struct mt_iteration kept[MT_ITERATIONS_KEPT];
	size_t n_kept;
	uint64_t total;
	struct mt_sample last;		/* newest sample */
	struct mt_sample start;		/* sample at the running iteration's start */
	bool started;
	double start_sync_s;		/* when the sync was that began it, as far as it can be
					 * told */
	double limit_ms;		/* QEMU's downtime limit, if the first pass told it; 0 = not
					 * known */
	double bandwidth_bytes_per_s;	/* wire rate lately; 0 = unknown, or nothing goes out */
	double page_share;		/* bytes of memory, zero pages left out, for a byte on the
					 * wire, in the latest passes; 1 = not known */
	bool stuck;			/* next to nothing has gone out for a second, of a link that
					 * carried more */
	double still_s;			/* how long nothing at all has gone out in pre-copy; 0 =
					 * something has, or not known */
	struct mt_sample moved;		/* for still_s: where something last had */
	double pages_sent_bytes, wire_sent_bytes;	/* for page_share: both fade */
	double told[9];			/* for the rate: QEMU's own figures, newest last */
	size_t n_told;
	double lag_s;			/* how long the destination may still be busy with empty
					 * pages */
	uint64_t stale_bytes_per_s;	/* one that is of empty pages, and stands until QEMU renews
					 * it; 0 = none */
	double window_s[16], window_bytes[16];	/* and recent (time, transferred) points */
	size_t window_n;
};

void mt_iterations_init(struct mt_iterations *it);

/**
 * mt_iterations_feed() - take one sample
 *
 * Samples come in time order; one that goes back in time or in iterations is
 * ignored. Sources that see every boundary set sample->boundary; for sources
 * that poll, the first sample with a higher iteration stands for it. Syncs that
 * were missed in between make one longer iteration.
 *
 * duration_s is the time between the two samples. Polled, either may be late by
 * a whole poll; window_s then reckons from the sample before each sync how many
 * of QEMU's 100 ms budgets it took until what was left fell below bandwidth x
 * downtime limit, for that is when QEMU syncs. Polls of 200 ms leave 20 ms to
 * guess instead of 70. Where the syncs themselves were seen, or the limit is not
 * known, it is the same as duration_s.
 *
 * One that is anew forgets what was before it.
 *
 * A sample without iteration or remaining bytes tells nothing but whether anything moves.
 *
 * Return: true when this sample ended an iteration: kept[n_kept - 1].
 */
bool mt_iterations_feed(struct mt_iterations *it, const struct mt_sample *s);

/* Of its window, what a throttled guest has to write in. */
static inline double mt_iteration_guest_s(const struct mt_iteration *it)
{
	return it->window_s * (1 - it->throttle_percent / 100);
}

/* The newest finished iteration, or NULL. */
const struct mt_iteration *mt_iterations_last(const struct mt_iterations *it);

#endif
