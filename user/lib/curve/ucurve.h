/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ucurve.h - U(T), as a distribution, from whatever is known of it (PURE)
 *
 * U(T) is the number of distinct bytes (whole pages) dirtied in a window of length T that begins
 * clean. Its logarithm is kept at knots, each twice as long as the one before, as a normal
 * distribution: means and covariances. Between knots it is a power of T. What is known before
 * anything is seen is that over logarithms the slope lies between 0 (a set that is dirty at once)
 * and 1 (writes spread evenly), and changes slowly: slope and level are an integrated random walk,
 * so what a window of one length tells holds for those of other lengths the less the farther they
 * are. Everything that is seen is one linear observation with its own noise (a Kalman filter's
 * update):
 *
 *	kernel		the points of a profile, 1 ms to 10 s, and all pages dirtied in it
 *	coarse		QEMU's dirty-rate calculations, each for what its mode can see
 *	passes		(window, newly dirty) of a running migration, in order
 *
 * A window that nobody saw is wide, not zero; what was seen often is narrow.
 */
#ifndef MT_UCURVE_H
#define MT_UCURVE_H

#include <stdbool.h>
#include <stddef.h>

#include "source/iteration.h"
#include "profile.h"

#define MT_UCURVE_KNOTS		23		/* from 1 ms, by factors of 2, to 70 minutes */
#define MT_UCURVE_FIRST_S	0.001

enum mt_ucurve_origin {
	MT_UCURVE_NOTHING,
	MT_UCURVE_PASSES,
	MT_UCURVE_COARSE,
	MT_UCURVE_KERNEL,
	MT_UCURVE_ORIGINS
};
/* "none", "iterations", "coarse", "kernel" */
const char *mt_ucurve_origin_name(enum mt_ucurve_origin origin);

struct mt_ucurve {
	enum mt_ucurve_origin origin;
	double memory_bytes;			/* no window dirties more; 0: not known */
	unsigned chunks;			/* see mt_ucurve_clears(); 0: one */
	double longest_s;			/* the longest window seen */
	double union_bytes;			/* the working set: all that was dirtied in a
						 * profile, seen whole; 0: not known */
	double mean[MT_UCURVE_KNOTS];		/* of log(U + MT_UCURVE_OFFSET_BYTES) */
	double cov[MT_UCURVE_KNOTS][MT_UCURVE_KNOTS];
	/*
	 * Single windows scatter about the curve, by nearly the same number of bytes whatever their
	 * length.
	 */
	double noise_bytes2;			/* variance; 0: not known yet */
	/* Deviations carry over: what a pass did not get to, the next does. */
	double carry_sum, carry_weight;
	size_t passes;				/* taken so far */
	double last_window_s;			/* of them the last: its window, ... */
	double last_log;			/* ... and its bytes, outliers cut off */
	double last_noise_var;
	double last_deviation;			/* in standard deviations of the noise */
	/* Page's test for a change of phase. */
	double above, below;
	size_t since_change;
	unsigned changes;
	bool changed;				/* the pass taken last showed one */
};

/* Guests that dirty nearly nothing: below 64 pages relative differences are no matter. */
#define MT_UCURVE_OFFSET_BYTES	(64.0 * 4096)

/* Nothing known but the guest's memory; 0: not even that. */
void mt_ucurve_init(struct mt_ucurve *c, double memory_bytes);

/*
 * QEMU clears the log of a KVM guest with bitmaps not in its sync but as pages are sent, so many
 * bytes of memory at a time (clear_bmap in migration/ram.c; its default is MT_CLEAR_CHUNK_BYTES).
 * 0: rings and TCG, which are cleared in the sync.
 */
#define MT_CLEAR_CHUNK_BYTES	(1ULL << 30)	/* 2^CLEAR_BITMAP_SHIFT_DEFAULT pages */
void mt_ucurve_clears(struct mt_ucurve *c, double chunk_bytes);

/* A kernel profile's windows of one length: how many, and what was dirty at their ends. */
void mt_ucurve_windows(struct mt_ucurve *c, double window_s, double windows, double mean_bytes,
		       double p10_bytes, double p90_bytes);
/* All that was dirtied in a profile of that length; @lower_bound: and perhaps more. */
void mt_ucurve_union(struct mt_ucurve *c, double duration_s, double bytes, bool lower_bound);

/*
 * Calculations of QEMU's; bytes_per_s is as libvirt tells it, rounded down to whole MiB/s. Those
 * that make no sense are left out.
 */
