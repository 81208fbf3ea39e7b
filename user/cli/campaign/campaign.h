/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * campaign.h - many real migrations between two hosts, recorded: what its parts share
 *
 * A specification names guests, workloads and methods, and tables of what to combine. From it
 * follows a plan: every migration, numbered, in the order in which they are made. The same
 * specification always makes the same plan, so that a campaign can be taken up again.
 */
#ifndef CAMPAIGN_H
#define CAMPAIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/spec.h"
#include "hypervisor/domain.h"
#include "model/forecast.h"
#include "steer/migrate.h"
#include "steer/supervise.h"

/* --- what is asked for -------------------------------------------------- */
struct campaign_guest {
	char *name;
	char *type;			/* "kvm", "qemu" */
	char *logging;			/* "bitmap", "ring" */
	uint64_t memory_bytes, vcpus, ring_entries;
};

struct campaign_workload {
	char *name;
	char *image;			/* which guest image: the start command knows it */
	char *command_line;		/* likewise */
	bool verify;			/* the guest can check its memory, and is asked to */
};

struct campaign_method {
	char *name;
	uint64_t kind;			/* enum mt_method */
	/* 0: QEMU's default */
	uint64_t flip_after_passes, throttle_initial_percent, throttle_increment_percent;
	uint64_t xbzrle_cache_bytes, compress_level, compress_threads, channels;
	uint64_t cap_ms;		/* instead of the campaign's; 0: that */
	/* Not of a file: who steers it, and by what limits. NULL: nobody does. */
	const struct mt_policy *policy;
	const char *label;		/* a policy and its parameters, in results */
	struct mt_limits steer;
};

/*
 * Each guest with each workload: with all methods, bandwidths and limits, or each method with some
 * of these.
 */
struct campaign_table {
	char *name;
	struct spec_words guests, workloads, methods;
	struct spec_numbers bandwidths, limits;
	uint64_t repeat;
	bool all;
};

struct campaign_spec {
	char *where;			/* label of the runs */
	char *up_command, *start_command, *stop_command, *link_command, *watch_command;
	char *source;			/* as in --source; "auto": the best there is */
	uint64_t seed, pause_ms, profile_ms, baseline_ms, cap_ms, cap_passes;
	bool history;			/* policies learn from the profile */
	uint64_t runs_per_start;	/* a guest is started anew after this many */
	uint64_t link_permille;	/* QEMU's limit is this share of the link's rate */
	uint64_t delay_ms, loss_permille;	/* of the link, in each direction */
	struct campaign_guest *guests;
	struct campaign_workload *workloads;
	struct campaign_method *methods;
	struct campaign_table *tables;
	size_t n_guests, n_workloads, n_methods, n_tables;
};

/*
 * @whole: it has to have all that a campaign needs; else a text that is not there is "". @error:
 * one line each. Return: 0,
 * -EINVAL, or what opening it failed with.
 */
MT_MUST_CHECK int campaign_spec_load(struct campaign_spec *s, const char *path, bool whole,
				     void (*error)(const char *line, void *opaque));
void campaign_spec_fini(struct campaign_spec *s);

/* --- the plan: campaign_plan.c (PURE) ------------------------------------ */
struct campaign_run {
	unsigned number;		/* from 1 */
	unsigned round;			/* which repetition of its table, from 0 */
	const struct campaign_method *method;
	uint64_t bandwidth_bytes_per_s, limit_ms;
	bool done;
};

/* One guest as it is started, and its migrations. */
struct campaign_start {
	const struct campaign_guest *guest;
	const struct campaign_workload *workload;
	struct campaign_run *runs;	/* into the plan's */
	size_t n_runs;
};

struct campaign_plan {
	struct campaign_start *starts;
	struct campaign_run *runs;
	size_t n_starts, n_runs;
};

