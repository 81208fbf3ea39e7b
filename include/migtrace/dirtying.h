/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dirtying.h - what is known of U(T), wherever it comes from (PURE)
 *
 * U(T) is the number of distinct bytes (whole pages) dirtied in a window of length T that
 * begins clean. It is kept as points, sorted by T, each with its mean and quantiles over the windows
 * seen. Three origins, the better first:
 *
 *	kernel		points of a profile, 1 ms to 10 s (mt_profile)
 *	coarse		QEMU's dirty-rate calculations of whole seconds. Below and between them the
 *			shape is that of uniform writes, W (1 - exp(-T r / W)), the least that two points settle
 *	iterations	(duration, newly dirty) of the passes of a running migration
 *
 * The last are merged into either of the others, as points of their own or as weight
 * on one that is near: old windows then count less and less (mt_dirtying_add()).
 */
#ifndef MIGTRACE_DIRTYING_H
#define MIGTRACE_DIRTYING_H

#include <migtrace/profile.h>

enum mt_dirtying_origin {
	MT_DIRTYING_NONE,
	MT_DIRTYING_ITERATIONS,
	MT_DIRTYING_COARSE,
	MT_DIRTYING_KERNEL,
	MT_DIRTYING_ORIGIN_COUNT
};

struct mt_dirtying_point {
	double window_s;
	double mean_bytes, p10_bytes, p50_bytes, p90_bytes;
	double weight;			/* windows, as far as they still count; > 0 */
};

#define MT_DIRTYING_POINTS	32
/* A window of a running migration is put with a point whose T is this near, as a ratio. Inferred. */
#define MT_DIRTYING_NEAR	1.15
/* Weight of what was there before, each time a window is added. Inferred. */
#define MT_DIRTYING_FORGET	0.9
/* How much of what a window teaches of its own length holds for the others. Inferred. */
#define MT_DIRTYING_SHIFT	0.5
/* So many standard deviations off, twice in a row on the same side: another phase. Inferred. */
#define MT_DIRTYING_PHASE_SIGMA	3.0
/* What is left of old windows' weight then. Inferred. */
#define MT_DIRTYING_PHASE_KEEP	0.1
/* Relative standard deviation of a window where nothing else is known (pg-ycsb, equal iterations of 0.4 s: 21 %). */
#define MT_DIRTYING_SPREAD	0.2

struct mt_dirtying {
	enum mt_dirtying_origin origin;	/* NONE: nothing is known, all answers are 0 */
	struct mt_dirtying_point points[MT_DIRTYING_POINTS];	/* window_s rises strictly, mean_bytes does not fall */
	size_t n;
	double cap_bytes;		/* what can be dirtied at all: the working set if known, or the guest's memory */
	bool cap_known;			/* the working set was seen whole: beyond it there is nothing */
	unsigned phases;		/* changes of phase seen by mt_dirtying_add() */
	double last_residual;		/* of the newest window, in standard deviations */
};

/* @profile: page counts are of 4096 bytes. -ENODATA: no point in it. */
MT_MUST_CHECK int mt_dirtying_from_profile(struct mt_dirtying *d, const struct mt_profile *profile, double memory_bytes);

/* One calculation of QEMU's: @bytes_per_s is rounded down to whole MiB/s, which is allowed for. */
struct mt_dirtying_coarse {
	double window_s, bytes_per_s;
};

/* -ENODATA: none that is longer than 0. */
MT_MUST_CHECK int mt_dirtying_from_coarse(struct mt_dirtying *d, const struct mt_dirtying_coarse *c, size_t n,
					  double memory_bytes);

/* By hand: begin, add points by rising T (bytes: mean, p10, p50, p90), and say how large the working set is. */
void mt_dirtying_begin(struct mt_dirtying *d, enum mt_dirtying_origin origin, double memory_bytes);
void mt_dirtying_point(struct mt_dirtying *d, double window_s, double windows, const double bytes[4]);
void mt_dirtying_working_set(struct mt_dirtying *d, double bytes, bool lower_bound);

/* One more window, of a running migration. Return: true if it tells of another phase. */
bool mt_dirtying_add(struct mt_dirtying *d, double window_s, double bytes);

/* Expected U(T) in bytes. Between points it is a power of T, below the first it is proportional. */
double mt_dirtying_at(const struct mt_dirtying *d, double window_s);
/* The same of the q-quantile, 0.1 <= q <= 0.9. */
double mt_dirtying_quantile(const struct mt_dirtying *d, double window_s, double q);
/* Relative standard deviation of one window about its mean, from p10 and p90. */
double mt_dirtying_spread(const struct mt_dirtying *d, double window_s);
/* The length of the window in which so much is dirtied; INFINITY: never. */
double mt_dirtying_window_s(const struct mt_dirtying *d, double bytes);

const char *mt_dirtying_origin_name(enum mt_dirtying_origin origin);	/* "none", "iterations", "coarse", "kernel" */

#endif
