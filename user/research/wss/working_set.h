/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * working_set.h - how well working sets are estimated, and what an order by them is worth
 *
 * Over guests whose writes can be played: a campaign's, each workload once, by the pattern that it
 * was told to write or by what its profile knows; recordings with sets of pages; patterns in words.
 */
#ifndef WORKING_SET_H
#define WORKING_SET_H

#include <math.h>

#include "out/table.h"
#include "research/spread.h"
#include "sim/trace.h"

struct ws_guest {
	char name[128];			/* of the workload */
	char where[64];			/* of the campaign, or of the file */
	struct mt_trace trace;
	uint64_t memory_bytes, resident_bytes;	/* resident: 0: as the trace says */
	double bandwidth_bytes_per_s;	/* of its migrations in the campaign; 0: there were none */
};

struct ws_guests {
	struct ws_guest *v;
	size_t n;
};

/* Complains of what it leaves out. Return: enum cmd_exit; ws_guests_fini() in either case. */
int ws_guests_load(struct ws_guests *g, char **args, size_t n);
void ws_guests_fini(struct ws_guests *g);

/* To four digits behind the point. */
static inline struct mt_cell ws_rounded(double v)
{
	return isfinite(v) ? MT_DOUBLE(round(v * 1e4) / 1e4) : MT_NONE;
}

/* What is measured of each guest by itself, and shown over those of a kind. */
struct ws_measure {
	const char *about;		/* in complaints */
	const struct mt_column *columns;
	size_t n_columns;
	size_t outcome_bytes;
	int (*one)(void *outcome, struct ws_guest *g);
	/* Of the guests of that kind, or of @only. @outcomes: of each of @g's. */
	int (*add_rows)(struct mt_table *t, const struct ws_guests *g, const void *outcomes,
			const char *kind, const struct ws_guest *only, struct spread *spread);
};
/* Return: enum cmd_exit. */
int ws_measure(const struct ws_measure *m, char **args, size_t n, enum mt_format format,
	       bool by_workload);

/* Precision, recall and the area under the curve of each estimator. */
int ws_precision(char **args, size_t n, enum mt_format format, bool by_workload);
/* Migrations in each order, in the simulator. */
int ws_ordering(char **args, size_t n, enum mt_format format, bool by_workload);

/* Disks over a wide-area link, by plain copying and by their working sets. */
int ws_disk(enum mt_format format);

#endif
