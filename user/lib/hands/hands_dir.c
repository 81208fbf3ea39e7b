// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * hands_dir.c - the directory of hands: where it is, and that it is ours alone
 *
 * Threads: any. Nothing here waits for another process.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hands_files.h"

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
	const char *dir = secure_getenv("MIGTRACE_RUN_DIR"),
		   *session = secure_getenv("XDG_RUNTIME_DIR");
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
		mt_err_set(err, ret, "%s: must be owned by uid %u and writable by nobody else: it says who steers a migration",
			   h->path, geteuid());
	else if (ret)
		mt_err_set(err, ret, "%s: %s; MIGTRACE_RUN_DIR names another directory",
			   h->path ? h->path : "the directory of hands", strerror(-ret));
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

/*
 * Removed by somebody who cleans up: others make it anew, and so do we, or we would be alone in
 * ours. By the same number, which another thread may be using.
 */
static int open_again(struct mt_hands *h)
{
	int fd = open_directory(h->path), ret;

	if (fd < 0)
		return fd;
	ret = dup3(fd, h->fd, O_CLOEXEC) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

int mt_hands_dir(struct mt_hands *h)
{
	struct stat st;
	int ret = 0;

	pthread_mutex_lock(&h->lock);
	if (fstat(h->fd, &st) || !st.st_nlink)
		ret = open_again(h);
	pthread_mutex_unlock(&h->lock);
	return ret ? ret : h->fd;
}