/* @s must outlive it. Return: 0; -ENOMEM. */
MT_MUST_CHECK int campaign_plan_make(struct campaign_plan *p, const struct campaign_spec *s);
void campaign_plan_fini(struct campaign_plan *p);
/* Guessed, before there is anything to measure. */
double campaign_run_estimate_s(const struct campaign_spec *s, const struct campaign_start *start,
			       const struct campaign_run *run);
double campaign_start_estimate_s(const struct campaign_spec *s);
uint64_t campaign_cap_ms(const struct campaign_spec *s, const struct campaign_run *run,
			 uint64_t bytes);
uint64_t campaign_link_bytes_per_s(const struct campaign_spec *s, const struct campaign_run *run);

/* --- what was done: campaign_state.c -------------------------------------- */
struct campaign_state {
	char *dir;
	int fd;				/* of runs.jsonl, appended to and locked */
	int log_fd;			/* what commands say on stderr */
	bool hasty;			/* what a crash of the host takes is soon made again */
};

/*
 * Makes @dir what it must be, or takes up what is there: a last line that is not whole is cut off,
 * runs that have a line are marked done in @p. @spec_path is copied; another specification is
 * refused.
 */
MT_MUST_CHECK int campaign_state_open(struct campaign_state *st, const char *dir,
				      const char *spec_path, struct campaign_plan *p,
				      struct mt_err *err);
MT_MUST_CHECK int campaign_state_add(struct campaign_state *st, const char *line,
				     struct mt_err *err);
void campaign_state_close(struct campaign_state *st);

/* Of the working directory, where git knows it; else "". */
void campaign_commit(char commit[64]);

