// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * hands_files.c - the directory of hands and its small files, opened with care
 *
 * Threads: any. Nothing here waits for another process.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <stdio.h>
#include <unistd.h>

#include "hands_files.h"

#define LOCK_TRIES	16	/* a holder that ends removes the file: then there is a new one */

/* --- the directory --------------------------------------------------------- */
/* All of @path that is not there yet. */
static int make_path(const char *path)
{
	mt_autofree char *part = strdup(path);

	if (!part)
		return -ENOMEM;
	for (char *p = part + 1; ; p++) {
		char was = *p;

		if (was && was != '/')
			continue;
		*p = '\0';
		if (mkdir(part, 0755) && errno != EEXIST)
			return -errno;
		*p = was;
		if (!was)
			return 0;
	}
}

static int open_directory(const char *path)
{
	struct stat st;
	int fd, ret;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		ret = make_path(path);
		if (ret)
			return ret;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH))) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

static int default_path(char **path)
{
	const char *dir = secure_getenv("MIGTRACE_RUN_DIR"), *session = secure_getenv("XDG_RUNTIME_DIR");
	int ret;

	if (dir && *dir)
		ret = asprintf(path, "%s/hands", dir);
	else if (!geteuid())
		ret = asprintf(path, "/run/migtrace/hands");
	else if (session && *session)
		ret = asprintf(path, "%s/migtrace/hands", session);
	else
		ret = asprintf(path, "/tmp/migtrace-%u/hands", geteuid());
	return ret < 0 ? -ENOMEM : 0;
}

int mt_hands_open(struct mt_hands **hands, const char *directory, struct mt_err *err)
{
	struct mt_hands *h = calloc(1, sizeof(*h));
	int ret;

	if (!h)
		return mt_err_set(err, -ENOMEM, "out of memory");
	h->refs = 1;
	h->fd = -1;
	pthread_mutex_init(&h->lock, NULL);
	if (directory) {
		h->path = strdup(directory);
		ret = h->path ? 0 : -ENOMEM;
	} else {
		ret = default_path(&h->path);
	}
	if (!ret) {
		h->fd = open_directory(h->path);
		ret = h->fd < 0 ? h->fd : 0;
	}
	if (ret == -EPERM)
		mt_err_set(err, ret, "%s: must be owned by uid %u and writable by nobody else: whose hand is on a migration is told by it",
			   h->path, geteuid());
	else if (ret)
		mt_err_set(err, ret, "%s: %s; MIGTRACE_RUN_DIR names another directory", h->path ? h->path : "the directory of hands",
			   strerror(-ret));
	if (ret) {
		mt_hands_close(h);
		return ret;
	}
	*hands = h;
	return 0;
}

struct mt_hands *mt_hands_get(struct mt_hands *h)
{
	pthread_mutex_lock(&h->lock);
	h->refs++;
	pthread_mutex_unlock(&h->lock);
	return h;
}

void mt_hands_close(struct mt_hands *h)
{
	unsigned refs;

	if (!h)
		return;
	pthread_mutex_lock(&h->lock);
	refs = --h->refs;
	pthread_mutex_unlock(&h->lock);
	if (refs)
		return;
	if (h->fd >= 0)
		close(h->fd);
	pthread_mutex_destroy(&h->lock);
	free(h->path);
	free(h);
}

const char *mt_hands_directory(const struct mt_hands *h)
{
	return h->path;
}

