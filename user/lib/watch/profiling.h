/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * profiling.h - a guest that does not migrate, profiled into a recording
 *
 * QEMU measures its dirty rate, which keeps the dirty log on; meanwhile a kernel source counts, or
 * else QEMU's own results have to do. One thread. The same recording can go on with a migration
 * that began, by whoever follows it.
 */
#ifndef MT_PROFILING_H
#define MT_PROFILING_H

#include "base/units.h"
#include "domainwork.h"
#include "hypervisor/dirtyrate_calc.h"
#include "profiler.h"

#define MT_PROFILING_DEFAULT_MS	(10 * MT_MS_PER_S)
#define MT_PROFILING_MAX_MS	(3600 * MT_MS_PER_S)

enum mt_ending {
	MT_ENDING_DONE,
	MT_ENDING_MIGRATION,	/* one began */
	MT_ENDING_INTERRUPTED,
	MT_ENDING_FAILED,
};

struct mt_profiling {
	/* What is asked for. */
	const char *path, *source_name;
	const char *peer;		/* URI that the recording names; NULL: that of the
					 * connection */
	uint64_t duration_ms;
	uint64_t tick_ms;		/* 0: by the guest's size */
	bool force, automatic, pages;	/* automatic: the mode, by the guest */
	bool coarse;			/* begin with measurements of 1, 2, 4 s, whatever the kernel
					 * source likes best */
	enum mt_dirtyrate_mode mode;
	unsigned probes;
	void (*say)(const char *line, void *opaque);	/* what people may want to know meanwhile;
							 * NULL: nobody */
	void *opaque;
	volatile int leave;		/* end it now */

	struct mt_conn *conn;
	struct mt_inbox *inbox;
	struct mt_domain_info domain;
	struct mt_recorder *recorder;
	struct mt_profiler *profiler;	/* NULL: QEMU's own measurements have to do */
	int subscription;		/* to the guest's events */
	uint64_t begin_ns, begin_cpu_ns;	/* when, and what the guest had used of CPUs */
	char source[512];		/* which kernel source it has, or why none */
	struct mt_workload *workload;	/* NULL: not asked for, or not to be had */
	uint64_t work_next_ns;
	bool announced;
	unsigned measured;
};

/* profiling_file.c: a guest at ->conn that runs or migrates, and its file. Return: 0 or -errno. */
MT_MUST_CHECK int mt_profiling_begin(struct mt_profiling *r, const char *name, struct mt_err *err);

/* Its parts: where it goes; the file of ->domain. Return: 0 or -errno. */
MT_MUST_CHECK int mt_profiling_check_path(const struct mt_profiling *r, struct mt_err *err);
MT_MUST_CHECK int mt_profiling_open(struct mt_profiling *r, struct mt_err *err);
void mt_profiling_discard(struct mt_profiling *r);	/* nothing is in it: leave nothing behind */

/* profiling.c: all of it. */
enum mt_ending mt_profiling_run(struct mt_profiling *r, struct mt_err *err);

/*
 * profiling_guest.c: the probes that were asked for. Whatever comes of it, the guest is recorded.
 */
void mt_profiling_work_begin(struct mt_profiling *r);

/* --- for the parts ------------------------------------------------------------ */
void mt_profiling_say(const struct mt_profiling *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * profiling_wait.c: until @until_ns, with an eye on what else happens. Return: true when the
 * profile ends here.
 */
bool mt_profiling_wait(struct mt_profiling *r, uint64_t until_ns, enum mt_ending *ending,
		       struct mt_err *err);

/* profiling_measure.c: one measurement of QEMU's, which keeps logging on meanwhile. */
enum mt_ending mt_profiling_measure(struct mt_profiling *r, virDomainPtr dom, unsigned window_s,
				    struct mt_err *err);

/* profiling_guest.c: what else a forecast has to know of a guest, before a profile and after it. */
void mt_profiling_guest_begin(struct mt_profiling *r);
void mt_profiling_guest_end(struct mt_profiling *r);

#endif
