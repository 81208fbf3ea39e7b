// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * recording.c - reading what migtrace, or somebody with a QMP socket, wrote
 *
 * The file may come from anywhere: whatever is in it, reading it ends with a
 * recording or with one line that says what is wrong, within bounded memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "store/entry.h"
#include "store/lines.h"
#include "store/recording.h"

/* A series is read at once: 32 MiB is two hours of QEMU's answer every 200 ms. */
#define SERIES_MAX_BYTES	(32U << 20)
#define PEEK_BYTES		4096

static struct mt_recording *recording_new(const char *path)
{
	struct mt_recording *rec = calloc(1, sizeof(*rec));

	if (!rec)
		return NULL;
	rec->priv = calloc(1, sizeof(struct mt_recording_store));
	if (rec->priv)
		rec->path = mt_strings_add(&mt_recording_store(rec)->strings, path);
	if (!rec->path) {
		mt_recording_free(rec);
		return NULL;
	}
	return rec;
}

void mt_recording_free(struct mt_recording *rec)
{
	if (!rec)
		return;
	if (rec->priv)
		mt_strings_fini(&mt_recording_store(rec)->strings);
	free(rec->priv);
	free(rec->entries);
	free(rec);
}

int mt_recording_add(struct mt_recording *rec, const struct mt_entry *e, struct mt_err *err)
{
	struct mt_recording_store *store = rec->priv;

	if (rec->n_entries == MT_RECORDING_MAX_ENTRIES)
		return mt_err_set(err, -EBADMSG, "more than %d entries", MT_RECORDING_MAX_ENTRIES);
	if (rec->n_entries == store->room) {
		size_t room = store->room ? 2 * store->room : 64;
		struct mt_entry *more = reallocarray(rec->entries, room, sizeof(*more));

		if (!more)
			return mt_err_set(err, -ENOMEM, "out of memory");
		rec->entries = more;
		store->room = room;
	}
	rec->entries[rec->n_entries++] = *e;
	return 0;
}

static int read_lines(struct mt_recording *rec, struct mt_lines *lines, struct mt_err *err)
{
	struct mt_strings *strings = &mt_recording_store(rec)->strings;
	const char *line;
	size_t len;
	int state;

	while ((state = mt_lines_next(lines, &line, &len, err)) == MT_LINES_LINE) {
		struct mt_entry e;
		int rc;

		if (lines->n == 1) {
			rc = mt_header_parse(&rec->header, line, len, strings, err);
		} else {
			rc = mt_entry_parse(&e, line, len, strings, err);
			if (!rc)
				rc = mt_recording_add(rec, &e, err);
		}
		if (rc < 0)
			return rc;
	}
	if (state < 0) {
		lines->n++;	/* the one that could not be had */
		return state;
	}
	if (!lines->n)
		return mt_err_set(err, -ENODATA, "ends before its first line is whole: nothing in it");
	rec->truncated = state == MT_LINES_CUT;
	rec->truncated_after = lines->n;
	return 0;
}

static int load_recording(struct mt_recording *rec, int fd, struct mt_err *err)
{
	struct mt_err why = { 0 };
	struct mt_lines lines;
	int rc = mt_lines_init(&lines, fd);

	if (rc)
		return mt_err_set(err, rc, "%s: out of memory", rec->path);
	rc = read_lines(rec, &lines, &why);
	if (rc == -EBADMSG && lines.n == 1)
		mt_err_set(err, rc, "%s is no recording of migtrace: line 1: %s", rec->path, why.msg);
	else if (rc == -EBADMSG)
		mt_err_set(err, rc, "%s: line %zu: %s", rec->path, lines.n, why.msg);
	else if (rc)
		mt_err_set(err, rc, "%s: %s", rec->path, why.msg);
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
			return mt_err_set(err, -errno, "cannot read %s: %s", rec->path, strerror(errno));
		if (!n)
			break;
		len += (size_t)n;
		if (len > SERIES_MAX_BYTES)
			return mt_err_set(err, -EBADMSG, "%s: a QMP series of more than %u MiB is not read",
					  rec->path, SERIES_MAX_BYTES >> 20);
	}
	rec->foreign = true;
	rec->header.limits = (struct mt_limits)MT_LIMITS_UNSET;
	rc = mt_series_parse(rec, text, len, &why);
	return rc ? mt_err_set(err, rc, "%s: %s", rec->path, why.msg) : 0;
}

static int load(struct mt_recording *rec, struct mt_err *err)
{
	mt_autoclose int fd = open(rec->path, O_RDONLY | O_CLOEXEC);
	char peek[PEEK_BYTES];
	ssize_t n;

	if (fd < 0)
		return mt_err_set(err, -errno, "cannot open %s: %s", rec->path, strerror(errno));
	n = pread(fd, peek, sizeof(peek), 0);
	if (n < 0)
		return mt_err_set(err, -errno, "cannot read %s: %s", rec->path, strerror(errno));
	if (!n)
		return mt_err_set(err, -ENODATA, "%s is empty", rec->path);
	if (mt_lines_recognise(peek, (size_t)n))
		return load_recording(rec, fd, err);
	if (mt_series_recognise(peek, (size_t)n))
		return load_series(rec, fd, err);
	return mt_err_set(err, -EBADMSG,
			  "%s is neither a recording of migtrace nor a JSON array of QMP query-migrate answers", rec->path);
}

int mt_recording_load(struct mt_recording **out, const char *path, struct mt_err *err)
{
	struct mt_recording *rec = recording_new(path);
	int rc;

	*out = NULL;
	if (!rec)
		return mt_err_set(err, -ENOMEM, "%s: out of memory", path);
	rc = load(rec, err);
	if (rc) {
		mt_recording_free(rec);
		return rc;
	}
	*out = rec;
	return 0;
}
