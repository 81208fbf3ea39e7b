/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * scan.h - which of a guest's pages are hot, by looking at their contents again and again
 *
 * For hosts without a kernel source, and for guests that KVM does not log. The pages that are there
 * are read, a hash of each is kept, and one whose hash is another than at the look before was
 * written meanwhile. Neither the guest nor its QEMU notices: nothing is write-protected, no page
 * becomes resident. What it cannot see: a page that is only read, one written with what it held,
 * and how often one was written between two looks.
 */
#ifndef MT_PULL_SCAN_H
#define MT_PULL_SCAN_H

#include "heatmap.h"
#include "pullguest.h"

struct mt_scan;

/* @guest outlives it. 9 bytes of memory a page. NULL: no memory. */
struct mt_scan *mt_scan_new(const struct mt_pull_guest *guest);
void mt_scan_free(struct mt_scan *s);

/*
 * One look at all pages. The first only remembers. Return: 0; -errno as process_vm_readv(2), where
 * nothing at all could be read: -ESRCH the process has ended.
 */
MT_MUST_CHECK int mt_scan_look(struct mt_scan *s);

/* What has changed: a window is the time between two looks. */
const struct mt_heatmap *mt_scan_heat(const struct mt_scan *s);

#endif
