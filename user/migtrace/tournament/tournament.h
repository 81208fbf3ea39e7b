/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tournament.h - what the parts of `migtrace tournament` share
 *
 * A tournament is a campaign whose methods are policies: the same plan, the same directory, a line
 * for each migration. Where it is held is one of three: the simulator, recordings, a testbed.
 */
#ifndef TOURNAMENT_H
#define TOURNAMENT_H

#include "cli/campaign/campaign.h"
#include "out/table.h"
#include "score.h"
#include "store/runs.h"

#define TOURNAMENT_HINDSIGHT	"hindsight"	/* stands among the policies in results */

/* --- what is asked for: tournament_spec.c ---------------------------------- */
/* One who takes part: a policy with parameters. Policies without any need no section. */
struct tournament_policy {
	char *name;
	char *policy;			/* "": as the section is called */
	struct mt_params params;
};

struct tournament_workload {
	struct campaign_workload guest;	/* on a testbed; its name in any case */
	char *trace;			/* in the simulator: a pattern, or a recording */
	struct spec_words recordings;	/* names with * and ? */
	uint64_t memory_bytes;		/* in the simulator; 0: as the trace says */
	uint64_t cpu_percent;		/* likewise; 0: nobody counts that, nor what follows */
	uint64_t received_bytes_per_s, sent_bytes_per_s;
};

/* Each guest with each workload, bandwidth and pause allowed, under each policy. */
struct tournament_table {
	char *name;
	struct spec_words guests, workloads, policies;
	struct spec_numbers bandwidths, max_downtimes;
	uint64_t deadline_ms, qemu_limit_ms, command_every_ms, repeat;
	bool postcopy;
};

struct tournament_simulator {
	char *host, *log;
	uint64_t seed, cap_ms, history_ms, profile_ms, tick_ms, link_permille;
	uint64_t hindsight;		/* passes after which ending it is tried */
};

struct tournament_recordings {
	char *dir;			/* their names are relative to it */
};

struct tournament_spec {
	struct campaign_spec campaign;	/* of a testbed: how it is handled, and its guests */
	struct tournament_simulator simulator;
	struct tournament_recordings recordings;
	bool on_testbed, in_simulator, on_recordings;
	struct tournament_policy *policies;
	struct tournament_workload *workloads;
	struct tournament_table *tables;
	size_t n_policies, n_workloads, n_tables;
};

/* @error: one line each. Return: 0, -EINVAL, or what opening it failed with. */
MT_MUST_CHECK int tournament_spec_load(struct tournament_spec *s, const char *path,
				       void (*error)(const char *line, void *opaque));
void tournament_spec_fini(struct tournament_spec *s);

/*
 * Who takes part under @name, and with which parameters; NULL: nobody is called so. @params may be
 * NULL.
 */
const struct mt_policy *tournament_policy_find(const struct tournament_spec *s, const char *name,
					       struct mt_params *params);
const struct tournament_workload *tournament_workload_find(const struct tournament_spec *s,
							   const char *name);

/* --- the same as a campaign's: tournament_plan.c ----------------------------- */
struct tournament {
	struct tournament_spec spec;
	struct campaign campaign;	/* its specification is made of ours */
	/* On recordings, in the order of ->spec.workloads: which there are. A round is one. */
	struct spec_words *files;
};

/* Return: 0; -errno with a line: recordings that are not there. */
MT_MUST_CHECK int tournament_plan(struct tournament *t, struct mt_err *err);
void tournament_fini(struct tournament *t);

/* --- holding it ---------------------------------------------------------------- */
/*
 * tournament_hold.c: the migrations that have no line yet. Return: 0, also where something is left;
 * -errno with a line.
 */
MT_MUST_CHECK int tournament_hold(struct tournament *t, struct mt_err *err);

/* One migration to be made, and its line in the making. */
struct tournament_bout {
	struct tournament *t;
	const struct tournament_workload *workload;
	const struct campaign_run *run;
	struct mt_limits limits;	/* what the policy goes by */
	struct score_objectives objectives;
	struct mt_run *line;
};
bool tournament_is_hindsight(const struct campaign_run *run);
/* Adds what would have met the objectives to the line's choices, as far as there is room. */
void tournament_choose(struct tournament_bout *b, struct score_point *v, size_t n);

/* tournament_sim.c, tournament_replay.c. Return: 0; -errno with a line. */
MT_MUST_CHECK int tournament_simulate(struct tournament_bout *b, struct mt_err *err);
MT_MUST_CHECK int tournament_replay(struct tournament_bout *b, struct mt_err *err);

/* --- its results ------------------------------------------------------------------ */
/* What is compared: NaN: as it was recorded, or none. */
struct tournament_case {
	const char *guest, *workload;	/* as long as the runs are there */
	double bandwidth_bytes_per_s, max_downtime_ms, deadline_ms;
	bool postcopy_allowed;
};

struct tournament_row {
	struct tournament_case of;	/* workload "all": of all */
	const char *policy;		/* likewise */
	unsigned index;			/* in ->scores */
	struct score_row score;
};

struct tournament_results {
	struct mt_runs runs;
	struct score_run *scores;	/* of each of ->runs */
	struct score_point *choices;	/* theirs */
	double *regret;
	/* Policies of one case follow each other, the best first; behind the last case each policy
	 * over all of them. */
	struct tournament_row *rows;
	size_t n_rows, n_all;		/* all: how many of them are over all cases */
};

/* tournament_results.c. Return: 0; -errno with a line. */
MT_MUST_CHECK int tournament_results_load(struct tournament_results *r, const char *dir,
					  const struct score_weights *w, struct mt_err *err);
void tournament_results_free(struct tournament_results *r);
int tournament_case_compare(const struct tournament_case *a, const struct tournament_case *b);

/* tournament_print.c: on stdout. */
MT_MUST_CHECK int tournament_print(const struct tournament_results *r, enum mt_format format);
/* tournament_chart.c: total time against pause. */
MT_MUST_CHECK int tournament_chart(const struct tournament_results *r, const char *path,
				   struct mt_err *err);

#endif
