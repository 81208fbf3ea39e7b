// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * record_file.c - the file that `migtrace record` writes
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "hypervisor/versions.h"
#include "cmd_record.h"

int record_check_path(const struct record *r, struct mt_err *err)
{
	struct stat st;

	if (lstat(r->path, &st))
		return 0;		/* not there; or the recorder says what is wrong with it */
	if (!r->force)
		return mt_err_set(err, -EEXIST, "%s exists; use another name, or --force to replace it", r->path);
	if (!S_ISREG(st.st_mode))
		return mt_err_set(err, -EINVAL, "%s is no plain file; --force replaces only those", r->path);
	return 0;
}

/* --force: out of the way with what is there, but not with what another process writes. */
static int make_room(const struct record *r, struct mt_err *err)
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

int record_open(struct record *r, struct mt_err *err)
{
	struct mt_versions v;
	struct mt_record_header h;
	int rc;

	mt_versions_get(&v, r->conn);
	h = (struct mt_record_header){
		.domain = r->domain.name,
		.uuid = r->domain.uuid,
		.domain_type = r->domain.type,
		.source = r->peer ? r->peer : mt_conn_uri(r->conn),
		.tool = "migtrace " MT_VERSION,
		.qemu = *v.qemu ? v.qemu : NULL,
		.libvirt = *v.libvirt ? v.libvirt : NULL,
		.kernel = *v.kernel ? v.kernel : NULL,
		.policy = r->domain.migrating_out ? "qemu" : NULL,
		.mode = r->domain.migrating_out ? "observe" : "profile",
		.start_wall_ms = mt_wall_us() / 1000,
		.start_t_ns = mt_now_ns(),
		.limits = MT_LIMITS_UNSET,
	};
	rc = make_room(r, err);
	return rc ? rc : mt_recorder_open(&r->recorder, r->path, &h, err);
}

void record_say(const struct record *r, const char *fmt, ...)
{
	va_list ap;

	if (r->quiet)
		return;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
}

void record_discard(struct record *r)
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
