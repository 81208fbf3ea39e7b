// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_state.c - the directory of a campaign, in which it can be taken up again
 *
 * runs.jsonl has a line for each migration that was seen to its end. It is all there is to
 * tell what is done: a line is written whole and synced, and what was cut off is done again.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "store/runs.h"
#include "campaign.h"

static int failed(struct mt_err *err, const char *path)
{
	return mt_err_set(err, -errno, "%s: %s", path, strerror(errno));
}

static int make_dir(const char *dir, const char *below, struct mt_err *err)
{
	mt_autofree char *path = NULL;

	if (asprintf(&path, "%s%s%s", dir, *below ? "/" : "", below) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	return mkdir(path, 0777) && errno != EEXIST ? failed(err, path) : 0;
}

/* Return: bytes, in @text with a 0 behind; -errno. */
static ssize_t read_all(int fd, char **text)
{
	struct stat st;
	ssize_t n, len = 0;

	*text = NULL;
	if (fstat(fd, &st))
		return -errno;
	*text = malloc((size_t)st.st_size + 1);
	if (!*text)
		return -ENOMEM;
	while (len < st.st_size &&
	       (n = pread(fd, *text + len, (size_t)(st.st_size - len), len)) > 0)
		len += n;
	(*text)[len] = '\0';
	return len;
}

static int write_all(int fd, const char *text, size_t len, bool sync)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			text += n, len -= (size_t)n;
	}
	return sync && fsync(fd) ? -errno : 0;
}

/* Whole or not at all: half a specification would be another one. */
static int write_spec(const char *path, const char *text, size_t len, struct mt_err *err)
{
	mt_autofree char *fresh = NULL;
	mt_autoclose int fd = -1;
	int rc;

	if (asprintf(&fresh, "%s.new", path) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return failed(err, fresh);
	rc = write_all(fd, text, len, true);
	if (rc)
		return mt_err_set(err, rc, "%s: %s", fresh, strerror(-rc));
	return rename(fresh, path) ? failed(err, path) : 0;
}

/* The specification that the directory is of: the first one it was used with. */
static int keep_spec(const char *dir, const char *spec_path, struct mt_err *err)
{
	mt_autofree char *path = NULL, *wanted = NULL, *there = NULL;
	mt_autoclose int from = open(spec_path, O_RDONLY | O_CLOEXEC);
	mt_autoclose int kept = -1;
	ssize_t n, m;

	if (from < 0)
		return failed(err, spec_path);
	n = read_all(from, &wanted);
	if (n < 0 || asprintf(&path, "%s/spec.ini", dir) < 0)
		return mt_err_set(err, n < 0 ? (int)n : -ENOMEM, "%s cannot be read", spec_path);
	kept = open(path, O_RDONLY | O_CLOEXEC);
	if (kept < 0 && errno == ENOENT)
		return write_spec(path, wanted, (size_t)n, err);
	if (kept < 0)
		return failed(err, path);
	m = read_all(kept, &there);
	if (m == n && !memcmp(there, wanted, (size_t)n))
		return 0;
	return mt_err_set(
		err, -EEXIST,
		"%s has a campaign of another specification; use another directory, or that spec.ini",
		dir);
}

static int mark(struct campaign_plan *p, const char *path, unsigned line, const char *text,
		struct mt_err *err)
{
	uint64_t number = mt_run_line_number(text);

	if (number < 1 || number > p->n_runs)
		return mt_err_set(err, -EBADMSG, "%s:%u: no run of this campaign", path, line);
	if (p->runs[number - 1].done)
		return mt_err_set(err, -EBADMSG, "%s:%u: run %u is there already", path, line,
				  (unsigned)number);
	p->runs[number - 1].done = true;
	return 0;
}

static int take_up(struct campaign_state *st, const char *path, struct campaign_plan *p,
		   struct mt_err *err)
{
	mt_autofree char *text = NULL;
	ssize_t len = read_all(st->fd, &text);
	unsigned line = 1;
	char *at = text, *end;
	int rc = 0;

	if (len < 0)
		return mt_err_set(err, (int)len, "%s: %s", path, strerror((int)-len));
	for (; (end = memchr(at, '\n', (size_t)(text + len - at))) && !rc; at = end + 1, line++) {
		*end = '\0';
		rc = mark(p, path, line, at, err);
	}
	if (!rc && at < text + len && ftruncate(st->fd, at - text))
		rc = failed(err, path);
	if (!rc && lseek(st->fd, at - text, SEEK_SET) < 0)
		rc = failed(err, path);
	return rc;
}

int campaign_state_open(struct campaign_state *st, const char *dir, const char *spec_path,
			struct campaign_plan *p, struct mt_err *err)
{
	mt_autofree char *path = NULL, *log = NULL;
	int rc;

	*st = (struct campaign_state){ .dir = strdup(dir), .fd = -1, .log_fd = -1 };
	if (!st->dir || asprintf(&path, "%s/runs.jsonl", dir) < 0 ||
	    asprintf(&log, "%s/log", dir) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	rc = make_dir(dir, "", err);
	if (!rc)
		rc = make_dir(dir, "profiles", err);
	if (!rc)
		rc = make_dir(dir, "runs", err);
	if (rc)
		return rc;
	/*
	 * Nobody else writes to it, see the lock; and not O_APPEND, by which a 9p client that
	 * writes back a page that it keeps has the server append what was there already.
	 */
	st->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (st->fd < 0)
		return failed(err, path);
	if (flock(st->fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ?
			       mt_err_set(err, -EBUSY, "%s: another campaign is at work there",
					  dir) :
			       failed(err, path);
	rc = keep_spec(dir, spec_path, err);
	if (!rc)
		rc = take_up(st, path, p, err);
	if (rc)
		return rc;
	st->log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	return st->log_fd < 0 ? failed(err, log) : 0;
}

int campaign_state_add(struct campaign_state *st, const char *line, struct mt_err *err)
{
	mt_autofree char *whole = NULL;
	int len = asprintf(&whole, "%s\n", line), rc;

	if (len < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	rc = write_all(st->fd, whole, (size_t)len, !st->hasty);
	return rc ? mt_err_set(err, rc, "%s/runs.jsonl: %s", st->dir, strerror(-rc)) : 0;
}

void campaign_state_close(struct campaign_state *st)
{
	if (st->fd >= 0)
		close(st->fd);
	if (st->log_fd >= 0)
		close(st->log_fd);
	free(st->dir);
	*st = (struct campaign_state){ .fd = -1, .log_fd = -1 };
}
