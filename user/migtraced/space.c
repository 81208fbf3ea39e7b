// SPDX-License-Identifier: GPL-2.0-or-later
/* space.c - how much space recordings may take, and which have to go */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/units.h"
#include "store/files.h"
#include "log.h"
#include "recordings.h"
#include "space.h"

/* One that may be open and not locked yet is left alone. */
#define PART_AGE_S	60

/* What leftovers.c has locked, for a second lock of ours would be refused. */
static struct {
	pthread_mutex_t lock;
	bool held, parts;
	dev_t dev;
	ino_t ino;
} held = { .lock = PTHREAD_MUTEX_INITIALIZER };

void space_hold(int fd, bool parts)
{
	struct stat st;

	pthread_mutex_lock(&held.lock);
	held.held = fd >= 0 && !fstat(fd, &st);
	held.parts = held.held && parts;
	if (held.held) {
		held.dev = st.st_dev;
		held.ino = st.st_ino;
	}
	pthread_mutex_unlock(&held.lock);
}

/* --- what is there -------------------------------------------------------- */
struct file {
	char *name;
	const char *stamp;
	struct timespec mtime;
	uint64_t bytes;
	bool part;
	bool gone;
};

struct space {
	int fd;				/* of the directory */
	bool ours;			/* no other daemon uses it */
	bool parts;			/* unfinished ones that nobody writes may go */
	struct file *files;		/* the oldest first */
	size_t n, finished, n_parts;
	uint64_t bytes, free_bytes;
};

static const char *stamp_of(const char *name, bool *part)
{
	static const char *const suffixes[] = { MT_RECORD_SUFFIX, MT_RECORD_SUFFIX ".part",
						MT_RECORD_SUFFIX ".part.new" };

	for (size_t i = 0; i < MT_ARRAY_SIZE(suffixes); i++) {
		const char *stamp = recordings_stamp(name, suffixes[i]);

		*part = i > 0;
		if (stamp)
			return stamp;
	}
	return NULL;
}

static int by_age(const void *a, const void *b)
{
	const struct file *x = a, *y = b;
	int order;

	if (x->mtime.tv_sec != y->mtime.tv_sec)
		return x->mtime.tv_sec < y->mtime.tv_sec ? -1 : 1;
	if (x->mtime.tv_nsec != y->mtime.tv_nsec)
		return x->mtime.tv_nsec < y->mtime.tv_nsec ? -1 : 1;
	order = strncmp(x->stamp, y->stamp, strlen("dddddddd" "Tdddddd" "Z"));
	return order ? order : strcmp(x->name, y->name);
}

static int add(struct space *s, const char *name)
{
	struct file *more;
	struct stat st;
	bool part;

	if (!stamp_of(name, &part) || fstatat(s->fd, name, &st, AT_SYMLINK_NOFOLLOW) ||
	    !S_ISREG(st.st_mode))
		return 0;
	if (!(s->n & (s->n - 1))) {
		more = reallocarray(s->files, s->n ? 2 * s->n : 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		s->files = more;
	}
	more = &s->files[s->n];
	*more = (struct file){ .name = strdup(name),
			       .mtime = st.st_mtim,
			       .bytes = (uint64_t)st.st_size,
			       .part = part };
	if (!more->name)
		return -ENOMEM;
	more->stamp = stamp_of(more->name, &part);
	s->n++;
	s->finished += !part;
	s->n_parts += part;
	s->bytes += more->bytes;
	return 0;
}

static void look_free(struct space *s)
{
	struct statvfs vfs;

	s->free_bytes = fstatvfs(s->fd, &vfs) ? UINT64_MAX : (uint64_t)vfs.f_bavail * vfs.f_frsize;
}

static int list(struct space *s)
{
	int fd = fcntl(s->fd, F_DUPFD_CLOEXEC, 0), rc = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir) {
		rc = -errno;
		if (fd >= 0)
			close(fd);
		return rc;
	}
	while (!rc && (d = readdir(dir)))
		rc = add(s, d->d_name);
	closedir(dir);
	if (s->n)
		qsort(s->files, s->n, sizeof(*s->files), by_age);
	look_free(s);
	return rc;
}

static void find_owner(struct space *s)
{
	struct stat st;

	pthread_mutex_lock(&held.lock);
	if (held.held && !fstat(s->fd, &st) && st.st_dev == held.dev && st.st_ino == held.ino) {
		s->ours = true;
		s->parts = held.parts;
	}
	pthread_mutex_unlock(&held.lock);
	/* A directory that a reload has brought: for as long as this takes. */
	if (!s->ours)
		s->ours = !flock(s->fd, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK;
}

static void space_close(struct space *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->files[i].name);
	free(s->files);
	if (s->fd >= 0)
		close(s->fd);
}

static int space_open(struct space *s, const char *directory, struct mt_err *err)
{
	int rc;

	*s = (struct space){ .fd = mt_directory_open(directory, err) };
	if (s->fd < 0)
		return s->fd;
	rc = list(s);
	if (rc) {
		space_close(s);
		return mt_err_set(err, rc, "%s: %s", directory, strerror(-rc));
	}
	find_owner(s);
	return 0;
}

/* --- which have to go ----------------------------------------------------- */
/* What the unfinished ones may take before they ask again. */
static uint64_t promised(const struct space *s)
{
	return (uint64_t)s->n_parts * MT_RECORDER_ROOM_BYTES;
}

static bool over_quota(const struct space *s, const struct space_limits *l, uint64_t more)
{
	return l->quota_bytes && s->bytes + promised(s) + more > l->quota_bytes;
}

