/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_record.h - what the parts of `migtrace record` share
 */
#ifndef CMD_RECORD_H
#define CMD_RECORD_H

#include "base/units.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "hypervisor/dirtyrate_calc.h"
#include "steer/supervise.h"
#include "watch/domainwork.h"
#include "watch/profiler.h"

#define DURATION_DEFAULT_MS	(10 * MT_MS_PER_S)	/* of a profile */
#define DURATION_MAX_MS		(3600 * MT_MS_PER_S)

enum ending {
	ENDING_DONE,
	ENDING_MIGRATION,	/* one began */
	ENDING_INTERRUPTED,
	ENDING_FAILED,
};

struct record {
	const char *path, *mode_name, *source_name;
	const char *peer;		/* URI that the recording names; NULL: that of the connection */
	uint64_t duration_ms, interval_ms;
	uint64_t tick_ms;		/* 0: by the guest's size */
	bool force, automatic, pages;
	bool quiet;			/* say nothing on stderr but errors */
	bool coarse;			/* begin with measurements of 1, 2, 4 s, whatever the kernel source likes best */
	enum mt_dirtyrate_mode mode;

	struct mt_conn *conn;
	struct mt_inbox *inbox;
	struct mt_domain_info domain;
	struct mt_recorder *recorder;
	struct mt_profiler *profiler;	/* NULL: QEMU's own measurements have to do */
	struct interrupt interrupt;
	volatile int leave;		/* asked to end the recording */
	int subscription;		/* to the guest's events */
	uint64_t begin_ns, begin_cpu_ns;	/* of a profile: when, and what the guest had used of CPUs */
	char source[512];		/* which kernel source a profile has, or why none */
	const char *probe_names;	/* NULL: none */
	unsigned probes;
	struct mt_workload *workload;	/* NULL: not asked for, or not to be had */
	uint64_t work_next_ns;
	bool announced;
	struct progress progress;
	unsigned measured, passes, samples;
};

#define CMD_INTERRUPTED		130	/* as a shell reports a death by SIGINT */

/*
 * record_begin.c: signals and the connection, once; then a guest that runs or migrates, and its file.
 * Return: 0 or -errno.
 */
int record_connect(struct record *r, const char *uri, struct mt_err *err);
int record_begin(struct record *r, const char *name, struct mt_err *err);

/* record_file.c: where it goes. Return: 0 or -errno. */
int record_check_path(const struct record *r, struct mt_err *err);
int record_open(struct record *r, struct mt_err *err);
/* On stderr, unless quiet. */
void record_say(const struct record *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void record_discard(struct record *r);		/* nothing is in it: leave nothing behind */

/* record_follow.c: a migration, to its end. */
enum ending record_follow(struct record *r, struct mt_err *err);

/* record_wait.c: until @until_ns, with an eye on what else happens. Return: true when the profile ends here. */
bool record_wait(struct record *r, uint64_t until_ns, enum ending *ending, struct mt_err *err);

/* record_measure.c: one measurement of QEMU's, which keeps logging on meanwhile. */
enum ending record_measure(struct record *r, virDomainPtr dom, unsigned window_s, struct mt_err *err);

/* record_guest.c: what else a forecast has to know of a guest, before a profile and after it. */
void record_guest_begin(struct record *r);
void record_guest_end(struct record *r);

/* record_guest.c: the probes that were asked for. Whatever comes of it, the guest is recorded. */
void record_work_begin(struct record *r);

/* record_profile.c: a guest that does not migrate. ENDING_MIGRATION: it began to. */
enum ending record_profile(struct record *r, struct mt_err *err);

#endif
