// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * resume.c - going on with a recording whose writer was killed
 *
 * A zstd stream that was cut cannot be gone on with: what is whole in NAME.part is copied into
 * NAME.part.new, which then takes its place. NAME.part is locked meanwhile, so there is one who
 * does it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "entry.h"
#include "files.h"
#include "lines.h"
#include "recorder.h"

/*
 * CLOCK_MONOTONIC counts from boot. When it is behind what the recording has
 * already seen, the host booted in between, and the old clock is continued by
 * the time of day; never backwards.
 */
static uint64_t shift_after_boot(const struct mt_record_header *h, uint64_t newest_t_ns)
{
	uint64_t now = mt_now_ns(), wall_ms = mt_wall_us() / 1000, then;

	if (now >= newest_t_ns)
		return 0;
	then = newest_t_ns;
	if (h->start_wall_ms && wall_ms > h->start_wall_ms) {
		uint64_t elapsed_ns;

		if (!__builtin_mul_overflow(wall_ms - h->start_wall_ms, 1000000, &elapsed_ns) &&
		    !__builtin_add_overflow(h->start_t_ns, elapsed_ns, &elapsed_ns) &&
		    elapsed_ns > then)
			then = elapsed_ns;
	}
	return then - now;
}

static int copy_header(struct mt_recorder *r, struct mt_lines *lines, struct mt_record_header *h,
		       struct mt_strings *strings, struct mt_err *err)
{
	const char *line;
	size_t len;
	int state = mt_lines_next(lines, &line, &len, NULL), rc;

	if (state != MT_LINES_LINE)
		return mt_err_set(err, state < 0 ? state : -ENODATA,
				  "nothing in it is whole, not even its header");
	rc = mt_header_parse(h, line, len, strings, err);
	if (rc)
		return rc;
	rc = mt_sink_line(&r->sink, line, len);
	return rc ? mt_err_set(err, rc, "cannot be copied: %s", strerror(-rc)) : 0;
}

/* Up to the first line that is not whole or not ours. */
static int copy_entries(struct mt_recorder *r, struct mt_lines *lines, uint64_t *newest_t_ns,
			struct mt_err *err)
{
	struct mt_strings strings = { 0 };
	const char *line;
	size_t len;

	while (mt_lines_next(lines, &line, &len, NULL) == MT_LINES_LINE) {
		unsigned strange = 0;
		struct mt_entry e;
		int rc = mt_entry_parse(&e, line, len, &strings, &strange, NULL);

		mt_strings_fini(&strings);
		if (rc < 0)
			break;
		if (!rc && *mt_entry_time(&e) > *newest_t_ns)
			*newest_t_ns = *mt_entry_time(&e);
		mt_thin_count(&r->thin, rc ? MT_ENTRY_EVENT : e.type, len);
		rc = mt_sink_line(&r->sink, line, len);
		if (rc)
			return mt_err_set(err, rc, "cannot be copied: %s", strerror(-rc));
	}
	mt_strings_fini(&strings);
	return 0;
}

static int copy_lines(struct mt_recorder *r, int from, struct mt_err *err)
{
	struct mt_strings strings = { 0 };
	struct mt_record_header header;
	uint64_t newest_t_ns;
	struct mt_lines lines;
	int rc = mt_lines_init(&lines, from);

	if (rc)
		return mt_err_set(err, rc, "out of memory");
	rc = copy_header(r, &lines, &header, &strings, err);
	newest_t_ns = header.start_t_ns;
	if (!rc)
		rc = copy_entries(r, &lines, &newest_t_ns, err);
	if (!rc)
		r->shift_ns = shift_after_boot(&header, newest_t_ns);
	mt_strings_fini(&strings);
	mt_lines_fini(&lines);
	return rc;
}

/* Return: the old .part, locked, or -errno. */
static int open_old(const struct mt_recorder *r, struct mt_err *err)
{
	int fd = mt_file_open(r->part, true, err);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
		close(fd);
		return mt_err_set(err, -EBUSY, "%s is being written by another process", r->part);
	}
	return fd;
}

static int resume(struct mt_recorder *r, const char *fresh, struct mt_err *err)
{
	mt_autoclose int old = open_old(r, err);
	struct mt_err why = { 0 };
	int rc;

	if (old < 0)
		return old;
	/*
	 * Of a resume that was killed itself, for the lock is on what it worked from; or a trap,
	 * which is not followed.
	 */
	unlink(fresh);
	rc = mt_recorder_create(r, fresh, err);
	if (rc)
		return rc;
	rc = copy_lines(r, old, &why);
	if (!rc && (fsync(r->sink.fd) || rename(fresh, r->part)))
		rc = mt_err_set(&why, -errno, "cannot be replaced: %s", strerror(errno));
	if (rc) {
		unlink(fresh);
		return mt_err_set(err, rc, "%s: %s", r->part, why.msg);
	}
	return 0;
}

int mt_recorder_keep(const char *path)
{
	struct mt_recorder *r = NULL;
	int old = -1, rc = mt_recorder_new(&r, path, NULL);

	if (!rc) {
		old = open_old(r, NULL);
		rc = old < 0 ? old : mt_rename_new(r->part, path);
	}
	if (old >= 0)
		close(old);
	mt_recorder_free(r);
	return rc;
}

int mt_recorder_resume(struct mt_recorder **out, const char *path, struct mt_err *err)
{
	mt_autofree char *fresh = mt_recorder_suffixed(path, ".part.new");
	struct mt_recorder *r = NULL;
	int rc;

	*out = NULL;
	if (!fresh)
		return mt_err_set(err, -ENOMEM, "out of memory");
	rc = mt_recorder_refuse_existing(path, err);
	if (!rc)
		rc = mt_recorder_new(&r, path, err);
	if (!rc)
		rc = resume(r, fresh, err);
	if (rc) {
		mt_recorder_free(r);
		return rc;
	}
	*out = r;
	return 0;
}
