// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * act_speed.c - QEMU's speed is changed, and is as it was once that is over
 *
 * libvirt keeps a speed for the migrations to come, and one under way would go on at it if we died.
 * So it has a mark as a limit to what vCPUs dirty has (act_limit.c), with what it was and what it
 * may be by us, before it is set.
 */
#include <errno.h>

#include "hypervisor/domain.h"
#include "supervision.h"

static uint64_t known_speed(const struct supervision *s)
{
	const struct others_value *v = &s->others.bytes_per_s;

	return !v->known ? 0 : v->limited ? v->value : MT_SPEED_UNLIMITED;
}

bool mt_fill_speed(const struct supervision *s, struct mt_plan *plan)
{
	if (plan->action != MT_ACTION_SET_BANDWIDTH || plan->bandwidth_bytes_per_s)
		return true;
	plan->bandwidth_bytes_per_s = s->left.speed.was_bytes_per_s;
	return plan->bandwidth_bytes_per_s;
}

/* What it was is kept; what it is after a call that failed is not known, until it is put back. */
static int change(struct supervision *s, const struct mt_plan *plan, struct mt_left *left,
		  struct mt_err *err)
{
	struct mt_speed_change *c = &left->speed;

	if (!c->was_bytes_per_s)
		c->was_bytes_per_s = known_speed(s);
	if (!c->was_bytes_per_s)
		return mt_err_set(err, -EOPNOTSUPP,
				  "what QEMU's speed is is not known, so it could not be put back");
	if (c->ours_bytes_per_s[0] != c->ours_bytes_per_s[1])
		return mt_err_set(err, -EBUSY,
				  "a change of QEMU's speed failed before, which is put back first");
	c->ours_bytes_per_s[1] = mt_bandwidth_mib_per_s(plan->bandwidth_bytes_per_s) * MT_MIB;
	return 0;
}

int mt_act_speed(struct supervision *s, const struct mt_actuators *a, const struct mt_plan *plan,
		 struct mt_err *err)
{
	struct mt_left left = s->left;
	int ret = change(s, plan, &left, err);

	if (plan->bandwidth_bytes_per_s == s->left.speed.was_bytes_per_s) {
		ret = mt_actuate(a, s->conn, s->uuid, plan, err);
		if (!ret)
			mt_forget_left(s, (struct mt_left){ .vcpus = s->left.vcpus });
		return ret;
	}
	if (!ret)
		ret = mt_mark_left(s, &left, err);
	if (ret)
		return ret;
	ret = mt_actuate(a, s->conn, s->uuid, plan, err);
	if (!ret)
		s->left.speed.ours_bytes_per_s[0] = s->left.speed.ours_bytes_per_s[1];
	return ret;
}

int mt_put_speed_back(struct supervision *s)
{
	const struct mt_speed_change changed = s->left.speed;
	struct others_value *known = &s->others.bytes_per_s;
	struct mt_err err = { 0 };
	int ret;

	if (!changed.was_bytes_per_s)
		return 0;
	ret = mt_domain_put_speed_back(s->conn, s->uuid, &changed, &err);
	if (ret) {
		mt_note_event(s, "QEMU's speed is still ours", err.msg);
		return ret;
	}
	if (known->known && !known->theirs) {
		known->limited = changed.was_bytes_per_s != MT_SPEED_UNLIMITED;
		known->value = changed.was_bytes_per_s;
	}
	mt_forget_left(s, (struct mt_left){ .vcpus = s->left.vcpus });
	return 0;
}
