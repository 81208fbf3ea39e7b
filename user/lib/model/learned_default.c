// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * learned_default.c - the figures that hold before anything was learned (PURE)
 */
#include <math.h>

#include "learned.h"

#define PLAIN_SHARE	(4104 / 4096.0)		/* save_page_header(): 8 bytes before each page */
#define FAULT_MS	8	/* measured: 4 to 12 ms over a link with a queue of 50 ms */

/*
 * Of guests of 1 and 4 TiB with 17 GiB in use that took 72 to 83 and 215 to 357 s, and paused for
 * 273 to 381 and 500 to 744 ms, over 76 Gbit/s (reported by others; the guests' sizes and times are
 * all that is known): 0.25 us a page is 16 GB/s read, and 0.1 s for each TiB of pause. Inferred.
 */
#define ZERO_SCAN_US	0.25
#define SYNC_US_PER_GIB	100

#define FIGURES(share_first, share_later) { \
		.setup_ms = 60, .stretch = 1, .switchover_ms = 40, .bandwidth_share = 1, \
		.wire_share_first = (share_first), .wire_share_later = (share_later), \
		.pages_per_s_first = INFINITY, .pages_per_s_later = INFINITY, \
		.zero_scan_us = ZERO_SCAN_US, .sync_us_per_gib = SYNC_US_PER_GIB, \
		.guest_speed = 1, .fault_ms = FAULT_MS }
#define PLAIN	FIGURES(PLAIN_SHARE, PLAIN_SHARE)
/* A page of which a few words changed takes some tens of bytes. Inferred. */
#define XBZRLE	FIGURES(PLAIN_SHARE, 0.02)
/* zlib at its first level, of memory that nobody knows. Inferred. */
#define ZLIB	FIGURES(0.4, 0.4)

/* Before anything was learned. */
const struct mt_learned mt_learned_default = {
	.figures = {
		[MT_METHOD_PRECOPY] = PLAIN,
		[MT_METHOD_POSTCOPY] = PLAIN,
		[MT_METHOD_HYBRID] = PLAIN,
		[MT_METHOD_AUTOCONVERGE] = PLAIN,
		[MT_METHOD_XBZRLE] = XBZRLE,
		[MT_METHOD_COMPRESSION] = ZLIB,
		[MT_METHOD_MULTIFD] = PLAIN,
		[MT_METHOD_ZSTD] = ZLIB,
	},
};
