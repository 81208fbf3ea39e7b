/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * collector.h - what the kernel logs while a guest migrates, pass by pass
 *
 * Ticks come from a kernel source on a thread of its own. QEMU's bitmap syncs, of which the
 * supervisor learns a moment later, cut them into passes: the distinct pages that the kernel
 * logged between two syncs are what QEMU has to find at the second.
 */
#ifndef MT_COLLECTOR_H
#define MT_COLLECTOR_H

#include "store/record.h"
#include "domainsource.h"

struct mt_collector;

/*
 * @name NULL: the best source. Having none does no harm: -errno, with the reason in @err,
 * and *@c NULL, which all functions below take for a collector that collects nothing.
 */
MT_MUST_CHECK int mt_collector_open(struct mt_collector **c, struct mt_conn *conn,
				    const struct mt_domain_info *d, const char *name,
				    struct mt_err *err);
void mt_collector_close(struct mt_collector *c);

/* One line: which source, and why no better one. */
const char *mt_collector_describe(const struct mt_collector *c);

/* QEMU finished the sync that begins pass @iteration at @t_ns. Any thread, in order. */
void mt_collector_boundary(struct mt_collector *c, uint64_t iteration, uint64_t t_ns);

/*
 * Writes what has come since: the source the first time, ticks (merged where nobody took them in
 * time), passes; and shows each tick to @seen (NULL: to nobody). @all: nothing follows. The
 * recorder's thread. Return: the recorder's error.
 */
typedef void (*mt_tick_fn)(const struct mt_tick *t, void *opaque);
int mt_collector_record(struct mt_collector *c, struct mt_recorder *r, bool all, mt_tick_fn seen,
			void *opaque);

#endif
