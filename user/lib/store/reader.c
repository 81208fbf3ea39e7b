// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * reader.c - reading what migtrace, or somebody with a QMP socket, wrote
 *
 * The file may come from anywhere: whatever is in it, reading it ends with a
 * recording or with one line that says what is wrong, within bounded memory.
 */
#include <errno.h>
#include <string.h>

#include "entries.h"
#include "entry.h"
#include "files.h"
#include "lines.h"
#include "series.h"

/* A series is read at once: 32 MiB is two hours of QEMU's answer every 200 ms. */
#define SERIES_MAX_BYTES	(32U << 20)
#define PEEK_BYTES		4096

/* What becomes of each entry: kept with its strings, or shown to somebody and forgotten. */
struct reader {
	struct mt_recording *rec;
	struct mt_strings *strings;	/* the recording's, or those of the entry that is shown */
	mt_recording_scan_fn fn;
	void *opaque;
};

static int take_entry(const struct reader *r, const char *line, size_t len, struct mt_err *err)
{
	struct mt_recording *rec = r->rec;
	unsigned strange = 0;
	struct mt_entry e;
	int rc = mt_entry_parse(&e, line, len, r->strings, &strange, err);

	if (rc == MT_ENTRY_UNKNOWN) {
		rec->strange_entries++;
		return 0;
	}
	if (rc)
		return rc;
	rec->strange_words += strange;
	if (!r->fn)
		return mt_recording_add(rec, &e, err);
	r->fn(&e, r->opaque);
	mt_strings_fini(r->strings);
	return 0;
}

static int read_lines(const struct reader *r, struct mt_lines *lines, struct mt_err *err)
{
	struct mt_recording *rec = r->rec;
	const char *line;
	size_t len;
	int state;

	while ((state = mt_lines_next(lines, &line, &len, err)) == MT_LINES_LINE) {
		int rc;

		if (lines->n == 1)
			rc = mt_header_parse(&rec->header, line, len,
					     &mt_recording_store(rec)->strings, err);
		else
			rc = take_entry(r, line, len, err);
		if (rc < 0)
			return rc;
		if (rc == MT_RECORDING_FULL) {
			mt_recording_cut(rec, "it takes more memory than a recording may");
			rec->truncated_after = lines->n - 1;
			return 0;
		}
	}
	if (state < 0) {
		lines->n++;	/* the one that could not be had */
		return state;
	}
	if (!lines->n)
		return mt_err_set(err, -ENODATA,
				  "ends before its first line is whole: nothing in it");
	if (state != MT_LINES_END)
		mt_recording_cut(rec, lines->bound);
	rec->truncated_after = lines->n;
	return 0;
}

static int load_recording(const struct reader *r, int fd, struct mt_err *err)
{
	const char *path = r->rec->path;
	struct mt_err why = { 0 };
	struct mt_lines lines;
	int rc = mt_lines_init(&lines, fd);

	if (rc)
		return mt_err_set(err, rc, "%s: out of memory", path);
	rc = read_lines(r, &lines, &why);
	if (rc == -EBADMSG && lines.n == 1)
		mt_err_set(err, rc, "%s is no recording of migtrace: line 1: %s", path, why.msg);
	else if (rc == -EBADMSG)
		mt_err_set(err, rc, "%s: line %zu: %s", path, lines.n, why.msg);
	else if (rc)
		mt_err_set(err, rc, "%s: %s", path, why.msg);
	mt_lines_fini(&lines);
	return rc;
}

/* The whole file, as text. */
static int load_series(struct mt_recording *rec, int fd, struct mt_err *err)
{
	mt_autofree char *text = NULL;
	struct mt_err why = { 0 };
	size_t len = 0, room = 0;
	int rc;

	for (;;) {
		ssize_t n;

		if (len == room) {
			char *more = realloc(text, room = room ? 2 * room : 64 * 1024);

			if (!more)
				return mt_err_set(err, -ENOMEM, "%s: out of memory", rec->path);
			text = more;
		}
		n = read(fd, text + len, room - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return mt_err_set(err, -errno, "cannot read %s: %s", rec->path,
					  strerror(errno));
		if (!n)
			break;
		len += (size_t)n;
		if (len > SERIES_MAX_BYTES)
			return mt_err_set(err, -EBADMSG,
					  "%s: a QMP series of more than %u MiB is not read",
					  rec->path, SERIES_MAX_BYTES >> 20);
	}
	rec->foreign = true;
	rec->header.limits = (struct mt_limits)MT_LIMITS_UNSET;
	rc = mt_series_parse(rec, text, len, &why);
	return rc ? mt_err_set(err, rc, "%s: %s", rec->path, why.msg) : 0;
}

static int load(const struct reader *r, bool ours, struct mt_err *err)
{
	mt_autoclose int fd = mt_file_open(r->rec->path, ours, err);
	const char *path = r->rec->path;
	char peek[PEEK_BYTES];
	ssize_t n;

	if (fd < 0)
		return fd;
	n = pread(fd, peek, sizeof(peek), 0);
	if (n < 0)
		return mt_err_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
	if (!n)
		return mt_err_set(err, -ENODATA, "%s is empty", path);
	if (mt_lines_recognise(peek, (size_t)n))
		return load_recording(r, fd, err);
	if (!r->fn && mt_series_recognise(peek, (size_t)n))
		return load_series(r->rec, fd, err);
	return mt_err_set(err, -EBADMSG,
			  "%s is neither a recording of migtrace nor a JSON array of QMP query-migrate answers", path);
}

static int read_into(struct mt_recording **out, const char *path,
		     const struct mt_recording_limits *limits, mt_recording_scan_fn fn,
		     void *opaque, struct mt_err *err)
{
	static const struct mt_recording_limits usual = { 0 };
	struct mt_strings passing = { 0 };
	struct reader r = { .fn = fn, .opaque = opaque };
	int rc;

	*out = NULL;
	limits = limits ? limits : &usual;
	r.rec = mt_recording_new(path, limits);
	if (!r.rec)
		return mt_err_set(err, -ENOMEM, "%s: out of memory", path);
	r.strings = fn ? &passing : &mt_recording_store(r.rec)->strings;
	rc = load(&r, limits->ours, err);
	mt_strings_fini(&passing);
	if (rc) {
		mt_recording_free(r.rec);
		return rc;
	}
	*out = r.rec;
	return 0;
}

int mt_recording_load(struct mt_recording **out, const char *path, struct mt_err *err)
{
	return read_into(out, path, NULL, NULL, NULL, err);
}

int mt_recording_load_within(struct mt_recording **out, const char *path,
			     const struct mt_recording_limits *limits, struct mt_err *err)
{
	return read_into(out, path, limits, NULL, NULL, err);
}

int mt_recording_scan(struct mt_recording **out, const char *path,
		      const struct mt_recording_limits *limits, mt_recording_scan_fn fn,
		      void *opaque, struct mt_err *err)
{
	return read_into(out, path, limits, fn, opaque, err);
}
