/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * runs.h - what a campaign says of each of its migrations, written and read
 *
 * A campaign's directory has runs.jsonl, one JSON object a line for each migration: how the guest
 * was set up and migrated, what became of it, and the names of its recording and of the profile
 * made before, both relative to the directory. The keys are those of struct mt_run, with their
 * units.
 */
#ifndef MT_RUNS_H
#define MT_RUNS_H

#include <math.h>

#include "model/forecast.h"
#include "record.h"

#define MT_RUN_CHOICES_MAX	64

/* What it would have come to, had it been ended at another moment. */
struct mt_run_choice {
	double total_ms, pause_ms, stall_ms;	/* stall: NaN: not known */
};

/*
 * Numbers that are not known are NaN, strings "", methods and outcomes MT_METHOD_COUNT and
 * MT_OUTCOME_COUNT.
 */
struct mt_run {
	unsigned run;
	char where[64];			/* a label of the hosts: runs of one label can teach each
					 * other */
	char guest[64], workload[64], type[8], logging[8];
	/* nonzero: in pages that are not all zero */
	double vcpus, memory_bytes, resident_bytes, nonzero_bytes, cpu_share;
	enum mt_method method;
	struct mt_method_options options;
	char policy[32];		/* that steered it, "": none did; and what that was told */
	bool postcopy_allowed;
	double max_downtime_ms, deadline_ms;	/* deadline: NaN: none */
	double round;			/* which repetition, from 0 */
	double bandwidth_bytes_per_s, link_bytes_per_s, downtime_limit_ms, cap_ms;
	char profile[128], recording[128];
	double start_wall_ms, load_1min, busy_percent;
	enum mt_outcome outcome;
	bool converged;			/* QEMU's own rule ended it, before it would have been
					 * cancelled */
	double prepare_ms;		/* of total_ms, until QEMU began: the destination is started
					 * meanwhile */
	double total_ms, downtime_ms, transferred_bytes, iterations, normal_pages, zero_pages;
	double throttle_percent, postcopy_requests, felt_ms;
	double work_before_per_s, work_during_per_s;	/* what the guest got done, as it counts */
	char verified[32], note[768];
	char reason[384];		/* of what the policy did last */
	struct mt_run_choice choices[MT_RUN_CHOICES_MAX];
	size_t n_choices;
	char commit[64];		/* of what made it */
};

/* What a forecast of it would need and it does not say, for a message; NULL: nothing. */
const char *mt_run_lacks(const struct mt_run *r);
/* A figure of a run; 0: it says none. */
static inline double mt_run_known(double v)
{
	return isfinite(v) && v > 0 ? v : 0;
}

/* What a forecast of it would be made of, if it lacks nothing; @curve: of the guest before. */
struct mt_forecast_input mt_run_forecast_input(const struct mt_run *r,
					       const struct mt_ucurve *curve);

/*
 * As a line, without its newline; what is not known is left out. The caller's to free(); NULL: no
 * memory.
 */
char *mt_run_line(const struct mt_run *r);
/* The number of the run that a line tells of; 0: it is none. */
uint64_t mt_run_line_number(const char *line);

struct mt_runs {
	char *dir;
	struct mt_run *v;
	size_t n;
};

/*
 * A last line that is cut short is left out. -ENOENT no campaign there; -EBADMSG a line that is no
 * object, with its number in @err; -ENODATA no run in it; -ENOMEM.
 */
MT_MUST_CHECK int mt_runs_load(struct mt_runs *r, const char *dir, struct mt_err *err);
void mt_runs_free(struct mt_runs *r);

#endif
