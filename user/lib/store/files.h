/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * files.h - files opened as if somebody else had put them there
 */
#ifndef MIGTRACE_STORE_FILES_H
#define MIGTRACE_STORE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/err.h"

/*
 * A regular file, to be read; whatever else has that name cannot make this call wait. @ours: no
 * link, this user's, and without a second name. Return: the descriptor, or -errno with a line in
 * @err:
 * -EISDIR, -EINVAL neither file nor directory, -ELOOP a link, -EPERM not ours, errno of open(2).
 */
MT_MUST_CHECK int mt_file_open(const char *path, bool ours, struct mt_err *err);

/* As mt_file_open(path, false), of at most @max_bytes: -EFBIG it is larger. */
MT_MUST_CHECK int mt_file_stream(FILE **f, const char *path, size_t max_bytes, struct mt_err *err);

/*
 * A new file for us alone, read and written; what has its name already stays: -EEXIST. Tells
 * nothing.
 */
MT_MUST_CHECK int mt_file_create(const char *path);

/*
 * The directory @path if nobody but this user and root can put files into it, or -errno with a line
 * in @err.
 */
MT_MUST_CHECK int mt_directory_open(const char *path, struct mt_err *err);

/*
 * All of @path, written as PATH.part and renamed: it is whole at any time. Return: 0; errnos of
 * open(2), write(2), rename(2), with a line in @err.
 */
MT_MUST_CHECK int mt_file_replace(const char *path, const void *bytes, size_t n,
				  struct mt_err *err);

/* rename(2) that takes nobody's place: -EEXIST. */
MT_MUST_CHECK int mt_rename_new(const char *from, const char *to);

#endif
