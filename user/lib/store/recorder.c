// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * recorder.c - writing a recording: NAME.part while it grows, NAME when it is whole
 *
 * The .part is locked (flock(2)) as long as somebody writes it, so that a
 * resumed recording has one writer.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "store/entry.h"
#include "store/lines.h"
#include "store/sink.h"

struct mt_recorder {
	struct mt_sink sink;
	char *path, *part;
	uint64_t shift_ns;	/* added to times: the host booted since the recording began */
};

static char *with_suffix(const char *path, const char *suffix)
{
	char *s;

	return asprintf(&s, "%s%s", path, suffix) < 0 ? NULL : s;
}

static void recorder_free(struct mt_recorder *r)
{
	if (!r)
		return;
	mt_sink_fini(&r->sink);
	free(r->path);
	free(r->part);
	free(r);
}

static int recorder_new(struct mt_recorder **out, const char *path, struct mt_err *err)
{
	struct mt_recorder *r = calloc(1, sizeof(*r));

	if (r) {
		r->sink.fd = -1;
		r->path = strdup(path);
		r->part = with_suffix(path, ".part");
	}
	if (!r || !r->path || !r->part) {
		recorder_free(r);
		return mt_err_set(err, -ENOMEM, "out of memory");
	}
	*out = r;
	return 0;
}

static int refuse_existing(const char *path, struct mt_err *err)
{
	struct stat st;

	if (!lstat(path, &st))
		return mt_err_set(err, -EEXIST, "%s exists; remove it or record into another file", path);
	return 0;
}

/* Creates @path for us alone; the descriptor is the sink's. */
static int open_sink(struct mt_sink *sink, const char *path, int flags, struct mt_err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | flags, 0644);
	int rc;

	if (fd < 0 && errno == EEXIST)
		return mt_err_set(err, -EEXIST, "%s is an unfinished recording; remove it or record into another file", path);
	if (fd < 0)
		return mt_err_set(err, -errno, "cannot create %s: %s", path, strerror(errno));
	/* Filesystems without locks are written all the same. */
	if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
		close(fd);
		return mt_err_set(err, -EBUSY, "%s is being written by another process", path);
	}
	rc = mt_sink_init(sink, fd);
	if (rc) {
		close(fd);
		return mt_err_set(err, rc, "out of memory");
	}
	return 0;
}

int mt_recorder_open(struct mt_recorder **out, const char *path,
		     const struct mt_record_header *h, struct mt_err *err)
{
	struct mt_record_header header = *h;
	mt_autofree char *line = NULL;
	struct mt_recorder *r = NULL;
	int rc;

	*out = NULL;
	header.schema = MT_RECORD_SCHEMA;
	if (!header.tool)
		header.tool = "migtrace " MT_VERSION;
	line = mt_header_line(&header);
	if (!line)
		return mt_err_set(err, -ENOMEM, "out of memory");
	rc = refuse_existing(path, err);
	if (!rc)
		rc = recorder_new(&r, path, err);
	if (!rc)
		rc = open_sink(&r->sink, r->part, O_EXCL, err);
	if (rc) {
		recorder_free(r);
		return rc;
	}
	rc = mt_sink_line(&r->sink, line, strlen(line));
	if (rc) {
		mt_err_set(err, rc, "cannot write %s: %s", r->part, strerror(-rc));
		unlink(r->part);
		recorder_free(r);
		return rc;
	}
	*out = r;
	return 0;
}

/* --- resuming ----------------------------------------------------------- */
static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

/*
 * CLOCK_MONOTONIC counts from boot. When it is behind what the recording has
 * already seen, the host booted in between, and the old clock is continued by
 * the time of day; never backwards.
 */
static uint64_t shift_after_boot(const struct mt_record_header *h, uint64_t newest_t_ns)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC), wall_ms = clock_ns(CLOCK_REALTIME) / 1000000, then;

	if (now >= newest_t_ns)
		return 0;
	then = newest_t_ns;
	if (h->start_wall_ms && wall_ms > h->start_wall_ms) {
		uint64_t elapsed_ns;

		if (!__builtin_mul_overflow(wall_ms - h->start_wall_ms, 1000000, &elapsed_ns) &&
		    !__builtin_add_overflow(h->start_t_ns, elapsed_ns, &elapsed_ns) && elapsed_ns > then)
			then = elapsed_ns;
	}
	return then - now;
}

