// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * profiling_file.c - before a profile, and where it goes
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "guest_header.h"
#include "profiling.h"

int mt_profiling_check_path(const struct mt_profiling *r, struct mt_err *err)
{
	struct stat st;

	if (lstat(r->path, &st))
		return 0;		/* not there; or the recorder says what is wrong with it */
	if (!r->force)
		return mt_err_set(err, -EEXIST,
				  "%s exists; use another name, or --force to replace it", r->path);
	if (!S_ISREG(st.st_mode))
		return mt_err_set(err, -EINVAL, "%s is no plain file; --force replaces only those",
				  r->path);
	return 0;
}

/* --force: out of the way with what is there, but not with what another process writes. */
static int make_room(const struct mt_profiling *r, struct mt_err *err)
{
	mt_autofree char *part = NULL;
	mt_autoclose int fd = -1;

	if (!r->force)
		return 0;
	if (asprintf(&part, "%s.part", r->path) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	fd = open(part, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return mt_err_set(err, -EBUSY, "%s is being written by another process", part);
	if ((unlink(part) && errno != ENOENT) || (unlink(r->path) && errno != ENOENT))
		return mt_err_set(err, -errno, "cannot replace %s: %s", r->path, strerror(errno));
	return 0;
}

int mt_profiling_open(struct mt_profiling *r, struct mt_err *err)
{
	struct mt_versions v;
	struct mt_record_header h;
	int rc;

	mt_versions_get(&v, r->conn);
	h = mt_guest_header(&r->domain, &v, r->peer ? r->peer : mt_conn_uri(r->conn),
			    "migtrace " MT_VERSION);
	h.policy = r->domain.migrating_out ? "qemu" : NULL;
	h.mode = r->domain.migrating_out ? "observe" : "profile";
	rc = make_room(r, err);
	return rc ? rc : mt_recorder_open(&r->recorder, r->path, &h, err);
}

static int check_state(struct mt_profiling *r, struct mt_err *err)
{
	const struct mt_domain_info *d = &r->domain;

	if (d->migrating_out)
		return 0;
	if (d->migrating_in)
		return mt_err_set(err, -EBUSY,
				  "%s is arriving here by a migration; record it at the source",
				  d->name);
	if (d->state != VIR_DOMAIN_RUNNING && d->state != VIR_DOMAIN_BLOCKED)
		return mt_err_set(err, -EINVAL, "%s is %s: only a running guest dirties memory",
				  d->name, mt_domain_state_name(d->state));
	if (r->automatic)
		r->mode = mt_dirtyrate_mode_of(d->type, d->dirty_ring_entries);
	return mt_dirtyrate_check(r->mode, d->type, d->dirty_ring_entries, err);
}

/* Watched first, looked at after: no migration begins unseen in between. */
int mt_profiling_begin(struct mt_profiling *r, const char *name, struct mt_err *err)
{
	struct mt_inbox *inbox;
	int rc = mt_domain_find(r->conn, name, &r->domain, err);

	if (rc)
		return rc;
	inbox = r->inbox ? r->inbox : mt_inbox_new();
	if (!inbox)
		return mt_err_set(err, -ENOMEM, "out of memory");
	r->inbox = inbox;
	r->subscription = mt_conn_subscribe(r->conn, r->domain.uuid, mt_inbox_post, r->inbox);
	if (r->subscription < 0)
		return mt_err_set(err, r->subscription, "cannot watch %s: %s", r->domain.name,
				  strerror(-r->subscription));
	rc = mt_domain_info(r->conn, r->domain.uuid, &r->domain, err);
	if (!rc)
		rc = check_state(r, err);
	return rc ? rc : mt_profiling_open(r, err);
}

void mt_profiling_say(const struct mt_profiling *r, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	if (!r->say)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	r->say(line, r->opaque);
}

void mt_profiling_discard(struct mt_profiling *r)
{
	mt_autofree char *part = NULL;
	struct mt_err ignored = { 0 };

	if (!r->recorder)
		return;
	if (!mt_recorder_close(r->recorder, &ignored))
		unlink(r->path);
	else if (asprintf(&part, "%s.part", r->path) >= 0)
		unlink(part);
	r->recorder = NULL;
}