/* --- the world around: campaign_command.c, campaign_load.c ------------------ */
struct campaign_env {
	char **v;			/* "NAME=value", and NULL behind the last */
	size_t n;
};
int campaign_env_set(struct campaign_env *e, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void campaign_env_fini(struct campaign_env *e);

/*
 * Runs @command, words separated by blanks, with @args (NULL-terminated, may be NULL) behind, in a
 * process group of its own. Return: its exit status; -errno; -ETIMEDOUT after it was killed. What
 * it says on stdout is in @out.
 */
int campaign_command(const char *command, const char *const *args, const struct campaign_env *env,
		     int log_fd, unsigned timeout_s, char *out, size_t size, struct mt_err *err);

struct campaign_load {
	uint64_t busy, all;		/* ticks of all CPUs since the host booted */
	double load_1min;
};
void campaign_load_read(struct campaign_load *l);
/* NaN: unknown */
double campaign_busy_percent(const struct campaign_load *from, const struct campaign_load *to);
/*
 * Of the guest's memory: what its process has resident (in huge pages, maybe), and what is not
 * zero. 0: unknown.
 */
void campaign_memory_look(const char *name, const char *uuid, uint64_t memory_bytes,
			  uint64_t *resident_bytes, uint64_t *nonzero_bytes);

/* --- what comes of a migration ------------------------------- */
struct campaign_result {
	const struct campaign_start *start;
	const struct campaign_run *run;
	const char *where, *profile;
	char recording[64];		/* relative to the directory, as ->profile is */
	uint64_t bandwidth_bytes_per_s, link_bytes_per_s, cap_ms;
	uint64_t resident_bytes, nonzero_bytes;	/* 0: unknown */
	uint64_t start_wall_ms;
	double load_1min, busy_percent, prepare_ms, felt_ms;	/* NaN: unknown */
	double work_before_per_s, work_during_per_s;		/* likewise */
	enum mt_outcome outcome;
	bool converged;
	struct mt_sample final;
	char verified[32], note[768], reason[384];	/* "": none */
	const char *commit;
};

/* campaign_line.c: as a line of runs.jsonl, see mt_run_line(). */
char *campaign_line(const struct campaign_result *r);

/* campaign_json.c: what the watcher said, as far as it is of use here. */
struct campaign_answer {
	double longest_gap_ms;		/* NaN: not said */
	double at_ns, work;		/* likewise: what the guest got done until then */
	bool lasts;			/* it is not over */
	char verify[32];		/* "": not said */
	char text[256];			/* all of it */
};
/* -EBADMSG */
MT_MUST_CHECK int campaign_answer_parse(struct campaign_answer *a, const char *text);

/* --- doing it ---------------------------------------------------------------- */
struct campaign_host {
	char name[16];
	char control[256];		/* URI that we connect to */
	char peer[256];			/* URI by which the other host's libvirtd reaches it */
	char migrate_uri[256];
	struct mt_conn *conn;
};

struct campaign {
	struct campaign_spec spec;
	struct campaign_plan plan;
	struct campaign_state state;
	struct campaign_host hosts[2];
	struct campaign_env env;	/* of the guest as started */
	const struct campaign_start *start;
	struct mt_domain_info domain;
	unsigned side;			/* which host has the guest */
	char commit[64];		/* of what is tried; "": unknown */
	char profile[128];		/* relative to the directory */
	struct mt_history history;	/* of it; no slots: not wanted, or it has no ticks */
	uint64_t link_bytes_per_s;	/* as it is now; 0: unknown */
	volatile int stop;		/* after this run */
	volatile int cancel;		/* and this run is not waited for */
	uint64_t begun_ns;
	double planned_s, planned_done_s;	/* by estimate: of what is to be done, of what was
						 * done since */
	unsigned runs_left, failures;
};

#define CAMPAIGN_INIT	{ .state = { .fd = -1, .log_fd = -1 } }

/* campaign_carry.c: what is left of the plan, in ->planned_s and ->runs_left. */
void campaign_count(struct campaign *c);
/*
 * Makes it. Ctrl-C ends it after the migration under way, twice cancels that; interrupt_block()
 * first. Return: 0, also where something is left; -errno with a line.
 */
MT_MUST_CHECK int campaign_carry_out(struct campaign *c, struct mt_err *err);

/* campaign_guest.c. Return: 0 or -errno with a line. */
MT_MUST_CHECK int campaign_up(struct campaign *c, struct mt_err *err);
MT_MUST_CHECK int campaign_guest_start(struct campaign *c, const struct campaign_start *start,
				       struct mt_err *err);
void campaign_guest_stop(struct campaign *c);
/* Where it runs: finds c->side anew. Return: 0; -ENOENT it runs nowhere, or twice. */
MT_MUST_CHECK int campaign_guest_find(struct campaign *c, struct mt_err *err);
MT_MUST_CHECK int campaign_guest_profile(struct campaign *c, struct mt_err *err);
/* Asks the watcher. */
MT_MUST_CHECK int campaign_watch(struct campaign *c, const char *const *words,
				 struct campaign_answer *answer, struct mt_err *err);
MT_MUST_CHECK int campaign_link(struct campaign *c, uint64_t bytes_per_s, struct mt_err *err);

/*
 * campaign_hand.c: of a migration that a policy steers, which may stop the guest. Without one there
 * is nothing to hold.
 */
struct campaign_hand {
	struct mt_hands *hands;
	struct mt_wheel *wheel;
	struct mt_guard *guard;
};
MT_MUST_CHECK int campaign_hand_take(struct campaign_hand *h, struct campaign *c,
				     struct mt_err *err);
void campaign_hand_drop(struct campaign_hand *h);

/* campaign_work.c: what the guest has done so far, as it counts; NaN: it does not. */
struct campaign_work {
	double at_ns, done;
};
struct campaign_work campaign_work_ask(struct campaign *c);
/* NaN: not known, or it does nothing */
double campaign_work_per_s(const struct campaign_work *from, const struct campaign_work *to);

/*
 * campaign_run.c: one migration. @usable: the guest can go on. Return: 0 and @result; -errno with a
 * line, and the migration has to be made again.
 */
MT_MUST_CHECK int campaign_run(struct campaign *c, const struct campaign_run *run,
			       struct campaign_result *result, bool *usable, struct mt_err *err);

#endif