static bool below_floor(const struct space *s, const struct space_limits *l, uint64_t more)
{
	return l->keep_free_bytes && s->free_bytes < l->keep_free_bytes + promised(s) + more;
}

/* The newest that is finished. */
static const struct file *newest(const struct space *s)
{
	for (size_t i = s->n; i > 0; i--)
		if (!s->files[i - 1].part)
			return &s->files[i - 1];
	return NULL;
}

static bool may_go(const struct space *s, const struct file *f)
{
	return !f->gone && f != newest(s) && (!f->part || s->parts);
}

/*
 * Somebody else's data has filled the filesystem: then all our recordings would go, and for
 * nothing.
 */
static bool floor_helps(const struct space *s, const struct space_limits *l, uint64_t more)
{
	uint64_t gain = 0;

	for (size_t i = 0; i < s->n; i++)
		if (may_go(s, &s->files[i]))
			gain += s->files[i].bytes;
	return s->free_bytes + gain >= l->keep_free_bytes + promised(s) + more;
}

/* Nobody writes it: its lock can be had. */
static bool is_dead(const struct space *s, const struct file *f, int *fd)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec - f->mtime.tv_sec < PART_AGE_S)
		return false;
	*fd = openat(s->fd, f->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return *fd >= 0 && !flock(*fd, LOCK_EX | LOCK_NB);
}

static bool remove_one(struct space *s, struct file *f, const char *directory)
{
	mt_autoclose int fd = -1;

	f->gone = true;		/* or cannot go: either way it is not tried again */
	if (f->part && !is_dead(s, f, &fd))
		return false;
	if (unlinkat(s->fd, f->name, 0)) {
		if (errno != ENOENT)
			log_warn("%s/%s: cannot be removed: %s", directory, f->name,
				 strerror(errno));
		return false;
	}
	s->bytes -= f->bytes;
	s->finished -= !f->part;
	s->n_parts -= f->part;
	look_free(s);
	return true;
}

static int prune(struct space *s, const char *directory, const struct space_limits *l,
		 uint64_t more)
{
	bool floor = floor_helps(s, l, more);
	int pruned = 0;

	if (!s->ours)
		return 0;
	for (size_t i = 0; i < s->n; i++) {
		struct file *f = &s->files[i];
		bool too_many = l->keep && s->finished > l->keep && !f->part;

		if (may_go(s, f) &&
		    (too_many || over_quota(s, l, more) || (floor && below_floor(s, l, more))))
			pruned += remove_one(s, f, directory);
	}
	if (pruned)
		log_info("%s: %d old recording%s removed, %zu kept", directory, pruned,
			 pruned == 1 ? "" : "s", s->finished);
	return pruned;
}

int space_prune(const char *directory, const struct space_limits *limits)
{
	struct mt_err err = { 0 };
	struct space s;
	int rc = space_open(&s, directory, &err);

	if (rc)
		return rc;
	rc = prune(&s, directory, limits, 0);
	space_close(&s);
	return rc;
}

int space_make(const char *directory, const struct space_limits *limits, uint64_t bytes,
	       struct mt_err *err)
{
	char a[MT_UNIT_STR], b[MT_UNIT_STR];
	struct space s;
	int rc = space_open(&s, directory, err);

	if (rc)
		return rc;
	prune(&s, directory, limits, bytes);
	if (over_quota(&s, limits, bytes))
		rc = mt_err_set(
			err, -EDQUOT,
			"%s: recordings take %s of the %s that [record] quota allows, and none may go",
			directory, mt_format_size_bytes(a, (double)(s.bytes + promised(&s))),
			mt_format_size_bytes(b, (double)limits->quota_bytes));
	else if (below_floor(&s, limits, bytes))
		rc = mt_err_set(err, -ENOSPC, "%s: %s are free, [record] keep_free wants %s left",
				directory, mt_format_size_bytes(a, (double)s.free_bytes),
				mt_format_size_bytes(b, (double)limits->keep_free_bytes));
	space_close(&s);
	return rc;
}

/* --- what is newest --------------------------------------------------------- */
static bool make_newer(const struct space *s, const char *name, const struct timespec *than,
		       uint64_t by_ns)
{
	uint64_t ns = (uint64_t)than->tv_nsec + by_ns;
	struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = than->tv_sec + (time_t)(ns / MT_NS_PER_S),
		  .tv_nsec = (long)(ns % MT_NS_PER_S) },
	};
	struct stat st;

	return !utimensat(s->fd, name, times, AT_SYMLINK_NOFOLLOW) &&
	       !fstatat(s->fd, name, &st, AT_SYMLINK_NOFOLLOW) &&
	       (st.st_mtim.tv_sec > than->tv_sec ||
		(st.st_mtim.tv_sec == than->tv_sec && st.st_mtim.tv_nsec > than->tv_nsec));
}

void space_settle(const char *path)
{
	mt_autofree char *for_dir = strdup(path), *for_name = strdup(path);
	const struct file *last = NULL, *self = NULL;
	const char *name;
	struct space s;

	if (!for_dir || !for_name || space_open(&s, dirname(for_dir), NULL))
		return;
	name = basename(for_name);
	for (size_t i = 0; i < s.n; i++) {
		if (!strcmp(s.files[i].name, name))
			self = &s.files[i];
		else if (!s.files[i].part)
			last = &s.files[i];
	}
	if (self && last && by_age(self, last) < 0 && !make_newer(&s, name, &last->mtime, 1))
		/* a filesystem of whole seconds */
		make_newer(&s, name, &last->mtime, MT_NS_PER_S);
	space_close(&s);
}
