// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * qemu.c - hands off: QEMU's own rule, nothing else (PURE)
 */
#include "policy_rows.h"

static void qemu_step(void *priv, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	mt_plan_set(plan, MT_ACTION_CONTINUE, "QEMU decides by itself");
}

const struct mt_policy mt_policy_qemu = {
	.name = "qemu",
	.help = "hands off: QEMU ends pre-copy when it meets its own downtime limit",
	.about = "nothing: QEMU stops by its own downtime limit, or never",
	.step = qemu_step,
};