enum mt_ucurve_sees {
	MT_UCURVE_SEES_SAMPLES,		/* contents of sampled pages that differ: page-sampling */
	MT_UCURVE_SEES_UNION,		/* pages, once: dirty-bitmap */
	MT_UCURVE_SEES_HARVESTS,	/* pages, once a harvest: dirty-ring */
};
struct mt_ucurve_coarse {
	enum mt_ucurve_sees sees;
	double window_s, bytes_per_s;
};
void mt_ucurve_coarse(struct mt_ucurve *c, const struct mt_ucurve_coarse *v, size_t n);

/* U(@window_s) is @bytes, give or take a factor exp(@sd), from any source. */
void mt_ucurve_point(struct mt_ucurve *c, double window_s, double bytes, double sd);

/*
 * What an operator assumes: @bytes_per_s in a second, of a set of @set_bytes (0: all memory),
 * written evenly.
 */
void mt_ucurve_assume(struct mt_ucurve *c, double bytes_per_s, double set_bytes);

/*
 * The guest is about to be migrated: it shares its host with the migration and dirties @speed times
 * as fast as what was seen of it, give or take a factor exp(@speed_sd).
 */
#define MT_UCURVE_SPEED_SD	0.2	/* where nobody knows. Inferred */
void mt_ucurve_migrates(struct mt_ucurve *c, double speed, double speed_sd);

/*
 * A pass has ended, in order. @window_s: from its sync to the next, ignored unless > 0 and finite.
 * @dirtied_bytes: written in it, >= 0. @first: the pass over all memory, whose windows
 * begin page by page, or chunk by chunk, as they are sent. Not for passes of which a sync was
 * missed.
 */
void mt_ucurve_pass(struct mt_ucurve *c, double window_s, double dirtied_bytes, bool first);
/*
 * The same of an iteration, if it is a window (the union of several is none), and of all that was
 * written in it.
 */
void mt_ucurve_iteration(struct mt_ucurve *c, const struct mt_iteration *it);

/*
 * Bytes of a window of that length: the curve's median, and a quantile of one window's. 0: nothing
 * is known.
 */
double mt_ucurve_at(const struct mt_ucurve *c, double window_s);
double mt_ucurve_quantile(const struct mt_ucurve *c, double window_s, double quantile);
/* The same for the very next pass, of which the last one's deviation tells something. */
double mt_ucurve_next(const struct mt_ucurve *c, double window_s, double quantile);

/* Between which knots a window lies: found once, for whoever looks it up on several curves. */
struct mt_ucurve_window {
	double s, part;
	size_t knot;
};
void mt_ucurve_window(struct mt_ucurve_window *w, double window_s);

/* Standard deviation of the curve's logarithm there, and of one window about the curve. */
double mt_ucurve_sd(const struct mt_ucurve *c, double window_s);
double mt_ucurve_noise_sd(const struct mt_ucurve *c, const struct mt_ucurve_window *w);

/*
 * One of the curves that it may be, @z standard deviations from the median at each T: how far off
 * one length is tells how far the others are. Bytes of a window, and the window that has @bytes
 * (INFINITY: none).
 */
struct mt_ucurve_sample {
	double log[MT_UCURVE_KNOTS];
	double memory_bytes;
	unsigned chunks;
};
void mt_ucurve_sample(struct mt_ucurve_sample *u, const struct mt_ucurve *c, double z);
double mt_ucurve_sample_at(const struct mt_ucurve_sample *u, double window_s);
double mt_ucurve_sample_window_s(const struct mt_ucurve_sample *u, double bytes);

/*
 * Of the bytes that are written in a window, the share that a pass finds newly dirty: it began with
 * @began_bytes and kept back
 * @kept_bytes of them, which are dirty already and do not count again. Pages go out by address, so
 * a share kept / began of what it began with is kept back, whatever it is; of the bytes written
 * meanwhile U(T) + R - U(T + T_R) were dirty at its begin, T_R being the window that dirties the R
 * bytes it began with. Where the log is cleared chunk by chunk as they are sent, these count from
 * then on only: the chunks that are written to go out in the first @cleared_s of the window. More
 * than 0.
 */
double mt_ucurve_sample_new_share(const struct mt_ucurve_sample *u, double window_s,
				  double began_bytes, double kept_bytes, double cleared_s);
/* And these bytes. */
double mt_ucurve_sample_new(const struct mt_ucurve_sample *u, const struct mt_ucurve_window *w,
			    double began_bytes, double kept_bytes, double cleared_s);

/* The window in which the median curve has @bytes; INFINITY: none that is looked at. */
double mt_ucurve_window_s(const struct mt_ucurve *c, double bytes);

#endif
