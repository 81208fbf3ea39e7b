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

int mt_act_limit(struct supervision *s, const struct mt_actuators *a, const struct mt_plan *plan,
		 struct mt_err *err)
{
	int ret;

	if (!s->wheel)
		return mt_err_set(err, -EOPNOTSUPP,
				  "nobody would lift the limit if this process were killed");
	ret = mt_wheel_mark_limited(s->wheel, mt_conn_uri(s->conn), s->domain, err);
	if (ret)
		return ret;
	s->limited = true;
	return mt_actuate(a, s->conn, s->uuid, plan, err);
}

void mt_lift_limit(struct supervision *s)
{
	struct mt_err err = { 0 };

	if (!s->limited)
		return;
	if (mt_domain_lift_vcpu_limit(s->conn, s->uuid, &err)) {
		mt_note_event(s, "what vCPUs may dirty is still limited", err.msg);
		return;
	}
	s->limited = false;
	/* Without the wheel it is the business of whoever has it now. */
	if (s->wheel)
		mt_wheel_unmark_limited(s->wheel);
}

void mt_inherit_limit(struct supervision *s)
{
	s->limited |= mt_wheel_is_limited(s->wheel);
	mt_lift_limit(s);
}
