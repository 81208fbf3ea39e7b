// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * learned_default.c - the figures that hold before anything was learned (PURE)
 */
#include <math.h>

#include <migtrace/learned.h>

#define PLAIN_SHARE	(4104 / 4096.0)		/* save_page_header(): 8 bytes before each page */
#define FAULT_MS	8	/* measured: 4 to 12 ms over a link with a queue of 50 ms */

#define FIGURES(share_later) { \
		.setup_ms = 60, .stretch = 1, .switchover_ms = 40, .bandwidth_share = 1, \
		.wire_share_first = PLAIN_SHARE, .wire_share_later = (share_later), \
		.pages_per_s_first = INFINITY, .pages_per_s_later = INFINITY, \
		.guest_speed = 1, .fault_ms = FAULT_MS }
#define PLAIN	FIGURES(PLAIN_SHARE)
/* A page of which a few words changed takes some tens of bytes. Inferred. */
#define XBZRLE	FIGURES(0.02)

/* Before anything was learned. */
const struct mt_learned mt_learned_default = {
	.figures = {
		[MT_METHOD_PRECOPY] = PLAIN,
		[MT_METHOD_POSTCOPY] = PLAIN,
		[MT_METHOD_HYBRID] = PLAIN,
		[MT_METHOD_AUTOCONVERGE] = PLAIN,
		[MT_METHOD_XBZRLE] = XBZRLE,
		[MT_METHOD_COMPRESSION] = PLAIN,
		[MT_METHOD_MULTIFD] = PLAIN,
	},
};