/* Copies whole lines, up to the first that is not whole or not ours. */
static int copy_lines(struct mt_recorder *r, int from, struct mt_err *err)
{
	struct mt_strings strings = { 0 };
	struct mt_record_header header;
	uint64_t newest_t_ns;
	struct mt_lines lines;
	const char *line;
	size_t len;
	int rc, state;

	rc = mt_lines_init(&lines, from);
	if (rc)
		return mt_err_set(err, rc, "out of memory");
	state = mt_lines_next(&lines, &line, &len, NULL);
	if (state == MT_LINES_LINE)
		rc = mt_header_parse(&header, line, len, &strings, err);
	else
		rc = mt_err_set(err, state < 0 ? state : -ENODATA, "nothing in it is whole, not even its header");
	if (rc)
		goto out;
	newest_t_ns = header.start_t_ns;
	for (;;) {
		struct mt_entry e;

		rc = mt_sink_line(&r->sink, line, len);
		if (rc) {
			mt_err_set(err, rc, "cannot be copied: %s", strerror(-rc));
			goto out;
		}
		if (mt_lines_next(&lines, &line, &len, NULL) != MT_LINES_LINE)
			break;
		rc = mt_entry_parse(&e, line, len, &strings, NULL);
		mt_strings_fini(&strings);
		if (rc < 0)
			break;
		if (rc != MT_ENTRY_UNKNOWN && *mt_entry_time(&e) > newest_t_ns)
			newest_t_ns = *mt_entry_time(&e);
	}
	rc = 0;
	r->shift_ns = shift_after_boot(&header, newest_t_ns);
out:
	mt_strings_fini(&strings);
	mt_lines_fini(&lines);
	return rc;
}

int mt_recorder_resume(struct mt_recorder **out, const char *path, struct mt_err *err)
{
	mt_autofree char *fresh = with_suffix(path, ".part.new");
	struct mt_recorder *r = NULL;
	struct mt_err why = { 0 };
	mt_autoclose int old = -1;
	int rc;

	*out = NULL;
	if (!fresh)
		return mt_err_set(err, -ENOMEM, "out of memory");
	rc = refuse_existing(path, err);
	if (!rc)
		rc = recorder_new(&r, path, err);
	if (rc)
		return rc;
	old = open(r->part, O_RDONLY | O_CLOEXEC);
	if (old < 0) {
		rc = mt_err_set(err, -errno, "cannot open %s: %s", r->part, strerror(errno));
	} else if (flock(old, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
		rc = mt_err_set(err, -EBUSY, "%s is being written by another process", r->part);
	} else {
		/* O_TRUNC: of a resume that was killed itself; the lock above is on what it worked from. */
		rc = open_sink(&r->sink, fresh, O_TRUNC, err);
	}
	if (rc) {
		recorder_free(r);
		return rc;
	}
	rc = copy_lines(r, old, &why);
	if (!rc && (fsync(r->sink.fd) || rename(fresh, r->part)))
		rc = mt_err_set(&why, -errno, "cannot be replaced: %s", strerror(errno));
	if (rc) {
		mt_err_set(err, rc, "%s: %s", r->part, why.msg);
		unlink(fresh);
		recorder_free(r);
		return rc;
	}
	*out = r;
	return 0;
}

/* --- entries ------------------------------------------------------------ */
static int write_entry(struct mt_recorder *r, struct mt_entry *e)
{
	mt_autofree char *line = NULL;
	size_t len;

	if (!r)
		return 0;
	if (r->sink.error)
		return r->sink.error;
	*mt_entry_time(e) += r->shift_ns;
	line = mt_entry_line(e);
	if (!line)
		return -ENOMEM;
	len = strlen(line);
	if (len > MT_LINE_MAX_BYTES)
		return -EMSGSIZE;	/* no reader would take it */
	return mt_sink_line(&r->sink, line, len);
}

#define WRITER(what, TYPE, struct_) \
	int mt_recorder_##what(struct mt_recorder *r, const struct struct_ *v) \
	{ \
		struct mt_entry e = { .type = MT_ENTRY_##TYPE, .what = *v }; \
		\
		return write_entry(r, &e); \
	}
WRITER(sample, SAMPLE, mt_sample)
WRITER(decision, DECISION, mt_record_decision)
WRITER(dirtyrate, DIRTYRATE, mt_record_dirtyrate)
WRITER(outcome, OUTCOME, mt_record_outcome)
WRITER(source, SOURCE, mt_record_source)
WRITER(tick, TICK, mt_tick)
WRITER(pass, PASS, mt_record_pass)
WRITER(curve, CURVE, mt_record_curve)
WRITER(pages, PAGES, mt_record_pages)
WRITER(vcpu, VCPU, mt_record_vcpu)
WRITER(profile, PROFILE, mt_record_profile)
WRITER(guest, GUEST, mt_record_guest)
#undef WRITER

int mt_recorder_event(struct mt_recorder *r, uint64_t t_ns, const char *event, const char *detail)
{
	struct mt_entry e = { .type = MT_ENTRY_EVENT, .event = { t_ns, event, detail } };

	return write_entry(r, &e);
}

/* rename(2) that takes nobody's place. */
static int rename_new(const char *from, const char *to)
{
	if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* A filesystem that cannot. */
	if (!access(to, F_OK))
		return -EEXIST;
	return rename(from, to) ? -errno : 0;
}

int mt_recorder_close(struct mt_recorder *r, struct mt_err *err)
{
	int rc;

	if (!r)
		return 0;
	rc = mt_sink_end(&r->sink);
	if (fsync(r->sink.fd) && !rc)
		rc = -errno;
	if (rc) {
		mt_err_set(err, rc, "%s ends early: %s; what was recorded before is readable",
			   r->part, strerror(-rc));
	} else {
		rc = rename_new(r->part, r->path);
		if (rc)
			mt_err_set(err, rc, "cannot rename %s to %s: %s", r->part, r->path, strerror(-rc));
	}
	recorder_free(r);
	return rc;
}
