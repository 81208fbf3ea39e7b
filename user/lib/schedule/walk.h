/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * walk.h - a placement as genes that can be changed a little (PURE)
 *
 * An order of all jobs, and for each which share it takes, its rank by cost among the choices with
 * that share, and how many changes of its phase it waits for. It is played from the front; a job
 * that would be too late is passed over.
 */
#ifndef MT_WALK_H
#define MT_WALK_H

#include <stdint.h>

#include "base/rng.h"
#include "placement.h"

struct mt_gene {
	size_t job;
	unsigned parts;			/* share of the link: 1 / parts */
	unsigned rank;			/* among the choices with that share, by cost; too many: the
					 * last */
	unsigned wait;			/* changes of phase */
};

struct mt_walk {
	const struct mt_jobs *jobs;
	struct mt_gene *genes;		/* where it is */
	struct mt_gene *tried;
	struct mt_gene *best_genes;
	struct mt_placement at, next;
	unsigned long tries, tries_max;	/* placements */
	struct mt_rng random;
};

/* The choice with that share and rank in a phase, or NULL. */
const struct mt_choice *mt_walk_choose(const struct mt_job_phase *phase, unsigned parts,
				       unsigned rank, size_t *index);
/* Most choices with a share that a phase of the job has. */
unsigned mt_walk_ranks(const struct mt_job *job, unsigned parts);
/*
 * How many ways a job may go, at least one; and one of them by its number, false: there are no
 * more.
 */
size_t mt_walk_ways(const struct mt_walk *w, size_t j);
bool mt_walk_nth_way(const struct mt_walk *w, struct mt_gene *g, unsigned n);

void mt_walk_play(const struct mt_jobs *jobs, const struct mt_gene *genes, struct mt_placement *t);
void mt_walk_copy(const struct mt_walk *w, struct mt_gene *to, const struct mt_gene *from);
void mt_placement_copy(struct mt_placement *to, const struct mt_placement *from);

/* From place i to place k, the ones between move up; and two places swapped. */
void mt_walk_insert(struct mt_gene *g, size_t i, size_t k);
void mt_walk_swap(struct mt_gene *g, size_t i, size_t k);

/* From ->genes down, as long as a small change makes it better. */
void mt_walk_descend(struct mt_walk *w);

/*
 * walk_begin.c: ->genes with which to begin, each job with the cheapest choice, or the fastest,
 * with that share. -ENOMEM.
 */
MT_MUST_CHECK int mt_walk_begin(struct mt_walk *w, unsigned parts, bool fastest);

#endif
