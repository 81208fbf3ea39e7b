/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * policy_rows.h - what the policy table's rows share
 */
#ifndef MT_POLICY_ROWS_H
#define MT_POLICY_ROWS_H

#include "base/units.h"
#include "policy.h"

/* Every policy, in the order of the help text: X(a) is struct mt_policy mt_policy_a. */
#define MT_POLICY_ROWS(X) \
	X(qemu) \
	X(timeout) \
	X(passes) \
	X(ihm) \
	X(walm) \
	X(solive) \
	X(stop_and_copy) \
	X(fixed_passes) \
	X(fm) \
	X(am) \
	X(predict)

#define MT_POLICY_EXTERN(name)	extern const struct mt_policy mt_policy_##name;
MT_POLICY_ROWS(MT_POLICY_EXTERN)

/* Parameters of a guard of every row; as a row's, see param.h. */
extern const struct mt_param mt_flip_params[];
/* Whether a flip that is allowed should not be; @why: a sentence with its figures. */
bool mt_flip_is_unwise(const struct mt_view *view, char *why, size_t size);

/* Sets the action and its reason at once: no action goes without one. */
void mt_plan_set(struct mt_plan *plan, enum mt_action action, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
