// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * recorder.c - writing a recording: NAME.part while it grows, NAME when it is whole
 *
 * The .part is locked (flock(2)) as long as somebody writes it, so that a
 * resumed recording has one writer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "behind.h"
#include "entry.h"
#include "files.h"
#include "lines.h"
#include "recorder.h"

char *mt_recorder_suffixed(const char *path, const char *suffix)
{
	char *s;

	return asprintf(&s, "%s%s", path, suffix) < 0 ? NULL : s;
}

void mt_recorder_free(struct mt_recorder *r)
{
	if (!r)
		return;
	mt_sink_fini(&r->sink);
	free(r->path);
	free(r->part);
	free(r);
}

int mt_recorder_new(struct mt_recorder **out, const char *path, struct mt_err *err)
{
	struct mt_recorder *r = calloc(1, sizeof(*r));

	if (r) {
		r->sink.fd = -1;
		r->path = strdup(path);
		r->part = mt_recorder_suffixed(path, ".part");
		r->thin.max_entries = MT_RECORDING_MAX_ENTRIES;
		r->thin.max_text_bytes = MT_RECORDING_MAX_TEXT_BYTES;
	}
	if (!r || !r->path || !r->part) {
		mt_recorder_free(r);
		return mt_err_set(err, -ENOMEM, "out of memory");
	}
	*out = r;
	return 0;
}

int mt_recorder_refuse_existing(const char *path, struct mt_err *err)
{
	struct stat st;

	if (!lstat(path, &st))
		return mt_err_set(err, -EEXIST, "%s exists; remove it or record into another file",
				  path);
	return 0;
}

int mt_recorder_create(struct mt_recorder *r, const char *name, struct mt_err *err)
{
	int fd = mt_file_create(name), rc;

	if (fd == -EEXIST)
		return mt_err_set(
			err, -EEXIST,
			"%s is an unfinished recording; remove it or record into another file",
			name);
	if (fd < 0)
		return mt_err_set(err, fd, "cannot create %s: %s", name, strerror(-fd));
	/* Filesystems without locks are written all the same. */
	if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
		close(fd);
		return mt_err_set(err, -EBUSY, "%s is being written by another process", name);
	}
	rc = mt_sink_init(&r->sink, fd);
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
	rc = mt_recorder_refuse_existing(path, err);
	if (!rc)
		rc = mt_recorder_new(&r, path, err);
	if (!rc)
		rc = mt_recorder_create(r, r->part, err);
	if (rc) {
		mt_recorder_free(r);
		return rc;
	}
	rc = mt_sink_line(&r->sink, line, strlen(line));
	if (rc) {
		mt_err_set(err, rc, "cannot write %s: %s", r->part, strerror(-rc));
		unlink(r->part);
		mt_recorder_free(r);
		return rc;
	}
	*out = r;
	return 0;
}

void mt_recorder_set_room(struct mt_recorder *r, mt_recorder_room_fn fn, void *opaque)
{
	r->room = fn;
	r->room_opaque = opaque;
	r->asked = 0;
}

/* --- entries ------------------------------------------------------------ */
static int write_line(struct mt_recorder *r, const struct mt_entry *e)
{
	mt_autofree char *line = mt_entry_line(e);

	if (!line)
		return -ENOMEM;
	return mt_sink_line(&r->sink, line, strlen(line));
}

