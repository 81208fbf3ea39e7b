// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sink.c - lines into a zstd stream, each whole on disk when its call returns
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "sink.h"

#define LEVEL		3	/* zstd's default: 20 us a line, a fifth of the size */
/* 256 KiB of history: the lines that resemble each other are neighbours */
#define WINDOW_LOG	18

int mt_sink_init(struct mt_sink *s, int fd)
{
	ZSTD_CCtx *stream = ZSTD_createCCtx();

	*s = (struct mt_sink){
		.stream = stream, .buf_size = ZSTD_CStreamOutSize(), .fd = fd, .write = write
	};
	s->buf = malloc(s->buf_size);
	if (!stream || !s->buf ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(stream, ZSTD_c_compressionLevel, LEVEL)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(stream, ZSTD_c_windowLog, WINDOW_LOG)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(stream, ZSTD_c_checksumFlag, 1))) {
		s->fd = -1;	/* stays the caller's */
		mt_sink_fini(s);
		return -ENOMEM;
	}
	return 0;
}

static int write_all(const struct mt_sink *s, const char *p, size_t n)
{
	while (n) {
		ssize_t done = s->write(s->fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -ENOSPC;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

static int push(struct mt_sink *s, const char *p, size_t n, ZSTD_EndDirective how)
{
	ZSTD_inBuffer in = { p, n, 0 };
	size_t left;
	int rc;

	do {
		ZSTD_outBuffer out = { s->buf, s->buf_size, 0 };

		left = ZSTD_compressStream2(s->stream, &out, &in, how);
		if (ZSTD_isError(left))
			return -EIO;
		rc = write_all(s, s->buf, out.pos);
		if (rc)
			return rc;
		s->whole += (off_t)out.pos;
	} while (how == ZSTD_e_continue ? in.pos < in.size : left);
	return 0;
}

/* The disk is full: what is of no use to a reader makes room for somebody else. */
static int give_up(struct mt_sink *s, off_t whole, int rc)
{
	s->error = rc;
	if (ftruncate(s->fd, whole))
		return rc;	/* readers cope with half a line */
	s->whole = whole;
	return rc;
}

int mt_sink_line(struct mt_sink *s, const char *line, size_t len)
{
	off_t whole = s->whole;
	int rc;

	if (s->error)
		return s->error;
	rc = push(s, line, len, ZSTD_e_continue);
	if (!rc)
		rc = push(s, "\n", 1, ZSTD_e_flush);
	return rc ? give_up(s, whole, rc) : 0;
}

int mt_sink_end(struct mt_sink *s)
{
	off_t whole = s->whole;
	int rc;

	if (s->error)
		return s->error;
	rc = push(s, NULL, 0, ZSTD_e_end);
	return rc ? give_up(s, whole, rc) : 0;
}

void mt_sink_fini(struct mt_sink *s)
{
	ZSTD_freeCCtx(s->stream);
	free(s->buf);
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct mt_sink){ .fd = -1 };
}
