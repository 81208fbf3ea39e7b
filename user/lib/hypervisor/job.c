// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * job.c - libvirt's job statistics as a sample
 *
 * Threads: any; keeps nothing.
 */
#include <string.h>

#include "domain.h"

static const struct {
	const char *key;
	enum mt_field field;
} columns[] = {
	{ VIR_DOMAIN_JOB_TIME_ELAPSED,		MT_FIELD_total_ms },
	{ VIR_DOMAIN_JOB_SETUP_TIME,		MT_FIELD_setup_ms },
	{ VIR_DOMAIN_JOB_MEMORY_ITERATION,	MT_FIELD_iteration },
	{ VIR_DOMAIN_JOB_MEMORY_TOTAL,		MT_FIELD_memory_bytes },
	{ VIR_DOMAIN_JOB_MEMORY_REMAINING,	MT_FIELD_remaining_bytes },
	{ VIR_DOMAIN_JOB_MEMORY_PROCESSED,	MT_FIELD_transferred_bytes },
	{ VIR_DOMAIN_JOB_MEMORY_NORMAL,		MT_FIELD_normal_pages },
	{ VIR_DOMAIN_JOB_MEMORY_CONSTANT,	MT_FIELD_zero_pages },
	{ VIR_DOMAIN_JOB_MEMORY_PAGE_SIZE,	MT_FIELD_page_size_bytes },
	{ VIR_DOMAIN_JOB_MEMORY_DIRTY_RATE,	MT_FIELD_dirty_pages_per_s },
	{ VIR_DOMAIN_JOB_MEMORY_BPS,		MT_FIELD_bandwidth_bytes_per_s },
	{ VIR_DOMAIN_JOB_AUTO_CONVERGE_THROTTLE, MT_FIELD_throttle_percent },
	{ VIR_DOMAIN_JOB_MEMORY_POSTCOPY_REQS,	MT_FIELD_postcopy_requests },
	{ VIR_DOMAIN_JOB_DISK_PROCESSED,	MT_FIELD_other_bytes },
};

/* of those known here: libvirt 9.0's, and none since */
#define LAST_OPERATION	VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_DELETE

/* Integers only. */
static bool value_of(const virTypedParameter *p, uint64_t *value, bool *negative)
{
	*negative = false;
	switch (p->type) {
	case VIR_TYPED_PARAM_INT:
		*value = (uint64_t)p->value.i;
		*negative = p->value.i < 0;
		return true;
	case VIR_TYPED_PARAM_UINT:
		*value = p->value.ui;
		return true;
	case VIR_TYPED_PARAM_LLONG:
		*value = (uint64_t)p->value.l;
		*negative = p->value.l < 0;
		return true;
	case VIR_TYPED_PARAM_ULLONG:
		*value = p->value.ul;
		return true;
	default:
		return false;
	}
}

static const virTypedParameter *find(virTypedParameterPtr params, int n, const char *key)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(params[i].field, key))
			return &params[i];
	return NULL;
}

static enum mt_status status_of(int job_type)
{
	switch (job_type) {
	case VIR_DOMAIN_JOB_NONE:
		return MT_STATUS_NONE;
	case VIR_DOMAIN_JOB_BOUNDED:
	case VIR_DOMAIN_JOB_UNBOUNDED:
		return MT_STATUS_ACTIVE;
	case VIR_DOMAIN_JOB_COMPLETED:
		return MT_STATUS_COMPLETED;
	case VIR_DOMAIN_JOB_FAILED:
		return MT_STATUS_FAILED;
	case VIR_DOMAIN_JOB_CANCELLED:
		return MT_STATUS_CANCELLED;
	default:
		return MT_STATUS_UNKNOWN;
	}
}

/*
 * Saving, snapshots and backups are jobs too, and move memory. What operation a libvirt from the
 * future means, nobody knows here: not even that the migration is over.
 */
static enum mt_status status_for(enum mt_status status, const virTypedParameter *operation)
{
	uint64_t v = 0;
	bool negative;

	if (!operation || status == MT_STATUS_NONE)
		return status;
	if (!value_of(operation, &v, &negative) || negative || v > LAST_OPERATION)
		return MT_STATUS_UNKNOWN;
	return v == VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT ? status : MT_STATUS_NONE;
}

void mt_sample_from_params(struct mt_sample *s, int job_type, virTypedParameterPtr params, int n)
{
	const virTypedParameter *p;
	bool negative;
	uint64_t v;

	memset(s, 0, sizeof(*s));
	s->status = status_for(status_of(job_type), find(params, n, VIR_DOMAIN_JOB_OPERATION));
	if (s->status == MT_STATUS_NONE)
		return;

	for (size_t i = 0; i < MT_ARRAY_SIZE(columns); i++) {
		p = find(params, n, columns[i].key);
		if (p && value_of(p, &v, &negative))
			mt_sample_told(s, columns[i].field, v, negative);
	}

	if (s->status == MT_STATUS_ACTIVE) {
		/*
		 * libvirt has no type of job for these two. Before QEMU has begun there are no
		 * figures of memory.
		 */
		if (mt_sample_has(s, postcopy_requests) && s->postcopy_requests)
			s->status = MT_STATUS_POSTCOPY;
		else if (!s->memory_bytes)
			s->status = MT_STATUS_SETUP;
	}

	/*
	 * All zero before QEMU has begun, and again after a failure: nothing is known then but the
	 * time, if that.
	 */
	if (!s->memory_bytes) {
		s->valid &= s->total_ms ? 1ULL << MT_FIELD_total_ms | 1ULL << MT_FIELD_setup_ms : 0;
		s->miscounted = false;
	}

	/* QEMU measures throughput over 100 ms, and says 0 until the first 100 are over. */
	if (mt_sample_has(s, bandwidth_bytes_per_s) && !s->bandwidth_bytes_per_s)
		s->valid &= ~(1ULL << MT_FIELD_bandwidth_bytes_per_s);

	/* One key, two meanings: QEMU's expectation while it goes on, and then what it was. */
	p = find(params, n, VIR_DOMAIN_JOB_DOWNTIME);
	if (p && value_of(p, &v, &negative)) {
		if (s->status == MT_STATUS_COMPLETED)
			mt_sample_told(s, MT_FIELD_downtime_ms, v, negative);
		else if (s->status == MT_STATUS_ACTIVE)
			mt_sample_told(s, MT_FIELD_expected_downtime_ms, v, negative);
	}
}
