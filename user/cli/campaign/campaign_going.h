/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * campaign_going.h - one migration of a campaign, while it is made
 */
#ifndef CAMPAIGN_GOING_H
#define CAMPAIGN_GOING_H

#include "campaign.h"

struct campaign_going {
	struct campaign *c;
	const struct campaign_run *plan;
	struct campaign_host *from, *to;
	struct mt_migrate_options how;
	struct mt_limits limits;
	struct mt_recorder *recorder;
	struct campaign_hand hand;
	struct campaign_work work;	/* just before */
	struct mt_supervise_result supervised;
	struct campaign_result *result;
	uint64_t start_ns;
	uint64_t active_ns;		/* QEMU began to send; 0: not yet */
	volatile int cancel;
	bool capped, silent, stopped;	/* stopped: a policy wanted to stop the guest */
};

/* Another remark on it, behind those that there are. */
void campaign_note(struct campaign_going *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
bool campaign_may_flip(const struct campaign_method *m);

/*
 * campaign_after.c: it is over. Asks the guest how it was, and judges. Return: whether the guest
 * can go on.
 */
bool campaign_look_after(struct campaign_going *r);

#endif