/* What the recording says of itself. */
__attribute__((format(printf, 4, 5)))
static void tell(struct mt_recorder *r, uint64_t t_ns, const char *event, const char *fmt, ...)
{
	struct mt_entry e = { .type = MT_ENTRY_EVENT };
	char detail[sizeof(r->ended.msg) + 128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	e.event.t_ns = t_ns;
	e.event.event = event;
	e.event.detail = detail;
	mt_thin_count(&r->thin, e.type, strlen(detail));
	write_line(r, &e);	/* a failure comes back with the next entry */
}

static int end_here(struct mt_recorder *r, uint64_t t_ns)
{
	tell(r, t_ns, "ended", "nothing more is recorded but the outcome: %s", r->ended.msg);
	return r->ended.code;
}

static int ask_for_room(struct mt_recorder *r, size_t len, uint64_t t_ns)
{
	off_t most = r->sink.whole + (off_t)len;	/* what is written is less, it is
							 * compressed */

	if (!r->room || most <= r->asked)
		return 0;
	r->asked = most + MT_RECORDER_ROOM_BYTES;
	if (r->room((uint64_t)r->asked, r->room_opaque, &r->ended)) {
		mt_err_set(&r->ended, -EDQUOT, "no room for it");
		return end_here(r, t_ns);
	}
	return 0;
}

/* Return: 0 write it; 1 leave it out; -errno it ends here. */
static int judge(struct mt_recorder *r, const struct mt_thin_entry *e, size_t len)
{
	switch (mt_thin_judge(&r->thin, e, len)) {
	case MT_THIN_KEEP:
		return 0;
	case MT_THIN_KEEP_RARER:
		tell(r, e->t_ns, "thinned",
		     "a long recording: from here on one of %llu looks and ticks is kept",
		     (unsigned long long)r->thin.one_of);
		return 0;
	case MT_THIN_LEAVE_OUT:
		return 1;
	case MT_THIN_PAGES_END:
		tell(r, e->t_ns, "thinned",
		     "a large recording: no more sets of pages from here on");
		return 1;
	case MT_THIN_FULL:
		break;
	}
	mt_err_set(&r->ended, -EFBIG, "a recording has at most %u entries and %llu MiB of text",
		   MT_RECORDING_MAX_ENTRIES, MT_RECORDING_MAX_TEXT_BYTES >> 20);
	return end_here(r, e->t_ns);
}

int mt_recorder_line(struct mt_recorder *r, const struct mt_thin_entry *e, const char *line,
		     size_t len)
{
	int rc;

	if (r->sink.error)
		return r->sink.error;
	if (r->ended.code && e->type != MT_ENTRY_OUTCOME)
		return r->ended.code;
	if (len > MT_LINE_MAX_BYTES)
		return -EMSGSIZE;	/* no reader would take it */
	rc = r->ended.code ? 0 : ask_for_room(r, len, e->t_ns);
	if (!rc || e->type == MT_ENTRY_OUTCOME)
		rc = judge(r, e, len);
	if (rc)
		return rc < 0 ? rc : 0;
	rc = mt_sink_line(&r->sink, line, len);
	return rc ? rc : r->ended.code;
}

int mt_recorder_write(struct mt_recorder *r, struct mt_entry *e)
{
	mt_autofree char *line = NULL;
	struct mt_thin_entry what;

	*mt_entry_time(e) += r->shift_ns;
	what = mt_thin_entry(e);
	line = mt_entry_line(e);
	return line ? mt_recorder_line(r, &what, line, strlen(line)) : -ENOMEM;
}

static int write_entry(struct mt_recorder *r, struct mt_entry *e)
{
	if (!r)
		return 0;
	return r->behind ? mt_behind_put(r->behind, e) : mt_recorder_write(r, e);
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
WRITER(work, WORK, mt_work)
#undef WRITER

int mt_recorder_event(struct mt_recorder *r, uint64_t t_ns, const char *event, const char *detail)
{
	struct mt_entry e = { .type = MT_ENTRY_EVENT, .event = { t_ns, event, detail } };

	return write_entry(r, &e);
}

static int finish(struct mt_recorder *r, struct mt_err *err)
{
	int rc = mt_sink_end(&r->sink);

	if (fsync(r->sink.fd) && !rc)
		rc = -errno;
	if (rc)
		return mt_err_set(err, rc,
				  "%s ends early: %s; what was recorded before is readable",
				  r->part, strerror(-rc));
	rc = mt_rename_new(r->part, r->path);
	if (rc)
		return mt_err_set(err, rc, "cannot rename %s to %s: %s", r->part, r->path,
				  strerror(-rc));
	if (r->ended.code)
		return mt_err_set(err, r->ended.code, "%s ends early: %s", r->path, r->ended.msg);
	return 0;
}

int mt_recorder_close(struct mt_recorder *r, struct mt_err *err)
{
	int rc;

	if (!r)
		return 0;
	if (r->behind) {
		rc = mt_behind_close(r->behind, err);
		free(r);
		return rc;
	}
	rc = finish(r, err);
	mt_recorder_free(r);
	return rc;
}

/* --- behind a queue ------------------------------------------------------- */
int mt_recorder_behind(struct mt_recorder **out, const struct mt_recorder_behind *how,
		       struct mt_err *err)
{
	struct mt_recorder *r = calloc(1, sizeof(*r));
	int rc;

	*out = NULL;
	if (!r)
		return mt_err_set(err, -ENOMEM, "out of memory");
	rc = mt_behind_start(&r->behind, how, err);
	if (rc) {
		free(r);
		return rc;
	}
	*out = r;
	return 0;
}

static int begin_open(struct mt_recorder **r, void *opaque, struct mt_err *err)
{
	*r = opaque;
	return 0;
}

int mt_recorder_go_behind(struct mt_recorder **r, struct mt_err *err)
{
	const struct mt_recorder_behind how = { .begin = begin_open, .opaque = *r };
	struct mt_recorder *front;
	int rc;

	if (!*r || (*r)->behind)
		return 0;
	rc = mt_recorder_behind(&front, &how, err);
	if (!rc)
		*r = front;
	return rc;
}

int mt_recorder_begun(struct mt_recorder *r, uint64_t timeout_ms, struct mt_err *err)
{
	return r && r->behind ? mt_behind_begun(r->behind, timeout_ms, err) : 0;
}

int mt_recorder_flush(struct mt_recorder *r, uint64_t timeout_ms)
{
	if (!r)
		return 0;
	return r->behind ? mt_behind_flush(r->behind, timeout_ms) : r->sink.error;
}

uint64_t mt_recorder_dropped(struct mt_recorder *r)
{
	return r && r->behind ? mt_behind_dropped(r->behind) : 0;
}
