/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * policy_rows.h - what the policy table's rows share
 */
#ifndef MT_POLICY_ROWS_H
#define MT_POLICY_ROWS_H

#include "base/units.h"
#include "policy.h"

extern const struct mt_policy mt_policy_qemu;
extern const struct mt_policy mt_policy_timeout;
extern const struct mt_policy mt_policy_passes;
extern const struct mt_policy mt_policy_ihm;
extern const struct mt_policy mt_policy_stop_and_copy;
extern const struct mt_policy mt_policy_fixed_passes;
extern const struct mt_policy mt_policy_fm;
extern const struct mt_policy mt_policy_am;
extern const struct mt_policy mt_policy_predict;

/* Sets the action and its reason at once: no action goes without one. */
void mt_plan_set(struct mt_plan *plan, enum mt_action action, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
