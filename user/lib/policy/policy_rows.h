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
	X(promig) \
	X(stop_and_copy) \
	X(fixed_passes) \
	X(fm) \
	X(am) \
	X(am_listing) \
	X(nova) \
	X(ovirt) \
	X(proxmox) \
	X(kubevirt) \
	X(ramp) \
	X(adamig) \
	X(sla) \
	X(predict)

#define MT_POLICY_EXTERN(name)	extern const struct mt_policy mt_policy_##name;
MT_POLICY_ROWS(MT_POLICY_EXTERN)

/* Parameters of a guard of every row; as a row's, see param.h. */
extern const struct mt_param mt_flip_params[];
/* Whether a flip that is allowed should not be; @why: a sentence with its figures. */
bool mt_flip_is_unwise(const struct mt_view *view, char *why, size_t size);

/* Post-copy may yet be had: it is allowed, was not refused too often, and no device forbids it. */
bool mt_flip_is_possible(const struct mt_view *view);

/* Sets the action and its reason at once: no action goes without one. */
void mt_plan_set(struct mt_plan *plan, enum mt_action action, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* It was refused too often: asked for again, it is not done. */
static inline bool mt_view_refuses(const struct mt_view *view, enum mt_action action)
{
	return view->refused >> action & 1;
}

/*
 * It may be begun again with @method: by us, not tried yet, not refused, without a disk, and there
 * is time for it.
 */
bool mt_view_begins_again(const struct mt_view *view, enum mt_method method, uint64_t now_ms);

/*
 * Asks for that limit of QEMU's, unless that is what it is, or what was asked for already. Return:
 * whether it does.
 */
bool mt_plan_limit(struct mt_plan *plan, const struct mt_view *view, uint64_t limit_ms,
		   const char *why);

/* As far as QEMU's limit may rise: a policy's own largest, and no more than is allowed. */
uint64_t mt_view_ceiling_ms(const struct mt_view *view, uint64_t own_ms);

/* What is measured per GiB of the guest's memory, at least so many. Return: false if unknown. */
bool mt_view_per_gib(const struct mt_view *view, uint64_t per_gib_ms, double at_least_gib,
		     uint64_t *ms);

#endif
