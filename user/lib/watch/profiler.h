/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * profiler.h - a profile of a guest from a kernel source, while somebody keeps its logging on
 *
 * Two sessions at once: one with a short tick, for U(T) from a millisecond on, and one whose
 * sets of pages are read, for what goes beyond one window.
 */
#ifndef MT_PROFILER_H
#define MT_PROFILER_H

#include "curve/profile.h"
#include "store/record.h"
#include "domainsource.h"

struct mt_profiler;

/*
 * @name NULL: the best source. @tick_ns: of the fine session, 0: by the guest's size. @hot_share:
 * see mt_profile_begin(). @keep_sets: the sets of pages are recorded, too. Return: as
 * mt_domain_source_open().
 */
MT_MUST_CHECK int mt_profiler_open(struct mt_profiler **p, struct mt_conn *conn,
				   const struct mt_domain_info *d, const char *name,
				   uint64_t tick_ns, double hot_share, bool keep_sets,
				   struct mt_err *err);
const char *mt_profiler_describe(const struct mt_profiler *p);	/* which source, and what is
								 * missing */
bool mt_profiler_is_ring(const struct mt_profiler *p);

/*
 * Writes what has come since: the source the first time, merged ticks. Return: the recorder's
 * error.
 */
int mt_profiler_record(struct mt_profiler *p, struct mt_recorder *r);

/*
 * Ends it, frees @p, and writes ticks, points, vCPUs and figures. @result: the caller's to
 * mt_profile_fini(), also after an error. Return: as mt_profile_end(), or the recorder's error.
 */
MT_MUST_CHECK int mt_profiler_end(struct mt_profiler *p, struct mt_recorder *r,
				  struct mt_profile *result);

#endif
