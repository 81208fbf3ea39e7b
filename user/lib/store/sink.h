/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sink.h - lines into a zstd stream, each whole on disk when its call returns
 */
#ifndef MIGTRACE_STORE_SINK_H
#define MIGTRACE_STORE_SINK_H

#include <stddef.h>
#include <sys/types.h>

#include "base/cleanup.h"

struct mt_sink {
	void *stream;		/* zstd's */
	void *buf;
	size_t buf_size;
	int fd;			/* the sink's from init to fini */
	off_t whole;		/* size of the file up to the last whole line */
	int error;		/* the first one, for good */
	ssize_t (*write)(int fd, const void *bytes, size_t n);	/* write(2), or a test's */
};

MT_MUST_CHECK int mt_sink_init(struct mt_sink *s, int fd);
/*
 * Writes @line and a newline. After the first failure: that failure, and the file ends with the
 * line before it.
 */
int mt_sink_line(struct mt_sink *s, const char *line, size_t len);
/* Ends the stream; nothing may follow. */
int mt_sink_end(struct mt_sink *s);
void mt_sink_fini(struct mt_sink *s);	/* closes the file */

#endif
