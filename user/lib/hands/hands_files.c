// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * hands_files.c - the small files of the directory of hands, opened with care
 *
 * Threads: any. Nothing here waits for another process.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hands_files.h"

#define LOCK_TRIES	16	/* a holder that ends removes the file: then there is a new one */

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
	snprintf(name, HANDS_NAME_MAX, "%s%s%s.%s", host, uuid ? "-" : "", uuid ? uuid : "",
		 suffix);
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
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink > 1) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

bool mt_hands_file_is(struct mt_hands *h, const char *name, int fd)
{
	int dir = mt_hands_dir(h);
	struct stat mine, there;

	return dir >= 0 && !fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW) && !fstat(fd, &mine) &&
	       mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
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
	if (unlinkat(dir, new, 0) && errno != ENOENT)
		return -errno;
	fd = openat(dir, new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	ret = write_whole(fd, text);
	close(fd);
	if (!ret && (renameat(dir, new, dir, name) || fsync(dir)))
		ret = -errno;
	if (ret)
		unlinkat(dir, new, 0);
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

	for (const char *line = text; line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
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
