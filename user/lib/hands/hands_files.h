/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hands_files.h - the directory of hands and its small files, opened with care; for hands.c,
 * wheel.c and mark.c
 */
#ifndef MT_HANDS_FILES_H
#define MT_HANDS_FILES_H

#include <pthread.h>

#include "hands.h"

#define HANDS_NAME_MAX	128	/* two UUIDs and what follows them */
#define HANDS_TEXT_MAX	2048	/* bytes of any of these files */

struct mt_hands {
	pthread_mutex_t lock;	/* of ->fd: the directory may be removed and made again */
	unsigned refs;		/* likewise: wheels have one each */
	char *path;
	int fd;
};

struct mt_hands *mt_hands_get(struct mt_hands *h);

/* A descriptor of the directory as it is now; it stays ours, as long as @h is open. -errno. */
int mt_hands_dir(struct mt_hands *h);

/* HOST.SUFFIX or, with @uuid, HOST-UUID.SUFFIX. -EINVAL: what is no UUID could be any path. */
int mt_hands_name(char name[HANDS_NAME_MAX], const char *host, const char *uuid,
		  const char *suffix);

/*
 * A regular file of ours with one name. @flags: O_RDWR | O_CREAT and the like. Return: a descriptor
 * or -errno.
 */
int mt_hands_file(struct mt_hands *h, const char *name, int flags);
/*
 * And locked, alone: the file that the name stands for now, not one that has just been removed.
 * -EWOULDBLOCK: held.
 */
int mt_hands_file_locked(struct mt_hands *h, const char *name, int *fd);
/* Whether @fd is the file that the name stands for. */
bool mt_hands_file_is(struct mt_hands *h, const char *name, int fd);
int mt_hands_remove(struct mt_hands *h, const char *name);
/* Whole, or as it was; on the disk. */
int mt_hands_replace(struct mt_hands *h, const char *name, const char *text);
/* What is in it, as a string. -EFBIG: more than any of ours has. */
int mt_hands_read(struct mt_hands *h, const char *name, char text[HANDS_TEXT_MAX]);

/* The value of a line "key=value" of @text. */
bool mt_hands_value(const char *text, const char *key, char *value, size_t size);
bool mt_hands_number(const char *text, const char *key, uint64_t *value);

#endif
