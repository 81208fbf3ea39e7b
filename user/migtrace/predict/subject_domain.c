// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * subject_domain.c - whose migration is forecast: a running guest, profiled now
 */
#include <errno.h>
#include <string.h>

#include "subject.h"

static int connect_once(struct subject_options *o, struct mt_err *err)
{
	int rc = o->connected ? 0 : record_connect(o->record, o->uri, err);

	o->connected = !rc;
	return rc;
}

int subject_look_up(struct subject *s, const char *name, struct subject_options *o,
		    struct mt_err *err)
{
	struct mt_err ignored = { 0 };
	struct mt_domain_info info;
	uint64_t v;
	int rc = connect_once(o, err);

	if (!rc)
		rc = mt_domain_find(o->record->p.conn, name, &info, err);
	if (rc)
		return rc;
	if (info.migrating_out)
		return mt_err_set(
			err, -EBUSY,
			"%s is migrating: migtrace record follows it, and its recording can be asked",
			info.name);
	*s = (struct subject){ .guest.memory_bytes = (double)info.memory_bytes };
	memcpy(s->name, info.name, sizeof(s->name));
	memcpy(s->uuid, info.uuid, sizeof(s->uuid));
	if (!mt_domain_max_bandwidth(o->record->p.conn, info.uuid, &v, &ignored))
		s->guest.bandwidth_bytes_per_s = (double)v;
	if (!mt_domain_downtime_limit(o->record->p.conn, info.uuid, &v, &ignored))
		s->guest.downtime_limit_ms = (double)v;
	return 0;
}

/* What waited for the guest before is none of this one's business. */
static void drain(struct record *r)
{
	struct mt_event ev;

	while (r->p.inbox && !mt_inbox_take(r->p.inbox, &ev, 0))
		;
}

/* A name for the profile that nobody else has. */
static char *temporary(char *dir, size_t size)
{
	const char *tmp = getenv("TMPDIR");
	char *path;

	if (snprintf(dir, size, "%s/migtrace.XXXXXX", tmp && *tmp ? tmp : "/tmp") >= (int)size ||
	    !mkdtemp(dir) || asprintf(&path, "%s/profile" MT_RECORD_SUFFIX, dir) < 0)
		return NULL;
	return path;
}

/* Of the guest that was looked up, whatever it is called by now. */
static int take_profile(struct record *r, const char *uuid, const char *name, struct mt_err *err)
{
	enum mt_ending ending;
	int rc;

	r->p.measured = 0;
	r->p.announced = false;
	r->p.recorder = NULL;
	drain(r);
	rc = mt_profiling_begin(&r->p, uuid, err);
	if (rc)
		return rc;
	ending = r->p.domain.migrating_out ? MT_ENDING_MIGRATION : mt_profiling_run(&r->p, err);
	mt_conn_unsubscribe(r->p.conn, r->p.subscription);
	if (ending != MT_ENDING_DONE || !r->p.measured)
		mt_profiling_discard(&r->p);
	switch (ending) {
	case MT_ENDING_DONE:
		break;
	case MT_ENDING_INTERRUPTED:
		return -EINTR;
	case MT_ENDING_MIGRATION:
		return mt_err_set(err, -EBUSY, "a migration of %s began while it was profiled",
				  name);
	case MT_ENDING_FAILED:
		return mt_err_set(err, -EIO, "%s was not profiled", name);
	}
	if (!r->p.measured)
		return mt_err_set(err, -ENODATA, "the profile of %s is empty", name);
	return mt_recorder_close(r->p.recorder, err);
}

int subject_profile(struct subject *s, struct subject_options *o, struct mt_err *err)
{
	const struct mt_recorded_guest known = s->guest;
	mt_autofree char *path = NULL;
	char dir[256] = "", name[sizeof(s->name)], uuid[sizeof(s->uuid)];
	int rc;

	if (!o->keep) {
		path = temporary(dir, sizeof(dir));
		if (!path)
			return mt_err_set(err, -EIO, "no place for a profile in TMPDIR or /tmp");
	}
	memcpy(name, s->name, sizeof(name));
	memcpy(uuid, s->uuid, sizeof(uuid));
	o->record->p.path = o->keep ? o->keep : path;
	rc = mt_profiling_check_path(&o->record->p, err);
	if (!rc)
		rc = take_profile(o->record, uuid, name, err);
	if (!rc)
		rc = subject_load(s, o->record->p.path, o, err);
	if (!o->keep) {
		unlink(path);
		rmdir(dir);
	}
	s->guest.bandwidth_bytes_per_s = known.bandwidth_bytes_per_s;
	s->guest.downtime_limit_ms = known.downtime_limit_ms;
	return rc;
}
