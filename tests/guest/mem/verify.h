/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks all of the region against the table, a few pages at a time. */
#ifndef MEMGUEST_VERIFY_H
#define MEMGUEST_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

struct verdict {
	uint32_t lost;		/* older than the table says */
	uint32_t torn;		/* parts of different writes */
	uint32_t wrong;		/* not this page's content at all */
	uint32_t table;		/* newer than the table says: the table is stale */
	bool sum_ok;		/* the table's sum is the write counter */
	uint32_t first;		/* first bad page, what it should be, what it is */
	uint32_t expected;
	uint32_t found;
};

/* full: also the marks of older writes */
void verify_start(bool full);
bool verify_running(void);
/* Checks some pages; true when that was the last of them. */
bool verify_step(void);
const struct verdict *verify_verdict(void);

enum corruption { CORRUPT_STALE, CORRUPT_TORN, CORRUPT_WRONG, CORRUPT_TABLE };
/* Damages one page on purpose, returns which. */
uint32_t verify_corrupt(enum corruption how);

#endif
