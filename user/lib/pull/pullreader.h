/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pullreader.h - a guest's missing pages are asked for by being read
 *
 * In post-copy a page that is not there yet is fetched when anybody touches it: QEMU's
 * userfaultfd is told, and asks the source. process_vm_readv(2) touches pages of another process;
 * of each one byte is read, and thrown away. What it cannot do is harm: nothing is written, and a
 * read that fails is counted.
 */
#ifndef MT_PULLREADER_H
#define MT_PULLREADER_H

#include <stdbool.h>
#include <stdint.h>

#include "pullguest.h"
#include "pullorder.h"

#define MT_PULL_THREADS_MAX	1024

struct mt_pull_counts {
	uint64_t done;			/* pages of the order that are behind us */
	uint64_t there;			/* of them: had arrived before their turn */
	uint64_t fetched;		/* were waited for */
	uint64_t failed;		/* could not be read */
	uint64_t took_ms;		/* until nothing was left to do; 0: it is not yet */
};

struct mt_pullreader;

/*
 * Begins to read, by @threads at once: each waits for one page, so that many are on their way. No
 * more than @max_pages are waited for, what is then left of the order is left to QEMU.
 * @order and @guest outlive it. Return: 0 or -errno; fewer threads than asked for are no error.
 */
MT_MUST_CHECK int mt_pullreader_start(struct mt_pullreader **r, const struct mt_pull_guest *guest,
				  const struct mt_order *order, uint64_t max_pages,
				  unsigned threads);
void mt_pullreader_counts(const struct mt_pullreader *r, struct mt_pull_counts *counts);
/* No further page is begun. */
void mt_pullreader_stop(struct mt_pullreader *r);
/*
 * Waits until no thread reads any more. Return: false where one still waits for a page at
 * @until_ns: nothing wakes it but that page, or the end of either process; then @r stays.
 */
bool mt_pullreader_free(struct mt_pullreader *r, uint64_t until_ns);

#endif
