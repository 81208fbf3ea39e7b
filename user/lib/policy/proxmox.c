// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * proxmox.c - Proxmox VE: QEMU's limit doubles whenever what is left has grown often enough (PURE)
 *
 * qemu-server's PVE/QemuMigrate.pm, as of August 2026: it asks QEMU each second, and ten times a
 * second once less is left than was sent on average between two looks. Looks between which nothing
 * was sent do not count. When more than five looks have found that more was left than at the look
 * before, or that nothing was, the limit is doubled and the count begins anew. That goes on up to
 * QEMU's own largest limit: whatever the guest does it ends at last, and max_downtime is not
 * heeded.
 */
#include "policy_rows.h"

#define LIMIT_MAX_MS	2000000		/* QEMU's, see migration/options.c there */
#define NEAR_END_MS	100

enum { INITIAL, INTERVAL, GROWN };

static const struct mt_param params[] = {
	[INITIAL] = { .name = "initial_downtime",
		      .kind = MT_PARAM_DURATION,
		      .initial = 100 /* migrate_downtime */,
		      .min = 1,
		      .max = MT_LIMIT_MAX_MS,
		      .help = "QEMU's limit at the begin" },
	[INTERVAL] = { .name = "look_interval",
		       .kind = MT_PARAM_DURATION,
		       .initial = 1000,
		       .min = 1,
		       .max = 3600000,
		       .help = "between two looks",
		       .about =
			       "how long it waits between two looks, at most 100 ms as soon as less is left than is sent between two" },
	[GROWN] = { .name = "grown_looks",
		    .kind = MT_PARAM_COUNT,
		    .initial = 5,
		    .max = 1000,
		    .help = "the limit doubles after more looks than these found more left than before" },
	{ .name = NULL }
};

struct proxmox {
	uint64_t limit_ms;		/* 0 = not begun */
	uint64_t interval_ms, looked_ms;
	uint64_t looks;
	uint64_t sent_bytes, left_bytes;	/* at the last look that counts; 0 = none yet */
	unsigned grown;
};

static void count(struct proxmox *s, const struct mt_view *view)
{
	uint64_t sent = view->sample->transferred_bytes, left = view->sample->remaining_bytes;

	if (sent != s->sent_bytes) {
		if (s->sent_bytes && left < s->sent_bytes / s->looks &&
		    s->interval_ms > NEAR_END_MS)
			s->interval_ms = NEAR_END_MS;
		s->grown += (s->left_bytes && left > s->left_bytes) || !left;
		s->left_bytes = left;
		s->sent_bytes = sent;
	}
	if (s->grown > view->params[GROWN]) {
		s->grown = 0;
		s->limit_ms = s->limit_ms < LIMIT_MAX_MS / 2 ? 2 * s->limit_ms : LIMIT_MAX_MS;
	}
}

static void proxmox_step(void *priv, const struct mt_view *view, uint64_t now_ms,
			 struct mt_plan *plan)
{
	struct proxmox *s = priv;

	if (!s->limit_ms) {
		s->limit_ms = view->params[INITIAL];
		s->interval_ms = view->params[INTERVAL];
		s->looked_ms = now_ms;
	} else if (now_ms - s->looked_ms >= s->interval_ms &&
		   mt_sample_has(view->sample, remaining_bytes) &&
		   mt_sample_has(view->sample, transferred_bytes)) {
		s->looked_ms = now_ms;
		s->looks++;
		count(s, view);
	}
	if (!mt_plan_limit(plan, view, s->limit_ms,
			   s->looks ? "more was left than before too often" :
				      "as it is to be at the begin"))
		mt_plan_set(plan, MT_ACTION_CONTINUE,
			    "%u looks of %u found more left than before", s->grown,
			    (unsigned)view->params[GROWN]);
}

_Static_assert(sizeof(struct proxmox) <= MT_POLICY_STATE_MAX, "state fits");

const struct mt_policy mt_policy_proxmox = {
	.name = "proxmox",
	.help = "Proxmox VE: double QEMU's limit whenever more than a few looks found more left than before",
	.about = "as Proxmox VE: QEMU's downtime limit doubles, up to 2000 s, whenever more than a few looks found more left than the look before",
	.acts = true,
	.params = params,
	.step = proxmox_step,
};
