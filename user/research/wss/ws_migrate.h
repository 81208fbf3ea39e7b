/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ws_migrate.h - one guest migrated by each sender, over each link
 */
#ifndef WS_MIGRATE_H
#define WS_MIGRATE_H

#include "sim/sim.h"
#include "working_set.h"

enum ws_link { WS_CAMPAIGN_LINK, WS_WAN, WS_LINKS };

struct ws_sender {
	const char *name;
	enum mt_sim_sender sender;
	bool postcopy, ranked;
	enum mt_wss_kind by;
	bool idle;			/* the guest stops writing: no order can be quicker */
	double limit_ms;		/* of the downtime; 0: QEMU's default */
};

#define WS_SENDERS	14
extern const struct ws_sender ws_senders[WS_SENDERS];

struct ws_outcome {
	struct mt_sim_result by[WS_LINKS][WS_SENDERS];
	bool played[WS_LINKS];
};

/* Return: 0, or -errno; what makes no sense is told. */
int ws_migrate_all(struct ws_outcome *o, struct ws_guest *guest);

#endif
