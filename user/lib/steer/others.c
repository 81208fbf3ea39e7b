// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * others.c - QEMU's downtime limit and speed, when somebody else changes them
 *
 * A person or another program that does so while we steer has a reason: the value stands. With
 * back-off we decide with it and set it no more; with observe this migration is left alone.
 */
#include <errno.h>
#include <stdio.h>

#include "base/units.h"
#include "hypervisor/domain.h"
#include "supervision.h"

static int read_limit(struct supervision *s, struct others_value *now)
{
	struct mt_err ignored = { 0 };
	int ret = mt_domain_downtime_limit(s->conn, s->uuid, &now->value, &ignored);

	now->known = !ret;
	now->limited = true;
	return ret;
}

static int read_speed(struct supervision *s, struct others_value *now)
{
	struct mt_err ignored = { 0 };
	int ret = mt_domain_max_bandwidth(s->conn, s->uuid, &now->value, &ignored);

	now->known = !ret || ret == -ENODATA;
	now->limited = !ret;
	return now->known ? 0 : ret;
}

void mt_others_begin(struct supervision *s)
{
	struct others_value now = { 0 };

	if (!read_limit(s, &now))
		s->others.limit_ms = now;
}

void mt_others_active(struct supervision *s)
{
	struct others_value now = { 0 };

	if (!s->others.active && !read_speed(s, &now) && !s->others.bytes_per_s.known)
		s->others.bytes_per_s = now;
	s->others.active = true;
}

void mt_others_set(struct supervision *s, const struct mt_plan *plan)
{
	if (plan->action == MT_ACTION_SET_DOWNTIME)
		s->others.limit_ms = (struct others_value){ .known = true,
							    .limited = true,
							    .value = mt_downtime_clamp(
								    plan->downtime_limit_ms) };
	if (plan->action == MT_ACTION_SET_BANDWIDTH)
		s->others.bytes_per_s = (struct others_value){
			.known = true,
			.limited = plan->bandwidth_bytes_per_s != MT_SPEED_UNLIMITED,
			.value = mt_bandwidth_mib_per_s(plan->bandwidth_bytes_per_s) * MT_MIB
		};
}

static bool same(const struct others_value *a, const struct others_value *b)
{
	return a->limited == b->limited && (!a->limited || a->value == b->value);
}

static const char *show(char *buf, const struct others_value *v, bool is_limit)
{
	if (!v->limited)
		snprintf(buf, MT_UNIT_STR, "no limit");
	else if (is_limit)
		mt_format_duration_ms(buf, (double)v->value);
	else
		mt_format_rate_bytes_per_s(buf, (double)v->value);
	return buf;
}

/* Return: 0, or -EAGAIN and it has been told. */
static int compare(struct supervision *s, struct others_value *ours, const struct others_value *now,
		   bool is_limit)
{
	char was[MT_UNIT_STR], is[MT_UNIT_STR], detail[256];
	bool observe = s->o->others == MT_OTHERS_OBSERVE;

	/* It could not be read when we came: this is the first value we know. */
	if (!ours->known) {
		ours->known = true;
		ours->limited = now->limited;
		ours->value = now->value;
		return 0;
	}
	if (same(ours, now))
		return 0;
	show(was, ours, is_limit);
	show(is, now, is_limit);
	*ours = *now;
	ours->theirs = true;
	s->others.observe |= observe;
	if (is_limit)
		mt_engine_set_qemu_limit(&s->engine, now->value);
	snprintf(detail, sizeof(detail), "somebody else changed QEMU's %s from %s to %s: %s",
		 is_limit ? "downtime limit" : "speed", was, is,
		 observe ? "this migration is left alone" :
			   "their value stands, and the decision is made again");
	mt_note_event(s, "changed by others", detail);
	return -EAGAIN;
}

int mt_others_check(struct supervision *s, const struct mt_plan *plan)
{
	bool is_final = mt_action_is_final(plan->action);
	struct others_value now = { 0 };
	int ret = 0, changed = 0;

	if (is_final || plan->action == MT_ACTION_SET_DOWNTIME) {
		ret = read_limit(s, &now);
		/* Before libvirt 3.7 it cannot be read at all: then nobody could know. */
		if (!ret)
			changed = compare(s, &s->others.limit_ms, &now, true);
		else if (ret == -EOPNOTSUPP)
			ret = 0;
	}
	now = (struct others_value){ 0 };
	if (!ret && (is_final || plan->action == MT_ACTION_SET_BANDWIDTH)) {
		ret = read_speed(s, &now);
		if (!ret && compare(s, &s->others.bytes_per_s, &now, false))
			changed = -EAGAIN;
		else if (ret == -EOPNOTSUPP)
			ret = 0;
	}
	return changed ? changed : ret;
}
