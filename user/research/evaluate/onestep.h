/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * onestep.h - one-step forecasts of recorded migrations
 *
 * How many bytes does the next iteration dirty, given how long it takes? Asked of
 * each model at the start of each iteration, when it has seen those before.
 */
#ifndef ONESTEP_H
#define ONESTEP_H

#include "source/iteration.h"
#include "store/record.h"

struct onestep_step {
	struct mt_iteration it;		/* window_s is what the models are given, polled or not */
	double qemu_bytes_per_s;	/* dirty-pages-rate at its start; NaN: not told */
	bool idle;			/* the load had ended: told with hindsight, for the tables
					 * only */
};

/* One recorded migration. */
struct onestep_run {
	const char *path;
	char *workload;			/* the folder it lies in */
	const char *method;
	double memory_bytes;
	bool clears_chunks;
	struct onestep_step *steps;
	size_t n_steps, room;
};

struct onestep_runs {
	struct onestep_run *v;
	size_t n;
};

/*
 * Adds what @path recorded. @polled: windows between looks, not between syncs. Return: 0 or -errno,
 * with a line in @err.
 */
int onestep_load(struct onestep_runs *runs, const char *path, bool polled, bool *truncated,
		 struct mt_err *err);
void onestep_free(struct onestep_runs *runs);

/* Whether step @i can be asked for: one whole window, pages in it, and something seen before. */
bool onestep_asked(const struct onestep_run *run, size_t i);

/*
 * forecast() fills in bytes for each step of one run, NaN where it has nothing to
 * say. Causal ones go through the run and know of step i what a step before i
 * told, and its window; those with hindsight are fitted beforehand.
 */
struct onestep_model {
	const char *name;
	const char *help;
	void (*forecast)(const struct onestep_runs *runs, size_t run, double *bytes);
};

extern const struct onestep_model onestep_models[];
extern const size_t onestep_n_models;

#endif
