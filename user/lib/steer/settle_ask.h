/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * settle_ask.h - several destinations asked for a guest at once
 */
#ifndef MT_SETTLE_ASK_H
#define MT_SETTLE_ASK_H

#include <stdint.h>

#include "base/err.h"

enum mt_side {
	MT_SIDE_RUNS,
	MT_SIDE_PAUSED,
	MT_SIDE_ABSENT,
	MT_SIDE_OFF,		/* it is there, and was powered off there */
	MT_SIDE_UNKNOWN,
};

/*
 * Each is given @timeout_ms for the guest to get there, and all together not much more: one that
 * does not answer holds up nobody. The first that has it counts: @where.
 */
enum mt_side mt_settle_ask(const char *const *destinations, const char *uuid, uint64_t timeout_ms,
			   const char **where, struct mt_err *err);

#endif
