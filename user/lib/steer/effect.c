// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * effect.c - whether what libvirt took was done
 */
#include <errno.h>
#include <stdio.h>

#include "base/units.h"
#include "hypervisor/domain.h"
#include "supervision.h"

static int differs(const char *what, const char *wanted, const char *is, struct mt_err *err)
{
	return mt_err_set(err, -EIO, "libvirt took it, but QEMU's %s is %s, not %s", what, is,
			  wanted);
}

static int read_limit(struct supervision *s, uint64_t wanted_ms, struct mt_err *err)
{
	char wanted[MT_UNIT_STR], is[MT_UNIT_STR];
	struct mt_err ignored = { 0 };
	uint64_t is_ms;

	if (mt_domain_downtime_limit(s->conn, s->uuid, &is_ms, &ignored) || is_ms == wanted_ms)
		return 0;
	return differs("downtime limit", mt_format_duration_ms(wanted, (double)wanted_ms),
		       mt_format_duration_ms(is, (double)is_ms), err);
}

static int read_speed(struct supervision *s, uint64_t wanted_bytes_per_s, struct mt_err *err)
{
	char wanted[MT_UNIT_STR], is[MT_UNIT_STR];
	struct mt_err ignored = { 0 };
	uint64_t is_bytes_per_s;

	if (mt_domain_max_bandwidth(s->conn, s->uuid, &is_bytes_per_s, &ignored) ||
	    is_bytes_per_s == wanted_bytes_per_s)
		return 0;
	return differs("speed", mt_format_rate_bytes_per_s(wanted, (double)wanted_bytes_per_s),
		       mt_format_rate_bytes_per_s(is, (double)is_bytes_per_s), err);
}

static int read_vcpu_limit(struct supervision *s, uint64_t wanted_bytes_per_s, struct mt_err *err)
{
	char wanted[MT_UNIT_STR], is[MT_UNIT_STR];
	struct mt_err ignored = { 0 };
	uint64_t is_bytes_per_s;

	if (mt_domain_vcpu_limit(s->conn, s->uuid, &is_bytes_per_s, &ignored) ||
	    is_bytes_per_s == wanted_bytes_per_s)
		return 0;
	return differs("limit to what a vCPU dirties",
		       mt_format_rate_bytes_per_s(wanted, (double)wanted_bytes_per_s),
		       mt_format_rate_bytes_per_s(is, (double)is_bytes_per_s), err);
}

int mt_effect_read(struct supervision *s, const struct mt_plan *plan, struct mt_err *err)
{
	switch (plan->action) {
	case MT_ACTION_SET_DOWNTIME:
		return read_limit(s, mt_downtime_clamp(plan->downtime_limit_ms), err);
	case MT_ACTION_SET_BANDWIDTH:
		return read_speed(
			s, mt_bandwidth_mib_per_s(plan->bandwidth_bytes_per_s) * MT_MIB, err);
	case MT_ACTION_LIMIT_VCPUS:
		return read_vcpu_limit(
			s, mt_bandwidth_mib_per_s(plan->vcpu_limit_bytes_per_s) * MT_MIB, err);
	default:
		return 0;
	}
}

void mt_effect_wait(struct supervision *s, enum mt_action action)
{
	if (action == MT_ACTION_FLIP || action == MT_ACTION_ABORT || action == MT_ACTION_RESTART)
		s->effect = (struct effect){ .waits = action,
					     .since_ns = mt_now_ns(),
					     .transferred_bytes = s->sample.transferred_bytes };
}

void mt_effect_look(struct supervision *s)
{
	enum mt_action action = s->effect.waits;
	char text[128];

	if (action == MT_ACTION_CONTINUE)
		return;
	if (s->sample.status != MT_STATUS_ACTIVE) {
		s->effect.waits = MT_ACTION_CONTINUE;
		return;
	}
	/* Where nothing is sent QEMU itself waits. */
	if (mt_now_ns() < s->effect.since_ns + MT_EFFECT_MS * MT_NS_PER_MS ||
	    s->sample.transferred_bytes == s->effect.transferred_bytes)
		return;
	s->effect.waits = MT_ACTION_CONTINUE;
	if (action != MT_ACTION_FLIP)
		s->cancelled = s->restarting = false;
	mt_policy_refused(&s->engine.state, action);
	snprintf(text, sizeof(text),
		 "libvirt took it %d s ago, and the migration goes on as it was",
		 MT_EFFECT_MS / 1000);
	mt_note_event(s, action == MT_ACTION_FLIP ? "flip without effect" : "abort without effect",
		      text);
}
