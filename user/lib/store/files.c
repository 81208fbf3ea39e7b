// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * files.c - files opened as if somebody else had put them there
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

/* What is recorded tells of tenants: for us and our group. */
#define FILE_MODE	0640

static int check(int fd, const char *path, bool ours, struct mt_err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return mt_err_set(err, -errno, "cannot look at %s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return mt_err_set(err, -EISDIR, "cannot read %s: %s", path, strerror(EISDIR));
	if (!S_ISREG(st.st_mode))
		return mt_err_set(err, -EINVAL, "%s is no regular file", path);
	if (ours && st.st_uid != geteuid())
		return mt_err_set(err, -EPERM, "%s belongs to user %u, not to us: left alone", path,
				  (unsigned)st.st_uid);
	if (ours && st.st_nlink != 1)
		return mt_err_set(err, -EPERM, "%s has %lu names: left alone", path,
				  (unsigned long)st.st_nlink);
	return 0;
}

int mt_file_open(const char *path, bool ours, struct mt_err *err)
{
	/* O_NONBLOCK: a FIFO waits for a writer otherwise. It means nothing to regular files. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (ours ? O_NOFOLLOW : 0)),
	    rc;

	if (fd < 0 && errno == ELOOP && ours)
		return mt_err_set(err, -ELOOP, "%s is a symbolic link: left alone", path);
	if (fd < 0)
		return mt_err_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
	rc = check(fd, path, ours, err);
	if (rc) {
		close(fd);
		return rc;
	}
	return fd;
}

int mt_file_stream(FILE **f, const char *path, size_t max_bytes, struct mt_err *err)
{
	int fd = mt_file_open(path, false, err), rc = 0;
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st))
		rc = mt_err_set(err, -errno, "cannot look at %s: %s", path, strerror(errno));
	else if (st.st_size > 0 && (size_t)st.st_size > max_bytes)
		rc = mt_err_set(err, -EFBIG,
				"%s is larger than the %zu MiB that are read of such a file", path,
				max_bytes >> 20);
	*f = rc ? NULL : fdopen(fd, "r");
	if (!rc && !*f)
		rc = mt_err_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
	if (rc)
		close(fd);
	return rc;
}

int mt_file_create(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);

	return fd < 0 ? -errno : fd;
}

int mt_directory_open(const char *path, struct mt_err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return mt_err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st)) {
		int rc = -errno;

		close(fd);
		return mt_err_set(err, rc, "%s: %s", path, strerror(-rc));
	}
	if (st.st_uid && st.st_uid != geteuid()) {
		close(fd);
		return mt_err_set(err, -EPERM,
				  "%s belongs to user %u: it has to be this user's or root's", path,
				  (unsigned)st.st_uid);
	}
	if (st.st_mode & S_IWOTH) {
		close(fd);
		return mt_err_set(err, -EPERM, "%s may be written to by everybody: chmod o-w it",
				  path);
	}
	return fd;
}

int mt_rename_new(const char *from, const char *to)
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

static int write_file(const char *path, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), rc = 0;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f) {
		rc = -errno;
		if (fd >= 0)
			close(fd);
		return rc;
	}
	if (fwrite(bytes, 1, n, f) != n || fflush(f) || fsync(fileno(f)))
		rc = -errno;
	if (fclose(f) && !rc)
		rc = -errno;
	return rc;
}

int mt_file_replace(const char *path, const void *bytes, size_t n, struct mt_err *err)
{
	mt_autofree char *part = NULL;
	int rc;

	if (asprintf(&part, "%s.part", path) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	rc = write_file(part, bytes, n);
	if (!rc && rename(part, path))
		rc = -errno;
	if (!rc)
		return 0;
	unlink(part);
	return mt_err_set(err, rc, "cannot write %s: %s", path, strerror(-rc));
}
