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

#include <stdint.h>
#include <stdio.h>

#include "pullguest.h"

#define MT_SCAN_LOOKS	8	/* whose changes are remembered */

struct mt_scan;

/* @guest outlives it. 9 bytes of memory a page. NULL: no memory. */
struct mt_scan *mt_scan_new(const struct mt_pull_guest *guest);
void mt_scan_free(struct mt_scan *s);

/*
 * One look at all pages. The first only remembers. Return: 0; -errno as process_vm_readv(2), where
 * nothing at all could be read: -ESRCH the process has ended.
 */
MT_MUST_CHECK int mt_scan_look(struct mt_scan *s);

/* The heat of a page, 0 to MT_SCAN_LOOKS: in how many of the last looks it had changed (PURE). */
unsigned mt_scan_heat(uint8_t changes);

/*
 * Lines for mt_heat_line(), ascending, of all that have changed in the looks that are remembered.
 * Return: pages.
 */
uint64_t mt_scan_print(const struct mt_scan *s, FILE *out);

#endif