int mt_hands_dir(struct mt_hands *h)
{
	struct stat st;
	int fd;

	pthread_mutex_lock(&h->lock);
	/* Removed by somebody who cleans up: others make it anew, and so do we, or we would be alone in ours. */
	if (h->fd < 0 || fstat(h->fd, &st) || !st.st_nlink) {
		fd = open_directory(h->path);
		if (fd < 0) {
			pthread_mutex_unlock(&h->lock);
			return fd;
		}
		if (h->fd >= 0)
			close(h->fd);
		h->fd = fd;
	}
	fd = fcntl(h->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		fd = -errno;
	pthread_mutex_unlock(&h->lock);
	return fd;
}

/* --- its files ----------------------------------------------------------------- */
static bool is_uuid(const char *s)
{
	size_t i;

	for (i = 0; s[i]; i++)
		if (!isxdigit((unsigned char)s[i]) && s[i] != '-')
			return false;
	return i == VIR_UUID_STRING_BUFLEN - 1;
}

int mt_hands_name(char name[HANDS_NAME_MAX], const char *host, const char *uuid, const char *suffix)
{
	if (!is_uuid(host) || (uuid && !is_uuid(uuid)))
		return -EINVAL;
	snprintf(name, HANDS_NAME_MAX, "%s%s%s.%s", host, uuid ? "-" : "", uuid ? uuid : "", suffix);
	return 0;
}

int mt_hands_file(struct mt_hands *h, const char *name, int flags)
{
	int dir = mt_hands_dir(h), fd;
	struct stat st;

	if (dir < 0)
		return dir;
	fd = openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
	if (fd < 0)
		fd = -errno;
	close(dir);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink > 1) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

bool mt_hands_file_is(struct mt_hands *h, const char *name, int fd)
{
	int dir = mt_hands_dir(h), ret;
	struct stat mine, there;

	if (dir < 0)
		return false;
	ret = fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW);
	close(dir);
	return !ret && !fstat(fd, &mine) && mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
}

int mt_hands_file_locked(struct mt_hands *h, const char *name, int *fd)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		*fd = mt_hands_file(h, name, O_RDWR | O_CREAT);
		if (*fd < 0)
			return *fd;
		if (flock(*fd, LOCK_EX | LOCK_NB)) {
			int ret = -errno;

			/* Its holder may be in the file, for whoever wants to read who it is. */
			if (ret != -EWOULDBLOCK) {
				close(*fd);
				*fd = -1;
			}
			return ret;
		}
		if (mt_hands_file_is(h, name, *fd))
			return 0;
		close(*fd);
		*fd = -1;
	}
	return -EAGAIN;
}

int mt_hands_remove(struct mt_hands *h, const char *name)
{
	int dir = mt_hands_dir(h), ret = 0;

	if (dir < 0)
		return dir;
	if (unlinkat(dir, name, 0) && errno != ENOENT)
		ret = -errno;
	else
		fsync(dir);
	close(dir);
	return ret;
}

static int write_whole(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		left -= (size_t)n;
	}
	return fdatasync(fd) ? -errno : 0;
}

int mt_hands_replace(struct mt_hands *h, const char *name, const char *text)
{
	char new[HANDS_NAME_MAX + 8];
	int dir, fd, ret;

	snprintf(new, sizeof(new), "%s.new", name);
	dir = mt_hands_dir(h);
	if (dir < 0)
		return dir;
	/* Of one who died in here; we hold the lock that makes us the only one. */
	if (unlinkat(dir, new, 0) && errno != ENOENT) {
		ret = -errno;
		close(dir);
		return ret;
	}
	fd = openat(dir, new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		ret = -errno;
		close(dir);
		return ret;
	}
	ret = write_whole(fd, text);
	close(fd);
	if (!ret && (renameat(dir, new, dir, name) || fsync(dir)))
		ret = -errno;
	if (ret)
		unlinkat(dir, new, 0);
	close(dir);
	return ret;
}

int mt_hands_read(struct mt_hands *h, const char *name, char text[HANDS_TEXT_MAX])
{
	int fd = mt_hands_file(h, name, O_RDONLY);
	ssize_t n;

	text[0] = '\0';
	if (fd < 0)
		return fd;
	n = pread(fd, text, HANDS_TEXT_MAX, 0);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return (int)n;
	if (n == HANDS_TEXT_MAX) {
		text[0] = '\0';
		return -EFBIG;
	}
	text[n] = '\0';
	return 0;
}

/* --- lines of key=value ----------------------------------------------------------- */
bool mt_hands_value(const char *text, const char *key, char *value, size_t size)
{
	size_t key_length = strlen(key), length;

	for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		if (strncmp(line, key, key_length) || line[key_length] != '=')
			continue;
		line += key_length + 1;
		length = strcspn(line, "\n");
		if (length >= size)
			return false;
		memcpy(value, line, length);
		value[length] = '\0';
		return true;
	}
	return false;
}

bool mt_hands_number(const char *text, const char *key, uint64_t *value)
{
	char digits[24], *end;

	if (!mt_hands_value(text, key, digits, sizeof(digits)) || !isdigit((unsigned char)*digits))
		return false;
	errno = 0;
	*value = strtoull(digits, &end, 10);
	return !errno && !*end;
}
