// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * act_limit.c - what vCPUs may dirty is limited, and is not for longer than the migration
 *
 * QEMU keeps such a limit until it is told otherwise, whatever becomes of a migration. So a mark
 * that outlives us stands before it is set, for whoever comes after us, and goes when QEMU has none
 * any more: here, or by a guard (guard_limit.c).
 */
#include <errno.h>
#include <stdio.h>

#include "hypervisor/domain.h"
#include "supervision.h"

int mt_mark_left(struct supervision *s, const struct mt_left *left, struct mt_err *err)
{
	int ret;

	if (!s->wheel)
		return mt_err_set(err, -EOPNOTSUPP,
				  "nobody would undo it if this process were killed");
	ret = mt_wheel_mark_limited(s->wheel, mt_conn_uri(s->conn), s->domain, left, err);
	if (!ret)
		s->left = *left;
	return ret;
}

void mt_forget_left(struct supervision *s, struct mt_left left)
{
	struct mt_err ignored = { 0 };

	s->left = left;
	/* Without the wheel it is the business of whoever has it now. */
	if (!s->wheel)
		return;
	if (!left.vcpus && !left.speed.was_bytes_per_s)
		mt_wheel_unmark_limited(s->wheel);
	else if (mt_wheel_mark_limited(s->wheel, mt_conn_uri(s->conn), s->domain, &left, &ignored))
		return;		/* the old one says more than there is: lifting that does no harm */
}

int mt_act_limit(struct supervision *s, const struct mt_actuators *a, const struct mt_plan *plan,
		 struct mt_err *err)
{
	struct mt_left left = s->left;
	int ret;

	left.vcpus = true;
	ret = mt_mark_left(s, &left, err);
	return ret ? ret : mt_actuate(a, s->conn, s->uuid, plan, err);
}

void mt_lift_limit(struct supervision *s)
{
	struct mt_err err = { 0 };

	if (mt_put_speed_back(s) || !s->left.vcpus)
		return;
	if (mt_domain_lift_vcpu_limit(s->conn, s->uuid, &err))
		mt_note_event(s, "what vCPUs may dirty is still limited", err.msg);
	else
		mt_forget_left(s, (struct mt_left){ .vcpus = false });
}

void mt_inherit_limit(struct supervision *s)
{
	struct mt_left found;

	if (mt_wheel_is_limited(s->wheel, &found)) {
		s->left.vcpus |= found.vcpus;
		if (!s->left.speed.was_bytes_per_s)
			s->left.speed = found.speed;
	}
	mt_lift_limit(s);
}
