// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * lines.c - whole lines out of a zstd stream that anybody may have written
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "lines.h"

#define IN_BYTES	(64 * 1024)
#define OUT_BYTES	(MT_LINE_MAX_BYTES + 1)		/* the longest line and its newline */
#define WINDOW_LOG_MAX	24	/* 16 MiB; we write with 18 */

int mt_lines_init(struct mt_lines *l, int fd)
{
	ZSTD_DCtx *stream = ZSTD_createDCtx();

	*l = (struct mt_lines){
		.stream = stream, .fd = fd, .in = malloc(IN_BYTES), .out = malloc(OUT_BYTES)
	};
	if (stream && l->in && l->out &&
	    !ZSTD_isError(ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		return 0;
	mt_lines_fini(l);
	return -ENOMEM;
}

void mt_lines_fini(struct mt_lines *l)
{
	ZSTD_freeDCtx(l->stream);
	free(l->in);
	free(l->out);
	*l = (struct mt_lines){ .fd = -1 };
}

bool mt_lines_recognise(const void *bytes, size_t len)
{
	/* RFC 8878, 3.1.1 */
	static const unsigned char magic[] = { 0x28, 0xb5, 0x2f, 0xfd };

	return !memcmp(bytes, magic, len < sizeof(magic) ? len : sizeof(magic));
}

static int fill_in(struct mt_lines *l, struct mt_err *err)
{
	ssize_t n;

	do {
		n = read(l->fd, l->in, IN_BYTES);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return mt_err_set(err, -errno, "%s", strerror(errno));
	l->in_pos = 0;
	l->in_len = (size_t)n;
	l->in_end = !n;
	l->packed += (uint64_t)n;
	return 0;
}

static const char *bound(const struct mt_lines *l)
{
	if (l->total > MT_STREAM_MAX_BYTES)
		return "it unpacks to more than 1 GiB";
	if (l->total > MT_STREAM_FREE_BYTES + l->packed * MT_STREAM_MAX_RATIO)
		return "it unpacks to more than 256 times its size, which nothing written by migtrace does";
	return NULL;
}

/* Return: bytes made, 0 at the end of the input or at a bound. */
static int fill_out(struct mt_lines *l, struct mt_err *err)
{
	ZSTD_outBuffer out = { l->out, OUT_BYTES, l->out_len };

	for (;;) {
		ZSTD_inBuffer in = { l->in, l->in_len, l->in_pos };
		size_t hint;

		if (l->in_pos == l->in_len && !l->in_end) {
			int rc = fill_in(l, err);

			if (rc)
				return rc;
			continue;
		}
		/*
		 * A decoder that has finished a frame takes any further call for the next frame's
		 * begin.
		 */
		if (l->in_pos == l->in_len && l->frame_done)
			return 0;
		hint = ZSTD_decompressStream(l->stream, &out, &in);
		if (ZSTD_isError(hint))
			return mt_err_set(err, -EBADMSG, "damaged: %s", ZSTD_getErrorName(hint));
		l->in_pos = in.pos;
		l->frame_done = !hint;
		if (out.pos > l->out_len) {
			int made = (int)(out.pos - l->out_len);

			l->total += (uint64_t)made;
			l->out_len = out.pos;
			l->bound = bound(l);
			return l->bound ? 0 : made;
		}
		if (l->in_end && l->in_pos == l->in_len)
			return 0;
	}
}

int mt_lines_next(struct mt_lines *l, const char **line, size_t *len, struct mt_err *err)
{
	size_t searched = l->out_pos;

	for (;;) {
		char *newline = memchr(l->out + searched, '\n', l->out_len - searched);
		int made;

		if (newline) {
			*line = l->out + l->out_pos;
			*len = (size_t)(newline - *line);
			l->out_pos = (size_t)(newline - l->out) + 1;
			l->n++;
			return MT_LINES_LINE;
		}
		memmove(l->out, l->out + l->out_pos, l->out_len - l->out_pos);
		l->out_len -= l->out_pos;
		l->out_pos = 0;
		searched = l->out_len;
		if (l->out_len == OUT_BYTES)
			return mt_err_set(err, -EBADMSG, "longer than %u KiB",
					  MT_LINE_MAX_BYTES >> 10);
		made = fill_out(l, err);
		if (made < 0)
			return made;
		if (!made && l->bound)
			return MT_LINES_BOUND;
		if (!made)
			return l->frame_done && !l->out_len ? MT_LINES_END : MT_LINES_CUT;
	}
}
