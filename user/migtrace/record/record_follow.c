// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * record_follow.c - a migration that somebody else leads, recorded to its end
 */
#include <string.h>

#include "cli/sources.h"
#include "cmd_record.h"

static void on_progress(const struct mt_progress *p, void *opaque)
{
	struct record *r = opaque;

	if (p->sample->status != MT_STATUS_NONE)
		r->samples++;
	r->passes += p->boundary;
	mt_workload_record(r->p.workload, &r->p.work_next_ns, r->p.recorder);
	progress_show(p, &r->progress);
}

/* Whatever comes of it, the migration is followed. */
static struct mt_collector *open_collector(const struct record *r)
{
	struct mt_collector *c = NULL;
	struct mt_err why = { 0 };

	if (mt_source_is_libvirt(r->p.source_name))
		fprintf(stderr, "kernel source: none, as asked\n");
	else if (mt_collector_open(&c, r->p.conn, &r->p.domain, r->p.source_name, &why))
		fprintf(stderr, "kernel source: none: %s\n", why.msg);
	else
		fprintf(stderr, "kernel source: %s\n", mt_collector_describe(c));
	return c;
}

enum mt_ending record_follow(struct record *r, struct mt_err *err)
{
	struct mt_collector *collector = open_collector(r);
	struct mt_supervise_result result;
	char title[MT_DOMAIN_NAME_MAX + 64];
	int rc;

	snprintf(title, sizeof(title), "following the migration of %s", r->p.domain.name);
	progress_init(&r->progress, stderr, title);
	rc = mt_supervise(r->p.conn, r->p.inbox, r->p.domain.uuid, &(struct mt_supervise_options){
		.policy = mt_policy_find("qemu"),
		.actuators = &mt_actuators_dry,
		.limits = MT_LIMITS_UNSET,
		.recorder = r->p.recorder,
		.collector = collector,
		.poll_ms = r->interval_ms,
		.leave = &r->p.leave,
		.progress = on_progress,
		.opaque = r,
	}, &result, err);
	progress_end(&r->progress);
	mt_collector_close(collector);
	if (rc)
		return MT_ENDING_FAILED;
	if (result.left)
		return MT_ENDING_INTERRUPTED;
	fprintf(stderr, "%s: %s\n", mt_outcome_name(result.outcome), result.detail);
	if (result.record_error) {
		mt_err_set(err, result.record_error, "%s is incomplete: %s", r->p.path,
			   strerror(-result.record_error));
		return MT_ENDING_FAILED;
	}
	return MT_ENDING_DONE;
}
