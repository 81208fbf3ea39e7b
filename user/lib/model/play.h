/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * play.h - pre-copy played pass by pass over U(T), as a distribution of ends (PURE)
 */
#ifndef MODEL_PLAY_H
#define MODEL_PLAY_H

#include "learned.h"

/* What can end where, and what it takes to get there. */
struct mt_play_end {
	double probability;
	double time_s;			/* from the first page to the stop */
	double sent_bytes;		/* of memory, until then */
	double wire_bytes;		/* of it on the wire */
	double left_bytes;		/* to be sent with the guest stopped */
	double lag_s;			/* what the destination has to catch up with by then */
};

#define MT_PLAY_ENDS	48

struct mt_play {
	struct mt_play_end ends[MT_PLAY_ENDS];	/* by time */
	size_t n;
	double open;			/* probability of none of them */
	/* After flip_after passes, if it has not ended before: what is then left to post-copy. */
	struct mt_play_end flip;
	double throttle_percent;	/* expected at the end */
	double passes;
};

/*
 * @flip_after: passes after which it is flipped; UINT_MAX: never, 0: at once.
 * @give_up_s: what has not ended by then does not.
 */
void mt_play(struct mt_play *p, const struct mt_forecast_input *in,
	     const struct mt_ucurve_sample *u, unsigned flip_after, double give_up_s);

/*
 * The next boundaries of a migration that runs, if none of them ends it: up to @n of them, fewer
 * where nothing is left. @of: one for each. Return: how many.
 */
size_t mt_play_ahead(const struct mt_forecast_input *in, const struct mt_ucurve_sample *u,
		     struct mt_boundary *of, size_t n);

struct mt_chance {
	double probability, value;
};

/*
 * The 10th, 50th and 90th percentile, of which the probabilities need not add up to one; NaN if
 * there is none. Sorts them.
 */
struct mt_interval mt_chances_interval(struct mt_chance *v, size_t n);

/* Memory bytes a second that go out, in the first pass or later, and with QEMU not holding back. */
double mt_play_rate(const struct mt_forecast_input *in, bool first, bool unlimited);
/* A sync of the dirty bitmaps of all memory. */
double mt_play_sync_s(const struct mt_forecast_input *in);
/* Bytes on the wire for a byte of memory. */
double mt_play_wire_share(const struct mt_forecast_input *in, bool first);
const struct mt_learned_figures *mt_play_figures(const struct mt_forecast_input *in);

/*
 * The curves that are played: equally likely, at the middles of as many parts of a normal
 * distribution. For who has several forecasts made over one U(T).
 */
#define MT_RECURRENCE_CURVES	9
void mt_recurrence_curves(struct mt_ucurve_sample u[MT_RECURRENCE_CURVES],
			  const struct mt_ucurve *c);

/* The probability alone that recurrence.c says of an end; @in is one that it takes. */
double mt_recurrence_ends(const struct mt_forecast_input *in);

/*
 * After a flip with @left_bytes left: pages that the guest needs and does not have, before it can
 * speak again.
 */
double mt_flip_writes(const struct mt_forecast_input *in, double left_bytes);

#endif
